"""Licences are never loosened: by policies, spellings, forged locks, records, files or verbs."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from engines_for_tests import TONE, TONE_FACTS
from scenebuild.audio.wav import write_wav
from scenebuild.build import plan
from scenebuild.cli import run
from scenebuild.cli.options import Flags
from scenebuild.config import user_file
from scenebuild.engines import action_facts, engine
from scenebuild.engines.audiocraft.hub import models
from scenebuild.engines.audiocraft.hub.models import MODELS
from scenebuild.files import digest_of
from scenebuild.generate.take import facts_for_store, measure_take
from scenebuild.licences import allows_commerce, canonical, forbids_commerce, same
from scenebuild.licences import strictest as strictest_of
from scenebuild.plan.mix_licence import strictest
from scenebuild.plan.steps import Step
from scenebuild.store import LocalStore
from test_plan_models import record, register

SCENE = "scenes/x.yaml"
NC = "CC-BY-NC-4.0"
SPELLINGS = (
    "CC-BY-NC-4.0", "cc-by-nc-4.0", "CC BY-NC 4.0", "CC-BY-NC 4.0", "CC BY NC 4.0", "cc_by_nc_4.0", "CC-BY-NC-4",
    "CCBYNC 4.0", "CC BYNC v4.0", "CC/BY/NC/4.0",
    "CC\N{NO-BREAK SPACE}BY\N{NON-BREAKING HYPHEN}NC\N{NO-BREAK SPACE}4.0",
    "CC BY\N{EN DASH}NC 4.0", "CC-BY-N\N{SOFT HYPHEN}C-4.0",
    "CC BY-NC 4.0".translate({n: n + 0xFEE0 for n in range(33, 127)}),
    "Creative Commons Attribution-NonCommercial 4.0", "Creative Commons Attribution-NonCommercial 4.0 International",
    "creative commons attribution non commercial 4.0 international public license",
    "Attribution-NonCommercial 4.0 International (CC BY-NC 4.0)", "https://creativecommons.org/licenses/by-nc/4.0/",
    "(CC-BY-NC-4.0)", "CC-BY-NC-4.0 only", "CC BY-NC 4.0 license",
)  # fmt: skip
FORBIDDING = (
    *SPELLINGS, "CC-BY-NC", "CC-BY-NC-SA-4.0", "cc by-sa-nc 3.0 de", "CC-BY-NC-ND-3.0-DE", "CC-BY-ND-4.0", "CC NC",
    "NonCommercial", "noncommerical use", "Nicht kommerziell", "not for commercial use", "Personal use only",
    "research only", "For research purposes", "Academic use", "All Rights Reserved", "UNLICENSED", "proprietary",
    "LicenseRef-CC-BY-NC-mine", "CC-BY-NC-4.0 AND MIT", "MIT AND (CC-BY-NC-4.0 OR CC-BY-NC-SA-4.0)",
    "CC-BY-NC-4.0 OR CC-BY-NC-SA-4.0", "CC-BY-NC-4.0 or later", "CC-BY-NC-4.0 WITH some-exception",
    "CC-BY-NC-4.0, and the recordings' own terms", "CC-BY-NC-4.0 and openrail", "CC BY-NC 4.0 (see the card)",
)  # fmt: skip
ALLOWING = (
    "CC0", "CC0-1.0", "cc0 1.0", "Creative Commons Zero v1.0 Universal", "MIT", "The MIT License", "apache-2.0",
    "Apache License, Version 2.0", "BSD 3-Clause", "CC BY 4.0", "CC-BY-SA-3.0-DE", "GPL-3.0-or-later", "GPL v3",
    "GPL-2.0-only WITH Classpath-exception-2.0", "MIT OR CC-BY-NC-4.0", "(MIT OR Apache-2.0) AND CC-BY-4.0",
    "Academic Free License 3.0 OR AFL-3.0", "NCSA", "Unlicense",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication",
)  # fmt: skip
UNKNOWN = (
    "", "openrail", "LicenseRef-Mine", "as recorded", "other", "CC BY 4.0 but not in films", "not MIT or Apache-2.0",
    "MIT for small companies or Apache-2.0", "MIT/Apache-2.0", "free", "commercial", "x" * 500,
)  # fmt: skip


# Names


@pytest.mark.parametrize("name", FORBIDDING)
def test_a_name_that_forbids_commerce_is_known_however_it_is_spelled(name: str) -> None:
    assert forbids_commerce(name)
    assert not allows_commerce(name)


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_has_one_id(name: str) -> None:
    assert canonical(name) == NC
    assert same(name, NC)


@pytest.mark.parametrize("name", ALLOWING)
def test_a_name_that_allows_commerce(name: str) -> None:
    assert allows_commerce(name) or name.startswith("Academic")
    assert not forbids_commerce(name)


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_name_is_no_permission(name: str) -> None:
    assert not allows_commerce(name)
    assert not forbids_commerce(name)


@given(
    st.sampled_from(["cc", "creative commons", "Creative Commons"]),
    st.sampled_from(["by", "Attribution"]),
    st.sampled_from(["nc", "NonCommercial", "non-commercial", "Non Commercial"]),
    st.sampled_from(["", "sa", "nd"]),
    st.sampled_from(["", "3.0", "4.0", "v4.0", "4"]),
    st.lists(st.sampled_from(" -_/\u00a0\u2011\u2013"), min_size=4, max_size=4),
    st.sampled_from([str.lower, str.upper, str.title, str]),
)
def test_no_way_of_writing_non_commercial_is_missed(
    cc: str, by: str, nc: str, more: str, version: str, signs: list[str], case: Any
) -> None:
    parts = [part for part in (cc, by, nc, more, version) if part]
    name = case("".join(part + sign for part, sign in zip(parts, [*signs, ""], strict=False)))
    assert forbids_commerce(name)
    assert forbids_commerce(canonical(name))


@settings(deadline=None)
@given(st.lists(st.sampled_from([*FORBIDDING, *ALLOWING, *UNKNOWN[1:]]), min_size=1, max_size=5))
def test_a_mix_is_never_freer_than_anything_in_it(names: list[str]) -> None:
    whole = strictest_of(names)
    assert forbids_commerce(whole) == any(map(forbids_commerce, names))
    assert allows_commerce(whole) == all(map(allows_commerce, names))
    assert strictest_of(list(reversed(names))) == whole


@pytest.mark.parametrize(
    ("names", "whole"),
    [
        (["CC0-1.0", "cc-by-nc-4.0"], NC),
        (["CC0-1.0", "CC-BY-NC 4.0"], NC),
        (["Apache-2.0", "CC-BY-NC-SA-4.0"], "CC-BY-NC-SA-4.0"),
        (["CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "all rights reserved"], "CC-BY-NC-SA-4.0 and all rights reserved"),
        (["CC0-1.0", "openrail"], "CC0-1.0 and openrail"),
        (["CC-BY-SA-4.0", "CC-BY-NC-4.0", "MIT"], "CC-BY-NC-4.0 and CC-BY-SA-4.0"),
        (["openrail", "cc by nc 4.0", "as recorded"], f"{NC} and openrail, and the recordings' own terms"),
    ],
)  # fmt: skip
def test_the_strictest_wins_and_what_can_not_be_ranked_is_listed(names: list[str], whole: str) -> None:
    assert strictest(names) == whole


@pytest.mark.parametrize(
    ("name", "forbidden", "allowed"),
    [
        ("(MIT and (GPL-3.0 or CC-BY-NC-4.0)) or CC-BY-NC-4.0", False, True),
        ("(MIT) or (CC-BY-NC-4.0)", False, True),
        ("(MIT) and (CC-BY-NC-4.0)", True, False),
        ("(MIT or GPL-3.0) and (CC-BY-NC-4.0 or CC-BY-NC-SA-4.0) and MIT", True, False),
        ("(CC-BY-NC-4.0 and MIT) or (CC-BY-NC-4.0 and GPL-3.0) or MIT", False, True),
        ("((MIT))", False, True),
        ("((MIT) or (CC-BY-NC-4.0))", False, True),
        ("(CC-BY-NC-4.0) / (MIT or x)", True, False),
        ("(MIT)) or ((GPL-3.0)", False, False),
        ("()", False, False),
        ("openrail or MIT", False, True),
        ("my own licence or MIT", False, False),
        ("MIT or Boost Software 1.0", False, True),
    ],
)
def test_an_expression_means_what_its_brackets_say(name: str, forbidden: bool, allowed: bool) -> None:
    assert (forbids_commerce(name), allows_commerce(name)) == (forbidden, allowed)


@pytest.mark.parametrize(
    ("names", "whole"),
    [
        (["(MIT) and (CC-BY-NC-4.0)"], "CC-BY-NC-4.0"),
        (["(MIT or GPL-3.0) and (openrail or MIT)"], "(MIT or GPL-3.0) and (openrail or MIT)"),
        (["foo and bar"], "foo and bar"),
        (["(openrail)"], "(openrail)"),
        (["0-odd", "CC-BY-NC-4.0"], "CC-BY-NC-4.0 and 0-odd"),
        (["foo and bar and MIT"], "foo and bar and MIT"),
        (["foo bar and MIT"], "MIT and foo bar"),
        (["openrail", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "aaa"], "CC-BY-NC-4.0 and CC-BY-SA-4.0 and aaa and openrail"),
        (["aaa", "MIT or zzz zzz"], "(MIT or zzz zzz) and aaa"),
    ],
)
def test_what_forbids_most_is_named_first_and_strange_parts_stay_together(names: list[str], whole: str) -> None:
    assert strictest_of(names) == whole


def test_several_unknown_models_are_listed_with_the_way_out(project: Path) -> None:
    from scenebuild.errors import Place
    from scenebuild.plan.policy import _ways_out

    Path(SCENE).write_text("name: X\npolicy: {commercial: true}\nelements: {a: {prompt: x}, b: {prompt: y}}\n")
    whole = plan([SCENE], Flags(store=os.environ["SCENEBUILD_STORE"], engine="sketch").settings())[SCENE]
    one, two = (
        replace(step, action=replace(step.action, model=name)) for step, name in zip(whole.steps, "mn", strict=True)
    )
    assert _ways_out(whole, [one, two], [one, two]) == [
        "if the licence of m, n allows commercial use, write its SPDX id, such as CC-BY-4.0 or Apache-2.0, as licence "
        "where the model is registered, in your own configuration",
        "replace a, b: write engine: sketch, or file: with a recording that you may sell, or a model whose licence "
        "allows commercial use",
        f"the policy stands in {Place(SCENE, 2, 22)}; nothing was made and no take is lost",
    ]


# Takes


@pytest.fixture(autouse=True)
def _no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "1000")


def write(commercial: bool, **rain: Any) -> None:
    scene = {
        "name": "X",
        "policy": {"commercial": commercial},
        "elements": {
            "rain": {"prompt": "steady rain", "duration": 1, **rain},
            "wind": {"prompt": "wind", "engine": "sketch", "duration": 1},
        },
    }
    Path(SCENE).write_text(json.dumps(scene))


def step_of_rain() -> Step:
    return plan([SCENE], Flags(store=os.environ["SCENEBUILD_STORE"]).settings())[SCENE].steps[0]


def keep_take(step: Step, said: str, *, record_it: bool = True) -> None:
    """A take as a GPU made it before, with this licence in the file, in its record and in the lock."""
    sound = np.random.default_rng(1).normal(0, 0.05, (int(step.action.frames or 0), step.facts.channels or 1))
    sound = sound.astype(np.float32)
    rate = int(step.facts.sample_rate or 0)
    write_wav("take.wav", sound, rate, {"ICOP": said} if said else None)
    take = measure_take(step.key, "take.wav", digest_of("take.wav"), step.facts)
    store = LocalStore(os.environ["SCENEBUILD_STORE"])
    facts = {**facts_for_store(take), "licence": said, "action": action_facts(step.action)}
    if record_it:
        store.put(step.key, "take.wav", facts)
    else:
        store.put_back(take.digest, "take.wav")
    entry: dict[str, Any] = {
        **action_facts(step.action), "key": step.key, "digest": take.digest, "channels": take.channels, "licence": said,
        "loudness_lufs": -20.0, "peak_dbfs": -3.0, "length_s": 1.0, "sample_rate": rate, "made_by": {},
    }  # fmt: skip
    lock = {"version": 1, "elements": {"rain": entry}, "mix": {"licence": said}}
    Path("scenes/x.lock.json").write_text(json.dumps(lock))


def everything_said() -> str:
    """All text of the outputs and the lock in which a licence could stand."""
    paths = [*Path("build").rglob("*.md"), *Path("build").rglob("*.html"), Path("scenes/x.lock.json")]
    return "\n".join(path.read_text() for path in paths if path.is_file())


def licences_in_the_lock() -> tuple[str, str]:
    plain = json.loads(Path("scenes/x.lock.json").read_text())
    return plain["elements"]["rain"]["licence"], plain["mix"]["licence"]


CLAIMS = ("CC0-1.0", "MIT", "cc by nc 4.0", "as recorded", "openrail", "")


@pytest.mark.parametrize("recorded", [True, False], ids=["record", "lock alone"])
@pytest.mark.parametrize("said", CLAIMS)
@pytest.mark.parametrize("model", [None, "my-rain"])
def test_the_licence_of_a_listed_model_counts_whatever_files_say(
    project: Path, capsys: pytest.CaptureFixture[str], said: str, recorded: bool, model: str | None
) -> None:
    """A registered checkpoint is under the licence of the model that it was trained from, too."""
    register(licence=said or "CC0-1.0")
    record()
    write(False, engine="audiogen", **({"model": model} if model else {}))
    keep_take(step_of_rain(), said, record_it=recorded)
    digest = json.loads(Path("scenes/x.lock.json").read_text())["elements"]["rain"]["digest"]
    write(True, engine="audiogen", **({"model": model} if model else {}))
    for words in ([SCENE], ["plan", SCENE], ["test", SCENE], [SCENE, "--frozen"], [SCENE, "--solo", "rain"]):
        capsys.readouterr()
        assert run(words) == (1 if "test" in words else 3), words
        if "--frozen" not in words:
            assert f"{NC}" in capsys.readouterr().err
    assert not list(Path("build").rglob("x.wav"))
    assert not list(Path("build").rglob("listen.wav"))
    write(False, engine="audiogen", **({"model": model} if model else {}))
    assert run([SCENE]) == 0
    assert all(forbids_commerce(one) for one in licences_in_the_lock())
    assert forbids_commerce(soundfile.SoundFile("build/x/x.wav").copyright)
    readme = Path("build/x/README.md").read_text()
    assert f"The mix as a whole: **{NC}" in readme.replace("&#8209;", "-")
    after = json.loads(Path("scenes/x.lock.json").read_text())["elements"]["rain"]
    assert after["digest"] == digest, "no sound was made again"


def test_a_lock_of_a_model_that_is_not_registered_here_frees_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register()
    record()
    write(True, engine="audiogen", model="my-rain")
    Path(SCENE).write_text(Path(SCENE).read_text().replace("true", "false"))
    keep_take(step_of_rain(), "CC0-1.0")
    Path(user_file()).unlink()
    assert run([SCENE, "--frozen"]) == 3  # the lock says what is not so
    write(True, engine="audiogen", model="my-rain")
    capsys.readouterr()
    assert run([SCENE]) == 3
    assert f"the take is of AudioGen (my-rain), whose licence {NC} forbids it" in capsys.readouterr().err


def test_an_unknown_licence_of_a_model_is_refused_with_what_to_do(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    unranked = tuple(replace(one, licence="openrail") for one in TONE_FACTS.models)
    monkeypatch.setattr("scenebuild.engines.REGISTRY", {"audiogen": "engines_for_tests:TONE"})
    monkeypatch.setattr(TONE, "facts", replace(TONE_FACTS, licence="openrail", models=unranked))
    Path(SCENE).write_text(
        json.dumps(
            {
                "name": "X",
                "policy": {"commercial": True},
                "elements": {"rain": {"prompt": "rain", "engine": "audiogen"}},
            }
        )
    )
    assert run(["plan", SCENE]) == 3
    said = capsys.readouterr().err
    assert "whose licence 'openrail' is not known to allow it" in said
    assert "write its SPDX id, such as CC-BY-4.0 or Apache-2.0, as licence where the model is registered" in said


@pytest.mark.parametrize("said", ["CC-BY-NC-4.0", "cc by-nc 4.0"])
def test_a_signed_take_under_the_name_of_a_sketch_stays_under_its_licence(
    project: Path, capsys: pytest.CaptureFixture[str], said: str
) -> None:
    """A lock whose sketch is the take of a model: the digest is right, and the file says whose it is."""
    write(False, engine="sketch")
    keep_take(step_of_rain(), said, record_it=False)
    write(True, engine="sketch")
    assert run([SCENE]) == 3
    assert f"whose licence {NC} forbids it" in capsys.readouterr().err
    write(False, engine="sketch")
    assert run([SCENE]) == 0
    assert all(same(one, NC) for one in licences_in_the_lock())


def test_a_recording_that_is_a_take_of_a_model_is_named_where_the_scene_is_for_sale(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_wav("scenes/door.wav", np.full((8000, 1), 0.1, np.float32), 16000, {"ICOP": NC})
    for commercial in (False, True):
        scene = {"name": "X", "policy": {"commercial": commercial}, "elements": {"door": {"file": "door.wav"}}}
        Path(SCENE).write_text(json.dumps(scene))
        capsys.readouterr()
        assert run([SCENE]) == 0
        said = f"door: the recording's copyright text is: {NC}; make sure that it may be sold"
        assert (said in capsys.readouterr().err) is commercial


def test_a_corrected_licence_reaches_the_takes_that_are_there(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entry of the lock is corrected, the mix says it, no byte of the take changes; it needs no other edit."""
    register(licence="CC0-1.0")
    record()
    monkeypatch.setattr(
        models, "MODELS", tuple(__import__("dataclasses").replace(one, licence="MIT") for one in MODELS)
    )
    write(False, engine="audiogen", model="my-rain")
    keep_take(step_of_rain(), "CC0-1.0")
    assert run([SCENE]) == 0
    assert licences_in_the_lock() == ("MIT", "MIT")
    take = Path("build/x/elements/rain.wav").read_bytes()
    file = Path(user_file())
    file.write_text(file.read_text().replace("CC0-1.0", "CC BY-NC 4.0"))
    before = Path("scenes/x.lock.json").read_text()
    assert run([SCENE]) == 0  # nothing but the configuration has changed
    assert licences_in_the_lock() == (NC, NC)
    Path("scenes/x.lock.json").write_text(before)
    capsys.readouterr()
    assert run([SCENE, "--frozen"]) == 3
    said = capsys.readouterr().err
    assert "the licence of rain is CC-BY-NC-4.0, the lock says MIT" in said
    assert run([SCENE]) == 0
    assert licences_in_the_lock() == (NC, NC)
    assert soundfile.SoundFile("build/x/x.wav").copyright == NC
    assert Path("build/x/elements/rain.wav").read_bytes() == take
    assert run([SCENE, "--frozen"]) == 0


