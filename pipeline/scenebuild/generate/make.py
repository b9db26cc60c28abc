"""From the orders of a build to takes in the store."""

from __future__ import annotations

import contextlib
import os
import resource
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

from scenebuild.engines import EngineFacts, Request, places_of
from scenebuild.errors import StoreError
from scenebuild.generate.children import Children
from scenebuild.generate.messages import Advanced, Broken, Made, Noted, Tick
from scenebuild.generate.take import Take, facts_for_store, measure_take, not_asked_for, take_at_hand
from scenebuild.listener import SILENT, Listener
from scenebuild.plan.records import facts_of_action, facts_of_base, is_believed, is_of_base
from scenebuild.scratch import scratch_folder
from scenebuild.settings import GenerateOptions
from scenebuild.store import DamagedError, LocalStore
from scenebuild.store.lease import Lease, SignsOfLife, holder, take_lease

ATTEMPTS = 2  # a child that dies gets its unfinished requests once more, in a fresh process
POLL_S = 0.2
BEAT_S = 2.0
PATIENCE_S = 600.0  # an engine that says nothing for that long may hang: other builders need not wait for it
# How many takes are given to an engine at once; of each a lease is held, which is an open file.
AT_ONCE = 32
AT_ONCE_TOGETHER = 256  # for an engine that makes many together, and loads its model for each such lot
SHARE_OF_FILES = 4  # leases hold at most this part of the files that the process may have open


@dataclass(frozen=True, slots=True)
class TakeOrder:
    """One take to be made: the key it is kept under, and who makes it from what."""

    key: str
    facts: EngineFacts
    request: Request
    digest: str | None = None  # only these bytes will do if they are in the store already: the lock pins them
    base: TakeOrder | None = None  # of the take that is made first, as a stretch of it is made again
    base_facts: Mapping[str, str] = field(default_factory=dict)  # about that take, where it is at hand


@dataclass(frozen=True, slots=True)
class Failure:
    """One take that could not be made, and why."""

    key: str
    message: str
    exit_code: int = 1


@dataclass(frozen=True, slots=True)
class TakeMaker:
    """Where takes are made and kept, and who wants to hear about it."""

    store: LocalStore
    folder: str  # for files on their way; outlives the takes of a build
    options: GenerateOptions = GenerateOptions()
    listener: Listener = SILENT
    told: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)  # the keys whose takes were made here, not by another builder

    def tell_once(self, line: str) -> None:
        """What would be said again for every take of a build, once."""
        if line not in self.told:
            self.told.add(line)
            self.listener.tell(line)


@contextlib.contextmanager
def take_maker(options: GenerateOptions, listener: Listener) -> Iterator[TakeMaker]:
    """What makes takes, with a scratch folder of its own: takes that were made lie there until they are copied."""
    with scratch_folder() as scratch:
        yield TakeMaker(LocalStore(options.store), scratch, options, listener)


def make_takes(orders: Sequence[TakeOrder], shop: TakeMaker, *, anew: bool = False) -> Iterator[Take | Failure]:
    """Make every order, each once across all builders that share the store; yields as they are done.

    An order that has a base waits until that is made.
    ``anew``: also those that another builder has made before or meanwhile (``--force``).
    """
    waiting = [(order, order.base) for order in orders if order.base is not None]
    first = {base.key: base for _, base in waiting} | {order.key: order for order in orders if order.base is None}
    asked_for = {order.key for order in orders}
    ready: list[TakeOrder] = []
    with _Bench(shop) as bench:
        for outcome in _made(list(first.values()), shop, bench, anew=anew):
            if outcome.key in asked_for:
                yield outcome
            based = [_on_base(order, outcome) for order, base in waiting if base.key == outcome.key]
            yield from (one for one in based if isinstance(one, Failure))
            ready += [one for one in based if isinstance(one, TakeOrder)]
        yield from _made(ready, shop, bench, anew=anew)


def _on_base(order: TakeOrder, base: Take | Failure) -> TakeOrder | Failure:
    if isinstance(base, Failure):
        return replace(base, key=order.key, message=f"the take of which a stretch is made again: {base.message}")
    sounds = {**order.request.sounds, "redo": base.path}
    return replace(
        order, request=replace(order.request, sounds=sounds), base=None, base_facts=facts_of_base(base.digest)
    )


