"""Full and broken disks, missing rights, concurrent builds: a build succeeds or says why, and nothing is incomplete."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forks import STRACE, WITHOUT_STRACE, Forks, forks
from scenebuild.store import LocalStore, care
from scenebuild.store.lease import Lease

pytestmark = pytest.mark.hard

NAMES = [f"e{number}" for number in range(4)]
SCENE = "name: Disturbed\ndefaults: {engine: audiogen, duration: 0.1}\nelements:\n" + "".join(
    f"  {name}: {{prompt: {name}}}\n" for name in NAMES
)
KEPT = "the build goes on without keeping it"
needs_strace = pytest.mark.skipif(STRACE is None, reason=WITHOUT_STRACE)


@pytest.fixture(scope="module")
def server() -> Iterator[Forks]:
    with forks() as running:
        yield running


class Site:
    """A project, its store, and a log of what was said."""

    def __init__(self, folder: Path, server: Forks) -> None:
        self.project, self.store, self.log = folder / "project", folder / "store", folder / "log"
        (self.project / "scenes").mkdir(parents=True)
        (self.project / "scenebuild.toml").write_text("")
        (self.project / "scenes" / "a.yaml").write_text(SCENE)
        self._server = server

    def order(self, *arguments: str, **more: Any) -> dict[str, Any]:
        return {
            "task": "command",
            "folder": str(self.project),
            "store": str(self.store),
            "log": str(self.log),
            "arguments": ["build", "scenes/a.yaml", *arguments],
            **more,
        }

    def build(self, *arguments: str, call: str = "", fault: str = "", **more: Any) -> int:
        return self._server.run(self.order(*arguments, **more), call, fault)

    def crowd(self, orders: list[dict[str, Any]], **more: Any) -> int:
        return self._server.run(
            {"task": "crowd", "orders": orders, "folder": str(self.project), "log": str(self.log), **more}
        )

    def said(self) -> list[str]:
        lines = self.log.read_text().splitlines()
        return [line for line in lines if not line.startswith(("making", "  "))]

    def outputs(self, out: str = "build") -> dict[str, bytes]:
        folder = self.project / out
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            # A build that failed leaves the list of what it may have written, and the next one removes it.
            if path.is_file() and path.name != "manifest.json" and not path.name.startswith(".build-")
        }

    def statuses(self, out: str) -> list[str]:
        manifest = json.loads((self.project / out / "a" / "manifest.json").read_text())
        return [element["status"] for element in manifest["result"]["elements"]]

    def forget(self) -> None:
        for path in (self.store, self.project / "build"):
            shutil.rmtree(path, ignore_errors=True)
        (self.project / "scenes" / "a.lock.json").unlink(missing_ok=True)

    def is_sound(self) -> bool:
        return care.verify(LocalStore(str(self.store))) == []


@pytest.fixture
def site(tmp_path: Path, server: Forks) -> Iterator[Site]:
    site = Site(tmp_path, server)
    yield site
    for path in (tmp_path, *tmp_path.rglob("*")):
        if path.is_dir():
            path.chmod(0o700)


@pytest.fixture(scope="module")
def good(server: Forks, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed build gives."""
    site = Site(tmp_path_factory.mktemp("good"), server)
    assert site.build() == 0
    return site.outputs()


# Company


def test_builders_that_share_a_store_make_each_take_once(site: Site, good: dict[str, bytes]) -> None:
    for _ in range(2):
        site.forget()
        orders = [site.order("--out", f"out{number}") for number in range(4)]
        assert site.crowd(orders) == 0, site.said()
        made = [site.statuses(f"out{number}").count("generated") for number in range(4)]
        assert site.is_sound()
        assert [site.outputs(f"out{number}") for number in range(4)] == [good] * 4
        assert len(list(LocalStore(str(site.store)).all_keys())) == len(NAMES)
        assert sum(made) >= len(NAMES)
        for number in range(4):
            shutil.rmtree(site.project / f"out{number}")


def test_builders_without_leases_harm_nobody(site: Site, good: dict[str, bytes]) -> None:
    """flock does nothing on some network file systems."""
    orders = [site.order("--out", f"out{number}") for number in range(4)]
    assert site.crowd(orders, leases="broken") == 0, site.said()
    assert site.is_sound()
    assert [site.outputs(f"out{number}") for number in range(4)] == [good] * 4


def test_builds_of_the_same_scene_into_the_same_folder(site: Site, good: dict[str, bytes]) -> None:
    for _ in range(2):
        site.forget()
        assert site.crowd([site.order("--stems") for _ in range(4)]) == 0, site.said()
        outputs = site.outputs()
        assert {name: outputs[name] for name in good} == good
        assert not list(site.project.rglob(".tmp-*"))


