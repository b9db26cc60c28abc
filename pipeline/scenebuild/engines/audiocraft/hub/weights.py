"""Where a model's weights lie, and whether they are still the bytes that they were.

Weights come from one place: the hub's own cache at the pinned commit, or the absolute path that the user registered.
Never from a folder that happens to have the model's name.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from scenebuild.engines.audiocraft.hub.manifest import Fingerprint, fingerprint, record_of, write_record
from scenebuild.engines.audiocraft.hub.models import CODEC_FILE, Model
from scenebuild.engines.audiocraft.hub.pickles import code_in, reference_in
from scenebuild.errors import DigestError, EngineError


@dataclass(frozen=True, slots=True)
class LocatedWeights:
    """Folders that hold every file of a model, of its text encoder, and of the codec that it shares with others."""

    folder: str
    text_encoder_folder: str
    codec_folder: str | None = None


@dataclass(frozen=True, slots=True)
class MissingWeights:
    """Why a model cannot be loaded here, and what to type to change that."""

    files: tuple[str, ...]  # as repository/name
    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class WeightsFolder:
    """One folder of files that belong together: a repository at a commit, or a registered checkpoint."""

    repository: str
    revision: str
    folder: str
    files: tuple[str, ...]
    is_own: bool = False
    codec: str = ""  # the repository that its codec file may name in place of weights

    def path(self, name: str) -> str:
        """Where a file of it lies, or would lie."""
        return os.path.join(self.folder, name)


@dataclass(frozen=True, slots=True)
class DamagedFile:
    """One file that must not be loaded."""

    source: WeightsFolder
    name: str
    what: str


def cache_folder(environment: Mapping[str, str] = os.environ) -> str:
    """The hub's cache, absolute, found as huggingface_hub finds it, which need not be installed for that."""
    home = environment.get("HF_HOME") or os.path.join(environment.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    older = environment.get("HUGGINGFACE_HUB_CACHE") or os.path.join(home, "hub")
    folder = environment.get("HF_HUB_CACHE") or older
    found = os.path.expandvars(os.path.expanduser(folder))
    # Who has no home has no cache, rather than a folder called ~ in the checkout.
    return os.path.join(os.devnull, found) if found.startswith("~") else os.path.abspath(found)


def sources(model: Model) -> tuple[WeightsFolder, ...]:
    """Where the files of a model belong, there or not: its own, its text encoder's, and those of a shared codec."""
    others = [_on_hub(one.repository, one.revision, one.files) for one in (model.text_encoder, model.codec) if one]
    weights = _on_hub(model.repository, model.revision, model.files)
    if model.folder is not None:
        weights = WeightsFolder(model.id, "own", model.folder, model.files, is_own=True)
    return replace(weights, codec=model.codec.repository if model.codec else ""), *others


def located(model: Model) -> LocatedWeights | MissingWeights:
    """Whether every file is at hand. Cheap: looks at names alone, reads nothing, asks nobody."""
    needed = sources(model)
    weights, text = needed[:2]
    absent = tuple(
        f"{source.repository}/{name}"
        for source in needed
        for name in source.files
        if not os.path.isfile(source.path(name))
    )
    advice = f"type: scenebuild models fetch {model.id}"
    if absent:
        place = weights.folder if weights.is_own else cache_folder()
        all_of_them = len(absent) == sum(len(source.files) for source in needed)
        words = "is not here: nothing of it" if all_of_them else f"is not all here: no {', '.join(absent)}"
        return MissingWeights(absent, f"{model.id} {words} in {place}", advice)
    if weights.is_own and not model.revision:
        return MissingWeights((), f"{model.id} is registered, but its bytes were never recorded", advice)
    return LocatedWeights(weights.folder, text.folder, needed[2].folder if model.codec else None)


def verified(model: Model, without: frozenset[str] = frozenset()) -> LocatedWeights:
    """The model, once every byte was read and is what was recorded when it was first seen; recorded now if it is new.

    To be called before every load. Nothing about earlier checks is remembered: size, time and inode of a file can
    stay the same while a bit of it turns. Costs about as long as reading the files, on two threads. ``without``: files
    of the model itself that will not be loaded.

    EngineError where files are missing, DigestError where a file is another one or holds code.
    """
    found = located(model)
    if isinstance(found, MissingWeights):
        raise EngineError(f"{found.reason}; {found.advice}")
    refuse(model, check(model, without))
    return found


def check(model: Model, without: frozenset[str] = frozenset()) -> tuple[DamagedFile, ...]:
    """Compare all files at hand with their records; where none is damaged, record those that are new."""
    damages: list[DamagedFile] = []
    own, *others = sources(model)
    own = replace(own, files=tuple(name for name in own.files if name not in without))
    for source, found in _fingerprints([own, *others]).items():
        known = record_of(source.repository, source.revision) or {}
        bad = [
            DamagedFile(source, name, what) for name, one in found.items() if (what := _wrong(source, name, one, known))
        ]
        damages += bad
        if not bad and found.keys() - known.keys():
            write_record(source.repository, source.revision, {**found, **known})
    return tuple(damages)


def refuse(model: Model, damages: Iterable[DamagedFile]) -> None:
    """DigestError in one line if there is any damage."""
    words = "; ".join(f"{one.name} of {one.source.repository} {one.what}" for one in damages)
    if not words:
        return
    again = f"'scenebuild models fetch {model.id}'"
    heal = f"if you changed it yourself, {again} records it anew" if model.folder else f"{again} fetches it again"
    raise DigestError(f"{model.id}: refused, nothing was loaded: {words}; {heal}")


def claim(path: str) -> str:
    """The hash that the hub gave a file of its cache as name: sha256 (64 digits), or git's (40); "" if none."""
    if not os.path.islink(path):
        return ""
    name = os.path.basename(os.readlink(path))
    return name if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", name) else ""


def _on_hub(repository: str, revision: str, files: tuple[str, ...]) -> WeightsFolder:
    folder = os.path.join(cache_folder(), f"models--{repository.replace('/', '--')}", "snapshots", revision)
    return WeightsFolder(repository, revision, folder, files)


def _fingerprints(of: Iterable[WeightsFolder]) -> dict[WeightsFolder, dict[str, Fingerprint]]:
    """Of all files at hand, over all sources, two at a time: a model and its text encoder are about equally large."""
    here = [(source, name) for source in of for name in source.files if os.path.isfile(source.path(name))]
    here.sort(key=lambda one: -os.path.getsize(one[0].path(one[1])))
    with ThreadPoolExecutor(max_workers=2) as pool:
        found = list(pool.map(_readable_fingerprint, [source.path(name) for source, name in here]))
    grouped: dict[WeightsFolder, dict[str, Fingerprint]] = {source: {} for source in of}
    for (source, name), one in zip(here, found, strict=True):
        grouped[source][name] = one
    return grouped


def _readable_fingerprint(path: str) -> Fingerprint:
    try:
        return fingerprint(path)
    except OSError as error:
        raise EngineError(f"{path}: cannot be read: {error.strerror or error}") from error


def _wrong(source: WeightsFolder, name: str, found: Fingerprint, known: Mapping[str, Fingerprint]) -> str:
    """Why a file must not be loaded, or ""."""
    path = source.path(name)
    if not source.is_own and not _is_inside(path, cache_folder()):
        return f"leads out of the hub's cache, to {os.path.realpath(path)}"
    if name in known:
        if found != known[name]:
            return f"has the digest {found.sha256[:12]}, recorded was {known[name].sha256[:12]}"
    elif (
        not source.is_own and (named := claim(path)) and named not in (found.sha256, git_hash(path, found.size, named))
    ):
        return f"has the digest {found.sha256[:12]}, the hub names it {named[:12]}"
    if code := code_in(path) if name.endswith(".bin") else "":
        return f"holds {code}"
    named = reference_in(path) if name == CODEC_FILE else ""
    expected = f"expected is {source.codec}" if source.codec else "expected are weights"
    return f"names the codec {named!r}, {expected}" if named not in ("", source.codec) else ""


def git_hash(path: str, size: int, named: str) -> str:
    """The name that git gives these bytes, as the hub calls small files; "" where ``named`` is no name of git."""
    if len(named) != 40:
        return ""
    with open(path, "rb") as file:
        return hashlib.sha1(b"blob %d\0" % size + file.read(), usedforsecurity=False).hexdigest()


def _is_inside(path: str, folder: str) -> bool:
    inside = os.path.realpath(folder)
    return os.path.commonpath((os.path.realpath(path), inside)) == inside
