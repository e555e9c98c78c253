#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Files that are old, broken or hostile.

Every version that Redis has written loads, made here byte by byte and compared with what Redis
makes of it.  A sample with any byte changed, or cut anywhere, is refused with the reason and the
offset, by status 1 and not by a crash; without its checksum it is refused or is a data set that
can be read and saved.

HOSTILE_SEED repeats a run, HOSTILE_COUNT says how many files with several things wrong there are;
with a server built for it (--enable-asan) each byte read too many is seen."""
import concurrent.futures
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Client, Server, is_oracle, keyrack_path, main  # noqa: E402
from support.server import BROKEN, ORACLE  # noqa: E402

SEED = int(os.environ.get("HOSTILE_SEED") or random.randrange(1 << 31))
COUNT = int(os.environ.get("HOSTILE_COUNT", "300"))
WORKERS = max(1, min(4, os.cpu_count() or 1))
DEBUG = ("--enable-debug-command", "yes")

# --- Bytes as servers of old wrote them -------------------------------------------


def length(n):
    if n < 64:
        return bytes([n])
    if n < 16384:
        return bytes([0x40 | n >> 8, n & 255])
    return b"\x80" + struct.pack(">I", n)


def text(data):
    return length(len(data)) + data


def ziplist(*items):
    """Short strings and small numbers."""
    body, before = b"", 0
    at = 10
    for item in items:
        entry = bytes([before])
        if isinstance(item, int):
            entry += bytes([0xf1 + item]) if item <= 12 else b"\xfe" + struct.pack("<b", item)
        else:
            entry += bytes([len(item)]) + item
        at, before = 10 + len(body), len(entry)
        body += entry
    return struct.pack("<IIH", 11 + len(body), at, len(items)) + body + b"\xff"


def listpack(*items):
    body = b""
    for item in items:
        entry = bytes([item]) if isinstance(item, int) else bytes([0x80 | len(item)]) + item
        body += entry + bytes([len(entry)])
    return struct.pack("<IH", 7 + len(body), len(items)) + body + b"\xff"


def intset(width, *numbers):
    code = {2: "h", 4: "i", 8: "q"}[width]
    return struct.pack("<II", width, len(numbers)) + struct.pack(f"<{len(numbers)}{code}", *numbers)


ZIPMAP = b"\x02\x02f1\x02\x00v1\x02f2\x02\x03v2\0\0\0\xff"

# What each code of a value looked like, and which version first had it.
VALUES = [
    (1, 0, text(b"plain")), (1, 0, b"\xc0\x7b"), (1, 0, b"\xc1\x39\x30"), (1, 0, b"\xc2\x15\xcd\x5b\x07"),
    (1, 0, b"\xc3\x09\x40\x64\x01aa\xe0\x57\x00\x01aa"),
    (1, 1, length(3) + text(b"a") + b"\xc0\x05" + text(b"b")),
    (1, 2, length(2) + text(b"a") + text(b"b")),
    (1, 2, length(2) + b"\xc0\x05" + b"\xc0\x06"),
    (1, 3, length(5) + text(b"a") + text(b"1.5") + text(b"b") + b"\xfe" + text(b"c") + b"\xff"
     + text(b"d") + text(b"-3e10") + text(b"e") + text(b"17")),
    (1, 4, length(2) + text(b"f") + text(b"v") + text(b"g") + text(b"w")),
    (2, 9, text(ZIPMAP)),
    (2, 10, text(ziplist(2, b"one", 12, b"three", 100))),
    (2, 11, text(intset(2, -5, 1, 300))), (2, 11, text(intset(4, -5, 100000))),
    (2, 11, text(intset(8, 1 << 40))),
    (2, 12, text(ziplist(b"one", 1, b"two", b"2.5"))),
    (4, 13, text(ziplist(b"f1", b"v1", b"f2", 7))),
    (7, 14, length(2) + text(ziplist(b"a", 1)) + text(ziplist(b"b", 2))),
    (8, 5, length(2) + text(b"a") + struct.pack("<d", 1.5) + text(b"b") + struct.pack("<d", float("-inf"))),
    (10, 16, text(listpack(b"f1", b"v1", b"f2", 7))),
    (10, 17, text(listpack(b"one", 1, b"two", b"2.5"))),
    (10, 18, length(3) + b"\x02" + text(listpack(b"a", 1)) + b"\x01" + text(b"plain")
     + b"\x02" + text(listpack(b"b", 2))),
]

NEWER = [
    (11, 20, text(listpack(b"a", b"b", 7))),
    (12, 24, b"\0\xd8\xc3\x2c\xbb\3\0\0" + b"\2\1\1f\1v\0\1g\1w"),
]


def checksum(data):
    """CRC-64 of Jones, reflected."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x95ac9329ac4bc9b5 if crc & 1 else 0)
    return crc


