#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""maxmemory: each policy evicts, or refuses, as its name says."""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Error, Server, main  # noqa: E402

OOM = Error(b"OOM command not allowed when used memory > 'maxmemory'.")
COUNT = 4000   # keys of each kind before memory is short
VALUE = "v" * 1000


class Policies(unittest.TestCase):
    def start(self, policy, *arguments):
        server = Server("--maxmemory-policy", policy, "--maxmemory-samples", "10", *arguments)
        self.addCleanup(server.__exit__, None, None, None)
        client = server.client(timeout=60)
        self.addCleanup(client.close)
        return server, client

    def store(self, client, prefix, count=COUNT, *options):
        return client.many((("SET", f"{prefix}:{i}", VALUE, *options) for i in range(count)), 500)

    def alive(self, client, prefix, count=COUNT):
        return sum(client.many(("EXISTS", f"{prefix}:{i}") for i in range(count)))

    def shorten(self, server, client, room=0):
        """From now on, memory ends `room` bytes above what is used."""
        used = int(server.info("memory")["used_memory"])
        self.assertEqual(client.call("CONFIG", "SET", "maxmemory", used + room), b"OK")
        return used + room

    def evicted(self, server):
        return int(server.info("stats")["evicted_keys"])

    def within(self, server, limit):
        self.assertLess(int(server.info("memory")["used_memory"]), limit * 1.05)

    def test_noeviction_refuses_writes_and_lets_reads_and_deletes_pass(self):
        server, client = self.start("noeviction")
        self.store(client, "a")
        self.shorten(server, client, -500000)
        self.assertEqual(client.exchange("SET", "b", "v").raw,
                         b"-OOM command not allowed when used memory > 'maxmemory'.\r\n")
        for words in (("APPEND", "a:1", "x"), ("INCR", "n"), ("MSET", "x", "1"),
                      ("SETRANGE", "a:1", 0, "x"), ("SETBIT", "z", 1, 1), ("COPY", "a:1", "z")):
            self.assertEqual(client.call(*words), OOM, words)
        self.assertEqual(client.call("GET", "a:1"), VALUE.encode())
        self.assertEqual(client.call("EXPIRE", "a:1", 100), 1)
        self.assertEqual(client.call("RENAME", "a:1", "a:0"), b"OK")
        self.assertEqual(client.call("PING"), b"PONG")
        self.assertEqual(self.evicted(server), 0)
        client.many(("DEL", f"a:{i}") for i in range(COUNT // 2))
        self.assertEqual(client.call("SET", "b", "v"), b"OK")

    def test_without_a_limit_no_policy_evicts(self):
        server, client = self.start("allkeys-random")
        self.store(client, "a")
        self.assertEqual(self.alive(client, "a"), COUNT)

    def test_allkeys_lru_keeps_what_was_used_lately(self):
        server, client = self.start("allkeys-lru")
        self.store(client, "old")
        self.store(client, "used")
        time.sleep(2.2)  # the clock of LRU counts in seconds
        client.many(("GET", f"used:{i}") for i in range(COUNT))
        limit = self.shorten(server, client)
        self.assertEqual(set(self.store(client, "new", COUNT // 2)), {b"OK"})
        old, used = self.alive(client, "old"), self.alive(client, "used")
        print(f"     allkeys-lru: of {COUNT} each, {old} unused and {used} used are left")
        self.assertGreater(self.evicted(server), COUNT // 4)
        self.assertGreater(used, COUNT * 0.95)
        self.assertLess(old, COUNT * 0.75)
        self.within(server, limit)

    def test_volatile_lru_keeps_what_has_no_time_and_what_was_used_lately(self):
        server, client = self.start("volatile-lru")
        self.store(client, "forever")
        self.store(client, "old", COUNT, "EX", "10000")
        self.store(client, "used", COUNT, "EX", "10000")
        time.sleep(2.2)
        client.many(("GET", f"used:{i}") for i in range(COUNT))
        self.shorten(server, client)
        self.store(client, "new", COUNT // 2)
        self.assertEqual(self.alive(client, "forever"), COUNT)
        self.assertGreater(self.alive(client, "used"), COUNT * 0.95)
        self.assertLess(self.alive(client, "old"), COUNT * 0.75)

    def test_allkeys_lfu_keeps_what_is_used_often(self):
        server, client = self.start("allkeys-lfu")
        self.store(client, "seldom")
        self.store(client, "often")
        for _ in range(30):
            client.many(("GET", f"often:{i}") for i in range(COUNT))
        self.shorten(server, client)
        self.store(client, "new", COUNT // 2)
        seldom, often = self.alive(client, "seldom"), self.alive(client, "often")
        print(f"     allkeys-lfu: of {COUNT} each, {seldom} seldom and {often} often used are left")
        self.assertGreater(often, COUNT * 0.95)
        self.assertGreater(self.evicted(server), COUNT // 4)
        self.assertGreater(client.call("OBJECT", "FREQ", "often:1"), 5)

    def test_volatile_lfu_keeps_what_has_no_time_and_what_is_used_often(self):
        server, client = self.start("volatile-lfu")
        self.store(client, "forever")
        self.store(client, "seldom", COUNT, "EX", "10000")
        self.store(client, "often", COUNT, "EX", "10000")
        for _ in range(30):
            client.many(("GET", f"often:{i}") for i in range(COUNT))
        self.shorten(server, client)
        self.store(client, "new", COUNT // 2)
        self.assertEqual(self.alive(client, "forever"), COUNT)
        self.assertGreater(self.alive(client, "often"), COUNT * 0.95)
        self.assertLess(self.alive(client, "seldom"), COUNT * 0.75)

    def test_allkeys_random_spares_nobody(self):
        server, client = self.start("allkeys-random")
        self.store(client, "forever")
        self.store(client, "volatile", COUNT, "EX", "10000")
        limit = self.shorten(server, client)
        self.store(client, "new", COUNT // 2)
        for kind in ("forever", "volatile"):
            left = self.alive(client, kind)
            self.assertTrue(COUNT * 0.5 < left < COUNT * 0.97, f"{kind}: {left}")
        self.within(server, limit)

    def test_volatile_random_takes_only_what_has_a_time(self):
        server, client = self.start("volatile-random")
        self.store(client, "forever")
        self.store(client, "volatile", COUNT, "EX", "10000")
        self.shorten(server, client)
        self.store(client, "new", COUNT // 2)
        self.assertEqual(self.alive(client, "forever"), COUNT)
        self.assertEqual(self.alive(client, "new", COUNT // 2), COUNT // 2)
        self.assertLess(self.alive(client, "volatile"), COUNT * 0.75)

    def test_volatile_ttl_takes_first_what_ends_first(self):
        server, client = self.start("volatile-ttl")
        self.store(client, "forever")
        self.store(client, "late", COUNT, "EX", "100000")
        self.store(client, "soon", COUNT, "EX", "1000")
        self.shorten(server, client)
        self.store(client, "new", COUNT // 2)
        self.assertEqual(self.alive(client, "forever"), COUNT)
        self.assertGreater(self.alive(client, "late"), COUNT * 0.95)
        self.assertLess(self.alive(client, "soon"), COUNT * 0.75)

    def test_volatile_policies_refuse_when_nothing_has_a_time(self):
        for policy in ("volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"):
            with self.subTest(policy):
                server, client = self.start(policy)
                self.store(client, "a")
                self.shorten(server, client, -500000)
                self.assertEqual(client.call("SET", "b", "v"), OOM)
                self.assertEqual(self.alive(client, "a"), COUNT)

    def test_a_lower_limit_evicts_at_once(self):
        server, client = self.start("allkeys-lru")
        self.store(client, "a")
        used = int(server.info("memory")["used_memory"])
        base = used - COUNT * 1000
        self.assertEqual(client.call("CONFIG", "SET", "maxmemory", base + COUNT * 500), b"OK")
        for _ in range(100):
            client.call("PING")
            if client.call("DBSIZE") < COUNT * 0.7:
                break
            time.sleep(0.02)
        self.assertLess(client.call("DBSIZE"), COUNT * 0.7)
        self.assertEqual(client.call("SET", "b", "v"), b"OK")

    def test_many_small_keys_stay_below_the_limit(self):
        server, client = self.start("allkeys-random", "--maxmemory", "6mb")
        for start in range(0, 500000, 50000):
            client.many((("SET", f"key:{i}", i) for i in range(start, start + 50000)), 2000)
            self.within(server, 6 << 20)
        self.assertGreater(self.evicted(server), 100000)


if __name__ == "__main__":
    main()