def test_a_gc_that_takes_everything_breaks_no_build(site: Site, good: dict[str, bytes]) -> None:
    for _ in range(2):
        site.forget()
        orders = [site.order("--out", f"out{number}") for number in range(3)]
        assert site.crowd(orders, gc=True) == 0, site.said()
        assert [site.outputs(f"out{number}") for number in range(3)] == [good] * 3
        for number in range(3):
            shutil.rmtree(site.project / f"out{number}")


def test_a_holder_that_is_stopped_is_named_and_not_waited_for(site: Site, good: dict[str, bytes]) -> None:
    assert site.build("--out", "elsewhere") == 0
    key = next(iter(LocalStore(str(site.store)).all_keys()))
    site.forget()
    hold = "import sys, time; from scenebuild.store.lease import take_lease; lease = take_lease(*sys.argv[1:]); "
    code = hold + "print(lease is not None); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-uc", code, str(site.store), key], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        os.kill(holder.pid, signal.SIGSTOP)
        assert site.build(asleep_s=0.5) == 0
        name = f"process {holder.pid} on {os.uname().nodename}"
        assert site.said() == [
            f"waiting for a take that {name} is making",
            f"{name} gave no sign of life; making the take here",
        ]
        assert site.outputs() == good
    finally:
        holder.kill()
        holder.communicate()


def test_takes_that_wait_for_their_turn_are_not_taken_for_abandoned(tmp_path: Path) -> None:
    """One take of a model may last longer than the patience of those who wait for the others."""
    from scenebuild.generate import make
    from scenebuild.generate.messages import Tick

    class Counted(Lease):
        beats = 0

        def beat(self) -> None:
            Counted.beats += 1

    heart = make._Heart({"one": Counted("", None), "two": Counted("", None)})
    heart._beaten -= make.BEAT_S
    heart.beat(Tick())
    assert Counted.beats == 2
    heart._beaten -= make.BEAT_S
    heart._heard -= make.PATIENCE_S  # the engine hangs
    heart.beat(Tick())
    assert Counted.beats == 2


# Rights and places


def test_a_store_that_can_not_be_written_costs_one_line(site: Site, good: dict[str, bytes]) -> None:
    site.store.mkdir(mode=0o555)
    assert site.build(powerless=True) == 0
    assert site.said() == [f"the store {site.store} could not keep a take: Permission denied; {KEPT}"]
    assert site.outputs() == good


def test_a_store_that_can_not_be_read_costs_one_line(site: Site, good: dict[str, bytes]) -> None:
    site.store.mkdir(mode=0o000)
    assert site.build("--store", str(site.store), powerless=True) == 0
    assert site.said() == [f"the store {site.store} could not keep a take: Permission denied; {KEPT}"]
    assert site.outputs() == good


def test_a_project_that_can_not_be_written_is_said_and_takes_are_kept(site: Site, good: dict[str, bytes]) -> None:
    site.project.chmod(0o555)
    assert site.build(powerless=True) == 1
    assert site.said() == [f"{site.project}/build: cannot be written: Permission denied; finished takes are kept"]
    assert len(list(LocalStore(str(site.store)).all_keys())) == len(NAMES)
    site.project.chmod(0o755)
    (site.project / "scenes").chmod(0o555)
    assert site.build(powerless=True) == 1
    assert site.said() == ["scenes/a.lock.json: cannot be written: Permission denied; finished takes are kept"]
    (site.project / "scenes").chmod(0o755)
    assert site.build(powerless=True) == 0
    assert site.outputs() == good
    assert set(site.statuses("build")) == {"cached"}


def test_a_checkout_that_can_not_be_written_builds_elsewhere_from_its_lock(site: Site, good: dict[str, bytes]) -> None:
    assert site.build() == 0
    for path in (site.project / "scenes", site.project):
        path.chmod(0o555)
    assert site.build("--out", str(site.log.with_name("out")), powerless=True) == 0
    assert site.said() == []


def test_a_scene_that_can_not_be_read_is_said_in_one_line(site: Site) -> None:
    (site.project / "scenes" / "a.yaml").chmod(0o000)
    assert site.build(powerless=True) == 1
    (line,) = site.said()
    assert line.startswith("scenes/a.yaml:1:1: ")
    (site.project / "scenes").chmod(0o000)
    assert site.build(powerless=True) == 1
    assert len(site.said()) == 1


