#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""How long does the server make a client wait while it has other work?

A probe sends a PING every 0.2 ms while a million keys expire within a second,
while FLUSHALL ASYNC drops a million, while a table grows to millions of keys;
while one value grows to a million elements, is walked, and is deleted by DEL,
which is not asked to be lazy; and while a million keys are written to a disk,
beside 20 clients that change them.  Times are in milliseconds.  `late` is how late the probe itself was at
worst, and `waited` for how long in all the server wanted its CPU while another
program had it: a maximum that is not well above both says nothing about the
server, and "idle" is the row to see first.
Server and probe go before all that the machine does besides, if root asks.
`took` is how long the work went on as seen from outside: until no key was left,
until FLUSHALL answered, until the last SET was answered.
"""

import argparse
import functools
import json
import os
import subprocess
import sys
import time

import servers
from servers import Failure, Load, Server

SIDES = ("redis", "keyrack")
SET = ["SET", "__seq_key__", "__value:16__"]


class Missing(Exception):
    """The server does not know the command."""


class Probe:
    """PINGs from the beginning to the end of a `with`; then see `result`."""

    def __init__(self, server):
        self.server = server
        self.process = subprocess.Popen(
            [servers.find_tool("probe"), "-p", str(server.port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            preexec_fn=servers.go_first)
        self.result = None

    def __enter__(self):
        if self.process.stdout.readline().strip() != b"ready":
            raise Failure("probe did not start")
        time.sleep(0.2)
        self.before = self.server.cpu()
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            time.sleep(0.2)
        text, _ = self.process.communicate()
        if kind is None:
            if self.process.returncode != 0:
                raise Failure("probe failed")
            self.result = json.loads(text)
            waited_ns = self.server.cpu()[2] - self.before[2]
            self.result["waited_us"] = waited_ns / 1e3


def wait_until_empty(server, seconds):
    """Poll rarely: DBSIZE is a request too."""
    begin = time.monotonic()
    while server.link.must("DBSIZE") > 0:
        if time.monotonic() - begin > seconds:
            raise Failure(f"{server.name}: keys are left after {seconds} s")
        time.sleep(0.05)


def idle(server, _):
    with Probe(server) as probe:
        time.sleep(1)
    return probe.result, None


def expire(server, keys):
    """All expire in one second that begins when the filling is over."""
    lead = 3 + keys // 150_000
    at_ms = int((time.time() + lead) * 1000)
    # A random last part spreads the keys over the second: ...000 to ...999.
    base = at_ms // 1000
    command = SET + ["PXAT", str(base) + "__rand_int:10__" * 3]
    servers.fill(server, command, keys)
    if time.time() > base - 0.3 or server.link.must("DBSIZE") != keys:
        raise Failure("the keys were not all there before they expired")
    time.sleep(base - 0.3 - time.time())
    with Probe(server) as probe:
        wait_until_empty(server, 60)
        took = time.time() - base
    return probe.result, took


def flush(server, keys):
    servers.fill(server, SET, keys)
    with Probe(server) as probe:
        begin = time.monotonic()
        server.link.must("FLUSHALL", "ASYNC")
        took = time.monotonic() - begin
        time.sleep(1)
    return probe.result, took


def grow(server, keys):
    """One connection, so that a turn of the loop is 16 requests at most and a
    slow PING is the table's doing."""
    options = ["-c", "1", "-P", "16", "-n", str(4 * keys), "-k", str(4 * keys)]
    with Load(server, options, SET) as load, Probe(server) as probe:
        begin = time.monotonic()
        load.go()
        load.done()
        took = time.monotonic() - begin
    return probe.result, took


# --- One big value -----------------------------------------------------------

# How to add an element, and how to visit a thousand.
VALUES = {
    "hash": (["HSET", "big", "__seq_key__", "__value:16__"],
             ["HSCAN", "big", "__cursor__", "COUNT", "1000"]),
    "set": (["SADD", "big", "__seq_key__"],
            ["SSCAN", "big", "__cursor__", "COUNT", "1000"]),
    "zset": (["ZADD", "big", "__rand_int__", "__seq_key__"],
             ["ZSCAN", "big", "__cursor__", "COUNT", "1000"]),
    "list": (["RPUSH", "big", "__value:64__"],
             ["LRANGE", "big", "-1000", "-1"]),
    "stream": (["XADD", "big", "*", "field", "__value:16__"],
               ["XRANGE", "big", "-", "+", "COUNT", "1000"]),
}
STRING_BYTES = 256 << 20


