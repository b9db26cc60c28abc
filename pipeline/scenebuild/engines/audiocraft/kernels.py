"""The kernels of ``kernels.cpp``, compiled once for the processor at hand, and called with torch's own tensors.

A compiler is no condition: where there is none, ``kernels()`` is None and torch's own operations do the work.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from scenebuild.scratch import scratch_folder

COMPILERS = ("c++", "g++", "clang++")
# No -ffast-math: the order of every sum is part of what is promised.
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fno-math-errno", "-fopenmp", "-shared", "-fPIC")
LONGEST_COMPILE_S = 120

_POINTER, _LONG = ctypes.c_void_p, ctypes.c_long


class CMatrix(ctypes.Structure):
    """``Matrix`` of ``kernels.cpp``."""

    _fields_ = (
        ("kind", _LONG), ("inputs", _LONG), ("outputs", _LONG), ("data", _POINTER), ("scales", _POINTER),
        ("sums", _POINTER),
    )  # fmt: skip


class CNorm(ctypes.Structure):
    """``Norm`` of ``kernels.cpp``."""

    _fields_ = (("weight", _POINTER), ("bias", _POINTER))


class CLayer(ctypes.Structure):
    """``Layer`` of ``kernels.cpp``."""

    _fields_ = (
        *((name, CNorm) for name in ("norm_past", "norm_text", "norm_wide")),
        *((name, CMatrix) for name in ("query_key_value", "past_out", "text_query", "text_out", "widen", "narrow")),
    )


class CPast(ctypes.Structure):
    """``Past`` of ``kernels.cpp``."""

    _fields_ = (
        ("keys", _POINTER),
        ("values", _POINTER),
        ("heads", _LONG),
        ("width", _LONG),
        ("room", _LONG),
        ("half", _LONG),
    )


class CRows(ctypes.Structure):
    """``Rows`` of ``kernels.cpp``."""

    _fields_ = (("count", _LONG), ("places", _POINTER), ("lengths", _POINTER))


_FUNCTIONS: dict[str, Sequence[Any]] = {
    "layers": [_POINTER, _LONG, _LONG, *[_POINTER] * 8],
    "linear": [_POINTER, _POINTER, ctypes.POINTER(CMatrix), _LONG, _POINTER],
    "layer_norm": [_POINTER, _POINTER, ctypes.POINTER(CNorm), _LONG, _LONG],
    "remember": [ctypes.POINTER(CPast), _POINTER, _POINTER, _LONG, ctypes.POINTER(CRows)],
}


class Kernels:
    """The functions of one compiled library. Pointers are ``Tensor.data_ptr()``; shapes are in ``kernels.cpp``."""

    def __init__(self, path: str) -> None:
        library = ctypes.CDLL(path)
        for name, types in _FUNCTIONS.items():
            function = getattr(library, f"sb_{name}")
            function.argtypes, function.restype = types, None
        self.layers: Callable[..., None] = library.sb_layers
        self.linear: Callable[..., None] = library.sb_linear
        self.layer_norm: Callable[..., None] = library.sb_layer_norm
        self.remember: Callable[..., None] = library.sb_remember


@functools.lru_cache
def kernels() -> Kernels | None:
    """The kernels, compiled now if they were not before; None where that can not be done, see ``why_not``."""
    return None if why_not() else Kernels(_library())


@functools.lru_cache
def why_not() -> str:
    """Why there are no kernels here, in words; "" where there are."""
    if os.environ.get("SCENEBUILD_KERNELS") == "off":
        return "SCENEBUILD_KERNELS is off"
    if compiler() is None:
        return f"no C++ compiler ({', '.join(COMPILERS)})"
    try:
        Kernels(_library())
    except (OSError, AttributeError, subprocess.SubprocessError) as error:
        words = getattr(error, "stderr", None) or str(error)
        lines = [line for line in str(words).splitlines() if "error" in line] or [str(words)]
        return f"the kernels can not be compiled: {lines[0].strip()[:200]}"
    return ""


def compiler() -> str | None:
    """The C++ compiler: what CXX names, or the first that is found."""
    wanted = os.environ.get("CXX")
    names = (wanted,) if wanted else COMPILERS
    return next((found for name in names if (found := shutil.which(name))), None)


@functools.lru_cache
def _library() -> str:
    """The compiled library, in the user's cache under a hash of all that it follows from."""
    from scenebuild.config import user_folder

    source = files(__package__).joinpath("kernels.cpp").read_bytes()
    program = str(compiler())
    version = subprocess.run([program, "--version"], capture_output=True, check=True, timeout=30).stdout
    made_of = hashlib.sha256(b"\0".join([source, program.encode(), version, " ".join(FLAGS).encode(), _processor()]))
    name = f"kernels-{made_of.hexdigest()[:32]}.so"
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
    """Aside first, then in its place: two builds may start at once."""
    with scratch_folder(str(folder)) as scratch:
        (Path(scratch) / "kernels.cpp").write_bytes(source)
        made = Path(scratch) / name
        command = [program, *FLAGS, str(Path(scratch) / "kernels.cpp"), "-o", str(made)]
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
