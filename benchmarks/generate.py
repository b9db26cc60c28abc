"""A step of AudioGen-medium's size: audiocraft's own, one take at a time and batched, against ours in the same process.

    python benchmarks/generate.py                  # random weights, no files; five minutes and 20 GB of memory
    python benchmarks/generate.py --size tiny      # a smoke test
    python benchmarks/generate.py --device cuda    # on a GPU: fp16 on both sides

Weights are halves kept as floats, as the published ones are on a CPU. All sides take turns, step by step, in the middle
of a take of eight seconds, and medians are compared; a step is the model and the sampling. ``ratio`` is the time of
audiocraft's usual loop, one ``generate`` call a take, over ours, for four takes in fp32. ``of_floor`` is how near a
step comes to the time that reading its weights once takes, at the speed that this run measured. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

TOKENS = 9  # of a prompt
MIDDLE = 200  # steps that a take of eight seconds has behind it, in the middle
ROOM = 404
GREEDY_STEPS = 50
GOALS = {
    "fp32, four, one by one": ("fp32 4", "of_one_by_one", 10),
    "fp32, four, batched": ("fp32 4", "of_batched", 4.8),
    "fp32, one": ("fp32 1", "of_one_by_one", 3.5),
    "fp32, four, share of the floor of floats": ("fp32 4", "of_floor_of_floats", 0.55),
    "fp32, four, share of the floor of halves": ("fp32 4", "of_floor", 0.625),
    "fp32, sixteen over four": ("fp32 16", "over_4", 2.5),
    "int8, four, one by one": ("int8 4", "of_one_by_one", 32),
    "int8, one": ("int8 1", "of_one_by_one", 10),
    "int8, four, share of the floor": ("int8 4", "of_floor", 0.55),
    "int8 GiB": ("", "", 3.5),
    "fp16 on a GPU, four, one by one": ("fp16 4", "of_one_by_one", 15),
    "fp16 on a GPU, one, share of the floor": ("fp16 1", "of_floor", 0.4),
}
AT_MOST = ("fp32, sixteen over four", "int8 GiB")
READ = """
#include <cstddef>
extern "C" long read_all(const long* from, size_t count) {
  long sum = 0;
#pragma omp parallel for reduction(+ : sum) schedule(static)
  for (size_t k = 0; k < count; k++) sum += from[k];
  return sum;
}
"""


@dataclass
class Theirs:
    """audiocraft's language model, filled with random numbers, and what it needs to go on from the middle of a take."""

    module: Any
    device: torch.device

    def conditions(self, count: int) -> dict[str, Any]:
        """Prompts of this many takes and, as guidance wants them, as many null prompts."""
        texts = torch.cat([texts_of(count), torch.zeros(count, TOKENS, self.module.dim)]).to(self.device)
        return {"description": (texts, torch.ones(2 * count, TOKENS, device=self.device))}

    def step(self, codes: Tensor, conditions: Any) -> Tensor:
        """One call of what ``generate`` calls for each step: (B, K, 1) from (B, K, S)."""
        with autocast(self.device):
            found: Tensor = self.module._sample_next_token(codes, conditions, {}, True, 1.0, 250, 0.0, 3.0)
        return found

    def stepper(self, count: int, middle: int) -> Callable[[], None]:
        """A take's step, again and again from the same KV cache, which is restored outside of the clock."""
        conditions = self.conditions(count)
        with self.module.streaming():
            self.step(torch.full((count, self.module.n_q, middle), 5, device=self.device), conditions)
            state = {name: tensor.clone() for name, tensor in self.module.get_streaming_state().items()}
        code = torch.full((count, self.module.n_q, 1), 5, device=self.device)

        def run() -> None:
            with self.module.streaming():
                self.module.set_streaming_state(dict(state))
                self.step(code, conditions)

        return run


@dataclass
class Ours:
    """Our decoder over the same weights."""

    decoder: Any

    def stepper(self, count: int, middle: int) -> Callable[[], None]:
        """The same for ours; a step writes its own position of the KV cache and nothing else."""
        from scenebuild.engines import Action
        from scenebuild.engines.audiocraft.sampling import SamplingParams, draw, sample

        device = self.decoder.device
        action = Action("audiogen", "2", 1, temperature=1.0, top_k=250, cfg=3.0)
        params = SamplingParams.of([action] * count, self.decoder.codes, device)
        rngs = [torch.Generator().manual_seed(row) for row in range(count)]
        state = begin(self.decoder, count)
        for cache in state.self_caches:
            cache.keys.fill_(0.01)
            cache.values.fill_(0.01)
        code = torch.full((count, self.decoder.codebooks), 5, device=device)

        def run() -> None:
            state.positions[:] = [middle] * count
            with_prompt, without = self.decoder.decode_step(state, range(count), code)
            draws = draw(rngs, self.decoder.codebooks, self.decoder.codes)
            sample(with_prompt, without, params, draws.to(device)).cpu()

        return run


