"""Whether each expectation holds for the traits of a sound, with a message: what was found, where, and what was
expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scenebuild.audio.traits import Traits, onsets, seam, share_above, silences
from scenebuild.errors import Place
from scenebuild.scene.model import Expectations, Scene

MOST_TIMES = 5  # that a message names


@dataclass(frozen=True, slots=True)
class Verdict:
    """One expectation of a scene, and what was found."""

    owner: str  # the name of an element or of one of its takes, or "mix"
    name: str  # the expectation's field
    holds: bool
    message: str  # "loudness is −30.2 LUFS, expected −24 to −18 LUFS"
    place: Place

    def __str__(self) -> str:
        return f"{self.place}: {self.owner}: {self.message}"


def verdicts(
    scene: Scene, element: str | None, expected: Expectations, traits: Traits, locked_lufs: float | None
) -> Iterator[Verdict]:
    """The verdict on each expectation of an element (``None``: of the mix), in the order of the manual.

    ``locked_lufs``: the loudness in the lock; without it, ``similar_to_lock`` has no verdict.
    """
    field = ("mix", "expect") if element is None else ("elements", element, "expect")
    for name, judge in _JUDGES.items():
        found = judge(expected, traits, locked_lufs)
        if found is not None:
            yield Verdict(element or "mix", name, *found, scene.place_of(*field, name))


Found = tuple[bool, str] | None  # holds, message


def _loudness(expected: Expectations, traits: Traits, _: float | None) -> Found:
    return _between("loudness", traits.loudness_lufs, expected.loudness_lufs, "LUFS", 1)


def _duration(expected: Expectations, traits: Traits, _: float | None) -> Found:
    return _between("duration", traits.duration_s, expected.duration_s, "s", 3)


def _onsets(expected: Expectations, traits: Traits, _: float | None) -> Found:
    if expected.onsets is None:
        return None
    times = onsets(traits)
    least, most = expected.onsets
    message = f"{len(times)} onsets{_at(times)}, expected {least} to {most}"
    return least <= len(times) <= most, message


def _silence(expected: Expectations, traits: Traits, _: float | None) -> Found:
    if expected.no_silence_over_s is None:
        return None
    start, length = max(silences(traits), key=lambda one: one[1], default=(0.0, 0.0))
    found = f"silent for {length:.2f} s from {start:.2f} s" if length else "never silent"
    return length <= expected.no_silence_over_s, f"{found}, expected at most {expected.no_silence_over_s:g} s"


def _clipping(expected: Expectations, traits: Traits, _: float | None) -> Found:
    if not expected.no_clipping:
        return None
    return not traits.clipped_s, f"clipped {len(traits.clipped_s)} times{_at(list(traits.clipped_s))}, expected never"


def _energy(expected: Expectations, traits: Traits, _: float | None) -> Found:
    if expected.energy_above is None:
        return None
    hertz, least = expected.energy_above
    share = share_above(traits, hertz)
    return share >= least, f"{share:.2%} of the energy lies above {hertz:g} Hz, expected at least {least:.2%}"


def _seam(expected: Expectations, traits: Traits, _: float | None) -> Found:
    if expected.loop_seam_db is None:
        return None
    step, change = seam(traits)
    holds = step <= 1.0 and change <= expected.loop_seam_db
    limit = f"at most 1 times and {expected.loop_seam_db:g} dB"
    return holds, (
        f"at the seam ({traits.duration_s:.2f} s) a step of {step:.2g} times the usual largest, "
        f"and {change:.1f} dB of change, expected {limit}"
    )


def _similar(expected: Expectations, traits: Traits, locked_lufs: float | None) -> Found:
    if expected.similar_to_lock_lu is None or locked_lufs is None:
        return None
    change = abs(traits.loudness_lufs - locked_lufs)
    message = f"loudness is {traits.loudness_lufs:.1f} LUFS, {change:.1f} LU from the {locked_lufs:.1f} of the lock"
    return change <= expected.similar_to_lock_lu, f"{message}, expected at most {expected.similar_to_lock_lu:g} LU"


_JUDGES: dict[str, Callable[[Expectations, Traits, float | None], Found]] = {
    "loudness": _loudness,
    "duration": _duration,
    "no_silence_over": _silence,
    "no_clipping": _clipping,
    "energy_above": _energy,
    "onsets": _onsets,
    "loop_seam": _seam,
    "similar_to_lock": _similar,
}


def _between(name: str, value: float, limits: tuple[float, float] | None, unit: str, digits: int) -> Found:
    if limits is None:
        return None
    low, high = limits
    shown = f"{name} is {value:.{digits}f} {unit}, expected {low:g} to {high:g} {unit}"
    return low <= round(value, 6) <= high, shown


def _at(times: list[float]) -> str:
    """`` (at 0.10, 1.52 s)``"""
    if not times:
        return ""
    more = " …" if len(times) > MOST_TIMES else ""
    return f" (at {', '.join(f'{time:.2f}' for time in times[:MOST_TIMES])}{more} s)"
