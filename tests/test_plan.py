"""Keys, seeds, reasons and the choice of an engine: the plan decides everything, and says why."""

from __future__ import annotations

import json
import math
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import scenebuild.engines
from engines_for_tests import TONE, TONE_FACTS
from scenebuild.config import Config
from scenebuild.engines import Action, action_facts, engine, facts_for
from scenebuild.errors import LockError, Place, SceneError, UsageError
from scenebuild.plan.action import action_key, action_of, canonical, seed_of
from scenebuild.plan.lockfile import (
    Lock,
    LockEntry,
    LockMix,
    entry_for,
    level,
    locked_level,
    merged_mix,
    mix_drift,
    parse_lock,
    read_lock,
    take_name,
    write_lock_text,
)
from scenebuild.plan.mix_licence import strictest
from scenebuild.plan.steps import Plan, count, make_plan
from scenebuild.scene.automation import Automation
from scenebuild.scene.model import Element, MixSettings, Sampling, Scene
from scenebuild.scene.played_part import take_frames
from scenebuild.scene.timing import LoopSettings, Playback
from scenebuild.settings import PlanOptions
from scenebuild.store import LocalStore

SKETCH = engine("sketch").facts
RAIN = Element(
    name="rain",
    place=Place("rain.yaml", 4, 3),
    prompt="steady rain",
    recording=None,
    engine=None,
    model=None,
    duration_s=8.0,
    seed=None,
    take=1,
    sampling=Sampling(),
    start_s=0.0,
    fade_in_s=0.0,
    fade_out_s=0.0,
    normalize="loudness",
)
SCENE = Scene("rain.yaml", "Rain", "", 7, None, (RAIN,), MixSettings(), {})


@pytest.fixture(autouse=True)
def _with_tone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(scenebuild.engines.REGISTRY, "audiogen", "engines_for_tests:TONE")
    monkeypatch.setattr(TONE, "ready", True)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(str(tmp_path / "store"))


# Keys


def key(element: Element, scene: Scene = SCENE) -> str:
    return action_key(action_of(element, scene, facts_for("audiogen", element.model)))


def test_the_key_of_an_action_is_pinned() -> None:
    """Keys live in stores and lockfiles for years: this one may only change together with its tag."""
    action = Action("audiogen", "1", 128000, prompt="Regen über Dächern", seed=7, temperature=1.0, top_k=250)
    assert action_key(action) == "b5865c3f88ba0303724b5510f7cd5201fc4f160637fb9431abe22ee196181aeb"


