"""The kernels of ``kernels.cpp``: compiled once for the processor of this machine, called with torch's tensors.

A compiler is optional: without one ``kernels()`` is None, and torch's own operations do the work.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from scenebuild.scratch import scratch_folder

COMPILERS = ("c++", "g++", "clang++")
# No -ffast-math: the order of every sum is part of what is promised.
COMPILE = ("-std=c++17", "-O3", "-march=native", "-fno-math-errno", "-fopenmp", "-fPIC")
LINK = ("-shared", "-Wl,--no-undefined") if sys.platform == "linux" else ("-shared",)
LONGEST_COMPILE_S = 120

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


@functools.lru_cache
def kernels() -> Kernels | None:
    """The kernels, compiled now if they were not before; None where there are none, see ``why_not``."""
    return None if why_not() else Kernels(_library())


@functools.lru_cache
def why_not() -> str:
    """Why the kernels are not in use here, in words; "" where they are."""
    if os.environ.get("SCENEBUILD_KERNELS") == "off":
        return "SCENEBUILD_KERNELS is off"
    program = compiler()
    if program is None:
        return f"no C++ compiler ({', '.join(COMPILERS)})"
    try:
        Kernels(_library())
    except (OSError, AttributeError, AbiError, subprocess.SubprocessError) as error:
        return _in_words(program, str(getattr(error, "stderr", None) or error))
    return ""


def not_in_use() -> str:
    """One line about kernels that are not in use, for a person; "" where they are."""
    reason = why_not()
    return (
        f"the kernels are not in use: {reason}; models on a CPU are several times quicker with them" if reason else ""
    )


def _in_words(program: str, said: str) -> str:
    if "no kernel for this processor" in said:
        return f"they have no code for this processor ({platform.machine()})"
    if "__kmpc" in said:  # what clang's code calls is in libomp alone
        runtime = os.path.basename(openmp_runtime())
        return f"{os.path.basename(program)} needs an OpenMP runtime of its own beside torch's {runtime}; install g++"
    lines = [line for line in said.splitlines() if "error" in line] or [said]
    return f"{os.path.basename(program)} cannot compile them: {lines[0].strip()[:200]}"


def compiler() -> str | None:
    """The C++ compiler: what CXX names, or the first that is found."""
    wanted = os.environ.get("CXX")
    names = (wanted,) if wanted else COMPILERS
    return next((found for name in names if (found := shutil.which(name))), None)


@functools.lru_cache
def openmp_runtime() -> str:
    """The OpenMP runtime that comes with torch; "" where it brings none and takes the system's. Imports no torch.

    Two runtimes in one process have two pools of threads, of which ``torch.set_num_threads`` knows one.
    """
    torch = importlib.util.find_spec("torch")
    if torch is None or torch.origin is None:
        return ""
    package = Path(torch.origin).parent
    found = [
        path
        for folder in (package / "lib", package.with_name("torch.libs"))
        for pattern in ("libgomp*", "libiomp5*", "libomp*")
        for path in sorted(folder.glob(pattern))
    ]
    return str(found[0]) if found else ""


@functools.lru_cache
def _library() -> str:
    """The compiled library, in the user's cache under a hash of all that it depends on."""
    from scenebuild.config import user_folder

    source = files(__package__).joinpath("kernels.cpp").read_bytes()
    program, runtime = str(compiler()), openmp_runtime()
    version = subprocess.run([program, "--version"], capture_output=True, check=True, timeout=30).stdout
    made_of = [source, program.encode(), version, " ".join((*COMPILE, *LINK)).encode(), runtime.encode(), _processor()]
    digest = hashlib.sha256(b"\0".join(made_of)).hexdigest()
    name = f"kernels-{digest[:32]}.so"
    folder = Path(user_folder("cache"), "kernels")
    try:
        if (folder / name).exists():
            return str(folder / name)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _compile(program, source, folder, name)
    except (PermissionError, NotADirectoryError):  # costs two seconds at each start, no build
        return _compile(program, source, _of_this_process(), name)


def _of_this_process() -> Path:
    """A folder for a library that is loaded for as long as the process lives."""
    kept = contextlib.ExitStack()
    atexit.register(kept.close)
    return Path(kept.enter_context(scratch_folder()))


def _compile(program: str, source: bytes, folder: Path, name: str) -> str:
    """In a folder aside first, because two builds may start at once."""
    with scratch_folder(str(folder)) as scratch:
        code, compiled, made = (str(Path(scratch) / one) for one in ("kernels.cpp", "kernels.o", name))
        Path(code).write_bytes(source)
        # -fopenmp at the link would add the compiler's own runtime.
        runtime = [openmp_runtime() or "-fopenmp"]
        for command in (
            [program, *COMPILE, "-c", code, "-o", compiled],
            [program, *LINK, compiled, *runtime, "-o", made],
        ):
            subprocess.run(command, capture_output=True, text=True, check=True, timeout=LONGEST_COMPILE_S)
        os.replace(made, folder / name)
    return str(folder / name)


def _processor() -> bytes:
    """What ``-march=native`` depends on: a home folder may be shared by machines of several kinds."""
    try:
        with open("/proc/cpuinfo", "rb") as lines:
            wanted = (b"model name", b"flags", b"Features", b"CPU part")
            return b"".join(sorted({line for line in lines if line.startswith(wanted)}))
    except OSError:
        return f"{platform.machine()} {platform.processor()}".encode()
