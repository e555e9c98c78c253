#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Snapshots without a child: snapshot-method walk.

What the file holds is the data set of the moment of BGSAVE, whatever is written while the walk goes
on.  WALK_SEED repeats a run, WALK_ROUNDS makes it longer."""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "differential"))

import grammar  # noqa: E402
from support import ORACLE, Client, Error, Server, encode, is_oracle, main  # noqa: E402
from test_before import UNWANTED, other  # noqa: E402

SEED = int(os.environ.get("WALK_SEED") or random.randrange(1 << 31))
ROUNDS = int(os.environ.get("WALK_ROUNDS") or 12)
CHECKER = shutil.which("redis-check-rdb")
FLUSHES = ((b"FLUSHALL",), (b"FLUSHDB",))


class Wide(grammar.Gen):
    """More keys, so that the scan takes a while."""

    def key(self):
        return b"k%d" % self.rng.randrange(500)


@unittest.skipIf(is_oracle(), "of ours")
class Walk(unittest.TestCase):
    def begin(self, *arguments):
        server = Server("--enable-debug-command", "yes", "--save", "", "--snapshot-method", "walk",
                        *arguments)
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def setUp(self):
        self.server = self.begin()
        self.client = self.connect()
        self.call = self.client.call
        self.rng = random.Random(SEED)

    def connect(self, timeout=60.0):
        client = Client((self.server.host, self.server.port), timeout=timeout)
        self.addCleanup(client.close)
        return client

    def slowly(self):
        """A few keys a millisecond."""
        self.call("CONFIG", "SET", "rdb-key-save-delay", "1")

    def info(self, name):
        # Errors are counted by their first word, which a script may choose.
        text = self.call("INFO", "everything").decode(errors="replace")
        return text.split(f"\n{name}:")[1].split("\r")[0]

    def saving(self):
        return self.info("rdb_bgsave_in_progress") == "1"

    def saved(self, good=True):
        end = time.time() + 30
        while self.saving():
            self.assertLess(time.time(), end, f"seed {SEED}")
            time.sleep(0.002)
        self.assertEqual(self.info("rdb_last_bgsave_status"), "ok" if good else "err")

    def bgsave(self):
        self.assertEqual(self.call("BGSAVE"), b"Background saving started")

    def rows(self):
        rules = [r for r in grammar.load() if r.name[0] not in UNWANTED + (b"BGSAVE", b"SAVE")
                 and r.name not in FLUSHES]
        known = self.call("COMMAND", "INFO", *(r.command() for r in rules))
        return [r for r, info in zip(rules, known) if info]

    def stream(self, count, others):
        """`others`: keys and fields that expire soon, too."""
        g = Wide(self.rng)
        rows = self.rows()
        picked = self.rng.choices(rows, weights=[r.weight for r in rows], k=count)
        calls = [other(g) if g.chance(others) else r.name + tuple(r.make(g)) for r in picked]
        return [words for words in calls if words[0] not in (b"FLUSHDB", b"FLUSHALL")]

    def play(self, calls, before=()):
        """In batches, a step each; the first one yields the replies to `before`."""
        for first in range(0, len(calls), 200):
            nonce = b"end-%d" % first
            self.client.send_raw(b"".join(encode(*words) for words in before)
                                 + b"".join(encode(*words) for words in calls[first:first + 200])
                                 + encode("DISCARD") + encode("ECHO", nonce))
            answers = [self.client.read().value for _ in before]
            self.client.read_until(b"$%d\r\n%s\r\n" % (len(nonce), nonce))
            yield answers
            before = ()

    def played(self, calls):
        for _ in self.play(calls):
            pass

    def digest_of_file(self, binary=None):
        """What another server makes of the file."""
        server = Server("--enable-debug-command", "yes", "--save", "", binary=binary, start=False)
        self.addCleanup(server.__exit__, None, None, None)
        shutil.copy(self.server.dir / "dump.rdb", server.dir)
        server.start()
        return server.call("DEBUG", "DIGEST")

    def fill(self, keys=3000):
        for i in range(keys):
            self.client.send("SET", f"f{i}", "v" * (i % 90))
        for i in range(keys):
            self.client.read()


class PointInTime(Walk):
    def test_the_file_is_of_the_moment_it_was_begun(self):
        self.slowly()
        # A child that is forked after all has another moment.
        self.call("CONFIG", "SET", "snapshot-walk-effort", "0")
        met = 0
        for number in range(ROUNDS):
            self.call("FLUSHALL")
            self.played(self.stream(1500, 0))
            self.call("SELECT", 0)
            self.call("FUNCTION", "FLUSH")
            self.call("FUNCTION", "LOAD", f"#!lua name=l{number}\nredis.register_function('f{number}',"
                      "function() return 1 end)")
            calls = self.stream(1200, 0.3)
            calls.insert(self.rng.randrange(100), (b"FUNCTION", b"FLUSH"))
            steps = self.play(calls, before=(("DEBUG", "DIGEST"), ("BGSAVE",)))
            digest, answer = next(steps)
            self.assertEqual(answer, b"Background saving started", f"seed {SEED}")
            for _ in steps:
                met += self.saving()
            self.saved()
            self.assertEqual(self.call("DEBUG", "RELOAD", "NOSAVE"), b"OK")
            self.assertEqual(self.call("DEBUG", "DIGEST"), digest, f"round {number} seed {SEED}")
            self.assertEqual(self.call("FCALL", f"f{number}", 0), 1)
        self.assertGreater(met, ROUNDS // 2, "nothing was written during the walks")

    def test_another_server_reads_it(self):
        self.played(self.stream(4000, 0))
        digest = self.call("DEBUG", "DIGEST")
        self.bgsave()
        self.saved()
        self.assertEqual(self.digest_of_file(), digest, f"seed {SEED}")
        if ORACLE:
            self.assertEqual(self.digest_of_file(ORACLE), digest, f"seed {SEED}")
        if CHECKER:
            done = subprocess.run([CHECKER, str(self.server.dir / "dump.rdb")], capture_output=True)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_it_is_the_file_that_a_child_writes(self):
        """Of one database that nobody changes: but for time and memory, the same length."""
        self.fill()
        self.bgsave()
        self.saved()
        walked = (self.server.dir / "dump.rdb").read_bytes()
        self.call("CONFIG", "SET", "snapshot-method", "fork")
        self.bgsave()
        self.saved()
        forked = (self.server.dir / "dump.rdb").read_bytes()
        self.assertLess(abs(len(walked) - len(forked)), 8)
        self.assertEqual(walked[:9], forked[:9])

    def test_figures_are_those_of_a_save(self):
        self.fill(500)
        changes, saves = int(self.info("rdb_changes_since_last_save")), int(self.info("rdb_saves"))
        self.assertEqual(changes, 500)
        self.slowly()
        self.bgsave()
        self.assertTrue(self.saving())
        self.assertEqual(self.call("BGSAVE"), Error(b"ERR Background save already in progress"))
        self.assertEqual(self.call("SAVE"), Error(b"ERR Background save already in progress"))
        self.assertEqual(self.info("current_cow_size"), "0")
        self.call("SET", "a", "b")
        self.saved()
        self.assertEqual(self.info("rdb_changes_since_last_save"), "1")
        self.assertEqual(int(self.info("rdb_saves")), saves + 1)
        self.assertLess(time.time() - self.call("LASTSAVE"), 30)


class Databases(Walk):
    def test_a_flush_of_one_begins_anew(self):
        self.fill()
        self.call("SELECT", 1)
        self.call("SET", "stays", "here")
        self.slowly()
        self.bgsave()
        self.call("SELECT", 0)
        self.call("FLUSHDB")
        self.assertTrue(self.saving())
        self.saved()
        self.assertEqual(self.digest_of_file(), self.call("DEBUG", "DIGEST"))

    def test_many_flushes_end_in_a_child(self):
        self.slowly()
        self.fill(2000)
        self.bgsave()
        for _ in range(5):
            self.call("FLUSHDB")
            self.fill(2000)
            time.sleep(0.02)
        self.saved()
        self.call("CONFIG", "SET", "rdb-key-save-delay", "0")
        self.bgsave()
        self.saved()
        self.assertEqual(self.digest_of_file(), self.call("DEBUG", "DIGEST"))

    def test_flushall_ends_it(self):
        self.fill()
        self.slowly()
        self.bgsave()
        self.call("FLUSHALL")
        self.assertFalse(self.saving())
        time.sleep(0.05)
        self.assertEqual(sorted(p.name for p in self.server.dir.glob("*.rdb")), [])
        self.fill(100)
        self.bgsave()
        self.saved()
        self.assertEqual(self.digest_of_file(), self.call("DEBUG", "DIGEST"))

    def test_swapped_databases_are_saved_under_their_numbers(self):
        self.fill(1000)
        self.call("SELECT", 3)
        self.fill(500)
        self.slowly()
        digest = self.call("DEBUG", "DIGEST")
        self.bgsave()
        for a, b in ((0, 3), (3, 5), (0, 5), (1, 3)):
            self.call("SWAPDB", a, b)
            time.sleep(0.01)
        self.assertTrue(self.saving())
        self.saved()
        self.assertEqual(self.digest_of_file(), digest)

    def test_reload_meanwhile(self):
        self.fill(1000)
        digest = self.call("DEBUG", "DIGEST")
        self.slowly()
        self.bgsave()
        self.assertEqual(self.call("DEBUG", "RELOAD"), b"OK")
        self.saved()
        self.assertEqual(self.call("DEBUG", "DIGEST"), digest)
        self.assertEqual(self.digest_of_file(), digest)


class Ends(Walk):
    def large(self):
        self.call("HSET", "large", *(word for i in range(3000) for word in (f"field{i}", "x" * 40)))

    def test_a_large_value_is_left_to_a_child(self):
        self.fill(1000)
        self.large()
        self.bgsave()
        self.saved()
        self.assertIn("Forking a child instead", self.server.log())
        self.assertEqual(self.digest_of_file(), self.call("DEBUG", "DIGEST"))
        # The marks that were left are no matter to the next one.
        self.call("DEL", "large")
        self.bgsave()
        self.saved()
        self.assertEqual(self.digest_of_file(), self.call("DEBUG", "DIGEST"))
        self.assertEqual(self.server.log().count("Forking a child"), 1)

    def test_the_scan_waits_for_the_disk(self):
        """Forty megabytes: more than it may be ahead."""
        self.call("CONFIG", "SET", "rdbcompression", "no")
        self.call("DEBUG", "POPULATE", 1000, "k", 40_000)
        digest = self.call("DEBUG", "DIGEST")
        self.bgsave()
        for i in range(0, 1000, 7):
            self.call("SET", f"k:{i}", "changed")
        self.saved()
        self.assertEqual(self.digest_of_file(), digest)

    def test_values_that_take_too_long_to_be_compressed(self):
        """They stand between others, of several databases, and change meanwhile."""
        self.fill(300)
        for db in (0, 3, 0, 3):
            self.call("SELECT", db)
            for i, size in enumerate((60_000, 66_000, 300_000, 800_000)):
                self.call("SETEX", f"text{db}:{i}", 1000, b"some words " * (size // 11))
                self.call("SET", f"noise{db}:{i}", self.rng.randbytes(size))
            self.call("RPUSH", "list", *(self.rng.randbytes(4000) for _ in range(100)))
            self.fill(300)
        digest = self.call("DEBUG", "DIGEST")
        self.slowly()
        self.bgsave()
        self.call("APPEND", "noise3:2", "x")
        self.call("DEL", "text3:3", "list")
        self.call("SELECT", 0)
        self.call("SET", "noise0:1", "short")
        self.call("CONFIG", "SET", "rdb-key-save-delay", "0")
        self.saved()
        self.assertNotIn("Forking a child instead", self.server.log())
        self.assertEqual(self.digest_of_file(), digest, f"seed {SEED}")
        if ORACLE:
            self.assertEqual(self.digest_of_file(ORACLE), digest, f"seed {SEED}")
        self.call("SET", "larger", b"x" * 1_500_000)
        self.bgsave()
        self.saved()
        self.assertIn("Forking a child instead", self.server.log())
        self.assertEqual(self.digest_of_file(), self.call("DEBUG", "DIGEST"), f"seed {SEED}")

    def test_a_large_value_is_written_where_that_is_wanted(self):
        self.call("CONFIG", "SET", "snapshot-walk-effort", "0")
        self.fill(1000)
        self.large()
        self.slowly()
        digest = self.call("DEBUG", "DIGEST")
        self.bgsave()
        self.call("HDEL", "large", "field7")
        self.saved()
        self.assertNotIn("Forking a child instead", self.server.log())
        self.assertEqual(self.digest_of_file(), digest)

    def test_it_fails_and_the_next_one_succeeds(self):
        self.fill(500)
        (self.server.dir / "dump.rdb").mkdir()
        self.bgsave()
        self.saved(good=False)
        (self.server.dir / "dump.rdb").rmdir()
        self.assertEqual(list(self.server.dir.glob("temp-*")), [])
        self.bgsave()
        self.saved()
        self.assertEqual(self.digest_of_file(), self.call("DEBUG", "DIGEST"))

    def test_it_cannot_begin(self):
        self.fill(10)
        temp = self.server.dir / f"temp-walk-{self.info('process_id')}.rdb"
        temp.mkdir()
        self.assertEqual(self.call("BGSAVE"), Error(b"ERR"))
        self.assertFalse(self.saving())
        self.assertEqual(self.info("rdb_last_bgsave_status"), "err")
        temp.rmdir()
        self.bgsave()
        self.saved()

    def test_a_rewrite_of_the_log_meanwhile(self):
        self.fill(2000)
        self.slowly()
        digest = self.call("DEBUG", "DIGEST")
        self.bgsave()
        self.assertEqual(self.call("CONFIG", "SET", "appendonly", "yes"), b"OK")
        self.call("BGREWRITEAOF")
        self.call("SET", "f0", "changed")
        while self.info("aof_rewrite_in_progress") == "1" or self.info("aof_rewrite_scheduled") == "1":
            time.sleep(0.01)
        self.assertEqual(self.info("aof_last_bgrewrite_status"), "ok")
        self.saved()
        self.assertEqual(self.digest_of_file(), digest)

    def test_a_scheduled_save_comes(self):
        self.fill(100)
        self.call("MULTI")
        self.call("BGSAVE")
        self.assertEqual(self.call("EXEC"), [b"Background saving scheduled"])
        end = time.time() + 10
        while not (self.server.dir / "dump.rdb").exists():
            self.assertLess(time.time(), end)
            time.sleep(0.01)

    def test_shutdown_meanwhile(self):
        for how in ("NOSAVE", "SAVE"):
            self.fill(3000)
            self.slowly()
            self.bgsave()
            self.call("SET", "last", how)
            self.client.send("SHUTDOWN", how)
            self.server.wait_exit()
            self.assertEqual(list(self.server.dir.glob("temp-*")), [])
            self.assertEqual((self.server.dir / "dump.rdb").exists(), how == "SAVE")
            self.server.start()
            self.client = self.connect()
            self.call = self.client.call
            self.assertEqual(self.call("GET", "last"), b"SAVE" if how == "SAVE" else None)


if __name__ == "__main__":
    print(f"seed {SEED}", flush=True)
    main()
