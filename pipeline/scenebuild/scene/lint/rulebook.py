"""Every rule for prompts by its id: why it is there, and what to write instead. ``docs/prompts.md`` says more."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """``reason`` goes on in a message after the words that were found, ``better`` is what to write instead."""

    asks: str  # what the rule asks for, as a sentence
    reason: str
    better: str

    @property
    def help(self) -> str:
        """The rule for somebody who has not met it."""
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
        "A prompt asks for no speech and no singing.",
        "asks for words, and the models make none that can be understood",
        "use a recording (file: voice.wav), or ask for voices without words, such as muffled voices in the next room",
    ),
    "prompt-language": Rule(
        "A prompt is in English.", "is not English, and the models know English alone", "describe the sound in English"
    ),
    "prompt-emotion": Rule(
        "A prompt names what is heard, not what is felt or thought.",
        "is a feeling or an idea, which has no sound of its own",
        "name what is heard, such as slow footsteps in an empty hall",
    ),
    "prompt-specific": Rule(
        "A prompt holds no years, brands and part numbers.",
        "is more exact than a model can be: it does not know years, brands and part numbers by their sound",
        "say how it sounds, such as an old car engine, rough at idle",
    ),
    "prompt-many-sources": Rule(
        "A prompt names at most three sounds.",
        "are asked for at once, and a model blurs more than three",
        "give each an element of its own, with its own volume, pan and start",
    ),
    "prompt-collection": Rule(
        "A prompt asks for one sound, not for several to choose from.",
        "asks for several sounds to choose from, and a take is one sound",
        "name one sound, and write take: 2 for another of it",
    ),
    "prompt-empty": Rule(
        "A prompt names something that is heard.",
        "names nothing that can be heard, so the model makes anything",
        "write the source, where it is and how it sounds",
    ),
    "long-take": Rule(
        "A take is no longer than what the model was trained on: 10 s for AudioGen, 30 s for MusicGen.",
        "beyond them it goes on from its own last seconds, where the sound may drift or repeat",
        "generate less and write loop: true, or use several elements with fades",
    ),
    "unknown-ignore": Rule(
        "A comment that silences rules names rules that there are.",
        "is no rule, so the comment silences nothing",
        "write the id of a rule, or all",
    ),
}