def snapshot(version, body):
    whole = b"REDIS%04d" % version + body + b"\xff"
    return whole + struct.pack("<Q", checksum(whole)) if version >= 5 else whole


def old_file(version, values=VALUES):
    body = b"\xfa" + text(b"redis-ver") + text(b"2.0") if version >= 7 else b""
    body += b"\xfe\x00"
    if version >= 7:
        body += b"\xfb" + length(len(values)) + length(3)
    for number, (since, code, payload) in enumerate(values):
        if since > version:
            continue
        if number % 5 == 1:
            body += b"\xfd" + struct.pack("<i", 2000000000)
        elif number % 5 == 2 and version >= 3:
            body += b"\xfc" + struct.pack("<q", 2000000000123)
        if number % 5 == 3 and version >= 9:
            body += b"\xf8" + length(1000)
        if number % 5 == 4 and version >= 9:
            body += b"\xf9\x09"
        body += bytes([code]) + text(b"key%d" % number) + payload
    return snapshot(version, body + b"\xfe\x07\x00\x01k\x01v")


class Old(unittest.TestCase):
    def look(self, content, binary=None):
        with Server(*DEBUG, binary=binary, start=False) as server:
            (server.dir / "dump.rdb").write_bytes(content)
            server.start()
            with server.client() as client:
                keys = sorted(client.call("KEYS", "*"))
                return (client.call("DEBUG", "DIGEST"),
                        [(key, client.call("TYPE", key), client.call("PEXPIRETIME", key))
                         for key in keys],
                        {key: client.call("OBJECT", "ENCODING", key) for key in keys})

    def test_every_version_loads_as_in_redis(self):
        for version in range(1, 11):
            content = old_file(version)
            ours, theirs = self.look(content), self.look(content, ORACLE)
            self.assertEqual(ours[:2], theirs[:2], version)
            self.assertEqual(len(ours[1]), sum(since <= version for since, _, _ in VALUES))

    @unittest.skipIf(is_oracle(), "newer than the oracle")
    def test_what_came_after_redis_7_0_loads(self):
        content = old_file(12, VALUES + NEWER)
        self.assertEqual(len(self.look(content)[1]), len(VALUES + NEWER))

    def test_values_that_are_none_are_refused(self):
        for version, code, payload in (
                (10, 6, b"\x81" + bytes(8)), (10, 240, text(b"x")),
                (10, 99, text(b"x")), (10, 0, b"\x81\x7f" + bytes(7)), (10, 1, b"\x80\xff\xff\xff\xff"),
                (10, 16, text(listpack(b"f1", b"v1", b"f2"))), (10, 17, text(b"")),
                (10, 10, text(ziplist(b"a")[:-1] + b"\0")), (10, 246, text(b"x"))):
            with self.subTest(code=code):
                status, log = start(snapshot(version, b"\xfe\x00" + bytes([code]) + b"\x01k" + payload))
                self.assertEqual(status, 1, log)
                self.assertRegex(log, r"offset \d+: ")

    def test_keys_without_elements_are_passed_over(self):
        """Was: the server did not start.  Old servers have saved such keys."""
        none = ((1, length(0)), (2, length(0)), (3, length(0)), (4, length(0)), (5, length(0)),
                (10, text(ziplist())), (12, text(ziplist())), (13, text(ziplist())), (14, length(0)),
                (14, length(2) + text(ziplist()) * 2), (16, text(listpack())), (17, text(listpack())),
                (18, length(0)))
        body = b"\xfe\x00"
        for number, (code, payload) in enumerate(none):
            body += b"\xfc" + struct.pack("<q", 2000000000123) + bytes([code]) \
                + text(b"none%d" % number) + payload + b"\x00" + text(b"key%d" % number) + b"\x01v"
        content = snapshot(10, body)
        ours, theirs = self.look(content), self.look(content, ORACLE)
        self.assertEqual(ours[:2], theirs[:2])
        self.assertEqual({key for key, _, _ in ours[1]}, {b"key%d" % n for n in range(len(none))})
        self.assertEqual({when for _, _, when in ours[1]}, {-1})
        if not is_oracle():
            log = start(content)[1]
            self.assertEqual(log.count("skipping empty key: none"), 10)
            self.assertIn(f"keys loaded: {len(none)}, keys expired: 0, empty keys skipped: {len(none)}.", log)

    @unittest.skipIf(is_oracle(), "Redis refuses it")
    def test_a_value_of_a_module_that_nobody_has_is_kept(self):
        value = b"\x81" + bytes(8) + b"\0"
        self.assertEqual(start(snapshot(10, b"\xfe\x00\x07\x01k" + value))[0], 0)
        digest, keys, _ = self.look(snapshot(10, b"\xfe\x00\x07\x01k" + value))
        self.assertEqual([key for key, _, _ in keys], [b"k"])


