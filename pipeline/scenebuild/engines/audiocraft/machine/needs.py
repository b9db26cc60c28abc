"""How much memory a model needs on a CPU, known from its dimensions before a weight is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenebuild.engines.audiocraft.machine import memory
from scenebuild.errors import EngineError

if TYPE_CHECKING:
    from scenebuild.engines.audiocraft.configuration import Dimensions

# Beside the weights of the language model and the caches of a take: the interpreter, torch, the codec and what it
# needs to decode twenty seconds. 0.80 GB were measured for AudioGen with takes of ten seconds.
WORKING_BYTES = 800_000_000
STEPS_A_SECOND = 50  # codec frames of AudioGen and MusicGen
# Bytes of a weight that is read in each step, of another one, and of a value of the KV cache. The kernels keep weights
# that are halves as such; others may take up to four bytes, but no model is refused that might fit.
KERNELS = {"fp32": (2, 2, 4), "bf16": (2, 2, 4), "int8": (1, 2, 2)}
TORCH = {"fp32": (4, 4, 4), "bf16": (2, 2, 4), "int8": (1, 4, 4)}


def needed_bytes(sizes: Dimensions, precision: str, seconds: float, *, kernels: bool) -> int:
    """What one take of that length needs: at least that, and not much more."""
    often, seldom, cached = (KERNELS if kernels else TORCH)[precision]
    heads = 2 if sizes.cross_attended else 0  # query and output of the cross-attention; keys and values are read once
    each_step = sizes.layers * ((4 + heads) * sizes.dim**2 + 2 * sizes.dim * sizes.hidden)
    once = sizes.layers * heads * sizes.dim**2 + sizes.codebooks * sizes.codes * sizes.dim
    floats = sizes.dim * (sizes.codebooks * (sizes.codes + 1) + sizes.text_dim)
    steps = STEPS_A_SECOND * min(seconds, sizes.window_s)
    if sizes.chroma is not None:  # stands before the codes, always as long as the window
        steps += sizes.window_s * sizes.chroma.sample_rate / sizes.chroma.hop_frames
    caches = 2 * 2 * sizes.layers * sizes.dim * steps  # keys and values, with and without the prompt
    return int(often * each_step + seldom * once + 4 * floats + cached * caches) + WORKING_BYTES


def refuse_too_large(name: str, sizes: Dimensions, precision: str, seconds: float, *, kernels: bool) -> None:
    """EngineError where one take of that length could never fit here; it names the precisions that do."""
    there = memory.all_bytes()
    needs = {one: needed_bytes(sizes, one, seconds, kernels=kernels) for one in KERNELS}
    if there is None or needs[precision] <= there:
        return
    fitting = [f"--precision {one} needs {_gb(need)}" for one, need in needs.items() if need <= there]
    advice = fitting[-1] if fitting else "take a smaller model, or more memory"
    place = "this container" if memory.is_limited() else "this machine"
    raise EngineError(
        f"{name} in {precision} needs about {_gb(needs[precision])} of memory for a take of {seconds:.3g} s, "
        f"{place} has {_gb(there)}; {advice}"
    )


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
