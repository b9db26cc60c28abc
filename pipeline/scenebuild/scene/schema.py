"""The schema of a scene file, and the names that it knows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def scene_schema() -> dict[str, Any]:
    """The schema of a scene file, as it is shipped."""
    import json
    from importlib.resources import files

    schema: dict[str, Any] = json.loads(files("scenebuild.schema").joinpath("scene.schema.json").read_text("utf-8"))
    return schema


@lru_cache(maxsize=1)
def known_names() -> frozenset[str]:
    """Every name that is a field of something."""
    return frozenset(_names_in(scene_schema()))


@lru_cache(maxsize=1)
def effect_names() -> frozenset[str]:
    """What can stand in a list of effects."""
    return frozenset(scene_schema()["$defs"]["effects"]["items"]["properties"]) - {"high_pass", "low_pass"}


def _names_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _names_in(inner)


def listed_models() -> list[str]:
    """The models that every scenebuild knows. A checkpoint that somebody registered has a name beside them."""
    known: list[str] = scene_schema()["$defs"]["model"]["anyOf"][0]["enum"]
    return known
