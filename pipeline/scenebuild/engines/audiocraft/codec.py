"""From codes to samples by EnCodec, and from samples to codes, in memory that does not grow with the length of a take.

The decoder is a small recurrent part, which needs the whole take, and transposed convolutions, whose receptive field is
a few codec frames to each side. The convolutions run over pieces that overlap by more than that field, so that the
pieces together equal the result of one pass. The encoder is the same in the other order. Each half is loaded when it is
first needed: takes from a prompt alone need no encoder.
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
from scenebuild.errors import EngineError

PIECE = 1000  # codec frames of one pass of the convolutions: 20 s
OVERLAP = 16  # codec frames on each side; the receptive field is less than 8


class Codec:
    """EnCodec. The weights of its decoder stay once loaded; those of its encoder are dropped by ``forget_encoder``."""

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
        return to_full_scale(self.raw(codes, frames))

    def raw(self, codes: Tensor, frames: int) -> NDArray[np.float32]:
        """``decode`` as the codec has it, which may exceed full scale."""
        sides = (codes[0::2], codes[1::2]) if self._stereo else (codes,)
        samples = torch.cat([self._waveform(side)[:, :frames] for side in sides])  # (channels, frames)
        return np.ascontiguousarray(samples.numpy().T)

    def encode(self, samples: NDArray[np.float32]) -> Tensor:
        """Codes (K, codec frames) of samples (frames, channels) at the codec's rate, on the CPU. The last codec frame
        may hold fewer samples than a whole one."""
        if samples.shape[1] != self.channels:
            raise ValueError(f"the codec takes {self.channels} channels, not {samples.shape[1]}")
        sides = [self._codes(torch.from_numpy(side.copy())) for side in samples.T]
        return torch.stack(sides, dim=1).flatten(0, 1)  # those of left and right take turns

    def forget_encoder(self) -> None:
        """Give the encoder's memory back."""
        self.__dict__.pop("_encoding", None)

    def _codes(self, samples: Tensor) -> Tensor:
        """(codebooks of a channel, codec frames) of one channel's (frames,)."""
        convolutions, rest = _halves(self._encoding.encoder.model, recurrent_first=False)
        length = self.codec_frames(len(samples))
        latent = torch.cat([self._encoded(convolutions, samples, *span) for span in _pieces(length)], dim=-1)
        codes: Tensor = self._encoding.quantizer.encode(rest(latent))
        return codes[0].cpu()

    def _encoded(
        self, convolutions: nn.Module, samples: Tensor, first: int, start: int, stop: int, last: int
    ) -> Tensor:
        piece = samples[first * self.hop : last * self.hop].to(self._device)
        latent: Tensor = convolutions(piece[None, None])
        return latent[:, :, start - first : stop - first]

    def _waveform(self, codes: Tensor) -> Tensor:
        """(channels, codec frames * hop) on the CPU."""
        latent = self._module.decode_latent(codes[None].to(self._device))
        recurrent, upsampling = _halves(self._module.decoder.model, recurrent_first=True)
        latent = recurrent(latent)
        return torch.cat([self._piece(upsampling, latent, *span) for span in _pieces(latent.shape[-1])], dim=-1)

    def _piece(self, upsampling: nn.Module, latent: Tensor, first: int, start: int, stop: int, last: int) -> Tensor:
        samples = upsampling(latent[:, :, first:last])[0]
        return samples[:, (start - first) * self.hop : (stop - first) * self.hop].cpu()

    @functools.cached_property
    def _module(self) -> Any:
        return load_codec(self._checkpoint, self._device)

    @functools.cached_property
    def _encoding(self) -> Any:
        module = load_codec(self._checkpoint, self._device, "encoder")
        if module.renormalize:
            raise EngineError(f"{self._checkpoint.path} normalises what it encodes; no model goes on from such codes")
        return module


def to_full_scale(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same samples, scaled down where their peak is over full scale."""
    peak = float(np.abs(samples).max(initial=0.0))
    return samples / np.float32(peak) if peak > 1.0 else samples


def _halves(layers: nn.Sequential, *, recurrent_first: bool) -> tuple[nn.Sequential, nn.Sequential]:
    """The layers before and behind where the recurrent one ends, or begins; without one, all are convolutions."""
    places = [number for number, layer in enumerate(layers) if _is_recurrent(layer)]
    split = max(places, default=-1) + 1 if recurrent_first else min(places, default=len(layers))
    return layers[:split], layers[split:]


def _is_recurrent(layer: nn.Module) -> bool:
    return any(isinstance(part, nn.RNNBase) for part in layer.modules())


def _pieces(length: int) -> Iterator[tuple[int, int, int, int]]:
    """Spans (first input, first output, end of output, end of input) whose outputs hold every codec frame once."""
    for start in range(0, length, PIECE):
        stop = min(start + PIECE, length)
        yield max(0, start - OVERLAP), start, stop, min(stop + OVERLAP, length)
