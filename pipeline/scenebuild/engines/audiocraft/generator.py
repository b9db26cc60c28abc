"""Takes from one loaded model, as many at once as fit into memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch

from scenebuild.audio.wav import AudioFileError
from scenebuild.engines import Action, FailedRequest, MadeTake, Request
from scenebuild.engines.audiocraft.batch import Batch, LoadedModel, Report
from scenebuild.engines.audiocraft.codec import Codec
from scenebuild.engines.audiocraft.machine.device import fits, free_memory, is_out_of_memory, made_by
from scenebuild.engines.audiocraft.prefix import Melody
from scenebuild.engines.audiocraft.sound_prompt import UnusableSoundError, read_sound, sound_prompt
from scenebuild.engines.audiocraft.splice import joined
from scenebuild.engines.audiocraft.take import TakeProgress


@dataclass(frozen=True, slots=True)
class Generator:
    """One loaded model and the prompts of its requests."""

    model: LoadedModel
    codec: Codec
    report: Report
    exact: bool  # one take at once where other rows of the batch could change a last bit

    def begin(self, index: int, action: Action, sounds: Mapping[str, str] = MappingProxyType({})) -> TakeProgress:
        """A take with its own rng, and with the codes of the sound that it begins with, if there is one.

        Raises as ``sound_prompt`` does.
        """
        rng = torch.Generator().manual_seed(int(action.seed or 0))
        length = self.codec.codec_frames(int(action.frames or 1))
        melody, notes = self._melody(action, sounds, length)
        given = sound_prompt(action, sounds, self.codec)
        if given is not None:
            notes = (*given.warnings, *notes)
            return TakeProgress(index, action, given.length, rng, given.codes, given.splice, melody, notes)
        codes = torch.empty(len(self.model.schedule.delays), 0, dtype=torch.long)
        return TakeProgress(index, action, length, rng, codes, None, melody, notes)

    def _melody(self, action: Action, sounds: Mapping[str, str], length: int) -> tuple[Melody | None, tuple[str, ...]]:
        """The melody of a take of that many codec frames, and what is worth a warning about its recording."""
        if action.melody is None:
            return None, ()
        chroma = self.model.prefixes.chroma if self.model.prefixes else None
        if chroma is None:
            raise UnusableSoundError(f"{action.model} follows no melody; a model that does has 'melody' in its name")
        repeats = length > self.model.schedule.window
        # Longer than any pass sees, so that a recording of hours costs no more.
        most_s = int(action.frames or 0) / self.codec.sample_rate + 2 * chroma.window / chroma.sample_rate
        samples, notes = read_sound(sounds["melody"], action.melody, chroma.sample_rate, 1, most_s)
        return Melody(torch.from_numpy(samples[:, 0].copy()), repeats), notes

    def begin_all(self, requests: Iterable[tuple[int, Request]]) -> Iterator[TakeProgress | FailedRequest]:
        """Every request as a take, or why its sound cannot be used; the codec's encoder is in memory meanwhile."""
        for index, request in requests:
            try:
                yield self.begin(index, request.action, request.sounds)
            except (UnusableSoundError, AudioFileError) as error:
                yield FailedRequest(index, str(error))
            except OSError as error:
                yield FailedRequest(index, f"{error.filename or 'a sound'} cannot be read: {error.strerror or error}")
        self.codec.forget_encoder()

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
            free_memory()
            if tried:
                waiting = sorted([*tried, *waiting], key=_shortest_first)
            count = len(tried) or min(slots, len(waiting))  # none: there was no memory for the empty slots
            if count == 1:
                failed = tried[0] if tried else waiting[-1]
                waiting.remove(failed)
                yield FailedRequest(failed.index, self._too_large(failed))
            slots = max(1, count // 2)

    def _most_steps(self, takes: Sequence[TakeProgress]) -> int:
        return max(map(self.model.steps, takes))

    def _slots_for(self, waiting: Sequence[TakeProgress]) -> int:
        if not waiting or (self.exact and not self.model.decoder.backend.independent):
            return 1
        return fits(self.model.decoder, self._most_steps(waiting))

    def _decoded(self, take: TakeProgress) -> MadeTake:
        frames, rate = int(take.action.frames or 0), self.codec.sample_rate
        decoder = self.model.decoder
        made = made_by(decoder.device, decoder.backend.name, exact=self.exact)
        if take.splice is None:
            return MadeTake(take.index, self.codec.decode(take.codes, frames), rate, made)
        after = take.splice.codes_after
        codes = take.codes if after is None else torch.cat([take.codes, after], dim=1)
        samples, seams = joined(take.splice, self.codec.raw(codes, frames), rate)
        if seams:
            made = made | {"seams_db": ", ".join(f"{seam.score_db:.1f}" for seam in seams)}
        heard = [warning for seam in seams if (warning := seam.warning())]
        return MadeTake(take.index, samples, rate, made, (*take.warnings, *heard))

    def _too_large(self, take: TakeProgress) -> str:
        seconds = take.length * self.codec.hop / self.codec.sample_rate
        device = self.model.decoder.device
        return (
            f"{device} has not enough memory for this element alone ({seconds:.3g} s); "
            f"close other programs, shorten it, or use {'a smaller model' if device.type == 'cpu' else '--device cpu'}"
        )


def _shortest_first(take: TakeProgress) -> tuple[int, int]:
    return take.length, take.index
