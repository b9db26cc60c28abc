"""A recording from the repository as an element: decoded once, then a take like any other."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from scenebuild.engines import EngineFacts, EngineState, FailedRequest, MadeTake, Progress, Request


class _Decoder:
    def generate(self, requests: Sequence[Request], progress: Progress) -> Iterator[MadeTake | FailedRequest]:
        for index, request in enumerate(requests):
            yield _decode(index, request)
            progress(index, 1.0)


class FileEngine:
    """Reads wav, flac, ogg, mp3, aiff and what else libsndfile reads; m4a and WebM where PyAV is there."""

    facts = EngineFacts(
        name="file",
        title="recording",
        version="1",
        fidelity="recording",
        sample_rate=None,
        channels=None,
        longest_take_s=None,
        parameters=frozenset(),
        licence="as recorded",
        batches=False,
    )

    def state(self, model: str | None = None) -> EngineState:
        """Always ready: the decoder is part of the core."""
        return EngineState(True)

    def load(self, options: dict[str, Any]) -> _Decoder:
        """Nothing to load."""
        return _Decoder()


def _decode(index: int, request: Request) -> MadeTake | FailedRequest:
    """The recording as float32, if it is the one that was planned. A machine's error, such as a full disk, is told."""
    from scenebuild.audio.recording import decode_recording
    from scenebuild.audio.wav import AudioFileError

    path = str(request.path)
    try:
        found = decode_recording(path, request.action.content)
    except AudioFileError as error:
        return FailedRequest(index, str(error))
    except OSError as error:
        return FailedRequest(index, f"{Path(path).name} {_in_words(error)}")
    return MadeTake(index, found.samples, found.sample_rate, warnings=found.warnings, content=found.digest)


def _in_words(error: OSError) -> str:
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"cannot be read: {error.strerror or error}"
    import tempfile

    folder = tempfile.gettempdir()
    return f"cannot be decoded: there is no space in {folder}; make room, or set TMPDIR to a folder that has some"


ENGINE = FileEngine()
