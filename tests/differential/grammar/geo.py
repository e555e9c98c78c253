# SPDX-License-Identifier: BSD-3-Clause
"""Places: GEOADD, looking at members, searches in circles and boxes, stored or not.

Which of several equally distant members a COUNT cuts off is no server's promise.  So
searches with a COUNT go to keys of their own, where no two places are the same."""
from . import rule


def longitude(g):
    return b"%.4f" % g.one(0, 180, -180, g.rng.uniform(-180, 180), g.rng.uniform(-1, 1),
                           g.rng.uniform(13, 14))


def latitude(g):
    return b"%.4f" % g.one(0, 85, -85, g.rng.uniform(-85, 85), g.rng.uniform(-1, 1),
                           g.rng.uniform(37, 38))


def somewhere(g):
    """The same twice: hardly ever."""
    return [b"%.9f" % g.rng.uniform(-180, 180), b"%.9f" % g.rng.uniform(-85, 85)]


def map_key(g):
    return b"map%d" % g.rng.randrange(3)


def place(g):
    return b"p%d" % g.rng.randrange(30)


def member(g):
    return place(g) if g.chance(0.95) else g.value()


def distance(g):
    return [g.one(b"0", b"1", b"100", b"500.5", b"3000", b"%d" % g.rng.randrange(10**7)),
            g.case(g.one(b"m", b"km", b"km", b"mi", b"ft"))]


@rule("GEOADD", weight=8)
def geoadd(g):
    words = [g.key()] + g.options([b"NX"], [b"XX"], [b"CH"], most=2)
    for _ in range(g.one(1, 1, 2, 5, 20)):
        words += [longitude(g), latitude(g), place(g)]
    return words


@rule("GEOADD", weight=3, spoil=False)
def geoadd_map(g):
    words = [map_key(g)]
    for _ in range(g.one(1, 2, 20)):
        words += somewhere(g) + [place(g)]
    return words


@rule("GEOPOS", weight=1)
@rule("GEOHASH", weight=1)
def members(g):
    return [g.key()] + [member(g) for _ in range(g.rng.randrange(4))]


@rule("GEODIST", weight=1.5)
def geodist(g):
    words = [g.key(), member(g), member(g)]
    return words + ([distance(g)[1]] if g.chance(0.5) else [])


def search(g, *more):
    """The key, and the options that all searches have."""
    words = g.options([b"ASC"], [b"DESC"], *more, most=4)
    if g.chance(0.6):
        return g.key(), words
    words += [g.case(b"COUNT"), b"%d" % g.rng.randint(1, 12)]
    if g.chance(0.3):
        words.append(g.case(b"ANY"))
    return map_key(g), words


WITH = ([b"WITHDIST"], [b"WITHHASH"], [b"WITHCOORD"])


def where(g):
    center = [b"FROMMEMBER", member(g)] if g.chance(0.5) \
        else [b"FROMLONLAT", longitude(g), latitude(g)]
    size = distance(g)
    shape = [b"BYRADIUS"] + size if g.chance(0.5) else [b"BYBOX", distance(g)[0]] + size
    return center + shape if g.chance(0.5) else shape + center


@rule("GEOSEARCH", weight=6, spoil=False)
def geosearch(g):
    key, options = search(g, *WITH)
    return [key] + where(g) + options


@rule("GEOSEARCH", weight=1)
def geosearch_spoilt(g):
    return [g.key()] + where(g) + g.options([b"ASC"], *WITH)


@rule("GEOSEARCHSTORE", weight=2, spoil=False)
def geosearchstore(g):
    key, options = search(g, [b"STOREDIST"])
    return [g.key(), key] + where(g) + options


def circle(g):
    key, options = search(g, *g.one(WITH, WITH, ([b"STORE", g.key()], [b"STOREDIST", g.key()])))
    return key, distance(g) + options


@rule("GEORADIUS", weight=1, spoil=False)
@rule("GEORADIUS_RO", weight=1, spoil=False)
def georadius(g):
    key, rest = circle(g)
    return [key, longitude(g), latitude(g)] + rest


@rule("GEORADIUSBYMEMBER", weight=1, spoil=False)
@rule("GEORADIUSBYMEMBER_RO", weight=1, spoil=False)
def georadiusbymember(g):
    key, rest = circle(g)
    return [key, member(g)] + rest
