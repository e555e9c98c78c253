#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Keyrack against redis-server: CPU time per request and memory per key.

One CPU for the server and the other for the load generator: then the server's
own CPU time tells what a request costs, whoever of the two is the bottleneck.
Each row gets two fresh servers; their samples alternate (A B A B ...), each
pair gives a ratio, and the median of the pairs is what counts.  The spread
beside it is the smallest and the largest of them.  Where it is wide, or where
something else kept the server from its CPU, more pairs are run, and a row that
stays noisy is marked with ~.

Memory is what the operating system says (resident set), with the server's own
used_memory beside it.  A million keys is kind to Redis: its table, a power of
two, is nearly full then.

Exit status: 0 all rows ok, 1 a row is over its target or failed.
"""

import argparse
import datetime
import importlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import servers
from rows import Fill, Idle, Memory, Row, names, words
from servers import Failure, Load, Server

PAIRS_MORE = 4          # pairs that a noisy row gets in addition
SPREAD_NOISY = 0.10     # of the ratios, relative to their median
WAITED_NOISY = 0.05     # server's wait for its CPU, relative to its use of it
SIZE_TOLERANCE = 0.05   # between the servers' reply bytes per request

SIDES = ("redis", "keyrack")


def load_rows(pattern):
    folder = os.path.join(servers.HERE, "rows")
    rows = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py") and name != "__init__.py":
            module = importlib.import_module("rows." + name[:-3])
            rows += [(name[:-3], row) for row in module.ROWS]
    return [(module, row) for module, row in rows
            if re.search(pattern, row.name) or re.search(pattern, module)]


def commands_of(row):
    """The commands a row cannot do without."""
    found = list(row.needs)
    if not isinstance(row, Idle):
        found += names(row.command)
    for step in getattr(row, "prepare", ()):
        found += names(step.command if isinstance(step, Fill) else step)
    if getattr(row, "readers", 0):
        found += names(row.reader)
    return sorted(set(found))


def missing(row, pair):
    for server in pair:
        for name in commands_of(row):
            if server.lacks(name):
                return f"{server.name} lacks {name}"
    return None


class Run:
    """The options of this run, and how to start servers under them."""

    def __init__(self, options):
        self.options = options
        self.binaries = {"redis": servers.find_redis(),
                         "keyrack": servers.find_keyrack()}
        self.pairs = options.pairs
        self.seconds = options.seconds or (0.25 if options.quick else 0.5)
        self.warmup = 0.1 if options.quick else 0.15
        self.keys = options.keys or (200_000 if options.quick else 1_000_000)

    def start(self, side):
        return Server(side, self.binaries[side], self.options.server_cpu)


# --- CPU time per request ------------------------------------------------------

def prepare(server, row):
    for step in row.prepare:
        if isinstance(step, Fill):
            servers.fill(server, words(step.command), step.count,
                         step.pipeline)
        else:
            server.link.must(*words(step))


def load_options(run, row, seconds):
    options = ["-c", str(row.connections), "-P", str(row.pipeline),
               "-k", str(row.keys), "-i", str(row.items)]
    if row.readers:
        options += ["-r", str(row.readers), "-R", row.reader]
    if row.requests:
        options += ["-n", str(row.requests)]
    if not (row.fresh and row.requests):
        options += ["-d", str(seconds)]
    if not row.fresh:
        options += ["-w", str(run.warmup)]
    return options


def sample(run, server, row):
    if row.fresh:
        server.link.must("FLUSHALL")
        prepare(server, row)
    options = load_options(run, row, run.seconds)
    with Load(server, options, words(row.command)) as load:
        before = server.cpu_at_rest()
        load.go()
        load.done()
        after = server.cpu_at_rest()
        result = load.result()
    requests = result["requests"]
    if result["nulls"] and not row.nulls:
        raise Failure(f"{server.name}: {result['nulls']} null replies")
    spent = server.cpu_between(before, after)
    result["cpu_us"] = spent / 1e3 / requests
    result["waited"] = (after[2] - before[2]) / max(1, spent)
    result["bytes_per_request"] = result["reply_bytes"] / requests
    return result


def compare_sizes(row, samples):
    """Replies that are shorter on one side are another, cheaper command."""
    a, b = (statistics.median(s["bytes_per_request"] for s in samples[side])
            for side in SIDES)
    if row.same_size and abs(a - b) > SIZE_TOLERANCE * max(a, b):
        raise Failure(f"replies differ: {a:.1f} bytes from redis, "
                      f"{b:.1f} from keyrack")


def is_noisy(ratios, samples):
    """Did something else want the machine, or do the ratios disagree?"""
    spread = (max(ratios) - min(ratios)) / statistics.median(ratios)
    waited = max(statistics.median(s["waited"] for s in samples[side])
                 for side in SIDES)
    return spread > SPREAD_NOISY or waited > WAITED_NOISY


def measure_row(run, row):
    with run.start("redis") as redis, run.start("keyrack") as keyrack:
        reason = missing(row, (redis, keyrack))
        if reason:
            return {"skipped": reason}
        samples = {"redis": [], "keyrack": []}
        ratios = []
        if not row.fresh:
            prepare(redis, row)
            prepare(keyrack, row)
        while (len(ratios) < run.pairs
               or (len(ratios) < run.pairs + PAIRS_MORE
                   and not run.options.quick
                   and is_noisy(ratios, samples))):
            for server in (redis, keyrack):
                samples[server.name].append(sample(run, server, row))
            ratios.append(samples["keyrack"][-1]["cpu_us"]
                          / samples["redis"][-1]["cpu_us"])
    compare_sizes(row, samples)
    result = {"unit": "us", "ratio": statistics.median(ratios),
              "ratios": ratios, "samples": samples, "target": row.target,
              "noisy": is_noisy(ratios, samples)}
    for side in SIDES:
        result[side] = statistics.median(s["cpu_us"] for s in samples[side])
        result[side + "_beside"] = statistics.median(
            s["requests_per_second"] for s in samples[side])
    result["verdict"] = verdict(result["ratio"], row.target)
    return result


def verdict(value, target):
    if target is None:
        return ""
    return "ok" if value <= target else "over"


# --- Memory ---------------------------------------------------------------------

def memory_of(run, server, row):
    """Bytes per element on a fresh server: (resident, used_memory)."""
    command = words(row.command)
    count = int(run.keys * row.scale)
    # Touch the code and the first pages first: they are not the keys' fault.
    # What that took goes back, or large keys would find room in it.
    servers.fill(server, command, max(1, min(100, count // 100)))
    server.link.must("FLUSHALL")
    server.settled_memory()
    server.link.must("MEMORY", "PURGE")
    before = server.settled_memory()
    servers.fill(server, command, count)
    after = server.settled_memory()
    held = server.link.must("DBSIZE")
    if held != count:
        raise Failure(f"{server.name} holds {held} keys, not {count}")
    parts = count * row.elements
    used = None
    if before[1] is not None and after[1] is not None:
        used = (after[1] - before[1]) / parts
    return (after[0] - before[0]) / parts, used


def measure_memory(run, row):
    result = {"unit": "bytes", "target": row.target}
    for side in SIDES:
        with run.start(side) as server:
            reason = missing(row, (server,))
            if reason:
                return {"skipped": reason}
            result[side], result[side + "_beside"] = memory_of(run, server, row)
    result["ratio"] = result["keyrack"] / result["redis"]
    result["ratios"] = [result["ratio"]]
    result["verdict"] = verdict(result["ratio"], row.target)
    return result


def measure_idle(run, row):
    """Both at once: they only wait.  Every client has said something once,
    and has had time enough to be forgotten for it (Redis needs 5 s)."""
    options = ["-c", str(row.connections), "-I"]
    with run.start("redis") as redis, run.start("keyrack") as keyrack:
        pair = (redis, keyrack)
        for server in pair:
            servers.fill(server, ["PING"], 1000, 1, connections=1)
        before = {s.name: s.settled_memory() for s in pair}
        with Load(redis, options, ["PING"]), Load(keyrack, options, ["PING"]):
            time.sleep(12)
            after = {s.name: s.settled_memory() for s in pair}
    result = {"unit": "bytes", "target": None, "limit": row.limit}
    for side in SIDES:
        result[side] = (after[side][0] - before[side][0]) / row.connections
        result[side + "_beside"] = None
        if before[side][1] is not None and after[side][1] is not None:
            result[side + "_beside"] = ((after[side][1] - before[side][1])
                                        / row.connections)
    result["ratio"] = result["keyrack"] / result["redis"]
    result["ratios"] = [result["ratio"]]
    result["verdict"] = verdict(result["keyrack"] * row.connections, row.limit)
    return result


def measure(run, row):
    try:
        if isinstance(row, Row):
            return measure_row(run, row)
        if isinstance(row, Memory):
            return measure_memory(run, row)
        return measure_idle(run, row)
    except (Failure, OSError) as failure:
        return {"failed": str(failure)}


# --- Tables ---------------------------------------------------------------------

HEADS = {
    "us": ("CPU time per request", "us", "requests/s"),
    "bytes": ("memory per key or client", "bytes", "used_memory"),
}


def figure(value, unit):
    if value is None:
        return "-"
    if unit == "us":
        return f"{value:.3f}" if value < 100 else f"{value:.1f}"
    return f"{value:.1f}"


def beside(value, unit):
    if value is None:
        return "-"
    return f"{value:,.0f}" if unit == "us" else f"{value:.1f}"


def cells(row, result):
    unit = result["unit"]
    ratios = result["ratios"]
    spread = ""
    if len(ratios) > 1:
        spread = f"{min(ratios):.2f}-{max(ratios):.2f}"
        spread += "~" if result["noisy"] else ""
    target = "" if result["target"] is None else f"<= {result['target']:.2f}"
    if "limit" in result:
        target = f"<= {result['limit'] / row.connections:.0f} bytes"
    return [row.name, figure(result["redis"], unit),
            figure(result["keyrack"], unit), f"{result['ratio']:.2f}", spread,
            target, result["verdict"],
            beside(result["redis_beside"], unit),
            beside(result["keyrack_beside"], unit)]


def head_cells(unit):
    title, measured, second = HEADS[unit]
    return [title, f"redis {measured}", f"keyrack {measured}", "ratio",
            "spread", "target", "", f"redis {second}", f"keyrack {second}"]


WIDTHS = (24, 12, 14, 6, 10, 13, 5, 18, 19)


def print_line(parts):
    text = [parts[0].ljust(WIDTHS[0])]
    text += [part.rjust(width) for part, width in zip(parts[1:], WIDTHS[1:])]
    print(" ".join(text).rstrip(), flush=True)


def unit_of(row):
    return "us" if isinstance(row, Row) else "bytes"


def print_result(row, result):
    if "skipped" in result:
        print(f"{row.name:24} skipped: {result['skipped']}", flush=True)
    elif "failed" in result:
        print(f"{row.name:24} FAILED: {result['failed']}", flush=True)
    else:
        print_line(cells(row, result))


def git_commit():
    git = ["git", "-C", servers.HERE]
    try:
        commit = subprocess.run(git + ["rev-parse", "--short", "HEAD"],
                                capture_output=True, text=True, check=True)
        dirty = subprocess.run(git + ["status", "--porcelain", "-uno"],
                               capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit.stdout.strip() + ("-dirty" if dirty.stdout.strip() else "")


def cpu_model():
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return os.uname().machine


def describe(run):
    found = {}
    for side in SIDES:
        with run.start(side) as server:
            found[side] = server.version()
    return {"date": datetime.date.today().isoformat(), "commit": git_commit(),
            "cpu": cpu_model(), "kernel": os.uname().release,
            "redis": found["redis"], "keyrack": found["keyrack"],
            "keys": run.keys, "pairs": run.pairs, "seconds": run.seconds,
            "quick": run.options.quick}


def print_markdown(about, results):
    print(f"Measured on {about['date']} at commit {about['commit']}, "
          f"{about['cpu']}, against redis-server {about['redis']}: medians of "
          f"{about['pairs']} pairs.")
    for unit in ("us", "bytes"):
        rows = [(row, r) for _, row, r in results if r.get("unit") == unit]
        if not rows:
            continue
        heads = head_cells(unit)
        print("\n| " + " | ".join(heads) + " |")
        print("|---|" + "---:|" * (len(heads) - 1))
        for row, result in rows:
            print("| " + " | ".join(cells(row, result)) + " |")


def write_json(path, about, results):
    rows = [{"module": module, "name": row.name, **result}
            for module, row, result in results]
    with open(path, "w") as f:
        json.dump({"about": about, "rows": rows}, f, indent=1)
        f.write("\n")


# --- Profiles -------------------------------------------------------------------

def profile(run, rows):
    """What the server does during a row: perf's top symbols."""
    rows = [row for _, row in rows if isinstance(row, Row)]
    if not rows:
        raise SystemExit("no such row with CPU time")
    side = run.options.profile_server
    for row in rows:
        with run.start(side) as server, tempfile.TemporaryDirectory() as folder:
            reason = missing(row, (server,))
            if reason:
                print(f"{row.name}: skipped: {reason}")
                continue
            prepare(server, row)
            data = os.path.join(folder, "perf.data")
            options = load_options(run, row, 3)
            with Load(server, options, words(row.command)) as load:
                perf = subprocess.Popen(
                    ["perf", "record", "-q", "-F", "2000", "-p",
                     str(server.pid), "-o", data, "--", "sleep", "2.5"])
                time.sleep(0.3)
                load.go()
                load.done()
                perf.wait()
            if perf.returncode != 0:
                raise SystemExit("perf record failed")
            print(f"\n{row.name}: {side}", flush=True)
            report = subprocess.run(
                ["perf", "report", "-i", data, "--stdio", "--sort",
                 "dso,symbol", "--percent-limit", "0.5"],
                capture_output=True, text=True, check=True).stdout
            for line in report.splitlines():
                if line.strip() and not line.startswith("#"):
                    print(line.rstrip())


