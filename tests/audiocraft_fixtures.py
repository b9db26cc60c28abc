"""Real checkpoints of any size, made here: the same files, keys and configuration as published ones, random weights.

The loader takes every dimension from the checkpoint's own configuration, so a checkpoint of five megabytes runs the
same code as one of seven gigabytes.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

T5_WIDTHS = {"t5-small": 512, "t5-base": 768, "t5-large": 1024}
SENTENCES = (
    "steady rain on a window, thunder far away",
    "quiet café murmur, cups and saucers",
    "footsteps on a wooden floor, close",
    "an old wooden door creaks open in a hallway",
    "birds singing in a forest at dawn",
    "a soft chord bed, slow and warm",
    "waves rolling onto a pebble beach",
    "a train passing over a bridge, far away",
)


@dataclass(frozen=True)
class Size:
    """The dimensions of a checkpoint."""

    dim: int = 64
    heads: int = 4
    layers: int = 2
    card: int = 320
    codec_filters: int = 2
    codec_dimension: int = 16
    codec_lstm: int = 1
    text_encoder: str = "t5-small"


@dataclass(frozen=True)
class Kind:
    """What tells the models of the family apart."""

    sample_rate: int = 16000
    ratios: Sequence[int] = (8, 5, 4, 2)
    window_s: float = 10
    stereo: bool = False
    melody: bool = False  # text and a recording's chroma stand before the codes
    dropout: float = 0.3  # of all conditions and of words, in the training of MusicGen

    @property
    def delays(self) -> list[int]:
        return [0, 0, 1, 1, 2, 2, 3, 3] if self.stereo else [0, 1, 2, 3]


TINY = Size()
FULL = Size(1536, 24, 48, 2048, 64, 128, 2, "t5-large")
AUDIOGEN = Kind()
MUSICGEN = Kind(32000, (8, 5, 4, 4), 30)
MUSICGEN_STEREO = replace(MUSICGEN, stereo=True)
MUSICGEN_MELODY = replace(MUSICGEN, melody=True, dropout=0.2)
MUSICGEN_STEREO_MELODY = replace(MUSICGEN_MELODY, stereo=True)


# Every released model that is decoded here, with its settings and far smaller sizes. By ``docs/MUSICGEN.md``,
# ``docs/AUDIOGEN.md`` and the grids of audiocraft 1.3.0: which solver and conditioner each was trained with.
SMALL, MEDIUM, LARGE = (Size(dim=16 * heads, heads=heads) for heads in (2, 3, 4))
FAMILIES: dict[str, tuple[Kind, Size]] = {
    "audiogen-medium": (AUDIOGEN, MEDIUM),
    "musicgen-small": (MUSICGEN, SMALL),
    "musicgen-medium": (MUSICGEN, MEDIUM),
    "musicgen-large": (replace(MUSICGEN, dropout=0.2), LARGE),
    "musicgen-melody": (MUSICGEN_MELODY, MEDIUM),
    "musicgen-melody-large": (MUSICGEN_MELODY, LARGE),
    "musicgen-stereo-small": (MUSICGEN_STEREO, SMALL),
    "musicgen-stereo-medium": (MUSICGEN_STEREO, MEDIUM),
    "musicgen-stereo-large": (replace(MUSICGEN_STEREO, dropout=0.2), LARGE),
    "musicgen-stereo-melody": (MUSICGEN_STEREO_MELODY, MEDIUM),
    "musicgen-stereo-melody-large": (MUSICGEN_STEREO_MELODY, LARGE),
}


def write_checkpoint(
    folder: Path,
    kind: Kind = AUDIOGEN,
    size: Size = TINY,
    seed: int = 1,
    half: bool = False,
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """``state_dict.bin`` and ``compression_state_dict.bin``, written by audiocraft's exporter.

    ``half``: the language model's weights in fp16, as published. ``changes``: settings of its configuration, by their
    whole keys; None takes one out.
    """
    import torch
    from omegaconf import OmegaConf

    from scenebuild.engines.audiocraft.package import import_audiocraft

    builders = import_audiocraft().models.builders
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    config = OmegaConf.create(codec_config(kind, size))
    _export("export_encodec", _codec_state(builders, config, kind, size), config, folder / "compression_state_dict.bin")
    config = OmegaConf.create(lm_config(kind, size))
    state = _lm_state(builders, config, kind, size)
    if half:
        state = {key: value.half() for key, value in state.items()}
    for key, value in (changes or {}).items():
        section, _, name = key.rpartition(".")
        if value is None:
            del OmegaConf.select(config, section)[name]
        else:
            OmegaConf.update(config, key, value, merge=False, force_add=True)
    _export("export_lm", state, config, folder / "state_dict.bin")
    return folder


def _export(function: str, state: dict[str, Any], config: Any, out: Path) -> None:
    """By audiocraft's own function of that name, from the checkpoint of a training that never touched the disk."""
    from audiocraft.utils import export

    training = {"best_state": {"model": state}, "fsdp_best_state": {}, "xp.cfg": config}
    with mock.patch("torch.load", return_value=training):
        getattr(export, function)("checkpoint.th", out)


