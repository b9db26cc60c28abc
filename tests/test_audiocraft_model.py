"""Our loading, conditioning, decoding and EnCodec against audiocraft's own, on tiny real checkpoints."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the AudioGen set is not installed: make audiogen")

from audiocraft_fixtures import (  # noqa: E402
    AUDIOGEN,
    MUSICGEN,
    MUSICGEN_STEREO,
    TINY,
    Kind,
    write_checkpoint,
    write_text_encoder,
)
from audiocraft_reference import PROMPTS  # noqa: E402
from scenebuild.engines import Action  # noqa: E402
from scenebuild.engines.audiocraft import codec as codec_module  # noqa: E402
from scenebuild.engines.audiocraft.batch import LoadedModel  # noqa: E402
from scenebuild.engines.audiocraft.checkpoint import CODEC, LANGUAGE_MODEL, open_checkpoint  # noqa: E402
from scenebuild.engines.audiocraft.codec import Codec  # noqa: E402
from scenebuild.engines.audiocraft.compute.backend import Backend  # noqa: E402
from scenebuild.engines.audiocraft.compute.kernel_backend import KernelBackend  # noqa: E402
from scenebuild.engines.audiocraft.compute.kernels import kernels, why_not  # noqa: E402
from scenebuild.engines.audiocraft.compute.torch_backend import TorchBackend  # noqa: E402
from scenebuild.engines.audiocraft.decoder import Decoder  # noqa: E402
from scenebuild.engines.audiocraft.generator import Generator  # noqa: E402
from scenebuild.engines.audiocraft.language import LanguageModel, load_language_model  # noqa: E402
from scenebuild.engines.audiocraft.machine.device import backend_for  # noqa: E402
from scenebuild.engines.audiocraft.pattern import deinterleave, interleave, steps_of  # noqa: E402
from scenebuild.engines.audiocraft.take import PassSchedule  # noqa: E402
from scenebuild.engines.audiocraft.text import encode_prompts  # noqa: E402
from scenebuild.errors import EngineError  # noqa: E402

CPU = torch.device("cpu")
KINDS = {"audiogen": AUDIOGEN, "musicgen": MUSICGEN, "stereo": MUSICGEN_STEREO}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of each kind, and ``text``, the text encoder of all."""
    root = tmp_path_factory.mktemp("audiocraft")
    for name, kind in KINDS.items():
        write_checkpoint(root / name, kind)
    write_text_encoder(root / "text")
    return root


@pytest.fixture(scope="module", params=["audiogen", "stereo"])
def reference(request: pytest.FixtureRequest, folders: Path) -> dict[str, Any]:
    """What audiocraft says; ``folder`` is the checkpoint that it was asked about."""
    home, folder = folders / f"hub-{request.param}", folders / request.param
    snapshot = home / "hub" / "models--t5-small" / "snapshots" / ("0" * 40)
    snapshot.parent.mkdir(parents=True)
    snapshot.symlink_to(folders / "text")
    (home / "hub" / "models--t5-small" / "refs").mkdir()
    (home / "hub" / "models--t5-small" / "refs" / "main").write_text("0" * 40)
    out = folders / f"{request.param}.pt"
    environment = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    script = Path(__file__).parent / "audiocraft_reference.py"
    subprocess.run([sys.executable, script, folder, out], env=environment, check=True, capture_output=True)
    return {**torch.load(out), "folder": folder, "kind": KINDS[request.param]}


BACKENDS = ["kernels", "torch"]


def backend_of(name: str, precision: Any = "fp32") -> Backend:
    """The kernels, or what is there where no compiler is."""
    if name == "torch":
        return TorchBackend(CPU, precision)
    found = kernels()
    if found is None:
        pytest.skip(why_not())
    return KernelBackend(found, precision)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    return backend_of(request.param)


def generator_of(
    folder: Path, prompts: tuple[str, ...] = PROMPTS, *, exact: bool = False, backend: Backend | None = None
) -> Generator:
    """A loaded model, as a session has it."""
    backend = backend or backend_for(CPU, "fp32")
    language = load_language_model(open_checkpoint(str(folder), LANGUAGE_MODEL), backend)
    texts = encode_prompts(prompts, str(folder.parent / "text"), language.projection, CPU)
    codec = Codec(open_checkpoint(str(folder), CODEC), CPU, stereo=language.dimensions.stereo)
    window, stride = (500, 100) if language.dimensions.window_s == 10 else (1500, 900)
    schedule = PassSchedule(language.dimensions.delays, window, stride)
    return Generator(LoadedModel(Decoder(language, backend), schedule, texts), codec, lambda take, decided: None, exact)


def greedy(generator: Generator, prompt: str, length: int) -> Any:
    """The likeliest codes, (K, length in codec frames)."""
    action = Action("audiogen", "1", length * generator.codec.hop, prompt=prompt, seed=1, top_k=1, cfg=3.0)
    take = generator.begin(0, action)
    list(generator.make([take]))
    return take.codes


