"""A recording from the repository as an element: decoded once, then a take like any other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from scenebuild.engines import Facts, Failed, Made, Progress, Request, State


class _Decoder:
    def generate(self, requests: Sequence[Request], progress: Progress) -> Iterator[Made | Failed]:
        for index, request in enumerate(requests):
            yield _decode(index, str(request.path))
            progress(index, 1.0)


class FileEngine:
    """Reads wav, flac, ogg, mp3, aiff and what else libsndfile reads."""

    facts = Facts(
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

    def state(self, model: str | None = None) -> State:
        """Always ready: the decoder is part of the core."""
        return State(True)

    def load(self, options: dict[str, Any]) -> _Decoder:
        """Nothing to load."""
        return _Decoder()


def _decode(index: int, path: str) -> Made | Failed:
    """The recording as float32. One that peaks over full scale, as a float file can, is brought down to it."""
    import numpy as np
    import soundfile

    name = Path(path).name
    try:
        samples, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, RuntimeError, soundfile.LibsndfileError) as error:
        return Failed(index, f"{name} can not be read as audio: {error}")
    if len(samples) == 0:
        return Failed(index, f"{name} holds no sound: its length is 0")
    if samples.shape[1] > 2:
        return Failed(index, f"{name} has {samples.shape[1]} channels, allowed are 1 and 2; mix it down first")
    if not np.isfinite(samples).all():
        return Failed(index, f"{name} holds samples that are not numbers (NaN or infinity); export it again")
    peak = float(np.max(np.abs(samples)))
    if peak <= 1.0:
        return Made(index, samples, sample_rate)
    over = f"{name} peaks {20 * np.log10(peak):.1f} dB over full scale; it is played that much lower"
    return Made(index, (samples / peak).astype(np.float32), sample_rate, warnings=(over,))


ENGINE = FileEngine()
