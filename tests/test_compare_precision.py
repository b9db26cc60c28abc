"""``scenebuild models compare``: another precision beside fp32, with another seed as the yardstick."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scenebuild.audio.likeness import SoundDistance, distance, shift, statistics_of

torch = pytest.importorskip("torch", reason="the AudioGen set is not installed: make audiogen")

from audiocraft_fixtures import AUDIOGEN, cache_content  # noqa: E402
from hub import put_in_cache  # noqa: E402
from scenebuild.commands.compare_precision import NAMES  # noqa: E402
from scenebuild.engines.audiocraft.hub.models import model  # noqa: E402
from scenebuild.engines.audiocraft.verdict import (  # noqa: E402
    PrecisionMeasure,
    PrecisionVerdict,
    verdict_line,
    verdict_of,
    verdict_path,
    write_verdict,
)

MEDIUM = model("audiogen-medium")
RATE = 16000


def noise(seed: int, gain: float = 0.1, seconds: float = 2) -> Any:
    random = np.random.default_rng(seed)
    return (gain * random.standard_normal((round(seconds * RATE), 1))).astype(np.float32)


def low_passed(samples: Any) -> Any:
    return ((samples + np.roll(samples, 1, axis=0)) / 2).astype(np.float32)


# What is measured


def test_two_seeds_of_one_noise_are_near_and_another_colour_is_far() -> None:
    first, second, dull = (statistics_of(one, RATE) for one in (noise(1), noise(2), low_passed(noise(3))))
    near, far = distance(first, second), distance(first, dull)
    assert near.spectrum_db < 0.5
    assert near.loudness_lu < 0.2
    assert far.balance_db > 2
    assert distance(first, first) == SoundDistance(0, 0, 0, 0, 0)


def test_a_change_of_level_is_one_of_loudness_and_spectrum_and_not_of_balance() -> None:
    loud, quiet = (statistics_of(gain * noise(1), RATE) for gain in (1.0, 0.5))
    found = distance(loud, quiet)
    assert found.loudness_lu == pytest.approx(6.02, abs=0.01)
    assert found.spectrum_db == pytest.approx(6.02, abs=0.01)
    assert found.balance_db < 0.01
    assert found.movement_db < 0.01


def test_differences_that_point_one_way_add_up_and_chance_cancels() -> None:
    plain, others = [statistics_of(noise(seed), RATE) for seed in range(8)], range(8, 16)
    by_chance = [statistics_of(noise(seed), RATE) for seed in others]
    duller = [statistics_of(low_passed(noise(seed)), RATE) for seed in others]
    single = np.mean([distance(*pair).balance_db for pair in zip(plain, by_chance, strict=True)])
    assert shift(plain, by_chance).balance_db < 0.6 * single
    assert shift(plain, duller).balance_db > 2


@pytest.mark.parametrize(
    "samples", [np.zeros((RATE, 1), np.float32), noise(1, seconds=0.05), noise(1, seconds=1).repeat(2, 1)]
)
def test_silence_and_short_and_stereo_sounds_have_statistics(samples: Any) -> None:
    found = statistics_of(samples, RATE)
    assert np.isfinite([*found.spectrum_db, *found.movement_db, found.loudness_lufs, found.seam_db]).all()


def test_every_measure_has_a_name() -> None:
    assert NAMES.keys() == {field.name for field in fields(SoundDistance)}


# The verdict


def verdict(**by: Any) -> PrecisionVerdict:
    measures = (PrecisionMeasure("log-mel distance", "dB", 2.0, 1.9), PrecisionMeasure("loudness", "LU", 0.5, 0.6))
    return replace(PrecisionVerdict("int8", 6, 5.0, 1.2, measures), **by)


@pytest.fixture(autouse=True)
def _data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def test_a_verdict_is_kept_for_one_revision() -> None:
    assert verdict_of(MEDIUM, "int8") is None
    write_verdict(MEDIUM, verdict())
    assert verdict_of(MEDIUM, "int8") == verdict()
    assert verdict_of(MEDIUM, "bf16") is None
    assert verdict_of(replace(MEDIUM, revision="0" * 40), "int8") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1, "measures": 3}', "[" * 9999])
def test_a_damaged_verdict_is_none(text: str) -> None:
    path = Path(write_verdict(MEDIUM, verdict()))
    path.write_text(text)
    assert verdict_of(MEDIUM, "int8") is None


def test_the_line_says_what_differs_more_than_another_seed() -> None:
    assert verdict().line == (
        "int8 differs from fp32 no more than another seed does: log-mel distance 2.0 dB (another seed 1.9), "
        "loudness 0.5 LU (another seed 0.6); 6 prompts of 5 s"
    )
    worse = (verdict().measures[0], PrecisionMeasure("loudness", "LU", 3.0, 0.6))
    assert verdict(measures=worse).line == (
        "int8 differs from fp32 more than another seed does: loudness 3.0 LU (another seed 0.6); 6 prompts of 5 s"
    )
    assert verdict_line(MEDIUM, "int8") == (
        "facebook/audiogen-medium: int8 was not measured here; "
        "type: scenebuild models compare audiogen-medium --precision int8"
    )
    assert verdict_line(MEDIUM, "fp32") == verdict_line(MEDIUM, "auto") == ""


# The command


def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "scenebuild"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_a_precision_is_compared_and_builds_and_lists_say_what_was_found(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    put_in_cache(tmp_path / "hf" / "hub", cache_content(MEDIUM, tmp_path / "files", AUDIOGEN))
    Path("prompts.txt").write_text("rain on a roof\n\nwind in the trees\n", encoding="utf-8")
    scene = Path("scenes/test.yaml")
    rain = {"prompt": "rain on a roof", "engine": "audiogen", "duration": 0.5}
    scene.write_text(json.dumps({"name": "test", "elements": {"rain": rain}}), encoding="utf-8")

    missing = verdict_line(MEDIUM, "int8")
    assert missing in run("doctor").stdout
    done = run("models", "compare", "audiogen-medium", "--prompts", "prompts.txt", "--seconds", "1", "--json")
    assert missing not in done.stderr
    found = json.loads(done.stdout)
    kept = verdict_of(MEDIUM, "int8")
    assert kept is not None
    assert (found["id"], found["prompts"], found["verdict"]) == (MEDIUM.id, 2, kept.line)
    assert 0 <= kept.same_until_s <= 1
    assert len(kept.measures) == 2 * len(NAMES)
    assert all(one.seed > 0 for one in kept.measures)

    said = f"{MEDIUM.id}: {kept.line}"
    assert said in run(str(scene), "--precision", "int8").stderr
    assert said in run("doctor").stdout
    listed = json.loads(run("models", "list", "--json").stdout)["models"]
    assert next(one for one in listed if one["id"] == MEDIUM.id)["verdicts"] == {"int8": kept.line}
    assert all(one["verdicts"] == {} for one in listed if one["id"] != MEDIUM.id)
    Path(verdict_path(MEDIUM, "int8")).unlink()


def test_what_cannot_be_compared_is_said_in_one_line(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "empty"))
    Path("prompts.txt").write_text("\n", encoding="utf-8")
    done = run("models", "compare", "audiogen-medium", "--prompts", "prompts.txt", code=2)
    assert "--prompts: the file has no prompt; write one a line" in done.stderr
    done = run("models", "compare", "audiogen-medium", code=1)
    assert "scenebuild models fetch" in done.stderr
    assert "Traceback" not in done.stderr
