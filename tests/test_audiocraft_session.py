"""Batches: a take depends neither on the other takes of its batch nor on memory or length."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the AudioGen set is not installed: make audiogen")

from audiocraft_fixtures import AUDIOGEN, MUSICGEN_STEREO, SENTENCES, write_checkpoint, write_text_encoder  # noqa: E402
from scenebuild.audio.recording import decode_recording  # noqa: E402
from scenebuild.audio.wav import write_wav  # noqa: E402
from scenebuild.engines import Action, FailedRequest, MadeTake, Note, Request  # noqa: E402
from scenebuild.engines.audiocraft.checkpoint import LANGUAGE_MODEL, open_checkpoint  # noqa: E402
from scenebuild.engines.audiocraft.codec import Codec  # noqa: E402
from scenebuild.engines.audiocraft.compute import kernels as kernels_module  # noqa: E402
from scenebuild.engines.audiocraft.compute import packed  # noqa: E402
from scenebuild.engines.audiocraft.compute.kernel_backend import KernelBackend  # noqa: E402
from scenebuild.engines.audiocraft.compute.torch_backend import TorchBackend  # noqa: E402
from scenebuild.engines.audiocraft.configuration import dimensions_of  # noqa: E402
from scenebuild.engines.audiocraft.decoder import Decoder  # noqa: E402
from scenebuild.engines.audiocraft.hub import weights  # noqa: E402
from scenebuild.engines.audiocraft.hub.weights import LocatedWeights  # noqa: E402
from scenebuild.engines.audiocraft.language import load_language_model  # noqa: E402
from scenebuild.engines.audiocraft.machine import device as device_module  # noqa: E402
from scenebuild.engines.audiocraft.machine import memory, needs  # noqa: E402
from scenebuild.engines.audiocraft.machine.device import made_by  # noqa: E402
from scenebuild.engines.audiocraft.sampling import SamplingParams, draw, filtered, sample  # noqa: E402
from scenebuild.engines.audiocraft.session import AudiocraftSession  # noqa: E402
from scenebuild.errors import EngineError  # noqa: E402
from scenebuild.files import digest_of  # noqa: E402

CPU = torch.device("cpu")
MANY = 200_000
MEDIUM, STEREO = "facebook/audiogen-medium", "facebook/musicgen-stereo-small"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("audiocraft")
    write_checkpoint(root / MEDIUM, AUDIOGEN)
    write_checkpoint(root / STEREO, MUSICGEN_STEREO)
    write_text_encoder(root / "text")
    return root


def located_in(folders: Path, always: str = "") -> Callable[..., LocatedWeights]:
    """What stands for ``weights.verified``: the tiny checkpoint of the model's name, or always the same one."""
    return lambda model, without=frozenset(): LocatedWeights(str(folders / (always or model.id)), str(folders / "text"))


