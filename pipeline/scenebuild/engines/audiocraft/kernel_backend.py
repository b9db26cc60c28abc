"""A CPU with kernels of our own: weights in fewer bits where that loses nothing, all layers of a step in one call."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from scenebuild.engines.audiocraft.backend import (
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
from scenebuild.engines.audiocraft.kernels import CLayer, CMatrix, CNorm, CPast, CRows, Kernels

KINDS = {"fp32": 0, "fp16": 1, "bf16": 2, "int8": 3}  # as kernels.cpp numbers them
PANEL = 32  # outputs that lie together
BLOCK = 16  # positions whose keys lie together
PASS = 32  # rows of digits at a time
MATRICES = ("query_key_value", "past_out", "text_query", "text_out", "widen", "narrow")


class KernelBackend:
    """Fills ``Backend``. No row's sums depend on another row, so a take is the same in any batch."""

    device = torch.device("cpu")
    independent = True
    static = False

    def __init__(self, kernels: Kernels, precision: Precision) -> None:
        self._kernels = kernels
        self._precision = precision
        self._half_past = precision == "int8"
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

    def past(self, places: int, heads: int, width: int, room: int) -> KVCache:
        """Keys as (places, H, blocks, D, BLOCK), values as (places, H, L, D); halves where weights are bytes."""
        room += -room % BLOCK
        dtype = torch.float16 if self._half_past else torch.float32
        keys = torch.empty(places, heads, room // BLOCK, width, BLOCK, dtype=dtype)
        return KVCache(keys, torch.empty(places, heads, room, width, dtype=dtype), heads, width, room)

    def remember(self, past: KVCache, keys: Tensor, values: Tensor, rows: RowSlots) -> None:
        """See ``Backend``. ``keys`` and ``values`` may be parts of wider rows."""
        self._kernels.remember(self._past(past), keys.data_ptr(), values.data_ptr(), keys.stride(0), _rows(rows))

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
        table = self._table(layers)
        count, dim = hidden.shape
        widest = max(layers[0].widen.outputs, layers[0].query_key_value.outputs)
        # All of it has a name: a pointer keeps nothing alive.
        narrow, wide, digits = torch.empty(count, dim), torch.empty(count, widest), _digits(count, widest)
        pasts, texts = ((CPast * len(layers))(*map(self._past, of)) for of in (past, text))
        all_rows, asking_rows = _rows(rows), _rows(asking)
        pointers = [ctypes.addressof(one) for one in (table, pasts, texts, all_rows, asking_rows)]
        room = (narrow.data_ptr(), wide.data_ptr(), digits.data_ptr())
        self._kernels.layers(hidden.data_ptr(), dim, len(layers), *pointers, *room)
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
        """All layers as the kernels know them, made once a model; the model is kept, as the table points into it."""
        if id(layers) not in self._tables:
            rows = [
                CLayer(
                    *(_norm(getattr(layer, name)) for name in ("norm_past", "norm_text", "norm_wide")),
                    *(_matrix(getattr(layer, name)) for name in MATRICES),
                )
                for layer in layers
            ]
            self._tables[id(layers)] = (layers, (CLayer * len(rows))(*rows))
        return self._tables[id(layers)][1]

    def _past(self, past: KVCache) -> CPast:
        half = int(self._half_past)
        return CPast(past.keys.data_ptr(), past.values.data_ptr(), past.heads, past.width, past.room, half)


def _matrix(matrix: Matrix) -> CMatrix:
    scales, sums = (None if one is None else one.data_ptr() for one in (matrix.scales, matrix.sums))
    return CMatrix(KINDS[matrix.kind], matrix.inputs, matrix.outputs, matrix.data.data_ptr(), scales, sums)


def _norm(norm: Norm) -> CNorm:
    return CNorm(norm.weight.data_ptr(), norm.bias.data_ptr())


def _rows(rows: RowSlots) -> CRows:
    return CRows(len(rows.places), rows.places.data_ptr(), rows.lengths.data_ptr())


def _digits(rows: int, inputs: int) -> Tensor:
    """Room for whole passes of two bytes a value, filled up to fours, and a float a row."""
    passes = -(-2 * rows // PASS) * PASS
    return torch.empty(passes * (inputs + 3) + 4 * rows, dtype=torch.uint8)
