#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Servers that keep a log are killed at random moments under load, and started again.

With `always` every acknowledged write is there; with `everysec` what is lost is the end of what was
written, and no more than about a second of it.  No half transaction is ever there.  Rewrites go on
meanwhile.

Each client counts: its n-th transaction sets two keys to n and pushes n to a list.  So what a client
had been told is one number, and what is there must be one, too, on both keys and in the list.

AOF_SEED repeats a run, AOF_ROUNDS says how often a server is killed."""
import os
import pathlib
import random
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Closed, Server, main  # noqa: E402

SEED = int(os.environ.get("AOF_SEED") or random.randrange(1 << 31))
ROUNDS = int(os.environ.get("AOF_ROUNDS", "12"))
CLIENTS = 4


class Writer(threading.Thread):
    """One client; `told` is the last of its transactions that was acknowledged, and when each was."""

    def __init__(self, server, name, begin):
        super().__init__()
        self.client = server.client(timeout=10.0)
        self.name_ = name
        self.told = self.begun = begin
        self.times = {}

    def run(self):
        try:
            while True:
                n = self.begun = self.told + 1
                for words in (("MULTI",), ("SET", f"{self.name_}:a", n),
                              ("RPUSH", f"{self.name_}:l", n), ("SET", f"{self.name_}:b", n),
                              ("EXEC",)):
                    self.client.send(*words)
                for _ in range(4):
                    self.client.read()
                if not isinstance(self.client.read(), list):
                    return
                self.told = n
                self.times[n] = time.monotonic()
        except (OSError, Closed):
            pass
        finally:
            self.client.close()


class Crash(unittest.TestCase):
    def round(self, server, rng, counts):
        """Write, kill, and start again; the writers, and when it was."""
        writers = [Writer(server, f"c{i}", counts[i]) for i in range(CLIENTS)]
        for writer in writers:
            writer.start()
        if rng.random() < 0.6:
            time.sleep(rng.random() * 0.05)
            server.call("BGREWRITEAOF")
        time.sleep(rng.random() * 0.15)
        killed = time.monotonic()
        server.kill()
        for writer in writers:
            writer.join()
        server.expect_status = 0
        server.start()
        return writers, killed

    def check(self, server, writer):
        """What is there of a client's: one number."""
        name = writer.name_
        a, b = server.call("GET", f"{name}:a"), server.call("GET", f"{name}:b")
        self.assertEqual(a, b, f"seed {SEED}: half a transaction")
        n = int(a or 0)
        self.assertEqual(server.call("LRANGE", f"{name}:l", 0, -1),
                         [b"%d" % i for i in range(1, n + 1)], f"seed {SEED}")
        self.assertLessEqual(n, writer.begun)
        return n

    def crash(self, policy, check):
        rng = random.Random(SEED)
        server = Server("--appendonly", "yes", "--appendfsync", policy, "--aof-use-rdb-preamble",
                        rng.choice(("yes", "no")))
        self.addCleanup(server.__exit__, None, None, None)
        counts = [0] * CLIENTS
        for _ in range(ROUNDS):
            writers, killed = self.round(server, rng, counts)
            counts = [self.check(server, writer) for writer in writers]
            for writer, n in zip(writers, counts):
                check(writer, n, killed)
        self.assertGreater(sum(counts), 0)

    def test_with_always_all_that_was_acknowledged_is_there(self):
        self.crash("always", lambda writer, n, killed: self.assertGreaterEqual(
            n, writer.told, f"seed {SEED}: an acknowledged write is lost"))

    def test_with_everysec_about_a_second_may_be_lost(self):
        """A process that is killed loses not even that: its writes are the kernel's by then, but
        for those that waited for a sync under way."""
        def check(writer, n, killed):
            if n < writer.told:
                self.assertLess(killed - writer.times[n + 1], 2.5, f"seed {SEED}")
        self.crash("everysec", check)


if __name__ == "__main__":
    print(f"AOF_SEED={SEED}")
    main()