def _codec_state(builders: Any, config: Any, kind: Kind, size: Size) -> dict[str, Any]:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # audiocraft builds with an older weight_norm
        state: dict[str, Any] = builders.get_compression_model(config).state_dict()
    for key, tensor in state.items():
        if key.endswith("inited"):  # or decoding would start k-means
            tensor.fill_(1)
        elif key.endswith("embed"):
            tensor.copy_(torch.randn_like(tensor))
    return state


def _lm_state(builders: Any, config: Any, kind: Kind, size: Size) -> dict[str, Any]:
    """The language model's weights; the text encoder and the melody's extractor are not part of it, so neither is
    needed to make them. The window of the extractor's spectrogram is: torchaudio keeps it as a buffer."""
    import torch
    from omegaconf import OmegaConf

    lm = builders.get_lm_model(OmegaConf.create({**config, "conditioners": {}}))
    state: dict[str, Any] = lm.state_dict()
    widths = {"description": T5_WIDTHS[size.text_encoder]}
    if kind.melody:
        chroma = config.conditioners.self_wav.chroma_stem
        widths["self_wav"] = chroma.n_chroma
        state["condition_provider.conditioners.self_wav.chroma.spec.window"] = torch.hann_window(2**chroma.radix2_exp)
    for name, width in widths.items():
        for part, tensor in torch.nn.Linear(width, size.dim).state_dict().items():
            state[f"condition_provider.conditioners.{name}.output_proj.{part}"] = tensor
    return state


def lm_config(kind: Kind, size: Size) -> dict[str, Any]:
    """``config/solver/audiogen/audiogen_base_16khz.yaml`` and what it includes, resolved."""
    codebooks = len(kind.delays)
    return {
        "device": "cpu",
        "dtype": "float32",
        "solver": "audiogen" if kind.window_s == 10 else "musicgen",
        "sample_rate": kind.sample_rate,
        "channels": 2 if kind.stereo else 1,
        "lm_model": "transformer_lm",
        "compression_model_n_q": None,
        "interleave_stereo_codebooks": {"use": kind.stereo, "per_timestep": False},
        "codebooks_pattern": {
            "modeling": "delay",
            "delay": {"delays": kind.delays, "flatten_first": 0, "empty_initial": 0},
            "unroll": {"flattening": [0, 1, 2, 3], "delays": [0, 0, 0, 0]},
            "music_lm": {"group_by": 2},
            "coarse_first": {"delays": [0, 0, 0]},
        },
        "transformer_lm": {
            "dim": size.dim,
            "num_heads": size.heads,
            "num_layers": size.layers,
            "hidden_scale": 4,
            "n_q": codebooks,
            "card": size.card,
            "dropout": 0.0,
            "emb_lr": None,
            "activation": "gelu",
            "norm_first": True,
            "bias_ff": False,
            "bias_attn": False,
            "bias_proj": False,
            "past_context": None,
            "causal": True,
            "custom": False,
            "memory_efficient": True,
            "attention_as_float32": False,
            "layer_scale": None,
            "positional_embedding": "sin",
            "xpos": False,
            "checkpointing": "none",
            "weight_init": "gaussian",
            "depthwise_init": "current",
            "zero_bias_init": True,
            "norm": "layer_norm",
            "cross_attention": False,
            "qk_layer_norm": False,
            "qk_layer_norm_cross": False,
            "attention_dropout": None,
            "kv_repeat": 1,
            "two_step_cfg": False,
        },
        **_conditions(kind, size),
        "dataset": {"segment_duration": kind.window_s, "train": {}},
    }


def _conditions(kind: Kind, size: Size) -> dict[str, Any]:
    """``config/conditioner/text2sound.yaml``, ``text2music.yaml`` or ``chroma2music.yaml``."""
    dropout, word_dropout = (0.1, 0.0) if kind.window_s == 10 else (kind.dropout, kind.dropout)
    text = {"name": size.text_encoder, "finetune": False, "word_dropout": word_dropout, "normalize_text": False}
    chroma = {
        "sample_rate": "${sample_rate}", "n_chroma": 12, "radix2_exp": 14, "argmax": True, "match_len_on_eval": False,
        "eval_wavs": None, "n_eval_wavs": 100, "cache_path": None,
    }  # fmt: skip
    conditioners = {"description": {"model": "t5", "t5": text}}
    if kind.melody:
        conditioners = {"self_wav": {"model": "chroma_stem", "chroma_stem": chroma}, **conditioners}
    melody_dropout = {"args": {"active_on_eval": False}, "text": {}, "wav": {"self_wav": 0.5}}
    return {
        "classifier_free_guidance": {"training_dropout": dropout, "inference_coef": 3.0},
        "attribute_dropout": melody_dropout if kind.melody else {},
        "fuser": {
            "cross_attention_pos_emb": False,
            "cross_attention_pos_emb_scale": 1,
            "sum": [],
            "prepend": ["self_wav", "description"] if kind.melody else [],
            "cross": [] if kind.melody else ["description"],
            "input_interpolate": [],
        },
        "conditioners": conditioners,
    }


