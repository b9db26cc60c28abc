"""The models that there are: a literal list, each pinned to one commit of the hub, and what a user registered.

What a name stands for never depends on what the hub says today: the commit is part of this file, and so of the
action key. A name from a scene is only ever looked up here; it never reaches a loader as a path.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from typing import Literal

from scenebuild.config import Registered, registered_models
from scenebuild.engines import no_such_model
from scenebuild.engines.audiocraft.hub.manifest import record_of
from scenebuild.engines.audiocraft.hub.pickles import reference_in
from scenebuild.errors import EngineError, UsageError
from scenebuild.licences import strictest


@dataclass(frozen=True, slots=True)
class TextEncoderFiles:
    """The T5 that a model reads its prompts with; a download of its own, pinned as well."""

    repository: str
    revision: str  # commit
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SharedCodec:
    """The EnCodec of a model whose own codec file holds no weights but this repository's name; pinned as well."""

    repository: str
    revision: str  # commit
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """The weights of one model and the facts that do not need them.

    ``folder`` is set for a checkpoint of the user's own: an absolute path instead of a repository on the hub. Its
    ``revision`` follows from its bytes, and is empty until they were recorded.
    """

    id: str
    engine: Literal["audiogen", "musicgen"]
    repository: str
    revision: str  # commit
    files: tuple[str, ...]
    licence: str  # SPDX id
    sample_rate: int  # Hz
    channels: int
    longest_take_s: float  # of one pass
    text_encoder: TextEncoderFiles
    folder: str | None = None
    codec: SharedCodec | None = None
    melody: bool = False  # takes a recording whose melody the music follows


MODEL_FILE, CODEC_FILE = "state_dict.bin", "compression_state_dict.bin"
FILES = (MODEL_FILE, CODEC_FILE)
T5_FILES = ("config.json", "spiece.model", "model.safetensors")

# Under the names that audiocraft asks for, so that its users' caches are good for us and ours for them.
T5_BASE = TextEncoderFiles("t5-base", "a9723ea7f1b39c1eae772870f3b547bf6ef7e6c1", T5_FILES)
T5_LARGE = TextEncoderFiles("t5-large", "150ebc2c4b72291e770f58e6057481c8d2ed331a", T5_FILES)


# What most name as their codec whom the later exporter of audiocraft wrote: the stereo models, and fine-tuned ones.
ENCODEC_32KHZ = SharedCodec(
    "facebook/encodec_32khz", "d0c45384f6c44db055f78200cfdcb9c1c8706727", ("config.json", "model.safetensors")
)


def _audiogen(repository: str, revision: str) -> Model:
    return Model(repository, "audiogen", repository, revision, FILES, "CC-BY-NC-4.0", 16000, 1, 10.0, T5_LARGE)


def _musicgen(
    repository: str, revision: str, *, channels: int = 1, melody: bool = False, names_codec: bool = False
) -> Model:
    codec = ENCODEC_32KHZ if names_codec else None
    return Model(
        repository, "musicgen", repository, revision, FILES, "CC-BY-NC-4.0", 32000, channels, 30.0, T5_BASE,
        codec=codec, melody=melody,
    )  # fmt: skip


def _stereo(repository: str, revision: str, *, melody: bool = False) -> Model:
    return _musicgen(repository, revision, channels=2, melody=melody, names_codec=True)


MODELS: tuple[Model, ...] = (
    _audiogen("facebook/audiogen-medium", "1277dd7dfd8fa57a205a70acc5de0ee90804502f"),
    _musicgen("facebook/musicgen-small", "4c8334b02c6ec4e8664a91979669a501ec497792"),
    _musicgen("facebook/musicgen-medium", "d3bd7b00761b78ad7a8a05145ee31e7832e9916c"),
    _musicgen("facebook/musicgen-large", "15ccdc92099879e47b6da12c350cdb71d4eab3ca"),
    _stereo("facebook/musicgen-stereo-small", "3a110c0092820d470372c880c5ea06ce21a78ddd"),
    _stereo("facebook/musicgen-stereo-medium", "2747e613fbaadc43b14257224326ef58c5c11b81"),
    _stereo("facebook/musicgen-stereo-large", "bda8ec330c9c17e09728589eaf678f58f7d2d932"),
    _musicgen("facebook/musicgen-melody", "68d653a95788ec0d2b0abccab22c0b3a200c2d90", melody=True),
    # Published together with the stereo models; its codec's file may hold weights or the name.
    _musicgen(
        "facebook/musicgen-melody-large", "6fdf8d3d815995108c9bdb5183414ff464b171ac", melody=True, names_codec=True
    ),
    _stereo("facebook/musicgen-stereo-melody", "022c3bd20a7d77e7c014082f0391bcbcd3940a7a", melody=True),
    _stereo("facebook/musicgen-stereo-melody-large", "eea14861e6c29c47aea1055982a217468cd1634d", melody=True),
)


def model(name: str) -> Model:
    """The model of that id, the part after the slash is enough. EngineError naming the known ones."""
    known = models()
    for one in known:
        if name in (one.id, one.id.rpartition("/")[2]):
            return one
    raise EngineError(no_such_model(name, [one.id for one in known]))


def models() -> tuple[Model, ...]:
    """Every model: those of the list, then those of the user's own configuration."""
    return (*MODELS, *map(_own, registered_models()))


def _own(registered: Registered) -> Model:
    """A registered checkpoint is its base with other weights: same engine, same shapes, same text encoder. What was
    learned from the base stays under the base's licence as well."""
    for base in MODELS:
        if registered.base == base.id:
            return replace(
                base,
                id=registered.name,
                repository="",
                folder=registered.path,
                licence=strictest([base.licence, registered.licence]),
                revision=_revision_of(registered),
                codec=_codec_of(registered.path),
            )
    known = ", ".join(base.id for base in MODELS)
    raise UsageError(f"models.{registered.name!r}: base = {registered.base!r} is not a model; there are: {known}")


def _codec_of(folder: str) -> SharedCodec | None:
    """Whoever fine-tunes chooses whether to export the codec or its name. Another name than ours is refused later."""
    try:
        return ENCODEC_32KHZ if reference_in(os.path.join(folder, CODEC_FILE)) else None
    except OSError:
        return None


def _revision_of(registered: Registered) -> str:
    """As long as a commit, and other bytes give another one."""
    record = record_of(registered.name, "own")
    if record is None:
        return ""
    lines = "".join(f"{one.sha256} {one.size} {name}\n" for name, one in sorted(record.items()))
    return hashlib.sha256(lines.encode()).hexdigest()[:40]
