"""Which record of the store belongs to an action: what its facts say about how the take was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scenebuild.engines import Action, action_facts


def facts_of_action(action: Action, content: str | None) -> dict[str, Any]:
    """The facts of a record about how its take was made; ``content`` is the SHA-256 of the decoded recording."""
    told: dict[str, Any] = {"action": action_facts(action)}
    return told if content is None else told | {"decoded": content}


def facts_of_base(digest: str, *, of_lock: bool = False) -> dict[str, str]:
    """The facts of a record about the take of which a stretch was made again; ``of_lock``: the lock of a scene alone
    says that these are bytes of that take."""
    return {"base": digest} | ({"base_of": "lock"} if of_lock else {})


def is_believed(facts: Mapping[str, Any], action: Action) -> bool:
    """Whether a record is of the take of an action.

    Earlier versions could decode a recording after it was replaced, and keep it under the key of the file before. So a
    recording whose record does not say which bytes were decoded is decoded again; its key stays.
    """
    return action.content is None or facts.get("decoded") == action.content


def is_of_base(facts: Mapping[str, Any], digest: str | None) -> bool:
    """Whether a record is of a take that was made of the base with this SHA-256; None where no base is at hand.

    A model may make other bytes of one request elsewhere, and all of a base take but the stretch stays to the bit. A
    take whose base a lock alone vouches for is for scenes with that base: a lock may be a stranger's.
    """
    if digest is None:
        return facts.get("base_of") != "lock"
    return bool(facts.get("base", digest) == digest)
