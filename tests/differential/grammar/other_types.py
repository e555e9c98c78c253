# SPDX-License-Identifier: BSD-3-Clause
"""A value or two of every other type, so that string commands meet them.  A type that gets a
file of its own takes its reader there."""
from . import reader, rule

reader("list", "LRANGE", None, "0", "-1")
reader("hash", "HGETALL", None, compare="set")
reader("zset", "ZRANGE", None, "0", "-1", "WITHSCORES")


@rule("LPUSH", weight=1)
@rule("PFADD", weight=0.5)
def elements(g):
    return [g.key(), g.value(), g.value()]


@rule("HSET", weight=1)
def hset(g):
    return [g.key(), g.value(), g.value()]


@rule("ZADD", weight=1)
def zadd(g):
    return [g.key(), g.decimal(), g.value()]
