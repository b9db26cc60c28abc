"""The names of fields, elements and delivered files of a scene."""

from __future__ import annotations

import re

Field = tuple[str, ...]  # the path to a value: ("elements", "rain", "prompt"); an index is written as text
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")  # of an element, a bus or a delivered file