def test_a_private_umask_and_another_file_system(site: Site, good: dict[str, bytes]) -> None:
    other = Path("/dev/shm") / f"scenebuild-{os.getpid()}"
    if not other.parent.is_dir() or other.parent.stat().st_dev == site.project.stat().st_dev:
        pytest.skip("there is no second file system here")
    other.mkdir()
    try:
        for variable in ({"TMPDIR": str(other)}, {"SCENEBUILD_LANG": "C", "LC_ALL": "C"}):
            site.forget()
            where = str(other / "store") if "TMPDIR" not in variable else str(site.store)
            assert site.build("--store", where, umask=0o077, environment=variable) == 0
            assert site.outputs() == good
        assert (other / "store").stat().st_mode & 0o077 == 0
    finally:
        shutil.rmtree(other)


# Full and broken disks


@pytest.mark.linux("/proc tells which file is flushed")
def test_what_is_kept_is_on_the_disk_before_it_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a power cut leaves no record of bytes that are not there: file, name, folder; object, then record."""
    done: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def logged_fsync(descriptor: int) -> None:
        done.append(("fsync", os.readlink(f"/proc/self/fd/{descriptor}")))
        fsync(descriptor)

    def logged_replace(source: str, target: str) -> None:
        done.extend([("from", source), ("to", target)])
        replace(source, target)

    (tmp_path / "source").write_bytes(b"some sound")
    store = LocalStore(str(tmp_path / "store"))
    store.put("a" * 64, str(tmp_path / "source"), {})
    monkeypatch.setattr(os, "fsync", logged_fsync)
    monkeypatch.setattr(os, "replace", logged_replace)
    (tmp_path / "source").write_bytes(b"another sound")
    record = store.put("b" * 64, str(tmp_path / "source"), {})
    calls, paths = zip(*done, strict=True)
    assert calls == ("fsync", "from", "to", "fsync") * 2
    for final, (file, source, target, folder) in zip(
        (store.object_path(record.digest), store.record_path(record.key)), (paths[:4], paths[4:]), strict=True
    ):
        assert (file, target, folder) == (source, final, os.path.dirname(final))


def check(site: Site, code: int, good: dict[str, bytes], *, mute: bool = False) -> None:
    """Well done, or said in one line; nothing damaged or half there; and it works once the disk does."""
    assert code in (0, 1), site.said()
    assert not any("bug of scenebuild" in line or "Traceback" in line for line in site.said()), site.said()
    if code == 1 and not mute:
        assert ": " in site.said()[-1], site.said()
    assert site.is_sound()
    outputs = site.outputs()
    assert all(content == good.get(name) for name, content in outputs.items()), "half a file"
    if code == 0:
        assert outputs == good
    assert site.build() == 0, site.said()
    assert site.outputs() == good


@pytest.mark.parametrize("limit", [0, 100, 700, 5_000, 10_000, 20_000])
def test_files_that_may_not_grow(site: Site, good: dict[str, bytes], limit: int) -> None:
    code = site.build(limits={"FSIZE": limit})
    assert code == 1
    check(site, code, good, mute=limit < 700)  # what is said goes into a file, too


@pytest.mark.parametrize("limit", [5, 8, 10, 12])
def test_too_few_descriptors(site: Site, good: dict[str, bytes], limit: int) -> None:
    check(site, site.build(limits={"NOFILE": limit}), good)


@needs_strace
@pytest.mark.parametrize(
    ("call", "error", "step"),
    [("write", "ENOSPC", 9), ("fsync", "EIO", 8), ("rename", "EIO", 5), ("mkdir", "EDQUOT", 6)],
)
def test_a_disk_that_breaks_at_some_point_and_stays_broken(
    site: Site, good: dict[str, bytes], call: str, error: str, step: int
) -> None:
    codes = []
    for number in range(1, 400, step):
        site.forget()
        codes.append(site.build(call=call, fault=f"error={error}:when={number}+"))
        whole = codes[-1] == 0 and not any(KEPT in line for line in site.said())
        check(site, codes[-1], good, mute=call == "write")
        if whole and (len(codes) > 1 or call == "fsync"):
            break
    assert len(codes) > 2


@needs_strace
def test_an_error_of_one_fsync_means_that_one_take_is_not_kept(site: Site, good: dict[str, bytes]) -> None:
    assert site.build(call="fsync", fault="error=EIO:when=1") == 0
    assert site.said() == [f"the store {site.store} could not keep a take: {os.strerror(errno.EIO)}; {KEPT}"]
    assert len(list(LocalStore(str(site.store)).all_keys())) == len(NAMES) - 1
    assert site.outputs() == good


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_small_disk_that_is_full(site: Site, good: dict[str, bytes]) -> None:
    site.store.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "none", str(site.store)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    try:
        assert site.build() == 0
        assert site.said() == [f"the store {site.store} could not keep a take: {os.strerror(errno.ENOSPC)}; {KEPT}"]
        assert site.outputs() == good
        assert site.is_sound()
        assert not list(site.store.rglob(".tmp-*"))
    finally:
        subprocess.run(["umount", str(site.store)], check=True)
