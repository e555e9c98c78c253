#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""valgrind: a session of every command makes no invalid access and loses no memory.

Only where the allocator is the C library's, which valgrind can replace:
configure --with-allocator=libc (check-all has such a variant).  And not under a
sanitizer, which does the same better and does not get along with it.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import sessions  # noqa: E402
from support import Client, Error, Server, keyrack_path, main  # noqa: E402

ERRORS = 99  # what valgrind exits with
SUPPRESSIONS = pathlib.Path(__file__).resolve().parents[1] / "support" / "valgrind.supp"


def is_for_valgrind(call):
    """A child ends without freeing anything, and valgrind does not see pointers that carry tags:
    what it says of leaks there is not so.  And PFSELFTEST takes minutes."""
    words = [word if isinstance(word, bytes) else str(word).encode() for word in call]
    name = words[0].upper()
    forks = name == b"CONFIG" and any(w.lower() in (b"appendonly", b"save") for w in words)
    return not forks and name not in (b"BGSAVE", b"BGREWRITEAOF", b"PFSELFTEST")


def reason_to_skip():
    if os.environ.get("KEYRACK_SANITIZED"):
        return "under a sanitizer"
    if not shutil.which("valgrind"):
        return "no valgrind: apt-get install valgrind"
    version = subprocess.run([keyrack_path(), "--version"], capture_output=True, text=True).stdout
    if "malloc=libc" not in version:
        return "only with --with-allocator=libc"
    return None


class Checked(Server):
    """A server under valgrind.  It ends like any other, or with its status and a report."""

    def command_line(self):
        return ["valgrind", "--quiet", "--leak-check=full", "--show-leak-kinds=definite,indirect",
                "--errors-for-leak-kinds=definite,indirect", "--keep-debuginfo=yes",
                "--num-callers=25", "--track-fds=no", f"--error-exitcode={ERRORS}",
                f"--suppressions={SUPPRESSIONS}",
                *super().command_line()]


@unittest.skipIf(reason_to_skip(), reason_to_skip())
class UnderValgrind(unittest.TestCase):
    def start(self, *arguments):
        server = Checked("--enable-debug-command", "yes", "--loglevel", "warning", "--save", "", *arguments,
                         environment={"KEYRACK_MODULES_IN_PLACE": "1"}, timeout=60.0)
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def play(self, server, calls, protocol=2):
        sessions.play(server, list(filter(is_for_valgrind, calls)), protocol)

    def end(self, server):
        status = server.stop(check=False)
        log = server.log()
        self.assertFalse(status or re.search(r"^==\d+== (Invalid|\d[\d,]* .*lost)", log, re.M),
                         f"status {status}\n{log[-10000:]}")

    def test_every_command_with_whatever_arguments(self):
        server = self.start()
        with server.client(timeout=60) as client:
            calls = sessions.of_all(client)
            self.assertGreater(len(calls), 500)
        self.play(server, calls)
        self.end(server)

    def test_the_written_cases_of_the_comparison(self):
        server = self.start()
        count = 0
        for i, (_, calls) in enumerate(sessions.written()):
            # Huge values are the same code as big ones, and take long here.
            calls = [call for call in calls if sum(map(len, call)) < 100000]
            self.play(server, calls + sessions.RESTORE, protocol=2 + i % 2)
            count += len(calls)
        self.assertGreater(count, 1000)
        self.end(server)

    def test_a_random_stream(self):
        server = self.start("--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru")
        seed = int.from_bytes(os.urandom(4), "big")
        print(f"     seed {seed}")
        with server.client(timeout=60) as client:
            calls = sessions.at_random(client, seed, 20000)
        self.play(server, calls, protocol=2 + seed % 2)
        self.end(server)

    def test_values_are_freed_by_another_thread_and_modules_come_and_go(self):
        server = self.start()
        with server.client(timeout=60) as client:
            client.call("SET", "big", "x" * 2000000)
            client.call("SET", "other", "y" * 2000000, "EX", "100")
            client.call("UNLINK", "big")
            client.call("FLUSHALL", "ASYNC")
            modules = {row[1]: row[row.index(b"path") + 1]
                       for row in client.call("MODULE", "LIST")}
            self.assertEqual(client.call("MODULE", "UNLOAD", "bitmap"), b"OK")
            self.assertIsInstance(client.call("SETBIT", "b", "1", "1"), Error)
            self.assertEqual(client.call("MODULE", "LOAD", modules[b"bitmap"]), b"OK")
            self.assertEqual(client.call("SETBIT", "b", "1", "1"), 0)
        with Client(server.unix) as idle, server.client(timeout=60) as half:
            idle.send("CLIENT", "SETNAME", "idle")
            half.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\nxxx")
            self.end(server)  # with two clients there, one within a command


if __name__ == "__main__":
    main()
