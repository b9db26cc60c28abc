"""Matroska and WebM, which PyAV decodes."""

from __future__ import annotations

from scenebuild.audio.container.header import Header
from scenebuild.audio.container.view import View

KIND = "Matroska"


def knows(head: bytes) -> bool:
    """Whether a file begins so."""
    return head[:4] == b"\x1aE\xdf\xa3"


def read(view: View, start: int) -> Header:
    """Nothing but the kind: what is in it is left to PyAV."""
    return Header(KIND)
