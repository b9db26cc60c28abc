"""The settings of one command, as options for each stage.

Flags and the environment come from the command line (``cli/options.py``); ``Settings.within`` adds the configuration.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scenebuild.config import Config, default_store, own_store, read_config


@dataclass(frozen=True, slots=True)
class GenerateOptions:
    """Where takes are kept and made. None of it decides a key; the configuration fills empty values."""

    store: str = ""
    jobs: int = 0  # takes at once
    device: str = ""  # of models: see ``config.check_device``
    exact: bool = False  # each take alone in its batch, so that no other take changes the last bit of a logit


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What decides which engine makes each take, and which takes are made again."""

    engine: str | None = None  # the flag: overrides everything
    model: str | None = None  # the flag: for all elements of its engine
    precision: str | None = None  # the flag: the number format in which models compute; see ``config.PRECISIONS``
    force: bool = False
    force_elements: frozenset[str] = frozenset()
    as_locked: bool = False  # the lock's engine stays, whether or not its take is available here
    config: Config | None = None  # of the scene's project, after the scene's own word; None: none was read
    contents: Mapping[str, str] = field(default_factory=dict, hash=False)  # SHA-256 of absent recordings, by path


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """What is written, and where."""

    out: str | None = None  # the folder of all builds; None: ``build`` in the project
    template: str | None = None  # of the README
    stems: bool = False
    parameters: tuple[tuple[str, str], ...] = ()  # of the scenes, by name


@dataclass(frozen=True, slots=True)
class Settings:
    """All options of a command except its scenes."""

    generate: GenerateOptions = GenerateOptions()
    plan: PlanOptions = PlanOptions()
    output: OutputOptions = OutputOptions()
    frozen: bool = False  # build only what the lock says
    keep_going: bool = False  # build what can be built when something fails
    remix: bool = False  # mix a scene even if nothing has changed

    def within(self, root: str) -> Settings:
        """The settings for a scene of the project in ``root``: its configuration fills the values that no flag has set.

        UsageError where its configuration cannot be understood.
        """
        config, told = read_config(root), self.generate
        generate = replace(
            told,
            store=told.store or own_store(config, root) or default_store(root),
            jobs=told.jobs or config.jobs or os.cpu_count() or 1,
            device=told.device or config.device or "auto",
        )
        return replace(self, generate=generate, plan=replace(self.plan, config=config))
