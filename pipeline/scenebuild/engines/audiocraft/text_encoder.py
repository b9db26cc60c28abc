"""T5's encoder, as far as a prompt needs it: from text to tokens to hidden states, in fp32 on the CPU.

The published configurations that AudioGen and MusicGen read their prompts with: relative position buckets, root mean
square norms, a feed-forward of one relu or of a gated gelu, no biases (Raffel et al. 2020, and Shazeer 2020 for the
gated one). The weights are mapped, and only those of the encoder are ever touched.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from scenebuild.errors import EngineError

CONFIG, WORDS, WEIGHTS = "config.json", "spiece.model", "model.safetensors"
END = 1  # of a text: </s>
FEED_FORWARDS = ("relu", "gated-gelu")


@dataclass(frozen=True, slots=True)
class T5Dimensions:
    """The dimensions of a T5, as its configuration gives them."""

    width: int
    head_width: int
    heads: int
    layers: int
    feed_forward: str
    epsilon: float = 1e-6
    buckets: int = 32
    furthest: int = 128  # distance from which on all positions are one


class T5Encoder:
    """The T5 of a folder. It holds its weights until nobody holds it."""

    def __init__(self, folder: str) -> None:
        self.shape = read_shape(os.path.join(folder, CONFIG))
        self._words = _open_words(os.path.join(folder, WORDS))
        self._weights = _open_weights(os.path.join(folder, WEIGHTS), self.shape)

    def tokens(self, text: str) -> list[int]:
        """The text in pieces, and the end. What looks like a special token in it is text like any other."""
        found: list[int] = self._words.encode(text)
        return [*found, END]

    def hidden(self, tokens: Tensor) -> Tensor:
        """(rows, tokens) of int64 to (rows, tokens, width); every token counts, so no row may be padded."""
        states = functional.embedding(tokens, self._weights["shared.weight"])
        bias = self._position_bias(tokens.shape[1])
        for layer in range(self.shape.layers):
            states = states + self._attend(layer, states, bias)
            states = states + self._feed_forward(layer, states)
        return self._norm("encoder.final_layer_norm", states)

    def _attend(self, layer: int, states: Tensor, bias: Tensor) -> Tensor:
        at = f"encoder.block.{layer}.layer.0."
        normed = self._norm(f"{at}layer_norm", states)
        query, key, value = (
            self._linear(f"{at}SelfAttention.{name}", normed).unflatten(-1, (self.shape.heads, -1)).transpose(1, 2)
            for name in "qkv"
        )  # (rows, heads, tokens, head width)
        shares = (query @ key.mT + bias).softmax(-1)  # T5 does not scale: its initialisation does
        return self._linear(f"{at}SelfAttention.o", (shares @ value).transpose(1, 2).flatten(2))

    def _feed_forward(self, layer: int, states: Tensor) -> Tensor:
        at = f"encoder.block.{layer}.layer.1."
        normed = self._norm(f"{at}layer_norm", states)
        if self.shape.feed_forward == "relu":
            inner = self._linear(f"{at}DenseReluDense.wi", normed).relu()
        else:
            gate = functional.gelu(self._linear(f"{at}DenseReluDense.wi_0", normed), approximate="tanh")
            inner = gate * self._linear(f"{at}DenseReluDense.wi_1", normed)
        return self._linear(f"{at}DenseReluDense.wo", inner)

    def _norm(self, name: str, states: Tensor) -> Tensor:
        mean_square = states.pow(2).mean(-1, keepdim=True)
        return states * torch.rsqrt(mean_square + self.shape.epsilon) * self._weights[f"{name}.weight"]

    def _linear(self, name: str, states: Tensor) -> Tensor:
        return functional.linear(states, self._weights[f"{name}.weight"])

    def _position_bias(self, length: int) -> Tensor:
        """(heads, tokens, tokens): what each head adds for the distance from one token to another."""
        places = torch.arange(length)
        found = bucket(places[None, :] - places[:, None], self.shape.buckets, self.shape.furthest)
        return functional.embedding(found, self._weights[POSITIONS]).permute(2, 0, 1)


POSITIONS = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"  # the first layer's is everyone's


def bucket(distance: Tensor, buckets: int, furthest: int) -> Tensor:
    """The bucket of each signed distance: half of them a side, of which half are single steps and the others wider.

    >>> bucket(torch.tensor([-200, -9, -1, 0, 1, 9, 200]), 32, 128).tolist()
    [15, 8, 1, 0, 17, 24, 31]
    """
    side = buckets // 2
    single = side // 2
    steps = distance.abs()
    # In this order and in float32, as the weights were trained: on the edge of a bucket the last bit decides.
    wide = single + (torch.log(steps.float() / single) / math.log(furthest / single) * (side - single)).long()
    return (distance > 0).long() * side + torch.where(steps < single, steps, wide.clamp(max=side - 1))


def read_shape(path: str) -> T5Dimensions:
    """The dimensions in a ``config.json``. EngineError where it is not of a T5 that is known here."""
    try:
        with open(path, encoding="utf-8") as file:
            found: Any = json.load(file)
        kind, feed_forward = found["model_type"], found.get("feed_forward_proj", "relu")
        if kind != "t5" or feed_forward not in FEED_FORWARDS:
            raise EngineError(
                f"{path} is of another text encoder than is known here: model_type {kind!r} with feed_forward_proj "
                f"{feed_forward!r}; known is 't5' with {' or '.join(FEED_FORWARDS)}"
            )
        width, head_width, heads, layers = (
            _count(found[name]) for name in ("d_model", "d_kv", "num_heads", "num_layers")
        )
        epsilon = float(found.get("layer_norm_epsilon", 1e-6))
        buckets = _count(found.get("relative_attention_num_buckets", 32))
        furthest = _count(found.get("relative_attention_max_distance", 128))
        return T5Dimensions(width, head_width, heads, layers, feed_forward, epsilon, buckets, furthest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EngineError(f"{path} is not the configuration of a T5: {type(error).__name__}: {error}") from error


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{value!r} is not a count")
    return value


def _open_words(path: str) -> Any:
    from sentencepiece import SentencePieceProcessor

    try:
        words = SentencePieceProcessor(model_file=path)
    except Exception as error:  # whatever its C++ says of a file that is none
        raise EngineError(f"{path} cannot be read as a sentencepiece model: {error}") from error
    if words.eos_id() != END:
        raise EngineError(f"{path}: the end of a text is token {words.eos_id()} there, a T5 has {END}")
    return words


def _open_weights(path: str, shape: T5Dimensions) -> dict[str, Tensor]:
    """Name -> tensor, mapped. EngineError where one is not there, or has other dimensions than the configuration."""
    from safetensors import safe_open

    try:
        with safe_open(path, framework="pt") as file:
            there = set(file.keys())
            embedding = next(name for name in ("shared.weight", "encoder.embed_tokens.weight") if name in there)
            weights = {name: file.get_tensor(embedding if name == "shared.weight" else name) for name in names(shape)}
    except Exception as error:  # safetensors has its own class for some, and others for others
        raise EngineError(f"{path} does not hold the weights of this T5: {type(error).__name__}: {error}") from error
    _check_sizes(path, shape, weights)
    return {name: tensor.float() for name, tensor in weights.items()}


def names(shape: T5Dimensions) -> list[str]:
    """The names of the encoder's tensors in the published files."""
    inner = ("wi",) if shape.feed_forward == "relu" else ("wi_0", "wi_1")
    of_layer = [
        *(f"layer.0.SelfAttention.{name}.weight" for name in "qkvo"),
        *(f"layer.1.DenseReluDense.{name}.weight" for name in (*inner, "wo")),
        "layer.0.layer_norm.weight",
        "layer.1.layer_norm.weight",
    ]
    blocks = [f"encoder.block.{layer}.{name}" for layer in range(shape.layers) for name in of_layer]
    return ["shared.weight", POSITIONS, *blocks, "encoder.final_layer_norm.weight"]


def _check_sizes(path: str, shape: T5Dimensions, weights: dict[str, Tensor]) -> None:
    """Those that the configuration decides; what else does not fit would not multiply."""
    inner = shape.heads * shape.head_width
    into, out = (inner, shape.width), (shape.width, inner)
    wanted: dict[str, tuple[int, ...]] = {
        "q": into,
        "k": into,
        "v": into,
        "o": out,
        "relative_attention_bias": (shape.buckets, shape.heads),
    }
    wanted |= {"layer_norm": (shape.width,), "final_layer_norm": (shape.width,)}
    for name, tensor in weights.items():
        size, right = tuple(tensor.shape), wanted.get(name.split(".")[-2])
        if right not in (None, size):
            raise EngineError(f"{path} does not fit its configuration: {name} is {size}, not {right}")
