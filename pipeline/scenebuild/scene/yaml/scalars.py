"""The values of plain scalars by the core schema of YAML 1.2.2, section 10.3.2, without the additions of YAML 1.1.

``no``, ``on``, ``1:30`` and ``2024-01-01`` are text, ``012`` is twelve and ``1e3`` is a number.
"""

from __future__ import annotations

import math
import re

_WORDS: dict[str, bool | float | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".nan": math.nan, ".NaN": math.nan, ".NAN": math.nan,
    ".inf": math.inf, ".Inf": math.inf, ".INF": math.inf,
    "+.inf": math.inf, "+.Inf": math.inf, "+.INF": math.inf,
    "-.inf": -math.inf, "-.Inf": -math.inf, "-.INF": -math.inf,
}  # fmt: skip
_NUMBER = re.compile(
    r"(?P<decimal>[-+]?[0-9]+)|(?P<octal>0o[0-7]+)|(?P<hexadecimal>0x[0-9a-fA-F]+)"
    r"|(?P<real>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
)
_BASES = {"decimal": 10, "octal": 8, "hexadecimal": 16}
_MOST_DIGITS = 300  # a longer number is no finite double; Python's int takes quadratic time

Scalar = str | int | float | bool | None


def plain(text: str) -> Scalar:
    """The value of a scalar that is written without quotes and without a tag.

    >>> plain("no"), plain("1:30"), plain("012"), plain("0o14"), plain("1e3"), plain("true"), plain("~")
    ('no', '1:30', 12, 12, 1000.0, True, None)
    """
    if text in _WORDS:
        return _WORDS[text]
    found = _NUMBER.fullmatch(text) if text[0] in "+-.0123456789" else None
    if found is None or found.lastgroup is None:
        return text
    if found.lastgroup == "real":
        return float(text)
    if len(text) > _MOST_DIGITS:
        return -math.inf if text[0] == "-" else math.inf
    return int(text[2:] if text[:2] in ("0o", "0x") else text, _BASES[found.lastgroup])
