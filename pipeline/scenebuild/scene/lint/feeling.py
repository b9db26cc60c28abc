"""The rule on emotions and abstract nouns. Words such as calm, quiet, gentle and lively describe sounds and pass."""

from __future__ import annotations

from scenebuild.scene.lint.words import first, plain, without

_MOOD = (
    "angry|sad|happy|excited|lonely|scared|frightened|nervous|anxious|furious|cheerful|joyful|desperate|worried"
    "|terrified"
)
_ALIVE = (
    "dogs?|pupp(?:y|ies)|cats?|kittens?|wol(?:f|ves)|birds?|owls?|bees?|wasps?|hornets?|crowds?|mobs?|child(?:ren)?|kids"
    "|bab(?:y|ies)|toddlers?|men|man|wom[ae]n|people|voices?|bulls?|bears?|geese|goose|horses?|parrots?|monkeys?|swans?"
    "|elephants?|lions?|tigers?|snakes?|audience|fans|spectators|shoppers|girls?|boys?|customers?|drivers?"
)

_NEUTRAL = rf"""
(?:{_MOOD}) (?:\w+ )?(?:{_ALIVE}), high tension, tension (?:wires?|springs?|cables?|rods?|belts?),
under tension, half time, love ?birds?, prides? of lions?, peace lil(?:y|ies), hope chests?, joy ?sticks?,
fear of, happy (?:hours?|birthday), harness\w*, lioness\w*, witness\w*, business\w*, wilderness, darkness,
governess, illness, fitness, stillness, baroness, loudness, harness, epic ?cent(?:er|re),
time (?:bomb|clock|signal)s?, spirit level, dreamcatchers?
"""
_TERMS = rf"""
{_MOOD}, sadness, happiness, joy, joyous, sorrow\w*, grief, anger, rage, fury, fear, dread, doom, terror,
terrifying, horror, horrifying, horrific, panic, anxiety, despair, hope, hopeful, hopeless\w*, love, hate,
hatred, loneliness, longing, melanchol(?:y|ic), nostalgi(?:a|c), regret, guilt, shame, pride, envy,
jealousy, gratitude, compassion, bliss\w*, euphori(?:a|c), depress(?:ing|ion|ive), gloom, gloomy, uplifting,
inspir\w+, relaxing, soothing, comforting, heart ?(?:break|warm)\w*, moving story, romantic, romance,
sentimental, dreamy, dreamlike, mysterious, mystery, suspense\w*, tension, tense, thrill\w*, ominous,
creepy, scary, spooky, eerie, haunting, sinister, unsettling, disturbing, frightening, menacing, foreboding,
evil, epic, heroic, triumphant, majestic, dramatic, emotional, emotions?, feelings?, moods?, vibes?,
(?:a |the )?(?:sense|feel) of, freedom, justice, truth, wisdom, beauty, eternity, infinity, emptiness,
innocence, destiny, fate, passage of time, time passing, memor(?:y|ies), dreams?, hopes, solitude, serenity,
tranquillity, tranquility, harmony of, peace, chaos, insanity, madness, courage, victory, meaning of,
spirit of, essence of, future, childhood, adventures?, wonder, awe, farewells?, bittersweet, \w+ness,
\w+ocracy, (?:hero|capital|social|optim|pessim|romantic)ism, heartache, agony, ecstasy, revenge, betrayal,
forgiveness, glory, honou?r
"""


def feeling_in(prompt: str) -> str:
    """The first emotion or abstract noun of a prompt; "" for none."""
    return first(_TERMS, without(_NEUTRAL, plain(prompt)))
