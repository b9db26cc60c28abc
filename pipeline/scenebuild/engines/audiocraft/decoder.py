"""The language model one step at a time: ``seat`` a take, ``prefill`` what is known of it, then ``decode_step``.

A batch has places. A take sits in one until it is done, then another may have it: each place has its own position, so
takes need not have begun together. Guidance needs every take twice, with its prompt and without: with P places, place
p of the past is the take with its prompt, place P + p the same take without. A null prompt is an embedding of zeros,
and the attention has no biases: what it adds is exactly nothing, so rows without a prompt skip the cross-attention.

B: takes in a step, K: codebooks, S: steps at once, M = 2 B S: rows, C: width, T: text tokens, V: codes
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from scenebuild.engines.audiocraft.backend import Backend, KVCache, RowSlots
from scenebuild.engines.audiocraft.capture import Function, launched
from scenebuild.engines.audiocraft.language import LanguageModel

Logits = tuple[Tensor, Tensor]  # with the prompt and without, float32 (B, K, V) each


@dataclass(slots=True)
class DecoderState:
    """What the takes of a batch have seen so far. ``Decoder`` writes into it."""

    past: list[KVCache]  # a layer; 2 P places
    text: list[KVCache]  # a layer; P places
    text_lengths: Tensor  # int32 (P,)
    positions: list[int]  # of each place: how many steps it has seen
    launch: Function | None = None  # a step of all places, captured


class Decoder:
    """Logits for the next step of a batch."""

    def __init__(self, model: LanguageModel, backend: Backend) -> None:
        self._model = model
        self.backend = backend
        self.device = backend.device
        sizes = model.dimensions
        self.codebooks, self.codes = sizes.codebooks, sizes.codes
        self._dim = sizes.dim
        self._positions = torch.empty(0)

    def begin(self, places: int, steps: int, text_tokens: int) -> DecoderState:
        """An empty state: room for so many takes, each of at most these steps and a prompt of these tokens."""
        sizes = self._model.dimensions
        width = sizes.dim // sizes.heads
        self._positions = self._embed_positions(steps)
        return DecoderState(
            [self.backend.past(2 * places, sizes.heads, width, steps) for _ in self._model.layers],
            [self.backend.past(places, sizes.heads, width, text_tokens) for _ in self._model.layers],
            torch.ones(places, dtype=torch.int32, device=self.device),
            [0] * places,
        )

    def bytes_per_take(self, steps: int) -> int:
        """What the keys and values of one take, with and without its prompt, need for these many steps."""
        one = self.backend.past(1, 1, 1, steps)
        size: int = one.keys.nbytes + one.values.nbytes
        return 2 * size * self._model.dimensions.layers * self._dim

    def seat(self, state: DecoderState, place: int, text: Tensor) -> None:
        """Let a take with that prompt ``(T, C)`` begin in a place; whoever sat there is forgotten."""
        tokens = len(text)
        where = torch.full((tokens,), place, dtype=torch.int32, device=self.device)
        rows = RowSlots(where, torch.arange(1, tokens + 1, dtype=torch.int32, device=self.device), tokens, tokens)
        for layer, past in zip(self._model.layers, state.text, strict=True):
            keys, values = self.backend.linear(text, layer.text_key_value).split(self._dim, dim=1)
            self.backend.remember(past, keys, values, rows)
        state.text_lengths[place] = tokens
        state.positions[place] = 0

    def prefill(self, state: DecoderState, place: int, sequence: Tensor) -> None:
        """Take in the first steps (K, S) of the take in a place, all at once."""
        self._forward(state, [place], sequence[None])

    def decode_step(self, state: DecoderState, places: Sequence[int], codes: Tensor) -> Logits:
        """Take in one more step (B, K) of the takes in these places; the logits of the step after it."""
        if self.backend.static:
            return self._decode_all(state, places, codes)
        return self._logits(self._forward(state, places, codes[:, :, None]))

    def _forward(self, state: DecoderState, places: Sequence[int], codes: Tensor) -> Tensor:
        """The last layer's output (M, C) for steps (B, K, S), rows with a prompt first."""
        steps = codes.shape[2]
        starts = [state.positions[place] for place in places]
        where, begin = (torch.tensor(values, device=self.device) for values in (list(places), starts))
        hidden = self._through(state, where, begin, codes, max(starts) + steps)
        for place in places:
            state.positions[place] += steps
        return hidden

    def _decode_all(self, state: DecoderState, places: Sequence[int], codes: Tensor) -> Logits:
        """``decode_step`` with all places in each step, so that shapes stay; what the others get is not looked at."""
        everywhere = torch.arange(len(state.positions), device=self.device)
        room = state.past[0].room
        starts = torch.zeros(len(state.positions), dtype=torch.int64)
        starts[list(places)] = torch.tensor([state.positions[place] for place in places])
        all_codes = torch.full((len(state.positions), self.codebooks), self.codes, device=self.device)
        all_codes[list(places)] = codes

        def step(codes: Tensor, starts: Tensor) -> Logits:
            return self._logits(self._through(state, everywhere, starts, codes[:, :, None], room))

        inputs = (all_codes, starts.to(self.device))
        if state.launch is None:
            state.launch = launched(step, inputs)
        with_prompt, without = state.launch(*inputs)
        for place in places:
            state.positions[place] += 1
        return with_prompt[list(places)], without[list(places)]

    def _through(self, state: DecoderState, places: Tensor, starts: Tensor, codes: Tensor, longest: int) -> Tensor:
        """All layers (M, C) for steps (B, K, S) that begin at positions ``starts`` (B,); tensors only."""
        steps = codes.shape[2]
        positions = starts[:, None] + torch.arange(steps, device=self.device)  # (B, S)
        both = torch.cat([places, places + len(state.positions)]).repeat_interleave(steps).int()
        rows = RowSlots(both, (positions + 1).flatten().repeat(2).int(), steps, longest)
        asked = places.repeat_interleave(steps)
        asking = RowSlots(asked.int(), state.text_lengths[asked], steps, state.text[0].room)
        hidden = self._embed(codes, positions)
        return self.backend.layers(hidden, self._model.layers, state.past, state.text, rows, asking)

    def _logits(self, hidden: Tensor) -> Logits:
        out = self.backend.norm(hidden, self._model.norm)
        logits = self.backend.linear(out, self._model.heads).float().unflatten(1, (self.codebooks, self.codes))
        with_prompt, without = logits.chunk(2)
        return with_prompt, without

    def _embed(self, codes: Tensor, positions: Tensor) -> Tensor:
        """The sum of the codebooks' embeddings and of the position, for the rows with a prompt and those without."""
        first, *others = (table[codes[:, k]] for k, table in enumerate(self._model.embeddings))
        flat = (sum(others, first) + self._positions[positions]).flatten(0, 1)
        return torch.cat([flat, flat])

    def _embed_positions(self, length: int) -> Tensor:
        """Sinusoidal, (length, C), as audiocraft's ``create_sin_embedding``; "Attention Is All You Need", 3.5."""
        if len(self._positions) >= length:
            return self._positions
        half = self._dim // 2
        exponents = torch.arange(half, dtype=torch.float32, device=self.device) / (half - 1)
        period = torch.full([], self._model.dimensions.max_period, device=self.device)
        phase = torch.arange(length, dtype=torch.float32, device=self.device)[:, None] / period**exponents
        return self._model.dimensions.positional_scale * torch.cat([torch.cos(phase), torch.sin(phase)], dim=-1)
