"""The rule on speech and singing. Voices without words pass."""

from __future__ import annotations

import re

from scenebuild.scene.lint.words import first, plain, without

_SAID = re.compile(r"[\"“”„«»]\s*\w[^\"“”„«»]*[\"“”„«»]")  # text in double quotes is to be spoken

_PEOPLE = "man|woman|men|women|boy|girl|child|kid|person|people|somebody|someone|lady|guy|girls|boys|couple|friends"

# Phrases that only look like speech or singing.
_NEUTRAL = r"""
singing (?:bowls?|saws?|kettles?|wires?|sands?|birds?), speaker (?:hum|buzz|pop|crackle|cone|feedback),
choir pads?, choirs? of (?:an? |the )?(?:cicadas|birds?|frogs?|insects|crickets|owls|sheep), chorus of,
singer sewing, \w+ like(?! an? | the ),
(?:birds?|songbirds?|blackbirds?|robins?|nightingales?|larks?|thrush|canar(?:y|ies)
|whales?|crickets|cicadas|frogs?|kettles?|wind|wires?|saws?|rails?|strings?|insects|wolves
|finch|finches|warblers?|wrens?) (?:\w+ )?(?:singing|sings|sing|calling|talking|whispering
|whispers|humming|chanting|chattering), telling (?:apart|sign), speaking tubes?,
counting (?:machine|coins|money|cash), (?:bill|money|coin) counting, humming ?birds?,
humming (?!an? (?:tune|song|melody))\w+
"""
_WITHOUT_WORDS = r"""
crowds?, crowded, murmur\w*, babbl\w*, hubbub, walla, chatter\w*, indistinct\w*, unintelligible, muffled,
distant, far away, far off, faraway, in the distance, from afar, in the background, background, restaurant,
canteen, cafeteria, caf[eé], bar, pub, market, foyer, lobby, through (?:a|the) wall,
behind (?:a|the) (?:wall|door), next door, party
"""

# Intelligible speech and singing, whatever else the prompt says.
_ALWAYS = r"""
speech(?:es)?, says, saying, said, tells, telling, narrat\w+, announce\w*, announcements?, commentators?,
commentary, dialogues?, monologues?, sermons?, lectures?, lecturing, recit\w+,
reading (?:aloud|out|an?|the|from|his|her|their) (?:\w+ )?(?:story|book|poem|letter|news
|bible|verdict|list|speech|line|lines|text)?, reads (?:an?|the) \w+, reads? (?:aloud|out),
read on the radio, voice ?overs?, voicemail, podcasts?, audiobooks?, interviews?, interviewing,
news(?:cast|reader|caster|reel)?, newscasts?, (?:weather|traffic|news|sports) (?:report|forecast)s?,
radio (?:host|hosts|show|play|drama|presenter|dj|broadcast|program(?:me)?), tv (?:host|show|presenter),
telling (?:an?|the) (?:story|joke|tale), storytell\w+, explain\w*, describ(?:e|es|ing), pronounc\w+,
mutter\w*, mumbl\w+, giving (?:an? )?(?:orders?|commands?|instructions|toast|talk),
order(?:s|ing) (?:an?|some) \w+,
(?:auctioneer|comedian|tour guide|muezzin|presenter|newsreader|newscaster|preacher
|town crier|drill sergeant|anchorman|anchorwoman|emcee|moderator|dispatcher)s?,
(?:tele)?phone (?:call|conversation) (?:between|with|about), answering (?:an?|the) questions?, asks?,
asking (?:for|about|if|the), soprano, sopranos, baritone (?:singer|voice), tenor (?:singer|voice), spoken,
poems?, poetry, pray(?:s|ing|ers?)(?: aloud)?, counting (?:down|up|aloud|to|from),
(?:shouts?|shouting|yells?|yelling|calls?|calling) (?:out )?(?:the )?(?:name|names|orders
|commands|help|fire)s?, sing, sings, singing, sung, sang, singers?, vocals?, vocalist, choirs?, choral,
chorales?, chant, chants, chanting, chanted, a ?capp?ella, yodel\w*, karaoke, rapp(?:ers?),
rap (?:song|verse|battle|music|vocals), beatbox\w*, opera singer, aria, arias,
humming (?:an? )?(?:\w+ )?(?:tune|song|melody), (?:text to speech|tts), freestyl\w+, swear\w*, cursing
"""
# Speech, unless the prompt has one of _WITHOUT_WORDS.
_UNLESS = rf"""
speak, speaks, speaking, spoke, talk, talks, talking, conversations?, conversing, chat, chats, chatting,
discuss\w*, argu(?:e|es|ing|ments?)(?! with the wind), voices?, whisper, whispers, whispering, whispered,
gossip\w*, debat\w+, (?:{_PEOPLE}) (?:asking|answering|explaining|greeting|ordering)
"""


def speech_in(prompt: str) -> str:
    """The first words of a prompt that ask for speech or singing; "" for none."""
    if said := _SAID.search(prompt):
        return said.group()
    text = without(_NEUTRAL, plain(prompt))
    asked = first(_ALWAYS, text)
    return asked or ("" if first(_WITHOUT_WORDS, text) else first(_UNLESS, text))
