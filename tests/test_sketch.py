"""The sketch as an engine: exact lengths, the same bytes everywhere, safe levels, words that act."""

from __future__ import annotations

import hashlib
import importlib
import os
import subprocess
import sys
from inspect import getsource
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenebuild.engines import Action, Engine, FailedRequest, MadeTake, Request
from scenebuild.engines.sketch import ENGINE
from scenebuild.engines.sketch.catalogue import KINDS
from scenebuild.engines.sketch.kit.exact import cosine, decay, exp2, sine
from scenebuild.engines.sketch.kit.noise import band, noise
from scenebuild.engines.sketch.kit.space import heard, highpass, lowpass
from scenebuild.engines.sketch.kit.stage import RATE, SEGMENT, LayerStage
from scenebuild.engines.sketch.prompt import LayerTraits
from scenebuild.engines.sketch.render import GRID, recipe, render
from sketch_measures import bouts, centroid, envelope, loudest_gap_s, onsets, played, rms_db, share_db
from sketch_prompts import PROMPTS, UNKNOWN

NAMED = {kind.name: kind.words.split(",")[0] or "quasar" for kind in KINDS}


def request(prompt: str, frames: int = 24000, seed: int | None = 3, temperature: float | None = 1.0) -> Request:
    return Request(Action("sketch", "1", frames, prompt=prompt, seed=seed, temperature=temperature))


def make(*requests: Request) -> list[MadeTake]:
    made = list(ENGINE.load({}).generate(requests, lambda index, share: None))
    assert all(isinstance(one, MadeTake) for one in made)
    return [one for one in made if isinstance(one, MadeTake)]


def test_the_engine_says_what_it_is() -> None:
    engine: Engine = ENGINE
    facts = engine.facts
    assert (facts.name, facts.title, facts.version, facts.fidelity) == ("sketch", "sketch", "1", "sketch")
    assert (facts.sample_rate, facts.channels, facts.longest_take_s) == (48000, 2, None)
    assert facts.parameters == {"seed", "temperature", "continues", "redo"}
    assert (facts.licence, facts.batches) == ("CC0-1.0", False)
    assert engine.state().ready


@pytest.mark.parametrize("frames", [1, 2, 100, 4800, SEGMENT - 1, SEGMENT, SEGMENT + 1, 100000])
def test_a_take_has_exactly_the_frames_asked_for(frames: int) -> None:
    (made,) = make(request("rain and a clock", frames))
    assert made.samples.shape == (frames, 2)
    assert made.samples.dtype == np.float32
    assert made.sample_rate == 48000
    assert made.made_by == {"device": "cpu", "dtype": "float64", "numpy": np.__version__}


def test_a_request_gives_the_same_alone_with_others_and_in_any_order() -> None:
    rain, wind = request("rain"), request("wind")
    alone = make(rain)[0].samples
    assert np.array_equal(alone, make(wind, rain)[1].samples)
    assert np.array_equal(alone, make(rain, wind)[0].samples)


def test_progress_reaches_one_and_a_bad_request_fails_alone() -> None:
    told: list[tuple[int, float]] = []
    bad = Request(Action("sketch", "1", None, prompt="rain"))
    results = list(ENGINE.load({}).generate([bad, request("rain", 100000)], lambda i, share: told.append((i, share))))
    assert results[0] == FailedRequest(0, "sketch: a prompt and a duration are missing")
    assert isinstance(results[1], MadeTake)
    assert told == [(1, SEGMENT / 100000), (1, 1.0)]


def test_warnings_travel_with_the_take() -> None:
    assert make(request("quasar"))[0].warnings == ("sketch: no recipe for 'quasar'; a neutral texture stands in",)
    assert make(request("rain"))[0].warnings == ()


@pytest.mark.parametrize("kind", NAMED)
def test_every_recipe_repeats_for_a_seed_and_changes_with_it_and_a_longer_take_begins_as_a_shorter(kind: str) -> None:
    short, long = render(NAMED[kind], 1, 70000), render(NAMED[kind], 1, 130000)
    assert np.array_equal(short[:69000], long[:69000])
    assert np.array_equal(short, render(NAMED[kind], 1, 70000))
    assert not np.array_equal(short[:47000], render(NAMED[kind], 2, 48000)[:47000])


