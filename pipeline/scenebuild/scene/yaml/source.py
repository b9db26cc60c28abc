"""Reads the text of a scene file: regular files of UTF-8 text up to 1 MiB, so that reading always ends."""

from __future__ import annotations

import re

from scenebuild.errors import Place, Problem, SceneError
from scenebuild.files import regular_file
from scenebuild.scene.check.findings import MOST_SHOWN, capped
from scenebuild.scene.quoting import printable

MOST_BYTES = 1 << 20  # 1 MiB: 2,000 elements with long prompts fit
MOST_NODES = 50_000  # values of a file and the files that it extends; 2,000 elements with all fields have 42,000

# C0 without tab and line ends, DEL, C1, and the line ends of JavaScript and YAML 1.1.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
# Each pattern ends at the place of its finding.
_CONTROL = re.compile(f"(?={CONTROL.pattern})")
_CONFLICT = re.compile(r"(?<![^\r\n])(?=<{7}(?![^ \r\n]))")
_CONFLICT_END = re.compile(r"(?<![^\r\n])>{7}(?![^ \r\n])")
_INNER_MARK = re.compile(r"(?<![^\r\n])(?=\ufeff)")
_DIRECTIVE = re.compile(r"(?<![^\r\n])(?=%)")
CONFLICT_MESSAGE = (
    "a merge conflict is not resolved; keep one side and remove the lines with <<<<<<<, ======= and >>>>>>>"
)


def read_source(path: str) -> str:
    """The text of the file, without a byte order mark. SceneError as ``read_content`` and ``text_of``."""
    return text_of(path, read_content(path))


def read_content(path: str) -> bytes:
    """The bytes of the file. SceneError where it cannot be read, is too large or is a recording."""
    try:
        with open(regular_file(path), "rb") as file:
            content = file.read(MOST_BYTES + 1)
        _refuse_sound(path, content)
    except (OSError, ValueError) as error:
        raise _fatal(path, "unreadable", f"this {reason(error)}") from None
    if len(content) > MOST_BYTES:
        message = "the file is larger than 1 MiB, the most for a scene; split it into several scenes"
        raise _fatal(path, "too-large", message)
    return content


def text_of(path: str, content: bytes) -> str:
    """The content of a scene file as text, without a byte order mark. SceneError for anything but plain UTF-8 text."""
    text = _decoded(path, content)
    if _CONFLICT_END.search(text):
        _refuse(path, text, _CONFLICT, "merge-conflict", CONFLICT_MESSAGE)
    _refuse(path, text, _CONTROL, "control-character", "a control character; remove it")
    _refuse(path, text, _INNER_MARK, "control-character", "an invisible byte order mark begins this line; remove it")
    _refuse(path, text, _DIRECTIVE, "directive", "a line that begins with % is a YAML directive; remove the line")
    return text


def reason(error: OSError | ValueError) -> str:
    """Why a file could not be read, in words that follow its name."""
    if isinstance(error, FileNotFoundError):
        return "is not there"
    if isinstance(error, PermissionError):
        return "may not be read; check its permissions"
    if isinstance(error, ValueError) or error.strerror is None:
        return str(error) if isinstance(error, OSError) else "is not a path"
    return f"cannot be read: {error.strerror}"


def _refuse_sound(path: str, content: bytes) -> None:
    from scenebuild.audio.container.formats import is_audio

    head = content[:40]
    if is_audio(head) and (b"\0" in head or not head.isascii()):
        message = "this is a recording, not a scene; name it in a scene, as the file of an element"
        raise _fatal(path, "unreadable", message)


def _decoded(path: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        wide = " (it looks like UTF-16)" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        message = f"the file is not UTF-8 text{wide}; save it as UTF-8 in your editor"
        raise SceneError([Problem("encoding", message, place_at(path, before, len(before)))]) from None


def place_at(path: str, text: str, offset: int) -> Place:
    """The place of a character in a text."""
    line_start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    line = 1 + text.count("\n", 0, offset) + text.count("\r", 0, offset) - text.count("\r\n", 0, offset)
    return Place(printable(path), line, offset - line_start + 1)


def _refuse(path: str, text: str, pattern: re.Pattern[str], rule: str, message: str) -> None:
    offsets = [found.end() for found in pattern.finditer(text)]
    if offsets:
        shown = [Problem(rule, message, place_at(path, text, offset)) for offset in offsets[: MOST_SHOWN + 1]]
        raise SceneError(capped(shown, len(offsets)))


def _fatal(path: str, rule: str, message: str) -> SceneError:
    return SceneError([Problem(rule, message, Place(printable(path)))])
