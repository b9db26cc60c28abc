"""Each recipe has the acoustic signature of the real thing."""

from __future__ import annotations

import numpy as np
import pytest

from sketch_measures import (
    bouts,
    centroid,
    crest_db,
    envelope,
    middle,
    modulation_peak,
    onsets,
    peak_hz,
    played,
    rms_db,
    share_db,
)


def test_rain_is_broadband_up_to_15_khz_with_drops_on_top() -> None:
    # Nystuen 1986; Marshall and Palmer 1948: an exponential law of sizes makes many weak and few strong drops.
    rain = played("rain")
    assert share_db(rain, 10000, 16000) > -12
    assert share_db(rain, 100, 1000) > -14
    assert 17 < crest_db(rain) < 27


@pytest.mark.parametrize(
    ("surface", "low", "high"), [("window", 500, 6500), ("tin roof", 300, 5000), ("leaves", 500, 12000)]
)
def test_rain_sounds_of_what_it_falls_on(surface: str, low: float, high: float) -> None:
    rain = played(f"rain on a {surface}")
    assert share_db(rain, low, high) > -3.5
    assert crest_db(rain) > 15


def test_a_tin_roof_rings_longer_than_leaves() -> None:
    # Metal is damped a tenth as much as leaves: the envelope keeps its memory for longer.
    def memory(prompt: str) -> float:
        level = envelope(played(prompt), 300.0) - envelope(played(prompt), 300.0).mean()
        return float((level[:-4] * level[4:]).mean() / (level * level).mean())

    assert memory("rain on a tin roof") > memory("rain on leaves")


def test_thunder_is_deep_and_rolls() -> None:
    # Few 1969; Holmes 1971: the peak of the power lies below 200 Hz, the roll lasts for seconds.
    thunder = played("thunder", 8.0)
    assert share_db(thunder, 0, 200) > -1.5
    assert peak_hz(thunder) < 200
    level = envelope(thunder, 0.0, 0.25)
    assert (level > level.max() / 100).sum() * 0.25 > 4


def test_thunder_loses_its_treble_first() -> None:
    thunder = played("thunder", 4.0)
    assert centroid(thunder[:48000]) > 1.05 * centroid(thunder[72000:])


def test_wind_is_brown_and_gusts() -> None:
    # Turbulence: at least 4 dB an octave from 200 Hz to 3 kHz; gusts move the level by several dB.
    wind = played("wind", 20.0)
    assert share_db(wind, 200, 400) - share_db(wind, 1600, 3200) > 4
    level = 20 * np.log10(envelope(wind, 0.0, 0.5) + 1e-9)
    assert np.percentile(level, 95) - np.percentile(level, 5) > 5


def test_a_stronger_gust_is_brighter() -> None:
    wind = played("wind", 20.0)
    loud, bright = envelope(wind, 0.0, 0.25), envelope(wind, 800.0, 0.25)
    assert np.corrcoef(np.log(loud), np.log(bright / loud))[0, 1] > 0.3


def test_leaves_rustle_above_a_kilohertz() -> None:
    assert share_db(played("rustling leaves"), 1000, 12000) > -4
    assert share_db(played("wind"), 1000, 12000) < -9


def test_a_brook_is_bubbles_between_400_hz_and_6_khz() -> None:
    # Minnaert 1933, van den Doel 2005.
    brook = played("babbling brook")
    assert share_db(brook, 400, 6000) > -2
    assert crest_db(brook) > 13


def test_waves_come_every_6_to_12_seconds() -> None:
    # Swell periods; the crash is brighter than the swell before it.
    sea = played("ocean waves", 60.0)
    assert 1 / 12 < modulation_peak(sea, 0.04, 1.0) < 1 / 5
    level, bright = envelope(sea, 0.0, 0.5), envelope(sea, 1500.0, 0.5)
    assert bright.max() / np.median(bright) > 2
    assert np.percentile(level, 95) / np.percentile(level, 5) > 2