def _made(orders: Sequence[TakeOrder], shop: TakeMaker, bench: _Bench, *, anew: bool) -> Iterator[Take | Failure]:
    theirs: deque[TakeOrder] = deque()
    for lot in _lots(orders):
        claim = _Claim(shop, anew)
        yield from _served(lot, claim, bench)
        theirs.extend(claim.held_by_others)
    signs = SignsOfLife()
    if theirs:
        bench.clear()
    while theirs:
        claim = _Claim(shop, anew, signs)
        lot = [theirs.popleft() for _ in range(min(len(theirs), AT_ONCE))]
        yield from _served(lot, claim, bench)
        theirs.extend(claim.held_by_others)
        if len(claim.held_by_others) == len(lot):
            time.sleep(POLL_S)


def _lots(orders: Sequence[TakeOrder]) -> Iterator[list[TakeOrder]]:
    """The orders, one engine after the other, as many at once as leases can be held for."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    for name in sorted({order.facts.name for order in orders}):
        wanted = [order for order in orders if order.facts.name == name]
        most = AT_ONCE_TOGETHER if wanted[0].facts.batches else AT_ONCE
        if files != resource.RLIM_INFINITY:
            most = min(most, max(1, files // SHARE_OF_FILES))
        yield from (wanted[first : first + most] for first in range(0, len(wanted), most))


class _Claim:
    """The leases of one lot, and who holds the others."""

    def __init__(self, shop: TakeMaker, anew: bool, signs: SignsOfLife | None = None) -> None:
        self.leases: dict[str, Lease] = {}
        self.held_by_others: list[TakeOrder] = []
        self._shop = shop
        self._anew = anew
        self._signs = signs  # of those who are waited for; None: nobody is yet

    def take(self, order: TakeOrder) -> Take | None:
        """A lease of the order, unless somebody holds it; what was made of it meanwhile, as then there is nothing to
        do."""
        made = self._from_store(order) if self._signs else None  # they may hold it no more, or hold it for longer
        lease = None if made else self._lease(order.key)
        if lease is None:
            if made is None:
                self.held_by_others.append(order)
            return made
        self.leases[order.key] = lease
        made = self._from_store(order)  # look, lock, look again
        if made is not None:
            lease.release()
        return made

    def release(self) -> None:
        """Give all of them back."""
        for lease in self.leases.values():
            lease.release()

    def _lease(self, key: str) -> Lease | None:
        root = self._shop.store.root
        lease = take_lease(root, key)
        if lease is None and self._signs is None:
            return None
        if lease is None and self._signs:
            self._shop.tell_once(f"waiting for a take that {holder(root, key)} is making")
            if self._signs.is_asleep(root, key):
                self._shop.tell_once(f"{holder(root, key)} gave no sign of life; making the take here")
                return Lease(root, None)
        return lease

    def _from_store(self, order: TakeOrder) -> Take | None:
        return None if self._anew else _from_store(order, self._shop)


def _served(lot: Sequence[TakeOrder], claim: _Claim, bench: _Bench) -> Iterator[Take | Failure]:
    """What of a lot can be had now: made by others meanwhile, or made here. No lease outlives it."""
    try:
        mine = []
        for order in lot:
            made = claim.take(order)
            if made is not None:
                yield made
            elif order.key in claim.leases:
                mine.append(order)
        for name in sorted({order.facts.name for order in mine}):
            yield from bench.make([order for order in mine if order.facts.name == name], claim.leases)
    finally:
        claim.release()


def _from_store(order: TakeOrder, shop: TakeMaker) -> Take | None:
    """What another builder made meanwhile, as a copy: gc may take the object at any time, and it may be damaged."""
    record = shop.store.get(order.key)
    if record is None or order.digest not in (None, record.digest):
        return None
    if not is_believed(record.facts, order.request.action) or not is_of_base(
        record.facts, order.base_facts.get("base")
    ):
        return None
    path = os.path.join(shop.folder, f"{order.key}.wav")
    try:
        shop.store.copy(record.digest, path)
        take, _ = take_at_hand(order.key, path, record, order.facts)
    except (DamagedError, RuntimeError, ValueError):
        return None
    return None if not_asked_for(take, order.request.action, order.facts) else take


class _Bench:
    """The children of one engine at a time, so that only one model is in memory. They serve lot after lot."""

    def __init__(self, shop: TakeMaker) -> None:
        self._shop = shop
        self._engine = ""
        self._children: contextlib.ExitStack = contextlib.ExitStack()
        self._now: Children | None = None

    def __enter__(self) -> _Bench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._children.__exit__(kind, error, trace)

    def clear(self) -> None:
        """End the children: a model that waits for other builders has no claim to memory."""
        self._children.close()
        self._now = None

    def make(self, missing: Sequence[TakeOrder], leases: Mapping[str, Lease]) -> Iterator[Take | Failure]:
        """Orders of one engine; their leases are given back one by one."""
        children = self._of(missing[0].facts)
        for _ in range(ATTEMPTS):
            done: set[str] = set()
            for outcome in _outcomes(missing, children, self._shop, leases):
                done.add(outcome.key)
                leases[outcome.key].release()
                yield outcome
            missing = [order for order in missing if order.key not in done]
            if not missing:
                return
        words = children.last_words()
        yield from (Failure(order.key, f"the engine's process {words}") for order in missing)

    def _of(self, facts: EngineFacts) -> Children:
        if self._now is None or self._engine != facts.name:
            self.clear()
            self._engine = facts.name
            self._now = self._children.enter_context(_children(facts.name, facts, self._shop))
        return self._now


def _children(name: str, facts: EngineFacts, shop: TakeMaker) -> Children:
    told = {"device": shop.options.device or "auto", "exact": shop.options.exact}  # see ``Engine.load``
    return Children(name, told, shop.folder, dict(facts.environment))


def _outcomes(
    orders: Sequence[TakeOrder], children: Children, shop: TakeMaker, leases: Mapping[str, Lease]
) -> Iterator[Take | Failure]:
    facts = orders[0].facts
    places: tuple[Mapping[str, Any], ...] = ()
    if facts.batches and len(orders) > 1:
        places = places_of(facts.name, shop.options.device or "auto")
    count = max(len(places), 1) if facts.batches else max(shop.options.jobs, 1)
    answered: set[str] = set()
    heart = _Heart(leases)
    for said in children.run([order.request for order in orders], count, places):
        heart.beat(said)
        if isinstance(said, Tick):
            continue
        if isinstance(said, Noted):
            shop.tell_once(said.message)
            continue
        index, answer = said
        order = orders[index]
        if order.key in answered:  # a child that broke speaks for all of its share, also for what it had done
            continue
        if isinstance(answer, Advanced):
            shop.listener.progress(order.key, min(answer.share, 0.99))  # done is what is kept
            continue
        answered.add(order.key)
        if isinstance(answer, Made):
            outcome = _publish(order, answer, shop)
            shop.listener.progress(order.key, 1.0)
            yield outcome
        else:
            yield Failure(order.key, answer.message, answer.exit_code if isinstance(answer, Broken) else 1)


class _Heart:
    """Tells other builders that all takes of this one are still to come, also those that wait for their turn."""

    def __init__(self, leases: Mapping[str, Lease]) -> None:
        self._leases = leases
        self._beaten = self._heard = time.monotonic()

    def beat(self, said: object) -> None:
        """Renew the leases, unless the children were silent for too long; ``said``: what they said now, or a tick."""
        now = time.monotonic()
        if not isinstance(said, Tick):
            self._heard = now
        if now - self._beaten >= BEAT_S and now - self._heard < PATIENCE_S:
            self._beaten = now
            for lease in self._leases.values():
                lease.beat()


def _publish(order: TakeOrder, made: Made, shop: TakeMaker) -> Take | Failure:
    """Check what a child wrote, and what it was made from, against what was asked; measure it and keep it.

    Where the store cannot keep it, the build goes on with the file at hand.
    """
    if made.content != order.request.action.content:
        return Failure(
            order.key, "the recording changed while it was built: it is not the file that was planned; build again"
        )
    try:
        take = measure_take(
            order.key,
            made.path,
            made.digest,
            order.facts,
            made_by=made.made_by,
            warnings=made.warnings,
            seconds=made.seconds,
        )
    except (OSError, RuntimeError) as error:
        return Failure(order.key, f"the take could not be read back: {error}")
    if wrong := not_asked_for(take, order.request.action, order.facts):
        return Failure(order.key, f"the engine returned {wrong}")
    take = replace(take, base=order.base_facts.get("base"))
    shop.made.add(order.key)
    try:
        told = {**facts_of_action(order.request.action, made.content), **order.base_facts}
        shop.store.put(order.key, take.path, {**facts_for_store(take), **told}, digest=take.digest)
    except StoreError as error:
        shop.tell_once(f"{error}; the build goes on without keeping it")
    return take
