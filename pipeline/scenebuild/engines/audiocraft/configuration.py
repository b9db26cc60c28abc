"""What the configuration inside a language model's checkpoint says: its dimensions, and how it takes its conditions.

A checkpoint carries the configuration of its training, as old as that is. It is read as audiocraft 1.3.0 reads it
(``loaders.load_lm_model``, ``builders.get_lm_model``): what audiocraft drops or repairs makes no difference, and an
absent key has audiocraft's default. A setting that would give other tokens than those decoded here is refused by its
key, never ignored.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from scenebuild.errors import EngineError

if TYPE_CHECKING:  # it imports torch, which a configuration needs none of
    from scenebuild.engines.audiocraft.checkpoint import Checkpoint

TEXT, MELODY = "description", "self_wav"  # audiocraft's names of the two conditions
TEXT_PROJECTION = f"condition_provider.conditioners.{TEXT}.output_proj."
MELODY_PROJECTION = f"condition_provider.conditioners.{MELODY}.output_proj."

# A key of ``transformer_lm``: audiocraft's default (that of LMModel and StreamingTransformer), and what is decoded.
DECODED = {
    "norm": ("layer_norm", "layer_norm"), "norm_first": (False, True), "activation": ("relu", "gelu"),
    "causal": (False, True), "positional_embedding": ("sin", "sin"), "layer_scale": (None, None),
    "past_context": (None, None), "qk_layer_norm": (False, False), "qk_layer_norm_cross": (False, False),
    "kv_repeat": (1, 1), "bias_attn": (True, False), "bias_ff": (True, False), "bias_proj": (True, False),
}  # fmt: skip
# T5 of one width exists with other weights (FLAN, t5-3b): the width alone does not tell them apart.
TEXT_ENCODERS = ("t5-small", "t5-base", "t5-large")
FUSING = ("cross", "prepend", "sum", "input_interpolate")


@dataclass(frozen=True, slots=True)
class Chroma:
    """How a melody model hears a recording: the settings of audiocraft's ``ChromaExtractor``."""

    sample_rate: int  # Hz
    bins: int  # pitch classes (``n_chroma``)
    fft_frames: int  # ``nfft``
    window_frames: int  # ``winlen``, else 2 to the power of ``radix2_exp``
    hop_frames: int  # ``winhop``
    argmax: bool  # the strongest bin alone, as 1


@dataclass(frozen=True, slots=True)
class Dimensions:
    """All numbers that the decoder needs beside the weights."""

    dim: int
    heads: int
    layers: int
    hidden: int  # width of the feed-forward layers
    codebooks: int
    codes: int  # of a codebook
    text_dim: int  # of the text encoder
    delays: tuple[int, ...]  # of each codebook, in steps
    window_s: float  # of one pass
    stereo: bool  # codebooks of left and right take turns
    max_period: float  # of the positions' sines
    positional_scale: float
    # A condition is attended to in every layer, or stands before the codes; by audiocraft's names.
    cross_attended: tuple[str, ...] = (TEXT,)
    prepended: tuple[str, ...] = ()  # in the order of the sequence
    chroma: Chroma | None = None  # of a model that takes a melody


def dimensions_of(checkpoint: Checkpoint) -> Dimensions:
    """From a checkpoint's own configuration. EngineError where it is a model that is not decoded here."""
    if reason := why_not(checkpoint.config):
        raise EngineError(f"{checkpoint.path} {reason}")
    text_dim = checkpoint.tensor(TEXT_PROJECTION + "weight").shape[1]
    return _Settings(checkpoint.config).dimensions(text_dim)


def why_not(config: Any) -> str:
    """What keeps the model of a configuration from being decoded here, to be said of its file; "" for nothing."""
    from omegaconf.errors import OmegaConfBaseException

    try:
        settings = _Settings(config)
        other = list(settings.not_decoded())
        if not other:
            settings.dimensions(text_dim=0)
    except (KeyError, TypeError, ValueError, AttributeError, OmegaConfBaseException) as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        return f"holds a configuration that cannot be read: {what}"
    if not other:
        return ""
    return (
        f"is another kind of model than scenebuild decodes ({'; '.join(other)}); "
        "it decodes AudioGen, and MusicGen that takes text, or text and a melody"
    )


def plain(sizes: Dimensions) -> dict[str, Any]:
    """The dimensions for a file."""
    return asdict(sizes)


def from_plain(values: Mapping[str, Any]) -> Dimensions:
    """The inverse."""
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, (list, tuple))}
    chroma = values.get("chroma")
    return Dimensions(**{**values, **lists, "chroma": Chroma(**chroma) if chroma else None})


