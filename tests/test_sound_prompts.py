"""A sound beside the prompt: codes, codes' logits and samples against audiocraft's own, and what stays bit for bit."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the AudioGen set is not installed: make audiogen")

from audiocraft_fixtures import write_checkpoint, write_text_encoder  # noqa: E402
from audiocraft_sounds import DURATIONS_S, KINDS, PROMPT, RECORDING_HZ, STRIDE_S, recording  # noqa: E402
from scenebuild.audio.recording import decode_recording  # noqa: E402
from scenebuild.audio.wav import write_wav  # noqa: E402
from scenebuild.engines import Action, FailedRequest, MadeTake, Request, facts_for  # noqa: E402
from scenebuild.engines.audiocraft import codec as codec_module  # noqa: E402
from scenebuild.engines.audiocraft.batch import LoadedModel  # noqa: E402
from scenebuild.engines.audiocraft.checkpoint import CODEC, LANGUAGE_MODEL, open_checkpoint  # noqa: E402
from scenebuild.engines.audiocraft.chroma import pitch_classes  # noqa: E402
from scenebuild.engines.audiocraft.codec import Codec, to_full_scale  # noqa: E402
from scenebuild.engines.audiocraft.compute import kernels as kernels_module  # noqa: E402
from scenebuild.engines.audiocraft.decoder import Decoder  # noqa: E402
from scenebuild.engines.audiocraft.generator import Generator  # noqa: E402
from scenebuild.engines.audiocraft.language import load_language_model  # noqa: E402
from scenebuild.engines.audiocraft.machine.device import backend_for  # noqa: E402
from scenebuild.engines.audiocraft.pattern import interleave, steps_of  # noqa: E402
from scenebuild.engines.audiocraft.prefix import Prefixes  # noqa: E402
from scenebuild.engines.audiocraft.sound_prompt import UnusableSoundError, converted  # noqa: E402
from scenebuild.engines.audiocraft.splice import CROSSFADE_S, SEARCH_S, continuation, joined, redone  # noqa: E402
from scenebuild.engines.audiocraft.take import PassSchedule, TakeProgress  # noqa: E402
from scenebuild.engines.audiocraft.text import encode_prompts  # noqa: E402

CPU = torch.device("cpu")
SECONDS = 0.8


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of each kind, ``text``, and ``recording.wav``."""
    root = tmp_path_factory.mktemp("sounds")
    for name, kind in KINDS.items():
        write_checkpoint(root / name, kind)
    write_text_encoder(root / "text")
    write_wav(root / "recording.wav", np.ascontiguousarray(recording().numpy().T), RECORDING_HZ)
    return root