def test_a_drip_is_one_bubble_that_rises() -> None:
    # Pumphrey and Crum 1989: 0.5 to 3 kHz, tens of milliseconds.
    drips = played("dripping tap", 10.0)
    assert share_db(drips, 500, 4000) > -3
    assert 5 <= len(onsets(drips, 400.0, 4.0, 0.2)) <= 30
    assert crest_db(drips) > 22


def test_fire_laps_and_crackles() -> None:
    # Farnell 2010: flames below 300 Hz, crackles of milliseconds above 1 kHz whose energies follow a power law.
    fire = played("crackling fire", 10.0)
    assert share_db(fire, 0, 300) > -5
    level = envelope(fire, 2000.0)
    assert level.max() / np.median(level) > 15
    assert 1.5 < len(onsets(fire, 2000.0, 3.0)) / 10 < 25


def test_a_kettle_boils_low_and_sings_at_its_spout() -> None:
    # Henrywood and Agarwal 2013: the whistle lies near 2 to 3 kHz; the boil below 1 kHz.
    assert share_db(played("boiling water"), 100, 2500) > -3
    kettle = played("tea kettle")[96000:]
    assert 1700 < peak_hz(kettle, 1500, 4000) < 3100
    assert share_db(kettle, 1700, 3100) > share_db(played("boiling water")[96000:], 1700, 3100) + 3


def test_a_cafe_murmurs_at_the_rate_of_syllables() -> None:
    # Ding et al. 2017: speech is modulated at 2 to 8 Hz; its energy lies between 100 Hz and 4 kHz.
    cafe = played("cafe", 20.0)
    assert share_db(cafe, 100, 4000) > -2
    assert 1.5 < modulation_peak(cafe, 1.0, 15.0, 150.0) < 8.0


# Byrne et al. 1994, twelve languages, men and women: dB in thirds of an octave from 125 Hz to 8 kHz.
SPEECH = [
    57.7,
    56.8,
    60.2,
    60.3,
    59.0,
    62.1,
    62.1,
    60.5,
    56.8,
    53.7,
    53.0,
    52.0,
    48.7,
    48.1,
    46.8,
    45.6,
    44.5,
    44.3,
    43.7,
]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_cafe_has_the_spectrum_of_speech(seed: int) -> None:
    cafe = played("cafe", 16.0, seed)
    thirds = 1000 * 2 ** (np.arange(-9, 10) / 3)
    apart = np.array([share_db(cafe, hertz / 2 ** (1 / 6), hertz * 2 ** (1 / 6)) for hertz in thirds]) - SPEECH
    assert np.abs(apart - np.median(apart)).max() < 6


def test_cups_clink_above_two_kilohertz() -> None:
    assert share_db(played("clinking cups", 20.0), 2000, 20000) > share_db(played("cafe", 20.0), 2000, 20000)
    assert crest_db(played("clinking cups", 20.0)) > 12


def test_a_crowd_is_a_steadier_murmur_than_a_cafe() -> None:
    def unrest(prompt: str) -> float:
        level = envelope(played(prompt, 20.0), 150.0, 0.05)
        return float(level.std() / level.mean())

    assert unrest("crowd") < unrest("cafe")
    assert share_db(played("crowd", 20.0), 100, 4000) > -2


def test_applause_is_claps_around_two_kilohertz() -> None:
    # Repp 1987: claps have their energy at 0.6 to 2.5 kHz and above, little below.
    hands = played("applause")
    assert share_db(hands, 500, 9000) > -3
    assert share_db(hands, 0, 200) < -15
    assert crest_db(hands) > 15


def test_traffic_is_low_and_its_cars_come_and_go() -> None:
    street = played("traffic", 30.0)
    assert share_db(street, 0, 600) > -3
    level = envelope(street, 600.0, 0.5)
    assert level.max() / np.median(level) > 1.8


def test_a_passing_car_rises_falls_and_crosses() -> None:
    car = played("car passing by", 5.0)
    left, right = envelope(car[:, :1].repeat(2, 1), 0.0, 0.1), envelope(car[:, 1:].repeat(2, 1), 0.0, 0.1)
    loudest = int(np.argmax(left + right)) * 0.1
    assert 1.2 < loudest < 3.4
    balance = (left - right) / (left + right)
    assert balance[10] * balance[34] < 0
    assert rms_db(car[96000:120000]) - rms_db(car[:24000]) > 12