@pytest.mark.parametrize("kind", NAMED)
def test_every_recipe_is_safe(kind: str) -> None:
    sound = played(NAMED[kind], 8.0)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() < 0.891  # -1 dBFS
    assert np.abs(sound).max() > 0.1
    assert np.abs(sound.mean(axis=0, dtype=np.float64)).max() < 1e-3  # -60 dBFS
    assert np.abs(sound[0]).max() < 1e-3
    assert np.abs(sound[-1]).max() < 1e-3
    assert loudest_gap_s(sound, -90.0) < 1.0
    assert share_db(sound, 20000, 24000) < -18
    assert np.array_equal(np.rint(sound / GRID) * GRID, sound)


@pytest.mark.parametrize("kind", NAMED)
def test_every_recipe_sounds_at_once(kind: str) -> None:
    assert np.abs(render(NAMED[kind], 5, 24000)).max() > 0.004


@pytest.mark.parametrize(
    ("kind", "facet"), [(kind.name, facet) for kind in KINDS for facet in dict.fromkeys([*kind.own, *kind.facets])]
)
def test_every_variant_sounds_of_its_own(kind: str, facet: str) -> None:
    def of(*facets: str) -> np.ndarray:
        stage = LayerStage(1, kind, 1.0, LayerTraits(facets=frozenset(facets)))
        first = recipe(kind)(stage).copy()
        stage.start = SEGMENT
        return np.concatenate((first, recipe(kind)(stage)), axis=1)

    variant = of(facet)
    assert variant.shape == (2, 2 * SEGMENT)
    assert np.isfinite(variant).all()
    assert np.abs(variant).max() > 0.001
    assert np.array_equal(variant, of()) == ((kind, facet) == ("steps", "stone"))  # what steps fall on unless told


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS if kind.texture])
def test_textures_have_a_common_loudness(kind: str) -> None:
    assert -32 < rms_db(played(NAMED[kind], 8.0)) < -11


def test_every_recipe_is_one_function_of_at_most_40_lines() -> None:
    for kind in KINDS:
        assert len(getsource(recipe(kind.name)).splitlines()) <= 40, kind.name


def test_two_sounds_may_not_share_a_role() -> None:
    stage = LayerStage(1, "x", 1.0, LayerTraits())
    stage.emit("thud", np.zeros((2, SEGMENT)))
    with pytest.raises(ValueError, match="two sounds share the role 'thud'; give each its own"):
        stage.emit("thud", np.zeros((2, SEGMENT)))


def test_no_seam_is_heard_between_segments() -> None:
    # The joint of two noise blocks keeps the power; a step would stand out in the first difference.
    stage = LayerStage(1, "x", 1.0, LayerTraits())
    blocks = []
    for start in range(0, 8 * SEGMENT, SEGMENT):
        stage.start = start
        blocks.append(noise(stage, "n", band(100, 10000)).copy())
    line = np.concatenate(blocks, axis=1)[0]
    assert line.std() == pytest.approx(1.0, rel=0.02)
    steps = np.abs(np.diff(line))
    assert max(steps[SEGMENT * k - 1] for k in range(1, 8)) < steps.max()
    around = np.concatenate([line[SEGMENT * k : SEGMENT * k + 4096] for k in range(1, 8)])
    assert around.std() == pytest.approx(1.0, rel=0.04)


CODE = """
import hashlib, sys
import numpy as np
from scenebuild.engines.sketch.render import render
h = hashlib.sha256()
for prompt in sys.argv[1].split(";"):
    x = render(prompt, 11, 90000, 1.3)
    h.update(np.rint(x.astype(np.float64) * 2**23).astype("<i4").tobytes())
print(h.hexdigest())
"""
SEVERAL = "heavy rain on a window, thunder far away;cafe with cups;birds;church bell;soft chords;engine;steps inside"


def digest(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE, SEVERAL],
        capture_output=True, text=True, check=True, env={**os.environ, **environment},
    )  # fmt: skip
    return done.stdout.strip()


