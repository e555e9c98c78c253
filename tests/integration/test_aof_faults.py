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

    def wait_for(self, server, wanted, within=30):
        """Until INFO persistence is as `wanted` says; what it was then."""
        end = time.monotonic() + within
        while True:
            info = server.info("persistence")
            if wanted(info):
                return info
            self.assertLess(time.monotonic(), end, info)
            time.sleep(0.02)

    def stall(self, server):
        """A sync that does not end: each write asks for one, once a second."""
        self.faults.write_text("stall 0")
        for number in range(1000):
            server.call("SET", "b", number)
            if server.info("persistence")["aof_pending_bio_fsync"] != "0":
                break
            time.sleep(0.02)

    def test_a_write_waits_two_seconds_for_a_sync_and_no_longer(self):
        """With `everysec` a write would wait for the disk while it is being synced: it stays in the
        buffer, for two seconds at most."""
        server = self.begin("--appendfsync", "everysec")
        log = server.dir / "appendonlydir" / "appendonly.aof.1.incr.aof"
        server.call("SET", "a", 1)
        self.wait_for(server, lambda info: info["aof_buffer_length"] == "0")
        self.stall(server)
        written = log.stat().st_size
        before = int(server.info("persistence")["aof_delayed_fsync"])
        self.assertEqual(server.call("SET", "waits", "v"), b"OK")
        self.wait_for(server, lambda info: int(info["aof_delayed_fsync"]) > before)
        self.assertIn("Asynchronous AOF fsync is taking too long (disk is busy?)", server.log())
        self.assertGreater(log.stat().st_size, written)
        self.assertIn(b"waits", log.read_bytes())
        self.faults.write_text("")
        self.wait_for(server, lambda info: info["aof_pending_bio_fsync"] == "0")
        self.again(server)
        self.assertEqual(server.call("MGET", "waits", "a"), [b"v", b"1"])

    def test_a_write_goes_when_the_sync_has_ended(self):
        server = self.begin("--appendfsync", "everysec")
        log = server.dir / "appendonlydir" / "appendonly.aof.1.incr.aof"
        for _ in range(5):
            self.stall(server)
            delayed = server.info("persistence")["aof_delayed_fsync"]
            server.call("SET", "last", "v" * 50)
            waits = int(server.info("persistence")["aof_buffer_length"]) > 0
            self.faults.write_text("")
            info = self.wait_for(server, lambda info: info["aof_buffer_length"] == "0")
            # On a machine that stood still for two seconds meanwhile it is another story.
            if waits and info["aof_delayed_fsync"] == delayed:
                break
        else:
            self.fail("no write waited")
        self.assertIn(b"v" * 50, log.read_bytes())

    def test_a_rewrite_that_fails_again_and_again_is_put_off(self):
        server = Server("--appendonly", "yes", "--appendfsync", "no", "--auto-aof-rewrite-min-size", "1",
                        "--auto-aof-rewrite-percentage", "1", environment={
                            "LD_PRELOAD": str(self.library), "FAULTS": str(self.faults),
                            "FAULTS_FILES": "temp-rewriteaof"})
        self.addCleanup(server.__exit__, None, None, None)
        self.faults.write_text(f"write {ENOSPC}")
        line = "has repeatedly failed and triggered the limit, will retry in 1 minutes"
        end = time.monotonic() + 60
        while line not in server.log():
            server.call("APPEND", "k", "x" * 100)
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        attempts = server.log().count("rewriting started by pid")
        self.assertEqual(attempts, 3)
        for _ in range(50):
            server.call("APPEND", "k", "x" * 100)
            time.sleep(0.01)
        self.assertEqual(server.log().count("rewriting started by pid"), attempts)
        self.assertEqual(server.log().count("will retry in"), 1)
        # Who asks for it has it at once; when it goes well all is forgotten.
        self.assertIn(b"started", server.call("BGREWRITEAOF"))
        self.wait_for(server, lambda info: info["aof_rewrite_in_progress"] == "0")
        self.faults.write_text("")
        self.assertIn(b"started", server.call("BGREWRITEAOF"))
        self.wait_for(server, lambda info: info["aof_last_bgrewrite_status"] == "ok")
        finished = server.log().count("finished successfully")
        end = time.monotonic() + 60
        while server.log().count("finished successfully") == finished:
            server.call("APPEND", "k", "x" * 1000)
            self.assertLess(time.monotonic(), end, "it does not rewrite by itself any more")
            time.sleep(0.01)
        length = server.call("STRLEN", "k")
        self.again(server)
        self.assertEqual(server.call("STRLEN", "k"), length)

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
