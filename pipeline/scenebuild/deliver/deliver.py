"""From a finished mix to one delivered file: converted, brought to its loudness, written, and measured as written.

The requirements apply to the file, so the decoded file is measured. If the encoder raised the peaks, or the limiter
lowered the loudness, the file is written again with a correction. A file appears under its name when it is complete.
Memory does not grow with the length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import floor, isfinite
from pathlib import Path

from scenebuild.audio.meter import MeasuredLevels
from scenebuild.decibels import db_to_gain
from scenebuild.deliver.convert import Converted, convert
from scenebuild.deliver.presets import Delivery
from scenebuild.deliver.write import FileMetadata, write
from scenebuild.files import Aside
from scenebuild.files import aside as written_aside
from scenebuild.mix.levels import GAIN_STEPS_PER_DB, MOST_GAIN_DB, TRUE_PEAK_MARGIN_DB

CLOSE_LU = 0.1  # a loudness that is closer to its target needs no correction
LEAST_DB = 2 / GAIN_STEPS_PER_DB  # a peak that is over its limit by less needs no correction
TRIES = 5

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a compliance table, in words."""

    rule: str
    wanted: str
    found: str
    passes: bool


@dataclass(frozen=True, slots=True)
class Delivered:
    """A file as it was written."""

    path: str
    delivery: Delivery
    frames: int
    loudness_lufs: float  # integrated; -inf for silence
    range_lu: float
    true_peak_dbtp: float
    gain_db: float  # relative to the mix
    limited: bool  # the limiter lowered peaks
    checks: tuple[Check, ...]
    warnings: tuple[str, ...]  # for people; why a check failed

    @property
    def passes(self) -> bool:
        """Whether the file meets all its requirements."""
        return all(check.passes for check in self.checks)


@dataclass(frozen=True, slots=True)
class _Setting:
    """The settings of one attempt."""

    gain_db: float
    ceiling_dbtp: float | None  # of the limiter; None: there is none


@dataclass(frozen=True, slots=True)
class _Try:
    """One attempt: its settings, and the levels of the file that was written."""

    setting: _Setting
    levels: MeasuredLevels

    @property
    def loudness_lufs(self) -> float:
        return self.levels.loudness.integrated_lufs()


def deliver(
    premaster: Path,
    wanted: Delivery,
    path: Path,
    facts: FileMetadata,
    progress: Progress = lambda share: None,
    aside: Aside = written_aside,
) -> Delivered:
    """Write the mix in ``premaster`` (any sound file that libsndfile reads) to ``path`` as ``wanted``.

    AudioFileError if the mix cannot be read or the file cannot be encoded, OSError if it cannot be written, ValueError
    for texts with control characters.
    """
    converted = convert(premaster, wanted.sample_rate, wanted.channels, facts.loop)
    own = converted.measure()
    progress(0.2)
    setting = _first_setting(wanted, own)
    if wanted.limiter:  # its effect on the loudness is corrected before anything is encoded
        setting = _settled(
            wanted, setting, lambda one: converted.measure(db_to_gain(one.gain_db), one.ceiling_dbtp)
        ).setting
    progress(0.5)
    with aside(str(path)) as part:
        last = _settled(wanted, setting, lambda one: _write(converted, wanted, one, Path(part), facts))
    progress(1.0)
    setting, levels = last.setting, last.levels
    limited = setting.ceiling_dbtp is not None and own.true_peak_dbtp + setting.gain_db > setting.ceiling_dbtp
    return Delivered(
        path=str(path),
        delivery=wanted,
        frames=converted.frames,
        loudness_lufs=levels.loudness.integrated_lufs(),
        range_lu=levels.loudness.range_lu(),
        true_peak_dbtp=levels.true_peak_dbtp,
        gain_db=setting.gain_db,
        limited=limited,
        checks=(checks := _checks(wanted, levels, facts)),
        warnings=_warnings(wanted, own, setting, checks),
    )


def _write(
    converted: Converted, wanted: Delivery, setting: _Setting, path: Path, facts: FileMetadata
) -> MeasuredLevels:
    blocks = converted.blocks(db_to_gain(setting.gain_db), setting.ceiling_dbtp)
    return write(path, blocks, wanted, replace(facts, marks=converted.marks(facts.marks)), converted.frames)


def _first_setting(wanted: Delivery, own: MeasuredLevels) -> _Setting:
    """The gain that the loudness needs; without a limiter, at most what the true peak allows."""
    target = wanted.loudness_lufs
    gain_db = 0.0 if target is None else min(own.loudness.gain_to_reach(target), MOST_GAIN_DB)
    if wanted.limiter:
        return _Setting(_stepped(gain_db), wanted.true_peak_dbtp)
    headroom_db = wanted.true_peak_dbtp - TRUE_PEAK_MARGIN_DB - own.true_peak_dbtp  # infinite for silence
    return _Setting(_stepped(gain_db) if gain_db <= headroom_db else _stepped_down(headroom_db), None)


