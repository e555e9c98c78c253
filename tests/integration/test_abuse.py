#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Bad input of every kind, while a client that behaves is served as if nothing was.

At the end of each test the server lives, nobody else's connection is left in
it, and its memory is back where it was.  Random bytes come from a seed that is
printed; ABUSE_SEED sets it.
"""
import os
import pathlib
import random
import re
import socket
import struct
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Closed, Error, Server, encode, main  # noqa: E402

SANITIZED = bool(os.environ.get("KEYRACK_SANITIZED"))
SEED = int(os.environ.get("ABUSE_SEED") or random.randrange(1 << 32))
MODULES = pathlib.Path(os.environ.get("KEYRACK_MODULES",
                                      os.environ.get("top_builddir", ".") + "/modules"))
MIB = 1 << 20
HUGE = 512 * MIB

GARBAGE = (b"", b"0", b"-1", b"1", b"yes", b"no", b"abc", b"\x00", b"\"", b"a b c d e f",
           b"99999999999999999999", b"9223372036854775807", b"1gb", b"-1gb", b"50%",
           b"x" * 100000, b"%s%n", b"../../../..", b"{nosuch}", b"normal 0 0 0", b"1.5",
           b"nan", b"\xff\xfe", b"1 2 3", b"0 0")
# These do what they say: turn everybody away, listen elsewhere, leave the folder.
DRASTIC = (b"maxclients", b"requirepass", b"timeout", b"dir", b"port", b"bind", b"maxmemory",
           b"maxmemory-clients", b"client-query-buffer-limit", b"proto-max-bulk-len",
           b"unixsocket", b"client-output-buffer-limit")


class Good(threading.Thread):
    """A client that counts, and complains when an answer is wrong or late."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.client = server.client(timeout=30)
        self.enough = threading.Event()
        self.count = 0
        self.slowest = 0.0
        self.problem = None

    def run(self):
        try:
            while not self.enough.wait(0.001):
                began = time.monotonic()
                self.count += 1
                got = self.client.call("INCR", "good:count")
                if got != self.count:
                    self.problem = f"INCR {self.count} is answered {got!r}"
                    return
                self.slowest = max(self.slowest, time.monotonic() - began)
        except Exception as error:  # whatever it is belongs in the test's report
            self.problem = repr(error)

    def stop(self):
        while self.count < 10 and self.is_alive():
            time.sleep(0.01)
        self.enough.set()
        self.join(60)
        self.client.close()
        return self.problem


def pieces(rng, data):
    """Cut at random places."""
    at = 0
    while at < len(data):
        size = rng.choice((1, 2, 10, 100, 5000, len(data)))
        yield data[at:at + size]
        at += size


