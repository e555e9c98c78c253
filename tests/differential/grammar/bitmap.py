# SPDX-License-Identifier: BSD-3-Clause
"""Bitmaps: single bits, counts, searches, BITOP, BITFIELD."""
from . import rule


@rule("SETBIT", weight=4)
def setbit(g):
    return [g.key(), b"%d" % g.rng.randrange(4000), g.one(b"0", b"1", b"1")]


@rule("GETBIT", weight=2)
def getbit(g):
    return [g.key(), b"%d" % g.one(0, 7, 8, 4000, 2**32 - 1, g.rng.randrange(600))]


@rule("BITCOUNT", weight=3)
def bitcount(g):
    words = [g.key()]
    if g.chance(0.7):
        words += [g.index(), g.index()]
        if g.chance(0.5):
            words.append(g.case(g.one(b"BYTE", b"BIT")))
    return words


@rule("BITPOS", weight=3)
def bitpos(g):
    words = [g.key(), g.one(b"0", b"1")]
    for more in (g.index, g.index, lambda: g.case(g.one(b"BYTE", b"BIT"))):
        if g.chance(0.3):
            break
        words.append(more())
    return words


@rule("BITOP", weight=3)
def bitop(g):
    operation = g.one(b"AND", b"OR", b"XOR", b"NOT", b"NOT")
    keys = [g.key()] if operation == b"NOT" and g.chance(0.9) else g.keys()
    return [g.case(operation), g.key()] + keys


def field_type(g):
    return b"%s%d" % (g.one(b"u", b"i"), g.one(1, 2, 3, 4, 7, 8, 9, 16, 31, 32, 33, 63, 63, 64))


def field_at(g):
    return g.one(b"", b"", b"#") + b"%d" % g.one(0, 1, 3, 7, 8, 10, 60, 100)


@rule("BITFIELD", weight=5)
def bitfield(g):
    words = [g.key()]
    for _ in range(g.rng.randrange(5)):
        kind = g.one(b"GET", b"SET", b"SET", b"INCRBY", b"INCRBY", b"OVERFLOW")
        words.append(g.case(kind))
        if kind == b"OVERFLOW":
            words.append(g.case(g.one(b"WRAP", b"SAT", b"FAIL")))
        else:
            words += [field_type(g), field_at(g)]
            if kind != b"GET":
                words.append(g.number())
    return words


@rule("BITFIELD_RO", weight=2)
def bitfield_ro(g):
    words = [g.key()]
    for _ in range(g.rng.randrange(3)):
        words += [g.one(b"GET", b"GET", b"GET", b"SET"), field_type(g), field_at(g)]
    return words
