#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Snapshots exchanged with Redis, both ways, and the commands that make them.

What one server saves the other loads: every type in every encoding, ten databases, expiry in all
its forms, ages, groups of streams.  DEBUG DIGEST then says the same on both, and redis-check-rdb
accepts what we write.

RDB_SEED repeats a run."""
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Client, Error, Server, WithServer, knows, main, values  # noqa: E402
from support.server import ORACLE, StartFailure, is_oracle  # noqa: E402

SEED = int(os.environ.get("RDB_SEED") or random.randrange(1 << 31))
CHECKER = shutil.which("redis-check-rdb")
DEBUG = ("--enable-debug-command", "yes", "--enable-protected-configs", "yes")


# Small lists and sets that are listpacks from 7.2 on.
NEWER = (b"quicklist", b"hashtable")


def expiries(rng, key):
    """The ways in which a key may expire, the one it does not included."""
    now = int(time.time() * 1000)
    return rng.choice(([], [("EXPIRE", key, 5000)], [("PEXPIRE", key, 10**7 + rng.randrange(10**6))],
                       [("PEXPIREAT", key, now + 10**12)], [("EXPIREAT", key, 2**31 + 5)],
                       [("PEXPIREAT", key, 2**47 + 11)]))


def fill(server, rng, databases=10):
    """Some values of every kind in every database.  The same seed makes the same data set."""
    with server.client(timeout=60.0) as client:
        known = {}

        def knows_it(name):
            if name not in known:
                known[name] = knows(client, name)
            return known[name]

        for db in range(databases):
            client.call("SELECT", db)
            for round_ in range(2):
                for number, (kind, commands) in enumerate(values.build(rng, b"", knows_it)):
                    key = b"%s:%d:%d" % (kind.encode(), number, round_)
                    for words in commands:
                        words = [key if word == b"" and i in (1, 2) else word
                                 for i, word in enumerate(words)]
                        if words[0] == "XREADGROUP":
                            words[words.index("STREAMS") + 1] = key
                        client.call(*words)
                    for words in expiries(rng, key):
                        client.call(*words)


def encodings(server, databases=10):
    """The encoding and the expiry of every key."""
    found = {}
    with server.client(timeout=60.0) as client:
        for db in range(databases):
            client.call("SELECT", db)
            for key in client.call("KEYS", "*"):
                found[db, key] = (client.call("OBJECT", "ENCODING", key),
                                  client.call("PEXPIRETIME", key))
    return found


def streams(server, databases=10):
    """All that is known of every stream, but for times of consumers."""
    found = {}
    with server.client(timeout=60.0) as client:
        for db in range(databases):
            client.call("SELECT", db)
            for key in client.call("KEYS", "stream:*"):
                found[db, key] = (client.call("XRANGE", key, "-", "+"),
                                  client.call("XINFO", "STREAM", key)[:14],
                                  [(group, client.call("XPENDING", key, group[1], "-", "+", 1000),
                                    [row[:4] for row in client.call("XINFO", "CONSUMERS", key,
                                                                    group[1])])
                                   for group in client.call("XINFO", "GROUPS", key)])
    return [(key, strip(value)) for key, value in sorted(found.items())]


def strip(value):
    """XPENDING's idle times go on: without them."""
    entries, info, groups = value
    return entries, info, [(group, [row[:2] + row[3:] for row in pending], consumers)
                           for group, pending, consumers in groups]


def heir(of, binary=None, *arguments):
    """A server that begins with the file of another one."""
    server = Server(*DEBUG, *arguments, binary=binary, start=False)
    shutil.copy(of.dir / "dump.rdb", server.dir)
    server.start()
    return server