@pytest.mark.parametrize(
    ("changed", "by"),
    [
        ("prompt", {"prompt": "heavy rain"}),
        ("duration", {"duration_s": 8.1}),
        ("temperature", {"sampling": Sampling(temperature=1.1)}),
        ("top_k", {"sampling": Sampling(top_k=100)}),
        ("seed", {"seed": 3}),
        ("take", {"take": 2}),
        ("name", {"name": "other"}),
        ("model", {"model": "tone-large"}),
    ],
)
def test_what_decides_the_bytes_changes_the_key(changed: str, by: dict[str, object]) -> None:
    assert key(replace(RAIN, **by)) != key(RAIN)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "by",
    [
        {"volume": Automation.fixed(0.1)}, {"pan": Automation.fixed(-1.0, "pan")},
        {"start_s": 3.0}, {"fade_in_s": 1.0}, {"fade_out_s": 1.0}, {"playback": Playback(loop=LoopSettings())},
        {"normalize": "peak"}, {"place": Place("rain.yaml", 9, 9)}, {"engine": "audiogen"},
        {"sampling": Sampling(top_p=0.5)}, {"sampling": Sampling(cfg=9.0)},  # which this engine does not know
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_decide_the_bytes_does_not(by: dict[str, object]) -> None:
    assert key(replace(RAIN, **by)) == key(RAIN)  # type: ignore[arg-type]


def test_writing_out_what_is_the_engines_own_value_changes_no_key() -> None:
    assert key(replace(RAIN, sampling=Sampling(top_k=250))) == key(RAIN)
    assert key(replace(RAIN, model="tone-small")) == key(RAIN)


def test_a_model_brings_its_own_rate_and_revision() -> None:
    facts = facts_for("audiogen", "tone-large")
    action = action_of(replace(RAIN, model="tone-large"), SCENE, facts)
    assert (facts.sample_rate, facts.channels, facts.longest_take_s) == (32000, 2, 30.0)
    assert (action.model, action.revision, action.frames) == ("tone-large", "decaf", 8 * 32000)


def test_a_model_may_take_what_its_engine_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large, *_ = TONE_FACTS.models
    models = (small, replace(large, parameters=frozenset({"melody"})))
    monkeypatch.setattr(TONE, "facts", replace(TONE_FACTS, models=models))
    assert facts_for("audiogen").parameters == TONE_FACTS.parameters
    assert facts_for("audiogen", "tone-large").parameters == TONE_FACTS.parameters | {"melody"}


def test_three_and_three_point_zero_are_one_key() -> None:
    whole = Action("sketch", "1", 3, prompt="x", seed=1, temperature=1, top_p=1)
    assert action_key(whole) == action_key(replace(whole, temperature=1.0, top_p=1.0))


def test_a_field_that_is_not_set_is_not_in_the_key() -> None:
    assert action_facts(Action("sketch", "1", 3)) == {"engine": "sketch", "engine_version": "1", "frames": 3}


actions = st.builds(
    Action,
    engine=st.sampled_from(["sketch", "audiogen"]),
    engine_version=st.sampled_from(["1", "2"]),
    frames=st.none() | st.integers(1, 10**9),
    prompt=st.none() | st.text(max_size=30).map(lambda text: unicodedata.normalize("NFC", text)),
    seed=st.none() | st.integers(0, 2**32 - 1),
    temperature=st.none() | st.floats(0.01, 5),
    top_k=st.none() | st.integers(1, 2048),
    content=st.none() | st.just("c" * 64),
)


@given(actions, actions)
def test_keys_are_equal_exactly_for_equal_actions(one: Action, other: Action) -> None:
    assert (action_key(one) == action_key(other)) == (action_facts(one) == action_facts(other))


# Seeds


@given(st.permutations(["rain", "wind", "door", "birds"]), st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_a_seed_depends_on_scene_seed_name_and_take_alone(order: list[str], seed: int, take: int) -> None:
    alone = seed_of(replace(RAIN, name="wind", take=take), replace(SCENE, seed=seed))
    elements = tuple(replace(RAIN, name=name, take=take) for name in order)
    crowd = replace(SCENE, seed=seed, elements=elements, path="elsewhere.yaml", name="Another")
    assert seed_of(elements[order.index("wind")], crowd) == alone
    assert 0 <= alone < 2**32


def test_a_given_seed_is_the_seed_and_a_take_rolls_it_again() -> None:
    given_seed = replace(RAIN, seed=5)
    assert seed_of(given_seed, SCENE) == 5
    rolls = {seed_of(replace(given_seed, take=take), SCENE) for take in range(1, 20)}
    assert len(rolls) == 19


@given(st.floats(0.001, 600), st.sampled_from([16000, 32000, 44100, 48000]))
def test_frames_are_the_nearest_whole_number_and_at_least_one(duration_s: float, rate: int) -> None:
    frames = take_frames(duration_s, rate)
    assert frames >= 1
    assert abs(frames / rate - duration_s) <= max(0.5 / rate, 1 / rate - duration_s) + 1e-9


# Lockfiles

ENTRY = LockEntry(
    engine="audiogen", key="a" * 64, digest="b" * 64, prompt="Regen über Dächern", loudness_lufs=-math.inf
)
entries = st.dictionaries(st.from_regex(r"[a-z0-9][a-z0-9_-]{0,8}", fullmatch=True), st.just(ENTRY), max_size=5)


@given(entries)
def test_a_lock_survives_writing_and_reading_and_is_sorted(elements: dict[str, LockEntry]) -> None:
    lock = Lock(elements, LockMix(length_s=24.0, loudness_lufs=-math.inf, others={"of_tomorrow": [None]}))
    text = write_lock_text(lock)
    assert parse_lock(text, "x.lock.json") == lock
    backwards = Lock(dict(reversed(elements.items())), lock.mix)
    assert write_lock_text(backwards) == text
    assert all(line.count('": ') <= 1 for line in text.splitlines()), "one fact a line"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x.lock.json:1:1: the lockfile is not JSON; restore it from git"),
        ('{"version": 1,\n "elements": oops}', "x.lock.json:2:14: the lockfile is not JSON; restore it from git"),
        ('{"version": NaN}', "x.lock.json:1:1: the lockfile is not JSON; restore it from git"),
        ("[]", "x.lock.json:1:1: the lockfile has version None, this scenebuild reads 1; "
               "use the scenebuild that wrote it, or delete it and build again"),
        ('{"version": 2}', "x.lock.json:1:1: the lockfile has version 2, this scenebuild reads 1; "
                           "use the scenebuild that wrote it, or delete it and build again"),
        ('{"version": 1, "elements": {"rain": {"key": "../../etc"}}, "mix": {}}',
         "x.lock.json:1:1: the lockfile is incomplete; restore it from git, or delete it and build again "
         "(not as it was written: elements.rain.key)"),
        ('{\n<<<<<<< HEAD\n"version": 1\n=======\n', "x.lock.json:2:1: the lockfile holds a merge conflict; take "
         "either side with 'git checkout --ours x.lock.json' (or --theirs) and build again"),
    ],
)  # fmt: skip
def test_a_lock_that_can_not_be_understood_is_refused(text: str, message: str) -> None:
    with pytest.raises(LockError) as error:
        parse_lock(text, "x.lock.json")
    assert str(error.value) == message


