"""The files that a build reads, with the digests of what was read."""

from __future__ import annotations

from scenebuild.config import config_files, read_config
from scenebuild.errors import UsageError
from scenebuild.plan.digests import CHANGED, digests_of, same_digests
from scenebuild.plan.steps import Plan
from scenebuild.scene.project import project_root
from scenebuild.settings import Settings


def read_while_mixing(plan: Plan, begun_ns: int) -> dict[str, str | None]:
    """The files that are read while a scene is mixed, with their digests before that: impulse responses, and the
    records of the bytes of models."""
    impulses = [path for path, _ in plan.scene.effect_files()]
    records = [one.record for step in plan.steps for one in step.facts.models if one.id == step.action.model]
    return digests_of([*impulses, *filter(None, records)], begun_ns)


def read_while_planning(plan: Plan) -> dict[str, str | None]:
    """The files that were read while a scene was planned, with their digests then: scene files and recordings."""
    recordings = {
        path: step.contents[field]
        for step in plan.steps
        for field, path in step.element.recordings.items()
        if field in step.contents
    }
    return {**plan.scene.digests, **recordings}


def configuration_digests(path: str, settings: Settings, begun_ns: int) -> dict[str, str | None]:
    """The files of the configuration with their digests, or ``CHANGED`` if they no longer say what this build used."""
    root = str(project_root(path))
    found = digests_of(config_files(root), begun_ns)
    try:
        config = settings.plan.config
        same = config is not None and read_config(root).deciding == config.deciding
    except UsageError:
        same = False
    return same_digests(found) if same else dict.fromkeys(found, CHANGED)