def find_value(kind, server):
    add, visit = VALUES[kind]
    if server.lacks(add[0]):
        raise Missing
    return add, visit


def grow_value(kind, server, keys):
    add, _ = find_value(kind, server)
    options = ["-c", "1", "-P", "16", "-n", str(keys), "-k", str(keys)]
    with Load(server, options, add) as load, Probe(server) as probe:
        begin = time.monotonic()
        load.go()
        load.done()
        took = time.monotonic() - begin
    return probe.result, took


def walk_value(kind, server, keys):
    add, visit = find_value(kind, server)
    servers.fill(server, add, keys)
    with Load(server, ["-c", "1", "-P", "1", "-n", str(keys // 1000)],
              visit) as load, Probe(server) as probe:
        begin = time.monotonic()
        load.go()
        load.done()
        took = time.monotonic() - begin
    return probe.result, took


def delete(server):
    """Under the probe; the time is that of the answer."""
    with Probe(server) as probe:
        begin = time.monotonic()
        server.link.must("DEL", "big")
        took = time.monotonic() - begin
        time.sleep(1)
    return probe.result, took


def delete_value(kind, server, keys):
    servers.fill(server, find_value(kind, server)[0], keys)
    return delete(server)


def delete_string(server, _):
    server.link.must("SETRANGE", "big", STRING_BYTES - 1, "x")
    return delete(server)


def expire_fields(server, keys):
    """As expire(), but they are the fields of one hash."""
    if server.lacks("HPEXPIREAT"):
        raise Missing
    servers.fill(server, VALUES["hash"][0], keys)
    base = int(time.time()) + 3 + keys // 150_000
    at_ms = str(base) + "__rand_int:10__" * 3
    servers.fill(server, ["HPEXPIREAT", "big", at_ms, "FIELDS", "1",
                          "__seq_key__"], keys)
    if time.time() > base - 0.3:
        raise Failure("the fields were not all there before they expired")
    time.sleep(base - 0.3 - time.time())
    with Probe(server) as probe:
        wait_until_empty(server, 60)
        took = time.time() - base
    return probe.result, took


# --- To a disk ---------------------------------------------------------------

# Each three times, so that there are enough PINGs for a p99.9.
TIMES = 3
WRITERS = ["-c", "20", "-P", "1", "-n", str(10 ** 9)]


def wait_until_idle(server, field):
    """INFO is a request too, of about 0.1 ms."""
    begin = time.monotonic()
    while server.info("persistence")[field] != "0":
        if time.monotonic() - begin > 120:
            raise Failure(f"{server.name}: {field} does not end")
        time.sleep(0.05)


def beside_writes(server, keys, work):
    """`took` is the mean of one of them."""
    with Load(server, [*WRITERS, "-k", str(keys)],
              ["SET", "__rand_key__", "__value:16__"]) as load:
        load.go()
        time.sleep(0.5)
        with Probe(server) as probe:
            begin = time.monotonic()
            for _ in range(TIMES):
                work()
            took = (time.monotonic() - begin) / TIMES
        load.stop()
    return probe.result, took


def writes_only(server, keys):
    servers.fill(server, SET, keys)
    return beside_writes(server, keys, lambda: time.sleep(1))


def write_all(server, keys, command, progress, status):
    """As beside_writes(), with a command that writes the data set by a child; the names are those
    of INFO's fields for that."""
    def work():
        server.link.must(command)
        wait_until_idle(server, progress)

    row = beside_writes(server, keys, work)
    if server.info("persistence")[status] != "ok":
        raise Failure(f"{command} has failed")
    return row


def bgsave(method, server, keys):
    if server.link.must("CONFIG", "GET", "snapshot-method"):
        server.link.must("CONFIG", "SET", "snapshot-method", method)
    elif method != "fork":
        raise Missing
    servers.fill(server, SET, keys)
    return write_all(server, keys, "BGSAVE", "rdb_bgsave_in_progress", "rdb_last_bgsave_status")


def start_log(server, keys):
    servers.fill(server, SET, keys)
    server.link.must("CONFIG", "SET", "auto-aof-rewrite-percentage", "0")
    server.link.must("CONFIG", "SET", "appendfsync", "everysec")
    server.link.must("CONFIG", "SET", "appendonly", "yes")
    time.sleep(0.2)
    wait_until_idle(server, "aof_rewrite_scheduled")
    wait_until_idle(server, "aof_rewrite_in_progress")


def log_everysec(server, keys):
    start_log(server, keys)
    return beside_writes(server, keys, lambda: time.sleep(2))


def rewrite_log(server, keys):
    start_log(server, keys)
    return write_all(server, keys, "BGREWRITEAOF", "aof_rewrite_in_progress",
                     "aof_last_bgrewrite_status")


SCENES = [
    ("idle", idle),
    ("{keys:,} expire in 1 s", expire),
    ("FLUSHALL ASYNC of {keys:,}", flush),
    ("growth to {more:,} keys", grow),
    *((f"{kind}: {what}", functools.partial(scene, kind))
      for kind in VALUES
      for what, scene in (("growth to {keys:,}", grow_value),
                          ("walked by 1,000", walk_value),
                          ("DEL of {keys:,}", delete_value))),
    ("string: DEL of 256 MiB", delete_string),
    ("hash: {keys:,} fields expire", expire_fields),
    ("disk: writes to {keys:,} keys", writes_only),
    ("disk: BGSAVE by fork", functools.partial(bgsave, "fork")),
    ("disk: BGSAVE by walk", functools.partial(bgsave, "walk")),
    ("disk: BGREWRITEAOF", rewrite_log),
    ("disk: appendfsync everysec", log_everysec),
]


def line(name, side, result, took):
    figures = [result[key] / 1e3 for key in
               ("p50_us", "p99_us", "p99.9_us", "max_us", "late_us", "waited_us")]
    seconds = "-" if took is None else f"{took:.2f} s"
    return [name, side, *(f"{value:.2f}" for value in figures), seconds]


HEADS = ["latency of PING, ms", "", "p50", "p99", "p99.9", "max", "late",
         "waited", "took"]
WIDTHS = (30, 8, 8, 8, 8, 9, 8, 9, 9)


def print_markdown(lines):
    print("\n| PING, ms | | p50 | p99 | p99.9 | max | took, s |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for row in lines:
        figures = " | ".join(f"{row[key] / 1e3:.2f}"
                             for key in ("p50_us", "p99_us", "p99.9_us", "max_us"))
        took = "" if row["took_s"] is None else f"{row['took_s']:.2f}"
        print(f"| {row['name']} | {row['server']} | {figures} | {took} |")


def print_line(parts):
    text = [parts[0].ljust(WIDTHS[0]), parts[1].ljust(WIDTHS[1])]
    text += [p.rjust(w) for p, w in zip(parts[2:], WIDTHS[2:])]
    print(" ".join(text).rstrip(), flush=True)


def main(argv):
    server_cpu, client_cpu = servers.pick_cpus()
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="200,000 keys")
    parser.add_argument("--keys", type=int)
    parser.add_argument("--row", metavar="TEXT", default="",
                        help="only rows whose name has it")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--markdown", action="store_true",
                        help="a table at the end")
    options = parser.parse_args(argv)
    keys = options.keys or (200_000 if options.quick else 1_000_000)
    binaries = {"redis": servers.find_redis(),
                "keyrack": servers.find_keyrack()}
    os.sched_setaffinity(0, {client_cpu})
    lines, failed = [], False
    print_line(HEADS)
    for title, scene in SCENES:
        name = title.format(keys=keys, more=4 * keys)
        if options.row not in name:
            continue
        for side in SIDES:
            try:
                with Server(side, binaries[side], server_cpu,
                            servers.go_first) as server:
                    result, took = scene(server, keys)
            except Missing:
                continue
            except (Failure, OSError) as failure:
                failed = True
                print(f"{name:30} {side:8} FAILED: {failure}", flush=True)
                continue
            lines.append({"name": name, "server": side, "took_s": took,
                          **result})
            print_line(line(name, side, result, took))
    if options.json:
        with open(options.json, "w") as f:
            json.dump(lines, f, indent=1)
            f.write("\n")
    if options.markdown:
        print_markdown(lines)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
