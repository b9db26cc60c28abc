"""The rules on music in prompts for sounds, and on sounds in prompts for music."""

from __future__ import annotations

from scenebuild.scene.lint.words import first, plain, without

_GENRE = (
    "jazz|techno|reggae|ska|funk|funky|disco|dubstep|edm|synthwave|synthpop|britpop|k pop|hip hop|lo fi|lofi|bebop"
    "|bluegrass|flamenco|mariachi|bossa nova|samba|rumba|tango|waltz|polka|ragtime|dixieland|gospel|grunge|baroque"
    "|classical music|drum and bass|drum n bass|r b|shoegaze|chillwave|vaporwave|synth rock|post punk|hardcore punk"
    "|chiptune|chillout|electronica|eurodance|merengue|bachata|afrobeat|klezmer|zydeco|barbershop|a ?capp?ella"
)
_PLAYED = (
    "pianos?|guitars?|violins?|violas?|cellos?|harps?|lutes?|lyres?|sitars?|ukuleles?|banjos?|mandolins?|balalaikas?"
    "|flutes?|piccolos?|clarinets?|oboes?|bassoons?|saxophones?|sax|trumpets?|trombones?|tubas?|bugles?|cornets?"
    "|flugelhorns?|french horns?|accordions?|concertinas?|harmonicas?|bagpipes?|hurdy gurdy|didgeridoos?|panpipes?"
    "|recorders? (?:solo|ensemble)|xylophones?|marimbas?|glockenspiels?|vibraphones?|harpsichords?|clavichords?"
    "|celestas?|tambourines?|castanets|bongos?|congas?|tablas?|djembes?|timpani|cymbals?|hi hats?|snares?|maracas"
    "|synths?|synthesi[sz]ers?|theremins?|mellotrons?|kalimbas?|zithers?|dulcimers?|koto|shamisen|erhu|oud|fiddles?"
)
_MADE = "song|songs|music|tune|track|ballad|band|beat|beats|guitar|singer|riff|anthem|concert|groove|album"

# Names of sounds and things that contain a musical word.
_NEUTRAL = rf"""
sheet music, music stands?, musical chairs, music box (?:being|lid|crank|wound|winding|mechanism|spring),
(?:{_PLAYED}|organ) (?:cases?|lids?|stands?|stools?|bench|benches|shops?|makers?|traps?
|seals?|being (?!played)\w+), concert halls?, bird songs?, whale songs?, (?:cricket|cicada|frog) songs?,
songs? of (?:an? |the |some )?(?:\w+ )?(?:birds?|blackbirds?|robins?|nightingales?|thrush
|larks?|whales?|crickets|cicadas), (?:orchestra|symphony|chorus|concert|choir) of, \w+ like(?! an? | the ),
dawn chorus, organ pipes?, pipe organ blowers?, steel drums?,
(?:oil|metal|empty|chemical|brake|cable|plastic|rusty) drums?, trumpeting, elephants? trumpets?,
elephants? .*trumpet\w*, percussion (?:drill|hammer|cap|caps|lock), tune (?:an?|the|in|up|to|into),
cymbal pads?, tape recorders?, fiddl\w+ with, flutes? of champagne, champagne flutes?, violin spiders?,
piano wires?, piano keys? being, heavy metal (?!band|music|song|guitar|riff|concert|$)\w+,
metal bands? (?:around|of|on), rubber bands?, drum and bass of
"""

_TERMS = rf"""
{_GENRE}, {_PLAYED}, (?:church|pipe|hammond|barrel|cathedral) organs?,
organ (?:music|chords?|playing|plays|solo|melody|notes?), music, musical, musically, musicians?, melody,
melodies, melodic, harmony, harmonies, chords?, arpeggios?, arpeggiated, riffs?, bpm, beats per minute,
tunes?, songs?, songwriter, ballads?, lullaby, lullabies, anthems?, hymns?, carols, sonatas?, toccatas?,
preludes?, serenades?, nursery rhymes?, theme (?:song|tune|music)s?,
(?:game|title|opening|main|closing|film|tv|movie) themes?, (?:chill|sick|dope|phat|lofi|trap|study) beats,
beats to, woodwinds?, brass (?:players?|ensemble), (?:soft|warm|sweeping|swelling|solo|high) strings,
jam sessions?, concertos?, nocturnes?, etudes?, fugues?, symphon(?:y|ies|ic), orchestras?, orchestral,
quartets?, quintets?, (?:string|brass|horn|rhythm|woodwind) sections?,
(?:orchestral|lush|soaring|legato|staccato|pizzicato) strings, pizzicato, glissando, crescendo of strings,
fanfares?, soundtracks?, (?:film|movie|orchestral|cinematic) scores?, remix, dj set, buskers?, busking,
strum\w*, basslines?, bass lines?, (?:slap|double|upright|walking) bass, bass (?:guitar|solo|drop|drum),
drums, drummers?, drumming (?:circle|solo|pattern),
drum (?:kits?|sets?|loops?|solos?|machines?|beats?|fills?|patterns?|tracks?|circle
|rolls?(?! of)), (?:bass|kick|hand|taiko|tribal|war|tom|frame) drums?, percussion, backbeat, downbeat,
four on the floor, in [a-g] (?:major|minor), [a-g] (?:flat|sharp) (?:major|minor),
(?:major|minor) (?:keys?|chords?|scales?),
(?:jazz|rock|brass|marching|big|punk|pop|military|wedding|street|cover|blues|metal|folk
|school|live) bands?, bands? (?:play|plays|playing|rehearsing|practi[sc]ing|warming),
(?:rock|pop|folk|country|soul|blues|punk|house|trance|trap|metal|world|dance|ambient
|electronic|new age|rap) (?:{_MADE}), rock (?:and|n) roll,
(?:punk|indie|progressive|psychedelic|alternative|glam|stoner|surf|post|classic) rock,
(?:^|a |some )(?:hard|soft) rock(?= with|$),
(?:heavy|death|black|thrash|doom|power) metal(?= band| music| song| guitar| riff| concert
|$), (?:delta|slow|electric|chicago|bar) blues, blues (?:scale|solo|harp|progression),
(?:synth|indie|dream|upbeat|bubblegum) pop, deep house, tech house,
(?:dance|club|party) (?:beat|beats|tunes?), chord bed, (?:synth|choir|string|ambient) pads?, chorus,
operas?, operatic
"""

# Sounds that MusicGen was not trained on; only for a prompt without any musical term.
_SOUNDS = r"""
rain\w*, thunder\w*, wind(?! instruments?| ensemble), storms?, waves? (?:breaking|lapping|crashing),
traffic, engines?, footsteps?, steps, doors?, dogs?, cats?, birds?, songbirds, crickets, owls?, frogs, bees,
horses?, cars?, trucks?, trains?, planes?, helicopters?, sirens?, alarms?, explosions?, gunshots?, glass,
fire, campfire, crackling, barking, creak\w*, slam\w*, knock\w*, typing, keyboard clicks?, crowds?, murmur,
applause, water, stream, rivers?, ocean, sea, drills?, saws?, hammer\w*, machines?, clocks?, ticking,
whoosh\w*, clicks?
"""


def music_in(prompt: str) -> str:
    """The first musical term of a prompt for sounds; "" for none."""
    return first(_TERMS, without(_NEUTRAL, plain(prompt)))


def sound_in(prompt: str) -> str:
    """The first sound in a prompt for music; "" for none, and for a prompt with a musical term as well."""
    return "" if music_in(prompt) else first(_SOUNDS, plain(prompt))
