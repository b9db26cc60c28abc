"""The language model one step at a time, over audiocraft's own weights: ``prefill`` once, then ``decode_step``.

Guidance needs every row twice, with its prompt and without, so a batch of B takes has 2 B rows: the B with their
prompts first. A null prompt is an embedding of zeros, and the attention has no biases: what it adds is exactly
nothing, so the rows without a prompt skip the cross-attention.

B: takes, R = 2 B: rows, K: codebooks, S: steps, H: heads, D: width of a head, C = H D, T: text tokens, V: codes
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from scenebuild.engines.audiocraft.text import padded


@dataclass(slots=True)
class State:
    """What a batch has seen so far. Belongs to one batch; ``Decoder`` writes into it."""

    keys: list[Tensor]  # a layer: (R, H, length, D), filled up to ``position``
    values: list[Tensor]
    text_keys: list[Tensor]  # a layer: (B, H, T, D)
    text_values: list[Tensor]
    text_mask: Tensor  # (B, 1, 1, T), False where a prompt is padded
    position: int = 0

    def keep(self, takes: Tensor) -> None:
        """Go on with these takes alone, an index (B,); the others are done."""
        rows = torch.cat([takes, takes + len(self.text_mask)])
        for tensors, index in (
            (self.keys, rows),
            (self.values, rows),
            (self.text_keys, takes),
            (self.text_values, takes),
        ):
            for layer, tensor in enumerate(tensors):
                tensors[layer] = tensor[index]
        self.text_mask = self.text_mask[takes]


class Decoder:
    """Logits for the next step of a batch."""

    def __init__(self, module: Any, device: torch.device) -> None:
        self._lm = module
        self._layers = list(module.transformer.layers)
        self._heads: int = self._layers[0].self_attn.num_heads
        self._dim: int = module.dim
        self.device = device
        self.codebooks: int = module.n_q
        self.codes: int = module.card
        self._positions = torch.empty(0)

    def begin(self, texts: list[Tensor], length: int) -> State:
        """An empty state for one take a text ``(tokens, C)``, with room for ``length`` steps."""
        with self._precision():
            keys, values = zip(*(self._text_keys_and_values(layer, texts) for layer in self._layers), strict=True)
        shape = (2 * len(texts), self._heads, length, self._dim // self._heads)
        dtype = keys[0].dtype
        self._positions = self._embed_positions(length)
        return State(
            [torch.empty(shape, dtype=dtype, device=self.device) for _ in self._layers],
            [torch.empty(shape, dtype=dtype, device=self.device) for _ in self._layers],
            list(keys),
            list(values),
            padded(texts)[1][:, None, None, :],
        )

    def bytes_per_take(self, steps: int) -> int:
        """What the keys and values of one take, with and without its prompt, need for these many steps."""
        size = 2 if self.device.type == "cuda" else 4
        return 2 * 2 * len(self._layers) * steps * self._dim * size

    def prefill(self, state: State, sequence: Tensor) -> tuple[Tensor, Tensor]:
        """Take in the first steps (B, K, S). Returns the next step's logits with prompt and without, (B, K, V) each."""
        return self._logits(self._forward(state, sequence)[:, -1:])

    def decode_step(self, state: State, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Take in one more step (B, K). Returns as ``prefill``."""
        return self._logits(self._forward(state, codes[:, :, None]))

    def _forward(self, state: State, sequence: Tensor) -> Tensor:
        steps = sequence.shape[-1]
        with self._precision():
            embedded = sum(table(sequence[:, k]) for k, table in enumerate(self._lm.emb))
            hidden = embedded + self._positions[state.position : state.position + steps]
            hidden = torch.cat([hidden, hidden])  # (R, S, C)
            for number in range(len(self._layers)):
                hidden = self._layer(number, hidden, state)
        state.position += steps
        return hidden

    def _layer(self, number: int, hidden: Tensor, state: State) -> Tensor:
        layer = self._layers[number]
        hidden = hidden + self._attend_to_past(number, layer.norm1(hidden), state)
        takes = len(state.text_mask)
        heard = self._attend_to_text(number, layer.norm_cross(hidden[:takes]), state)
        hidden = torch.cat([hidden[:takes] + heard, hidden[takes:]])
        return hidden + layer.linear2(functional.gelu(layer.linear1(layer.norm2(hidden))))

    def _attend_to_past(self, number: int, hidden: Tensor, state: State) -> Tensor:
        attention = self._layers[number].self_attn
        query, key, value = map(self._split, functional.linear(hidden, attention.in_proj_weight).chunk(3, dim=-1))
        end = state.position + hidden.shape[1]
        state.keys[number][:, :, state.position : end] = key
        state.values[number][:, :, state.position : end] = value
        past_keys, past_values = state.keys[number][:, :, :end], state.values[number][:, :, :end]
        found = functional.scaled_dot_product_attention(query, past_keys, past_values, is_causal=state.position == 0)
        return attention.out_proj(self._join(found))

    def _attend_to_text(self, number: int, hidden: Tensor, state: State) -> Tensor:
        attention = self._layers[number].cross_attention
        query = self._split(functional.linear(hidden, attention.in_proj_weight[: self._dim]))
        found = functional.scaled_dot_product_attention(
            query, state.text_keys[number], state.text_values[number], attn_mask=state.text_mask
        )
        return attention.out_proj(self._join(found))

    def _text_keys_and_values(self, layer: Any, texts: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Each text alone, so that a take's are the same in any batch: (B, H, T, D) each."""
        weight = layer.cross_attention.in_proj_weight[self._dim :]
        projected, _ = padded([functional.linear(text, weight) for text in texts])
        key, value = projected.chunk(2, dim=-1)
        return self._split(key), self._split(value)

    def _logits(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        with self._precision():
            out = self._lm.out_norm(hidden)
            logits = torch.stack([linear(out[:, -1]) for linear in self._lm.linears], dim=1).float()  # (R, K, V)
        with_prompt, without = logits.chunk(2)
        return with_prompt, without

    def _split(self, wide: Tensor) -> Tensor:
        return wide.unflatten(-1, (self._heads, -1)).transpose(1, 2)  # (rows, S, C) -> (rows, H, S, D)

    def _join(self, heads: Tensor) -> Tensor:
        return heads.transpose(1, 2).flatten(2)

    def _precision(self) -> contextlib.AbstractContextManager[Any]:
        """fp16 on CUDA as audiocraft has it; fp32 elsewhere. On MPS fp16 autocast has silently garbled sound."""
        if self.device.type != "cuda":
            return contextlib.nullcontext()
        autocast: contextlib.AbstractContextManager[Any] = torch.autocast("cuda", torch.float16)
        return autocast

    def _embed_positions(self, length: int) -> Tensor:
        """Sinusoidal, (length, C), as audiocraft's ``create_sin_embedding``; "Attention Is All You Need", 3.5."""
        if len(self._positions) >= length:
            return self._positions
        half = self._dim // 2
        exponents = torch.arange(half, dtype=torch.float32, device=self.device) / (half - 1)
        period = torch.full([], float(self._lm.transformer.max_period), device=self.device)
        phase = torch.arange(length, dtype=torch.float32, device=self.device)[:, None] / period**exponents
        scale: float = self._lm.transformer.positional_scale
        return scale * torch.cat([torch.cos(phase), torch.sin(phase)], dim=-1)
