"""The language model's weights in a backend's layout, converted once into a file that is mapped at each start.

The file is beside the hub's cache. It is in the safetensors format: numbers, names and shapes, no code. Its digest is
recorded with the records of the weights; a file with another digest, or without a record, is not loaded but made again
from the checkpoint. It holds size and time of the checkpoint's file, which is not read while they are unchanged: a
changed one has to be checked, and may be refused.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from scenebuild.engines.audiocraft.checkpoint import LANGUAGE_MODEL, Checkpoint, open_checkpoint
from scenebuild.engines.audiocraft.compute.backend import Backend, Matrix
from scenebuild.engines.audiocraft.configuration import Dimensions, dimensions_of, from_plain, plain
from scenebuild.engines.audiocraft.hub import weights
from scenebuild.engines.audiocraft.hub.manifest import (
    Fingerprint,
    fingerprint,
    forget_record,
    record_of,
    record_path,
    write_record,
)
from scenebuild.engines.audiocraft.hub.models import Model
from scenebuild.engines.audiocraft.language import LanguageModel, assembled, load_language_model, parts
from scenebuild.errors import EngineError

VERSION = 2  # a new one whenever the same checkpoint would give another file
HEADER_BYTES = 1 << 20  # filled up with spaces, as sizes are known only when all is written
NAMES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int8: "I8", torch.int32: "I32"}
DTYPES = {name: dtype for dtype, name in NAMES.items()}


@dataclass(frozen=True, slots=True)
class Ready:
    """A language model that can be used, and where the model's files lie."""

    located: weights.LocatedWeights
    language: LanguageModel
    note: str = ""  # for the user, about how it was loaded


def ready(model: Model, backend: Backend, admit: Callable[[Dimensions], None] = lambda sizes: None) -> Ready:
    """A model, once every byte that is loaded was read and is as recorded.

    ``admit`` is asked before anything is converted, and may raise. Raises as ``weights.verified`` does.
    """
    path = packed_path(model, backend)
    known = record_of(*_record_name(model, backend)) if path and os.path.isfile(path) else None
    if path and known is not None:
        with ThreadPoolExecutor(max_workers=1) as pool:
            found = pool.submit(fingerprint, path)
            located = weights.verified(model, without=frozenset({LANGUAGE_MODEL}))
        sound = known == {os.path.basename(path): found.result()}
        if sound and _about(path)["source"] == _stamp(os.path.join(located.folder, LANGUAGE_MODEL)):
            language = read(path)
            admit(language.dimensions)
            return Ready(located, language)
    located = weights.verified(model)
    checkpoint = open_checkpoint(located.folder, LANGUAGE_MODEL)
    admit(dimensions_of(checkpoint))
    if path is None:
        return Ready(located, load_language_model(checkpoint, backend))
    fault = _convert(model, checkpoint, backend, path)
    if not fault:
        return Ready(located, read(path))
    note = f"the weights of {model.id} are converted at each start: {fault}; one start that may write there ends that"
    return Ready(located, load_language_model(checkpoint, backend), note)


def _convert(model: Model, checkpoint: Checkpoint, backend: Backend, path: str) -> str:
    """Write the file and its record; why that cannot be done, or ""."""
    try:
        found = write(checkpoint, backend, path)
    except OSError as error:
        return f"{os.path.dirname(path)} cannot be written ({error.strerror or error})"
    try:
        forget_record(*_record_name(model, backend))
        write_record(*_record_name(model, backend), {os.path.basename(path): found})
    except EngineError:
        with contextlib.suppress(OSError):
            os.unlink(path)  # without a record nothing would ever read it
        return f"{os.path.dirname(record_path(*_record_name(model, backend)))} cannot be written"
    _remove_older(model, backend)
    return ""


def _remove_older(model: Model, backend: Backend) -> None:
    """The files of former versions: gigabytes that nothing reads any more."""
    for version in range(1, VERSION):
        with contextlib.suppress(OSError):
            os.unlink(str(packed_path(model, backend, version)))
        forget_record(*_record_name(model, backend, version))


def packed_path(model: Model, backend: Backend, version: int = VERSION) -> str | None:
    """Where the converted weights of a model lie, or would lie; None for a backend that takes them as they are."""
    if backend.layout is None:
        return None
    folder = os.path.join(os.path.dirname(weights.cache_folder()), "scenebuild")
    name = f"{model.id.replace('/', '--')}@{model.revision}-{backend.layout}-{version}.safetensors"
    return os.path.join(folder, name)