@unittest.skipIf(is_oracle(), "compares with the oracle")
class Exchange(unittest.TestCase):
    def setUp(self):
        self.rng = random.Random(SEED)

    def begin(self, binary=None, *arguments):
        server = Server(*DEBUG, *arguments, binary=binary)
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def inherit(self, of, binary=None, *arguments):
        server = heir(of, binary, *arguments)
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def same(self, one, other):
        self.assertEqual(one.call("DEBUG", "DIGEST"), other.call("DEBUG", "DIGEST"), f"seed {SEED}")
        self.assertEqual(streams(one), streams(other), f"seed {SEED}")

    def loads_alike(self, of):
        """Both servers make the same of the file."""
        ours, theirs = self.inherit(of), self.inherit(of, ORACLE)
        self.same(of, ours)
        self.same(of, theirs)
        one, other = encodings(ours), encodings(theirs)
        self.assertEqual(len(one), len(other))
        for key, value in one.items():
            if value[0] == b"listpack" and other[key][0] in NEWER:
                value = (other[key][0], value[1])
            self.assertEqual(value, other[key], f"{key} seed {SEED}")

    def test_what_we_save_redis_loads(self):
        for compression in ("yes", "no"):
            ours = self.begin(None, "--rdbcompression", compression)
            fill(ours, self.rng)
            self.assertEqual(ours.call("SAVE"), b"OK")
            check = subprocess.run([CHECKER, str(ours.dir / "dump.rdb")], capture_output=True,
                                   text=True, timeout=60)
            self.assertEqual(check.returncode, 0, check.stdout[-2000:])
            self.assertIn("RDB looks OK", check.stdout)
            self.loads_alike(ours)

    def test_what_redis_saves_we_load(self):
        for compression in ("yes", "no"):
            theirs = self.begin(ORACLE, "--rdbcompression", compression)
            fill(theirs, self.rng)
            self.assertEqual(theirs.call("SAVE"), b"OK")
            self.loads_alike(theirs)

    def test_what_we_save_we_load(self):
        ours = self.begin()
        fill(ours, self.rng)
        before = ours.call("DEBUG", "DIGEST"), streams(ours)
        self.assertEqual(ours.call("DEBUG", "RELOAD"), b"OK")
        self.assertTrue(before == (ours.call("DEBUG", "DIGEST"), streams(ours)), f"seed {SEED}")
        ours.call("BGSAVE")
        ours.wait_log("Background saving terminated with success")
        self.same(ours, self.inherit(ours))

    def test_a_file_without_a_checksum_is_exchanged_too(self):
        ours = self.begin(None, "--rdbchecksum", "no")
        ours.call("SET", "k", "v")
        ours.call("SAVE")
        self.assertEqual((ours.dir / "dump.rdb").read_bytes()[-8:], bytes(8))
        self.assertEqual(self.inherit(ours, ORACLE).call("GET", "k"), b"v")
        again = self.inherit(ours)
        self.assertEqual(again.call("GET", "k"), b"v")
        self.assertIn("saved with checksum disabled", again.log())

    def test_ages_are_exchanged(self):
        for policy, ask, make in (("allkeys-lru", "IDLETIME", ("IDLETIME", 5000)),
                                  ("allkeys-lfu", "FREQ", ("FREQ", 77))):
            for first, second in ((None, ORACLE), (ORACLE, None), (None, None)):
                one = self.begin(first, "--maxmemory-policy", policy)
                one.call("SET", "k", "v")
                payload = one.call("DUMP", "k")
                self.assertEqual(one.call("RESTORE", "old", 0, payload, *make), b"OK")
                one.call("SAVE")
                other = self.inherit(one, second, "--maxmemory-policy", policy)
                age = other.call("OBJECT", ask, "old")
                self.assertTrue(abs(age - make[1]) <= 3, (policy, first, second, age))

    def test_a_time_of_a_field_needs_a_newer_version(self):
        ours = self.begin()
        ours.call("HSET", "plain", "f", "v")
        ours.call("SAVE")
        self.assertEqual((ours.dir / "dump.rdb").read_bytes()[:9], b"REDIS0010")
        ours.call("HSET", "h", "f", "v", "g", "w")
        ours.call("HPEXPIREAT", "h", 4102444800000, "FIELDS", 1, "f")
        ours.call("SAVE")
        self.assertEqual((ours.dir / "dump.rdb").read_bytes()[:9], b"REDIS0012")
        again = self.inherit(ours)
        self.assertEqual(again.call("HPEXPIRETIME", "h", "FIELDS", 2, "f", "g"), [4102444800000, -1])
        self.assertEqual(again.call("DEBUG", "DIGEST"), ours.call("DEBUG", "DIGEST"))
        ours.call("HPERSIST", "h", "FIELDS", 1, "f")
        ours.call("SAVE")
        self.assertEqual((ours.dir / "dump.rdb").read_bytes()[:9], b"REDIS0010")
        ours.call("DEL", "h")
        self.assertEqual(self.inherit(ours, ORACLE).call("DBSIZE"), 2)

    def test_a_library_of_functions_is_carried_along(self):
        theirs = self.begin(ORACLE)
        code = "#!lua name=lib\nredis.register_function('f', function() return 42 end)"
        self.assertEqual(theirs.call("FUNCTION", "LOAD", code), b"lib")
        theirs.call("SET", "k", "v")
        theirs.call("SAVE")
        ours = self.inherit(theirs)
        self.assertEqual(ours.call("GET", "k"), b"v")
        self.assertEqual(ours.call("DEBUG", "RELOAD"), b"OK")
        ours.call("SAVE")
        self.assertEqual(self.inherit(ours, ORACLE).call("FCALL", "f", 0), 42)

    def test_what_has_expired_is_not_loaded(self):
        ours = self.begin()
        with ours.client() as client:
            client.call("DEBUG", "SET-ACTIVE-EXPIRE", 0)
            client.call("SET", "gone", "v", "PX", 1)
            client.call("SET", "stays", "v", "EX", 1000)
            client.call("RPUSH", "gone too", "v")
            client.call("PEXPIRE", "gone too", 1)
            time.sleep(0.01)
            client.call("SAVE")
        again = self.inherit(ours)
        self.assertEqual(again.call("KEYS", "*"), [b"stays"])
        info = again.info("persistence")
        self.assertEqual(info["rdb_last_load_keys_expired"], "2")
        self.assertEqual(info["rdb_last_load_keys_loaded"], "1")

    def test_values_of_any_size_pass(self):
        ours = self.begin(None, "--rdbcompression", "no")
        sizes = (0, 1, 63, 64, 16383, 16384, 65535, 65536, 262143, 262144, 262145, 600000, 3000000)
        with ours.client(timeout=60) as client:
            for size in sizes:
                client.call("SET", f"s{size}", random.Random(size).randbytes(size))
                client.call("RPUSH", "l", random.Random(size).randbytes(size))
                client.call("HSET", "h", f"f{size}", random.Random(size).randbytes(size))
                client.call("SET", random.Random(size).randbytes(min(size, 300000)) + b"key", "v")
            client.call("SAVE")
        self.same(ours, self.inherit(ours, ORACLE))
        self.same(ours, self.inherit(ours))


