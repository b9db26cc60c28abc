"""What stands before the codes in a model that has its conditions there: the melody's chroma, then the prompt.

audiocraft prepends both also where there are none: no melody is the chroma of silence, no prompt are zeros in the
prompt's length. So the rows with the prompt and those without have prefixes of one length.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from scenebuild.engines.audiocraft.chroma import ChromaExtractor
from scenebuild.engines.audiocraft.language import LanguageModel


@dataclass(frozen=True, slots=True)
class Melody:
    """The recording whose melody a take follows, (samples,) at the rate of the model's chroma."""

    samples: Tensor
    repeats: bool  # of a take that is longer than the model's window: each pass hears its own part


class Prefixes:
    """The prefixes of one model."""

    def __init__(self, model: LanguageModel, frame_rate: float, device: torch.device) -> None:
        sizes = model.dimensions
        self._projection = model.melody_projection
        self._frame_rate = frame_rate  # codec frames a second
        self._device = device
        self.chroma = ChromaExtractor(sizes.chroma, sizes.window_s) if sizes.chroma else None

    def length(self, prompt: Tensor) -> int:
        """How many steps the prefix of a take with that prompt (T, C) has."""
        return len(prompt) + (self.chroma.frames if self.chroma else 0)

    def of(self, prompt: Tensor, melody: Melody | None, start: int) -> Tensor:
        """(2, P, C), with the prompt and without, for a pass that begins at the codec frame ``start`` of its take."""
        with_prompt, without = [prompt], [torch.zeros_like(prompt)]
        if self.chroma is not None:
            without.insert(0, self._embedded(self.chroma.whole(None)))
            heard = without[0] if melody is None else self._embedded(self._heard(self.chroma, melody, start))
            with_prompt.insert(0, heard)
        return torch.stack([torch.cat(with_prompt), torch.cat(without)])

    def _heard(self, chroma: ChromaExtractor, melody: Melody, start: int) -> Tensor:
        if not melody.repeats:
            return chroma.whole(melody.samples)
        return chroma.part(melody.samples, int(start / self._frame_rate * chroma.sample_rate))

    def _embedded(self, chroma: Tensor) -> Tensor:
        """(frames, C) from (frames, bins), computed where the weights lie in fp32."""
        weight, bias = self._projection or (torch.empty(0), torch.empty(0))
        return functional.linear(chroma.to(self._device), weight, bias)
