"""torch's own operations: in half precision on a GPU, and on a CPU where there is no compiler.

This is also the layer in words: what ``kernels.cpp`` does in one call stands here step by step.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from scenebuild.engines.audiocraft.backend import (
    DTYPES,
    EPSILON,
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
    """Fills ``Backend``. On a GPU shapes stay the same, so that a step can be captured."""

    layout: str | None = None
    independent = False

    def __init__(self, device: torch.device, precision: Precision) -> None:
        self.device = device
        self.static = device.type == "cuda"
        self.name = f"torch, {precision}"
        self._precision = precision
        self._past_dtype = DTYPES.get(precision, torch.float32) if device.type == "cuda" else torch.float32

    def matrix(self, weight: Tensor, *, every_step: bool) -> Matrix:
        """As it is, in the precision's type; bytes as torch packs them."""
        outputs, inputs = weight.shape
        if self._precision == "int8" and every_step:
            zeros = torch.zeros(outputs, dtype=torch.int64)
            whole = torch.quantize_per_channel(weight.float(), byte_scales(weight).double(), zeros, 0, torch.qint8)
            return Matrix("int8", outputs, inputs, torch.ops.quantized.linear_prepack(whole, None))
        kind: Precision = "fp32" if self._precision == "int8" else self._precision
        return Matrix(kind, outputs, inputs, weight.to(device=self.device, dtype=DTYPES[kind]))

    def past(self, places: int, heads: int, width: int, room: int) -> KVCache:
        """Keys and values as (places, H, L, D), zero, as what is masked must be finite."""
        shape = (places, heads, room, width)
        keys, values = (torch.zeros(shape, dtype=self._past_dtype, device=self.device) for _ in range(2))
        return KVCache(keys, values, heads, width, room)

    def remember(self, past: KVCache, keys: Tensor, values: Tensor, rows: RowSlots) -> None:
        """See ``Backend``."""
        for store, new in ((past.keys, keys), (past.values, values)):
            store[rows.places, :, rows.lengths - 1] = new.unflatten(1, (past.heads, past.width)).to(store.dtype)

    def layers(
        self,
        hidden: Tensor,
        layers: Sequence[TransformerLayer],
        past: Sequence[KVCache],
        text: Sequence[KVCache],
        rows: RowSlots,
        asking: RowSlots,
    ) -> Tensor:
        """See ``Backend``. In place."""
        for layer, seen, told in zip(layers, past, text, strict=True):
            self._attend_to_past(layer, hidden, seen, rows)
            self._attend_to_text(layer, hidden[: len(asking.places)], told, asking)
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

    def _attend_to_past(self, layer: TransformerLayer, hidden: Tensor, past: KVCache, rows: RowSlots) -> None:
        wide = self.linear(self.norm(hidden, layer.norm_past), layer.query_key_value)
        query, key, value = wide.chunk(3, dim=1)
        self.remember(past, key, value, rows)
        hidden += self.linear(self._attend(query, past, rows), layer.past_out)

    def _attend_to_text(self, layer: TransformerLayer, hidden: Tensor, text: KVCache, asking: RowSlots) -> None:
        query = self.linear(self.norm(hidden, layer.norm_text), layer.text_query)
        hidden += self.linear(self._attend(query, text, asking), layer.text_out)

    def _feed_forward(self, layer: TransformerLayer, hidden: Tensor) -> None:
        wide = functional.gelu(self.linear(self.norm(hidden, layer.norm_wide), layer.widen))
        hidden += self.linear(wide, layer.narrow)

    def _attend(self, query: Tensor, past: KVCache, rows: RowSlots) -> Tensor:
        """What each query (M, C) finds in the first positions of its place, as many as ``rows.lengths`` says."""
        heads = query.unflatten(0, (-1, rows.steps)).unflatten(2, (past.heads, past.width)).transpose(1, 2)
        keys, values = (self._of(store, rows) for store in (past.keys, past.values))
        heard = torch.arange(rows.longest, device=self.device) < rows.lengths.view(-1, 1, rows.steps, 1)
        found = functional.scaled_dot_product_attention(heads.to(keys.dtype), keys, values, attn_mask=heard)
        return found.transpose(1, 2).flatten(0, 1).flatten(1).to(query.dtype)

    def _of(self, store: Tensor, rows: RowSlots) -> Tensor:
        """(places, H, longest, D); where all places are asked for, one after the other, nothing is copied."""
        part = store[:, :, : rows.longest]
        places = rows.places[:: rows.steps]
        everywhere = len(places) == len(store) and (self.static or places.tolist() == list(range(len(store))))
        return part if everywhere else part[places]
