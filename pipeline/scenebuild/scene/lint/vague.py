"""The rules on prompts without a sound, and on prompts for collections of sounds."""

from __future__ import annotations

from scenebuild.scene.lint.words import first, phrases, plain, without

_SAYS_NOTHING = r"""
a, an, the, some, of, any, my, your, for, good, nice, cool, great, best, new, high, quality, hq, sound,
sounds, audio, effect, effects, sfx, fx, sample, samples, clip, clips, recording, prompt, test, testing,
todo, tbd, untitled, something, anything, whatever, stuff, thing, things, noises?, ambient, background,
seconds?, secs?, long, short, loud, minutes?, loop, foley, take, element, \d+
"""
_COLLECTION = r"""
collections? of, compilations? of,
(?:a|wide|great|large) (?:variety|range|assortment|selection|array|choice) of, assortment of, assorted,
various (?:\w+ )?(?:sounds?|noises?|effects?|sfx|kinds|types|sorts), variety of, selection of, medley of,
(?:bunch|lot|lots|load|loads|tons|handful) of (?:\w+ )?(?:sounds|noises|effects|samples),
variations? (?:of|on), variants of,
(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|\d+) different (?!pitch
|speed|time|tone|rate|room|place|direction|height|distance)\w+, range of different, montage of,
(?:all|different|many|several|various|multiple) (?:different )?(?:kinds?|types?|sorts?) of,
(?:different|multiple|diverse|miscellaneous) (?:\w+ )?(?:sounds|noises|effects|sfx),
(?:sound|sample|sfx|effects?|foley|loop)s?(?: effects?)? (?:packs?|library|libraries|kits?
|bank|banks|collections?|sets?),
(?:pack|library|bank|set|mix|series|bundle|catalogue
|catalog) of (?:\w+ )?(?:\w+ )?(?:sounds?|noises|effects|sfx|samples)
"""


def nothing_in(prompt: str) -> str:
    """The prompt itself where it names no sound, otherwise ""."""
    text = plain(prompt)
    telling = [word for word in text.split() if not phrases(_SAYS_NOTHING).fullmatch(word)]
    return "" if any(any(map(str.isalpha, word)) for word in telling) else prompt


def collection_in(prompt: str) -> str:
    """The words of a prompt that ask for a collection of sounds; "" for none."""
    return first(_COLLECTION, without("collection (?:box|bin|plate|truck|point)s?", plain(prompt)))
