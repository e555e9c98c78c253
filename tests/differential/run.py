#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""run - compare a server with Redis 7.0, command by command.

    run.py              written cases in both protocols, protocol bytes, metadata,
                        configuration and INFO names, journals, several clients
                        interleaved, 200,000 random commands
    run.py --full       the same with 1,000,000 random commands from ten seeds that
                        nobody has tried yet
    run.py -k WORD      only the scenarios and parts whose name has WORD
    run.py --show       print each exchange of the written cases
    run.py --seed N     the (first) seed of the random stream

The server under test is $KEYRACK_SERVER, the oracle $REDIS_SERVER.  What may
differ stands in known.py with its reason; everything else fails.

A new module gets a file cases/MODULE.txt (language.py has the notation) and a
file grammar/MODULE.py (grammar/__init__.py says how); nothing else has to
know of it.  The rest: names.py is CONFIG and INFO, metadata.py is COMMAND,
protocol.py is raw bytes, journal.py what stands in logs, exchange.py is DUMP and
RESTORE, changes.py how many changes INFO counts, random_stream.py runs alone as well, and prove.py shows
that all of them fail when they must.
"""
import argparse
import collections
import random
import sys

import changes
import exchange
import interleaved
import journal
import metadata
import names
import protocol
import random_stream
import scenarios
from pair import Pair
from support.runner import require_server, summary


class Report:
    """Counts, and prints what failed as it happens."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = collections.defaultdict(list)
        self.excused = collections.Counter()

    def result(self, name, problem):
        if problem is None:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {name}\n  " + problem.replace("\n", "\n  "), flush=True)

    def skip(self, name, reason):
        self.skipped[reason].append(name)

    def excuse(self, reason):
        self.excused[reason] += 1

    def end(self):
        for reason, which in sorted(self.skipped.items()):
            print(f"skipped: {reason}: {len(which)} ({which[0]}{', ...' if which[1:] else ''})")
        for reason, times in sorted(self.excused.items()):
            print(f"known: {reason}: {times}")
        print(summary(self.passed, self.failed, sum(map(len, self.skipped.values()))))
        return 1 if self.failed or not self.passed else 0

# A quick run says whether a change has broken something: not whether luck has found
# what was there before.
QUICK_SEED = 20261128


def main():
    options = argparse.ArgumentParser(description="compare a server with Redis 7.0")
    options.add_argument("--full", action="store_true")
    options.add_argument("-k", metavar="WORD", help="only what has WORD in its name")
    options.add_argument("--show", action="store_true", help="print exchanges")
    options.add_argument("--seed", type=int)
    given = options.parse_args()

    require_server()
    report = Report()
    seed = given.seed
    if seed is None:
        seed = random.randrange(1 << 32) if given.full else QUICK_SEED

    def wanted(part):
        return not given.k or given.k.lower() in part

    # Names and metadata come first: they want servers to which nothing has happened yet.
    try:
        with Pair() as pair:
            if wanted("config info names"):
                names.run(pair, report)
            if wanted("command metadata"):
                metadata.run(pair, report)
            scenarios.run(pair, report, given.k, given.show)
            protocol.run(pair, report, given.k)
            if wanted("exchange of dumps"):
                exchange.run(pair, report, seed)
            if wanted("count of changes"):
                changes.run(pair, report)
            if wanted("interleaved clients"):
                interleaved.run(pair, report, range(seed, seed + (5 if given.full else 1)),
                                10000 if given.full else 2000)
            if wanted("random stream"):
                count, seeds = (100000, 10) if given.full else (50000, 4)
                print(f"random stream: --seed {seed}", flush=True)
                random_stream.run(pair, report, range(seed, seed + seeds), count)
                if given.full:
                    random_stream.run(pair, report, range(seed, seed + 4), 20000, only=["scripting"])
        if wanted("journal"):
            journal.run(report)
        report.result("both servers ended cleanly", None)
    except AssertionError as error:
        report.result("both servers ended cleanly", str(error))
    sys.exit(report.end())


if __name__ == "__main__":
    main()
