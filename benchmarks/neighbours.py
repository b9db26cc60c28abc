"""How often do a take's neighbours in a batch flip one of its tokens? On the CPU, random weights.

    python benchmarks/neighbours.py                                        # full size; see --steps
    python benchmarks/neighbours.py --size tiny --steps 500 --rounds 50
    python benchmarks/neighbours.py --arithmetic torch                     # what is used where there is no compiler

Sixteen takes are decoded together, and in batches of ``--apart``, fed the same codes, and three things are counted:
logits that differ in any bit, tokens that really differ, and the probability that one would, which follows exactly from
the two sets of probabilities and says the same with far fewer steps. The kernels sum up each row by itself, so all
three are zero there; torch sums in another order when a batch has another shape. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
TAKES = 16


def load(size: str, arithmetic: str) -> Any:
    """A decoder with random weights, those of ``generate.py``."""
    import torch
    from generate import checkpoint_of, make_theirs

    from scenebuild.engines.audiocraft.compute.torch_backend import TorchBackend
    from scenebuild.engines.audiocraft.decoder import Decoder
    from scenebuild.engines.audiocraft.language import load_language_model
    from scenebuild.engines.audiocraft.machine.device import backend_for

    cpu = torch.device("cpu")
    checkpoint = checkpoint_of(make_theirs(size, cpu), size)
    backend = TorchBackend(cpu, "fp32") if arithmetic == "torch" else backend_for(cpu, arithmetic)
    return Decoder(load_language_model(checkpoint, backend), backend)


def compare(decoder: Any, steps: int, seed: int, size: int) -> dict[str, float]:
    """Tokens, flips and expected flips, and how many logits differ, over these steps."""
    import torch

    from scenebuild.engines import Action
    from scenebuild.engines.audiocraft.sampling import SamplingParams, draw, filtered, sample

    action = Action("audiogen", "2", 1, temperature=1.0, top_k=250, cfg=3.0)
    generators = [torch.Generator().manual_seed(seed * TAKES + row) for row in range(TAKES)]
    params = SamplingParams.of([action] * TAKES, decoder.codes, decoder.device)
    texts = torch.randn(TAKES, 9, decoder._dim, generator=torch.Generator().manual_seed(seed))
    shapes = [range(TAKES)], [range(first, first + size) for first in range(0, TAKES, size)]
    states = [[begin(decoder, texts[list(rows)], steps) for rows in shape] for shape in shapes]
    codes = torch.full((TAKES, decoder.codebooks), decoder.codes)
    found = {"tokens": 0, "flips": 0, "expected_flips": 0.0, "logits": 0, "differing_logits": 0, "largest": 0.0}
    for _ in range(steps):
        together, apart = (
            [
                torch.cat(parts)
                for parts in zip(
                    *(
                        decoder.decode_step(state, range(len(rows)), codes[list(rows)])
                        for state, rows in zip(states_of, shape, strict=True)
                    ),
                    strict=True,
                )
            ]
            for states_of, shape in zip(states, shapes, strict=True)
        )
        draws = draw(generators, decoder.codebooks, decoder.codes)
        mine, theirs = (sample(one[0], one[1], params, draws) for one in (apart, together))
        found["tokens"] += mine.numel()
        found["flips"] += int((mine != theirs).sum())
        for one, other in zip(together, apart, strict=True):
            found["logits"] += one.numel()
            found["differing_logits"] += int((one != other).sum())
            found["largest"] = max(found["largest"], float((one - other).abs().max() / one.abs().max()))
        if found["differing_logits"]:
            pairs = zip(*(filtered(one[0], one[1], params).flatten(0, 1) for one in (apart, together)), strict=True)
            found["expected_flips"] += sum(chance_of_a_flip(*pair) for pair in pairs)
        codes = mine
    return found


def begin(decoder: Any, texts: Any, steps: int) -> Any:
    """A state with a take for each text."""
    state = decoder.allocate(len(texts), steps, texts.shape[1])
    for slot, text in enumerate(texts):
        decoder.assign(state, slot, text)
    return state


def chance_of_a_flip(first: Any, second: Any) -> float:
    """How probably the same race has another winner with ``second`` than with ``first``; both (V,), of any sum.

    Code i wins both races when each rival j waits longer by both measures: with probability 1 / sum_j max(p_j / p_i,
    q_j / q_i), as the waiting times are exponential.
    """
    import torch

    alive = torch.minimum(first, second) > 0
    p, q = first[alive].double(), second[alive].double()
    left_out = 1 - float(p.sum() / first.sum()) + 1 - float(q.sum() / second.sum())
    ratios = torch.maximum(p[None, :] / p[:, None], q[None, :] / q[:, None])
    return float(1 - (1 / ratios.sum(dim=1)).sum()) + left_out


def main() -> None:
    """Measure over some rounds and print."""
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--size", choices=["full", "tiny"], default="full")
    parser.add_argument("--arithmetic", choices=["fp32", "bf16", "int8", "torch"], default="fp32")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--apart", type=int, choices=[1, 2, 4, 8], default=8)
    asked = parser.parse_args()
    torch.set_grad_enabled(False)
    decoder = load(asked.size, asked.arithmetic)
    rounds = []
    for number in range(asked.rounds):
        rounds.append(compare(decoder, asked.steps, asked.seed + number, asked.apart))
        print(f"round {number + 1} of {asked.rounds}: {rounds[-1]}", file=sys.stderr, flush=True)
    total = {name: sum(one[name] for one in rounds) for name in rounds[0] if name != "largest"}
    ratio = total["flips"] / total["tokens"]
    print(
        json.dumps(
            {
                "name": "neighbours",
                "ratio": ratio,
                "goal": 0,
                "met": ratio == 0,
                "size": asked.size,
                "arithmetic": decoder.backend.name,
                "takes": TAKES,
                "apart": asked.apart,
                "threads": torch.get_num_threads(),
                **total,
                "expected_flips_per_million": round(1e6 * total.pop("expected_flips") / total["tokens"], 3),
                "largest_relative_difference_of_a_logit": max(one["largest"] for one in rounds),
            }
        )
    )


if __name__ == "__main__":
    main()
