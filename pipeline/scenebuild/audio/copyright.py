"""The copyright that a sound file states about itself."""

from __future__ import annotations


def copyright_of(path: str) -> str:
    """The text (ICOP of a WAV file's INFO chunk, and what stands for it elsewhere); empty where there is none, or where
    the file is no sound."""
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            return str(file.copyright)
    except (OSError, RuntimeError):
        return ""
