"""Suggestions for paths that do not exist."""

from __future__ import annotations

import os

from scenebuild.scene.quoting import printable

SCENES = (".yaml", ".yml")
ARGUMENTS = (*SCENES, "/")  # of a command line: scene files, and folders of them
SOUNDS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".caf", ".w64", ".rf64", ".au")
MOST_NAMES = 2000  # entries of a folder that are compared
DEEPEST = 16  # slashes of a path


def meant_path(path: str, suffixes: tuple[str, ...], base: str = "") -> str:
    """`` Did you mean scenes/rainy_cafe.yaml?``, with its leading space; "" where no similar path exists.

    ``path`` is relative to the folder ``base``. Only files with one of the suffixes are suggested, folders with "/".
    A name in another Unicode normal form looks the same and is told in words.
    """
    found = near_path(path, suffixes, base)
    if found != path and _composed(found) == _composed(path):
        return " A file is there whose name looks the same in another Unicode form (NFC, NFD); give it a new name"
    return f" Did you mean {printable(found)}?" if found else ""


def near_path(path: str, suffixes: tuple[str, ...], base: str = "") -> str:
    """The most similar path that exists; "" where there is none."""
    if not path or "\0" in path or path.count("/") > DEEPEST or len(path) > 1024:
        return ""
    path = path.rstrip("/")
    places = [path]
    if suffixes == ARGUMENTS and not os.path.isabs(path):
        places += dict.fromkeys(f"scenes/{part}" for part in (path, os.path.basename(path)) if "scenes" not in path)
    for place in places:
        for suffix in ("", *suffixes):
            if os.path.isfile(os.path.join(base, place + suffix)):
                return place + suffix
    return next(filter(None, (_in_folder(place, suffixes, base) for place in places)), "")


def _in_folder(path: str, suffixes: tuple[str, ...], base: str) -> str:
    from difflib import get_close_matches

    folder, name = os.path.split(path)
    if folder and not os.path.isdir(os.path.join(base, folder)):
        folder = _in_folder(folder, (), base)
        if not folder:
            return ""
        if os.path.exists(os.path.join(base, folder, name)):
            return os.path.join(folder, name)
    names = {_stem(known, suffixes): known for known in reversed(_names(os.path.join(base, folder or "."), suffixes))}
    meant = _composed(name[:100].lower())
    tries = dict.fromkeys((_stem(meant, suffixes), os.path.splitext(meant)[0]))  # the suffix may be the mistake
    close = next(filter(None, (get_close_matches(one, names, n=1, cutoff=0.7) for one in tries)), [])
    return os.path.join(folder, names[close[0]]) if close else ""


def _stem(name: str, suffixes: tuple[str, ...]) -> str:
    stem, suffix = os.path.splitext(_composed(name.lower()))
    return stem if suffix in suffixes else stem + suffix


def _composed(text: str) -> str:
    from unicodedata import normalize

    return normalize("NFC", text)


def _names(folder: str, suffixes: tuple[str, ...]) -> list[str]:
    """Folders, and files with one of the suffixes, without hidden ones."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for _, entry in zip(range(MOST_NAMES), entries, strict=False):
                is_folder = entry.is_dir()
                meant = "/" in suffixes or not suffixes if is_folder else entry.name.lower().endswith(suffixes)
                if meant and not entry.name.startswith("."):
                    found.append(entry.name)
    except (OSError, ValueError):
        return []
    return sorted(found)
