"""AudioGen and MusicGen: their weights and their decoder. The only room that imports torch, in child processes only."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

from scenebuild.engines import EngineFacts, EngineSession, EngineState, ModelFacts
from scenebuild.errors import EngineError

# A new one whenever the same action would give other tokens from the same weights: pattern, guidance, sampling, passes.
DECODER_VERSION = "2"
SET = ("torch", "torchaudio", "sentencepiece", "safetensors", "audiocraft")


@dataclass(frozen=True, slots=True)
class AudiocraftEngine:
    """One of the two families of models that audiocraft runs from a prompt alone."""

    name: Literal["audiogen", "musicgen"]
    title: str
    default_model: str

    @property
    def facts(self) -> EngineFacts:
        """Of the default model; ``models`` holds those of the list and what the user registered."""
        from scenebuild.engines.audiocraft.hub.manifest import record_path
        from scenebuild.engines.audiocraft.hub.models import models

        own = tuple(
            ModelFacts(
                one.id,
                one.revision,
                one.sample_rate,
                one.channels,
                one.longest_take_s,
                one.licence,
                record_path(one.id, "own") if one.folder else None,
                frozenset({"melody"} if one.melody else ()),
            )
            for one in models()
            if one.engine == self.name
        )
        first = next(one for one in own if one.id == self.default_model)
        return EngineFacts(
            name=self.name,
            title=self.title,
            version=DECODER_VERSION,
            fidelity="real",
            sample_rate=first.sample_rate,
            channels=first.channels,
            longest_take_s=first.longest_take_s,
            parameters=frozenset({"seed", "temperature", "top_k", "top_p", "cfg", "continues", "redo"}),
            licence=first.licence,
            batches=True,
            default_model=first.id,
            models=own,
            defaults=(("temperature", 1.0), ("top_k", 250), ("cfg", 3.0)),  # audiocraft's
            precision="auto",  # fp16 on CUDA, fp32 elsewhere: which it was is recorded, and changes no key
            # Large pages for the KV caches: a step reads all of them, which would be a hundred thousand small pages.
            trained_on="music" if self.name == "musicgen" else "sounds",
            environment=(("HF_HUB_OFFLINE", "1"), ("THP_MEM_ALLOC_ENABLE", "1")),
        )

    def state(self, model: str | None = None) -> EngineState:
        """Whether the packages are installed and every file of the model is in its place; reads none of them."""
        from scenebuild.config import REGISTERED_EXAMPLE, user_file
        from scenebuild.engines.audiocraft.hub.models import model as model_named
        from scenebuild.engines.audiocraft.hub.weights import MissingWeights, located

        absent = [name for name in SET if find_spec(name) is None]
        if absent:
            return EngineState(
                False, f"the AudioGen set is not installed (no {', '.join(absent)})", "type: make audiogen"
            )
        try:
            wanted = model_named(model or self.default_model)
        except EngineError:
            place = f"register it in {user_file()}, for example: {REGISTERED_EXAMPLE}"
            return EngineState(False, f"{model} is not registered on this machine", place)
        found = located(wanted)
        return (
            EngineState(False, found.reason, found.advice) if isinstance(found, MissingWeights) else EngineState(True)
        )

    def load(self, options: dict[str, Any]) -> EngineSession:
        """Choose the device; a model is loaded with the first request for it."""
        from scenebuild.engines.audiocraft.machine.threads import spin_briefly

        spin_briefly()  # before torch is imported
        from scenebuild.engines.audiocraft.machine.device import choose_device, prepare
        from scenebuild.engines.audiocraft.session import AudiocraftSession

        asked = str(options.get("device") or "auto")
        chosen = choose_device(asked, options.get("gpu"))
        prepare(chosen.device)
        exact, falls_back = bool(options.get("exact")), asked == "auto"
        return AudiocraftSession(self.name, chosen.device, exact, chosen.note, falls_back)

    def places(self, device: str) -> tuple[dict[str, Any], ...]:
        """One for each GPU, where ``device`` leaves open which and there are several alike."""
        from scenebuild.engines.audiocraft.machine.gpu import alike

        return tuple({"gpu": number} for number in alike()) if device in ("auto", "cuda") else ()


AUDIOGEN = AudiocraftEngine("audiogen", "AudioGen", "facebook/audiogen-medium")
MUSICGEN = AudiocraftEngine("musicgen", "MusicGen", "facebook/musicgen-small")