def test_the_spelling_in_a_lock_is_no_drift(project: Path) -> None:
    write(False, engine="audiogen")
    keep_take(step_of_rain(), "cc by-nc 4.0")
    assert run([SCENE]) == 0
    assert licences_in_the_lock() == ("cc by-nc 4.0", "cc by-nc 4.0")
    assert run([SCENE, "--frozen"]) == 0


def test_the_files_that_are_delivered_carry_the_licence_of_the_mix(project: Path) -> None:
    write(False, engine="audiogen")
    keep_take(step_of_rain(), "CC0-1.0")
    scene = json.loads(Path(SCENE).read_text())
    scene["deliver"] = [{"preset": "master", "name": kind, "format": kind} for kind in ("wav", "flac", "ogg", "mp3")]
    Path(SCENE).write_text(json.dumps(scene))
    assert run([SCENE]) == 0
    assert soundfile.SoundFile("build/x/x.wav.wav").copyright == NC
    for kind in ("flac", "ogg", "mp3"):
        assert NC.encode() in Path(f"build/x/x.{kind}.{kind}").read_bytes()


def test_every_model_of_the_list_is_non_commercial_today() -> None:
    assert all(forbids_commerce(one.licence) for one in MODELS)
    assert not forbids_commerce(engine("sketch").facts.licence)
