"""What a build will do for each element, and why. Planning imports nothing heavy."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from scenebuild.engines import Action, EngineFacts, engine, is_engine
from scenebuild.errors import Problem, SceneError, UsageError
from scenebuild.plan.action import action_key, action_of, base_action_of, has_base
from scenebuild.plan.drift import drift_of
from scenebuild.plan.engine_choice import Contents, decide, state_of
from scenebuild.plan.lockfile import Lock, LockEntry, take_name
from scenebuild.plan.mix_licence import AS_RECORDED, strictest
from scenebuild.plan.recordings import contents_of, refused
from scenebuild.plan.records import is_believed, is_of_base
from scenebuild.scene.compose.reference import stem_of
from scenebuild.scene.model import Element, Scene
from scenebuild.scene.played_part import pieces_of
from scenebuild.settings import PlanOptions
from scenebuild.store import LocalStore, Record

FORCED = "forced"
Status = Literal["hit", "locked", "miss"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BaseTake:
    """The take of which a stretch is made again: a take like any other, which no element plays."""

    action: Action
    key: str
    digest: str | None  # of its bytes in the store: those of the lock, or of its record; None: it is made first
    of_lock: bool = False  # the lock alone says so
    replaces_locked: bool = False  # the lock pins other bytes of the same request, which are not in the store


@dataclass(frozen=True, slots=True)
class Step:
    """One take of an element: what decides it, whether it is in the store, and the reason in words."""

    element: Element
    facts: EngineFacts  # of the engine that makes it
    action: Action
    key: str
    status: Status
    reason: str
    record: Record | None = None  # for a hit, and for a locked take whose record is the locked one
    entry: LockEntry | None = None  # of the lock, where its key is this key
    drift: str = ""  # how it differs from the lock: "prompt changed"; "" if it does not
    replaces_real: bool = False  # a sketch stands in for a real take of the lock
    obstacle: Problem | None = None  # why a miss cannot be made here
    contents: Contents = field(default_factory=dict)  # SHA-256 of the recordings of its element, by field
    base: BaseTake | None = None  # the take of which a part is made again
    piece: int = 0  # the number of the take, of an element that is made of several
    shared_with: str = ""  # an earlier element or scene that has the same take

    @property
    def name(self) -> str:
        """The name of the take, in the lock and of its file."""
        return take_name(self.element.name, self.piece)

    def one_of(self, takes: Mapping[str, Sequence[T]]) -> T:
        """The value for this step, from the takes of all elements or from one value for each take."""
        return takes[self.element.name][self.piece]

    @property
    def digest(self) -> str | None:
        """The locked digest, where the lock's key is this key."""
        return self.entry.digest if self.entry else None

    @property
    def told(self) -> str:
        """The reason, the sounds that the take leaves out, and what shares the take."""
        shared = f"shared with {self.shared_with}" if self.shared_with else ""
        return "; ".join(filter(None, (self.reason, self.left_out, shared)))

    @property
    def left_out(self) -> str:
        """Which sounds of its element do not act on the take, in words; "" for none."""
        names = [name for name in self.element.sound_prompts.fields if name not in self.facts.parameters]
        return f"{' and '.join(names)} left out: a {self.facts.title} takes none" if names else ""

    @property
    def licence(self) -> str:
        """Of its take, as far as it is known before it is made: what is made from a recording has its terms as well."""
        is_derived = self.action.continues or self.action.melody
        return strictest([self.facts.licence, AS_RECORDED]) if is_derived else self.facts.licence

    @property
    def is_forced(self) -> bool:
        """It is made again although its take may be at hand."""
        return self.reason.startswith(FORCED)

    @property
    def is_dear(self) -> bool:
        """Whether a model makes the take, which costs time."""
        return _is_dear(self.facts)


@dataclass(frozen=True, slots=True)
class Plan:
    """A scene and its steps, in the order of the file."""

    scene: Scene
    lock: Lock | None
    steps: tuple[Step, ...]
    gone: tuple[str, ...] = field(default=())  # in the lock, no longer in the scene

    @property
    def is_preview(self) -> bool:
        """Whether a sketch stands in for a real take of the lock, which must not change then."""
        return any(step.replaces_real for step in self.steps)


def make_plan(scene: Scene, lock: Lock | None, store: LocalStore, options: PlanOptions) -> Plan:
    """The plan of a scene. SceneError if a recording or an engine is missing."""
    lock_now = lock or Lock()
    unknown = options.force_elements - {element.name for element in scene.elements}
    if unknown:
        names = ", ".join(sorted(unknown))
        raise UsageError(f"--force-element {names}: {scene.path} has no such element")
    steps: list[Step] = []
    problems: list[Problem] = []
    for element in scene.elements:
        try:
            steps += _steps(element, scene, lock_now, store, options)
        except SceneError as error:
            problems += error.problems
    if problems:
        raise SceneError(list(dict.fromkeys(problems)))
    names_now = {step.name for step in steps}
    return Plan(scene, lock, tuple(steps), tuple(sorted(set(lock_now.elements) - names_now)))


