"""The acoustic signatures of every recipe and of each of its variants: at least three measures each, with the source.

A source is a paper or a book that is named, a standard, or the physics that gives the number ("...: a and b, so c").
What needs more than a range of one measure is in ``test_sketch_signatures.py``, ``_town.py`` and ``_made.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketch_measures import centroid, crest_db, envelope, modulation_peak, onsets, peak_hz, share_db

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Measure:
    """A figure of a sound, and between which limits it lies."""

    name: str
    of: Callable[[Samples], float]
    low: float
    high: float


@dataclass(frozen=True)
class Signature:
    """What a recipe, or one variant of it, is known by."""

    prompt: str
    source: str
    measures: tuple[Measure, ...]


def share(low_hz: float, high_hz: float, low: float, high: float = 0.1) -> Measure:
    """The power between two frequencies in dB of all of it."""
    return Measure(f"{low_hz:g}-{high_hz:g} Hz, dB", lambda x: share_db(x, low_hz, high_hz), low, high)


def peak(low: float, high: float, within: tuple[float, float] = (20.0, 20000.0)) -> Measure:
    """The strongest frequency in Hz."""
    return Measure("peak, Hz", lambda x: peak_hz(x, *within), low, high)


def centre(low: float, high: float) -> Measure:
    """The centroid of the spectrum in Hz."""
    return Measure("centroid, Hz", centroid, low, high)


def crest(low: float, high: float) -> Measure:
    """Peak over RMS in dB: 12 to 16 is steady noise, above 20 are events."""
    return Measure("crest, dB", crest_db, low, high)


def beat(low: float, high: float, within: tuple[float, float], above: float = 0.0) -> Measure:
    """The strongest modulation in Hz; of what is ``above`` a frequency."""
    return Measure("modulation, Hz", lambda x: modulation_peak(x, *within, above), low, high)


def swing(low: float, high: float) -> Measure:
    """How far the level moves: loud over soft tenths of a second."""

    def of(samples: Samples) -> float:
        level = envelope(samples, 0.0, 0.1)
        return float(np.percentile(level, 95) / np.percentile(level, 5))

    return Measure("loud over soft", of, low, high)


def events(low: float, high: float, above: float = 200.0, rise: float = 3.0, quiet_s: float = 0.05) -> Measure:
    """Onsets a second."""
    return Measure("onsets, Hz", lambda x: len(onsets(x, above, rise, quiet_s)) / len(x) * 48000, low, high)


def _of(prompt: str, source: str, *measures: Measure) -> Signature:
    return Signature(prompt, source, measures)


NATURE = {
    "rain": _of("rain", "Nystuen 1986", share(8000, 16000, -9, -5), crest(19, 27), swing(1, 1.8)),
    "rain/window": _of("rain on a window", "a pane of 4 mm bends from 0.5 kHz up, and shuts out the treble behind it",
                       share(500, 8000, -3), share(8000, 16000, -30, -14), crest(19, 26)),
    "rain/roof": _of("rain on a tin roof", "sheet metal of 0.5 mm: dense modes from 300 Hz up",
                     share(250, 4000, -2.5), centre(1500, 3200), crest(18, 25)),
    "rain/leaves": _of("rain on leaves", "soft things give way: broad taps of milliseconds without a tone",
                       share(1000, 16000, -2), centre(3500, 5500), crest(20, 28)),
    "rain/puddle": _of("rain in puddles", "Pumphrey and Crum 1989: trapped bubbles of 1 to 8 kHz",
                       share(1000, 8000, -5), events(1, 20, 1000.0), crest(20, 30)),
    "hail": _of("hail", "contact of a tenth of a millisecond: knocks up to 10 kHz",
                share(2000, 16000, -4), crest(20, 27), share(20, 250, -25, -15)),
    "hail/window": _of("hail on a window", "the first modes of a window pane under stones",
                       share(500, 8000, -2), peak(450, 1700), crest(19, 26)),
    "hail/leaves": _of("hail on leaves", "no body rings: broad, with more below 1 kHz than on stone",
                       share(250, 1000, -9, -3), centre(3500, 5200), crest(19, 27)),
    "hail/roof": _of("hail on a tin roof", "sheet metal: its lowest strong modes at 250 to 700 Hz",
                     peak(230, 800), centre(1500, 2700), share(20, 125, -40, -20)),
    "thunder": _of("thunder", "Few 1969, Holmes 1971", share(20, 200, -1.5), peak(20, 120), swing(6, 1000)),
    "thunder/crack": _of("thunder crack", "Few 1969: a near stroke begins with all frequencies at once",
                         share(20, 200, -1.5), share(4000, 16000, -42, -25), swing(6, 1000)),
    "wind": _of("wind", "turbulence falls by at least 4 dB an octave", share(1600, 3200, -24, -10),
                share(20, 800, -1.5), swing(1.4, 6)),
    "wind/trees": _of("wind in the trees", "Fegeant 1999: leaves hiss at 1 to 10 kHz",
                      share(2000, 16000, -8), centre(2500, 5000), swing(1.6, 8)),
    "wind/whistle": _of("wind whistling", "Strouhal: a gap of centimetres in a gale sings at some hundred Hz",
                        peak(300, 1000), share(250, 1000, -5), share(4000, 16000, -35, -16)),
    "wind/gust": _of("a gust of wind", "Kaimal 1972: gusts of seconds; sound grows with the sixth power of speed",
                     swing(2.2, 14), share(20, 1000, -3), beat(0.3, 1.2, (0.3, 3.0))),
    "stream": _of("babbling brook", "Minnaert 1933, van den Doel 2005", share(400, 6000, -2), crest(17, 24),
                  events(1.5, 9)),
    "stream/fall": _of("waterfall", "a fall is dense and steady, broad from 100 Hz to 10 kHz",
                       swing(1, 1.6), crest(11, 17), share(8000, 16000, -18, -9)),
    "waves": _of("ocean waves", "surf: swell below 500 Hz, a crash that is broad", share(20, 500, -4),
                 share(2000, 16000, -18, -8), swing(2, 6)),
    "waves/lapping": _of("lapping water", "slaps of water each second, bubbles of centimetres at 250 to 900 Hz",
                         share(100, 1000, -3), swing(3, 12), centre(400, 1200)),
    "drips": _of("dripping tap", "Dreyer and Hickey 1991: a slow tap drips in even time; Pumphrey and Crum 1989",
                 beat(0.9, 1.5, (0.8, 1.8), 400.0), peak(600, 3000), crest(25, 34)),
    "drips/cave": _of("dripping in a cave", "Pumphrey and Crum 1989; an echo of a second", peak(600, 3000),
                      share(500, 4000, -2), crest(22, 32)),
    "fire": _of("crackling fire", "Farnell 2010", share(20, 300, -4), crest(19, 28), events(0.8, 6)),
    "kettle": _of("boiling water", "steam bubbles of centimetres ring at 200 to 900 Hz", share(125, 1000, -3),
                  swing(1.2, 3), share(4000, 16000, -25, -12)),
    "kettle/whistle": _of("kettle whistling", "Henrywood and Agarwal 2013", peak(1700, 3100, (1500.0, 4000.0)),
                          share(1700, 3100, -9), crest(12, 19)),
}  # fmt: skip

PEOPLE = {
    "cafe": _of("cafe", "Byrne 1994, Ding 2017", share(125, 4000, -1.5), beat(2, 8, (2.0, 15.0), 150.0),
                share(4000, 8000, -28, -16)),
    "cafe/cups": _of("clinking cups", "shells of china ring above 1.9 kHz and die in 60 ms",
                     share(8000, 16000, -28, -17), events(0.3, 6, 6000.0), beat(2, 8, (2.0, 15.0), 150.0)),
    "cafe/machine": _of("espresso machine", "steam through a nozzle: broad noise up to 16 kHz; a pump at 100 Hz",
                        share(2000, 16000, -6), peak(98, 102, (60.0, 140.0)), centre(2500, 5000)),
    "crowd": _of("crowd", "Byrne 1994, Ding 2017", share(125, 4000, -1.5), swing(1.3, 3),
                 share(2000, 8000, -20, -10)),
    "crowd/stadium": _of("stadium", "open vowels of thousands lie at 0.8 to 1.4 kHz", share(500, 3000, -4),
                         centre(1000, 2000), share(20, 125, -30, -15)),
    "applause": _of("applause", "Repp 1987", share(500, 9000, -2), share(20, 250, -32, -20), crest(19, 26)),
    "traffic": _of("traffic", "Sandberg 2003: tyres peak at 0.7 to 1.3 kHz; engines below 200 Hz",
                   share(20, 250, -4), share(700, 1400, -14, -8), swing(1.4, 5)),
    "pass": _of("car passing by", "Sandberg 2003: tyres peak at 0.7 to 1.3 kHz; the level rises and falls by 6 dB "
                "for each halving of the distance", share(500, 2000, -6), swing(20, 150), centre(1000, 2200)),
    "pass/truck": _of("truck passing", "a diesel of six cylinders at 1,250 a minute fires 62 times a second",
                      peak(50, 76), share(20, 125, -8), swing(20, 150)),
    "construction": _of("construction site", "a digger's diesel below 250 Hz under blows up to 10 kHz",
                        share(20, 250, -4), share(4000, 16000, -16, -8), crest(16, 23)),
    "construction/breaker": _of("jackhammer", "twenty blows a second, of a steel that rings above 500 Hz",
                                beat(17, 24.5, (12.0, 60.0)), centre(1500, 2600), crest(17, 26)),
    "construction/digger": _of("excavator", "a diesel under load fires 20 to 40 times a second, below 500 Hz",
                               beat(18, 42, (12.0, 60.0)), share(20, 500, -1.5), crest(10, 17)),
    "siren": _of("police siren", "horn loudspeakers: harmonics of 0.5 to 4 kHz", share(500, 6000, -1.5),
                 centre(2200, 3800), swing(1, 4)),
    "siren/tones": _of("ambulance", "DIN 14610: a fourth between 360 and 630 Hz, the sequence within 3 s",
                       peak(425, 455, (380.0, 500.0)), peak(560, 610, (520.0, 660.0)), share(380, 6000, -1)),
    "siren/raid": _of("air raid siren", "two rows of ports, 12 and 10: 6 : 5 apart, run up below 600 Hz",
                      share(125, 1000, -2), peak(130, 620), swing(1.2, 5)),
    "subway": _of("subway", "Thompson 2009: rolling noise below 1 kHz under ground", share(30, 900, -1.5),
                  centre(350, 950), peak(30, 200)),
    "market": _of("market", "Byrne 1994, Peterson and Barney 1952", share(150, 4000, -1), swing(2, 5.5),
                  centre(700, 1500)),
    "park": _of("park", "Catchpole and Slater 2008: birds at 2 to 8 kHz over a town below 500 Hz",
                share(1800, 9000, -6), share(20, 500, -10, -4), centre(1600, 3600)),
    "horn": _of("ship horn", "a diaphone: 90 to 140 Hz in dozens of harmonics", peak(70, 260), share(60, 900, -0.6),
                crest(9, 16)),
    "horn/car": _of("car horn", "two discs a third apart near 400 and 500 Hz", peak(330, 480, (300.0, 490.0)),
                    share(300, 5000, -0.6), swing(20, 300)),
    "bell": _of("church bell", "Lehr 1986, Rossing 1984", share(125, 2000, -0.7), events(0.3, 0.7), swing(4, 20)),
    "bell/small": _of("doorbell", "a bell of a tenth the size is ten times as high", share(500, 4000, -0.8),
                      events(0.6, 1.8), centre(1200, 2800)),
    "bell/gong": _of("gong", "Rossing 1984: large plates keep their power below 500 Hz", share(60, 500, -1),
                     centre(180, 450), swing(4, 20)),
}  # fmt: skip

ANIMALS = {
    "birds": _of("birds", "Catchpole and Slater 2008", share(1800, 9000, -0.7), beat(2, 12, (2.0, 12.0), 1500.0),
                 swing(6, 60)),
    "birds/chorus": _of("dawn chorus", "Catchpole and Slater 2008: at dawn many sing at once, hardly with a pause",
                        share(1800, 9000, -0.5), swing(3, 14), centre(3000, 5200)),
    "gull": _of("gull", "mews of a dozen harmonics over 0.7 to 1.1 kHz", share(700, 9000, -0.7), centre(2400, 4600),
                beat(1.2, 3, (1.0, 4.0), 500.0)),
    "owl": _of("owl", "Galeotti and Pavan 1991", peak(300, 600), share(300, 600, -0.7),
               beat(14, 18, (12.0, 24.0), 200.0)),
    "crickets": _of("crickets", "Bennet-Clark 1989", peak(4000, 5200), beat(24, 38, (15.0, 60.0), 3000.0),
                    share(3800, 5400, -0.5)),
    "cicadas": _of("cicadas", "Young and Bennet-Clark 1995: clicks of the tymbal that ring at 4 kHz and above",
                   share(4000, 9500, -1), share(20, 1000, -60, -25), swing(1, 3)),
    "bees": _of("bees", "Apis mellifera: 200 to 250 wing beats a second", peak(170, 290), share(250, 2000, -9, -2),
                swing(1.5, 14)),
    "bees/one": _of("mosquito", "small wings beat faster: 300 to 600 a second", peak(270, 620),
                    share(250, 2000, -0.6), centre(350, 900)),
    "dog": _of("dog", "Yin 2002", share(300, 2500, -1), beat(1.5, 4, (1.2, 6.0), 200.0), swing(15, 100)),
    "crow": _of("crow", "Fletcher 2000", share(600, 4000, -1), centre(1800, 3200), swing(8, 60)),
    "cat": _of("cat", "Nicastro 2004", peak(380, 1000, (380.0, 1000.0)), share(400, 6000, -0.6), swing(15, 150)),
    "cat/purr": _of("cat purring", "Frazer Sissom 1991", beat(22, 30, (15.0, 60.0)), share(20, 800, -0.8),
                    beat(0.4, 1.6, (0.3, 3.0))),
    "frogs": _of("frogs", "Gerhardt and Huber 2002", peak(1700, 3000), share(800, 3200, -1.2),
                 beat(3, 10, (3.0, 12.0), 500.0)),
    "frogs/bull": _of("bullfrog", "Gerhardt and Huber 2002: the larger the lower; pulses near 200 Hz", peak(140, 300),
                      share(100, 600, -0.8), share(1000, 16000, -50, -18)),
    "horse": _of("horse", "Barrey 1999: a walk has four beats and 0.8 to 1.1 strides a second",
                 beat(3.2, 4.6, (3.0, 5.0), 300.0), share(60, 125, -9, -3), crest(18, 26)),
    "horse/trot": _of("horse trotting", "Barrey 1999: diagonal pairs, 1.2 to 1.5 strides of two beats a second",
                      beat(2.3, 3.1, (2.0, 3.5), 300.0), crest(18, 26), swing(12, 60)),
    "horse/gallop": _of("galloping horse", "Barrey 1999: 1.8 to 2.4 strides a second",
                        beat(1.7, 2.5, (1.4, 3.0), 300.0), events(5, 10), crest(16, 24)),
    "horse/neigh": _of("neighing horse", "Briefer 2015", share(500, 8000, -1.5), peak(600, 2600, (300.0, 20000.0)),
                       centre(1700, 3200)),
}  # fmt: skip

HOUSE = {
    "heartbeat": _of("heartbeat", "two sounds at 60 to 90 beats a minute", share(20, 150, -0.5), peak(28, 75),
                     beat(1, 2.7, (0.9, 3.0))),
    "steps": _of("footsteps", "Pachi and Ji 2005", beat(1.6, 2.2, (1.2, 2.9)), share(500, 4000, -3.5), crest(24, 33)),
    "steps/stone": _of("footsteps on stone", "a hard floor gives no body: the heel's knock of 0.5 to 3 kHz",
                       share(500, 4000, -3.5), share(20, 125, -32, -18), crest(24, 33)),
    "steps/wood": _of("footsteps on wood", "boards on joists thud at 70 to 250 Hz", peak(60, 180),
                      share(50, 300, -1), beat(1.6, 2.2, (1.2, 2.9))),
    "steps/gravel": _of("footsteps on gravel", "Cook 1997: dozens of collisions of 1.5 to 8 kHz",
                        share(1500, 12000, -4), centre(3800, 6200), beat(1.6, 2.2, (1.2, 2.9))),
    "steps/snow": _of("footsteps in snow", "crystals break by the hundred: a crunch of 0.3 to 3 kHz",
                      share(250, 4000, -2.5), centre(1000, 1900), beat(1.6, 2.2, (1.2, 2.9))),
    "steps/metal": _of("footsteps on metal", "thin plate: inharmonic from 190 Hz, damped a tenth as much as wood",
                       share(150, 2500, -1), share(20, 125, -40, -22), swing(15, 80)),
    "steps/running": _of("running footsteps", "Lieberman 2015: some 85 strides a minute, 2.8 steps a second",
                         beat(2.4, 3.2, (1.5, 4.0)), crest(22, 31), events(2.2, 4)),
    "door": _of("door", "Farnell 2010: stick and slip through wood, then a thud", share(250, 4000, -3),
                share(20, 125, -16, -6), swing(20, 150)),
    "door/creak": _of("door creaking", "Farnell 2010", share(350, 5000, -1.5), share(4000, 16000, -32, -14),
                      swing(20, 150)),
    "door/knock": _of("knocking", "a panel of pine: modes of 120 to 500 Hz, damped in 40 ms", share(100, 800, -1),
                      beat(4, 7, (3.0, 9.0), 80.0), crest(22, 31)),
    "door/slam": _of("door slam", "a leaf of 30 kg: its first modes at 50 to 150 Hz", peak(40, 150),
                     share(20, 250, -3), crest(20, 29)),
    "door/metal": _of("metal door slams", "a sheet rings higher and longer than wood", peak(60, 250), swing(40, 300),
                      share(60, 500, -1.5)),
    "clock": _of("clock", "an escapement that beats seconds", beat(0.99, 1.01, (0.7, 1.4), 1000.0), crest(26, 36),
                 events(0.95, 1.05, 1000.0, 3.0, 0.3)),
    "clock/grandfather": _of("grandfather clock", "a pendulum of a metre beats once a second; a case of wood rings low",
                             beat(0.98, 1.02, (0.7, 1.4)), peak(120, 300), share(100, 500, -1.2)),
    "clock/watch": _of("pocket watch", "18,000 beats an hour are five a second", beat(4.95, 5.05, (4.0, 6.0), 1000.0),
                       centre(1700, 3000), crest(20, 28)),
    "typing": _of("typing", "Salthouse 1984: 60 words a minute are five keys a second, in bursts",
                  events(2.5, 9), crest(24, 35), share(4000, 16000, -11, -4)),
    "typing/typewriter": _of("typewriter", "steel strikes a platen: brighter than a keyboard", centre(3200, 5500),
                             events(2.5, 8), crest(22, 31)),
    "chopping": _of("chopping", "Fletcher and Rossing 1998: a board of 3 cm bends from 170 Hz up", peak(150, 600),
                    share(120, 1000, -3), crest(24, 33)),
    "sizzling": _of("sizzling", "boiling bursts far smaller than a centimetre: noise above 2 kHz",
                    share(2000, 16000, -2.5), share(20, 300, -35, -18), swing(1.2, 2.6)),
    "fridge": _of("fridge", "two poles on 50 Hz: the field pulls 100 times a second", peak(99, 101, (60.0, 140.0)),
                  share(40, 700, -1), crest(8, 14)),
    "fridge/hum": _of("fridge hum", "two poles on 50 Hz, a slip of 1 to 4 %", peak(99, 101, (60.0, 140.0)),
                      beat(0.8, 4.2, (0.7, 5.0)), share(40, 700, -1)),
    "kitchen": _of("kitchen", "a pan above 2 kHz, a board below 1 kHz, a fridge at 100 Hz", share(2000, 16000, -8),
                   share(120, 1000, -8), crest(19, 28)),
    "livingroom": _of("living room", "a room of 30 dB(A): most power below 500 Hz", share(20, 500, -1.2),
                      crest(12, 20), share(4000, 16000, -30, -16)),
    "extractor": _of("bathroom fan", "eight blades at 1,350 a minute: 22 turns, 180 blades a second",
                     beat(17, 28, (12.0, 30.0), 200.0), swing(1, 1.5), share(120, 3000, -2)),
    "tap": _of("running tap", "Oguz and Prosperetti 1990", share(200, 9000, -1), swing(1, 2), crest(12, 20)),
    "tap/full": _of("bathtub", "Minnaert 1933: deeper water drags larger bubbles under, which ring lower",
                    share(100, 2000, -2.5), peak(100, 500), swing(1, 2)),
    "shower": _of("shower", "thin jets hiss at 1.5 to 12 kHz, enamel drums at 150 to 800 Hz", share(1500, 12000, -5),
                  share(150, 800, -8), crest(15, 23)),
    "mower": _of("lawnmower", "one cylinder at 2,900 a minute fires 24 times a second", beat(19, 29, (12.0, 60.0)),
                 share(60, 1200, -2.5), crest(13, 21)),
    "yard": _of("yard", "a far mower fires 24 times a second below 500 Hz; sprinkler and birds are above 1.8 kHz",
                share(1800, 9500, -6), share(60, 500, -6, -0.5), beat(19, 29, (15.0, 40.0))),
    "sprinkler": _of("sprinkler", "an arm that strikes two to three times a second through a jet",
                     beat(2.2, 3.2, (1.5, 4.0), 1000.0), share(1500, 12000, -2.5), crest(19, 27)),
}  # fmt: skip

MACHINES = {
    "engine": _of("engine", "four cylinders at 800 a minute fire 27 times a second", beat(20, 34, (8.0, 60.0)),
                  share(20, 300, -1.5), swing(1, 1.8)),
    "engine/start": _of("engine starting", "a starter turns the crank at 250 a minute: some 8 compressions a second",
                        beat(6, 11, (5.0, 12.0)), swing(1.8, 6), share(20, 500, -1.2)),
    "engine/rev": _of("engine revving", "a push of the foot doubles the speed and more", swing(1.3, 5),
                      peak(25, 220), share(20, 500, -1)),
    "engine/diesel": _of("diesel engine", "six cylinders at 420 or four at 630 a minute: 21 firings a second",
                         beat(17, 26, (8.0, 60.0)), share(1000, 4000, -22, -12), crest(11, 18)),
    "engine/small": _of("scooter", "one cylinder of two strokes at 2,600 a minute fires 44 times a second",
                        beat(36, 54, (20.0, 60.0)), peak(60, 220), share(60, 500, -1.5)),
    "fan": _of("fan", "turbulence through blades: soft, broad and steady", swing(1, 1.4), crest(10, 18),
               share(125, 4000, -2.5)),
    "fan/mains": _of("transformer hum", "iron stretches twice a cycle of 50 Hz", peak(99, 101, (60.0, 140.0)),
                     share(60, 500, -3.5), swing(1, 1.4)),
    "drill": _of("drill", "gears mesh some hundred times a second", peak(350, 1100), share(250, 4000, -1.5),
                 swing(8, 90)),
    "drill/hammer": _of("hammer drill", "45 blows a second at the wall", beat(38, 52, (20.0, 80.0), 300.0),
                        share(20, 250, -10, -3), crest(13, 22)),
    "saw": _of("saw", "one to one and a half double strokes a second", beat(0.8, 1.8, (0.7, 1.9), 500.0),
               share(250, 9000, -2), crest(14, 23)),
    "saw/chain": _of("chainsaw", "two strokes at 7,000 to 11,000 a minute fire 120 to 190 times a second",
                     peak(60, 420), share(60, 1000, -2.5), swing(1.2, 7)),
    "saw/circular": _of("circular saw", "24 teeth at some 4,000 a minute: 1.6 kHz", share(1000, 16000, -2.5),
                        peak(550, 2600), centre(2000, 3800)),
    "hammer": _of("hammer", "two to three blows a second; a nail rings above 2 kHz",
                  beat(1.8, 2.9, (1.2, 4.0), 300.0), crest(21, 30), share(2000, 16000, -12, -5)),
    "hammer/anvil": _of("anvil", "50 kg of steel: inharmonic modes above 1 kHz that last a second",
                        share(1000, 8000, -5), peak(900, 5000), events(1, 2.6)),
    "factory": _of("factory", "presses in even time over the hum of the mains",
                   beat(0.6, 3, (0.5, 3.0)), crest(15, 23), peak(95, 105, (90.0, 130.0))),
    "pump": _of("pump", "a motor of four poles on 50 Hz, two strokes a second", beat(1.5, 4.6, (1.0, 5.0)),
                peak(96, 104, (90.0, 110.0)), share(20, 1000, -2)),
    "train": _of("train", "Thompson 2009; axles 2.5 m apart at 22 m/s are 0.11 s", share(20, 500, -2),
                 beat(7.5, 10.5, (6.0, 12.0), 300.0), crest(15, 22)),
    "train/steam": _of("steam train", "two cylinders: four exhausts a turn of the wheel",
                       beat(2.5, 4, (2.0, 5.0), 300.0), share(200, 2500, -4), crest(15, 23)),
    "aircraft": _of("plane", "Lighthill 1952: jets mix broadly, loudest at some hundred Hz", share(60, 1500, -2.5),
                    peak(40, 600), swing(1.8, 6)),
    "aircraft/propeller": _of("propeller plane", "two blades at 2,400 a minute pass 80 times a second",
                              peak(55, 110), share(50, 1000, -1.5), centre(250, 650)),
    "aircraft/helicopter": _of("helicopter", "Leverton 1989: blades pass 10 to 20 times a second",
                               beat(10, 18, (8.0, 25.0)), peak(20, 130), share(20, 400, -3)),
    "aircraft/cabin": _of("airplane cabin", "Wilby 1989: the boundary layer's rush, falling above 500 Hz",
                          swing(1, 1.5), share(60, 700, -2.5), peak(84, 91, (70.0, 110.0))),
    "washer": _of("washing machine", "a drum of 50 turns a minute lifts and drops twice a turn",
                  beat(1.2, 2, (0.8, 2.4)), swing(2.5, 8), crest(15, 23)),
    "washer/spin": _of("spin cycle", "1,200 a minute: an unbalance of 20 Hz and its harmonics", share(20, 250, -3),
                       peak(30, 100), swing(1.3, 4)),
    "vacuum": _of("vacuum cleaner", "Cudina and Prezelj 2007: rotation at some 400 Hz over air up to 8 kHz",
                  peak(300, 470, (200.0, 600.0)), share(1000, 9000, -6), crest(11, 18)),
}  # fmt: skip

DEVICES = {
    "interface": _of("interface", "Blattner 1989: short, struck, above 500 Hz", share(500, 12000, -0.6),
                     crest(20, 28), swing(30, 300)),
    "interface/click": _of("mouse click", "a press and a release within a tenth of a second, above 1 kHz",
                           share(1000, 16000, -0.6), crest(27, 36), events(1.5, 4.5, 1000.0)),
    "interface/alert": _of("alert", "Blattner 1989: falling tones warn", share(500, 2500, -1), centre(800, 1700),
                           swing(30, 300)),
    "interface/confirm": _of("confirmation", "Blattner 1989: rising tones confirm", share(500, 3000, -1),
                             centre(900, 2300), crest(15, 24)),
    "alarm": _of("alarm", "a klaxon climbs each 1.3 s, harmonics of 0.4 to 3 kHz", beat(0.6, 0.9, (0.5, 1.0), 300.0),
                 share(300, 4000, -1), swing(4, 20)),
    "alarm/beep": _of("alarm clock", "ISO 8201: groups of pulses and a pause", peak(1900, 3400),
                      share(1800, 3600, -1), events(2, 6, 1000.0)),
    "scifi": _of("spaceship", "Plomp and Levelt 1965: two saws a beat apart throb", peak(35, 160), share(20, 400, -1.5),
                 swing(1.3, 4)),
    "scifi/hum": _of("spaceship hum", "Plomp and Levelt 1965: two saws a beat apart throb", peak(35, 160),
                     share(20, 500, -1), crest(9, 16)),
    "scifi/laser": _of("laser", "a struck wire: high frequencies arrive first", centre(1600, 3600), crest(19, 27),
                       events(0.7, 2)),
    "scifi/shield": _of("energy shield", "a hum with overtones that shimmer", share(60, 1000, -1.5),
                        peak(70, 140, (60.0, 160.0)), swing(1.5, 6)),
    "magic": _of("magic", "Fletcher and Rossing 1998: small bars, inharmonic, above 500 Hz", share(400, 12000, -0.3),
                 centre(1000, 2500), swing(8, 40)),
    "horror": _of("horror", "Plomp and Levelt 1965: a semitone near 50 Hz is rough", share(20, 300, -1.5),
                  beat(1.5, 6, (1.2, 6.0)), peak(30, 130)),
    "drone": _of("drone", "root, fifth and octave of a low tone", share(20, 600, -0.6), peak(40, 260), swing(1.2, 4)),
    "riser": _of("riser", "Neuhoff 1998: rising level looms", swing(8, 60), share(1000, 16000, -8), centre(2000, 4500)),
    "chords": _of("soft chord", "tones of a chord, an octave around the middle of the piano", share(60, 1500, -0.5),
                  share(3000, 16000, -90, -35), swing(1.5, 8)),
    "chords/organ": _of("organ", "pipes speak at once and hold", share(60, 1500, -0.5), swing(1.1, 3.5),
                        crest(9, 16)),
    "chords/dark": _of("dark pad", "a minor chord, an octave lower", share(60, 1000, -0.5), centre(130, 380),
                       share(2000, 16000, -100, -45)),
    "piano": _of("piano", "Weinreich 1977", share(60, 2500, -0.3), swing(2.5, 9), crest(13, 21)),
    "piano/dark": _of("sad piano", "Weinreich 1977; slow and in minor", share(60, 2500, -0.3), swing(2.5, 9),
                      centre(300, 800)),
    "jazz": _of("jazz", "a walking bass of two beats a second under brushes", beat(1.7, 2.2, (1.4, 2.6)),
                share(40, 500, -1.2), share(4000, 16000, -32, -16)),
    "texture": _of("quasar", "soft air: 1/f, steady", share(60, 3000, -1.5), crest(10, 18), swing(1, 1.8)),
}  # fmt: skip

SIGNATURES = {**NATURE, **PEOPLE, **ANIMALS, **HOUSE, **MACHINES, **DEVICES}