def test_songbirds_sing_between_2_and_8_khz_in_notes() -> None:
    # Catchpole and Slater 2008.
    birds = played("birds", 12.0)
    assert share_db(birds, 1800, 9000) > -1.5
    assert 1.0 < len(onsets(birds, 1500.0, 3.0, 0.04)) / 12 < 20


def test_a_gull_mews_in_harmonics_that_fall() -> None:
    gull = played("gull", 8.0)
    assert share_db(gull, 700, 9000) > -1.5
    mews = bouts(gull, 0.25, 0.05, 500.0)
    assert 3 <= len(mews) <= 24
    assert 0.3 < np.diff(mews).min() < 0.9


def test_an_owl_hoots_between_300_and_600_hz() -> None:
    # Tawny owl: Galeotti and Pavan 1991.
    owl = played("owl", 8.0)
    assert 300 < peak_hz(owl) < 600
    assert share_db(owl, 300, 600) > -2


def test_crickets_chirp_near_4500_hz_in_pulses_of_thirty_a_second() -> None:
    # Gryllus: Bennet-Clark 1989.
    crickets = played("one cricket", 8.0)
    assert 4000 < peak_hz(crickets, 1000) < 5200
    assert 24 < modulation_peak(crickets, 15.0, 60.0, 3000.0) < 38
    assert 1.5 < modulation_peak(crickets, 1.0, 6.0, 3000.0) < 5.5


def test_cicadas_sing_between_4_and_9_khz() -> None:
    cicadas = played("cicadas", 8.0)
    assert share_db(cicadas, 4000, 9500) > -1.5
    assert share_db(cicadas, 0, 1500) < -15


def test_bees_hum_near_220_hz_with_harmonics() -> None:
    # Apis mellifera: 200 to 250 wing beats a second.
    bees = played("bees", 8.0)
    assert 150 < peak_hz(bees, 80, 1000) < 330
    assert share_db(bees, 300, 5000) > -10


def test_a_dog_barks_in_bouts_of_short_barks() -> None:
    # Yin 2002: 400 to 1500 Hz, 100 to 300 ms, a few a second within a bout.
    dog = played("dog", 8.0)
    assert share_db(dog, 300, 2500) > -1.5
    barks = onsets(dog, 200.0, 4.0, 0.2)
    assert 3 <= len(barks) <= 20
    assert 0.25 < np.diff(barks).min() < 0.8


def test_a_heart_beats_twice_below_150_hz() -> None:
    # Two sounds at 60 to 90 beats a minute; the second about 0.3 s after the first.
    heart = played("heartbeat", 10.0)
    assert share_db(heart, 0, 150) > -1
    thumps = bouts(heart, 0.3, 0.12)
    gaps = np.diff(thumps)
    assert 18 <= len(thumps) <= 31
    assert 0.2 < gaps.min() < 0.42 < gaps.max() < 0.9


@pytest.mark.parametrize("ground", ["wood", "gravel", "snow", "stone"])
def test_steps_fall_1_6_to_2_2_times_a_second(ground: str) -> None:
    # Pachi and Ji 2005.
    assert 1.6 < modulation_peak(played(f"footsteps on {ground}", 10.0), 1.2, 2.9) < 2.2


def test_wood_thuds_and_gravel_crunches() -> None:
    wood, gravel, snow = (played(f"footsteps on {g}", 10.0) for g in ("wood", "gravel", "snow"))
    assert share_db(wood, 50, 400) > -2
    assert share_db(gravel, 1500, 12000) > -4
    assert centroid(wood) < centroid(snow) < centroid(gravel)


def test_a_door_knocks_with_a_panel() -> None:
    knock = played("knock on the door", 5.0)
    assert share_db(knock, 80, 1200) > -1.5
    hits = onsets(knock, 80.0, 4.0, 0.12)
    assert 3 <= len(hits[hits < 1.5]) <= 4


