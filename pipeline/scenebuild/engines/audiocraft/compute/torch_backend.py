"""torch's own operations: in half precision on a GPU, and on a CPU where there is no compiler.

This is also the readable form of a layer: ``kernels.cpp`` computes in one call what stands here step by step.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from scenebuild.engines.audiocraft.compute.backend import (
    DTYPES,
    EPSILON,
    CrossAttention,
    KVCache,
    Matrix,
    Norm,
    Precision,
    RowSlots,
    TransformerLayer,
    byte_scales,
)

FEW_ROWS = range(3, 65)  # for which MKL is quicker with the weights on the left; docs/performance.md


class TorchBackend:
    """Satisfies ``Backend``. On a GPU the shapes stay the same, so that a step can be captured."""

    layout: str | None = None
    independent = False

    def __init__(self, device: torch.device, precision: Precision) -> None:
        self.device = device
        self.static = device.type == "cuda"
        self.name = f"torch, {precision}"
        self._precision = precision
        self._cache_dtype = DTYPES.get(precision, torch.float32) if device.type == "cuda" else torch.float32

    def matrix(self, weight: Tensor, *, every_step: bool) -> Matrix:
        """As it is, in the precision's type; bytes as torch packs them."""
        outputs, inputs = weight.shape
        if self._precision == "int8" and every_step:
            zeros = torch.zeros(outputs, dtype=torch.int64)
            whole = torch.quantize_per_channel(weight.float(), byte_scales(weight).double(), zeros, 0, torch.qint8)
            return Matrix("int8", outputs, inputs, torch.ops.quantized.linear_prepack(whole, None))
        kind: Precision = "fp32" if self._precision == "int8" else self._precision
        return Matrix(kind, outputs, inputs, weight.to(device=self.device, dtype=DTYPES[kind]))

    def kv_cache(self, slots: int, heads: int, head_dim: int, capacity: int) -> KVCache:
        """Keys and values as (slots, H, L, D). They are zero, because masked values must be finite."""
        shape = (slots, heads, capacity, head_dim)
        keys, values = (torch.zeros(shape, dtype=self._cache_dtype, device=self.device) for _ in range(2))
        return KVCache(keys, values, heads, head_dim, capacity)

    def store(self, cache: KVCache, keys: Tensor, values: Tensor, rows: RowSlots) -> None:
        """See ``Backend``."""
        for cached, new in ((cache.keys, keys), (cache.values, values)):
            cached[rows.slots, :, rows.lengths - 1] = new.unflatten(1, (cache.heads, cache.head_dim)).to(cached.dtype)

    def copy(self, cache: KVCache, source: int, slot: int, length: int) -> None:
        """See ``Backend``."""
        for cached in (cache.keys, cache.values):
            cached[slot, :, :length] = cached[source, :, :length]

    def layers(
        self,
        hidden: Tensor,
        layers: Sequence[TransformerLayer],
        self_caches: Sequence[KVCache],
        cross_caches: Sequence[KVCache],
        rows: RowSlots,
        cross_rows: RowSlots,
    ) -> Tensor:
        """See ``Backend``. In place."""
        for layer, own, cross in zip(layers, self_caches, cross_caches, strict=True):
            self._self_attention(layer, hidden, own, rows)
            if layer.cross is not None:
                self._cross_attention(layer.cross, hidden[: len(cross_rows.slots)], cross, cross_rows)
            self._feed_forward(layer, hidden)
        return hidden

    def norm(self, x: Tensor, norm: Norm) -> Tensor:
        """See ``Backend``."""
        return functional.layer_norm(x, x.shape[-1:], norm.weight, norm.bias, EPSILON)

    def linear(self, x: Tensor, weight: Matrix) -> Tensor:
        """See ``Backend``."""
        if weight.kind == "int8":
            found: Tensor = torch.ops.quantized.linear_dynamic(x, weight.data)
            return found
        if weight.kind == "fp32" and x.device.type == "cpu" and len(x) in FEW_ROWS:
            return (weight.data @ x.T).T
        return functional.linear(x.to(weight.data.dtype), weight.data).to(x.dtype)

    def _self_attention(self, layer: TransformerLayer, hidden: Tensor, cache: KVCache, rows: RowSlots) -> None:
        projected = self.linear(self.norm(hidden, layer.self_norm), layer.self_qkv)
        query, key, value = projected.chunk(3, dim=1)
        self.store(cache, key, value, rows)
        hidden += self.linear(self._attend(query, cache, rows), layer.self_out)

    def _cross_attention(self, layer: CrossAttention, hidden: Tensor, cache: KVCache, rows: RowSlots) -> None:
        query = self.linear(self.norm(hidden, layer.norm), layer.query)
        hidden += self.linear(self._attend(query, cache, rows), layer.out)

    def _feed_forward(self, layer: TransformerLayer, hidden: Tensor) -> None:
        up = functional.gelu(self.linear(self.norm(hidden, layer.ffn_norm), layer.ffn_up))
        hidden += self.linear(up, layer.ffn_down)

    def _attend(self, query: Tensor, cache: KVCache, rows: RowSlots) -> Tensor:
        """The attention of each query (M, C) to the first ``rows.lengths`` positions of its slot."""
        heads = query.unflatten(0, (-1, rows.steps)).unflatten(2, (cache.heads, cache.head_dim)).transpose(1, 2)
        keys, values = (self._of(cached, rows) for cached in (cache.keys, cache.values))
        mask = torch.arange(rows.max_length, device=self.device) < rows.lengths.view(-1, 1, rows.steps, 1)
        found = functional.scaled_dot_product_attention(heads.to(keys.dtype), keys, values, attn_mask=mask)
        return found.transpose(1, 2).flatten(0, 1).flatten(1).to(query.dtype)

    def _of(self, cached: Tensor, rows: RowSlots) -> Tensor:
        """(slots, H, max_length, D). All slots in their order are a view; any others are copied."""
        part = cached[:, :, : rows.max_length]
        slots = rows.slots[:: rows.steps]
        in_order = rows.in_order if self.static else slots.tolist() == list(range(len(cached)))
        return part if in_order else part[slots]
