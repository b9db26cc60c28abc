"""The remains of killed commands in the temporary folder are removed, and nothing else is."""

from __future__ import annotations

import ast
import errno
import fcntl
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from scenebuild import scratch
from scenebuild.cli import run
from scenebuild.scratch import scratch_folder, sweep_scratch

PACKAGE = Path(scratch.__file__).parent


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of this test alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def left_by_a_dead_process(temporary: Path) -> Path:
    folder = temporary / f"scenebuild-{'0a' * 8}"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "take.wav").write_bytes(bytes(1000))
    return folder


def test_a_scratch_folder_is_private_and_gone_at_the_end(temporary: Path) -> None:
    with scratch_folder() as folder:
        assert Path(folder).parent == temporary
        assert os.stat(folder).st_mode & 0o777 == 0o700
        Path(folder, "file").write_text("")
    assert list(temporary.iterdir()) == []
    with pytest.raises(KeyboardInterrupt), scratch_folder():
        raise KeyboardInterrupt
    assert list(temporary.iterdir()) == []


def test_the_next_command_sweeps_what_a_dead_one_left(temporary: Path) -> None:
    dead = left_by_a_dead_process(temporary)
    with scratch_folder() as folder:
        assert [str(path) for path in temporary.iterdir()] == [folder]
    assert not dead.exists()


