"""The configuration files of a user and of a project, and the folders of a user."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from scenebuild.errors import UsageError
from scenebuild.files import is_reachable, read_bounded

PROJECT_FILE = "scenebuild.toml"
LARGEST_FILE = 256 << 10  # of a configuration
MOST_PARTS = 64  # of a dotted key
_LONG_KEY = re.compile(rf"""(?<![\w-])(?>(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{MOST_PARTS}}}""", re.ASCII)
# name -> the type it has, and what to write, for the message
KNOWN: Mapping[str, tuple[type, str]] = {
    "engine": (str, 'engine = "auto"'),
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
class Config:
    """The values of the configuration files, the project's over the user's."""

    engine: str | None = None
    store: str | None = None
    jobs: int | None = None
    device: str | None = None
    precision: str | None = None
    commercial: bool = False  # no take may be of weights that forbid commercial use

    @property
    def deciding(self) -> dict[str, Any]:
        """The values that decide outputs, as a manifest holds them; the store and the number of jobs decide none."""
        return {
            "engine": self.engine,
            "precision": self.precision,
            "commercial": self.commercial,
            "models": _digest_of(registered_models()),
        }


@dataclass(frozen=True, slots=True)
class Registered:
    """A checkpoint of the user, as the user's own configuration registers it; ``path`` is absolute."""

    name: str
    path: str
    base: str
    licence: str


def check_device(name: str, said_by: str) -> str:
    """The name of a device as it is; UsageError for any other text. ``said_by`` is the flag or setting, for the
    message."""
    if not re.fullmatch(r"auto|cpu|mps|cuda(:[0-9]{1,2})?", name):
        raise UsageError(f"{said_by}: {_shown(name)} is not a device; write auto, cpu, cuda, cuda:1 or mps")
    return name


def config_files(root: str) -> tuple[str, ...]:
    """Every file that may configure a project, there or not, the strongest first."""
    return (os.path.join(root, PROJECT_FILE), os.path.join(root, "pyproject.toml"), user_file())


def read_config(root: str) -> Config:
    """The configuration for a project folder. UsageError for a name or a type that is not known."""
    values = {name: value for name, value in _read_own().items() if name != "models"}
    file = os.path.join(root, PROJECT_FILE)
    theirs = _read(file)
    if not theirs:
        file = os.path.join(root, "pyproject.toml")
        theirs = _read(file, "tool", "scenebuild")
    if "store" in theirs:
        theirs = {**theirs, "store": _store_inside(root, str(theirs["store"]), file)}
    # A checkout can ask for more than its user does, not for less.
    commercial = bool(values.get("commercial") or theirs.get("commercial"))
    values.update(theirs, commercial=commercial)
    return Config(**values)


def _digest_of(registered: tuple[Registered, ...]) -> str:
    """A digest of the registered checkpoints, which does not reveal their paths; empty if there are none."""
    import hashlib

    lines = sorted("\0".join((one.name, one.path, one.base, one.licence)) for one in registered)
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest() if lines else ""


def registered_models() -> tuple[Registered, ...]:
    """The checkpoints that the user registered. Only the user's own file counts: a project must not name their
    paths."""
    user = user_file()
    return tuple(_registered(user, name, value) for name, value in _read_own().get("models", {}).items())


def default_store(root: str) -> str:
    """The store in the user's cache folder; if that cannot be made (no home, or another user's), one in the project."""
    store = os.path.join(user_folder("cache"), "store")
    return store if can_be_made(store) else fallback_store(root)


def fallback_store(root: str) -> str:
    """The store of a user without a home: in the project's build folder."""
    return os.path.join(root, "build", ".store")


def can_be_made(folder: str) -> bool:
    """Whether a folder exists, or can be made by this user."""
    place = folder
    while not os.path.lexists(place):
        place = os.path.dirname(place)
    return place == folder or (os.path.isdir(place) and os.access(place, os.W_OK | os.X_OK))


def user_file() -> str:
    """The user's own configuration, there or not."""
    return os.path.join(user_folder("config"), "config.toml")


def user_folder(kind: Literal["cache", "config", "data"]) -> str:
    """Our folder in the user's cache, configuration or data, where the system has it; without a home, a path that never
    exists."""
    import platformdirs

    find = {
        "cache": platformdirs.user_cache_dir,
        "config": platformdirs.user_config_dir,
        "data": platformdirs.user_data_dir,
    }
    try:
        folder = find[kind]("scenebuild", appauthor=False)
    except RuntimeError:  # no HOME, and the system knows no such user: a service, a container
        folder = ""
    return folder if os.path.isabs(folder) else os.path.join(os.devnull, "scenebuild")


