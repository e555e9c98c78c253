#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Messages to many, to who does not listen, and of what memory's limit does."""
import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Error, Server, main, wait_for  # noqa: E402
from support.server import raise_file_limit  # noqa: E402

MANY = 1000


def push(mark, *words):
    return b"%c%d\r\n" % (mark, len(words)) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


class Subscribers(unittest.TestCase):
    def test_who_never_reads_is_closed_at_its_limit(self):
        with Server("--client-output-buffer-limit", "pubsub 1mb 0 0") as server:
            with server.client() as deaf, server.client() as reader:
                deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                for client in (deaf, reader):
                    client.call("SUBSCRIBE", "c")
                message = "x" * 100000
                for left in range(200):
                    if server.call("PUBLISH", "c", message) == 1:
                        break
                    self.assertEqual(reader.read().value, [b"message", b"c", message.encode()])
                self.assertGreater(left, 9)  # a megabyte has to be waiting
                self.assertEqual(reader.read().value, [b"message", b"c", message.encode()])
                self.assertEqual(reader.call("PING"), [b"pong", b""])
            server.wait_log("overcoming of output buffer limits")
            # The limit is that of subscribers alone.
            server.call("SET", "k", "x" * 5000000)
            self.assertEqual(len(server.call("GET", "k")), 5000000)

    def test_a_message_to_many_is_the_same_for_each(self):
        if raise_file_limit(2 * MANY + 500) < 2 * MANY + 200:
            self.skipTest("too few files may be open")
        with Server("--maxclients", 2 * MANY) as server:
            clients = [server.client(2 + i % 2) for i in range(MANY)]
            for i, client in enumerate(clients):
                client.send(*(("PSUBSCRIBE", "ch*") if i % 3 == 0 else ("SUBSCRIBE", "channel")))
            for client in clients:
                client.read()
            self.assertEqual(server.call("PUBLISH", "channel", "m\r\n\0"), MANY)
            for i, client in enumerate(clients):
                words = (b"pmessage", b"ch*") if i % 3 == 0 else (b"message",)
                expected = push(b">"[0] if i % 2 else b"*"[0], *words, b"channel", b"m\r\n\0")
                self.assertEqual(client.read_until(expected), expected)
            for client in clients:
                client.close()
            self.assertTrue(wait_for(lambda: server.call("PUBLISH", "channel", "m") == 0, 20.0))
            self.assertEqual(server.call("PUBSUB", "NUMPAT"), 0)


class Evicted(unittest.TestCase):
    def test_a_key_that_is_evicted_is_told_of_and_has_changed(self):
        with Server("--maxmemory-policy", "volatile-ttl", "--notify-keyspace-events", "Ee") as server:
            with server.client() as client, server.client(3) as watching, server.client() as listening:
                client.call("SET", "k", "v" * 2000000, "EX", "100000")
                self.assertEqual(watching.call("WATCH", "k"), b"OK")
                listening.call("SUBSCRIBE", "__keyevent@0__:evicted")
                watching.call("CLIENT", "TRACKING", "ON")
                watching.call("STRLEN", "k")
                used = int(server.info("memory")["used_memory"])
                client.call("CONFIG", "SET", "maxmemory", used - 100000)
                self.assertTrue(wait_for(lambda: client.call("SET", "x", "1") == b"OK", 20.0))
                self.assertEqual(client.call("EXISTS", "k"), 0)
                self.assertEqual(listening.read().value, [b"message", b"__keyevent@0__:evicted", b"k"])
                self.assertEqual(watching.read().value, [b"invalidate", [b"k"]])
                watching.call("MULTI")
                watching.call("PING")
                self.assertIsNone(watching.call("EXEC"))
                self.assertFalse(isinstance(client.call("CONFIG", "SET", "maxmemory", 0), Error))


if __name__ == "__main__":
    main()
