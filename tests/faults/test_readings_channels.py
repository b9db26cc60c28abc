"""Exact results of small parts of the reader: fades, expectations, playback and channels."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from scenebuild.errors import SceneError
from scenebuild.scene.automation import Automation
from scenebuild.scene.channel import Channel, Duck
from scenebuild.scene.check.validate import validate_document
from scenebuild.scene.effects.filter import Filter
from scenebuild.scene.effects.reverb import Reverb
from scenebuild.scene.read import read_scene
from scenebuild.scene.resolve import resolve
from scenebuild.scene.yaml.document import Document, parse_document


def document(text: str) -> Document:
    return parse_document("a.yaml", text)


# Fades and defaults


@pytest.mark.parametrize(
    ("fields", "fades"),
    [
        ("prompt: x", (0.01, 0.01)), ("prompt: x, fade_in: 2", (2.0, 0.01)), ("prompt: x, fade_out: 2", (0.01, 2.0)),
        ("prompt: x, duration: 0.5, fade_in: 0.495", (0.495, 0.005)),
        ("prompt: x, duration: 0.5, fade_in: 0.5", (0.5, 0.0)),
        ("prompt: x, duration: 4, trim: {from: 3.99}", (0.005, 0.005)),
        ("prompt: x, duration: 4, trim: {from: 3.96, to: 3.98}, speed: 2", (0.005, 0.005)),
    ],
)  # fmt: skip
def test_fades_that_nobody_asked_for_make_way(project: Path, fields: str, fades: tuple[float, float]) -> None:
    Path("x.yaml").write_text(f"name: x\nelements: {{a: {{{fields}}}}}\n")
    one = read_scene("x.yaml").elements[0]
    assert (one.fade_in_s, one.fade_out_s) == pytest.approx(fades)


def test_what_is_expected_is_read_as_numbers(project: Path) -> None:
    Path("x.yaml").write_text(
        "name: a\nseed: 3.0\npolicy: {commercial: true}\nmix: {duration: 3, seed: 4, expect: {loudness: [-20, -10],"
        " duration: [1, 2], no_silence_over: 1, no_clipping: true, energy_above: {hz: 100, share: 0.5}, onsets: [1, 3],"
        " loop_seam: 3, similar_to_lock: 2}}\nelements: {a: {prompt: x, mute: true}}\n"
    )
    scene = read_scene("x.yaml")
    assert (scene.seed, scene.commercial, scene.mix.duration_s, scene.mix.seed) == (3, True, 3.0, 4)
    assert scene.elements[0].mute is True
    expect = scene.mix.expect
    assert expect is not None
    assert (expect.loudness_lufs, expect.duration_s, expect.no_silence_over_s) == ((-20.0, -10.0), (1.0, 2.0), 1.0)
    assert (expect.no_clipping, expect.energy_above, expect.onsets) == (True, (100.0, 0.5), (1, 3))
    assert (expect.loop_seam_db, expect.similar_to_lock_lu) == (3.0, 2.0)
    assert os.path.basename(scene.path) == "x.yaml"


# The channel


def test_each_field_of_a_channel_is_read_and_has_its_own_default() -> None:
    from scenebuild.scene.channel import Duck, channel_of
    from scenebuild.scene.delivery import DeliveryRequest, delivery_of
    from scenebuild.scene.effects import effect_of
    from scenebuild.scene.effects.compressor import Compression
    from scenebuild.scene.effects.filter import Filter
    from scenebuild.scene.effects.reverb import Reverb

    full = {"decay": 1, "size": 2, "damping": 0.3, "predelay": 0.4, "wet": 0.5}
    assert effect_of({"reverb": full}, "") == Reverb(1.0, 2.0, 0.3, 0.4, 0.5)
    assert effect_of({"reverb": {}}, "") == Reverb(1.5, 10.0, 0.5, 0.0, 0.25)
    compress = {"threshold": -1, "ratio": 2, "attack": 3, "release": 4, "knee": 5, "makeup": 6}
    assert effect_of({"compress": compress}, "") == Compression(-1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    assert effect_of({"compress": {}}, "") == Compression(-20.0, 3.0, 0.01, 0.15, 6.0, 0.0)
    ducked = {"under": ["a", "b"], "by": 1, "attack": 2, "release": 3, "hold": 4, "threshold": -5}
    assert channel_of({"duck": ducked}, "").duck == Duck(
        under=("a", "b"), by_db=1.0, attack_s=2.0, release_s=3.0, hold_s=4.0, threshold_db=-5.0
    )
    assert channel_of({"duck": {"under": "a"}}, "").duck == Duck(
        under=("a",), by_db=9.0, attack_s=0.15, release_s=0.6, hold_s=0.3, threshold_db=-40.0
    )
    bell = {"hz": 1, "gain_db": 2}
    assert effect_of({"peak": bell}, "") == Filter("peak", 1.0, 2.0, 1.0)
    assert effect_of({"peak": {**bell, "q": 3}}, "") == Filter("peak", 1.0, 2.0, 3.0)
    assert effect_of({"low_shelf": bell}, "") == Filter("low_shelf", 1.0, 2.0)
    assert effect_of({"high_shelf": bell}, "") == Filter("high_shelf", 1.0, 2.0)
    assert effect_of({"low_pass": 5}, "") == Filter("low_pass", 5.0)
    assert effect_of({"high_pass": 5}, "") == Filter("high_pass", 5.0)
    wanted = {
        "preset": "podcast", "name": "n", "format": "mp3", "loudness": -1, "true_peak": -2, "sample_rate": 3.0,
        "channels": 1.0, "bits": 16.0, "limiter": True,
    }  # fmt: skip
    assert delivery_of(wanted) == DeliveryRequest(
        preset="podcast",
        name="n",
        format="mp3",
        loudness_lufs=-1.0,
        true_peak_dbtp=-2.0,
        sample_rate=3,
        channels=1,
        bits=16,
        limiter=True,
    )
    assert delivery_of({"preset": "podcast"}) == DeliveryRequest(
        preset="podcast",
        name="podcast",
        format=None,
        loudness_lufs=None,
        true_peak_dbtp=None,
        sample_rate=None,
        channels=None,
        bits=None,
        limiter=False,
    )


def test_how_a_take_is_played_is_read_field_by_field() -> None:
    from scenebuild.scene.automation import Automation, level_of
    from scenebuild.scene.timing import LoopSettings, MixLoop, Playback, Repeat, mix_loop_of, playback_of, starts_of

    own = {
        "start": [3, 1, 2], "trim": {"from": 1, "to": 2}, "reverse": True, "speed": 2, "long": "loop", "piece": 5,
        "loop": {"seam": "best", "crossfade": 1, "worst_seam": 2},
    }  # fmt: skip
    assert playback_of(own) == Playback(
        more_starts_s=(2.0, 3.0),
        repeat=None,
        trim_from_s=1.0,
        trim_to_s=2.0,
        reverse=True,
        speed=2.0,
        loop=LoopSettings(seam="best", crossfade_s=1.0, worst_seam=2.0),
        long="loop",
        piece_s=5.0,
    )
    assert playback_of({}) == Playback(
        more_starts_s=(),
        repeat=None,
        trim_from_s=0.0,
        trim_to_s=None,
        reverse=False,
        speed=1.0,
        loop=None,
        long="extend",
        piece_s=None,
    )
    assert playback_of({"repeat": {"every": 1}}).repeat == Repeat(every_s=1.0, jitter_s=0.0, gap_s=None, count=None)
    repeat = playback_of({"repeat": {"every": 1, "jitter": 2, "gap": 3, "count": 4.0}}).repeat
    assert repeat == Repeat(every_s=1.0, jitter_s=2.0, gap_s=3.0, count=4)
    assert starts_of({"start": 2}) == (2.0,)
    assert starts_of({}) == (0.0,)
    assert mix_loop_of({"loop": {"worst_seam": 2}}) == MixLoop(2.0)
    assert mix_loop_of({"loop": True}) == MixLoop()
    assert mix_loop_of({}) is None
    assert level_of({"gain_db": -20}, {"volume": 1}).value == pytest.approx(0.1)
    assert level_of({}, {"volume": 0.5}) == Automation.fixed(0.5)
    assert level_of({}, {}) == Automation.fixed(1.0)


# Channels


EFFECTS = [{"low_pass": 800}, {"reverb": {"decay": 2, "size": 20, "damping": 0.1, "predelay": 0.02, "wet": 0.3}}]
DUCK = {"under": ["b"], "by": 6, "attack": 0.1, "release": 1, "hold": 0.2, "threshold": -30}


@pytest.mark.parametrize("owner", ["elements", "buses"])
@pytest.mark.parametrize(
    ("written", "read", "told"),
    [
        ({"high_pass": 120}, {"high_pass": Automation.fixed(120.0, "hz")}, "High-pass: 120 Hz"),
        ({"low_pass": 800}, {"low_pass": Automation.fixed(800.0, "hz")}, "Low-pass: 800 Hz"),
        ({"distance": 30}, {"distance": 30.0}, "Distance: 30 m"),
        (
            {"effects": EFFECTS},
            {"effects": (Filter("low_pass", 800.0), Reverb(2.0, 20.0, 0.1, 0.02, 0.3))},
            "Effects: low-pass at 800 Hz, reverb of 2.0 s, 30 %",
        ),
        ({"duck": DUCK}, {"duck": Duck(("b",), 6.0, 0.1, 1.0, 0.2, -30.0)}, "Ducked: by 6 dB under b"),
    ],
)
def test_each_field_of_a_channel_is_read_and_told(
    owner: str, written: dict[str, Any], read: dict[str, Any], told: str
) -> None:
    elements = {"a": {"prompt": "x", "bus": "all"}, "b": {"prompt": "y"}}
    data: dict[str, Any] = {"name": "x", "elements": elements, "buses": {"all": {}}}
    data[owner]["a" if owner == "elements" else "all"].update(written)
    scene = resolve(document(json.dumps(data)))
    channels = {"elements": scene.elements[0].channel, "buses": scene.buses[0].channel}
    assert channels.pop(owner) == Channel(**read, bus="all" if owner == "elements" else None)
    assert channels.popitem()[1].describe() == ()
    changed = scene.elements[0].channel if owner == "elements" else scene.buses[0].channel
    assert changed.describe() == (told,)


def test_an_element_without_a_channel_has_a_plain_one() -> None:
    (element,) = resolve(document("name: x\nelements: {a: {prompt: x, distance: 1}}")).elements
    assert element.channel == Channel()
    assert element.channel.is_plain


@pytest.mark.parametrize(
    ("fades", "told"),
    [
        ((1.0, 1.0), None),
        ((2.0, 0.0), None),
        ((2.0, 0.5), "fade_in: fade_in and fade_out take 2.5 s, and a lasts 2 s; shorten it"),
        ((0.5, 2.5), "fade_out: 2.5 s is longer than a, which lasts 2 s; shorten it"),
    ],
)
def test_fades_are_as_long_as_their_element_at_most(fades: tuple[float, float], told: str | None) -> None:
    fields = {"prompt": "x", "duration": 2, "fade_in": fades[0], "fade_out": fades[1]}
    found = validate_document(document(json.dumps({"name": "x", "elements": {"a": fields}})))
    assert [problem.message for problem in found] == ([] if told is None else [told])


def test_a_start_beyond_the_longest_mix_is_told_where_the_element_alone_leads_there() -> None:
    def told(start_s: float) -> list[str]:
        fields = {"prompt": "x", "duration": 20, "start": start_s}
        found = validate_document(document(json.dumps({"name": "x", "elements": {"a": fields}})))
        return [problem.message for problem in found]

    assert told(35980) == []
    assert told(35981) == [
        "start: a would end at 36001 s, and a mix lasts at most 36000 s; start it earlier, or write "
        "mix: {duration: 36000}"
    ]


def test_a_recording_in_the_place_of_a_scene_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "sound.yaml"
    path.write_bytes(b"RIFF\x24\0\0\0WAVEfmt ")
    with pytest.raises(SceneError) as refused:
        read_scene(str(path))
    assert [problem.rule for problem in refused.value.problems] == ["unreadable"]
