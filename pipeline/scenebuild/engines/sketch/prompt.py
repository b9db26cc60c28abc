"""From a prompt to layers: the sources that it names, and the effect of adjectives on each.

The parser uses phrases of the catalogue, a table of adjectives, and clauses that end at commas and conjunctions. It
reports the words that it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from scenebuild.engines.sketch.lexicon import (
    BREAKS,
    DENIALS,
    SMALL_WORDS,
    Meaning,
    acting,
    facets_of,
    guess,
    lexicon,
    look_up,
    plain,
)


@dataclass(frozen=True)
class LayerTraits:
    """The effects of adjectives on one layer; 0 without an adjective."""

    amount: float = 0.0  # −1 light … 1 heavy: density and force
    level_db: float = 0.0
    distance: float = 0.0  # 0 … 1 far away
    muffled: float = 0.0  # 0 … 1 behind a wall
    room: float = 0.0  # −1 outside … 1 a hall
    rate: float = 0.0  # octaves of tempo
    size: float = 0.0  # octaves of size: larger is lower
    bright: float = 0.0  # octaves of brightness
    rests: float = 0.0  # octaves of longer rests: occasional
    many: float = 0.0  # octaves of more sources: several
    facets: frozenset[str] = field(default_factory=frozenset)


_LIMITS = {
    "amount": (-1.0, 1.0),
    "level_db": (-18.0, 6.0),
    "distance": (0.0, 1.0),
    "muffled": (0.0, 1.0),
    "room": (-1.0, 1.0),
    "rate": (-1.0, 1.0),
    "size": (-1.2, 1.2),
    "bright": (-1.5, 1.5),
    "rests": (-1.0, 1.5),
    "many": (-1.0, 2.0),
}


@dataclass(frozen=True)
class SketchLayer:
    """One source of a prompt."""

    kind: str
    name: str  # of its random streams
    traits: LayerTraits
    gain_db: float  # relative to the other layers
    words: tuple[str, ...]  # of the prompt that it comes from


@dataclass(frozen=True)
class ParsedPrompt:
    """The result of parsing. ``layers`` is never empty."""

    layers: tuple[SketchLayer, ...]
    left_out: tuple[str, ...]  # kinds that the prompt denies
    unknown: tuple[str, ...]  # words without a meaning
    guessed: tuple[tuple[str, str], ...]  # (misspelt word, known word)
    recognised: bool


@dataclass
class _Mention:
    """A source during parsing."""

    kind: str
    clause: int
    words: list[str]
    facets: set[str]
    acts: list[tuple[str, float]]
    denied: bool = False


class _Reader:
    """Parses the words from left to right."""

    def __init__(self, words: list[str]) -> None:
        self.words, self.at, self.clause = words, 0, 0
        self.mentions: list[_Mention] = []
        self.waiting: list[tuple[str, list[tuple[str, float]], int]] = []  # adjectives before their noun
        self.loose: list[tuple[str, dict[str, str], int]] = []  # facet words, assigned at the end
        self.unknown: list[str] = []
        self.guessed: list[tuple[str, str]] = []
        self.denying = ""

    def read(self) -> None:
        while self.at < len(self.words):
            self.at += self._step(self.words[self.at])
        self._hand_back()
        for word, table, clause in self.loose:
            self._settle(word, table, clause)

    def _step(self, word: str) -> int:
        if word == ",":
            self._next_clause(strong=True)
            return 1
        found = look_up(self.words, self.at)
        if word in DENIALS:
            self.denying = word
            return 1
        if found and (found[1].kind or found[0] > 1):
            return self._take(found)
        if table := facets_of(word):
            self.loose.append((word, table, self.clause))
        if found:
            return self._take(found)
        if word in BREAKS:
            self._next_clause(strong=word == "but")
        elif not table and word not in SMALL_WORDS and not word.isdigit():
            self._strange(word)
        return 1

    def _take(self, found: tuple[int, Meaning]) -> int:
        length, meaning = found
        text = " ".join(self.words[self.at : self.at + length])
        if not meaning.kind:
            self.waiting.append((text, list(meaning.act), self.clause))
            if length > 1:  # "in a cave" is a facet of drips as well
                self.loose += [(word, table, self.clause) for word in text.split() if (table := facets_of(word))]
            return length
        self._mention(meaning, text)
        for word in text.split():
            if meaning.kind in (table := facets_of(word)):
                self.mentions[-1].facets.add(table[meaning.kind])
            others = {kind: facet for kind, facet in table.items() if kind != meaning.kind}
            if length == 1 and others:
                self.loose.append((text, others, self.clause))
        return length

    def _mention(self, meaning: Meaning, text: str) -> None:
        last = self.mentions[-1] if self.mentions else None
        if last and last.kind == meaning.kind and last.clause == self.clause and last.denied == bool(self.denying):
            last.words.append(text)
        else:
            last = _Mention(meaning.kind, self.clause, [text], set(), [], bool(self.denying))
            self.mentions.append(last)
        if meaning.facet:
            last.facets.add(meaning.facet)
        for word, act, _ in self.waiting:
            last.acts += act
            last.words.append(word)
        self.waiting = []

    def _next_clause(self, *, strong: bool) -> None:
        """End a clause. Adjectives without a noun after them belong to the noun before, unless 'and' follows."""
        here = any(m.clause == self.clause for m in self.mentions)
        if strong or here:
            self._hand_back()
        word = self.words[self.at]
        if strong or (self.denying == "no" and word != "or") or (self.denying and word not in {"and", "or"}):
            self.denying = self.denying if word == "or" else ""
        self.clause += 1

    def _hand_back(self) -> None:
        wanted = [m for m in self.mentions if not m.denied]
        if not wanted:
            return
        for word, act, _ in self.waiting:
            wanted[-1].acts += act
            wanted[-1].words.append(word)
        self.waiting = []

    def _settle(self, word: str, table: dict[str, str], clause: int) -> None:
        """Assign a facet word to the nearest clause with a kind that has this facet."""
        able = [m for m in self.mentions if m.kind in table and not m.denied]
        if able:
            nearest = min(able, key=lambda m: abs(m.clause - clause))
            if abs(nearest.clause - clause) <= 1:
                nearest.facets.add(table[nearest.kind])
                nearest.words.append(word)

    def _strange(self, word: str) -> None:
        if (meant := guess(word)) is None:
            self.unknown.append(word)
            return
        self.guessed.append((word, meant))
        self._mention(lexicon()[(meant,)], word)


def _traits(mention: _Mention) -> LayerTraits:
    sums: dict[str, float] = {}
    for name, value in mention.acts:
        sums[name] = sums.get(name, 0.0) + value
    held = {name: min(max(value, _LIMITS[name][0]), _LIMITS[name][1]) for name, value in sums.items()}
    return LayerTraits(facets=frozenset(mention.facets), **held)


def _only_setting(mention: _Mention, wanted: list[_Mention]) -> bool:
    """Whether a mention is only the surface or place of another one, as leaves in "rain on leaves"."""
    for other in wanted:
        if other is mention or other.kind == mention.kind or abs(other.clause - mention.clause) > 1:
            continue
        if all(facets_of(word).get(other.kind) for word in mention.words if word not in acting()):
            return True
    return False


def read(prompt: str) -> ParsedPrompt:
    """Parse a prompt. The result depends on the prompt alone and has at least one layer."""
    reader = _Reader(plain(prompt))
    reader.read()
    wanted = [m for m in reader.mentions if not m.denied]
    wanted = [m for m in wanted if not _only_setting(m, wanted)]
    left_out = tuple(dict.fromkeys(m.kind for m in reader.mentions if m.denied))
    layers = _layers(wanted)
    if not layers:
        spare = _Mention("texture", 0, [], set(), [a for _, act, _ in reader.waiting for a in act])
        layers = (SketchLayer("texture", "texture", _traits(spare), 0.0, ()),)
    return ParsedPrompt(layers, left_out, tuple(dict.fromkeys(reader.unknown)), tuple(reader.guessed), bool(wanted))


_MOST_LAYERS = 6


def _layers(wanted: list[_Mention]) -> tuple[SketchLayer, ...]:
    """One layer per kind: mentions of a kind are merged. The first layer is 3 dB louder than the others."""
    merged: dict[str, _Mention] = {}
    for mention in wanted:
        if (old := merged.get(mention.kind)) is None:
            merged[mention.kind] = mention
        else:
            merged[mention.kind] = _Mention(
                mention.kind,
                old.clause,
                old.words + mention.words,
                old.facets | mention.facets,
                old.acts + mention.acts,
            )
    return tuple(
        SketchLayer(m.kind, m.kind, _traits(m), -3.0 if i else 0.0, tuple(dict.fromkeys(m.words)))
        for i, m in enumerate(list(merged.values())[:_MOST_LAYERS])
    )


def explain(prompt: str) -> str:
    """The layers, guesses and unknown words of a prompt as lines of text."""
    reading = read(prompt)
    lines = [_told(layer) for layer in reading.layers]
    if reading.left_out:
        lines.append(f"left out, as asked: {', '.join(reading.left_out)}")
    lines += [f"{word!r} read as {meant!r}" for word, meant in reading.guessed]
    if reading.unknown:
        lines.append(f"not understood: {', '.join(reading.unknown)}")
    return "\n".join(lines)


def _told(layer: SketchLayer) -> str:
    traits = layer.traits
    asked = [f"{name} {getattr(traits, name):+.1f}" for name in _LIMITS if getattr(traits, name)]
    parts = [layer.kind + (f" ({', '.join(sorted(traits.facets))})" if traits.facets else "")]
    parts += [f"from {', '.join(repr(word) for word in layer.words)}"] if layer.words else ["stands in"]
    parts += [", ".join(asked)] if asked else []
    return " · ".join(parts)


def warnings(reading: ParsedPrompt) -> tuple[str, ...]:
    """Warnings for the user: misspellings, and a prompt without any known source."""
    said = [f"sketch: {word!r} was read as {meant!r}" for word, meant in reading.guessed]
    if not reading.recognised:
        strange = ", ".join(repr(word[:40]) for word in reading.unknown[:6]) or "this prompt"
        said.append(f"sketch: no recipe for {strange}; a neutral texture stands in")
    return tuple(said)
