"""From ``kernels.cpp`` to a library for the processor of this machine, by whatever compiler is there.

The library is kept in the user's cache under a hash of all that it depends on. Where that folder cannot be written, or
nothing in it may be executed, it is made for this process alone.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from scenebuild.scratch import scratch_folder

COMPILERS = ("c++", "g++", "clang++")
# -march=native is not known on ARM by every clang; Apple's compiles for its own processors anyway.
NATIVE = ["-march=native"] if platform.machine().lower() in ("x86_64", "amd64") else ["-mcpu=native"]
# No -ffast-math: the order of every sum is part of what is promised.
COMPILE = (
    "-std=c++17", "-O3", *([] if (sys.platform, platform.machine()) == ("darwin", "arm64") else NATIVE),
    "-fno-math-errno", "-fPIC",
)  # fmt: skip
OPENMP = ("-fopenmp",)
OPENMP_OF_APPLE = ("-Xpreprocessor", "-fopenmp")  # its clang knows the words and not the option
LINK = ("-shared", "-Wl,--no-undefined") if sys.platform == "linux" else ("-shared",)
LONGEST_COMPILE_S = 120
PROBE = "int sum(int n) {\n  int all = 0;\n#pragma omp parallel for reduction(+ : all)\n"
PROBE += "  for (int i = 0; i < n; i++) all += i;\n  return all;\n}\n"

Command = tuple[str, ...]  # a compiler, and arguments that it always gets

NO_COMPILER = "install g++ (apt install g++, dnf install gcc-c++, on a Mac: xcode-select --install)"
# What the source says by #error, and what a compiler says that is not one for it -> the reason, and what to do.
KNOWN = {
    "no kernel for this processor": (f"they have no code for this processor ({platform.machine()})", ""),
    "the compiler is too old": ("{} is too old for them", "install g++ 9 or newer, or name a compiler with CXX"),
}


class CompileError(Exception):
    """There is no library. The message is the reason; ``advice`` is what to do about it, or ""."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(reason)
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Library:
    """A library that one compiler makes, or has made."""

    command: Command
    threaded: bool  # by OpenMP; without it all is computed by one thread
    name: str  # of its file

    @property
    def compiler(self) -> str:
        """The compiler's name, for people."""
        return os.path.basename(self.command[0])


def compilers() -> list[Command]:
    """The C++ compilers that are here: what CXX names, or those that are found."""
    wanted = os.environ.get("CXX", "").strip()
    if not wanted:
        return [(found,) for name in COMPILERS if (found := shutil.which(name))]
    if whole := shutil.which(wanted):  # a path with spaces in it
        return [(whole,)]
    try:
        program, *arguments = shlex.split(wanted)
    except ValueError:  # a quote without its end
        return []
    found = shutil.which(program)
    return [(found, *arguments)] if found else []


def libraries() -> Iterator[Library]:
    """Every library that could be made here, the best first. CompileError where there is no compiler."""
    found = compilers()
    if not found:
        named = os.environ.get("CXX", "").strip()
        if named:
            raise CompileError(f"no C++ compiler: CXX names {named}, which is not found", "unset CXX, or correct it")
        raise CompileError(f"no C++ compiler ({', '.join(COMPILERS)})", NO_COMPILER)
    for threaded in (True, False):
        yield from (Library(command, threaded, _name(command, threaded)) for command in found)


def compile_library(library: Library, folder: Path) -> Path:
    """Compile into a folder. OSError where it cannot be written, CompileError where the compiler cannot do it.

    In a folder aside first, because two builds may start at once.
    """
    with scratch_folder(str(folder)) as scratch:
        code, compiled, made = (str(Path(scratch, name)) for name in ("kernels.cpp", "kernels.o", library.name))
        Path(code).write_bytes(_source())
        options = openmp_options(library.command) if library.threaded else ([], [])
        if options is None:
            raise CompileError(f"{library.compiler} has no OpenMP that goes with torch's")
        _run(library.command, [*COMPILE, *options[0], "-c", code, "-o", compiled])
        _run(library.command, [*LINK, compiled, *options[1], "-o", made])
        os.replace(made, folder / library.name)
    return folder / library.name


