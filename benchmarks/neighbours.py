"""How often do a take's neighbours in a batch flip one of its tokens? In fp32 on the CPU, random weights.

    python benchmarks/neighbours.py                                        # full size, 25 steps; see --steps
    python benchmarks/neighbours.py --size tiny --steps 500 --rounds 50    # 400,000 tokens in some minutes

A batch of another shape sums in another order, so logits differ in their last bits. Takes are decoded together and
each alone, fed the same codes, and two things are counted: tokens that really differ, and the probability that one
would, which follows exactly from the two sets of probabilities and says the same with far fewer steps. ``--exact``
makes both zero by running each take alone. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
PROMPTS = (
    "steady rain on a window", "quiet café murmur, cups and saucers", "a door", "birds singing in a forest at dawn",
)  # fmt: skip


def load(folder: Path) -> tuple[Any, dict[str, Any]]:
    """The decoder of a checkpoint as ``load.py`` makes it, and the texts of the prompts."""
    import torch

    from scenebuild.engines.audiocraft.checkpoint import LANGUAGE_MODEL, load_language_model, open_checkpoint
    from scenebuild.engines.audiocraft.decoder import Decoder
    from scenebuild.engines.audiocraft.text import encode_prompts

    cpu = torch.device("cpu")
    weights = open_checkpoint(str(folder / "audiogen"), LANGUAGE_MODEL)
    texts = encode_prompts(PROMPTS, str(folder / "text"), weights, cpu)
    return Decoder(load_language_model(weights, cpu).module, cpu), texts


def compare(decoder: Any, texts: dict[str, Any], steps: int, seed: int) -> dict[str, float]:
    """Tokens, flips and expected flips of one batch of all prompts, and the largest difference of a logit."""
    import torch

    from scenebuild.engines import Action
    from scenebuild.engines.audiocraft.sampling import Wishes, draw, kept, sample

    action = Action("audiogen", "1", 1, temperature=1.0, top_k=250, cfg=3.0)
    generators = [torch.Generator().manual_seed(seed * len(PROMPTS) + row) for row in range(len(PROMPTS))]
    cpu = torch.device("cpu")
    one, all_of_them = (Wishes.of([action] * count, decoder.codes, cpu) for count in (1, len(PROMPTS)))
    together = decoder.begin([texts[prompt] for prompt in PROMPTS], steps)
    alone = [decoder.begin([texts[prompt]], steps) for prompt in PROMPTS]
    codes = torch.full((len(PROMPTS), decoder.codebooks), decoder.codes)
    flips, expected, largest = 0, 0.0, 0.0
    for _ in range(steps):
        pairs = [decoder.decode_step(state, codes[row : row + 1]) for row, state in enumerate(alone)]
        theirs = decoder.decode_step(together, codes)
        draws = draw(generators, decoder.codebooks, decoder.codes)
        apart = torch.cat([sample(*pair, one, draws[row : row + 1]) for row, pair in enumerate(pairs)])
        flips += int((apart != sample(*theirs, all_of_them, draws)).sum())
        chances = torch.cat([kept(*pair, one) for pair in pairs]), kept(*theirs, all_of_them)
        expected += sum(chance_of_a_flip(*both) for both in zip(*(one.flatten(0, 1) for one in chances), strict=True))
        for index in (0, 1):
            logits = torch.cat([pair[index] for pair in pairs])
            largest = max(largest, float((logits - theirs[index]).abs().max() / logits.abs().max()))
        codes = apart
    return {"tokens": steps * codes.numel(), "flips": flips, "expected_flips": expected, "largest": largest}


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
    from load import make_checkpoint

    parser = argparse.ArgumentParser()
    parser.add_argument("--size", choices=["full", "tiny"], default="full")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where a checkpoint of load.py lies")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.folder or Path(scratch)
        if asked.folder is None:
            make_checkpoint(folder, asked.size)
        decoder, texts = load(folder)
        found = [compare(decoder, texts, asked.steps, seed) for seed in range(asked.rounds)]
    tokens = sum(one["tokens"] for one in found)
    print(json.dumps({
        "benchmark": "neighbours", "size": asked.size, "takes": len(PROMPTS), "threads": torch.get_num_threads(),
        "tokens": tokens, "flips": sum(one["flips"] for one in found),
        "expected_flips_per_million": round(1e6 * sum(one["expected_flips"] for one in found) / tokens, 2),
        "largest_relative_difference_of_a_logit": max(one["largest"] for one in found),
    }, indent=2))  # fmt: skip


if __name__ == "__main__":
    main()
