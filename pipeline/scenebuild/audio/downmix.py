"""Surround to stereo, as ITU-R BS.775-4 (annex 4) does it: the middle and the surrounds at -3 dB, without the LFE.

BS.775 has one pair of surrounds; where a recording has two (7.1), each is taken at -3 dB. A single surround goes to
both sides, and so has another 3 dB less.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scenebuild.audio.level import Samples

_SIDE = 0.5**0.5
# speaker -> what it gives to (left, right)
GAINS = {
    "FL": (1.0, 0.0),
    "FR": (0.0, 1.0),
    "FC": (_SIDE, _SIDE),
    "LFE": (0.0, 0.0),
    "BL": (_SIDE, 0.0),
    "SL": (_SIDE, 0.0),
    "BR": (0.0, _SIDE),
    "SR": (0.0, _SIDE),
    "BC": (0.5, 0.5),
}


def can_mix_down(speakers: Sequence[str] | None) -> bool:
    """Whether BS.775 speaks of every speaker, and none is named twice."""
    return speakers is not None and set(speakers) <= GAINS.keys() and len(set(speakers)) == len(speakers)


def mixed_down(samples: Samples, speakers: Sequence[str]) -> Samples:
    """Samples of shape ``(frames, len(speakers))`` as stereo, ``(frames, 2)``. Not scaled: peaks may add up.

    >>> samples = np.array([[0, 0, 1, 1, 0, 0]], np.float32)
    >>> mixed_down(samples, ("FL", "FR", "FC", "LFE", "BL", "BR")).astype(float).round(4).tolist()
    [[0.7071, 0.7071]]
    """
    out = np.zeros((len(samples), 2), np.float32)
    for channel, speaker in enumerate(speakers):
        for side, gain in enumerate(GAINS[speaker]):
            if gain:
                out[:, side] += samples[:, channel] * np.float32(gain)
    return out


def layout_name(speakers: Sequence[str]) -> str:
    """How people call a layout: the channels with full range, a dot, the LFE.

    >>> layout_name(("FL", "FR", "FC", "LFE", "SL", "SR")), layout_name(("FL", "FR", "BL", "BR"))
    ('5.1', '4.0')
    """
    low = sum(speaker == "LFE" for speaker in speakers)
    return f"{len(speakers) - low}.{low}"
