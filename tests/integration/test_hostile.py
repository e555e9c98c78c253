#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A heap that fails: whatever a client asks for is refused now and then, and the server stays.

Only for a build that was configured with --enable-hostile.  There, with a seed
in KR_HOSTILE_SEED, one in 64 allocations that may fail does; which ones follows
from the seed.  Errors are fine answers, and so are closed connections.  What
must hold: no crash, nothing half done, no client left behind, a clean end.

HOSTILE_SEED is the first seed (default: at random), HOSTILE_SEEDS how many.
"""
import os
import pathlib
import random
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import sessions  # noqa: E402
from support import Closed, Error, Server, StartFailure, main  # noqa: E402

FIRST = int(os.environ.get("HOSTILE_SEED") or random.randrange(1 << 31))
SEEDS = range(FIRST, FIRST + int(os.environ.get("HOSTILE_SEEDS", "8")))

# Allocations before the first that fails: most seeds are to test a server that serves.
GRANTED = (3000, 3000, 3000, 100)


def patiently(action, tries=200):
    """What `action` returns once it neither is refused nor loses its connection."""
    for _ in range(tries):
        try:
            answer = action()
        except (Closed, ConnectionError):
            continue
        if not isinstance(answer, Error):
            return answer
    raise AssertionError("refused for good")


@unittest.skipUnless(os.environ.get("KEYRACK_HOSTILE") == "yes", "not built with --enable-hostile")
class AHeapThatFails(unittest.TestCase):
    def each_server(self, *arguments):
        """A server for each seed.  A start that fails is told, not crashed."""
        started = 0
        for seed in SEEDS:
            with self.subTest(seed=seed):
                try:
                    server = Server("--enable-debug-command", "yes", "--loglevel", "warning",
                                    *arguments, timeout=60.0,
                                    environment={"KR_HOSTILE_SEED": str(seed),
                                                 "KR_HOSTILE_GRANTED": str(GRANTED[seed % 4])})
                except StartFailure as failure:
                    self.assertEqual(failure.status, 1, failure.log[-3000:])
                    continue
                started += 1
                with server:
                    yield server, seed
                    self.assertTrue(patiently(lambda: server.call("DEBUG", "DIGEST")))
                    self.assertEqual(patiently(lambda: server.call("FLUSHALL")), b"OK")
                    self.assert_alone(server)
        self.assertGreater(started, 0)

    def assert_alone(self, server):
        deadline = time.monotonic() + 10
        while patiently(lambda: server.info("clients"))["connected_clients"] != "1":
            self.assertLess(time.monotonic(), deadline, "clients are left behind")
            time.sleep(0.02)

    def test_a_random_stream_is_survived(self):
        for server, seed in self.each_server("--maxmemory", "8mb",
                                             "--maxmemory-policy", "allkeys-random"):
            calls = patiently(lambda: self.stream(server, seed))
            sessions.play(server, calls, protocol=2 + seed % 2)

    @staticmethod
    def stream(server, seed):
        with server.client() as client:
            return sessions.at_random(client, seed, 10000)

    def test_every_command_with_whatever_arguments_is_survived(self):
        for server, _ in self.each_server():
            sessions.play(server, patiently(lambda: self.everything(server)))

    @staticmethod
    def everything(server):
        with server.client() as client:
            return sessions.of_all(client)

    def test_the_written_cases_are_survived(self):
        for server, seed in self.each_server():
            for _, calls in sessions.written():
                sessions.play(server, calls + sessions.RESTORE, protocol=2 + seed % 2)

    def test_what_was_refused_was_not_done(self):
        for server, seed in self.each_server():
            rng = random.Random(seed)
            values = {}
            client = server.client()
            refused = closed = 0
            # What does not fit into one read is what has to be allocated.
            for _ in range(3000):
                key = b"key:%d" % rng.randrange(50)
                more = rng.randbytes(rng.choice((1, 100, 5000, 70000, 300000)))
                before = values.get(key, b"")
                name = rng.choice((b"SET", b"APPEND", b"DEL", b"GETSET"))
                after = {b"APPEND": before + more, b"DEL": b""}.get(name, more)
                try:
                    answer = client.call(name, key, *([] if name == b"DEL" else [more]))
                except (Closed, ConnectionError):
                    closed += 1
                    client.close()
                    client = patiently(server.client)
                    # Its last word may have been lost on the way back.
                    now = patiently(lambda: server.call("GET", key) or b"")
                    self.assertIn(now, (before, after), (name, key))
                    values[key] = now
                    continue
                if isinstance(answer, Error):
                    refused += 1
                else:
                    values[key] = after
                if len(values.get(key, b"")) > 1000000:
                    values[key] = b""
                    patiently(lambda: server.call("SET", key, ""))
            client.close()
            print(f"     seed {seed}: {refused} refused, {closed} connections lost")
            for key, value in values.items():
                self.assertEqual(patiently(lambda: server.call("GET", key) or b""), value, key)


if __name__ == "__main__":
    main()
