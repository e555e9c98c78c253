#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A module is unloaded and its values stay: sealed, they live on as keys; loaded again, they open."""
import os
import pathlib
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Client, Error, Server, main  # noqa: E402
from test_stream import crc64  # noqa: E402
from test_upgrade import build  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parents[1]
BUILD = os.environ.get("top_builddir", str(HERE.parent))
MODULES = pathlib.Path(os.environ.get("KEYRACK_MODULES", BUILD + "/modules"))

# Modules that hold values and that nobody needs, each with calls that make some and one that reads.
FILL = {
    "hash": [("HSET", "{k}", *(f"f{j}" for j in range(8))), ("HSET", "{k}:big",
             *(f"f{j}" * 20 for j in range(400)))],
    "list": [("RPUSH", "{k}", *range(20)), ("RPUSH", "{k}:big", *(f"e{j}" * 9 for j in range(2000)))],
    "stream": [("XADD", "{k}", "1-1", "a", "b"), ("XGROUP", "CREATE", "{k}", "g", "0")],
}
READ = {"hash": ("HGETALL", "{k}"), "list": ("LRANGE", "{k}", "0", "-1"),
        "stream": ("XRANGE", "{k}", "-", "+")}


class Sealed(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.__exit__, None, None, None)
        self.client = self.connect()
        self.call = self.client.call

    def connect(self):
        client = Client((self.server.host, self.server.port))
        self.addCleanup(client.close)
        return client

    def fill(self, module, count=50):
        for i in range(count):
            for words in FILL[module]:
                self.call(*(str(word).replace("{k}", f"{module}{i}") for word in words))

    def read(self, module, i=0):
        return self.call(*(word.replace("{k}", f"{module}{i}") for word in READ[module]))

    def unload(self, module):
        self.assertEqual(self.call("MODULE", "UNLOAD", module), b"OK")

    def load(self, module):
        self.assertEqual(self.call("MODULE", "LOAD", str(MODULES / f"{module}.so")), b"OK")