class Commands(unittest.TestCase):
    def begin(self, *arguments, **more):
        server = Server(*DEBUG, *arguments, **more)
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def wait_info(self, server, field, wanted, within=10.0):
        deadline = time.monotonic() + within
        while server.info("persistence")[field] != wanted:
            self.assertLess(time.monotonic(), deadline, server.info("persistence")[field])
            time.sleep(0.02)

    def test_bgsave_saves_the_moment_at_which_it_was_asked_for(self):
        server = self.begin("--rdb-key-save-delay", "2000")
        with server.client() as client:
            for i in range(200):
                client.call("SET", f"k{i}", "before")
            digest = client.call("DEBUG", "DIGEST")
            self.assertEqual(client.call("BGSAVE"), b"Background saving started")
            self.assertEqual(client.call("BGSAVE"), Error(b"ERR Background save already in progress"))
            self.assertEqual(client.call("SAVE"), Error(b"ERR Background save already in progress"))
            self.assertEqual(server.info("persistence")["rdb_bgsave_in_progress"], "1")
            for i in range(200):
                client.call("SET", f"k{i}", "after")
            client.call("SET", "new", "after")
            client.call("DEL", "k5")
        self.wait_info(server, "rdb_bgsave_in_progress", "0")
        info = server.info("persistence")
        self.assertEqual(info["rdb_last_bgsave_status"], "ok")
        self.assertEqual(info["rdb_changes_since_last_save"], "202")
        again = heir(server)
        self.addCleanup(again.__exit__, None, None, None)
        self.assertEqual(again.call("DEBUG", "DIGEST"), digest)

    def test_a_child_that_is_killed_leaves_the_old_file_and_nothing_else(self):
        server = self.begin("--rdb-key-save-delay", "20000")
        server.call("SET", "k", "old")
        server.call("CONFIG", "SET", "rdb-key-save-delay", "0")
        server.call("SAVE")
        old = (server.dir / "dump.rdb").read_bytes()
        server.call("CONFIG", "SET", "rdb-key-save-delay", "200000")
        for i in range(100):
            server.call("SET", f"k{i}", "new")
        for number, status in ((9, "err"), (10, "ok")):
            server.call("CONFIG", "SET", "rdb-key-save-delay", "0")
            server.call("BGSAVE")
            self.wait_info(server, "rdb_bgsave_in_progress", "0")
            server.call("CONFIG", "SET", "rdb-key-save-delay", "200000")
            (server.dir / "dump.rdb").write_bytes(old)
            server.call("BGSAVE")
            pid = int(server.wait_log(r"(?s).*Background saving started by pid (\d+)").group(1))
            os.kill(pid, number)
            self.wait_info(server, "rdb_bgsave_in_progress", "0")
            self.assertEqual(server.info("persistence")["rdb_last_bgsave_status"], status)
            self.assertEqual((server.dir / "dump.rdb").read_bytes(), old)
            self.assertEqual(list(server.dir.glob("temp-*")), [])
        server.wait_log("Background saving terminated by signal 9")

    def test_in_a_transaction_it_is_scheduled(self):
        server = self.begin()
        with server.client() as client:
            client.call("SET", "k", "v")
            client.call("MULTI")
            client.call("BGSAVE")
            self.assertEqual(client.call("EXEC"), [b"Background saving scheduled"])
            self.wait_info(server, "rdb_saves", "1")
            self.wait_info(server, "rdb_changes_since_last_save", "0")
            self.assertEqual(client.call("BGSAVE", "NOW"), Error(b"ERR syntax error"))
            self.assertEqual(client.call("BGSAVE", "SCHEDULE"), b"Background saving started")

    def test_a_save_point_saves(self):
        server = self.begin("--save", "1 3", "--hz", "50")
        server.call("SET", "a", 1)
        server.call("SET", "b", 1)
        time.sleep(1.5)
        self.assertFalse((server.dir / "dump.rdb").exists())
        server.call("SET", "c", 1)
        server.wait_log(r"3 changes in 1 seconds. Saving...")
        server.wait_log("Background saving terminated with success")
        self.assertEqual(server.info("persistence")["rdb_changes_since_last_save"], "0")
        self.assertTrue(abs(server.call("LASTSAVE") - time.time()) < 5)

    def test_the_end_of_a_server_with_save_points_saves(self):
        for how in ("SIGTERM", "SHUTDOWN", "SHUTDOWN SAVE", "SHUTDOWN NOSAVE"):
            points = "" if how == "SHUTDOWN SAVE" else "900 100"
            server = Server("--save", points)
            try:
                server.call("SET", "k", how)
                if how == "SIGTERM":
                    server.stop()
                else:
                    with server.client() as client:
                        client.send(*how.split())
                        server.wait_exit()
                        server.assert_clean()
                self.assertEqual((server.dir / "dump.rdb").exists(), "NOSAVE" not in how, how)
            finally:
                server.__exit__(None, None, None)

    def test_signals_save_as_they_are_told_to(self):
        for words, signal_, points, saved in (("nosave", "SIGTERM", "900 100", False),
                                              ("save", "SIGTERM", "", True),
                                              ("nosave now", "SIGINT", "900 100", False),
                                              ("default", "SIGINT", "900 100", True)):
            server = Server("--save", points, f"--shutdown-on-{signal_.lower()}", words)
            try:
                server.call("SET", "k", "v")
                server.process.send_signal(getattr(signal, signal_))
                server.wait_exit()
                server.assert_clean()
                self.assertEqual((server.dir / "dump.rdb").exists(), saved, (words, signal_))
            finally:
                server.__exit__(None, None, None)

    def test_it_does_not_end_when_it_cannot_save(self):
        server = self.begin("--save", "900 100")
        server.call("SET", "k", "v")
        with server.client() as client:
            client.call("CONFIG", "SET", "dbfilename", "folder")
            (server.dir / "folder").mkdir()
            self.assertEqual(client.call("SHUTDOWN"),
                             Error(b"ERR Errors trying to SHUTDOWN. Check logs."))
            self.assertEqual(client.call("GET", "k"), b"v")
            client.send("SHUTDOWN", "FORCE")
            server.wait_exit()

    def test_flushall_empties_the_file_and_ends_the_child(self):
        server = self.begin("--save", "900 100")
        for i in range(100):
            server.call("SET", f"k{i}", "v")
        server.call("SAVE")
        server.call("CONFIG", "SET", "rdb-key-save-delay", "100000")
        server.call("BGSAVE")
        server.call("FLUSHALL")
        self.wait_info(server, "rdb_bgsave_in_progress", "0")
        self.assertEqual(server.info("persistence")["rdb_last_bgsave_status"], "ok")
        self.assertEqual(server.info("persistence")["rdb_changes_since_last_save"], "0")
        again = heir(server)
        self.addCleanup(again.__exit__, None, None, None)
        self.assertEqual(again.call("DBSIZE"), 0)
        self.assertEqual(list(server.dir.glob("temp-*")), [])

    def test_debug_reload_and_its_words(self):
        server = self.begin()
        with server.client() as client:
            client.call("SET", "k", "v")
            self.assertEqual(client.call("DEBUG", "RELOAD"), b"OK")
            client.call("SET", "k", "changed")
            self.assertEqual(client.call("DEBUG", "RELOAD", "NOSAVE"), b"OK")
            self.assertEqual(client.call("GET", "k"), b"v")
            client.call("SET", "other", "v")
            client.call("SET", "k", "changed")
            self.assertEqual(client.call("DEBUG", "RELOAD", "MERGE", "NOSAVE", "NOFLUSH"), b"OK")
            self.assertEqual(client.call("MGET", "k", "other"), [b"v", b"v"])
            self.assertEqual(client.call("DEBUG", "RELOAD", "FOO"), Error(
                b"ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."))
            client.call("DEBUG", "RELOAD", "NOSAVE")
            self.assertEqual(client.call("DBSIZE"), 1)

    def test_a_merge_replaces_functions_too(self):
        library = "#!lua name=%s\nredis.register_function('%s', function() return '%s' end)"
        server = self.begin()
        with server.client() as client:
            client.call("FUNCTION", "LOAD", library % ("one", "one", "saved"))
            self.assertEqual(client.call("SAVE"), b"OK")
            client.call("FUNCTION", "LOAD", "REPLACE", library % ("one", "one", "changed"))
            client.call("FUNCTION", "LOAD", library % ("two", "two", "stays"))
            self.assertEqual(client.call("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE"), b"OK")
            self.assertEqual(client.call("FCALL", "one", 0), b"saved")
            self.assertEqual(client.call("FCALL", "two", 0), b"stays")
            self.assertEqual(client.call("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH"), Error(
                b"ERR Error trying to load the RDB dump, check server logs."))

    def test_while_it_loads_clients_are_told_so(self):
        server = self.begin("--key-load-delay", "0")
        with server.client() as client:
            for i in range(3000):
                client.call("SET", f"k{i}", "v" * 100)
            client.call("SAVE")
        again = Server(*DEBUG, "--key-load-delay", "1000", start=False)
        self.addCleanup(again.__exit__, None, None, None)
        shutil.copy(server.dir / "dump.rdb", again.dir)
        again.spawn()
        again.wait_log("Server initialized")
        with Client((again.host, again.port), timeout=10) as client:
            self.assertEqual(client.call("GET", "k1"),
                             Error(b"LOADING Redis is loading the dataset in memory"))
            info = dict(line.split(b":", 1) for line in client.call("INFO", "persistence").split(b"\r\n")
                        if b":" in line)
            self.assertEqual(info[b"loading"], b"1")
            self.assertGreater(int(info[b"loading_total_bytes"]), 50000)
            self.assertIn(b"loading_eta_seconds", info)
        again.wait_ready()
        self.assertEqual(again.call("DBSIZE"), 3000)
        self.assertEqual(again.info("persistence")["loading"], "0")
        again.wait_log("DB loaded from disk: ")

    def test_a_server_told_to_end_while_it_loads_ends(self):
        server = self.begin()
        with server.client() as client:
            for i in range(3000):
                client.call("SET", f"k{i}", "v" * 100)
            client.call("SAVE")
        again = Server(*DEBUG, "--key-load-delay", "1000", "--save", "900 1", start=False)
        self.addCleanup(again.__exit__, None, None, None)
        shutil.copy(server.dir / "dump.rdb", again.dir)
        before = (again.dir / "dump.rdb").read_bytes()
        again.spawn()
        again.wait_log("Server initialized")
        began = time.monotonic()
        again.stop()
        self.assertLess(time.monotonic() - began, 2.0)
        self.assertEqual((again.dir / "dump.rdb").read_bytes(), before)


