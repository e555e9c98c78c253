# SPDX-License-Identifier: BSD-3-Clause
"""Streams: entries, trimming, groups.

Ids are typed: what the clock makes differs between two servers, and so do idle times, which are
compared as shapes.  Since 7.2 a consumer is there as soon as it has asked for something, so what
counts consumers is compared as a shape too.
"""
from . import reader, rule

reader("stream", "XRANGE", None, "-", "+")

GROUPS = [b"g1", b"g2", b"g3"]
CONSUMERS = [b"alice", b"bob", b"carol"]


def entry_id(g):
    return b"%d-%d" % (g.one(g.rng.randrange(1, 60), g.rng.randrange(1, 1000)), g.rng.randrange(4))


def seldom_id(g):
    return g.one(b"0", b"0-0", b"5", b"18446744073709551615-1", b"-", b"+", b"999999", b"30-*")


def some_id(g):
    return entry_id(g) if g.chance(0.93) else seldom_id(g)


def edge(g, end):
    r = g.rng.random()
    if r < 0.4:
        return end
    return (b"(" if r < 0.6 else b"") + (entry_id(g) if r < 0.8 else b"%d" % g.rng.randrange(1000))


def trimming(g, must=False):
    if not must and g.chance(0.75):
        return []
    words = [g.case(b"MAXLEN"), b"%d" % g.rng.randrange(12)] if g.chance(0.6) else \
        [g.case(b"MINID"), entry_id(g) if g.chance(0.7) else b"%d" % g.rng.randrange(1000)]
    if g.chance(0.5):
        words.insert(1, g.one(b"=", b"~", b"~"))
        if words[1] == b"~" and g.chance(0.3):
            words += [b"LIMIT", b"%d" % g.one(0, 1, 10, 100, 1000)]
    return words


@rule("XADD", weight=16)
def xadd(g):
    words = [g.key()] + (g.one([b"NOMKSTREAM"], []) if g.chance(0.2) else []) + trimming(g)
    # Mostly above the last one, which nobody knows here.
    words.append(g.one(b"%d-*" % g.rng.randrange(1, 1000), entry_id(g), entry_id(g),
                       b"%d-%d" % (1000 + g.rng.randrange(10**6), g.rng.randrange(4))))
    fields = g.one([b"f"], [b"f"], [b"f", b"g"], [b"g", b"f"], [b"1", b"2"], [g.value()])
    for field in fields:
        words += [field, g.value()]
    return words


@rule("XADD", weight=8, spoil=False)
def xadd_low(g):
    return [g.key(), b"%d-*" % g.rng.randrange(1, 1000), b"f", g.value()]


@rule("XLEN", weight=2)
@rule("XINFO STREAM", weight=2)
def one_key(g):
    return [g.key()]


@rule("XTRIM", weight=3)
def xtrim(g):
    return [g.key()] + trimming(g, must=True)


@rule("XDEL", weight=4)
def xdel(g):
    return [g.key()] + [some_id(g) for _ in range(g.rng.randint(1, 12))]


@rule("XRANGE", weight=5)
def xrange_(g):
    return [g.key(), edge(g, b"-"), edge(g, b"+")] + g.options([b"COUNT", g.index()], most=1)


@rule("XREVRANGE", weight=4)
def xrevrange(g):
    return [g.key(), edge(g, b"+"), edge(g, b"-")] + g.options([b"COUNT", g.index()], most=1)


@rule("XREAD", weight=4)
def xread(g):
    keys = g.keys(3)
    return g.options([b"COUNT", g.index()], most=1) + [b"STREAMS"] + keys + \
        [g.one(entry_id(g), entry_id(g), b"0", b"$") for _ in keys]


@rule("XSETID", weight=1)
def xsetid(g):
    return [g.key(), some_id(g)] + g.options([b"ENTRIESADDED", b"%d" % g.rng.randrange(100)],
                                             lambda: [b"MAXDELETEDID", entry_id(g)])


@rule("XGROUP CREATE", weight=4)
def xgroup_create(g):
    return [g.key(), g.one(*GROUPS), g.one(b"0", b"$", entry_id(g))] + \
        g.options([b"MKSTREAM"], [b"ENTRIESREAD", b"%d" % g.rng.randrange(-1, 20)])


@rule("XGROUP SETID", weight=2)
def xgroup_setid(g):
    return [g.key(), g.one(*GROUPS), g.one(b"0", b"$", entry_id(g))] + \
        g.options([b"ENTRIESREAD", b"%d" % g.rng.randrange(-1, 20)], most=1)


@rule("XGROUP DESTROY", weight=0.5)
@rule("XPENDING", weight=3)
def key_group(g):
    return [g.key(), g.one(*GROUPS)]


@rule("XGROUP CREATECONSUMER", weight=1, compare="type")
@rule("XGROUP DELCONSUMER", weight=0.7)
def key_group_consumer(g):
    return [g.key(), g.one(*GROUPS), g.one(*CONSUMERS)]


@rule("XINFO GROUPS", weight=2, compare="shape")
def xinfo_groups(g):
    return [g.key()]


@rule("XREADGROUP", weight=10)
def xreadgroup(g):
    keys = g.keys(2)
    return [b"GROUP", g.one(*GROUPS), g.one(*CONSUMERS)] + \
        g.options([b"COUNT", g.index()], [b"NOACK"], most=2) + [b"STREAMS"] + keys + \
        [g.one(b">", b">", b">", b"0", entry_id(g)) for _ in keys]


@rule("XACK", weight=5)
def xack(g):
    return [g.key(), g.one(*GROUPS)] + [some_id(g) for _ in range(g.rng.randint(1, 12))]


@rule("XPENDING", weight=3, compare="shape")
def xpending(g):
    return [g.key(), g.one(*GROUPS), edge(g, b"-"), edge(g, b"+"), g.index()] + \
        ([g.one(*CONSUMERS)] if g.chance(0.3) else [])


@rule("XCLAIM", weight=4)
def xclaim(g):
    return [g.key(), g.one(*GROUPS), g.one(*CONSUMERS), g.one(b"0", b"0", b"10000000")] + \
        [entry_id(g) for _ in range(g.rng.randint(1, 8))] + \
        g.options([b"FORCE"], [b"JUSTID"], [b"RETRYCOUNT", b"%d" % g.rng.randrange(9)],
                  lambda: [b"LASTID", entry_id(g)], [b"IDLE", b"5"], [b"TIME", b"1000000"])


@rule("XAUTOCLAIM", weight=3)
def xautoclaim(g):
    return [g.key(), g.one(*GROUPS), g.one(*CONSUMERS), g.one(b"0", b"0", b"10000000"),
            edge(g, b"-")] + g.options([b"COUNT", b"%d" % g.rng.randrange(1, 9)], [b"JUSTID"])
