"""The restrictions of a licence by its name, in any spelling, and the strictest of several licences. Not legal advice.

A name becomes a set of restrictions. One licence is stricter than another if it has all its restrictions and at least
one more; if each has a restriction that the other lacks (non-commercial and share-alike), both count. A name in no list
has unknown restrictions: it is always named, and never counts as a permission.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from itertools import accumulate

# SPDX ids that allow commercial use, by their conditions. Creative Commons names have a grammar, below.
_FREE = ("CC0-1.0", "0BSD", "Unlicense", "WTFPL", "MIT-0", "PDDL-1.0", "CC-PDM-1.0")
_NOTICE = (
    "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib", "BSL-1.0", "Apache-2.0", "Artistic-2.0", "AFL-3.0", "NCSA",
    "PostgreSQL", "UPL-1.0", "ODC-By-1.0", "ECL-2.0", "X11", "CDLA-Permissive-1.0", "CDLA-Permissive-2.0",
)  # fmt: skip
_SHARE_ALIKE = (
    "GPL-2.0", "GPL-3.0", "LGPL-2.1", "LGPL-3.0", "AGPL-3.0", "MPL-2.0", "EPL-2.0", "EUPL-1.2", "OSL-3.0", "ODbL-1.0",
    "CDLA-Sharing-1.0", "LAL-1.3", "GFDL-1.3",
)  # fmt: skip
_NAMES = {
    "CC0": "CC0-1.0", "CC Zero": "CC0-1.0", "CC Zero 1.0": "CC0-1.0", "Apache": "Apache-2.0",
    "Apache Software 2.0": "Apache-2.0", "GNU General 3.0": "GPL-3.0", "GNU General 2.0": "GPL-2.0",
    "GNU Affero General 3.0": "AGPL-3.0", "GNU Lesser General 3.0": "LGPL-3.0", "Mozilla 2.0": "MPL-2.0",
    "GPLv3": "GPL-3.0", "GPLv2": "GPL-2.0", "LGPLv3": "LGPL-3.0", "AGPLv3": "AGPL-3.0", "Boost Software 1.0": "BSL-1.0",
}  # fmt: skip

# Restrictions that forbid to sell a mix. A mix changes what is in it, so no-derivatives is one.
_FORBIDDING = frozenset({"non-commercial", "no-derivatives", "research-only", "reserved"})
_UNKNOWN = "unknown"
_OF_SIGNS = {
    "nc": "non-commercial", "nd": "no-derivatives", "sa": "share-alike", "research": "research-only",
    "reserved": "reserved",
}  # fmt: skip
# Phrases in several languages, and the sign that replaces them.
_PHRASES = (
    (r"creative ?commons|cc cc", "cc"),
    (r"cc 0\.0", "cc0"),
    (r"cc p(?:ublic )?d(?:omain )?m(?:ark)?|public domain mark", "cc pdm"),
    (r"(?:non?|nicht|nao|not|not for|not be used) ?[ck]omm?er[a-z]*", "nc"),
    (r"noncomm[a-z]*|pas d utilisation commerciale|sans usage commercial", "nc"),
    (r"not for sale|no sale|not be sold|personal (?:use )?only|only for personal|for personal use", "nc"),
    (r"no ?deriv[a-z]*(?: works)?|keine bearbeitungen?|sin ?derivad[a-z]*|pas de modification", "nd"),
    (r"share ?alike|weitergabe unter gleichen bedingungen", "sa"),
    (r"attribution|namensnennung", "by"),
    (r"all rights reserved|unlicensed|proprietary|alle rechte vorbehalten|no licen[cs]e", "reserved"),
    (r"research[ -]only|(?:only )?for research|research (?:use|purposes?)(?: only)?|nur f r forschung", "research"),
    (r"academic (?:use|only|purposes?|research)|educational (?:use|only|purposes?)", "research"),
    (r"evaluation (?:use|only|purposes?)|for evaluation|no production(?: use)?", "research"),
)
_WITHOUT_MEANING = frozenset(
    ("the", "a", "license", "licence", "licenses", "licensed", "licenced", "v", "version", "international", "unported",
     "generic", "universal", "deed", "https", "http", "org", "www", "publicdomain", "public", "domain", "dedication",
     "en", "legalcode", "only", "or", "later", "newer", "spdx")
)  # fmt: skip
_WORD = re.compile(r"cc0(?![0-9])|[a-z]+|[0-9]+(?:\.[0-9]+)*|[^\W_]")
_RUN_TOGETHER = re.compile(r"(cc)?(by)(nc)?(sa|nd)?(nc)?")
_PORTS = "at|au|br|ca|ch|cl|cn|de|dk|ee|es|eu|fi|fr|gb|gr|hk|hu|ie|igo|in|it|jp|kr|nl|no|nz|pl|pt|ro|se|sg|tw|uk|us|za"
_CC = re.compile(rf"cc by( nc)?( sa| nd)?( nc)?( [1-4]\.[0-9])?( (?:{_PORTS}))?")
_OR = re.compile(r"\s+or\s+(?!later\b|newer\b)", re.IGNORECASE)
_AND = re.compile(r"(?:\s+and\s+|\s*[&;]\s*)", re.IGNORECASE)
_EXCEPTION = re.compile(r"\s+with\s+[\w.-]*exception[\w.-]*\Z", re.IGNORECASE)
LONGEST = 400  # characters; a longer text is not the name of a licence


def forbids_commerce(licence: str) -> bool:
    """Whether a licence forbids to sell a mix with a sound under it.

    >>> [forbids_commerce(one) for one in ("cc by-nc 4.0", "CC-BY-NC-SA-3.0", "CC0-1.0", "MIT OR CC-BY-NC-4.0", "NCSA")]
    [True, True, False, False, False]
    """
    return bool(_restrictions(licence) & _FORBIDDING)


def allows_commerce(licence: str) -> bool:
    """Whether a licence is known to allow to sell a mix with a sound under it; False for an unknown licence.

    >>> [allows_commerce(one) for one in ("CC0-1.0", "Apache 2.0", "CC-BY-NC-4.0", "openrail", "")]
    [True, True, False, False, False]
    """
    return not _restrictions(licence) & (_FORBIDDING | {_UNKNOWN})


def canonical(licence: str) -> str:
    """The SPDX id of a known licence; any other name unchanged, on one line.

    >>> [canonical(one) for one in ("cc by-nc 4.0", "Creative Commons Zero v1.0 Universal", "apache 2.0", "openrail")]
    ['CC-BY-NC-4.0', 'CC0-1.0', 'Apache-2.0', 'openrail']
    """
    words = _words(licence)
    if words in _known():
        return _known()[words]
    found = _CC.fullmatch(words)
    if found is None:
        return " ".join(licence.split())
    first, kind, second, version, port = (part.strip().upper() for part in found.groups(default=""))
    return "-".join(part for part in ("CC-BY", first or second, kind, version, port) if part)


def same(one: str, other: str) -> bool:
    """Whether two names mean the same licence, or the same set of them.

    >>> same("cc-by-nc-4.0", "CC BY-NC 4.0"), same("CC-BY-NC-4.0", "CC-BY-4.0")
    (True, False)
    """
    return set(_parts(one)) == set(_parts(other))


def strictest(licences: Collection[str]) -> str:
    """The licences that no other one exceeds in strictness, those that forbid sale first, joined by "and"; a licence
    that cannot be ranked is always among them.

    >>> strictest(["CC0-1.0", "cc-by-nc-4.0", "Apache-2.0"]), strictest(["CC0-1.0", "openrail"])
    ('CC-BY-NC-4.0', 'CC0-1.0 and openrail')
    """
    found = {part: _restrictions(part) for licence in licences for part in _parts(licence)}
    ranked = [own for own in found.values() if _UNKNOWN not in own]
    left = [name for name, own in found.items() if _UNKNOWN in own or not any(own < other for other in ranked)]
    left.sort(key=lambda name: (not found[name] & _FORBIDDING, _UNKNOWN in found[name], name))
    return left[0] if len(left) == 1 else " and ".join(f"({one})" if _split(one, _OR) != [one] else one for one in left)


def _parts(licence: str) -> list[str]:
    """The licences that a name joins with "and", each by its id; a name without a known part is one licence."""
    parts = [canonical(_without_brackets(part)) for part in _split(_plain(licence), _AND)]
    strange = [part for part in parts if _UNKNOWN in _restrictions(part)]
    if not strange or (len(strange) == 1 and len(parts) > 1):
        return parts
    return [canonical(licence)]


@lru_cache(maxsize=1024)
def _restrictions(licence: str) -> frozenset[str]:
    text = _plain(licence)
    if len(text) > LONGEST:
        return _of_one(text[:LONGEST]) | {_UNKNOWN}
    options = _split(text, _OR)
    if len(options) > 1:
        return _of_options(options)
    parts = _split(text, _AND)
    if len(parts) > 1:
        return frozenset().union(*map(_restrictions, parts))
    inner = _without_brackets(text)
    return _of_one(_EXCEPTION.sub("", text)) if inner == text else _restrictions(inner)


def _of_options(options: Collection[str]) -> frozenset[str]:
    """The restrictions of the least strict option. A sentence with "or" in it is not a choice, and stays unknown."""
    found = {option: _restrictions(option) for option in options}
    prose = any(_UNKNOWN in own and " " in option for option, own in found.items())
    least = min(found.values(), key=lambda own: (_UNKNOWN in own, bool(own & _FORBIDDING), len(own)))
    return least | {_UNKNOWN} if prose else least


def _of_one(text: str) -> frozenset[str]:
    words = _words(text)
    found = _CC.fullmatch(words)
    signs = {sign for sign in words.split() if sign in _OF_SIGNS}
    said = frozenset(_OF_SIGNS[sign] for sign in signs)
    if found is not None:
        return said | {"notice"}
    if words in _known():
        return _ASKED[_known()[words]]
    return said | {_UNKNOWN}


@lru_cache(maxsize=1024)
def _words(text: str) -> str:
    """The significant words of a name, in small letters, with phrases replaced by their signs."""
    found: list[str] = []
    for word in _WORD.findall(_plain(text).casefold()):
        together = _RUN_TOGETHER.fullmatch(word)
        if together is not None:
            found += filter(None, together.groups())
        else:
            found.append(f"{word}.0" if word.isdecimal() else word)
    joined = " ".join(found)
    for pattern, sign in _patterns():
        joined = pattern.sub(sign, joined)
    meant = [word for word in joined.split() if word not in _WITHOUT_MEANING]
    half = len(meant) // 2
    short = meant[half:]  # of "a long name (its short one)"
    return " ".join(short if half and meant[:half] == (short[1:] if short[0] == "cc" != meant[0] else short) else meant)


def _plain(text: str) -> str:
    """A text without invisible characters, in NFKC, with single spaces."""
    shown = "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf")
    return " ".join(shown.split())


def _split(text: str, operator: re.Pattern[str]) -> list[str]:
    """The parts of an expression between the operators outside all brackets."""
    parts, begin, depth, at = [], 0, 0, 0
    for found in operator.finditer(text):
        depth += text.count("(", at, found.start()) - text.count(")", at, found.start())
        at = found.start()
        if depth == 0:
            parts.append(text[begin : found.start()])
            begin = found.end()
    return [part for part in (*parts, text[begin:]) if part.strip()] or [text]


def _without_brackets(text: str) -> str:
    if not (text.startswith("(") and text.endswith(")")):
        return text
    inner = text[1:-1]
    depths = list(accumulate((sign == "(") - (sign == ")") for sign in inner))
    return inner.strip() if min(depths, default=0) == 0 == (depths or [0])[-1] else text


_ASKED = (
    dict.fromkeys(_FREE, frozenset[str]())
    | dict.fromkeys(_NOTICE, frozenset({"notice"}))
    | dict.fromkeys(_SHARE_ALIKE, frozenset({"notice", "share-alike"}))
)


@cache
def _known() -> Mapping[str, str]:
    """The words of each known name -> its SPDX id."""
    return {_words(name): name for name in _ASKED} | {_words(name): spdx for name, spdx in _NAMES.items()}


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(rf"\b(?:{phrase})\b"), sign) for phrase, sign in _PHRASES)
