# SPDX-License-Identifier: BSD-3-Clause
"""Sorted sets: scores, ranks, ranges, pops, unions.

Members come from a small pool, so that they are met again, and now and then from a large one, so
that a set becomes large.  Ranges by bytes have an order only where all scores are equal: such sets
have keys of their own, which nothing but the rules for them touches."""
from . import reader, rule

reader("zset", "ZRANGE", None, "0", "-1", "WITHSCORES")


def member(g):
    r = g.rng.random()
    if r < 0.6:
        return b"m%d" % g.rng.randrange(30)
    if r < 0.75:
        return b"%d" % g.rng.randint(-20, 20)
    if r < 0.85:
        return b"long-%04d-" % g.rng.randrange(400) + b"x" * g.one(3, 54, 55, 56, 80)
    return g.value()


def score(g):
    r = g.rng.random()
    if r < 0.5:
        return b"%d" % g.rng.randint(-10, 10)
    if r < 0.7:
        return g.decimal()
    if r < 0.8:
        return b"%r" % g.rng.uniform(-5, 5)
    return g.one(b"inf", b"-inf", b"+inf", b"1e300", b"-1e300", b"1e-300", b"5e-324", b"0x10",
                 b"4611686018427387904", b"9007199254740993", b"1e17", b"123456789012345678",
                 b"0.1", b"0.30000000000000004", b"3.0", b"-2.5e-5")


def limit_of_score(g):
    return g.one(b"", b"", b"(") + g.one(b"-inf", b"+inf", b"inf", score(g), score(g), score(g))


def lex_key(g):
    return g.one(b"lex1", b"lex2", b"lex3")


def lex_member(g):
    return bytes(g.rng.choices(b"abc\x00\xff", k=g.rng.randrange(0, 4)))


def lex_limit(g):
    return g.one(b"-", b"+", b"[" + lex_member(g), b"(" + lex_member(g), b"[" + lex_member(g))


def limit(g):
    return g.one([], [], [g.case(b"LIMIT"), g.index(), g.one(b"-1", b"0", b"1", b"3", b"50")])


def ends(g, make):
    """Mostly the lower one first."""
    low, high = make(g), make(g)
    if g.chance(0.3):
        return [low, high]
    order = {b"-": b"\x00", b"+": b"\xff" * 9}
    try:
        key = [float(x.lstrip(b"(")) for x in (low, high)] if make is limit_of_score else \
            [order.get(x, x[1:]) for x in (low, high)]
    except ValueError:
        return [low, high]
    return [low, high] if key[0] <= key[1] else [high, low]


def pairs(g, most=4):
    many = g.rng.randint(1, most)
    if g.chance(0.02):
        many = 140
    return [word for _ in range(many) for word in (score(g), member(g))]


@rule("ZADD", weight=14)
def zadd(g):
    options = g.options([b"NX"], [b"XX"], [b"GT"], [b"LT"], [b"CH"], [b"CH"], [b"INCR"])
    return [g.key()] + options + pairs(g, 1 if b"INCR" in options else 4)


@rule("ZINCRBY", weight=6)
def zincrby(g):
    return [g.key(), score(g), member(g)]


@rule("ZREM", weight=4)
@rule("ZMSCORE", weight=2)
def members(g):
    return [g.key()] + [member(g) for _ in range(g.rng.randint(1, 4))]


@rule("ZSCORE", weight=3)
def one_member(g):
    return [g.key(), member(g)]


@rule("ZRANK", spoil=False)
@rule("ZREVRANK", spoil=False)
def rank(g):
    """Not spoilt: what 7.2 takes as a fourth word 7.0 refuses, which in a transaction shows late."""
    return [g.key(), member(g)]


@rule("ZCARD", weight=2)
def zcard(g):
    return [g.key()]


@rule("ZCOUNT", weight=2)
def zcount(g):
    return [g.key()] + ends(g, limit_of_score)


@rule("ZREMRANGEBYSCORE", weight=1)
def zremrangebyscore(g):
    return [g.key()] + ends(g, limit_of_score)


@rule("ZREMRANGEBYRANK", weight=1)
def zremrangebyrank(g):
    return [g.key(), g.index(), g.index()]


def range_words(g, options):
    kind = g.rng.randrange(3)
    if kind == 0:
        words = [g.key(), g.index(), g.index()] + g.options([b"REV"], *options)
    elif kind == 1:
        low, high = ends(g, limit_of_score)
        back = g.chance(0.4)
        words = [g.key()] + ([high, low] if back else [low, high]) + [g.case(b"BYSCORE")] + \
            ([g.case(b"REV")] if back else []) + limit(g) + g.options(*options or [[]])
    else:
        low, high = ends(g, lex_limit)
        back = g.chance(0.4)
        words = [lex_key(g)] + ([high, low] if back else [low, high]) + [g.case(b"BYLEX")] + \
            ([g.case(b"REV")] if back else []) + limit(g)
    return words