@pytest.fixture(autouse=True)
def _located(folders: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The weights of a model are the tiny ones, and one thread runs them."""
    monkeypatch.setattr(
        weights,
        "verified",
        lambda model, without=frozenset(): LocatedWeights(str(folders / model.id), str(folders / "text")),
    )
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def request(prompt: str = SENTENCES[0], duration_s: float = 0.3, seed: int = 1, **by: Any) -> Request:
    sampling = {"temperature": 1.0, "top_k": 250, "cfg": 3.0, "model": MEDIUM}
    rate = 32000 if by.get("model") == STEREO else 16000
    return Request(Action("audiogen", "1", round(duration_s * rate), prompt=prompt, seed=seed, **{**sampling, **by}))


def outcomes(
    requests: list[Request], *, exact: bool = False, engine: str = "audiogen"
) -> dict[int, MadeTake | FailedRequest]:
    session = AudiocraftSession(engine, CPU, exact=exact)
    found = [one for one in session.generate(requests, lambda index, share: None) if not isinstance(one, Note)]
    assert sorted(one.index for one in found) == list(range(len(requests)))
    return {one.index: one for one in found}


def samples(requests: list[Request], **options: Any) -> list[bytes]:
    found = outcomes(requests, **options)
    return [made.samples.tobytes() for _, made in sorted(found.items()) if isinstance(made, MadeTake)]


some_requests = st.lists(
    st.builds(
        request,
        st.sampled_from(SENTENCES),
        st.sampled_from([0.01, 0.1, 0.3, 0.58, 1.0]),
        st.integers(0, 2**32 - 1),
        temperature=st.sampled_from([0.3, 1.0, 2.5]),
        top_k=st.sampled_from([1, 30, 250, 2048]),
        top_p=st.sampled_from([None, 0.5, 1.0]),
        cfg=st.sampled_from([0.0, 1.0, 3.0, 9.0]),
    ),
    min_size=2,
    max_size=5,
)


@given(some_requests, st.randoms(use_true_random=False), st.integers(1, 4))
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("arithmetic", ["kernels", "kernels int8", "torch, each by itself"])
def test_alone_together_in_any_order_and_batch_a_take_is_the_same(
    monkeypatch: pytest.MonkeyPatch, arithmetic: str, requests: list[Request], chance: Any, most: int
) -> None:
    if arithmetic.startswith("torch"):
        monkeypatch.setattr(kernels_module, "kernels", lambda: None)
    elif kernels_module.why_not():
        pytest.skip(kernels_module.why_not())
    if arithmetic.endswith("int8"):
        requests = [Request(replace(one.action, precision="int8")) for one in requests]
    exact = arithmetic.startswith("torch")
    alone = [samples([one], exact=exact)[0] for one in requests]
    order = chance.sample(range(len(requests)), len(requests))
    monkeypatch.setitem(device_module.MOST_TAKES, "cpu", most)
    together = samples([requests[index] for index in order], exact=exact)
    assert together == [alone[index] for index in order]


def test_the_arithmetic_of_torch_gives_the_same_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the same bits, but none of these draws is so close that they would decide it."""
    requests = [request(SENTENCES[number], 0.3 + 0.1 * number, number) for number in range(3)]
    ours = outcomes(requests)
    monkeypatch.setattr(kernels_module, "kernels", lambda: None)
    for index, theirs in outcomes(requests).items():
        made = ours[index]
        assert isinstance(made, MadeTake)
        assert isinstance(theirs, MadeTake)
        assert theirs.made_by["arithmetic"] == "torch, fp32"
        assert np.abs(made.samples - theirs.samples).max() < 1e-4


def test_a_slot_that_becomes_free_is_filled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten takes in four slots: fewer than four run only when none waits, and no finished take keeps its slot."""
    rows: list[int] = []
    decode_step = Decoder.decode_step

    def counted(*step: Any) -> Any:
        rows.append(len(step[2]))
        return decode_step(*step)

    monkeypatch.setattr(Decoder, "decode_step", counted)
    monkeypatch.setitem(device_module.MOST_TAKES, "cpu", 4)
    requests = [request(SENTENCES[0], 0.2 + 0.1 * (number % 3), number) for number in range(10)]
    together = samples(requests)
    steps = sum(1 + 3 + round(50 * (0.2 + 0.1 * (number % 3))) - 1 for number in range(10))
    assert sum(rows) == steps
    assert rows == sorted(rows, reverse=True)
    assert together == [samples([one])[0] for one in requests]


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_another_precision_gives_another_take_of_the_same_sound(precision: str) -> None:
    """It says so in its record; greedy codes are mostly those of fp32."""
    plain, other = (
        outcomes([Request(replace(request(top_k=1, duration_s=1).action, precision=one))])[0]
        for one in ("fp32", precision)
    )
    assert isinstance(plain, MadeTake)
    assert isinstance(other, MadeTake)
    assert precision in other.made_by["arithmetic"]
    assert plain.samples.shape == other.samples.shape


def test_a_precision_that_the_device_does_not_have_is_said() -> None:
    with pytest.raises(EngineError, match="--precision fp16: not on cpu; there are: auto, fp32, bf16, int8"):
        outcomes([Request(replace(request().action, precision="fp16"))])


def test_everything_that_is_asked_changes_the_sound() -> None:
    asked = [
        request(), request(SENTENCES[1]), request(seed=2), request(temperature=2.0), request(top_k=2),
        request(top_p=0.1), request(cfg=0.0), request(cfg=8.0),
    ]  # fmt: skip
    assert len(set(samples(asked))) == len(asked)


@pytest.mark.parametrize("duration_s", [0.01, 0.1, 0.58, 2.3, 9.99, 10.0, 10.7, 11.2, 12.25, 33.3])
def test_any_duration_has_its_exact_number_of_frames(duration_s: float) -> None:
    one = outcomes([request(duration_s=duration_s)])[0]
    assert isinstance(one, MadeTake)
    assert one.samples.shape == (round(duration_s * 16000), 1)
    assert one.samples.any()
    assert np.abs(one.samples).max() <= 1.0


def test_a_longer_take_begins_as_a_shorter_one_and_needs_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is decided first is decided alike; only the last codec frames of the shorter one depend on its own end."""
    capacities: list[int] = []
    allocate = Decoder.allocate

    def counted(self: Decoder, slots: int, steps: int, tokens: int, prompts: int) -> Any:
        capacities.append(steps)
        return allocate(self, slots, steps, tokens, prompts)

    monkeypatch.setattr(Decoder, "allocate", counted)
    short, long = (outcomes([request(duration_s=duration_s)])[0] for duration_s in (10, 31))
    assert isinstance(short, MadeTake)
    assert isinstance(long, MadeTake)
    assert np.abs(short.samples[:150_000] - long.samples[:150_000]).max() < 1e-4
    assert capacities == [500 + 3, 500 + 3]


def test_a_session_goes_on_from_a_recording_and_says_which_one_it_cannot_use(tmp_path: Path) -> None:
    path = tmp_path / "door.wav"
    write_wav(path, 0.3 * np.sin(np.arange(8000) / 20)[:, None], 16000)
    digest, sounds = digest_of(str(path)), {"continues": str(path)}
    longer, shorter = (
        Request(replace(request(duration_s=s).action, continues=digest), sounds=sounds) for s in (1, 0.4)
    )
    found = outcomes([longer, shorter, request()])
    assert [type(found[index]) for index in range(3)] == [MadeTake, FailedRequest, MadeTake]
    first, plain = found[0], found[2]
    assert isinstance(first, MadeTake)
    assert isinstance(plain, MadeTake)
    assert np.array_equal(first.samples[:5000], decode_recording(path).samples[:5000])
    assert "seams_db" in first.made_by
    assert plain.samples.tobytes() == samples([request()])[0]


def test_stereo_and_the_rate_follow_from_the_model() -> None:
    found = outcomes([request(duration_s=0.5, model=STEREO), request()], engine="musicgen")
    assert [(one.sample_rate, one.samples.shape) for _, one in sorted(found.items()) if isinstance(one, MadeTake)] == [
        (32000, (16000, 2)),
        (16000, (4800, 1)),
    ]


def test_files_that_are_not_the_models_are_said(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        weights,
        "verified",
        lambda model, without=frozenset(): LocatedWeights(str(folders / STEREO), str(folders / "text")),
    )
    with pytest.raises(EngineError, match=r"should give \(16000, 1\) \(Hz, channels\), its files give \(32000, 2\)"):
        outcomes([request()])


def test_short_takes_come_first_and_progress_only_grows() -> None:
    shares: dict[int, list[float]] = {0: [], 1: []}
    order: list[int] = []
    session = AudiocraftSession("audiogen", CPU, exact=False)
    for one in session.generate([request(duration_s=1), request()], lambda index, share: shares[index].append(share)):
        order += [] if isinstance(one, Note) else [one.index]
    assert order == [1, 0]
    for known in shares.values():
        assert known == sorted(known)
        assert known[-1] == 1.0
        assert len(known) > 10


# Memory


def out_of_memory_above(takes: int, monkeypatch: pytest.MonkeyPatch, error: Exception, step: int = 3) -> None:
    """From that step on, a batch of more takes than these does not fit."""
    decode_step = Decoder.decode_step

    def guarded(self: Decoder, state: Any, slots: Any, codes: Any) -> Any:
        if len(codes) > takes and max(state.positions) >= step:
            raise error
        return decode_step(self, state, slots, codes)

    monkeypatch.setattr(Decoder, "decode_step", guarded)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you"),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_a_batch_that_does_not_fit_is_halved_until_it_does(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    requests = [request(SENTENCES[number], 0.1 + 0.1 * number, number) for number in range(5)]
    whole = samples(requests, exact=True)
    out_of_memory_above(2, monkeypatch, error)
    assert samples(requests) == whole


def test_what_is_done_before_memory_runs_out_is_kept_and_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = [request(SENTENCES[number], 0.1 + 0.1 * number, number) for number in range(4)]
    whole = samples(requests, exact=True)
    out_of_memory_above(2, monkeypatch, torch.OutOfMemoryError(), step=7)  # the first has 5 codec frames
    assert samples(requests) == whole


@pytest.mark.parametrize("failing", [1, 2])
def test_a_take_that_could_not_be_decoded_for_lack_of_memory_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """Its codes are there; the others of its batch, one of which goes on for another pass, keep theirs too."""
    requests = [request(duration_s=10.0), request(SENTENCES[1], 10.5, 7), request(SENTENCES[2], 0.1, 3)]
    whole = samples(requests, exact=True)
    decode, calls = Codec.decode, list[int]()

    def guarded(self: Codec, codes: Any, frames: int) -> Any:
        calls.append(frames)
        if len(calls) == failing:
            raise torch.OutOfMemoryError
        return decode(self, codes, frames)

    monkeypatch.setattr(Codec, "decode", guarded)
    assert samples(requests) == whole
    assert len(calls) == 4


def test_one_element_that_does_not_fit_alone_fails_with_advice_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allocate = Decoder.allocate

    def guarded(self: Decoder, slots: int, steps: int, tokens: int, prompts: int) -> Any:
        if steps > 100:
            raise torch.OutOfMemoryError
        return allocate(self, slots, steps, tokens, prompts)

    monkeypatch.setattr(Decoder, "allocate", guarded)
    found = outcomes([request(), request(duration_s=5), request(seed=9)])
    assert [type(one) for _, one in sorted(found.items())] == [MadeTake, FailedRequest, MadeTake]
    failed = found[1]
    assert isinstance(failed, FailedRequest)
    assert failed.message == (
        "cpu has not enough memory for this element alone (5 s); close other programs, shorten it, "
        "or use a smaller model"
    )


def test_another_error_is_not_taken_for_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    out_of_memory_above(0, monkeypatch, RuntimeError("shapes do not fit"))
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        outcomes([request()])


def test_a_batch_is_as_large_as_memory_allows(monkeypatch: pytest.MonkeyPatch, folders: Path) -> None:
    backend = device_module.backend_for(CPU, "fp32")
    decoder = Decoder(load_language_model(open_checkpoint(str(folders / MEDIUM), LANGUAGE_MODEL), backend), backend)
    per_take = decoder.bytes_per_take(512)
    assert per_take == 2 * 2 * 2 * 512 * 64 * 4  # keys and values, with and without prompt, 2 layers, dim 64, fp32
    rest = needs.WORKING_BYTES
    for free, takes in ((None, 16), (rest + 10 * per_take, 8), (10, 1), (10**12, 16)):
        monkeypatch.setattr(memory, "free_bytes", lambda free=free: free)
        assert device_module.fits(decoder, 512) == takes
    monkeypatch.setattr(memory, "free_bytes", lambda: rest + 10 * per_take)
    decoder.mapped_bytes = 5 * per_take  # weights that are pages of a file are free, and needed
    assert device_module.fits(decoder, 512) == 4


def test_what_is_slower_here_than_it_could_be_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    if kernels_module.why_not():
        pytest.skip(kernels_module.why_not())

    def read_only(*_: Any) -> Any:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(packed, "write", read_only)
    monkeypatch.setattr(kernels_module, "notes", lambda: ("the kernels run on one thread: why",))
    made = AudiocraftSession("audiogen", CPU, exact=False).generate([request()], lambda index, share: None)
    first, second, take = made
    assert first == Note("the kernels run on one thread: why")
    assert isinstance(second, Note)
    assert second.message.startswith(f"the weights of {MEDIUM} are converted at each start: ")
    assert "cannot be written (Read-only file system)" in second.message
    assert isinstance(take, MadeTake)


@pytest.mark.parametrize("limited", [True, False])
def test_a_model_that_is_larger_than_the_memory_is_refused_before_it_is_converted(
    folders: Path, monkeypatch: pytest.MonkeyPatch, limited: bool
) -> None:
    if kernels_module.why_not():
        pytest.skip(kernels_module.why_not())
    sizes = dimensions_of(open_checkpoint(str(folders / MEDIUM), LANGUAGE_MODEL))
    large = replace(sizes, dim=1536, heads=24, layers=48, hidden=6144, codes=2048, text_dim=1024)
    monkeypatch.setattr(packed, "dimensions_of", lambda checkpoint: large)
    monkeypatch.setattr(memory, "all_bytes", lambda: 3 << 30)
    monkeypatch.setattr(memory, "is_limited", lambda: limited)
    with pytest.raises(EngineError) as refused:
        outcomes([request(duration_s=10)])
    assert str(refused.value) == (
        "facebook/audiogen-medium in fp32 needs about 5.1 GB of memory for a take of 10 s, "
        f"this {'container' if limited else 'machine'} has 3.2 GB; --precision int8 needs 3.2 GB"
    )
    monkeypatch.setattr(memory, "all_bytes", lambda: 1 << 30)
    with pytest.raises(EngineError, match=r"has 1\.1 GB; take a smaller model, or more memory"):
        outcomes([request(duration_s=10)])


@pytest.mark.parametrize(("precision", "kernels"), [("fp32", True), ("int8", True), ("bf16", True), ("fp32", False)])
def test_what_a_model_needs_is_known_before_it_is_loaded(folders: Path, precision: Any, kernels: bool) -> None:
    """From the dimensions alone, against the bytes that are loaded. The checkpoint holds floats that are no halves."""
    compiled = kernels_module.kernels()
    if kernels and compiled is None:
        pytest.skip(kernels_module.why_not())
    backend = KernelBackend(compiled, precision) if kernels and compiled else TorchBackend(CPU, precision)
    language = load_language_model(open_checkpoint(str(folders / MEDIUM), LANGUAGE_MODEL), backend)
    decoder = Decoder(language, backend)
    estimated = needs.needed_bytes(language.dimensions, precision, 9.6, kernels=kernels)
    loaded = sum(one.nbytes for one in tensors_of(language)) + decoder.bytes_per_take(480)
    assert 0.5 * loaded < estimated - needs.WORKING_BYTES < 1.05 * loaded


def tensors_of(value: Any) -> list[Any]:
    if isinstance(value, torch.Tensor):
        return [value]
    if is_dataclass(value):
        value = tuple(getattr(value, one.name) for one in fields(value))
    return [found for one in value for found in tensors_of(one)] if isinstance(value, tuple) else []


# Sampling


def params(count: int, codes: int, **by: Any) -> SamplingParams:
    action = request().action
    return SamplingParams.of([replace(action, **{"top_k": None, "cfg": 1.0, **by})] * count, codes, CPU)


@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        ({}, [0.4, 0.3, 0.2, 0.1]),
        ({"top_k": 2}, [4 / 7, 3 / 7, 0, 0]),
        ({"top_p": 0.65}, [4 / 7, 3 / 7, 0, 0]),
        ({"top_p": 0.71}, [4 / 9, 3 / 9, 2 / 9, 0]),
        ({"top_p": 0.9, "top_k": 1}, [1, 0, 0, 0]),
        ({"temperature": 0.5}, [16 / 30, 9 / 30, 4 / 30, 1 / 30]),
    ],
    ids=str,
)
def test_codes_are_drawn_as_often_as_their_probability_says(by: dict[str, Any], wanted: list[float]) -> None:
    logits = torch.log(torch.tensor([0.4, 0.3, 0.2, 0.1]))[torch.tensor([2, 0, 3, 1])].expand(1, MANY, 4)
    draws = draw([torch.Generator().manual_seed(1)], MANY, 4)
    found = sample(logits, logits, params(1, 4, **by), draws)[0]
    counts = torch.bincount(found, minlength=4)[torch.tensor([1, 3, 0, 2])] / MANY
    np.testing.assert_allclose(counts.numpy(), wanted, atol=0.005)  # 4.5 standard deviations


