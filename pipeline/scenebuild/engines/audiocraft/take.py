"""A take in progress, and how a take that is longer than the model's window is divided into passes.

The model was trained on a window of fixed length. A longer take slides: each further pass conditions on the end of the
codes that exist and adds ``stride`` codec frames, as audiocraft's ``extend_stride`` does.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from scenebuild.engines import Action
from scenebuild.engines.audiocraft.prefix import Melody
from scenebuild.engines.audiocraft.splice import Splice


@dataclass(slots=True)
class TakeProgress:
    """The codes of a take so far. It holds whole passes only, so that an interrupted pass can be repeated."""

    index: int  # of its request
    action: Action
    length: int  # codec frames of the finished take
    rng: torch.Generator
    codes: Tensor  # (K, codec frames so far), on the CPU
    splice: Splice | None = None  # of a take that has a sound before it is made
    melody: Melody | None = None
    warnings: tuple[str, ...] = ()

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
        """The first pass fills the window; each further one keeps its end and adds a stride, or what is missing.

        A take that goes on from a sound has its codes before the first pass, which then fills the rest of the window.
        """
        have = int(take.codes.shape[1])
        if have < self.window:
            return TakePass(0, have, min(take.length, self.window))
        known = self.window - self.stride
        start = have - known
        return TakePass(start, known, min(take.length - start, self.window))
