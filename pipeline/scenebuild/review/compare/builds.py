"""Compares two builds by their manifests and the files beside them. A build does not hold its scene file."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

from scenebuild.audio.wav import AudioFileError
from scenebuild.errors import Place
from scenebuild.review.checkout.comparison import Comparison
from scenebuild.review.compare.build_folder import Build, Entry, builds_of
from scenebuild.review.compare.changes import ChangedScene, Changes
from scenebuild.review.compare.meters import measure_sound, null_test
from scenebuild.review.model import ElementChange, ElementStatus, Pair, SceneReview, SoundFacts, TakeId
from scenebuild.scene.quoting import printable

BuildPair = tuple[Build | None, Build | None]


def compare_builds(comparison: Comparison) -> Changes:
    """All that changed between two builds, or between two folders of builds."""
    first, second = (builds_of(side) for side in (comparison.before, comparison.after))
    if len(first) == len(second) == 1:  # builds of two names may be of one scene
        (one,), (other,) = first.values(), second.values()
        pairs: list[BuildPair] = [(one, other)]
    else:
        names = sorted(first.keys() | second.keys())
        pairs = [(first.get(name), second.get(name)) for name in names]
    return Changes(comparison.before.label, comparison.after.label, len(pairs), _changed_scenes(pairs))


def _changed_scenes(pairs: Sequence[BuildPair]) -> Generator[ChangedScene]:
    """The scenes that changed; a mix that cannot be read has no sound on the page."""
    for before, after in pairs:
        found = _scene(before, after)
        if found is not None:
            yield ChangedScene(found, before if found.mix.before else None, after if found.mix.after else None)


def _scene(before: Build | None, after: Build | None) -> SceneReview | None:
    head = after or before
    if head is None:
        return None
    elements = tuple(_element(name, before, after) for name in _names(before, after))
    null = null_test(before.mix_path, after.mix_path) if before and after else None
    if null is not None and null.identical and all(one.status == "unchanged" for one in elements):
        return None
    return SceneReview(
        path=printable(head.name),
        status="changed" if before and after else "added" if after else "removed",
        elements=elements,
        mix=Pair(*(_measured(build.mix_path, over_time=True) if build else None for build in (before, after))),
        null=null,
        basis="sound",
        notes=("builds hold no recipe: what was edited is not known",),
    )


def _names(before: Build | None, after: Build | None) -> list[str]:
    return list(dict.fromkeys([*(after.elements if after else ()), *(before.elements if before else ())]))


def _element(name: str, before: Build | None, after: Build | None) -> ElementChange:
    first, second = (build.elements.get(name) if build else None for build in (before, after))
    by_stem = all(build.stem(name).is_file() for build in (before, after) if build)
    sounds = [
        _measured(build.stem(name) if by_stem else build.take(name)) if build and entry else None
        for build, entry in ((before, first), (after, second))
    ]
    head = after or before
    return ElementChange(
        printable(name),
        _status(name, first, second, before, after) if by_stem else _by_takes(first, second),
        Place(printable(head.name if head else "")),
        takes_before=_takes(first),
        takes_after=_takes(second),
        sound=Pair(*sounds),
        measured="mix" if by_stem else "take",
    )


def _by_takes(first: Entry | None, second: Entry | None) -> ElementStatus:
    if first is None or second is None:
        return "added" if first is None else "removed"
    return "unchanged" if all(first.get(fact) == second.get(fact) for fact in ("key", "digest")) else "generated"


def _status(
    name: str, first: Entry | None, second: Entry | None, before: Build | None, after: Build | None
) -> ElementStatus:
    """The status of an element; with stems, also whether the mix changed it."""
    status = _by_takes(first, second)
    if status == "unchanged" and before and after and not null_test(before.stem(name), after.stem(name)).identical:
        return "mixed"
    return status


def _takes(entry: Entry | None) -> tuple[TakeId, ...]:
    if entry is None:
        return ()
    digest = entry.get("digest")
    return (TakeId(str(entry.get("key")), None if digest is None else str(digest), str(entry.get("engine"))),)


def _measured(path: Path, *, over_time: bool = False) -> SoundFacts | None:
    try:
        return measure_sound(path, over_time=over_time)
    except (OSError, AudioFileError, ValueError):
        return None
