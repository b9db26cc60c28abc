"""The licence of a whole from the licences of what is in it. A help for the author, no legal advice."""

from __future__ import annotations

from collections.abc import Collection

AS_RECORDED = "as recorded"  # a recording's licence is its author's to know
# The weights' licences that forbid commercial use, the strictest first (SPDX ids).
NON_COMMERCIAL = ("CC-BY-NC-4.0",)


def forbids_commerce(licence: str) -> bool:
    """Whether a licence's id says that what is made may not be sold.

    >>> [forbids_commerce(one) for one in ("CC-BY-NC-4.0", "CC-BY-NC-SA-3.0", "CC0-1.0", "as recorded", "NCSA")]
    [True, True, False, False, False]
    """
    return licence in NON_COMMERCIAL or "NC" in licence.upper().replace("_", "-").split("-")


def strictest(licences: Collection[str]) -> str:
    """The strictest licence among those of the takes in a mix; recordings add their own terms to it.

    >>> strictest(["CC0-1.0", "CC-BY-NC-4.0", "as recorded"])
    "CC-BY-NC-4.0, and the recordings' own terms"
    """
    of_takes = [licence for licence in licences if licence != AS_RECORDED]
    ranked = [licence for licence in NON_COMMERCIAL if licence in of_takes] or sorted(set(of_takes))
    own_terms = "the recordings' own terms" if AS_RECORDED in licences else ""
    return ", and ".join(part for part in (" and ".join(ranked[:1] or []), own_terms) if part)
