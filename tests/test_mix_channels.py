"""Channels in the mix: automation, filters, effects, buses and ducking, by physics; and stems that still add up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scenebuild.audio import equalizer
from scenebuild.audio.wav import AudioFileError, quantize, read_wav, write_wav
from scenebuild.mix.mixer import mix_scene
from scenebuild.mix.model import Mix
from scenebuild.scene.automation import Automation, Curve, Keyframe, Unit
from scenebuild.scene.channel import Bus, Channel, Duck
from scenebuild.scene.effects.compressor import Compression
from scenebuild.scene.effects.convolution import Convolution
from scenebuild.scene.effects.filter import Filter, FilterKind
from scenebuild.scene.effects.reverb import Reverb
from scenebuild.scene.model import Element
from scenebuild.scene.timing import Playback
from signals import RATE, Samples, level_db, noise, speech_like, stereo, tone
from test_mix import Studio, element

GRID = 4096


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def moving(unit: Unit, *points: tuple[float, float] | tuple[float, float, Curve]) -> Automation:
    return Automation(unit, tuple(Keyframe(*point) for point in points))


def in_channels(
    studio: Studio,
    *elements: Element,
    buses: tuple[Bus, ...] = (),
    stems: bool = False,
    block_frames: int = 32768,
    memory_bytes: int = 96 << 20,
    **mix: object,
) -> Mix:
    scene = replace(studio.scene(*elements, **mix), buses=buses)
    return mix_scene(
        scene,
        studio.sources,
        studio.folder / "mix.wav",
        block_frames=block_frames,
        memory_bytes=memory_bytes,
        stems_folder=studio.folder / "stems" if stems else None,
    )


def heard(studio: Studio, *elements: Element, **options: object) -> Samples:
    return read_wav(in_channels(studio, *elements, **options).path)[0]  # type: ignore[arg-type]


def decibels(values: np.ndarray) -> np.ndarray:
    return np.asarray(20 * np.log10(np.maximum(np.abs(values), 1e-9)))


# Movement

WAYS: dict[Curve, Callable[[float, float, np.ndarray], np.ndarray]] = {
    "linear": lambda low, high, x: low + (high - low) * x,
    "exp": lambda low, high, x: low * (high / low) ** x,
    "s": lambda low, high, x: low + (high - low) * (0.5 - 0.5 * np.cos(np.pi * x)),
}


@pytest.mark.parametrize(
    ("unit", "low", "high", "curve"),
    [*(("gain", 0.1, 0.9, curve) for curve in WAYS), ("db", -30.0, -2.0, "linear"), ("db", -30.0, -2.0, "s")],
)
def test_a_moving_fader_is_within_a_tenth_of_a_decibel_at_and_between_its_points(
    studio: Studio, unit: Unit, low: float, high: float, curve: Curve
) -> None:
    studio.take("a", np.full((4 * RATE, 2), 0.5, np.float32))
    fader = moving(unit, (0.5, low), (2.5, high, curve), (3.0, low, curve))
    got = decibels(heard(studio, element("a", volume=fader))[:, 0] / 0.5)
    time = np.arange(4 * RATE) / RATE
    up, down = np.clip((time - 0.5) / 2, 0, 1), np.clip((time - 2.5) / 0.5, 0, 1)
    value = np.where(time < 2.5, WAYS[curve](low, high, up), WAYS[curve](high, low, down))
    wanted = decibels(value) if unit == "gain" else value
    assert np.abs(got - wanted).max() < 0.1


def test_a_held_fader_changes_just_before_its_point_without_a_click(studio: Studio) -> None:
    studio.take("a", np.full((2 * RATE, 2), 0.5, np.float32))
    fader = moving("gain", (0.0, 0.2), (1.0, 0.8, "hold"))
    got = heard(studio, element("a", volume=fader))[:, 0] / 0.5
    assert np.abs(got[: RATE - RATE // 200] - 0.2).max() < 1e-6
    assert np.abs(got[RATE:] - 0.8).max() < 1e-6
    assert np.abs(np.diff(got)).max() < 0.6 * np.pi / 2 / (0.005 * RATE) * 1.01


def test_no_step_is_heard_at_the_edges_of_blocks(studio: Studio) -> None:
    """What a block's edge would leave is a bend in the wave: nowhere more than between the edges."""
    studio.take("a", stereo(tone(220, 4.0, -12)))
    volume = moving("gain", (0.0, 0.1), (4.0, 1.0, "s"))
    pan = moving("pan", (0.0, -1.0), (4.0, 1.0))
    channel = Channel(
        low_pass=moving("hz", (0.0, 400.0), (4.0, 8000.0, "exp")),
        high_pass=moving("hz", (0.0, 150.0), (4.0, 40.0, "exp")),
        effects=(Reverb(1.0, 10.0, 0.5, 0.0, 0.3), Compression(-24.0, 4.0, 0.01, 0.1, 6.0, 0.0)),
        distance=3.0,
    )
    mixed = heard(studio, element("a", volume=volume, pan=pan, channel=channel))
    bends = np.abs(np.diff(mixed, 4, axis=0)).max(axis=1)  # a fourth difference hardly sees the tone itself
    edges = np.arange(GRID, len(bends) - 2, GRID)
    at_edges = np.concatenate([bends[edges - k] for k in range(5)])
    assert at_edges.max() <= np.percentile(bends[RATE // 10 :], 99.9)


def test_a_moving_pan_keeps_its_power(studio: Studio) -> None:
    studio.take("a", np.full((2 * RATE, 1), 0.5, np.float32))
    pan = moving("pan", (0.0, -1.0), (2.0, 1.0))
    left, right = heard(studio, element("a", pan=pan)).T
    power = 10 * np.log10((left**2 + right**2) / 0.25)
    assert np.abs(power).max() < 0.1
    still = heard(studio, element("a", pan=0.5))[0]
    at_half = int(1.5 * RATE)
    assert np.abs(np.array([left[at_half], right[at_half]]) - still).max() < 1e-4


def test_an_automation_of_one_value_is_constant() -> None:
    assert moving("gain", (0.0, 0.4), (9.0, 0.4)).value == 0.4
    assert moving("gain", (0.0, 0.4), (9.0, 0.5)).value is None
    assert element("a", volume=moving("gain", (0.0, 0.4), (9.0, 0.4))).is_plain
    assert not element("a", volume=moving("gain", (0.0, 0.4), (9.0, 0.5))).is_plain
    assert not element("a", pan=moving("pan", (0.0, 0.4), (9.0, 0.5))).is_plain
    assert not Channel(low_pass=moving("hz", (0.0, 300.0))).is_plain


def test_a_sweeping_low_pass_is_where_it_should_be(studio: Studio) -> None:
    dry = noise(8.0, 0.05)
    studio.take("a", dry)
    sweep = moving("hz", (0.0, 200.0), (8.0, 6400.0, "exp"))
    mixed = heard(studio, element("a", channel=Channel(low_pass=sweep)))
    for at_s, corner in ((2.0, 475.7), (4.0, 1131.4), (6.0, 2690.9)):
        around = slice(int((at_s - 0.1) * RATE), int((at_s + 0.1) * RATE))
        for hz in (corner, 2 * corner, 3 * corner):
            ((wanted,),) = [decibels(equalizer.response(equalizer.low_pass(corner, RATE), np.array([hz]), RATE))]
            assert band_db(mixed[around], hz) - band_db(dry[around], hz) == pytest.approx(wanted, abs=1.0)


def band_db(piece: Samples, hz: float) -> float:
    """The power within a tenth around a frequency."""
    power = np.square(np.abs(np.fft.rfft(piece * np.hanning(len(piece))[:, None], axis=0))).sum(axis=1)
    line = np.fft.rfftfreq(len(piece), 1 / RATE)
    return float(10 * np.log10(power[(line > hz / 1.1) & (line < hz * 1.1)].sum()))


# Filters and effects


@pytest.mark.parametrize(
    ("kind", "hz", "gain_db", "sections"),
    [
        ("high_pass", 300.0, 0.0, equalizer.high_pass(300, RATE)),
        ("low_pass", 2000.0, 0.0, equalizer.low_pass(2000, RATE)),
        ("low_shelf", 200.0, 6.0, equalizer.low_shelf(200, 6, RATE)),
        ("high_shelf", 5000.0, -9.0, equalizer.high_shelf(5000, -9, RATE)),
        ("peak", 1000.0, 8.0, equalizer.peak(1000, 8, 2.0, RATE)),
    ],
)
def test_a_filter_in_the_mix_is_within_half_a_decibel_of_its_curve(
    studio: Studio, kind: FilterKind, hz: float, gain_db: float, sections: equalizer.Sections
) -> None:
    click = np.zeros((RATE, 2), np.float32)
    click[0] = 0.25
    studio.take("a", click)
    mixed = heard(studio, element("a", channel=Channel(effects=(Filter(kind, hz, gain_db, 2.0),))))[:, 0]
    frequencies = np.fft.rfftfreq(RATE, 1 / RATE)
    audible = (frequencies >= 30) & (frequencies <= 18000)
    got = decibels(np.fft.rfft(mixed / 0.25)[audible])
    wanted = decibels(equalizer.response(sections, frequencies[audible], RATE))
    loud = wanted > -60
    assert np.abs(got - wanted)[loud].max() < 0.5


@pytest.mark.parametrize("decay_s", [0.6, 2.0])
def test_a_reverb_in_the_mix_decays_in_the_asked_time(studio: Studio, decay_s: float) -> None:
    click = np.zeros((int(3 * RATE), 2), np.float32)
    click[0] = 0.9
    studio.take("a", click)
    room = Channel(effects=(Reverb(decay_s, 10.0, 0.0, 0.0, 1.0),))
    mixed = heard(studio, element("a", channel=room, volume=4.0))[:, 0].astype(np.float64)
    energy = np.cumsum(np.square(mixed[::-1]))[::-1]  # Schroeder's backward integration
    curve = 10 * np.log10(np.maximum(energy / energy[0], 1e-20))
    first, last = (int(np.argmax(curve < level)) for level in (-5.0, -35.0))
    assert (last - first) / RATE * 2 == pytest.approx(decay_s, rel=0.1)


def test_reverb_keeps_the_loudness_whatever_its_share(studio: Studio) -> None:
    studio.take("a", noise(6.0))
    levels = []
    for wet in (0.0, 0.3, 1.0):
        mixed = heard(studio, element("a", channel=Channel(effects=(Reverb(1.0, 10.0, 0.5, 0.0, wet),))))
        levels.append(level_db(mixed[2 * RATE : 5 * RATE]))
    assert max(levels) - min(levels) < 0.7


def test_convolution_takes_the_response_of_the_file(studio: Studio) -> None:
    response = np.zeros((2000, 1), np.float32)
    response[0], response[1500] = 0.3, 0.4  # an energy of 0.25
    write_wav(studio.folder / "hall.wav", response, RATE)
    click = np.zeros((RATE, 2), np.float32)
    click[100] = 0.5
    studio.take("a", click)
    hall = Channel(effects=(Convolution(str(studio.folder / "hall.wav"), 1.0),))
    mixed = heard(studio, element("a", channel=hall))[:, 0]
    assert np.flatnonzero(np.abs(mixed) > 1e-4).tolist() == [100, 1600]
    assert mixed[[100, 1600]] / 0.5 == pytest.approx([0.6, 0.8], abs=1e-3)
    write_wav(studio.folder / "hall.wav", np.zeros((100, 1), np.float32), RATE)
    with pytest.raises(AudioFileError, match=r"^hall.wav: the impulse response is silent$"):
        heard(studio, element("a", channel=hall))


def test_distance_is_softer_duller_and_more_of_a_room(studio: Studio) -> None:
    studio.take("a", noise(4.0))
    found = {}
    for metres in (1.5, 3.0, 6.0, 50.0):
        mixed = heard(studio, element("a", channel=Channel(distance=metres)))[RATE : 3 * RATE, 0]
        power = np.square(np.abs(np.fft.rfft(mixed)))
        found[metres] = (level_db(mixed), 10 * np.log10(power[20000:].mean() / power[500:4000].mean()))
    levels, trebles = zip(*found.values(), strict=True)
    assert list(levels) == sorted(levels, reverse=True)
    assert levels[0] - levels[1] == pytest.approx(6.0, abs=0.6)
    assert list(trebles) == sorted(trebles, reverse=True)
    assert levels[2] - levels[3] < 18  # the room stays when the sound itself is 18.4 dB softer


def test_a_compressor_in_the_mix_has_its_ratio(studio: Studio) -> None:
    """A fader behind it does not move its threshold."""
    press = Channel(effects=(Compression(-30.0, 4.0, 0.005, 0.1, 0.0, 0.0),))
    for dbfs, wanted in ((-40.0, -40.0), (-20.0, -27.5), (-10.0, -25.0)):
        studio.take("a", stereo(tone(1000, 2.0, dbfs)))
        for gain in (1.0, 0.25):
            mixed = heard(studio, element("a", volume=gain, channel=press))[RATE:]
            peak = 20 * np.log10(np.abs(mixed).max() / gain)
            assert peak == pytest.approx(wanted, abs=0.3)


# Ducking


def ducked_db(studio: Studio, duck: Duck) -> np.ndarray:
    """The level of a bed, ducked under a voice that speaks from 2 s to 4 s, every 10 ms."""
    studio.take("bed", np.full((8 * RATE, 2), 0.25, np.float32))
    studio.take("voice", stereo(tone(500, 2.0, -20)))
    elements = (element("bed", channel=Channel(duck=duck)), element("voice", start_s=2.0))
    in_channels(studio, *elements, stems=True)
    bed = read_wav(studio.folder / "stems" / "bed.wav")[0][:, 0]
    return decibels(bed.reshape(-1, 480).mean(axis=1) / 0.25)


def test_ducking_has_its_depth_attack_hold_and_release(studio: Studio) -> None:
    level = ducked_db(studio, Duck(("voice",), 9.0, 0.2, 0.8, 0.3, -40.0))
    time = (np.arange(len(level)) + 0.5) / 100
    assert np.abs(level[time < 2.0]).max() < 0.05
    assert np.abs(level[(time > 2.21) & (time < 4.29)] + 9.0).max() < 0.1
    assert np.abs(level[time > 5.12]).max() < 0.1
    half_way_down = np.interp(4.5, -level[(time > 1.9) & (time < 2.3)], time[(time > 1.9) & (time < 2.3)])
    half_way_up = np.interp(-4.5, level[(time > 4.2) & (time < 5.3)], time[(time > 4.2) & (time < 5.3)])
    assert half_way_down == pytest.approx(2.1, abs=0.02)
    assert half_way_up == pytest.approx(4.0 + 0.3 + 0.4, abs=0.02)


def test_a_voice_under_the_threshold_ducks_nothing(studio: Studio) -> None:
    assert np.abs(ducked_db(studio, Duck(("voice",), 9.0, 0.2, 0.8, 0.3, -15.0))).max() < 0.01


# Buses and stems


def busy(studio: Studio) -> tuple[tuple[Element, ...], tuple[Bus, ...]]:
    """Everything at once: a plain element, a key, two buses, effects that are not linear, automation."""
    studio.take("rain", noise(1.3, 0.2, seed=1))
    studio.take("voice", speech_like(2.5))
    studio.take("tick", noise(0.25, 0.1, 1, 16000, seed=2), 16000)
    studio.take("bell", stereo(tone(880, 1.0, -10)))
    studio.take("plain", noise(2.0, 0.05, seed=3))
    room, press = Reverb(0.8, 8.0, 0.4, 0.01, 0.4), Compression(-30.0, 4.0, 0.01, 0.1, 6.0, 3.0)
    outside = Bus(
        "outside",
        Automation.fixed(0.8),
        Channel(effects=(Filter("high_pass", 200.0), press, room), duck=Duck(("voice",), 6.0, 0.1, 0.4, 0.2, -40.0)),
    )
    inside = Bus("inside", moving("gain", (0.0, 1.0), (4.0, 0.3)), Channel(distance=4.0))
    elements = (
        element("rain", loop=True, volume=1.2, channel=Channel(
            bus="outside", low_pass=moving("hz", (0, 500), (4, 5000)))),
        element("voice", start_s=1.0, pan=0.4, channel=Channel(effects=(press,))),
        element("tick", playback=Playback(more_starts_s=(0.3, 2.2)), channel=Channel(bus="outside"), pan=moving(
            "pan", (0, -1), (3, 1))),
        element("bell", start_s=2.0, channel=Channel(bus="inside", effects=(room,))),
        element("plain", start_s=0.5, volume=0.7),
    )  # fmt: skip
    return elements, (outside, inside)


@pytest.mark.parametrize("channels", [2, 1])
def test_stems_sum_to_the_mix_exactly_whatever_is_on(studio: Studio, channels: int) -> None:
    elements, buses = busy(studio)
    in_channels(studio, *elements, buses=buses, loudness_lufs=-20, channels=channels)
    alone = (studio.folder / "mix.wav").read_bytes()
    mix = in_channels(studio, *elements, buses=buses, loudness_lufs=-20, channels=channels, stems=True)
    assert (studio.folder / "mix.wav").read_bytes() == alone
    stems = {one.name: quantize(read_wav(studio.folder / "stems" / f"{one.name}.wav")[0]) for one in elements}
    assert np.array_equal(np.sum(list(stems.values()), axis=0), quantize(read_wav(mix.path)[0]))
    assert all(stem.any() for stem in stems.values())


def test_what_rounding_leaves_to_the_last_stem_is_a_few_units(studio: Studio) -> None:
    """The bell alone, through its bus, is the bell's stem; and the last stem is no bin for the others."""
    elements, buses = busy(studio)
    order = (*elements[:3], elements[4], elements[3])  # the bell last
    in_channels(studio, *order, buses=buses, stems=True)
    last = quantize(read_wav(studio.folder / "stems" / "bell.wav")[0])
    alone = quantize(heard(studio, elements[3], buses=buses, duration_s=len(last) / RATE))
    assert np.abs(last - alone).max() <= 8


def test_the_same_bytes_in_any_block_size_and_from_a_file(studio: Studio) -> None:
    elements, buses = busy(studio)
    path = Path(in_channels(studio, *elements, buses=buses).path)
    wanted = path.read_bytes()
    for options in ({"block_frames": 1000}, {"block_frames": 70_001}, {"memory_bytes": 0}):
        in_channels(studio, *elements, buses=buses, **options)  # type: ignore[arg-type]
        assert path.read_bytes() == wanted


def test_an_empty_bus_and_an_unused_one_change_nothing(studio: Studio) -> None:
    studio.take("a", noise(1.0))
    plain = quantize(heard(studio, element("a", volume=0.5)))
    bus = Bus("b", channel=Channel())
    assert np.array_equal(quantize(heard(studio, element("a", volume=0.5), buses=(bus,))), plain)
    through = quantize(heard(studio, element("a", volume=0.5, channel=Channel(bus="b")), buses=(bus,)))
    assert np.abs(through - plain).max() <= 1


def test_a_tail_that_the_end_cuts_off_does_not_click(studio: Studio) -> None:
    studio.take("a", noise(1.0))
    mixed = heard(studio, element("a", channel=Channel(effects=(Reverb(3.0, 10.0, 0.2, 0.0, 0.9),))))
    assert np.abs(mixed[-3:]).max() < 1e-3 * np.abs(mixed).max()
    assert level_db(mixed[-2400:-400]) > -40
