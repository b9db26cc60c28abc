"""What audiocraft itself makes of a checkpoint, in a process of its own: ``audiocraft_reference.py FOLDER OUT.pt``, or
of many: ``audiocraft_reference.py OUT.pt FOLDER...``.

Its loading, its conditioning, its generation and its EnCodec, untouched; only packages that it imports without need
are left out. HF_HOME holds the text encoder, as audiocraft looks for it by name.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any
from unittest import mock

PROMPTS = ("steady rain on a window", "quiet café murmur, cups and saucers", "a door")
SHORT_S = 0.24
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


def tokens_of_each(out: str, *folders: str) -> None:
    """A few greedy tokens by text alone of each checkpoint, by the names of the folders."""
    import torch

    from scenebuild.engines.audiocraft.package import import_audiocraft

    torch.set_num_threads(1)
    models: Any = import_audiocraft().models
    put_xformers_in_place()
    put_transformers_in_place()
    put_melody_in_place()
    found = {}
    for folder in folders:
        kind = models.AudioGen if "audiogen" in Path(folder).name else models.MusicGen
        with torch.no_grad():
            found[Path(folder).name] = _greedy(kind.get_pretrained(folder, device="cpu"), PROMPTS[0], SHORT_S)[0]
    torch.save(found, out)


def put_melody_in_place() -> None:
    """A model that takes a melody separates it with demucs and hears it with librosa's filters. Without a recording it
    gets silence, of which any filter makes nothing."""
    import numpy as np
    from audiocraft.modules import chroma

    demucs, pretrained = types.ModuleType("demucs"), types.ModuleType("demucs.pretrained")
    separator = mock.Mock(sources=["drums", "bass", "other", "vocals"])
    separator.to.return_value = separator
    vars(pretrained)["get_model"] = lambda name: separator
    vars(demucs)["pretrained"] = pretrained
    sys.modules.update({"demucs": demucs, "demucs.pretrained": pretrained})
    silent = types.SimpleNamespace(chroma=lambda n_fft, n_chroma, **_: np.zeros((n_chroma, n_fft // 2 + 1), np.float32))
    vars(chroma)["filters"] = silent


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
    first, *others = sys.argv[1:]
    tokens_of_each(first, *others) if first.endswith(".pt") else main(first, *others)
