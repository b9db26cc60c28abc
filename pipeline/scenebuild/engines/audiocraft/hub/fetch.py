"""Weights into the hub's own cache, at the pinned commit, whole and checked.

huggingface_hub is imported when something really has to be fetched: with all files at hand nobody is asked anything,
and nobody is ever asked for a branch. What can be known before the first byte is said before it: each file is asked for
at its commit, so a file that is not there, a repository with terms to accept and a disk that is too small end the
command at once. A download that broke off goes on where it stopped, also after the program was ended: the bytes so far
lie beside the hub's blobs, and get a blob's name once they have the hash that it stands for.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any

from scenebuild.engines.audiocraft.configuration import why_not
from scenebuild.engines.audiocraft.hub.hub_file import HubFile, ask, blobs_folder, bring
from scenebuild.engines.audiocraft.hub.manifest import forget_record
from scenebuild.engines.audiocraft.hub.models import MODEL_FILE, Model, model
from scenebuild.engines.audiocraft.hub.pickles import configuration_in
from scenebuild.engines.audiocraft.hub.weights import (
    DamagedFile,
    WeightsFolder,
    cache_folder,
    check,
    claim,
    refuse,
    sources,
)
from scenebuild.errors import EngineError, ScenebuildError
from scenebuild.licences import forbids_commerce
from scenebuild.number_text import data_size

OF_THE_DISK = {
    getattr(errno, name)
    for name in ["ENOSPC", "EDQUOT", "EFBIG", "EIO", "EROFS", "EACCES", "EPERM", "ENOTDIR", "EISDIR"]
}
Wanted = tuple[WeightsFolder, str]


def fetch(wanted: Model, tell: Callable[[str], None], *, bars: bool) -> Model:
    """Get what is missing of a model, and again what is damaged; record the digests. The model as it is from now on.

    ``tell`` gets the sizes of all files, the room for them and the licence before the first byte, then a line for each
    file; ``bars`` shows on stderr how far it is. For a registered checkpoint there is only its text encoder to get, and
    its bytes are recorded as they are now.
    """
    absent = _absent(wanted)
    if wanted.folder is not None:
        _refuse_what_is_not_decoded(os.path.join(wanted.folder, MODEL_FILE))
    _download(wanted, absent, tell, bars=bars)
    if wanted.folder is not None:
        forget_record(wanted.id, "own")
    damages = check(wanted)
    from_hub = [one for one in damages if not one.source.is_own]
    if from_hub:
        _download(wanted, _drop(from_hub), tell, bars=bars)
        damages = check(wanted)
    refuse(wanted, damages)
    return model(wanted.id)


def _absent(wanted: Model) -> list[Wanted]:
    absent = [(one, name) for one in sources(wanted) for name in one.files if not os.path.isfile(one.path(name))]
    lost = [source.path(name) for source, name in absent if source.is_own]
    if lost:
        raise EngineError(f"{wanted.id} is registered, but {' and '.join(lost)} cannot be found")
    return absent


def _refuse_what_is_not_decoded(path: str) -> None:
    """EngineError, before gigabytes of a text encoder come, where a checkpoint of the user's own is another model."""
    with contextlib.suppress(ImportError):  # without the AudioGen set nothing is decoded here
        from omegaconf import OmegaConf

        text = configuration_in(path)
        if text and (reason := why_not(OmegaConf.create(text))):
            raise EngineError(f"{path} {reason}")


def _drop(damages: Iterable[DamagedFile]) -> list[Wanted]:
    """Take damaged files out of the cache, so that they are fetched and not found."""
    wanted = []
    for one in damages:
        path = one.source.path(one.name)
        blob = os.path.join(blobs_folder(one.source), claim(path) or "none")
        try:
            os.unlink(path)
            if os.path.lexists(blob):
                os.unlink(blob)
        except OSError as error:
            raise EngineError(f"{path} is damaged and cannot be replaced: {error.strerror or error}") from error
        wanted.append((one.source, one.name))
    return wanted


