"""From the orders of a build to takes in the store."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scenebuild.engines import Facts, Request, action_facts
from scenebuild.errors import StoreError
from scenebuild.generate.children import TICK, Children, Event
from scenebuild.generate.take import Take, facts_for_store, measure_take, take_from_store
from scenebuild.store import DamagedError, LocalStore
from scenebuild.store.lease import Lease, holder, is_asleep, take_lease

ATTEMPTS = 2  # a child that dies gets its unfinished requests once more, in a fresh process
POLL_S = 0.2
BEAT_S = 2.0
PATIENCE_S = 600.0  # an engine that says nothing for that long may hang: other builders need not wait for it

Progress = Callable[[str, float], None]  # (key, share done 0 ... 1)
Tell = Callable[[str], None]  # a line for the user


@dataclass(frozen=True, slots=True)
class Order:
    """One take to be made: the key it is kept under, and who makes it from what."""

    key: str
    facts: Facts
    request: Request
    digest: str | None = None  # only these bytes will do if they are in the store already: the lock pins them


@dataclass(frozen=True, slots=True)
class Failure:
    """One take that could not be made, and why."""

    key: str
    message: str
    exit_code: int = 1


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where takes are made and kept, and who wants to hear about it."""

    store: LocalStore
    folder: str  # for files on their way; outlives the takes of a build
    jobs: int
    progress: Progress
    tell: Tell
    options: Mapping[str, Any] = field(default_factory=dict)  # of the engines: see ``Engine.load``
    told: set[str] = field(default_factory=set)

    def tell_once(self, line: str) -> None:
        """What would be said again for every take of a build, once."""
        if line not in self.told:
            self.told.add(line)
            self.tell(line)


def make_takes(orders: Sequence[Order], shop: Workshop, *, anew: bool = False) -> Iterator[Take | Failure]:
    """Make every order, each once across all builders that share the store; yields as they are done.

    ``anew``: also those that another builder has made meanwhile (``--force``).
    """
    leases: dict[str, Lease] = {}
    try:
        mine, theirs = [], []
        for order in orders:
            lease = take_lease(shop.store.root, order.key)
            if lease is None:
                theirs.append(order)
                continue
            leases[order.key] = lease
            made = None if anew else _from_store(order, shop)  # look, lock, look again
            if made is None:
                mine.append(order)
            else:
                lease.release()
                yield made
        yield from _make(mine, shop, leases)
        for order in theirs:
            yield from _wait_or_make(order, shop)
    finally:
        for lease in leases.values():
            lease.release()


def _from_store(order: Order, shop: Workshop) -> Take | None:
    """What another builder made meanwhile, as a copy: gc may take the object at any time, and it may be damaged."""
    record = shop.store.get(order.key)
    if record is None or order.digest not in (None, record.digest):
        return None
    path = os.path.join(shop.folder, f"{order.key}.wav")
    try:
        shop.store.copy(record.digest, path)
        return take_from_store(order.key, record.digest, path, record.facts)
    except (DamagedError, KeyError, TypeError, ValueError):
        return None


def _wait_or_make(order: Order, shop: Workshop) -> Iterator[Take | Failure]:
    """Wait for another builder's take, as long as that builder is alive and awake."""
    root = shop.store.root
    shop.tell(f"waiting for a take that {holder(root, order.key)} is making")
    while True:
        made = _from_store(order, shop)
        if made is not None:
            yield made
            return
        lease = take_lease(root, order.key)
        if lease is None and is_asleep(root, order.key):
            shop.tell(f"{holder(root, order.key)} gave no sign of life; making the take here")
            lease = Lease(root, None)
        if lease is not None:
            leases = {order.key: lease}
            yield from _make([order], shop, leases)
            lease.release()
            return
        time.sleep(POLL_S)


def _make(orders: Sequence[Order], shop: Workshop, leases: dict[str, Lease]) -> Iterator[Take | Failure]:
    """One engine after the other, so that only one model is in memory at a time."""
    for name in sorted({order.facts.name for order in orders}):
        missing = [order for order in orders if order.facts.name == name]
        for attempt in range(1, ATTEMPTS + 1):
            done: set[str] = set()
            with _children(name, missing[0].facts, shop) as children:
                for outcome in _outcomes(missing, children, shop, leases):
                    done.add(outcome.key)
                    leases[outcome.key].release()
                    yield outcome
                missing = [order for order in missing if order.key not in done]
                if missing and attempt == ATTEMPTS:
                    words = children.last_words()
                    yield from (Failure(order.key, f"the engine's process {words}") for order in missing)
            if not missing:
                break


def _children(name: str, facts: Facts, shop: Workshop) -> Children:
    return Children(name, shop.options, shop.folder, dict(facts.environment))


def _outcomes(
    orders: Sequence[Order], children: Children, shop: Workshop, leases: dict[str, Lease]
) -> Iterator[Take | Failure]:
    count = 1 if orders[0].facts.batches else shop.jobs
    answered: set[str] = set()
    heart = _Heart(leases)
    for index, event in children.run([order.request for order in orders], count):
        heart.beat(event)
        if event is TICK:
            continue
        order = orders[index]
        if order.key in answered:  # a child that broke speaks for all of its share, also for what it had done
            continue
        if event["event"] != "progress":
            answered.add(order.key)
        if event["event"] == "progress":
            shop.progress(order.key, min(event["share"], 0.99))  # done is what is kept
        elif event["event"] == "made":
            outcome = _publish(order, event, shop)
            shop.progress(order.key, 1.0)
            yield outcome
        else:
            yield Failure(order.key, event["message"], event.get("exit_code", 1))


class _Heart:
    """Tells other builders that all takes of this one are still to come, also those that wait for their turn."""

    def __init__(self, leases: Mapping[str, Lease]) -> None:
        self._leases = leases
        self._beaten = self._heard = time.monotonic()

    def beat(self, event: Event) -> None:
        now = time.monotonic()
        if event is not TICK:
            self._heard = now
        if now - self._beaten >= BEAT_S and now - self._heard < PATIENCE_S:
            self._beaten = now
            for lease in self._leases.values():
                lease.beat()


def _publish(order: Order, event: Event, shop: Workshop) -> Take | Failure:
    """Check what a child wrote against what was asked, measure it and keep it.

    Where the store can not keep it, the build goes on with the file at hand.
    """
    try:
        take = measure_take(
            order.key,
            event["path"],
            order.facts,
            made_by=event["made_by"],
            warnings=tuple(event["warnings"]),
            seconds=event.get("seconds"),
        )
    except (OSError, RuntimeError) as error:
        return Failure(order.key, f"the take could not be read back: {error}")
    wanted = (
        order.request.action.frames or take.frames,
        order.facts.sample_rate or take.sample_rate,
        order.facts.channels or take.channels,
    )
    got = (take.frames, take.sample_rate, take.channels)
    if got != wanted:
        return Failure(order.key, f"the engine returned {got} (frames, Hz, channels), wanted {wanted}")
    try:
        asked = action_facts(order.request.action)
        shop.store.put(order.key, take.path, {**facts_for_store(take), "action": asked})
    except StoreError as error:
        shop.tell_once(f"{error}; the build goes on without keeping it")
    return take
