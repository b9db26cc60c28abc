"""The channel of an element or a bus: filters, effects, distance, ducking, and the bus that it feeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from scenebuild import number_text as words
from scenebuild.errors import Problem
from scenebuild.scene.automation import Automation, automation_findings, automation_of, level_of
from scenebuild.scene.check.findings import MOST_SHOWN
from scenebuild.scene.effects import effect_of
from scenebuild.scene.effects.effect import EffectSpec
from scenebuild.scene.fields import NumberField, numbers_of
from scenebuild.scene.names import Field
from scenebuild.scene.quoting import MOST_LISTED, Nearest, label, meant_or_listed
from scenebuild.scene.yaml.document import Document
from scenebuild.scene.yaml.raw import as_fields, fields_at

NUMBERS = {
    "volume": NumberField("1.0 is unity", (0.01,)),
    "gain_db": NumberField("decibels; 0 is unity", (0.1,)),
    "pan": NumberField("-1 is left, 1 is right", (0.01,)),
    "high_pass": NumberField("Hz", (1000.0,)),
    "low_pass": NumberField("Hz", (1000.0,)),
    "distance": NumberField("metres"),
}


@dataclass(frozen=True, slots=True)
class Duck:
    """Ducking: the channel is turned down while one of the others sounds."""

    under: tuple[str, ...]  # elements or buses
    by_db: float = 9.0
    attack_s: float = 0.15
    release_s: float = 0.6
    hold_s: float = 0.3
    threshold_db: float = -40.0

    NUMBERS: ClassVar = {
        "by": NumberField("decibels", (-1.0,), "by_db"),
        "attack": NumberField("seconds", (0.001,), "attack_s"),
        "release": NumberField("seconds", (0.001,), "release_s"),
        "hold": NumberField("seconds", (0.001,), "hold_s"),
        "threshold": NumberField("dBFS", (-1.0,), "threshold_db"),
    }

    @property
    def memory_s(self) -> float:
        """Seconds for which it acts after the last sound of the others."""
        return self.attack_s + self.hold_s + self.release_s


@dataclass(frozen=True, slots=True)
class Channel:
    """What the mixer does with a sound besides level and pan, in the order of processing."""

    high_pass: Automation | None = None
    low_pass: Automation | None = None
    effects: tuple[EffectSpec, ...] = ()
    distance: float | None = None
    duck: Duck | None = None
    bus: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether nothing here acts on the sound."""
        return self == Channel()

    @property
    def memory_s(self) -> float:
        """Seconds for which ducking and effects react to a past sound, without the tails of effects."""
        return sum(effect.memory_s for effect in self.effects) + (self.duck.memory_s if self.duck else 0.0)

    def describe(self) -> tuple[str, ...]:
        """One line for each stage that is in use: ``High-pass: 300 Hz``."""
        duck = self.duck
        found = (
            f"High-pass: {self.high_pass.describe()}" if self.high_pass else "",
            f"Low-pass: {self.low_pass.describe()}" if self.low_pass else "",
            f"Effects: {', '.join(effect.describe() for effect in self.effects)}" if self.effects else "",
            f"Distance: {self.distance:g} m" if self.distance is not None else "",
            f"Ducked: by {duck.by_db:g} dB under {words.listing(duck.under)}" if duck else "",
        )
        return tuple(filter(None, found))


@dataclass(frozen=True, slots=True)
class Bus:
    """A bus: several elements with one level and one channel."""

    name: str
    volume: Automation = Automation.fixed(1.0)
    channel: Channel = Channel()


def channel_of(own: Mapping[str, Any], scene_path: str) -> Channel:
    """The channel of an element or a bus; its paths are relative to the folder of ``scene_path``."""
    distance = own.get("distance")
    return Channel(
        high_pass=automation_of(own["high_pass"], "hz") if "high_pass" in own else None,
        low_pass=automation_of(own["low_pass"], "hz") if "low_pass" in own else None,
        effects=tuple(effect_of(fields, scene_path) for fields in own.get("effects", ())),
        distance=None if distance is None or distance == 1.0 else float(distance),
        duck=_duck_of(own["duck"]) if "duck" in own else None,
        bus=own.get("bus"),
    )


def buses_of(document: Document) -> tuple[Bus, ...]:
    """The buses of a scene, in the order of the file."""
    return tuple(
        Bus(name, level_of(own), channel_of(own, document.origin(("buses", name, "effects"))))
        for name, own in document.data.get("buses", {}).items()
    )


