"""What audiocraft itself makes of a sound beside a prompt, in a process of its own: ``audiocraft_sounds.py ROOT OUT``.

ROOT holds a checkpoint for each name of ``KINDS``, and HF_HOME the text encoder. Its conversion of a recording, its
EnCodec's encoder, its continuations and its melodies are untouched, but for three things. No demucs separates a melody.
The filters of pitch classes are those of ``chroma.pitch_classes``, as librosa is not in the set; a test compares them
with librosa's numbers. The code of the highest probability is taken.
"""

from __future__ import annotations

import sys
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

from audiocraft_fixtures import AUDIOGEN, MUSICGEN_MELODY, MUSICGEN_STEREO
from audiocraft_reference import put_transformers_in_place, put_xformers_in_place

WINDOW_S, STRIDE_S = 2, 1
KINDS = {
    "audiogen": replace(AUDIOGEN, window_s=WINDOW_S),
    "stereo": replace(MUSICGEN_STEREO, window_s=WINDOW_S),
    "melody": replace(MUSICGEN_MELODY, window_s=WINDOW_S),
}
PROMPT = "a soft chord bed, slow and warm"
DURATIONS_S = (1.5, 5)  # in one pass, and in four
RECORDING_S, RECORDING_HZ = 1.0, 44100


def recording() -> Any:
    """A melody of three tones on two channels, (2, frames)."""
    import torch

    time = torch.arange(round(RECORDING_S * RECORDING_HZ)) / RECORDING_HZ
    tones = [220.0, 329.63, 493.88]
    hz = torch.tensor(tones)[(time * 3 / RECORDING_S).long().clamp(max=2)]
    noise = torch.rand(2, len(time), generator=torch.Generator().manual_seed(3)) - 0.5
    left = 0.4 * torch.sin(2 * torch.pi * hz * time)
    return torch.stack([left, 0.5 * left]) + 0.02 * noise


def main(root: str, out: str) -> None:
    import torch

    torch.set_num_threads(1)
    models = put_in_place()
    found: dict[str, Any] = {}
    for name in KINDS:
        kind = models.AudioGen if name == "audiogen" else models.MusicGen
        model = kind.get_pretrained(str(Path(root) / name), device="cpu")
        with torch.no_grad():
            found[name] = _melodies(model) if name == "melody" else _continued(model)
    torch.save(found, out)


def put_in_place() -> Any:
    """audiocraft's models, and what its melody conditioner imports."""
    from scenebuild.engines.audiocraft.chroma import pitch_classes
    from scenebuild.engines.audiocraft.package import import_audiocraft

    models = import_audiocraft().models
    put_xformers_in_place()
    put_transformers_in_place()
    _shorten(models.AudioGen)
    _shorten(models.MusicGen)
    from audiocraft.modules import chroma, conditioners

    chroma.filters = types.SimpleNamespace(
        chroma=lambda sr, n_fft, tuning, n_chroma: pitch_classes(sr, n_fft, n_chroma).numpy()
    )
    demucs = types.ModuleType("demucs")
    demucs.pretrained = types.SimpleNamespace(  # type: ignore[attr-defined]
        get_model=lambda name: types.SimpleNamespace(
            to=lambda device: types.SimpleNamespace(sources=["drums", "bass", "other", "vocals"])
        )
    )
    sys.modules["demucs"] = demucs
    conditioners.ChromaStemConditioner._get_stemmed_wav = lambda self, wav, sample_rate: wav
    return models


def _shorten(model: Any) -> None:
    """Models set their default of ``extend_stride`` when they are made; it would not fit into these windows."""
    original = model.set_generation_params
    model.set_generation_params = lambda self, **settings: original(self, **{"extend_stride": STRIDE_S, **settings})


def _set(model: Any, duration_s: float) -> None:
    model.set_generation_params(use_sampling=False, duration=duration_s, cfg_coef=3.0, extend_stride=STRIDE_S)


def _continued(model: Any) -> dict[str, Any]:
    from audiocraft.data.audio_utils import convert_audio

    # Rounded to the 24 bits of a file, so that both begin with the same.
    wav = (convert_audio(recording(), RECORDING_HZ, model.sample_rate, model.audio_channels) * 2**23).round() / 2**23
    found = {"converted": wav, "encoded": model.compression_model.encode(wav[None])[0][0]}
    for duration_s in DURATIONS_S:
        _set(model, duration_s)
        _, tokens = model.generate_continuation(wav, model.sample_rate, [PROMPT], return_tokens=True)
        found[f"codes {duration_s}"] = tokens[0]
    return found


def _melodies(model: Any) -> dict[str, Any]:
    """The codes with a melody and without, and the logits of the first pass, (2, K, S, V) each."""
    found: dict[str, Any] = {}
    for what, melody in (("melody", recording()), ("text", None)):
        for duration_s in DURATIONS_S:
            _set(model, duration_s)
            _, tokens = (
                model.generate([PROMPT], return_tokens=True)
                if melody is None
                else model.generate_with_chroma([PROMPT], melody[None], RECORDING_HZ, return_tokens=True)
            )
            found[f"{what} {duration_s}"] = tokens[0]
        found[f"{what} logits"] = _teacher_forced(model, melody, found[f"{what} {DURATIONS_S[0]}"][None])
    return found


def _teacher_forced(model: Any, melody: Any, codes: Any) -> Any:
    import torch
    from audiocraft.data.audio_utils import convert_audio
    from audiocraft.modules.conditioners import ClassifierFreeGuidanceDropout

    lm = model.lm
    wavs = None if melody is None else [convert_audio(melody, RECORDING_HZ, model.sample_rate, model.audio_channels)]
    attributes, _ = model._prepare_tokens_and_attributes([PROMPT], None, wavs)
    both = attributes + ClassifierFreeGuidanceDropout(p=1.0)(attributes)
    tensors = lm.condition_provider(lm.condition_provider.tokenize(both))
    sequence, _, _ = lm.pattern_provider.get_pattern(codes.shape[-1]).build_pattern_sequence(codes, lm.special_token_id)
    return lm(torch.cat([sequence, sequence]), [], tensors)


if __name__ == "__main__":
    main(*sys.argv[1:])
