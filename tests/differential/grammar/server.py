# SPDX-License-Identifier: BSD-3-Clause
"""The server's view of itself, as far as it does not depend on the moment."""
from . import rule


@rule("INFO", weight=0.1, compare="mask avg_ttl=-?\\d+", spoil=False)
def info(g):
    return [b"keyspace"]


@rule("COMMAND GETKEYS", weight=0.3)
def getkeys(g):
    return g.one([b"SET", g.key(), b"x"], [b"GET", g.key()], [b"MSET", b"a", b"1", b"b", b"2"],
                 [b"BITOP", b"AND", b"d", b"a", b"b"], [b"GET"], [b"PING"], [b"nosuch", b"a"],
                 [b"OBJECT", b"ENCODING", b"k"], [b"COPY", b"a", b"b"])


@rule("CONFIG GET", weight=0.2, spoil=False)
def config_get(g):
    return [g.one(b"maxmemory-policy", b"databases", b"nosuch", b"hz", b"MAXMEMORY")]


@rule("DEBUG", weight=0.02, spoil=False)
def sleep(g):
    return [b"SLEEP", b"0"]
