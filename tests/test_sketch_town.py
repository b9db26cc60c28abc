"""House, garden and street have the acoustic signatures of the real things."""

from __future__ import annotations

import numpy as np
import pytest

from sketch_measures import (
    bouts,
    centroid,
    crest_db,
    envelope,
    loudest_gap_s,
    middle,
    modulation_peak,
    onsets,
    peak_hz,
    played,
    rms_db,
    share_db,
    spectrum,
)


def test_hail_knocks_harder_and_brighter_than_rain() -> None:
    # Ice is harder than water: contact of a tenth of a millisecond, so knocks up to 10 kHz.
    hail, rain = played("hail"), played("rain")
    assert crest_db(hail) > 20
    assert share_db(hail, 1500, 8000) > share_db(rain, 1500, 8000) + 0.5
    assert share_db(hail, 1000, 12000) > -2
    assert share_db(hail, 0, 300) < -15


def test_hail_rings_a_tin_roof() -> None:
    assert share_db(played("hail on a tin roof"), 300, 3000) > -2.5
    assert centroid(played("hail on a tin roof")) < 0.7 * centroid(played("hail"))
    assert crest_db(played("hail on a tin roof")) > 18


def test_a_knife_cuts_four_times_a_second_on_a_board() -> None:
    # Fletcher and Rossing 1998: the bending modes of a board of 3 cm begin below 300 Hz.
    knife = played("chopping", 10.0)
    assert 3.4 < modulation_peak(knife, 2.0, 7.0, 100.0) < 5.2
    assert share_db(knife, 120, 1000) > -3
    assert crest_db(knife) > 22


def test_a_knife_crunches_before_it_knocks() -> None:
    # Vickers and Bourne 1976: crisp tissue breaks cell by cell, each with a crack of its own, of broad spectrum.
    knife = played("chopping", 10.0)
    level, high = envelope(knife), envelope(knife, 3000.0)
    found = [i for i in range(100, len(level) - 50) if level[i] == level[i - 50 : i + 50].max() > 0.25 * level.max()]
    crunch = np.mean([high[i - 12 : i - 3].mean() for i in found])  # 24 to 6 ms before
    silence = np.mean([high[i - 35 : i - 20].mean() for i in found])
    assert len(found) > 8
    assert crunch > 3 * silence


def test_a_pan_sizzles_above_two_kilohertz_and_spits() -> None:
    # Kiyama et al. 2022: drops explode in hot oil and leave cavities that oscillate.
    pan = played("sizzling")
    assert share_db(pan, 2000, 16000) > -2.5
    assert share_db(pan, 0, 300) < -18
    assert crest_db(pan) > 18


def test_a_fridge_hums_at_twice_the_mains_and_throbs_with_its_slip() -> None:
    # An induction motor under load turns 1 to 4 % slower than its field: 100 Hz against 96 to 99.
    fridge = played("fridge", 16.0)
    assert peak_hz(fridge, 60, 450) % 100 == pytest.approx(0, abs=1)
    assert share_db(fridge, 40, 700) > -1
    assert 0.8 < modulation_peak(fridge, 0.7, 5.0) < 4.2


def test_an_extractor_is_steady_air_in_a_duct_with_the_note_of_its_blades() -> None:
    # Eight blades at 1,100 to 1,600 turns a minute: 150 to 215 passages a second.
    fan = played("bathroom fan")
    assert envelope(fan, 0.0, 0.25).std() / envelope(fan, 0.0, 0.25).mean() < 0.2
    assert share_db(fan, 120, 3000) > -2
    assert 17 < modulation_peak(fan, 12.0, 30.0, 200.0) < 28


def test_a_tap_is_dense_and_steady_between_its_basin_and_its_jet() -> None:
    # Oguz and Prosperetti 1990: a plunging jet drags bubbles of millimetres, 0.8 to 4 kHz, without gaps.
    tap = played("running tap")
    assert share_db(tap, 200, 9000) > -1
    assert share_db(tap, 800, 4000) > -6
    assert envelope(tap, 0.0, 0.25).std() / envelope(tap, 0.0, 0.25).mean() < 0.25
    assert crest_db(tap) < crest_db(played("dripping tap"))


def test_a_shower_hisses_drums_and_answers_from_tiles() -> None:
    shower = played("shower", 12.0)
    assert share_db(shower, 1500, 12000) > -5
    assert share_db(shower, 150, 800) > -8
    low = envelope(shower, 0.0, 0.25)
    assert 1.15 < low.max() / np.median(low) < 5  # who stands in it moves


def test_a_kitchen_has_a_knife_a_hum_and_a_pan() -> None:
    kitchen = played("kitchen", 12.0)
    assert share_db(kitchen, 40, 320) > -6
    assert share_db(kitchen, 2000, 14000) > -16
    assert crest_db(kitchen) > 16


def test_a_living_room_is_quiet_air_with_a_clock() -> None:
    # A room of 30 dB(A): most of its power lies below 700 Hz; what ticks stands out above 2 kHz once a second.
    room = played("living room", 10.0)
    assert share_db(room, 0, 700) > -1
    ticks = onsets(room, 4000.0, 2.0, 0.02)
    assert sum(bool(np.any(np.abs(ticks - 0.11 - k) < 0.02)) for k in range(10)) >= 8
    assert share_db(room, 80, 600) > -2.5


