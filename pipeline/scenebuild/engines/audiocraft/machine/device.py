"""Where the model runs, how much fits there, and what to write down about it."""

from __future__ import annotations

import functools
import gc
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import torch

from scenebuild.engines.audiocraft.machine import gpu, memory
from scenebuild.engines.audiocraft.machine.needs import WORKING_BYTES
from scenebuild.engines.audiocraft.machine.threads import threads
from scenebuild.errors import EngineError

if TYPE_CHECKING:
    from scenebuild.engines.audiocraft.compute.backend import Backend
    from scenebuild.engines.audiocraft.decoder import Decoder

MOST_TAKES = {"cpu": 16, "cuda": 64, "mps": 8}
PRECISIONS = {"cpu": ("fp32", "bf16", "int8"), "cuda": ("fp16", "bf16", "fp32"), "mps": ("fp32", "fp16")}
SPARE = 0.8  # of the free memory; the rest is for what a step needs besides


@dataclass(frozen=True, slots=True)
class ChosenDevice:
    """Where models run, and what the user should know about the choice."""

    device: torch.device
    note: str = ""


def choose_device(asked: str, number: int | None = None) -> ChosenDevice:
    """The device for ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``. EngineError where it cannot be used.

    ``auto`` is the first GPU that can compute, else the CPU with a note that says why; never MPS, on which sound can
    come out garbled without an error. ``number``: the GPU to take for ``auto`` and ``cuda``, where several share the
    work.
    """
    device = torch.device("cuda" if asked == "auto" else asked)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise EngineError("--device mps: torch finds no MPS device; --device auto takes what is there")
    if device.type != "cuda":
        return ChosenDevice(device)
    found = gpu.try_gpus()
    wanted = number if device.index is None else device.index
    for one in found.usable:
        if wanted in (None, one.number):
            return ChosenDevice(torch.device("cuda", one.number))
    if asked == "auto":
        said = f"the GPU is not used, models run on the CPU, which is much slower: {found.reason}"
        return ChosenDevice(torch.device("cpu"), said if gpu.has_driver() else "")
    there = found.reason
    if wanted is not None and wanted >= len(found.gpus) > 0:
        there = f"there are {len(found.gpus)}"
    raise EngineError(f"--device {asked}: {there}; --device auto takes what is there")


def prepare(device: torch.device) -> None:
    """Make a GPU the current one of this process, and let it round as seldom as it can.

    Graphs are captured on the current device. What is left in float32 (norms, logits, the codec) stays float32 and not
    TF32, sums of halves are float32, and the codec's convolutions are the same ones in each run.
    """
    if device.type != "cuda":
        return
    torch.cuda.set_device(device)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def free_memory() -> None:
    """Give back what nobody refers to, also what torch keeps for later."""
    gc.collect()
    torch.cuda.empty_cache()


def fits(decoder: Decoder, steps: int) -> int:
    """How many takes of these many steps to run at once: at least one, as memory may still be had."""
    most = MOST_TAKES[decoder.device.type]
    free = _free_bytes(decoder)
    if free is None:
        return most
    return max(1, min(most, int(SPARE * free / decoder.bytes_per_take(steps))))


def _free_bytes(decoder: Decoder) -> int | None:
    """What is left for KV caches. On a CPU the weights' pages count as free, as pages of any file, and are wanted."""
    if decoder.device.type == "cuda":
        kept = torch.cuda.memory_reserved(decoder.device) - torch.cuda.memory_allocated(decoder.device)  # for later
        return int(torch.cuda.mem_get_info(decoder.device)[0] + kept)
    free = memory.free_bytes()
    return None if free is None else free - decoder.mapped_bytes - WORKING_BYTES


def is_out_of_memory(error: Exception) -> bool:
    """Whether this is torch's way to say that memory ran out: a class on a GPU, a sentence on the CPU."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )


def backend_for(device: torch.device, precision: str) -> Backend:
    """What computes there in that precision; ``auto`` is fp16 on CUDA, as audiocraft has it, and fp32 elsewhere.

    EngineError where the two do not go together.
    """
    from scenebuild.engines.audiocraft.compute.kernel_backend import KernelBackend
    from scenebuild.engines.audiocraft.compute.kernels import kernels
    from scenebuild.engines.audiocraft.compute.torch_backend import TorchBackend

    if precision == "auto":
        precision = "fp16" if device.type == "cuda" else "fp32"
    if precision not in PRECISIONS[device.type]:
        there = ", ".join(PRECISIONS[device.type])
        raise EngineError(f"--precision {precision}: not on {device.type}; there are: auto, {there}")
    chosen: Any = precision
    if device.type == "cpu":
        torch.set_num_threads(threads())
        found = kernels()
        if found is not None:
            return KernelBackend(found, chosen)
    return TorchBackend(device, chosen)


@functools.lru_cache
def made_by(device: torch.device, arithmetic: str, *, exact: bool) -> dict[str, str]:
    """What a record says about how a take came to be; nothing of it is part of the key."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    facts = {
        "device": f"{device.type} ({name})" if name else device.type,
        "arithmetic": arithmetic,
        "torch": torch.__version__,
        "audiocraft": _version("audiocraft"),
    }
    if device.type == "cpu":
        facts["threads"] = str(torch.get_num_threads())
    return facts | ({"exact": "yes"} if exact else {})


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
