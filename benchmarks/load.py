"""From the start of a process to the first step of a take, on a CPU: against audiocraft, on one checkpoint.

    python benchmarks/load.py                # AudioGen-medium's size, random weights: 11 GB on disk, five minutes
    python benchmarks/load.py --size tiny    # a smoke test

The checkpoint lies in a hub cache as its files would after ``scenebuild models fetch``. Both sides run in processes of
their own, after the files were read once (so that the disk is asked of neither); ours checks the digest of every byte
that it loads, audiocraft checks none. The first of our starts converts the weights, ``start_s`` are the next ones, and
``ratio`` compares their best with audiocraft's. Prints one JSON object: seconds, and peak memory over the size of the
weights. Memory is what the process holds for itself and of mapped files (VmHWM); what it held after the imports is
taken off.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
GOAL_RATIO, GOAL_MEMORY = 0.15, 1.3
PROMPT = "steady rain on a window"


def make_checkpoint(folder: Path, size: str) -> Path:
    """A hub cache in ``folder`` with the default model and its text encoder; the model's folder.

    audiocraft asks for the text encoder by its name alone, so ``main`` is the pinned commit.
    """
    import audiocraft_fixtures as fixtures
    from scenebuild.engines.audiocraft.hub.models import model

    wanted = fixtures.FULL if size == "full" else fixtures.TINY
    wanted = replace(wanted, text_encoder="t5-large")
    default = model("audiogen-medium")
    encoder = default.text_encoder
    weights, text = (
        folder / "hub" / f"models--{one.repository.replace('/', '--')}" / "snapshots" / one.revision
        for one in (default, encoder)
    )
    if not text.exists():
        fixtures.write_checkpoint(weights, fixtures.AUDIOGEN, wanted, half=True)
        fixtures.write_text_encoder(text, encoder.repository)
        (text.parent.parent / "refs").mkdir()
        (text.parent.parent / "refs" / "main").write_text(encoder.revision)
    return weights


def load_ours(seconds: float) -> dict[str, float]:
    """As a build does it in its child process; the first word of progress comes after the first step."""
    from scenebuild.engines import Action, FailedRequest, Request, engine

    known = engine("audiogen").facts
    session = engine("audiogen").load({"device": "cpu"})
    before = peak_bytes()
    action = Action(
        "audiogen",
        known.version,
        round(seconds * 16000),
        prompt=PROMPT,
        seed=1,
        temperature=1.0,
        top_k=250,
        cfg=3.0,
        model=known.default_model,
        precision="auto",
    )
    first: list[float] = []
    for made in session.generate([Request(action)], lambda index, share: first.append(time.time())):
        if isinstance(made, FailedRequest):
            raise SystemExit(made.message)
    return {"ready": first[0], "generated_s": time.time() - first[0], "memory_bytes": peak_bytes() - before}


def load_theirs(folder: Path) -> dict[str, float]:
    """``AudioGen.get_pretrained`` and the first step of ``lm.generate``."""
    import torch

    from scenebuild.engines.audiocraft.package import import_audiocraft

    models: Any = import_audiocraft().models
    from audiocraft_reference import put_transformers_in_place, put_xformers_in_place

    put_xformers_in_place()
    put_transformers_in_place()
    before = peak_bytes()
    model = models.AudioGen.get_pretrained(str(folder), device="cpu")
    attributes, _ = model._prepare_tokens_and_attributes([PROMPT], None)
    with torch.no_grad(), model.lm.streaming():
        tokens = model.lm.condition_provider.tokenize([*attributes, *attributes])
        sequence = torch.full((2, model.lm.n_q, 1), model.lm.special_token_id)
        model.lm(sequence, [], model.lm.condition_provider(tokens))
    return {"ready": time.time(), "memory_bytes": peak_bytes() - before}


def peak_bytes() -> int:
    """The most that this process had in memory so far."""
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def measure(which: str, folder: Path, seconds: float) -> dict[str, float]:
    """Run one of the two in a fresh process; ``start_s`` is from its start to its first step."""
    environment = {
        **os.environ, "HF_HOME": str(folder), "XDG_DATA_HOME": str(folder / "data"), "HF_HUB_OFFLINE": "1",
        "THP_MEM_ALLOC_ENABLE": "1",
    }  # fmt: skip
    command = [sys.executable, "-W", "ignore", __file__, "--run", which, "--folder", str(folder)]
    start = time.time()
    done = subprocess.run([*command, "--seconds", str(seconds)], env=environment, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {"start_s": found.pop("ready") - start, **found}


def report(folder: Path, weights_folder: Path, seconds: float, size: str) -> dict[str, Any]:
    """Both sides on the checkpoint in ``folder``."""
    weights = sum(path.stat().st_size for path in weights_folder.iterdir())
    for path in folder.rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                while file.read(1 << 24):
                    pass
    theirs, first = measure("theirs", folder, seconds), measure("ours", folder, seconds)
    starts = [measure("ours", folder, seconds) for _ in range(3)]
    ours = min(starts, key=lambda one: one["start_s"])
    ratio = ours["start_s"] / theirs["start_s"]
    memory = ours["memory_bytes"] / weights
    return {
        "name": "load",
        "ratio": round(ratio, 3),
        "goal": GOAL_RATIO,
        "met": ratio <= GOAL_RATIO and memory <= GOAL_MEMORY,
        "size": size,
        "weights_bytes": weights,
        "memory": round(memory, 2),
        "memory_goal": GOAL_MEMORY,
        "theirs_memory": round(theirs["memory_bytes"] / weights, 2),
        "theirs_start_s": round(theirs["start_s"], 2),
        "start_s": [round(one["start_s"], 2) for one in starts],
        "converting_start_s": round(first["start_s"], 2),
        "generated_s": round(ours["generated_s"], 2),
        "seconds": seconds,
    }


def main() -> None:
    """Make a checkpoint if none is given, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", choices=["full", "tiny"], default="full")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--folder", type=Path, help="where a checkpoint of an earlier run lies, or is to be kept")
    parser.add_argument("--run", choices=["ours", "theirs", "make"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run == "make":
        make_checkpoint(asked.folder, asked.size)
    elif asked.run == "ours":
        print(json.dumps(load_ours(asked.seconds)))
    elif asked.run == "theirs":
        print(json.dumps(load_theirs(make_checkpoint(asked.folder, asked.size))))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            folder = asked.folder or Path(scratch)
            make = [sys.executable, "-W", "ignore", __file__, "--run", "make", "--folder", folder]
            subprocess.run([*make, "--size", asked.size], check=True)
            weights = make_checkpoint(folder, asked.size)
            print(json.dumps(report(folder, weights, asked.seconds, asked.size)))


if __name__ == "__main__":
    main()
