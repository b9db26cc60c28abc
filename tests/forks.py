"""A process with everything imported, forked for each run, so that a kill at every system call is affordable.

Run as a script it reads one JSON order a line, forks, and lets the child wait (SIGSTOP) until strace has attached.
``Forks`` is the side of the tests.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STRACE = shutil.which("strace")
WITHOUT_STRACE = "strace is not installed: kills at every system call are not tried (apt-get install strace)"
PR_SET_PTRACER, ANYBODY = 0x59616D61, -1


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

    def run(self, order: dict[str, Any], call: str = "", number: int = 0, signal_name: str = "SIGKILL") -> int:
        """Run an order, with that signal on entering its n-th such call. The exit code, or minus the signal."""
        self._say({**order, "stop": bool(call)})
        pid = int(self._hear())
        strace = self._attach(pid, call, number, signal_name) if call else None
        status = int(self._hear())
        if strace is not None:
            strace.wait()
        return status

    def _attach(self, pid: int, call: str, number: int, signal_name: str) -> subprocess.Popen[bytes]:
        _until(lambda: "State:\tT" in _status(pid))
        inject = f"inject={call}:signal={signal_name}:when={number}"
        strace = subprocess.Popen(
            [str(STRACE), "-qq", "-o", os.devnull, "-p", str(pid), "-e", f"trace={call}", "-e", inject]
        )
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


# The server


def put(order: dict[str, Any]) -> int:
    """Keep a file in a store, honestly or in a way that is known to be wrong."""
    from scenebuild.store import LocalStore, local
    from scenebuild.store.publish import publish_bytes

    store = LocalStore(order["store"])
    if order.get("broken") == "in place":
        local.publish = publish_in_place
    elif order.get("broken") == "record first":
        record = local.Record(order["key"], order["digest"], order["size"], {})
        publish_bytes(store.record_path(order["key"]), local._encode(record))
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
    import scenebuild.render

    scenebuild.engines.REGISTRY["audiogen"] = "engines_for_tests:TONE"
    scenebuild.generate.make.Children = engines_for_tests.CountingChildren
    private = os.fdopen(os.dup(1), "w")
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            if order["stop"]:
                ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANYBODY, 0, 0, 0)
                os.kill(os.getpid(), signal.SIGSTOP)
            os._exit({"put": put, "command": command}[order["task"]](order))
        print(pid, file=private, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=private, flush=True)


if __name__ == "__main__":
    serve()