class Refused(unittest.TestCase):
    def refuse(self, content, *arguments):
        server = Server(*DEBUG, *arguments, start=False)
        try:
            (server.dir / "dump.rdb").write_bytes(content)
            with self.assertRaises(StartFailure) as caught:
                server.start()
            server.expect_status = 1
            self.assertEqual(caught.exception.status, 1)
            return caught.exception.log
        finally:
            server.__exit__(None, None, None)

    @unittest.skipIf(is_oracle(), "our words")
    def test_what_is_no_snapshot_ends_the_start(self):
        self.assertIn("Wrong signature", self.refuse(b"REDIX0010" + bytes(20)))
        self.assertIn("Can't handle RDB format version 99", self.refuse(b"REDIS0099" + bytes(20)))
        self.assertIn("offset 0: the bytes end too early", self.refuse(b""))
        self.assertIn("offset 9: the bytes end too early", self.refuse(b"REDIS0010"))
        self.assertIn("more than 3 databases", self.refuse(b"REDIS0003\xfe\x03\xff", "--databases", "3"))
        self.assertIn("duplicated key", self.refuse(b"REDIS0003\xfe\x00" + 2 * b"\x00\x01k\x01v" + b"\xff"))
        self.assertIn("no matching module 'AAAAAAAAA'", self.refuse(
            b"REDIS0010\xf7\x81" + bytes(8) + b"\x02\x02\x00\xff", "--load-absent-modules", "no"))
        self.assertIn("Wrong RDB checksum", self.refuse(b"REDIS0010\xff" + b"12345678"))

    def test_without_a_file_it_begins_empty(self):
        with Server() as server:
            self.assertEqual(server.call("DBSIZE"), 0)


