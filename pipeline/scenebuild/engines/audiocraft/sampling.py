"""From logits to codes, each row by its own wishes and its own dice.

The dice are CPU generators, one a take: what a take draws depends neither on its neighbours nor on the device. A code
is found by its place in the distribution, in the order of the codebook, so that logits which differ in the last bit
give the same code, unless the draw falls between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from scenebuild.engines import Action


@dataclass(frozen=True, slots=True)
class Wishes:
    """The sampling of B takes, a tensor (B, 1, 1) for each parameter."""

    temperature: Tensor
    top_k: Tensor
    top_p: Tensor  # 0: only top_k counts; above 0: only top_p counts, as in audiocraft
    cfg: Tensor

    @classmethod
    def of(cls, actions: Sequence[Action], codes: int, device: torch.device) -> Wishes:
        """The wishes of these actions over a codebook of that size."""

        def column(values: Sequence[float | int], dtype: torch.dtype) -> Tensor:
            return torch.tensor(values, dtype=dtype, device=device)[:, None, None]

        return cls(
            column([float(action.temperature or 1.0) for action in actions], torch.float32),
            column([min(action.top_k or codes, codes) for action in actions], torch.int64),
            column([float(action.top_p or 0.0) for action in actions], torch.float32),
            column([1.0 if action.cfg is None else float(action.cfg) for action in actions], torch.float32),
        )

    def keep(self, takes: Tensor) -> Wishes:
        """The wishes of these takes alone."""
        return Wishes(self.temperature[takes], self.top_k[takes], self.top_p[takes], self.cfg[takes])


def draw(generators: Sequence[torch.Generator], codebooks: int) -> Tensor:
    """One number in [0, 1) for each take and codebook, (B, K), on the CPU."""
    return torch.stack([torch.rand(codebooks, generator=generator) for generator in generators])


def sample(with_prompt: Tensor, without: Tensor, wishes: Wishes, draws: Tensor) -> Tensor:
    """Codes (B, K) from logits (B, K, V) and draws (B, K).

    Guidance: Ho & Salimans, "Classifier-Free Diffusion Guidance", as ``without + cfg (with - without)``.
    """
    logits = without + wishes.cfg * (with_prompt - without)
    probabilities = torch.softmax(logits / wishes.temperature, dim=-1)
    kept = torch.where(probabilities >= _threshold(probabilities, wishes), probabilities, 0.0)
    cumulated = kept.cumsum(dim=-1)
    place = draws[:, :, None] * cumulated[:, :, -1:]
    # A code of no probability repeats the sum before it: ``right`` steps over it.
    found = torch.searchsorted(cumulated, place, right=True)[:, :, 0]
    last = (kept > 0).long().mul(torch.arange(kept.shape[-1], device=kept.device)).amax(dim=-1)
    return torch.minimum(found, last)


def _threshold(probabilities: Tensor, wishes: Wishes) -> Tensor:
    """The least probability that is still kept, (B, K, 1)."""
    ranked = probabilities.sort(dim=-1, descending=True).values
    before = ranked.cumsum(dim=-1) - ranked
    by_p = (before <= wishes.top_p).sum(dim=-1, keepdim=True)
    count = torch.where(wishes.top_p > 0, by_p, wishes.top_k.expand_as(by_p))
    return ranked.gather(-1, count.clamp(min=1) - 1)
