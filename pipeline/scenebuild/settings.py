"""What one command was told: flags over environment over configuration over defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scenebuild.errors import UsageError

PROJECT_FILE = "scenebuild.toml"
# name -> the type it has, and what to write, for the message
KNOWN: Mapping[str, tuple[type, str]] = {
    "engine": (str, 'engine = "sketch"'),
    "store": (str, 'store = "/path/to/a/folder"'),
    "jobs": (int, "jobs = 4"),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a build is told beside its scenes."""

    store: str
    engine: str | None = None  # the flag: overrides everything
    preferred_engine: str | None = None  # the configuration: after the scene's own
    jobs: int = 1
    out: str | None = None
    template: str | None = None
    stems: bool = False
    frozen: bool = False
    force: bool = False
    force_elements: frozenset[str] = frozenset()
    keep_going: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """The values of the configuration files, the project's over the user's."""

    engine: str | None = None
    store: str | None = None
    jobs: int | None = None


def config_files(root: str) -> tuple[str, ...]:
    """Every file that may configure a project, there or not, the strongest first."""
    return (os.path.join(root, PROJECT_FILE), os.path.join(root, "pyproject.toml"), _user_file())


def read_config(root: str) -> Config:
    """The configuration for a project folder. UsageError for a name or a type that is not known."""
    project, pyproject, user = config_files(root)
    values = dict(_read(user))
    theirs = _read(project) or _read(pyproject, "tool", "scenebuild")
    if os.path.isabs(str(theirs.get("store", ""))) or ".." in str(theirs.get("store", "")).split("/"):
        raise UsageError(
            f"{project}: store = {theirs['store']!r} leads out of the project; a project may only name a folder of its "
            f"own, your own choice belongs into {user} or SCENEBUILD_STORE"
        )
    if "store" in theirs:
        theirs = {**theirs, "store": os.path.join(root, theirs["store"])}
    values.update(theirs)
    return Config(**values)


def default_store() -> str:
    """The store in the user's cache folder (XDG, or what the system has)."""
    import platformdirs

    return os.path.join(platformdirs.user_cache_dir("scenebuild", appauthor=False), "store")


def _user_file() -> str:
    import platformdirs

    return os.path.join(platformdirs.user_config_dir("scenebuild", appauthor=False), "config.toml")


def _read(path: str, *table: str) -> Mapping[str, Any]:
    import tomllib

    try:
        with open(path, "rb") as file:
            values: Any = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: can not be read: {error}") from error
    for name in table:
        values = values.get(name, {})
    for name, value in values.items():
        _check(path, name, value)
    return dict(values)


def _check(path: str, name: str, value: object) -> None:
    if name not in KNOWN:
        raise UsageError(f"{path}: unknown setting {name!r}; there are: {', '.join(KNOWN)}")
    wanted, example = KNOWN[name]
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise UsageError(f"{path}: {name} = {value!r} is not of the right kind; write for example: {example}")
    if name == "jobs" and int(str(value)) < 1:
        raise UsageError(f"{path}: jobs = {value} is less than 1")
