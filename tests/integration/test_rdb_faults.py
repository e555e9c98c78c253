#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A disk that fails, and processes that are killed, while a snapshot is written.

Whatever happens, the file under its own name is a whole one, old or new; the error is told; nothing
is left behind by a child that is known to be dead; and when the disk is well again all goes on.

FAULTS_SEED repeats a run, FAULTS_ROUNDS says how often a server is killed."""
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

from support import Error, Server, StartFailure, main  # noqa: E402

SEED = int(os.environ.get("FAULTS_SEED") or random.randrange(1 << 31))
ROUNDS = int(os.environ.get("FAULTS_ROUNDS", "40"))
HERE = pathlib.Path(__file__).resolve().parent
DEBUG = ("--enable-debug-command", "yes", "--enable-protected-configs", "yes")
METHODS = ("fork", "walk")  # of snapshot-method


def build(folder):
    """The library, or None where it cannot be put in front of the server."""
    library = folder / "faults.so"
    compiler = shlex.split(os.environ.get("CC", "cc"))
    run = subprocess.run([*compiler, "-shared", "-fPIC", "-o", str(library), str(HERE / "faults.c"),
                          "-ldl"], capture_output=True, text=True)
    if run.returncode != 0:
        return None
    try:  # a sanitizer wants to be the first itself
        with Server(environment={"LD_PRELOAD": str(library)}):
            return library
    except StartFailure:
        return None


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-faults."))
        cls.library = build(cls.folder)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)

    def setUp(self):
        if not self.library:
            self.skipTest("no library can be made here")
        self.faults = self.folder / "faults"
        self.faults.write_text("")

    def begin(self, *arguments):
        server = Server(*DEBUG, *arguments, environment={
            "LD_PRELOAD": str(self.library), "FAULTS": str(self.faults)})
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def wait_idle(self, server):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            info = server.info("persistence")
            if info["rdb_bgsave_in_progress"] == "0":
                return info
            time.sleep(0.01)
        raise AssertionError("the child does not end")

    def other(self, server):
        """Another server, that begins with the file."""
        other = Server(*DEBUG, start=False)
        self.addCleanup(other.__exit__, None, None, None)
        shutil.copy(server.dir / "dump.rdb", other.dir)
        other.start()
        return other

    def check_file(self, server, values):
        """What the file holds: all of one of these."""
        with self.other(server) as other:
            found = {other.call("GET", "first"), other.call("GET", "last")}
            self.assertEqual(len(found), 1, f"seed {SEED}")
            self.assertIn(found.pop(), values, f"seed {SEED}")
            self.assertEqual(other.call("DBSIZE"), 302)

    def fill(self, server, value):
        with server.client() as client:
            client.call("SET", "first", value)
            for i in range(300):
                client.call("SET", f"k{i}", random.Random(i).randbytes(1000))
            client.call("SET", "last", value)

    def test_what_fails_is_told_and_the_old_file_stands(self):
        for method in METHODS:
            with self.subTest(method):
                self.faults.write_text("")
                self.what_fails_is_told("--snapshot-method", method)

    def what_fails_is_told(self, *arguments):
        server = self.begin(*arguments)
        self.fill(server, "old")
        self.assertEqual(server.call("SAVE"), b"OK")
        before = (server.dir / "dump.rdb").read_bytes()
        self.fill(server, "new")
        for fault, words in (("write 28", "(write): No space left on device"),
                             ("write 5", "(write): Input/output error"),
                             ("fsync 5", "(fsync): Input/output error"),
                             ("rename 13", "Permission denied")):
            self.faults.write_text(fault)
            self.assertIsInstance(server.call("SAVE"), Error, fault)
            server.call("BGSAVE")
            self.assertEqual(self.wait_idle(server)["rdb_last_bgsave_status"], "err", fault)
            self.assertEqual((server.dir / "dump.rdb").read_bytes(), before, fault)
            self.assertEqual(list(server.dir.glob("temp-*")), [], fault)
            self.assertEqual(server.log().count(words), 2, fault)
        self.assertEqual(server.log().count("Background saving error"), 4)
        self.faults.write_text("")
        server.call("BGSAVE")
        self.assertEqual(self.wait_idle(server)["rdb_last_bgsave_status"], "ok")
        self.check_file(server, [b"new"])

    def test_short_and_interrupted_writes_make_the_same_file(self):
        server = self.begin("--rdbcompression", "no")
        self.fill(server, "old")
        digest = server.call("DEBUG", "DIGEST")
        self.faults.write_text("short 0")
        self.assertEqual(server.call("SAVE"), b"OK")
        self.assertEqual(server.call("DEBUG", "RELOAD", "NOSAVE"), b"OK")
        self.assertEqual(server.call("DEBUG", "DIGEST"), digest)
        (server.dir / "dump.rdb").unlink()
        # A byte at a time takes long on a thread that steps back.
        server.call("DEL", *(f"k{i}" for i in range(40, 300)))
        digest = server.call("DEBUG", "DIGEST")
        server.call("CONFIG", "SET", "snapshot-method", "walk")
        server.call("BGSAVE")
        self.assertEqual(self.wait_idle(server)["rdb_last_bgsave_status"], "ok")
        self.assertEqual(self.other(server).call("DEBUG", "DIGEST"), digest)

    def test_a_disk_that_fails_in_the_middle_of_a_walk(self):
        """One megabyte is on its way or written when it happens, of six."""
        for fault, words in (("write 28", "No space left on device"), ("write 5", "Input/output error"),
                             ("part 28", "No space left on device")):
            self.faults.write_text("")
            server = self.begin("--snapshot-method", "walk", "--rdbcompression", "no", "--save", "10000 1",
                                "--hz", "100")
            client = server.client()
            for i in range(6000):
                client.send("SET", f"k{i}", "x" * 1000)
            for i in range(6000):
                client.read()
            server.call("CONFIG", "SET", "rdb-key-save-delay", "1")
            # A few keys each 4 ms, but those that change are written at once.
            client.send("BGSAVE")
            for i in range(1000):
                client.send("SET", f"k{i}", "y")
            self.assertEqual(client.read().value, b"Background saving started")
            for i in range(1000):
                client.read()
            temp = server.dir / f"temp-walk-{server.process.pid}.rdb"
            for _ in range(2000):
                if temp.stat().st_size > 200_000:
                    break
                time.sleep(0.01)
            self.assertEqual(server.info("persistence")["rdb_bgsave_in_progress"], "1")
            self.assertGreater(temp.stat().st_size, 200_000)
            self.faults.write_text(fault)
            server.call("CONFIG", "SET", "rdb-key-save-delay", "0")
            info = self.wait_idle(server)
            self.assertEqual(info["rdb_last_bgsave_status"], "err", fault)
            self.assertEqual(info["rdb_current_bgsave_time_sec"], "-1", fault)
            self.assertGreaterEqual(int(info["rdb_last_bgsave_time_sec"]), 0, fault)
            self.assertEqual(info["rdb_changes_since_last_save"], "7000", fault)
            self.assertIn(f"Write error saving DB on disk(write): {words}", server.log(), fault)
            self.assertIn("Background saving error", server.log(), fault)
            self.assertEqual(list(server.dir.glob("*.rdb")), [], fault)
            self.assertTrue(client.call("SET", "k", "w").startswith(b"MISCONF"), fault)
            self.assertEqual(client.call("GET", "k7"), b"y")
            self.faults.write_text("")
            self.assertEqual(client.call("BGSAVE"), b"Background saving started")
            self.assertEqual(self.wait_idle(server)["rdb_last_bgsave_status"], "ok", fault)
            digest = client.call("DEBUG", "DIGEST")
            self.assertEqual(client.call("SET", "k", "w"), b"OK", fault)
            self.assertEqual(self.other(server).call("DEBUG", "DIGEST"), digest, fault)
            client.close()

    def test_writes_are_refused_until_there_is_space_again(self):
        server = self.begin("--save", "1 1", "--hz", "100")
        self.faults.write_text("write 28")
        server.call("SET", "k", "v")
        server.wait_log("Background saving error")
        deadline = time.monotonic() + 5
        while not isinstance(server.call("SET", "k", "w"), Error):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.assertTrue(server.call("SET", "k", "w").startswith(b"MISCONF"))
        self.faults.write_text("")
        deadline = time.monotonic() + 15
        while isinstance(server.call("SET", "k", "w"), Error):
            self.assertLess(time.monotonic(), deadline, server.log()[-2000:])
            time.sleep(0.1)

    def test_a_child_that_dies_while_it_writes_leaves_the_old_file(self):
        server = self.begin("--rdbcompression", "no")
        self.fill(server, "old")
        server.call("SAVE")
        self.fill(server, "new")
        for at in (1, 2):
            self.faults.write_text(f"kill {at}")
            server.call("BGSAVE")
            self.assertEqual(self.wait_idle(server)["rdb_last_bgsave_status"], "err")
            self.check_file(server, [b"old"])
            self.assertEqual(list(server.dir.glob("temp-*")), [])


class Killed(unittest.TestCase):
    def test_a_server_killed_at_any_moment_begins_with_a_whole_file(self):
        """The server and its child, at a moment by chance, again and again in one folder."""
        rng = random.Random(SEED)
        with tempfile.TemporaryDirectory(prefix="keyrack-killed.") as folder:
            saved = [0]
            for round_ in range(ROUNDS):
                server = Server(*DEBUG, "--dir", folder, "--rdb-key-save-delay", "20")
                try:
                    with server.client() as client:
                        found = client.call("MGET", *[f"n{i}" for i in range(200)])
                        self.assertEqual(len(set(found)), 1, f"round {round_} seed {SEED}: {found}")
                        number = int(found[0] or 0)
                        self.assertGreaterEqual(number, saved[-1], f"round {round_} seed {SEED}")
                        saved = [number]
                        for _ in range(3):
                            number += 1
                            client.call("MSET", *[w for i in range(200) for w in (f"n{i}", number)])
                            if rng.random() < 0.5:
                                self.assertEqual(client.call("SAVE"), b"OK")
                                saved.append(number)
                            else:
                                client.call("BGSAVE")
                                pid = int(server.wait_log(
                                    r"(?s).*Background saving started by pid (\d+)").group(1))
                                time.sleep(rng.random() * 0.03)
                                if rng.random() < 0.5:
                                    try:
                                        os.kill(pid, 9)
                                    except ProcessLookupError:
                                        pass
                                for _ in range(500):
                                    if b"bgsave_in_progress:0" in client.call("INFO", "persistence"):
                                        break
                                    time.sleep(0.005)
                                if b"bgsave_status:ok" in client.call("INFO", "persistence"):
                                    saved.append(number)
                        client.send("BGSAVE")
                        time.sleep(rng.random() * 0.03)
                    server.kill()
                finally:
                    server.__exit__(None, None, None)
            self.assertGreater(saved[-1], 0)


if __name__ == "__main__":
    main()