# --- The command line -----------------------------------------------------------

def parse(argv):
    server_cpu, client_cpu = servers.pick_cpus()
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--row", metavar="REGEX", default="",
                        help="only rows whose name or module matches")
    parser.add_argument("--list", action="store_true", help="name the rows")
    parser.add_argument("--quick", action="store_true",
                        help="short samples and 200,000 keys")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--seconds", type=float, help="length of a sample")
    parser.add_argument("--keys", type=int, help="keys of a memory row")
    parser.add_argument("--json", metavar="FILE", help="write all samples")
    parser.add_argument("--markdown", action="store_true",
                        help="print the README's table at the end")
    parser.add_argument("--profile", metavar="REGEX",
                        help="perf of the server during these rows, no table")
    parser.add_argument("--profile-server", choices=SIDES, default="keyrack")
    parser.add_argument("--server-cpu", type=int, default=server_cpu)
    parser.add_argument("--client-cpu", type=int, default=client_cpu)
    options = parser.parse_args(argv)
    if options.pairs < 1 or (options.keys is not None and options.keys < 1000):
        parser.error("at least 1 pair, and 1000 keys")
    return options


def main(argv):
    options = parse(argv)
    rows = load_rows(options.profile or options.row)
    if not rows:
        raise SystemExit("no such row")
    if options.list:
        for module, row in rows:
            print(f"{module:12} {row.name}")
        return 0
    servers.raise_file_limit()
    os.sched_setaffinity(0, {options.client_cpu})
    run = Run(options)
    if options.server_cpu == options.client_cpu:
        print("warning: server and client share a CPU", file=sys.stderr)
    if options.profile:
        profile(run, rows)
        return 0

    about = describe(run)
    print(f"redis-server {about['redis']}, keyrack {about['keyrack']} "
          f"({about['commit']}), {about['cpu']}, {about['date']}")
    results = []
    for unit in ("us", "bytes"):
        chosen = [(module, row) for module, row in rows if unit_of(row) == unit]
        if chosen:
            print()
            print_line(head_cells(unit))
        for module, row in chosen:
            result = measure(run, row)
            results.append((module, row, result))
            print_result(row, result)
    if options.json:
        write_json(options.json, about, results)
    if options.markdown:
        print()
        print_markdown(about, results)
    bad = [row.name for _, row, r in results
           if "failed" in r or r.get("verdict") == "over"]
    if bad:
        print(f"\nover or failed: {', '.join(bad)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
