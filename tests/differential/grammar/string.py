# SPDX-License-Identifier: BSD-3-Clause
"""Strings: whole values, ranges, counters, LCS."""
from . import reader, rule

reader("string", "GET", None)


PAST = {b"1", b"1000000000", b"1000000000000"}


def expiry(g):
    word = g.one(b"EX", b"PX", b"EXAT", b"PXAT")
    make = {b"EX": g.seconds, b"PX": g.milliseconds, b"EXAT": g.at_seconds,
            b"PXAT": g.at_milliseconds}[word]
    return [g.case(word), make()]


def future(g):
    """SET with a past time stores a key that is there (for DBSIZE) until it is swept: when that
    happens is no server's promise."""
    while True:
        words = expiry(g)
        if words[1] not in PAST:
            return words


@rule("SET", weight=14)
def set_(g):
    return [g.key(), g.value()] + g.options([b"NX"], [b"XX"], [b"GET"], [b"KEEPTTL"],
                                            lambda: future(g))


@rule("GETEX", weight=4)
def getex(g):
    return [g.key()] + g.options([b"PERSIST"], lambda: expiry(g))


@rule("GET", weight=5)
@rule("GETDEL", weight=2)
@rule("STRLEN", weight=2)
@rule("INCR", weight=4)
@rule("DECR", weight=3)
def one_key(g):
    return [g.key()]


@rule("GETSET")
@rule("SETNX")
@rule("APPEND", weight=4)
def key_value(g):
    return [g.key(), g.value()]


@rule("SETEX", weight=2)
def setex(g):
    return [g.key(), g.seconds(), g.value()]


@rule("PSETEX", weight=2)
def psetex(g):
    return [g.key(), g.milliseconds(), g.value()]


@rule("INCRBY", weight=4)
@rule("DECRBY", weight=4)
def by(g):
    return [g.key(), g.number()]


@rule("INCRBYFLOAT", weight=4)
def incrbyfloat(g):
    return [g.key(), g.decimal()]


@rule("MGET", weight=2)
def mget(g):
    return g.keys(6)


@rule("MSET", weight=2)
@rule("MSETNX", weight=2)
def mset(g):
    return [word for key in g.keys() for word in (key, g.value())]


@rule("GETRANGE", weight=4)
@rule("SUBSTR", weight=1)
def getrange(g):
    return [g.key(), g.index(), g.index()]


@rule("SETRANGE", weight=4)
def setrange(g):
    return [g.key(), g.size(), g.value()]


@rule("LCS", weight=2)
def lcs(g):
    return [g.key(), g.key()] + g.options([b"LEN"], [b"IDX"], [b"IDX"], [b"WITHMATCHLEN"],
                                          lambda: [b"MINMATCHLEN", g.index()], most=4)