def _store_inside(root: str, named: str, file: str) -> str:
    """The absolute path of the store that a project's configuration names. UsageError if it is not inside the
    project."""
    if os.path.isabs(named) or ".." in named.split("/") or not named.strip() or not named.isprintable():
        raise UsageError(
            f"{file}: store = {_shown(named)} leads out of the project, which may only name a folder inside itself; "
            f"set a store of your own in {user_file()} or SCENEBUILD_STORE"
        )
    return os.path.join(root, named)


def own_store(config: Config, root: str) -> str | None:
    """The store that a configuration names. UsageError if it is in the project and a link leads out of it."""
    if config.store is None or not config.store.startswith(os.path.join(root, "")):
        return config.store  # the user's own choice
    inside = os.path.join(os.path.realpath(root), "")
    for place in (config.store, *_links_in_store(config.store)):
        if not os.path.join(os.path.realpath(place), "").startswith(inside):
            raise UsageError(
                f"{place} is a link that leads out of the project, whose configuration names {config.store} as its "
                f"store; put a folder in its place, or name a store of your own with SCENEBUILD_STORE"
            )
    return config.store


def _links_in_store(path: str) -> Iterator[str]:
    """The links among the folders of a store, two levels deep: it writes into them."""
    folders = [path]
    while folders:
        try:
            found = list(os.scandir(folders.pop()))
        except OSError:  # not made yet, or not accessible: then nothing is written there either
            continue
        yield from (one.path for one in found if one.is_symlink())
        folders += [
            one.path for one in found if one.is_dir(follow_symlinks=False) and os.path.dirname(one.path) == path
        ]


def _read_own() -> Mapping[str, Any]:
    """The user's own file. One that is not accessible, as another user's home is under sudo, counts as absent."""
    user = user_file()
    return _read(user, own=True) if is_reachable(user) else {}


def _read(path: str, *table: str, own: bool = False) -> Mapping[str, Any]:
    try:
        values: Any = _parsed(read_bounded(path, LARGEST_FILE).decode())
    except FileNotFoundError:
        return {}
    except RecursionError:
        raise UsageError(f"{path}: cannot be read: values are nested too deeply") from None
    except (OSError, ValueError) as error:
        why = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        raise UsageError(f"{path}: cannot be read: {why}") from error
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


def _parsed(text: str) -> dict[str, Any]:
    import tomllib

    if _LONG_KEY.search(text):  # tomllib takes minutes for a key of 100,000 parts
        raise ValueError(f"a key has more than {MOST_PARTS} parts")
    return tomllib.loads(text)


def _shown(value: object) -> str:
    """A value from a file, for a message: on one line, at most 100 characters, and not a command to a CI server."""
    text = repr(value)
    return (text if len(text) <= 100 else f"{text[:99]}…").replace("##[", "#\\x23[")


def _check_models(path: str, value: object, *, own: bool) -> None:
    """Only the user's own file may register checkpoints: a project could name any file of the user, or bring one."""
    if not own:
        raise UsageError(
            f"{path}: models: a project cannot register checkpoints; register your own in {user_file()}, "
            f"for example: {REGISTERED_EXAMPLE}"
        )
    if not isinstance(value, dict):
        raise UsageError(f"{path}: models is not a table of checkpoints; write for example: {REGISTERED_EXAMPLE}")


def _registered(path: str, name: str, value: object) -> Registered:
    where = f"{path}: models.{name!r}"
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        raise UsageError(f"{where}: a name is at most 64 small letters, digits, - and _")
    fields = {"path", "base", "licence"}
    if not isinstance(value, dict) or value.keys() != fields or not all(isinstance(one, str) for one in value.values()):
        raise UsageError(f"{where}: write path, base and licence, and nothing else; for example: {REGISTERED_EXAMPLE}")
    if not os.path.isabs(value["path"]):
        raise UsageError(f"{where}: path = {value['path']!r} is not absolute; write the full path of the folder")
    if not value["licence"].isprintable() or not 0 < len(value["licence"]) <= 100:
        raise UsageError(f"{where}: licence is one line of at most 100 characters, such as CC-BY-NC-4.0")
    return Registered(name, os.path.normpath(value["path"]), value["base"], value["licence"])


def _check(path: str, name: str, value: object) -> None:
    if name not in KNOWN:
        raise UsageError(f"{path}: unknown setting {_shown(name)}; write one of: {', '.join(KNOWN)}")
    wanted, example = KNOWN[name]
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise UsageError(f"{path}: {name} = {_shown(value)} is of the wrong type; write for example: {example}")
    if name == "device":
        check_device(str(value), f"{path}: device")
    if name == "precision" and value not in PRECISIONS:
        raise UsageError(f"{path}: precision = {_shown(value)} is not known; write one of: {', '.join(PRECISIONS)}")
    if name == "jobs" and int(str(value)) < 1:
        raise UsageError(f"{path}: jobs = {_shown(value)} is less than 1; write for example: jobs = 4")