@rule("ZRANGE", weight=6, spoil="arguments")
def zrange(g):
    return range_words(g, [[b"WITHSCORES"]])


@rule("ZRANGESTORE", weight=3)
def zrangestore(g):
    return [g.key()] + range_words(g, [])


@rule("ZREVRANGE")
def zrevrange(g):
    return [g.key(), g.index(), g.index()] + g.options([b"WITHSCORES"])


@rule("ZRANGEBYSCORE")
def zrangebyscore(g):
    return [g.key()] + ends(g, limit_of_score) + g.options([b"WITHSCORES"]) + limit(g)


@rule("ZREVRANGEBYSCORE")
def zrevrangebyscore(g):
    return [g.key()] + ends(g, limit_of_score)[::-1] + g.options([b"WITHSCORES"]) + limit(g)


# --- Sets in the order of bytes: scores are 0, and spoilt calls are not for them ----------------

@rule("ZADD", weight=4, spoil=False)
def zadd_lex(g):
    many = 150 if g.chance(0.03) else g.rng.randint(1, 4)
    return [lex_key(g)] + [word for _ in range(many)
                           for word in (b"0", lex_member(g) + (b"%d" % g.rng.randrange(999)
                                                               if many > 4 else b""))]


@rule("ZREM", weight=1, spoil=False)
def zrem_lex(g):
    return [lex_key(g), lex_member(g)]


@rule("ZLEXCOUNT", weight=2, spoil="arguments")
@rule("ZREMRANGEBYLEX", weight=1, spoil="arguments")
def lex(g):
    return [lex_key(g)] + ends(g, lex_limit)


@rule("ZRANGEBYLEX", weight=2, spoil="arguments")
def zrangebylex(g):
    return [lex_key(g)] + ends(g, lex_limit) + limit(g)


@rule("ZREVRANGEBYLEX", weight=2, spoil="arguments")
def zrevrangebylex(g):
    return [lex_key(g)] + ends(g, lex_limit)[::-1] + limit(g)


# --- Pops ---------------------------------------------------------------------------------------

@rule("ZPOPMIN", weight=2)
@rule("ZPOPMAX", weight=2)
def zpop(g):
    return [g.key()] + g.one([], [b"%d" % g.one(0, 1, 2, 3, 200)])


def popped(g):
    keys = g.keys()
    return [b"%d" % len(keys)] + keys + [g.case(g.one(b"MIN", b"MAX"))] + \
        g.one([], [g.case(b"COUNT"), g.one(b"1", b"2", b"200")])


@rule("ZMPOP", weight=2)
def zmpop(g):
    return popped(g)


# --- Several at once ----------------------------------------------------------------------------

def sources(g, weighs):
    keys = g.keys()
    words = [b"%d" % len(keys)] + keys
    if weighs and g.chance(0.3):
        words += [g.case(b"WEIGHTS")] + [score(g) for _ in keys]
    if weighs and g.chance(0.3):
        words += [g.case(b"AGGREGATE"), g.case(g.one(b"SUM", b"MIN", b"MAX"))]
    return words


@rule("ZUNION")
@rule("ZINTER")
def combined(g):
    return sources(g, True) + g.options([b"WITHSCORES"])


@rule("ZDIFF", weight=2)
def zdiff(g):
    return sources(g, False) + g.options([b"WITHSCORES"])


@rule("ZUNIONSTORE")
@rule("ZINTERSTORE")
def stored(g):
    return [g.key()] + sources(g, True)


@rule("ZDIFFSTORE", weight=2)
def zdiffstore(g):
    return [g.key()] + sources(g, False)


@rule("ZINTERCARD", weight=2)
def zintercard(g):
    return sources(g, False) + g.one([], [g.case(b"LIMIT"), g.one(b"0", b"1", b"2")])


# --- By chance, and a few at a time -------------------------------------------------------------

@rule("ZRANDMEMBER", weight=2, compare="shape")
def zrandmember(g):
    return [g.key()] + g.one([], [g.one(b"0", b"1", b"3", b"-1", b"-7", b"500")],
                             [g.one(b"0", b"2", b"-3", b"500"), g.case(b"WITHSCORES")])


@rule("ZSCAN", weight=2, compare="set", spoil=False)
def zscan(g):
    """More than a set has: what a step of fewer finds is its table's business."""
    return [g.key(), b"0", g.case(b"COUNT"), b"10000"] + g.options([b"MATCH", b"m*"])