def _download(wanted: Model, absent: Sequence[Wanted], tell: Callable[[str], None], *, bars: bool) -> None:
    if not absent:
        return
    hub = _hub(bars=bars)
    files = []
    for source, name in absent:
        with _in_words(hub, source, name):
            files.append(ask(hub, source, name))
    _announce(hub, wanted, files, tell)
    for source, name in absent:
        tell(f"fetching {name} of {source.repository}")
        with _in_words(hub, source, name):
            bring(hub, source, name)


def _announce(hub: Any, wanted: Model, files: Sequence[HubFile], tell: Callable[[str], None]) -> None:
    """What will be fetched, its size, the room for it and the licence. EngineError where the room is too small."""
    place, free = _room()
    missing = sum(file.missing for file in files)
    if missing > free:
        raise EngineError(
            f"{wanted.id} needs {data_size(missing)} more, {place} has {data_size(free)} free; make room there, or "
            "name a folder on another disk with HF_HOME"
        )
    if wanted.folder is None:
        use = ", non-commercial use only" if forbids_commerce(wanted.licence) else ""
        tell(f"{wanted.id}: {wanted.licence}{use}; its terms: {hub.constants.ENDPOINT}/{wanted.repository}")
    for file in files:
        size = "unknown size" if file.size is None else data_size(file.size)
        here = f", {data_size(file.here)} of it here" if file.here else ""
        tell(f"  {size:>8}  {file.name} of {file.source.repository}{here}")
    tell(f"  {data_size(missing):>8}  to fetch into {cache_folder()}, {data_size(free)} free")


def _room() -> tuple[str, int]:
    """The folder that is there already, of those that the cache lies in, and the bytes that are free in it."""
    place = cache_folder()
    while not os.path.isdir(place) and os.path.dirname(place) != place:
        place = os.path.dirname(place)
    return place, shutil.disk_usage(place).free


@contextlib.contextmanager
def _in_words(hub: Any, source: WeightsFolder, name: str) -> Iterator[None]:
    """What goes wrong with one file, as one line for a person."""
    try:
        yield
    except ScenebuildError:
        raise
    except Exception as error:  # the HTTP library below the hub's has changed twice, and its errors with it
        words = _reason(hub, error, source.repository)
        raise EngineError(f"{name} of {source.repository}: {words}; what is here stays") from error


def _hub(*, bars: bool) -> Any:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # or it asks the hub for more than weights
    try:
        hub = import_module("huggingface_hub")
    except ImportError as error:
        raise EngineError(
            "fetching weights needs huggingface_hub, which comes with the AudioGen set; type: make audiogen"
        ) from error
    hub.logging.set_verbosity_error()
    if not bars:
        hub.utils.disable_progress_bars()
    return hub


def _reason(hub: Any, error: Exception, repository: str) -> str:
    """One line for a person."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    endpoint = hub.constants.ENDPOINT
    if hub.constants.HF_HUB_OFFLINE:
        return "it is not here, and HF_HUB_OFFLINE forbids to fetch it; unset it and try again"
    if status in (401, 403) and getattr(response, "headers", {}).get("X-Error-Code") == "GatedRepo":
        return (
            f"its terms are to be accepted first, at {endpoint}/{repository}; then set HF_TOKEN or type: hf auth login"
        )
    if status in (401, 403):
        return f"{endpoint} wants to know who asks ({status}); set HF_TOKEN or type: hf auth login"
    if status == 404:
        return f"{endpoint} does not have it at the pinned commit (404); is HF_ENDPOINT a full mirror?"
    if status is not None:
        return f"{endpoint} answers with an error ({status}); try again later"
    if isinstance(error, OSError) and error.errno in OF_THE_DISK:
        where = error.filename or cache_folder()
        return f"{where} cannot be written ({error.strerror}); make room, or name another folder with HF_HOME"
    first = str(error).splitlines()[0][:120] if str(error) else ""
    return (
        f"{endpoint} cannot be reached or broke off ({type(error).__name__}: {first}); try again, it goes on from here"
    )