def test_guidance_goes_from_without_the_prompt_through_with_it_and_beyond() -> None:
    with_prompt, without = torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[0.0, 1.0]]])
    found = [float(filtered(with_prompt, without, params(1, 2, cfg=cfg))[0, 0, 0]) for cfg in (0.0, 1.0, 3.0)]
    np.testing.assert_allclose(found, [1 / (1 + np.exp(-difference)) for difference in (-1, 1, 5)], rtol=1e-6)


@given(st.integers(1, 300), st.sampled_from([0.0, 0.5, float(np.nextafter(np.float32(1), np.float32(0)))]))
def test_the_extreme_draws_give_codes_that_have_a_probability(top_k: int, number: float) -> None:
    logits = torch.randn(1, 4, 300, generator=torch.Generator().manual_seed(top_k))
    draws = draw([torch.Generator().manual_seed(top_k)], 4, 300)
    draws[:, :, ::2] = number
    codes = sample(logits, logits, params(1, 300, top_k=top_k), draws)
    rank = (logits > logits.gather(-1, codes[:, :, None])).sum(dim=-1)
    assert (rank < top_k).all()


def test_each_take_has_its_own_rng() -> None:
    def rng(seed: int) -> Any:
        return torch.Generator().manual_seed(seed)

    together = draw([rng(1), rng(2)], 4, 5)
    assert torch.equal(together, torch.cat([draw([rng(1)], 4, 5), draw([rng(2)], 4, 5)]))
    assert not torch.equal(together[0], together[1])
    np.testing.assert_array_equal(
        draw([rng(1)], 1, 3)[0, 0].numpy(), np.array([0.7576316, 0.27931088, 0.40306926], np.float32)
    )


# Devices


def test_a_record_says_device_precision_and_versions() -> None:
    facts = made_by(CPU, "kernels, fp32", exact=True)
    assert facts["device"] == "cpu"
    assert (facts["arithmetic"], facts["audiocraft"], facts["exact"]) == ("kernels, fp32", "1.3.0", "yes")
    assert facts["torch"].startswith("2.11.0")
    assert "exact" not in made_by(CPU, "kernels, fp32", exact=False)
