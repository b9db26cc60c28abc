"""A label track for audio editors, in the format of Audacity."""

from __future__ import annotations

from scenebuild.mix.model import Mix


def labels_text(mix: Mix) -> str:
    """One line for each time that an element plays: start and end in seconds, and its name, separated by tabs.

    Sorted by start. In a mix that loops, an element that plays over the end has an end after that of the mix.
    """
    times = sorted((start_s, end_s, stem.name) for stem in mix.stems for start_s, end_s in stem.times_s)
    return "".join(f"{start_s:.6f}\t{end_s:.6f}\t{name}\n" for start_s, end_s, name in times)
