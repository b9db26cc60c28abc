"""References such as ``scenes/forest.yaml@night``: the path of a scene file, or of one of its variants.

A reference is text and may be used wherever the path of a scene is: on the command line, in a plan, in a result. The
label after the ``@`` is the variant's name and the values of the matrix: ``night+drizzle``.
"""

from __future__ import annotations

import os
import re

_REFERENCE = re.compile(r"(?P<file>.*\.ya?ml)@(?P<label>[^/]*)\Z", re.DOTALL)
JOINT = "+"


def scene_file(reference: str) -> str:
    """The file of a reference.

    >>> scene_file("scenes/forest.yaml@night"), scene_file("scenes/forest.yaml"), scene_file("me@home/a.yaml")
    ('scenes/forest.yaml', 'scenes/forest.yaml', 'me@home/a.yaml')
    """
    found = _REFERENCE.match(reference)
    return found["file"] if found else reference


def label_of(reference: str) -> str:
    """The label after the ``@``; "" for a whole file."""
    found = _REFERENCE.match(reference)
    return found["label"] if found else ""


def folded(name: str) -> str:
    """A name in the form in which file systems without case and Unicode sensitivity compare it.

    >>> folded("Caf\u00e9") == folded("CAFE\u0301")
    True
    """
    from unicodedata import normalize

    return normalize("NFC", normalize("NFC", name).casefold())


def referenced(file: str, label: str) -> str:
    """The reference to a variant of a file; the file itself where the label is empty."""
    return f"{file}@{label}" if label else file


def stem_of(reference: str) -> str:
    """The name of a scene's outputs and lock, without suffix.

    >>> stem_of("scenes/forest.yaml@night"), stem_of("scenes/forest.yaml")
    ('forest@night', 'forest')
    """
    stem = os.path.splitext(os.path.basename(scene_file(reference)))[0]
    return referenced(stem, label_of(reference))