def test_the_bytes_are_the_same_in_any_process_and_on_any_processor() -> None:
    dispatched = importlib.import_module("numpy._core._multiarray_umath").__cpu_dispatch__
    plain = digest(PYTHONHASHSEED="1", OPENBLAS_NUM_THREADS="1")
    assert digest(NPY_DISABLE_CPU_FEATURES=" ".join(dispatched), PYTHONHASHSEED="2") == plain
    assert digest(GLIBC_TUNABLES="glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F", LANG="C") == plain


def test_our_sine_and_powers_are_right() -> None:
    turns = np.linspace(-40, 40, 100001)
    assert np.abs(sine(turns) - np.sin(2 * np.pi * turns)).max() < 1e-8
    assert np.abs(cosine(turns) - np.cos(2 * np.pi * turns)).max() < 1e-8
    powers = np.linspace(-60, 20, 10001)
    assert np.abs(exp2(powers) / 2.0**powers - 1).max() < 1e-8
    assert np.abs(decay(np.array([0.0, 1.0])) - [1.0, np.exp(-1)]).max() < 1e-8


def test_filters_have_their_response() -> None:
    line = round(1000 / (RATE / 65536))
    low = lowpass(1000.0, 1)
    assert np.hypot(low.real[0, line], low.imag[0, line]) == pytest.approx(2**-0.5, abs=0.03)
    high = highpass(25.0)
    assert np.hypot(high.real[0, 0], high.imag[0, 0]) < 1e-6
    assert np.hypot(high.real[0, line], high.imag[0, line]) == pytest.approx(1.0, abs=0.01)


def test_a_sum_of_sources_is_layered_and_layers_do_not_disturb_each_other() -> None:
    both = played("dog, crickets", 4.0)
    assert share_db(both, 4000, 5200) > -25
    assert share_db(both, 300, 2500) > -6
    rain = LayerStage(1, "rain", 1.0, LayerTraits())
    again = LayerStage(1, "rain", 1.0, LayerTraits())
    recipe("wind")(LayerStage(1, "wind", 1.0, LayerTraits()))
    assert np.array_equal(recipe("rain")(rain), recipe("rain")(again))


@pytest.mark.parametrize("kind", NAMED)
def test_distance_walls_rooms_and_brightness_act_on_every_recipe(kind: str) -> None:
    bare = recipe(kind)(LayerStage(2, kind, 1.0, LayerTraits()))

    def said(**asked: Any) -> np.ndarray:
        return heard(LayerStage(2, kind, 1.0, LayerTraits(**asked)), bare).T

    def treble_db(samples: np.ndarray) -> float:
        return rms_db(samples) + share_db(samples, 1500, 24000)

    plain = treble_db(bare.T)
    assert treble_db(said(distance=0.8)) < plain - 1
    assert treble_db(said(muffled=0.8)) < plain - 4
    assert treble_db(said(bright=-0.7)) < plain - 1 < plain + 1 < treble_db(said(bright=0.7))
    places = [bare.T, said(room=0.35), said(room=0.9), said(room=-0.5)]
    assert min(rms_db(a - b) - rms_db(a) for k, a in enumerate(places) for b in places[:k]) > -40


@pytest.mark.parametrize("source", ["rain", "wind", "fire", "babbling brook", "crowd", "traffic"])
def test_heavy_is_louder_than_light(source: str) -> None:
    assert rms_db(played(f"heavy {source}", 6.0)) > rms_db(played(f"light {source}", 6.0)) + 3


def test_heavy_rain_has_more_drops() -> None:
    heavy, light = (
        len(onsets(played(f"{word} rain on leaves", 6.0), 2000.0, 1.5, 0.01)) for word in ("heavy", "light")
    )
    assert heavy != light
    assert rms_db(played("heavy rain", 6.0)) > rms_db(played("rain", 6.0)) > rms_db(played("light rain", 6.0))


@pytest.mark.parametrize("source", ["rain", "birds", "dog", "footsteps", "fire", "cafe"])
def test_muffled_is_darker_and_distant_is_darker_and_quieter(source: str) -> None:
    plain, muffled, far = (played(prompt, 6.0) for prompt in (source, f"muffled {source}", f"distant {source}"))
    assert (
        centroid(muffled) < 0.8 * centroid(plain) or share_db(muffled, 2000, 24000) < share_db(plain, 2000, 24000) - 3
    )
    assert rms_db(far) < rms_db(plain) - 5
    assert share_db(far, 6000, 24000) < share_db(plain, 6000, 24000) - 1


