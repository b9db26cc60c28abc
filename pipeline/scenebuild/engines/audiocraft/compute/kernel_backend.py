"""Our own kernels on a CPU: weights in fewer bits where that loses nothing, all layers of a step in one call."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from scenebuild.engines.audiocraft.compute.backend import (
    DTYPES,
    KVCache,
    Matrix,
    Norm,
    Precision,
    RowSlots,
    TransformerLayer,
    byte_scales,
    narrowest,
)
from scenebuild.engines.audiocraft.compute.kernels import (
    CEntries,
    CKVCache,
    CLayer,
    CMatrix,
    CNorm,
    CRows,
    CStep,
    CWorkspace,
    Kernels,
)

KINDS = {"fp32": 0, "fp16": 1, "bf16": 2, "int8": 3}  # as kernels.cpp numbers them
PANEL = 32  # outputs that are stored together
BLOCK = 16  # positions whose keys are stored together
PASS = 32  # rows of digits that are multiplied at once


class KernelBackend:
    """Satisfies ``Backend``. No row's sums depend on another row, so a take has the same bits in any batch."""

    device = torch.device("cpu")
    independent = True
    static = False

    def __init__(self, kernels: Kernels, precision: Precision) -> None:
        self._kernels = kernels
        self._precision = precision
        self._half_cache = precision == "int8"
        self._tables: dict[int, tuple[Sequence[TransformerLayer], ctypes.Array[CLayer]]] = {}
        self.layout: str | None = f"panels{PANEL}-{precision}"
        self.name = f"kernels, {precision}"

    def matrix(self, weight: Tensor, *, every_step: bool) -> Matrix:
        """In panels of 32 outputs, bytes in groups of four inputs, as ``kernels.cpp`` reads them."""
        outputs, inputs = weight.shape
        missing = -outputs % PANEL
        padded = functional.pad(weight, (0, 0, 0, missing))
        if self._precision == "int8" and every_step:
            scales = functional.pad(byte_scales(weight), (0, missing), value=1.0)
            whole = functional.pad((padded.float() / scales[:, None]).round_().to(torch.int8), (0, -inputs % 4))
            fours = whole.view(-1, PANEL, whole.shape[1] // 4, 4).transpose(1, 2).contiguous()
            return Matrix("int8", outputs, inputs, fours, scales, whole.sum(dim=1, dtype=torch.int32))
        kind = "bf16" if self._precision == "bf16" and every_step else narrowest(weight)
        panels = padded.to(DTYPES[kind]).view(-1, PANEL, inputs).transpose(1, 2).contiguous()
        return Matrix(kind, outputs, inputs, panels)

    def kv_cache(self, slots: int, heads: int, head_dim: int, capacity: int) -> KVCache:
        """Keys as (slots, H, blocks, D, BLOCK), values as (slots, H, L, D); half floats where the weights are int8."""
        capacity += -capacity % BLOCK
        dtype = torch.float16 if self._half_cache else torch.float32
        keys = torch.empty(slots, heads, capacity // BLOCK, head_dim, BLOCK, dtype=dtype)
        return KVCache(keys, torch.empty(slots, heads, capacity, head_dim, dtype=dtype), heads, head_dim, capacity)

    def store(self, cache: KVCache, keys: Tensor, values: Tensor, rows: RowSlots) -> None:
        """See ``Backend``. ``keys`` and ``values`` may be parts of wider rows."""
        entries = CEntries(keys.data_ptr(), values.data_ptr(), keys.stride(0), _rows(rows))
        self._kernels.store(self._cache(cache), entries)

    def copy(self, cache: KVCache, source: int, slot: int, length: int) -> None:
        """See ``Backend``. Whole blocks of keys: the positions behind ``length`` are written before they are read."""
        blocks = -(-length // BLOCK)
        cache.keys[slot, :, :blocks] = cache.keys[source, :, :blocks]
        cache.values[slot, :, :length] = cache.values[source, :, :length]

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
        count, dim = hidden.shape
        widest = max(layers[0].ffn_up.outputs, layers[0].self_qkv.outputs)
        # The buffers have names, because a pointer keeps nothing alive.
        narrow, wide, digits = torch.empty(count, dim), torch.empty(count, widest), _digits(count, widest)
        step = CStep(
            hidden.data_ptr(),
            dim,
            len(layers),
            self._table(layers),
            self._caches(self_caches),
            self._caches(cross_caches),
            _rows(rows),
            _rows(cross_rows),
            CWorkspace(narrow.data_ptr(), wide.data_ptr(), digits.data_ptr()),
        )
        self._kernels.layers(step)
        return hidden

    def norm(self, x: Tensor, norm: Norm) -> Tensor:
        """See ``Backend``."""
        y = torch.empty_like(x)
        self._kernels.layer_norm(y.data_ptr(), x.data_ptr(), _norm(norm), *x.shape)
        return y

    def linear(self, x: Tensor, weight: Matrix) -> Tensor:
        """See ``Backend``."""
        x = x.contiguous()
        y = torch.empty(len(x), weight.outputs)
        digits = _digits(len(x), weight.inputs)
        self._kernels.linear(y.data_ptr(), x.data_ptr(), _matrix(weight), len(x), digits.data_ptr())
        return y

    def _table(self, layers: Sequence[TransformerLayer]) -> ctypes.Array[CLayer]:
        """All layers for the kernels, made once a model; the model is kept, because the table points into it."""
        if id(layers) not in self._tables:
            rows = [_layer(layer) for layer in layers]
            self._tables[id(layers)] = (layers, (CLayer * len(rows))(*rows))
        return self._tables[id(layers)][1]

    def _caches(self, caches: Sequence[KVCache]) -> ctypes.Array[CKVCache]:
        return (CKVCache * len(caches))(*map(self._cache, caches))

    def _cache(self, cache: KVCache) -> CKVCache:
        half = int(self._half_cache)
        return CKVCache(
            cache.keys.data_ptr(), cache.values.data_ptr(), cache.heads, cache.head_dim, cache.capacity, half
        )


def _layer(layer: TransformerLayer) -> CLayer:
    """Without cross-attention its parts are zeros: no row gets there."""
    cross = layer.cross
    return CLayer(
        self_norm=_norm(layer.self_norm),
        cross_norm=_norm(cross.norm) if cross else CNorm(),
        ffn_norm=_norm(layer.ffn_norm),
        self_qkv=_matrix(layer.self_qkv),
        self_out=_matrix(layer.self_out),
        cross_query=_matrix(cross.query) if cross else CMatrix(),
        cross_out=_matrix(cross.out) if cross else CMatrix(),
        ffn_up=_matrix(layer.ffn_up),
        ffn_down=_matrix(layer.ffn_down),
    )


def _matrix(matrix: Matrix) -> CMatrix:
    scales, sums = (None if one is None else one.data_ptr() for one in (matrix.scales, matrix.sums))
    return CMatrix(KINDS[matrix.kind], matrix.inputs, matrix.outputs, matrix.data.data_ptr(), scales, sums)


def _norm(norm: Norm) -> CNorm:
    return CNorm(norm.weight.data_ptr(), norm.bias.data_ptr())


def _rows(rows: RowSlots) -> CRows:
    return CRows(len(rows.slots), rows.slots.data_ptr(), rows.lengths.data_ptr())


def _digits(rows: int, inputs: int) -> Tensor:
    """A buffer for whole passes of two bytes a value, padded to a multiple of four, and a float a row."""
    passes = -(-2 * rows // PASS) * PASS
    return torch.empty(passes * (inputs + 3) + 4 * rows, dtype=torch.uint8)
