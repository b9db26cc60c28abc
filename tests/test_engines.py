"""One contract for every engine in the registry: each implementation of the Protocol runs through the same tests."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from scenebuild.engines import REGISTRY, Action, Engine, FailedRequest, MadeTake, Request, engine
from scenebuild.errors import EngineError
from scenebuild.generate.messages import Made
from scenebuild.generate.worker import write_take
from scenebuild.store.digest import digest_file

READY = [name for name in REGISTRY if engine(name).state().ready]
NOT_READY = [
    pytest.param(name, marks=pytest.mark.skip(f"{name}: {engine(name).state().reason}"))
    for name in REGISTRY
    if name not in READY
]


@pytest.fixture(params=[*READY, *NOT_READY])
def each(request: pytest.FixtureRequest) -> Engine:
    return engine(request.param)


def requests_for(each: Engine, folder: Path) -> list[Request]:
    """A few short requests that an engine of its kind can make."""
    facts = each.facts
    if facts.fidelity == "recording":
        rng = np.random.default_rng(1)
        found = []
        for number, ending in enumerate(("wav", "flac", "ogg")):
            path = folder / f"{number}.{ending}"
            soundfile.write(path, 0.1 * rng.normal(size=(4410, 1 + number % 2)), 44100)
            found.append(Request(Action(facts.name, facts.version, None, content=digest_file(str(path))), str(path)))
        return found
    rate = facts.sample_rate or 0
    model = facts.default_model
    revision = next((one.revision for one in facts.models if one.id == model), None)
    prompts = [("steady rain", 0.5), ("a door slams", 0.1), ("birds at dawn", 0.7)]
    return [
        Request(
            Action(
                facts.name,
                facts.version,
                round(rate * duration_s),
                prompt=prompt,
                seed=number,
                temperature=1.0,
                model=model,
                revision=revision,
                precision=facts.precision,
            )
        )
        for number, (prompt, duration_s) in enumerate(prompts)
    ]


def made(each: Engine, requests: list[Request]) -> dict[int, MadeTake]:
    shares: list[float] = []
    found = {}
    for one in each.load({}).generate(requests, lambda index, share: shares.append(share)):
        assert isinstance(one, MadeTake), one
        found[one.index] = one
    assert sorted(found) == list(range(len(requests)))
    assert all(0 <= share <= 1 for share in shares)
    return found


def test_facts_are_cheap_constant_and_complete(each: Engine) -> None:
    facts = each.facts
    assert facts == each.facts
    assert facts.name in REGISTRY
    assert facts.version
    assert facts.licence
    named = facts.parameters.union(*(one.parameters for one in facts.models))
    assert named <= {"seed", "temperature", "top_k", "top_p", "cfg", "continues", "melody", "redo"}
    if facts.fidelity != "recording":
        assert facts.sample_rate is not None
        assert facts.channels in (1, 2)


def test_asking_for_facts_and_state_imports_nothing_heavy() -> None:
    code = (
        "import sys; from scenebuild.engines import REGISTRY, engine\n"
        "for name in REGISTRY: engine(name).facts, engine(name).state()\n"
        "print(sorted({'numpy', 'torch', 'audiocraft', 'soundfile', 'transformers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_takes_have_the_frames_the_rate_and_the_channels_that_were_promised(each: Engine, tmp_path: Path) -> None:
    requests = requests_for(each, tmp_path)
    for index, one in made(each, requests).items():
        assert one.samples.dtype == np.float32
        assert one.samples.ndim == 2
        assert requests[index].action.frames in (None, len(one.samples))
        assert each.facts.sample_rate in (None, one.sample_rate)
        assert each.facts.channels in (None, one.samples.shape[1])
        assert np.isfinite(one.samples).all()
        assert np.abs(one.samples).max() <= 1.0
        assert one.samples.any(), "never silence"


def test_the_same_action_gives_the_same_bytes_alone_with_others_and_in_any_order(each: Engine, tmp_path: Path) -> None:
    requests = requests_for(each, tmp_path)
    together = made(each, requests)
    backwards = made(each, requests[::-1])
    for index, request in enumerate(requests):
        (alone,) = made(each, [request]).values()
        for other in (together[index], backwards[len(requests) - 1 - index]):
            assert other.samples.tobytes() == alone.samples.tobytes()


def test_another_seed_gives_another_sound(each: Engine, tmp_path: Path) -> None:
    if "seed" not in each.facts.parameters:
        pytest.skip(f"{each.facts.name} has no seed")
    request = requests_for(each, tmp_path)[0]
    other = replace(request, action=replace(request.action, seed=99))
    takes = made(each, [request, other])
    assert takes[0].samples.tobytes() != takes[1].samples.tobytes()


def test_what_is_made_passes_the_worker(each: Engine, tmp_path: Path) -> None:
    requests = requests_for(each, tmp_path)
    for index, one in made(each, requests).items():
        message = write_take(one, requests[index], str(tmp_path), 0.1)
        assert isinstance(message, Made), message
        read, rate = soundfile.read(message.path, always_2d=True)
        assert (len(read), rate) == (len(one.samples), one.sample_rate)
        assert np.abs(read - one.samples).max() <= 2.0**-23


def test_a_recording_that_is_none_fails_alone(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"no sound")
    good = requests_for(engine("file"), tmp_path)[0]
    planned = replace(good.action, content=digest_file(str(tmp_path / "x.wav")))
    bad = replace(good, action=planned, path=str(tmp_path / "x.wav"))
    results = list(engine("file").load({}).generate([bad, good], lambda index, share: None))
    assert isinstance(results[0], FailedRequest)
    assert results[0].message.startswith("x.wav cannot be read as audio")
    assert isinstance(results[1], MadeTake)


def test_an_unknown_engine_is_named_with_those_there_are() -> None:
    with pytest.raises(EngineError, match="there is no engine 'lyre'; there are: sketch, file"):
        engine("lyre")