class WhileItIsAway(Sealed):
    def test_keys_live_on(self):
        for module in FILL:
            with self.subTest(module):
                self.call("FLUSHALL")
                self.fill(module)
                key = f"{module}0"
                self.call("EXPIRE", key, 1000)
                dump, before = self.call("DUMP", key), self.read(module)
                size, digest = self.call("DBSIZE"), self.call("DEBUG", "DIGEST")
                self.unload(module)
                self.assertEqual(self.call("DBSIZE"), size)
                self.assertEqual(self.call("TYPE", key), module.encode())
                self.assertEqual(self.call("OBJECT", "ENCODING", key), b"sealed")
                self.assertGreater(self.call("MEMORY", "USAGE", key), 20)
                self.assertGreater(self.call("TTL", key), 900)
                self.assertEqual(self.call("DUMP", key), dump)
                self.assertEqual(self.call("COPY", key, "copy"), 1)
                self.assertEqual(self.call("RENAME", "copy", "other"), b"OK")
                self.assertEqual(self.call("MOVE", "other", 3), 1)
                self.assertEqual(self.call("DEL", f"{module}1"), 1)
                cursor, keys = self.call("SCAN", "0", "COUNT", "1000", "TYPE", module)
                self.assertEqual(len(keys), size - 1)
                self.assertIn(b"WRONGTYPE", self.call("GET", key))
                self.assertEqual(self.call("PEXPIRE", f"{module}2", 1), 1)
                time.sleep(0.05)
                self.assertEqual(self.call("EXISTS", f"{module}2"), 0)
                self.load(module)
                self.assertEqual(self.read(module), before)
                self.assertEqual(self.call("DUMP", key), dump)
                self.call("SELECT", 3)
                self.assertEqual(self.call(READ[module][0], "other", *READ[module][2:]), before)
                self.call("SELECT", 0)
                self.assertNotEqual(self.call("OBJECT", "ENCODING", f"{module}3"), b"sealed")
                self.call("FLUSHALL")
                self.fill(module)
                self.call("EXPIRE", key, 1000)
                if module != "stream":
                    self.assertEqual(self.call("DEBUG", "DIGEST"), digest)

    def test_a_dump_is_restored_while_it_is_away(self):
        for module in FILL:
            with self.subTest(module):
                self.fill(module, 1)
                big = READ[module][0], f"{module}0:big", *READ[module][2:]
                before, many = self.read(module), sorted(self.call(*big))
                dumps = [self.call("DUMP", f"{module}0"), self.call("DUMP", f"{module}0:big")]
                self.unload(module)
                self.assertEqual(self.call("RESTORE", f"{module}1", 0, dumps[0]), b"OK")
                self.assertEqual(self.call("DUMP", f"{module}1"), dumps[0])
                self.assertEqual(self.call("TYPE", f"{module}1"), module.encode())
                if dumps[1]:
                    self.assertEqual(self.call("RESTORE", f"{module}1:big", 77777, dumps[1]), b"OK")
                self.load(module)
                self.assertEqual(self.read(module, 1), before)
                # A big hash has no order of its own: it may still be growing.
                self.assertEqual(sorted(self.call(big[0], f"{module}1:big", *big[2:])), many)

    def test_what_was_restored_is_looked_at_when_it_opens(self):
        """Whatever the bytes are: the value opens, or stays sealed and can be deleted."""
        self.call("RPUSH", "l", *(f"e{i}" for i in range(40)))
        dump, opened = bytearray(self.call("DUMP", "l")), 0
        for at in range(3, len(dump) - 10, 3):
            dump[at] ^= 0x55
            dump[-8:] = crc64(bytes(dump[:-8])).to_bytes(8, "little")
            self.unload("list")
            restored = self.call("RESTORE", "r", 0, bytes(dump), "REPLACE")
            self.load("list")
            if restored != b"OK":  # it ends elsewhere, which is seen at once
                self.assertEqual(restored, b"ERR Bad data format")
                dump[at] ^= 0x55
                continue
            opened += 1
            answer = self.call("LRANGE", "r", 0, -1)
            if isinstance(answer, Error):
                self.assertIn(b"WRONGTYPE", answer)
                self.assertEqual(self.call("OBJECT", "ENCODING", "r"), b"sealed")
            self.assertEqual(self.call("DEL", "r"), 1)
            dump[at] ^= 0x55
        self.assertGreater(opened, 10)

    def test_all_open_again(self):
        for module in FILL:
            self.fill(module, 300)
        digest = self.call("DEBUG", "DIGEST")
        for _ in range(3):
            for module in FILL:
                self.unload(module)
            for module in FILL:
                self.load(module)
            self.assertEqual(self.call("DEBUG", "DIGEST"), digest)

    def test_its_commands_name_it(self):
        self.fill("hash", 3)
        self.call("XADD", "s", "1-1", "a", "b")
        self.call("DEL", "s")
        self.unload("hash")
        answer = self.call("HGET", "hash0", "f0")
        self.assertIsInstance(answer, Error)
        self.assertTrue(answer.startswith(b"NOMODULE "), answer)
        self.assertIn(b"'hash'", answer)
        self.call("MULTI")
        self.assertTrue(self.call("HGET", "hash0", "f0").startswith(b"NOMODULE "))
        self.assertIn(b"EXECABORT", self.call("EXEC"))
        self.assertIn(b"unknown command", self.call("HGOT", "hash0", "f0"))
        self.unload("stream")  # it has left nothing
        self.assertIn(b"unknown command", self.call("XLEN", "s"))
        self.load("hash")
        self.assertEqual(self.call("HGET", "hash0", "f0"), b"f1")

    def test_who_waits_has_an_error(self):
        self.call("RPUSH", "l", "x")
        client = self.connect()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(client.call("BLPOP", "empty", 0)))
        thread.start()
        time.sleep(0.2)
        self.unload("list")
        thread.join(5)
        self.assertTrue(answers[0].startswith(b"NOMODULE "), answers)
        self.assertEqual(client.call("PING"), b"PONG")

    def test_a_flush_takes_them(self):
        self.fill("hash", 700)
        self.unload("hash")
        self.call("FLUSHALL", "ASYNC")
        self.fill("list", 3)
        self.load("hash")
        self.fill("hash", 3)
        self.assertEqual(self.call("DBSIZE"), 12)

    def test_they_are_evicted(self):
        self.fill("hash", 300)
        self.unload("hash")
        before = self.call("DBSIZE")
        for policy in ("allkeys-lru", "allkeys-lfu", "allkeys-random"):
            self.call("CONFIG", "SET", "maxmemory-policy", policy)
            used = int(dict(line.split(b":", 1) for line in self.call("INFO", "memory").split(b"\r\n")
                            if b":" in line)[b"used_memory"])
            self.call("CONFIG", "SET", "maxmemory", used - 100000)
            self.call("SET", "s", "x")
            self.assertLess(self.call("DBSIZE"), before)
            before = self.call("DBSIZE")
        self.call("CONFIG", "SET", "maxmemory", 0)
        self.load("hash")
        self.assertEqual(self.call("DBSIZE"), before)

    def test_databases_may_be_swapped_meanwhile(self):
        self.fill("hash", 600)
        digest = self.call("DEBUG", "DIGEST")
        other = self.connect()
        for _ in range(4):
            other.send("MODULE", "UNLOAD", "hash")
            for _ in range(20):
                self.call("SWAPDB", 0, 1)
            self.assertEqual(other.read().value, b"OK")
            self.load("hash")
            for _ in range(20):
                self.call("SWAPDB", 0, 1)
        self.assertEqual(self.call("DEBUG", "DIGEST"), digest)
        self.assertEqual(self.read("hash", 599), self.read("hash", 0))

    def test_a_snapshot_has_the_same_values(self):
        """And so has an append-only file, which begins with one."""
        for module in FILL:
            self.fill(module, 40)
        self.call("EXPIRE", "hash7", 1000)
        digest = self.call("DEBUG", "DIGEST")
        dumps = [self.call("DUMP", f"{module}{i}") for module in FILL for i in range(40)]
        for module in FILL:
            self.unload(module)
        self.assertEqual(self.call("SAVE"), b"OK")
        self.server.kill()
        self.server.expect_status = 0
        self.server.start()
        self.client = self.connect()
        self.call = self.client.call
        self.assertEqual(self.call("DEBUG", "DIGEST"), digest)
        self.assertGreater(self.call("TTL", "hash7"), 900)
        for module in FILL:
            self.unload(module)
        self.assertEqual([self.call("DUMP", f"{module}{i}") for module in FILL for i in range(40)],
                         dumps)

    def test_fields_expire_when_it_is_back(self):
        self.call("HSET", "h", "a", "1", "b", "2")
        self.call("HPEXPIRE", "h", 300, "FIELDS", 1, "a")
        self.unload("hash")
        self.load("hash")
        time.sleep(0.6)  # nobody has touched it
        self.assertEqual(self.call("HLEN", "h"), 1)
        self.assertEqual(self.call("HGETALL", "h"), [b"b", b"2"])

    def test_the_server_ends_while_values_are_sealed(self):
        self.fill("hash", 1000)
        self.client.send("MODULE", "UNLOAD", "hash")


