"""The schema of a scene file, and the names in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def scene_schema() -> dict[str, Any]:
    """The schema of a scene file, as it is published. Nobody changes it."""
    import json
    from importlib.resources import files

    schema: dict[str, Any] = json.loads(files("scenebuild.schema").joinpath("scene.schema.json").read_text("utf-8"))
    return schema


@lru_cache(maxsize=1)
def known_names() -> frozenset[str]:
    """The name of every field, at any depth."""
    return frozenset(_names_in(scene_schema()))


@lru_cache(maxsize=1)
def effect_names() -> frozenset[str]:
    """The effects, without ``high_pass`` and ``low_pass``, which are fields of a channel as well."""
    return frozenset(scene_schema()["$defs"]["effects"]["items"]["properties"]) - {"high_pass", "low_pass"}


def _names_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _names_in(inner)


def listed_models() -> list[str]:
    """The models of scenebuild itself, without checkpoints that a user has registered."""
    known: list[str] = scene_schema()["$defs"]["model"]["anyOf"][0]["enum"]
    return known
