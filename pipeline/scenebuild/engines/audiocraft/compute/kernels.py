"""The kernels of ``kernels.cpp``: compiled once for the processor of this machine, called with torch's tensors.

A compiler is optional: without one ``kernels()`` is None, and torch's own operations do the work.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from scenebuild.engines.audiocraft.compute.compiling import (
    Command,
    CompileError,
    Library,
    cache_folder,
    compile_library,
    folder_of_this_process,
    libraries,
    openmp_options,
    openmp_runtime,
)

ABI = 2  # of kernels.cpp

_POINTER, _LONG = ctypes.c_void_p, ctypes.c_long


class CMatrix(ctypes.Structure):
    """``Matrix`` of ``kernels.cpp``."""

    _fields_ = (
        *((name, _LONG) for name in ("kind", "inputs", "outputs")),
        *((name, _POINTER) for name in ("data", "scales", "sums")),
    )


class CNorm(ctypes.Structure):
    """``Norm`` of ``kernels.cpp``."""

    _fields_ = (("weight", _POINTER), ("bias", _POINTER))


NORMS = ("self_norm", "cross_norm", "ffn_norm")
MATRICES = ("self_qkv", "self_out", "cross_query", "cross_out", "ffn_up", "ffn_down")


class CLayer(ctypes.Structure):
    """``Layer`` of ``kernels.cpp``."""

    _fields_ = (*((name, CNorm) for name in NORMS), *((name, CMatrix) for name in MATRICES))


class CKVCache(ctypes.Structure):
    """``KVCache`` of ``kernels.cpp``."""

    _fields_ = (
        *((name, _POINTER) for name in ("keys", "values")),
        *((name, _LONG) for name in ("heads", "head_dim", "capacity", "half")),
    )


class CRows(ctypes.Structure):
    """``Rows`` of ``kernels.cpp``."""

    _fields_ = (("count", _LONG), ("slots", _POINTER), ("lengths", _POINTER))


class CWorkspace(ctypes.Structure):
    """``Workspace`` of ``kernels.cpp``."""

    _fields_ = tuple((name, _POINTER) for name in ("narrow", "wide", "digits"))


class CStep(ctypes.Structure):
    """``Step`` of ``kernels.cpp``."""

    _fields_ = (
        ("hidden", _POINTER),
        ("dim", _LONG),
        ("layer_count", _LONG),
        ("layers", ctypes.POINTER(CLayer)),
        ("self_caches", ctypes.POINTER(CKVCache)),
        ("cross_caches", ctypes.POINTER(CKVCache)),
        ("rows", CRows),
        ("cross_rows", CRows),
        ("workspace", CWorkspace),
    )


class CEntries(ctypes.Structure):
    """``Entries`` of ``kernels.cpp``."""

    _fields_ = (("keys", _POINTER), ("values", _POINTER), ("stride", _LONG), ("rows", CRows))


STRUCTS = (CMatrix, CNorm, CLayer, CKVCache, CRows, CWorkspace, CStep, CEntries)


class CAbi(ctypes.Structure):
    """``Abi`` of ``kernels.cpp``: its number, and the size of each struct in the order of STRUCTS."""

    _fields_ = (("number", _LONG), *((one.__name__, _LONG) for one in STRUCTS))


_FUNCTIONS: dict[str, Sequence[Any]] = {
    "layers": [ctypes.POINTER(CStep)],
    "linear": [_POINTER, _POINTER, ctypes.POINTER(CMatrix), _LONG, _POINTER],
    "layer_norm": [_POINTER, _POINTER, ctypes.POINTER(CNorm), _LONG, _LONG],
    "store": [ctypes.POINTER(CKVCache), ctypes.POINTER(CEntries)],
}


class AbiError(Exception):
    """The compiled library has other structs than this module."""


class Kernels:
    """The functions of one compiled library. Data pointers are ``Tensor.data_ptr()``; shapes are in ``kernels.cpp``.

    OSError where the library cannot be loaded, AbiError where its structs are not those of this module.
    """

    def __init__(self, path: str) -> None:
        if runtime := openmp_runtime():
            ctypes.CDLL(runtime)  # torch's, so that the library finds this one and no second is loaded
        library = ctypes.CDLL(path)
        _check_abi(library)
        for name, types in _FUNCTIONS.items():
            function = getattr(library, f"sb_{name}")
            function.argtypes, function.restype = types, None
        self.layers: Callable[[CStep], None] = library.sb_layers
        self.linear: Callable[[int, int, CMatrix, int, int], None] = library.sb_linear
        self.layer_norm: Callable[[int, int, CNorm, int, int], None] = library.sb_layer_norm
        self.store: Callable[[CKVCache, CEntries], None] = library.sb_store


def _check_abi(library: ctypes.CDLL) -> None:
    library.sb_abi.argtypes, library.sb_abi.restype = [], CAbi
    theirs = library.sb_abi()
    found = {one[0]: getattr(theirs, one[0]) for one in CAbi._fields_}
    wanted = {"number": ABI, **{one.__name__: ctypes.sizeof(one) for one in STRUCTS}}
    if found != wanted:
        raise AbiError(f"the compiled kernels have the structs {found}, kernels.py has {wanted}")


@dataclass(frozen=True, slots=True)
class Found:
    """The kernels, and what there is to say about them."""

    kernels: Kernels | None
    reason: str = ""  # why they are not in use
    advice: str = ""  # what to do about it
    notes: tuple[str, ...] = ()  # what is not as good as it could be, where they are in use


def kernels() -> Kernels | None:
    """The kernels, compiled now if they were not before; None where there are none, see ``why_not``."""
    return found_kernels().kernels


def why_not() -> str:
    """Why the kernels are not in use here, in words; "" where they are."""
    return found_kernels().reason


def notes() -> tuple[str, ...]:
    """Lines for a person about kernels that are not in use, or not as they should be; none where all is well."""
    found = found_kernels()
    if not found.reason:
        return found.notes
    advice = f"; {found.advice}" if found.advice else ""
    return (f"the kernels are not in use: {found.reason}{advice}; models on a CPU are several times quicker with them",)


@functools.lru_cache
def found_kernels() -> Found:
    """What was found out about the kernels on this machine, once a process."""
    if os.environ.get("SCENEBUILD_KERNELS") == "off":
        return Found(None, "SCENEBUILD_KERNELS is off", "unset it")
    try:
        return _first_that_works()
    except CompileError as error:
        return Found(None, str(error), error.advice)
    except (AttributeError, AbiError) as error:
        return Found(None, f"the library is not that of this version: {error}", "install scenebuild again")


def _first_that_works() -> Found:
    """The best library that one of the compilers can make; CompileError by the first compiler where none can."""
    faults: dict[Command, CompileError] = {}
    for library in libraries():
        if library.threaded or openmp_options(library.command) is None:  # else it was tried, and failed
            try:
                loaded, notes = _loaded(library)
            except CompileError as error:
                faults[library.command] = error  # of one thread, where there were two tries
            else:
                return Found(loaded, notes=(*notes, *_about_threads(library)))
    raise next(iter(faults.values()))


def _loaded(library: Library) -> tuple[Kernels, list[str]]:
    """From the cache, compiled into it, or compiled for this process alone: that takes seconds, and stops no build."""
    kept = cache_folder() / library.name
    try:
        with contextlib.suppress(OSError):  # it is not there, or damaged
            return Kernels(str(kept)), []
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Kernels(str(compile_library(library, kept.parent))), []
    except OSError as error:
        reason = f"{kept.parent} cannot be used: {error.strerror or error}"
    try:
        made = Kernels(str(compile_library(library, folder_of_this_process())))
    except OSError as error:
        words = f"{reason}; nor the temporary folder: {error.strerror or error}"
        raise CompileError(words, "name folders that can with XDG_CACHE_HOME and TMPDIR") from error
    return made, [f"the kernels are compiled at each start: {reason}; name another folder with XDG_CACHE_HOME"]


def _about_threads(library: Library) -> list[str]:
    if library.threaded:
        return []
    how = "on a Mac: brew install libomp" if sys.platform == "darwin" else "install g++"
    return [f"the kernels run on one thread: {library.compiler} has no OpenMP that goes with torch's; {how}"]