def test_gc_sweeps_the_temporary_folder_and_says_how_much(
    temporary: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dead = left_by_a_dead_process(temporary)
    assert run(["cache", "gc", "--dry-run"]) == 0
    assert capsys.readouterr().out == "would remove 0 takes, 1.0 kB\n"
    assert dead.exists()
    assert run(["cache", "gc"]) == 0
    assert capsys.readouterr().out == "removed 0 takes, 1.0 kB\n"
    assert not dead.exists()


def test_the_folder_of_a_living_process_stays_however_old_it_is(temporary: Path) -> None:
    with scratch_folder() as folder:
        os.utime(folder, (0, 0))
        assert sweep_scratch() == 0
        with scratch_folder() as other:
            assert Path(folder).exists()
            assert folder != other


def test_what_is_not_ours_is_not_touched(temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("precious")
    name = f"scenebuild-{'0b' * 8}"
    (temporary / name).symlink_to(precious)
    for other in ("scenebuild-notes", "scenebuild-0123", "xscenebuild-" + "0c" * 8, "scenebuild-" + "0c" * 9):
        (temporary / other).mkdir()
    (temporary / f"scenebuild-{'0d' * 8}").write_text("a file")
    os.mkfifo(temporary / f"scenebuild-{'0e' * 8}")
    before = sorted(path.name for path in temporary.iterdir())
    sweep_scratch()
    assert sorted(path.name for path in temporary.iterdir()) == before
    assert (precious / "file").read_text() == "precious"
    folder = left_by_a_dead_process(temporary)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    sweep_scratch()
    assert folder.exists(), "it belongs to another user"


def test_a_link_within_a_dead_folder_is_removed_and_not_followed(temporary: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("precious")
    dead = left_by_a_dead_process(temporary)
    (dead / "link").symlink_to(tmp_path / "precious")
    sweep_scratch()
    assert not dead.exists()
    assert (tmp_path / "precious" / "file").exists()


def test_what_earlier_versions_left_goes_once_it_is_days_old(temporary: Path) -> None:
    old, young, empty, persons = (
        temporary / f"scenebuild-{name}" for name in ("abcd_123", "abcd_124", "x" * 8, "projects")
    )
    for folder in (old, young, empty, persons):
        folder.mkdir(mode=0o700)
    for name in ("sketch-0.log", f"sketch-{'0f' * 8}.wav", f"{'a' * 64}.wav"):
        for folder in (old, young, persons):
            (folder / name).write_text("")
    (persons / "scenes").mkdir()
    then = time.time() - 4 * 86400
    for folder in (old, empty, persons):
        os.utime(folder, (then, then))
    sweep_scratch()
    assert not old.exists()
    assert young.exists(), "a process of an earlier version holds no lock"
    assert persons.exists(), "a person's folder may have such a name"
    assert empty.exists()


def test_where_locks_keep_nobody_out_the_folder_says_so(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on some network file systems: another process must not take the folder for a dead one's."""
    monkeypatch.setattr(fcntl, "flock", lambda descriptor, flags: None)
    with scratch_folder() as folder:
        assert re.match(r"scenebuild-unlocked-[0-9a-f]{16}\Z", Path(folder).name)
        sweep_scratch()
        assert Path(folder).exists()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("fault", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_where_there_are_no_locks_the_folder_says_so_too(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    def none(*_: object) -> None:
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(fcntl, "flock", none)
    with scratch_folder() as folder:
        assert re.match(r"scenebuild-unlocked-[0-9a-f]{16}\Z", Path(folder).name)
        sweep_scratch()
        assert Path(folder).exists()
    assert list(temporary.iterdir()) == []


def test_a_sweep_that_comes_before_the_lock_costs_another_name(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[str] = []
    really_open = scratch._open

    def late(folder: str) -> int:
        if not swept:
            swept.append(folder)
            sweep_scratch(str(temporary))
        return really_open(folder)

    monkeypatch.setattr(scratch, "_open", late)
    with scratch_folder() as folder:
        assert swept
        assert folder not in swept
        assert Path(folder).is_dir()


def test_a_full_temporary_folder_is_named(temporary: Path) -> None:
    with pytest.raises(OSError, match="no space is left in the temporary folder") as told, scratch_folder() as folder:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.path.join(folder, "take.wav"))
    assert told.value.filename == str(temporary)
    with pytest.raises(OSError, match="No space left on device") as told, scratch_folder():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(temporary.parent / "build" / "x.wav"))
    assert told.value.filename.endswith("x.wav"), "another disk is full"


def test_no_other_module_makes_a_temporary_folder() -> None:
    """What it makes would stay for ever where the process is killed."""
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute | ast.Name)
        and (node.attr if isinstance(node, ast.Attribute) else node.id)
        in ("TemporaryDirectory", "NamedTemporaryFile", "mkdtemp", "mkstemp")
    ]
    assert found == []


@pytest.mark.hard
def test_a_build_that_was_killed_leaves_nothing_once_the_next_one_ran(project: Path, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    names = [f"e{number}" for number in range(40)]
    text = "name: K\ndefaults: {duration: 0.3, engine: sketch}\nelements:\n"
    Path("scenes/k.yaml").write_text(text + "".join(f"  {name}: {{prompt: rain {name}}}\n" for name in names))
    environment = {**os.environ, "TMPDIR": str(temporary)}
    command = [sys.executable, "-m", "scenebuild", "scenes/k.yaml"]
    for number in range(3):
        build = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        assert build.stderr is not None
        for line in build.stderr:
            if line.startswith(f"  {number + 2}/"):
                break
        build.send_signal(signal.SIGKILL)
        build.wait()
        build.stderr.close()
        assert len(list(temporary.iterdir())) == 1, "its own, but none of those before"
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert list(temporary.iterdir()) == []


@pytest.mark.hard
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize("size", ["4k", "64k", "300k"])
def test_a_build_with_a_full_temporary_folder_says_which_one(project: Path, tmp_path: Path, size: str) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(temporary)], check=False)
    if mounted.returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    Path("scenes/k.yaml").write_text(
        "name: K\ndefaults: {duration: 0.5, engine: sketch}\nelements:\n"
        + "".join(f"  e{number}: {{prompt: rain {number}}}\n" for number in range(6))
    )
    try:
        command = [sys.executable, "-m", "scenebuild", "scenes/k.yaml"]
        done = subprocess.run(
            command, env={**os.environ, "TMPDIR": str(temporary)}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert str(temporary) in done.stderr
        assert "o space" in done.stderr
        assert "SIGABRT" not in done.stderr
        assert "Traceback" not in done.stderr
        assert list(temporary.iterdir()) == []
    finally:
        subprocess.run(["umount", str(temporary)], check=True)
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_sweep_says_how_many_bytes_it_freed(temporary: Path) -> None:
    left_by_a_dead_process(temporary)
    assert sweep_scratch(dry_run=True) == 1000
    assert sweep_scratch() == 1000
    assert sweep_scratch() == 0
    assert sweep_scratch(str(temporary / "gone")) == 0


@pytest.mark.parametrize(("lost", "first"), [("lock", "theirs"), ("_is_still", False)])
def test_a_folder_that_was_lost_to_a_sweep_costs_another_name(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, lost: str, first: object
) -> None:
    really = getattr(scratch, lost)
    answers = iter([lambda *_: first])
    monkeypatch.setattr(scratch, lost, lambda *facts: next(answers, really)(*facts))
    with scratch_folder() as folder:
        assert re.match(r"scenebuild-[0-9a-f]{16}\Z", Path(folder).name)
        assert Path(folder).parent == temporary
        assert len(list(temporary.iterdir())) == 2
