"""The copyright that a sound file states about itself."""

from __future__ import annotations

from scenebuild.audio.wav import AudioFileError, open_sound


def copyright_of(path: str) -> str:
    """The text (ICOP of a WAV file's INFO chunk, and what stands for it elsewhere); empty where there is none, or where
    the file is no sound. OSError where the file system does not give it: that is not the same as a file without one."""
    try:
        with open_sound(path) as file:
            return str(file.copyright)
    except AudioFileError:
        return ""
