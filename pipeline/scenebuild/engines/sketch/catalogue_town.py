"""The kinds of house, garden and street; a part of the catalogue."""

from __future__ import annotations

from scenebuild.engines.sketch.kind import SoundKind

HOUSE: tuple[SoundKind, ...] = (
    SoundKind(
        "chopping",
        "household:chopping",
        level_db=-1.5,
        words="chopping, chop, chopping board, cutting board, chopping vegetable, cutting vegetable, knife,"
        " slicing, dicing, mincing",
        texture=False,
    ),
    SoundKind(
        "sizzling",
        "household:sizzling",
        words="sizzling, sizzle, frying, fry, frying pan, bacon, deep fryer, stir fry, pan, hot oil, barbecue,"
        " grilling, grill, searing",
    ),
    SoundKind(
        "fridge",
        "household:fridge",
        level_db=-1.0,
        words="fridge, refrigerator, freezer, minibar",
        facets={"hum": "hum, humming, buzz, buzzing"},
    ),
    SoundKind("kitchen", "household:kitchen", level_db=4.0, words="kitchen, cooking, cook, galley, cookery"),
    SoundKind(
        "livingroom",
        "household:living_room",
        level_db=5.0,
        words="living room, lounge, sitting room, bedroom, quiet room, apartment, hotel room, parlour, at home",
    ),
    SoundKind(
        "extractor",
        "household:extractor",
        level_db=-1.0,
        words="extractor fan, bathroom fan, exhaust fan, extractor, cooker hood, range hood, extractor hood,"
        " kitchen hood, kitchen fan, bathroom, bathroom vent, toilet fan",
    ),
    SoundKind(
        "tap",
        "plumbing:tap",
        level_db=4.0,
        words="tap, faucet, running tap, tap running, faucet running, running faucet, sink, kitchen sink, basin,"
        " washbasin, tap water, washing hand, washing up, washing dish",
        own={"full": "bath, bathtub, running a bath, filling a bath"},
        facets={"full": "water, running water, flowing water, water running"},
    ),
    SoundKind(
        "shower",
        "plumbing:shower",
        level_db=-1.5,
        words="shower, showering, shower running, running shower, bathroom shower, shower head, shower cabin",
    ),
)

GARDEN: tuple[SoundKind, ...] = (
    SoundKind(
        "mower",
        "yard:mower",
        level_db=-4.5,
        words="mower, lawnmower, lawn mower, mowing, mow, mowing the lawn, lawnmower engine, mower engine,"
        " lawn mower engine, petrol mower",
    ),
    SoundKind(
        "sprinkler",
        "plumbing:sprinkler",
        level_db=2.0,
        words="sprinkler, lawn sprinkler, garden sprinkler, irrigation, garden hose, watering the lawn,"
        " watering the garden, hose",
    ),
    SoundKind(
        "yard",
        "yard:yard",
        level_db=5.0,
        words="yard, backyard, back yard, front yard, suburb, suburban, lawn, neighbourhood, neighborhood, patio",
    ),
    SoundKind(
        "park",
        "town:park",
        level_db=7.0,
        words="park, city park, playground, public garden, picnic, children playing, kids playing",
    ),
)

STREET: tuple[SoundKind, ...] = (
    SoundKind(
        "siren",
        "town:siren",
        level_db=-5.0,
        words="siren, police siren, police car, police, emergency siren, emergency vehicle, siren wailing",
        own={
            "tones": "ambulance, ambulance siren, fire engine, fire truck, fire brigade, two tone siren",
            "raid": "air raid siren, air raid, civil defence siren, tornado siren, raid siren",
        },
    ),
    SoundKind(
        "construction",
        "town:construction",
        level_db=-2.5,
        words="construction, construction site, building site, construction work, building work, roadworks,"
        " road works, road work",
        own={
            "breaker": "jackhammer, jack hammer, pneumatic drill, road drill, pneumatic hammer",
            "digger": "digger, excavator, bulldozer, backhoe, earth mover",
        },
    ),
    SoundKind(
        "subway",
        "town:subway",
        level_db=-1.5,
        words="subway, subway train, metro, metro train, underground train, underground railway, subway ride,"
        " tube train, subway car, subway station, metro station, tube station",
    ),
    SoundKind(
        "market",
        "town:market",
        level_db=1.0,
        words="market, marketplace, bazaar, street market, vendor, market stall, farmers market, fish market,"
        " flea market, busy street market, hawker",
    ),
)
