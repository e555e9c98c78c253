# SPDX-License-Identifier: BSD-3-Clause
"""sessions - everything that a client can say, to one server and without looking at the answers.

For tests that ask whether the server survives, not what it answers: under
valgrind, with a heap that fails.  The calls are those of tests/differential:

    written()          the calls of cases/*.txt, as one list for each scenario
    at_random(...)     a stream from grammar/, by seed
    of_all(client)     each command and subcommand that the server lists, with
                       too few, right and too many arguments, with short, long,
                       numeric and binary ones
    play(server, ...)  sends a list and waits until all of it has been executed
"""
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[0]))
sys.path.insert(0, str(HERE.parents[0] / "differential"))

import grammar  # noqa: E402
import scenarios  # noqa: E402
from support import Client, Closed, Error, Server, encode  # noqa: E402,F401

# They end or stop the server, as is their purpose, or answer other than once.
NEVER = {b"SHUTDOWN", b"MONITOR", b"QUIT", b"CLIENT REPLY", b"CLIENT PAUSE", b"DEBUG SLEEP",
         b"DEBUG SEGFAULT", b"DEBUG PANIC", b"DEBUG ASSERT", b"DEBUG OOM", b"DEBUG LEAK",
         b"DEBUG RESTART", b"DEBUG CRASH-AND-RECOVER", b"DEBUG POPULATE", b"DEBUG PAUSE-CRON",
         b"MODULE UNLOAD", b"CONFIG REWRITE", b"FAILOVER", b"SUBSCRIBE", b"PSUBSCRIBE",
         b"SSUBSCRIBE", b"REPLICAOF", b"SLAVEOF"}
# A scenario may leave these otherwise.
RESTORE = [("CONFIG", "SET", "maxmemory", "0", "timeout", "0", "maxclients", "10000",
            "client-query-buffer-limit", "1gb", "proto-max-bulk-len", "512mb",
            "requirepass", "", "slowlog-log-slower-than", "10000",
            "hll-sparse-max-bytes", "3000"),
           ("FLUSHALL",), ("SELECT", "0")]
ARGUMENTS = [b"k1", b"0", b"-1", b"", b"9223372036854775807", b"a\x00b\r\n", b"x" * 300, b"*",
             b"1.5", b"GET"]
BATCH = 100


def allowed(words):
    first = [word.upper() if isinstance(word, bytes) else word.encode().upper()
             for word in words[:2]]
    return bool(first) and not {first[0], b" ".join(first)} & NEVER


# Scripts without an end, which another connection kills.
ENDLESS = {"busy.txt"}


def written():
    for name, file in scenarios.load().items():
        if name in ENDLESS:
            continue
        for scenario in file:
            calls = [step.words for step in scenario.steps
                     if step.kind in ("call", "scan") and step.connection == "A"
                     and allowed(step.words)
                     and not any(b"%" in word for word in step.words)]
            yield f"{name}: {scenario.name}", calls


def at_random(client, seed, count):
    known = {name.upper() for name in client.call("COMMAND", "LIST")}
    rules = [rule for rule in grammar.load() if rule.name[0].upper() in known]
    rng = random.Random(seed)
    g = grammar.Gen(rng)
    calls = []
    for rule in rng.choices(rules, weights=[rule.weight for rule in rules], k=count):
        words = rule.make(g)
        if rule.spoil and rng.random() < 0.07:
            words = g.broken(words)
        calls.append(rule.name + tuple(words))
    return [call for call in calls if allowed(call)]


def of_all(client):
    """`client` tells which commands there are."""
    calls = []
    for row in client.call("COMMAND"):
        names = [(row[0],)]
        if len(row) > 9:
            names += [tuple(sub[0].split(b"|")) for sub in row[9]]
        for name in filter(allowed, names):
            for count in range(0, 5):
                for i in range(0, len(ARGUMENTS), 3 if count else len(ARGUMENTS)):
                    tail = tuple(ARGUMENTS[(i + j) % len(ARGUMENTS)] for j in range(count))
                    if allowed(name + tail):
                        calls.append(name + tail)
    return calls


def connect(server, protocol, timeout, tries=20):
    """A client; a heap that fails may close its connection again at once."""
    for left in reversed(range(tries)):
        try:
            return server.client(protocol, timeout)
        except (Closed, ConnectionError, RuntimeError):
            if left == 0:
                raise
    return None


def play(server, calls, protocol=2, timeout=60.0):
    """True if the server closed the connection on the way (and was asked the rest anew)."""
    closed = False
    client = connect(server, protocol, timeout)
    for at in range(0, len(calls), BATCH):
        ending = b"end of the batch at %d" % at
        # Within a transaction the ending would only be queued.
        data = b"".join(encode(*call) for call in calls[at:at + BATCH]) + encode("DISCARD") \
            + encode("ECHO", ending)
        try:
            client.send_raw(data)
            client.read_until(b"$%d\r\n%s\r\n" % (len(ending), ending))
        except (Closed, ConnectionError):
            closed = True
            client.close()
            client = connect(server, protocol, timeout)
    client.close()
    return closed
