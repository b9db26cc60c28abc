"""The record of an action key as bytes: JSON whose first line is the SHA-256 of all that follows it.

So any flipped bit on the disk is detected. Earlier versions of scenebuild wrote no such line and ignore it, so that
builds of both versions can share a store. Without the line, key, digest and size are still checked against the object;
the facts about the sound are not, see ``Record.sealed``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from scenebuild.store.digest import digest_bytes

RECORD_VERSION = 1
LARGEST_RECORD = 1 << 20
HEX = re.compile(r"[0-9a-f]{64}\Z")
_SEAL = b'{\n "sha256": "%s",\n'
_SEAL_LENGTH = len(_SEAL) - len(b"%s") + 64
_NAMES = {"version", "key", "digest", "size", "facts"}


@dataclass(frozen=True, slots=True)
class Record:
    """What the store knows about one action key. ``facts`` is plain JSON that the store does not interpret."""

    key: str
    digest: str
    size: int
    facts: Mapping[str, Any]
    sealed: bool = True  # its bytes are verified; False: an earlier scenebuild wrote it, without a digest


class NewerRecordError(ValueError):
    """A sound record that a later scenebuild wrote. It is not damaged, and not read."""


def encode_record(record: Record) -> bytes:
    """A record as bytes, with its seal."""
    plain = {
        "version": RECORD_VERSION, "key": record.key, "digest": record.digest, "size": record.size,
        "facts": dict(record.facts),
    }  # fmt: skip
    text = json.dumps(plain, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    rest = text.removeprefix("{\n").encode() + b"\n"
    return _seal_of(rest) + rest


def decode_record(data: bytes, key: str) -> Record:
    """The record of exactly that key; ValueError for anything else."""
    try:
        return _decoded(data, key)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a record: {error}") from error


def _decoded(data: bytes, key: str) -> Record:
    rest = data[_SEAL_LENGTH:]
    sealed = data[:_SEAL_LENGTH] == _seal_of(rest)
    plain = json.loads(b"{\n" + rest if sealed else data, parse_constant=_refuse_constant)
    version = plain["version"]
    if sealed and isinstance(version, int) and version > RECORD_VERSION:
        raise NewerRecordError(f"a record of version {version}")
    record = Record(plain["key"], plain["digest"], plain["size"], plain["facts"], sealed)
    well_formed = (
        version == RECORD_VERSION
        and set(plain) == _NAMES
        and record.key == key
        and type(record.size) is int
        and isinstance(record.facts, dict)
        and HEX.match(record.digest)
    )
    if not well_formed:
        raise ValueError("not a well-formed record of its key")
    return record


def _seal_of(rest: bytes) -> bytes:
    return _SEAL % digest_bytes(rest).encode()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
