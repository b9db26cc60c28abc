"""The licence of a whole from the licences of what is in it. A help for the author, no legal advice."""

from __future__ import annotations

from collections.abc import Collection

from scenebuild.licences import allows_commerce, forbids_commerce
from scenebuild.licences import strictest as strictest_of

AS_RECORDED = "as recorded"  # a recording's licence is its author's to know


def strictest(licences: Collection[str]) -> str:
    """The strictest licence among those of the takes in a mix; recordings add their own terms to it.

    >>> strictest(["CC0-1.0", "CC-BY-NC-4.0", "as recorded"])
    "CC-BY-NC-4.0, and the recordings' own terms"
    """
    of_takes = strictest_of([licence for licence in licences if licence != AS_RECORDED])
    own_terms = "the recordings' own terms" if AS_RECORDED in licences else ""
    return ", and ".join(part for part in (of_takes, own_terms) if part)


__all__ = ["AS_RECORDED", "allows_commerce", "forbids_commerce", "strictest"]
