# SPDX-License-Identifier: BSD-3-Clause
"""exchange - DUMP of one server, RESTORE on the other, and back.

Random values of every type and encoding are made on both servers by the same
commands.  What one dumps the other must restore to a value of equal digest,
encoding and size, and the dump of that one goes back again.
"""
import random

from pair import Both, must
from support import Error, values

ROUNDS = 12
READS = ("OBJECT ENCODING", "DEBUG DIGEST-VALUE")
# 7.2 has a listpack where 7.0 has one of these, for a small list or set.
NEWER = {b"quicklist", b"hashtable"}


def look(client, key):
    """What two equal values have in common."""
    return [client.call(*read.split(), key) for read in READS]


def alike(before, after):
    """Are two looks at a value the same, or but for an encoding that 7.0 does not have?"""
    encodings = {before[0], after[0]}
    return before[1:] == after[1:] and (len(encodings) == 1 or
                                        (b"listpack" in encodings and encodings & NEWER))


def carry(source, target, key, copy):
    """DUMP there, RESTORE here; None, or what differs."""
    dump = must(source.call("DUMP", key))
    reply = target.call("RESTORE", copy, "0", dump, "REPLACE")
    if isinstance(reply, Error):
        return f"{reply.decode()}; the dump is {dump[:200]!r}"
    before, after = look(source, key), look(target, copy)
    if not alike(before, after):
        return f"{before} became {after}; the dump is {dump[:200]!r}"
    return None


def problem_of(both, kind, commands):
    """None, or what is wrong with the exchange of one value, which is in `k` on both."""
    names = {id(both.ours): "ours", id(both.theirs): "theirs"}
    for client in both.each:
        client.call("DEL", "k", "copy", "back")
        for words in commands:
            must(client.call(*words))
    for source, target in (both.each, both.each[::-1]):
        way = f"{kind}, {names[id(source)]} to {names[id(target)]}"
        problem = carry(source, target, "k", "copy")
        if problem:
            return f"{way}: {problem}"
        problem = carry(target, source, "copy", "back")
        if problem:
            return f"{way} and back: {problem}"
    return None


def run(pair, report, seed):
    if not pair.knows("dump") or not pair.knows("restore"):
        report.skip("exchange of dumps", "no DUMP or RESTORE")
        return
    rng = random.Random(seed)
    both = Both(pair, 2, 20.0)
    try:
        for _ in range(ROUNDS):
            for kind, commands in values.build(rng, b"k", pair.knows):
                problem = problem_of(both, kind, commands)
                report.result(f"dumps are exchanged: {kind}, --seed {seed}", problem)
                if problem:
                    return
    finally:
        both.close()