class _Settings:
    """The sections of a configuration that decide tokens, as plain values."""

    def __init__(self, config: Any) -> None:
        self.model = config.get("lm_model", "transformer_lm")
        self.transformer = _section(config, "transformer_lm")
        self.pattern = _section(config, "codebooks_pattern")
        self.fuser = _section(config, "fuser")
        self.stereo = _section(config, "interleave_stereo_codebooks")
        self.window_s = float(config.dataset.segment_duration)
        self.conditioners = _section(config, "conditioners")
        self.conditioners.pop("args", None)  # merge_text_conditions_p, drop_desc_p: of training, dropped by audiocraft

    def dimensions(self, text_dim: int) -> Dimensions:
        """All numbers, of a model that is decoded here."""
        lm = self.transformer
        # audiocraft puts each condition before what is there already: first the text, then the recording before it.
        prepended = [name for name in (MELODY, TEXT) if name in self._fused("prepend")]
        return Dimensions(
            dim=int(lm["dim"]),
            heads=int(lm.get("num_heads", 8)),
            layers=int(lm["num_layers"]),
            hidden=int(lm.get("hidden_scale", 4) * lm["dim"]),
            codebooks=int(lm["n_q"]),
            codes=int(lm.get("card", 1024)),
            text_dim=text_dim,
            delays=self._delays(),
            window_s=self.window_s,
            stereo=bool(self.stereo.get("use", False)),
            max_period=float(lm.get("max_period", 10_000)),
            positional_scale=float(lm.get("positional_scale", 1.0)),
            cross_attended=tuple(self._fused("cross")),
            prepended=tuple(prepended),
            chroma=_chroma(self.conditioners[MELODY]["chroma_stem"]) if MELODY in self.conditioners else None,
        )

    def not_decoded(self) -> Iterator[str]:
        """Every setting that the decoder does not know, as ``key: value``."""
        if self.model != "transformer_lm":
            yield f"lm_model: {self.model}"
        for name, (default, decoded) in DECODED.items():
            if (found := self.transformer.get(name, default)) != decoded:
                yield f"transformer_lm.{name}: {found}"
        yield from self._unknown_pattern()
        yield from self._unknown_conditions()
        if self.stereo.get("use") and self.stereo.get("per_timestep"):
            yield "interleave_stereo_codebooks.per_timestep: True"

    def _pattern(self) -> tuple[str, dict[str, Any]]:
        """The pattern's name and arguments; one that names none is as old as ``transformer_lm.q_modeling``."""
        if self.pattern.get("modeling") is None:
            return str(self.transformer.get("q_modeling")), {}
        return str(self.pattern["modeling"]), self.pattern.get(self.pattern["modeling"]) or {}

    def _delays(self) -> tuple[int, ...]:
        found = self._pattern()[1].get("delays")
        return tuple(int(delay) for delay in (range(self.transformer["n_q"]) if found is None else found))

    def _unknown_pattern(self) -> Iterator[str]:
        modeling, arguments = self._pattern()
        if modeling != "delay":
            yield f"codebooks_pattern.modeling: {modeling}"
            return
        for name in ("flatten_first", "empty_initial"):
            if arguments.get(name):
                yield f"codebooks_pattern.delay.{name}: {arguments[name]}"
        if len(self._delays()) != self.transformer["n_q"]:
            yield f"codebooks_pattern.delay.delays: {len(self._delays())} for {self.transformer['n_q']} codebooks"

    def _fused(self, how: str) -> list[str]:
        return list(self.fuser.get(how) or [])

    def _unknown_conditions(self) -> Iterator[str]:
        for name, expected in ((TEXT, "t5"), (MELODY, "chroma_stem")):
            if name in self.conditioners and self.conditioners[name].get("model") != expected:
                yield f"conditioners.{name}.model: {self.conditioners[name].get('model')}"
        names = list(self.conditioners)
        if sorted(names) not in ([TEXT], [TEXT, MELODY]):
            yield f"conditioners: {', '.join(names) or 'none'}"
        elif not any(sorted(self._fused(how)) == sorted(names) for how in self._ways()):
            ways = ", ".join(f"{how} {self._fused(how)}" for how in FUSING if self._fused(how))
            yield f"fuser: {ways or 'nothing'}"
        if self.fuser.get("cross_attention_pos_emb"):
            yield "fuser.cross_attention_pos_emb: True"
        yield from _unknown_text(self.conditioners.get(TEXT, {}).get("t5") or {})
        norm = (self.conditioners.get(MELODY, {}).get("chroma_stem") or {}).get("norm", math.inf)
        if norm != math.inf:
            yield f"conditioners.{MELODY}.chroma_stem.norm: {norm}"

    def _ways(self) -> tuple[str, ...]:
        """How all conditions may be taken: audiocraft prepends a recording, and never mixes two ways."""
        used = [how for how in FUSING if self._fused(how)]
        allowed = ("prepend",) if MELODY in self.conditioners else ("cross", "prepend")
        return tuple(how for how in allowed if used == [how])


def _unknown_text(t5: Mapping[str, Any]) -> Iterator[str]:
    if t5.get("name", TEXT_ENCODERS[0]) not in TEXT_ENCODERS:
        yield f"conditioners.{TEXT}.t5.name: {t5['name']}"
    for name in (
        "finetune",
        "normalize_text",
    ):  # the encoder's weights in the checkpoint; other words than the prompt's
        if t5.get(name):
            yield f"conditioners.{TEXT}.t5.{name}: True"


def _chroma(settings: Mapping[str, Any]) -> Chroma:
    """``ChromaExtractor`` of audiocraft 1.3.0 with its defaults."""
    window = int(settings.get("winlen") or 2 ** int(settings.get("radix2_exp", 12)))
    return Chroma(
        sample_rate=int(settings["sample_rate"]),
        bins=int(settings.get("n_chroma", 12)),
        fft_frames=int(settings.get("nfft") or window),
        window_frames=window,
        hop_frames=int(settings.get("winhop") or window // 4),
        argmax=bool(settings.get("argmax", False)),
    )


def _section(config: Any, name: str) -> dict[str, Any]:
    """One section as plain values, its references resolved; empty where there is none."""
    from omegaconf import OmegaConf

    found = config.get(name)
    plain_values: Any = {} if found is None else OmegaConf.to_container(found, resolve=True)
    return dict(plain_values)
