#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Hashes where comparing replies cannot tell: <kr/hash.h>, what is journalled, how chance falls.

Random parts print their seed; KEYRACK_SEED sets it."""
import collections
import os
import pathlib
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Server, main  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parents[1]
SEED = int(os.environ.get("KEYRACK_SEED") or random.randrange(1 << 32))
FAR = 4102444800000  # ms: 1 January 2100
print(f"hashes: seed {SEED}")


class WithModule(unittest.TestCase):
    module = None

    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-hashes."))
        compiler = [word for word in shlex.split(os.environ.get("CC", "cc")) if word != "ccache"]
        subprocess.run([compiler[0], "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                        f"-I{HERE.parent}/api", "-o", str(cls.dir / f"{cls.module}.so"),
                        str(HERE / "abi" / f"{cls.module}.c")], check=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def setUp(self):
        self.server = Server("--enable-debug-command", "yes")
        self.addCleanup(self.server.__exit__, None)
        self.client = self.server.client(timeout=60)
        self.addCleanup(self.client.close)
        self.call = self.client.call
        self.rng = random.Random(SEED)
        self.assertEqual(self.call("MODULE", "LOAD", self.dir / f"{self.module}.so"), b"OK")


class Offered(WithModule):
    """What another module sees of hashes."""
    module = "hashes"

    def walk(self, key):
        words = self.call("HASHES.WALK", key)
        return list(zip(words[::2], words[1::2]))

    def test_a_walk_gives_every_field_once(self):
        for count, value in ((1, b"v"), (5, b"5"), (40, b"-7"), (64, b"x"), (500, b"x"), (513, b"v"),
                             (5000, b"v"), (3, b"x" * 100)):
            self.call("DEL", "h")
            fields = [b"%d" % i if i % 3 else b"field:%d" % i for i in range(count)]
            self.call("HSET", "h", *[word for f in fields for word in (f, value)])
            walked = self.walk("h")
            self.assertEqual(sorted(walked), sorted((f, value) for f in fields), count)
            self.assertEqual(self.call("HASHES.COUNT", "h"), count)

    def test_what_is_over_is_not_there(self):
        self.call("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        for extra in ((), ("long", "x" * 100)):
            self.call("DEL", "h")
            self.call("HSET", "h", "a", 1, "b", 2, "c", 3, *extra)
            self.call("HPEXPIRE", "h", 1, "FIELDS", 2, "a", "c")
            self.call("HPEXPIREAT", "h", FAR, "FIELDS", 1, "b")
            time.sleep(0.01)
            self.assertEqual(sorted(f for f, _ in self.walk("h")), sorted([b"b"] + [
                word.encode() for word in extra[:1]]))
            self.assertIsNone(self.call("HASHES.GET", "h", "a"))
            self.assertEqual(self.call("HASHES.GET", "h", "b"), [b"2", FAR])
            self.assertEqual(self.call("HASHES.REMOVE", "h", "a"), 0)
            self.assertEqual(self.call("HASHES.EXPIRE", "h", "c", FAR), 0)
            self.assertEqual(self.call("HASHES.SET", "h", "c", 4), 1)
            self.assertEqual(self.call("HASHES.GET", "h", "c"), [b"4", None])

    def test_times_are_set_and_taken(self):
        for extra in ((), ("long", "x" * 100)):
            self.call("DEL", "h")
            self.call("HSET", "h", "a", 1, "b", 2, *extra)
            self.assertEqual(self.call("HASHES.EXPIRE", "h", "a", FAR), 1)
            self.assertEqual(self.call("HASHES.EXPIRE", "h", "nosuch", FAR), 0)
            self.assertEqual(self.call("HPEXPIRETIME", "h", "FIELDS", 2, "a", "b"), [FAR, -1])
            self.assertEqual(self.call("HASHES.EXPIRE", "h", "a", -1), 1)
            self.assertEqual(self.call("HPEXPIRETIME", "h", "FIELDS", 1, "a"), [-1])
            self.call("HASHES.EXPIRE", "h", "b", 0)
            end = time.time() + 10
            while self.call("HASHES.COUNT", "h") != 1 + len(extra) // 2 and time.time() < end:
                time.sleep(0.01)
            self.assertEqual(self.call("HGET", "h", "a"), b"1")
            self.assertIsNone(self.call("HGET", "h", "b"))

    def test_put_set_and_remove_agree_with_a_model(self):
        for limit in (3, 512):
            self.call("CONFIG", "SET", "hash-max-listpack-entries", limit)
            model = {}
            for _ in range(2000):
                field = b"f%d" % self.rng.randrange(8)
                value = self.rng.choice((b"", b"5", b"x" * 64, b"x" * 65 if limit == 3 else b"y"))
                kind = self.rng.randrange(8)
                if kind == 0 or not model:
                    pairs = [b"a", b"1", field, value, b"a", b"2"]
                    model = {b"a": b"2", field: value}
                    self.assertEqual(self.call("HASHES.PUT", "h", *pairs), len(model))
                elif kind < 5:
                    self.assertEqual(self.call("HASHES.SET", "h", field, value),
                                     int(field not in model))
                    model[field] = value
                else:
                    self.assertEqual(self.call("HASHES.REMOVE", "h", field), int(field in model))
                    model.pop(field, None)
                self.assertEqual(dict(self.walk("h")) if model else {}, model)
                self.assertEqual(self.call("EXISTS", "h"), int(bool(model)))

    def test_put_replaces_what_was_there_its_expiry_and_its_times(self):
        self.call("SET", "h", "string", "EX", 1000)
        self.call("HASHES.PUT", "h", "a", "1")
        self.assertEqual(self.call("TTL", "h"), -1)
        self.call("HPEXPIRE", "h", 30, "FIELDS", 1, "a")
        self.call("HASHES.PUT", "h", "a", "2")
        time.sleep(0.1)
        self.assertEqual(self.call("HGETALL", "h"), [b"a", b"2"])


class Journal(WithModule):
    """What was done stands in the journal, not how it was asked for."""
    module = "diary"

    def expect(self, *effects):
        self.assertEqual(self.call("DIARY.READ"), [line.encode().split() for line in effects])

    def test_commands_as_typed(self):
        self.call("HSET", "h", "a", 1, "b", 2)
        self.call("HSETNX", "h", "a", 1)
        self.call("HSETNX", "h", "c", 1)
        self.call("HINCRBY", "h", "a", 5)
        self.call("HDEL", "h", "x")
        self.call("HDEL", "h", "a", "x")
        self.expect("HSET h a 1 b 2", "HSETNX h c 1", "HINCRBY h a 5", "HDEL h a x")

    def test_a_sum_is_journalled_as_such_and_its_time_again(self):
        self.call("HINCRBYFLOAT", "h", "f", "0.5")
        self.call("HPEXPIREAT", "h", FAR, "FIELDS", 1, "f")
        self.call("DIARY.READ")
        self.call("HINCRBYFLOAT", "h", "f", "0.25")
        self.expect("HSET h f 0.75", f"HPEXPIREAT h {FAR} FIELDS 1 f")

    def test_times_are_moments_and_only_for_those_who_took_them(self):
        self.call("HSET", "h", "a", 1, "b", 2, "c", 3)
        self.call("HPEXPIREAT", "h", FAR, "FIELDS", 1, "a")
        self.call("DIARY.READ")
        self.call("HEXPIREAT", "h", FAR // 1000 + 1, "NX", "FIELDS", 4, "a", "b", "nosuch", "c")
        self.call("HEXPIREAT", "h", FAR // 1000 + 1, "NX", "FIELDS", 1, "a")
        self.call("HEXPIREAT", "h", 1, "FIELDS", 2, "nosuch", "b")
        self.call("HPERSIST", "h", "FIELDS", 2, "a", "b")
        self.call("HPERSIST", "h", "FIELDS", 1, "a")
        self.expect(f"HPEXPIREAT h {FAR + 1000} FIELDS 2 b c", "HDEL h b",
                    "HPERSIST h FIELDS 2 a b")

    def test_what_expires_by_itself_is_deleted(self):
        for extra in ((), ("long", "x" * 100)):
            self.call("HSET", "h", "a", 1, "b", 2, "c", 3, *extra)
            self.call("HPEXPIRE", "h", 20, "FIELDS", 1, "c")
            self.call("HPEXPIRE", "h", 10, "FIELDS", 2, "b", "a")
            time.sleep(0.5)
            effects = [line for line in self.call("DIARY.READ") if line[0] == b"HDEL"]
            self.assertEqual(sorted(word for line in effects for word in line[2:]),
                             [b"a", b"b", b"c"])
            self.assertEqual(effects[-1][-1], b"c")
            self.call("DEL", "h")
            self.call("DIARY.READ")

    def test_who_writes_to_what_is_over_deletes_it_first(self):
        self.call("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        for extra in ((), ("long", "x" * 100)):
            self.call("HSET", "h", "a", 1, "b", 2, "c", 3, *extra)
            self.call("HPEXPIRE", "h", 1, "FIELDS", 3, "a", "b", "c")
            time.sleep(0.01)
            self.call("DIARY.READ")
            self.call("HINCRBY", "h", "a", 5)
            self.call("HEXPIRE", "h", 100, "FIELDS", 1, "b")
            self.call("HSETNX", "h", "c", 7)
            self.expect("HDEL h a", "HINCRBY h a 5", "HDEL h b", "HDEL h c", "HSETNX h c 7")
            self.call("DEL", "h")
            self.call("DIARY.READ")


class Chance(unittest.TestCase):
    """HRANDFIELD: within six standard deviations."""
    ROUNDS = 6000

    def fair(self, client, count, fields, picks):
        seen = collections.Counter()
        replies = client.many(((("HRANDFIELD", "h", count)) for _ in range(self.ROUNDS)), 1000)
        for reply in replies:
            self.assertEqual(len(reply), abs(count))
            if count > 0:
                self.assertEqual(len(set(reply)), count)
            seen.update(reply)
        expected = self.ROUNDS * picks / fields
        self.assertEqual(len(seen), fields)
        for field, times in seen.items():
            self.assertLess((times - expected) ** 2, 36 * expected, field)

    def test_every_field_has_the_same_chance(self):
        with Server() as server, server.client(timeout=60) as client:
            for extra in ((), ("long", "x" * 100)):
                client.call("DEL", "h")
                client.call("HSET", "h", *[word for i in range(20) for word in (f"f{i}", i)], *extra)
                for count in (1, 2, 15, -1, -7):
                    self.fair(client, count, 20 + len(extra) // 2, abs(count))


if __name__ == "__main__":
    main()
