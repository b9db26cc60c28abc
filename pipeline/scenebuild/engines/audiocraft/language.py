"""The language model's weights, as the decoder wants them: from a checkpoint's tensors, or from a file of packed ones.

Only audiocraft's names and shapes are used, none of its code: a transformer over codes whose every dimension stands in
the checkpoint's own configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from scenebuild.engines.audiocraft.backend import Backend, Matrix, Norm, TransformerLayer
from scenebuild.engines.audiocraft.checkpoint import Checkpoint, forget
from scenebuild.engines.audiocraft.configuration import TEXT_PROJECTION, Dimensions, dimensions_of
from scenebuild.errors import EngineError


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """The transformer over codes."""

    dimensions: Dimensions
    layers: tuple[TransformerLayer, ...]
    embeddings: tuple[Tensor, ...]  # of each codebook: (V + 1, C), the last row means 'none'
    norm: Norm
    lm_head: Matrix  # of all codebooks, one after the other: (K V, C)
    projection: tuple[Tensor, Tensor]  # weight (C, text_dim) and bias (C,), from the text encoder
    mapped_bytes: int = 0  # of a file whose pages are the weights


Parts = Mapping[str, Matrix | Tensor]
CONDITIONERS = "condition_provider."  # the text encoder's part of a checkpoint


def load_language_model(checkpoint: Checkpoint, backend: Backend) -> LanguageModel:
    """The whole model from a checkpoint, each tensor read once."""
    return assembled(dimensions_of(checkpoint), dict(parts(checkpoint, backend)))


def parts(checkpoint: Checkpoint, backend: Backend) -> Iterator[tuple[str, Matrix | Tensor]]:
    """Every part of the model under its name, one after the other, so that few need be in memory at once."""
    sizes = dimensions_of(checkpoint)
    reader = _Reader(checkpoint, backend)
    for number in range(sizes.layers):
        yield from reader.layer(f"transformer.layers.{number}", f"layers.{number}", sizes)
    for k in range(sizes.codebooks):
        yield f"embeddings.{k}", reader.tensor(f"emb.{k}.weight", (sizes.codes + 1, sizes.dim))
    yield from reader.norm("out_norm", "norm", sizes.dim)
    names = [f"linears.{k}.weight" for k in range(sizes.codebooks)]
    yield "lm_head", reader.matrix(names, (sizes.codes, sizes.dim), every_step=False)
    yield "projection.weight", reader.tensor(TEXT_PROJECTION + "weight", (sizes.dim, sizes.text_dim))
    yield "projection.bias", reader.tensor(TEXT_PROJECTION + "bias", (sizes.dim,))
    reader.refuse_what_is_left()


def assembled(sizes: Dimensions, found: Parts) -> LanguageModel:
    """The model from its named parts."""
    table: Any = found

    def norm(name: str) -> Norm:
        return Norm(table[f"{name}.weight"], table[f"{name}.bias"])

    layers = tuple(
        TransformerLayer(
            norm(f"layers.{number}.self_norm"),
            norm(f"layers.{number}.cross_norm"),
            norm(f"layers.{number}.ffn_norm"),
            **{name: table[f"layers.{number}.{name}"] for name in _LAYER_MATRICES},
        )
        for number in range(sizes.layers)
    )
    embeddings = tuple(table[f"embeddings.{k}"] for k in range(sizes.codebooks))
    projection = (table["projection.weight"], table["projection.bias"])
    return LanguageModel(sizes, layers, embeddings, norm("norm"), table["lm_head"], projection)


_LAYER_MATRICES = ("self_qkv", "self_out", "cross_query", "cross_key_value", "cross_out", "ffn_up", "ffn_down")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Takes tensors out of a checkpoint, checks their shape and brings them to the backend."""

    checkpoint: Checkpoint
    backend: Backend
    seen: set[str] = field(default_factory=set)

    def layer(self, theirs: str, ours: str, sizes: Dimensions) -> Iterator[tuple[str, Matrix | Tensor]]:
        wide = sizes.dim
        for norm, name in (("norm1", "self_norm"), ("norm_cross", "cross_norm"), ("norm2", "ffn_norm")):
            yield from self.norm(f"{theirs}.{norm}", f"{ours}.{name}", wide)
        cross = f"{theirs}.cross_attention.in_proj_weight"
        for name, key, shape, part in (
            ("self_qkv", f"{theirs}.self_attn.in_proj_weight", (3 * wide, wide), slice(None)),
            ("self_out", f"{theirs}.self_attn.out_proj.weight", (wide, wide), slice(None)),
            ("cross_query", cross, (3 * wide, wide), slice(None, wide)),
            ("cross_key_value", cross, (3 * wide, wide), slice(wide, None)),
            ("cross_out", f"{theirs}.cross_attention.out_proj.weight", (wide, wide), slice(None)),
            ("ffn_up", f"{theirs}.linear1.weight", (sizes.hidden, wide), slice(None)),
            ("ffn_down", f"{theirs}.linear2.weight", (wide, sizes.hidden), slice(None)),
        ):
            # The keys and values of a prompt are computed once a take.
            yield f"{ours}.{name}", self.matrix([key], shape, every_step=name != "cross_key_value", part=part)

    def norm(self, theirs: str, ours: str, width: int) -> Iterator[tuple[str, Tensor]]:
        for name in ("weight", "bias"):
            yield f"{ours}.{name}", self.tensor(f"{theirs}.{name}", (width,))

    def tensor(self, name: str, shape: tuple[int, ...]) -> Tensor:
        return self._found(name, shape).to(device=self.backend.device, dtype=torch.float32, copy=True)

    def matrix(
        self, names: list[str], shape: tuple[int, int], *, every_step: bool, part: slice = slice(None)
    ) -> Matrix:
        found = [self._found(name, shape) for name in names]
        made = self.backend.matrix((found[0] if len(found) == 1 else torch.cat(found))[part], every_step=every_step)
        for tensor in found:
            if self.checkpoint.mapped and not _shares_memory(made, tensor):
                forget(tensor)
        return made

    def _found(self, name: str, shape: tuple[int, ...]) -> Tensor:
        tensor = self.checkpoint.tensor(name)
        self.seen.add(name)
        if tuple(tensor.shape) != shape:
            raise EngineError(
                f"{self.checkpoint.path} does not fit its own configuration: {name} is {tuple(tensor.shape)}, "
                f"the configuration says {shape}"
            )
        return tensor

    def refuse_what_is_left(self) -> None:
        """Weights that the decoder does not know of would be left out of every logit."""
        left = sorted(name for name in self.checkpoint.state.keys() - self.seen if not name.startswith(CONDITIONERS))
        if left:
            raise EngineError(f"{self.checkpoint.path} does not fit its own configuration: it also has {left[0]}")


def _shares_memory(made: Matrix, tensor: Tensor) -> bool:
    """Whether a matrix lies in the file's own pages; one that torch packed for itself does not."""
    data: Any = made.data
    return isinstance(data, Tensor) and data.untyped_storage().data_ptr() == tensor.untyped_storage().data_ptr()
