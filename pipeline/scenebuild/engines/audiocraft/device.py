"""Where the model runs, how much fits there, and what to write down about it."""

from __future__ import annotations

import functools
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import torch

from scenebuild.errors import EngineError

if TYPE_CHECKING:
    from scenebuild.engines.audiocraft.decoder import Decoder

MOST_TAKES = {"cpu": 16, "cuda": 64, "mps": 8}
SPARE = 0.8  # of the free memory; the rest is for what a step needs besides


def choose_device(asked: str) -> torch.device:
    """The device for ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``. EngineError where it is not there.

    ``auto`` is CUDA, else the CPU; never MPS, on which sound can come out garbled without an error.
    """
    if asked == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(asked)
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            there = f"there are {count}" if count else "torch finds no CUDA device"
            raise EngineError(f"--device {asked}: {there}; --device auto takes what is there")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise EngineError("--device mps: torch finds no MPS device; --device auto takes what is there")
    return device


def fits(decoder: Decoder, steps: int) -> int:
    """How many takes of these many steps to run at once: at least one, as memory may still be had."""
    most = MOST_TAKES[decoder.device.type]
    free = _free_bytes(decoder.device)
    if free is None:
        return most
    return max(1, min(most, int(SPARE * free / decoder.bytes_per_take(steps))))


def _free_bytes(device: torch.device) -> int | None:
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):  # not Linux
        return None


def is_out_of_memory(error: Exception) -> bool:
    """Whether this is torch's way to say that memory ran out: a class on a GPU, a sentence on the CPU."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )


@functools.lru_cache
def made_by(device: torch.device, *, exact: bool) -> dict[str, str]:
    """What a record says about how a take came to be; nothing of it is part of the key."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    facts = {
        "device": f"{device.type} ({name})" if name else device.type,
        "dtype": "float16" if device.type == "cuda" else "float32",
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
