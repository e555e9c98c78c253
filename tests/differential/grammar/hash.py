# SPDX-License-Identifier: BSD-3-Clause
"""Hashes: fields, numbers, whole hashes, scans.  Few names for fields, so that they meet; now and
then a long one or many at once, so that a small hash becomes a table."""
from . import reader, rule

reader("hash", "HGETALL", None, compare="set")


def field(g):
    r = g.rng.random()
    if r < 0.7:
        return b"f%d" % g.rng.randrange(8)
    if r < 0.85:
        return b"%d" % g.rng.randrange(-3, 5)
    return g.one(b"", b"\x00", b"f1\xff", b"y" * 64, b"y" * 65, b"%d" % g.integer())


def pairs(g, most):
    return [word for _ in range(g.rng.randint(1, most)) for word in (field(g), g.value())]


@rule("HSET", weight=14)
def hset(g):
    if g.chance(0.02):
        return [g.key()] + [word for i in range(g.one(100, 300, 520))
                            for word in (b"n%d" % i, b"%d" % i)]
    return [g.key()] + pairs(g, 4)


@rule("HMSET", weight=2)
def hmset(g):
    return [g.key()] + pairs(g, 4)


@rule("HSETNX", weight=4)
def hsetnx(g):
    return [g.key(), field(g), g.value()]


@rule("HGET", weight=5)
@rule("HEXISTS")
@rule("HSTRLEN")
def one(g):
    return [g.key(), field(g)]


@rule("HMGET")
@rule("HDEL", weight=8)
def several(g):
    return [g.key()] + [field(g) for _ in range(g.rng.randint(1, 5))]


@rule("HLEN")
def hlen(g):
    return [g.key()]


@rule("HGETALL", weight=2, compare="set")
@rule("HKEYS", weight=2, compare="set")
@rule("HVALS", weight=2, compare="set")
def whole(g):
    return [g.key()]


@rule("HINCRBY", weight=5)
def hincrby(g):
    return [g.key(), field(g), g.number()]


@rule("HINCRBYFLOAT", weight=4)
def hincrbyfloat(g):
    return [g.key(), field(g), g.decimal()]


@rule("HRANDFIELD", weight=2, compare="shape")
def hrandfield(g):
    words = [g.key(), g.one(b"0", b"1", b"2", b"5", b"600", b"-1", b"-3", b"-20")]
    return words + [g.case(b"WITHVALUES")] if g.chance(0.5) else words


# A cursor, and how much comes with it, is each server's own: only small hashes come whole.
@rule("HSCAN", weight=1, compare="type")
def hscan(g):
    return [g.key(), b"0"] + g.options(lambda: [b"MATCH", g.pattern()],
                                       lambda: [b"COUNT", g.one(b"1", b"10", b"1000")])
