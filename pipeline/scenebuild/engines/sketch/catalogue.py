"""The kinds of sound: the words that name each, its recipe, its level.

Data only, without numpy. Words are in their base form; ``lexicon.py`` finds plurals
and verb forms. The longest phrase wins: "car engine" is an engine, "wood fire" a fire.
"""

from __future__ import annotations

from scenebuild.engines.sketch.catalogue_made import FICTION, PLAYERS, WORKS
from scenebuild.engines.sketch.catalogue_nature import NATURE
from scenebuild.engines.sketch.catalogue_town import GARDEN, HOUSE, STREET
from scenebuild.engines.sketch.kind import SoundKind

KINDS: tuple[SoundKind, ...] = (
    *NATURE,
    SoundKind(
        "cafe",
        "places:cafe",
        level_db=-0.5,
        words="cafe, coffee shop, coffeehouse, coffee house, restaurant, bistro, bar, pub, diner,"
        " canteen, cafeteria, tavern, tea room, coffee bar, inn",
        own={
            "cups": "cup, clink, clinking, saucer, teaspoon, clinking cup, crockery, china cup, cutlery, dish, plate,"
            " teacup, clinking glass, coffee cup",
            "machine": "espresso machine, coffee machine, espresso, milk steamer, steam wand, coffee maker, barista",
        },
    ),
    SoundKind(
        "crowd",
        "places:crowd",
        level_db=1.0,
        words="crowd, people, people talking, murmur, chatter, babble, audience, chatting,"
        " talking, conversation, voice, walla, party, lobby, station hall, crowded, hubbub,"
        " speaking, mall, airport, gathering, supermarket",
        own={"stadium": "stadium, cheer, cheering, cheering crowd, arena, match crowd, roaring crowd"},
    ),
    SoundKind(
        "applause", "places:applause", level_db=0.5, words="applause, clapping, clap, applaud, ovation, hand clapping"
    ),
    SoundKind(
        "traffic",
        "places:traffic",
        level_db=2.0,
        words="traffic, road, highway, motorway, city, street, busy street, freeway, boulevard,"
        " cars, intersection, city street, avenue, downtown, urban, rush hour, vehicle, city ambience,"
        " car park, parking lot, parking garage",
    ),
    SoundKind(
        "pass",
        "machines:passing",
        words="car passing, car pass, car pass by, car passing by, passing car, car driving by,"
        " car drive by, car driving past, car going by, car, truck passing, truck, lorry, bus, car rushing past,"
        " drive by,"
        " pass by, passing by, van, taxi, passing truck",
        texture=False,
        facets={"truck": "truck, lorry, bus"},
    ),
    SoundKind(
        "birds",
        "birds:songbirds",
        level_db=6.0,
        words="bird, birdsong, songbird, robin, sparrow, blackbird, nightingale, chirping bird,"
        " bird singing, bird chirping, bird song, tweet, warbler, finch, thrush, lark, wren, canary,"
        " birdcall, tit, chirp, chirping, twitter, bird call, morning bird, meadow, countryside, garden",
        own={"chorus": "dawn chorus, chorus of bird, birds at dawn, bird at dawn, morning chorus"},
        facets={"chorus": "dawn, chorus"},
    ),
    SoundKind("gull", "birds:gull", level_db=-2.0, words="gull, seagull, sea gull, sea bird, seabird", texture=False),
    SoundKind(
        "owl", "birds:owl", level_db=1.0, words="owl, hoot, hooting, tawny owl, night owl, barn owl", texture=False
    ),
    SoundKind(
        "crickets",
        "insects:crickets",
        level_db=7.0,
        words="cricket, night insect, grasshopper, katydid, chirping cricket, cricket chirping,"
        " insect, summer night, night ambience, night",
    ),
    SoundKind("cicadas", "insects:cicadas", level_db=1.5, words="cicada, cicada song, hot summer day"),
    SoundKind(
        "bees",
        "insects:bees",
        level_db=1.0,
        words="bee, beehive, bumblebee, fly, housefly, mosquito, wasp, swarm, buzzing, buzz, hornet,"
        " swarm of bee, bee hive",
        facets={"one": "mosquito, housefly, fly, bumblebee, wasp"},
    ),
    SoundKind(
        "dog",
        "creatures:dog",
        words="dog, bark, barking, dog bark, barking dog, hound, puppy, dog barking, woof",
        texture=False,
    ),
    SoundKind(
        "crow",
        "animals:crow",
        words="crow, raven, caw, rook, jackdaw, magpie, crow cawing, cawing crow, crow call",
        texture=False,
    ),
    SoundKind(
        "cat",
        "animals:cat",
        level_db=1.5,
        words="cat, meow, kitten, kitty, miaow, meowing, mew, tomcat, cat meowing",
        texture=False,
        own={"purr": "purr, purring, purring cat, cat purring, purring kitten, kitten purring"},
    ),
    SoundKind(
        "frogs",
        "animals:frogs",
        level_db=8.5,
        words="frog, toad, croak, ribbit, tree frog, croaking frog, frog croaking, frog chorus, frog pond",
        own={"bull": "bullfrog, bull frog"},
    ),
    SoundKind(
        "horse",
        "animals:horse",
        level_db=-1.0,
        words="horse, pony, hoof, hoofbeat, horse hoof, horse walking, walking horse, horse riding,"
        " horse and carriage, carriage, clip clop, horse step, stallion, donkey, mule",
        texture=False,
        own={
            "trot": "trot, trotting, horse trotting, trotting horse",
            "gallop": "gallop, galloping, galloping horse, horse galloping, horse running, running horse, cavalry",
            "neigh": "neigh, whinny, neighing, horse neighing, neighing horse, whinnying",
        },
    ),
    SoundKind(
        "heartbeat",
        "creatures:heartbeat",
        level_db=3.0,
        words="heartbeat, heart, pulse, heart beat, heart beating, beating heart",
        texture=False,
    ),
    SoundKind(
        "steps",
        "steps:footsteps",
        level_db=-1.5,
        words="footstep, step, walking, footfall, walk, running, run, steps, stride, jogging,"
        " stroll, someone walking, high heel, boot, tread, marching, pacing",
        texture=False,
        facets={
            "wood": "wood, wooden, floorboard, parquet, stair, floor, plank, attic, deck, hallway",
            "gravel": "gravel, pebble, path, driveway, shingle, dirt, sand, leaf, trail, ground",
            "snow": "snow, snowy, ice, frost",
            "stone": "stone, concrete, pavement, tile, marble, street, cobble, corridor, tunnel, hall",
            "metal": "metal, iron, steel, grating, catwalk, gantry, fire escape",
            "running": "running, run, jogging, sprint",
        },
    ),
    SoundKind(
        "door",
        "doors:door",
        level_db=-0.5,
        words="door, gate, hinge, cupboard",
        texture=False,
        own={
            "creak": "door creak, creaking door, door creaking, creak, creaking, squeaky door, squeaking door, squeak,"
            " creaky door, door opening, creaky, door open, opening door",
            "knock": "knock, knocking, knocking at the door, knock on the door, door knock, knocking on a door",
            "slam": "slam, slamming, door slam, slamming door, door slamming, door closing, door shut, door close,"
            " closing door",
        },
        facets={
            "creak": "creak, creaking, open, opening, squeak, squeaky, creaky, rusty",
            "slam": "slam, slamming, shut, closing, close shut, bang",
            "knock": "knock, knocking",
            "metal": "metal, iron, steel",
        },
    ),
    SoundKind(
        "engine",
        "machines:engine",
        level_db=-0.5,
        words="engine, motor, car engine, motorbike, motorcycle, tractor, diesel, generator,"
        " idling, idle, diesel engine, engine running, generator running,"
        " engine idling, car idling, boat engine, outboard, scooter",
        own={
            "start": "engine start, engine starting, car starting, starting engine, ignition, car start, starting car,"
            " start engine",
            "rev": "rev, revving, engine revving, engine rev, revving engine, accelerate, accelerating, racing car",
        },
        facets={
            "start": "start, starting",
            "rev": "rev, revving, race, racing, accelerate, accelerating",
            "diesel": "diesel, tractor, truck, bus, boat, ship, generator",
            "small": "scooter, moped, outboard",
        },
    ),
    SoundKind(
        "clock",
        "things:clock",
        level_db=3.0,
        words="clock, ticking, tick, watch, tick tock, clock ticking, ticking clock, pendulum,"
        " metronome, grandfather clock, wall clock, pocket watch, stopwatch",
        texture=False,
        facets={"grandfather": "grandfather, pendulum, tower", "watch": "watch, stopwatch, wrist"},
    ),
    SoundKind(
        "typing",
        "things:typing",
        level_db=-2.0,
        words="typing, keyboard, type, typewriter, typist, computer keyboard, typing on a keyboard, keystroke, office",
        texture=False,
        facets={"typewriter": "typewriter"},
    ),
    SoundKind(
        "bell",
        "bells:bell",
        words="bell, church bell, bell tolling, cathedral, tolling, toll, church, bell tower, temple bell,"
        " clock tower, gong, tower bell, chime, wind chime, bell ringing",
        texture=False,
        facets={"small": "hand, chime, bicycle, desk, reception, shop", "gong": "gong, temple"},
        own={"small": "doorbell, door bell, bicycle bell, hand bell, wind chime, chime, shop bell"},
    ),
    SoundKind(
        "horn",
        "bells:horn",
        level_db=-3.0,
        words="ship horn, foghorn, fog horn, ship's horn, boat horn, ferry horn, horn, ship, ferry, ships"
        " horn, train horn, steamer",
        texture=False,
        own={"car": "car horn, honk, honking, beep, car honking"},
    ),
    SoundKind(
        "fan",
        "machines:fan",
        level_db=2.0,
        words="fan, hum, humming, air conditioner, air conditioning, ventilation, ventilator, computer fan,"
        " server room, room tone, electric hum, transformer, hvac, vent, drone of machine,"
        " ceiling fan, machinery, machine, appliance",
        facets={"mains": "hum, humming, transformer, electric, electrical"},
    ),
    SoundKind(
        "chords",
        "music:chords",
        level_db=5.5,
        words="music, chord, pad, ambient music, synth pad, soft chord, soft music, string, synth,"
        " melody, ambient, organ, harmony, calm music, synthesizer, soundtrack, song, strings",
        facets={"organ": "organ, church", "dark": "dark, sad, minor, eerie, tense, mysterious, melancholy, horror"},
    ),
    *HOUSE,
    *GARDEN,
    *STREET,
    *WORKS,
    *FICTION,
    *PLAYERS,
    SoundKind("texture", "places:texture", level_db=2.0, words=""),
)

BY_NAME = {kind.name: kind for kind in KINDS}
