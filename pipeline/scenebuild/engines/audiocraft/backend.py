"""What the decoder computes with: the weights as a backend wants them, a past of keys and values, and the layers.

Two fill the protocol: ``kernel_backend`` runs ``kernels.cpp`` on a CPU, ``torch_backend`` torch's own operations, on a
GPU and where there is no compiler. Rows are flat: P places, each with the same number of steps, one after the other.

M: rows, C: width of the model, H: heads, D: width of a head, L: positions that a place has room for
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

Precision = Literal["fp32", "fp16", "bf16", "int8"]

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
EPSILON = 1e-5  # of a layer norm, torch's


@dataclass(frozen=True, slots=True)
class Matrix:
    """The weights of a linear layer without bias, ``(outputs, inputs)``, as a backend wants them to lie."""

    kind: Precision
    outputs: int
    inputs: int
    data: Any  # Tensor; or what torch packs bytes into
    scales: Tensor | None = None  # of each output's bytes
    sums: Tensor | None = None  # of each output's bytes


@dataclass(frozen=True, slots=True)
class Norm:
    """A layer norm: (C,) each."""

    weight: Tensor
    bias: Tensor


@dataclass(frozen=True, slots=True)
class TransformerLayer:
    """One layer of the transformer."""

    norm_past: Norm
    norm_text: Norm
    norm_wide: Norm
    query_key_value: Matrix
    past_out: Matrix
    text_query: Matrix
    text_key_value: Matrix
    text_out: Matrix
    widen: Matrix
    narrow: Matrix


@dataclass(frozen=True, slots=True)
class KVCache:
    """Keys and values of all places, for one layer."""

    keys: Tensor
    values: Tensor
    heads: int
    width: int
    room: int  # positions


@dataclass(frozen=True, slots=True)
class RowSlots:
    """Which place each row belongs to, and how many of its positions it attends to, the last one being its own."""

    places: Tensor  # int32 (M,)
    lengths: Tensor  # int32 (M,)
    steps: int  # rows of a place
    longest: int  # no length is larger


class Backend(Protocol):
    """The arithmetic of a step."""

    device: torch.device
    name: str  # for the record of a take
    layout: str | None  # how its matrices lie, where that is worth a file of its own
    independent: bool  # a row's result is the same, to the bit, whatever other rows there are
    static: bool  # wants the same places in each step

    def matrix(self, weight: Tensor, *, every_step: bool) -> Matrix:
        """Weights (outputs, inputs) as this backend wants them; ``every_step``: read in each step of a take."""
        ...

    def past(self, places: int, heads: int, width: int, room: int) -> KVCache:
        """An empty past."""
        ...

    def remember(self, past: KVCache, keys: Tensor, values: Tensor, rows: RowSlots) -> None:
        """Put keys and values (M, C) in their places."""
        ...

    def layers(
        self,
        hidden: Tensor,
        layers: Sequence[TransformerLayer],
        past: Sequence[KVCache],
        text: Sequence[KVCache],
        rows: RowSlots,
        asking: RowSlots,
    ) -> Tensor:
        """All layers of the transformer over (M, C); the rows with a prompt come first, ``asking`` has only those."""
        ...

    def norm(self, x: Tensor, norm: Norm) -> Tensor:
        """Each row of (M, C) normalised."""
        ...

    def linear(self, x: Tensor, weight: Matrix) -> Tensor:
        """``x @ weight.T``, (M, outputs)."""
        ...


def byte_scales(weight: Tensor) -> Tensor:
    """What one step of a byte is worth, for each output of (outputs, inputs): its largest weight becomes 127."""
    return (weight.float().abs().amax(dim=1) / 127).clamp(min=torch.finfo(torch.float32).tiny)


def narrowest(weight: Tensor) -> Precision:
    """The smallest type that holds every weight exactly: published checkpoints hold halves, however they are typed."""
    kinds: tuple[Precision, ...] = ("fp16", "bf16")
    for kind in kinds:
        if torch.equal(weight.to(DTYPES[kind]).float(), weight.float()):
            return kind
    return "fp32"
