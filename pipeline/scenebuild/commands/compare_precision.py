"""How takes of a model in another precision differ from those in fp32, on the weights that are here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from scenebuild.audio.level import Samples
from scenebuild.audio.likeness import distance, mean_distance, same_until, shift, statistics_of
from scenebuild.audio.wav import read_wav
from scenebuild.engines import Action, EngineFacts, Request, engine, facts_for
from scenebuild.engines.audiocraft.hub.models import Model
from scenebuild.engines.audiocraft.verdict import (
    REFERENCE,
    PrecisionMeasure,
    PrecisionVerdict,
    verdict_line,
    write_verdict,
)
from scenebuild.errors import EngineError
from scenebuild.generate.make import Failure, TakeMaker, TakeOrder, make_takes
from scenebuild.listener import Listener
from scenebuild.plan.action import action_key
from scenebuild.scratch import scratch_folder
from scenebuild.settings import GenerateOptions
from scenebuild.store import LocalStore

if TYPE_CHECKING:
    from scenebuild.generate.take import Take

PROMPTS = {
    "audiogen": (
        "steady rain on a tin roof",
        "a dog barking in a yard",
        "waves on a pebble beach",
        "footsteps on gravel",
        "a crackling campfire",
        "birds singing in a forest at dawn",
    ),
    "musicgen": (
        "slow ambient pads with a soft piano",
        "an acoustic guitar playing a calm folk tune",
        "a driving drum and bass loop",
        "a string quartet playing a waltz",
        "a bright synth arpeggio",
        "a jazz trio with brushed drums",
    ),
}
SEED, OTHER_SEED = 1, 2
NAMES = {
    "spectrum_db": ("log-mel distance", "dB"),
    "loudness_lu": ("loudness", "LU"),
    "balance_db": ("spectral balance", "dB"),
    "movement_db": ("movement of the bands", "dB"),
    "seam_db": ("seam of a loop", "dB"),
}


def compare_precision(
    model: Model,
    precision: str,
    prompts: Sequence[str],
    seconds: float,
    options: GenerateOptions,
    listener: Listener,
) -> PrecisionVerdict:
    """Make each prompt in fp32, in ``precision`` and in fp32 with another seed; measure, and record the verdict.

    EngineError where the model cannot be used here, or a take cannot be made.
    """
    facts = facts_for(model.engine, model.id)
    state = engine(model.engine).state(model.id)
    if not state.ready:
        raise EngineError(f"{state.reason}; {state.advice}")
    orders = {
        (name, number): _order(facts, prompt, name, seed, seconds)
        for number, prompt in enumerate(prompts)
        for name, seed in ((REFERENCE, SEED), (precision, SEED), ("seed", OTHER_SEED))
    }
    listener.begin({order.key: f"{prompts[number]} ({name})" for (name, number), order in orders.items()})
    with scratch_folder() as scratch:
        # That nothing was measured yet is no news here.
        maker = TakeMaker(LocalStore(scratch), scratch, options, listener, told={verdict_line(model, precision)})
        takes = _made([*orders.values()], maker)
        sounds = {place: read_wav(takes[order.key].path)[0] for place, order in orders.items()}
    exact, other, seeded = (
        [sounds[name, number] for number in range(len(prompts))] for name in (REFERENCE, precision, "seed")
    )
    until = [same_until(*pair) / int(facts.sample_rate or 1) for pair in zip(exact, other, strict=True)]
    measures = _measures(exact, other, seeded, int(facts.sample_rate or 1))
    verdict = PrecisionVerdict(precision, len(prompts), seconds, round(median(until), 2), measures)
    write_verdict(model, verdict)
    return verdict


def _order(facts: EngineFacts, prompt: str, precision: str, seed: int, seconds: float) -> TakeOrder:
    precision = REFERENCE if precision == "seed" else precision
    action = Action(
        engine=facts.name,
        engine_version=facts.version,
        frames=round(seconds * int(facts.sample_rate or 1)),
        prompt=prompt,
        seed=seed,
        model=facts.default_model,
        revision=next(one.revision for one in facts.models if one.id == facts.default_model),
        precision=precision,
        **dict(facts.defaults),  # type: ignore[arg-type]
    )
    return TakeOrder(action_key(action), replace(facts, precision=precision), Request(action))


def _made(orders: Sequence[TakeOrder], maker: TakeMaker) -> Mapping[str, Take]:
    takes: dict[str, Take] = {}
    for made in make_takes(orders, maker):
        if isinstance(made, Failure):
            raise EngineError(made.message)
        takes[made.key] = made
    return takes


def _measures(
    exact: Sequence[Samples], other: Sequence[Samples], seeded: Sequence[Samples], sample_rate: int
) -> tuple[PrecisionMeasure, ...]:
    """Each measure between takes of one prompt, then between the means over all prompts."""
    sets = [[statistics_of(one, sample_rate) for one in sounds] for sounds in (exact, other, seeded)]
    pairs = [mean_distance([distance(*pair) for pair in zip(sets[0], others, strict=True)]) for others in sets[1:]]
    shifts = [shift(sets[0], others) for others in sets[1:]]
    return tuple(
        PrecisionMeasure(name + suffix, unit, *(round(float(getattr(found, field)), 3) for found in both))
        for suffix, both in (("", pairs), (" of the means", shifts))
        for field, (name, unit) in NAMES.items()
    )