@functools.lru_cache
def openmp_options(command: Command) -> tuple[list[str], list[str]] | None:
    """What a compiler wants for OpenMP when it compiles and when it links; None where it has none that goes with torch.

    -fopenmp at the link would add the compiler's own runtime beside torch's.
    """
    runtime = openmp_runtime()
    tries: list[tuple[list[str], list[str]]] = [([*OPENMP], [runtime or "-fopenmp"])]
    if sys.platform == "darwin":
        found = [runtime, f"-Wl,-rpath,{os.path.dirname(runtime)}"] if runtime else ["-lomp"]
        tries.append(([*OPENMP_OF_APPLE], found))
    return next((options for options in tries if _can_link(command, *options)), None)


def _can_link(command: Command, compile_with: Sequence[str], link_with: Sequence[str]) -> bool:
    with scratch_folder() as scratch:
        code, compiled, made = (str(Path(scratch, name)) for name in ("probe.cpp", "probe.o", "probe.so"))
        Path(code).write_text(PROBE, encoding="ascii")
        try:
            _run(command, ["-fPIC", *compile_with, "-c", code, "-o", compiled])
            _run(command, [*LINK, compiled, *link_with, "-o", made])
        except CompileError:
            return False
    return True


def _run(command: Command, arguments: Sequence[str]) -> None:
    name = os.path.basename(command[0])
    try:
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=LONGEST_COMPILE_S)
    except subprocess.TimeoutExpired as error:
        raise CompileError(f"{name} takes longer than {LONGEST_COMPILE_S} s") from error
    except OSError as error:
        raise CompileError(f"{command[0]} cannot be run: {error.strerror or error}") from error
    if done.returncode:
        raise _in_words(name, done.stderr)


def _in_words(compiler: str, said: str) -> CompileError:
    for known, (reason, advice) in KNOWN.items():
        if known in said:
            return CompileError(reason.format(compiler), advice)
    lines = [line for line in said.splitlines() if "error" in line] or [said.strip() or "it does not say why"]
    return CompileError(f"{compiler} cannot compile them: {lines[0].strip()[:200]}", "name another compiler with CXX")


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
def _name(command: Command, threaded: bool) -> str:
    options = " ".join((*COMPILE, *LINK, *command, openmp_runtime() if threaded else "one thread"))
    made_of = [_source(), options.encode(), _version(command), _processor()]
    digest = hashlib.sha256(b"\0".join(made_of)).hexdigest()
    return f"kernels-{digest[:32]}.so"


@functools.lru_cache
def _version(command: Command) -> bytes:
    try:
        return subprocess.run([*command, "--version"], capture_output=True, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        return b""  # compiling with it says what is wrong


def _source() -> bytes:
    return files(__package__).joinpath("kernels.cpp").read_bytes()


def _processor() -> bytes:
    """What the options for this processor depend on: a home folder may be shared by machines of several kinds."""
    try:
        with open("/proc/cpuinfo", "rb") as lines:
            wanted = (b"model name", b"flags", b"Features", b"CPU part")
            return b"".join(sorted({line for line in lines if line.startswith(wanted)}))
    except OSError:
        return f"{platform.machine()} {platform.processor()}".encode()


def cache_folder() -> Path:
    """Where libraries are kept from one start to the next."""
    from scenebuild.config import user_folder

    return Path(user_folder("cache"), "kernels")


@functools.lru_cache
def folder_of_this_process() -> Path:
    """A folder for a library that is loaded for as long as the process lives. OSError where there is no room for it."""
    kept = contextlib.ExitStack()
    atexit.register(kept.close)
    return Path(kept.enter_context(scratch_folder()))
