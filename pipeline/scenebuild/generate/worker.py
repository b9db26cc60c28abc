"""The child process in which an engine lives: ``python -m scenebuild.generate.worker``.

One JSON object on stdin says what is wanted; JSON lines on stdout say how it goes; the audio lies in a folder of the
parent. The parent checks and publishes, so whatever happens here, nothing half made is ever kept.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from scenebuild.engines import Action, Failed, Made, Request, engine
from scenebuild.errors import ScenebuildError

Say = Callable[[dict[str, Any]], None]


def main() -> int:
    """Serve one order and end."""
    say = _private_stdout()
    order = json.loads(sys.stdin.buffer.readline())
    _end_with_parent()
    try:
        _serve(order, say)
    except ScenebuildError as error:
        say({"event": "broken", "message": str(error), "exit_code": error.exit_code})
    except Exception as error:  # an engine may raise anything; the parent turns it into one line and keeps the rest
        import traceback

        traceback.print_exc()
        say({"event": "broken", "message": f"{type(error).__name__}: {error}"})
    return 0


def _serve(order: dict[str, Any], say: Say) -> None:
    requests = [Request(Action(**one["action"]), one["path"], one["licence"]) for one in order["requests"]]
    played = engine(order["engine"])
    session = played.load(order["options"])
    say({"event": "loaded"})
    clock = _Clock(together=played.facts.batches)
    for result in session.generate(requests, lambda index, share: say(_progress(index, share))):
        seconds = clock.seconds()
        if isinstance(result, Failed):
            say({"event": "failed", "index": result.index, "message": result.message})
        else:
            say({**_write(result, requests[result.index], order["folder"]), "seconds": seconds})


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


def _write(made: Made, request: Request, folder: str) -> dict[str, Any]:
    """Write what was made, or say why it can not be a take."""
    import numpy as np

    from scenebuild.audio.wav import READ_FRAMES, write_wav

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
        return {"event": "failed", "index": made.index, "message": f"the engine returned {problem}"}
    path = os.path.join(folder, f"{request.action.engine}-{secrets.token_hex(8)}.wav")  # process ids come again
    write_wav(path, made.samples, made.sample_rate, {"ICOP": request.licence} if request.licence else None)
    return {
        "event": "made", "index": made.index, "path": path, "frames": len(made.samples),
        "sample_rate": made.sample_rate, "channels": made.samples.shape[1],
        "made_by": made.made_by, "warnings": list(made.warnings), "content": made.content,
    }  # fmt: skip


def _progress(index: int, share: float) -> dict[str, Any]:
    return {"event": "progress", "index": index, "share": share}


def _private_stdout() -> Say:
    """Keep stdout for the protocol and point whatever libraries print at stderr."""
    private = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lock = threading.Lock()

    def say(event: dict[str, Any]) -> None:
        with lock:
            private.write(json.dumps(event) + "\n")
            private.flush()

    return say


def _end_with_parent() -> None:
    """A parent that was killed closes our stdin: then nobody wants the takes any more."""

    def watch() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
