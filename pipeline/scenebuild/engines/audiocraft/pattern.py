"""The delay pattern: codebook k of a codec frame is sampled ``delays[k]`` steps later, so that one step gives K codes.

Copet et al., "Simple and Controllable Music Generation", 2023, figure 1. With delays 0, 1, 2 and four codec frames:

    step       0  1  2  3  4  5  6
    codebook 0 S  0  1  2  3  S  S
    codebook 1 S  S  0  1  2  3  S
    codebook 2 S  S  S  0  1  2  3

S is a code that means 'none'. The first step is S alone; it is what the model starts from.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

UNKNOWN = -1  # a code that is still to be decided


def steps_of(length: int, delays: Sequence[int]) -> int:
    """How many steps that many codec frames take, the first one included."""
    return 1 + length + max(delays)


def interleave(codes: Tensor, delays: Sequence[int], none: int, steps: int) -> Tensor:
    """Codes (K, codec frames) as a sequence (K, steps)."""
    sequence = torch.full((len(delays), steps), none, dtype=codes.dtype)
    for k, delay in enumerate(delays):
        sequence[k, 1 + delay : 1 + delay + codes.shape[1]] = codes[k]
    return sequence


def deinterleave(sequence: Tensor, delays: Sequence[int], length: int) -> Tensor:
    """The inverse: codes (K, codec frames) from a sequence (K, steps)."""
    return torch.stack([sequence[k, 1 + delay : 1 + delay + length] for k, delay in enumerate(delays)])
