"""What decides a build: the bytes that it reads, the installed code, and where the user's configuration lies.

Imports only modules that load fast. Inputs are few and small and are always hashed; the targets of links are recorded
as well.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module

from scenebuild import __version__
from scenebuild.files import digest_of, is_reachable

CHANGED = "changed while it was built"  # instead of a digest


@cache
def fingerprint() -> str:
    """A digest of the installed code: of the wheel's own list of digests or, in a development install, whose version
    does not change, of the sizes and times of all files."""
    more = [way for name in ("schema", "templates") for way in import_module(f"scenebuild.{name}").__path__]
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    record = os.path.join(os.path.dirname(package), f"scenebuild-{__version__}.dist-info", "RECORD")
    try:
        return digest_of(record)
    except OSError:
        found = [one for root in (package, *more) for one in _files_in(root, root)]
        return hashlib.sha256(repr(sorted(found)).encode()).hexdigest()


def _files_in(folder: str, root: str) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                found = entry.stat()
                yield os.path.relpath(entry.path, root), found.st_size, found.st_mtime_ns
            elif entry.name != "__pycache__":
                yield from _files_in(entry.path, root)


def digests_of(paths: Iterable[str], begun_ns: int | None = None) -> dict[str, str | None]:
    """The digests of files, for the inputs of a manifest. A file that was written after ``begun_ns``, perhaps after it
    was read, is ``CHANGED``, so that the next build is not up to date."""
    return {
        path: CHANGED if _is_newer(path, begun_ns) else digest_or_absent(path) for path in map(os.path.abspath, paths)
    }


def same_digests(before: Mapping[str, str | None]) -> dict[str, str | None]:
    """Digests that were taken before the files were read, for a manifest: ``CHANGED`` for a file that is another one by
    now, because it may have been read before or after the change."""
    return {path: digest if _digest_or_none(path) == digest else CHANGED for path, digest in before.items()}


def _digest_or_none(path: str) -> str | None:
    try:
        return digest_or_absent(path)
    except OSError:
        return None


def _is_newer(path: str, begun_ns: int | None) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return begun_ns is not None and begun_ns < max(found.st_mtime_ns, found.st_ctime_ns) <= time.time_ns()


def relative_to(path: str, folder: str) -> str:
    """A path relative to a folder; see ``path_at``."""
    return os.path.relpath(os.path.abspath(path), os.path.abspath(folder))


def path_at(name: str, folder: str) -> str:
    """The inverse of ``relative_to``; ``..`` is resolved in the text of the path, even if a folder is a link."""
    return os.path.normpath(os.path.join(os.path.abspath(folder), name))


def links_of(inputs: Iterable[str], folder: str) -> dict[str, str]:
    """The real places of inputs that are reached through links: the same bytes at another place are another file."""
    found = {relative_to(path, folder): _real(path, folder) for path in inputs}
    return {name: real for name, real in found.items() if name != real}


def _real(path: str, folder: str) -> str:
    return os.path.relpath(os.path.realpath(path), os.path.realpath(folder))


def home_digest() -> str:
    """A digest of what decides where the user's own configuration lies; it does not reveal the place."""
    facts = [os.environ.get("HOME", f"of user {os.getuid()}"), os.environ.get("XDG_CONFIG_HOME", "")]
    return hashlib.sha256("\0".join(facts).encode(errors="surrogateescape")).hexdigest()


def digest_or_absent(path: str) -> str | None:
    """The digest of a file; None if there is none. OSError if it cannot be read."""
    if not is_reachable(path):  # an input that is not there, such as a configuration file, must stay away
        return None
    return digest_of(path)