def test_a_mower_fires_24_times_a_second_and_its_blade_passes_at_four_times_that() -> None:
    # One cylinder, four strokes: every second turn of 2,700 to 3,100 a minute; two blade tips.
    mower = played("lawnmower")
    assert 19 < modulation_peak(mower, 12.0, 60.0) < 29
    assert share_db(mower, 60, 1200) > -2.5
    assert crest_db(mower) > 12


def test_a_mower_walks_up_and_down_the_lawn() -> None:
    level = envelope(played("lawnmower", 24.0), 0.0, 0.5)
    assert level.max() / level.min() > 1.6


def test_a_sprinkler_ticks_two_to_four_times_a_second_over_spray() -> None:
    ticks = played("sprinkler", 12.0)
    assert share_db(ticks, 1500, 12000) > -2.5
    hits = np.diff(onsets(ticks, 1000.0, 2.5, 0.06))
    assert 0.24 < np.median(hits) < 0.48
    assert crest_db(ticks) > 18


def test_a_sprinkler_hurries_home() -> None:
    hits = np.diff(onsets(played("sprinkler", 24.0), 1000.0, 2.0, 0.06))
    assert (hits < 0.13).sum() >= 8


def test_a_siren_wails_between_600_and_1700_hz() -> None:
    # Horn loudspeakers speak above 400 Hz: a sweep of more than an octave within some seconds, in harmonics.
    siren = played("police siren", 12.0)
    tops = []
    for i in range(0, len(siren) - 9600, 9600):
        hertz, power = spectrum(siren[i : i + 9600])
        tops.append(hertz[np.argmax((hertz > 500) & (power > 0.05 * power.max()))])  # the fundamental
    assert 1.9 * min(tops) < max(tops) < 1750
    assert share_db(siren, 550, 5000) > -1
    assert loudest_gap_s(siren, -40.0) < 0.1


def test_an_ambulance_has_two_tones_a_fourth_apart() -> None:
    # DIN 14610: a fourth, 3 : 4, between 360 and 630 Hz, the sequence within 3 s: each tone three quarters of a second.
    horn = played("ambulance", 6.0)
    tops = np.array([peak_hz(horn[i : i + 9600], 380, 700) for i in range(0, len(horn) - 9600, 4800)])
    low, high = np.median(tops[tops < 512]), np.median(tops[tops > 512])
    assert high / low == pytest.approx(585 / 440, rel=0.04)
    assert 4 <= np.count_nonzero(np.diff(tops > 512)) <= 12
    assert share_db(horn, 380, 6000) > -1


def test_a_breaker_strikes_17_to_24_times_a_second() -> None:
    # Some twenty blows a second: what makes a breaker growl is that the ear hardly parts them.
    work = played("jackhammer", 10.0)
    assert 17 < modulation_peak(work, 10.0, 40.0, 800.0) < 24.5
    assert share_db(work, 1000, 10000) > -6
    assert crest_db(work) > 14


def test_a_building_site_has_a_digger_under_the_breaker() -> None:
    site, digger = played("construction site", 12.0), played("excavator", 12.0)
    assert share_db(digger, 30, 400) > -2
    assert 18 < modulation_peak(digger, 12.0, 60.0) < 45
    assert centroid(site) > 1.3 * centroid(digger)


def test_a_subway_rolls_clacks_and_darkens_as_it_slows() -> None:
    # Thompson 2009: rolling noise grows by some 30 log v; pairs of wheels cross a joint together.
    ride = played("subway", 30.0)
    assert share_db(ride, 30, 900) > -1.5
    level = envelope(ride, 0.0, 0.5)
    assert np.percentile(level, 95) / np.percentile(level, 5) > 3
    assert len(onsets(ride, 700.0, 2.0, 0.05)) > 8


def test_a_market_is_a_murmur_in_which_traders_cry() -> None:
    # A shout lies at 200 to 400 Hz with open formants; syllables come 2 to 5 times a second.
    market = played("market", 16.0)
    assert share_db(market, 150, 4000) > -1
    cries = bouts(market, 0.45, 0.6, 600.0)
    assert 2 <= len(cries) <= 14
    assert 1.0 < modulation_peak(market, 1.0, 9.0, 150.0) < 6.5


def test_a_park_has_birds_above_and_children_below() -> None:
    park = played("park", 12.0)
    assert share_db(park, 1800, 9000) > -6
    assert share_db(park, 300, 1800) > -16
    assert 0.5 < len(onsets(park, 1800.0, 2.0, 0.05)) / 12 < 20


def test_rooms_and_streets_never_stop() -> None:
    for place in ("living room", "subway", "market", "park", "kitchen"):
        level = envelope(played(place, 12.0), 0.0, 0.25)
        assert level.min() > 0.003, place
        assert rms_db(played(place, 12.0)) > -34
        assert np.abs(middle(played(place, 12.0)).mean()) < 1e-3
