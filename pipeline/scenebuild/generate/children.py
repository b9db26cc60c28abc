"""The parent's side of the worker: start children, read their messages, end them."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from scenebuild.engines import Request
from scenebuild.errors import EngineError
from scenebuild.generate.messages import (
    Advanced,
    Broken,
    Done,
    Failed,
    Made,
    Message,
    Noted,
    Order,
    Tick,
    decode,
    encode_order,
)

GRACE_S = 3.0  # from SIGTERM to SIGKILL

TICK_S = 2.0

Answer = Advanced | Made | Failed | Broken  # what is said about one request


class Children:
    """Worker processes of one engine, each with a share of the requests. A context manager: none outlives it.

    They wait for the next requests when they are done, so that a model is loaded once.
    """

    def __init__(self, engine: str, options: Mapping[str, Any], folder: str, environment: Mapping[str, str]) -> None:
        self._engine = engine
        self._options = dict(options)
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}  # by the number of the share
        self._events: queue.SimpleQueue[tuple[subprocess.Popen[bytes], Message | None]] = queue.SimpleQueue()
        self._gone: set[subprocess.Popen[bytes]] = set()  # they said their last word, if not yet to the system
        self._ended: list[int] = []  # the numbers of those that did not come to the end of their share, in the last run

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        _end(list(self._processes.values()))

    def run(
        self, requests: Sequence[Request], count: int, places: Sequence[Mapping[str, Any]] = ()
    ) -> Iterator[tuple[int, Answer] | Noted | Tick]:
        """Spread the requests over ``count`` children; yields (index into requests, answer) as they come.

        ``places``: what the options of each child hold besides; a child has those of its first order.

        A ``Tick`` where nothing comes for a while: an engine may take minutes to load. A child that ends early gives
        no answer for the rest of its requests: the caller sees which are missing.
        """
        self._ended = []
        shares = [list(range(first, len(requests), count)) for first in range(min(count, len(requests)))]
        running = {
            self._give(number, [requests[index] for index in share], places[number] if places else {}): number
            for number, share in enumerate(shares)
        }
        while running:
            try:
                process, message = self._events.get(timeout=TICK_S)
            except queue.Empty:
                yield Tick()
                continue
            if message is None:
                self._gone.add(process)
            number = running.get(process)
            if number is None:  # it ended while it had nothing to do
                continue
            if message is None or isinstance(message, Done):
                del running[process]
                self._ended += [number] if message is None else []
            elif isinstance(message, Broken):
                yield from ((index, message) for index in shares[number])
            elif isinstance(message, Noted):
                yield message
            elif isinstance(message, Advanced | Made | Failed):
                yield shares[number][message.index], message

    def last_words(self) -> str:
        """The last line that a child wrote to stderr, and how the children ended, for a message."""
        ends = [_reap(self._processes[number]) for number in self._ended]
        died = next((f"ended by {signal.Signals(-code).name}" for code in ends if code < 0), "")
        died = died or next((f"ended with exit code {code}" for code in ends if code), "ended without an answer")
        lines: list[str] = []
        for number in self._ended:
            with contextlib.suppress(OSError), open(self._log(number), encoding="utf-8", errors="replace") as file:
                lines += [line.strip() for line in file if line.strip()]
        words = f"{died}; it said: {lines[-1][:200]}" if lines else died
        return f"{words}; {full}" if (full := _full(self._folder)) else words

    def _give(self, number: int, requests: Sequence[Request], place: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        """Requests for the child of that number, and a fresh child where it has ended."""
        order = Order(self._engine, {**self._options, **place}, self._folder, tuple(requests))
        process = self._processes.get(number)
        if process is None or process in self._gone or not self._write(process, order):
            process = self._start(number)
            self._write(process, order)
        return process

    def _write(self, process: subprocess.Popen[bytes], order: Order) -> bool:
        assert process.stdin is not None
        try:
            process.stdin.write(encode_order(order).encode() + b"\n")
            process.stdin.flush()  # and left open: its end tells the child that the parent is gone
        except OSError:
            return False
        return True

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        if number in self._processes:
            _reap(self._processes[number])
        with open(self._log(number), "wb") as log:
            process = self._open(log)
        self._processes[number] = process
        threading.Thread(target=self._listen, args=(process,), daemon=True).start()
        return process

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

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                with contextlib.suppress(ValueError):
                    self._events.put((process, decode(line)))
        self._events.put((process, None))

    def _log(self, number: int) -> str:
        return os.path.join(self._folder, f"{self._engine}-{number}.log")


def _full(folder: str) -> str:
    """Whether the folder for files on their way has no space left, in words; a child can often not say so itself."""
    try:
        free = os.statvfs(folder)
    except OSError:
        return ""
    is_full = free.f_blocks > 0 and (free.f_bavail == 0 or (free.f_files > 0 and free.f_favail == 0))
    return f"there is no space left in the temporary folder {os.path.dirname(folder)}" if is_full else ""


def _reap(process: subprocess.Popen[bytes]) -> int:
    """The end of a child that closed its stdout: its exit code, or minus the signal."""
    try:
        return process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        return 0
    finally:
        _end([process])


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