def test_prompts_are_embedded_as_audiocraft_does(reference: dict[str, Any]) -> None:
    generator = generator_of(reference["folder"])
    for prompt, theirs in zip(PROMPTS, reference["texts"], strict=True):
        torch.testing.assert_close(generator.model.prompts[prompt], theirs[0], rtol=1e-5, atol=1e-6)


def test_greedy_codes_of_ten_seconds_are_audiocrafts(reference: dict[str, Any], backend: Backend) -> None:
    generator = generator_of(reference["folder"], backend=backend)
    assert torch.equal(greedy(generator, PROMPTS[0], 500), reference["codes"][0])


def test_a_take_longer_than_the_window_slides_as_audiocrafts_does(reference: dict[str, Any], backend: Backend) -> None:
    generator = generator_of(reference["folder"], backend=backend)
    theirs = reference["slid"][0]
    ours = greedy(generator, PROMPTS[1], theirs.shape[1])
    differing = (ours != theirs).any(dim=0).nonzero().flatten().tolist()
    if differing:  # from there on both have other histories: it must have been a tie, and not an early one
        assert differing[0] > generator.model.schedule.window
        assert lead(generator, PROMPTS[1], theirs, ours, differing[0]) < 1e-5


def lead(generator: Generator, prompt: str, theirs: Any, ours: Any, frame: int) -> float:
    """How far our code leads before theirs at a codec frame, given their codes before it; a share of the largest
    logit."""
    decoder, schedule, text = generator.model.decoder, generator.model.schedule, generator.model.prompts[prompt]
    number = max(0, -(-(frame + 1 - schedule.window) // schedule.stride))  # of the pass that decides it
    start = number * schedule.stride
    known = theirs[:, start : start + schedule.window]  # by the pattern, later frames of earlier codebooks are inputs
    sequence = interleave(known, schedule.delays, decoder.codes, steps_of(known.shape[1], schedule.delays))
    state = decoder.allocate(1, sequence.shape[1], len(text))
    decoder.assign(state, 0, text)
    codebook = int((ours[:, frame] != theirs[:, frame]).nonzero()[0])
    column = frame - start + schedule.delays[codebook]
    decoder.prefill(state, 0, sequence[:, :column])
    with_prompt, without = decoder.decode_step(state, [0], sequence[None, :, column])
    logits = (without + 3.0 * (with_prompt - without))[0, codebook]
    return float((logits.max() - logits[theirs[codebook, frame]]) / logits.abs().max())


def logits_of(generator: Generator, sequence: Any, prefill: int) -> tuple[Any, Any]:
    """With the prompt and without, (K, S, V) each, after every step but those that are taken in at once."""
    decoder, steps = generator.model.decoder, sequence.shape[-1]
    text = generator.model.prompts[PROMPTS[0]]
    state = decoder.allocate(1, steps, len(text))
    decoder.assign(state, 0, text)
    decoder.prefill(state, 0, sequence[0, :, :prefill])
    pairs = [decoder.decode_step(state, [0], sequence[:, :, step]) for step in range(prefill, steps)]
    with_prompt, without = (torch.stack([pair[row][0] for pair in pairs], dim=1) for row in (0, 1))
    return with_prompt, without


def test_teacher_forced_logits_are_audiocrafts_to_a_hundred_thousandth(
    reference: dict[str, Any], backend: Backend
) -> None:
    sequence, theirs = reference["sequence"], reference["logits"]
    ours = logits_of(generator_of(reference["folder"], backend=backend), sequence, 2)
    for row in (0, 1):
        wanted = theirs[row][:, 2:]
        assert (ours[row] - wanted).abs().max() / wanted.abs().max() < 1e-5


def test_codes_sound_as_they_do_in_audiocraft(reference: dict[str, Any]) -> None:
    generator = generator_of(reference["folder"])
    codes, theirs = reference["codes"][0], reference["samples"][0].numpy().T
    ours = generator.codec.decode(codes, len(theirs))
    assert ours.shape == (500 * generator.codec.hop, 2 if reference["kind"].stereo else 1)
    assert np.abs(ours - theirs / max(1.0, np.abs(theirs).max())).max() < 1e-5


@pytest.mark.parametrize("pieces", [7, 40, 41])
def test_a_take_decoded_in_pieces_is_the_same_take(folders: Path, monkeypatch: pytest.MonkeyPatch, pieces: int) -> None:
    codec = generator_of(folders / "audiogen").codec
    codes = torch.randint(0, TINY.card, (4, 123), generator=torch.Generator().manual_seed(1))
    whole = codec.decode(codes, 123 * 320)
    monkeypatch.setattr(codec_module, "PIECE", pieces)
    assert np.abs(codec.decode(codes, 123 * 320) - whole).max() < 1e-6


@pytest.mark.parametrize("delays", [[0, 1, 2, 3], [0, 0, 1, 1, 2, 2, 3, 3], [0, 2]])
@pytest.mark.parametrize("length", [1, 2, 9])
def test_the_pattern_is_audiocrafts_and_has_an_inverse(delays: list[int], length: int) -> None:
    from scenebuild.engines.audiocraft.package import import_audiocraft

    provider = import_audiocraft().modules.codebooks_patterns.DelayedPatternProvider(len(delays), delays)
    codes = torch.arange(len(delays) * length).reshape(len(delays), length)
    theirs, _, _ = provider.get_pattern(length).build_pattern_sequence(codes[None], 999)
    ours = interleave(codes, delays, 999, steps_of(length, delays))
    assert torch.equal(ours, theirs[0])
    assert torch.equal(deinterleave(ours, delays, length), codes)


# Loading


class Canary:
    """A pickle that would leave a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("kind", ["pickle", "zip", "text"])
def test_a_file_that_is_no_checkpoint_is_refused_and_runs_nothing(tmp_path: Path, kind: str) -> None:
    trace = tmp_path / "trace"
    path = tmp_path / LANGUAGE_MODEL
    if kind == "pickle":
        path.write_bytes(pickle.dumps(Canary(trace)))
    elif kind == "zip":
        torch.save({"best_state": Canary(trace), "xp.cfg": ""}, path)
    else:
        path.write_text("<html>")
    with pytest.raises(EngineError, match="state_dict.bin cannot be loaded"):
        open_checkpoint(str(tmp_path), LANGUAGE_MODEL)
    assert not trace.exists()


def test_an_export_that_is_only_a_name_of_another_model_is_refused(tmp_path: Path) -> None:
    torch.save({"pretrained": "facebook/encodec_32khz", "exported": True}, tmp_path / CODEC)
    with pytest.raises(EngineError, match="holds no weights, only the name 'facebook/encodec_32khz'"):
        open_checkpoint(str(tmp_path), CODEC)
    torch.save({"best_state": {}}, tmp_path / CODEC)
    with pytest.raises(EngineError, match="not a checkpoint as audiocraft exports them: it has no 'xp.cfg'"):
        open_checkpoint(str(tmp_path), CODEC)


def test_weights_that_do_not_fit_their_configuration_are_refused(folders: Path) -> None:
    checkpoint = open_checkpoint(str(folders / "audiogen"), LANGUAGE_MODEL)
    checkpoint.config.transformer_lm.dim = 32
    with pytest.raises(EngineError, match=r"does not fit its own configuration: .*norm1.weight is \(64,\)"):
        loaded(checkpoint)
    checkpoint = open_checkpoint(str(folders / "audiogen"), LANGUAGE_MODEL)
    checkpoint.state["transformer.layers.0.linear1.bias"] = torch.zeros(256)
    with pytest.raises(EngineError, match=r"does not fit its own configuration: it also has .*linear1\.bias"):
        loaded(checkpoint)
    del checkpoint.state["transformer.layers.0.linear1.bias"], checkpoint.state["out_norm.bias"]
    with pytest.raises(EngineError, match=r"does not fit its own configuration: it has no out_norm\.bias"):
        loaded(checkpoint)


def loaded(checkpoint: Any) -> LanguageModel:
    return load_language_model(checkpoint, TorchBackend(CPU, "fp32"))


def test_a_text_encoder_of_another_width_is_refused(folders: Path, tmp_path: Path) -> None:
    write_text_encoder(tmp_path / "text", "t5-base")
    model = loaded(open_checkpoint(str(folders / "audiogen"), LANGUAGE_MODEL))
    with pytest.raises(EngineError, match=r"wants a text encoder of width 512, the one in .* has 768"):
        encode_prompts(["rain"], str(tmp_path / "text"), model.projection, CPU)


def test_the_stand_ins_leave_with_the_import() -> None:
    from scenebuild.engines.audiocraft.package import UNUSED, StubModule, import_audiocraft

    import_audiocraft()
    assert not [name for name in UNUSED if isinstance(sys.modules.get(name), StubModule)]
    with pytest.raises(EngineError, match=r"audiocraft called spacy\.load, which the AudioGen set leaves out"):
        StubModule("spacy").load("en")


def test_a_mono_checkpoint_of_another_size_is_loaded_by_its_own_configuration(tmp_path: Path) -> None:
    wide = replace(TINY, dim=96, heads=6, layers=3, card=128)
    folder = write_checkpoint(tmp_path / "wide", Kind(8000, (5, 4, 4, 2), 5), wide)
    write_text_encoder(tmp_path / "text")
    generator = generator_of(folder)
    assert greedy(generator, PROMPTS[0], 11).shape == (4, 11)
    assert (generator.codec.sample_rate, generator.codec.hop, generator.model.decoder.codes) == (8000, 160, 128)
