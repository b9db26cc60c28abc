"""The lawn mower, and a yard in summer."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import beats, burst, played, poisson, wave
from scenebuild.engines.sketch.kit.noise import band, noise, pool, resonance, summed, tilted
from scenebuild.engines.sketch.kit.pulses import pulses, through, train
from scenebuild.engines.sketch.kit.space import echo
from scenebuild.engines.sketch.kit.stage import LayerStage, fine, pan
from scenebuild.engines.sketch.prompt import LayerTraits
from scenebuild.engines.sketch.recipes.birds import songbirds

_TIN_BOX = [
    (88, 0.013, 0.8), (172, 0.011, 1.0), (315, 0.007, 0.8), (590, 0.005, 0.6),
    (1080, 0.003, 0.45), (1950, 0.0018, 0.35), (3300, 0.001, 0.25),
]  # fmt: skip


def mower(stage: LayerStage) -> Array:
    """One cylinder at 2,900 turns a minute fires 24 times a second through a tin box; two blade tips pass at 97 Hz.

    Thick grass pulls the speed down and opens the governor; the deck throws clippings; it walks up and down the lawn.
    """
    traits = stage.traits
    thick = np.clip(0.35 + 0.9 * stage.drift("grass", 1.4, 3), 0.0, 1.0)
    idle = stage.pick("governor", 24.0, 0.12) * ratio(0.4 * traits.rate - 0.3 * traits.size)
    turn = idle * (1.0 - 0.07 * thick + 0.012 * stage.drift("hunt", 0.5, 3))
    at, number = pulses(stage, "fire", turn)
    force = (0.75 + 0.35 * thick[(at / 64).astype(np.int64)]) * (0.8 + 0.4 * stage.stream("fire force").random(len(at)))
    sound = np.repeat(through(stage, "pot", train(at, 0.30 * force, -1.0)[:1], _TIN_BOX), 2, axis=0)
    crank = stage.phase("crank", 4.0 * turn)
    swish = 0.65 + 0.35 * sine(crank)
    deck = noise(
        stage,
        "deck",
        summed((1.0, resonance(390.0, 2.0)), (0.8, resonance(860.0, 2.0)), (0.5, tilted(900.0, 7000.0, 2, 1))),
        alike=0.5,
    )
    tips = played(stage.keep("tips", lambda: wave((1.0, 0.6, 0.4, 0.2, 0.12))), fine(crank))
    sound += deck * fine(0.075 * (0.7 + 0.5 * thick) * swish) + 0.028 * np.stack((tips, tips))
    clip = poisson(stage, "clip", 60.0)
    u = clip.u
    grass = pool(stage, "grass", band(1800.0, 9500.0, 1))
    loud = 0.16 * u[:, 0] * u[:, 1] * thick[np.clip(clip.at / 64, 0, len(thick) - 1).astype(np.int64)]
    sound += burst(stage, "clip", clip.at, grass, 0.001, 0.004 + 0.01 * u[:, 2], loud, 0.8 * u[:, 3] - 0.4)
    walk = stage.slow_seconds / 19.0 + stage.keep("walk", lambda: float(stage.stream("walk").random()))
    near = exp2(0.55 * sine(walk) + 0.1 * stage.drift("near", 2.0, 2))
    side = fine(0.55 * sine(walk * 0.5 + 0.1))
    sound = sound * fine(near) * np.stack((np.sqrt(1.0 - side), np.sqrt(1.0 + side)))
    return echo(stage, "fence", sound, 0.4)


_FENCE = ((86, 0.013, 1.0), (168, 0.010, 0.8), (310, 0.006, 0.35))


def yard(stage: LayerStage) -> Array:
    """A yard in summer: a neighbour mows behind the fence, a sprinkler clicks round, birds in the hedge, a breeze.

    The fence and 30 m of air take the mower's treble away; what is left fires 24 times a second below 1 kHz.
    """
    traits = stage.traits
    sound = songbirds(stage.part("birds", LayerTraits(rests=traits.rests, many=traits.many - 0.7)))
    walk = stage.slow_seconds / 21.0 + stage.keep("walk", lambda: float(stage.stream("walk").random()))
    at, _ = pulses(stage, "fire", stage.pick("governor", 24.0, 0.1) * (1.0 + 0.02 * stage.drift("hunt", 0.5, 3)))
    far = exp2(0.6 * sine(walk))[(at / 64).astype(np.int64)] * (0.8 + 0.4 * stage.stream("force").random(len(at)))
    sound = sound + through(stage, "fence", train(at, 0.085 * far, -1.0)[:1], _FENCE) * pan(0.45)[:, None]
    strokes = beats(stage, "stroke", 0.37 * ratio(-0.6 * traits.rate), 0.03, 0.2)
    jet = pool(stage, "jet", band(1900.0, 9500.0, 2))
    round_ = sine(strokes.number / 61.0)
    sound += burst(stage, "jet", strokes.at, jet, 0.030, 0.075, 0.030 * (1.3 + round_), -0.4 + 0.4 * round_)
    breeze = exp2(0.7 * stage.drift("breeze", 2.4, 4) + 0.5 * traits.amount)
    leaves = noise(stage, "leaves", summed((1.0, tilted(900.0, 8000.0, 2, 1)), (1.2, tilted(50.0, 500.0, 3, 1))))
    return sound + leaves * fine(0.012 * breeze)
