"""Which record of the store belongs to an action: what its facts say about how the take was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scenebuild.engines import Action, action_facts


def facts_of_action(action: Action, content: str | None, base: str | None = None) -> dict[str, Any]:
    """The facts of a record about how its take was made; ``content`` is the SHA-256 of the decoded recording, ``base``
    that of the take of which a stretch was made again."""
    told: dict[str, Any] = {"action": action_facts(action)}
    told |= {} if content is None else {"decoded": content}
    return told if base is None else told | {"base": base}


def is_believed(facts: Mapping[str, Any], action: Action, base: str | None = None) -> bool:
    """Whether a record is of the take of an action, whose base take has the SHA-256 ``base``; None where it is unknown.

    Earlier versions could decode a recording after it was replaced, and keep it under the key of the file before. So a
    recording whose record does not say which bytes were decoded is decoded again; its key stays. A model may make other
    bytes of one request elsewhere, and all of a base take but the stretch stays to the bit: so a take that was made of
    another base is not the one that is asked for.
    """
    if action.content is not None and facts.get("decoded") != action.content:
        return False
    return base is None or facts.get("base", base) == base
