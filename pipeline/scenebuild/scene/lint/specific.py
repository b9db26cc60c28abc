"""The rule on years, brands and part numbers."""

from __future__ import annotations

import re

from scenebuild.scene.lint.words import first, plain, without

_NEUTRAL = "tesla coils?, ford(?:ing)? (?:an?|the) (?:river|stream), crossing (?:an?|the) ford, diesel generator"
# Words that mean something else without a capital are in _CAPITAL.
_BRANDS = """
toyota, honda, nissan, mazda, subaru, suzuki, kawasaki, yamaha, ducati, vespa, bmw, audi, volkswagen, vw,
porsche, mercedes, ferrari, lamborghini, maserati, bugatti, volvo, saab, renault, peugeot, citro[eë]n,
hyundai, kia, chevrolet, chevy, cadillac, buick, chrysler, jeep, tesla, harley, harley davidson,
rolls royce, bentley, land rover, scania, kenworth, peterbilt, tractor john deere, john deere, boeing,
airbus, cessna, lockheed, sikorsky, concorde, iphone, ipad, imac, macbook, android, samsung, nokia,
motorola, blackberry, sony, panasonic, philips, siemens, nikon, leica, polaroid, ibm, hewlett packard,
microsoft, google, nintendo, playstation, xbox, game ?boy, atari, sega, spitfire, messerschmitt,
stradivarius, commodore 64, dyson, bosch, makita, dewalt, husqvarna, stihl, black and decker, milwaukee m18,
kitchenaid, nespresso, keurig, starbucks, coca cola, pepsi, mcdonald'?s, ikea, lego, zippo, rolex, casio,
swatch, glock, kalashnikov, beretta, winchester, remington, smith and wesson, desert eagle, uzi, tupperware,
velcro, shinkansen, tgv, windows (?:xp|95|98|7|10|11)
"""
_CAPITAL = re.compile(
    r"(?<=\w )(?:Ford|Jaguar|Mustang|Shell|Apple|Amazon|Dodge|Ram|Colt|Canon|Caterpillar|Fiat|Opel|Mini Cooper|Beetle"
    r"|Singer|Bic|Dove|Puma|Delta|Hoover|Sharp|Brother)\b(?! of| trees?| pie| juice| river)"
)
_YEAR = re.compile(r"\b(?:1[6-9]\d\d|20[0-4]\d)(?:'?s)?\b(?! ?(?:hz|khz|rpm|m|metres|meters|people|watts?|w|kg|times))")
_DECADE = re.compile(r"(?<!\w)['’]?[1-9]0'?s\b")
# AK-47, F-16, G5LE-14, DHP484, gtx1080; not V12, MP3, A4 or 16kHz.
_PART = re.compile(
    r"\b(?!V\d|MP\d|[A-Z]\d\b|H2O)(?:[A-Z]{1,5}-?\d{2,}[A-Z\d]*|(?!V-)[A-Z]{1,4}-\d[A-Z\d]*|[A-Z]+\d+[A-Z\d]*-\d+|[A-Z]{2,}\d+[A-Z]\w*|[a-z]{2,}\d{3,})\b"
    r"|\b(?:[Pp]art|[Ss]erial|[Mm]odel) (?:[Nn]umber|[Nn]o\.?|[A-Z0-9]\b)[\w.-]*"
)


def specific_in(prompt: str) -> str:
    """The first year, brand or part number of a prompt; "" for none."""
    if brand := first(_BRANDS, without(_NEUTRAL, plain(prompt))):
        return brand
    for pattern in (_CAPITAL, _YEAR, _DECADE, _PART):
        if found := pattern.search(prompt):
            return found.group()
    return ""
