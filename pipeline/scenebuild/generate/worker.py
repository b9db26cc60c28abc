"""The child process in which an engine lives: ``python -m scenebuild.generate.worker``.

It reads orders on stdin and writes messages to stdout, one a line; audio is written to a folder of the parent. The
parent checks and publishes, so that nothing half made is kept, whatever happens here.
"""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import sys
import threading
import time
from collections.abc import Callable

from scenebuild.engines import EngineSession, FailedRequest, MadeTake, Note, Request, engine
from scenebuild.errors import ScenebuildError
from scenebuild.generate.messages import (
    Advanced,
    Broken,
    Done,
    Failed,
    Loaded,
    Made,
    Message,
    Noted,
    Order,
    decode_order,
    encode,
)

Say = Callable[[Message], None]


def main() -> int:
    """Serve one order after the other, until the parent ends this process, or is gone."""
    say = _private_stdout()
    orders = _orders()
    server = EngineServer(say)
    while True:
        try:
            server.serve(orders.get())
        except ScenebuildError as error:
            say(Broken(str(error), error.exit_code))
            return 0
        except Exception as error:  # an engine may raise anything; the parent turns it into one line and keeps the rest
            import traceback

            traceback.print_exc()
            say(Broken(f"{type(error).__name__}: {error}"))
            return 0


class EngineServer:
    """One engine, loaded at the first order."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._session: EngineSession | None = None

    def serve(self, order: Order) -> None:
        """Make what an order asks for."""
        say = self._say
        wanted = engine(order.engine)
        if self._session is None:
            self._session = wanted.load(dict(order.options))
            say(Loaded())
        clock = _Clock(together=wanted.facts.batches)
        for result in self._session.generate(order.requests, lambda index, share: say(Advanced(index, share))):
            if isinstance(result, Note):
                say(Noted(result.message))
                continue
            seconds = clock.seconds()
            if isinstance(result, FailedRequest):
                say(Failed(result.index, result.message))
            else:
                say(write_take(result, order.requests[result.index], order.folder, seconds))
        say(Done())


class _Clock:
    """How long each take took. Those that are made together share their time."""

    def __init__(self, *, together: bool) -> None:
        self._together = together
        self._began = self._last = time.monotonic()
        self._count = 0

    def seconds(self) -> float:
        """Of the take that is done now."""
        now = time.monotonic()
        self._count += 1
        taken = (now - self._began) / self._count if self._together else now - self._last
        self._last = now
        return round(taken, 3)


def write_take(made: MadeTake, request: Request, folder: str, seconds: float) -> Made | Failed:
    """Write what was made, or say why it cannot be a take. ``seconds``: that making it took."""
    import numpy as np

    from scenebuild.audio.wav import READ_FRAMES, write_wav
    from scenebuild.files import digest_of

    frames, got = request.action.frames, len(made.samples)
    problem = ""
    if made.samples.ndim != 2 or made.samples.shape[1] not in (1, 2):
        problem = f"samples of shape {made.samples.shape}, wanted (frames, 1 or 2)"
    elif len(made.samples) == 0 or frames not in (None, len(made.samples)):
        problem = f"{len(made.samples)} frames, wanted {frames}"
    elif not all(np.isfinite(made.samples[at : at + READ_FRAMES]).all() for at in range(0, got, READ_FRAMES)):
        problem = "samples that are not finite numbers"
    elif frames is not None and not made.samples.any():
        problem = "silence"
    if problem:
        return Failed(made.index, f"the engine returned {problem}")
    path = os.path.join(folder, f"{request.action.engine}-{secrets.token_hex(8)}.wav")  # process ids come again
    try:
        write_wav(path, made.samples, made.sample_rate, {"ICOP": request.licence} if request.licence else None)
        digest = digest_of(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(path)
        message = f"it cannot be written to the temporary folder {os.path.dirname(folder)}: {error.strerror or error}"
        return Failed(made.index, message)
    return Made(made.index, path, digest, seconds, made.made_by, made.warnings, made.content)


def _private_stdout() -> Say:
    """Keep stdout for the protocol and point whatever libraries print at stderr."""
    private = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lock = threading.Lock()

    def say(message: Message) -> None:
        with lock:
            private.write(encode(message) + "\n")
            private.flush()

    return say


def _orders() -> queue.SimpleQueue[Order]:
    """What stdin says, line by line. A parent that was killed closes it: then nobody wants the takes any more."""
    found: queue.SimpleQueue[Order] = queue.SimpleQueue()

    def listen() -> None:
        line = bytearray()
        while read := os.read(0, 1 << 16):  # without the lock of sys.stdin, which a thread must not hold at the end
            line += read
            while (end := line.find(b"\n")) >= 0:
                found.put(decode_order(bytes(line[:end])))
                del line[: end + 1]
        os._exit(1)

    threading.Thread(target=listen, daemon=True).start()
    return found


if __name__ == "__main__":
    sys.exit(main())
