"""Generated input: good scenes become the mix that was planned, nearly good ones are refused with a place."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from hypothesis import HealthCheck, Phase, given, settings

import scenebuild.engines
import scenebuild.generate.make
from engines_for_tests import TONE, CountingChildren
from scenebuild.cli import run
from scenebuild.errors import Problem, SceneError
from scenebuild.plan import models
from scenebuild.plan.models import findings_about
from scenebuild.scene.check.findings import MOST_SHOWN
from scenebuild.scene.model import Scene
from scenebuild.scene.read import read_scene, references_in
from scenes_strategy import (
    BAD,
    GOOD,
    MISTAKES,
    RATES,
    Project,
    bad_scene,
    damaged_bytes,
    damaged_text,
    damaged_tree,
    dumped,
    good_scene,
)

ROOT = Path(__file__).resolve().parents[2]
REAL = sorted([*(ROOT / "scenes").glob("*.yaml"), *(ROOT / "scenes" / "catalogue").glob("*.yaml")])
FEW = settings(
    max_examples=4, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
MORE = settings(FEW, max_examples=40)
USED = (
    "repeat", "trim", "loop", "effects", "duck", "bus", "deliver", "variants", "matrix", "params", "extends",
    "convolve", "expect", "curve", "long", "null", "{{",
)  # fmt: skip
LINE = re.compile(r"[^\n]+\.yaml:[1-9][0-9]*:[1-9][0-9]*: \S[^\n]*\Z")


@pytest.fixture
def _tones(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine of the tests, in this process."""
    monkeypatch.setitem(scenebuild.engines.REGISTRY, "audiogen", "engines_for_tests:TONE")
    monkeypatch.setattr(scenebuild.generate.make, "Children", CountingChildren)
    monkeypatch.setattr(TONE, "ready", True)


# Good scenes