def codec_config(kind: Kind, size: Size) -> dict[str, Any]:
    """``config/solver/compression/encodec_audiogen_16khz.yaml`` and what it includes, resolved."""
    return {
        "device": "cpu",
        "sample_rate": kind.sample_rate,
        "channels": 1,
        "compression_model": "encodec",
        "encodec": {
            "autoencoder": "seanet",
            "quantizer": "rvq",
            "sample_rate": kind.sample_rate,
            "channels": 1,
            "causal": False,
            "renormalize": False,
        },
        "seanet": {
            "dimension": size.codec_dimension,
            "channels": 1,
            "causal": False,
            "n_filters": size.codec_filters,
            "n_residual_layers": 1,
            "ratios": list(kind.ratios),
            "activation": "ELU",
            "activation_params": {"alpha": 1.0},
            "norm": "weight_norm",
            "norm_params": {},
            "kernel_size": 7,
            "residual_kernel_size": 3,
            "last_kernel_size": 7,
            "dilation_base": 2,
            "pad_mode": "constant",
            "true_skip": True,
            "compress": 2,
            "lstm": size.codec_lstm,
            "disable_norm_outer_blocks": 0,
            "decoder": {"trim_right_ratio": 1.0, "final_activation": None, "final_activation_params": None},
            "encoder": {},
        },
        "rvq": {
            "n_q": 4,
            "q_dropout": False,
            "bins": size.card,
            "decay": 0.99,
            "kmeans_init": True,
            "kmeans_iters": 50,
            "threshold_ema_dead_code": 2,
            "orthogonal_reg_weight": 0.0,
            "orthogonal_reg_active_codes_only": False,
        },
    }


def write_text_encoder(folder: Path, name: str = "t5-small", seed: int = 1) -> Path:
    """A T5 encoder of that name's width with one layer, and a tokenizer trained on a few sentences."""
    import sentencepiece
    import torch
    from transformers import T5Config, T5EncoderModel, T5Tokenizer
    from transformers.utils import logging

    folder.mkdir(parents=True, exist_ok=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES),
        model_prefix=str(folder / "spiece"),
        vocab_size=90,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
        num_threads=1,
    )
    (folder / "spiece.vocab").unlink()
    tokenizer = T5Tokenizer.from_pretrained(folder, extra_ids=0)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    config = T5Config(
        d_model=T5_WIDTHS[name], d_kv=8, d_ff=16, num_layers=1, num_heads=2, vocab_size=len(tokenizer), dropout_rate=0.0
    )
    logging.disable_progress_bar()
    T5EncoderModel(config).eval().save_pretrained(folder)
    return folder


def cache_content(model: Any, folder: Path, kind: Kind) -> dict[tuple[str, str], dict[str, bytes]]:
    """What ``hub.put_in_cache`` lays out: a tiny checkpoint as that model's files, a tiny T5 as its text encoder's, and
    a tiny EnCodec in transformers' layout where the model shares its codec."""
    weights = write_checkpoint(folder / "weights", kind)
    text = write_text_encoder(folder / "text")
    encoder = model.text_encoder
    content = {
        (model.repository, model.revision): {name: (weights / name).read_bytes() for name in model.files},
        (encoder.repository, encoder.revision): {name: (text / name).read_bytes() for name in encoder.files},
    }
    if model.codec is not None:
        codec = write_shared_codec(folder / "codec")
        shared = {name: (codec / name).read_bytes() for name in model.codec.files}
        content[model.codec.repository, model.codec.revision] = shared
    return content


def write_shared_codec(folder: Path, seed: int = 1, **changes: Any) -> Path:
    """EnCodec as ``facebook/encodec_32khz`` holds it, in transformers' layout: MusicGen's codec in a tiny size."""
    import torch
    from transformers import EncodecConfig, EncodecModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.manual_seed(seed)
    plain = {
        "target_bandwidths": [2.2], "sampling_rate": 32000, "hidden_size": 16, "num_filters": 2, "num_lstm_layers": 1,
        "upsampling_ratios": [8, 5, 4, 4], "use_causal_conv": False, "use_conv_shortcut": False, "codebook_size": 2048,
    }  # fmt: skip
    model = EncodecModel(EncodecConfig(**{**plain, **changes})).eval()
    for layer in model.quantizer.layers:
        layer.codebook.embed.normal_()
        layer.codebook.inited.fill_(1)
    model.save_pretrained(folder)
    return folder
