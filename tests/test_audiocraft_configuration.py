"""What a checkpoint's configuration says, of any age and family: read as audiocraft reads it, or refused by its key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the AudioGen set is not installed: make audiogen")

from omegaconf import OmegaConf  # noqa: E402

from audiocraft_fixtures import (  # noqa: E402
    AUDIOGEN,
    MUSICGEN,
    MUSICGEN_MELODY,
    MUSICGEN_STEREO,
    MUSICGEN_STEREO_MELODY,
    T5_WIDTHS,
    TINY,
    Kind,
    lm_config,
)
from scenebuild.engines.audiocraft.checkpoint import Checkpoint, older_name  # noqa: E402
from scenebuild.engines.audiocraft.configuration import (  # noqa: E402
    TEXT_PROJECTION,
    Chroma,
    Dimensions,
    dimensions_of,
    from_plain,
    plain,
)
from scenebuild.errors import EngineError  # noqa: E402

KINDS = [AUDIOGEN, MUSICGEN, MUSICGEN_STEREO, MUSICGEN_MELODY, MUSICGEN_STEREO_MELODY]


def read(kind: Kind, changes: Mapping[str, Any] | None = None, without: tuple[str, ...] = ()) -> Dimensions:
    """The dimensions of a configuration with some keys, as ``section.name``, set or taken out."""
    config = OmegaConf.create(lm_config(kind, TINY))
    for key in without:
        section, _, name = key.rpartition(".")
        del (OmegaConf.select(config, section) if section else config)[name]
    for key, value in (changes or {}).items():
        OmegaConf.update(config, key, value, merge=False, force_add=True)
    tensors = {TEXT_PROJECTION + "weight": torch.zeros(TINY.dim, T5_WIDTHS[TINY.text_encoder])}
    return dimensions_of(Checkpoint("state_dict.bin", OmegaConf.create(OmegaConf.to_yaml(config)), tensors))


def test_a_melody_model_has_its_conditions_before_the_codes() -> None:
    found = read(MUSICGEN_STEREO_MELODY)
    assert (found.cross_attended, found.prepended) == ((), ("self_wav", "description"))
    assert found.chroma == Chroma(32000, 12, 16384, 16384, 4096, argmax=True)
    assert (found.stereo, found.delays, found.window_s) == (True, (0, 0, 1, 1, 2, 2, 3, 3), 30.0)


def test_a_text_model_attends_to_its_prompt() -> None:
    found = read(AUDIOGEN)
    assert (found.cross_attended, found.prepended, found.chroma) == (("description",), (), None)


@pytest.mark.parametrize("kind", KINDS)
def test_dimensions_come_back_from_a_file(kind: Kind) -> None:
    found = read(kind)
    assert from_plain(json.loads(json.dumps(plain(found)))) == found


def test_a_file_from_before_melodies_is_read_on() -> None:
    found = read(MUSICGEN)
    older = {
        name: value for name, value in plain(found).items() if name not in ("cross_attended", "prepended", "chroma")
    }
    assert from_plain(older) == found


# What audiocraft drops, repairs or has a default for makes no difference

OF_TRAINING = {
    "conditioners.args": {"merge_text_conditions_p": 0.25, "drop_desc_p": 0.5},
    "attribute_dropout": {"args": {"active_on_eval": False}, "text": {}, "wav": {}},
    "transformer_lm.checkpointing": "xformers_default",
    "transformer_lm.lr": 1e-4,
    "transformer_lm.two_step_cfg": True,
    "fuser.ignore": [],
    "tokens": {"padding_with_special_token": False},
    "dataset.train": {"merge_text_p": 0.25},
    "generate.audio.sample_rate": "${sample_rate}",
    "device": "${nowhere}",
}


@pytest.mark.parametrize("key", OF_TRAINING)
def test_settings_of_training_make_no_difference(key: str) -> None:
    for kind in (AUDIOGEN, MUSICGEN_STEREO_MELODY):
        assert read(kind, {key: OF_TRAINING[key]}) == read(kind)


@pytest.mark.parametrize(
    "key",
    ["lm_model", "interleave_stereo_codebooks", "attribute_dropout", "codebooks_pattern.delay", "fuser.sum",
     "codebooks_pattern.delay.delays", "codebooks_pattern.delay.flatten_first", "fuser.cross_attention_pos_emb",
     "transformer_lm.hidden_scale", "transformer_lm.kv_repeat", "transformer_lm.qk_layer_norm", "transformer_lm.norm",
     "transformer_lm.qk_layer_norm_cross", "transformer_lm.layer_scale", "transformer_lm.past_context",
     "transformer_lm.positional_embedding", "conditioners.description.t5.finetune", "transformer_lm.xpos",
     "conditioners.description.t5.normalize_text", "conditioners.description.t5.word_dropout"],
)  # fmt: skip
def test_an_absent_key_has_audiocrafts_default(key: str) -> None:
    assert read(MUSICGEN, without=(key,)) == read(MUSICGEN)


def test_the_pattern_of_before_there_were_patterns() -> None:
    older = {"codebooks_pattern.modeling": None, "transformer_lm.q_modeling": "delay"}
    assert read(MUSICGEN, older) == read(MUSICGEN)


def test_a_cache_of_somebody_elses_training_is_not_looked_for() -> None:
    cache = {"conditioners.self_wav.chroma_stem.cache_path": "/nowhere/chroma"}
    assert read(MUSICGEN_MELODY, cache) == read(MUSICGEN_MELODY)


# What would give other tokens is refused by its key

STYLE = {"model": "style", "style": {"model_name": "mert"}}


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        (AUDIOGEN, {"transformer_lm.positional_embedding": "rope"}, "transformer_lm.positional_embedding: rope"),
        (AUDIOGEN, {"transformer_lm.bias_attn": True}, "transformer_lm.bias_attn: True"),
        (AUDIOGEN, {"transformer_lm.norm_first": False}, "transformer_lm.norm_first: False"),
        (AUDIOGEN, {"codebooks_pattern.modeling": "parallel"}, "codebooks_pattern.modeling: parallel"),
        (AUDIOGEN, {"codebooks_pattern.delay.flatten_first": 2}, "codebooks_pattern.delay.flatten_first: 2"),
        (AUDIOGEN, {"codebooks_pattern.delay.delays": [0, 1]}, "codebooks_pattern.delay.delays: 2 for 4 codebooks"),
        (AUDIOGEN, {"lm_model": "transformer_lm_magnet"}, "lm_model: transformer_lm_magnet"),
        (AUDIOGEN, {"conditioners.description.model": "clap"}, "conditioners.description.model: clap"),
        (AUDIOGEN, {"conditioners": None}, "conditioners: none"),
        (AUDIOGEN, {"conditioners.genre": {"model": "lut"}}, "conditioners: description, genre"),
        (AUDIOGEN, {"fuser.cross": [], "fuser.sum": ["description"]}, "fuser: sum ['description']"),
        (AUDIOGEN, {"fuser.cross_attention_pos_emb": True}, "fuser.cross_attention_pos_emb: True"),
        (MUSICGEN, {"conditioners.description.t5.name": "google/flan-t5-base"}, ".t5.name: google/flan-t5-base"),
        (MUSICGEN, {"conditioners.description.t5.finetune": True}, "conditioners.description.t5.finetune: True"),
        (MUSICGEN, {"conditioners.description.t5.normalize_text": True}, ".t5.normalize_text: True"),
        (MUSICGEN_STEREO, {"interleave_stereo_codebooks.per_timestep": True}, "_codebooks.per_timestep: True"),
        (MUSICGEN_MELODY, {"conditioners.self_wav": STYLE}, "conditioners.self_wav.model: style"),
        (MUSICGEN_MELODY, {"conditioners.self_wav.chroma_stem.norm": 2}, "conditioners.self_wav.chroma_stem.norm: 2"),
        (MUSICGEN_MELODY, {"fuser.prepend": ["self_wav"], "fuser.cross": ["description"]}, "fuser: cross ['desc"),
    ],
)  # fmt: skip
def test_another_architecture_is_refused_by_its_key(kind: Kind, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(EngineError) as caught:
        read(kind, changes)
    assert str(caught.value).startswith("state_dict.bin is another kind of model than scenebuild decodes (")
    assert words in str(caught.value)
    assert str(caught.value).endswith("; it decodes AudioGen, and MusicGen that takes text, or text and a melody")


def test_every_other_setting_is_named_at_once() -> None:
    with pytest.raises(EngineError, match=r"\(transformer_lm.causal: False; codebooks_pattern.modeling: musiclm\)"):
        read(MUSICGEN, {"codebooks_pattern.modeling": "musiclm"}, without=("transformer_lm.causal",))


@pytest.mark.parametrize(
    ("changes", "without", "words"),
    [
        ({}, ("transformer_lm.dim",), "'dim'"),
        ({"transformer_lm.dim": "wide"}, (), "invalid literal for int"),
        ({"fuser": "none"}, (), ""),
        ({}, ("dataset",), ""),
        ({"transformer_lm.dim": "${nowhere}"}, (), "Interpolation key 'nowhere' not found"),
    ],
)
def test_a_configuration_that_says_nothing_is_an_error_of_one_line(
    changes: dict[str, Any], without: tuple[str, ...], words: str
) -> None:
    with pytest.raises(EngineError, match="^state_dict.bin holds a configuration that cannot be read: ") as caught:
        read(AUDIOGEN, changes, without)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_of_newer_torch_are_audiocrafts_names() -> None:
    assert (
        older_name("encoder.model.0.conv.conv.parametrizations.weight.original0")
        == "encoder.model.0.conv.conv.weight_g"
    )
    assert older_name("out_norm.weight") == "out_norm.weight"
