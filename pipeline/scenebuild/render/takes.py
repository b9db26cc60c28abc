"""The takes of scenes with the same settings, gathered into their folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from scenebuild.generate.gather import gather
from scenebuild.generate.make import take_maker
from scenebuild.listener import Listener
from scenebuild.outputs import Outputs, said_by_file
from scenebuild.plan.steps import Plan
from scenebuild.render.stages import SceneTakes
from scenebuild.settings import OutputOptions
from scenebuild.targets import Target

Intended = Callable[[Plan, Outputs, OutputOptions], set[str]]  # the names that a build may write into its folder


@contextmanager
def gathered_scenes(
    plans: Mapping[Target, Plan], intended: Intended, listener: Listener, begun_ns: int
) -> Iterator[list[SceneTakes]]:
    """Fetch or make all takes. New takes lie in a scratch folder until the end of the block, in which the scenes are
    mixed. OutputError for an error of the file system, in the block too."""
    settings = next(iter(plans)).settings
    outputs = [Outputs(target.root, target.folder) for target in plans]
    with said_by_file(), take_maker(settings.generate, listener) as maker:
        for plan, one in zip(plans.values(), outputs, strict=True):
            one.begin(intended(plan, one, settings.output))
        folders = [one.folder for one in outputs]
        gathered = gather(list(plans.values()), folders, maker, keep_going=settings.keep_going)
        yield [
            SceneTakes(plan, takes, one, settings, begun_ns)
            for plan, takes, one in zip(plans.values(), gathered, outputs, strict=True)
        ]
