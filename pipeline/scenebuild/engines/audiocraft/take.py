"""A take on its way: what is decided of it, and what its next pass through the model's window will be.

A take that is longer than what the model was trained on slides: each further pass starts from the end of what is
there and adds ``stride`` moments, as audiocraft's ``extend_stride`` does.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from scenebuild.engines import Action


@dataclass(slots=True)
class TakeProgress:
    """Only whole passes are kept here, so that a pass can be begun again."""

    index: int  # of its request
    action: Action
    moments: int  # that it will have
    generator: torch.Generator
    codes: Tensor  # (K, moments so far), on the CPU

    @property
    def is_done(self) -> bool:
        """Whether every moment is there."""
        return int(self.codes.shape[1]) >= self.moments


@dataclass(frozen=True, slots=True)
class TakePass:
    """Where one pass of a take begins and ends, in moments of the take."""

    start: int
    prompt: int  # moments that are known already
    length: int  # moments that it has at its end, the known ones included


def next_pass(take: TakeProgress, window: int, stride: int) -> TakePass:
    """The first pass fills the window; each further one keeps its end and adds a stride, or what is missing."""
    have = int(take.codes.shape[1])
    if not have:
        return TakePass(0, 0, min(take.moments, window))
    prompt = window - stride
    start = have - prompt
    return TakePass(start, prompt, min(take.moments - start, window))
