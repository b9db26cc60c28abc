"""From logits to codes, each row with its own parameters and its own rng.

The rngs are CPU generators, one a take: what a take draws depends neither on its batch nor on the device. Codes are
sampled by an exponential race and not by inverting the cumulative distribution: when a batch of another shape changes
the last bits of the logits, the inversion moves ten times as many draws to another code as the race does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from scenebuild.engines import Action

MIN_DRAW = 2.0**-25  # half a step of torch.rand: a draw of 0 would give an infinite waiting time


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """The sampling parameters of B takes, a tensor (B, 1, 1) each."""

    temperature: Tensor
    top_k: Tensor
    top_p: Tensor  # 1: no limit
    cfg: Tensor

    @classmethod
    def of(cls, actions: Sequence[Action], codes: int, device: torch.device) -> SamplingParams:
        """Those of these actions, for a codebook of that many codes."""

        def column(values: Sequence[float | int], dtype: torch.dtype) -> Tensor:
            return torch.tensor(values, dtype=dtype, device=device)[:, None, None]

        return cls(
            column([float(action.temperature or 1.0) for action in actions], torch.float32),
            column([min(action.top_k or codes, codes) for action in actions], torch.int64),
            column([float(action.top_p or 1.0) for action in actions], torch.float32),
            column([1.0 if action.cfg is None else float(action.cfg) for action in actions], torch.float32),
        )


def draw(generators: Sequence[torch.Generator], codebooks: int, codes: int) -> Tensor:
    """One number in [0, 1) for each take, codebook and code, (B, K, V), on the CPU: the same stream on any machine."""
    return torch.stack([torch.rand(codebooks, codes, generator=generator) for generator in generators])


def sample(with_prompt: Tensor, without: Tensor, params: SamplingParams, draws: Tensor) -> Tensor:
    """Codes (B, K) from logits and draws (B, K, V).

    An exponential race: each code waits for a time of the rate of its probability, and the first one is taken.
    """
    waiting = -torch.log(draws.clamp(min=MIN_DRAW))
    return (filtered(with_prompt, without, params) / waiting).argmax(dim=-1)


def filtered(with_prompt: Tensor, without: Tensor, params: SamplingParams) -> Tensor:
    """The probability of each code, (B, K, V), zero where top_k or top_p exclude it; the sum may be less than 1.

    Guidance: Ho & Salimans, "Classifier-Free Diffusion Guidance", 2022, as ``without + cfg (with - without)``.
    """
    logits = without + params.cfg * (with_prompt - without)
    probabilities = torch.softmax(logits / params.temperature, dim=-1)
    return torch.where(probabilities >= _threshold(probabilities, params), probabilities, 0.0)


def _threshold(probabilities: Tensor, params: SamplingParams) -> Tensor:
    """The least probability that is not excluded, (B, K, 1): of the ``top_k`` largest, and of those up to ``top_p``.

    audiocraft ignores top_k where there is a top_p. Here both apply, because both are in the scene and in the key.
    """
    ranked = probabilities.sort(dim=-1, descending=True).values
    before = ranked.cumsum(dim=-1) - ranked
    by_p = (before <= params.top_p).sum(dim=-1, keepdim=True)
    return ranked.gather(-1, torch.minimum(by_p, params.top_k) - 1)
