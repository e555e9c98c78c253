# SPDX-License-Identifier: BSD-3-Clause
"""HyperLogLogs: adding, counting, merging; and strings that look like some."""
from . import rule

HEAD = b"HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"


@rule("PFADD", weight=5)
def pfadd(g):
    if g.chance(0.5):
        return [g.key()] + [b"%d" % g.rng.randrange(300) for _ in range(g.rng.randrange(6))]
    if g.chance(0.1):
        return [g.key()] + [b"%d" % g.rng.randrange(10**6) for _ in range(200)]
    return [g.key()] + [g.value() for _ in range(g.rng.randrange(4))]


@rule("PFCOUNT", weight=3)
def pfcount(g):
    return g.keys(most=g.one(1, 3))


@rule("PFMERGE", weight=3)
def pfmerge(g):
    return g.keys()


@rule("PFDEBUG", weight=1)
def pfdebug(g):
    return [g.case(g.one(b"ENCODING", b"ENCODING", b"DECODE", b"DECODE", b"TODENSE", b"NOTHING")),
            g.key()]


@rule("PFDEBUG", weight=0.1)
def pfdebug_getreg(g):
    return [b"GETREG", g.key()]


def runs(g, registers):
    """Runs for so many registers, in no economical way."""
    out = bytearray()
    while registers:
        kind = g.rng.randrange(3)
        if kind == 0:
            length = min(registers, g.rng.randint(1, 64))
            out.append(length - 1)
        elif kind == 1:
            length = min(registers, g.rng.randint(1, 16384))
            out += bytes((0x40 | (length - 1) >> 8, (length - 1) & 0xff))
        else:
            length = min(registers, g.rng.randint(1, 4))
            out.append(0x80 | g.rng.choice((0, 0, 1, 5, 31)) << 2 | (length - 1))
        registers -= length
    return bytes(out)


@rule("SET", weight=1, spoil=False)
def sketch(g):
    """Sound ones, and some with too few registers or too many."""
    return [g.key(), HEAD + runs(g, g.one(16384, 16384, 16384, 16383, 16385, 3000))]


@rule("SETRANGE", weight=0.7, spoil=False)
def scribble(g):
    """Into the head, and the runs behind it."""
    return [g.key(), b"%d" % g.one(0, 4, 8, 15, 16, 17, 18, 20, 25),
            g.one(b"\x00", b"\x01", b"\x80", b"\xff", b"\x83", b"\x3f", b"HYLL")]
