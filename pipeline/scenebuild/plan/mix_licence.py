"""The licence of a mix from the licences of its takes. A help for the author, not legal advice."""

from __future__ import annotations

from collections.abc import Collection

from scenebuild import licences as of_names
from scenebuild.licences import forbids_commerce

AS_RECORDED = "as recorded"  # only the author knows the licence of a recording
OWN_TERMS = "the recordings' own terms"


def strictest(licences: Collection[str]) -> str:
    """The strictest licence among those of the takes in a mix, or of what one take is made from; recordings add their
    own terms to it.

    >>> strictest(["CC0-1.0", "CC-BY-NC-4.0", "as recorded"])
    "CC-BY-NC-4.0, and the recordings' own terms"
    >>> strictest(["CC0-1.0, and the recordings' own terms", "MIT"])
    "MIT, and the recordings' own terms"
    """
    of_models = of_names.strictest(list(filter(None, map(without_own_terms, licences))))
    own_terms = OWN_TERMS if any(without_own_terms(licence) != licence for licence in licences) else ""
    return ", and ".join(part for part in (of_models, own_terms) if part)


def without_own_terms(licence: str) -> str:
    """The licence of the models alone; "" of a recording as it is."""
    return "" if licence in (AS_RECORDED, OWN_TERMS) else licence.removesuffix(f", and {OWN_TERMS}")


def allows_commerce(licence: str) -> bool:
    """Whether a take may be sold as far as its model says; a recording's own terms are its author's to know."""
    return of_names.allows_commerce(without_own_terms(licence))


__all__ = ["AS_RECORDED", "allows_commerce", "forbids_commerce", "strictest", "without_own_terms"]
