# SPDX-License-Identifier: BSD-3-Clause
"""Lists: both ends, indices, searching, moving.  Commands that wait do so for a moment only."""
from . import reader, rule

reader("list", "LRANGE", None, "0", "-1")


def element(g):
    """Mostly few different ones, so that they are found; now and then one that fills a node."""
    if g.chance(0.6):
        return g.one(b"a", b"b", b"c", b"1", b"2", b"-1", b"100", b"70000", b"")
    if g.chance(0.03):
        return g.one(b"x", b"\x00", b"yz") * g.one(2000, 4000, 8170, 8185, 9000, 40000)
    return g.value()


def elements(g):
    return [element(g) for _ in range(g.one(1, 1, 1, 2, 3, 5, 20, 60))]


def end(g):
    return g.case(g.one(b"LEFT", b"RIGHT"))


def count(g):
    return b"%d" % g.one(0, 1, 1, 1, 2, 3, 10, 100, 1000)


@rule("LPUSH", weight=6)
@rule("RPUSH", weight=8)
@rule("LPUSHX", weight=2)
@rule("RPUSHX", weight=2)
def push(g):
    return [g.key()] + elements(g)


@rule("LPOP", weight=4)
@rule("RPOP", weight=4)
def pop(g):
    return [g.key()] + ([count(g)] if g.chance(0.4) else [])


@rule("LLEN", weight=3)
def llen(g):
    return [g.key()]


@rule("LINDEX", weight=4)
def lindex(g):
    return [g.key(), g.index()]


@rule("LSET", weight=4)
def lset(g):
    return [g.key(), g.index(), element(g)]


@rule("LINSERT", weight=4)
def linsert(g):
    return [g.key(), g.case(g.one(b"BEFORE", b"AFTER")), element(g), element(g)]


@rule("LRANGE", weight=5)
def lrange(g):
    return [g.key(), g.index(), g.index()]


@rule("LTRIM", weight=2)
def ltrim(g):
    return [g.key(), b"%d" % g.one(0, 0, 1, 2, -100, 5), b"%d" % g.one(-1, -1, -2, -3, 50, 200)]


@rule("LREM", weight=4)
def lrem(g):
    return [g.key(), b"%d" % g.one(0, 1, -1, 2, -2, 10, -10), element(g)]


@rule("LPOS", weight=5)
def lpos(g):
    return [g.key(), element(g)] + g.options(lambda: [b"RANK", b"%d" % g.one(1, -1, 2, -2, 0, 5)],
                                             lambda: [b"COUNT", count(g)],
                                             lambda: [b"MAXLEN", count(g)])


@rule("LMOVE", weight=4)
def lmove(g):
    return [g.key(), g.key(), end(g), end(g)]


@rule("RPOPLPUSH", weight=2)
def rpoplpush(g):
    return [g.key(), g.key()]


def lmpop_words(g):
    keys = g.keys()
    return [b"%d" % len(keys)] + keys + [end(g)] + g.options(lambda: [b"COUNT", count(g)])


@rule("LMPOP", weight=3)
def lmpop(g):
    return lmpop_words(g)


# Redis looks at the clock ten times a second, so these are few, and never wait for good.
@rule("BLPOP", weight=0.1, spoil=False)
@rule("BRPOP", weight=0.1, spoil=False)
def bpop(g):
    return g.keys() + [g.one(b"-1", b"abc", b"0.001", b"0.002")]


@rule("BLMOVE", weight=0.1, spoil=False)
def blmove(g):
    return [g.key(), g.key(), end(g), end(g), g.one(b"0.001", b"-1", b"x")]


@rule("BRPOPLPUSH", weight=0.1, spoil=False)
def brpoplpush(g):
    return [g.key(), g.key(), g.one(b"0.001", b"-1", b"x")]


@rule("BLMPOP", weight=0.1, spoil=False)
def blmpop(g):
    return [g.one(b"0.001", b"-1", b"x")] + lmpop_words(g)


# Encodings change where these do.
@rule("CONFIG SET", weight=0.3, spoil=False)
def limits(g):
    return g.one([b"list-max-listpack-size", g.one(b"-2", b"-1", b"4", b"128", b"0", b"1", b"-5")],
                 [b"list-compress-depth", g.one(b"0", b"1", b"2", b"3")])
