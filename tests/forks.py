"""A process with everything imported, forked for each run, so that a kill at every system call is affordable.

Run as a script it reads one JSON order a line, forks, and lets the child wait (SIGSTOP) until strace has attached.
``Forks`` is the side of the tests.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

STRACE = shutil.which("strace")
WITHOUT_STRACE = "strace is not installed: kills at every system call are not tried (apt-get install strace)"
PR_SET_PTRACER, ANYBODY = 0x59616D61, -1
LINUX_CAPABILITY_VERSION_3 = 0x20080522


class Forks:
    """Runs orders in forked children, each with a signal at its n-th call of one system call if that is asked for."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "OPENBLAS_NUM_THREADS": "1"}
        self._server = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )

    def close(self) -> None:
        """End the server."""
        self._server.communicate()

    def run(self, order: dict[str, Any], call: str = "", fault: str = "") -> int:
        """Run an order, with a fault injected into a system call (in strace's words). Its exit code, or -signal."""
        self._say({**order, "stop": bool(call)})
        pid = int(self._hear())
        strace = self._attach(pid, call, fault) if call else None
        status = int(self._hear())
        if strace is not None:
            strace.wait()
        return status

    def _attach(self, pid: int, call: str, fault: str) -> subprocess.Popen[bytes]:
        _until(lambda: "State:\tT" in _status(pid))
        options = ["-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:{fault}", "-p", str(pid)]
        strace = subprocess.Popen([str(STRACE), *options])
        _until(lambda: "TracerPid:\t0\n" not in _status(pid) or strace.poll() is not None)
        os.kill(pid, signal.SIGCONT)
        return strace

    def _say(self, order: dict[str, Any]) -> None:
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()

    def _hear(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline()


@contextlib.contextmanager
def forks() -> Iterator[Forks]:
    """A server for the length of the block."""
    if sys.platform != "linux":
        pytest.skip("only on linux: forked builds are watched through /proc and disturbed through prctl and strace")
    server = Forks()
    try:
        yield server
    finally:
        server.close()


def _status(pid: int) -> str:
    return Path(f"/proc/{pid}/status").read_text()


def _until(condition: Any) -> None:
    for _ in range(10_000):
        if condition():
            return
        time.sleep(0.001)
    raise AssertionError("waited for ten seconds")


# Stores that are known to be wrong, so that the tests of the right one can be seen to fail


def break_store(how: str, replace: Any = setattr) -> None:
    """Make the store of this process wrong in one way; ``replace`` may be the one of ``monkeypatch``."""
    from scenebuild.store import local, record

    if how == "in place":
        replace(local, "publish", publish_in_place)
    elif how == "no verify on read":
        replace(local, "copy_file", lambda source, digest, target: shutil.copyfile(source, target))
    elif how == "unsealed records":
        replace(record, "_seal_of", _any_seal)
    else:
        raise AssertionError(how)


class _AnySeal(bytes):
    """The first line of a record, whatever it says."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, bytes) and other.startswith(b'{\n "sha256": "')

    __hash__ = bytes.__hash__


def _any_seal(rest: bytes) -> bytes:
    return _AnySeal(b'{\n "sha256": "%s",\n' % (b"0" * 64))


# The server: what a child does before and instead of its task


def put(order: dict[str, Any]) -> int:
    """Keep a file in a store, honestly or in a way that is known to be wrong."""
    from scenebuild.files import publish_bytes
    from scenebuild.store import LocalStore, Record
    from scenebuild.store.record import encode_record

    store = LocalStore(order["store"])
    if order.get("broken") == "in place":
        break_store("in place")
    elif order.get("broken") == "record first":
        record = Record(order["key"], order["digest"], order["size"], {})
        publish_bytes(store.record_path(order["key"]), encode_record(record))
    store.put(order["key"], order["source"], {"fidelity": "real"})
    return 0


def publish_in_place(path: str, write: Any, *, durable: bool = False) -> None:
    """What a store must not do: write under the final name."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        write(file)


def command(order: dict[str, Any]) -> int:
    """The whole command line, with an engine in this process."""
    from scenebuild.cli import run

    os.chdir(order["folder"])
    os.environ["SCENEBUILD_STORE"] = order["store"]
    return run(order["arguments"])


def repair(order: dict[str, Any]) -> int:
    """``cache verify --repair`` on a store."""
    from scenebuild.store import LocalStore, care

    return 3 if any(not damage.repaired for damage in care.verify(LocalStore(order["store"]), repair=True)) else 0


def crowd(order: dict[str, Any]) -> int:
    """Several commands at once, beside a gc loop if that is asked for; the largest exit code."""
    from scenebuild.store import LocalStore, care

    gc = os.fork() if order.get("gc") else 0
    if order.get("gc") and gc == 0:
        care.IN_USE_S = -1.0  # without the hour that it leaves alone
        while True:
            care.collect(LocalStore(order["orders"][0]["store"]), unused_for_s=-1, only=("real",), dry_run=False)
    children = []
    for one in order["orders"]:
        children.append(os.fork())
        if children[-1] == 0:
            os._exit(command({**one, "folder": order["folder"]}))
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    if gc:
        os.kill(gc, signal.SIGKILL)
        os.waitpid(gc, 0)
    return max(codes, key=abs)


def repeated(order: dict[str, Any]) -> int:
    """One command many times in this process; writes how many files were open and how much memory there was."""
    measured: dict[str, list[int]] = {"open_files": [], "memory_kb": []}
    for number in range(order["builds"]):
        command(order)
        if number in (order["builds"] // 3, order["builds"] - 1):
            measured["open_files"].append(len(os.listdir("/dev/fd")))
            measured["memory_kb"].append(int(_status(os.getpid()).split("VmRSS:")[1].split()[0]))
    Path(order["report"]).write_text(json.dumps(measured))
    return 0


def disturb(order: dict[str, Any]) -> None:
    """The surroundings that an order asks for."""
    import scenebuild.generate.make
    import scenebuild.store.lease

    os.umask(order.get("umask", 0o022))
    os.environ.update(order.get("environment", {}))
    tempfile.tempdir = None
    if "log" in order:
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(log, 2)
        os.close(log)
    if order.get("powerless") and os.geteuid() == 0:
        header, nothing = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
        assert ctypes.CDLL(None).capset(header, nothing) == 0
    if order.get("leases") == "broken":
        vars(scenebuild.generate.make)["take_lease"] = lambda root, key: scenebuild.store.lease.Lease(key, None)
    for name, value in order.get("limits", {}).items():
        number = getattr(resource, f"RLIMIT_{name}")
        resource.setrlimit(number, (value, resource.getrlimit(number)[1]))
    scenebuild.store.lease.ASLEEP_S = order.get("asleep_s", 30.0)


def serve() -> None:
    """Import, then fork for each line."""
    import jinja2  # noqa: F401
    import soundfile  # noqa: F401

    import engines_for_tests
    import scenebuild.build
    import scenebuild.cli.build
    import scenebuild.engines
    import scenebuild.generate.gather
    import scenebuild.generate.make
    import scenebuild.render.stages

    scenebuild.engines.REGISTRY["audiogen"] = "engines_for_tests:TONE"
    vars(scenebuild.generate.make)["Children"] = engines_for_tests.CountingChildren
    private = os.fdopen(os.dup(1), "w")
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            disturb(order)
            if order["stop"]:
                ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANYBODY, 0, 0, 0)
                os.kill(os.getpid(), signal.SIGSTOP)
            tasks = {"put": put, "command": command, "crowd": crowd, "repeated": repeated, "repair": repair}
            os._exit(tasks[order["task"]](order))
        print(pid, file=private, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=private, flush=True)


if __name__ == "__main__":
    serve()
