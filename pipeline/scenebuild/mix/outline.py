"""The outline of an element, measured while the mixer reads it, so that a report need not read it again."""

from __future__ import annotations

import numpy as np

from scenebuild.audio.level import Samples

OUTLINE_COLUMNS = 320  # what a bar over the whole width of a timeline can show


class OutlineMeter:
    """The highest sample in each of up to ``OUTLINE_COLUMNS`` equal parts of ``frames`` frames.

    >>> meter = OutlineMeter(4)
    >>> meter.feed(0, np.array([[0.5, 0.0], [0.0, -0.25]], np.float32))
    >>> meter.peaks()
    (0.5, 0.25, 0.0, 0.0)
    """

    def __init__(self, frames: int) -> None:
        columns = min(OUTLINE_COLUMNS, frames)
        self._starts = np.arange(columns + 1) * frames // max(columns, 1)  # and where the last one ends
        self._peaks = np.zeros(columns, np.float32)

    def feed(self, start: int, samples: Samples) -> None:
        """The samples from frame ``start`` on, ``(frames, channels)``."""
        first = int(np.searchsorted(self._starts, start, "right")) - 1
        last = int(np.searchsorted(self._starts, start + len(samples)))
        cuts = np.maximum(self._starts[first : last + 1] - start, 0).tolist()
        for column, (begin, end) in enumerate(zip(cuts, cuts[1:], strict=False), start=first):
            peak = np.abs(samples[begin:end]).max(initial=0.0)
            self._peaks[column] = max(self._peaks[column], peak)

    def peaks(self) -> tuple[float, ...]:
        """One amplitude a column, 0 for silence."""
        return tuple(self._peaks.tolist())
