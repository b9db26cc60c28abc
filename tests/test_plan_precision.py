"""Precision: the flag decides, a locked take keeps its own, and the configuration applies to new takes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from scenebuild.build import plan
from scenebuild.cli import run
from scenebuild.cli.options import Flags
from scenebuild.engines import action_facts
from scenebuild.plan.steps import Step
from scenebuild.store import LocalStore

SCENE = "scenes/x.yaml"


@pytest.fixture(autouse=True)
def _without_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))


def step_of(configured: str | None = None, **flags: Any) -> Step:
    Path("scenebuild.toml").write_text(f'precision = "{configured}"\n' if configured else "")
    return plan([SCENE], Flags(store=os.environ["SCENEBUILD_STORE"], **flags).settings())[SCENE].steps[0]


def write(prompt: str = "rain on a roof", engine: str = "audiogen") -> None:
    Path(SCENE).write_text(json.dumps({"name": "X", "elements": {"rain": {"prompt": prompt, "engine": engine}}}))


def lock_it(tmp_path: Path, precision: str | None) -> Step:
    """The take of that precision, made, in the store and in the lock."""
    step = step_of(precision=precision)
    sound = tmp_path / "take.wav"
    sound.write_bytes(b"a sound")
    made = LocalStore(os.environ["SCENEBUILD_STORE"]).put(step.key, str(sound), {"licence": "CC-BY-NC-4.0"})
    assert made is not None
    entry = {
        **action_facts(step.action),
        "key": step.key,
        "digest": made.digest,
        "channels": 1,
        "licence": "CC-BY-NC-4.0",
    }
    Path("scenes/x.lock.json").write_text(json.dumps({"version": 1, "elements": {"rain": entry}, "mix": {}}))
    return step


def test_the_flag_is_part_of_the_key(project: Path) -> None:
    write()
    keys = {precision: step_of(precision=precision).key for precision in (None, "auto", "fp32", "bf16", "int8")}
    assert keys[None] == keys["auto"]
    assert len(set(keys.values())) == 4
    assert step_of(configured="int8").key == keys["int8"]
    assert step_of(precision="fp32", configured="int8").key == keys["fp32"]


@pytest.mark.parametrize("locked", [None, "int8"])
def test_a_locked_take_keeps_its_precision_until_the_flag_asks_for_another(
    project: Path, tmp_path: Path, locked: str | None
) -> None:
    write()
    made = lock_it(tmp_path, locked)
    for preferred in (None, "bf16", "int8"):
        step = step_of(configured=preferred)
        assert (step.key, step.status) == (made.key, "locked")
    assert step_of(precision="bf16").action.precision == "bf16"
    write("hail on a roof")
    assert step_of(configured="bf16").action.precision == "bf16"
    assert step_of().action.precision == "auto"


def test_sketches_know_no_precision(project: Path) -> None:
    write(engine="sketch")
    assert step_of(precision="int8").key == step_of().key
    assert step_of(precision="int8").action.precision is None


def test_a_precision_that_there_is_not_is_a_mistake_of_usage(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write()
    assert run(["plan", SCENE, "--precision", "fp8"]) == 2
    assert "'fp8' is not one of 'auto', 'fp32', 'fp16', 'bf16', 'int8'" in capsys.readouterr().err
    Path("scenebuild.toml").write_text('precision = "fp8"\n')
    assert run(["plan", SCENE]) == 2
    assert "precision = 'fp8' is not known; write one of: auto, fp32, fp16, bf16, int8" in capsys.readouterr().err


def test_the_environment_and_the_configuration_say_it_too(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write()
    keys = [step_of(precision=precision).key for precision in ("int8", "bf16")]
    Path("scenebuild.toml").write_text('precision = "int8"\n')
    for key in keys:
        capsys.readouterr()
        assert run(["plan", SCENE, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["scenes"][0]["elements"][0]["key"] == key
        monkeypatch.setenv("SCENEBUILD_PRECISION", "bf16")
