"""The output folder of one scene: what a build may write there, what it wrote, and what earlier builds left.

Every file is written through ``Outputs``: atomically, never through a link, and its digest is recorded. Before the
first file, the build writes a list of all files that it may write. The list is removed when the manifest is written. A
killed build leaves its list, and the next build removes the files that only this list names.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scenebuild.errors import OutputError
from scenebuild.files import aside, digest_of, open_regular, publish_bytes, read_bounded, real_folder, remove_below
from scenebuild.plan.manifest import LARGEST_MANIFEST, LIST, MANIFEST, Manifest, OutputFile, outputs_of
from scenebuild.scene.compose.reference import folded
from scenebuild.scene.quoting import printable

LISTEN = "listen"
LABELS = "timeline.txt"
PAGES = ("README.md", "index.html", "waveform.svg", "timeline.svg", "spectrogram.png")
ELSEWHERE_S = 86400.0  # after this time, the list of a build on another machine counts as that of a killed build
_SOUND = re.compile(r"(elements|stems)/[a-z0-9][a-z0-9_.-]*\.wav")
_DELIVERED = re.compile(r"\.[a-z0-9][a-z0-9_-]*\.(wav|flac|ogg|mp3)")


@dataclass(frozen=True, slots=True)
class _Written:
    """Bytes that this build wrote, and the file they were published as, if it is known."""

    digest: str
    size: int | None = None
    inode: int | None = None
    mtime_ns: int | None = None


@contextlib.contextmanager
def said_by_file() -> Iterator[None]:
    """Turn an OSError into an OutputError that names the file and the cause."""
    try:
        yield
    except BrokenPipeError:  # the reader of stdout has ended; click ends the command quietly
        raise
    except OSError as error:
        what = "the file system reports an error" if error.errno == errno.EIO else "cannot be written"
        where = printable(str(error.filename)) if error.filename else "the outputs"
        raise OutputError(f"{where}: {what}: {error.strerror or error}; finished takes are kept") from error


class Outputs:
    """The folder of one scene below ``root``, the folder that the user named."""

    def __init__(self, root: str, folder: str) -> None:
        self.root, self.folder = root, folder
        self.stem = os.path.basename(folder)
        self._written: dict[str, _Written] = {}
        # The file of --solo and --mute lies beside the mix, also for a scene called listen.
        self.listen = f"_{LISTEN}.wav" if folded(self.stem) == LISTEN else f"{LISTEN}.wav"
        self._list = os.path.join(folder, f"{LIST}{secrets.token_hex(8)}.json")

    def path(self, name: str) -> str:
        """The path of an output; ``name`` is relative to the folder."""
        return os.path.join(self.folder, name)

    def begin(self, names: Collection[str]) -> None:
        """Make the folders and write the list of what may be written. OSError if a folder is a link. Any other obstacle
        is reported when the takes are made and kept."""
        try:
            self._begin(names)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise

    def _begin(self, names: Collection[str]) -> None:
        for inner in sorted({os.path.dirname(name) for name in names} | {""}):
            real_folder(self.root, os.path.join(self.folder, inner) if inner else self.folder)
        plain = {"host": os.uname().nodename, "pid": os.getpid(), "names": sorted(names)}
        publish_bytes(self._list, json.dumps(plain).encode())

    @contextlib.contextmanager
    def aside(self, path: str) -> Iterator[str]:
        """As ``files.aside``, for a file of this folder; what was written is recorded."""
        real_folder(self.root, os.path.dirname(path))
        with aside(path) as temporary:
            yield temporary
            self._written[self._name(path)] = _seen(temporary)

    def publish(self, path: str, data: bytes) -> None:
        """Write a whole file of this folder; a file that already holds exactly these bytes stays."""
        with contextlib.suppress(OSError):
            if read_bounded(path, len(data), follow_links=False) == data:
                self._written[self._name(path)] = _seen(path)
                return
        with self.aside(path) as temporary, open(temporary, "xb") as file:
            file.write(data)

    def holds(self, path: str, digest: str) -> None:
        """Record a file of this folder that was written elsewhere, with the digest of its bytes."""
        self._written[self._name(path)] = _Written(digest)

    def files(self) -> dict[str, OutputFile]:
        """What was written, for the manifest. A file that was replaced since has no times: the next run compares its
        bytes with those that this build wrote."""
        return {name: _output_file(self.path(name), written) for name, written in self._written.items()}

    def finish(self, manifest: Manifest) -> None:
        """Remove the outputs of earlier builds, write the manifest and remove the list: the build counts as done."""
        kept = {*self._written, MANIFEST, self.listen}
        lists = dict(self._lists())
        busy = {name for names, running in lists.values() if running for name in names}
        named = {name for names, running in lists.values() if not running for name in names}
        for name in (named | outputs_of(self.folder)) - kept - busy:
            if is_an_output(name, self.stem):
                remove_below(self.root, self.path(name))
        for inner in ("elements", "stems"):
            with contextlib.suppress(OSError):
                os.rmdir(self.path(inner))  # only if it is empty; never a link
        publish_bytes(self.path(MANIFEST), manifest.text.encode())
        for path in (path for path, (_, running) in lists.items() if not running):
            remove_below(self.root, path)

    def leave(self) -> None:
        """Remove the list after a command that wrote only files that the last manifest names."""
        if self._written.keys() <= {self.listen, *outputs_of(self.folder)}:
            remove_below(self.root, self._list)

    def _name(self, path: str) -> str:
        return os.path.relpath(path, self.folder)

    def _lists(self) -> Iterator[tuple[str, tuple[set[str], bool]]]:
        """The lists in the folder: path, the names in it, and whether its build may still be running."""
        for name in os.listdir(self.folder):
            if name.startswith(LIST):
                path = self.path(name)
                yield path, (_names_in(path), path != self._list and _is_running(path))


def is_an_output(name: str, stem: str) -> bool:
    """Whether a build of that stem writes files of such a name. Nothing else is ever removed: a list or a manifest may
    come from another person."""
    own = name.removeprefix(stem)
    return (
        name in (LABELS, *PAGES)
        or _SOUND.fullmatch(name) is not None
        or (own != name and (own == ".wav" or _DELIVERED.fullmatch(own) is not None))
    )


def _seen(path: str) -> _Written:
    digest = digest_of(path, follow_links=False)
    found = os.lstat(path)
    return _Written(digest, found.st_size, found.st_ino, found.st_mtime_ns)


def _output_file(path: str, written: _Written) -> OutputFile:
    try:
        with open_regular(path, follow_links=False) as file:
            found = os.fstat(file.fileno())
        known = (written.size, written.inode, written.mtime_ns) == (found.st_size, found.st_ino, found.st_mtime_ns)
        if known or (written.inode is None and digest_of(path, follow_links=False) == written.digest):
            return OutputFile(found.st_size, written.digest, found.st_mtime_ns, found.st_ctime_ns)
    except OSError:
        pass
    return OutputFile(written.size or 0, written.digest, 0, 0)


def _read_list(path: str) -> Mapping[str, Any]:
    try:
        plain = json.loads(read_bounded(path, LARGEST_MANIFEST, follow_links=False))
    except (OSError, ValueError, RecursionError):
        return {}
    return plain if isinstance(plain, dict) else {}


def _names_in(path: str) -> set[str]:
    names = _read_list(path).get("names")
    return {name for name in names if isinstance(name, str)} if isinstance(names, list) else set()


def _is_running(path: str) -> bool:
    """Whether the build that wrote a list may still be running."""
    plain = _read_list(path)
    pid, host = plain.get("pid"), plain.get("host")
    try:
        if host != os.uname().nodename:
            return isinstance(host, str) and time.time() - os.lstat(path).st_mtime < ELSEWHERE_S
        if not isinstance(pid, int) or pid <= 1 or pid == os.getpid():  # an earlier build of this process has ended
            return False
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
