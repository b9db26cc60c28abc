"""How the fields, elements and files of a scene are called."""

from __future__ import annotations

import re

Field = tuple[str, ...]  # the way to a value: ("elements", "rain", "prompt"); positions in a list are written as text
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")  # of an element, a bus or a delivered file
