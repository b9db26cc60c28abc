"""Our T5 encoder against transformers' own, on tiny random models of both flavours."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the AudioGen set is not installed: make audiogen")
transformers = pytest.importorskip("transformers", reason="what the text encoder is held to is not installed")

from audiocraft_fixtures import SENTENCES, write_text_encoder  # noqa: E402
from scenebuild.engines.audiocraft.text_encoder import T5Dimensions, T5Encoder, bucket, read_shape  # noqa: E402
from scenebuild.errors import EngineError  # noqa: E402

NEAR = 1e-5  # relative to the largest
FLAVOURS = ("relu", "gated-gelu")  # T5 1.0 as t5-base and t5-large are, and 1.1
TEXTS = (
    *SENTENCES, "", " ", "  two  spaces ", "tab\tand\nline\r\n", "CAPITALS and Title", "x" * 500, "rain, " * 200,
    "café", "cafe\u0301", "ÀÉîøß İı", "ﬁ ligature Ⅷ １２３ ｆｕｌｌ", "日本語の雨", "дождь", "مطر", "🌧️🌧️ storm 👩‍🚒",
    "\u00a0no-break", "\u3000wide", "\u200bzero", "\ufeffmark", "line\u2028separator", 
    "…—“quotes”", "▁", "a▁b", "<extra_id_0>", "50% & 3 < 4", "\ud7ff\ue000\U0010ffff",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_text_encoder(tmp_path_factory.mktemp("t5"))


@pytest.fixture(scope="module", params=FLAVOURS)
def pair(request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """The same random weights in transformers' encoder and in ours; large enough for every kind of distance."""
    torch.manual_seed(3)
    config = transformers.T5Config(
        d_model=48, d_kv=8, d_ff=40, num_layers=3, num_heads=4, vocab_size=120, feed_forward_proj=request.param
    )
    theirs = transformers.T5EncoderModel(config).eval().requires_grad_(False)
    for weight in theirs.parameters():
        weight.normal_(0, 0.3)
    other = tmp_path_factory.mktemp(request.param)
    theirs.save_pretrained(other)
    (other / "spiece.model").write_bytes((folder / "spiece.model").read_bytes())
    return theirs, T5Encoder(str(other))


@pytest.fixture(scope="module")
def tokenizers(folder: Path) -> tuple[Callable[[str], list[int]], Callable[[str], list[int]]]:
    theirs = transformers.T5Tokenizer.from_pretrained(folder, extra_ids=0)
    return lambda text: list(theirs([text])["input_ids"][0]), T5Encoder(str(folder)).tokens


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_has_the_same_tokens(tokenizers: Any, text: str) -> None:
    theirs, ours = tokenizers
    assert ours(text) == theirs(text)


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60))
def test_any_text_has_the_same_tokens(tokenizers: Any, text: str) -> None:
    """A scene holds no control characters, of which the two make different things."""
    theirs, ours = tokenizers
    assert ours(text) == theirs(text)


def test_what_looks_like_a_special_token_is_text(tokenizers: Any) -> None:
    """A prompt cannot end itself early, as it can with transformers."""
    theirs, ours = tokenizers
    assert theirs("</s> end").count(1) == 2
    assert ours("</s> end").count(1) == 1


@pytest.mark.parametrize("tokens", [1, 2, 9, 40, 300])
def test_hidden_states_are_those_of_transformers(pair: tuple[Any, Any], tokens: int) -> None:
    theirs, ours = pair
    ids = torch.randint(3, 120, (1, tokens), generator=torch.Generator().manual_seed(tokens))
    wanted = theirs(input_ids=ids).last_hidden_state
    assert (ours.hidden(ids) - wanted).abs().max() <= NEAR * wanted.abs().max()


def test_several_rows_of_one_length_are_what_each_is(pair: tuple[Any, Any]) -> None:
    _, ours = pair
    ids = torch.randint(3, 120, (5, 12), generator=torch.Generator().manual_seed(1))
    together = ours.hidden(ids)
    for row, alone in enumerate(ids.split(1)):
        assert (ours.hidden(alone)[0] - together[row]).abs().max() <= NEAR * together.abs().max()


