#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Nothing of a key changes before "key.before" has told of it.

tests/abi/sentry.c watches every key while random commands over all types run, in scripts, in
transactions, for clients that wait, while keys and fields expire, are evicted, moved between
databases, sealed and converted.  BEFORE_SEED repeats a run, BEFORE_COUNT makes it longer."""
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "differential"))

import grammar  # noqa: E402
from support import Client, Error, Server, encode, main  # noqa: E402
from test_upgrade import build  # noqa: E402

SEED = int(os.environ.get("BEFORE_SEED") or random.randrange(1 << 31))
COUNT = int(os.environ.get("BEFORE_COUNT") or 20000)
BATCH = 200
MODULES = pathlib.Path(os.environ.get("KEYRACK_MODULES", "modules"))
# What ends or silences the connection, or the server, is not for this stream.
UNWANTED = (b"QUIT", b"SHUTDOWN", b"CLIENT", b"DEBUG", b"RESET", b"HELLO", b"MONITOR", b"SUBSCRIBE",
            b"PSUBSCRIBE", b"SSUBSCRIBE", b"WAIT", b"CONFIG", b"MODULE", b"AUTH")


def field_expiry(g):
    key = g.key()
    return g.one([b"HSET", key, b"f%d" % g.rng.randrange(5), b"x"],
                 [b"HPEXPIRE", key, b"%d" % g.rng.randrange(1, 30), b"FIELDS", b"1",
                  b"f%d" % g.rng.randrange(5)],
                 [b"HPERSIST", key, b"FIELDS", b"1", b"f%d" % g.rng.randrange(5)],
                 [b"HINCRBY", key, b"f%d" % g.rng.randrange(5), b"1"],
                 [b"HGET", key, b"f%d" % g.rng.randrange(5)],
                 [b"HGETALL", key], [b"HLEN", key],
                 [b"HDEL", key, b"f%d" % g.rng.randrange(5)])


def other(g):
    """What the grammar leaves out, as it would not be the same on two servers."""
    pick = g.rng.random()
    if pick < 0.3:
        return field_expiry(g)
    return g.one([b"PEXPIRE", g.key(), b"%d" % g.rng.randrange(1, 40)],
                 [b"SET", g.key(), b"v", b"PX", b"%d" % g.rng.randrange(1, 40)],
                 [b"GETEX", g.key(), b"PX", b"%d" % g.rng.randrange(1, 40)],
                 [b"PERSIST", g.key()], [b"PFCOUNT", g.key()], [b"PFADD", g.key(), b"%d" % g.rng.randrange(99)],
                 [b"SWAPDB", b"0", b"1"], [b"MOVE", g.key(), b"%d" % g.rng.randrange(2)],
                 [b"SELECT", b"%d" % g.rng.randrange(2)],
                 [b"COPY", g.key(), g.key(), b"DB", b"%d" % g.rng.randrange(2), b"REPLACE"],
                 [b"FLUSHDB"] if g.chance(0.02) else [b"RANDOMKEY"],
                 [b"SORT", g.key(), b"BY", b"nosort", b"STORE", g.key()],
                 [b"EVAL", b"redis.call('APPEND', KEYS[1], 'x') return redis.call('DEL', KEYS[2])",
                  b"2", g.key(), g.key()],
                 [b"EVAL", b"redis.call('SADD', KEYS[1], 1, 2) redis.call('LPUSH', KEYS[1], 1)",
                  b"1", g.key()],
                 [b"XGROUP", b"CREATE", g.key(), b"g", b"0", b"MKSTREAM"],
                 [b"XREADGROUP", b"GROUP", b"g", g.one(b"a", b"b"), b"COUNT", b"2", b"STREAMS",
                  g.key(), g.one(b">", b"0")],
                 [b"XAUTOCLAIM", g.key(), b"g", b"c", b"0", b"0"])


class Before(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-sentry."))
        cls.sentry = build(cls.dir, "sentry", "sentry.c")
        cls.tide = [build(cls.dir, "tide", "tide.c"),
                    build(cls.dir, "tide2", "tide.c", "-DTIDE_VERSION=2 -DTIDE_LAYOUT=2")]

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def setUp(self):
        self.server = Server("--enable-debug-command", "yes")
        self.addCleanup(self.server.__exit__, None, None, None)
        self.client = self.connect()
        self.call = self.client.call

    def connect(self, timeout=60.0):
        client = Client((self.server.host, self.server.port), timeout=timeout)
        self.addCleanup(client.close)
        return client

    def watch(self):
        self.assertEqual(self.call("MODULE", "LOAD", self.sentry), b"OK")

    def report(self):
        looks, told, *wrong = self.call("SENTRY.REPORT")
        self.assertGreater(looks, 0)
        self.assertEqual(wrong, [], f"seed {SEED}")
        return told

    def play(self, calls):
        for first in range(0, len(calls), BATCH):
            batch = calls[first:first + BATCH]
            nonce = b"end-%d" % first
            self.client.send_raw(b"".join(encode(*words) for words in batch) + encode("DISCARD")
                                 + encode("ECHO", nonce))
            self.client.read_until(b"$%d\r\n%s\r\n" % (len(nonce), nonce))

    def stream(self, seed, count, others=0.25):
        rng = random.Random(seed)
        g = grammar.Gen(rng)
        rules = [r for r in grammar.load() if r.name[0] not in UNWANTED]
        known = self.call("COMMAND", "INFO", *(r.command() for r in rules))
        rules = [r for r, info in zip(rules, known) if info]
        self.assertGreater(len(rules), 150)
        picked = rng.choices(rules, weights=[r.weight for r in rules], k=count)
        return [other(g) if g.chance(others) else r.name + tuple(r.make(g)) for r in picked]


class Sentry(Before):
    def test_it_sees_what_is_wrong(self):
        self.watch()
        self.call("SET", "a", "some text")
        self.assertGreater(self.report(), 0)
        for command, text in (("SENTRY.SLIP", b"changed untold: a"),
                              ("SENTRY.LATE", b"told when it had changed: a")):
            self.call(command, "a")
            wrong = self.call("SENTRY.REPORT")[2:]
            self.assertEqual(len(wrong), 1)
            self.assertTrue(wrong[0].startswith(text), wrong)
        self.report()


class Everything(Before):
    def test_no_key_changes_untold(self):
        self.watch()
        self.play(self.stream(SEED, COUNT))
        self.assertGreater(self.report(), COUNT // 10)

    def test_small_encodings_change_untold_neither(self):
        """Thresholds so low that values change their form all the time."""
        for kind in ("hash", "zset", "set"):
            self.call("CONFIG", "SET", f"{kind}-max-listpack-entries", "3")
        self.call("CONFIG", "SET", "list-max-listpack-size", "3", "set-max-intset-entries", "3",
                  "hll-sparse-max-bytes", "40", "stream-node-max-entries", "2")
        self.watch()
        self.play(self.stream(SEED + 1, COUNT))
        self.report()

    def test_eviction_tells(self):
        self.watch()
        self.call("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
        stream = self.stream(SEED + 2, COUNT // 4)
        used = int(self.call("INFO", "memory").split(b"used_memory:")[1].split(b"\r")[0])
        self.play([(b"SET", b"x%d" % i, b"y" * 20000) for i in range(30)])
        self.call("CONFIG", "SET", "maxmemory", used + 200000)
        self.play(stream)
        self.assertGreater(int(self.call("INFO", "stats").split(b"evicted_keys:")[1].split(b"\r")[0]), 0)
        self.report()


class Waiting(Before):
    CASES = [
        (("BLPOP", "k", 0), ("RPUSH", "k", "a", "b")),
        (("BRPOP", "k", 0), ("RPUSH", "k", "a", "b")),
        (("BLMOVE", "k", "l", "LEFT", "RIGHT", 0), ("RPUSH", "k", "a")),
        (("BRPOPLPUSH", "k", "k", 0), ("RPUSH", "k", "a", "b")),
        (("BLMPOP", 0, 1, "k", "LEFT"), ("RPUSH", "k", "a")),
        (("BZPOPMIN", "k", 0), ("ZADD", "k", 1, "a", 2, "b")),
        (("BZPOPMAX", "k", 0), ("ZADD", "k", 1, "a")),
        (("BZMPOP", 0, 1, "k", "MIN"), ("ZADD", "k", 1, "a")),
        (("XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "s", ">"),
         ("XADD", "s", "*", "a", "b")),
    ]

    def test_a_parked_call_tells_when_it_wakes(self):
        self.watch()
        self.call("XGROUP", "CREATE", "s", "g", "0", "MKSTREAM")
        for waits, wakes in self.CASES:
            parked = self.connect()
            parked.send(*waits)
            while b"blocked_clients:1" not in self.call("INFO", "clients"):
                time.sleep(0.005)
            self.call(*wakes)
            parked.read()
            self.report()
            self.call("DEL", "k", "l")


class Adapting(Before):
    def test_sealing_opening_and_converting_change_nothing(self):
        """A value in another form is the same value; and what happens to it then is told."""
        self.call("MODULE", "LOAD", self.tide[0])
        for i in range(300):
            self.call("TIDE.SET", f"tide{i}", i)
            self.call("HSET", f"hash{i}", "f", i, "g", "x" * 100)
        self.watch()
        self.assertEqual(self.call("MODULE", "UPGRADE", "tide", self.tide[1]), b"OK")
        for i in range(300):
            self.call("TIDE.SET", f"tide{i}", i + 1)
        self.report()
        self.assertEqual(self.call("MODULE", "UNLOAD", "hash"), b"OK")
        for i in range(100):
            self.call("RENAME", f"hash{i}", f"renamed{i}")
            self.call("PEXPIRE", f"hash{i + 100}", 5)
        time.sleep(0.05)
        self.report()
        self.assertEqual(self.call("MODULE", "LOAD", str(MODULES / "hash.so")), b"OK")
        for i in range(300):
            self.assertNotIsInstance(self.call("HSET", f"hash{i}", "f", "new"), Error)
            self.call("HDEL", f"renamed{i}", "f", "g")
        self.report()


if __name__ == "__main__":
    print(f"seed {SEED}", flush=True)
    main()