def _settled(wanted: Delivery, setting: _Setting, attempt: Callable[[_Setting], MeasuredLevels]) -> _Try:
    """The last of at most ``TRIES`` attempts, each corrected by the error of the one before."""
    tries = [_Try(setting, attempt(setting))]
    while len(tries) < TRIES and (better := _corrected(wanted, tries)) != tries[-1].setting:
        tries.append(_Try(better, attempt(better)))
    return tries[-1]


def _corrected(wanted: Delivery, tries: list[_Try]) -> _Setting:
    """The setting of the next attempt; the same setting if no correction is needed or possible."""
    setting, levels = tries[-1].setting, tries[-1].levels
    headroom_db = wanted.true_peak_dbtp - TRUE_PEAK_MARGIN_DB - levels.true_peak_dbtp
    missed = _missed_lu(wanted, tries[-1].loudness_lufs)
    if setting.ceiling_dbtp is None:
        change = min(missed, headroom_db, MOST_GAIN_DB - setting.gain_db)
        if -LEAST_DB <= change <= CLOSE_LU:
            return setting
        return replace(setting, gain_db=_stepped_down(setting.gain_db + change))
    if headroom_db < -LEAST_DB:  # 0.05 dB lower, because the encoder may raise the peaks a little more the next time
        setting = replace(setting, ceiling_dbtp=_stepped_down(setting.ceiling_dbtp + headroom_db - 0.05))
    if missed:
        setting = replace(setting, gain_db=_stepped(setting.gain_db + missed / _yield_of(tries)))
    return replace(setting, gain_db=min(setting.gain_db, MOST_GAIN_DB))


def _missed_lu(wanted: Delivery, found_lufs: float) -> float:
    """How much louder the file should be, in LU; 0 if it is close enough, or if no gain would help."""
    if wanted.loudness_lufs is None or not isfinite(found_lufs):
        return 0.0
    missed = wanted.loudness_lufs - found_lufs
    return missed if abs(missed) > CLOSE_LU else 0.0


def _yield_of(tries: list[_Try]) -> float:
    """The change in loudness of the limited mix for each dB of gain."""
    if len(tries) < 2:
        return 0.75
    before, last = tries[-2:]
    gained = last.setting.gain_db - before.setting.gain_db
    return min(max((last.loudness_lufs - before.loudness_lufs) / gained, 0.25), 1.0) if gained else 1.0


def _stepped(db: float) -> float:
    return round(db * GAIN_STEPS_PER_DB) / GAIN_STEPS_PER_DB


def _stepped_down(db: float) -> float:
    return floor(db * GAIN_STEPS_PER_DB) / GAIN_STEPS_PER_DB


def _checks(wanted: Delivery, levels: MeasuredLevels, facts: FileMetadata) -> tuple[Check, ...]:
    loudness, peak = levels.loudness.integrated_lufs(), levels.true_peak_dbtp
    checks = []
    if wanted.loudness_lufs is not None:
        limits = f"{wanted.loudness_lufs:.1f} LUFS ± {wanted.tolerance_lu:.1f} LU"
        close = abs(loudness - wanted.loudness_lufs) <= wanted.tolerance_lu
        checks.append(Check("loudness", limits, f"{loudness:.1f} LUFS", close))
    limits = f"at most {wanted.true_peak_dbtp:.1f} dBTP"
    checks.append(Check("true peak", limits, f"{peak:.1f} dBTP", peak <= wanted.true_peak_dbtp))
    if wanted.loop:
        checks.append(Check("loop", "without a seam", "a loop" if facts.loop else "not mixed as a loop", facts.loop))
    return tuple(checks)


def _warnings(wanted: Delivery, own: MeasuredLevels, setting: _Setting, checks: tuple[Check, ...]) -> tuple[str, ...]:
    failed = {check.rule: check for check in checks if not check.passes}
    warnings = []
    if check := failed.get("loudness"):
        found = f"{wanted.preset}: the loudness is {check.found} and should be {check.wanted}"
        if not isfinite(own.true_peak_dbtp):
            warnings.append(f"{wanted.preset}: the mix is silent, so no loudness can be reached")
        elif setting.gain_db >= MOST_GAIN_DB:
            warnings.append(f"{found}: the mix is very quiet, and {MOST_GAIN_DB:+.0f} dB is the most gain there is")
        elif setting.ceiling_dbtp is None:
            warnings.append(f"{found}: the true peak leaves no room for more gain; 'limiter: true' makes room")
        else:
            warnings.append(f"{found}: with its peaks limited the mix does not get louder")
    if check := failed.get("true peak"):
        warnings.append(f"{wanted.preset}: the true peak is {check.found} and should be {check.wanted}")
    if "loop" in failed:
        warnings.append(f"{wanted.preset}: this preset is for a mix that loops, and the mix does not")
    return tuple(warnings)
