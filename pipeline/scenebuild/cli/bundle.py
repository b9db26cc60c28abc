"""The zip file of ``scenebuild doctor --bundle``: what it contains, and what is left out.

Each part is made on its own: if one fails, the zip has the reason in its place, and the other parts.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from scenebuild.config import config_files
from scenebuild.errors import ScenebuildError
from scenebuild.files import publish, read_bounded, utf8
from scenebuild.settings import Settings
from scenebuild.store import LocalStore

MOST_FILES = 10  # of manifests, and of locks
LARGEST = 4 << 20  # of one of them
LARGEST_STORE = 2 << 30  # bytes; a larger store is not verified
PARTS = ("numpy", "soundfile", "soxr", "click", "rich", "jinja2", "pyyaml", "ruamel.yaml", "platformdirs", "torch")
SHOWN = re.compile(r"(SCENEBUILD|XDG|LC|HF)_\w+|LANG|LANGUAGE|CI|TERM|TMPDIR|CXX|PYTHON\w+|OMP_NUM_THREADS")
SECRET = re.compile(r"TOKEN|SECRET|PASS|KEY|CREDENTIAL|AUTH|COOKIE", re.IGNORECASE)
_TOKEN = re.compile(
    r"(gh[oprsu]_|github_pat_|glpat-|hf_|sk-|xox[abps]-|AKIA|eyJ)[\w.-]{8,}|(?<=://)[^/\s@]{1,200}@|(?i:bearer) \S{8,}"
)
# The fields with the author's own text, in locks, manifests and settings; ``set`` holds values of parameters.
WORDS = frozenset(["prompt", "description", "title", "set", "warnings", "errors"])


def bundle(root: str, settings: Settings, findings: Iterable[str]) -> dict[str, str]:
    """The redacted parts, by the names of their files. ``findings`` are the lines of ``doctor``."""
    found = list(findings)
    parts: dict[str, Callable[[], str]] = {
        "doctor.txt": lambda: "".join(f"{line}\n" for line in found),
        "versions.json": lambda: _json(_versions()),
        "settings.json": lambda: _json(_settings(root, settings)),
        "store.json": lambda: _json(_store(settings.generate.store)),
    }
    for folder, paths in (("builds", _manifests(root, settings)), ("locks", _locks(root))):
        for path in paths:
            parts[f"{folder}/{os.path.relpath(path, root).replace(os.sep, '-')}"] = _without_words_of(path)
    hide = redactor(os.environ)
    return {name: hide(_told(part)) for name, part in parts.items()}


def write_bundle(path: str, parts: Mapping[str, str]) -> None:
    """Write the parts as a zip file. FileExistsError if the path exists."""
    import zipfile

    if os.path.lexists(path):
        raise FileExistsError(17, "is there already; name another file", path)

    def write(file: Any) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in parts.items():
                archive.writestr(zipfile.ZipInfo(os.fsencode(name).decode("utf-8", "replace")), utf8(text))

    publish(path, write)


def redactor(environment: Mapping[str, str]) -> Callable[[str], str]:
    """A function that replaces private text: the home, the user, the machine, and everything that looks like a secret.

    >>> redactor({"HOME": "/home/mia", "MY_TOKEN": "open-sesame"})("/home/mia/x of open-sesame, ghp_0123456789")
    '~/x of <MY_TOKEN>, <secret>'
    """
    import socket

    names = {value: f"<{name}>" for name, value in environment.items() if SECRET.search(name) and len(value) >= 6}
    for name, shown in (("HOME", "~"), ("USER", "<user>"), ("LOGNAME", "<user>")):
        value = environment.get(name, "").rstrip("/")
        if len(value) > 2:
            names.setdefault(value, shown)
    names.setdefault(os.path.expanduser("~").rstrip("/"), "~")
    if len(host := socket.gethostname()) > 2 and host != "localhost":
        names.setdefault(host, "<host>")
    names.pop("", None)
    words = [re.escape(value) for value in sorted(names, key=len, reverse=True) if value != "~"]
    known = re.compile(rf"(?<![\w-])({'|'.join(words)})(?![\w-])" if words else r"(?!)")

    def hide(text: str) -> str:
        return _TOKEN.sub("<secret>", known.sub(lambda found: names[found[1]], text))

    return hide


def without_words(value: Any) -> Any:
    """Plain JSON with the length of the author's texts in their place.

    >>> without_words({"prompt": "rain on leaves", "seed": 3, "warnings": []})
    {'prompt': '<14 characters>', 'seed': 3, 'warnings': []}
    """
    if isinstance(value, dict):
        return {name: _counted(one) if name in WORDS else without_words(one) for name, one in value.items()}
    return [without_words(one) for one in value] if isinstance(value, list) else value


def _counted(value: Any) -> Any:
    if isinstance(value, str):
        return f"<{len(value)} characters>"
    if isinstance(value, dict):
        return {name: _counted(one) for name, one in value.items()}
    return [_counted(one) for one in value] if isinstance(value, list) else value


def _told(part: Callable[[], str]) -> str:
    try:
        return part()
    except (OSError, ValueError, TypeError, KeyError, RecursionError, ScenebuildError) as error:
        return f"cannot be told: {type(error).__name__}: {error}\n"


def _versions() -> dict[str, Any]:
    import platform
    from importlib import metadata

    from scenebuild import __version__

    parts: dict[str, str | None] = {}
    for name in PARTS:
        try:
            parts[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            parts[name] = None
    return {
        "scenebuild": __version__,
        "python": sys.version,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "encodings": {"names": sys.getfilesystemencoding(), "stdout": getattr(sys.stdout, "encoding", None)},
        "parts": parts,
        "environment": {name: value for name, value in sorted(os.environ.items()) if SHOWN.fullmatch(name)},
        "has_home": os.path.isdir(os.path.expanduser("~")),
    }


def _settings(root: str, settings: Settings) -> dict[str, Any]:
    from scenebuild.scene.project import root_marker

    files = {path: os.path.lexists(path) for path in config_files(root)}
    configured = settings.plan.config.deciding if settings.plan.config else {}
    in_force = {**asdict(settings.generate), "configured": configured}
    return {"project": root, "mark": root_marker(root), "configuration": files, "in_force": in_force}


def _store(root: str) -> dict[str, Any]:
    from scenebuild.store.care import size, verify

    store = LocalStore(root)
    objects, taken = size(store)
    told: dict[str, Any] = {"store": store.root, "there": os.path.isdir(store.root), "objects": objects, "bytes": taken}
    told["records"] = sum(1 for _ in store.all_keys())
    if taken > LARGEST_STORE:
        return {**told, "verified": "too large to be read for this; type: scenebuild cache verify"}
    damages = verify(store)
    return {
        **told,
        "verified": f"{len(damages)} damaged",
        "damages": [f"{one.path}: {one.what}" for one in damages[:20]],
    }


def _manifests(root: str, settings: Settings) -> list[str]:
    from scenebuild.plan.manifest import MANIFEST

    built = settings.output.out or os.path.join(root, "build")
    return _newest(os.path.join(built, name, MANIFEST) for name in _names_in(built))


def _locks(root: str) -> list[str]:
    from scenebuild.scene.project import SCENES

    folders = [os.path.join(root, SCENES), root]
    return _newest(os.path.join(one, name) for one in folders for name in _names_in(one) if name.endswith(".lock.json"))


def _names_in(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _newest(paths: Iterable[str]) -> list[str]:
    dated = []
    for path in paths:
        try:
            dated.append((os.lstat(path).st_mtime, path))
        except OSError:
            continue
    return [path for _, path in sorted(dated, reverse=True)[:MOST_FILES]]


def _without_words_of(path: str) -> Callable[[], str]:
    def read() -> str:
        plain = without_words(json.loads(read_bounded(path, LARGEST, follow_links=False)))
        written = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(os.lstat(path).st_mtime))
        return _json({"file": path, "written": written, "content": plain})

    return read


def _json(plain: Any) -> str:
    return json.dumps(plain, indent=1, ensure_ascii=False, default=str) + "\n"
