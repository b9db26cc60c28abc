"""The arithmetic of the decoder: weights in a backend's layout, the KV caches, and the layers of the transformer.

Two backends satisfy the protocol: ``kernel_backend`` runs ``kernels.cpp`` on a CPU; ``torch_backend`` runs torch's own
operations on a GPU, and where there is no compiler. A batch is flat rows: the steps of one slot, then of the next.

M: rows, C: width of the model, H: attention heads, D: width of a head, L: positions that a slot of a cache holds
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
    """The weights of a linear layer without bias, ``(outputs, inputs)``, in the layout of a backend."""

    kind: Precision
    outputs: int
    inputs: int
    data: Any  # Tensor; or torch's packed int8 weights
    scales: Tensor | None = None  # int8: of each output
    sums: Tensor | None = None  # int8: the sum of each output's weights


@dataclass(frozen=True, slots=True)
class Norm:
    """A layer norm: (C,) each."""

    weight: Tensor
    bias: Tensor


@dataclass(frozen=True, slots=True)
class CrossAttention:
    """The part of a layer that attends to the prompt."""

    norm: Norm
    query: Matrix
    key_value: Matrix
    out: Matrix


@dataclass(frozen=True, slots=True)
class TransformerLayer:
    """Self-attention, cross-attention to the prompt, feed-forward; each behind its layer norm."""

    self_norm: Norm
    ffn_norm: Norm
    self_qkv: Matrix
    self_out: Matrix
    ffn_up: Matrix
    ffn_down: Matrix
    cross: CrossAttention | None  # None: the prompt stands before the codes


@dataclass(frozen=True, slots=True)
class KVCache:
    """Keys and values of all slots, for one layer."""

    keys: Tensor
    values: Tensor
    heads: int
    head_dim: int
    capacity: int  # positions of a slot


@dataclass(frozen=True, slots=True)
class RowSlots:
    """The slot of each row, and how many of its positions the row attends to, its own being the last."""

    slots: Tensor  # int32 (M,)
    lengths: Tensor  # int32 (M,)
    steps: int  # rows of a slot
    max_length: int  # at least the largest of the lengths
    in_order: bool = False  # known to be all slots of the cache, in their order


class Backend(Protocol):
    """The arithmetic of a step."""

    device: torch.device
    name: str  # for the record of a take
    layout: str | None  # of its matrices, where it is worth a file of converted weights
    independent: bool  # a row's result has the same bits whatever the other rows are
    static: bool  # wants the same slots in each step

    def matrix(self, weight: Tensor, *, every_step: bool) -> Matrix:
        """Weights (outputs, inputs) in this backend's layout; ``every_step``: they are read in each step of a take."""
        ...

    def kv_cache(self, slots: int, heads: int, head_dim: int, capacity: int) -> KVCache:
        """An empty cache."""
        ...

    def store(self, cache: KVCache, keys: Tensor, values: Tensor, rows: RowSlots) -> None:
        """Write keys and values (M, C) to the last position of each row."""
        ...

    def copy(self, cache: KVCache, source: int, slot: int, length: int) -> None:
        """Copy the first ``length`` positions of a slot into another slot."""
        ...

    def layers(
        self,
        hidden: Tensor,
        layers: Sequence[TransformerLayer],
        self_caches: Sequence[KVCache],
        cross_caches: Sequence[KVCache],
        rows: RowSlots,
        cross_rows: RowSlots,
    ) -> Tensor:
        """All layers over (M, C). ``cross_rows``: the rows with a prompt, which come first; the others skip the
        cross-attention."""
        ...

    def norm(self, x: Tensor, norm: Norm) -> Tensor:
        """The layer norm of each row of (M, C)."""
        ...

    def linear(self, x: Tensor, weight: Matrix) -> Tensor:
        """``x @ weight.T``, (M, outputs)."""
        ...


def byte_scales(weight: Tensor) -> Tensor:
    """The int8 quantization step of each output of (outputs, inputs): its largest weight becomes 127."""
    return (weight.float().abs().amax(dim=1) / 127).clamp(min=torch.finfo(torch.float32).tiny)


def narrowest(weight: Tensor) -> Precision:
    """The smallest type that holds every weight exactly: published checkpoints hold halves, however they are typed."""
    kinds: tuple[Precision, ...] = ("fp16", "bf16")
    for kind in kinds:
        if torch.equal(weight.to(DTYPES[kind]).float(), weight.float()):
            return kind
    return "fp32"
