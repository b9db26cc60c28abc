"""The rules for prompts by id, with reason and advice. ``docs/prompts.md`` has more about each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A message is the words that were found, ``reason``, a semicolon and ``better``."""

    asks: str  # the rule as a sentence
    reason: str
    better: str

    @property
    def help(self) -> str:
        """The rule and its advice, for SARIF."""
        return f"{self.asks} {self.better[0].upper()}{self.better[1:]}."


LINT_RULES: dict[str, Rule] = {
    "prompt-music": Rule(
        "A prompt for AudioGen names sounds and no music.",
        "is music, and AudioGen makes sounds, not music",
        "write engine: musicgen, and give music an element of its own",
    ),
    "prompt-not-music": Rule(
        "A prompt for MusicGen describes music.",
        "is a sound, and MusicGen makes music, not sounds",
        "write engine: audiogen for a sound, or name instruments, style and tempo",
    ),
    "prompt-speech": Rule(
        "A prompt does not ask for speech or singing.",
        "asks for words, and the models cannot make intelligible words",
        "use a recording (file: voice.wav), or ask for voices without words, such as muffled voices in the next room",
    ),
    "prompt-language": Rule(
        "A prompt is in English.",
        "is not English, and the models were trained on English",
        "describe the sound in English",
    ),
    "prompt-emotion": Rule(
        "A prompt names sounds, not feelings or ideas.",
        "is a feeling or an idea, not a sound",
        "name a sound, such as slow footsteps in an empty hall",
    ),
    "prompt-specific": Rule(
        "A prompt has no years, brands or part numbers.",
        "is too exact for a model, which knows no sound of a year, a brand or a part number",
        "describe the sound, such as an old car engine, rough at idle",
    ),
    "prompt-many-sources": Rule(
        "A prompt names at most three sounds.",
        "are asked for at once, and a model blurs more than three sounds",
        "write an element for each, with its own volume, pan and start",
    ),
    "prompt-collection": Rule(
        "A prompt asks for one sound, not for a collection.",
        "asks for a collection, and a take is one sound",
        "name one sound, and write take: 2 for another take of it",
    ),
    "prompt-empty": Rule(
        "A prompt names a sound.",
        "names no sound, so the result is arbitrary",
        "write what sounds, where and how",
    ),
    "long-take": Rule(
        "A take is at most as long as the training sounds of the model: 10 s for AudioGen, 30 s for MusicGen.",
        "the model continues from its own last seconds, and the sound may drift or repeat",
        "generate less and write loop: true, or use several elements with fades",
    ),
    "redo-most": Rule(
        "A redo makes at most half of a take again.",
        "are made again, and little of the take stays",
        "write take: 2 for another take of the whole, or a shorter stretch",
    ),
    "melody-engine": Rule(
        "An element with a melody names an engine or a model that follows one.",
        "is followed by no engine that auto chooses, so the take is a sketch without it",
        "write engine: musicgen and a model that follows melodies",
    ),
    "unknown-ignore": Rule(
        "A comment that silences rules names existing rules.",
        "is not a rule, so the comment has no effect",
        "write the id of a rule, or all",
    ),
}