def test_no_lock_is_no_mistake(tmp_path: Path) -> None:
    assert read_lock(str(tmp_path / "none.lock.json")) is None


def test_a_level_that_reads_the_same_is_no_change() -> None:
    silent = LockMix(true_peak_dbtp=-math.inf)
    old = replace(silent, loudness_lufs=-20.01, length_s=24.0)
    assert merged_mix(old, replace(old, loudness_lufs=-20.0)) == old
    other = LockMix(loudness_lufs=-20.1)
    assert merged_mix(old, other) == other
    assert mix_drift(old, other) == ["loudness_lufs is -20.1, the lock says -20.01"]
    assert merged_mix(LockMix(), silent) == silent
    assert level(float("-inf")) is None


# Plans


def planned(store: LocalStore, *elements: Element, lock: Lock | None = None, **choices: object) -> Plan:
    return make_plan(replace(SCENE, elements=elements), lock, store, PlanOptions(**choices))  # type: ignore[arg-type]


def entry_of(plan: Plan, digest: str = "b" * 64) -> LockEntry:
    step = plan.steps[0]
    return entry_for(step.action, step.key, digest)


def keep(store: LocalStore, key: str, data: bytes, tmp_path: Path) -> str:
    (tmp_path / "take").write_bytes(data)
    return store.put(key, str(tmp_path / "take"), {}).digest


def statuses(plan: Plan) -> list[tuple[str, str]]:
    return [(step.status, step.reason) for step in plan.steps]


def test_a_take_is_missing_then_made_before_then_locked(store: LocalStore, tmp_path: Path) -> None:
    first = planned(store, RAIN, engine="audiogen")
    assert statuses(first) == [("miss", "new element")]
    digest = keep(store, first.steps[0].key, b"sound", tmp_path)
    assert statuses(planned(store, RAIN, engine="audiogen")) == [("hit", "new element, but made before")]
    lock = Lock({"rain": entry_of(first, digest)})
    assert statuses(planned(store, RAIN, engine="audiogen", lock=lock)) == [("locked", "as the lock says")]
    assert statuses(planned(store, RAIN, engine="audiogen", lock=lock, force=True)) == [("miss", "forced")]
    chosen = frozenset({"rain"})
    assert statuses(planned(store, RAIN, engine="audiogen", lock=lock, force_elements=chosen)) == [("miss", "forced")]


@pytest.mark.parametrize(
    ("by", "reason"),
    [
        ({"prompt": "heavy rain"}, "prompt changed"),
        ({"duration_s": 4.0}, "duration changed"),
        ({"seed": 3}, "seed changed"),
        ({"take": 2}, "seed changed"),
        ({"sampling": Sampling(temperature=1.5)}, "temperature changed"),
        ({"prompt": "heavy rain", "duration_s": 4.0}, "duration and prompt changed"),
    ],
    ids=str,
)
def test_the_reason_names_the_fields_that_changed(store: LocalStore, by: dict[str, object], reason: str) -> None:
    lock = Lock({"rain": entry_of(planned(store, RAIN, engine="audiogen"))})
    changed = planned(store, replace(RAIN, **by), engine="audiogen", lock=lock)  # type: ignore[arg-type]
    assert statuses(changed) == [("miss", reason)]


def test_a_locked_take_that_was_lost_is_said_to_be(store: LocalStore, tmp_path: Path) -> None:
    first = planned(store, RAIN, engine="audiogen")
    lock = Lock({"rain": entry_of(first)})
    assert statuses(planned(store, RAIN, engine="audiogen", lock=lock)) == [
        ("miss", "the locked take is not in the store")
    ]
    keep(store, first.steps[0].key, b"another sound", tmp_path)
    assert statuses(planned(store, RAIN, engine="audiogen", lock=lock)) == [
        ("hit", "the locked take is gone, another take of the same request is at hand")
    ]


