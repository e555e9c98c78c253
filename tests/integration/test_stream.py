#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Streams: payloads go to redis-server and come back, and waiting clients are let go."""
import os
import pathlib
import random
import shutil
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Error, Server, is_oracle, main  # noqa: E402

ORACLE = shutil.which("redis-server")


def crc_of_byte(crc):
    for _ in range(8):
        crc = crc >> 1 ^ (0x95AC9329AC4BC9B5 if crc & 1 else 0)
    return crc


CRC = [crc_of_byte(byte) for byte in range(256)]


def crc64(data):
    crc = 0
    for byte in data:
        crc = CRC[(crc ^ byte) & 255] ^ crc >> 8
    return crc


def sealed(body):
    """A payload with the checksum that it needs."""
    return body + crc64(body).to_bytes(8, "little")


def fill(client):
    """A stream of several nodes, deleted entries, groups, and pending entries."""
    for i in range(250):
        client.call("XADD", "s", f"{i // 7 + 1}-*", *(["f", f"{i}"] if i % 50 else ["g", "x" * i]))
    client.call("XDEL", "s", "1-3", "2-1", "36-0")
    client.call("XGROUP", "CREATE", "s", "g", "0")
    client.call("XGROUP", "CREATE", "s", "empty", "$", "ENTRIESREAD", "-1")
    client.call("XREADGROUP", "GROUP", "g", "alice", "COUNT", "20", "STREAMS", "s", ">")
    client.call("XREADGROUP", "GROUP", "g", "bob", "COUNT", "20", "STREAMS", "s", ">")
    client.call("XACK", "s", "g", "1-1", "4-2")
    client.call("XGROUP", "CREATECONSUMER", "s", "g", "idle")


class Payloads(unittest.TestCase):
    @unittest.skipUnless(ORACLE and not is_oracle(), "needs redis-server beside ours")
    def test_a_stream_with_groups_goes_there_and_back(self):
        with Server() as ours, Server(binary=ORACLE) as theirs:
            for source, target in ((theirs, ours), (ours, theirs)):
                a, b = source.client(), target.client()
                a.call("FLUSHALL")
                b.call("FLUSHALL")
                fill(a)
                payload = a.call("DUMP", "s")
                self.assertEqual(b.call("RESTORE", "s", "0", payload), b"OK")
                self.assertEqual(b.call("DUMP", "s"), payload)
                for words in (("XRANGE", "s", "-", "+"), ("XPENDING", "s", "g"),
                              ("XINFO", "GROUPS", "s"), ("XINFO", "STREAM", "s"),
                              ("DEBUG", "DIGEST-VALUE", "s")):
                    self.assertEqual(a.call(*words), b.call(*words), words)

    def test_a_payload_with_wrong_bytes_is_refused_or_a_sound_stream(self):
        seed = int(os.environ.get("KEYRACK_TEST_SEED", time.time()))
        print(f"seed {seed}")
        chance = random.Random(seed)
        refused = 0
        with Server() as server:
            client = server.client()
            fill(client)
            client.call("CONFIG", "SET", "rdbcompression", "no")
            body = client.call("DUMP", "s")[:-8]
            for _ in range(1500):
                broken = bytearray(body)
                for _ in range(chance.choice((1, 1, 2, 5))):
                    broken[chance.randrange(1, len(body) - 2)] = chance.randrange(256)
                reply = client.call("RESTORE", "t", "0", sealed(bytes(broken)), "REPLACE")
                if isinstance(reply, Error):
                    refused += 1
                    continue
                for words in (("XRANGE", "t", "-", "+"), ("XREVRANGE", "t", "+", "-"),
                              ("XINFO", "STREAM", "t", "FULL", "COUNT", "0"), ("DUMP", "t"),
                              ("XADD", "t", "MAXLEN", "100", "*", "f", "v"), ("COPY", "t", "u")):
                    client.call(*words)
            self.assertGreater(refused, 300)


class Waiting(unittest.TestCase):
    def test_a_client_is_unblocked_with_nothing_or_an_error(self):
        with Server() as server:
            control = server.client()
            for how, expected in (("TIMEOUT", None), ("ERROR", b"UNBLOCKED")):
                waiting = server.client()
                name = waiting.call("CLIENT", "ID")
                waiting.send("XREAD", "BLOCK", "0", "STREAMS", "s", "$")
                while control.call("CLIENT", "UNBLOCK", str(name), how) == 0:
                    time.sleep(0.01)
                reply = waiting.read().value
                if expected:
                    self.assertIn(expected, reply)
                else:
                    self.assertIsNone(reply)


if __name__ == "__main__":
    main()
