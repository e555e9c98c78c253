#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A disk that fails while a log is kept, and servers killed at each step of a rewrite.

With `always` the server ends rather than acknowledge what is not on the disk; with the others writes
are refused until one goes well, and nothing is lost.  A rewrite that fails leaves the log as it was."""
import pathlib
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Closed, Error, Server, main  # noqa: E402
from test_rdb_faults import build  # noqa: E402

ENOSPC, EIO, EMFILE = 28, 5, 24


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
        server = Server("--appendonly", "yes", *arguments, environment={
            "LD_PRELOAD": str(self.library), "FAULTS": str(self.faults), "FAULTS_FILES": "aof"})
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def again(self, server):
        self.faults.write_text("")
        if server.process.poll() is None:
            server.kill()
        server.expect_status = 0
        server.start()

    def wait_answer(self, server, *words, refused):
        """Until the command is refused, or no longer."""
        for _ in range(400):
            answer = server.call(*words)
            if isinstance(answer, Error) == refused:
                return answer
            time.sleep(0.01)
        raise AssertionError(f"{words} answers {answer}")

    def refuses_and_recovers(self, fault, text, policy="no"):
        server = self.begin("--appendfsync", policy)
        self.assertEqual(server.call("SET", "a", 1), b"OK")
        self.faults.write_text(fault)
        self.assertEqual(server.call("INCR", "a"), 2)
        answer = self.wait_answer(server, "INCR", "b", refused=True)
        self.assertIn(f"MISCONF Errors writing to the AOF file: {text}".encode(), answer)
        self.assertIn(b"MISCONF", server.call("PING"))
        self.assertEqual(server.call("GET", "a"), b"2")
        self.assertEqual(server.info("persistence")["aof_last_write_status"], "err")
        b = int(server.call("GET", "b") or 0)
        self.faults.write_text("")
        self.wait_answer(server, "PING", refused=False)
        server.call("SET", "c", 1)
        self.again(server)
        self.assertEqual([server.call("GET", key) for key in ("a", "b", "c")],
                         [b"2", b"%d" % b if b else None, b"1"])

    def test_no_space(self):
        self.refuses_and_recovers(f"write {ENOSPC}", "No space left on device")

    def test_a_failing_disk(self):
        self.refuses_and_recovers(f"write {EIO}", "Input/output error")

    def test_half_a_write_is_taken_back(self):
        self.refuses_and_recovers(f"part {ENOSPC}", "No space left on device")

    def test_a_sync_that_fails(self):
        server = self.begin()
        self.faults.write_text(f"fsync {EIO}")
        server.call("SET", "a", 1)
        self.wait_answer(server, "SET", "b", 1, refused=True)
        self.faults.write_text("")

    def test_short_and_interrupted_writes(self):
        server = self.begin("--appendfsync", "always")
        self.faults.write_text("short 0")
        for i in range(50):
            server.call("RPUSH", "l", i)
        self.again(server)
        self.assertEqual(server.call("LLEN", "l"), 50)

    def test_with_always_the_server_ends(self):
        for fault, line in ((f"write {EIO}", "Can't recover from AOF write error"),
                            (f"part {ENOSPC}", "Can't recover from AOF write error"),
                            (f"fsync {EIO}", "Can't persist AOF for fsync error")):
            server = self.begin("--appendfsync", "always")
            server.call("INCR", "told")
            self.faults.write_text(fault)
            with self.assertRaises((Closed, OSError)):
                server.call("INCR", "told")
            self.assertEqual(server.wait_exit(), 1)
            server.wait_log(line)
            self.again(server)
            self.assertIn(server.call("GET", "told"), (b"1", b"2"))
            self.assertIsInstance(server.call("INCR", "told"), int)

    def test_a_rewrite_that_fails_leaves_the_log(self):
        for fault in (f"write {ENOSPC}", f"fsync {EIO}", f"rename {EIO}", f"open {EMFILE}"):
            with self.subTest(fault):
                server = self.begin("--appendfsync", "no")
                for i in range(20):
                    server.call("RPUSH", "l", i)
                self.faults.write_text(fault)
                server.call("BGREWRITEAOF")
                for _ in range(500):
                    info = server.info("persistence")
                    if info["aof_last_bgrewrite_status"] == "err":
                        break
                    time.sleep(0.01)
                self.assertEqual(info["aof_last_bgrewrite_status"], "err")
                self.faults.write_text("")
                server.call("RPUSH", "l", 20)
                server.call("BGREWRITEAOF")
                server.wait_log("Background AOF rewrite finished successfully")
                server.call("RPUSH", "l", 21)
                self.again(server)
                self.assertEqual(server.call("LLEN", "l"), 22)

    def test_killed_at_each_step_of_a_rewrite(self):
        for step in range(1, 12):
            server = self.begin("--appendfsync", "always")
            for i in range(20):
                server.call("RPUSH", "l", i)
            self.faults.write_text(f"killat {step}")
            told = 20
            try:
                server.call("BGREWRITEAOF")
                for i in range(60):
                    server.call("RPUSH", "l", told)
                    told += 1
                    time.sleep(0.002)
            except (Closed, OSError):
                pass
            self.again(server)
            self.assertIn(server.call("LLEN", "l"), (told, told + 1), f"step {step}")


if __name__ == "__main__":
    main()