def texts_of(count: int) -> Tensor:
    """Embeddings of prompts (count, TOKENS, dim), always the same."""
    return torch.randn(count, TOKENS, DIM, generator=torch.Generator().manual_seed(9))


DIM = 1536


def begin(decoder: Any, count: int) -> Any:
    """A state with a take in every slot."""
    state = decoder.allocate(count, ROOM, TOKENS)
    for slot, text in enumerate(texts_of(count)):
        decoder.assign(state, slot, text.to(decoder.device))
    return state


def make_theirs(size: str, device: torch.device) -> Theirs:
    """The module on ``device``; nothing is initialised that is overwritten."""
    from omegaconf import OmegaConf

    import audiocraft_fixtures as fixtures
    from audiocraft_reference import put_xformers_in_place
    from scenebuild.engines.audiocraft.package import import_audiocraft

    builders = import_audiocraft().models.builders
    put_xformers_in_place()
    wanted = fixtures.FULL if size == "full" else fixtures.TINY
    config = OmegaConf.create({**fixtures.lm_config(fixtures.AUDIOGEN, wanted), "conditioners": {}})
    config.device = "meta"
    config.transformer_lm.update({"weight_init": None, "depthwise_init": None, "zero_bias_init": False})
    with torch.device("meta"):
        module = builders.get_lm_model(config)
    module.to_empty(device="cpu")
    fill(module)
    if device.type == "cuda":
        module.half()
    return Theirs(module.to(device).eval().requires_grad_(False), device)


def fill(module: Any) -> None:
    """Numbers as trained weights have them in size, each of them a half; drawn once and shifted, as drawing is slow."""
    block = (torch.randn(1 << 22, generator=torch.Generator().manual_seed(1)) * 0.02).half().float()
    for number, (name, tensor) in enumerate(module.named_parameters()):
        if "norm" in name:
            tensor.data.fill_(float(name.endswith("weight")))
            continue
        flat = tensor.data.view(-1)
        for piece, start in enumerate(range(0, len(flat), len(block))):
            part = flat[start : start + len(block)]
            part.copy_(block.roll(7919 * number + 104729 * piece)[: len(part)])


def checkpoint_of(theirs: Theirs, size: str) -> Any:
    """The same tensors as a checkpoint that our loader takes."""
    from omegaconf import OmegaConf

    import audiocraft_fixtures as fixtures
    from scenebuild.engines.audiocraft.checkpoint import Checkpoint
    from scenebuild.engines.audiocraft.configuration import TEXT_PROJECTION

    wanted = fixtures.FULL if size == "full" else fixtures.TINY
    state = dict(theirs.module.state_dict())
    state[TEXT_PROJECTION + "weight"] = torch.zeros(wanted.dim, fixtures.T5_WIDTHS[wanted.text_encoder])
    state[TEXT_PROJECTION + "bias"] = torch.zeros(wanted.dim)
    return Checkpoint("random weights", OmegaConf.create(fixtures.lm_config(fixtures.AUDIOGEN, wanted)), state)


def autocast(device: torch.device) -> Any:
    """As audiocraft runs it: half precision on CUDA, nothing on a CPU."""
    return torch.autocast(device.type, torch.float16, enabled=device.type == "cuda")


