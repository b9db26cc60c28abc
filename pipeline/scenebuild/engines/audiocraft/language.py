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

from scenebuild.engines.audiocraft.checkpoint import Checkpoint, forget
from scenebuild.engines.audiocraft.compute.backend import Backend, CrossAttention, Matrix, Norm, TransformerLayer
from scenebuild.engines.audiocraft.configuration import MELODY_PROJECTION, TEXT_PROJECTION, Dimensions, dimensions_of
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
    melody_projection: tuple[Tensor, Tensor] | None = None  # the same from the chroma, of a model that takes a melody
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
    if sizes.chroma is not None:
        yield "melody.weight", reader.tensor(MELODY_PROJECTION + "weight", (sizes.dim, sizes.chroma.bins))
        yield "melody.bias", reader.tensor(MELODY_PROJECTION + "bias", (sizes.dim,))
    reader.refuse_what_is_left()


def assembled(sizes: Dimensions, found: Parts) -> LanguageModel:
    """The model from its named parts."""
    table: Any = found

    def norm(name: str) -> Norm:
        return Norm(table[f"{name}.weight"], table[f"{name}.bias"])

    def cross_attention(name: str) -> CrossAttention | None:
        if not sizes.cross_attended:
            return None
        matrices = {part: table[f"{name}.cross_{part}"] for part in ("query", "key_value", "out")}
        return CrossAttention(norm(f"{name}.cross_norm"), **matrices)

    def layer(name: str) -> TransformerLayer:
        matrices = {part: table[f"{name}.{part}"] for part in ("self_qkv", "self_out", "ffn_up", "ffn_down")}
        norms = (norm(f"{name}.self_norm"), norm(f"{name}.ffn_norm"))
        return TransformerLayer(*norms, **matrices, cross=cross_attention(name))

    layers = tuple(layer(f"layers.{number}") for number in range(sizes.layers))
    embeddings = tuple(table[f"embeddings.{k}"] for k in range(sizes.codebooks))
    projection = (table["projection.weight"], table["projection.bias"])
    melody = (table["melody.weight"], table["melody.bias"]) if sizes.chroma else None
    return LanguageModel(sizes, layers, embeddings, norm("norm"), table["lm_head"], projection, melody)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Takes tensors out of a checkpoint, checks their shape and brings them to the backend."""

    checkpoint: Checkpoint
    backend: Backend
    seen: set[str] = field(default_factory=set)

    def layer(self, theirs: str, ours: str, sizes: Dimensions) -> Iterator[tuple[str, Matrix | Tensor]]:
        wide = sizes.dim
        for norm, name in (("norm1", "self_norm"), ("norm2", "ffn_norm")):
            yield from self.norm(f"{theirs}.{norm}", f"{ours}.{name}", wide)
        for name, key, shape in (
            ("self_qkv", "self_attn.in_proj_weight", (3 * wide, wide)),
            ("self_out", "self_attn.out_proj.weight", (wide, wide)),
            ("ffn_up", "linear1.weight", (sizes.hidden, wide)),
            ("ffn_down", "linear2.weight", (wide, sizes.hidden)),
        ):
            yield f"{ours}.{name}", self.matrix([f"{theirs}.{key}"], shape, every_step=True)
        if sizes.cross_attended:
            yield from self.cross_attention(theirs, ours, wide)

    def cross_attention(self, theirs: str, ours: str, wide: int) -> Iterator[tuple[str, Matrix | Tensor]]:
        yield from self.norm(f"{theirs}.norm_cross", f"{ours}.cross_norm", wide)
        inner, out = [f"{theirs}.cross_attention.in_proj_weight"], [f"{theirs}.cross_attention.out_proj.weight"]
        yield f"{ours}.cross_query", self.matrix(inner, (3 * wide, wide), every_step=True, part=slice(None, wide))
        # The keys and values of a prompt are computed once a take.
        yield f"{ours}.cross_key_value", self.matrix(inner, (3 * wide, wide), every_step=False, part=slice(wide, None))
        yield f"{ours}.cross_out", self.matrix(out, (wide, wide), every_step=True)

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