class Misconf(WithServer):
    arguments = (*DEBUG, "--save", "900 1000000", "--dbfilename", "dump.rdb")

    def test_writes_are_refused_while_saving_fails(self):
        folder = self.server.dir / "cannot.rdb"
        folder.mkdir(exist_ok=True)
        with self.server.client() as client:
            client.call("SET", "k", "v")
            client.call("CONFIG", "SET", "dbfilename", "cannot.rdb")
            client.call("BGSAVE")
            self.server.wait_log("Background saving error")
            for _ in range(100):
                if self.server.info("persistence")["rdb_last_bgsave_status"] == "err":
                    break
                time.sleep(0.02)
            for words in (("SET", "k", "w"), ("PING",), ("DEL", "k")):
                answer = client.call(*words)
                self.assertIsInstance(answer, Error, words)
                self.assertTrue(answer.startswith(b"MISCONF Redis is configured to save RDB"), answer)
            self.assertEqual(client.call("GET", "k"), b"v")
            client.call("MULTI")
            self.assertTrue(client.call("SET", "k", "w").startswith(b"MISCONF"))
            self.assertTrue(client.call("EXEC").startswith(b"EXECABORT"))
            client.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
            self.assertEqual(client.call("SET", "k", "w"), b"OK")
            client.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")
            self.assertIsInstance(client.call("SET", "k", "w"), Error)
            client.call("CONFIG", "SET", "dbfilename", "dump.rdb")
            self.assertEqual(client.call("BGSAVE"), b"Background saving started")
            for _ in range(200):
                if not isinstance(client.call("SET", "k", "w"), Error):
                    break
                time.sleep(0.02)
            self.assertEqual(client.call("SET", "k", "w"), b"OK")


if __name__ == "__main__":
    main()
