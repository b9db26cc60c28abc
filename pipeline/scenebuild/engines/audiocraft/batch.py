"""The takes that are decoded together: each has a slot, its own position and its own rng."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from scenebuild.engines.audiocraft.decoder import Decoder
from scenebuild.engines.audiocraft.pattern import UNKNOWN, deinterleave, interleave, steps_of
from scenebuild.engines.audiocraft.prefix import Prefixes
from scenebuild.engines.audiocraft.sampling import SamplingParams, draw, sample
from scenebuild.engines.audiocraft.take import PassSchedule, TakePass, TakeProgress

Report = Callable[[TakeProgress, int], None]  # a take, and how many codec frames of it are decided


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """What a batch decodes with: a model and the embedded prompts of its takes."""

    decoder: Decoder
    schedule: PassSchedule
    prompts: Mapping[str, Tensor]  # prompt -> (tokens, C)
    prefixes: Prefixes | None = None  # of a model whose conditions stand before the codes

    def steps(self, take: TakeProgress) -> int:
        """How many steps the longest pass of a take has."""
        prompt = self.prompts[str(take.action.prompt)]
        before = self.prefixes.length(prompt) if self.prefixes else 0
        return before + steps_of(min(take.length, self.schedule.window), self.schedule.delays)

    def prefix(self, take: TakeProgress, current: TakePass) -> Tensor | None:
        """What stands before the codes of a pass, (2, P, C), with the prompt and without."""
        if self.prefixes is None:
            return None
        return self.prefixes.of(self.prompts[str(take.action.prompt)], take.melody, current.start)


@dataclass(slots=True)
class Slot:
    """A take in the middle of a pass."""

    take: TakeProgress
    current: TakePass
    sequence: Tensor  # (K, steps), UNKNOWN where a code is still to be sampled
    step: int  # the column that is the model's next input
    rng_state: Tensor  # of the take's rng when the pass began
    prefix: Tensor | None  # (2, P, C)

    @property
    def is_done(self) -> bool:
        """Whether the pass is complete."""
        return self.step + 1 == int(self.sequence.shape[1])

    def put(self, codes: Tensor) -> None:
        """Write the sampled codes (K,) into the next column, where the pattern leaves them open."""
        self.step += 1
        planned = self.sequence[:, self.step]
        self.sequence[:, self.step] = torch.where(planned == UNKNOWN, codes, planned)


class Batch:
    """A fixed number of slots, and the decoder's state for the takes in them."""

    def __init__(self, model: LoadedModel, report: Report, slots: int, steps: int) -> None:
        self._model = model
        self._decoder = model.decoder
        self._report = report
        tokens = max(len(prompt) for prompt in model.prompts.values())
        self._state = model.decoder.allocate(slots, steps - 1, tokens, len(model.prompts))
        self._free = list(range(slots))
        self._slots: dict[int, Slot] = {}  # the occupied ones, by number
        self._done: list[TakeProgress] = []
        self._params: SamplingParams | None = None  # of the takes in the slots; None: they changed

    def run(self, waiting: list[TakeProgress]) -> Iterator[TakeProgress]:
        """Decode all waiting takes and yield each right after its last step. Empties ``waiting``."""
        while waiting or self._slots:
            while waiting and self._free:
                self._start_pass(self._free.pop(0), waiting.pop(0))
            self._step()
            while self._done:
                yield self._done.pop(0)

    def evict(self) -> list[TakeProgress]:
        """Empty the slots: the takes that were not yielded, each rng as it was before the interrupted pass."""
        slots, self._slots = self._slots, {}
        for slot in slots.values():
            slot.take.rng.set_state(slot.rng_state)
        return [*self._done, *(slot.take for slot in slots.values())]

    def _start_pass(self, number: int, take: TakeProgress) -> None:
        """Assign a slot to the next pass of a take, and prefill the codes that are known."""
        delays = self._model.schedule.delays
        current = self._model.schedule.next_pass(take)
        codes = torch.full((len(delays), current.length), UNKNOWN)
        codes[:, : current.known] = take.codes[:, current.start :]
        sequence = interleave(codes, delays, self._decoder.codes, steps_of(current.length, delays))
        self._params = None
        self._decoder.assign(self._state, number, self._model.prompts[str(take.action.prompt)])
        slot = Slot(take, current, sequence, current.known, take.rng.get_state(), self._model.prefix(take, current))
        if current.known or slot.prefix is not None:
            self._prefill(number, slot)
        self._slots[number] = slot

    def _prefill(self, number: int, slot: Slot) -> None:
        """What stands before the first step of a pass; where another take has the same there, it is copied."""
        known = slot.sequence[:, : slot.current.known]
        for source, other in self._slots.items():
            if _begin_alike(slot, other):
                steps = known.shape[1] + (0 if slot.prefix is None else slot.prefix.shape[1])
                return self._decoder.branch(self._state, source, number, steps)
        return self._decoder.prefill(self._state, number, known.to(self._decoder.device), slot.prefix)

    def _step(self) -> None:
        """One step of all takes. A take whose pass is complete starts its next pass or frees its slot."""
        numbers = sorted(self._slots)
        slots = [self._slots[number] for number in numbers]
        for slot, codes in zip(slots, self._sample(numbers, slots), strict=True):
            slot.put(codes)
            self._report(slot.take, min(slot.current.start + slot.step, slot.take.length))
        for number, slot in zip(numbers, slots, strict=True):
            if slot.is_done:
                self._finish_pass(number)

    def _finish_pass(self, number: int) -> None:
        slot = self._slots.pop(number)
        self._params = None
        take = slot.take
        codes = deinterleave(slot.sequence, self._model.schedule.delays, slot.current.length)
        take.codes = torch.cat([take.codes, codes[:, slot.current.known :]], dim=1)
        if take.is_done:
            self._free.append(number)
            self._done.append(take)
        else:
            self._start_pass(number, take)

    def _sample(self, numbers: list[int], slots: list[Slot]) -> Tensor:
        """The codes (B, K) of the next column."""
        device = self._decoder.device
        if self._params is None:
            self._params = SamplingParams.of([slot.take.action for slot in slots], self._decoder.codes, device)
        now = torch.stack([slot.sequence[:, slot.step] for slot in slots]).to(device)
        logits = self._decoder.decode_step(self._state, numbers, now)
        draws = draw([slot.take.rng for slot in slots], self._decoder.codebooks, self._decoder.codes)
        return sample(*logits, self._params, draws.to(device)).cpu()


def _begin_alike(one: Slot, other: Slot) -> bool:
    """Whether both passes have the same prompt, prefix and known steps."""
    known = one.current.known
    return (
        one.take.action.prompt == other.take.action.prompt
        and known == other.current.known
        and torch.equal(one.sequence[:, :known], other.sequence[:, :known])
        and (one.prefix is None or (other.prefix is not None and torch.equal(one.prefix, other.prefix)))
    )
