"""What a machine has for a model, memory, threads and a compiler: read where Linux and containers write it."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from scenebuild.cli import doctor
from scenebuild.engines import EngineState
from scenebuild.engines.audiocraft.compute import compiling, kernels
from scenebuild.engines.audiocraft.machine import cgroups, memory, threads

GIB = 1 << 30


class Machine:
    """Files as Linux has them, in a folder of the test: 16 GiB of memory, 12 of them available."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = folder / "cgroup"
        self.root.mkdir()
        self._own = folder / "own"
        meminfo = folder / "meminfo"
        meminfo.write_text(f"MemTotal:       {16 << 20} kB\nMemAvailable:   {12 << 20} kB\nHugePages_Total:       0\n")
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setattr(cgroups, "ROOT", self.root)
        monkeypatch.setattr(cgroups, "OWN", self._own)
        monkeypatch.setattr(memory, "MEMINFO", meminfo)

    def is_in(self, *lines: str) -> None:
        self._own.write_text("".join(f"{line}\n" for line in lines))

    def group(self, path: str, **files: str | int) -> None:
        """A group with files; the dot of a name is written as two underscores."""
        folder = self.root / path
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name.replace("__", ".")).write_text(f"{content}\n")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_without_a_limit_the_memory_is_the_machines(machine: Machine) -> None:
    assert memory.free_bytes() == 12 * GIB  # no file says which group it is
    machine.is_in("0::/user.slice/shell")
    machine.group("user.slice/shell", memory__max="max", memory__current=3 * GIB)
    assert (memory.free_bytes(), memory.all_bytes(), memory.is_limited()) == (12 * GIB, 16 * GIB, False)


def test_a_container_has_what_its_group_leaves_without_pages_of_files(machine: Machine) -> None:
    machine.is_in("0::/")
    stat = f"anon 5\ninactive_file {GIB}\nactive_file {GIB // 2}"
    machine.group("", memory__max=3 * GIB, memory__current=2 * GIB, memory__stat=stat)
    assert memory.free_bytes() == 3 * GIB - GIB // 2
    assert (memory.all_bytes(), memory.is_limited()) == (3 * GIB, True)
    machine.group("", memory__high=2 * GIB)  # a process that is throttled comes to no end
    assert (memory.free_bytes(), memory.all_bytes()) == (3 * GIB // 2, 2 * GIB)


def test_the_least_limit_above_a_group_counts(machine: Machine) -> None:
    machine.is_in("0::/pod/one/two")
    machine.group("pod", memory__max=4 * GIB, memory__current=3 * GIB)
    machine.group("pod/one", memory__max="max", memory__current=GIB)
    machine.group("pod/one/two", memory__max=8 * GIB, memory__current=GIB)
    assert (memory.free_bytes(), memory.all_bytes()) == (GIB, 4 * GIB)


def test_the_first_version_of_control_groups_is_read_too(machine: Machine) -> None:
    """Its path may be that on the machine, while the container sees its own group as the root."""
    machine.is_in("4:memory:/docker/0123", "1:cpu,cpuacct:/docker/0123", "0::/")
    none = 9223372036854771712
    used: dict[str, str | int] = {
        "memory__usage_in_bytes": 2 * GIB,
        "memory__stat": f"total_inactive_file {GIB}\ninactive_file 7",
    }
    machine.group("memory", memory__limit_in_bytes=none, **used)
    assert memory.free_bytes() == 12 * GIB
    machine.group("memory", memory__limit_in_bytes=3 * GIB)
    assert (memory.free_bytes(), memory.all_bytes()) == (2 * GIB, 3 * GIB)


@pytest.mark.parametrize(
    ("files", "processors"),
    [
        ({"cpu__max": "max 100000"}, 1 << 16),
        ({"cpu__max": "250000 100000"}, 2),
        ({"cpu__max": "50000 100000"}, 1),
        ({}, 1 << 16),
    ],
)
def test_a_quota_is_whole_processors_of_the_group_or_one_above(
    machine: Machine, files: dict[str, str], processors: int
) -> None:
    machine.is_in("0::/pod/one")
    machine.group("pod/one", cpu__max="800000 100000")
    machine.group("pod", **files)
    assert threads.quota() == min(8, processors)


def test_the_quota_of_the_first_version(machine: Machine) -> None:
    machine.is_in("1:cpu:/docker/0123")
    machine.group("cpu", cpu__cfs_quota_us=-1, cpu__cfs_period_us=100000)
    assert threads.quota() == 1 << 16
    machine.group("cpu/docker/0123", cpu__cfs_quota_us=300000, cpu__cfs_period_us=100000)
    assert threads.quota() == 3


def test_as_many_threads_as_there_is_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3, 8}, raising=False)
    monkeypatch.setattr(threads, "_siblings", lambda cpu: f"core {cpu // 2}")
    for quota, wanted in ((1 << 16, 3), (2, 2)):
        monkeypatch.setattr(threads, "quota", lambda quota=quota: quota)
        assert threads.threads() == wanted
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert threads.threads() == 7


