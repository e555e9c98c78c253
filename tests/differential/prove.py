#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""prove - the comparison fails when it must, and only then.

Between the harness and a second Redis stands a proxy that tells one lie: it
replaces some bytes of requests or replies, or keeps open what was closed.  For
each lie the part of the harness that should see it is run, and has to see it.
The honest proxy has to pass everything.
"""
import contextlib
import io
import re
import socket
import threading
import unittest

import metadata
import names
import protocol
import random_stream
import scenarios
from pair import COMMON, Pair
from run import Report
from support import ORACLE, Client, Server, main


class Proxy:
    """Stands where Pair expects a Server."""

    def __init__(self, request=None, reply=None, keeps_open=False):
        self.request = request
        self.reply = reply
        self.keeps_open = keeps_open
        self.upstream = Server(*COMMON, binary=ORACLE)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.at = self.listener.getsockname()
        self.held = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection((self.upstream.host, self.upstream.port))
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink, lie in ((client, server, self.request), (server, client, self.reply)):
                threading.Thread(target=self._pump, args=(source, sink, lie, source is server),
                                 daemon=True).start()

    def _pump(self, source, sink, lie, downstream):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 20):
                sink.sendall(lie(data) if lie else data)
        if downstream and self.keeps_open:
            self.held.append(sink)
            return
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def client(self, protocol=2, timeout=10.0):
        return Client(self.at, protocol, timeout)

    def call(self, *words):
        with self.client() as client:
            return client.call(*words)

    def __exit__(self, *error):
        self.listener.close()
        return self.upstream.__exit__(*error)


def found(part, **lie):
    """The failures that a part of the harness prints against that proxy."""
    report = Report()
    out = io.StringIO()
    with contextlib.redirect_stdout(out), Pair(ours=lambda _: Proxy(**lie)) as pair:
        part(pair, report)
    return report, out.getvalue()


def swap(old, new):
    """Replace bytes; the lengths in front of them stay, so they must be equally long."""
    assert len(old) == len(new)
    return lambda data: data.replace(old, new)


def written(selection):
    return lambda pair, report: scenarios.run(pair, report, selection)


def stream(count=5000, protocols=(2,), only=None):
    return lambda pair, report: random_stream.run(pair, report, [1], count, protocols, only)


class Lies(unittest.TestCase):
    def seen(self, part, **lie):
        report, text = found(part, **lie)
        self.assertGreater(report.failed, 0, text)
        return text

    def test_an_honest_proxy_passes(self):
        def everything(pair, report):
            names.run(pair, report)
            metadata.run(pair, report)
            scenarios.run(pair, report, "bitmap")
            scenarios.run(pair, report, "string")
            random_stream.run(pair, report, [1, 2], 10000)
        report, text = found(everything)
        self.assertEqual(report.failed, 0, text)
        self.assertGreater(report.passed, 500)

    def test_one_letter_of_an_error_is_seen(self):
        self.seen(written("INCR refuses"), reply=swap(b"not an integer", b"not a integer!"))

    def test_a_status_sent_as_a_bulk_string_is_seen(self):
        self.seen(written("SET stores"),
                  reply=lambda data: data.replace(b"+OK\r\n", b"$2\r\nOK\r\n"))

    def test_a_resp2_null_in_resp3_is_seen(self):
        text = self.seen(written("GETDEL"), reply=lambda data: data.replace(b"_\r\n", b"$-1\r\n"))
        self.assertIn("(RESP3)", text)
        self.assertNotIn("(RESP2)", text)

    def test_a_set_reply_sent_as_an_array_is_seen(self):
        self.seen(metadata_of_flags, reply=swap(b"~2\r\n+write\r\n+fast", b"*2\r\n+write\r\n+fast"))

    def test_a_reply_that_never_comes_is_seen(self):
        self.seen(written("GETDEL reads"), request=lambda data: b"" if b"GETDEL" in data else data)

    def test_a_key_that_a_scan_leaves_out_is_seen(self):
        self.seen(written("SCAN finds"), reply=swap(b"$2\r\nk7\r\n", b"$2\r\nk6\r\n"))

    def test_a_wrong_ttl_is_seen(self):
        self.seen(written("SETEX and PSETEX"), request=swap(b"1000", b"1500"))

    def test_a_connection_that_is_not_closed_is_seen(self):
        text = self.seen(lambda pair, report: protocol.run(pair, report, "QUIT answers"),
                         keeps_open=True)
        self.assertIn("stays open", text)

    def test_an_error_of_the_protocol_in_other_words_is_seen(self):
        self.seen(lambda pair, report: protocol.run(pair, report, "*abc"),
                  reply=swap(b"invalid multibulk", b"unknown multibulk"))

    def test_a_wrong_flag_is_seen_with_its_path(self):
        text = self.seen(metadata.run, reply=swap(b"+denyoom", b"+denyxxx"))
        self.assertRegex(text, r"COMMAND INFO append flags: theirs \[denyoom fast write\], ours")

    def test_a_wrong_argument_type_is_seen_with_its_path(self):
        text = self.seen(metadata.run, reply=swap(b"pure-token", b"pure_token"))
        self.assertRegex(text, r"COMMAND DOCS getex arguments expiration arguments persist type: ")

    def test_a_wrong_default_is_seen(self):
        text = self.seen(names.run, reply=swap(b"\r\nmaxmemory\r\n$1\r\n0",
                                               b"\r\nmaxmemory\r\n$1\r\n1"))
        self.assertIn("CONFIG GET maxmemory\n", text)

    def test_a_missing_info_field_is_seen(self):
        text = self.seen(names.run, reply=swap(b"used_memory_peak:", b"used_memory_peek:"))
        self.assertIn("no Memory.used_memory_peak", text)

    def test_a_misplaced_section_is_seen(self):
        self.seen(names.run, reply=swap(b"# Persistence", b"# Persistance"))

    def test_the_stream_sees_a_wrong_answer_and_cuts_it_down(self):
        text = self.seen(stream(), request=swap(b"APPEND", b"GETSET"))
        self.assertLessEqual(len(pasted(text)), 3, text)

    def test_the_stream_sees_data_that_went_wrong_in_silence(self):
        # A SETRANGE that answers the right length and writes one other byte.
        before = rb"(SETRANGE\r\n(?:\$\d+\r\n\w+\r\n){2}\$\d+\r\n)[a-d]"
        text = self.seen(stream(only=["string"]),
                         request=lambda data: re.sub(before, rb"\1z", data))
        self.assertLessEqual(len(pasted(text)), 4, text)
        self.assertIn("SETRANGE", text)

    def test_the_stream_sees_it_in_resp3_as_well(self):
        self.seen(stream(protocols=(3,)), reply=lambda data: data.replace(b"_\r\n", b"$-1\r\n"))

    def test_the_end_of_a_stream_compares_the_data(self):
        # Nothing is read but by the harness itself, at the end.
        def only_writes(pair, report):
            import grammar
            rules = [r for r in grammar.load() if r.command() == "setnx"]
            problem = random_stream.run_seed(pair, rules, 1, 1000, 2)
            report.result("writes", problem)
        text = self.seen(only_writes, request=lambda data: re.sub(
            rb"(SETNX\r\n\$2\r\nk[0-9]\r\n\$\d+\r\n)[a-d]", rb"\1z", data))
        self.assertRegex(text, r"SETNX k\d")

    def test_a_digest_or_a_value_tells_a_lost_time(self):
        self.seen(stream(20000, only=["keys", "string"]), request=swap(b"PERSIST", b"STRLEN "))


def metadata_of_flags(pair, report):
    both = pair.connect(3)
    a, b = both.exchange("COMMAND", "INFO", "GETEX")
    report.result("COMMAND INFO getex", None if a.raw == b.raw else "differs")
    both.close()


def pasted(text):
    """The lines of the case that a failing stream prints."""
    lines = text[text.index("== Found"):].splitlines()[1:]
    return lines[:next(i for i, line in enumerate(lines) if not line.strip())]


if __name__ == "__main__":
    main()
