"""Every released model's settings, as audiocraft's exporter writes them: loaded here, with audiocraft's own tokens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the AudioGen set is not installed: make audiogen")

from omegaconf import OmegaConf  # noqa: E402

from audiocraft_fixtures import FAMILIES, write_checkpoint, write_text_encoder  # noqa: E402
from audiocraft_reference import PROMPTS, SHORT_S  # noqa: E402
from scenebuild.engines import Action  # noqa: E402
from scenebuild.engines.audiocraft.batch import LoadedModel  # noqa: E402
from scenebuild.engines.audiocraft.checkpoint import CODEC, LANGUAGE_MODEL, open_checkpoint  # noqa: E402
from scenebuild.engines.audiocraft.codec import Codec  # noqa: E402
from scenebuild.engines.audiocraft.compute.torch_backend import TorchBackend  # noqa: E402
from scenebuild.engines.audiocraft.decoder import Decoder  # noqa: E402
from scenebuild.engines.audiocraft.generator import Generator  # noqa: E402
from scenebuild.engines.audiocraft.language import load_language_model  # noqa: E402
from scenebuild.engines.audiocraft.package import import_audiocraft  # noqa: E402
from scenebuild.engines.audiocraft.prefix import Prefixes  # noqa: E402
from scenebuild.engines.audiocraft.take import PassSchedule  # noqa: E402
from scenebuild.engines.audiocraft.text import encode_prompts  # noqa: E402
from scenebuild.errors import EngineError  # noqa: E402

CPU = torch.device("cpu")
# As audiocraft's loaders take them, and none of it is in the configurations of today.
FIRST_RELEASE = {
    "conditioners.args": {"merge_text_conditions_p": 0.25, "drop_desc_p": 0.5},
    "attribute_dropout.args": {"active_on_eval": False},
    "transformer_lm.qk_layer_norm_cross": None,
    "transformer_lm.kv_repeat": None,
    "codebooks_pattern.delay.empty_initial": None,
}
PATTERN_BY_OLDER_NAME = {"codebooks_pattern.modeling": "delay", "transformer_lm.q_modeling": "delay"}
WITH_A_CACHE = {"conditioners.self_wav.chroma_stem.cache_path": "/nowhere/chroma"}
VARIANTS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "musicgen-small-of-2023": ("musicgen-small", FIRST_RELEASE),
    "audiogen-medium-of-2023": ("audiogen-medium", FIRST_RELEASE),
    "musicgen-medium-older-pattern": ("musicgen-medium", PATTERN_BY_OLDER_NAME),
    "musicgen-melody-with-a-cache": ("musicgen-melody", WITH_A_CACHE),
}
ALL: dict[str, tuple[str, Mapping[str, Any]]] = {**{name: (name, {}) for name in FAMILIES}, **VARIANTS}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of each, their text encoder as ``text``, and audiocraft's tokens as ``tokens.pt``."""
    root = tmp_path_factory.mktemp("published")
    write_text_encoder(root / "text")
    for name, (family, changes) in ALL.items():
        write_checkpoint(root / name, *FAMILIES[family], half=True, changes=changes)
    snapshots = root / "hf" / "hub" / "models--t5-small" / "snapshots"
    snapshots.mkdir(parents=True)
    (snapshots / ("0" * 40)).symlink_to(root / "text")
    (snapshots.parent / "refs").mkdir()
    (snapshots.parent / "refs" / "main").write_text("0" * 40)
    environment = {**os.environ, "HF_HOME": str(root / "hf"), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    script = Path(__file__).parent / "audiocraft_reference.py"
    subprocess.run(
        [sys.executable, script, root / "tokens.pt", *(root / name for name in ALL)], env=environment, check=True
    )
    return root


@pytest.mark.parametrize("name", ALL)
def test_a_few_tokens_by_text_alone_are_audiocrafts(published: Path, name: str) -> None:
    theirs = torch.load(published / "tokens.pt")[name]
    backend = TorchBackend(CPU, "fp32")
    language = load_language_model(open_checkpoint(str(published / name), LANGUAGE_MODEL), backend)
    sizes = language.dimensions
    texts = encode_prompts(PROMPTS, str(published / "text"), language.projection, CPU)
    codec = Codec(open_checkpoint(str(published / name), CODEC), CPU, stereo=sizes.stereo)
    schedule = PassSchedule(sizes.delays, round(50 * sizes.window_s), 100)
    prefixes = Prefixes(language, codec.sample_rate / codec.hop, CPU) if sizes.prepended else None
    loaded = LoadedModel(Decoder(language, backend), schedule, texts, prefixes)
    generator = Generator(loaded, codec, lambda *_: None, exact=False)
    frames = round(SHORT_S * codec.sample_rate)
    take = generator.begin(0, Action("musicgen", "1", frames, prompt=PROMPTS[0], seed=1, top_k=1, cfg=3.0))
    list(generator.make([take]))
    assert theirs.shape == (len(sizes.delays), 12)
    assert torch.equal(take.codes, theirs)


# The codec


def of_newer_torch(package: dict[str, Any]) -> None:
    """The names that weight normalisation gives its tensors today."""
    package["best_state"] = {
        name.replace(".weight_g", ".parametrizations.weight.original0").replace(
            ".weight_v", ".parametrizations.weight.original1"
        ): tensor
        for name, tensor in package["best_state"].items()
    }


def in_halves(package: dict[str, Any]) -> None:
    """As a fine-tuned checkpoint may be saved."""
    for name, tensor in package["best_state"].items():
        package["best_state"][name] = tensor.half() if tensor.is_floating_point() else tensor


def configured(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Another setting; None takes it out."""

    def change(package: dict[str, Any]) -> None:
        config = OmegaConf.create(package["xp.cfg"])
        section, _, name = key.rpartition(".")
        if value is None:
            del OmegaConf.select(config, section)[name]
        else:
            OmegaConf.update(config, key, value, force_add=True)
        package["xp.cfg"] = OmegaConf.to_yaml(config)

    return change


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")  # audiocraft builds with the older one
@pytest.mark.parametrize(
    "change",
    [of_newer_torch, in_halves, configured("encodec.renorm", False), configured("encodec.renormalize", None),
     configured("encodec.renormalize", True), configured("seanet.pad_mode", "reflect"), configured("seanet.lstm", 1),
     configured("rvq.orthogonal_reg_weight", None), configured("encodec.causal", True)],
    ids=["newer names", "halves", "renorm", "no renormalize", "renormalize", "reflect", "lstm", "no key", "causal"],
)  # fmt: skip
def test_a_codec_of_any_age_sounds_as_in_audiocraft(
    published: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    package = torch.load(published / "musicgen-small" / CODEC)
    change(package)
    torch.save(package, tmp_path / CODEC)
    codes = torch.randint(0, 320, (4, 30), generator=torch.Generator().manual_seed(1))
    ours = Codec(open_checkpoint(str(tmp_path), CODEC), CPU, stereo=False).decode(codes, 30 * 640)
    peer = published / "musicgen-small" if change is of_newer_torch else tmp_path  # audiocraft reads no newer names
    with torch.no_grad():
        theirs = import_audiocraft().models.loaders.load_compression_model(peer).decode(codes[None], None)[0]
    theirs = (theirs / theirs.abs().max().clamp(min=1.0)).numpy().T
    assert np.abs(theirs).max() > 1e-3
    assert np.abs(ours - theirs).max() < 1e-6


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("compression_model", "dac", "Unexpected compression model dac"),
        ("encodec.autoencoder", "transformer", "Unexpected compression model"),
        ("seanet.width", 3, "unexpected keyword argument 'width'"),
        ("rvq", 3, ""),
    ],
)
def test_a_codec_that_audiocraft_does_not_build_is_an_error_of_one_line(
    published: Path, tmp_path: Path, key: str, value: Any, words: str
) -> None:
    package = torch.load(published / "musicgen-small" / CODEC)
    configured(key, value)(package)
    torch.save(package, tmp_path / CODEC)
    codec = Codec(open_checkpoint(str(tmp_path), CODEC), CPU, stereo=False)
    with pytest.raises(EngineError, match=f"{CODEC} holds a codec that audiocraft does not build: .*{words}") as caught:
        codec.decode(torch.zeros(4, 3, dtype=torch.int64), 100)
    assert "\n" not in str(caught.value)
