"""Takes from requests, with one model in memory at a time.

All takes that are wanted play together, as many as memory has room for: whoever is done leaves its place to the next
one, so that the weights are always read for as many as possible.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from scenebuild.engines import Action, FailedRequest, MadeTake, Progress, Request
from scenebuild.engines.audiocraft.batch import Batch
from scenebuild.engines.audiocraft.codec import Codec
from scenebuild.engines.audiocraft.decoder import Decoder
from scenebuild.engines.audiocraft.device import backend_for, fits, is_out_of_memory, made_by
from scenebuild.engines.audiocraft.pattern import steps_of
from scenebuild.engines.audiocraft.take import TakeProgress
from scenebuild.engines.audiocraft.text import encode_prompts
from scenebuild.errors import EngineError

STRIDES_S = {"audiogen": 2.0, "musicgen": 18.0}  # audiocraft's defaults of extend_stride


@dataclass(slots=True)
class AudiocraftSession:
    """Generates on one device, with one model after the other. Satisfies the engines' ``AudiocraftSession``."""

    engine: str
    device: torch.device
    exact: bool
    _progress: Progress = field(default=lambda index, share: None)

    def generate(self, requests: Sequence[Request], progress: Progress) -> Iterator[MadeTake | FailedRequest]:
        """Every request, grouped by model and precision; see the protocol."""
        self._progress = progress
        numbered = list(enumerate(requests))
        for wanted in sorted({_model_of(request.action) for request in requests}):
            yield from self._with_model(
                *wanted, [(index, one.action) for index, one in numbered if _model_of(one.action) == wanted]
            )
            gc.collect()

    def _with_model(
        self, name: str, precision: str, actions: Sequence[tuple[int, Action]]
    ) -> Iterator[MadeTake | FailedRequest]:
        from scenebuild.engines.audiocraft.models import model
        from scenebuild.engines.audiocraft.packed import ready
        from scenebuild.engines.audiocraft.shared_codec import open_codec

        wanted = model(name)
        backend = backend_for(self.device, precision)
        place, language = ready(wanted, backend)
        sizes = language.dimensions
        codec = Codec(open_codec(place), self.device, stereo=sizes.stereo)
        promised, found = (wanted.sample_rate, wanted.channels), (codec.sample_rate, codec.channels)
        if found != promised:
            raise EngineError(f"{wanted.id} should give {promised} (Hz, channels), its files give {found}")
        prompts = [str(action.prompt) for _, action in actions]
        texts = encode_prompts(prompts, place.text_encoder_folder, language.projection, self.device)
        window, stride = (round(s * codec.sample_rate / codec.hop) for s in (sizes.window_s, STRIDES_S[self.engine]))
        studio = Generator(Decoder(language, backend), codec, sizes.delays, window, stride, texts, self)
        yield from studio.make([studio.begin(index, action) for index, action in actions])

    def tell(self, take: TakeProgress, moments: int) -> None:
        """How far a take is, at most once a hundredth."""
        before, now = (100 * done // take.moments for done in (moments - 1, moments))
        if now > before:
            self._progress(take.index, min(moments / take.moments, 1.0))


@dataclass(frozen=True, slots=True)
class Generator:
    """One loaded model and the texts of its requests."""

    decoder: Decoder
    codec: Codec
    delays: tuple[int, ...]
    window: int  # moments of one pass
    stride: int  # moments that each further pass adds
    texts: dict[str, Tensor]
    session: AudiocraftSession

    def begin(self, index: int, action: Action) -> TakeProgress:
        """An empty take with its own dice."""
        generator = torch.Generator().manual_seed(int(action.seed or 0))
        moments = self.codec.moments_of(int(action.frames or 1))
        return TakeProgress(index, action, moments, generator, torch.empty(len(self.delays), 0, dtype=torch.long))

    def make(self, takes: Sequence[TakeProgress]) -> Iterator[MadeTake | FailedRequest]:
        """All takes, the short ones first. Where memory runs out, with half as many at once."""
        waiting = sorted(takes, key=_shortest)
        places = self._places(waiting)
        while waiting:
            batch: Batch | None = None
            in_hand: list[TakeProgress] = []
            try:
                for take in [take for take in waiting if take.is_done]:  # made, but not heard for lack of memory
                    in_hand = [take]
                    waiting.remove(take)
                    yield self._heard(take)
                in_hand = []
                if waiting:
                    batch = self._batch(waiting, places)
                    for take in batch.play(waiting):
                        in_hand = [take]
                        yield self._heard(take)
                        in_hand = []
                return
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            # Only here, outside of the except clause, does nothing hold on to what the batch had in memory.
            tried = in_hand + (batch.leave() if batch else [])
            batch = None
            _free()
            if tried:
                waiting = sorted([*tried, *waiting], key=_shortest)
            count = len(tried) or min(places, len(waiting))  # of none, not even the empty places had room
            if count == 1:
                failed = tried[0] if tried else waiting[-1]
                waiting.remove(failed)
                yield FailedRequest(failed.index, self._too_large(failed))
            places = max(1, count // 2)

    def _batch(self, waiting: Sequence[TakeProgress], places: int) -> Batch:
        tokens = max(len(text) for text in self.texts.values())
        return Batch(self, min(places, len(waiting)), self._steps(waiting), tokens)

    def _steps(self, takes: Sequence[TakeProgress]) -> int:
        return max(steps_of(min(take.moments, self.window), self.delays) for take in takes)

    def _places(self, waiting: Sequence[TakeProgress]) -> int:
        """How many takes at once. ``exact``: as long as neighbours could change a last bit, one."""
        if not waiting or (self.session.exact and not self.decoder.backend.independent):
            return 1
        return fits(self.decoder, self._steps(waiting))

    def _heard(self, take: TakeProgress) -> MadeTake:
        samples = self.codec.decode(take.codes, int(take.action.frames or 0))
        made = made_by(self.decoder.device, self.decoder.backend.name, exact=self.session.exact)
        return MadeTake(take.index, samples, self.codec.sample_rate, made)

    def _too_large(self, take: TakeProgress) -> str:
        seconds = take.moments * self.codec.hop / self.codec.sample_rate
        on_cpu = self.decoder.device.type == "cpu"
        return (
            f"{self.decoder.device} has not enough memory for this element alone ({seconds:.3g} s); "
            f"close other programs, shorten it, or use {'a smaller model' if on_cpu else '--device cpu'}"
        )


def _model_of(action: Action) -> tuple[str, str]:
    return str(action.model), str(action.precision or "auto")


def _shortest(take: TakeProgress) -> tuple[int, int]:
    return take.moments, take.index


def _free() -> None:
    gc.collect()
    torch.cuda.empty_cache()
