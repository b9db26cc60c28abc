"""Edits of single lines in a scene file. All other bytes stay: comments, order, quotes, flow style, line ends.

An edit replaces the characters of one value, at the offsets that the YAML parser reports. Its result is parsed again
and must differ from the old data in this value only.
"""

from __future__ import annotations

import copy
import re
from codecs import BOM_UTF8
from dataclasses import dataclass
from typing import Any

from scenebuild.errors import Place, Problem, SceneError
from scenebuild.scene.names import Field
from scenebuild.scene.quoting import label, number, printable
from scenebuild.scene.yaml.document import parse_document, with_final_line_end, yaml_loader
from scenebuild.scene.yaml.scalars import Scalar, plain
from scenebuild.scene.yaml.source import text_of

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 _./()-]*\Z")
_LINE_END = re.compile(r"\r\n|\r|\n")

Written = Scalar | dict[str, Scalar]


@dataclass(frozen=True, slots=True)
class _Splice:
    start: int
    end: int
    text: str


def edited(path: str, content: bytes, field: Field, value: Written) -> bytes:
    """The bytes of a scene file in which ``field`` has the value.

    The owner of the field must exist: for ``("elements", "rain", "take")`` the element ``rain``. A new name may get a
    set of plain values, such as a new element. SceneError where the file is not valid YAML, or where the value cannot
    be changed in one line.
    """
    mark = BOM_UTF8 if content.startswith(BOM_UTF8) else b""
    body = text_of(path, content)
    splice = _splice(path, body, field, value)
    after = body[: splice.start] + splice.text + body[splice.end :]
    if not _means(path, body, after, field, value):
        raise _refused(path, body, field, "cannot be changed in one line here; change it by hand")
    return mark + after.encode("utf-8")


def scalar(value: Scalar) -> str:
    """A plain value as YAML: bare where YAML reads it back unchanged, in double quotes otherwise.

    >>> scalar(3), scalar(0.5), scalar(True), scalar("soft rain"), scalar("no: rain"), scalar("null")
    ('3', '0.5', 'true', 'soft rain', '"no: rain"', '"null"')
    """
    import json

    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int | float):
        return number(value)
    bare = _PLAIN.match(value) and not value.endswith(" ") and plain(value) == value
    return value if bare else json.dumps(value, ensure_ascii=False)


def _splice(path: str, text: str, field: Field, value: Written) -> _Splice:
    owner = _find(_compose(path, text), field[:-1])
    if owner is None or not _is_mapping(owner):
        raise _refused(path, text, field, f"cannot be added: the file has no fields of {label(field[-2])}")
    held = next((node for key, node in owner.value if key.value == field[-1]), None)
    if held is None:
        insertion = _insertion(text, owner, field[-1], value)
        if insertion is None:
            raise _refused(path, text, field, "cannot be added in one line here; add it by hand")
        return insertion
    start, end = held.start_mark.index, held.end_mark.index
    if isinstance(value, dict) or not _is_line(held):
        raise _refused(path, text, field, "takes more than one line here; change it by hand")
    return _Splice(start, end, f" {scalar(value)}" if start == end else scalar(value))


def _insertion(text: str, owner: Any, name: str, value: Written) -> _Splice | None:
    if owner.flow_style:
        return _into_flow(owner, f"{name}: {_flow(value)}")
    newline = found[0] if (found := _LINE_END.search(text)) else "\n"
    column = owner.value[0][0].start_mark.column
    lines = newline.join(_block(name, value, column))
    at = _line_after(text, owner)
    if at is None:
        key = owner.value[0][0].start_mark
        begin = key.index - key.column
        return None if text[begin : key.index].strip() else _Splice(begin, begin, lines + newline)
    if at and text[at - 1] not in "\r\n":  # the last line of the file has no line end
        return _Splice(at, at, newline + lines)
    return _Splice(at, at, lines + newline)


def _into_flow(owner: Any, entry: str) -> _Splice:
    if not owner.value:
        at = owner.start_mark.index + 1
        return _Splice(at, at, entry)
    at = owner.value[-1][1].end_mark.index
    return _Splice(at, at, f", {entry}")


def _line_after(text: str, owner: Any) -> int | None:
    """The offset after the line of the last entry; None where it is uncertain.

    For the parser a block scalar, or a set of fields in block style, ends where the next token begins, after comments
    and blank lines that may belong to the next field.
    """
    _, last = owner.value[-1]
    while _is_mapping(last) and not last.flow_style and last.value:
        _, last = last.value[-1]
    if not _is_exact(last):
        simple = [node for _, node in owner.value if _is_exact(node)]
        if not simple:
            return None
        last = simple[-1]
    end: int = last.end_mark.index
    found = _LINE_END.search(text, end)
    return found.end() if found else len(text)


def _is_exact(node: Any) -> bool:
    return (hasattr(node, "flow_style") and bool(node.flow_style)) or getattr(node, "style", "|") not in ("|", ">")


def _is_line(node: Any) -> bool:
    """Whether a node is a scalar on one line."""
    scalar_node = isinstance(node.value, str) and node.style not in ("|", ">")
    return scalar_node and node.start_mark.line == node.end_mark.line


def _is_mapping(node: Any) -> bool:
    return bool(node.id == "mapping")


def _block(name: str, value: Written, column: int) -> list[str]:
    indent = " " * column
    if not isinstance(value, dict):
        return [f"{indent}{name}: {scalar(value)}"]
    return [f"{indent}{name}:", *(f"{indent}  {key}: {scalar(one)}" for key, one in value.items())]


def _flow(value: Written) -> str:
    """A value inside of braces."""
    if not isinstance(value, dict):
        return scalar(value)
    return "{" + ", ".join(f"{key}: {scalar(one)}" for key, one in value.items()) + "}"


def _find(node: Any, field: Field) -> Any:
    for name in field:
        node = next((inner for key, inner in node.value if key.value == name), None) if _is_mapping(node) else None
        if node is None:
            return None
    return node


def _compose(path: str, text: str) -> Any:
    """The nodes of a valid scene file, each with the offsets of its begin and end."""
    import yaml

    parse_document(path, text)
    return yaml.compose(with_final_line_end(text), Loader=yaml_loader())


def _means(path: str, before: str, after: str, field: Field, value: Written) -> bool:
    meant = copy.deepcopy(parse_document(path, before).data)
    owner: Any = meant
    for name in field[:-1]:
        owner = owner.get(name) if isinstance(owner, dict) else None
    if not isinstance(owner, dict):  # a name occurs twice, and the parser keeps the later value
        return False
    owner[field[-1]] = value
    try:
        return parse_document(path, after).data == meant
    except SceneError:
        return False


def _refused(path: str, text: str, field: Field, why: str) -> SceneError:
    document = parse_document(path, text)
    message = f"{label(field[-1])}: {why}"
    return SceneError([Problem("edit", message, document.key(field) if document.keys else Place(printable(path)))])
