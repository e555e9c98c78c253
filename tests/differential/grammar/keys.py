# SPDX-License-Identifier: BSD-3-Clause
"""Keys of any type: delete, rename, copy, expire, look."""
import pathlib
import re

from . import rule

# What redis-server dumped, of every type, and older forms: as cases/dump.txt has them.
DUMPS = [re.sub(rb"\\x(..)", lambda m: bytes([int(m[1], 16)]), text) for text in re.findall(
    rb'^let \w+ = "(.*)"$',
    (pathlib.Path(__file__).parents[1] / "cases" / "dump.txt").read_bytes(), re.M)]


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


@rule("DUMP", weight=1, compare="type")
def dump(g):
    return [g.key()]


@rule("RESTORE", weight=3)
def restore(g):
    payload = g.one(*DUMPS)
    if g.chance(0.1):
        payload = payload[:-1] + b"x"
    ttl = b"0" if g.chance(0.8) else g.milliseconds()
    return [g.key(), ttl, payload] + g.options(
        [b"REPLACE"], [b"REPLACE"], [b"REPLACE"], [b"ABSTTL"], [b"IDLETIME", b"5"], [b"FREQ", b"7"])


# SORT has keys of its own.  It changes the encoding of a sorted set in redis-server, which keeps
# errno of earlier commands as well when it reads a number: so lists of integers are sorted as
# numbers, and sets as texts.

@rule("RPUSH", weight=1, spoil=False)
def numbers(g):
    return [g.one(b"l0", b"l1", b"l2")] + [b"%d" % g.rng.randrange(-9, 10) for _ in range(3)]


@rule("SADD", weight=1, spoil=False)
def texts(g):
    return [g.one(b"s0", b"s1")] + [g.one(b"a", b"b", b"ab", b"1", b"10", b"9") for _ in range(3)]


@rule("SET", weight=0.5, spoil=False)
def weight(g):
    return [b"w%d" % g.rng.randrange(-9, 10), b"%d" % g.rng.randrange(5)]


@rule("DEL", weight=0.5, spoil=False)
def start_again(g):
    return [g.one(b"l0", b"l1", b"l2", b"s0", b"s1")]


def range_and_order(g):
    return g.options(lambda: [b"LIMIT", g.index(), g.index()], [b"ASC"], [b"DESC"])


@rule("SORT", weight=2)
def sort_numbers(g):
    return [g.one(b"l0", b"l1", b"l2")] + g.options(
        [b"BY", b"w*"], [b"BY", b"nosort"], [b"GET", b"w*"], [b"GET", b"#"], [b"GET", b"k*->f"]) \
        + range_and_order(g) + g.options(lambda: [b"STORE", g.key()], most=1)


@rule("SORT", weight=1)
def sort_texts(g):
    return [g.one(b"s0", b"s1", b"l0"), b"ALPHA"] + range_and_order(g) + g.options(
        lambda: [b"STORE", g.key()], most=1)


@rule("SORT_RO", weight=0.5)
def sort_read_only(g):
    return [g.one(b"l0", b"l1", b"l2")] + range_and_order(g)


@rule("SORT", weight=0.3, compare="set")
def unsorted(g):
    return [g.one(b"s0", b"s1"), b"BY", b"nosort"]