@FEW
@given(project=GOOD)
@pytest.mark.usefixtures("_tones")
def test_a_good_scene_becomes_the_mix_that_was_planned(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _builds(project, tmp_path_factory.mktemp("good"))


@pytest.mark.hard
@pytest.mark.parametrize("seed", range(150))
@pytest.mark.usefixtures("_tones")
def test_good_scenes_by_the_hundred(seed: int, tmp_path: Path) -> None:
    _builds(good_scene(random.Random(seed)), tmp_path)


def _builds(project: Project, folder: Path) -> None:
    path = project.write(folder)
    assert run([path, "--stems", "--quiet"]) == 0
    for reference in references_in(path):
        scene = read_scene(reference)
        built = folder / "build" / Path(reference).name.replace(".yaml", "")
        _decodes(built / f"{built.name}.wav", scene, _frames(scene))
        stems = list((built / "stems").glob("*"))
        assert stems
        for stem in stems:
            _decodes(stem, scene, None)
        lock = json.loads((folder / f"{built.name}.lock.json").read_text())
        assert {name.partition(".")[0] for name in lock["elements"]} == {one.name for one in scene.elements}
        for wanted in scene.deliver:
            (file,) = built.glob(f"{built.name}.{wanted.name}.*")
            assert np.isfinite(soundfile.read(file)[0]).all()


def _frames(scene: Scene) -> int | None:
    """How long the mix is planned to be, where the scene says it."""
    return None if scene.mix.duration_s is None else round(scene.mix.duration_s * scene.mix.sample_rate)


def _decodes(path: Path, scene: Scene, frames: int | None) -> None:
    samples, rate = soundfile.read(path, always_2d=True)
    assert rate == scene.mix.sample_rate
    assert samples.shape[1] == scene.mix.channels
    assert np.isfinite(samples).all()
    assert len(samples) > 0
    assert frames is None or abs(len(samples) - frames) <= 1


def test_good_scenes_use_all_there_is() -> None:
    """Every field of the schema that a good scene may have is in some of them."""
    text = "".join(dumped(good_scene(random.Random(seed)).files) for seed in range(150))
    for name in USED:
        assert name in text, name
    assert all(f"sample_rate: {rate}" in text for rate in RATES)


# Nearly good scenes


@MORE
@given(project=BAD)
def test_a_mistake_is_refused_with_its_place(project: Project, tmp_path: Path) -> None:
    _refused(project.write(tmp_path), project.mistake)


@pytest.mark.hard
def test_mistakes_by_the_thousand(tmp_path: Path) -> None:
    for seed in range(2000):
        project = bad_scene(random.Random(seed))
        _refused(project.write(tmp_path / str(seed % 50)), project.mistake)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_exit_1_with_a_place(mistake: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = {"name": "Good", "elements": {"last": {"prompt": "rain"}}}
    MISTAKES[mistake](scene, random.Random(0))
    path = Project({"scene.yaml": scene}).write(tmp_path)
    for arguments in (["validate", path], [path]):
        assert run(arguments) == 1
        said = capsys.readouterr().err.strip().splitlines()
        assert said
        assert all(LINE.match(line) for line in said), said


def _refused(path: str, why: str) -> None:
    problems = _problems(path)
    assert problems, why
    for problem in problems:
        assert LINE.match(str(problem)), why


def _problems(path: str) -> list[Problem]:
    """All that is wrong with a file; anything but a SceneError is a fault of ours and ends the test."""
    try:
        references = references_in(path)
    except SceneError as error:
        return list(error.problems)
    found: list[Problem] = []
    for reference in references:
        try:
            read_scene(reference)
        except SceneError as error:
            found += error.problems
    return found


# Damaged scenes


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
@pytest.mark.parametrize("kind", ["bytes", "text", "tree"])
def test_a_damaged_scene_is_read_or_refused(kind: str, path: Path, tmp_path: Path) -> None:
    _damage(kind, path, tmp_path, range(4))


@pytest.mark.hard
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
@pytest.mark.parametrize("kind", ["bytes", "text", "tree"])
def test_damaged_scenes_by_the_hundred(kind: str, path: Path, tmp_path: Path) -> None:
    _damage(kind, path, tmp_path, range(100, 300))


def _damage(kind: str, path: Path, folder: Path, seeds: range) -> None:
    content = path.read_bytes()
    target = folder / "scene.yaml"
    for seed in seeds:
        target.write_bytes(DAMAGE[kind](content, random.Random(seed)))
        problems = _problems(str(target))
        assert len(problems) <= (MOST_SHOWN + 1) * 256
        for problem in problems:
            assert LINE.match(str(problem)), (kind, seed)


DAMAGE: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "bytes": damaged_bytes,
    "text": lambda content, chance: damaged_text(content.decode(), chance).encode("utf-8", "replace"),
    "tree": lambda content, chance: dumped(damaged_tree(yaml.safe_load(content), chance)).encode("utf-8", "replace"),
}


# Damage that was found so, and made the reader stumble


@pytest.mark.parametrize(
    "text",
    [
        "name: a\nelements: {b: {prompt: rain, bus: b}}",
        "name: a\nelements: {b: {prompt: rain, bus: b}}\nbuses: {b: {}}",
        "name: a\nelements: {b: {prompt: rain, duck: {under: b}, bus: b}}\nbuses: {b: {duck: {under: b}}}",
        "name: a\nelements: {defaults: {prompt: rain}}\ndefaults: {duck: {under: defaults}}",
    ],
)
def test_who_waits_for_whom_is_told_apart_by_kind(text: str, tmp_path: Path) -> None:
    path = tmp_path / "scene.yaml"
    path.write_text(text)
    assert {problem.rule for problem in _problems(str(path))} <= {"bus", "duck", "unknown-field"}
    assert _problems(str(path))


def test_a_loop_without_fields_is_a_loop(tmp_path: Path) -> None:
    path = tmp_path / "scene.yaml"
    head = "name: a\nelements: {a: {prompt: rain, loop: true}}\ndeliver: [{preset: game-loop}]\n"
    path.write_text(head + "mix: {duration: 4, loop: {}}")
    assert _problems(str(path)) == []


def test_a_rate_with_a_point_is_held_to_those_of_mp3(tmp_path: Path) -> None:
    path = tmp_path / "scene.yaml"
    path.write_text(
        "name: a\nelements: {a: {prompt: rain}}\ndeliver: [{preset: music, format: mp3, sample_rate: 44000.0}]\n"
    )
    assert [problem.rule for problem in _problems(str(path))] == ["deliver"]


def test_a_file_of_many_bad_scenes_is_looked_at_until_there_is_enough_to_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "scene.yaml"
    elements = "".join(f"  e{number}: {{promt: a}}\n" for number in range(80))
    variants = "".join(f"  v{number}: {{}}\n" for number in range(200))
    path.write_text(f"name: a\nelements:\n{elements}variants:\n{variants}")
    looked: list[str] = []

    def counted(reference: str) -> Scene:
        looked.append(reference)
        return read_scene(reference)

    monkeypatch.setattr(models, "read_scene", counted)
    assert len(findings_about(str(path))) == MOST_SHOWN + 1
    assert len(looked) == 1


def test_a_long_circle_is_named_in_a_short_line(tmp_path: Path) -> None:
    path = tmp_path / "scene.yaml"
    ring = "".join(f"  e{number}: {{prompt: a, duck: {{under: e{(number + 1) % 300}}}}}\n" for number in range(300))
    path.write_text(f"name: a\nelements:\n{ring}")
    (problem,) = _problems(str(path))
    assert len(problem.message) < 500
    assert "more" in problem.message


def test_a_number_among_keyframes_is_no_keyframe(tmp_path: Path) -> None:
    path = tmp_path / "scene.yaml"
    path.write_text("name: a\nelements: {a: {prompt: a, low_pass: [{at: 0, value: 500}, 2.0]}}\n")
    assert [problem.rule for problem in _problems(str(path))] == ["type"]
