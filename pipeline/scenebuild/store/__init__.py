"""Bytes under a content hash, in two levels: action key -> record -> digest -> bytes.

Objects are immutable and named by their SHA-256; records are small JSON files named by the action key. An object is
written before its record, so a record never names an object that was not written. The store knows nothing about sound.
"""

from scenebuild.store.local import DamagedError, LocalStore, UnreadableError
from scenebuild.store.record import Record

__all__ = ["DamagedError", "LocalStore", "Record", "UnreadableError"]
