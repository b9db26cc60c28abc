"""Which record of the store belongs to an action: what its facts say about how the take was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scenebuild.engines import Action, action_facts


def facts_of_action(action: Action, content: str | None) -> dict[str, Any]:
    """The facts of a record about how its take was made; ``content`` is the SHA-256 of the decoded recording."""
    told: dict[str, Any] = {"action": action_facts(action)}
    return told if content is None else told | {"decoded": content}


def is_believed(facts: Mapping[str, Any], action: Action) -> bool:
    """Whether a record is of the take of an action.

    Earlier versions could decode a recording after it was replaced, and keep it under the key of the file before. So a
    recording whose record does not say which bytes were decoded is decoded again; its key stays.
    """
    return action.content is None or facts.get("decoded") == action.content