def test_a_door_slams_low_and_dies_away() -> None:
    slam = played("door slam", 2.5)
    assert share_db(slam, 30, 300) > -3
    level = envelope(slam, 0.0, 0.05)
    assert level[:6].max() > 20 * level[24]


def test_a_creak_is_stick_and_slip_through_a_body() -> None:
    # Farnell 2010: slips at tens to 200 Hz, resonances of the wood at 0.4 to 4 kHz.
    creak = played("creaking door", 3.0)
    assert share_db(creak, 350, 5000) > -2.5
    assert 15 < modulation_peak(creak[24000:72000], 12.0, 240.0, 300.0) < 200


def test_an_idling_engine_fires_10_to_40_times_a_second() -> None:
    # Four cylinders at 800 a minute: 27 Hz.
    engine = played("engine idling")
    firing = modulation_peak(engine, 8.0, 60.0)
    assert 18 < firing < 40
    assert share_db(engine, 20, 300) > -3


def test_revving_raises_the_pitch_and_starting_cranks_first() -> None:
    rev = played("engine revving", 8.0)
    assert modulation_peak(rev[12000:72000], 8.0, 200.0) > 1.3 * modulation_peak(played("engine"), 8.0, 60.0)
    start = played("engine starting", 4.0)
    assert rms_db(start[96000:144000]) > rms_db(start[4800:48000])
    assert share_db(start[4800:48000], 400, 4000) > share_db(start[120000:], 400, 4000)


def test_a_clock_ticks_each_second_within_five_milliseconds() -> None:
    clock = played("clock", 10.0)
    ticks = onsets(clock, 1000.0, 4.0, 0.3)
    assert len(ticks) == 10
    assert np.abs(np.diff(ticks) - 1.0).max() <= 0.005 + 0.002
    assert crest_db(clock) > 22


def test_typing_is_five_to_nine_keys_a_second_with_pauses() -> None:
    keys = onsets(played("typing", 12.0), 300.0, 3.0, 0.05)
    assert 2.5 < len(keys) / 12 < 12
    assert np.diff(keys).max() > 0.35


def test_a_church_bell_has_a_minor_third() -> None:
    # Lehr 1986: prime, tierce 6 : 5, nominal 2 : 1.
    bell = played("church bell", 6.0)
    nominal = peak_hz(bell, 450, 900)
    prime = peak_hz(bell, nominal / 2 * 0.96, nominal / 2 * 1.04)
    tierce = peak_hz(bell, nominal * 0.6 * 0.97, nominal * 0.6 * 1.03)
    assert tierce / prime == pytest.approx(1.2, abs=0.02)
    assert envelope(bell, 0.0, 0.1)[2] > envelope(bell, 0.0, 0.1)[20]


def test_a_ships_horn_is_a_long_low_tone_with_harmonics() -> None:
    horn = played("ship horn", 4.0)
    assert 80 < peak_hz(horn, 40, 2000) < 260
    assert share_db(horn, 0, 900) > -1.5
    level = envelope(horn, 0.0, 0.1)
    assert (level > level.max() / 3).sum() * 0.1 > 1.5


def test_a_fan_is_steady_air_and_a_fridge_hums_at_twice_the_mains() -> None:
    fan = envelope(played("fan"), 0.0, 0.25)
    assert fan.std() / fan.mean() < 0.2
    assert peak_hz(played("fridge hum"), 60, 450) % 100 == pytest.approx(0, abs=2) or peak_hz(
        played("fridge hum"), 60, 450
    ) % 100 == pytest.approx(100, abs=2)


def test_chords_are_tones_that_change_slowly() -> None:
    music = played("soft chord pad", 12.0)
    hertz = np.abs(np.fft.rfft(middle(music)[96000:192000] * np.hanning(96000))) ** 2
    top = np.sort(hertz)[::-1]
    assert top[:60].sum() / top.sum() > 0.9
    assert share_db(music, 60, 1500) > -1


def test_the_texture_is_quiet_air() -> None:
    texture = played("quasar")
    assert crest_db(texture) < 17
    assert share_db(texture, 60, 3000) > -1.5
