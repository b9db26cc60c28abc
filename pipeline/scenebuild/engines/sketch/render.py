"""From a prompt to samples: the layers are rendered and summed segment by segment, and quantised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import count

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.wav import AudioFileError
from scenebuild.engines import FailedRequest, MadeTake, Progress, Request
from scenebuild.engines.sketch.catalogue import BY_NAME
from scenebuild.engines.sketch.kit.exact import Array, cosine, decibels
from scenebuild.engines.sketch.kit.space import heard
from scenebuild.engines.sketch.kit.stage import RATE, SEGMENT, LayerStage
from scenebuild.engines.sketch.prompt import SketchLayer, read, warnings
from scenebuild.engines.sketch.sounds import going_on, made_again, recording_at, take_at

Recipe = Callable[[LayerStage], Array]  # renders one segment, shape (2, SEGMENT)

GRID = 2.0**-19  # −114 dBFS; coarse enough to hide differences of the last bits between processors
_KNEE, _CEILING = 0.62, 0.88  # above the knee the curve bends towards −1.1 dBFS and never reaches it
_FADE_IN_S, _FADE_OUT_S = 0.004, 0.012


def recipe(kind: str) -> Recipe:
    """The recipe of a kind."""
    module, name = BY_NAME[kind].recipe.split(":")
    found: Recipe = getattr(import_module(f"scenebuild.engines.sketch.recipes.{module}"), name)
    return found


def render(
    prompt: str,
    seed: int,
    frames: int,
    temperature: float = 1.0,
    progress: Callable[[float], None] = lambda share: None,
) -> NDArray[np.float32]:
    """The prompt as sound: float32 at 48 kHz, shape ``(frames, 2)``; each sample is a multiple of 2^-19 below 0.89.

    A longer take begins with the samples of a shorter one, except for the fade at its end.
    """
    out = np.empty((frames, 2), np.float32)
    for start, mixed in zip(range(0, frames, SEGMENT), segments(prompt, seed, temperature), strict=False):
        here = min(SEGMENT, frames - start)
        _fade(mixed, start, frames)
        for ear, line in enumerate(_settled(mixed[:, :here])):  # four times faster than the transpose
            out[start : start + here, ear] = line
        progress((start + here) / frames)
    return out


def segments(prompt: str, seed: int, temperature: float = 1.0) -> Iterator[Array]:
    """The endless sound of a prompt before limiting and quantisation, in segments of shape ``(2, SEGMENT)``."""
    layers = read(prompt).layers
    stages = [(LayerStage(seed, layer.name, temperature, layer.traits), recipe(layer.kind)) for layer in layers]
    gains = _gains(layers)
    for start in count(0, SEGMENT):
        mixed = np.zeros((2, SEGMENT))
        for (stage, play), gain in zip(stages, gains, strict=True):
            stage.start = start
            mixed += heard(stage, play(stage)) * gain
        yield mixed


def _gains(layers: tuple[SketchLayer, ...]) -> list[float]:
    """The gain of each layer: calibration, adjectives and its place in the prompt; the sum is as loud as one layer."""
    shares = decibels([2.0 * layer.gain_db for layer in layers])
    whole = float(np.sqrt(np.cumsum(shares)[-1]))
    levels = [BY_NAME[layer.kind].level_db + layer.traits.level_db + layer.gain_db for layer in layers]
    return [float(gain) / whole for gain in decibels(levels)]


def _settled(sound: Array) -> Array:
    """The sound limited by a memoryless soft knee, with exact operations only, and rounded to the grid."""
    size = np.abs(sound)
    if float(size.max()) <= _KNEE:
        return np.rint(sound / GRID) * GRID + 0.0  # no negative zero
    over = (size - _KNEE) / (_CEILING - _KNEE)
    bent = _KNEE + (_CEILING - _KNEE) * (over / (1.0 + np.maximum(over, 0.0)))
    np.copyto(size, bent, where=over > 0.0)
    return np.rint(np.copysign(size, sound) / GRID) * GRID + 0.0


def _fade(sound: Array, start: int, frames: int) -> None:
    """Raised-cosine fades at both ends of the take, in place; at most a tenth of it each."""
    place = np.arange(start, start + SEGMENT)
    for seconds, distance in ((_FADE_IN_S, place), (_FADE_OUT_S, frames - 1 - place)):
        length = max(1.0, min(seconds * RATE, frames / 10))
        if min(abs(int(distance[0])), abs(int(distance[-1]))) > SEGMENT:  # this end is in another segment
            continue
        near = (distance < length) & (distance >= 0)
        if np.any(near):
            sound[:, near] *= 0.5 - 0.5 * cosine(distance[near] / (2.0 * length))


def _with_sounds(sketch: NDArray[np.float32], request: Request) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The sketch behind the recording that it goes on from, or within the take of which it makes a stretch again; and
    what is worth a warning."""
    action, sounds = request.action, request.sounds
    if "redo" in sounds:
        take = take_at(sounds["redo"], len(sketch))
        return made_again(take, sketch, action.redo_from or 0, action.redo_to or len(sketch)), ()
    if "continues" not in sounds:
        return sketch, ()
    recording, told = recording_at(sounds["continues"], action.continues)
    if len(recording) >= len(sketch):
        lasts = f"lasts {len(recording) / RATE:.3g} s, and the take {len(sketch) / RATE:.3g} s"
        raise AudioFileError(f"the recording {lasts}: nothing is left to make; write a longer duration")
    return going_on(recording, sketch), told


class SketchSession:
    """The loaded engine, without state."""

    def generate(self, requests: Sequence[Request], progress: Progress) -> Iterator[MadeTake | FailedRequest]:
        """Make every request in turn."""
        for index, request in enumerate(requests):
            try:
                yield self._make(index, request, progress)
            except AudioFileError as error:
                yield FailedRequest(index, str(error))

    def _make(self, index: int, request: Request, progress: Progress) -> MadeTake | FailedRequest:
        action = request.action
        if action.prompt is None or action.frames is None or action.frames < 1:
            return FailedRequest(index, "sketch: a prompt and a duration are missing")
        temperature = 1.0 if action.temperature is None else action.temperature
        samples = render(
            action.prompt, action.seed or 0, action.frames, temperature, lambda share: progress(index, share)
        )
        samples, told = _with_sounds(samples, request)
        made_by = {"device": "cpu", "dtype": "float64", "numpy": np.__version__}
        return MadeTake(index, samples, RATE, made_by, (*warnings(read(action.prompt)), *told))