# --- Bytes changed ------------------------------------------------------------------


def start(content, *arguments):
    """Begin with that file.  The exit status, or what could be done with it; and the log."""
    with tempfile.TemporaryDirectory(prefix="keyrack-test.") as folder:
        path = pathlib.Path(folder)
        (path / "dump.rdb").write_bytes(content)
        line = [keyrack_path(), "--port", "0", "--unixsocket", str(path / "s"), "--dir", folder,
                "--save", "", "--enable-debug-command", "yes", *arguments]
        with open(path / "log", "wb") as log:
            process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)
        try:
            status = serve(process, path)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
        return status, (path / "log").read_text(errors="replace")


def serve(process, path):
    for _ in range(3000):
        try:
            return process.wait(0.005)
        except subprocess.TimeoutExpired:
            pass
        if (path / "s").exists():
            try:
                with Client(str(path / "s"), timeout=10) as client:
                    if client.call("PING") != b"PONG":
                        continue
                    return read(client) or process.wait(10)
            except (OSError, EOFError):
                continue
            except Exception:  # the connection closed: the server did, too
                return process.wait(10)
    raise AssertionError("neither up nor down")


def read(client):
    """Whatever was loaded can be looked at, changed and saved."""
    digest = client.call("DEBUG", "DIGEST")
    for key in client.call("KEYS", "*"):
        kind = client.call("TYPE", key)
        client.call("OBJECT", "ENCODING", key)
        client.call("MEMORY", "USAGE", key)
        client.call(*{b"list": ("LRANGE", key, 0, -1), b"hash": ("HGETALL", key),
                      b"set": ("SMEMBERS", key), b"zset": ("ZRANGE", key, 0, -1, "WITHSCORES"),
                      b"stream": ("XRANGE", key, "-", "+")}.get(kind, ("GET", key)))
    assert client.call("SAVE") == b"OK"
    assert client.call("DEBUG", "RELOAD") == b"OK"
    assert client.call("DEBUG", "DIGEST") == digest
    client.send("SHUTDOWN", "NOSAVE")
    return 0


