"""The parent's side of the worker: start children, hear what they say, end them."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, BinaryIO

from scenebuild.engines import Request
from scenebuild.errors import EngineError

GRACE_S = 3.0  # from SIGTERM to SIGKILL

TICK_S = 2.0

Event = Mapping[str, Any]
TICK: Event = {"event": "tick"}


class Children:
    """Worker processes of one engine, each with a share of the requests. A context manager: none outlives it."""

    def __init__(self, engine: str, options: Mapping[str, Any], folder: str, environment: Mapping[str, str]) -> None:
        self._engine = engine
        self._options = dict(options)
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._processes: list[subprocess.Popen[bytes]] = []
        self._events: queue.SimpleQueue[tuple[int, Event | None]] = queue.SimpleQueue()

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._processes)

    def run(self, requests: Sequence[Request], count: int) -> Iterator[tuple[int, Event]]:
        """Spread the requests over ``count`` children; yields (index into requests, event) as they come.

        Where nothing comes for a while, a TICK: an engine may take minutes to load. A child that ends early says
        nothing for the rest of its requests: whoever asks sees which are missing.
        """
        shares = [list(range(first, len(requests), count)) for first in range(min(count, len(requests)))]
        for number, share in enumerate(shares):
            self._start(number, [requests[index] for index in share])
        running = len(shares)
        while running:
            try:
                number, event = self._events.get(timeout=TICK_S)
            except queue.Empty:
                yield 0, TICK
                continue
            if event is None:
                running -= 1
            elif "index" in event:
                yield shares[number][event["index"]], event
            elif event["event"] == "broken":
                yield from ((index, event) for index in shares[number])

    def last_words(self) -> str:
        """The last line that a child wrote to stderr, and how the children ended, for a message."""
        ends = [process.wait() for process in self._processes]
        died = next((f"ended by {signal.Signals(-code).name}" for code in ends if code < 0), "")
        died = died or next((f"ended with exit code {code}" for code in ends if code), "ended without an answer")
        lines: list[str] = []
        for number in range(len(ends)):
            with (
                contextlib.suppress(OSError),
                open(self._log(number), encoding="utf-8", errors="replace") as file,
            ):
                lines += [line.strip() for line in file if line.strip()]
        return f"{died}; it said: {lines[-1][:200]}" if lines else died

    def _start(self, number: int, requests: Sequence[Request]) -> None:
        order = {
            "engine": self._engine,
            "options": self._options,
            "folder": self._folder,
            "requests": [asdict(request) for request in requests],
        }
        with open(self._log(number), "wb") as log:
            process = self._open(log)
        self._processes.append(process)
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.flush()  # and left open: its end tells the child that the parent is gone
        threading.Thread(target=self._listen, args=(number, process), daemon=True).start()

    def _open(self, log: BinaryIO) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                # -P: a numpy.py in the folder the command runs in, such as a stranger's checkout, is not imported.
                [sys.executable, "-P", "-m", "scenebuild.generate.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment,
                start_new_session=True,  # Ctrl-C reaches the parent alone, which then ends its children in order
            )
        except OSError as error:
            raise EngineError(
                f"no process for an engine can be started: {sys.executable}: {error.strerror or error}"
            ) from error

    def _listen(self, number: int, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                with contextlib.suppress(ValueError):
                    self._events.put((number, json.loads(line)))
        self._events.put((number, None))

    def _log(self, number: int) -> str:
        return os.path.join(self._folder, f"{self._engine}-{number}.log")


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask each to end, then make it; also when a second signal arrives in the middle."""
    try:
        for process in processes:
            if process.poll() is None:
                _signal(process, signal.SIGTERM)
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE_S)
    finally:
        for process in processes:
            if process.poll() is None:
                _signal(process, signal.SIGKILL)
            process.wait()
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
