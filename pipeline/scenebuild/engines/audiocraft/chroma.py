"""The melody of a recording as a melody model hears it: which pitch class is the strongest at each time.

audiocraft's ``ChromaExtractor``, and what its ``ChromaStemConditioner`` does around it, with two differences. The
filters of the pitch classes are computed here, without librosa. The recording is taken as it is: audiocraft first takes
drums and bass out of it (demucs), here they are part of the chroma.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from scenebuild.engines.audiocraft.configuration import Chroma

A_HZ = 440.0 / 16  # the A whose octave is number 0
CENTRE_OCTAVE, OCTAVES_WIDE = 5.0, 2.0  # of the Gaussian that weighs the octaves; librosa's defaults
LEAST = 1e-6  # a norm below it is that


class ChromaExtractor:
    """One model's chroma, ``(frames, bins)`` with as many frames as its window has, whatever the recording lasts."""

    def __init__(self, settings: Chroma, window_s: float) -> None:
        from torchaudio.transforms import Spectrogram

        self._settings = settings
        self._filters = pitch_classes(settings.sample_rate, settings.fft_frames, settings.bins)
        self._spectrogram = Spectrogram(
            n_fft=settings.fft_frames,
            win_length=settings.window_frames,
            hop_length=settings.hop_frames,
            power=2,
            normalized=True,
        )
        self.sample_rate = settings.sample_rate
        self.window = int(window_s * settings.sample_rate)  # samples
        self.frames = len(self._of(torch.zeros(self.window)))

    def whole(self, melody: Tensor | None) -> Tensor:
        """Of a melody (samples,) for a take that one pass makes: from its beginning, repeated to the window's length.

        None is no melody, which audiocraft tells a model as one sample of silence.
        """
        found = self._of(torch.zeros(1) if melody is None else melody)
        return found.repeat(math.ceil(self.frames / len(found)), 1)[: self.frames]

    def part(self, melody: Tensor, start: int) -> Tensor:
        """Of a melody (samples,) that is repeated for ever, for the pass that begins at the sample ``start``."""
        places = torch.arange(start, start + self.window) % len(melody)
        return self._of(melody[places])[: self.frames]

    def _of(self, samples: Tensor) -> Tensor:
        missing = self._settings.fft_frames - len(samples)
        if missing > 0:
            samples = functional.pad(samples, (missing // 2, missing - missing // 2))
        strength = torch.einsum("cf,ft->tc", self._filters, self._spectrogram(samples))
        strength = functional.normalize(strength, p=math.inf, dim=1, eps=LEAST)
        if not self._settings.argmax:
            return strength
        return functional.one_hot(strength.argmax(dim=1), self._settings.bins).float()


def pitch_classes(sample_rate: int, fft_frames: int, bins: int) -> Tensor:
    """The weights (bins, fft_frames // 2 + 1) of the frequencies of a spectrum in the pitch classes from C on.

    Each frequency counts to the classes near it by a Gaussian as wide as the distance to the next frequency, at least
    a class; a Gaussian over octaves prefers the middle ones. D. Ellis, "Chroma feature analysis and synthesis", 2007;
    equal to ``librosa.filters.chroma(tuning=0)``.
    """
    hz = torch.arange(1, fft_frames, dtype=torch.float64) * sample_rate / fft_frames
    pitch = bins * torch.log2(hz / A_HZ)  # in classes
    pitch = torch.cat([pitch[:1] - 1.5 * bins, pitch])  # 0 Hz: an octave and a half below the first
    width = torch.cat([pitch.diff().clamp(min=1.0), torch.ones(1, dtype=torch.float64)])
    half = round(bins / 2)
    distance = (pitch - torch.arange(bins)[:, None] + half + 10 * bins) % bins - half
    weights = functional.normalize(torch.exp(-0.5 * (2 * distance / width) ** 2), p=2, dim=0)
    weights = weights * torch.exp(-0.5 * ((pitch / bins - CENTRE_OCTAVE) / OCTAVES_WIDE) ** 2)
    return weights.roll(-3 * (bins // 12), dims=0)[:, : fft_frames // 2 + 1].float()
