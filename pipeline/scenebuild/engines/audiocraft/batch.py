"""The takes that play at the same time, each in its place and at its own position, with its own dice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from scenebuild.engines.audiocraft.pattern import UNKNOWN, deinterleave, interleave, steps_of
from scenebuild.engines.audiocraft.sampling import SamplingParams, draw, sample
from scenebuild.engines.audiocraft.take import TakePass, TakeProgress, next_pass

if TYPE_CHECKING:
    from scenebuild.engines.audiocraft.session import Generator


@dataclass(slots=True)
class Slot:
    """A take in its place, in the middle of a pass."""

    take: TakeProgress
    one: TakePass
    sequence: Tensor  # (K, steps), UNKNOWN where a code is still to be decided
    step: int  # the column that the model takes in next
    dice: Tensor  # how the take's generator stood when the pass began

    @property
    def is_done(self) -> bool:
        """Whether its pass is."""
        return self.step + 1 == int(self.sequence.shape[1])

    def put(self, codes: Tensor) -> None:
        """The next column: what was decided (K,), where the pattern did not know it before."""
        self.step += 1
        planned = self.sequence[:, self.step]
        self.sequence[:, self.step] = torch.where(planned == UNKNOWN, codes, planned)


class Batch:
    """Places for takes, and the state of those that sit there."""

    def __init__(self, studio: Generator, places: int, steps: int, text_tokens: int) -> None:
        self._studio = studio
        self._decoder = studio.decoder
        self._state = studio.decoder.begin(places, steps - 1, text_tokens)
        self._free = list(range(places))
        self._seats: dict[int, Slot] = {}  # place -> who sits there
        self._done: list[TakeProgress] = []
        self._wishes: SamplingParams | None = None

    def play(self, waiting: list[TakeProgress]) -> Iterator[TakeProgress]:
        """Make all takes that wait; gives each out as soon as its own last step is made. Empties ``waiting``."""
        while waiting or self._seats:
            while waiting and self._free:
                self._begin(self._free.pop(0), waiting.pop(0))
            self._step()
            while self._done:
                yield self._done.pop(0)

    def leave(self) -> list[TakeProgress]:
        """Who was not given out yet, with the dice as they were before the passes that were cut short."""
        seats, self._seats = self._seats, {}
        for seat in seats.values():
            seat.take.generator.set_state(seat.dice)
        return [*self._done, *(seat.take for seat in seats.values())]

    def _begin(self, place: int, take: TakeProgress) -> None:
        """The next pass of a take: what is known of it is taken in at once, up to the first step to be decided."""
        delays = self._studio.delays
        one = next_pass(take, self._studio.window, self._studio.stride)
        codes = torch.full((len(delays), one.length), UNKNOWN)
        codes[:, : one.prompt] = take.codes[:, one.start :]
        sequence = interleave(codes, delays, self._decoder.codes, steps_of(one.length, delays))
        self._seats[place] = Slot(take, one, sequence, one.prompt, take.generator.get_state())
        self._wishes = None
        self._decoder.seat(self._state, place, self._studio.texts[str(take.action.prompt)])
        if one.prompt:
            self._decoder.prefill(self._state, place, sequence[:, : one.prompt].to(self._decoder.device))

    def _step(self) -> None:
        """One step of everybody. Whose pass is done by it begins the next one, or makes room."""
        places = sorted(self._seats)
        seats = [self._seats[place] for place in places]
        for seat, codes in zip(seats, self._decide(places, seats), strict=True):
            seat.put(codes)
            self._studio.session.tell(seat.take, min(seat.one.start + seat.step, seat.take.moments))
        for place in [place for place in places if self._seats[place].is_done]:
            take = self._finish_pass(place)
            if take.is_done:
                self._free.append(place)
                self._done.append(take)
            else:
                self._begin(place, take)

    def _finish_pass(self, place: int) -> TakeProgress:
        seat = self._seats.pop(place)
        self._wishes = None
        codes = deinterleave(seat.sequence, self._studio.delays, seat.one.length)
        seat.take.codes = torch.cat([seat.take.codes, codes[:, seat.one.prompt :]], dim=1)
        return seat.take

    def _decide(self, places: list[int], seats: list[Slot]) -> Tensor:
        """The codes (B, K) of the next column."""
        device = self._decoder.device
        if self._wishes is None:
            self._wishes = SamplingParams.of([seat.take.action for seat in seats], self._decoder.codes, device)
        now = torch.stack([seat.sequence[:, seat.step] for seat in seats]).to(device)
        logits = self._decoder.decode_step(self._state, places, now)
        draws = draw([seat.take.generator for seat in seats], self._decoder.codebooks, self._decoder.codes)
        return sample(*logits, self._wishes, draws.to(device)).cpu()
