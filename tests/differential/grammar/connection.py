# SPDX-License-Identifier: BSD-3-Clause
"""The connection itself."""
from . import rule


@rule("PING", weight=0.5)
def ping(g):
    return [g.value()] if g.chance(0.5) else []


@rule("ECHO", weight=0.5)
def echo(g):
    return [g.value()]


@rule("SELECT", weight=1.5)
def select(g):
    return [g.one(b"0", b"0", b"0", b"1", b"2", b"16", b"-1")]


@rule("CLIENT SETNAME", weight=0.3)
def setname(g):
    return [g.one(b"", b"name", b"a b", b"a\nb", b"x" * 100)]


@rule("CLIENT GETNAME", weight=0.3)
@rule("CLIENT GETREDIR", weight=0.1)
def nothing(g):
    return []


@rule("CLIENT NO-EVICT", weight=0.1)
def no_evict(g):
    return [g.one(b"on", b"off", b"maybe")]


@rule("HELLO", weight=0.3, compare="mask ^\\d+$|^\\d+\\.\\d+\\.\\d+$", spoil=False)
def hello(g):
    """Never a plain change of protocol: the stream's own is fixed by its seed."""
    return g.one([], [b"4"], [b"abc"], [b"1"], [b"9223372036854775808"])
