"""The gains of a mix: of each take to a reference level, and of the whole mix to its target."""

from __future__ import annotations

from math import floor, isfinite

from scenebuild.audio.loudness import Loudness
from scenebuild.mix.model import PlayedTake
from scenebuild.scene.model import MixSettings, Normalize

REFERENCE_LUFS = -23.0  # EBU R 128: the programme loudness; a take of this loudness has volume 1.0
REFERENCE_PEAK_DBFS = -6.0
# No take is raised by more: one that needs it is noise or a fault.
MOST_GAIN_DB = 40.0
# Meters with another interpolation filter read up to this much more (ffmpeg's, on noise and clicks).
TRUE_PEAK_MARGIN_DB = 0.1
# The master gain is a multiple of 1/1000 dB, so that a difference in the last digit between machines does not change
# it.
GAIN_STEPS_PER_DB = 1000
TOLERANCE_LU = 0.05  # a smaller difference is not visible in one decimal


def normalisation_db(name: str, normalize: Normalize, source: PlayedTake) -> tuple[float, str]:
    """The gain in dB that brings a take to its reference, and a warning or ""."""
    if normalize == "none":
        return 0.0, ""
    level = source.loudness_lufs if normalize == "loudness" else source.peak_dbfs
    reference = REFERENCE_LUFS if normalize == "loudness" else REFERENCE_PEAK_DBFS
    if not isfinite(level):
        return 0.0, f"{name}: the take is silent, so it was not normalised"
    wanted = reference - level
    if wanted <= MOST_GAIN_DB:
        return wanted, ""
    return MOST_GAIN_DB, (
        f"{name}: the take is very quiet; it would need {wanted:+.1f} dB to reach its reference level"
        f" and got {MOST_GAIN_DB:+.1f} dB, the most there is"
    )


def _gain_to_reach(target_lufs: float, loudness: Loudness) -> float:
    """The gain in dB that brings a sound to a loudness, at most ``MOST_GAIN_DB``; 0 for silence."""
    gain_db = min(loudness.gain_to_reach(target_lufs), MOST_GAIN_DB)
    return round(gain_db * GAIN_STEPS_PER_DB) / GAIN_STEPS_PER_DB


def master_gain_db(
    settings: MixSettings, loudness: Loudness, true_peak_dbtp: float, highest_stem_dbfs: float
) -> tuple[float, tuple[str, ...]]:
    """The constant gain of the whole mix in dB, and warnings.

    It brings the mix to its target loudness, if there is one, and is lowered if the true peak would exceed its limit or
    a stem would exceed full scale. There is no limiter.
    """
    target = settings.loudness_lufs
    wanted = 0.0 if target is None else _gain_to_reach(target, loudness)
    ceiling = min(settings.true_peak_dbtp, 0.0) - TRUE_PEAK_MARGIN_DB
    # The peak of a silent mix is -inf, which leaves room for any gain.
    room = min(ceiling - true_peak_dbtp, -TRUE_PEAK_MARGIN_DB - highest_stem_dbfs)
    gain_db = wanted if wanted <= room else floor(room * GAIN_STEPS_PER_DB) / GAIN_STEPS_PER_DB
    if target is None:
        return gain_db, ()
    reached = loudness.integrated_lufs(gain_db)
    if not isfinite(reached):
        return gain_db, (f"the mix is silent, so the loudness target of {target:g} LUFS was not reached",)
    missed = abs(target - reached)
    if missed <= TOLERANCE_LU:
        return gain_db, ()
    why = (
        f"the true peak limit of {settings.true_peak_dbtp:g} dBTP leaves no room for more gain"
        if gain_db < wanted
        else f"the mix is very quiet, and {MOST_GAIN_DB:+.1f} dB is the most gain there is"
    )
    return gain_db, (f"the loudness target of {target:g} LUFS was missed by {missed:.1f} LU: {why}",)
