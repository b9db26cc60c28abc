"""The kinds of weather, water and fire; a part of the catalogue."""

from __future__ import annotations

from scenebuild.engines.sketch.kind import SoundKind

NATURE: tuple[SoundKind, ...] = (
    SoundKind(
        "rain",
        "weather:rain",
        level_db=0.5,
        words="rain, raining, rainfall, drizzle, downpour, shower of rain, rain shower, raindrop, rainy, rainstorm,"
        " cloudburst, sprinkle of rain, monsoon, pitter patter",
        facets={
            "window": "window, windowpane, glass, pane, windshield, windscreen, car",
            "leaves": "leaf, foliage, forest, jungle, tree, garden, grass, rainforest, wood, bush",
            "roof": "roof, rooftop, tin, metal, corrugated, shed, tent, umbrella, caravan, tarp, awning",
            "puddle": "puddle, pond, lake, street, pavement, gutter, asphalt",
        },
    ),
    SoundKind(
        "hail",
        "weather:hail",
        words="hail, hailstorm, hailstone, hailing, hail storm, sleet, graupel",
        facets={
            "window": "window, windowpane, glass, pane, windshield, windscreen",
            "leaves": "leaf, foliage, tree, garden, grass, bush",
            "roof": "roof, rooftop, tin, metal, corrugated, shed, car, caravan, bonnet",
        },
    ),
    SoundKind(
        "thunder",
        "weather:thunder",
        level_db=-4.0,
        words="thunder, thunderclap, thunderstorm, lightning, thunderbolt, thunder rumble, rumble of thunder,"
        " thunder crack, clap of thunder, thundering",
        texture=False,
        facets={"crack": "crack, clap, strike, overhead, crash"},
    ),
    SoundKind(
        "wind",
        "weather:wind",
        level_db=-1.0,
        words="wind, windy, breeze, gale, blizzard, breezy, snowstorm, storm wind, draught,"
        " sandstorm, hurricane, tornado, storm, stormy",
        own={
            "trees": "rustling leaf, leaf rustling, rustle of leaf, rustling, rustle, forest, woodland, woods, tree,"
            " forest ambience, leaf in the wind, jungle",
            "gust": "gust, gusty, gust of wind, squall, gusting",
        },
        facets={
            "trees": "leaf, tree, forest, pine, bush, grass, reed, wheat, field",
            "whistle": "whistle, howl, howling, chimney, crack, window, eerie, moan",
        },
    ),
    SoundKind(
        "stream",
        "water:stream",
        level_db=3.0,
        words="stream, brook, creek, river, babbling brook, fountain, water, trickle, flowing water,"
        " running water, water running, water flowing, gurgle, gurgling, rivulet, spring water, babbling",
        own={"fall": "waterfall, cascade, rapids, weir, torrent, white water"},
    ),
    SoundKind(
        "waves",
        "water:waves",
        words="wave, ocean, sea, surf, beach, shore, seaside, tide, shoreline, seashore, coast,"
        " swell, breaker, ocean wave, sea wave, harbour, harbor",
        own={
            "lapping": "lapping, jetty, lapping water, water lapping, lake water, lapping wave, lake shore, lakeside,"
            " pond"
        },
        facets={"lapping": "lake, pier, boat, dock, lap"},
    ),
    SoundKind(
        "drips",
        "water:drips",
        level_db=8.0,
        words="drip, dripping, drop of water, water drop, water droplet, droplet, leaking tap, leaking faucet, drop,"
        " dripping tap, dripping faucet, leaky faucet, tap dripping, faucet dripping, leaking, plop, cave",
        texture=False,
        facets={"cave": "cave, cavern, tunnel, cistern, well"},
    ),
    SoundKind(
        "fire",
        "hearth:fire",
        level_db=2.0,
        words="fire, fireplace, campfire, bonfire, flame, wood fire, crackling fire, log fire, hearth,"
        " crackle, crackling, burning, ember, blaze, torch, open fire, fire crackling",
    ),
    SoundKind(
        "kettle",
        "hearth:kettle",
        level_db=4.5,
        words="kettle, boil, boiling, boiling water, teakettle, tea kettle, simmer, simmering,"
        " bubbling, bubble, water boiling, cauldron, pot of soup",
        facets={"whistle": "whistle, shriek, kettle, teakettle"},
    ),
)
