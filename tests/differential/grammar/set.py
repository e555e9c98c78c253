# SPDX-License-Identifier: BSD-3-Clause
"""Sets: members, what several sets have in common or not, random members.

Members come from few numbers and few words, so that sets overlap; now and then
from a range that makes a set too large for an intset, or a member too long for
a listpack."""
from . import reader, rule

reader("set", "SMEMBERS", None, compare="set")


def member(g):
    r = g.rng.random()
    if r < 0.45:
        return b"%d" % g.rng.randint(-15, 15)
    if r < 0.55:
        return g.number()
    if r < 0.85:
        return b"m%d" % g.rng.randrange(20)
    if r < 0.9:
        return g.one(b"x" * 64, b"x" * 65, b"", b"\x00", b"007", b"-0", b"1.5")
    return g.value()


def members(g, most=6):
    if g.chance(0.02):
        start, count = g.rng.randrange(1000), g.one(30, 127, 128, 129, 300, 512, 513)
        word = g.one(b"%d", b"%d", b"n%d", b"%d00000")
        return [word % n for n in range(start, start + count)]
    return [member(g) for _ in range(g.rng.randint(1, most))]


@rule("SADD", weight=14)
def sadd(g):
    return [g.key()] + members(g)


@rule("SREM", weight=6)
def srem(g):
    return [g.key()] + members(g)


@rule("SMISMEMBER", weight=3)
def smismember(g):
    return [g.key()] + members(g)


@rule("SISMEMBER", weight=3)
def sismember(g):
    return [g.key(), member(g)]


@rule("SMOVE", weight=6)
def smove(g):
    return [g.key(), g.key(), member(g)]


@rule("SCARD", weight=2)
def scard(g):
    return [g.key()]


@rule("SMEMBERS", weight=4, compare="set")
def smembers(g):
    return [g.key()]


@rule("SINTER", weight=4, compare="set")
@rule("SUNION", weight=4, compare="set")
@rule("SDIFF", weight=4, compare="set")
def combine(g):
    return g.keys(g.one(1, 2, 3, 9))


@rule("SINTERSTORE", weight=4)
@rule("SUNIONSTORE", weight=3)
@rule("SDIFFSTORE", weight=4)
def store(g):
    return [g.key()] + g.keys(g.one(1, 2, 3, 9))


@rule("SINTERCARD", weight=3)
def sintercard(g):
    keys = g.keys(3)
    count = len(keys) if g.chance(0.95) else g.rng.randint(-1, 4)
    return [b"%d" % count] + keys + g.options(lambda: [b"LIMIT", g.index()])


# What is taken at random is not the same on both, so it is all or nothing.
@rule("SPOP", weight=1, compare="set", spoil=False)
def spop(g):
    return [g.key(), g.one(b"0", b"1000000", b"9223372036854775807", b"-1", b"x")]


@rule("SRANDMEMBER", weight=3, compare="shape")
def srandmember(g):
    return [g.key()] + g.one([], [g.index()])


# A whole scan in one step: where pages end is each server's own.
@rule("SSCAN", weight=3, compare="set", spoil=False)
def sscan(g):
    words = g.options(lambda: [b"MATCH", g.one(b"*", b"m*", b"?", b"-*", b"[0-9]", b"")])
    return [g.key(), g.one(b"0", b"0", b"0", b"x", b"-")] + words + g.one(
        [b"COUNT", b"1000000"], [b"COUNT", b"1000000"], [b"COUNT", b"0"], [b"COUNT", b"x"],
        [b"COUNT"], [b"TYPE", b"set"], [b"NOVALUES"])


@rule("OBJECT", weight=6)
def encoding(g):
    return [b"ENCODING", g.key()]
