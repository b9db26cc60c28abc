"""Which record of the store is that of an action: what its facts have to say of how the take was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scenebuild.engines import Action, action_facts


def facts_of_action(action: Action, content: str | None) -> dict[str, Any]:
    """The part of a record's facts that tells how its take was made: ``content`` is the digest of what was decoded."""
    told: dict[str, Any] = {"action": action_facts(action)}
    return told if content is None else told | {"decoded": content}


def is_believed(facts: Mapping[str, Any], action: Action) -> bool:
    """Whether a record may stand for the take of an action.

    Earlier versions kept whatever lay at the path of a recording when it was decoded under the key of what lay there
    before. A recording whose record does not say which bytes were decoded is decoded again; its key stays.
    """
    return action.content is None or facts.get("decoded") == action.content
