"""What a GPU computes and how fast, in a few minutes on a bare machine: nothing is downloaded.

    python benchmarks/gpu_check.py                             # AudioGen-medium's size, random halves made on the GPU
    python benchmarks/gpu_check.py --device cpu --size tiny    # the same code without a GPU: a smoke test

First a tiny model in fp32: its logits against the CPU's, with the prompt, without and guided, told the same codes, and
whether the step as one CUDA graph drifts from the plain one. Then the time of a step in fp16 for some numbers of takes,
in the middle of a take of eight seconds. ``ratio`` is how near one take's step comes to the time that reading its
weights takes, at the speed that this run measured. Prints one JSON object; without a GPU it holds no figures.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benchmarks")]

GOAL = 0.4  # of the floor of one take
EQUAL = 1e-4  # of the largest logit: float32 on both sides
STEPS = 100  # of the comparisons
MIDDLE = 200
ROOM = 404  # steps of a take of eight seconds
TAKES = {"full": (1, 4, 16, 64), "tiny": (1, 4)}
ROUNDS = 20
CFG = 3.0


def random_model(size: str, backend: Any) -> Any:
    """AudioGen's shapes with random weights, each made where it is used and in the type that it is used in."""
    import audiocraft_fixtures as fixtures
    from scenebuild.engines.audiocraft.compute.backend import DTYPES, Matrix
    from scenebuild.engines.audiocraft.configuration import Dimensions
    from scenebuild.engines.audiocraft.language import assembled

    wanted = fixtures.FULL if size == "full" else fixtures.TINY
    width, hidden, text = wanted.dim, 4 * wanted.dim, fixtures.T5_WIDTHS[wanted.text_encoder]
    sizes = Dimensions(
        width, wanted.heads, wanted.layers, hidden, 4, wanted.card, text, (0, 1, 2, 3), 10.0, False, 10000.0, 1.0
    )
    kind = backend.name.rpartition(" ")[2]
    source = torch.Generator(backend.device if size == "full" else "cpu").manual_seed(1)

    def drawn(*shape: int) -> Tensor:
        made = torch.randn(*shape, generator=source, device=source.device, dtype=torch.float32)
        return (made * 0.02).to(backend.device)

    def matrix(outputs: int, inputs: int) -> Any:
        return Matrix(kind, outputs, inputs, drawn(outputs, inputs).to(DTYPES[kind]))

    def parts() -> Iterator[tuple[str, Any]]:
        shapes = {
            "self_qkv": (3 * width, width), "self_out": (width, width), "cross_query": (width, width),
            "cross_key_value": (2 * width, width), "cross_out": (width, width), "ffn_up": (hidden, width),
            "ffn_down": (width, hidden),
        }  # fmt: skip
        norms = [
            *(f"layers.{n}.{name}_norm" for n in range(wanted.layers) for name in ("self", "cross", "ffn")),
            "norm",
        ]
        for name in norms:
            yield f"{name}.weight", torch.ones(width, device=backend.device)
            yield f"{name}.bias", torch.zeros(width, device=backend.device)
        for number in range(wanted.layers):
            yield from ((f"layers.{number}.{name}", matrix(*shape)) for name, shape in shapes.items())
        yield from ((f"embeddings.{k}", drawn(wanted.card + 1, width)) for k in range(4))
        yield "lm_head", matrix(4 * wanted.card, width)
        yield "projection.weight", drawn(width, text)
        yield "projection.bias", drawn(width)

    return assembled(sizes, dict(parts()))


def decoder_on(device: torch.device, precision: Any, size: str, *, static: bool) -> Any:
    """Our decoder there, by torch's operations."""
    from scenebuild.engines.audiocraft.compute.torch_backend import TorchBackend
    from scenebuild.engines.audiocraft.decoder import Decoder

    backend = TorchBackend(device, precision)
    backend.static = static
    return Decoder(random_model(size, backend), backend)


def logits(decoder: Any, takes: int = 3) -> dict[str, Tensor]:
    """Of every step of some takes that are told the same codes everywhere: (STEPS, takes, K, V) each, on the CPU."""
    state = begun(decoder, takes)
    codes = torch.randint(
        0, decoder.codes, (STEPS, takes, decoder.codebooks), generator=torch.Generator().manual_seed(2)
    )
    found = []
    for now in codes:
        pair = decoder.decode_step(state, range(takes), now.to(decoder.device))
        found.append(torch.stack(pair).cpu())
    with_prompt, without = torch.stack(found, dim=1)
    return {"with": with_prompt, "without": without, "guided": without + CFG * (with_prompt - without)}


