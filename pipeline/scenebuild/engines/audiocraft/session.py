"""Takes from requests, with one model in memory at a time.

All requests of a model are decoded in one batch of as many slots as memory holds, and a slot that becomes free is
given to the next take: each pass over the weights then serves as many takes as possible.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch

from scenebuild.engines import Action, FailedRequest, MadeTake, Note, Progress, Request
from scenebuild.engines.audiocraft import kernels
from scenebuild.engines.audiocraft.batch import LoadedModel
from scenebuild.engines.audiocraft.codec import Codec
from scenebuild.engines.audiocraft.configuration import Dimensions
from scenebuild.engines.audiocraft.decoder import Decoder
from scenebuild.engines.audiocraft.device import backend_for
from scenebuild.engines.audiocraft.generator import Generator
from scenebuild.engines.audiocraft.needs import refuse_too_large
from scenebuild.engines.audiocraft.prefix import Prefixes
from scenebuild.engines.audiocraft.take import PassSchedule, TakeProgress
from scenebuild.engines.audiocraft.text import encode_prompts
from scenebuild.errors import EngineError

STRIDES_S = {"audiogen": 2.0, "musicgen": 18.0}  # audiocraft's defaults of extend_stride


@dataclass(slots=True)
class AudiocraftSession:
    """Generates on one device, with one model after the other. Satisfies ``EngineSession``."""

    engine: str
    device: torch.device
    exact: bool
    _progress: Progress = field(default=lambda index, share: None)

    def generate(self, requests: Sequence[Request], progress: Progress) -> Iterator[MadeTake | FailedRequest | Note]:
        """Every request, grouped by model and precision; see the protocol."""
        self._progress = progress
        if self.device.type == "cpu":
            yield from map(Note, kernels.notes())
        numbered = list(enumerate(requests))
        for wanted in sorted({_model_of(request.action) for request in requests}):
            own = [(index, one) for index, one in numbered if _model_of(one.action) == wanted]
            generator, note = self._load(*wanted, [one.action for _, one in own])
            yield from (Note(line) for line in (note, _said_of(*wanted)) if line)
            takes: list[TakeProgress] = []
            for begun in generator.begin_all(own):
                if isinstance(begun, FailedRequest):
                    yield begun
                else:
                    takes.append(begun)
            yield from generator.make(takes)
            yield from map(Note, generator.model.decoder.notes)
            del generator
            gc.collect()

    def _load(self, name: str, precision: str, actions: Sequence[Action]) -> tuple[Generator, str]:
        """A model with the prompts of these actions, and what there is to say about loading it.

        EngineError where it is not what the list of models says, or larger than the memory.
        """
        from scenebuild.engines.audiocraft.models import model
        from scenebuild.engines.audiocraft.packed import ready
        from scenebuild.engines.audiocraft.shared_codec import open_codec

        wanted = model(name)
        backend = backend_for(self.device, precision)
        seconds = max(int(action.frames or 1) for action in actions) / wanted.sample_rate

        def admit(sizes: Dimensions) -> None:
            if self.device.type == "cpu":
                arithmetic = "fp32" if precision == "auto" else precision
                refuse_too_large(wanted.id, sizes, arithmetic, seconds, kernels=backend.layout is not None)

        start = ready(wanted, backend, admit)
        located, language = start.located, start.language
        sizes = language.dimensions
        codec = Codec(open_codec(located), self.device, stereo=sizes.stereo)
        promised, found = (wanted.sample_rate, wanted.channels), (codec.sample_rate, codec.channels)
        if found != promised:
            raise EngineError(f"{wanted.id} should give {promised} (Hz, channels), its files give {found}")
        prompts = encode_prompts(
            [str(action.prompt) for action in actions], located.text_encoder_folder, language.projection, self.device
        )
        window, stride = (round(s * codec.sample_rate / codec.hop) for s in (sizes.window_s, STRIDES_S[self.engine]))
        prefixes = Prefixes(language, codec.sample_rate / codec.hop, self.device) if sizes.prepended else None
        loaded = LoadedModel(Decoder(language, backend), PassSchedule(sizes.delays, window, stride), prompts, prefixes)
        return Generator(loaded, codec, self._report, self.exact), start.note

    def _report(self, take: TakeProgress, decided: int) -> None:
        """Tell the progress of a take, at most once a hundredth."""
        before, now = (100 * done // take.length for done in (decided - 1, decided))
        if now > before:
            self._progress(take.index, min(decided / take.length, 1.0))


def _model_of(action: Action) -> tuple[str, str]:
    return str(action.model), str(action.precision or "auto")


def _said_of(name: str, precision: str) -> str:
    """What is known here of a precision that loses something."""
    from scenebuild.engines.audiocraft.models import model
    from scenebuild.engines.audiocraft.verdict import verdict_line

    return verdict_line(model(name), precision)
