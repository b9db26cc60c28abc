"""Weights into the hub's own cache, at the pinned commit, whole and checked.

huggingface_hub is imported when something really has to be fetched: with all files at hand nobody is asked anything,
and nobody is ever asked for a branch. A download that broke off goes on where it stopped, also after the program was
ended: the bytes so far lie beside the hub's blobs, and get a blob's name once they have the hash that it stands for.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from scenebuild.engines.audiocraft.manifest import fingerprint, forget_record
from scenebuild.engines.audiocraft.models import Model, model
from scenebuild.engines.audiocraft.weights import (
    DamagedFile,
    WeightsFolder,
    cache_folder,
    check,
    claim,
    git_hash,
    refuse,
    sources,
)
from scenebuild.errors import DigestError, EngineError, ScenebuildError

ATTEMPTS = 2  # at a file whose bytes are not what the hub says they are
OF_THE_DISK = {
    getattr(errno, name) for name in ["ENOSPC", "EDQUOT", "EFBIG", "EIO", "EROFS", "EACCES", "EPERM", "ENOTDIR"]
}
Wanted = tuple[WeightsFolder, str]


def fetch(wanted: Model, tell: Callable[[str], None], *, bars: bool) -> Model:
    """Get what is missing of a model, and again what is damaged; record the digests. The model as it is from now on.

    ``tell`` gets a line for each file that is fetched; ``bars`` shows on stderr how far it is. For a registered
    checkpoint there is only its text encoder to get, and its bytes are recorded as they are now.
    """
    _download(_absent(wanted), tell, bars=bars)
    if wanted.folder is not None:
        forget_record(wanted.id, "own")
    damages = check(wanted)
    from_hub = [one for one in damages if not one.source.is_own]
    if from_hub:
        _download(_drop(from_hub), tell, bars=bars)
        damages = check(wanted)
    refuse(wanted, damages)
    return model(wanted.id)


def _absent(wanted: Model) -> list[Wanted]:
    absent = [(one, name) for one in sources(wanted) for name in one.files if not os.path.isfile(one.path(name))]
    lost = [source.path(name) for source, name in absent if source.is_own]
    if lost:
        raise EngineError(f"{wanted.id} is registered, but {' and '.join(lost)} cannot be found")
    return absent


def _drop(damages: Iterable[DamagedFile]) -> list[Wanted]:
    """Take damaged files out of the cache, so that they are fetched and not found."""
    wanted = []
    for one in damages:
        path = one.source.path(one.name)
        blob = os.path.join(_blobs(one.source), claim(path) or "none")
        try:
            os.unlink(path)
            if os.path.lexists(blob):
                os.unlink(blob)
        except OSError as error:
            raise EngineError(f"{path} is damaged and cannot be replaced: {error.strerror or error}") from error
        wanted.append((one.source, one.name))
    return wanted


def _download(wanted: list[Wanted], tell: Callable[[str], None], *, bars: bool) -> None:
    if not wanted:
        return
    hub = _hub(bars=bars)
    for source, name in wanted:
        tell(f"fetching {name} of {source.repository}")
        try:
            _to_blob(hub, source, name)
            hub.hf_hub_download(  # finds the blob and links it
                source.repository, name, revision=source.revision, cache_dir=cache_folder()
            )
        except ScenebuildError:
            raise
        except Exception as error:  # the HTTP library below the hub's has changed twice, and its errors with it
            raise EngineError(f"{name} of {source.repository}: {_reason(hub, error)}; what is here stays") from error


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


def _to_blob(hub: Any, source: WeightsFolder, name: str) -> None:
    """Fetch the bytes of a file under the name of their hash, unless they are at hand."""
    url = hub.hf_hub_url(source.repository, name, revision=source.revision)
    facts = hub.get_hf_file_metadata(url)
    named = str(facts.etag)
    if facts.commit_hash is None or not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", named):
        raise EngineError(_no_hub(hub, source, name))
    if facts.commit_hash != source.revision:
        raise EngineError(
            f"{name} of {source.repository}: asked for commit {source.revision[:12]}, the hub answered with "
            f"{facts.commit_hash[:12]}; nothing was taken"
        )
    blob = os.path.join(_blobs(source), named)
    os.makedirs(os.path.dirname(blob), exist_ok=True)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            if os.path.exists(blob) or _fill(hub, url, facts, blob):
                return
        except OSError as error:  # a bare one: too short or too long, says http_get; what came stays
            if type(error) is not OSError or error.errno is not None or attempt == ATTEMPTS:
                raise
    os.unlink(_part(blob))
    raise DigestError(
        f"{name} of {source.repository}: the hub sends other bytes than those it names, {ATTEMPTS} times; nothing was "
        f"kept. Is {hub.constants.ENDPOINT} the right one?"
    )


def _fill(hub: Any, url: str, facts: Any, blob: str) -> bool:
    """Add to what an earlier attempt left; whether the blob is there now. Wrong bytes are thrown away."""
    part = _part(blob)
    named = os.path.basename(blob)
    with open(part, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # of two that fetch the same file, the second finds it done
        if os.path.exists(blob):
            return True
        if file.tell() > (facts.size or 0):
            file.truncate(0)
        _append(hub, url, facts, file)
        file.flush()
        found = fingerprint(part)
        if named not in (found.sha256, git_hash(part, found.size, named)):
            file.truncate(0)
            return False
        os.replace(part, blob)
    return True


def _append(hub: Any, url: str, facts: Any, file: BinaryIO) -> None:
    """Fetch what is still missing of a file."""
    headers = hub.utils.build_hf_headers()
    if urlsplit(facts.location).netloc != urlsplit(url).netloc:
        headers.pop("authorization", None)  # a token is for the hub, not for where it keeps its files
    import_module("huggingface_hub.file_download").http_get(
        facts.location,
        file,
        resume_size=file.tell(),
        headers=headers,
        expected_size=facts.size,
        displayed_filename=os.path.basename(urlsplit(url).path),
    )


def _part(blob: str) -> str:
    return f"{blob}.scenebuild.incomplete"


def _blobs(source: WeightsFolder) -> str:
    """The hub's folder for the bytes of a repository, whatever the commit."""
    return os.path.join(os.path.dirname(os.path.dirname(source.folder)), "blobs")


def _no_hub(hub: Any, source: WeightsFolder, name: str) -> str:
    return (
        f"{name} of {source.repository}: what answers at {hub.constants.ENDPOINT} is no hub (a login page? a proxy?); "
        "check the network and HF_ENDPOINT"
    )


def _reason(hub: Any, error: Exception) -> str:
    """One line for a person."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    endpoint = hub.constants.ENDPOINT
    if hub.constants.HF_HUB_OFFLINE:
        return "it is not here, and HF_HUB_OFFLINE forbids to fetch it; unset it and try again"
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