def _duck_of(fields: Mapping[str, Any]) -> Duck:
    under = fields["under"]
    return Duck(tuple(under) if isinstance(under, list) else (under,), **numbers_of(fields, Duck.NUMBERS))


def channel_findings(document: Document) -> Iterator[Problem]:
    """Mistakes in levels, keyframes, buses and ducking."""
    meant = Nearest(MOST_SHOWN)
    for owner, fields in _channels(document):
        yield from _two_volumes(document, owner, fields)
        yield from automation_findings(document, owner, fields)
        yield from _bus(document, owner, fields, meant)
        yield from _duck(document, owner, fields, meant)
    yield from _shared_names(document)
    yield from _circles(document)


def _channels(document: Document) -> Iterator[tuple[Field, dict[str, Any]]]:
    """Every element and bus, and the defaults."""
    yield ("defaults",), fields_at(document, ("defaults",))
    for kind in ("elements", "buses"):
        for name, fields in fields_at(document, (kind,)).items():
            yield (kind, name), as_fields(fields)


def _two_volumes(document: Document, owner: Field, fields: dict[str, Any]) -> Iterator[Problem]:
    if "volume" in fields and "gain_db" in fields:
        later = max(document.key((*owner, field)) for field in ("volume", "gain_db"))
        yield Problem("two-volumes", f"{label(owner[-1])}: has both volume and gain_db; keep one of the two", later)


def _bus(document: Document, owner: Field, fields: dict[str, Any], meant: Nearest) -> Iterator[Problem]:
    bus, buses = fields.get("bus"), fields_at(document, ("buses",))
    if owner[0] == "elements" and isinstance(bus, str) and bus not in buses:
        instead = meant_or_listed(bus, buses, meant) or "; the scene has no buses"
        yield Problem("bus", f"bus: {label(bus)} is not a bus of this scene{instead}", document.value((*owner, "bus")))


def _duck(document: Document, owner: Field, fields: dict[str, Any], meant: Nearest) -> Iterator[Problem]:
    elements, buses = fields_at(document, ("elements",)), fields_at(document, ("buses",))
    for field, name in _under(owner, fields):
        if name == owner[-1]:
            message = f"under: {label(name)} cannot duck under itself; name another element or bus"
        elif name not in elements and name not in buses:
            message = f"under: {label(name)} is neither an element nor a bus of this scene"
            found = meant(name, elements, buses)
            message += f".{found}" if found else "; name one of them"
        else:
            continue
        yield Problem("duck", message, document.value(field))


def _under(owner: Field, fields: dict[str, Any]) -> Iterator[tuple[Field, str]]:
    """The names that a channel ducks under, and the field of each."""
    written = as_fields(fields.get("duck")).get("under")
    if isinstance(written, str):
        yield (*owner, "duck", "under"), written
    if isinstance(written, list):
        for index, name in enumerate(written):
            if isinstance(name, str):
                yield (*owner, "duck", "under", str(index)), name


def _shared_names(document: Document) -> Iterator[Problem]:
    for name in fields_at(document, ("buses",)):
        place = document.key(("buses", name))
        if name in fields_at(document, ("elements",)):
            message = f"{label(name)}: an element has this name too; rename one of the two"
            yield Problem("bus", message, place)


def _circles(document: Document) -> Iterator[Problem]:
    """A bus waits for its elements, a ducked channel for the names under which it ducks: no channel may wait for
    itself."""
    from graphlib import CycleError, TopologicalSorter

    channels = {owner: fields for owner, fields in _channels(document) if len(owner) == 2}
    waits: dict[Field, set[Field]] = {owner: set() for owner in channels}
    for owner, fields in channels.items():
        others = ((kind, name) for _, name in _under(owner, fields) for kind in ("elements", "buses"))
        waits[owner].update(other for other in others if other in channels and other != owner)
        bus = ("buses", str(fields.get("bus")))
        if bus in channels and owner[0] == "elements":
            waits[bus].add(owner)
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        ducking = [owner for owner in circle if "duck" in channels[owner]]  # without ducking no bus waits for another
        first, *rest = (label(name) for _, name in circle[:MOST_LISTED])
        more = f" … and {len(circle) - MOST_LISTED} more" if len(circle) > MOST_LISTED else ""
        message = f"under: {first} waits for {', which waits for '.join(rest)}{more}; remove duck from one of them"
        yield Problem("duck", message, document.value((*max(ducking, key=document.key), "duck", "under")))
