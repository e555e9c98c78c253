#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The server about itself: what the logs keep and hide, who may look on, what a crash leaves.

tests/differential compares replies with Redis; here stands what takes time, several connections
or the end of the process.  Those that need nothing of ours also pass with Redis.
"""
import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Error, Server, main, wait_for  # noqa: E402
from support.server import is_oracle  # noqa: E402

HIDDEN = b"(redacted)"


class Running(unittest.TestCase):
    ARGUMENTS = ("--enable-debug-command", "yes")

    def setUp(self):
        self.server = Server(*self.ARGUMENTS)
        self.addCleanup(self.server.__exit__, None, None, None)
        self.client = self.connect()

    def connect(self):
        client = self.server.client()
        self.addCleanup(client.close)
        return client

    def set(self, name, value):
        self.assertEqual(self.client.call("CONFIG", "SET", name, value), b"OK")


class Sizes(Running):
    def test_are_rounded_as_printf_does(self):
        """Was: 1152 bytes, 1.125 K, were 1.13K; a half goes to the even digit."""
        for size, human in ((1023, "1023B"), (1024, "1.00K"), (1152, "1.12K"), (1408, "1.38K"), (1157, "1.13K"),
                            (5 * 2 ** 17, "640.00K"), (9 * 2 ** 17, "1.12M"), (11 * 2 ** 37, "1.38T")):
            self.set("maxmemory", size)
            self.assertIn(f"maxmemory_human:{human}\r\n".encode(), self.client.call("INFO", "memory"))


class SlowLog(Running):
    def logged(self):
        """The words of the entries, oldest first, without the CONFIG SET that began it."""
        entries = self.client.call("SLOWLOG", "GET", "-1")
        return [entry[3] for entry in reversed(entries)][1:]

    def test_secrets_are_not_kept(self):
        self.set("slowlog-log-slower-than", 0)
        self.client.call("AUTH", "p1")
        self.client.call("AUTH", "user", "p2")
        self.client.call("HELLO", "2", "SETNAME", "AUTH", "AUTH", "user", "p3")
        self.client.call("CONFIG", "SET", "maxmemory", "0", "requirepass", "p4", "hz", "10")
        self.assertEqual(self.logged(), [
            [b"AUTH", HIDDEN],
            [b"AUTH", HIDDEN, HIDDEN],
            [b"HELLO", b"2", b"SETNAME", b"AUTH", b"AUTH", HIDDEN, HIDDEN],
            [b"CONFIG", b"SET", b"maxmemory", b"0", b"requirepass", HIDDEN, b"hz", b"10"]])

    def test_long_commands_are_cut(self):
        self.set("slowlog-log-slower-than", 0)
        self.client.call("PING", "x" * 128)
        self.client.call("PING", "x" * 129)
        self.client.call("DEL", *range(31))
        self.client.call("DEL", *range(32))
        whole, cut, fits, many = self.logged()
        self.assertEqual(whole[1], b"x" * 128)
        self.assertEqual(cut[1], b"x" * 128 + b"... (1 more bytes)")
        self.assertEqual((len(fits), fits[-1]), (32, b"30"))
        self.assertEqual((len(many), many[-1]), (32, b"... (2 more arguments)"))

    def test_a_shorter_log_forgets_the_oldest(self):
        self.set("slowlog-log-slower-than", 0)
        for i in range(10):
            self.client.call("PING", i)
        self.set("slowlog-log-slower-than", -1)
        self.set("slowlog-max-len", 3)
        self.client.call("PING", "unlogged")
        self.set("slowlog-log-slower-than", 0)
        self.client.call("PING", "last")
        ids = [entry[0] for entry in self.client.call("SLOWLOG", "GET", "-1")]
        self.assertEqual(len(ids), 3)
        self.assertEqual(ids, sorted(ids, reverse=True))

    def test_an_entry_names_its_client(self):
        self.set("slowlog-log-slower-than", 0)
        other = self.connect()
        other.call("CLIENT", "SETNAME", "somebody")
        other.call("PING")
        entry = next(e for e in self.client.call("SLOWLOG", "GET") if e[3] == [b"PING"])
        self.assertRegex(entry[4].decode(), r"^127\.0\.0\.1:\d+$")
        self.assertEqual(entry[5], b"somebody")


class Latency(Running):
    def test_only_what_reaches_the_threshold_is_kept_and_the_worst_of_a_second(self):
        self.set("latency-monitor-threshold", 20)
        self.client.call("DEBUG", "SLEEP", "0.005")
        self.assertEqual(self.client.call("LATENCY", "LATEST"), [])
        self.client.call("DEBUG", "SLEEP", "0.06")
        self.client.call("DEBUG", "SLEEP", "0.03")
        [[name, _, _, worst]] = self.client.call("LATENCY", "LATEST")
        self.assertEqual(name, b"command")
        self.assertGreaterEqual(worst, 60)
        history = self.client.call("LATENCY", "HISTORY", "command")
        self.assertIn(len(history), (1, 2))
        self.assertEqual(max(ms for _, ms in history), worst)
        graph = self.client.call("LATENCY", "GRAPH", "command").decode()
        self.assertTrue(graph.startswith(f"command - high {worst} ms, low "), graph)
        self.assertEqual(self.client.call("LATENCY", "RESET", "nosuch"), 0)
        self.assertEqual(self.client.call("LATENCY", "RESET"), 1)
        self.assertEqual(self.client.call("LATENCY", "LATEST"), [])

    def latest(self):
        return {event[0]: event[2] for event in self.client.call("LATENCY", "LATEST")}

    def test_what_the_host_does_by_itself_is_sampled(self):
        """Who is told of a key's end takes time, here by thousands of patterns that match."""
        with self.server.client() as listener:
            self.set("notify-keyspace-events", "Exe")
            listener.send("PSUBSCRIBE", *(f"*:[ex{i}]*d" for i in range(20000)))
            self.assertTrue(wait_for(lambda: self.client.call("PUBSUB", "NUMPAT") == 20000))
            self.client.call("SET", "k", "v", "PX", 1)
            self.assertTrue(wait_for(lambda: self.client.call("DBSIZE") == 0))
            self.assertEqual(self.client.call("LATENCY", "LATEST"), [])  # nobody asked
            self.set("latency-monitor-threshold", 1)
            self.client.call("SET", "k", "v", "PX", 1)
            self.assertTrue(wait_for(lambda: b"expire-cycle" in self.latest()))
            self.client.call("SET", "k", "v")
            self.set("maxmemory-policy", "allkeys-random")
            self.set("maxmemory", 1)
            self.client.call("SET", "other", "v")
            self.assertIn(b"eviction-cycle", self.latest())

    def test_a_reply_to_one_that_has_waited_is_sampled(self):
        self.set("latency-monitor-threshold", 1)
        with self.server.client() as waiting:
            waiting.send("BLMPOP", 0, 1, "list", "LEFT", "COUNT", 1000000)
            self.assertTrue(wait_for(
                lambda: self.client.call("INFO", "clients").count(b"blocked_clients:1")))
            self.client.call("RPUSH", "list", *range(200000))
            self.assertEqual(len(waiting.read(timeout=20).value[1]), 200000)
        self.assertIn(b"command-unblocking", self.latest())


