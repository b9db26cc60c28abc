"""From codes to samples by EnCodec's decoder, in memory that does not grow with the length of a take.

The decoder is a small recurrent part, which needs the whole take, and transposed convolutions, whose receptive field is
a few codec frames to each side. The convolutions run over pieces that overlap by more than that field, so that the
pieces together equal the result of one pass.
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

PIECE = 1000  # codec frames of one pass of the convolutions: 20 s
OVERLAP = 16  # codec frames on each side; the receptive field is less than 8


class Codec:
    """The decoder of EnCodec. Its weights are loaded when the first take is decoded."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device, *, stereo: bool) -> None:
        config = checkpoint.config
        self._checkpoint = checkpoint
        self._device = device
        self._stereo = stereo
        self.sample_rate = int(config.sample_rate)
        self.channels = 2 if stereo else int(config.channels)
        self.hop = math.prod(int(ratio) for ratio in config.seanet.ratios)  # samples a codec frame

    def codec_frames(self, frames: int) -> int:
        """How many codec frames give at least that many frames of samples."""
        return -(-frames // self.hop)

    def decode(self, codes: Tensor, frames: int) -> NDArray[np.float32]:
        """Samples (frames, channels) from codes (K, codec frames), scaled down to full scale where they exceed it."""
        sides = (codes[0::2], codes[1::2]) if self._stereo else (codes,)
        samples = torch.cat([self._waveform(side)[:, :frames] for side in sides])  # (channels, frames)
        peak = float(samples.abs().max())
        if peak > 1.0:
            samples = samples / peak
        return np.ascontiguousarray(samples.numpy().T)

    def _waveform(self, codes: Tensor) -> Tensor:
        """(channels, codec frames * hop) on the CPU."""
        latent = self._module.decode_latent(codes[None].to(self._device))
        recurrent, upsampling = _halves(self._module.decoder.model)
        latent = recurrent(latent)
        return torch.cat([self._piece(upsampling, latent, *span) for span in _pieces(latent.shape[-1])], dim=-1)

    def _piece(self, upsampling: nn.Module, latent: Tensor, first: int, start: int, stop: int, last: int) -> Tensor:
        samples = upsampling(latent[:, :, first:last])[0]
        return samples[:, (start - first) * self.hop : (stop - first) * self.hop].cpu()

    @functools.cached_property
    def _module(self) -> Any:
        return load_codec(self._checkpoint, self._device)


def _halves(layers: nn.Sequential) -> tuple[nn.Sequential, nn.Sequential]:
    """The layers up to the recurrent one, and those after it; without one, all are convolutions."""
    split = max((number + 1 for number, layer in enumerate(layers) if _is_recurrent(layer)), default=0)
    return layers[:split], layers[split:]


def _is_recurrent(layer: nn.Module) -> bool:
    return any(isinstance(part, nn.RNNBase) for part in layer.modules())


def _pieces(length: int) -> Iterator[tuple[int, int, int, int]]:
    """Spans (first input, first output, end of output, end of input) whose outputs hold every codec frame once."""
    for start in range(0, length, PIECE):
        stop = min(start + PIECE, length)
        yield max(0, start - OVERLAP), start, stop, min(stop + OVERLAP, length)
