"""A perceptually even colour map for levels: from dark blue over violet and coral to pale yellow.

The path is in OKLCh (Ottosson 2020), whose lightness and hue are perceptual. Lightness rises nearly evenly, so that
equal steps in decibels look equal, in grey print and to colour-blind people too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# (share of the range, lightness 0 ... 1, chroma, hue in degrees)
_PATH = np.array(
    [
        (0.00, 0.16, 0.035, 275),
        (0.20, 0.28, 0.120, 290),
        (0.45, 0.47, 0.185, 335),
        (0.70, 0.68, 0.180, 400),
        (0.88, 0.84, 0.160, 440),
        (1.00, 0.96, 0.090, 460),
    ]
)

_TO_LMS = np.array(
    [(1, 0.3963377774, 0.2158037573), (1, -0.1055613458, -0.0638541728), (1, -0.0894841775, -1.2914855480)]
)
_TO_RGB = np.array(
    [
        (4.0767416621, -3.3077115913, 0.2309699292),
        (-1.2684380046, 2.6097574011, -0.3413193965),
        (-0.0041960863, -0.7034186147, 1.7076147010),
    ]
)


def ramp(count: int) -> NDArray[np.uint8]:
    """``count`` sRGB colours from silent to loudest, shape ``(count, 3)``."""
    share = np.linspace(0, 1, count)
    lightness, chroma, hue = (np.interp(share, _PATH[:, 0], _PATH[:, k]) for k in (1, 2, 3))
    angle = np.radians(hue)
    lab = np.stack([lightness, chroma * np.cos(angle), chroma * np.sin(angle)], axis=1)
    linear = np.clip((lab @ _TO_LMS.T) ** 3 @ _TO_RGB.T, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)  # IEC 61966-2-1
    colours: NDArray[np.uint8] = np.round(encoded * 255).astype(np.uint8)
    return colours
