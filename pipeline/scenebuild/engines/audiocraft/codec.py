"""From codes to samples by EnCodec's decoder, in memory that does not grow with the length of a take.

The decoder is a small recurrent part, which sees the whole take, and convolutions that widen it to samples, which see
a few moments to each side. The convolutions run over pieces that overlap by more than they see, so that the pieces
put together are what one pass would give.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from scenebuild.engines.audiocraft.checkpoint import Checkpoint, load_codec

PIECE = 1000  # moments of one pass of the convolutions: 20 s
OVERLAP = 16  # moments on each side; the convolutions see fewer than 8


class Codec:
    """EnCodec as far as it is needed to hear codes. Its weights are loaded when the first take is heard."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device, *, stereo: bool) -> None:
        config = checkpoint.config
        self._checkpoint = checkpoint
        self._device = device
        self._stereo = stereo
        self.sample_rate = int(config.sample_rate)
        self.channels = 2 if stereo else int(config.channels)
        self.hop = math.prod(int(ratio) for ratio in config.seanet.ratios)  # samples a moment

    def moments_of(self, frames: int) -> int:
        """How many moments give at least these many frames."""
        return -(-frames // self.hop)

    def decode(self, codes: Tensor, frames: int) -> NDArray[np.float32]:
        """Samples (frames, channels) from codes (K, moments). What peaks over full scale is brought down to it."""
        sides = (codes[0::2], codes[1::2]) if self._stereo else (codes,)
        samples = torch.cat([self._waveform(side)[:, :frames] for side in sides])  # (channels, frames)
        peak = float(samples.abs().max())
        if peak > 1.0:
            samples = samples / peak
        return np.ascontiguousarray(samples.numpy().T)

    def _waveform(self, codes: Tensor) -> Tensor:
        """(channels, moments * hop) on the CPU."""
        latent = self._module.decode_latent(codes[None].to(self._device))
        recurrent, widening = _halves(self._module.decoder.model)
        latent = recurrent(latent)
        return torch.cat([self._piece(widening, latent, *span) for span in _pieces(latent.shape[-1])], dim=-1)

    def _piece(self, widening: nn.Module, latent: Tensor, first: int, start: int, stop: int, last: int) -> Tensor:
        wide = widening(latent[:, :, first:last])[0]
        return wide[:, (start - first) * self.hop : (stop - first) * self.hop].cpu()

    @functools.cached_property
    def _module(self) -> Any:
        return load_codec(self._checkpoint, self._device)


def _halves(layers: nn.Sequential) -> tuple[nn.Sequential, nn.Sequential]:
    """The layers up to the recurrent one, and those after it; without one, all are convolutions."""
    split = max((number + 1 for number, layer in enumerate(layers) if _is_recurrent(layer)), default=0)
    return layers[:split], layers[split:]


def _is_recurrent(layer: nn.Module) -> bool:
    return any(isinstance(part, nn.RNNBase) for part in layer.modules())


def _pieces(moments: int) -> Iterator[tuple[int, int, int, int]]:
    """Spans (first seen, first kept, end of kept, end of seen) that together keep every moment once."""
    for start in range(0, moments, PIECE):
        stop = min(start + PIECE, moments)
        yield max(0, start - OVERLAP), start, stop, min(stop + OVERLAP, moments)
