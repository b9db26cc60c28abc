"""How far away a sound is, as one knob: what the way through the air and the room leaves of it.

Three laws of a small source, at ``metres`` from the listener; 1 is as recorded, and nothing is done.

* **Level.** Half the pressure at twice the distance, -6.02 dB (the inverse distance law).
* **Air.** It swallows treble, by about ``AIR_DB`` a metre at 8 kHz and by the square of the frequency (classical
  absorption; at 10 °C and 70 % humidity ISO 9613-1 has 0.117 dB). A second-order low-pass at the frequency that has
  lost 3 dB falls in the same way: -12 dB an octave higher, where the air takes 12.
* **Room.** Its reverberation is as loud everywhere, while the direct sound falls: both are equal at
  ``CRITICAL_METRES``. What the recording at 1 m already holds of it is taken off.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

AIR_DB = 0.117  # a metre at AIR_HZ: ISO 9613-1 at 10 °C, 70 % relative humidity
AIR_HZ = 8000.0
CRITICAL_METRES = 8.0  # of a hall, or a street between houses; a living room has 1, a church 15
CLOSEST_METRES = 0.25  # +12 dB; the laws of a point have no meaning much closer
UNHEARD_HZ = 20000.0


@dataclass(frozen=True, slots=True)
class Distance:
    """What to do to a sound to put it at a distance."""

    gain: float  # of the direct sound
    cutoff_hz: float | None  # of a second-order low-pass on the direct sound; None where no treble is lost
    reverb_gain: float  # of the sound as recorded, into a reverb of unit gain


def at_distance(metres: float) -> Distance:
    """The settings for a distance; closer than 0.25 m counts as 0.25. Raises ValueError at 0 and below.

    >>> at_distance(1.0)
    Distance(gain=1.0, cutoff_hz=None, reverb_gain=0.0)
    >>> far = at_distance(50.0)
    >>> round(far.gain, 4), round(far.cutoff_hz), round(far.reverb_gain, 4)
    (0.02, 5797, 0.125)
    """
    if metres <= 0:
        raise ValueError(f"a distance is more than 0, not {metres}")
    metres = max(metres, CLOSEST_METRES)
    if metres <= 1:
        return Distance(1 / metres, None, 0.0)
    cutoff = AIR_HZ * sqrt(10 * 0.30103 / (AIR_DB * (metres - 1)))
    reverb = sqrt(1 - 1 / metres**2) / CRITICAL_METRES
    return Distance(1 / metres, cutoff if cutoff < UNHEARD_HZ else None, reverb)
