# SPDX-License-Identifier: BSD-3-Clause
"""exchange - DUMP of one server, RESTORE on the other, and back.

Random values of every type and encoding are made on both servers by the same
commands.  What one dumps the other must restore to a value of equal digest,
encoding and size, and the dump of that one goes back again.
"""
import operator
import random

from pair import Both, must
from support import Error, values

ROUNDS = 12


def encodings_agree(a, b):
    """The same, or a small set or list, which 7.2 keeps in a listpack, or a string that has been
    edited, of which a dump does not tell."""
    return a == b or {a, b} in ({b"hashtable", b"listpack"}, {b"quicklist", b"listpack"},
                                {b"raw", b"embstr"})


def carry(source, target, key, copy):
    """DUMP there, RESTORE here; None, or what differs."""
    dump = must(source.call("DUMP", key))
    reply = target.call("RESTORE", copy, "0", dump, "REPLACE")
    if isinstance(reply, Error):
        return f"{reply.decode()}; the dump is {dump[:200]!r}"
    for read, agree in (("DEBUG DIGEST-VALUE", operator.eq), ("OBJECT ENCODING", encodings_agree)):
        before, after = source.call(*read.split(), key), target.call(*read.split(), copy)
        if not agree(before, after):
            return f"{read}: {before} became {after}; the dump is {dump[:200]!r}"
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
