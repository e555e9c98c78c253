#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""persist - what saving and loading a million keys of all types costs, beside redis-server.

Both servers begin with the same files, which Redis has made: a snapshot, and a log of commands that
has it all.  Measured is processor time, user and system, of the process that does the work:

    load      from the start of the process to the first PONG, less that of a start without a file
    save      of the SAVE command
    bgsave    of the child, and the time for which fork() stops the server
    walk      of the server and its threads with `snapshot-method walk`, beside Redis's child
    aof load  as load, of the log

    tests/bench/persist.py [--keys N] [--pairs N] [--keep FOLDER]
"""
import argparse
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from servers import TICK_NS, Link, find_keyrack, find_redis, free_port, pick_cpus  # noqa: E402

TARGETS = {"load": 0.6, "save": 0.6, "bgsave": 0.6, "aof load": 0.6}
ROWS = ("load", "save", "bgsave", "fork ms", "walk", "aof load")


def cpu_seconds(pid):
    """User and system time of all threads; the scheduler's own count where it is kept."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def child_seconds(pid):
    """Of children that have been waited for, in ticks."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) * TICK_NS / 1e9


class Server:
    def __init__(self, binary, folder, cpu, *arguments):
        self.port = free_port()
        self.process = subprocess.Popen(
            [binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", folder,
             "--appendonly", "no", "--loglevel", "warning", "--enable-debug-command", "yes", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
            preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        self.link = self.connect()

    def connect(self):
        end = time.monotonic() + 120
        while time.monotonic() < end:
            assert self.process.poll() is None, "the server does not start"
            try:
                link = Link(self.port, 120)
            except OSError:
                time.sleep(0.05)
                continue
            if link.call("PING") == "PONG":
                return link
            link.close()
            time.sleep(0.05)
        raise SystemExit("the server does not answer")

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def stop(self):
        self.process.kill()
        self.process.wait()


def make(folder, keys, cpu):
    """A mixed data set, made by Redis: half strings, the rest small values of each type and some
    that are large; a tenth expires."""
    server = Server(find_redis(), folder, cpu)
    rng = random.Random(11)
    sock = server.link.socket
    batch, sent = [], 0

    def add(*words):
        nonlocal sent
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
        batch.append(b"".join(parts))
        sent += 1
        if len(batch) >= 500:
            flush()

    def flush():
        sock.sendall(b"".join(batch))
        for _ in batch:
            server.link.read()
        batch.clear()

    def word():
        return rng.randbytes(8).hex()

    for i in range(keys):
        key, kind = f"key:{i:09d}", i % 20
        if kind < 6:
            add("SET", key, word())
        elif kind < 8:
            add("SET", key, rng.randrange(10**9))
        elif kind == 8:
            add("SET", key, "some words that repeat, " * rng.randrange(2, 12))
        elif kind == 9:
            add("SET", key, rng.randbytes(200))
        elif kind < 12:
            add("HSET", key, *[w for f in range(5) for w in (f"field{f}", word())])
        elif kind < 14:
            add("RPUSH", key, *[word() for _ in range(8)])
        elif kind == 14:
            add("SADD", key, *rng.sample(range(100000), 10))
        elif kind == 15:
            add("SADD", key, *[word() for _ in range(8)])
        elif kind < 18:
            add("ZADD", key, *[w for _ in range(8) for w in (rng.randrange(10000) / 4, word())])
        elif kind == 18:
            for _ in range(3):
                add("XADD", key, "*", "temp", rng.randrange(50), "room", word())
        elif i % 200 == 19:
            add("HSET", key, *[w for f in range(200) for w in (f"field{f}", word())])
        elif i % 200 == 39:
            add("ZADD", key, *[w for _ in range(200) for w in (rng.random(), word())])
        else:
            add("SET", key, word())
        if i % 10 == 3:
            add("PEXPIREAT", key, 4102444800000 + i)
    flush()
    server.link.must("SAVE")
    server.link.must("CONFIG", "SET", "aof-use-rdb-preamble", "no")
    server.link.must("CONFIG", "SET", "appendonly", "yes")
    wait_for(server, "aof_rewrite_in_progress:0", "aof_rewrite_scheduled:0")
    server.stop()


def wait_for(server, *words):
    while not all(word in server.link.must("INFO", "persistence").decode() for word in words):
        time.sleep(0.05)


def measure_log(binary, folder, cpu, start):
    server = Server(binary, folder, cpu, "--appendonly", "yes")
    row = {"aof load": server.cpu() - start, "aof keys": server.link.must("DBSIZE")}
    server.stop()
    return row


def measure(binary, folder, cpu, empty):
    idle = Server(binary, empty, cpu)
    start = idle.cpu()
    idle.stop()
    server = Server(binary, folder, cpu)
    row = {"load": server.cpu() - start}
    try:
        before = server.cpu()
        server.link.must("SAVE")
        row["save"] = server.cpu() - before
        before = child_seconds(server.process.pid)
        server.link.must("BGSAVE")
        wait_for(server, "rdb_bgsave_in_progress:0")
        time.sleep(0.2)
        row["bgsave"] = row["walk"] = child_seconds(server.process.pid) - before
        if server.link.must("CONFIG", "GET", "snapshot-method"):
            # The large values of the set would have it fork.
            server.link.must("CONFIG", "SET", "snapshot-method", "walk", "snapshot-walk-effort", "0")
            before = server.cpu()
            server.link.must("BGSAVE")
            wait_for(server, "rdb_bgsave_in_progress:0")
            row["walk"] = server.cpu() - before
        info = server.link.must("INFO", "stats").decode()
        row["fork ms"] = int(info.split("latest_fork_usec:")[1].split()[0]) / 1000
        row["keys"] = server.link.must("DBSIZE")
    finally:
        server.stop()
    return row | measure_log(binary, folder, cpu, start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--keys", type=int, default=1000000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--keep", help="a folder for the file, which is made once")
    options = parser.parse_args()
    cpu = pick_cpus()[0]
    with tempfile.TemporaryDirectory(prefix="bench-persist-") as work:
        kept = options.keep or work
        source, empty = os.path.join(kept, "dump.rdb"), os.path.join(work, "empty")
        os.makedirs(empty)
        if not os.path.exists(source):
            os.makedirs(kept, exist_ok=True)
            make(kept, options.keys, cpu)
        rows = {"redis": [], "keyrack": []}
        for _ in range(options.pairs):
            for name, binary in (("redis", find_redis()), ("keyrack", find_keyrack())):
                folder = os.path.join(work, name)
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(kept, folder, ignore=shutil.ignore_patterns("empty", "redis", "keyrack"))
                rows[name].append(measure(binary, folder, cpu, empty))
    print(f"{rows['keyrack'][0]['keys']} keys; medians of {options.pairs} pairs\n")
    counts = {row[what] for side in rows.values() for row in side for what in ("keys", "aof keys")}
    if len(counts) != 1:
        raise SystemExit(f"not all keys were loaded: {sorted(counts)}")
    print("| processor time | redis s | keyrack s | ratio | spread | target |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    missed = False
    for what in ROWS:
        theirs = [row[what] for row in rows["redis"]]
        ours = [row[what] for row in rows["keyrack"]]
        ratios = [o / t if t else 0 for o, t in zip(ours, theirs)]
        ratio, target = statistics.median(ratios), TARGETS.get(what)
        note = f"<= {target}" + (" (missed)" if ratio > target else "") if target else ""
        missed |= bool(target) and ratio > target
        print(f"| {what} | {statistics.median(theirs):.3f} | {statistics.median(ours):.3f} | {ratio:.2f} "
              f"| {min(ratios):.2f}-{max(ratios):.2f} | {note} |")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
