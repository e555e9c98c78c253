#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does the load generator see what is wrong with a reply?

A false server answers every request with given bytes, whole and torn into
single bytes; load has to accept the good ones, count what is in them, and
refuse the bad ones.  What load itself sends is parsed here, strictly.
"""

import json
import re
import socket
import subprocess
import sys
import threading
import time

import servers

OK, REFUSED, USAGE = 0, 1, 2

# Seen only where both come at once: one that comes later answers a later request.
SURPLUS = b"+OK\r\n+OK\r\n"

# (reply, exit status, errors, nulls); "errors" with -e, which allows them
REPLIES = [
    (b"+OK\r\n", OK, 0, 0),
    (b"+\r\n", OK, 0, 0),
    (b":0\r\n", OK, 0, 0),
    (b":-9223372036854775808\r\n", OK, 0, 0),
    (b"$0\r\n\r\n", OK, 0, 0),
    (b"$5\r\na\r\nbc\r\n", OK, 0, 0),
    (b"$-1\r\n", OK, 0, 1),
    (b"*-1\r\n", OK, 0, 1),
    (b"*0\r\n", OK, 0, 0),
    (b"*3\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n+x\r\n", OK, 0, 1),
    (b"*2\r\n-ERR a\r\n-ERR b\r\n", OK, 2, 0),
    (b"-ERR no\r\n", OK, 1, 0),
    (b"_\r\n", OK, 0, 1),
    (b"#t\r\n", OK, 0, 0),
    (b",3.25e-7\r\n", OK, 0, 0),
    (b",-inf\r\n", OK, 0, 0),
    (b"(-12345678901234567890123\r\n", OK, 0, 0),
    (b"=7\r\ntxt:abc\r\n", OK, 0, 0),
    (b"!5\r\nERR x\r\n", OK, 1, 0),
    (b"~2\r\n+a\r\n+b\r\n", OK, 0, 0),
    (b"%2\r\n+a\r\n:1\r\n+b\r\n%0\r\n", OK, 0, 0),
    (b"|1\r\n+ttl\r\n:3\r\n*2\r\n:1\r\n:2\r\n", OK, 0, 0),
    (b">2\r\n+message\r\n+x\r\n+OK\r\n", OK, 0, 0),
    (b"OK\r\n", REFUSED, 0, 0),
    (b"\r\n", REFUSED, 0, 0),
    (b"\0\r\n", REFUSED, 0, 0),
    (b"+O\nK\r\n", REFUSED, 0, 0),
    (b"+O\rK\r\n", REFUSED, 0, 0),
    (b"+OK\n\r\n", REFUSED, 0, 0),
    (b":\r\n", REFUSED, 0, 0),
    (b":01\r\n", REFUSED, 0, 0),
    (b":-0\r\n", REFUSED, 0, 0),
    (b":+1\r\n", REFUSED, 0, 0),
    (b": 1\r\n", REFUSED, 0, 0),
    (b":9223372036854775808\r\n", REFUSED, 0, 0),
    (b"$3\r\nabcd\r\n", REFUSED, 0, 0),
    (b"$3\r\nabc\n\n", REFUSED, 0, 0),
    (b"$-2\r\n", REFUSED, 0, 0),
    (b"$99999999999999\r\nx\r\n", REFUSED, 0, 0),
    (b"*-2\r\n", REFUSED, 0, 0),
    (b"%-1\r\n", REFUSED, 0, 0),
    (b"*1\r\n*1\r\nx\r\n", REFUSED, 0, 0),
    (b"_x\r\n", REFUSED, 0, 0),
    (b"#x\r\n", REFUSED, 0, 0),
    (b",\r\n", REFUSED, 0, 0),
    (SURPLUS, REFUSED, 0, 0),
    (b"+" + b"x" * 5000 + b"\r\n", REFUSED, 0, 0),
]


def read_request(file):
    """One request as a list, or None at the end; anything else is an error."""
    line = file.readline()
    if not line:
        return None
    count = re.fullmatch(rb"\*([1-9]\d*)\r\n", line)
    assert count, line
    args = []
    for _ in range(int(count[1])):
        line = file.readline()
        size = re.fullmatch(rb"\$(0|[1-9]\d*)\r\n", line)
        assert size, line
        data = file.read(int(size[1]) + 2)
        assert data.endswith(b"\r\n") and len(data) == int(size[1]) + 2, data
        args.append(data[:-2])
    return args


class FalseServer:
    def __init__(self, reply, torn=False):
        self.reply, self.torn, self.requests = reply, torn, []
        self.problem = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        connection, _ = self.listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        file = connection.makefile("rb")
        try:
            while (request := read_request(file)) is not None:
                self.requests.append(request)
                reply = self.reply
                if callable(reply):
                    reply = reply(request)
                for i in range(len(reply) if self.torn else 1):
                    connection.sendall(reply[i:i + 1] if self.torn else reply)
                    if self.torn:
                        time.sleep(0.0002)
        except AssertionError as error:
            self.problem = f"load sent {error}"
        except OSError:
            pass  # load has seen enough
        connection.close()

    def close(self):
        self.thread.join()
        self.listener.close()


def run(reply, *options, command=("PING",), torn=False, requests=3):
    server = FalseServer(reply, torn)
    process = subprocess.run(
        [servers.find_tool("load"), "-p", str(server.port), "-c", "1", "-j",
         "-t", "5", "-n", str(requests), *options, "--", *command],
        capture_output=True, text=True, timeout=60)
    if process.returncode == USAGE:  # it may not have come to connecting
        socket.create_connection(("127.0.0.1", server.port)).close()
    server.close()
    return process, server


def check_replies(failures):
    for reply, status, errors, nulls in REPLIES:
        for torn in (False, True):
            if torn and (len(reply) > 100 or reply == SURPLUS):
                continue
            process, _ = run(reply, "-e", torn=torn)
            seen = None
            if process.returncode == OK:
                result = json.loads(process.stdout)
                seen = (result["requests"], result["errors"], result["nulls"])
            wanted = (3, 3 * errors, 3 * nulls) if status == OK else None
            if process.returncode != status or seen != wanted:
                failures.append(f"reply {reply[:60]!r} torn={torn}: status "
                                f"{process.returncode}, counted {seen}, not "
                                f"{status}, {wanted}: {process.stderr}")


def check_errors_refused(failures):
    process, _ = run(b"-ERR no\r\n")
    if process.returncode != REFUSED or "ERR no" not in process.stderr:
        failures.append(f"an error reply passed: {process}")


def check_silence(failures):
    process, _ = run(b"", "-t", "1")
    if process.returncode != REFUSED or "stopped" not in process.stderr:
        failures.append(f"silence passed: {process}")


def check_holes(failures):
    command = ["C", "__seq_key__", "__rand_key__", "__item__", "a__seq__b",
               "__seq__", "__rand_int:5__", "__value:7__", "x__value:3__y",
               "__rand_int__", "__seq_key__"]
    shapes = [b"C", rb"key:\d{12}", rb"key:0{10}\d\d", rb"item:0{9}\d\d",
              rb"a\d+b", rb"\d+", rb"[0-4]", rb"(?s).{7}", rb"(?s)x.{3}y",
              rb"\d\d?", rb"key:\d{12}"]
    process, server = run(b"+OK\r\n", "-P", "7", "-k", "100", "-i", "100",
                          command=command, requests=100)
    if process.returncode != OK or server.problem:
        failures.append(f"holes: {process.stderr} {server.problem}")
    for i, request in enumerate(server.requests):
        fits = (len(request) == len(shapes)
                and all(map(re.fullmatch, shapes, request)))
        counts = fits and (request[1] == request[10] == b"key:%012d" % i
                           and request[4] == b"a%db" % i
                           and request[5] == b"%d" % i)
        if not counts:
            failures.append(f"request {i}: {request}")
    if len(server.requests) != 100:
        failures.append(f"{len(server.requests)} requests, not 100")
    for column in (2, 3, 6, 7, 9):
        if len({request[column] for request in server.requests}) < 5:
            failures.append(f"argument {column} is not random")


def check_cursor(failures):
    def reply(request):
        following = {b"0": b"17", b"17": b"5"}.get(request[1], b"0")
        return b"*2\r\n$%d\r\n%s\r\n*1\r\n$1\r\nk\r\n" % (len(following),
                                                       following)

    _, server = run(reply, command=["SCAN", "__cursor__"], requests=6)
    cursors = [request[1] for request in server.requests]
    if cursors != [b"0", b"17", b"5"] * 2:
        failures.append(f"cursors: {cursors}")


def check_usage(failures):
    for command in (["X", "__nonsense__"], ["X", "__value:x__"],
                    ["X", "__rand_int:0__"]):
        process, _ = run(b"+OK\r\n", command=command)
        if process.returncode != USAGE:
            failures.append(f"{command} was accepted")


def main():
    failures = []
    for check in (check_replies, check_errors_refused, check_silence,
                  check_holes, check_cursor, check_usage):
        check(failures)
    for failure in failures:
        print("FAILED", failure)
    print(f"check_load: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
