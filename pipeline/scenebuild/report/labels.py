"""A label track for audio editors, in the format of Audacity."""

from __future__ import annotations

from scenebuild.mix.model import Mix


def labels_text(mix: Mix) -> str:
    """One line for each time that an element sounds: start and end in seconds, and its name, between tabs.

    Sorted by start; what sounds on over the end of a mix that loops ends behind it.
    """
    times = sorted((start_s, end_s, stem.name) for stem in mix.stems for start_s, end_s in stem.times_s)
    return "".join(f"{start_s:.6f}\t{end_s:.6f}\t{name}\n" for start_s, end_s, name in times)
