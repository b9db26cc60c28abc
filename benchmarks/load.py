"""Load a checkpoint of AudioGen-medium's size, random weights, and generate one second on the CPU: against audiocraft.

    python benchmarks/load.py                # 7.4 GB in a temporary folder, about ten minutes on two cores
    python benchmarks/load.py --size tiny    # a smoke test

Both loaders get the same file, one after the other, each in a process of its own, after it was read once (so that the
disk is asked of neither). ``ready`` is the time until the first step is computed, as mapped weights are only read
then, and ``ratio`` compares that. Prints one JSON object: seconds, the ratio, and peak memory over the size of the
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
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
GOAL_RATIO, GOAL_MEMORY = 1 / 3, 1.3
PROMPT = "steady rain on a window"


def make_checkpoint(folder: Path, size: str) -> None:
    """The checkpoint, and the text encoder beside it and in a hub cache under the name that audiocraft asks for."""
    import audiocraft_fixtures as fixtures

    wanted = fixtures.FULL if size == "full" else fixtures.TINY
    fixtures.write_checkpoint(folder / "audiogen", fixtures.AUDIOGEN, wanted)
    fixtures.write_text_encoder(folder / "text", wanted.text_encoder)
    snapshots = folder / "hub" / f"models--{wanted.text_encoder}" / "snapshots"
    snapshots.mkdir(parents=True)
    (snapshots / ("0" * 40)).symlink_to(folder / "text")
    (snapshots.parent / "refs").mkdir()
    (snapshots.parent / "refs" / "main").write_text("0" * 40)


def load_ours(folder: Path, seconds: float) -> dict[str, float]:
    """Load as a session does, take the first step, then generate."""
    import torch

    from scenebuild.engines import Action
    from scenebuild.engines.audiocraft.checkpoint import (
        CODEC,
        LANGUAGE_MODEL,
        load_codec,
        load_language_model,
        open_checkpoint,
    )
    from scenebuild.engines.audiocraft.codec import Codec
    from scenebuild.engines.audiocraft.decoder import Decoder
    from scenebuild.engines.audiocraft.package import import_audiocraft
    from scenebuild.engines.audiocraft.session import Session, Studio
    from scenebuild.engines.audiocraft.text import encode_prompts

    import_audiocraft()
    cpu = torch.device("cpu")
    before, start = peak_bytes(), time.perf_counter()
    weights = open_checkpoint(str(folder / "audiogen"), LANGUAGE_MODEL)
    texts = encode_prompts([PROMPT], str(folder / "text"), weights, cpu)
    language = load_language_model(weights, cpu)
    codec = Codec(load_codec(open_checkpoint(str(folder / "audiogen"), CODEC), cpu), stereo=False)
    loaded = time.perf_counter()
    decoder = Decoder(language.module, cpu)
    state = decoder.begin([texts[PROMPT]], 1)
    decoder.prefill(state, torch.full((1, decoder.codebooks, 1), decoder.codes))
    ready, peak = time.perf_counter(), peak_bytes()
    studio = Studio(decoder, codec, language.delays, 500, 100, texts, Session("audiogen", cpu, exact=False))
    action = Action("audiogen", "1", round(seconds * codec.sample_rate), prompt=PROMPT, seed=1, top_k=250, cfg=3.0)
    list(studio.make([studio.begin(0, action)]))
    done = time.perf_counter()
    return {
        "load_s": loaded - start, "ready_s": ready - start, "memory_bytes": peak - before,
        "generate_s": done - ready, "memory_generating_bytes": peak_bytes() - before,
    }  # fmt: skip


def load_theirs(folder: Path, seconds: float) -> dict[str, float]:
    """``AudioGen.get_pretrained`` and the first step of ``lm.generate``."""
    import torch

    from scenebuild.engines.audiocraft.package import import_audiocraft

    models: Any = import_audiocraft().models
    from audiocraft_reference import put_xformers_in_place

    put_xformers_in_place()
    before, start = peak_bytes(), time.perf_counter()
    model = models.AudioGen.get_pretrained(str(folder / "audiogen"), device="cpu")
    loaded = time.perf_counter()
    attributes, _ = model._prepare_tokens_and_attributes([PROMPT], None)
    with torch.no_grad(), model.lm.streaming():
        tokens = model.lm.condition_provider.tokenize([*attributes, *attributes])
        sequence = torch.full((2, model.lm.n_q, 1), model.lm.special_token_id)
        model.lm(sequence, [], model.lm.condition_provider(tokens))
    ready = time.perf_counter()
    return {"load_s": loaded - start, "ready_s": ready - start, "memory_bytes": peak_bytes() - before}


def peak_bytes() -> int:
    """The most that this process had in memory so far."""
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def measure(which: str, folder: Path, seconds: float) -> dict[str, float]:
    """Run one of the two in a fresh process."""
    environment = {**os.environ, "HF_HOME": str(folder), "HF_HUB_OFFLINE": "1"}
    command = [
        sys.executable,
        "-W",
        "ignore",
        __file__,
        "--run",
        which,
        "--folder",
        str(folder),
        "--seconds",
        str(seconds),
    ]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def report(folder: Path, seconds: float) -> dict[str, Any]:
    """Both loaders on the checkpoint in ``folder``."""
    weights = sum(path.stat().st_size for path in (folder / "audiogen").iterdir())
    for path in (folder / "audiogen").iterdir():
        with open(path, "rb") as file:
            while file.read(1 << 24):
                pass
    theirs, ours = measure("theirs", folder, seconds), measure("ours", folder, seconds)
    rounded = {
        f"{who}_{name}": round(value, 2)
        for who, found in (("theirs", theirs), ("ours", ours))
        for name, value in found.items()
        if name.endswith("_s")
    }
    ratios = {
        "ratio": ours["ready_s"] / theirs["ready_s"],
        "memory": ours["memory_bytes"] / weights,
        "memory_generating": ours["memory_generating_bytes"] / weights,
        "theirs_memory": theirs["memory_bytes"] / weights,
    }
    return {
        "benchmark": "load", "weights_bytes": weights, **rounded,
        **{name: round(value, 3) for name, value in ratios.items()},
        "goal_ratio": round(GOAL_RATIO, 3), "goal_memory": GOAL_MEMORY,
    }  # fmt: skip


def main() -> None:
    """Make a checkpoint if none is given, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", choices=["full", "tiny"], default="full")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--folder", type=Path, help="where a checkpoint of an earlier run lies, or is to be kept")
    parser.add_argument("--run", choices=["ours", "theirs"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        found = (load_ours if asked.run == "ours" else load_theirs)(asked.folder, asked.seconds)
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.folder or Path(scratch)
        if not (folder / "hub").exists():
            maker = [
                sys.executable,
                "-W",
                "ignore",
                "-c",
                "import sys; from load import *; make_checkpoint(Path(sys.argv[1]), sys.argv[2])",
            ]
            subprocess.run([*maker, str(folder), asked.size], check=True, cwd=Path(__file__).parent)
        print(json.dumps({"size": asked.size, **report(folder, asked.seconds)}, indent=2))


if __name__ == "__main__":
    main()
