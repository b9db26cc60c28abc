"""What the bytes of weights were when they were first seen at their commit: SHA-256 and size of every file.

A record is made once and never changed by a build. It lies in the user's data folder: not in the hub's cache, where
whatever changes the weights could change it too and a clean-up would take both, and not beside the store, whose place
a project may choose.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from scenebuild.errors import DigestError, EngineError
from scenebuild.files import is_reachable

VERSION = 1


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a file's bytes were: 64 hex digits and a number of bytes."""

    sha256: str
    size: int


def record_path(repository: str, revision: str) -> str:
    """Where the record of a repository at a commit lies, or would lie."""
    from scenebuild.config import user_folder

    folder = os.path.join(user_folder("data"), "weights")
    return os.path.join(folder, f"{repository.replace('/', '--')}@{revision}.json")


def record_of(repository: str, revision: str) -> dict[str, Fingerprint] | None:
    """File name -> fingerprint, or None where nothing was recorded yet. DigestError where a record is damaged.

    A damaged record is not made again by itself: that would be forgetting what the bytes have to be.
    """
    path = record_path(repository, revision)
    if not is_reachable(path):
        return None
    try:
        with open(path, encoding="utf-8") as file:
            return _parse(file.read())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DigestError(
            f"{path}: this record of the weights cannot be read, so nothing is loaded; remove it to record them anew"
        ) from error


def write_record(repository: str, revision: str, fingerprints: Mapping[str, Fingerprint]) -> None:
    """Put a record in place, whole or not at all. EngineError where that is not possible."""
    path = record_path(repository, revision)
    files = {name: asdict(one) for name, one in sorted(fingerprints.items())}
    plain = {"version": VERSION, "repository": repository, "revision": revision, "files": files}
    temporary = f"{path}.{secrets.token_hex(8)}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "x", encoding="utf-8") as file:
            file.write(json.dumps(plain, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise EngineError(
            f"{path}: the digests of the weights cannot be recorded ({error.strerror or error}), so nothing is "
            "loaded; make the folder writable or name another with XDG_DATA_HOME"
        ) from error


def forget_record(repository: str, revision: str) -> None:
    """Drop a record: for a registered checkpoint, whose owner says that it is another one now."""
    path = record_path(repository, revision)
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise EngineError(f"{path} cannot be replaced: {error.strerror or error}") from error


def fingerprint(path: str) -> Fingerprint:
    """Read every byte of a file. OSError where it cannot be read."""
    with open(path, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return Fingerprint(sha256, file.tell())


def _parse(text: str) -> dict[str, Fingerprint]:
    plain = json.loads(text)
    if plain["version"] != VERSION:
        raise ValueError("a record of another version")
    found = {name: Fingerprint(one["sha256"], one["size"]) for name, one in plain["files"].items()}
    if not found or not all(_is_sound(one) for one in found.values()):
        raise ValueError("not digests")
    return found


def _is_sound(one: Fingerprint) -> bool:
    return bool(re.fullmatch(r"[0-9a-f]{64}", one.sha256)) and type(one.size) is int
