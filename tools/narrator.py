"""Write scenes/sounds/narrator.flac: a voice that says nothing, to mix under and over.

A pulse train with the melody of a sentence through three formants that glide from vowel to vowel, a little breath, and
a pause after each phrase. Made up for this project; nobody speaks here. The same bytes for the same numpy.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

RATE = 16000
SEED = 5
# The first three formants of some vowels in Hz, near the means of Peterson and Barney (JASA 24, 1952) for men.
VOWELS = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (530, 1840, 2480),
    (570, 840, 2410),
    (300, 870, 2240),
    (660, 1720, 2410),
)
BANDWIDTHS = (80, 100, 150)
PHRASES = ((9, 0.9), (6, 0.7), (11, 1.6), (8, 0.8), (7, 0.4))  # syllables, and the pause after them in seconds


def resonance(line: np.ndarray, hz: np.ndarray, width: float) -> np.ndarray:
    """A two-pole resonance whose frequency moves."""
    radius = np.exp(-np.pi * width / RATE)
    turn = 2 * radius * np.cos(2 * np.pi * hz / RATE)
    out = np.zeros(len(line) + 2)
    for at in range(len(line)):
        out[at + 2] = (1 - radius) * line[at] + turn[at] * out[at + 1] - radius**2 * out[at]
    return out[2:]


def phrase(syllables: int, rng: np.random.Generator) -> np.ndarray:
    """Some syllables in one breath: the melody falls, the vowels glide, each syllable swells and dies."""
    lengths = rng.uniform(0.13, 0.24, syllables)
    edges = np.concatenate([[0.0], np.cumsum(lengths)])
    time = np.arange(int(edges[-1] * RATE)) / RATE
    middles = (edges[:-1] + edges[1:]) / 2
    pitch = np.interp(time, middles, np.linspace(128, 92, syllables) + rng.uniform(-9, 14, syllables))
    phase = np.cumsum(pitch) / RATE
    pulses = np.diff(np.floor(phase), prepend=0.0) - pitch / RATE
    breath = 0.05 * rng.standard_normal(len(time))
    swell = np.interp(time, np.sort(np.concatenate([edges, middles])), [0.05, 1.0] * syllables + [0.02])
    line: np.ndarray = (pulses + breath) * swell * np.minimum(1, np.minimum(time, time[-1] - time) * 20)
    line = resonance(line, np.full(len(line), 60.0), 350)  # a glottis: softer by 12 dB with every octave
    chosen = np.array(VOWELS)[rng.integers(0, len(VOWELS), syllables)]
    for number, width in enumerate(BANDWIDTHS):
        line = 0.4 * line + 4 * resonance(line, np.interp(time, middles, chosen[:, number]), width)
    return line


def main() -> None:
    rng = np.random.default_rng(SEED)
    pieces = []
    for syllables, pause_s in PHRASES:
        pieces += [phrase(syllables, rng), np.zeros(int(pause_s * RATE))]
    voice = np.concatenate(pieces)
    voice *= 0.5 / np.abs(voice).max()
    path = Path(__file__).parent.parent / "scenes" / "sounds" / "narrator.flac"
    soundfile.write(path, voice, RATE, subtype="PCM_16")
    print(f"{path}: {len(voice) / RATE:.1f} s, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