def begun(decoder: Any, takes: int) -> Any:
    """A state with a take in every slot, each with a prompt of its own."""
    source = torch.Generator().manual_seed(9)
    state = decoder.allocate(takes, ROOM, 9)
    for slot in range(takes):
        decoder.assign(state, slot, torch.randn(9, decoder._dim, generator=source).to(decoder.device))
    return state


def differences(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> dict[str, float]:
    """The largest one of each kind, of the largest logit."""
    return {name: float((found[name] - one).abs().max() / one.abs().max()) for name, one in wanted.items()}


def equality(device: torch.device) -> dict[str, Any]:
    """A tiny model in fp32 on the device, captured and plain, against the CPU."""
    wanted = logits(decoder_on(torch.device("cpu"), "fp32", "tiny", static=False))
    decoder = decoder_on(device, "fp32", "tiny", static=True)
    captured = logits(decoder)
    plain = logits(decoder_on(device, "fp32", "tiny", static=False))
    drift = (captured["guided"] - plain["guided"]).abs().amax(dim=(1, 2, 3)) / plain["guided"].abs().max()
    return {
        "of_the_cpu": differences(captured, wanted),
        "captured_of_plain_first_step": float(drift[0]),
        "captured_of_plain_last_step": float(drift[-1]),
        "notes": decoder.notes,
    }


def wait(device: torch.device) -> None:
    """Until everything that was launched is done: launches return at once."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def step_ms(decoder: Any, takes: int) -> float:
    """The median of a step of that many takes, the model and the sampling, as a batch makes it."""
    from scenebuild.engines import Action
    from scenebuild.engines.audiocraft.sampling import SamplingParams, draw, sample

    device = decoder.device
    state = begun(decoder, takes)
    params = SamplingParams.of(
        [Action("audiogen", "2", 1, temperature=1.0, top_k=250, cfg=CFG)] * takes, decoder.codes, device
    )
    rngs = [torch.Generator().manual_seed(row) for row in range(takes)]
    codes = torch.full((takes, decoder.codebooks), 5)
    times = []
    for _ in range(3 + ROUNDS):
        state.positions[:] = [MIDDLE] * takes
        wait(device)
        start = time.perf_counter()
        with_prompt, without = decoder.decode_step(state, range(takes), codes.to(device))
        draws = draw(rngs, decoder.codebooks, decoder.codes)
        sample(with_prompt, without, params, draws.to(device)).cpu()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times[3:])


def speed(device: torch.device, size: str) -> dict[str, Any]:
    """The time of a step, the floor of it, and the memory at the peak, for each number of takes."""
    from generate import bandwidth, matrices_of

    decoder = decoder_on(device, "fp16" if device.type == "cuda" else "fp32", size, static=True)
    read = [matrix.data for matrix in matrices_of(decoder)]
    bytes_a_second = bandwidth(read, device)
    floor = 1000 * sum(one.nbytes for one in read) / bytes_a_second
    rows: dict[str, dict[str, float | None]] = {}
    for takes in TAKES[size]:
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(device)
        try:
            ms = step_ms(decoder, takes)
        except torch.OutOfMemoryError:
            rows[str(takes)] = {"ms": None}
            continue
        peak = torch.cuda.max_memory_allocated(device) / 1e9 if device.type == "cuda" else None
        rows[str(takes)] = {"ms": round(ms, 3), "of_floor": round(floor / ms, 3), "peak_gb": peak}
    return {
        "gb_a_second": round(bytes_a_second / 1e9, 1), "floor_ms": round(floor, 3), "takes": rows,
        "notes": decoder.notes,
    }  # fmt: skip


def measure(device: torch.device, size: str) -> dict[str, Any]:
    """Everything, as one object."""
    from scenebuild.engines.audiocraft.machine.device import prepare

    prepare(device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    same, fast = equality(device), speed(device, size)
    equal = max(same["of_the_cpu"].values()) < EQUAL and same["captured_of_plain_last_step"] < EQUAL
    ratio = fast["takes"]["1"].get("of_floor", 0.0)
    captured = device.type == "cuda" and not same["notes"] and not fast["notes"]
    return {
        "name": "gpu_check", "ratio": ratio, "goal": GOAL, "met": equal and captured and ratio >= GOAL, "size": size,
        "device": name, "torch": torch.__version__, "equal": equal, "captured": captured, "equality": same,
        "speed": fast,
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    from scenebuild.engines.audiocraft.machine.device import choose_device
    from scenebuild.errors import EngineError

    parser = argparse.ArgumentParser()
    parser.add_argument("--size", choices=["full", "tiny"], default="full")
    parser.add_argument("--device", default="cuda")
    asked = parser.parse_args()
    torch.set_grad_enabled(False)
    try:
        found = measure(choose_device(asked.device).device, asked.size)
    except EngineError as error:
        found = {"name": "gpu_check", "ratio": None, "goal": GOAL, "met": None, "reason": str(error)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
