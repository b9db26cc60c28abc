"""What was measured here of a model in another precision: how far its takes are from those in fp32.

The yardstick is fp32 with another seed: takes that differ no more than two seeds do are as good as those.
A verdict lies beside the records of the weights and holds for one revision of a model.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import asdict, dataclass

from scenebuild.engines.audiocraft.hub.manifest import record_path
from scenebuild.engines.audiocraft.hub.models import Model
from scenebuild.errors import EngineError

VERSION = 1
COMPARED = ("int8", "bf16")
REFERENCE = "fp32"
# How much further than another seed still counts as no further: the mean of six prompts varies by about a fifth.
TOLERANCE, FLOOR = 1.25, 0.3


@dataclass(frozen=True, slots=True)
class PrecisionMeasure:
    """One measure of the difference, in its unit."""

    name: str
    unit: str
    precision: float  # between fp32 and the other precision, with the same seed
    seed: float  # between fp32 and fp32 with another seed

    @property
    def is_further(self) -> bool:
        """Whether the precision changes more than another seed does."""
        return self.precision > TOLERANCE * self.seed + FLOOR

    @property
    def text(self) -> str:
        """In words: the name, the value and its yardstick."""
        return f"{self.name} {self.precision:.1f} {self.unit} (another seed {self.seed:.1f})"


@dataclass(frozen=True, slots=True)
class PrecisionVerdict:
    """The measures of one precision of a model, over all prompts."""

    precision: str
    prompts: int
    seconds: float  # of each take
    same_until_s: float  # the median: until there, takes in both precisions have the same codes
    measures: tuple[PrecisionMeasure, ...]

    @property
    def line(self) -> str:
        """In one line, for a person."""
        further = [one.text for one in self.measures if one.is_further]
        first = f"{self.measures[0].text}, {self.measures[1].text}"
        judged = (
            f"differs from {REFERENCE} more than another seed does: {', '.join(further)}"
            if further
            else f"differs from {REFERENCE} no more than another seed does: {first}"
        )
        return f"{self.precision} {judged}; {self.prompts} prompts of {self.seconds:g} s"


def verdict_path(model: Model, precision: str) -> str:
    """Where the verdict lies, or would lie."""
    return record_path(model.id, f"{model.revision}-{precision}-verdict")


def verdict_of(model: Model, precision: str) -> PrecisionVerdict | None:
    """What was measured; None where nothing was, or the file cannot be read."""
    try:
        with open(verdict_path(model, precision), encoding="utf-8") as file:
            plain = json.load(file)
        if plain.pop("version") != VERSION:
            return None
        return PrecisionVerdict(**{**plain, "measures": tuple(PrecisionMeasure(**one) for one in plain["measures"])})
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def write_verdict(model: Model, verdict: PrecisionVerdict) -> str:
    """Put a verdict in place, whole or not at all; its path. EngineError where that is not possible."""
    path = verdict_path(model, verdict.precision)
    temporary = f"{path}.{secrets.token_hex(8)}"
    plain = {"version": VERSION, **asdict(verdict)}
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "x", encoding="utf-8") as file:
            file.write(json.dumps(plain, indent=2) + "\n")
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise EngineError(
            f"{path} cannot be written ({error.strerror or error}); make the folder writable or name another with "
            "XDG_DATA_HOME"
        ) from error
    return path


def verdict_line(model: Model, precision: str) -> str:
    """What is known of a precision here, in one line; "" for one that loses nothing."""
    if precision not in COMPARED:
        return ""
    found = verdict_of(model, precision)
    if found is not None:
        return f"{model.id}: {found.line}"
    name = model.id.rpartition("/")[2]
    return (
        f"{model.id}: {precision} was not measured here; type: scenebuild models compare {name} --precision {precision}"
    )
