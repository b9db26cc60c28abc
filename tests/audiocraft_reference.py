"""What audiocraft itself makes of a checkpoint, in a process of its own: ``audiocraft_reference.py FOLDER OUT.pt``.

Its loading, its conditioning, its generation and its EnCodec, untouched; only packages that it imports without need
are left out. HF_HOME holds the text encoder, as audiocraft looks for it by name.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

PROMPTS = ("steady rain on a window", "quiet café murmur, cups and saucers", "a door")
SLIDE_S = {10: 13, 30: 49}  # a whole number of seconds over one window and one stride: audiocraft survives those


def main(folder: str, out: str) -> None:
    import torch

    from scenebuild.engines.audiocraft.package import import_audiocraft

    torch.set_num_threads(1)
    models: Any = import_audiocraft().models
    put_xformers_in_place()
    put_transformers_in_place()
    window_s = 10 if "audiogen" in Path(folder).name else 30
    model = (models.AudioGen if window_s == 10 else models.MusicGen).get_pretrained(folder, device="cpu")
    found: dict[str, Any] = {"texts": [], "codes": None}
    with torch.no_grad():
        for prompt in PROMPTS:
            attributes, _ = model._prepare_tokens_and_attributes([prompt], None)
            found["texts"].append(model.lm.condition_provider(model.lm.condition_provider.tokenize(attributes)))
        found["codes"] = _greedy(model, PROMPTS[0], 10)
        found["slid"] = _greedy(model, PROMPTS[1], SLIDE_S[window_s])
        found["sequence"], found["logits"] = _teacher_forced(model, PROMPTS[0], found["codes"])
        found["samples"] = model.generate_audio(found["codes"])
    torch.save({**found, "texts": [one["description"][0] for one in found["texts"]]}, out)


def put_transformers_in_place() -> None:
    """Where our own text encoder has its place in the package, audiocraft's conditioner shall have the real one."""
    import transformers
    from audiocraft.modules import conditioners

    conditioners.T5Tokenizer, conditioners.T5EncoderModel = transformers.T5Tokenizer, transformers.T5EncoderModel


def put_xformers_in_place() -> None:
    """The two names of xformers that audiocraft's torch backend uses: one splits a tensor, one only marks a mask."""
    import torch
    from audiocraft.modules import transformer

    transformer.ops = types.ModuleType("xformers.ops")
    transformer.ops.unbind = torch.unbind
    transformer.ops.LowerTriangularMask = object
    sys.modules.update({"xformers": types.ModuleType("xformers"), "xformers.ops": transformer.ops})


def _greedy(model: Any, prompt: str, duration_s: float) -> Any:
    stride = {10.0: 2, 30.0: 18}[float(model.max_duration)]
    model.set_generation_params(use_sampling=False, duration=duration_s, cfg_coef=3.0, extend_stride=stride)
    attributes, _ = model._prepare_tokens_and_attributes([prompt], None)
    return model._generate_tokens(attributes, None)


def _teacher_forced(model: Any, prompt: str, codes: Any) -> tuple[Any, Any]:
    """The interleaved sequence (1, K, S), and its logits with the prompt and without, (2, K, S, V)."""
    import torch
    from audiocraft.modules.conditioners import ClassifierFreeGuidanceDropout

    lm = model.lm
    sequence, _, _ = lm.pattern_provider.get_pattern(codes.shape[-1]).build_pattern_sequence(codes, lm.special_token_id)
    attributes, _ = model._prepare_tokens_and_attributes([prompt], None)
    both = attributes + ClassifierFreeGuidanceDropout(p=1.0)(attributes)
    tensors = lm.condition_provider(lm.condition_provider.tokenize(both))
    return sequence, lm(torch.cat([sequence, sequence]), [], tensors)


if __name__ == "__main__":
    main(*sys.argv[1:])