def test_inside_adds_a_room() -> None:
    def tail(prompt: str) -> float:
        level = envelope(played(prompt, 4.0), 80.0, 0.02)
        return float(np.median(level) / level.max())

    assert tail("dog in a hall") > tail("dog")
    assert tail("clock in a hall") > tail("clock inside") > tail("clock") > tail("clock outside")


def test_close_is_louder_and_distant_softer_and_gentle_softer_still_than_heavy() -> None:
    close, plain, far = (rms_db(played(f"{word} waves", 6.0)) for word in ("close", "", "distant"))
    assert close > plain + 1 > far + 6
    gentle, heavy = (rms_db(played(f"{word} waves", 6.0)) for word in ("gentle", "heavy"))
    assert gentle < plain - 3 < heavy - 3


@pytest.mark.parametrize("thing", ["clock", "piano", "door", "engine"])
def test_old_is_darker(thing: str) -> None:
    assert centroid(played(f"old {thing}", 6.0)) < centroid(played(thing, 6.0))


@pytest.mark.parametrize(("metal", "wood"), [("footsteps on metal", "footsteps on wood"),
                                             ("a metal door slams", "a wooden door slams"),
                                             ("rain on metal", "rain on wood")])  # fmt: skip
def test_metal_rings_where_wood_is_dead(metal: str, wood: str) -> None:
    def memory(prompt: str) -> float:  # of the envelope, over 24 ms
        level = envelope(played(prompt, 6.0), 150.0) - envelope(played(prompt, 6.0), 150.0).mean()
        return float((level[:-12] * level[12:]).mean() / (level * level).mean())

    assert memory(metal) > memory(wood) + 0.03


@pytest.mark.parametrize(("source", "low"), [("footsteps on wood", 80.0), ("dripping tap", 400.0)])
def test_fast_has_more_events_than_slow(source: str, low: float) -> None:
    fast, slow = (len(bouts(played(f"{word} {source}", 20.0), 0.12, 0.12, low)) for word in ("fast", "slow"))
    assert fast > 1.3 * slow


@pytest.mark.parametrize("source", ["bell", "owl", "dog", "clock"])
def test_big_is_lower_than_small(source: str) -> None:
    assert centroid(played(f"big {source}", 5.0)) < centroid(played(f"small {source}", 5.0))


def test_occasional_is_sparser_than_several() -> None:
    rare, many = rms_db(played("occasional birds", 12.0)), rms_db(played("several birds", 12.0))
    assert rare < many - 1


def test_temperature_widens_continuously() -> None:
    tame, near, wild = (render("wind", 4, 20 * RATE, t) for t in (0.2, 0.21, 2.0))

    def spread(samples: np.ndarray) -> float:
        level = np.log(envelope(samples, 0.0, 0.5))
        return float(level[2:-2].std())

    assert spread(tame) < 0.6 * spread(wild)
    assert np.abs(tame - near).max() < 0.1 * np.abs(tame).max()


words = st.sampled_from(sorted({word for prompt in [*PROMPTS, *UNKNOWN] for word in prompt.split()}))
prompts = st.lists(words, max_size=7).map(" ".join) | st.text(max_size=30)


@settings(max_examples=60, deadline=None)  # test_sketch_random.py has thousands
@given(prompts, st.integers(0, 2**32 - 1), st.floats(0.01, 5.0), st.integers(1, 24000))
def test_no_prompt_clips_breaks_or_falls_silent(prompt: str, seed: int, temperature: float, frames: int) -> None:
    sound = render(prompt, seed, frames, temperature)
    assert sound.shape == (frames, 2)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() < 0.891
    assert np.abs(sound).max() > 0.0001 or frames < 4800


def test_a_digest_is_pinned_so_that_a_changed_sound_asks_for_a_new_version() -> None:
    sound = np.rint(render("steady rain on a window, thunder far away", 7, 48000).astype(np.float64) * 2**23)
    found = hashlib.sha256(sound.astype("<i4").tobytes()).hexdigest()[:16]
    assert (ENGINE.facts.version, found) == ("1", "36242c5a8e24c8ed")