def test_every_distance_has_the_bucket_of_transformers() -> None:
    distances = torch.arange(-3000, 3001)
    theirs = transformers.models.t5.modeling_t5.T5Attention._relative_position_bucket
    for buckets, furthest in ((32, 128), (16, 64), (64, 512)):
        wanted = theirs(distances, bidirectional=True, num_buckets=buckets, max_distance=furthest)
        assert torch.equal(bucket(distances, buckets, furthest), wanted)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="the system does not say what is mapped")
def test_it_is_gone_after_use(folder: Path, tmp_path: Path) -> None:
    for one in folder.iterdir():
        (tmp_path / one.name).write_bytes(one.read_bytes())
    encoder = T5Encoder(str(tmp_path))
    encoder.hidden(torch.tensor([encoder.tokens("rain")]))
    assert f"{tmp_path}/model.safetensors" in Path("/proc/self/maps").read_text()
    del encoder
    gc.collect()
    assert f"{tmp_path}/model.safetensors" not in Path("/proc/self/maps").read_text()


def test_neither_it_nor_audiocraft_brings_transformers_along(folder: Path) -> None:
    code = (
        "import sys, torch\n"
        "from scenebuild.engines.audiocraft.package import import_audiocraft; import_audiocraft()\n"
        "from scenebuild.engines.audiocraft.text_encoder import T5Encoder\n"
        f"encoder = T5Encoder({str(folder)!r}); encoder.hidden(torch.tensor([encoder.tokens('rain')]))\n"
        "print(sorted({'transformers', 'tokenizers', 'google.protobuf', 'spacy', 'librosa'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


# What it does not know


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "mt5"}, "model_type 'mt5' with feed_forward_proj 'relu'; known is 't5' with relu or "),
        ({"feed_forward_proj": "gated-silu"}, "with feed_forward_proj 'gated-silu'; known is 't5' with relu or gated-"),
        ({"d_model": "512"}, "is not the configuration of a T5: ValueError: '512' is not a count"),
        ({"num_layers": 0}, "is not the configuration of a T5: ValueError: 0 is not a count"),
        ({"num_heads": None}, "is not the configuration of a T5: ValueError: None is not a count"),
        ({"layer_norm_epsilon": "small"}, "is not the configuration of a T5: ValueError: could not convert string"),
    ],
)
def test_another_configuration_is_refused(folder: Path, tmp_path: Path, change: dict[str, Any], words: str) -> None:
    plain = json.loads((folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**plain, **change}))
    with pytest.raises(EngineError) as caught:
        read_shape(str(tmp_path / "config.json"))
    assert str(caught.value).startswith(str(tmp_path / "config.json"))
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "3"])
def test_what_is_no_configuration_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(EngineError, match=r"config\.json is not the configuration of a T5: "):
        read_shape(str(tmp_path / "config.json"))


def test_a_published_configuration_says_as_little_as_it_does() -> None:
    """t5-base and t5-large say nothing of the feed-forward nor of the furthest distance."""
    assert T5Dimensions(768, 64, 12, 12, "relu") == T5Dimensions(768, 64, 12, 12, "relu", 1e-6, 32, 128)


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("model.safetensors", b"no weights", "model.safetensors does not hold the weights of this T5: "),
        ("spiece.model", b"no words", "spiece.model cannot be read as a sentencepiece model: "),
        ("config.json", {"num_layers": 2}, "model.safetensors does not hold the weights of this T5: "),
        ("config.json", {"num_heads": 3}, "model.safetensors does not fit its configuration: encoder.block.0."),
        ("config.json", {"relative_attention_num_buckets": 16}, "attention_bias.weight is (32, 2), not (16, 2)"),
        ("config.json", {"feed_forward_proj": "gated-gelu"}, "does not hold the weights of this T5: "),
    ],
)  # fmt: skip
def test_files_that_do_not_belong_together_are_refused(
    folder: Path, tmp_path: Path, file: str, change: bytes | dict[str, Any], words: str
) -> None:
    for one in folder.iterdir():
        (tmp_path / one.name).write_bytes(one.read_bytes())
    if isinstance(change, bytes):
        (tmp_path / file).write_bytes(change)
    else:
        (tmp_path / file).write_text(json.dumps({**json.loads((folder / file).read_text()), **change}))
    with pytest.raises(EngineError) as caught:
        T5Encoder(str(tmp_path))
    assert words in str(caught.value)
