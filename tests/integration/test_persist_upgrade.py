#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The log and the snapshot are taken over, taken out and put back while the server is written to.

What has been acknowledged with `always` is there after the server has been killed; a child under way
is waited for by whichever version is there when it ends, and leaves no process and no file behind."""
import os
import pathlib
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Error, Server, main  # noqa: E402

BUILD = os.environ.get("top_builddir", str(pathlib.Path(__file__).resolve().parents[2]))
MODULES = pathlib.Path(os.environ.get("KEYRACK_MODULES", BUILD + "/modules"))


class Writer(threading.Thread):
    """Sets one key to 1, 2, 3 ... and pushes each to a list; `told` was acknowledged."""

    def __init__(self, server, name):
        super().__init__()
        self.client = server.client(timeout=20.0)
        self.name_, self.told, self.over = name, 0, False
        self.answers = set()

    def run(self):
        while not self.over:
            n = self.told + 1
            for words in (("MULTI",), ("SET", self.name_, n), ("RPUSH", f"{self.name_}:l", n),
                          ("EXEC",)):
                self.client.send(*words)
            answers = [self.client.read().value for _ in range(4)]
            self.answers.add(answers[0])
            if answers[3] != [b"OK", n]:
                self.answers.add(str(answers))
                return
            self.told = n
        self.client.close()


class Tests(unittest.TestCase):
    def begin(self, *arguments):
        server = Server("--enable-debug-command", "yes", *arguments)
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def under_writes(self, server, *work):
        writers = [Writer(server, f"w{i}") for i in range(3)]
        for writer in writers:
            writer.start()
        try:
            for each in work:
                each()
        finally:
            for writer in writers:
                writer.over = True
            for writer in writers:
                writer.join()
        return writers

    def again(self, server, writers):
        """Killed and started: all is there."""
        server.kill()
        server.expect_status = 0
        server.start()
        for writer in writers:
            self.assertEqual(writer.answers, {b"OK"})
            self.assertGreater(writer.told, 0)
            self.assertEqual(server.call("GET", writer.name_), b"%d" % writer.told)
            self.assertEqual(server.call("LLEN", f"{writer.name_}:l"), writer.told)

    def wait_info(self, server, field, wanted):
        end = time.monotonic() + 20
        while server.info("persistence")[field] != wanted:
            self.assertLess(time.monotonic(), end, field)
            time.sleep(0.02)

    def reload(self, server, name, times=1):
        for _ in range(times):
            self.assertEqual(server.call("MODULE", "RELOAD", name), b"OK", name)

    def children(self, server):
        path = pathlib.Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        return path.read_text().split()


class Upgrade(Tests):
    def test_nothing_that_was_acknowledged_is_lost(self):
        for policy in ("always", "everysec"):
            server = self.begin("--appendonly", "yes", "--appendfsync", policy)
            self.again(server, self.under_writes(
                server, *[lambda: self.reload(server, "aof"), lambda: self.reload(server, "rdb")] * 10))

    def test_a_rewrite_under_way_ends_in_the_next_version(self):
        server = self.begin("--appendonly", "yes", "--appendfsync", "always", "--save", "")
        server.call("DEBUG", "POPULATE", 2000)
        server.call("CONFIG", "SET", "rdb-key-save-delay", 300)

        def rewrite():
            self.assertNotIsInstance(server.call("BGREWRITEAOF"), Error)
            self.reload(server, "aof", 3)
            self.reload(server, "rdb")
            self.assertEqual(server.info("persistence")["aof_rewrite_in_progress"], "1")
            self.wait_info(server, "aof_rewrite_in_progress", "0")

        writers = self.under_writes(server, rewrite)
        info = server.info("persistence")
        self.assertEqual(info["aof_last_bgrewrite_status"], "ok")
        self.assertEqual(info["aof_rewrites"], "1")
        self.assertEqual(self.children(server), [])
        folder = sorted(os.listdir(pathlib.Path(server.dir) / "appendonlydir"))
        self.assertEqual(folder, ["appendonly.aof.2.base.rdb", "appendonly.aof.2.incr.aof",
                                  "appendonly.aof.manifest"])
        self.again(server, writers)

    def test_a_save_under_way_ends_in_the_next_version(self):
        server = self.begin("--save", "")
        server.call("DEBUG", "POPULATE", 2000)
        server.call("CONFIG", "SET", "rdb-key-save-delay", 300)
        self.assertEqual(server.call("BGSAVE"), b"Background saving started")
        self.reload(server, "rdb", 2)
        self.assertEqual(server.info("persistence")["rdb_bgsave_in_progress"], "1")
        self.wait_info(server, "rdb_bgsave_in_progress", "0")
        self.assertEqual(server.info("persistence")["rdb_last_bgsave_status"], "ok")
        self.assertEqual(server.info("persistence")["rdb_changes_since_last_save"], "0")
        self.assertEqual(self.children(server), [])

    def test_settings_points_and_functions_pass(self):
        server = self.begin()
        server.call("CONFIG", "SET", "save", "900 7 60 1000")
        server.call("CONFIG", "SET", "appendfsync", "no")
        server.call("FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', "
                    "function() return 7 end)")
        self.reload(server, "rdb", 2)
        self.reload(server, "aof", 2)
        self.assertEqual(server.call("CONFIG", "GET", "save"), [b"save", b"900 7 60 1000"])
        self.assertEqual(server.call("CONFIG", "GET", "appendfsync"), [b"appendfsync", b"no"])
        self.assertEqual(server.call("DEBUG", "RELOAD"), b"OK")
        self.assertEqual(server.call("FCALL", "f", 0), 7)

    def test_who_waits_for_the_disk_is_answered_by_the_next_version(self):
        server = self.begin("--appendonly", "yes", "--appendfsync", "everysec")
        client = server.client(timeout=20.0)
        client.call("SET", "k", 1)
        client.send("WAITAOF", 1, 0, 0)
        self.reload(server, "aof")
        self.assertEqual(client.read().value, [1, 0])
        client.send("WAITAOF", 0, 1, 300)
        self.reload(server, "aof")
        self.assertEqual(client.read().value[1], 0)
        client.close()


class Unload(Tests):
    def test_the_log_is_begun_anew_when_it_is_back(self):
        server = self.begin("--appendonly", "yes", "--appendfsync", "always")
        server.call("SET", "before", 1)
        self.assertEqual(server.call("MODULE", "UNLOAD", "aof"), b"OK")
        server.call("SET", "between", 2)
        self.assertEqual(server.call("MODULE", "LOAD", str(MODULES / "aof.so")), b"OK")
        server.call("CONFIG", "SET", "appendfsync", "always")
        server.call("CONFIG", "SET", "appendonly", "yes")
        self.wait_info(server, "aof_enabled", "1")
        self.wait_info(server, "aof_rewrite_in_progress", "0")
        self.again(server, self.under_writes(server, lambda: time.sleep(0.2)))
        self.assertEqual(server.call("MGET", "before", "between"), [b"1", b"2"])

    def test_what_was_written_is_in_the_files_when_the_log_has_gone(self):
        for policy in ("always", "everysec", "no"):
            server = self.begin("--appendonly", "yes", "--appendfsync", policy)
            with server.client() as client:
                for i in range(500):
                    client.send("RPUSH", "l", i)
                client.send("MODULE", "UNLOAD", "aof")
                answers = [client.read().value for _ in range(501)]
            self.assertEqual(answers[-1], b"OK")
            self.assertEqual(server.info("modules").get("aof"), None)
            self.assertIsInstance(server.call("BGREWRITEAOF"), Error)
            server.call("SET", "behind", 1)
            server.kill()
            server.expect_status = 0
            server.start()
            self.assertEqual(server.call("LLEN", "l"), 500, policy)
            self.assertEqual(server.call("EXISTS", "behind"), 0)

    def test_who_waits_for_the_disk_is_answered_when_the_log_goes(self):
        server = self.begin("--appendonly", "yes")
        with server.client() as client:
            client.call("SET", "k", 1)
            client.send("WAITAOF", 0, 1, 0)
            for _ in range(200):
                if server.info("clients")["blocked_clients"] == "1":
                    break
                time.sleep(0.01)
            self.assertEqual(server.call("MODULE", "UNLOAD", "aof"), b"OK")
            self.assertNotEqual(client.read().value, None)
            self.assertIsInstance(client.call("WAITAOF", 0, 0, 0), Error)
            self.assertEqual(client.call("GET", "k"), b"1")
        self.assertEqual(server.call("MODULE", "LOAD", str(MODULES / "aof.so")), b"OK")
        # It begins anew by itself, and until it has the server does not end.
        self.wait_info(server, "aof_rewrite_in_progress", "0")
        self.assertEqual(server.call("WAITAOF", 1, 0, 0), [1, 0])

    def test_in_and_out_again_and_again_nothing_is_lost_or_left(self):
        server = self.begin("--appendonly", "yes", "--appendfsync", "always")
        threads = len(os.listdir(f"/proc/{server.process.pid}/task"))
        for round_ in range(6):
            server.call("INCR", "n")
            self.assertEqual(server.call("MODULE", "UNLOAD", "aof"), b"OK")
            self.assertEqual(server.call("MODULE", "LOAD", str(MODULES / "aof.so")), b"OK")
            server.call("CONFIG", "SET", "appendfsync", "always")
            server.call("CONFIG", "SET", "appendonly", "yes")
            self.wait_info(server, "aof_rewrite_in_progress", "0")
            self.wait_info(server, "aof_rewrite_scheduled", "0")
        files = sorted(path.name for path in (server.dir / "appendonlydir").iterdir())
        self.assertEqual(len(files), 3, files)
        # One of the log, one of the host for what is unmapped.
        self.assertLessEqual(len(os.listdir(f"/proc/{server.process.pid}/task")), threads + 2)
        self.assertFalse(self.children(server))
        self.again(server, [])
        self.assertEqual(server.call("GET", "n"), b"6")

    def test_a_child_holds_its_module(self):
        server = self.begin("--save", "")
        server.call("DEBUG", "POPULATE", 2000)
        server.call("CONFIG", "SET", "rdb-key-save-delay", 300)
        server.call("BGSAVE")
        self.assertIn(b"is held by", server.call("MODULE", "UNLOAD", "rdb"))
        self.wait_info(server, "rdb_bgsave_in_progress", "0")
        self.assertEqual(server.call("MODULE", "UNLOAD", "rdb"), b"OK")
        self.assertEqual(server.call("MODULE", "LOAD", str(MODULES / "rdb.so")), b"OK")
        self.assertEqual(server.call("SAVE"), b"OK")
        self.assertEqual(server.call("DEBUG", "RELOAD"), b"OK")
        self.assertEqual(server.call("DBSIZE"), 2000)

    def again_with_files(self, server):
        """Ends, and begins with the file it has."""
        server.client().send("SHUTDOWN", "NOSAVE")
        server.wait_exit()
        server.start()

    def libraries(self, server):
        return sorted(dict(zip(row[::2], row[1::2]))[b"library_name"]
                      for row in server.call("FUNCTION", "LIST"))

    def load_library(self, server, name):
        source = f"#!lua name={name}\nredis.register_function('{name}', function() return 7 end)"
        return server.call("FUNCTION", "LOAD", source)

    def test_functions_are_in_the_files_of_a_module_that_came_late(self):
        server = self.begin("--save", "")
        self.load_library(server, "early")
        for _ in range(2):
            self.assertEqual(server.call("MODULE", "UNLOAD", "rdb"), b"OK")
            self.assertEqual(server.call("MODULE", "LOAD", str(MODULES / "rdb.so")), b"OK")
        self.load_library(server, "late")
        self.assertEqual(server.call("SAVE"), b"OK")
        self.again_with_files(server)
        self.assertEqual(self.libraries(server), [b"early", b"late"])

    def test_functions_outlive_their_module(self):
        server = self.begin("--save", "")
        for name in ("one", "two"):
            self.load_library(server, name)
        for _ in range(2):
            self.assertEqual(server.call("MODULE", "UNLOAD", "scripting"), b"OK")
            self.assertEqual(server.call("SAVE"), b"OK")
            self.assertEqual(server.call("MODULE", "LOAD", str(MODULES / "scripting.so")), b"OK")
            self.assertEqual(self.libraries(server), [b"one", b"two"])
            self.assertEqual(server.call("FCALL", "two", 0), 7)
        self.assertEqual(server.call("MODULE", "UNLOAD", "scripting"), b"OK")
        self.assertEqual(server.call("SAVE"), b"OK")
        self.again_with_files(server)
        self.assertEqual(self.libraries(server), [b"one", b"two"])

    def test_functions_that_were_carried_go_to_their_module_when_it_comes(self):
        server = self.begin("--save", "")
        for name in ("one", "two"):
            self.load_library(server, name)
        self.assertEqual(server.call("SAVE"), b"OK")
        self.assertEqual(server.call("FUNCTION", "FLUSH"), b"OK")
        self.assertEqual(server.call("MODULE", "UNLOAD", "scripting"), b"OK")
        self.assertEqual(server.call("DEBUG", "RELOAD", "NOSAVE"), b"OK")
        self.assertEqual(server.call("MODULE", "LOAD", str(MODULES / "scripting.so")), b"OK")
        self.assertEqual(self.libraries(server), [b"one", b"two"])
        self.assertIsInstance(self.load_library(server, "one"), Error)
        self.assertEqual(self.load_library(server, "three"), b"three")
        self.assertEqual(server.call("FUNCTION", "DELETE", "two"), b"OK")
        self.assertEqual(server.call("SAVE"), b"OK")
        self.again_with_files(server)
        self.assertEqual(self.libraries(server), [b"one", b"three"])
        self.assertEqual(server.call("FCALL", "one", 0), 7)


if __name__ == "__main__":
    main()
