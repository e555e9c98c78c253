#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A server that begins again with its files has what it had: every time to live to the millisecond,
the order in which keys were used, and all that is known of the groups of streams.

From a snapshot, from a log that begins with one, and from a log of commands.

RESTART_KEYS says how many keys there are (`tests/run --all`: a million)."""
import os
import pathlib
import random
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Server, main  # noqa: E402
from test_aof import rewritten  # noqa: E402

KEYS = int(os.environ.get("RESTART_KEYS") or 20000)
SEED = int(os.environ.get("RESTART_SEED", "11"))
STREAMS = 12
AGES = 200  # keys whose age is known


def keys(begin, end, now):
    """Commands that make the keys of these numbers, one key each, most with a time to live."""
    rng = random.Random(begin)
    for number in range(begin, end):
        key = b"k:%d" % number
        when = now + 10**6 + rng.randrange(10**10)
        kind = number % 8
        if kind == 0:
            yield "SET", key, number
        elif kind == 1:
            yield "SET", key, b"v%d" % number, "PXAT", when
        elif kind == 2:
            yield "SET", key, b"v" * (number % 90), "PX", 10**7 + rng.randrange(10**9)
        elif kind == 3:
            yield "HSET", key, "f", number, "g", "v"
            yield "EXPIREAT", key, when // 1000
        elif kind == 4:
            yield "RPUSH", key, "a", number
            yield "PEXPIRE", key, 10**7 + rng.randrange(10**9)
        elif kind == 5:
            yield "ZADD", key, number, "m"
            yield "PEXPIREAT", key, when
        elif kind == 6:
            yield "SADD", key, number, "s"
            yield "PEXPIREAT", key, 2**45 + number
        else:
            yield "SET", key, "v", "EX", 10**6
            yield "PERSIST", key


def ages(client, option):
    """Keys with an age (idle seconds, or a count) of their own: {key: age}."""
    client.call("SET", "model", "v")
    payload = client.call("DUMP", "model")
    made = {b"age:%d" % n: (1000 + 100 * n if option == "IDLETIME" else 1 + n % 255) for n in range(AGES)}
    for key, age in made.items():
        assert client.call("RESTORE", key, 0, payload, option, age) == b"OK"
    return made


def streams(client, rng):
    """Streams with groups, consumers and pending entries in every state."""
    for number in range(STREAMS):
        key = "stream:%d" % number
        for entry in range(1, 60):
            client.call("XADD", key, "%d-%d" % (entry // 4 + 1, entry % 4 + 1), "field", entry, *(
                ("other", "x" * 30) if number % 3 == 0 else ()))
        for group in range(3):
            client.call("XGROUP", "CREATE", key, "g%d" % group, ("0", "$", "5-2")[group],
                        *(("ENTRIESREAD", 7) if number % 2 else ()))
        for _ in range(8):
            consumer, group = "c%d" % rng.randrange(3), "g%d" % rng.choice((0, 0, 2))
            client.call("XREADGROUP", "GROUP", group, consumer, "COUNT", rng.randrange(1, 9),
                        "STREAMS", key, ">")
        client.call("XGROUP", "CREATECONSUMER", key, "g1", "idle")
        client.call("XACK", key, "g0", "1-2", "2-1")
        client.call("XCLAIM", key, "g0", "other", 0, "1-3", "IDLE", 90000, "RETRYCOUNT", 9)
        client.call("XAUTOCLAIM", key, "g0", "auto", 0, "3-0", "COUNT", 3)
        client.call("XDEL", key, "1-4", "4-1", "14-1")
        client.call("XSETID", key, "100-7", "ENTRIESADDED", 200 + number, "MAXDELETEDID", "90-1")
        if number % 4 == 0:
            client.call("XTRIM", key, "MINID", "3-1")
            client.call("XGROUP", "SETID", key, "g2", "9-9", "ENTRIESREAD", 3)
            client.call("XGROUP", "DELCONSUMER", key, "g2", "c0")


def groups(client, seen):
    """All that XINFO tells of them.  When a consumer was `seen` last only a snapshot knows, when it
    was last given something none that Redis 7.0 reads; the tree is not the same tree.  A log has a
    read as claims, as in Redis, and these do not tell how many entries a group has read."""
    gone = {b"radix-tree-keys", b"radix-tree-nodes", b"active-time"}
    if not seen:
        gone |= {b"seen-time", b"entries-read", b"lag"}
    return {(number, *path): value for number in range(STREAMS)
            for path, value in leaves(client.call("XINFO", "STREAM", "stream:%d" % number, "FULL",
                                                  "COUNT", 0)) if not gone.intersection(path)}


def leaves(value, *path):
    """(path, value) for each thing that is told, by names where there are any."""
    if not isinstance(value, list) or not value:
        yield path, value
    elif len(value) % 2 == 0 and isinstance(value[0], bytes) and value[0][:1].islower():
        for name, part in zip(value[::2], value[1::2]):
            yield from leaves(part, *path, name)
    else:
        for number, part in enumerate(value):
            yield from leaves(part, *path, number)


class Restart(unittest.TestCase):
    maxDiff = 4000

    def begin(self, policy, *arguments):
        server = Server("--maxmemory-policy", policy, "--lfu-decay-time", "0",
                        "--enable-debug-command", "yes", *arguments, timeout=120.0)
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def look(self, client, seen):
        """What must be the same."""
        return {"digest": client.call("DEBUG", "DIGEST"), "size": client.call("DBSIZE"),
                "times": client.many((("PEXPIRETIME", b"k:%d" % n) for n in range(KEYS)), 5000),
                "groups": groups(client, seen)}

    def restart(self, policy, option, *arguments, save, seen=True):
        server = self.begin(policy, *arguments)
        with server.client(timeout=300.0) as client:
            now = int(time.time() * 1000)
            streams(client, random.Random(SEED))
            made = ages(client, option)
            client.many(keys(0, KEYS // 2, now), 5000)
            save(server, client, False)
            client.many(keys(KEYS // 2, KEYS, now), 5000)
            save(server, client, True)
            began = time.monotonic()
            before = self.look(client, seen)
        self.assertGreater(sum(when > 0 for when in before["times"]), KEYS // 2)
        server.stop()
        server.start()
        with server.client(timeout=300.0) as client:
            after = self.look(client, seen)
            for what, value in before.items():
                if value != after[what]:
                    self.assertEqual(self.first(after[what], value), None, what)
            self.check_ages(client, made, option, began)

    @staticmethod
    def first(after, before):
        """Where two differ first."""
        if isinstance(before, list):
            return next((n, a, b) for n, (a, b) in enumerate(zip(after, before)) if a != b)
        if isinstance(before, dict):
            return next((k, after.get(k), before.get(k)) for k in {**before, **after}
                        if after.get(k) != before.get(k))
        return after, before

    def check_ages(self, client, made, option, began):
        what = "IDLETIME" if option == "IDLETIME" else "FREQ"
        now = {key: client.call("OBJECT", what, key) for key in made}
        self.assertEqual(sorted(made, key=lambda key: (made[key], key)),
                         sorted(made, key=lambda key: (now[key], key)))
        passed = time.monotonic() - began
        for key, age in made.items():
            # An idle time goes on, and is kept in whole seconds.
            self.assertLessEqual(age - 2, now[key], key)
            self.assertLessEqual(now[key], age + (passed + 60 if option == "IDLETIME" else 0), key)

    def snapshot(self, server, client, end):
        if end:
            self.assertEqual(client.call("SAVE"), b"OK")

    def rewrite(self, server, client, end):
        if not end:
            rewritten(server)

    def nothing(self, server, client, end):
        pass

    def test_from_a_snapshot_keys_are_as_idle_as_before(self):
        self.restart("allkeys-lru", "IDLETIME", save=self.snapshot)

    def test_from_a_snapshot_keys_are_as_often_used_as_before(self):
        self.restart("allkeys-lfu", "FREQ", save=self.snapshot)

    def test_from_a_snapshot_by_a_walk(self):
        def walk(server, client, end):
            if end:
                client.call("BGSAVE")
                while server.info("persistence")["rdb_bgsave_in_progress"] != "0":
                    time.sleep(0.02)
                self.assertEqual(server.info("persistence")["rdb_last_bgsave_status"], "ok")

        self.restart("allkeys-lru", "IDLETIME", "--snapshot-method", "walk", save=walk)

    def test_from_a_log_that_begins_with_a_snapshot(self):
        self.restart("allkeys-lfu", "FREQ", "--appendonly", "yes", "--appendfsync", "no",
                     save=self.rewrite)

    def test_from_a_log_of_commands(self):
        self.restart("allkeys-lru", "IDLETIME", "--appendonly", "yes", "--appendfsync", "no",
                     save=self.nothing, seen=False)


if __name__ == "__main__":
    main()
