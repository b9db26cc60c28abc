"""Takes from requests, with one model in memory at a time.

All requests of a model are decoded in one batch of as many slots as memory holds, and a slot that becomes free is
given to the next take: each pass over the weights then serves as many takes as possible.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator as Iteration
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch

from scenebuild.engines import Action, FailedRequest, MadeTake, Note, Progress, Request
from scenebuild.engines.audiocraft.batch import LoadedModel
from scenebuild.engines.audiocraft.codec import Codec
from scenebuild.engines.audiocraft.compute import kernels
from scenebuild.engines.audiocraft.configuration import Dimensions
from scenebuild.engines.audiocraft.decoder import Decoder
from scenebuild.engines.audiocraft.generator import Generator
from scenebuild.engines.audiocraft.machine.device import backend_for, free_memory
from scenebuild.engines.audiocraft.machine.needs import refuse_too_large
from scenebuild.engines.audiocraft.prefix import Prefixes
from scenebuild.engines.audiocraft.take import PassSchedule, TakeProgress
from scenebuild.engines.audiocraft.text import encode_prompts
from scenebuild.errors import EngineError

STRIDES_S = {"audiogen": 2.0, "musicgen": 18.0}  # audiocraft's defaults of extend_stride
Loading = Iteration[Note, None, Generator]


@dataclass(slots=True)
class AudiocraftSession:
    """Generates on one device, with one model after the other. Satisfies ``EngineSession``."""

    engine: str
    device: torch.device
    exact: bool
    note: str = ""  # about the device, for the user
    falls_back: bool = False  # to the CPU, where a model does not fit on the device
    _progress: Progress = field(default=lambda index, share: None)

    def generate(self, requests: Sequence[Request], progress: Progress) -> Iterator[MadeTake | FailedRequest | Note]:
        """Every request, grouped by model and precision; see the protocol."""
        self._progress = progress
        if self.note:
            yield Note(self.note)
        numbered = list(enumerate(requests))
        for wanted in sorted({_model_of(request.action) for request in requests}):
            own = [(index, one) for index, one in numbered if _model_of(one.action) == wanted]
            generator = yield from self._loaded(*wanted, [one.action for _, one in own])
            if said := _said_of(*wanted):
                yield Note(said)
            takes: list[TakeProgress] = []
            for begun in generator.begin_all(own):
                if isinstance(begun, FailedRequest):
                    yield begun
                else:
                    takes.append(begun)
            yield from generator.make(takes)
            yield from map(Note, generator.model.decoder.notes)
            del generator
            free_memory()

    def _loaded(self, name: str, precision: str, actions: Sequence[Action]) -> Loading:
        """A model where it fits: on the device, else on the CPU if that was left open. EngineError where it is not."""
        device, generator = self.device, None
        if device.type == "cuda":
            with contextlib.suppress(torch.OutOfMemoryError):
                generator, note = self._load(device, name, precision, actions)
            if generator is None:  # only here does nothing refer to what was loaded
                free_memory()
                free, total = (number / 1e9 for number in torch.cuda.mem_get_info(device))
                problem = f"{name} does not fit on {device}: {free:.1f} of {total:.1f} GB are free"
                if not self.falls_back:
                    raise EngineError(f"{problem}; close what uses the GPU, or use a smaller model or --device cpu")
                yield Note(f"{problem}; it runs on the CPU, which is much slower")
        if generator is None:
            device = torch.device("cpu") if device.type == "cuda" else device
            if device.type == "cpu":
                yield from map(Note, kernels.notes())
            generator, note = self._load(device, name, precision, actions)
        if note:
            yield Note(note)
        return generator

    def _load(
        self, device: torch.device, name: str, precision: str, actions: Sequence[Action]
    ) -> tuple[Generator, str]:
        """A model with the prompts of these actions, and what there is to say about loading it.

        EngineError where it is not what the list of models says, or larger than the memory.
        """
        from scenebuild.engines.audiocraft.compute.packed import ready
        from scenebuild.engines.audiocraft.hub.models import model
        from scenebuild.engines.audiocraft.hub.shared_codec import open_codec

        wanted = model(name)
        backend = backend_for(device, precision)
        seconds = max(int(action.frames or 1) for action in actions) / wanted.sample_rate

        def admit(sizes: Dimensions) -> None:
            if device.type == "cpu":
                arithmetic = "fp32" if precision == "auto" else precision
                refuse_too_large(wanted.id, sizes, arithmetic, seconds, kernels=backend.layout is not None)

        start = ready(wanted, backend, admit)
        located, language = start.located, start.language
        sizes = language.dimensions
        codec = Codec(open_codec(located), device, stereo=sizes.stereo)
        promised, found = (wanted.sample_rate, wanted.channels), (codec.sample_rate, codec.channels)
        if found != promised:
            raise EngineError(f"{wanted.id} should give {promised} (Hz, channels), its files give {found}")
        prompts = encode_prompts(
            [str(action.prompt) for action in actions], located.text_encoder_folder, language.projection, device
        )
        window, stride = (round(s * codec.sample_rate / codec.hop) for s in (sizes.window_s, STRIDES_S[self.engine]))
        prefixes = Prefixes(language, codec.sample_rate / codec.hop, device) if sizes.prepended else None
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
    from scenebuild.engines.audiocraft.hub.models import model
    from scenebuild.engines.audiocraft.verdict import verdict_line

    return verdict_line(model(name), precision)