class Monitor(Running):
    LINE = re.compile(rb'^\d+\.\d{6} \[(\d+) 127\.0\.0\.1:\d+\] (.*)$')

    def line(self, monitor):
        match = self.LINE.match(monitor.read().value)
        self.assertIsNotNone(match)
        return match.groups()

    def test_all_bytes_are_shown_as_text(self):
        monitor = self.connect()
        self.assertEqual(monitor.call("MONITOR"), b"OK")
        every = bytes(range(256))
        self.client.call("ECHO", every)
        _, text = self.line(monitor)
        plain = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 92: "\\\\"}
        wanted = "".join(plain.get(c) or (chr(c) if 32 <= c < 127 else f"\\x{c:02x}") for c in every)
        self.assertEqual(text.decode(), f'"ECHO" "{wanted}"')

    def test_a_watcher_that_leaves_is_no_burden(self):
        for leave in (lambda c: c.close(), lambda c: c.call("RESET")):
            one, two = self.connect(), self.connect()
            one.call("MONITOR")
            two.call("MONITOR")
            leave(one)
            self.client.call("ECHO", "x")
            while b'"ECHO"' not in (line := self.line(two)[1]):
                self.assertIn(b'"RESET"', line)
            two.close()
            self.assertEqual(self.client.call("PING"), b"PONG")

    @unittest.skipIf(is_oracle(), "Redis cannot unload it")
    def test_whoever_watched_is_an_ordinary_client_when_the_module_is_gone(self):
        monitor = self.connect()
        monitor.call("MONITOR")
        path = next(m[b"path"] for m in map(self.pairs, self.client.call("MODULE", "LIST"))
                    if m[b"name"] == b"server")
        self.assertEqual(self.client.call("MODULE", "UNLOAD", "server"), b"OK")
        self.client.call("PING")
        self.assertEqual(monitor.call("PING"), b"PONG")
        self.assertEqual(self.client.call("MODULE", "LOAD", path), b"OK")
        self.client.call("PING")
        self.assertEqual(monitor.call("MONITOR"), b"OK")

    @staticmethod
    def pairs(flat):
        return dict(zip(flat[::2], flat[1::2]))


class Debug(unittest.TestCase):
    def test_it_is_off_unless_configured(self):
        with Server() as server:
            reply = server.client().call("DEBUG", "SLEEP", "0")
            self.assertIsInstance(reply, Error)
            self.assertTrue(reply.startswith(b"ERR DEBUG command not allowed. If the "
                                             b"enable-debug-command option is set to \"local\""))

    def test_the_crashes_are_crashes(self):
        for words in (("SEGFAULT",), ("PANIC",), ("ASSERT",), ("OOM",)):
            with self.subTest(words):
                server = Server("--enable-debug-command", "yes",
                                environment={"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
                                             ":allocator_may_return_null=1"})
                try:
                    client = server.client()
                    client.send("DEBUG", *words)
                    self.assertTrue(client.is_closed())
                    self.assertNotEqual(server.process.wait(10), 0)
                finally:
                    server.process = None
                    server.__exit__(RuntimeError, None, None)

    def test_the_digest_is_of_the_data_and_not_of_its_history(self):
        with Server("--enable-debug-command", "yes") as server:
            client = server.client()
            client.call("DEBUG", "POPULATE", 1000, "k", 50)
            client.call("SET", "e", "x", "EX", 1000)
            first = client.call("DEBUG", "DIGEST")
            client.call("FLUSHALL")
            self.assertEqual(client.call("DEBUG", "DIGEST"), b"0" * 40)
            client.call("SET", "e", "x", "EX", 2000)
            client.call("DEBUG", "POPULATE", 2000, "k", 50)
            client.call("DEL", *(f"k:{i}" for i in range(1000, 2000)))
            self.assertEqual(client.call("DEBUG", "DIGEST"), first)
            client.call("PERSIST", "e")
            self.assertNotEqual(client.call("DEBUG", "DIGEST"), first)


if __name__ == "__main__":
    main()
