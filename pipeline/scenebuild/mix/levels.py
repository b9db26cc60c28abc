"""Which gains the mix applies: each take to a reference level, and the whole to its target."""

from __future__ import annotations

from math import floor, isfinite

from scenebuild.audio.loudness import Loudness
from scenebuild.mix.model import PlayedTake
from scenebuild.scene.model import MixSettings, Normalize

REFERENCE_LUFS = -23.0  # EBU R 128: the programme loudness; a take of this loudness has volume 1.0
REFERENCE_PEAK_DBFS = -6.0
# Nothing is raised by more: a take that needs it is noise or a fault, and would come out as a roar.
MOST_GAIN_DB = 40.0
# Meters that interpolate with another filter read the same peak up to this much higher (ffmpeg's, on noise and clicks).
TRUE_PEAK_MARGIN_DB = 0.1
# The master gain is a whole number of these: a difference in the last digit between machines does not move it.
GAIN_STEPS_PER_DB = 1000
TOLERANCE_LU = 0.05  # a target missed by less is met, to the one decimal that people read


def normalisation_db(name: str, normalize: Normalize, source: PlayedTake) -> tuple[float, str]:
    """The gain in dB that brings a take to its reference, and a warning, "" where there is nothing to say."""
    if normalize == "none":
        return 0.0, ""
    level = source.loudness_lufs if normalize == "loudness" else source.peak_dbfs
    reference = REFERENCE_LUFS if normalize == "loudness" else REFERENCE_PEAK_DBFS
    if not isfinite(level):
        return 0.0, f"{name}: the take is silent, so there was no level to normalise"
    wanted = reference - level
    if wanted <= MOST_GAIN_DB:
        return wanted, ""
    return MOST_GAIN_DB, (
        f"{name}: the take is very quiet; it would need {wanted:+.1f} dB to reach its reference level"
        f" and got {MOST_GAIN_DB:+.1f} dB, the most there is"
    )


def _gain_to_reach(target_lufs: float, loudness: Loudness) -> float:
    """The gain in dB that brings a sound to a loudness, MOST_GAIN_DB at most; 0 for silence."""
    gain_db = min(loudness.gain_to_reach(target_lufs), MOST_GAIN_DB)
    return round(gain_db * GAIN_STEPS_PER_DB) / GAIN_STEPS_PER_DB


def master_gain_db(
    settings: MixSettings, loudness: Loudness, true_peak_dbtp: float, highest_stem_dbfs: float
) -> tuple[float, tuple[str, ...]]:
    """The one plain gain over the whole mix, in dB, and warnings.

    It brings the mix to its target loudness, if there is one, and is then lowered as far as it takes for the true
    peak to respect its limit and for every single stem to stay under full scale. There is no limiter: the sound
    keeps its shape.
    """
    target = settings.loudness_lufs
    wanted = 0.0 if target is None else _gain_to_reach(target, loudness)
    ceiling = min(settings.true_peak_dbtp, 0.0) - TRUE_PEAK_MARGIN_DB
    # A silent mix peaks at -inf, and has room for any gain.
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
