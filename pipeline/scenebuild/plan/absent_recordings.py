"""Recordings that are not on this machine but whose digest is known, from a pointer of Git LFS or from the lock."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from scenebuild.errors import Place, SceneError
from scenebuild.plan.lockfile import Lock
from scenebuild.scene.check.validate import validate_document
from scenebuild.scene.model import Scene
from scenebuild.scene.pointer import pointer_in
from scenebuild.scene.resolve import resolve
from scenebuild.scene.yaml.document import Document


@dataclass(frozen=True, slots=True)
class Absent:
    """Files that a scene names and that are not here, with their SHA-256, by absolute path."""

    pointers: Mapping[str, str] = field(default_factory=dict)  # the SHA-256 is from the pointer of Git LFS
    missing: Mapping[str, str] = field(default_factory=dict)  # the SHA-256 is from the lock; "" for impulse responses

    @property
    def contents(self) -> dict[str, str]:
        """The SHA-256 of each that has one."""
        return {path: content for path, content in {**self.missing, **self.pointers}.items() if content}


def scene_without(document: Document, reference: str, lock: Lock | None) -> tuple[Scene, Absent]:
    """The scene of a document, whose recordings may be absent, and the absent files. SceneError for all mistakes in it.

    ``lock`` has the digests of files that do not exist; with None a missing file is a mistake, as it is for a build.
    """
    problems = validate_document(document)
    if any(problem.rule != "recording" for problem in problems):
        raise SceneError(problems)
    scene = replace(resolve(document), path=reference)
    absent, places = _absent(scene, lock) if problems else (Absent(), set())
    if wrong := [problem for problem in problems if problem.place not in places]:
        raise SceneError(wrong)
    return scene, absent


def _absent(scene: Scene, lock: Lock | None) -> tuple[Absent, set[Place]]:
    pointers: dict[str, str] = {}
    missing: dict[str, str] = {}
    places = set()
    for path, place, locked in _files_of(scene, lock):
        if digest := pointer_in(path):
            pointers[path] = digest
        elif locked is not None and not os.path.lexists(path):
            missing[path] = locked
        else:
            continue
        places.add(place)
    return Absent(pointers, missing), places


def _files_of(scene: Scene, lock: Lock | None) -> Iterator[tuple[str, Place, str | None]]:
    """Every recording and every impulse response, with its place in the scene file and the SHA-256 in the lock: None if
    the lock has none, "" for an impulse response, which no lock names."""
    for element, field_, path, place in scene.recordings():
        entry = lock.entry(element.name) if lock else None
        yield path, place, getattr(entry, "content" if field_ == "file" else field_, None)
    for path, place in scene.effect_files():
        yield path, place, None if lock is None else ""
