#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Expiry at scale, and as a reader sees it."""
import os
import pathlib
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Server, is_oracle, main  # noqa: E402

MILLION = 1_000_000
SLOW = 30 if os.environ.get("KEYRACK_SANITIZED") else 1  # times slower, and not what counts then


class Probe(threading.Thread):
    """PINGs all the time and keeps how long the answers took."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.client = server.client()
        self.took = []
        self.enough = threading.Event()

    def run(self):
        while not self.enough.wait(0.001):
            began = time.perf_counter()
            self.client.call("PING")
            self.took.append(time.perf_counter() - began)

    def stop(self):
        self.enough.set()
        self.join()
        self.client.close()
        self.took.sort()
        return self.took


class Expiry(unittest.TestCase):
    def test_a_million_keys_of_one_second_are_gone_within_the_next(self):
        with Server() as server, server.client(timeout=60) as client:
            # The second in which they end is far enough off to store them all before.
            began = time.time()
            client.many((("SET", i, "v", "PX", 600000) for i in range(20000)), 2000)
            client.call("FLUSHALL")
            second = int(time.time() + 5 + 120 * (time.time() - began)) + 1
            client.call("SET", "keep", "v")
            first = second * 1000
            client.many((("SET", f"key:{i}", "v", "PXAT", first + i // (MILLION // 1000))
                         for i in range(MILLION)), 2000)
            self.assertLess(time.time(), second, "too slow to store them in time")
            self.assertEqual(client.call("DBSIZE"), MILLION + 1)
            probe = Probe(server)
            probe.start()
            time.sleep(max(0.0, second + 1 - time.time()))
            left = client.call("DBSIZE") - 1
            gone_after = None
            while time.time() < second + 60:
                if client.call("DBSIZE") == 1:
                    gone_after = time.time() - second - 1
                    break
                time.sleep(0.01)
            took = probe.stop()
            p99 = took[len(took) * 99 // 100]
            print(f"     {left} left at the end of their second, none {gone_after:.2f}s later; "
                  f"PING p99 {p99 * 1000:.1f} ms, p100 {took[-1] * 1000:.1f} ms "
                  f"of {len(took)} probes")
            self.assertEqual(client.call("GET", "keep"), b"v")
            self.assertEqual(server.info("stats")["expired_keys"], str(MILLION))
            if not is_oracle():
                self.assertLessEqual(gone_after, 1.0 * SLOW)
                self.assertLess(took[-1], 0.1 * SLOW)

    def test_a_key_past_its_time_is_gone_for_every_reader_before_it_is_swept(self):
        with Server("--enable-debug-command", "yes") as server, server.client() as client:
            self.assertEqual(client.call("DEBUG", "SET-ACTIVE-EXPIRE", 0), b"OK")
            for read, answer in ((("GET",), None), (("EXISTS",), 0), (("TTL",), -2),
                                 (("STRLEN",), 0), (("TYPE",), b"none"), (("DEL",), 0),
                                 (("PERSIST",), 0), (("OBJECT", "ENCODING"), None),
                                 (("GETDEL",), None), (("TOUCH",), 0)):
                with self.subTest(" ".join(read)):
                    client.call("SET", "k", "v", "PX", 20)
                    time.sleep(0.04)
                    self.assertEqual(client.call("DBSIZE"), 1)
                    self.assertEqual(client.call(*read, "k"), answer)
                    self.assertEqual(client.call("DBSIZE"), 0)

    def test_a_write_to_a_key_past_its_time_begins_anew(self):
        with Server("--enable-debug-command", "yes") as server, server.client() as client:
            client.call("DEBUG", "SET-ACTIVE-EXPIRE", 0)
            for write, value in ((("INCR", "k"), b"1"), (("APPEND", "k", "x"), b"x"),
                                 (("SETNX", "k", "new"), b"new"),
                                 (("SETRANGE", "k", 1, "x"), b"\0x"),
                                 (("SETBIT", "k", 7, 1), b"\x01")):
                with self.subTest(write[0]):
                    client.call("SET", "k", "100", "PX", 20)
                    time.sleep(0.04)
                    client.call(*write)
                    self.assertEqual(client.call("GET", "k"), value)
                    self.assertEqual(client.call("TTL", "k"), -1)
                    client.call("DEL", "k")

    def test_keys_are_swept_without_any_reader(self):
        with Server() as server, server.client() as client:
            client.many(("SET", f"k{i}", "v", "PX", 50) for i in range(5000))
            deadline = time.monotonic() + 5
            while client.call("DBSIZE") and time.monotonic() < deadline:
                time.sleep(0.02)
            self.assertEqual(client.call("DBSIZE"), 0)

    def test_sweeping_gives_the_memory_back(self):
        with Server() as server, server.client(timeout=60) as client:
            before = int(server.info("memory")["used_memory"])
            client.many((("SET", f"k{i}", "v" * 1000, "PX", 1500) for i in range(20000)), 1000)
            full = int(server.info("memory")["used_memory"])
            self.assertGreater(full - before, 15 << 20)
            time.sleep(2.5)
            after = int(server.info("memory")["used_memory"])
            self.assertLess(after - before, (full - before) / 5)


if __name__ == "__main__":
    main()
