"""Takes from one loaded model, as many at once as fit into memory."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from scenebuild.engines import Action, FailedRequest, MadeTake
from scenebuild.engines.audiocraft.batch import Batch, LoadedModel, Report
from scenebuild.engines.audiocraft.codec import Codec
from scenebuild.engines.audiocraft.device import fits, is_out_of_memory, made_by
from scenebuild.engines.audiocraft.pattern import steps_of
from scenebuild.engines.audiocraft.take import TakeProgress


@dataclass(frozen=True, slots=True)
class Generator:
    """One loaded model and the prompts of its requests."""

    model: LoadedModel
    codec: Codec
    report: Report
    exact: bool  # one take at once where other rows of the batch could change a last bit

    def begin(self, index: int, action: Action) -> TakeProgress:
        """A take without codes, with its own rng."""
        rng = torch.Generator().manual_seed(int(action.seed or 0))
        length = self.codec.codec_frames(int(action.frames or 1))
        codes = torch.empty(len(self.model.schedule.delays), 0, dtype=torch.long)
        return TakeProgress(index, action, length, rng, codes)

    def make(self, takes: Sequence[TakeProgress]) -> Iterator[MadeTake | FailedRequest]:
        """All takes, the short ones first. Where memory runs out, half as many slots are tried."""
        waiting = sorted(takes, key=_shortest_first)
        slots = self._slots_for(waiting)
        while waiting:
            batch: Batch | None = None
            decoding: list[TakeProgress] = []
            try:
                for take in [take for take in waiting if take.is_done]:  # its codes exist, its samples did not fit
                    decoding = [take]
                    waiting.remove(take)
                    yield self._decoded(take)
                decoding = []
                if waiting:
                    batch = Batch(self.model, self.report, min(slots, len(waiting)), self._most_steps(waiting))
                    for take in batch.run(waiting):
                        decoding = [take]
                        yield self._decoded(take)
                        decoding = []
                return
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            # Only here, outside of the except clause, does nothing refer to what the batch had in memory.
            tried = decoding + (batch.evict() if batch else [])
            batch = None
            _free_memory()
            if tried:
                waiting = sorted([*tried, *waiting], key=_shortest_first)
            count = len(tried) or min(slots, len(waiting))  # none: there was no memory for the empty slots
            if count == 1:
                failed = tried[0] if tried else waiting[-1]
                waiting.remove(failed)
                yield FailedRequest(failed.index, self._too_large(failed))
            slots = max(1, count // 2)

    def _most_steps(self, takes: Sequence[TakeProgress]) -> int:
        schedule = self.model.schedule
        return max(steps_of(min(take.length, schedule.window), schedule.delays) for take in takes)

    def _slots_for(self, waiting: Sequence[TakeProgress]) -> int:
        if not waiting or (self.exact and not self.model.decoder.backend.independent):
            return 1
        return fits(self.model.decoder, self._most_steps(waiting))

    def _decoded(self, take: TakeProgress) -> MadeTake:
        samples = self.codec.decode(take.codes, int(take.action.frames or 0))
        decoder = self.model.decoder
        made = made_by(decoder.device, decoder.backend.name, exact=self.exact)
        return MadeTake(take.index, samples, self.codec.sample_rate, made)

    def _too_large(self, take: TakeProgress) -> str:
        seconds = take.length * self.codec.hop / self.codec.sample_rate
        device = self.model.decoder.device
        return (
            f"{device} has not enough memory for this element alone ({seconds:.3g} s); "
            f"close other programs, shorten it, or use {'a smaller model' if device.type == 'cpu' else '--device cpu'}"
        )


def _shortest_first(take: TakeProgress) -> tuple[int, int]:
    return take.length, take.index


def _free_memory() -> None:
    gc.collect()
    torch.cuda.empty_cache()
