"""Sounds that a model is given beside its prompt: read, brought to its rate and channels, and told in its codes.

``continues``: the codes of a recording come first, and the model goes on from them (audiocraft's
``generate_continuation``). ``redo``: the codes of a take before a stretch come first, and the model makes the stretch
again. A codec frame that the sound fills only in part is none of them: it would tell of a silence that is not there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from scenebuild.audio.level import Samples
from scenebuild.audio.recording import decode_recording
from scenebuild.engines import Action
from scenebuild.engines.audiocraft.codec import Codec
from scenebuild.engines.audiocraft.splice import Splice, continuation, redone

# Those of julius, with which audiocraft converts a recording: with them torchaudio's resampling agrees with it.
ZEROS, ROLLOFF = 24, 0.945
MOST_TAPS = 1 << 25  # of all phases of the resampling together: 128 MiB


class UnusableSoundError(Exception):
    """A sound that a take cannot be made with; the message is for the user."""


@dataclass(frozen=True, slots=True)
class SoundPrompt:
    """What a take has before it is made."""

    codes: Tensor  # (K, codec frames) that the model goes on from
    length: int  # codec frames up to where it is to go
    splice: Splice
    warnings: tuple[str, ...] = ()


def sound_prompt(action: Action, sounds: Mapping[str, str], codec: Codec) -> SoundPrompt | None:
    """What of a take is there, or None for a take from its prompt alone.

    UnusableSoundError where the sound does not suit the action; what ``decode_recording`` raises where it is none.
    """
    if action.redo is not None:
        return _redo(action, sounds["redo"], codec)
    if action.continues is not None:
        return _continues(action, sounds["continues"], codec)
    return None


def _continues(action: Action, path: str, codec: Codec) -> SoundPrompt:
    recording, warnings = read_sound(path, action.continues, codec.sample_rate, codec.channels)
    frames, rate = int(action.frames or 0), codec.sample_rate
    known = len(recording) // codec.hop
    if len(recording) >= frames:
        raise UnusableSoundError(
            f"the recording to go on from lasts {len(recording) / rate:.2f} s, and the take {frames / rate:.2f} s with "
            "it; give a longer duration, or cut the recording"
        )
    if not known:
        raise UnusableSoundError(
            f"the recording to go on from lasts {1000 * len(recording) / rate:.1f} ms, at least "
            f"{1000 * codec.hop / rate:.0f} ms are needed; take a longer one"
        )
    codes = codec.encode(recording)[:, :known]
    splice = continuation(recording, known * codec.hop, rate)
    return SoundPrompt(codes, codec.codec_frames(frames), splice, warnings)


def _redo(action: Action, path: str, codec: Codec) -> SoundPrompt:
    """The model goes as far as the codec frame in which the stretch ends; the base's own codes follow it, so that the
    decoder passes into the sound behind the stretch."""
    start, stop, frames = (int(number or 0) for number in (action.redo_from, action.redo_to, action.frames))
    found = decode_recording(path)
    shape = (found.sample_rate, *found.samples.shape)
    if shape != (codec.sample_rate, frames, codec.channels):
        raise UnusableSoundError(
            f"the take to redo has (Hz, frames, channels) {shape}, and should have "
            f"{(codec.sample_rate, frames, codec.channels)}; build it again"
        )
    if not 0 <= start < stop <= frames:
        raise UnusableSoundError(f"redo: frames {start} to {stop} are not a part of a take of {frames} frames")
    codes = codec.encode(found.samples)
    length = codec.codec_frames(stop)
    splice = redone(found.samples, start, stop, codes[:, length:], codec.sample_rate)
    return SoundPrompt(codes[:, : start // codec.hop], length, splice, found.warnings)


def read_sound(
    path: str, digest: str | None, sample_rate: int, channels: int, most_s: float = math.inf
) -> tuple[Samples, tuple[str, ...]]:
    """The first ``most_s`` seconds of a recording as (frames, channels) at that rate, and what is worth a warning."""
    found = decode_recording(path, digest)
    most = min(most_s * found.sample_rate, len(found.samples))
    return converted(found.samples[: math.ceil(most)], found.sample_rate, sample_rate, channels), found.warnings


def converted(samples: Samples, from_rate: int, to_rate: int, channels: int) -> Samples:
    """As audiocraft's ``convert_audio``: resampled, then the mean of the channels, or the one channel on both.

    UnusableSoundError for a rate whose resampling would take too much memory.
    """
    from torchaudio.functional import resample

    common = math.gcd(from_rate, to_rate)
    if (from_rate // common) * (to_rate // common) > MOST_TAPS:
        raise UnusableSoundError(
            f"the recording has {from_rate} Hz, which no short resampling brings to {to_rate} Hz; "
            "convert it to 48000 Hz first"
        )
    line = torch.from_numpy(np.array(samples.T, np.float32, order="C"))
    line = resample(line, from_rate, to_rate, lowpass_filter_width=ZEROS, rolloff=ROLLOFF)
    if channels == 1:
        line = line.mean(dim=0, keepdim=True)
    return np.ascontiguousarray(line.expand(channels, -1).numpy().T)
