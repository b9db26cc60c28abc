"""Which NVIDIA GPUs can compute here, and why the others cannot: one tiny operation on each decides.

``--device`` and ``doctor`` ask the same question. torch is imported where the question is answered; a process that does
without torch asks a child: ``python -m scenebuild.engines.audiocraft.machine.gpu`` prints the answer.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass

CARDS = "/proc/driver/nvidia/gpus"  # the driver's folder, with one folder a card
PATIENCE_S = 120.0  # importing torch from a cold disk takes a while


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU that torch counts."""

    number: int  # of ``cuda:N``
    name: str
    memory_gb: float
    fault: str  # why it cannot compute; "": it can


@dataclass(frozen=True, slots=True)
class Gpus:
    """All of them, and why there are none."""

    gpus: tuple[Gpu, ...] = ()
    fault: str = ""

    @property
    def usable(self) -> tuple[Gpu, ...]:
        """Those that can compute."""
        return tuple(one for one in self.gpus if not one.fault)

    @property
    def reason(self) -> str:
        """Why none can be used, in one line."""
        return self.fault or "; ".join(f"cuda:{one.number} ({one.name}): {one.fault}" for one in self.gpus if one.fault)


def has_driver() -> bool:
    """Whether a driver of NVIDIA's is installed; without one nobody expects a GPU to be used."""
    return os.path.exists("/proc/driver/nvidia/version") or shutil.which("nvidia-smi") is not None


def try_gpus() -> Gpus:
    """Every GPU that torch counts in this process, each with one operation made on it."""
    import torch

    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:  # the latter of a torch without CUDA
        built = f" (this torch is built for CUDA {torch.version.cuda})" if torch.version.cuda else ""
        return Gpus(fault=_sentence(error) + built)
    count = torch.cuda.device_count()
    return Gpus(tuple(map(_try, range(count)))) if count else Gpus(fault="torch finds no CUDA device")


def ask_a_child() -> Gpus:
    """``try_gpus`` in a process of its own."""
    command = [sys.executable, "-P", "-m", "scenebuild.engines.audiocraft.machine.gpu"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=PATIENCE_S
        )
        plain = json.loads(done.stdout.splitlines()[-1])
        return Gpus(tuple(Gpu(**one) for one in plain["gpus"]), plain["fault"])
    except subprocess.TimeoutExpired:
        return Gpus(fault=f"torch gave no answer within {PATIENCE_S:.0f} s")
    except (OSError, ValueError, IndexError, KeyError, TypeError):
        return Gpus(fault="torch ended before it answered")


@functools.lru_cache
def alike() -> tuple[int, ...]:
    """The GPUs that may share the work of one build: usable, and of one kind, as another kind gives other bits."""
    try:
        cards = len(os.listdir(CARDS))
    except OSError:
        cards = 0
    if cards < 2:  # nobody waits for a child to say so
        return ()
    usable = ask_a_child().usable
    return tuple(one.number for one in usable if one.name == usable[0].name)


def _try(number: int) -> Gpu:
    import torch

    name, memory_gb, fault = "GPU", 0.0, ""
    try:
        properties = torch.cuda.get_device_properties(number)
        name, memory_gb = properties.name, properties.total_memory / 1e9
        ones = torch.ones(16, 16, dtype=torch.float16, device=f"cuda:{number}")
        total = float((ones @ ones).float().sum())
        fault = "" if total == 16.0**3 else f"it computes 16 x 16 x 16 as {total:g}"
    except torch.OutOfMemoryError:
        fault = "no memory is free, other programs hold it"
    except (RuntimeError, AssertionError) as error:
        fault = _too_old(number) if "no kernel image" in str(error) else _sentence(error)
    return Gpu(number, name, round(memory_gb, 1), fault)


def _too_old(number: int) -> str:
    import torch

    major, minor = torch.cuda.get_device_capability(number)
    known = sorted(int(one[3:]) for one in torch.cuda.get_arch_list() if one[3:].isdigit())
    newer = f"; this torch has sm_{known[0]} and newer" if known else ""
    return f"its architecture is sm_{major}{minor}{newer}"


def _sentence(error: BaseException) -> str:
    """The first sentence of torch's message, which goes on about links and environment variables."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].split(". ")[0].rstrip(".")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(try_gpus())) + "\n")
