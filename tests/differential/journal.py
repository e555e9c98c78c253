# SPDX-License-Identifier: BSD-3-Clause
"""journal - what the two servers write into their logs for the same commands.

The written cases run against a pair with `appendonly yes`, in RESP2.  After each
scenario both increments are read from where the last one ended, and must hold
the same commands: what is propagated, in which words, in which order, grouped
into which transactions.

Times that commands work out from now may differ a little, and members that
SPOP chose entirely.  What newer versions or our handlers say in other words to
the same effect is brought into one form first: see plain().
"""
import re

import known
import scenarios
from pair import Pair, must
from support import Closed

CLOSE_MS = 120000
INTEGER = re.compile(rb"\d{10,19}")
ENTRY_ID = re.compile(rb"(\d{10,19})-\d+")


def increment_of(server):
    """The path of the log's last file."""
    folder = server.dir / "appendonlydir"
    name = None
    for line in (folder / "appendonly.aof.manifest").read_text().splitlines():
        words = line.split()
        if words[5] == "i":
            name = words[1]
    return folder / name


def parse(data):
    """The commands in a piece of a log: a list of lists of words."""
    commands = []
    at = 0
    while at < len(data):
        end = data.index(b"\r\n", at)
        if data[at:at + 1] == b"#":
            at = end + 2
            continue
        count = int(data[at + 1:end])
        at = end + 2
        words = []
        for _ in range(count):
            end = data.index(b"\r\n", at)
            size = int(data[at + 1:end])
            words.append(data[end + 2:end + 2 + size])
            at = end + 4 + size
        commands.append(words)
    return commands


class Tail:
    """What has been added to a server's log since the last time."""

    def __init__(self, server):
        self.server = server
        self.at = 0
        self.path = increment_of(server)

    def read(self):
        path = increment_of(self.server)
        if path != self.path:  # rewritten meanwhile
            self.path, self.at = path, 0
        with open(path, "rb") as file:
            file.seek(self.at)
            data = file.read()
        self.at += len(data)
        return parse(data)


def close_numbers(a, b):
    """Two moments, in seconds or milliseconds, or two entries' ids made of such."""
    if INTEGER.fullmatch(a) and INTEGER.fullmatch(b):
        return abs(int(a) - int(b)) < CLOSE_MS
    a, b = ENTRY_ID.fullmatch(a), ENTRY_ID.fullmatch(b)
    return bool(a and b) and abs(int(a[1]) - int(b[1])) < CLOSE_MS


def plain_command(words):
    """Without conditions that are known to have been met."""
    name = words[0].upper()
    if name == b"PEXPIREAT":
        return words[:3]
    if name == b"SET":
        return words[:3] + list(dict.fromkeys(w for w in words[3:]
                                              if w.upper() not in (b"NX", b"XX")))
    if name == b"LMOVE":
        return words[:3] + [w.upper() for w in words[3:]]
    return words


def plain(commands):
    """One form for what may be said in several.

    7.2 tells of consumers that a read has created, and of all that SPOP took in one command."""
    units = []
    unit = None
    for words in map(plain_command, commands):
        name = words[0].upper()
        if name == b"MULTI":
            unit = []
        elif name == b"EXEC":
            units.append(unit)
            unit = None
        elif [w.upper() for w in words[:2]] == [b"XGROUP", b"CREATECONSUMER"]:
            continue
        elif unit is None:
            units.append([words])
        elif name == b"SREM" and unit and unit[-1][:2] == words[:2]:
            unit[-1] = unit[-1] + words[2:]
        else:
            unit.append(words)
    sort_removals(units)
    return [framed for unit in units if unit for framed in
            (unit if len(unit) == 1 else [[b"MULTI"], *unit, [b"EXEC"]])]


def sort_removals(units):
    """Keys that expire at one moment go in any order."""
    begin = 0
    while begin < len(units):
        end = begin
        while end < len(units) and len(units[end]) == 1 and \
                units[end][0][0].upper() in (b"DEL", b"UNLINK"):
            end += 1
        units[begin:end] = sorted(units[begin:end])
        begin = max(end, begin + 1)


def same_command(theirs, ours):
    if theirs == ours:
        return True
    if len(theirs) != len(ours) or theirs[0].lower() != ours[0].lower():
        return False
    if theirs[0].upper() == b"SREM" and theirs[1] == ours[1]:
        return True  # members chosen at random
    return all(a == b or close_numbers(a, b) for a, b in zip(theirs[1:], ours[1:]))


def show(words):
    return " ".join(repr(word)[1:] if len(word) < 60 else f"{word[:40]!r}... ({len(word)} bytes)"
                    for word in words)


def difference(theirs, ours):
    """None, or where two journals part."""
    for i in range(max(len(theirs), len(ours))):
        a = theirs[i] if i < len(theirs) else None
        b = ours[i] if i < len(ours) else None
        if a is None or b is None or not same_command(a, b):
            around = [f"  both:   {show(words)}" for words in theirs[max(i - 3, 0):i]]
            around += [f"  theirs: {show(words)}" for words in theirs[i:i + 4]]
            around += [f"  ours:   {show(words)}" for words in ours[i:i + 4]]
            return "\n".join(around)
    return None


def run_one(pair, control, tails, scenario):
    """None, or the difference."""
    for tail in tails:
        tail.read()
    try:
        problem = scenarios.Run(pair, control, scenario, 2).go()
    except (OSError, RuntimeError, Closed) as error:
        problem = f"{type(error).__name__}: {error}"
    if problem:
        return None  # told by the written cases themselves
    for client in control.each:
        must(client.call("PING"))
    theirs, ours = (tail.read() for tail in tails)
    if not known.journal(scenario.name):
        problem = difference(plain(theirs), plain(ours))
    # By now the configuration, on which forms depend, is what it was before.
    if scenario.config or known.replay(scenario.name):
        return problem
    return problem or replay_difference(control.ours)


def replay_difference(ours):
    """Does our own log give the same data set again?  None, or what differs."""
    before = must(ours.call("DEBUG", "DIGEST"))
    must(ours.call("DEBUG", "LOADAOF"))
    after = must(ours.call("DEBUG", "DIGEST"))
    return None if before == after else f"the digest was {before}, and is {after} once loaded"


def run(report, selection=None):
    with Pair("--appendonly", "yes", "--appendfsync", "no", "--save", "",
              "--auto-aof-rewrite-percentage", "0") as pair:
        control = pair.connect()
        tails = [Tail(pair.theirs), Tail(pair.ours)]
        for name, cases in scenarios.load(selection).items():
            for scenario in cases:
                if scenario.alone or 2 not in scenario.protocols or \
                        not all(pair.knows(command) for command in scenario.needs):
                    continue
                problem = run_one(pair, control, tails, scenario)
                died = pair.revive()
                if died:
                    problem = died
                if died or not control_lives(control):
                    control.close()
                    control = pair.connect()
                report.result(f"journal: {name} {scenario.name}", problem)
        control.close()


def control_lives(control):
    try:
        for client in control.each:
            must(client.call("PING"))
        return True
    except (OSError, RuntimeError, Closed):
        return False
