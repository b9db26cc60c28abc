"""``files.py``: which files are opened, how a file gets its name, and the messages of refusals."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import socket
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenebuild import files
from scenebuild.files import (
    add_lines,
    aside,
    digest_of,
    exchange,
    is_reachable,
    is_real,
    open_regular,
    publish,
    publish_bytes,
    publish_if_changed,
    publish_in_place_of,
    publish_text,
    read_bounded,
    real_folder,
    regular_file,
    remove_below,
    sweep,
)
from scenebuild.store.digest import digest_bytes


def told(call: Callable[[], object]) -> tuple[int | None, str, object]:
    """Number, words and file of the OSError that a call raises."""
    with pytest.raises(OSError) as error:  # noqa: PT011
        call()
    return error.value.errno, error.value.strerror or str(error.value), error.value.filename


# Reading


def test_what_is_no_regular_file_is_refused_by_its_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    os.mkfifo("pipe")
    Path("file").write_text("text")
    Path("link").symlink_to("file")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    assert told(lambda: regular_file("folder"))[1] == "is a folder, not a file"
    assert told(lambda: regular_file("pipe"))[1] == "is a named pipe, not a file"
    assert told(lambda: regular_file("socket"))[1] == "is a socket, not a file"
    assert told(lambda: regular_file("/dev/null"))[1] == "is a device, not a file"
    assert told(lambda: regular_file("link", follow_links=False))[1] == "is a link, not a file"
    assert told(lambda: open_regular("link", follow_links=False))[1] == "is a link, not a file"
    assert told(lambda: regular_file("gone"))[0] == errno.ENOENT
    with open_regular("link") as file:
        assert file.read() == b"text"


def test_a_file_that_is_exchanged_between_look_and_opening_is_refused_and_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, pipe = tmp_path / "file", tmp_path / "pipe"
    path.write_text("text")
    os.mkfifo(pipe)
    really_open = os.open
    opened: list[tuple[int, int]] = []

    def late(name: str, flags: int) -> int:
        descriptor = really_open(pipe, flags)
        opened.append((descriptor, flags))
        return descriptor

    monkeypatch.setattr(os, "open", late)
    assert told(lambda: regular_file(str(path)))[1] == "is a named pipe, not a file"
    monkeypatch.undo()
    descriptor, flags = opened[0]
    assert told(lambda: os.fstat(descriptor))[0] == errno.EBADF
    for flag in (os.O_CLOEXEC, os.O_NONBLOCK, os.O_NOCTTY):
        assert flags & flag == flag, "another process must not get it, and no pipe or terminal may hold the command"
    assert flags & os.O_ACCMODE == os.O_RDONLY


def test_a_link_that_comes_between_look_and_opening_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_text("text")
    other.write_text("other")
    really_open = os.open

    def late(name: str, flags: int) -> int:
        path.unlink()
        path.symlink_to(other)
        return really_open(name, flags)

    monkeypatch.setattr(os, "open", late)
    assert told(lambda: regular_file(str(path), follow_links=False))[0] == errno.ELOOP


def test_no_more_is_read_than_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_bounded(str(path), 5) == b"12345"
    assert read_bounded(str(path), 6) == b"12345"
    assert told(lambda: read_bounded(str(path), 4)) == (errno.EFBIG, "is larger than 4 bytes", str(path))
    (tmp_path / "link").symlink_to(path)
    assert read_bounded(str(tmp_path / "link"), 5) == b"12345"
    assert told(lambda: read_bounded(str(tmp_path / "link"), 5, follow_links=False))[1] == "is a link, not a file"


class Broken:
    """A file of a disk that gives no bytes."""

    def __init__(self, path: str, *, follow_links: bool = True) -> None:
        self.asked: list[int] = []

    def __enter__(self) -> Broken:
        return self

    def __exit__(self, *_: object) -> None: ...

    def read(self, size: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_an_error_of_reading_names_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "open_regular", Broken)
    assert told(lambda: read_bounded("some/file", 5)) == (errno.EIO, "Input/output error", "some/file")


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EIO])
def test_what_a_user_may_not_see_is_not_there_and_a_broken_disk_is_told(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_reachable("/")

    def failing(path: str) -> os.stat_result:
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(os, "stat", failing)
    if number == errno.EIO:
        assert told(lambda: is_reachable("x"))[0] == errno.EIO
    else:
        assert is_reachable("x") is False


# Folders


def test_folders_are_made_part_by_part_and_never_through_a_link(tmp_path: Path) -> None:
    root = tmp_path / "new" / "root"
    real_folder(str(root), str(root))
    assert root.is_dir()
    real_folder(str(root), str(root / "a" / "b" / "c"))
    real_folder(str(root), str(root / "a" / "b" / "c"))
    assert (root / "a" / "b" / "c").is_dir()
    (tmp_path / "elsewhere").mkdir()
    (root / "link").symlink_to(tmp_path / "elsewhere")
    (root / "file").write_text("")
    assert told(lambda: real_folder(str(root), str(root / "link" / "x"))) == (
        errno.ELOOP,
        "is a link, and nothing is written through it; remove it, or name another folder with --out or SCENEBUILD_OUT",
        str(root / "link"),
    )
    assert told(lambda: real_folder(str(root), str(root / "file"))) == (
        errno.ENOTDIR,
        "is not a folder; remove it, or name another folder with --out or SCENEBUILD_OUT",
        str(root / "file"),
    )
    assert told(lambda: real_folder(str(root), str(tmp_path / "beside"))) == (
        errno.EINVAL,
        "does not lie in the output folder",
        str(tmp_path / "beside"),
    )
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "root").symlink_to(tmp_path / "there")
    real_folder(str(tmp_path / "root"), str(tmp_path / "root" / "x"))
    assert (tmp_path / "there" / "x").is_dir()


def test_a_file_is_real_where_no_link_is_on_the_way_to_it(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_text("")
    (tmp_path / "a" / "link").symlink_to("file")
    (tmp_path / "b").symlink_to("a")
    root = str(tmp_path)
    assert is_real(root, str(tmp_path / "a" / "file")) is True
    for name in ("a", "a/link", "b/file", "a/gone", "c/file", "a/file/x"):
        assert is_real(root, str(tmp_path / name)) is False, name


def test_a_file_is_removed_with_its_folder_where_that_is_empty(tmp_path: Path) -> None:
    for name in ("a/one", "a/two", "b/c/one", "elsewhere/one"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "link").symlink_to("elsewhere")
    root = str(tmp_path)
    remove_below(root, str(tmp_path / "a" / "one"))
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["two"]
    remove_below(root, str(tmp_path / "a" / "two"))
    assert not (tmp_path / "a").exists()
    remove_below(root, str(tmp_path / "b" / "c" / "one"))
    assert (tmp_path / "b").is_dir()
    assert not (tmp_path / "b" / "c").exists()
    remove_below(root, str(tmp_path / "link" / "one"))
    assert (tmp_path / "elsewhere" / "one").exists()
    remove_below(root, str(tmp_path / "gone" / "one"))
    assert told(lambda: remove_below(root, str(tmp_path.parent / "x")))[0] == errno.EINVAL


# Writing


def test_the_temporary_file_lies_beside_the_one_that_it_becomes(tmp_path: Path) -> None:
    name = "n" * 50 + ".wav"
    target = tmp_path / "new" / "folder" / name
    with aside(str(target)) as temporary:
        assert os.path.dirname(temporary) == str(target.parent)
        assert re.fullmatch(r"\.tmp-[0-9a-f]{16}-" + name[-40:], os.path.basename(temporary))
        Path(temporary).write_text("text")
        assert not target.exists()
    assert target.read_text() == "text"
    assert [path.name for path in target.parent.iterdir()] == [name]


def test_a_file_in_the_folder_where_one_stands_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    publish_bytes("file", b"text", durable=True)
    assert Path("file").read_bytes() == b"text"
    assert publish_in_place_of("other", b"text", None)
    assert os.listdir() in (["file", "other"], ["other", "file"])


@pytest.mark.parametrize(
    ("number", "name", "named"),
    [
        (errno.ENOSPC, None, True), (errno.EDQUOT, None, True), (errno.EFBIG, None, True), (errno.EIO, None, False),
        (errno.ENOSPC, "another", False),
    ],
)  # fmt: skip
def test_a_disk_that_is_full_is_told_by_the_name_that_the_reader_knows(
    tmp_path: Path, number: int, name: str | None, named: bool
) -> None:
    target = tmp_path / "file"

    def failing(file: object) -> None:
        raise OSError(number, os.strerror(number), name)

    assert told(lambda: publish(str(target), failing)) == (number, os.strerror(number), str(target) if named else name)
    assert list(tmp_path.iterdir()) == []


def test_an_error_about_the_temporary_file_names_the_one_that_it_becomes(tmp_path: Path) -> None:
    target = tmp_path / "file"
    with pytest.raises(OSError, match="No such file") as error, aside(str(target)):
        pass  # nothing was written
    assert error.value.filename == str(target)


def test_durable_means_that_file_and_folder_reach_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int]] = []

    def noted(descriptor: int) -> None:
        found = os.fstat(descriptor)
        seen.append(("folder" if stat.S_ISDIR(found.st_mode) else "file", found.st_size))

    monkeypatch.setattr(os, "fsync", noted)
    path = str(tmp_path / "file")
    publish_bytes(path, b"1234")
    assert seen == []
    publish_bytes(path, b"1234", durable=True)
    assert [kind for kind, _ in seen] == ["file", "folder"]
    assert seen[0] == ("file", 4), "what Python holds back is written before"
    seen.clear()
    assert publish_if_changed(path, b"12345", durable=True)
    assert [kind for kind, _ in seen] == ["file", "folder"]
    seen.clear()
    assert publish_if_changed(path, b"1234")
    assert seen == []
    assert publish_in_place_of(path, b"new", digest_bytes(b"1234"))
    assert [kind for kind, _ in seen] == ["file", "folder"]
    seen.clear()
    assert not publish_in_place_of(path, b"newer", digest_bytes(b"1234"))
    assert [kind for kind, _ in seen] == ["file"], "nothing came into the folder"


def test_a_file_is_as_readable_as_the_user_wants_new_files_to_be(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        publish_bytes(str(tmp_path / "one"), b"")
        os.umask(0o002)
        publish_bytes(str(tmp_path / "two"), b"")
        add_lines(str(tmp_path / "three"), ["x"])
    finally:
        os.umask(old)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("one", "two", "three")] == [0o644, 0o664, 0o664]


@pytest.mark.parametrize("exchanges", [True, False])
@pytest.mark.parametrize("links", [True, False])
def test_a_file_is_published_in_the_place_of_a_known_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchanges: bool, links: bool
) -> None:
    if not exchanges:
        monkeypatch.setattr(files, "exchange", lambda one, other: False)
    if not links:

        def no_links(source: str, target: str) -> None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM), target)

        monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "file"
    old = digest_bytes(b"old")
    assert publish_in_place_of(str(path), b"new", old) is False, "it is gone"
    assert not path.exists()
    assert publish_in_place_of(str(path), b"old", None) is True
    assert publish_in_place_of(str(path), b"old", None) is True, "it is that already"
    assert publish_in_place_of(str(path), b"new", None) is False
    assert path.read_bytes() == b"old"
    assert publish_in_place_of(str(path), b"new", old) is True
    assert path.read_bytes() == b"new"
    assert publish_in_place_of(str(path), b"newest", old) is False
    assert path.read_bytes() == b"new"
    path.unlink()
    (tmp_path / "other").write_bytes(b"old")
    path.symlink_to("other")
    assert publish_in_place_of(str(path), b"new", None) is False
    assert told(lambda: publish_in_place_of(str(path), b"new", old))[1] == "is a link, not a file"
    assert path.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["file", "other"]


def test_a_newer_file_that_comes_within_the_exchange_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    really = exchange
    came = iter([b"newer", b"newest"])

    def beside_an_editor(one: str, other: str) -> bool:
        data = next(came, None)
        if data is not None:
            path.unlink()
            path.write_bytes(data)
        return really(one, other)

    if not really(str(path), str(path)):
        pytest.skip("this file system exchanges no files")
    monkeypatch.setattr(files, "exchange", beside_an_editor)
    assert publish_in_place_of(str(path), b"ours", digest_bytes(b"old")) is False
    assert path.read_bytes() == b"newest"
    assert os.listdir(tmp_path) == ["file"]


def test_two_files_change_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("1")
    other.write_text("2")
    if not exchange(str(one), str(other)):
        pytest.skip("this file system exchanges no files")
    assert (one.read_text(), other.read_text()) == ("2", "1")
    assert told(lambda: exchange(str(one), str(tmp_path / "gone"))) == (
        errno.ENOENT,
        "No such file or directory",
        str(tmp_path / "gone"),
    )
    monkeypatch.chdir(tmp_path)
    assert exchange("one", "other") is True
    assert (one.read_text(), other.read_text()) == ("1", "2")


@pytest.mark.skipif(sys.platform != "linux", reason="the call of Linux")
@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EINVAL, errno.ENOSYS])
def test_a_system_that_exchanges_no_files_is_told_from_one_that_refuses(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Library:
        def __init__(self, name: None, use_errno: bool) -> None: ...

        def renameat2(self, *arguments: Any) -> int:
            ctypes.set_errno(number)
            return -1

    monkeypatch.setattr(ctypes, "CDLL", Library)
    monkeypatch.setattr(ctypes, "get_errno", lambda: number)
    if number in (errno.EINVAL, errno.ENOSYS):
        assert exchange("one", "other") is False
    else:
        assert told(lambda: exchange("one", "other")) == (number, os.strerror(number), "other")

    class Older:
        def __init__(self, name: None, use_errno: bool) -> None: ...

    monkeypatch.setattr(ctypes, "CDLL", Older)
    assert exchange("one", "other") is False


def test_a_digest_is_that_of_a_regular_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    (tmp_path / "link").symlink_to("file")
    assert digest_of(str(tmp_path / "link")) == digest_bytes(b"text")
    assert told(lambda: digest_of(str(tmp_path / "link"), follow_links=False))[1] == "is a link, not a file"


# Lines of git's files


@pytest.mark.parametrize(
    ("old", "new", "added"),
    [
        (None, b"one\ntwo\n", 2),
        (b"", b"one\ntwo\n", 2),
        (b"one\n", b"one\ntwo\n", 1),
        (b"  two  \nx", b"  two  \nx\none\n", 1),
        (b"x\r\ny\r\n", b"x\r\ny\r\none\r\ntwo\r\n", 2),
        (b"x\r\ny", b"x\r\ny\r\none\r\ntwo\r\n", 2),
        (b"x\r\ny\nz\n", b"x\r\ny\nz\none\ntwo\n", 2),
        (b"x\r\ny\n", b"x\r\ny\none\ntwo\n", 2),
        (b"\xff\xfe", b"\xff\xfe\none\ntwo\n", 2),
        (b"two\none", b"two\none", 0),
    ],
)
def test_lines_are_added_behind_what_is_there(tmp_path: Path, old: bytes | None, new: bytes, added: int) -> None:
    path = tmp_path / ".gitignore"
    if old is not None:
        path.write_bytes(old)
    assert add_lines(str(path), ["one", "two"]) == added
    assert path.read_bytes() == new
    assert add_lines(str(path), ["one", "two"]) == 0


def test_no_line_is_added_behind_a_link_or_to_a_huge_file(tmp_path: Path) -> None:
    path = tmp_path / ".gitignore"
    path.symlink_to(tmp_path / "other")
    (tmp_path / "other").write_text("x\n")
    assert told(lambda: add_lines(str(path), ["one"]))[1] == "is a link, not a file"
    assert (tmp_path / "other").read_text() == "x\n"
    path.unlink()
    path.write_bytes(b"x" * (1 << 20))
    assert add_lines(str(path), ["one"]) == 1
    path.write_bytes(b"x" * ((1 << 20) + 1))
    assert told(lambda: add_lines(str(path), ["one"])) == (errno.EFBIG, "is larger than 1048576 bytes", str(path))


def test_only_old_files_of_killed_writers_are_swept(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    old = time.time() - 100
    for name in (".tmp-old", "deep/.tmp-old", "x.tmp-old", ".tmp-young"):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (old, old) if "old" in name else None)
    (tmp_path / ".tmp-dangling").symlink_to("nothing")
    sweep(str(tmp_path), 50)
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if not path.is_dir())
    assert left == [".tmp-dangling", ".tmp-young", "x.tmp-old"]


# Texts


def test_a_text_is_published_as_utf8_and_what_is_none_as_an_escape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[int] = []
    monkeypatch.setattr(os, "fsync", reached.append)
    publish_text(str(tmp_path / "file"), "café \udce9")
    assert (tmp_path / "file").read_bytes() == "café ".encode() + b"\\udce9"
    assert reached == []
    publish_text(str(tmp_path / "file"), "x", durable=True)
    assert len(reached) == 2
