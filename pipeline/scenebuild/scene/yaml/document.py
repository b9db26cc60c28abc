"""A scene file as plain data, with the place of every key and value.

Aliases, anchors, merge keys and tags are refused during parsing. Nothing is ever expanded, so time and memory are
proportional to the size of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from scenebuild.errors import Place, Problem, SceneError
from scenebuild.scene.check.findings import MOST_SHOWN, capped
from scenebuild.scene.names import Field
from scenebuild.scene.quoting import printable
from scenebuild.scene.yaml.source import place_at, read_content, text_of
from scenebuild.scene.yaml.syntax import syntax_problem


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data as written, not validated, with the place of each key and value. Its contents are never changed."""

    path: str  # as the user typed it
    data: dict[str, Any]  # the root; keys are always text
    keys: Mapping[Field, Place]
    values: Mapping[Field, Place]
    problems: tuple[Problem, ...] = ()  # findings so far; the rest can still be validated
    sources: tuple[str, ...] = ()  # every file that it is composed from, this one first
    # The spelling of each number or word such as true, by its place.
    spelled: Mapping[Place, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)  # SHA-256 of each source as it was read

    def key(self, field: Field) -> Place:
        """The place of a field's name, or of the name of its nearest parent that is written in the file."""
        while field and field not in self.keys:
            field = field[:-1]
        return self.keys[field] if field else self.values[()]

    def value(self, field: Field) -> Place:
        """The place of a field's value, or of the name of its nearest parent that is written in the file."""
        return self.values.get(field) or self.key(field)

    def origin(self, field: Field) -> str:
        """The file in which a field's value is written: its paths are relative to the folder of that file."""
        file = self.value(field).file
        return next((source for source in self.sources if printable(source) == file), self.path)


def read_document(path: str) -> Document:
    """Read a scene file strictly. SceneError with everything that is not plain data."""
    from hashlib import sha256

    content = read_content(path)
    return replace(_parsed(path, text_of(path, content)), digests={path: sha256(content).hexdigest()})


@lru_cache(maxsize=8)
def _parsed(path: str, text: str) -> Document:
    """Cached, as a file is read again for each of its scenes."""
    return parse_document(path, text)


def yaml_loader() -> Any:
    """The YAML parser for reading and editing scene files: libyaml, or PyYAML's own where libyaml is not installed.

    PyYAML's own is slow and refuses a few more documents (a tab before a comment)."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def with_final_line_end(text: str) -> str:
    """The text with a line end after its last line, which libyaml needs and YAML 1.2 does not."""
    return text if text.endswith(("\n", "\r")) else text + "\n"


def parse_document(path: str, text: str) -> Document:
    """The document of a text; ``path`` is for the places only. SceneError as ``read_document``."""
    import yaml

    from scenebuild.scene.yaml.loader import Loader  # loads PyYAML
    from scenebuild.scene.yaml.strict import StrictEvents

    events = StrictEvents(yaml.parse(with_final_line_end(text), Loader=yaml_loader()), text)
    construction = Loader(path, text, iter(events))
    try:
        data = construction.root()
    except yaml.YAMLError as error:
        raise SceneError(capped([*construction.refused, syntax_problem(path, text, error)])) from None
    refused = construction.refused
    refused += [Problem("yaml-syntax", words, place_at(path, text, at)) for at, words in events.found[: MOST_SHOWN + 1]]
    if refused:
        uncounted = max(0, len(events.found) - MOST_SHOWN - 1)
        found = refused + construction.problems
        raise SceneError(capped(found, len(found) + uncounted))
    problems = tuple(construction.problems)
    return Document(path, data, construction.keys, construction.values, problems, (path,), construction.spelled)
