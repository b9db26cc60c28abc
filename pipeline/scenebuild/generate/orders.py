"""From the steps of a plan to the orders of what is missing, each with the sounds that it is made from.

An engine gets copies that have the bytes which were planned, so that nothing is kept under the key of other bytes.
"""

from __future__ import annotations

import os
from dataclasses import replace

from scenebuild.engines import Request
from scenebuild.generate.make import Failure, TakeMaker, TakeOrder
from scenebuild.generate.take import measure_take, not_asked_for
from scenebuild.plan.records import facts_of_base
from scenebuild.plan.steps import Step
from scenebuild.store import DamagedError
from scenebuild.store.local import copy_file

CHANGED = "changed while it was built: it is not the file that was planned; build again"


def order_of(step: Step, maker: TakeMaker) -> TakeOrder | Failure:
    """The order of a step whose take is missing. Where its base is missing, too, the order of that is in it.

    Failure where a recording is not the one that was planned.
    """
    try:
        sounds = _recordings(step, maker)
    except ValueError as error:
        return Failure(step.key, str(error))
    licence = step.licence if step.is_dear else None
    request = Request(step.action, step.element.recording, licence, sounds)
    order = TakeOrder(step.key, step.facts, request, None if step.is_dear else step.digest)
    if step.base is None:
        return order
    of_its_own = {name: path for name, path in sounds.items() if name != "continues"}  # that is in the base
    if path := _base_at_hand(step, maker):
        sounds = {**of_its_own, "redo": path}
        return replace(
            order,
            request=replace(request, sounds=sounds),
            base_facts=facts_of_base(step.base.digest or "", of_lock=step.base.of_lock),
        )
    base = TakeOrder(step.base.key, step.facts, replace(request, action=step.base.action))
    return replace(order, request=replace(request, sounds=of_its_own), base=base)


def _recordings(step: Step, maker: TakeMaker) -> dict[str, str]:
    """The recordings that the engine takes, by field, as copies. ValueError where one is another file by now."""
    found = {}
    for field, path in step.element.sound_prompts.recordings.items():
        digest: str | None = getattr(step.action, field)
        if digest is not None:
            found[field] = _copy(os.path.realpath(path), digest, os.path.basename(path), maker)
    return found


def _base_at_hand(step: Step, maker: TakeMaker) -> str | None:
    """A copy of the base take; None where it is not in the store, is damaged there, or is no take of its action:
    whatever a lock says, the sound that is there counts."""
    if step.base is None or step.base.digest is None:
        return None
    path = os.path.join(maker.folder, f"{step.base.key}-base.wav")
    try:
        maker.store.copy(step.base.digest, path)
        if wrong := not_asked_for(
            measure_take(step.base.key, path, step.base.digest, step.facts), step.base.action, step.facts
        ):
            raise ValueError(f"{step.base.digest[:12]}… has {wrong}")
        maker.store.touch(step.base.key, step.base.digest)
    except (DamagedError, ValueError, RuntimeError) as error:
        maker.listener.tell(f"{step.name}: {error}; its base take is made again")
        return None
    return path


def _copy(path: str, digest: str, name: str, maker: TakeMaker) -> str:
    folder = os.path.join(maker.folder, "recordings", digest)
    copy = os.path.join(folder, name)
    if not os.path.exists(copy):
        os.makedirs(folder, exist_ok=True)
        try:
            copy_file(path, digest, copy)
        except DamagedError as error:
            raise ValueError(f"{name} {CHANGED}") from error
    return copy
