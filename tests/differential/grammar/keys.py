# SPDX-License-Identifier: BSD-3-Clause
"""Keys of any type: delete, rename, copy, expire, look."""
from . import rule


@rule("DEL", weight=3)
@rule("UNLINK", weight=2)
@rule("EXISTS", weight=2)
@rule("TOUCH", weight=1)
def many_keys(g):
    return g.keys()


@rule("TYPE", weight=2)
@rule("PERSIST", weight=3)
@rule("OBJECT ENCODING", weight=3)
@rule("OBJECT FREQ", weight=0.3)
def one_key(g):
    return [g.key()]


@rule("OBJECT IDLETIME", weight=0.3, compare="near 30")
@rule("TTL", weight=3, compare="near 2")
@rule("PTTL", weight=3, compare="near 5000")
@rule("EXPIRETIME", weight=2, compare="near 2")
@rule("PEXPIRETIME", weight=2, compare="near 5000")
def time_of(g):
    return [g.key()]


@rule("RENAME", weight=2)
@rule("RENAMENX", weight=2)
def rename(g):
    return [g.key(), g.key()]


@rule("COPY", weight=3)
def copy(g):
    return [g.key(), g.key()] + g.options([b"REPLACE"],
                                          lambda: [b"DB", g.one(b"0", b"1", b"2", b"16", b"-1")])


@rule("MOVE", weight=2)
def move(g):
    return [g.key(), g.one(b"0", b"1", b"2", b"16", b"-1")]


def condition(g):
    return g.options([b"NX"], [b"XX"], [b"GT"], [b"LT"], most=2)


@rule("EXPIRE", weight=3)
def expire(g):
    return [g.key(), g.seconds()] + condition(g)


@rule("PEXPIRE", weight=3)
def pexpire(g):
    return [g.key(), g.milliseconds()] + condition(g)


@rule("EXPIREAT", weight=3)
def expireat(g):
    return [g.key(), g.at_seconds()] + condition(g)


@rule("PEXPIREAT", weight=3)
def pexpireat(g):
    return [g.key(), g.at_milliseconds()] + condition(g)


@rule("KEYS", weight=1, compare="set")
def keys(g):
    return [g.pattern()]


@rule("SCAN", weight=1, compare="set", spoil=False)
def scan(g):
    """So few keys that one call with a big COUNT sees them all.  Elements are compared as one
    set below the cursor."""
    return [b"0", b"COUNT", b"100000"] + g.options(
        lambda: [b"MATCH", g.pattern()], lambda: [b"TYPE", g.one(b"string", b"list", b"none")])


@rule("SCAN", weight=0.3, compare="type")
def scan_anywhere(g):
    return [g.one(b"0", b"5", b"abc", b"-1", b"18446744073709551615", b"18446744073709551616")] \
        + g.options(lambda: [b"COUNT", g.number()], lambda: [b"MATCH", g.pattern()],
                    lambda: [b"TYPE", g.one(b"string", b"nosuchtype")])


@rule("RANDOMKEY", weight=1, compare="type")
@rule("DBSIZE", weight=2)
def nothing(g):
    return []


@rule("FLUSHDB", weight=0.05, spoil=False)
@rule("FLUSHALL", weight=0.02, spoil=False)
def flush(g):
    return g.options([b"ASYNC"], [b"SYNC"], most=1)


@rule("SWAPDB", weight=0.5)
def swapdb(g):
    return [g.one(b"0", b"1", b"2"), g.one(b"0", b"1", b"2", b"16")]
