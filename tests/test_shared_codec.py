"""A codec that is only named: from transformers' layout to audiocraft's, the same samples to the last bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the AudioGen set is not installed: make audiogen")
transformers = pytest.importorskip("transformers", reason="what the codec is held to is not installed")

from audiocraft_fixtures import AUDIOGEN, MUSICGEN, cache_content, write_checkpoint, write_shared_codec  # noqa: E402
from hub import put_in_cache, reference  # noqa: E402
from scenebuild.engines.audiocraft.codec import Codec  # noqa: E402
from scenebuild.engines.audiocraft.hub.models import CODEC_FILE, model  # noqa: E402
from scenebuild.engines.audiocraft.hub.shared_codec import open_codec, open_shared  # noqa: E402
from scenebuild.engines.audiocraft.hub.weights import LocatedWeights, verified  # noqa: E402
from scenebuild.errors import EngineError  # noqa: E402

CPU = torch.device("cpu")
SHAPES: dict[str, dict[str, Any]] = {
    "as published": {},
    "with shortcuts, causal": {"use_conv_shortcut": True, "use_causal_conv": True},
    "several residual and recurrent layers": {"num_residual_layers": 2, "num_lstm_layers": 2, "pad_mode": "constant"},
}


def loaded(folder: Path) -> Codec:
    with torch.no_grad():
        return Codec(open_shared(str(folder)), CPU, stereo=False)


def heard(folder: Path) -> Any:
    """A second of it, which is when its weights are loaded."""
    return loaded(folder).decode(codes(50), 16000)


def codes(moments: int, books: int = 4) -> Any:
    return torch.randint(0, 2048, (books, moments), generator=torch.Generator().manual_seed(moments))


@pytest.mark.parametrize("shape", SHAPES)
def test_it_sounds_as_in_transformers(tmp_path: Path, shape: str) -> None:
    folder = write_shared_codec(tmp_path, **SHAPES[shape])
    theirs = transformers.EncodecModel.from_pretrained(folder).eval()
    ours = loaded(folder)
    assert (ours.sample_rate, ours.channels, ours.hop) == (32000, 1, 640)
    for moments in (1, 7, 120):
        with torch.no_grad():
            wanted = theirs.decode(codes(moments)[None, None], [None])[0][0]
            found = torch.from_numpy(ours.decode(codes(moments), moments * 640)).T
        wanted = wanted / wanted.abs().max().clamp(min=1)
        assert found.shape == wanted.shape
        assert (found - wanted).abs().max() <= 1e-6 * wanted.abs().max()


def test_the_older_names_of_normalised_weights_are_known(tmp_path: Path) -> None:
    """The published file is from before torch had parametrisations."""
    from safetensors.torch import load_file, save_file

    folder = write_shared_codec(tmp_path)
    with torch.no_grad():
        wanted = loaded(folder).decode(codes(20), 20 * 640)
    older = {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor
        for name, tensor in load_file(folder / "model.safetensors").items()
    }
    save_file(older, folder / "model.safetensors")
    with torch.no_grad():
        assert (loaded(folder).decode(codes(20), 20 * 640) == wanted).all()


def test_a_stereo_model_of_the_list_is_verified_and_its_codec_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    stereo = model("facebook/musicgen-stereo-small")
    assert stereo.codec is not None
    content = cache_content(stereo, tmp_path / "files", MUSICGEN)
    content[stereo.repository, stereo.revision][CODEC_FILE] = reference(stereo.codec.repository)
    put_in_cache(tmp_path / "hf" / "hub", content)
    checkpoint = open_codec(verified(stereo))
    assert checkpoint.path == f"{verified(stereo).codec_folder}/model.safetensors"
    with torch.no_grad():
        codec = Codec(checkpoint, CPU, stereo=True)
        assert (codec.sample_rate, codec.channels) == (stereo.sample_rate, stereo.channels)
        assert codec.decode(codes(10, books=8), 6400).shape == (6400, 2)


def test_a_codec_file_with_weights_is_opened_itself(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "own", AUDIOGEN)
    for place in (LocatedWeights(str(folder), ""), LocatedWeights(str(folder), "", str(tmp_path))):
        assert open_codec(place).path == str(folder / CODEC_FILE)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"audio_channels": 2}, "config.json is another kind of codec than scenebuild decodes (audio_channels: 2)"),
        ({"normalize": True, "chunk_length_s": 1.0}, "decodes (normalize: True; chunk_length_s: 1.0)"),
        ({"norm_type": "time_group_norm"}, "decodes (norm_type: time_group_norm)"),
        ({"model_type": "dac"}, "decodes (model_type: dac)"),
        ({"kernel_size": None}, "config.json is not the configuration of an EnCodec: it has no 'kernel_size'"),
    ],
)
def test_another_codec_is_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    folder = write_shared_codec(tmp_path)
    plain = {**json.loads((folder / "config.json").read_text()), **change}
    (folder / "config.json").write_text(json.dumps({name: value for name, value in plain.items() if value is not None}))
    with pytest.raises(EngineError) as caught:
        open_shared(str(folder))
    assert words in str(caught.value)


@pytest.mark.parametrize(("file", "words"), [("config.json", "is not the configuration of an EnCodec: "),
                                             ("model.safetensors", "cannot be loaded: ")])  # fmt: skip
def test_what_is_no_codec_is_refused(tmp_path: Path, file: str, words: str) -> None:
    folder = write_shared_codec(tmp_path)
    (folder / file).write_bytes(b"[]")
    with pytest.raises(EngineError, match=rf"{file} {words}"):
        open_shared(str(folder))


def test_weights_of_another_size_do_not_fit(tmp_path: Path) -> None:
    folder = write_shared_codec(tmp_path)
    plain = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**plain, "num_filters": 3}))
    with pytest.raises(EngineError, match=r"model\.safetensors does not fit its own configuration: "):
        heard(folder)