@pytest.fixture(scope="module")
def theirs(root: Path) -> dict[str, Any]:
    """What audiocraft says, by checkpoint."""
    models = root / "hub" / "hub" / "models--t5-small"
    (models / "snapshots").mkdir(parents=True)
    (models / "snapshots" / ("0" * 40)).symlink_to(root / "text")
    (models / "refs").mkdir()
    (models / "refs" / "main").write_text("0" * 40)
    environment = {**os.environ, "HF_HOME": str(root / "hub"), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    script = Path(__file__).parent / "audiocraft_sounds.py"
    done = subprocess.run(
        [sys.executable, script, root, root / "out.pt"], env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = torch.load(root / "out.pt")
    return found


@pytest.fixture(scope="module")
def generators(root: Path) -> dict[str, Generator]:
    return {name: generator_of(root / name) for name in KINDS}


def generator_of(folder: Path, precision: str = "fp32") -> Generator:
    """A loaded model, as a session has it, with the short window and stride of the reference."""
    backend = backend_for(CPU, precision)
    language = load_language_model(open_checkpoint(str(folder), LANGUAGE_MODEL), backend)
    sizes = language.dimensions
    texts = encode_prompts([PROMPT], str(folder.parent / "text"), language.projection, CPU)
    codec = Codec(open_checkpoint(str(folder), CODEC), CPU, stereo=sizes.stereo)
    schedule = PassSchedule(sizes.delays, round(50 * sizes.window_s), 50 * STRIDE_S)
    prefixes = Prefixes(language, codec.sample_rate / codec.hop, CPU) if sizes.prepended else None
    loaded = LoadedModel(Decoder(language, backend), schedule, texts, prefixes)
    return Generator(loaded, codec, lambda take, decided: None, exact=False)


def action(generator: Generator, seconds: float = SECONDS, **by: Any) -> Action:
    frames = round(seconds * generator.codec.sample_rate)
    return Action("audiogen", "2", frames, prompt=PROMPT, cfg=3.0, **{"seed": 1, "top_k": 250, **by})


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sound_of(generator: Generator, path: Path, samples: Any) -> Path:
    write_wav(path, np.ascontiguousarray(samples, np.float32), generator.codec.sample_rate)
    return path


def goes_on(generator: Generator, path: Path, seconds: float = SECONDS, **by: Any) -> Request:
    return Request(action(generator, seconds, continues=digest(path), **by), sounds={"continues": str(path)})


def redoes(base: Request, path: Path, start: int, stop: int, **by: Any) -> Request:
    again = replace(base.action, redo="0" * 64, redo_from=start, redo_to=stop, **{"seed": 2, **by})
    return Request(again, sounds={"redo": str(path)})


def outcomes(generator: Generator, requests: list[Request]) -> list[MadeTake | FailedRequest]:
    found: dict[int, MadeTake | FailedRequest] = {}
    takes = []
    for begun in generator.begin_all(list(enumerate(requests))):
        if isinstance(begun, TakeProgress):
            takes.append(begun)
        else:
            found[begun.index] = begun
    found |= {one.index: one for one in generator.make(takes)}
    return [found[index] for index in range(len(requests))]


def made(generator: Generator, *requests: Request) -> list[MadeTake]:
    found = outcomes(generator, list(requests))
    assert all(isinstance(one, MadeTake) for one in found), found
    return [one for one in found if isinstance(one, MadeTake)]


def failure(generator: Generator, request: Request) -> str:
    (one,) = outcomes(generator, [request])
    assert isinstance(one, FailedRequest)
    return one.message


# Recordings and codes


@pytest.mark.parametrize("name", ["audiogen", "stereo"])
def test_a_recording_is_converted_as_audiocraft_does(theirs: dict[str, Any], name: str, generators: Any) -> None:
    codec = generators[name].codec
    ours = converted(recording().numpy().T, RECORDING_HZ, codec.sample_rate, codec.channels)
    wanted = theirs[name]["converted"].numpy().T
    assert ours.shape == wanted.shape
    inside = slice(40, -40)  # at its ends julius repeats the outermost sample, and torchaudio has silence
    assert np.abs(ours - wanted)[inside].max() < 1e-5


@pytest.mark.parametrize("name", ["audiogen", "stereo"])
def test_a_sound_is_encoded_as_audiocraft_does(theirs: dict[str, Any], name: str, generators: Any) -> None:
    ours = generators[name].codec.encode(theirs[name]["converted"].numpy().T)
    assert torch.equal(ours, theirs[name]["encoded"])


@pytest.mark.parametrize("frames", [16000, 16319, 16001])
def test_a_long_sound_is_encoded_in_pieces_as_if_it_were_one(
    generators: Any, monkeypatch: pytest.MonkeyPatch, frames: int
) -> None:
    codec = generators["audiogen"].codec
    samples = np.random.default_rng(1).normal(0, 0.2, (frames, 1)).astype(np.float32)
    whole = codec.encode(samples)
    assert whole.shape == (4, -(-frames // 320))
    monkeypatch.setattr(codec_module, "PIECE", 7)
    assert torch.equal(codec.encode(samples), whole)


def test_the_encoder_is_loaded_for_a_sound_alone(root: Path) -> None:
    generator = generator_of(root / "audiogen")
    made(generator, Request(action(generator, 0.1)))
    assert "_encoding" not in generator.codec.__dict__
    made(generator, goes_on(generator, root / "recording.wav", 1.1))
    assert "_encoding" not in generator.codec.__dict__  # no longer


# Going on from a recording


@pytest.mark.parametrize("duration_s", DURATIONS_S)
@pytest.mark.parametrize("name", ["audiogen", "stereo"])
def test_a_continuation_has_the_codes_of_audiocrafts(
    theirs: dict[str, Any], generators: Any, tmp_path: Path, name: str, duration_s: float
) -> None:
    generator = generators[name]
    path = sound_of(generator, tmp_path / "sound.wav", theirs[name]["converted"].numpy().T)
    request = goes_on(generator, path, duration_s, top_k=1)
    take = generator.begin(0, request.action, request.sounds)
    list(generator.make([take]))
    assert torch.equal(take.codes, theirs[name][f"codes {duration_s}"])


@pytest.mark.parametrize("name", ["audiogen", "stereo"])
def test_a_take_begins_with_the_recording_bit_for_bit(root: Path, generators: Any, name: str) -> None:
    generator = generators[name]
    (take,) = made(generator, goes_on(generator, root / "recording.wav", 1.6))
    rate, channels = generator.codec.sample_rate, generator.codec.channels
    given = converted(decode_recording(root / "recording.wav").samples, RECORDING_HZ, rate, channels)
    assert take.samples.shape == (round(1.6 * rate), channels)
    kept = len(given) - round((CROSSFADE_S + SEARCH_S) * rate)
    assert np.array_equal(take.samples[:kept], given[:kept])
    assert not np.array_equal(take.samples[: len(given)], given)
    assert np.abs(take.samples[len(given) :]).max() > 0
    assert len(take.made_by["seams_db"].split(", ")) == 1


def test_a_recording_longer_than_the_window_is_heard_from_its_end(generators: Any, tmp_path: Path) -> None:
    """What lies before the last second of three, as a pass of two seconds and a stride of one keep, changes nothing."""
    generator = generators["audiogen"]
    rng = np.random.default_rng(2)
    line = rng.normal(0, 0.1, (16000 * 3, 1)).astype(np.float32)
    paths = [sound_of(generator, tmp_path / "a.wav", line)]
    line = line.copy()
    line[:16000] = rng.normal(0, 0.1, (16000, 1))
    paths.append(sound_of(generator, tmp_path / "b.wav", line))
    takes = []
    for path in paths:
        request = goes_on(generator, path, 3.4)
        takes.append(generator.begin(0, request.action, request.sounds))
    known = takes[0].codes.shape[1]
    assert known == 150
    takes[1].codes[:, 100:] = takes[0].codes[:, 100:]  # the codec's own memory reaches further than a second
    list(generator.make(takes))
    assert torch.equal(takes[0].codes[:, 100:], takes[1].codes[:, 100:])
    assert not torch.equal(takes[0].codes[:, :100], takes[1].codes[:, :100])


def test_sounds_that_no_take_goes_on_from(generators: Any, root: Path, tmp_path: Path) -> None:
    generator = generators["audiogen"]
    assert failure(generator, goes_on(generator, root / "recording.wav", 0.9)) == (
        "the recording to go on from lasts 1.00 s, and the take 0.90 s with it; give a longer duration, or cut the "
        "recording"
    )
    short = sound_of(generator, tmp_path / "short.wav", np.full((100, 1), 0.1))
    assert failure(generator, goes_on(generator, short)) == (
        "the recording to go on from lasts 6.2 ms, at least 20 ms are needed; take a longer one"
    )
    other = replace(goes_on(generator, short).action, continues="0" * 64)
    assert failure(generator, Request(other, sounds={"continues": str(short)})) == (
        "short.wav changed while it was built: it is not the file that was planned; build again"
    )
    gone = Request(other, sounds={"continues": str(tmp_path / "no")})
    assert failure(generator, gone).endswith("no cannot be read: No such file or directory")
    with pytest.raises(UnusableSoundError, match=r"48001 Hz, which no short resampling brings to 16000 Hz; convert it"):
        converted(np.zeros((10, 1), np.float32), 48001, 16000, 1)


def test_one_bad_sound_leaves_the_other_takes(generators: Any, root: Path) -> None:
    generator = generators["audiogen"]
    bad, good = goes_on(generator, root / "recording.wav", 0.9), Request(action(generator, 0.2))
    found = outcomes(generator, [bad, good])
    assert [type(one) for one in found] == [FailedRequest, MadeTake]


# A stretch made again


@pytest.fixture(scope="module")
def base(generators: Any, root: Path) -> tuple[Request, np.ndarray, Path]:
    generator = generators["stereo"]
    request = Request(action(generator, 1.5))
    (take,) = made(generator, request)
    path = sound_of(generator, root / "base.wav", take.samples)
    return request, decode_recording(path).samples, path


@pytest.mark.parametrize(
    ("start_s", "stop_s", "seams"), [(0.5, 1.1, 2), (0, 0.7, 1), (0.913, 1.5, 1), (0.7, 0.701, 2), (0, 1.5, 0)]
)
def test_only_the_stretch_is_made_again(
    generators: Any, base: tuple[Request, np.ndarray, Path], tmp_path: Path, start_s: float, stop_s: float, seams: int
) -> None:
    """In the file too, which has 24 bits."""
    generator = generators["stereo"]
    request, samples, path = base
    start, stop = (round(second * 32000) for second in (start_s, stop_s))
    (take,) = made(generator, redoes(request, path, start, stop))
    assert take.samples.shape == samples.shape
    written = decode_recording(sound_of(generator, tmp_path / "again.wav", take.samples)).samples
    for found in (take.samples, written):
        assert np.array_equal(found[:start], samples[:start])
        assert np.array_equal(found[stop:], samples[stop:])
    assert not np.array_equal(take.samples[start:stop], samples[start:stop])
    assert len(take.made_by.get("seams_db", "").split()) == seams


def test_another_seed_gives_another_stretch_and_the_same_one_the_same(
    generators: Any, base: tuple[Request, np.ndarray, Path]
) -> None:
    generator, (request, _, path) = generators["stereo"], base
    first, again, other = made(generator, *(redoes(request, path, 16000, 32000, seed=seed) for seed in (2, 2, 3)))
    assert np.array_equal(first.samples, again.samples)
    assert not np.array_equal(first.samples, other.samples)


def test_the_stretch_follows_from_what_is_before_it(generators: Any, base: tuple[Request, np.ndarray, Path]) -> None:
    """The new codes are those that the model gives, greedily, after the codes of the base up to the stretch."""
    generator, (request, samples, path) = generators["stereo"], base
    again = redoes(request, path, 16000, 32000, top_k=1)
    take = generator.begin(0, again.action, again.sounds)
    codes = generator.codec.encode(samples)
    assert torch.equal(take.codes, codes[:, :25])
    assert take.splice is not None
    assert take.splice.codes_after is not None
    assert torch.equal(take.splice.codes_after, codes[:, 50:])
    list(generator.make([take]))
    assert take.codes.shape[1] == 50


def test_bases_that_are_not_the_take(generators: Any, base: tuple[Request, np.ndarray, Path], root: Path) -> None:
    generator, (request, _, path) = generators["stereo"], base
    assert failure(generator, redoes(request, path, 100, 48001)) == (
        "redo: frames 100 to 48001 are not a part of a take of 48000 frames"
    )
    assert failure(generator, redoes(request, root / "recording.wav", 0, 100)) == (
        "the take to redo has (Hz, frames, channels) (44100, 44100, 2), and should have (32000, 48000, 2); "
        "build it again"
    )


# Seams


def tone(hz: float, frames: int = 16000, start: int = 0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * (start + np.arange(frames)) / 16000)).astype(np.float32)[:, None]


def test_a_seam_between_equal_sounds_is_nothing() -> None:
    """A hum that goes on: at its seams nothing is to be seen, and the score says so."""
    whole = tone(220.0)
    for splice in (continuation(whole[:8000], 8000, 16000), redone(whole, 4000, 9000, torch.empty(4, 0), 16000)):
        take, seams = joined(splice, whole, 16000)
        assert np.abs(take - whole).max() < 1e-6
        assert [seam.warning() for seam in seams] == [None] * len(seams)


def test_a_seam_lies_where_both_sounds_are_most_alike() -> None:
    """Both are one tone, but for the first part of the span, where the generated one is opposite."""
    given = tone(200.0)
    new = given.copy()
    new[: 8000 - 1000] *= -1
    take, _ = joined(continuation(given[:8000], 8000, 16000), new, 16000)
    assert np.abs(take - given)[:8000].max() < 1e-6


def test_a_seam_that_is_heard_is_told() -> None:
    loud = np.random.default_rng(1).normal(0, 0.2, (16000, 1)).astype(np.float32)
    quiet = 0.001 * loud
    splice = continuation(loud[:8000], 8000, 16000)
    _, (seam,) = joined(splice, quiet, 16000)
    assert seam.score_db > 3
    assert str(seam.warning()).startswith(f"the seam at {seam.time_s:.2f} s may be heard: it stands out by ")


def test_what_is_too_loud_is_scaled_where_it_is_generated() -> None:
    given = tone(200.0)
    take, _ = joined(redone(given, 4000, 12000, torch.empty(4, 0), 16000), 4 * given, 16000)
    assert np.array_equal(take[:4000], given[:4000])
    assert np.array_equal(take[12000:], given[12000:])
    assert 0.99 < np.abs(take[7000:9000]).max() <= 1.0
    assert np.abs(to_full_scale(3 * given)).max() == 1.0


# Melodies


def test_pitch_classes_are_those_of_librosa() -> None:
    """``librosa.filters.chroma(sr=32000, n_fft=16384, tuning=0, n_chroma=12)``, librosa 0.11, at some places."""
    ours = pitch_classes(32000, 16384, 12)
    assert ours.shape == (12, 8193)
    for pitch, line, wanted in (
        (0, 0, 4.376759932256391e-07), (9, 225, 0.8661476373672485), (4, 337, 0.9604396820068359),
        (11, 253, 0.9006096720695496), (0, 134, 0.6699196100234985), (7, 4000, 8.258901239765679e-14),
    ):  # fmt: skip
        assert float(ours[pitch, line]) == pytest.approx(wanted, rel=1e-6)


def test_the_chroma_of_a_tone_is_its_pitch_class(generators: Any) -> None:
    chroma = generators["melody"].model.prefixes.chroma
    time = torch.arange(64000) / 32000
    for hz, pitch in ((261.63, 0), (329.63, 4), (440.0, 9), (493.88, 11)):
        assert set(chroma.whole(torch.sin(2 * torch.pi * hz * time)).argmax(dim=1).tolist()) == {pitch}


def follows(generator: Generator, path: Path | None, seconds: float, **by: Any) -> Request:
    if path is None:
        return Request(action(generator, seconds, **by))
    return Request(action(generator, seconds, melody=digest(path), **by), sounds={"melody": str(path)})


@pytest.mark.parametrize("duration_s", DURATIONS_S)
@pytest.mark.parametrize("what", ["melody", "text"])
def test_a_melody_model_gives_audiocrafts_codes(
    theirs: dict[str, Any], generators: Any, root: Path, what: str, duration_s: float
) -> None:
    generator = generators["melody"]
    request = follows(generator, root / "recording.wav" if what == "melody" else None, duration_s, top_k=1)
    take = generator.begin(0, request.action, request.sounds)
    list(generator.make([take]))
    assert torch.equal(take.codes, theirs["melody"][f"{what} {duration_s}"])


@pytest.mark.parametrize("arithmetic", ["kernels", "torch", "torch, all slots at once"])
@pytest.mark.parametrize("what", ["melody", "text"])
def test_its_logits_are_audiocrafts(
    theirs: dict[str, Any], root: Path, monkeypatch: pytest.MonkeyPatch, what: str, arithmetic: str
) -> None:
    if arithmetic.startswith("torch"):
        monkeypatch.setattr(kernels_module, "kernels", lambda: None)
    elif kernels_module.why_not():
        pytest.skip(kernels_module.why_not())
    generator = generator_of(root / "melody")
    generator.model.decoder.backend.static = arithmetic.endswith("at once")
    found, wanted = theirs["melody"], theirs["melody"][f"{what} logits"]
    codes = found[f"{what} {DURATIONS_S[0]}"]
    request = follows(generator, root / "recording.wav" if what == "melody" else None, DURATIONS_S[0])
    take = generator.begin(0, request.action, request.sounds)
    model, decoder = generator.model, generator.model.decoder
    current = model.schedule.next_pass(take)
    sequence = interleave(codes, model.schedule.delays, decoder.codes, steps_of(codes.shape[1], model.schedule.delays))
    state = decoder.allocate(1, model.steps(take), 1)
    decoder.assign(state, 0, model.prompts[PROMPT])
    decoder.prefill(state, 0, sequence[:, :0], model.prefix(take, current))
    for step in range(0, sequence.shape[1] - 1):
        ours = torch.cat(decoder.decode_step(state, [0], sequence[None, :, step]))
        torch.testing.assert_close(ours, wanted[:, :, step], rtol=1e-5, atol=1e-5)


def test_a_melody_changes_the_take_and_another_model_refuses_it(generators: Any, root: Path) -> None:
    generator = generators["melody"]
    with_melody, without = made(generator, *(follows(generator, path, 0.3) for path in (root / "recording.wav", None)))
    assert not np.array_equal(with_melody.samples, without.samples)
    message = failure(generators["stereo"], follows(generators["stereo"], root / "recording.wav", 0.3, model="m"))
    assert message == "m follows no melody; a model that does has 'melody' in its name"


# Together


@pytest.mark.parametrize("precision", ["fp32", "int8", "bf16"])
@pytest.mark.parametrize("name", ["audiogen", "melody"])
def test_alone_and_together_in_any_order_a_take_is_the_same(
    root: Path, base: Any, tmp_path: Path, name: str, precision: str
) -> None:
    if kernels_module.why_not():
        pytest.skip(kernels_module.why_not())
    generator = generator_of(root / name, precision)
    path = sound_of(generator, tmp_path / "base.wav", np.tile(tone(330.0), (2, 1))[: generator.codec.sample_rate])
    plain = Request(action(generator, 1.0))
    requests = [
        Request(action(generator, 0.3, seed=4)), goes_on(generator, path, 1.2), goes_on(generator, path, 2.5),
        redoes(plain, path, 5000, 12000), goes_on(generator, path, 1.2, seed=9),
    ]  # fmt: skip
    if name == "melody":
        requests += [follows(generator, path, seconds, seed=seed) for seconds, seed in ((0.4, 1), (0.4, 2), (2.3, 3))]
        both = goes_on(generator, path, 1.3)
        sounds = {**both.sounds, "melody": str(root / "recording.wav")}
        requests.append(Request(replace(both.action, melody=digest(root / "recording.wav")), sounds=sounds))
    alone = [made(generator, one)[0].samples.tobytes() for one in requests]
    together = [one.samples.tobytes() for one in made(generator, *requests)]
    backwards = [one.samples.tobytes() for one in made(generator, *reversed(requests))]
    assert together == alone
    assert backwards[::-1] == alone
    assert len(set(alone)) == len(alone)


def test_the_engines_say_which_sounds_they_take() -> None:
    for engine in ("audiogen", "musicgen"):
        assert {"continues", "redo"} <= facts_for(engine).parameters
        assert "melody" not in facts_for(engine).parameters
    assert "melody" in facts_for("musicgen", "musicgen-melody").parameters