class ASnapshotWithoutItsModules(unittest.TestCase):
    """Types with codes of their own: their values load sealed, too."""

    FILL = [("RPUSH", "list", *range(9)), ("RPUSH", "list:big", *(f"e{i}" * 9 for i in range(3000))),
            ("HSET", "hash", "f", "v"), ("HSET", "hash:big", *(f"f{i}" * 20 for i in range(4000))),
            ("HSET", "hash:due", *"abcdef"), ("HPEXPIRE", "hash:due", 10 ** 7, "FIELDS", 1, "a"),
            ("HSET", "hash:big:due", *(f"f{i}" * 20 for i in range(4000))),
            ("HPEXPIRE", "hash:big:due", 10 ** 7, "FIELDS", 1, "f0" * 20),
            ("SADD", "set:numbers", *range(50)), ("SADD", "set:small", *"abc"),
            ("SADD", "set:big", *(f"m{i}" * 9 for i in range(3000))),
            ("ZADD", "zset", 1, "a", 2, "b"),
            ("ZADD", "zset:big", *(x for i in range(3000) for x in (i / 7, f"m{i}" * 9))),
            ("XADD", "stream", "1-1", "a", "b"), ("XADD", "stream", "2-1", "a", "b"),
            ("XGROUP", "CREATE", "stream", "g", "0"),
            ("XREADGROUP", "GROUP", "g", "c", "COUNT", 1, "STREAMS", "stream", ">"),
            ("XGROUP", "CREATE", "stream:empty", "g", "$", "MKSTREAM"),
            ("PFADD", "sketch", "a"), ("SET", "string", "x" * 500)]
    # Enough to have a snapshot, and none of the types but strings.
    WITHOUT = ("--load-modules", "aof connection directives keys rdb server string")

    def test_they_are_carried_along(self):
        with tempfile.TemporaryDirectory(prefix="keyrack-seal.") as folder:
            with Server("--dir", folder, "--enable-debug-command", "yes") as server, \
                    server.client() as client:
                for words in self.FILL:
                    self.assertNotIsInstance(client.call(*words), Error, words[:2])
                client.call("PEXPIRE", "hash", 10 ** 7)
                keys = sorted(client.call("KEYS", "*"))
                digest = client.call("DEBUG", "DIGEST")
                dumps = [client.call("DUMP", key) for key in keys]
                self.assertEqual(client.call("SAVE"), b"OK")
            with Server("--dir", folder, "--enable-debug-command", "yes", *self.WITHOUT) as server, \
                    server.client() as client:
                self.assertEqual(sorted(client.call("KEYS", "*")), keys)
                self.assertEqual([client.call("DUMP", key) for key in keys], dumps)
                self.assertEqual(client.call("GET", "string"), b"x" * 500)
                self.assertEqual(client.call("OBJECT", "ENCODING", "stream"), b"sealed")
                self.assertEqual(client.call("SAVE"), b"OK")
                for name in ("set", "zset", "list", "hash", "stream"):
                    self.assertEqual(client.call("MODULE", "LOAD", str(MODULES / f"{name}.so")), b"OK")
                self.assertEqual(client.call("TYPE", "zset:big"), b"zset")
                self.assertEqual(client.call("HGET", "hash", "f"), b"v")
                self.assertEqual(client.call("LLEN", "list:big"), 3000)
                self.assertEqual(client.call("DEBUG", "DIGEST"), digest)
            with Server("--dir", folder, "--enable-debug-command", "yes") as server, \
                    server.client() as client:
                self.assertEqual(client.call("DEBUG", "DIGEST"), digest)
                self.assertGreater(client.call("PTTL", "hash"), 10 ** 6)


