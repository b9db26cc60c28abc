"""What one command was told: flags over environment over configuration over defaults."""

from __future__ import annotations

import os
import re
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
    "device": (str, 'device = "cuda"'),
    "precision": (str, 'precision = "int8"'),
    "commercial": (bool, "commercial = true"),
}
PRECISIONS = ("auto", "fp32", "fp16", "bf16", "int8")
REGISTERED_EXAMPLE = (
    'models.my-rain = {path = "/path/to/a/folder", base = "facebook/audiogen-medium", licence = "CC-BY-NC-4.0"}'
)


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
    chosen: tuple[tuple[str, str], ...] = ()  # parameters of the scenes, by name
    solo: frozenset[str] = frozenset()
    mute: frozenset[str] = frozenset()
    device: str = "auto"  # of models: see ``check_device``
    model: str | None = None  # the flag: instead of what scenes say, where this model's engine makes the sound
    precision: str | None = None  # the flag: in which numbers models compute; see ``PRECISIONS``
    preferred_precision: str | None = None  # the configuration's, for what is to be made
    exact: bool = False  # each take by itself, so that no neighbour changes the last bit of a logit

    @property
    def is_listening(self) -> bool:
        """Only a part of each scene is heard, and nothing but that is written."""
        return bool(self.solo or self.mute)

    @property
    def engine_options(self) -> Mapping[str, Any]:
        """What the engines are told in their child processes; it decides no key."""
        return {"device": self.device, "exact": self.exact}


@dataclass(frozen=True, slots=True)
class Config:
    """The values of the configuration files, the project's over the user's."""

    engine: str | None = None
    store: str | None = None
    jobs: int | None = None
    device: str | None = None
    precision: str | None = None
    commercial: bool = False  # no take may be of weights that forbid commercial use


@dataclass(frozen=True, slots=True)
class Registered:
    """A checkpoint of the user's own, as the user's own configuration names it; ``path`` is absolute."""

    name: str
    path: str
    base: str
    licence: str


def check_device(name: str, said_by: str) -> str:
    """The name, if it is one of a device. UsageError if not."""
    if not re.fullmatch(r"auto|cpu|mps|cuda(:[0-9]{1,2})?", name):
        raise UsageError(f"{said_by}: {name!r} is no device; write auto, cpu, cuda, cuda:1 or mps")
    return name


def config_files(root: str) -> tuple[str, ...]:
    """Every file that may configure a project, there or not, the strongest first."""
    return (os.path.join(root, PROJECT_FILE), os.path.join(root, "pyproject.toml"), user_file())


def read_config(root: str) -> Config:
    """The configuration for a project folder. UsageError for a name or a type that is not known."""
    project, pyproject, user = config_files(root)
    values = {name: value for name, value in _read(user, own=True).items() if name != "models"}
    theirs = _read(project) or _read(pyproject, "tool", "scenebuild")
    if os.path.isabs(str(theirs.get("store", ""))) or ".." in str(theirs.get("store", "")).split("/"):
        raise UsageError(
            f"{project}: store = {theirs['store']!r} leads out of the project; a project may only name a folder of its "
            f"own, your own choice belongs into {user} or SCENEBUILD_STORE"
        )
    if "store" in theirs:
        theirs = {**theirs, "store": os.path.join(root, theirs["store"])}
    # A checkout can ask for more than its user does, not for less.
    commercial = bool(values.get("commercial") or theirs.get("commercial"))
    values.update(theirs, commercial=commercial)
    return Config(**values)


def registered_models() -> tuple[Registered, ...]:
    """The checkpoints that the user registered. Only the user's own file is asked: a path is theirs alone to give."""
    user = user_file()
    return tuple(_registered(user, name, value) for name, value in _read(user, own=True).get("models", {}).items())


def default_store() -> str:
    """The store in the user's cache folder (XDG, or what the system has)."""
    import platformdirs

    return os.path.join(platformdirs.user_cache_dir("scenebuild", appauthor=False), "store")


def user_file() -> str:
    """The user's own configuration, there or not."""
    import platformdirs

    return os.path.join(platformdirs.user_config_dir("scenebuild", appauthor=False), "config.toml")


def _read(path: str, *table: str, own: bool = False) -> Mapping[str, Any]:
    import tomllib

    try:
        with open(path, "rb") as file:
            values: Any = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path}: can not be read: {why}") from error
    for depth, name in enumerate(table, 1):
        values = values.get(name, {})
        if not isinstance(values, dict):
            raise UsageError(f"{path}: {'.'.join(table[:depth])} is not a table; write [{'.'.join(table)}]")
    for name, value in values.items():
        if name == "models":
            _check_models(path, value, own=own)
        else:
            _check(path, name, value)
    return dict(values)


def _check_models(path: str, value: object, *, own: bool) -> None:
    """A project that could name a checkpoint could name any file of the user's, or bring one along."""
    if not own:
        raise UsageError(
            f"{path}: models: a project can not register checkpoints; your own belong into {user_file()}, "
            f"for example: {REGISTERED_EXAMPLE}"
        )
    if not isinstance(value, dict):
        raise UsageError(f"{path}: models is not a table of checkpoints; write for example: {REGISTERED_EXAMPLE}")


def _registered(path: str, name: str, value: object) -> Registered:
    where = f"{path}: models.{name!r}"
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        raise UsageError(f"{where}: a name is small letters, digits, - and _, 64 at most")
    fields = {"path", "base", "licence"}
    if not isinstance(value, dict) or value.keys() != fields or not all(isinstance(one, str) for one in value.values()):
        raise UsageError(f"{where}: needs path, base and licence and nothing else; for example: {REGISTERED_EXAMPLE}")
    if not os.path.isabs(value["path"]):
        raise UsageError(f"{where}: path = {value['path']!r} is not absolute; write the whole path of the folder")
    if not value["licence"].isprintable() or not 0 < len(value["licence"]) <= 100:
        raise UsageError(f"{where}: licence is one line of at most 100 signs, such as CC-BY-NC-4.0")
    return Registered(name, os.path.normpath(value["path"]), value["base"], value["licence"])


def _check(path: str, name: str, value: object) -> None:
    if name not in KNOWN:
        raise UsageError(f"{path}: unknown setting {name!r}; there are: {', '.join(KNOWN)}")
    wanted, example = KNOWN[name]
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise UsageError(f"{path}: {name} = {value!r} is not of the right kind; write for example: {example}")
    if name == "device":
        check_device(str(value), f"{path}: device")
    if name == "precision" and value not in PRECISIONS:
        raise UsageError(f"{path}: precision = {value!r} is not known; there are: {', '.join(PRECISIONS)}")
    if name == "jobs" and int(str(value)) < 1:
        raise UsageError(f"{path}: jobs = {value} is less than 1")