def rubbish(rng):
    """Bytes of some kind: noise, nearly commands, commands with bytes changed."""
    kind = rng.randrange(5)
    if kind == 0:
        return rng.randbytes(rng.randrange(1, 5000))
    if kind == 1:
        return bytes(rng.choices(b"*$+-:0123456789\r\n ax\"'\x00", k=rng.randrange(1, 500)))
    if kind == 2:
        return b"*%d\r\n$%d\r\n" % (rng.choice((-1, 0, 3, 1 << 20, 1 << 31, 1 << 62)),
                                   rng.choice((-2, 0, 5, 1 << 29, 1 << 31, 1 << 63)))
    data = bytearray(b"".join(encode(rng.choice(("SET", "GET", "APPEND", "ECHO", "SETRANGE")),
                                     rng.choice(("a", "b")), rng.randbytes(rng.randrange(300)))
                              for _ in range(rng.randrange(1, 20))))
    for _ in range(rng.randrange(6)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    if kind == 4:
        del data[rng.randrange(len(data)):]
    return bytes(data)


class Abuse(unittest.TestCase):
    def start(self, *arguments):
        server = Server("--enable-debug-command", "local", "--loglevel", "warning", *arguments)
        self.addCleanup(server.__exit__, None, None, None)
        self.good = Good(server)
        self.good.start()
        self.before = self.used(server)
        return server

    @staticmethod
    def used(server):
        return int(server.info("memory")["used_memory"])

    def healthy(self, server, slack=2 * MIB):
        """Nothing is left of what was done to it."""
        self.assertIsNone(self.good.stop())
        self.assertIsNone(server.process.poll())
        deadline = time.monotonic() + 15
        while True:
            clients = int(server.info("clients")["connected_clients"])
            server.call("FLUSHALL")
            used = self.used(server)
            if clients == 1 and used < self.before + slack:
                break
            self.assertLess(time.monotonic(), deadline,
                            f"{clients} clients, {used - self.before} bytes more than before")
            time.sleep(0.1)
        self.assertEqual(server.call("PING"), b"PONG")

    # --- To the port --------------------------------------------------------

    def test_random_bytes_from_many_connections(self):
        print(f"     seed {SEED}")
        server = self.start("--timeout", "0")
        rng = random.Random(SEED)
        crowd = []
        until = time.monotonic() + (6 if SANITIZED else 4)
        while time.monotonic() < until:
            if len(crowd) < 100:
                one = socket.create_connection((server.host, server.port))
                one.setblocking(False)
                crowd.append(one)
            one = rng.choice(crowd)
            try:
                for piece in pieces(rng, rubbish(rng)):
                    one.send(piece)
                if rng.random() < 0.3:
                    one.recv(1 << 16)
            except BlockingIOError:
                pass
            except OSError:
                one.close()
                crowd.remove(one)
                continue
            if rng.random() < 0.05:
                if rng.random() < 0.5:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.close()
                crowd.remove(one)
        for one in crowd:
            one.close()
        self.healthy(server)

    def test_sizes_beyond_every_limit(self):
        server = self.start()
        for data in (b"*2147483648\r\n", b"*-5\r\n*9223372036854775808\r\n",
                     b"*1\r\n$536870913\r\n", b"*1\r\n$-1\r\n", b"*1\r\n$99999999999999999999\r\n",
                     b"*1\r\n$" + b"1" * 70000, b"*" + b"1" * 70000, b"x" * 70000,
                     b"\"" * 70000, b"*1\r\nPING\r\n"):
            with self.subTest(data[:20]), server.client() as client:
                try:
                    client.send_raw(data)
                    self.assertIsInstance(client.read().value, Error)
                    self.assertTrue(client.is_closed())
                except (Closed, ConnectionError):
                    pass
        # What may be asked for, and costs nothing until it comes.
        waiting = []
        for head in (b"*1048576\r\n", b"*2147483647\r\n$1\r\n", b"*2\r\n$3\r\nGET\r\n$536870912\r\n",
                     b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nabc"):
            for _ in range(20):
                client = server.client()
                client.send_raw(head)
                waiting.append(client)
        time.sleep(0.3)
        self.assertLess(server.memory(), 600 * MIB if SANITIZED else 300 * MIB)
        for client in waiting:
            client.close()
        self.healthy(server)

    def test_arguments_that_name_sizes_make_no_room_before_they_must(self):
        server = self.start()
        with server.client(timeout=60) as client:
            client.call("SET", "k", "v")
            for words in (("SETRANGE", "k", 536870911, "xx"), ("SETRANGE", "k", 1 << 62, "x"),
                          ("SETBIT", "k", 1 << 32, 1), ("SETBIT", "k", 1 << 63, 1),
                          ("BITFIELD", "k", "SET", "u64", 0, 1),
                          ("BITFIELD", "k", "SET", "i64", 1 << 40, 1),
                          ("SETRANGE", "k", -1, "x"), ("SELECT", 1 << 40), ("SWAPDB", 0, 1 << 31),
                          ("SCAN", 0, "COUNT", 1 << 64), ("OBJECT", "FREQ"),
                          ("EXPIRE", "k", (1 << 63) - 1), ("PEXPIREAT", "k", -(1 << 63) - 1),
                          ("SET", "k", "v", "EX", (1 << 63) - 1), ("CLIENT", "PAUSE", 1 << 63),
                          ("DEBUG", "PROTOCOL", "x"), ("SLOWLOG", "GET", 1 << 63),
                          ("CLIENT", "KILL", "ID", 1 << 63)):
                self.assertIsInstance(client.call(*words), Error, words)
            self.assertEqual(client.call("GETRANGE", "k", -(1 << 62), 1 << 62), b"v")
            self.assertIsInstance(client.call("SCAN", 0, "COUNT", (1 << 63) - 1), list)
            pattern = "a*" * 5000 + "b"
            began = time.monotonic()
            client.call("SET", "a" * 5000, "v")
            self.assertEqual(client.call("KEYS", pattern), [])
            self.assertLess(time.monotonic() - began, 20)
        self.healthy(server)

    def test_512_mib_arrive_without_a_second_copy(self):
        server = self.start()
        with server.client(timeout=120) as client:
            client.send_raw(b"*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$%d\r\n" % HUGE)
            block = b"0123456789abcdef" * (MIB // 16)
            for _ in range(HUGE // MIB):
                client.send_raw(block)
            client.send_raw(b"\r\n")
            self.assertEqual(client.read(timeout=120).value, b"OK")
            self.assertEqual(client.call("STRLEN", "big"), HUGE)
            self.assertEqual(client.call("GETRANGE", "big", HUGE - 20, -1), block[-20:])
            # It leaves without a copy as well: the value itself is what is sent.
            client.send("GET", "big")
            left = HUGE + len(b"$%d\r\n\r\n" % HUGE)
            while left:
                left -= len(client.socket.recv(min(left, 4 * MIB)))
            self.assertEqual(client.call("APPEND", "big", "x"),
                             b"ERR string exceeds maximum allowed size (proto-max-bulk-len)")
            client.call("DEL", "big")
        peak = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(
            f"/proc/{server.process.pid}/status").read_text()).group(1)) / 1024
        print(f"     peak {peak:.0f} MiB resident; slowest answer to the other client "
              f"{self.good.slowest * 1000:.0f} ms")
        if not SANITIZED:
            self.assertLess(peak, 1300)
            # What is so large is freed by another thread.
            deadline = time.monotonic() + 10
            while server.memory() >= 200 * MIB and time.monotonic() < deadline:
                time.sleep(0.05)
            self.assertLess(server.memory(), 200 * MIB)
        self.healthy(server)

    # --- By commands ----------------------------------------------------------

    def test_every_parameter_survives_every_value(self):
        server = self.start("--maxclients", "1000")
        with server.client(timeout=60) as client:
            names = client.call("CONFIG", "GET", "*")[::2]
            before = dict(zip(*[iter(client.call("CONFIG", "GET", "*"))] * 2))
        harmless = [name for name in names if name not in DRASTIC]
        changed = 0
        with server.client(timeout=60) as client:
            for name in harmless:
                for value in GARBAGE:
                    answer = client.call("CONFIG", "SET", name, value)
                    self.assertTrue(answer == b"OK" or isinstance(answer, Error), (name, value))
                    changed += answer == b"OK"
                client.call("CONFIG", "SET", name, before[name])
            self.assertGreater(changed, len(harmless))
            for words in (("CONFIG", "SET", "maxclients", "0"), ("CONFIG", "SET", "port", "99999"),
                          ("CONFIG", "SET", "bind", "1.2.3.4.5"), ("CONFIG", "SET", "x"),
                          ("CONFIG", "SET", "proto-max-bulk-len", "1"),
                          ("CONFIG", "SET", "dir", "/nosuch"), ("CONFIG", "SET", "dir", "\x00"),
                          ("CONFIG", "SET", *("hz", "10") * 500)):
                self.assertIsInstance(client.call(*words), Error, words)
            client.call("CONFIG", "GET", *["*"] * 200)
            client.call("CONFIG", "GET", "[" * 10000)
            self.assertEqual(client.call("CONFIG", "RESETSTAT"), b"OK")
        with server.client() as client:
            self.assertEqual(client.call("CONFIG", "SET", "slowlog-log-slower-than", "10000"),
                             b"OK")
            self.assertEqual(client.call("SLOWLOG", "RESET"), b"OK")
        self.healthy(server, 4 * MIB)

    def test_every_drastic_parameter_survives_every_value(self):
        for name in DRASTIC:
            with self.subTest(name), Server("--loglevel", "warning") as server:
                client = server.client()
                tried = 0
                for value in GARBAGE:
                    try:
                        client.send("CONFIG", "SET", name, value)
                        client.read()
                        tried += 1
                    except (Closed, OSError):
                        break
                self.assertGreater(tried, 0)
                client.close()
                self.assertIsNone(server.process.poll())

    def test_corrupted_modules_are_refused(self):
        print(f"     seed {SEED}")
        server = self.start("--enable-module-command", "local")
        original = (MODULES / "bitmap.so").read_bytes()
        rng = random.Random(SEED)
        headers = 64 + 56 * struct.unpack_from("<H", original, 56)[0]
        refused = 0
        with tempfile.TemporaryDirectory(prefix="keyrack-abuse.") as folder, \
                server.client(timeout=60) as client:
            path = pathlib.Path(folder) / "broken.so"

            def load(data):
                nonlocal refused
                path.write_bytes(data)
                answer = client.call("MODULE", "LOAD", path)
                self.assertIsInstance(answer, Error)
                refused += 1

            for size in (0, 1, 4, 63, 64, 65, headers, 4096, len(original) // 2,
                         len(original) - 1):
                load(original[:size])
            load(rng.randbytes(10000))
            load(b"\x7fELF" + rng.randbytes(10000))
            load(b"#!/bin/sh\necho\n")
            # A module of that name is loaded, so that even what the changed bytes do not
            # matter to is refused, once everything else of it was looked at.
            for _ in range(150):
                data = bytearray(original)
                for _ in range(rng.randrange(1, 4)):
                    data[rng.randrange(headers)] = rng.randrange(256)
                load(bytes(data))
            for wrong in (folder, "/dev/null", "/dev/zero", "/nosuch", "", "x" * 5000, "\x00",
                          server.unix, "/proc/self/mem"):
                self.assertIsInstance(client.call("MODULE", "LOAD", wrong), Error, wrong)
            self.assertIsInstance(client.call("MODULE", "UNLOAD", "x" * 100000), Error)
            self.assertEqual(client.call("SETBIT", "b", 1, 1), 0)
        self.assertGreater(refused, 150)
        self.healthy(server)

    def test_debug_with_every_word(self):
        server = self.start()
        words = [row.upper() for row in (
            b"change-repl-id", b"client-eviction", b"client-enforce-reply-list", b"clusterlink",
            b"config-rewrite-force-all", b"dict-resizing", b"digest", b"digest-value", b"error",
            b"htstats", b"htstats-key", b"listpack", b"log", b"mallctl",
            b"mallctl-str", b"object", b"protocol", b"quicklist", b"quicklist-packed-threshold",
            b"reload", b"replicate", b"replybuffer", b"sdslen", b"set-active-expire",
            b"set-disable-deny-scripts", b"set-skip-checksum-validation", b"stringmatch-len",
            b"structsize", b"ziplist", b"nosuch", b"")]
        tails = ([], [b"k"], [b"k", b"1"], [b"k"] * 4, [b"-1", b"-1", b"-1"], [b"", b""],
                 [b"9223372036854775808"], [b"*" * 200, b"a" * 200], [b"\x00\r\n"], [b"0"],
                 [b"attrib"], [b"push"], [b"-x\r\n+y"], [b"peak-reset-time", b"never"],
                 [b"x" * 10000])
        with server.client(timeout=60) as client:
            client.call("SET", "k", "v")
            for word in words:
                for tail in tails:
                    client.call("DEBUG", word, *tail)
                client.call("DEBUG", "SET-ACTIVE-EXPIRE", "1")
                self.assertEqual(client.call("ECHO", "in step"), b"in step", word)
            for words in (("POPULATE", "-1"), ("POPULATE", "abc"), ("POPULATE", "1", "k", "-5"),
                          ("STRINGMATCH-LEN", "x")):
                self.assertIsInstance(client.call("DEBUG", *words), Error, words)
            self.assertEqual(client.call("DEBUG", "POPULATE", "1000", "p", "100"), b"OK")
            self.assertEqual(client.call("DEBUG", "STRINGMATCH-LEN", "a*" * 100 + "b", "a" * 1000),
                             0)
        self.healthy(server)

    def test_clients_are_killed_in_the_middle_of_everything(self):
        print(f"     seed {SEED}")
        server = self.start()
        rng = random.Random(SEED)
        begun = []
        with server.client(timeout=60) as killer:
            me = killer.call("CLIENT", "ID")
            good = {int(re.search(rb"id=(\d+)", line).group(1))
                    for line in killer.call("CLIENT", "LIST").splitlines()}
            for _ in range(300):
                client = server.client(timeout=10)
                client.send("CLIENT", "ID")
                one = client.read().value
                kind = rng.randrange(6)
                if kind == 0:    # within a command
                    client.send_raw(encode("SET", "half", "x" * 100000)[:rng.randrange(100000)])
                elif kind == 1:  # with replies that nobody reads
                    client.send_raw(encode("ECHO", "x" * 100000) * 20)
                elif kind == 2:  # watching everybody
                    client.send("MONITOR")
                elif kind == 3:  # a pipeline in which it kills itself
                    client.send_raw(encode("SET", "a", "1") + encode("CLIENT", "KILL", "ID", one,
                                                                     "SKIPME", "no")
                                    + encode("SET", "dead", "1") * 5)
                elif kind == 4:  # tells nobody anything
                    client.send_raw(encode("CLIENT", "REPLY", "OFF") + encode("GET", "a") * 50)
                else:            # a big argument that is under way
                    client.send_raw(b"*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$50000000\r\n"
                                    + b"y" * rng.randrange(200000))
                begun.append((client, one))
                if len(begun) > 20:
                    client, one = begun.pop(rng.randrange(len(begun)))
                    how = rng.randrange(4)
                    if how == 0:
                        client.close()
                        continue
                    if how == 1:
                        killer.call("CLIENT", "KILL", "ID", one)
                    elif how == 2:
                        host, port = client.socket.getsockname()
                        killer.call("CLIENT", "KILL", f"{host}:{port}")
                    else:
                        client.socket.shutdown(socket.SHUT_WR)
                        killer.call("CLIENT", "KILL", "ID", one)
                    client.close()
            for client, one in begun:
                killer.call("CLIENT", "KILL", "ID", one)
                self.assertTrue(client.is_closed(10))
                client.close()
            self.assertIn(me, good)
            self.assertEqual(killer.call("EXISTS", "dead", "half", "big"), 0)
        self.healthy(server)


if __name__ == "__main__":
    main()
