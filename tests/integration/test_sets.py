#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sets where comparing replies cannot tell: chance, what is journalled, saved bytes, <kr/set.h>.

Random parts print their seed; KEYRACK_SEED sets it."""
import os
import pathlib
import random
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Error, Server, main  # noqa: E402
from support.resp import replies_in  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parents[1]
SEED = int(os.environ.get("KEYRACK_SEED") or random.randrange(1 << 32))
print(f"sets: seed {SEED}")

LISTPACK = [b"m%d" % n for n in range(20)]
INTSET = [b"%d" % (n * 1000) for n in range(20)]
TABLE = [b"m%d" % n for n in range(19)] + [b"x" * 100]
LARGE = [b"member:%d" % n for n in range(1000)]
KINDS = {b"listpack": LISTPACK, b"intset": INTSET, b"hashtable": TABLE}


class OfSets(unittest.TestCase):
    """A server, and a module that uses sets."""

    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-sets."))
        compiler = [word for word in shlex.split(os.environ.get("CC", "cc")) if word != "ccache"]
        subprocess.run([compiler[0], "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                        f"-I{HERE.parent}/api", "-o", str(cls.dir / "sets.so"),
                        str(HERE / "abi" / "sets.c")], check=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def setUp(self):
        self.server = Server("--enable-debug-command", "yes")
        self.addCleanup(self.server.__exit__, None, None, None)
        self.client = self.server.client(timeout=60)
        self.addCleanup(self.client.close)
        self.call = self.client.call
        self.rng = random.Random(SEED)
        self.assertEqual(self.call("MODULE", "LOAD", self.dir / "sets.so"), b"OK")

    def make(self, key, members):
        self.call("DEL", key)
        for at in range(0, len(members), 100):
            self.assertEqual(self.call("SADD", key, *members[at:at + 100]),
                             len(members[at:at + 100]))

    def members(self, key):
        got = self.call("SMEMBERS", key)
        self.assertEqual(len(got), len(set(got)))
        return set(got)

    def encoding(self, key):
        return self.call("OBJECT", "ENCODING", key)


class Chance(OfSets):
    def must_be_fair(self, counts, members, what):
        """Chi square: with k cells it is k - 1 on average, its deviation sqrt(2 (k - 1)).  Six of
        them is less than once in a million runs."""
        draws = sum(counts.values())
        expected = draws / len(members)
        self.assertGreaterEqual(expected, 20, "too few draws to tell anything")
        self.assertLessEqual(set(counts), set(members))
        chi = sum((counts.get(m, 0) - expected) ** 2 / expected for m in members)
        free = len(members) - 1
        self.assertLess(chi, free + 6 * (2 * free) ** 0.5, f"{what}: {counts}")

    def kinds(self):
        for encoding, members in KINDS.items():
            self.make("k", members)
            self.assertEqual(self.encoding("k"), encoding)
            yield encoding, members
        self.make("k", LARGE)
        yield b"large", LARGE

    def count(self, replies):
        counts = {}
        for reply in replies:
            for member in reply if isinstance(reply, list) else [reply]:
                counts[member] = counts.get(member, 0) + 1
        return counts

    def test_srandmember_of_one(self):
        for encoding, members in self.kinds():
            draws = 40 * len(members)
            replies = self.client.many((("SRANDMEMBER", "k") for _ in range(draws)), 500)
            self.must_be_fair(self.count(replies), members, encoding)

    def test_srandmember_with_repetition(self):
        for encoding, members in self.kinds():
            for many in (1, 3, 50, 40 * len(members)):
                rounds = max(1, 40 * len(members) // many)
                replies = self.client.many(
                    (("SRANDMEMBER", "k", -many) for _ in range(rounds)), 100)
                self.assertTrue(all(len(reply) == many for reply in replies))
                self.must_be_fair(self.count(replies), members, (encoding, many))

    def test_srandmember_without_repetition(self):
        for encoding, members in self.kinds():
            for share in (0.1, 0.3, 0.5, 0.95):
                many = int(share * len(members))
                rounds = 60 * len(members) // many
                replies = self.client.many(
                    (("SRANDMEMBER", "k", many) for _ in range(rounds)), 50)
                for reply in replies:
                    self.assertEqual(len(set(reply)), many)
                self.must_be_fair(self.count(replies), members, (encoding, share))

    def test_pairs_are_as_likely_as_each_other(self):
        for encoding, members in self.kinds():
            if len(members) > 100:
                continue
            counts = {}
            for reply in self.client.many((("SRANDMEMBER", "k", 2) for _ in range(8000)), 500):
                pair = tuple(sorted(reply))
                counts[pair] = counts.get(pair, 0) + 1
            pairs = [tuple(sorted((a, b))) for a in members for b in members if a < b]
            self.must_be_fair(counts, pairs, encoding)

    def test_spop(self):
        for encoding, members in list(KINDS.items()):
            for many in (1, 2, 10, 17, 19):
                rounds = 60 * len(members) // many
                calls = []
                for _ in range(rounds):
                    calls += [("DEL", "k"), ("SADD", "k", *members),
                              ("SPOP", "k", many) if many > 1 else ("SPOP", "k"),
                              ("SMEMBERS", "k")]
                replies = self.client.many(calls, 400)
                popped, left = replies[2::4], replies[3::4]
                for gone, stay in zip(popped, left):
                    gone = gone if isinstance(gone, list) else [gone]
                    self.assertEqual(len(set(gone)), many)
                    self.assertEqual(set(gone) | set(stay), set(members))
                    self.assertEqual(len(stay), len(members) - many)
                self.must_be_fair(self.count(popped), members, (encoding, many))

    def test_spop_of_a_large_set(self):
        counts = {}
        for many in (10, 700, 990):
            self.make("k", LARGE)
            for _ in range(30 * len(LARGE) // many):
                gone = self.call("SPOP", "k", many)
                self.assertEqual(len(set(gone)), many)
                self.assertEqual(self.members("k") | set(gone), set(LARGE))
                self.assertEqual(self.call("SCARD", "k"), len(LARGE) - many)
                self.call("SADD", "k", *gone)
                for member in gone:
                    counts[member] = counts.get(member, 0) + 1
        self.must_be_fair(counts, LARGE, "large")

    def test_what_stays_keeps_its_expiry(self):
        for members in (LISTPACK, INTSET, TABLE):
            self.make("k", members)
            self.call("EXPIRE", "k", 1000)
            self.call("SPOP", "k", 19)
            self.assertGreater(self.call("TTL", "k"), 900)


class TheJournal(OfSets):
    def effects(self, *words):
        self.call("SETS.JOURNAL")
        reply = self.call(*words)
        self.assertNotIsInstance(reply, Error)
        return reply, [effect for effect in self.call("SETS.JOURNAL")
                       if effect[0] not in (b"MULTI", b"EXEC")]

    def test_spop_of_one_is_a_removal(self):
        for members in KINDS.values():
            self.make("k", members)
            popped, effects = self.effects("SPOP", "k")
            self.assertEqual(effects, [[b"SREM", b"k", popped]])
        self.make("k", [b"a"])
        self.assertEqual(self.effects("SPOP", "k")[1], [[b"SREM", b"k", b"a"]])
        self.assertEqual(self.effects("SPOP", "k")[1], [])

    def test_spop_of_several_is_removals_of_these(self):
        for members in (*KINDS.values(), LARGE):
            for many in (1, 5, len(members) // 2, len(members) - 1):
                self.make("k", members)
                popped, effects = self.effects("SPOP", "k", many)
                self.assertEqual(len(effects), 1)
                self.assertEqual(effects[0][:2], [b"SREM", b"k"])
                self.assertEqual(set(effects[0][2:]), set(popped))
        large = [b"%d-" % n for n in range(5000)]
        for many in (3000, 4900):
            self.make("k", large)
            popped, effects = self.effects("SPOP", "k", many)
            self.assertEqual(len(effects), (many + 1023) // 1024)
            self.assertEqual([m for effect in effects for m in effect[2:]], popped)

    def test_spop_of_all_is_a_deletion(self):
        for members in (*KINDS.values(), LARGE):
            for many in (len(members), 100000):
                self.make("k", members)
                self.assertEqual(self.effects("SPOP", "k", many)[1], [[b"DEL", b"k"]])

    def test_what_changes_nothing_is_not_told(self):
        self.make("k", LISTPACK)
        for words in (("SADD", "k", "m1"), ("SREM", "k", "nosuch"), ("SMOVE", "k", "l", "nosuch"),
                      ("SMOVE", "k", "k", "m1"), ("SPOP", "k", 0), ("SPOP", "nosuch", 5),
                      ("SINTERSTORE", "nosuch", "k", "nosuch"), ("SRANDMEMBER", "k", 5)):
            self.assertEqual(self.effects(*words)[1], [], words)

    def test_others_are_as_typed(self):
        self.make("k", LISTPACK)
        for words in (("SADD", "k", "new", "m1"), ("SREM", "k", "new", "nosuch"),
                      ("SMOVE", "k", "l", "m1"), ("SUNIONSTORE", "d", "k", "l"),
                      ("SDIFFSTORE", "d", "nosuch", "k")):
            typed = [word.encode() for word in words]
            self.assertEqual(self.effects(*words)[1], [typed])


def length(n):
    return bytes([n]) if n < 64 else bytes([0x40 | n >> 8, n & 255]) if n < 16384 \
        else b"\x80" + struct.pack(">I", n)


def string(data):
    return length(len(data)) + data


def intset(width, numbers):
    kind = {2: "h", 4: "i", 8: "q"}[width]
    return struct.pack("<II", width, len(numbers)) + struct.pack(f"<{len(numbers)}{kind}", *numbers)


def listpack(members):
    body = b""
    for member in members:
        entry = bytes([0x80 | len(member)]) + member
        body += entry + bytes([len(entry)])
    return struct.pack("<IH", 7 + len(body), len(members)) + body + b"\xff"


class SavedBytes(OfSets):
    def test_a_set_comes_back_as_it_was(self):
        wide = [b"%d" % (n << 40) for n in range(-100, 100)]
        long = [b"m%d" % n + b"y" * (n % 90) for n in range(3000)]
        for members in (*KINDS.values(), LARGE, wide, long, [b""], [b"0"], [b"\x00" * 70]):
            self.make("k", members)
            saved = self.call("SETS.SAVE", "k")
            self.assertIn(saved[0], (2, 11))
            self.assertEqual(self.call("SETS.LOAD", "back", saved), 1)
            self.assertEqual(self.members("back"), set(members))
            self.assertEqual(self.encoding("back"), self.encoding("k"))
            self.assertEqual(*self.call("DEBUG", "DIGEST-VALUE", "k", "back"))
            self.assertEqual(self.call("SADD", "back", *members[:200]), 0)

    def test_a_rewrite_builds_it(self):
        for members in (*KINDS.values(), LARGE):
            self.make("k", members)
            commands = [reply.value for reply in replies_in(self.call("SETS.REWRITE", "k"))]
            self.assertEqual(len(commands), (len(members) + 63) // 64)
            digest = self.call("DEBUG", "DIGEST-VALUE", "k")
            self.call("DEL", "k")
            for words in commands:
                self.call(*words)
            self.assertEqual(self.call("DEBUG", "DIGEST-VALUE", "k"), digest)

    def test_other_forms_are_read(self):
        words = [b"m%d" % n for n in range(128)]
        for code, data, members, encoding in (
                (11, intset(8, [1, 2, 3]), [b"1", b"2", b"3"], b"intset"),
                (11, intset(2, range(600)), [b"%d" % n for n in range(600)], b"hashtable"),
                (20, listpack(words), words, b"listpack"),
                (20, listpack(words + [b"more"]), words + [b"more"], b"hashtable"),
                # numbers as text: not canonical, as Redis never writes it
                (20, listpack([b"1", b"2", b"a"]), [b"1", b"2", b"a"], b"listpack")):
            self.assertEqual(self.call("SETS.LOAD", "k", bytes([code]) + string(data)), 1)
            self.assertEqual(self.members("k"), set(members))
            self.assertEqual(self.encoding("k"), encoding)
            self.assertEqual(self.call("SADD", "k", *members), 0)
            for member in members[::7]:
                self.assertEqual(self.call("SISMEMBER", "k", member), 1)

    def test_strange_bytes_are_refused_whole(self):
        refused = [
            b"\x02", b"\x02\x00", b"\x02" + length(2) + string(b"a"),
            b"\x02" + length(2) + string(b"a") * 2, b"\x02" + length(3) + b"\xc0\x05" * 2 + b"\x01x",
            b"\x02" + b"\x81" + b"\xff" * 8 + string(b"a"),
            b"\x0b" + string(b""), b"\x0b" + string(intset(2, [])),
            b"\x0b" + string(intset(2, [2, 1])), b"\x0b" + string(intset(2, [1, 1])),
            b"\x0b" + string(intset(2, [1])[:-1]), b"\x0b" + string(struct.pack("<IIh", 3, 1, 1)),
            b"\x14" + string(b""), b"\x14" + string(listpack([])),
            b"\x14" + string(listpack([b"a", b"a"])), b"\x14" + string(listpack([b"a", b"b"])[:-1]),
            b"\x14" + string(listpack([b"1", b"01", b"1"]))]
        for data in refused:
            self.assertIsInstance(self.call("SETS.LOAD", "k", data), Error, data)
            self.assertEqual(self.call("EXISTS", "k"), 0)

    def test_spoiled_bytes_do_no_harm(self):
        sources = []
        for members in (LISTPACK, INTSET, TABLE):
            self.make("k", members)
            sources.append(self.call("SETS.SAVE", "k"))
        sources.append(b"\x14" + string(listpack(LISTPACK)))
        calls = []
        for _ in range(4000):
            data = bytearray(self.rng.choice(sources))
            for _ in range(self.rng.randint(1, 4)):
                data[self.rng.randrange(1, len(data))] = self.rng.randrange(256)
            if self.rng.random() < 0.3:
                del data[self.rng.randrange(1, len(data)):]
            calls += [("SETS.LOAD", "k", bytes(data)), ("SMEMBERS", "k"), ("SPOP", "k"),
                      ("SADD", "k", "m1", "5")]
        for reply in self.client.many(calls, 400)[1::4]:
            self.assertEqual(len(reply), len(set(reply)))
        self.assertEqual(self.call("PING"), b"PONG")


class TheInterface(OfSets):
    def test_a_walk_gives_every_member_once(self):
        for members in (*KINDS.values(), LARGE, LARGE[:31], LARGE[:32], LARGE[:33], INTSET[:1]):
            self.make("k", members)
            got = self.call("SETS.MEMBERS", "k")
            self.assertEqual(sorted(got), sorted(members))

    def test_put_makes_a_set_of_what_is_named(self):
        self.call("SET", "k", "string")
        for members in (*KINDS.values(), LARGE):
            self.assertEqual(self.call("SETS.PUT", "k", *members, *members[:5]), len(members))
            self.assertEqual(self.members("k"), set(members))
        self.assertEqual(self.call("SETS.PUT", "k", "1", "2"), 2)
        self.assertEqual(self.encoding("k"), b"intset")

    def test_members_are_added_and_removed(self):
        model = {b"0"}
        self.call("SETS.PUT", "k", "0")
        for _ in range(3000):
            member = self.rng.choice((b"%d", b"m%d", b"long" * 20 + b"%d")) \
                % self.rng.randrange(300)
            word = self.rng.choice(("SETS.ADD", "SETS.ADD", "SETS.REMOVE", "SETS.HAS"))
            if word == "SETS.REMOVE" and model == {member}:
                continue
            want = (member in model) ^ (word == "SETS.ADD")
            self.assertEqual(self.call(word, "k", member), want)
            if word == "SETS.ADD":
                model.add(member)
            elif word == "SETS.REMOVE":
                model.discard(member)
        self.assertEqual(self.members("k"), model)
        for member in model:
            self.assertEqual(self.call("SETS.REMOVE", "k", member), 1)
        self.assertEqual(self.call("EXISTS", "k"), 0)

    def test_what_is_no_set_is_refused(self):
        self.call("SET", "s", "string")
        self.assertIn(b"WRONGTYPE", self.call("SETS.MEMBERS", "s"))


if __name__ == "__main__":
    main()