def alternating(runs: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """The median time of a step of each, in ms. They take turns of three steps, of which the first does not count:
    a take never has the processor's caches full of another program."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            run()
            for _ in range(2):
                start = time.perf_counter()
                run()
                if torch.cuda.is_available():
                    torch.cuda.synchronize()
                found[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(times) for name, times in found.items()}


def matrices_of(decoder: Any) -> list[Any]:
    """What a step reads of the weights."""
    model = decoder._model
    names = ("self_qkv", "self_out", "cross.query", "cross.out", "ffn_up", "ffn_down")
    return [model.lm_head, *(attrgetter(name)(layer) for layer in model.layers for name in names)]


def bandwidth(tensors: Sequence[Tensor], device: torch.device) -> float:
    """How many bytes a second can be read here: the best of five times through all of these."""
    read = reader() if device.type == "cpu" else None
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for tensor in tensors:
            if read:
                read(tensor.data_ptr(), tensor.nbytes // 8)
            else:
                tensor.sum()
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return float(sum(tensor.nbytes for tensor in tensors) / best)


def reader() -> Any:
    """A loop that does nothing but read, by the compiler that makes the kernels; None without one."""
    from scenebuild.engines.audiocraft.compute.compiling import COMPILE, LINK, OPENMP, compilers

    found = compilers()
    if not found:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "read.cpp"), Path(folder, "read.so")
        source.write_text(READ)
        subprocess.run([*found[0], *COMPILE, *LINK, *OPENMP, source, "-o", library], check=True)
        function = ctypes.CDLL(str(library)).read_all
    function.argtypes, function.restype = (ctypes.c_void_p, ctypes.c_size_t), ctypes.c_long
    return function


def greedy(theirs: Theirs, ours: Ours) -> dict[str, float]:
    """The likeliest codes of one take, step by step on both sides: how many are the same, and how near the logits."""
    conditions = theirs.conditions(1)
    state = begin(ours.decoder, 1)
    column = torch.full((1, theirs.module.n_q), theirs.module.card, device=theirs.device)
    same, largest = 0, 0.0
    with theirs.module.streaming():
        for _ in range(GREEDY_STEPS):
            with autocast(theirs.device):
                both = theirs.module(column.repeat(2, 1)[:, :, None], [], conditions)[:, :, -1].float()
            mine = torch.stack(ours.decoder.decode_step(state, [0], column), dim=0)[:, 0]
            largest = max(largest, float((mine - both).abs().max() / both.abs().max()))
            wanted, found = ((one[1] + 3.0 * (one[0] - one[1])).argmax(dim=-1) for one in (both, mine))
            same += int((wanted == found).sum())
            column = wanted[None]
    return {"tokens": GREEDY_STEPS * theirs.module.n_q, "same_tokens": same, "largest_relative_difference": largest}


def fidelity(exact: Ours, other: Ours) -> dict[str, float]:
    """The logits of another precision against fp32, told the same codes: signal to noise, and equal first choices."""
    states = [begin(one.decoder, 1) for one in (exact, other)]
    column = torch.full((1, exact.decoder.codebooks), exact.decoder.codes)
    signal, noise, same = 0.0, 0.0, 0
    for _ in range(GREEDY_STEPS):
        pairs = [one.decoder.decode_step(state, [0], column) for one, state in zip((exact, other), states, strict=True)]
        wanted, found = (without + 3.0 * (with_prompt - without) for with_prompt, without in pairs)
        signal += float((wanted**2).sum())
        noise += float(((wanted - found) ** 2).sum())
        same += int((wanted.argmax(dim=-1) == found.argmax(dim=-1)).sum())
        column = wanted.argmax(dim=-1)
    decibels = 10 * torch.tensor(signal / max(noise, 1e-30)).log10()
    return {"logits_snr_db": round(float(decibels), 1), "top_1": round(same / (GREEDY_STEPS * 4), 3)}


def memory_gib(path: str, precision: str) -> float:
    """In a process of its own: the packed weights of ``path``, and four takes of eight seconds to their end."""
    command = [sys.executable, "-W", "ignore", __file__, "--memory", path, "--precision", precision]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.split()[-1])


def measure_memory(path: str, precision: str) -> None:
    """The child of ``memory_gib``."""
    from load import peak_bytes

    from scenebuild.engines.audiocraft.compute.packed import read
    from scenebuild.engines.audiocraft.decoder import Decoder
    from scenebuild.engines.audiocraft.machine.device import backend_for

    backend = backend_for(torch.device("cpu"), precision)
    before = peak_bytes()
    decoder = Decoder(read(path), backend)
    global DIM
    DIM = decoder._dim
    state = begin(decoder, 4)
    for cache in state.self_caches:  # as if all steps but the last were made
        cache.keys.fill_(0.01)
        cache.values.fill_(0.01)
    state.positions[:] = [ROOM - 1] * 4
    decoder.decode_step(state, range(4), torch.full((4, decoder.codebooks), 5))
    print((peak_bytes() - before) / 2**30)


def measure(size: str, device: torch.device, rounds: int) -> dict[str, Any]:
    """Everything, as one object."""
    from scenebuild.engines.audiocraft.compute import packed
    from scenebuild.engines.audiocraft.decoder import Decoder
    from scenebuild.engines.audiocraft.language import load_language_model
    from scenebuild.engines.audiocraft.machine.device import backend_for

    theirs = make_theirs(size, device)
    global DIM
    DIM = theirs.module.dim
    checkpoint = checkpoint_of(theirs, size)
    precisions = ["fp32", "int8"] if device.type == "cpu" else ["fp16"]
    ours: dict[str, Ours] = {}
    memory: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for precision in precisions:
            backend = backend_for(device, precision)
            if backend.layout is None:
                ours[precision] = Ours(Decoder(load_language_model(checkpoint, backend), backend))
                continue
            path = os.path.join(folder, precision)
            packed.write(checkpoint, backend, path)
            memory[precision] = round(memory_gib(path, precision), 2)
            ours[precision] = Ours(Decoder(packed.read(path), backend))
    exact = ours[precisions[0]]
    found: dict[str, Any] = {"greedy": greedy(theirs, exact)}
    if "int8" in ours:
        found["int8"] = fidelity(exact, ours["int8"])
    speed = bandwidth([one.data for one in theirs.module.parameters()], device)
    runs = {f"audiocraft {count}": theirs.stepper(count, MIDDLE) for count in (1, 4)}
    runs |= {f"{name} {count}": one.stepper(count, MIDDLE) for name, one in ours.items() for count in (1, 4)}
    times = alternating(runs, rounds)
    runs.clear()
    for name, one in ours.items():  # the KV cache of sixteen is too large to have more than one of them
        times |= alternating({f"{name} 16": one.stepper(16, MIDDLE)}, max(1, rounds // 2))
    return {**found, "memory_gib": memory, **compared(times, ours, speed)}


def compared(times: dict[str, float], ours: dict[str, Ours], speed: float) -> dict[str, Any]:
    """Times, ratios to audiocraft's, and shares of the floor."""
    rows: dict[str, dict[str, float]] = {}
    for name, one in ours.items():
        read = matrices_of(one.decoder)
        floor = 1000 * sum(matrix.data.nbytes for matrix in read) / speed
        # The floor of whoever keeps the same weights as floats.
        of_floats = 4000 * sum(matrix.outputs * matrix.inputs for matrix in read) / speed
        for count in (1, 4, 16):
            own = times[f"{name} {count}"]
            rows[f"{name} {count}"] = {
                "of_one_by_one": round(count * times["audiocraft 1"] / own, 2), "of_floor": round(floor / own, 3),
                "of_floor_of_floats": round(of_floats / own, 3), "floor_ms": round(floor, 1),
            }  # fmt: skip
        rows[f"{name} 4"]["of_batched"] = round(times["audiocraft 4"] / times[f"{name} 4"], 2)
        rows[f"{name} 16"]["over_4"] = round(times[f"{name} 16"] / times[f"{name} 4"], 2)
    return {
        "ms_a_step": {name: round(value, 1) for name, value in times.items()},
        "gb_a_second": round(speed / 1e9, 1),
        "takes": rows,
    }


def goals_of(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Each goal: what was reached, and whether that meets it."""
    reached = {name: found["takes"].get(row, {}).get(field) for name, (row, field, _) in GOALS.items()}
    reached["int8 GiB"] = found["memory_gib"].get("int8")
    return {
        name: {
            "reached": value,
            "goal": (goal := GOALS[name][2]),
            "met": value <= goal if name in AT_MOST else value >= goal,
        }
        for name, value in reached.items()
        if value is not None
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", choices=["full", "tiny"], default="full")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    parser.add_argument("--precision", default="fp32", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    torch.set_grad_enabled(False)
    if asked.memory:
        measure_memory(asked.memory, asked.precision)
        return
    found = measure(asked.size, torch.device(asked.device), asked.rounds)
    ratio = found["takes"]["fp32 4" if "fp32 4" in found["takes"] else "fp16 4"]["of_one_by_one"]
    goal = 10 if asked.device == "cpu" else 15
    print(
        json.dumps(
            {
                "name": "generate",
                "ratio": ratio,
                "goal": goal,
                "met": ratio >= goal,
                "size": asked.size,
                "device": asked.device,
                "threads": torch.get_num_threads(),
                "goals": goals_of(found),
                **found,
            }
        )
    )


if __name__ == "__main__":
    main()
