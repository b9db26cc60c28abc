"""Comments such as ``# scenebuild: ignore=prompt-music`` on the line of a prompt."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scenebuild.errors import Place
from scenebuild.scene.quoting import printable

_COMMENT = re.compile(r"(?:^|(?<=\s))#\s*scenebuild:\s*ignore=[ \t]*([^\s#][^#\r\n]*)")
_BLOCK = ("|", ">")


@dataclass(frozen=True, slots=True)
class Comments:
    """The silenced rules of a file: ids by line (from 1), and the place of each id."""

    by_line: Mapping[int, frozenset[str]] = field(default_factory=dict)
    named: tuple[tuple[str, Place], ...] = ()

    def silence(self, rule: str, *places: Place) -> bool:
        """Whether a comment on the line of one of the places names the rule or ``all``."""
        return any(not {rule, "all"}.isdisjoint(self.by_line.get(place.line, ())) for place in places)


def read_comments(path: str, text: str) -> Comments:
    """The comments of a valid scene file; ``text`` is the result of ``read_source``."""
    if not _COMMENT.search(text):
        return Comments()
    scalars = list(_scalars(text))
    begins = [begin for begin, _ in scalars]
    first_lines: dict[int, int] = {}  # of texts over several lines: last line -> first line
    for begin, end in scalars:
        if begin[0] < end[0]:
            first_lines.setdefault(end[0], begin[0])
    by_line: dict[int, frozenset[str]] = {}
    named: list[tuple[str, Place]] = []
    for line, written in enumerate(re.split(r"\r\n|\r|\n|\x85", text), 1):
        for found in _COMMENT.finditer(written):
            at = (line, found.start() + 1)
            before = bisect_right(begins, at) - 1
            if before >= 0 and at < scalars[before][1]:
                continue  # inside a text
            ids = [name for name in re.split(r"[,\s]+", found.group(1)) if name]
            # A comment on a text over several lines is on its last line, a finding on its first.
            for where in {line, first_lines.get(line, line)}:
                by_line[where] = by_line.get(where, frozenset()) | frozenset(ids)
            named += [(name, Place(printable(path), line, found.start() + 1)) for name in ids]
    return Comments(by_line, tuple(named))


def _scalars(text: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """(line, column) of the begin and end of each text, from 1; a block begins on the line after its | or >."""
    import yaml

    from scenebuild.scene.yaml.document import with_final_line_end, yaml_loader

    for event in yaml.parse(with_final_line_end(text), Loader=yaml_loader()):
        if isinstance(event, yaml.ScalarEvent):
            first: Any = event.start_mark
            last: Any = event.end_mark
            begin, end = (first.line + 1, first.column + 1), (last.line + 1, last.column + 1)
            yield ((first.line + 2, 1) if event.style in _BLOCK else begin), end
