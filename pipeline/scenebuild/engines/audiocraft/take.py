"""A take in progress, and how a take that is longer than the model's window is divided into passes.

The model was trained on a window of fixed length. A longer take slides: each further pass conditions on the end of the
codes that exist and adds ``stride`` codec frames, as audiocraft's ``extend_stride`` does.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from scenebuild.engines import Action


@dataclass(slots=True)
class TakeProgress:
    """The codes of a take so far. It holds whole passes only, so that an interrupted pass can be repeated."""

    index: int  # of its request
    action: Action
    length: int  # codec frames of the finished take
    rng: torch.Generator
    codes: Tensor  # (K, codec frames so far), on the CPU

    @property
    def is_done(self) -> bool:
        """Whether all codec frames exist."""
        return int(self.codes.shape[1]) >= self.length


@dataclass(frozen=True, slots=True)
class TakePass:
    """One pass of a take, in codec frames of the take."""

    start: int
    known: int  # codec frames that the pass begins with
    length: int  # codec frames at the end of the pass, the known ones included


@dataclass(frozen=True, slots=True)
class PassSchedule:
    """How a model's codes are laid out in steps and passes."""

    delays: tuple[int, ...]  # of each codebook, in steps
    window: int  # codec frames of one pass
    stride: int  # codec frames that each further pass adds

    def next_pass(self, take: TakeProgress) -> TakePass:
        """The first pass fills the window; each further one keeps its end and adds a stride, or what is missing."""
        have = int(take.codes.shape[1])
        if not have:
            return TakePass(0, 0, min(take.length, self.window))
        known = self.window - self.stride
        start = have - known
        return TakePass(start, known, min(take.length - start, self.window))