@pytest.mark.parametrize(
    ("users", "wanted"),
    [
        ({}, {"GOMP_SPINCOUNT": "1000", "KMP_BLOCKTIME": "1"}),
        ({"GOMP_SPINCOUNT": "7"}, {"GOMP_SPINCOUNT": "7", "KMP_BLOCKTIME": "1"}),
        ({"OMP_WAIT_POLICY": "active"}, {"OMP_WAIT_POLICY": "active"}),
    ],
)
def test_how_threads_wait_is_the_users_choice(users: dict[str, str], wanted: dict[str, str]) -> None:
    threads.spin_briefly(users)
    assert users == wanted


@pytest.mark.linux("the GNU runtime, which tells what it has read")
def test_the_openmp_runtime_of_a_session_spins_briefly() -> None:
    """The runtime itself tells what it has read. It reads once, when it is loaded: torch must not come first."""
    pytest.importorskip("torch", reason="the AudioGen set is not installed: make audiogen")
    if "libgomp" not in compiling.openmp_runtime():
        pytest.skip("torch brings another OpenMP runtime, which tells less")
    script = "from scenebuild.engines import engine; engine('audiogen').load({'device': 'cpu'})"
    taken_out = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    environment = {name: value for name, value in os.environ.items() if name not in taken_out}
    environment["OMP_DISPLAY_ENV"] = "VERBOSE"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert "GOMP_SPINCOUNT = '1000'" in done.stderr


