#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""RESTORE of anything: dumps with a few bytes changed, cut, doubled or put together anew.

The checksum keeps accidents out, not intent, so it is switched off here.  Whatever comes, it is an
error or a value that can be read, dumped, restored and deleted, and the server stays; build it with
sanitizers to see each byte read too many.

RESTORE_SEED repeats a run, RESTORE_COUNT says how many payloads each type gets.
"""
import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Error, WithServer, knows, main, values  # noqa: E402

SEED = int(os.environ.get("RESTORE_SEED") or random.randrange(1 << 31))
COUNT = int(os.environ.get("RESTORE_COUNT", "400"))
FOOTER = b"\x0c\x00" + bytes(8)

# The forms of older servers: code and value.
OLD_FORMS = [
    b"\x0a\x0f\x0f\0\0\0\x0c\0\0\0\2\0\0\xf3\2\xf6\xff",
    b"\x0a\x48\x47\0\0\0\x3c\0\0\0\x0c\0\0\xf1\2\xfd\2\xfe\x0d\3\xfe\x80\3\xc0\xff\x7f\4\xc0\0\x80"
    b"\4\xf0\xff\xff\x7f\5\xf0\0\0\x80\5\xd0\xff\xff\xff\x7f\6\xd0\0\0\0\x80"
    b"\6\xe0\xff\xff\xff\xff\xff\xff\xff\x7f\x0a\xe0\0\0\0\0\0\0\0\x80\xff",
    b"\x0d\x1b\x1b\0\0\0\x16\0\0\0\4\0\0\2f1\4\2v1\4\2f2\4\2v2\xff",
    b"\x0c\x19\x19\0\0\0\x16\0\0\0\4\0\0\3one\5\xf2\2\3two\5\xf3\xff",
    b"\x0e\2\x0f\x0f\0\0\0\x0c\0\0\0\2\0\0\xf3\2\xf6\xff\x0f\x0f\0\0\0\x0c\0\0\0\2\0\0\xf3\2\xf6\xff",
    b"\x09\x10\2\2f1\2\0v1\2f2\2\3v2\0\0\0\xff",
    b"\1\3\1a\xc0\5\1b", b"\2\3\1a\xc0\5\1b", b"\3\2\1a\0011\1b\xfe", b"\4\2\1f\1v\1g\1w",
    b"\x0e\1\x0b\x0b\0\0\0\x0a\0\0\0\0\0\xff",
]

# Hashes whose field f expires in 2100, as Redis 7.4 and its candidates write them.
TIMED = b"\x1f\0\0\0\6\0\x81f\2\x81v\2\xf4\0\xd8\xc3\x2c\xbb\3\0\0\x09\x81g\2\x81w\2\0\1\xff"
FIRST = b"\0\xd8\xc3\x2c\xbb\3\0\0"
OLD_FORMS += [
    b"\x19" + FIRST + bytes([len(TIMED)]) + TIMED, b"\x17" + bytes([len(TIMED)]) + TIMED,
    b"\x18" + FIRST + b"\2\1\1f\1v\0\1g\1w", b"\x16\2\x81" + FIRST[::-1] + b"\1f\1v\0\1g\1w",
]

READS = {
    b"string": [("GET", "k"), ("STRLEN", "k"), ("GETRANGE", "k", 1, 5)],
    b"list": [("LRANGE", "k", 0, -1), ("LINDEX", "k", -1), ("LPOP", "k"), ("RPUSH", "k", "x"),
              ("LREM", "k", 1, "a"), ("LPOS", "k", "5")],
    b"set": [("SMEMBERS", "k"), ("SISMEMBER", "k", "5"), ("SADD", "k", "x", "7"), ("SPOP", "k"),
             ("SRANDMEMBER", "k", -5)],
    b"hash": [("HGETALL", "k"), ("HGET", "k", "f"), ("HSET", "k", "x", "y"), ("HDEL", "k", "f"),
              ("HRANDFIELD", "k", 3), ("HTTL", "k", "FIELDS", 1, "f"), ("HSCAN", "k", 0),
              ("HPERSIST", "k", "FIELDS", 1, "f"), ("HEXPIRE", "k", 1000, "FIELDS", 2, "g", "x")],
    b"zset": [("ZRANGE", "k", 0, -1, "WITHSCORES"), ("ZADD", "k", 1, "x"), ("ZPOPMIN", "k"),
              ("ZRANGEBYSCORE", "k", 0, 5), ("ZRANK", "k", "a"), ("ZREM", "k", "one")],
    b"stream": [("XRANGE", "k", "-", "+"), ("XINFO", "STREAM", "k", "FULL"), ("XLEN", "k"),
                ("XADD", "k", "*", "f", "v"), ("XREADGROUP", "GROUP", "g1", "c9", "STREAMS", "k", ">"),
                ("XTRIM", "k", "MAXLEN", 1), ("XREVRANGE", "k", "+", "-", "COUNT", 2)],
}
EVERY = [("OBJECT", "ENCODING", "k"), ("MEMORY", "USAGE", "k"), ("DEBUG", "DIGEST-VALUE", "k"),
         ("COPY", "k", "copy", "REPLACE"), ("SORT", "k", "BY", "nosort"), ("DUMP", "k")]
INTERESTING = b"\x00\x01\x02\x0f\x3f\x40\x7f\x80\x81\xbf\xc0\xc3\xe0\xef\xf0\xf1\xf4\xfd\xfe\xff"


def mutated(rng, body, others):
    """The body with one to four things wrong with it; what frames it is left alone more often."""
    data = bytearray(body)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = min(rng.randrange(len(data)), rng.randrange(len(data)) if rng.random() < 0.5 else len(data))
        kind = rng.randrange(8)
        if kind < 2:
            data[at] = rng.choice(INTERESTING)
        elif kind == 2:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 3:
            data[at] = (data[at] + rng.choice((1, -1, 2, -2))) & 255
        elif kind == 4 and len(data) > 2:
            del data[at:at + rng.choice((1, 1, 2, 8))]
        elif kind == 5:
            data[at:at] = data[at:at + rng.choice((1, 2, 5, 20))]
        elif kind == 6:
            other = rng.choice(others)
            cut = rng.randrange(len(other))
            data[at:at + 10] = other[cut:cut + 10]
        else:
            del data[at + 1:]
        if not data:
            data = bytearray(b"\0")
    if rng.random() < 0.03:
        data[0] = rng.randrange(26)
    return bytes(data)


class Restore(WithServer):
    arguments = ("--enable-debug-command", "yes", "--rdbcompression", "no")

    def setUp(self):
        super().setUp()
        self.rng = random.Random(SEED)
        self.client = self.server.client(timeout=60.0)
        self.addCleanup(self.client.close)
        self.client.call("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 1)
        self.client.call("DEBUG", "SET-ACTIVE-EXPIRE", 0)  # fields with times of long ago stay

    def bodies(self):
        """Code and value of some values of every type, by kind."""
        knows_it = {}

        def known(command):
            if command not in knows_it:
                knows_it[command] = knows(self.client, command)
            return knows_it[command]

        found = {}
        for _ in range(30):
            for kind, commands in values.build(self.rng, b"v", known):
                if len(found.get(kind, ())) == 6:
                    continue
                self.client.call("DEL", "v")
                for words in commands:
                    reply = self.client.call(*words)
                    self.assertNotIsInstance(reply, Error, (words, reply))
                body = self.client.call("DUMP", "v")[:-10]
                if len(body) < 3000:
                    found.setdefault(kind, []).append(body)
        found["older servers'"] = [body for body in OLD_FORMS
                                   if not isinstance(self.restore(body), Error)]
        self.client.call("DEL", "k", "v")
        return found

    def restore(self, body):
        return self.client.call("RESTORE", "k", 0, body + FOOTER, "REPLACE")

    def use(self, body):
        """All that can be done with the value in `k`, which that body made."""
        kind = bytes(self.client.call("TYPE", "k"))
        for words in EVERY:
            self.assertIsNotNone(self.client.call(*words), body)
        again = self.client.call("DUMP", "k")
        digest = self.client.call("DEBUG", "DIGEST-VALUE", "k")
        self.assertNotIsInstance(self.client.call("RESTORE", "again", 0, again, "REPLACE"), Error, body)
        self.assertEqual(self.client.call("DEBUG", "DIGEST-VALUE", "again"), digest, body)
        for words in READS.get(kind, ()):
            self.client.call(*words)
        self.client.call("DUMP", "k")

    def test_what_is_wrong_with_a_dump_is_refused_or_is_a_value(self):
        bodies = self.bodies()
        everything = [body for some in bodies.values() for body in some]
        for kind, some in bodies.items():
            taken = refused = 0
            for i in range(COUNT if some else 0):
                body = mutated(self.rng, self.rng.choice(some), everything)
                with self.subTest(kind=kind, seed=SEED, number=i):
                    reply = self.restore(body)
                    if isinstance(reply, Error):
                        self.assertEqual(reply, b"ERR Bad data format", body)
                        refused += 1
                    else:
                        self.use(body)
                        taken += 1
            print(f"     {kind}: {taken} taken, {refused} refused (RESTORE_SEED={SEED})")
        self.client.call("FLUSHALL")
        self.assertEqual(self.client.call("DBSIZE"), 0)

    def test_a_refused_payload_leaves_what_was_there(self):
        self.client.call("SET", "k", "old")
        self.assertIsInstance(self.restore(b"\0\5v"), Error)
        self.assertIsInstance(self.restore(b"\0\1vx"), Error)
        self.assertEqual(self.client.call("GET", "k"), b"old")

    def test_claims_of_many_elements_take_no_memory(self):
        """A length of 2^60 in a payload of a few bytes."""
        for code in range(26):
            for length in (b"\x81\x10" + bytes(7), b"\x80\x7f\xff\xff\xff", b"\x81" + b"\xff" * 8):
                with self.subTest(code=code, length=length):
                    self.assertIsInstance(self.restore(bytes([code]) + length + b"\1a"), Error)
        self.assertLess(int(self.server.info()["used_memory_peak"]), 200 << 20)


if __name__ == "__main__":
    main()
