"""The rules for paths of recordings: inside the project, also through links, portable, and audio."""

from __future__ import annotations

import os
import re
from pathlib import Path

from scenebuild.audio.container.faults import converted, fault_of, lacking, oddity_of
from scenebuild.audio.container.formats import is_audio, read_header
from scenebuild.audio.container.header import Header
from scenebuild.files import open_regular, regular_file
from scenebuild.scene.quoting import printable, quoted
from scenebuild.scene.yaml.source import CONTROL, reason

# Names of devices on Windows, with any extension: a file of that name cannot be checked out there.
DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE | re.DOTALL)
LONGEST_PATH = 1024  # characters, as in the schema
_DRIVE = re.compile(r"[A-Za-z]:")
_NOT_PORTABLE = re.compile(r'[<>:"|?*]')


def path_fault(path: str, what: str = "recording") -> str | None:
    """What is wrong with a path as it is written, in words that follow it; None for a good path."""
    if len(path) > LONGEST_PATH:  # following the links of a longer path would take minutes
        return f"has {len(path)} characters, at most {LONGEST_PATH} are allowed; move it to a folder that is nearer"
    parts = path.split("/")
    faults = (
        (CONTROL.search(path), "holds a control character; rename it"),
        ("://" in path, f"is an address; keep the {what} in the project"),
        (_DRIVE.match(path), "begins with a drive; write a path from the folder of this scene file"),
        ("\\" in path, "holds a backslash; write / between folders"),
        (path.startswith("/"), "is an absolute path; write one from the folder of this scene file"),
        (".." in parts, f"leaves its folder with ..; keep the {what} below the folder of this scene file"),
        (_NOT_PORTABLE.search(path), 'holds one of < > : " | ? *, which not every system can store; rename it'),
        (any(DEVICE.fullmatch(part) for part in parts), "names a device on Windows; rename it"),
        ("" in parts, "has an empty part; write it without // and without / at the end"),
        (any(part[-1:] in (".", " ") and part != "." for part in parts),
            "has a part that ends with a dot or a space, which Windows drops; rename it"),
    )  # fmt: skip
    return next((fault for wrong, fault in faults if wrong), None)


def locate(path: str, scene_path: str) -> str:
    """The absolute path of a recording that is written in a scene file. Links in it are not followed, as they may lead
    elsewhere in the next build."""
    return os.path.join(os.path.realpath(Path(scene_path).parent), os.path.normpath(path))


def recording_fault(path: str, scene_path: str, root: Path) -> str | None:
    """What is wrong with the file at a good path, in words that follow the path; None for audio."""
    found = locate(path, scene_path)
    if not Path(os.path.realpath(found)).is_relative_to(root):
        return "leads out of the project through a link; copy the recording into it"
    try:
        with open(regular_file(found), "rb") as file:
            head = file.read(40)
    except (OSError, ValueError) as error:
        missing = "; paths begin at the folder of this scene file" if isinstance(error, FileNotFoundError) else ""
        return f"{reason(error)}{missing}"
    if head.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer, not the sound itself; run git lfs pull"
    name = printable(os.path.relpath(found))
    if not head:
        return "is empty: there is no sound in it; copy it again"
    if not is_audio(head):
        return f"is not audio that can be read; if it is a sound, convert it: {converted(name)}"
    return lacking(head, name) or None


def content_fault(found: str) -> tuple[str, str]:
    """(why a recording is refused, in words that follow its name; what is odd about it), as far as its header says.

    ``found`` is a path from ``locate``. Both are "" for a good recording, and for a file that cannot be read, which
    ``recording_fault`` reports.
    """
    header, shown = header_of(found), printable(os.path.relpath(found))
    return ("", "") if header is None else (fault_of(header, shown), oddity_of(header, shown))


def header_of(found: str) -> Header | None:
    """The header of a recording; None for a file that cannot be read, or is no recording."""
    try:
        with open_regular(found) as file:
            return read_header(file)
    except (OSError, ValueError):
        return None


def sentence(path: str, fault: str, field: str = "file") -> str:
    """The whole message about a field that names a recording."""
    return f"{field}: {quoted(path)} {fault}"