def test_elsewhere_psutil_says_how_much_memory_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = types.ModuleType("psutil")
    asked.__dict__["virtual_memory"] = lambda: types.SimpleNamespace(available=5 * GIB, total=8 * GIB)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setitem(sys.modules, "psutil", asked)
    assert (memory.free_bytes(), memory.all_bytes()) == (5 * GIB, 8 * GIB)
    monkeypatch.setitem(sys.modules, "psutil", None)
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert (memory.free_bytes(), memory.all_bytes()) == (total // 2, total)


# A compiler for the kernels


class Compiler:
    """A command that is a compiler with something wrong, and remembers what it was asked to compile."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = folder / "a-compiler"
        self._log = folder / "asked"
        monkeypatch.setenv("CXX", str(self.path))

    def does(self, script: str) -> None:
        log = f'for one in "$@"; do case "$one" in *kernels.cpp) echo 1 >> "{self._log}";; esac; done'
        self.path.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo "$0"; exit; fi\n{log}\n{script}\n')
        self.path.chmod(0o755)

    @property
    def compilations(self) -> int:
        return len(self._log.read_text().split()) if self._log.exists() else 0


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anew: None) -> Compiler:
    return Compiler(tmp_path, monkeypatch)


GXX = shutil.which("g++") or ""
QUICKLY = f'exec {GXX} "$@" -O0'
needs_gxx = pytest.mark.skipif(not GXX, reason="there is no g++")
needs_clang = pytest.mark.skipif(shutil.which("clang++") is None, reason="there is no clang++")


@pytest.mark.parametrize(
    ("does", "reason", "advice"),
    [
        (
            "echo 'x.cpp:1:1: error: out of tune' >&2; exit 1",
            "a-compiler cannot compile them: x.cpp:1:1: error: out of tune",
            "name another compiler with CXX",
        ),
        ("exit 7", "a-compiler cannot compile them: it does not say why", "name another compiler with CXX"),
        (
            f'exec {GXX} "$@" -U__GNUC__ -D__GNUC__=8',
            "a-compiler is too old for them",
            "install g++ 9 or newer, or name a compiler with CXX",
        ),
        (f'exec {GXX} "$@" -march=x86-64', "they have no code for this processor (x86_64)", ""),
    ],
    ids=["an error", "silent", "too old", "another processor"],
)
def test_one_line_says_why_the_kernels_are_not_in_use(compiler: Compiler, does: str, reason: str, advice: str) -> None:
    if "exec" in does and not (GXX and platform.machine() == "x86_64"):
        pytest.skip("other compilers and processors are played by g++ on x86-64")
    compiler.does(does)
    found = kernels.found_kernels()
    assert (found.kernels, found.reason, found.advice) == (None, reason, advice)
    said = f"{reason}; {advice}" if advice else reason
    line = f"the kernels are not in use: {said}; models on a CPU are several times quicker with them"
    assert kernels.notes() == (line,)


@pytest.mark.parametrize("named", ["no-such-compiler", "no-such-compiler -O2", 'g++ "'])
def test_a_compiler_that_is_not_there_is_named(anew: None, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("CXX", named)
    assert kernels.why_not() == f"no C++ compiler: CXX names {named}, which is not found"
    monkeypatch.delenv("CXX")
    kernels.found_kernels.cache_clear()
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert kernels.found_kernels().reason == "no C++ compiler (c++, g++, clang++)"
    assert kernels.found_kernels().advice.startswith("install g++ (apt install g++")


def test_kernels_can_be_switched_off(anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENEBUILD_KERNELS", "off")
    assert kernels.found_kernels() == kernels.Found(None, "SCENEBUILD_KERNELS is off", "unset it")


@needs_gxx
def test_cxx_may_hold_arguments_and_a_path_with_spaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spaced = tmp_path / "my compilers" / "g++"
    spaced.parent.mkdir()
    spaced.symlink_to(GXX)
    for named, wanted in (
        ("g++ -pipe", (GXX, "-pipe")),
        (f"  {GXX}  ", (GXX,)),
        (str(spaced), (str(spaced),)),
        (f'"{spaced}" --sysroot="/a b"', (str(spaced), "--sysroot=/a b")),
    ):
        monkeypatch.setenv("CXX", named)
        assert compiling.compilers() == [wanted]


@needs_gxx
def test_a_wrapper_of_a_compiler_compiles_the_kernels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anew: None, empty_cache: Path
) -> None:
    """As ``CXX="ccache g++"``."""
    wrapper = tmp_path / "a wrapper"
    wrapper.write_text('#!/bin/sh\necho "$1" >> "$0.log"\nexec "$@" -O0\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("CXX", f'"{wrapper}" g++ -pipe')
    assert kernels.found_kernels().reason == ""
    assert kernels.notes() == ()
    assert set((tmp_path / "a wrapper.log").read_text().split()) == {"g++"}
    assert [one.suffix for one in empty_cache.iterdir()] == [".so"]


@needs_gxx
def test_without_openmp_one_thread_computes_and_a_line_says_so(compiler: Compiler, empty_cache: Path) -> None:
    """Apple's clang knows no -fopenmp; where the words are known but there is no runtime, the link fails."""
    refuse = 'case "$*" in *fopenmp*) echo "error: unsupported option -fopenmp" >&2; exit 1;; esac'
    compiler.does(f"{refuse}; {QUICKLY}")
    for _ in range(2):
        kernels.found_kernels.cache_clear()
        found = kernels.found_kernels()
        assert found.kernels is not None
        assert found.reason == ""
        words = "the kernels run on one thread: a-compiler has no OpenMP that goes with torch's; install g++"
        assert found.notes == (words,)
    assert compiler.compilations == 1  # the second start finds it in the cache


@needs_gxx
def test_the_words_of_apples_clang_are_tried_on_a_mac(compiler: Compiler, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its driver refuses -fopenmp and hands it to the preprocessor where it is told to; gcc plays it."""
    apple = f"""known=no; last=; set -- "$@"
for one in "$@"; do
  if [ "$one" = -fopenmp ] && [ "$last" != -Xpreprocessor ]; then echo "unsupported option '-fopenmp'" >&2; exit 1; fi
  last="$one"
done
exec {GXX} $(echo "$@" | sed s/-Xpreprocessor//)"""
    compiler.does(apple)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(compiling, "openmp_runtime", lambda: "")
    monkeypatch.setattr(compiling, "_can_link", _with_gomp_for_omp(compiling._can_link))
    compiling.openmp_options.cache_clear()
    options = compiling.openmp_options((str(compiler.path),))
    compiling.openmp_options.cache_clear()
    assert options == (["-Xpreprocessor", "-fopenmp"], ["-lomp"])


def _with_gomp_for_omp(can_link: Any) -> Any:
    def linked(command: Any, compile_with: Any, link_with: Any) -> bool:
        return bool(can_link(command, compile_with, [one.replace("-lomp", "-lgomp") for one in link_with]))

    return linked


@needs_clang
def test_clang_compiles_the_kernels_with_the_openmp_that_goes_with_torchs_or_one_thread(
    anew: None, monkeypatch: pytest.MonkeyPatch, empty_cache: Path
) -> None:
    monkeypatch.setenv("CXX", "clang++")
    monkeypatch.setattr(compiling, "COMPILE", (*compiling.COMPILE, "-O1"))
    found = kernels.found_kernels()
    assert found.kernels is not None, found.reason
    threaded = compiling.openmp_options(compiling.compilers()[0]) is not None
    assert [note[:30] for note in found.notes] == ([] if threaded else ["the kernels run on one thread:"])


# Where the library is kept


@pytest.fixture
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder for libraries, with none in it."""
    folder = tmp_path / "cache" / "kernels"
    monkeypatch.setattr(kernels, "cache_folder", lambda: folder)
    return folder


@needs_gxx
@pytest.mark.parametrize("fault", [errno.EROFS, errno.ENOSPC])
def test_a_cache_that_cannot_be_written_costs_a_compilation_at_each_start(
    compiler: Compiler, empty_cache: Path, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    compiler.does(QUICKLY)
    real = compiling.compile_library

    def read_only(library: Any, folder: Path) -> Path:
        if folder == empty_cache:
            raise OSError(fault, os.strerror(fault), str(folder))
        return real(library, folder)

    monkeypatch.setattr(kernels, "compile_library", read_only)
    found = kernels.found_kernels()
    assert found.kernels is not None, found.reason
    words = f"the kernels are compiled at each start: {empty_cache} cannot be used: {os.strerror(fault)}; "
    assert found.notes == (f"{words}name another folder with XDG_CACHE_HOME",)
    assert list(empty_cache.iterdir()) == []


@needs_gxx
def test_a_library_that_may_not_be_executed_is_compiled_elsewhere(
    compiler: Compiler, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder mounted noexec: the dynamic linker may not map a library that lies in it."""
    compiler.does(QUICKLY)

    class OfSomeFolders(kernels.Kernels):
        def __init__(self, path: str) -> None:
            if any(path.startswith(str(folder)) for folder in noexec):
                raise OSError(f"{path}: failed to map segment from shared object")
            super().__init__(path)

    noexec = [empty_cache]
    monkeypatch.setattr(kernels, "Kernels", OfSomeFolders)
    found = kernels.found_kernels()
    assert found.kernels is not None, found.reason
    assert "failed to map segment from shared object; name another folder with XDG_CACHE_HOME" in found.notes[0]
    noexec.append(compiling.folder_of_this_process())
    kernels.found_kernels.cache_clear()
    found = kernels.found_kernels()
    assert found.kernels is None
    assert "nor the temporary folder: " in found.reason
    assert found.advice == "name folders that can with XDG_CACHE_HOME and TMPDIR"


@needs_gxx
def test_a_damaged_library_is_compiled_again(compiler: Compiler, empty_cache: Path) -> None:
    compiler.does(QUICKLY)
    empty_cache.mkdir(parents=True)
    (empty_cache / next(compiling.libraries()).name).write_bytes(b"\x7fELF")
    for _ in range(2):
        kernels.found_kernels.cache_clear()
        assert (kernels.why_not(), kernels.notes()) == ("", ())
    assert compiler.compilations == 1


def test_doctor_says_why_the_kernels_are_not_in_use_and_what_to_type(
    compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler.does("echo 'x.cpp:1:1: error: out of tune' >&2; exit 1")
    ready = types.SimpleNamespace(state=lambda: EngineState(True))
    monkeypatch.setattr("scenebuild.engines.engine", lambda name: ready)
    (found,) = doctor._kernels()
    assert not found.fine
    assert found.found == "not in use: a-compiler cannot compile them: x.cpp:1:1: error: out of tune"
    assert found.advice == "name another compiler with CXX"
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert doctor._kernels() == []
    missing = "CXX names no-such-compiler, which is not found; models on a CPU are several times faster with one"
    assert doctor._compiler() == doctor.Finding("c++", False, missing, "unset CXX, or correct it")
