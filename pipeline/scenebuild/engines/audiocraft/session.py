"""Takes from requests: batches of them, pass by pass, one model in memory at a time.

A take that is longer than what the model was trained on slides: each further pass starts from the end of what is
there and adds ``stride`` seconds, as audiocraft's ``extend_stride`` does.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from scenebuild.engines import Action, Failed, Made, Progress, Request
from scenebuild.engines.audiocraft.checkpoint import (
    CODEC,
    LANGUAGE_MODEL,
    load_codec,
    load_language_model,
    open_checkpoint,
)
from scenebuild.engines.audiocraft.codec import Codec
from scenebuild.engines.audiocraft.decoder import Decoder
from scenebuild.engines.audiocraft.device import fits, is_out_of_memory, made_by
from scenebuild.engines.audiocraft.pattern import UNKNOWN, deinterleave, interleave, steps_of
from scenebuild.engines.audiocraft.sampling import Wishes, draw, sample
from scenebuild.engines.audiocraft.text import encode_prompts
from scenebuild.errors import EngineError

STRIDES_S = {"audiogen": 2.0, "musicgen": 18.0}  # audiocraft's defaults of extend_stride


@dataclass(slots=True)
class Take:
    """One take on its way. Only whole passes are kept here, so that a pass can be begun again."""

    index: int  # of its request
    action: Action
    moments: int  # that it will have
    generator: torch.Generator
    codes: Tensor  # (K, moments so far), on the CPU

    @property
    def is_done(self) -> bool:
        """Whether every moment is there."""
        return int(self.codes.shape[1]) >= self.moments


@dataclass(frozen=True, slots=True)
class Pass:
    """Where one pass of a take begins and ends, in moments of the take."""

    start: int
    prompt: int  # moments that are known already
    length: int  # moments that it has at its end, the known ones included


@dataclass(slots=True)
class Session:
    """Generates on one device, with one model after the other. Satisfies the engines' ``Session``."""

    engine: str
    device: torch.device
    exact: bool
    _progress: Progress = field(default=lambda index, share: None)

    def generate(self, requests: Sequence[Request], progress: Progress) -> Iterator[Made | Failed]:
        """Every request, grouped by model; see the protocol."""
        self._progress = progress
        numbered = list(enumerate(requests))
        for name in sorted({str(request.action.model) for request in requests}):
            of_model = [(index, request.action) for index, request in numbered if request.action.model == name]
            yield from self._with_model(name, of_model)
            gc.collect()

    def _with_model(self, name: str, actions: Sequence[tuple[int, Action]]) -> Iterator[Made | Failed]:
        from scenebuild.engines.audiocraft.models import model
        from scenebuild.engines.audiocraft.weights import verified

        wanted = model(name)
        place = verified(wanted)
        prompts = [str(action.prompt) for _, action in actions]
        weights = open_checkpoint(place.folder, LANGUAGE_MODEL)
        texts = encode_prompts(prompts, place.text_encoder_folder, weights, self.device)
        language = load_language_model(weights, self.device)
        codec = Codec(load_codec(open_checkpoint(place.folder, CODEC), self.device), stereo=language.stereo)
        promised, found = (wanted.sample_rate, wanted.channels), (codec.sample_rate, codec.channels)
        if found != promised:
            raise EngineError(f"{wanted.id} should give {promised} (Hz, channels), its files give {found}")
        decoder = Decoder(language.module, self.device)
        window, stride = (round(s * codec.sample_rate / codec.hop) for s in (language.window_s, STRIDES_S[self.engine]))
        studio = Studio(decoder, codec, language.delays, window, stride, texts, self)
        yield from studio.make([studio.begin(index, action) for index, action in actions])

    def tell(self, take: Take, moments: int) -> None:
        """How far a take is, at most once a hundredth."""
        before, now = (100 * done // take.moments for done in (moments - 1, moments))
        if now > before:
            self._progress(take.index, min(moments / take.moments, 1.0))


@dataclass(frozen=True, slots=True)
class Studio:
    """One loaded model and the texts of its requests."""

    decoder: Decoder
    codec: Codec
    delays: tuple[int, ...]
    window: int  # moments of one pass
    stride: int  # moments that each further pass adds
    texts: dict[str, Tensor]
    session: Session

    def begin(self, index: int, action: Action) -> Take:
        """An empty take with its own dice."""
        generator = torch.Generator().manual_seed(int(action.seed or 0))
        moments = self.codec.moments_of(int(action.frames or 1))
        return Take(index, action, moments, generator, torch.empty(len(self.delays), 0, dtype=torch.long))

    def make(self, takes: Sequence[Take]) -> Iterator[Made | Failed]:
        """All takes, batch by batch; those of like length share a batch, so that few rows run empty."""
        waiting = sorted(takes, key=lambda take: (take.moments, take.index))
        while waiting:
            count = 1 if self.session.exact else self._fitting(waiting)
            yield from self._finish(waiting[:count])
            waiting = waiting[count:]

    def _fitting(self, takes: Sequence[Take]) -> int:
        steps = steps_of(min(takes[-1].moments, self.window), self.delays)
        return min(len(takes), fits(self.decoder, steps))

    def _finish(self, takes: list[Take]) -> Iterator[Made | Failed]:
        """Pass after pass until all are given out. Where memory runs out, the two halves one after the other."""
        while takes:
            before = [(take, take.codes, take.generator.get_state()) for take in takes]
            given: set[int] = set()
            fits = True
            try:
                for take in self._pass(takes):
                    yield self._heard(take)
                    given.add(take.index)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                fits = False
            takes = [take for take in takes if take.index not in given]
            if fits:
                continue
            # Only here, outside of the except clause, does nothing hold on to what the failed pass had in memory.
            _begin_again(before)
            if len(takes) == 1:
                yield Failed(takes[0].index, self._too_large(takes[0]))
                return
            half = -(-len(takes) // 2)
            yield from self._finish(takes[:half])
            takes = takes[half:]

    def _pass(self, takes: list[Take]) -> Iterator[Take]:
        """Take all one pass further; gives out those that are done, also those that were before."""
        yield from [take for take in takes if take.is_done]
        unfinished = [take for take in takes if not take.is_done]
        if unfinished:
            yield from self._run(unfinished)

    def _run(self, takes: list[Take]) -> Iterator[Take]:
        """One pass of a batch. Each take that is then done is given out as soon as its own last step is made."""
        passes = [self._next_pass(take) for take in takes]
        lengths = [steps_of(one.length, self.delays) for one in passes]
        known = passes[0].prompt
        sequence = self._sequence(takes, passes, max(lengths))  # (B, K, steps)
        state = self.decoder.begin([self.texts[str(take.action.prompt)] for take in takes], max(lengths) - 1)
        wishes = Wishes.of([take.action for take in takes], self.decoder.codes, self.decoder.device)
        rows = list(range(len(takes)))
        logits = self.decoder.prefill(state, sequence[:, :, : known + 1])
        for step in range(known + 1, max(lengths)):
            draws = draw([takes[row].generator for row in rows], len(self.delays), self.decoder.codes)
            codes = sample(*logits, wishes, draws.to(self.decoder.device))
            planned = sequence[rows, :, step]
            sequence[rows, :, step] = torch.where(planned == UNKNOWN, codes, planned)
            for row in rows:
                self.session.tell(takes[row], min(passes[row].start + step, takes[row].moments))
            done = [row for row in rows if lengths[row] == step + 1]
            for row in done:
                self._keep(takes[row], passes[row], sequence[row])
            yield from (takes[row] for row in done if takes[row].is_done)
            if len(done) == len(rows):
                return
            if done:
                staying = torch.tensor([place for place, row in enumerate(rows) if row not in done])
                rows = [rows[place] for place in staying]
                state.keep(staying.to(self.decoder.device))
                wishes = wishes.keep(staying.to(self.decoder.device))
            logits = self.decoder.decode_step(state, sequence[rows, :, step])

    def _next_pass(self, take: Take) -> Pass:
        """The first pass fills the window; each further one keeps its end and adds a stride, or what is missing."""
        have = take.codes.shape[1]
        if not have:
            return Pass(0, 0, min(take.moments, self.window))
        prompt = self.window - self.stride
        start = have - prompt
        return Pass(start, prompt, min(take.moments - start, self.window))

    def _sequence(self, takes: list[Take], passes: list[Pass], steps: int) -> Tensor:
        none = self.decoder.codes
        rows = []
        for take, one in zip(takes, passes, strict=True):
            codes = torch.full((len(self.delays), one.length), UNKNOWN)
            codes[:, : one.prompt] = take.codes[:, one.start :]
            rows.append(interleave(codes, self.delays, none, steps))
        return torch.stack(rows).to(self.decoder.device)

    def _keep(self, take: Take, one: Pass, sequence: Tensor) -> None:
        codes = deinterleave(sequence.cpu(), self.delays, one.length)
        take.codes = torch.cat([take.codes, codes[:, one.prompt :]], dim=1)

    def _heard(self, take: Take) -> Made:
        samples = self.codec.decode(take.codes, int(take.action.frames or 0))
        return Made(take.index, samples, self.codec.sample_rate, made_by(self.decoder.device, exact=self.session.exact))

    def _too_large(self, take: Take) -> str:
        seconds = take.moments * self.codec.hop / self.codec.sample_rate
        on_cpu = self.decoder.device.type == "cpu"
        return (
            f"{self.decoder.device} has not enough memory for this element alone ({seconds:.3g} s); "
            f"close other programs, shorten it, or use {'a smaller model' if on_cpu else '--device cpu'}"
        )


def _begin_again(before: Sequence[tuple[Take, Tensor, Tensor]]) -> None:
    """Free what a failed pass had in memory, and roll the dice back of those takes that it did not bring further."""
    gc.collect()
    torch.cuda.empty_cache()
    for take, codes, state in before:
        if take.codes is codes:
            take.generator.set_state(state)