def write(checkpoint: Checkpoint, backend: Backend, path: str) -> Fingerprint:
    """Convert a checkpoint, part by part, into a file under ``path``, whole or not at all. OSError where it cannot."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{secrets.token_hex(8)}"
    tensors: dict[str, Any] = {}
    matrices: dict[str, Any] = {}
    try:
        with open(temporary, "xb") as file:
            file.seek(HEADER_BYTES)
            at = 0
            for name, part in parts(checkpoint, backend):
                if isinstance(part, Matrix):
                    matrices[name] = [part.kind, part.outputs, part.inputs]
                for full_name, tensor in _tensors(name, part):
                    size = file.write(_bytes(tensor))
                    shape = list(tensor.shape)
                    tensors[full_name] = {"dtype": NAMES[tensor.dtype], "shape": shape, "data_offsets": [at, at + size]}
                    at += size
            about = {
                "matrices": matrices,
                "dimensions": plain(dimensions_of(checkpoint)),
                "source": _stamp(checkpoint.path),
            }
            file.seek(0)
            file.write(_header({"__metadata__": {"scenebuild": json.dumps(about)}, **tensors}))
            file.flush()
            os.fsync(file.fileno())
        found = fingerprint(temporary)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return found


def read(path: str) -> LanguageModel:
    """Map a file that ``write`` made; its pages are read when they are first used."""
    with open(path, "rb") as file:
        # A private mapping: torch wants memory that could be written to; nobody does, and it is shared until then.
        pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    header, about = _parsed(pages[:HEADER_BYTES])
    tensors = {name: _tensor(pages, HEADER_BYTES, facts) for name, facts in header.items()}
    found: dict[str, Matrix | Tensor] = dict(tensors)
    for name, (kind, outputs, inputs) in about["matrices"].items():
        extra = (tensors.get(f"{name}.scales"), tensors.get(f"{name}.sums"))
        found[name] = Matrix(kind, outputs, inputs, tensors[f"{name}.data"], *extra)
    return replace(assembled(from_plain(about["dimensions"]), found), mapped_bytes=len(pages))


def _about(path: str) -> dict[str, Any]:
    with open(path, "rb") as file:
        return _parsed(file.read(HEADER_BYTES))[1]


def _parsed(start: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """From the first HEADER_BYTES: the facts of each tensor, and what we say about the model."""
    header = json.loads(start[8:])
    about: dict[str, Any] = json.loads(header.pop("__metadata__")["scenebuild"])
    return header, about


def _stamp(path: str) -> list[int]:
    """Size and time of a checkpoint's file; none for one that is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return []
    return [found.st_size, found.st_mtime_ns]


def _record_name(model: Model, backend: Backend, version: int = VERSION) -> tuple[str, str]:
    return f"packed--{model.id}", f"{model.revision}-{backend.layout}-{version}"


def _tensors(name: str, part: Matrix | Tensor) -> Iterator[tuple[str, Tensor]]:
    if isinstance(part, Tensor):
        yield name, part
        return
    for field in ("data", "scales", "sums"):
        tensor = getattr(part, field)
        if tensor is not None:
            yield f"{name}.{field}", tensor


def _bytes(tensor: Tensor) -> memoryview:
    return memoryview(tensor.contiguous().view(-1).view(torch.uint8).numpy())


def _tensor(pages: mmap.mmap, start: int, facts: dict[str, Any]) -> Tensor:
    first, last = facts["data_offsets"]
    dtype = DTYPES[facts["dtype"]]
    flat = torch.frombuffer(pages, dtype=dtype, count=(last - first) // dtype.itemsize, offset=start + first)
    return flat.view(facts["shape"])


def _header(values: dict[str, Any]) -> bytes:
    """The length of the JSON in eight bytes, and the JSON, spaces behind it: HEADER_BYTES together."""
    text = json.dumps(values).encode()
    room = HEADER_BYTES - 8
    if len(text) > room:
        raise EngineError(f"the names of the weights take {len(text)} bytes, there is room for {room}")
    return room.to_bytes(8, "little") + text.ljust(room)
