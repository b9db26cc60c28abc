"""The rule on languages other than English: letters of another script, or frequent words of another language.

The lists have no words that are English as well: *die*, *war*, *on* and *man* are missing.
"""

from __future__ import annotations

import re
import unicodedata

from scenebuild.scene.lint.words import phrases, plain

# One of these words is enough evidence.
_OTHER = r"""
der, das, dem, den, des, ein, eine, einem, einer, eines, und, auf, aus, mit, im, vom, zum, zur, ist, nicht,
leises?, leiser?, lautes?, schritte, regen, gewitter, donner, hund, katze, tür, vögel, glocken\w*, meer,
wald, bellt, fenster, knarrt, knarrende\w*, \w+rauschen, \w+geräusch\w*, alte[rs]?, wasser, vogel,
vogelgesang, sturm, kirche, leute, stimmen, strasse, straße, klavier, geige, une, et, dans, sur, avec, sous,
qui, aux, est, pas, bruit, bruits, pluie, tonnerre, vent, vagues, oiseaux, chien, chat, porte, pluvieux,
forêt, rue, oiseau, mer, feu, eau, cloches?, orage, pas dans, foule, cris, moteur, voiture, voitures, chute,
grince, una, el, y, con, sobre, bajo, por, muy, lluvia, trueno, truenos, viento, olas, pájaros, perro, gato,
puerta, mar, calle, fuego, pasos, lejos, fuerte, ruido, playa, bosque, agua, campanas?, iglesia, tormenta,
nieve, lejano, lejana, gente, coche, coches, río, il, lo, gli, di, che, della, dello, delle, degli, nel,
nella, sul, sulla, pioggia, tuono, tuoni, onde, uccelli, porta, strada, fuoco, passi, mare, forte, rumore,
bosco, gatto, temporale, lontananza, campane, chiesa, cigola, folla, macchina, lontano, neve, acqua, um,
uma, os, em, na, no telhado, nas, dos, ao, pela, chuva, trovão, trovões, vento, ondas, pássaros, cachorro,
rua, fogo, passos, longe, barulho, praia, água, tempestade, sinos, igreja, multidão, carros, het, een, en,
op, van, voor, naar, niet, met de, donder, vogels, hond, straat, vuur, voetstappen, wind in de, golven,
geluid, krakende\w*, deur, kerk, klokken, onweer, zee, sneeuw, bos, auto, och, på, ett, med, mot, från,
regn, åska, fåglar, fönster\w*, steg, og, til, fra, ikke, torden, fugle, fugler, lyd, lyden, skog, hav, eld,
ja, sade, sateen, tulen, ovi, ukkonen, tuuli, linnut, ääni, äänet, koira, katolla, meri, w, z, nie, się,
deszcz, grzmot, burza, wiatr, ptaki, pies, szum, morza, drzwi, krzyk, kroki, pada, déšť, vítr, bouře, ptáci,
střeše, hrom, eső, szél, mennydörgés, és, egy, ploaie, vânt, și, kiša, vjetar, grmljavina, yağmur, rüzgar,
kuş, kuşlar, sesi, gök, ve, hujan, angin, suara, mưa, gió, tiếng
"""
# Two of these words are needed: they are English as well, or in names (Rio de Janeiro, El Paso, Los Angeles).
_NAMES = """
de, la, le, les, los, las, del, du, da, do, dos, des, di, il, lo, el, y, san, un, den, das, na, mar, mer,
em, ja, w, z, met, ve, feu, eau, porta, forte, en, chat, vent, um, pies, chute, mare, auto, rue, os, et,
pas, est, mot, med, til, bos, sade, op, im, steg, sur, fra, porte, per, sin, con, aux, qui, mit, gente,
cris, mast
"""
# English words with letters that other English words do not have.
_BORROWED = r"""
caf[eé]s?, saut[eé]\w*, façades?, cr[eè]me, br[uû]l[eé]e, jalape[nñ]os?, pi[nñ]atas?, clich[eé]s?, d[eé]cor,
na[iï]ve, flamb[eé]\w*, r[eé]sum[eé]s?, p[aâ]t[eé]s?, souffl[eé]s?, entr[eé]es?, fianc[eé]e?s?, pur[eé]e\w*,
cr[eê]pes?, sm[oö]rg[aå]sbord, doppelg[aä]ngers?, ch[aâ]teau, são, d[eé]j[aà], vu, voil[aà], ros[eé],
se[nñ]or\w*, t[eê]te, [aà], la, z[uü]rich, m[uü]nchen, k[oö]ln, malm[oö], bogot[aá], m[eé]xico, montr[eé]al,
qu[eé]bec, canap[eé]s?, matin[eé]e, [uü]ber
"""
_ENGLISH = """
the, and, with, of, from, through, while, into, over, under, behind, near, by, at, to, is, are, as, for,
outside, inside, distant, close, far, away, small, old, wooden, street, market, rain, wind, door, night,
morning, sound, sounds, quiet
"""


def other_language_in(prompt: str) -> str:
    """The first word that is not English; "" for a prompt that is probably English."""
    if letters := _other_script(prompt):
        return letters
    text = plain(prompt)
    small = phrases(_NAMES)
    found = [match.group() for match in phrases(_OTHER).finditer(text)]
    strong = [word for word in found if not small.fullmatch(word)]
    weak = [match.group() for match in small.finditer(text)]
    accented = [word for word in text.split() if not word.isascii() and not phrases(_BORROWED).fullmatch(word)]
    english = len(phrases(_ENGLISH).findall(text))
    evidence = strong or (weak if len(weak) > 1 else []) or accented
    return evidence[0] if evidence and len(set(strong + weak + accented)) > english else ""


def _other_script(prompt: str) -> str:
    """The first word with two letters of another script, or an ideograph; the µ or Ω of a unit passes."""
    if prompt.isascii():
        return ""
    letters = re.sub(r"[^\w]|[\d_]", " ", prompt)
    for word in letters.split():
        other = [sign for sign in word if sign.isalpha() and not unicodedata.name(sign, "LATIN").startswith("LATIN")]
        ideographs = [sign for sign in other if unicodedata.category(sign) == "Lo"]
        if len(other) > 1 or ideographs:
            return word
    return ""
