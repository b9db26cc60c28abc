"""One file of the hub at a commit: what the hub says of it, its bytes under the name of their hash, and a link to them.

Where the bytes lie is asked again at each attempt: the hub answers with links that are signed for an hour, and a large
file takes longer on a slow line. A token is for the hub, and is never sent to the host that such a link leads to.
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from importlib import import_module
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from scenebuild.engines.audiocraft.hub.manifest import fingerprint
from scenebuild.engines.audiocraft.hub.weights import WeightsFolder, git_hash
from scenebuild.errors import DigestError, EngineError
from scenebuild.locks import lock

ATTEMPTS = 2  # without a byte more than before


@dataclass(frozen=True, slots=True)
class HubFile:
    """What the hub says of a file."""

    source: WeightsFolder
    name: str
    size: int | None  # bytes; None where a mirror does not say
    blob: str  # where its bytes belong; the last part is their hash
    address: str
    link: str  # to the bytes, valid for a while

    @property
    def part(self) -> str:
        """Where its bytes lie on their way."""
        return f"{self.blob}.scenebuild.incomplete"

    @property
    def here(self) -> int:
        """How many of its bytes are here."""
        for path in (self.blob, self.part):
            if os.path.exists(path):
                return os.path.getsize(path)
        return 0

    @property
    def missing(self) -> int:
        """How many bytes are to be fetched, as far as that is known."""
        return max(0, (self.size or 0) - self.here)


def blobs_folder(source: WeightsFolder) -> str:
    """The hub's folder for the bytes of a repository, whatever the commit."""
    return os.path.join(os.path.dirname(os.path.dirname(source.folder)), "blobs")


def ask(hub: Any, source: WeightsFolder, name: str) -> HubFile:
    """Ask the hub for a file at its commit. EngineError where the answer is not about that; raises as the hub does."""
    address = hub.hf_hub_url(source.repository, name, revision=source.revision)
    facts = hub.get_hf_file_metadata(address)
    named = str(facts.etag)
    if facts.commit_hash is None or not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", named):
        raise EngineError(
            f"{name} of {source.repository}: what answers at {hub.constants.ENDPOINT} is no hub (a login page? a "
            "proxy?); check the network and HF_ENDPOINT"
        )
    if facts.commit_hash != source.revision:
        raise EngineError(
            f"{name} of {source.repository}: asked for commit {source.revision[:12]}, the hub answered with "
            f"{facts.commit_hash[:12]}; nothing was taken"
        )
    return HubFile(source, name, facts.size, os.path.join(blobs_folder(source), named), address, facts.location)


def bring(hub: Any, source: WeightsFolder, name: str) -> None:
    """Put a file into the cache as huggingface_hub does, and fetch of its bytes what is not here.

    Goes on as long as each attempt brings more. DigestError where other bytes come than the hub names, EngineError
    where the storage refuses the hub's own link; raises as the hub does.
    """
    failures = 0
    while True:
        file = ask(hub, source, name)
        before, error = file.here, None
        try:
            if os.path.exists(file.blob) or _fill(hub, file):
                _link(file)
                return
        except Exception as caught:  # the HTTP library below the hub's has changed twice, and its errors with it
            if not (is_of_storage(caught, file.address) or _is_of_length(caught)):
                raise
            error = caught
        failures = 1 if file.here > before else failures + 1
        if failures == ATTEMPTS:
            raise _given_up(hub, file, error)


def _given_up(hub: Any, file: HubFile, error: Exception | None) -> Exception:
    what = f"{file.name} of {file.source.repository}"
    if error is None:
        os.unlink(file.part)
        return DigestError(
            f"{what}: the hub sends other bytes than those it names, {ATTEMPTS} times; nothing was kept. "
            f"Is {hub.constants.ENDPOINT} the right one?"
        )
    if is_of_storage(error, file.address):
        return EngineError(
            f"{what}: {urlsplit(file.link).netloc} refuses the links that {hub.constants.ENDPOINT} gives "
            f"({_status(error)}), new ones too; is a proxy or a firewall in the way? What is here stays"
        )
    return error


def is_of_storage(error: Exception, address: str) -> bool:
    """Whether the host that a link of the hub leads to refused it: expired links are told so, by 400, 401, 403, 410."""
    request = getattr(getattr(error, "response", None), "request", None)
    if request is None or _status(error) not in (400, 401, 403, 404, 410):
        return False
    return urlsplit(str(request.url)).netloc != urlsplit(address).netloc


def _status(error: Exception) -> int | None:
    status: int | None = getattr(getattr(error, "response", None), "status_code", None)
    return status


def _is_of_length(error: Exception) -> bool:
    """Too short or too long, says http_get with a bare OSError; what came stays."""
    return type(error) is OSError and error.errno is None


def _fill(hub: Any, wanted: HubFile) -> bool:
    """Add to what an earlier attempt left; whether the blob is there now. Wrong bytes are thrown away."""
    os.makedirs(os.path.dirname(wanted.blob), exist_ok=True)
    named = os.path.basename(wanted.blob)
    with open(wanted.part, "ab") as file:
        lock(file.fileno(), wait=True)  # of two that fetch the same file, the second finds it done
        if os.path.exists(wanted.blob):
            return True
        if file.tell() > (wanted.size or 0):
            file.truncate(0)
        _append(hub, wanted, file)
        file.flush()
        found = fingerprint(wanted.part)
        if named not in (found.sha256, git_hash(wanted.part, found.size, named)):
            file.truncate(0)
            return False
        os.replace(wanted.part, wanted.blob)
    return True


def _link(file: HubFile) -> None:
    """Let the commit's folder lead to the bytes; huggingface_hub would need a lock, which not all disks have."""
    path = file.source.path(file.name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{secrets.token_hex(8)}"
    try:
        os.symlink(os.path.relpath(file.blob, os.path.dirname(path)), temporary)
    except OSError:  # a file system without links holds a file at one commit only
        temporary = file.blob
    os.replace(temporary, path)


def _append(hub: Any, wanted: HubFile, file: BinaryIO) -> None:
    """Fetch what is still missing of a file."""
    headers = hub.utils.build_hf_headers()
    if urlsplit(wanted.link).netloc != urlsplit(wanted.address).netloc:
        headers.pop("authorization", None)
    import_module("huggingface_hub.file_download").http_get(
        wanted.link,
        file,
        resume_size=file.tell(),
        headers=headers,
        expected_size=wanted.size,
        displayed_filename=wanted.name,
    )
