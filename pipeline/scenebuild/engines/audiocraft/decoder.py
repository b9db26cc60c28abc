"""The language model one step at a time: ``assign`` a slot, ``prefill`` the known codes, then ``decode_step``.

A take keeps its slot until it is done, and each slot has its own position: takes need not have begun together. Guidance
needs every take twice, with its prompt and without: with P slots, slot p of the self-attention's cache is the take with
its prompt, and slot P + p is the same take without. A null prompt is an embedding of zeros, and the attention has no
biases: it would add exactly nothing, so rows without a prompt skip the cross-attention. In a model whose conditions
stand before the codes, both have a prefix of the same length there, and no layer has a cross-attention.

Takes with the same prompt share its keys and values: the cross-attention's cache has a slot for each prompt. A take
whose known codes are those of another take with the same prompt copies what that one has (``branch``).

B: takes in a step, K: codebooks, S: steps at once, M = 2 B S: rows, C: width, T: prompt tokens, V: codes
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from scenebuild.engines.audiocraft.compute.backend import Backend, KVCache, RowSlots
from scenebuild.engines.audiocraft.compute.capture import Function, captured
from scenebuild.engines.audiocraft.language import LanguageModel

Logits = tuple[Tensor, Tensor]  # with the prompt and without, float32 (B, K, V) each


@dataclass(slots=True)
class DecoderState:
    """The KV caches of a batch and the position of each slot. ``Decoder`` writes into it."""

    self_caches: list[KVCache]  # of each layer; 2 P slots
    cross_caches: list[KVCache]  # of each layer; a slot for each prompt
    prompts: list[Tensor | None]  # the prompt (T, C) in each of these slots
    prompt_lengths: Tensor  # int32, the tokens of each
    prompt_slots: Tensor  # int32 (P,): where in the cross-attention's cache the prompt of each slot is
    positions: list[int]  # of each slot: how many steps it has taken, those of a prefix included
    all_slots: Tensor  # int64 (P,): their numbers
    position_table: Tensor  # float32 (steps, C): the embedding of each position
    captured: Function | None = None  # a step of all slots as one launch


class Decoder:
    """Logits for the next step of a batch."""

    def __init__(self, model: LanguageModel, backend: Backend) -> None:
        self._model = model
        self.backend = backend
        self.device = backend.device
        sizes = model.dimensions
        self.codebooks, self.codes = sizes.codebooks, sizes.codes
        self.mapped_bytes = model.mapped_bytes
        self._dim = sizes.dim
        self._positions = torch.empty(0)
        self.notes: list[str] = []  # for the user, about how steps run here

    def allocate(self, slots: int, steps: int, tokens: int, prompts: int | None = None) -> DecoderState:
        """An empty state of that many slots, each for at most ``steps`` steps and a prompt of ``tokens`` tokens.

        ``prompts``: how many different prompts the takes have; None: each has its own.
        """
        sizes = self._model.dimensions
        count = min(slots, prompts or slots)
        if not sizes.cross_attended:
            count = tokens = 1  # not used
        head_dim = sizes.dim // sizes.heads
        self._positions = self._embed_positions(steps)
        return DecoderState(
            [self.backend.kv_cache(2 * slots, sizes.heads, head_dim, steps) for _ in self._model.layers],
            [self.backend.kv_cache(count, sizes.heads, head_dim, tokens) for _ in self._model.layers],
            [None] * count,
            torch.ones(count, dtype=torch.int32, device=self.device),
            torch.zeros(slots, dtype=torch.int32, device=self.device),
            [0] * slots,
            torch.arange(slots, device=self.device),
            self._positions,
        )

    def bytes_per_take(self, steps: int) -> int:
        """The size of one take's keys and values, with and without its prompt, for that many steps."""
        one = self.backend.kv_cache(1, 1, 1, steps)
        size: int = one.keys.nbytes + one.values.nbytes
        return 2 * size * self._model.dimensions.layers * self._dim

    def assign(self, state: DecoderState, slot: int, prompt: Tensor) -> None:
        """Give a slot to a take with that prompt ``(T, C)``; the former take's positions are no longer attended to.

        A prompt is computed once for all takes that are given the same tensor.
        """
        state.positions[slot] = 0
        if not self._model.dimensions.cross_attended:
            return
        found = next((number for number, held in enumerate(state.prompts) if held is prompt), None)
        if found is None:
            found = _free_prompt_slot(state, slot)
            self._read_prompt(state, found, prompt)
        state.prompt_slots[slot] = found

    def branch(self, state: DecoderState, source: int, slot: int, steps: int) -> None:
        """Go on in ``slot`` from the first ``steps`` steps of ``source``, which has the same prompt."""
        count = len(state.positions)
        for cache in state.self_caches:
            for first in (0, count):
                self.backend.copy(cache, first + source, first + slot, steps)
        state.positions[slot] = steps

    def _read_prompt(self, state: DecoderState, prompt_slot: int, prompt: Tensor) -> None:
        tokens = len(prompt)
        slots = torch.full((tokens,), prompt_slot, dtype=torch.int32, device=self.device)
        rows = RowSlots(slots, torch.arange(1, tokens + 1, dtype=torch.int32, device=self.device), tokens, tokens)
        for layer, cache in zip(self._model.layers, state.cross_caches, strict=True):
            if layer.cross is not None:
                keys, values = self.backend.linear(prompt, layer.cross.key_value).split(self._dim, dim=1)
                self.backend.store(cache, keys, values, rows)
        state.prompts[prompt_slot] = prompt
        state.prompt_lengths[prompt_slot] = tokens

    def prefill(self, state: DecoderState, slot: int, sequence: Tensor, prefix: Tensor | None = None) -> None:
        """The first steps (K, S) of the take in a slot, all at once, behind a prefix (2, P, C), with the prompt and
        without."""
        embedded = self._embed(sequence[None])
        if prefix is not None:
            embedded = torch.cat([prefix[:, None], embedded], dim=2)
        self._forward(state, [slot], embedded)

    def decode_step(self, state: DecoderState, slots: Sequence[int], codes: Tensor) -> Logits:
        """One more step (B, K) of the takes in these slots; the logits of the step after it."""
        if self.backend.static:
            return self._decode_all(state, slots, codes)
        return self._logits(self._forward(state, slots, self._embed(codes[:, :, None])))

    def _forward(self, state: DecoderState, slots: Sequence[int], embedded: Tensor) -> Tensor:
        """The last layer's output (M, C) for steps (2, B, S, C), rows with a prompt first."""
        steps = embedded.shape[2]
        starts = [state.positions[slot] for slot in slots]
        numbers, begin = (torch.tensor(values, device=self.device) for values in (list(slots), starts))
        hidden = self._layers(state, numbers, begin, embedded, max(starts) + steps)
        for slot in slots:
            state.positions[slot] += steps
        return hidden

    def _decode_all(self, state: DecoderState, slots: Sequence[int], codes: Tensor) -> Logits:
        """``decode_step`` with all slots in each step, so that shapes stay; the others' results are not used."""
        count = len(state.positions)
        stepping = set(slots)
        starts = torch.tensor([at if slot in stepping else 0 for slot, at in enumerate(state.positions)])
        index = torch.tensor(list(slots)).to(self.device)
        all_codes = codes.new_full((count, self.codebooks), self.codes).index_copy(0, index, codes)
        inputs = (all_codes, starts.to(self.device))
        if state.captured is None:
            others = ((all_codes + 1) % self.codes, inputs[1])
            state.captured = captured(functools.partial(self._step, state), inputs, others, self.notes.append)
        with_prompt, without = state.captured(*inputs)
        for slot in slots:
            state.positions[slot] += 1
        return with_prompt[index], without[index]

    def _step(self, state: DecoderState, codes: Tensor, starts: Tensor) -> Logits:
        """One step (B, K) of all slots. It is captured: all that it reads beside its inputs is the state's or the
        model's."""
        capacity = state.self_caches[0].capacity
        embedded = self._embed(codes[:, :, None])
        return self._logits(self._layers(state, state.all_slots, starts, embedded, capacity))

    def _layers(self, state: DecoderState, slots: Tensor, starts: Tensor, embedded: Tensor, max_length: int) -> Tensor:
        """All layers (M, C) for steps (2, B, S, C) that begin at positions ``starts`` (B,); tensors only."""
        steps = embedded.shape[2]
        positions = starts[:, None] + torch.arange(steps, device=self.device)  # (B, S)
        both = torch.cat([slots, slots + len(state.positions)]).repeat_interleave(steps).int()
        in_order = self.backend.static and len(slots) == len(state.positions)
        rows = RowSlots(both, (positions + 1).flatten().repeat(2).int(), steps, max_length, in_order)
        attending = slots if self._model.dimensions.cross_attended else slots[:0]
        prompts = state.prompt_slots[attending].repeat_interleave(steps)
        capacity = state.cross_caches[0].capacity
        cross_rows = RowSlots(prompts, state.prompt_lengths[prompts], steps, capacity)
        hidden = (embedded + state.position_table[positions]).flatten(0, 2)
        caches = (state.self_caches, state.cross_caches)
        return self.backend.layers(hidden, self._model.layers, *caches, rows, cross_rows)

    def _logits(self, hidden: Tensor) -> Logits:
        out = self.backend.norm(hidden, self._model.norm)
        logits = self.backend.linear(out, self._model.lm_head).float().unflatten(1, (self.codebooks, self.codes))
        with_prompt, without = logits.chunk(2)
        return with_prompt, without

    def _embed(self, codes: Tensor) -> Tensor:
        """The sum of the codebooks' embeddings (2, B, S, C) of steps (B, K, S), with a prompt and without."""
        first, *others = (table[codes[:, k]] for k, table in enumerate(self._model.embeddings))
        return sum(others, first).expand(2, -1, -1, -1)

    def _embed_positions(self, length: int) -> Tensor:
        """Sinusoidal, (length, C), as audiocraft's ``create_sin_embedding``; "Attention Is All You Need", 3.5."""
        if len(self._positions) >= length:
            return self._positions
        half = self._dim // 2
        exponents = torch.arange(half, dtype=torch.float32, device=self.device) / (half - 1)
        period = torch.full([], self._model.dimensions.max_period, device=self.device)
        phase = torch.arange(length, dtype=torch.float32, device=self.device)[:, None] / period**exponents
        return self._model.dimensions.positional_scale * torch.cat([torch.cos(phase), torch.sin(phase)], dim=-1)


def _free_prompt_slot(state: DecoderState, slot: int) -> int:
    """One without a prompt, or one whose prompt no other slot uses."""
    others = state.prompt_slots.tolist()
    del others[slot]
    return next(number for number, held in enumerate(state.prompts) if held is None or number not in others)