def _steps(element: Element, scene: Scene, lock: Lock, store: LocalStore, options: PlanOptions) -> Iterator[Step]:
    """The steps of an element, one for each take that it is made of."""
    entry, contents = lock.entry(element.name), contents_of(element, scene, options)
    facts, action = decide(element, scene, entry, store, options, contents)
    base = _base_take(element, scene, facts, entry, store, contents) if has_base(element, facts) else None
    first = _step(element, scene, facts, action, entry, store, options, base=base)
    yield replace(first, contents=contents, base=base, reason=_with_base(first, base))
    pieces, _ = pieces_of(element.duration_s or 0.0, element.playback, facts.longest_take_s)
    for piece in range(1, pieces if element.recording is None else 1):
        action = action_of(element, scene, facts, piece=piece)
        entry = lock.entry(element.name, piece)
        yield _step(element, scene, facts, action, entry, store, options, piece)


def _step(
    element: Element,
    scene: Scene,
    facts: EngineFacts,
    action: Action,
    entry: LockEntry | None,
    store: LocalStore,
    options: PlanOptions,
    piece: int = 0,
    base: BaseTake | None = None,
) -> Step:
    key = action_key(action)
    drift = drift_of(action, key, entry, element)
    digest = entry.digest if entry and not drift else None
    forced = options.force or element.name in options.force_elements
    record = None if forced else store.get(key)
    record = record if record and is_believed(record.facts, action) else None
    if record and base and record.digest != digest and not is_of_base(record.facts, base.digest):
        record = None
    # The digest of a recording in a lock counts only if the store knows which bytes were decoded.
    is_there = (
        store.has(digest) if digest and action.content is None else record is not None and record.digest == digest
    )
    status, reason = _status(record, digest, drift, is_there, forced=forced, dear=_is_dear(facts))
    return Step(
        element,
        facts,
        action,
        key,
        status,
        reason,
        record=record if record and (status == "hit" or record.digest == digest) else None,
        entry=None if drift else entry,
        drift=drift,
        replaces_real=facts.fidelity == "sketch" and entry is not None and _is_real(entry.engine),
        obstacle=next(_obstacles(element, scene, facts), None) if status == "miss" else None,
        piece=piece,
    )


def _base_take(
    element: Element,
    scene: Scene,
    facts: EngineFacts,
    entry: LockEntry | None,
    store: LocalStore,
    contents: Contents,
) -> BaseTake:
    """The take without its ``redo``, in the same precision; where the lock pins it, alone or as the base of another
    stretch, those bytes."""
    action = base_action_of(element, scene, facts, contents=contents)
    key = action_key(action)
    pinned = {entry.key: entry.digest, entry.redo: entry.redo_base} if entry is not None else {}
    locked = pinned.get(key)
    record = store.get(key)
    recorded = record.digest if record else None
    if locked and store.has(locked):
        return BaseTake(action, key, locked, of_lock=locked != recorded)
    return BaseTake(action, key, recorded, replaces_locked=locked is not None and _is_dear(facts))


def _with_base(step: Step, base: BaseTake | None) -> str:
    redo = step.element.sound_prompts.redo
    if step.status != "miss" or base is None or redo is None:
        return step.reason
    told = "the base take is in the store" if base.digest else "the base take is made first"
    if base.replaces_locked:
        other = "another take of the same request is its base" if base.digest else "another one is made first"
        told = f"the locked base take is not in the store; {other}"
    return f"{step.reason}; {redo.describe()} made again ({told})"


def _obstacles(element: Element, scene: Scene, facts: EngineFacts) -> Iterator[Problem]:
    yield from refused(element, scene)
    if not (state := state_of(facts)).ready:
        message = f"engine: {facts.title} cannot be used here: {state.reason}; {state.advice}"
        yield Problem("engine-missing", message, scene.place_of("elements", element.name, "engine"))


def _status(
    record: Record | None, digest: str | None, drift: str, is_there: bool, *, forced: bool, dear: bool
) -> tuple[Status, str]:
    """A locked take that is not in the store is replaced by another take of the same request only if a model makes it:
    making it again costs time and may give other bytes. A sketch or a recording is made again with the same bytes."""
    if forced:
        return "miss", FORCED
    if digest is not None and is_there:
        return "locked", "as the lock says"
    if record is not None and digest is not None and dear:
        return "hit", "the locked take is gone, another take of the same request is at hand"
    if record is not None and digest is None:
        return "hit", f"{drift}, but made before"
    return "miss", drift or "the locked take is not in the store"


def _is_dear(facts: EngineFacts) -> bool:
    return facts.fidelity == "real"


def _is_real(engine_name: str) -> bool:
    """An engine that this installation does not know counts as real: only a larger installation has it."""
    return not is_engine(engine_name) or engine(engine_name).facts.fidelity == "real"


def with_sharing(plans: Mapping[str, Plan]) -> dict[str, Plan]:
    """The plans of one command, with ``shared_with`` in each step whose take an earlier step has."""
    first: dict[str, tuple[str, str]] = {}  # key -> scene, element
    return {
        path: replace(plan, steps=tuple(_shared(step, path, first) for step in plan.steps))
        for path, plan in plans.items()
    }


def _shared(step: Step, path: str, first: dict[str, tuple[str, str]]) -> Step:
    scene, name = first.setdefault(step.key, (path, step.name))
    if (scene, name) == (path, step.name):
        return step
    return replace(step, shared_with=name if scene == path else stem_of(scene))


def count(plans: Collection[Plan]) -> int:
    """The number of takes that would be generated: each missing key once, without recordings."""
    made = [step for plan in plans for step in plan.steps if step.status == "miss" and step.element.recording is None]
    return len({step.key for step in made} | {step.base.key for step in made if step.base and not step.base.digest})
