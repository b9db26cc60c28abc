"""From logits to codes, each row by its own wishes and its own dice.

The dice are CPU generators, one a take: what a take draws depends neither on its neighbours nor on the device. Codes
are drawn by a race among all of them and not by a place on a line of sums: when a batch of another shape changes the
last bits of the logits, the line moves ten times as many draws to another code as the race does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from scenebuild.engines import Action

LEAST_DRAW = 2.0**-25  # half a step of torch.rand: a draw of 0 would wait for ever


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """The sampling of B takes, a tensor (B, 1, 1) for each parameter."""

    temperature: Tensor
    top_k: Tensor
    top_p: Tensor  # 1: only top_k counts
    cfg: Tensor

    @classmethod
    def of(cls, actions: Sequence[Action], codes: int, device: torch.device) -> SamplingParams:
        """The wishes of these actions over a codebook of that size."""

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


def sample(with_prompt: Tensor, without: Tensor, wishes: SamplingParams, draws: Tensor) -> Tensor:
    """Codes (B, K) from logits and draws (B, K, V).

    A race: each code has an exponential waiting time, the shorter the more probable it is, and the first one wins.
    """
    waiting = -torch.log(draws.clamp(min=LEAST_DRAW))
    return (kept(with_prompt, without, wishes) / waiting).argmax(dim=-1)


def kept(with_prompt: Tensor, without: Tensor, wishes: SamplingParams) -> Tensor:
    """How probable each code is, (B, K, V), zero where top_k or top_p leave it out; the sum may be less than 1.

    Guidance: Ho & Salimans, "Classifier-Free Diffusion Guidance", 2022, as ``without + cfg (with - without)``.
    """
    logits = without + wishes.cfg * (with_prompt - without)
    probabilities = torch.softmax(logits / wishes.temperature, dim=-1)
    return torch.where(probabilities >= _threshold(probabilities, wishes), probabilities, 0.0)


def _threshold(probabilities: Tensor, wishes: SamplingParams) -> Tensor:
    """The least probability that is still kept, (B, K, 1): among the ``top_k`` largest, and those up to ``top_p``.

    audiocraft forgets top_k where there is a top_p. Here both count, as both are written in the scene and in the key.
    """
    ranked = probabilities.sort(dim=-1, descending=True).values
    before = ranked.cumsum(dim=-1) - ranked
    by_p = (before <= wishes.top_p).sum(dim=-1, keepdim=True)
    return ranked.gather(-1, torch.minimum(by_p, wishes.top_k) - 1)