class ASnapshotOfAStranger(unittest.TestCase):
    """A snapshot with values of a module that is not there: they load sealed, are saved again as they
    were, and open when the module comes."""

    def test_it_goes_round(self):
        with tempfile.TemporaryDirectory(prefix="keyrack-seal.") as folder:
            one = build(pathlib.Path(folder), "one", "tide.c")
            with Server("--dir", folder) as server, server.client() as client:
                if client.call("SAVE") != b"OK":
                    self.skipTest("nothing saves snapshots here")
                self.assertEqual(client.call("MODULE", "LOAD", one), b"OK")
                client.many([("TIDE.SET", f"k{i}", i) for i in range(30000)])
                client.call("EXPIRE", "k7", 1000)
                dump = client.call("DUMP", "k7")
                self.assertEqual(client.call("SAVE"), b"OK")
            first = (pathlib.Path(folder) / "dump.rdb").read_bytes()
            with Server("--dir", folder) as server, server.client() as client:
                self.assertEqual(client.call("DBSIZE"), 30000)
                self.assertEqual(client.call("TYPE", "k7"), b"tide--kr1")
                self.assertEqual(client.call("DUMP", "k7"), dump)
                self.assertGreater(client.call("TTL", "k7"), 900)
                self.assertEqual(client.call("SAVE"), b"OK")
                self.assertEqual(len((pathlib.Path(folder) / "dump.rdb").read_bytes()), len(first))
                self.assertEqual(client.call("MODULE", "LOAD", one), b"OK")
                self.assertEqual(client.call("TYPE", "k7"), b"tide")
                self.assertEqual(client.many([("TIDE.GET", f"k{i}") for i in range(30000)]),
                                 list(range(30000)))
                self.assertEqual(client.call("DUMP", "k7"), dump)


if __name__ == "__main__":
    main()
