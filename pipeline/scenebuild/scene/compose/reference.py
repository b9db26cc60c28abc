"""``scenes/forest.yaml@night``: how one variant of a scene file is named, and what is called after it.

A reference is a plain text, so that it can stand wherever the path of a scene does: on the command line, in a plan,
in a result. The label behind the ``@`` is the variant's name, then the values of the matrix: ``night+drizzle``.
"""

from __future__ import annotations

import os
import re

_REFERENCE = re.compile(r"(?P<file>.*\.ya?ml)@(?P<label>[^/]*)\Z", re.DOTALL)
JOINT = "+"


def scene_file(reference: str) -> str:
    """The file that a reference means.

    >>> scene_file("scenes/forest.yaml@night"), scene_file("scenes/forest.yaml"), scene_file("me@home/a.yaml")
    ('scenes/forest.yaml', 'scenes/forest.yaml', 'me@home/a.yaml')
    """
    found = _REFERENCE.match(reference)
    return found["file"] if found else reference


def label_of(reference: str) -> str:
    """What stands behind the ``@``; "" for a whole file."""
    found = _REFERENCE.match(reference)
    return found["label"] if found else ""


def folded(name: str) -> str:
    """A name as file systems take it that ignore capitals and the form of accents.

    >>> folded("Caf\u00e9") == folded("CAFE\u0301")
    True
    """
    from unicodedata import normalize

    return normalize("NFC", normalize("NFC", name).casefold())


def referenced(file: str, label: str) -> str:
    """The reference to one variant of a file; with an empty label the file itself."""
    return f"{file}@{label}" if label else file


def stem_of(reference: str) -> str:
    """What outputs and lock of a scene are called.

    >>> stem_of("scenes/forest.yaml@night"), stem_of("scenes/forest.yaml")
    ('forest@night', 'forest')
    """
    stem = os.path.splitext(os.path.basename(scene_file(reference)))[0]
    return referenced(stem, label_of(reference))
