"""From the arguments of ``scenebuild diff`` to the changes between both sides."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from scenebuild.review.checkout.comparison import Comparison, opened
from scenebuild.review.checkout.git import is_below
from scenebuild.review.checkout.projects import ProjectSide
from scenebuild.review.compare.changes import Changes
from scenebuild.review.compare.measurements import CompareOptions
from scenebuild.scene.project import project_root
from scenebuild.settings import Settings


@contextmanager
def compare_revisions(
    revisions: Sequence[str],
    paths: Sequence[str],
    settings: Settings,
    *,
    locks_only: bool = False,
    capture_stems: bool = False,
) -> Iterator[tuple[Comparison, Changes]]:
    """Both sides and the changes between them, while their files exist. UsageError for a revision or a path that does
    not exist."""
    with opened(revisions, paths) as comparison:
        here = settings.within(str(project_root(os.path.join(os.getcwd(), "scene.yaml")))).generate
        stores: dict[str, str] = {}
        if len(revisions) == 2 and not comparison.builds and all(map(os.path.isdir, revisions)):  # two projects
            sides = (comparison.before, comparison.after)
            stores = {side.root: _store_of(side, settings, here.store) for side in sides}
        options = CompareOptions(here.store, here.jobs, locks_only, capture_stems, stores)
        yield comparison, _changes(comparison, options)


def _store_of(side: ProjectSide, settings: Settings, other: str) -> str:
    """The store of a project that is compared. Nothing is written into that project, so a store that would have to be
    made in it is replaced by the ``other`` one."""
    store = settings.within(side.root).generate.store
    return store if os.path.isdir(store) or not is_below(os.path.realpath(store), side.root) else other


def _changes(comparison: Comparison, options: CompareOptions) -> Changes:
    if comparison.builds:
        from scenebuild.review.compare.builds import compare_builds

        return compare_builds(comparison)
    from scenebuild.review.compare.compare import compare

    return compare(comparison, options)
