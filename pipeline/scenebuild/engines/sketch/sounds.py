"""Takes that are made from sounds: a sketch that goes on from a recording, and a stretch of a take made again.

Both are joined by crossfades of equal power, as a sketch and another sound are unrelated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.recording import decode_recording
from scenebuild.audio.resample import resample
from scenebuild.audio.wav import AudioFileError, read_wav
from scenebuild.engines.sketch.kit.exact import cosine, sine
from scenebuild.engines.sketch.kit.stage import RATE

Sound = NDArray[np.float32]  # (frames, 2) at 48 kHz

OVERLAP_S = 0.05


def recording_at(path: str, digest: str | None) -> tuple[Sound, tuple[str, ...]]:
    """A recording of any rate in stereo at 48 kHz, its samples as they are decoded, and what is worth a warning;
    resampled by soxr where they have another rate. AudioFileError or OSError where it cannot
    be read or does not have that digest."""
    found = decode_recording(path, digest)
    samples = np.asarray(found.samples, np.float32)
    if found.sample_rate != RATE:
        samples = resample(samples, found.sample_rate, RATE)
    stereo = np.repeat(samples, 2, axis=1) if samples.shape[1] == 1 else samples.copy()
    return stereo, found.warnings


def take_at(path: str, frames: int) -> Sound:
    """The samples of an earlier take. AudioFileError where that is none of so many frames."""
    samples, rate = read_wav(path)
    if rate != RATE or samples.shape != (frames, 2):
        raise AudioFileError("the take of which a stretch is made again has another form; build with --force")
    return samples


def going_on(recording: Sound, sketch: Sound) -> Sound:
    """The recording, and from its end the sketch as it is there; they overlap in the last 50 ms of the recording."""
    end = len(recording)
    joined = sketch.copy()
    overlap = min(round(OVERLAP_S * RATE), end)
    joined[: end - overlap] = recording[: end - overlap]
    joined[end - overlap : end] = _crossfade(recording[end - overlap :], sketch[end - overlap : end])
    return joined


def made_again(take: Sound, sketch: Sound, start: int, stop: int) -> Sound:
    """The take with the frames ``[start, stop)`` of the sketch; both ends overlap within them, by 50 ms at most. All
    other samples are those of the take, to the bit."""
    joined = take.copy()
    joined[start:stop] = sketch[start:stop]
    overlap = min(round(OVERLAP_S * RATE), (stop - start) // 2)
    if start > 0:
        here = slice(start, start + overlap)
        joined[here] = _crossfade(take[here], sketch[here])
    if stop < len(take):
        here = slice(stop - overlap, stop)
        joined[here] = _crossfade(sketch[here], take[here])
    return joined


def _crossfade(leaving: Sound, coming: Sound) -> Sound:
    place = ((np.arange(len(leaving)) + 0.5) / (4 * max(len(leaving), 1)))[:, None]  # in cycles: a quarter of one
    return np.clip(leaving * cosine(place) + coming * sine(place), -1.0, 1.0).astype(np.float32)
