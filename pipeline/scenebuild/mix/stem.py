"""One element as it sounds in the mix.

A stem renders any stretch of itself at the mix's rate and channels, before the master gain, and a mix is the sum of
its stems. The mixer asks nothing else of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scenebuild.audio.frames import frames_of
from scenebuild.audio.level import Samples, db_to_gain, fade_curve, gain_to_db, spread
from scenebuild.audio.loop import crossfade_frames, lengthened, loop_slices, seam
from scenebuild.audio.loudness import Loudness, LoudnessMeter
from scenebuild.audio.resample import fitted, resample_blocks
from scenebuild.audio.wav import AudioFileError, probe, read_blocks
from scenebuild.mix.levels import normalisation_db
from scenebuild.mix.model import Source
from scenebuild.mix.shelf import Body, Shelf
from scenebuild.mix.timeline import Placement
from scenebuild.scene.model import Element

ANTI_CLICK_S = 0.005  # a sound that the end of the mix cuts off is faded over this long
LEAST_SURVEY_S = 10.0  # of a loop, so that the gated loudness of a short one rests on many blocks


@dataclass(frozen=True, slots=True)
class Stem:
    """A take on its place: resampled, panned and with its gain already in ``body``, looped and faded as it is read."""

    name: str
    body: Body
    crossfade: int | None  # frames, of a looping body; None: the body plays once
    start: int  # frame of the mix
    stop: int
    fade_in: int  # frames, not longer than the stem
    fade_out: int

    def render(self, start: int, stop: int) -> Iterator[tuple[int, Samples]]:
        """What sounds in frames ``[start, stop)`` of the mix: pieces and the frame that each begins at, in order.

        Where there is no piece there is silence. Pieces may be views of the body: not to be written into.
        """
        start, stop = max(start, self.start), min(stop, self.stop)
        if start >= stop:
            return
        for first, last in self._slices(start - self.start, stop - self.start):
            yield start, self._faded(self.body.read(first, last), start - self.start)
            start += last - first

    def _slices(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        if self.crossfade is None:
            return iter([(start, stop)])
        return loop_slices(self.body.frames, self.crossfade, start, stop)

    def _faded(self, samples: Samples, position: int) -> Samples:
        """The samples, which begin at ``position`` of the stem, with the fades that reach into them."""
        end, length = position + len(samples), self.stop - self.start
        fades_out_at = length - self.fade_out
        if position >= self.fade_in and end <= fades_out_at:
            return samples
        gains = np.ones(len(samples), np.float32)
        if position < self.fade_in:
            curve = fade_curve(self.fade_in, position, min(end, self.fade_in))
            gains[: len(curve)] *= curve
        if end > fades_out_at:
            curve = fade_curve(self.fade_out, length - end, length - max(position, fades_out_at))
            gains[len(gains) - len(curve) :] *= curve[::-1]
        return samples * gains[:, None]


@dataclass(frozen=True, slots=True)
class Survey:
    """How loud a stem is before the master gain."""

    loudness: Loudness
    peak_dbfs: float  # highest sample; -inf for silence


def place_stem(
    element: Element, source: Source, placement: Placement, sample_rate: int, channels: int, shelf: Shelf
) -> tuple[Stem, float, str]:
    """Read an element's take and put it on its place: (the stem, its gain in dB, a warning or "")."""
    normalisation, warning = normalisation_db(element.name, element.normalize, source)
    gain = element.gain * db_to_gain(normalisation)
    crossfade = crossfade_frames(placement.pass_frames, sample_rate) if element.loop else None
    length = placement.stop - placement.start
    fade_out_s = element.fade_out_s or (ANTI_CLICK_S if placement.cut else 0.0)
    stem = Stem(
        name=element.name,
        body=_read_take(element, source, placement.pass_frames, gain, crossfade, sample_rate, channels, shelf),
        crossfade=crossfade,
        start=placement.start,
        stop=placement.stop,
        fade_in=min(frames_of(element.fade_in_s, sample_rate), length),
        fade_out=min(frames_of(fade_out_s, sample_rate), length),
    )
    if not length:
        warning = f"{element.name}: starts at {element.start_s:g} s, when the mix is over, and is not heard"
    return stem, gain_to_db(gain), warning


def _read_take(
    element: Element,
    source: Source,
    frames: int,
    gain: float,
    crossfade: int | None,
    sample_rate: int,
    channels: int,
    shelf: Shelf,
) -> Body:
    facts = probe(source.path)
    if (facts.sample_rate, facts.channels, facts.frames) != (source.sample_rate, source.channels, source.frames):
        raise AudioFileError(f"{element.name}: the take is not the one that was measured")
    if source.channels > 2 or not frames:
        what = "is empty" if not frames else f"has {source.channels} channels; mono and stereo can be mixed"
        raise AudioFileError(f"{element.name}: the take {what}")
    body = shelf.room(frames, channels)
    blocks = resample_blocks(read_blocks(source.path), source.sample_rate, sample_rate, source.channels)
    position = 0
    for block in fitted(blocks, frames, source.channels):
        body.write(position, spread(block, channels, element.pan, gain))
        position += len(block)
    if crossfade:
        end = frames - crossfade
        body.write(end, seam(head=body.read(0, crossfade), tail=body.read(end, frames)))
    if crossfade is None or frames >= sample_rate:
        return body
    samples = lengthened(body.read(0, frames), crossfade, sample_rate)
    longer = shelf.room(len(samples), channels)
    longer.write(0, samples)
    return longer


def survey(stem: Stem, sample_rate: int, channels: int, block_frames: int) -> Survey:
    """Measure a stem over the part that says everything: all of it, or of a loop its fade-in and one pass after that.

    The rest of a loop repeats that pass, or fades it out.
    """
    stop = stem.stop
    if stem.crossfade is not None:
        one_pass = max(stem.body.frames, frames_of(LEAST_SURVEY_S, sample_rate))
        stop = min(stop, stem.start + stem.fade_in + one_pass)
    meter = LoudnessMeter(sample_rate, channels)
    peak = 0.0
    for start in range(stem.start, stop, block_frames):
        for _, piece in stem.render(start, min(start + block_frames, stop)):
            meter.feed(piece)
            peak = max(peak, float(np.abs(piece).max()))
    return Survey(meter.loudness(), gain_to_db(peak))
