"""A clip of a mix before and after, for a comment: H.264 and AAC in MP4, by PyAV."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from scenebuild.errors import UsageError
from scenebuild.files import aside
from scenebuild.report.pictures.outline import Samples
from scenebuild.review.clips.clip import RATE, clip_sounds
from scenebuild.review.clips.frames import HEIGHT, WIDTH, SideFrames, Yuv, draw_frames
from scenebuild.review.compare.aligned import AFTER, BEFORE

FRAMES_PER_SECOND = 15
MOST_BYTES = 9_500_000  # code hosts accept 10 MB
# x264's constant rate factor, best first; the next one is used if a clip becomes too large. (A limit on the bit rate
# would need one pass, but makes x264's output depend on the timing of its threads.)
QUALITIES = (20, 26, 32)
_THREADS = 4  # a fixed number: the bytes depend on it
_AUDIO_BITS = 160_000  # a second
_AAC_FRAMES = 1024  # samples in a packet of AAC
_BT_709, _LIMITED_RANGE = 1, 1  # as ISO/IEC 23091-2 numbers them


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """The content of a clip. A side that is missing is ``0.0`` s long."""

    duration_s: float
    before_s: float
    after_s: float
    start_s: float  # the start of the clip in the mixes
    is_part: bool  # the mixes are too long for a clip, and it plays the span with the largest change
    size: int  # bytes


def clip_mp4(before: Path | None, after: Path | None, target: Path, title: str, notes: Sequence[str] = ()) -> ClipFacts:
    """Write a clip to ``target``: the old mix, then the new one, with their pictures and a playhead.

    ``title`` and ``notes`` are text in any language, cut if they are too long. Of mixes over 45 s the clip plays the
    45 s with the largest change, the same span of both. With one side missing (None) the other is played alone. The
    file appears when it is complete. UsageError if PyAV is missing or cannot write such files.
    """
    av = pyav()
    span, sides = clip_sounds(before, after)
    pictures = draw_frames(sides, title, notes, span)
    lengths = {side.name: side.length_s for side in sides}
    sound = np.concatenate([side.samples for side in sides], axis=1)
    missing = RATE // FRAMES_PER_SECOND - sound.shape[1]
    if missing > 0:  # a clip has at least one frame
        sound = np.pad(sound, ((0, 0), (0, missing)))
    with aside(str(target)) as temporary:
        for quality in QUALITIES:
            with av.open(temporary, "w", format="mp4", options={"movflags": "+faststart"}) as container:
                _encode(av, container, quality, _frames(pictures, list(lengths.values())), sound)
            size = os.path.getsize(temporary)
            if size <= MOST_BYTES:
                break
    return ClipFacts(
        duration_s=sum(lengths.values()),
        before_s=lengths.get(BEFORE, 0.0),
        after_s=lengths.get(AFTER, 0.0),
        start_s=span.start_s,
        is_part=span.is_part,
        size=size,
    )


def pyav() -> Any:
    """PyAV, which is optional and needed only for clips. UsageError if it is missing or lacks an encoder."""
    try:
        import av
        from av.codec import Codec
    except ImportError as error:
        raise UsageError("clips need PyAV, which is not installed; type: pip install 'scenebuild[video]'") from error
    for name in ("libx264", "aac"):
        try:
            Codec(name, "w")
        except ValueError as error:
            raise UsageError(
                f"this PyAV {av.__version__} cannot write {name}; type: pip install --force-reinstall --no-deps av"
            ) from error
    return av


def _frames(pictures: SideFrames, lengths_s: Sequence[float]) -> Iterator[Yuv]:
    """The frames of the clip: at each instant that of the side that plays."""
    starts_s = np.cumsum([0.0, *lengths_s])
    for index in range(max(1, round(float(starts_s[-1]) * FRAMES_PER_SECOND))):
        time_s = index / FRAMES_PER_SECOND
        side = min(int(np.searchsorted(starts_s, time_s, side="right")) - 1, len(lengths_s) - 1)
        yield pictures.frame(side, time_s - float(starts_s[side]))


def _encode(av: Any, container: Any, quality: int, frames: Iterator[Yuv], sound: Samples) -> None:
    """Encode both streams in step, so that neither waits in memory for the other."""
    video, audio = _video_stream(container, quality), _audio_stream(container)
    muxed = 0
    for index, picture in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = index, Fraction(1, FRAMES_PER_SECOND)
        frame.colorspace, frame.color_range = _BT_709, _LIMITED_RANGE
        container.mux(video.encode(frame))
        until = (index + 1) * RATE // FRAMES_PER_SECOND
        while muxed + _AAC_FRAMES <= min(until, sound.shape[1]):
            container.mux(audio.encode(_audio_frame(av, sound, muxed)))
            muxed += _AAC_FRAMES
    for start in range(muxed, sound.shape[1], _AAC_FRAMES):
        container.mux(audio.encode(_audio_frame(av, sound, start)))
    for stream in (video, audio):
        container.mux(stream.encode(None))


def _video_stream(container: Any, quality: int) -> Any:
    # Slower presets do not make such still pictures smaller. A key frame every 5 s makes seeking fast.
    options = {"preset": "veryfast", "crf": str(quality), "g": str(5 * FRAMES_PER_SECOND)}
    stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND, options=options)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context = stream.codec_context
    context.thread_count, context.thread_type = _THREADS, "FRAME"
    context.colorspace = context.color_primaries = context.color_trc = _BT_709
    context.color_range = _LIMITED_RANGE
    return stream


def _audio_stream(container: Any) -> Any:
    return container.add_stream("aac", rate=RATE, layout="stereo", bit_rate=_AUDIO_BITS)


def _audio_frame(av: Any, sound: Samples, start: int) -> Any:
    piece = np.ascontiguousarray(sound[:, start : start + _AAC_FRAMES])
    frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
    return frame