def test_a_locked_sketch_that_was_lost_is_made_again_as_it_was(store: LocalStore, tmp_path: Path) -> None:
    """Other bytes under its key, of another version in development say, never take its place without need."""
    first = planned(store, RAIN, engine="sketch")
    lock = Lock({"rain": entry_of(first)})
    keep(store, first.steps[0].key, b"other bytes", tmp_path)
    assert statuses(planned(store, RAIN, engine="sketch", lock=lock)) == [
        ("miss", "the locked take is not in the store")
    ]


def test_equal_actions_are_made_once(store: LocalStore) -> None:
    twin = replace(RAIN, seed=5)
    plan = planned(store, twin, replace(twin, name="rain_again", volume=Automation.fixed(0.2)), RAIN, engine="audiogen")
    assert len({step.key for step in plan.steps}) == 2
    assert count([plan]) == 2


def test_the_order_in_which_an_engine_is_chosen(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(element: Element = RAIN, scene_engine: str | None = None, **choices: object) -> str:
        scene = replace(SCENE, engine=scene_engine, elements=(element,))
        return make_plan(scene, None, store, PlanOptions(**choices)).steps[0].facts.name  # type: ignore[arg-type]

    tone = replace(RAIN, engine="audiogen")
    assert chosen(tone, "sketch", engine="sketch", config=Config(engine="sketch")) == "sketch"  # the flag beats all
    assert chosen(tone, "sketch", config=Config(engine="sketch")) == "audiogen"  # then the element
    assert chosen(RAIN, "audiogen", config=Config(engine="sketch")) == "audiogen"  # then the scene's defaults
    assert chosen(RAIN, None, config=Config(engine="audiogen")) == "audiogen"  # then the configuration
    assert chosen() == "audiogen"  # then auto, the real thing first
    assert chosen(replace(RAIN, model="tone-large")) == "audiogen"
    monkeypatch.setattr(TONE, "ready", False)
    assert chosen() == "sketch"
    assert chosen(replace(RAIN, model="tone-large")) == "sketch"


def test_a_model_that_is_not_there_is_said_with_its_place(store: LocalStore) -> None:
    element = replace(RAIN, model="tone-huge")
    unknown = r"rain.yaml:\d+:\d+: model: there is no model 'tone-huge' here\. .*, tone-melody; a checkpoint"
    for engine_name in (None, "audiogen"):
        with pytest.raises(SceneError, match=unknown):
            planned(store, replace(element, engine=engine_name))
    with pytest.raises(SceneError, match="there is no model 'tone-huge'"):
        planned(store, element, engine="audiogen")
    assert planned(store, element, engine="sketch").steps[0].facts.name == "sketch"
    assert planned(store, element, engine="audiogen", model="tone-large").steps[0].action.model == "tone-large"


def test_auto_stays_with_a_locked_take_as_long_as_it_is_wanted(store: LocalStore) -> None:
    for name in ("audiogen", "sketch"):
        lock = Lock({"rain": entry_of(planned(store, RAIN, engine=name))})
        assert planned(store, RAIN, lock=lock).steps[0].facts.name == name
        changed = planned(store, replace(RAIN, prompt="hail"), lock=lock)
        assert changed.steps[0].facts.name == "audiogen"


def test_a_sketch_in_the_place_of_a_real_take_is_a_preview(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Lock({"rain": entry_of(planned(store, RAIN, engine="audiogen"))})
    assert planned(store, RAIN, lock=real, engine="sketch").is_preview
    assert not planned(store, RAIN, lock=real, engine="audiogen").is_preview
    sketched = Lock({"rain": entry_of(planned(store, RAIN, engine="sketch"))})
    assert not planned(store, RAIN, lock=sketched, engine="sketch").is_preview
    assert not planned(store, RAIN, lock=sketched, engine="audiogen").is_preview
    monkeypatch.setattr(TONE, "ready", False)
    unknown = Lock({"rain": replace(ENTRY, engine="engine-of-tomorrow")})
    assert planned(store, RAIN, lock=unknown).is_preview


def test_an_engine_that_is_not_ready_is_no_obstacle_for_takes_at_hand(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = planned(store, RAIN, engine="audiogen")
    monkeypatch.setattr(TONE, "ready", False)
    missing = planned(store, RAIN, engine="audiogen").steps[0].obstacle
    assert missing is not None
    assert missing.message == (
        "engine: Tone cannot be used here: its weights are not here; type: scenebuild models fetch audiogen"
    )
    digest = keep(store, first.steps[0].key, b"sound", tmp_path)
    lock = Lock({"rain": entry_of(first, digest)})
    at_hand = planned(store, RAIN, lock=lock).steps[0]
    assert (at_hand.facts.name, at_hand.status, at_hand.obstacle) == ("audiogen", "locked", None)


def test_a_locked_take_that_is_lost_and_can_not_be_made_is_previewed(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = Lock({"rain": entry_of(planned(store, RAIN, engine="audiogen"))})
    monkeypatch.setattr(TONE, "ready", False)
    plan = planned(store, RAIN, lock=lock)
    assert plan.steps[0].facts.name == "sketch"
    assert plan.is_preview


def test_an_engine_that_is_not_there_is_said_with_its_place(store: LocalStore) -> None:
    with pytest.raises(
        UsageError, match=r"--engine lyre: there is no such engine; there are: sketch, audiogen, musicgen, auto"
    ):
        planned(store, RAIN, engine="lyre")
    with pytest.raises(SceneError, match=r"engine: lyre is not part of this installation; '--engine sketch' previews"):
        planned(store, replace(RAIN, engine="lyre"))


def test_forcing_an_element_that_is_not_there_is_a_usage_error(store: LocalStore) -> None:
    with pytest.raises(UsageError, match="--force-element wind: rain.yaml has no such element"):
        planned(store, RAIN, force_elements=frozenset({"wind", "rain"}))


# Licences


@pytest.mark.parametrize(
    ("licences", "strictest_one"),
    [
        (["CC0-1.0"], "CC0-1.0"),
        (["CC0-1.0", "CC-BY-NC-4.0"], "CC-BY-NC-4.0"),
        (["CC0-1.0", "as recorded"], "CC0-1.0, and the recordings' own terms"),
        (["as recorded"], "the recordings' own terms"),
    ],
)
def test_the_licence_of_a_mix_is_the_strictest(licences: list[str], strictest_one: str) -> None:
    assert strictest(licences) == strictest_one


# To the letter


def test_every_field_of_an_action_comes_from_its_own() -> None:
    facts = facts_for("musicgen")
    sampling = Sampling(temperature=0.9, top_k=50, top_p=0.5, cfg=4.5)
    element = replace(RAIN, seed=5, sampling=sampling, duration_s=2.0)
    assert action_of(element, SCENE, facts) == Action(
        "musicgen",
        facts.version,
        2 * int(facts.sample_rate or 0),
        prompt="steady rain",
        seed=5,
        temperature=0.9,
        top_k=50,
        top_p=0.5,
        cfg=4.5,
        model=facts.default_model,
        revision=next(one.revision for one in facts.models if one.id == facts.default_model),
        precision=facts.precision,
    )


def test_the_action_of_a_recording_is_its_bytes() -> None:
    facts = engine("file").facts
    element = replace(RAIN, prompt=None, recording="x.wav")
    assert action_of(element, SCENE, facts, contents={"file": "c" * 64}) == Action(
        "file", facts.version, None, content="c" * 64
    )


def test_what_has_no_number_in_json_has_no_key() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical([math.nan])


def test_takes_are_named_from_the_second_on() -> None:
    assert [take_name("rain", number) for number in range(3)] == ["rain", "rain.2", "rain.3"]


def test_a_locked_level_has_two_decimals_or_is_silence() -> None:
    assert [locked_level(one) for one in (-20.126, math.inf, -math.inf, math.nan)] == [-20.13, *[-math.inf] * 3]
    assert math.copysign(1, locked_level(-0.001)) == 1


@pytest.mark.parametrize("fact", ["engine", "key", "digest"])
def test_a_lock_entry_without_what_makes_it_one_is_refused(fact: str) -> None:
    entry = {"engine": "sketch", "key": "a" * 64, "digest": "b" * 64}
    parse_lock(json.dumps({"version": 1, "elements": {"rain": entry}, "mix": {}}), "x.lock.json")
    del entry[fact]
    with pytest.raises(LockError, match=rf"elements\.rain\.{fact}"):
        parse_lock(json.dumps({"version": 1, "elements": {"rain": entry}, "mix": {}}), "x.lock.json")


def test_facts_of_another_version_stay_in_a_lock() -> None:
    entry = {"digest": "b" * 64, "engine": "sketch", "key": "a" * 64, "others": "x", "tomorrow": [1]}
    lock = parse_lock(json.dumps({"version": 1, "elements": {"rain": entry}, "mix": {}}), "x.lock.json")
    assert json.loads(write_lock_text(lock))["elements"]["rain"] == entry


def test_an_engine_that_is_not_here_has_a_rule_of_its_own(tmp_path: Path) -> None:
    scene = replace(SCENE, elements=(replace(RAIN, engine="lyre"),))
    with pytest.raises(SceneError) as refused:
        make_plan(scene, None, LocalStore(str(tmp_path)), PlanOptions())
    assert [problem.rule for problem in refused.value.problems] == ["engine-missing"]