class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with Server(*DEBUG) as server, server.client() as client:
            for words in ("SET n 12345", "SET t text", "SETEX e 100000 v", "RPUSH l a b 3",
                          "SADD i 1 2 3", "SADD s a b", "HSET h f v g 7", "ZADD z 1 a 2.5 b",
                          "XADD x 1-1 f v", "XADD x 2-1 f w", "XGROUP CREATE x g 0",
                          "XREADGROUP GROUP g c COUNT 1 STREAMS x >"):
                client.call(*words.split())
            client.call("SET", "long", "abcdefgh" * 20)
            client.call("HSET", "large", *[b"x" * 70 if i % 2 else b"%d" % i for i in range(4)])
            client.call("SELECT", 3)
            client.call("ZADD", "large", 1, "m" * 70)
            client.call("SAVE")
            cls.sample = (server.dir / "dump.rdb").read_bytes()

    def each(self, contents, check, *arguments):
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            work = {pool.submit(start, content, *arguments): name for name, content in contents}
            for done in concurrent.futures.as_completed(work):
                status, log = done.result()
                self.assertIsNone(BROKEN.search(log), f"{work[done]} seed {SEED}\n{log[-3000:]}")
                check(work[done], status, log)

    def flips(self):
        rng = random.Random(SEED)
        for at in range(len(self.sample)):
            changed = bytearray(self.sample)
            changed[at] ^= rng.choice((1, 2, 4, 8, 16, 32, 64, 128, 255, rng.randrange(1, 256)))
            yield f"byte {at} is {changed[at]}", bytes(changed)

    def refused(self, name, status, log):
        self.assertEqual(status, 1, f"{name} seed {SEED}\n{log[-3000:]}")
        found = re.search(r"offset (\d+): \S", log)
        self.assertIsNotNone(found, f"{name} seed {SEED}\n{log[-3000:]}")
        self.assertLessEqual(int(found.group(1)), len(self.sample))

    @unittest.skipIf(is_oracle(), "our words")
    def test_with_any_byte_changed_it_is_refused(self):
        self.each(self.flips(), self.refused)

    def mutations(self):
        """Bytes changed, removed, doubled, and pieces of old files put in between."""
        rng = random.Random(SEED)
        others = [self.sample] + [old_file(version) for version in (2, 4, 10)]
        for number in range(COUNT):
            data = bytearray(rng.choice(others))
            for _ in range(rng.choice((1, 1, 2, 3, 6))):
                at, kind = rng.randrange(9, len(data)), rng.randrange(7)
                if kind < 3:
                    data[at] = rng.choice((0, 1, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xc0, 0xc3, 0xfe, 0xff,
                                           rng.randrange(256)))
                elif kind == 3:
                    del data[at:at + rng.choice((1, 2, 8, 40))]
                elif kind == 4:
                    data[at:at] = data[at:at + rng.choice((1, 2, 8, 40))]
                elif kind == 5:
                    data[at] = rng.choice((9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 24, 25, 245,
                                           247, 248, 249, 250, 251, 252, 254))
                else:
                    other = rng.choice(others)
                    cut = rng.randrange(9, len(other))
                    data[at:at] = other[cut:cut + rng.choice((2, 20, 100))]
                if len(data) < 10:
                    data += bytes(10)
            yield f"mutation {number}", bytes(data)

    @unittest.skipIf(is_oracle(), "our words")
    def test_with_several_things_wrong_it_is_refused_or_harmless(self):
        def check(name, status, log):
            self.assertIn(status, (0, 1), f"{name} seed {SEED}\n{log[-3000:]}")

        self.each(self.mutations(), check, "--rdbchecksum", "no", "--databases", "256")

    @unittest.skipIf(is_oracle(), "our words")
    def test_cut_anywhere_it_is_refused(self):
        self.each(((f"cut at {at}", self.sample[:at]) for at in range(len(self.sample))), self.refused)

    @unittest.skipIf(is_oracle(), "our words")
    def test_without_a_checksum_a_change_is_refused_or_harmless(self):
        def check(name, status, log):
            self.assertIn(status, (0, 1), f"{name} seed {SEED}\n{log[-3000:]}")

        self.each(self.flips(), check, "--rdbchecksum", "no")


if __name__ == "__main__":
    main()
