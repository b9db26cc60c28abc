"""The kinds of machines, devices, fiction and players; a part of the catalogue."""

from __future__ import annotations

from scenebuild.engines.sketch.kind import SoundKind

WORKS: tuple[SoundKind, ...] = (
    SoundKind(
        "drill",
        "works:drill",
        words="drill, drilling, power drill, electric drill, drilling machine, cordless drill, screwdriver,"
        " electric screwdriver, dentist drill, power tool, diy",
        own={"hammer": "hammer drill, percussion drill, impact drill, drilling into a wall"},
        facets={"hammer": "wall, concrete, masonry, brick"},
    ),
    SoundKind(
        "saw",
        "works:saw",
        level_db=-1.0,
        words="saw, sawing, hand saw, handsaw, hacksaw, sawing wood, wood sawing, carpenter, carpentry",
        own={
            "chain": "chainsaw, chain saw, lumberjack",
            "circular": "circular saw, table saw, buzz saw, sawmill, angle grinder, grinder, band saw, power saw",
        },
        facets={"chain": "chain", "circular": "circular"},
    ),
    SoundKind(
        "hammer",
        "works:hammer",
        words="hammer, hammering, hammering a nail, nail, mallet, sledgehammer, hammer blow",
        texture=False,
        own={"anvil": "anvil, blacksmith, smithy, forge, hammering metal, hammer on metal, hammer and anvil"},
        facets={"anvil": "anvil, metal, steel, iron"},
    ),
    SoundKind(
        "factory",
        "works:factory",
        words="factory, industrial, assembly line, production line, machine shop, workshop, industrial machine,"
        " industrial machinery, factory machine, heavy machinery, printing press, textile mill,"
        " steel mill, factory floor, factory hall, stamping press, conveyor belt",
    ),
    SoundKind(
        "pump",
        "works:pump",
        words="pump, water pump, pumping, bilge pump, compressor, air compressor, sump pump, pumping station, piston",
    ),
    SoundKind(
        "train",
        "vehicles:railway",
        level_db=1.5,
        words="train, railway, railroad, rail, locomotive, train passing, passing train, train ride, train journey,"
        " freight train, goods train, railway carriage, train carriage, express train, train track, wagon",
        own={"steam": "steam train, steam locomotive, steam engine, train whistle"},
        facets={"steam": "steam"},
    ),
    SoundKind(
        "aircraft",
        "vehicles:aircraft",
        level_db=-1.0,
        words="aircraft, airplane, aeroplane, plane, jet, jet plane, jet engine, airliner, plane flying, plane flying"
        " over, airplane flying overhead, fighter jet, plane overhead, flyover, plane passing, passing plane",
        own={
            "propeller": "propeller plane, propeller, biplane, light aircraft, small plane, light plane, propeller"
            " aircraft, glider tug",
            "helicopter": "helicopter, chopper, rotor blade",
            "cabin": "airplane cabin, aircraft cabin, plane cabin, aeroplane cabin, inside an airplane,"
            " inside a plane, in a plane, in an airplane",
        },
        facets={"propeller": "propeller", "cabin": "cabin"},
    ),
    SoundKind(
        "washer",
        "appliances:washer",
        words="washing machine, washer, laundry, tumble dryer, dryer, dishwasher, laundromat, laundry machine",
        own={"spin": "spin cycle, spinning washing machine, washing machine spinning, spin dryer"},
        facets={"spin": "spin, spinning"},
    ),
    SoundKind(
        "vacuum",
        "appliances:vacuum",
        level_db=-1.5,
        words="vacuum cleaner, vacuum, vacuuming, hoover, hoovering, hair dryer, hairdryer",
    ),
)

FICTION: tuple[SoundKind, ...] = (
    SoundKind(
        "interface",
        "signals:interface",
        words="interface, interface sound, ui sound, user interface, notification, computer beep, computer sound,"
        " button sound, menu sound",
        texture=False,
        own={
            "click": "click, mouse click, button click, clicking, interface click, ui click, button, switch,"
            " light switch, camera click, button press",
            "alert": "alert, error sound, error, warning sound, error beep, warning tone",
            "confirm": "confirm, confirmation, success sound, success, confirmation tone, ping, message tone",
        },
    ),
    SoundKind(
        "alarm",
        "signals:alarm",
        level_db=3.0,
        words="alarm, klaxon, red alert, emergency alarm, alarm sounding, burglar alarm, warning alarm, evacuation"
        " alarm, fire alarm, alarm ringing, space alarm, sci fi alarm, spaceship alarm",
        own={
            "beep": "alarm clock, smoke alarm, smoke detector, alarm beeping, beeping alarm, alarm clock beeping,"
            " smoke alarm beeping"
        },
        facets={"beep": "beep, beeping"},
    ),
    SoundKind(
        "scifi",
        "fiction:ship",
        level_db=1.5,
        words="sci fi, science fiction, scifi, spaceship, starship, space station, space ship, spacecraft, alien ship,"
        " planet, outer space, futuristic, ship's computer, bridge of a spaceship, ufo, alien, robot",
        own={
            "laser": "laser, laser gun, ray gun, blaster, laser shot, laser beam, phaser, laser blast, lightsaber",
            "shield": "shield, force field, forcefield, energy shield, energy field, teleporter",
            "hum": "sci fi hum, spaceship hum, science fiction hum, spaceship engine, starship engine, reactor,"
            " warp core, hum of a spaceship, hyperdrive",
        },
        facets={"hum": "hum, humming, engine, drone"},
    ),
    SoundKind(
        "magic",
        "fiction:magic",
        level_db=0.5,
        words="magic, spell, fairy, fairy dust, sparkle, magical, wizard, enchanted, magic spell, magic wand, wand,"
        " mark tree, shimmer, shimmering, twinkle, twinkling, pixie dust, casting a spell, glitter",
        texture=False,
    ),
    SoundKind(
        "horror",
        "fiction:horror",
        level_db=-2.0,
        words="horror, creepy, scary, haunted, haunted house, nightmare, ghost, spooky, dread, sinister, ominous,"
        " horror ambience, horror film, suspense, demon, monster",
    ),
    SoundKind(
        "drone",
        "fiction:drone",
        words="drone, droning, deep drone, synth drone, dark drone, ambient drone, sustained tone, drone tone",
    ),
    SoundKind(
        "riser",
        "fiction:riser",
        level_db=-1.0,
        words="riser, build up, buildup, rising tension, rising tone, uplifter, trailer riser, tension riser,"
        " rising sweep, crescendo",
    ),
)

PLAYERS: tuple[SoundKind, ...] = (
    SoundKind(
        "piano",
        "players:piano",
        level_db=1.5,
        words="piano, piano music, slow piano, piano song, piano melody, solo piano, pianist, grand piano, piano chord,"
        " ballad, lullaby",
        facets={"dark": "dark, sad, minor, melancholy, nostalgic"},
    ),
    SoundKind(
        "jazz",
        "players:jazz",
        level_db=-2.5,
        words="jazz, jazz trio, jazz music, jazz band, jazz club, jazz combo, swing music, jazz piano, lounge music,"
        " piano trio, bar music, blues, double bass",
    ),
)
