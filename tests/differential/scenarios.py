# SPDX-License-Identifier: BSD-3-Clause
"""scenarios - run the written cases against both servers.

A scenario passes in a protocol if every line's outcome is the same on both
sides.  It stops at its first difference: what follows one is seldom news.
"""
import pathlib
import time

import known
from compare import first_difference, same, show
from language import line_of, parse
from pair import QUIET, Both, must, read_one
from support import Closed, Error

CASES = pathlib.Path(__file__).parent / "cases"


class Difference(Exception):
    pass


class Run:
    """One scenario in one protocol."""

    def __init__(self, pair, control, scenario, protocol, tell=None):
        self.pair = pair
        self.control = control
        self.scenario = scenario
        self.protocol = protocol
        self.tell = tell
        self.connections = {}
        self.ids = {}  # of connections that were asked for theirs
        self.excused = set()

    def connection(self, letter):
        if letter not in self.connections:
            self.connections[letter] = Both(self.pair, self.protocol, 5.0)
        return self.connections[letter]

    def go(self):
        """None, or a text that tells the difference."""
        before = self._prepare()
        try:
            for step in self.scenario.steps:
                self._step(step)
            return None
        except Difference as difference:
            return str(difference)
        finally:
            for both in self.connections.values():
                both.close()
            try:
                self._restore(before)
            except (Closed, OSError):
                pass  # a server that died: the caller sees to that

    def _prepare(self):
        for client in self.control.each:
            must(client.call("FLUSHALL"))
        before = []
        for name, value in self.scenario.config:
            for client in self.control.each:
                before.append((client, name, must(client.call("CONFIG", "GET", name))[1]))
                must(client.call("CONFIG", "SET", name, value))
        return before

    def _restore(self, before):
        for client in self.control.each:
            end_scripts(client)
            client.call("CLIENT", "UNPAUSE")  # else the harness would wait as well
        for client, name, value in before:
            must(client.call("CONFIG", "SET", name, value))

    # --- Steps --------------------------------------------------------------

    def _step(self, step):
        getattr(self, "_" + step.kind)(step)

    def _call(self, step):
        both = self.connection(step.connection)
        self._say(both, step)
        for _ in range(step.replies):
            self._check(step, both.reply())

    def _say(self, both, step):
        """Send a command in which %id:B and %addr:B stand for a connection's own."""
        if not any(word[:1] == b"%" for word in step.words):
            both.send(*step.words)
            return
        for side, client in enumerate(both.each):
            words = []
            for word in step.words:
                kind, _, letter = word.decode("latin-1").partition(":")
                if kind == "%id":
                    if (letter, side) not in self.ids:
                        self.ids[letter, side] = \
                            self.connection(letter).each[side].call("CLIENT", "ID")
                    word = self.ids[letter, side]
                elif kind == "%addr":
                    host, port = self.connection(letter).each[side].socket.getsockname()[:2]
                    word = f"{host}:{port}"
                words.append(word)
            client.send(*words)

    def _send(self, step):
        self._say(self.connection(step.connection), step)
        if b"PAUSE" not in step.words:
            self.control.barrier()

    def _raw(self, step):
        for client in self.connection(step.connection).each:
            client.send_raw(b"".join(step.words))
        self.control.barrier()

    def _read(self, step):
        self._check(step, self.connection(step.connection).read(step.amount))

    def _none(self, step):
        for client, who in zip(self.connection(step.connection).each, ("theirs", "ours")):
            outcome = read_one(client.read, QUIET)
            if outcome != "nothing":
                raise Difference(f"{who} said {show(outcome)} where nothing is due")

    def _closed(self, step):
        for client, who in zip(self.connection(step.connection).each, ("theirs", "ours")):
            if not client.is_closed():
                raise Difference(f"{who} did not close the connection")

    def _sleep(self, step):
        time.sleep(step.amount)

    def _scan(self, step):
        """The cursor is the first argument that is a bare 0: a whole scan from there."""
        both = self.connection(step.connection)
        at = step.words.index(b"0", 1)
        found = []
        for client in both.each:
            seen, cursor = set(), b"0"
            for _ in range(100000):
                reply = client.exchange(*step.words[:at], cursor, *step.words[at + 1:])
                if not isinstance(reply.value, list):
                    found.append(reply.raw)
                    break
                cursor, items = reply.value
                seen.update(items)
                if cursor == b"0":
                    found.append(sorted(seen))
                    break
            else:
                raise Difference(f"{line_of(step.words)} never ends")
        if found[0] != found[1]:
            raise Difference(f"{line_of(step.words)}\n  theirs: {found[0]!r:.2000}\n"
                             f"  ours:   {found[1]!r:.2000}")

    def _check(self, step, outcomes):
        theirs, ours = outcomes
        command = line_of(step.words) or step.text
        if self.tell:
            self.tell(f"    {step.connection}: {command:.300}\n       {show(theirs, 300)}")
        if step.expected is not None and (isinstance(ours, str) or ours.raw != step.expected):
            raise Difference(f"{step.connection}: {command}\n  expected: {step.expected!r}\n"
                             f"  ours:     {show(ours)}")
        if same(step.mode, theirs, ours):
            return
        reason = known.reply(command, *("" if isinstance(outcome, str)
                                        else outcome.raw.decode("latin-1")
                                        for outcome in (ours, theirs)))
        if reason:
            self.excused.add(reason)
            return
        raise Difference(f"{step.connection}: {command:.2000}\n  theirs: {show(theirs)}\n"
                         f"  ours:   {show(ours)}\n  {first_difference(theirs, ours)}".rstrip())


def end_scripts(client, within=10.0):
    """Return when no script runs: a scenario that failed may have left one that loops.

    One that has written cannot be killed: a case lets it end by itself (busy.txt has how), else
    the server goes."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        reply = client.call("PING")
        if not (isinstance(reply, Error) and reply.startswith(b"BUSY")):
            return
        for container in ("SCRIPT", "FUNCTION"):
            client.call(container, "KILL")
    client.send("SHUTDOWN", "NOSAVE")
    client.is_closed(10.0)
    raise RuntimeError("a script ran that could not be killed")


class Alone(Run):
    """A scenario without an oracle: both ends of each pair are our server."""

    def connection(self, letter):
        if letter not in self.connections:
            both = Both(self.pair, self.protocol, 5.0)
            both.theirs.close()
            both.theirs = both.ours
            both.each = (both.ours,)
            self.connections[letter] = both
        return self.connections[letter]

    def _call(self, step):
        both = self.connection(step.connection)
        self._say(both, step)
        for _ in range(step.replies):
            outcome = both.reply()[0]
            self._check(step, (outcome, outcome))


def load(selection=None):
    """All scenarios, by file, in the order of the names of the files."""
    shared = parse_names()
    files = {}
    for path in sorted(CASES.glob("*.txt")):
        scenarios = parse(path.read_text(), path.name, shared)
        if selection:
            scenarios = [s for s in scenarios
                         if selection.lower() in f"{path.stem} {s.name}".lower()]
        if scenarios:
            files[path.name] = scenarios
    return files


def parse_names():
    """Alternatives that every file may use."""
    import language
    return {name: language.alternatives(language.split_words(text)) for name, text in {
        # What is not an integer, or only looks like one.
        "BADINT": 'abc | "" | 1.5 | 1e3 | +1 | 01 | 00 | -0 | -01 | " 1" | "1 " | 0x10 | - | + |'
                  ' 9223372036854775808 | -9223372036854775809 | 99999999999999999999999 |'
                  ' nan | inf | "1\\x00" | "1\\r\\n"',
        # The corners of 64 bits and a few from the middle.
        "INT": "0 | 1 | -1 | 7 | -7 | 100 | 2147483647 | -2147483648 | 4294967296 |"
               " 9223372036854775807 | -9223372036854775808",
        # What is not a number that INCRBYFLOAT would take.
        "BADFLOAT": 'abc | "" | " 1" | "1 " | 1.5abc | 1,5 | nan | -nan | "1\\x00" | - | .',
        # Contents for a string.
        "VALUE": '"" | a | 0 | 10 | -5 | 3.5 | "\\x00" | "a\\r\\nb\\x00\\xff" |'
                 ' "0123456789" | "x"*43 | "x"*44 | "x"*45 | "x"*20000',
        # Keys that are bytes, not text.
        "BINKEY": '"" | "\\x00" | "a\\x00b" | "\\r\\n" | " " | "\\xff\\xfe" | "k"*1000',
    }.items()}


def run(pair, report, selection=None, show_exchanges=False):
    control = pair.connect()
    for name, scenarios in load(selection).items():
        began = time.monotonic()
        lines = 0
        for scenario in scenarios:
            missing = [c for c in scenario.needs
                       if not (pair.ours_knows(c) if scenario.alone else pair.knows(c))]
            for protocol in scenario.protocols:
                label = f"{scenario.where} {scenario.name} (RESP{protocol})"
                if missing:
                    report.skip(label, "needs " + " ".join(missing))
                    continue
                if show_exchanges:
                    print(f"  == {label}")
                started = time.monotonic()
                one = (Alone if scenario.alone else Run)(
                    pair, control, scenario, protocol, print if show_exchanges else None)
                try:
                    problem = one.go()
                except (OSError, RuntimeError, Closed) as error:
                    problem = f"{type(error).__name__}: {error}"
                died = pair.revive() if problem else None
                if died:
                    problem += "\n" + died
                if problem:
                    control.close()
                    control = pair.connect()
                lines += len(scenario.steps)
                if time.monotonic() - started > 1:
                    print(f"  slow: {label} {time.monotonic() - started:.1f}s")
                report.result(label, problem)
                for reason in one.excused:
                    report.excuse(reason)
        print(f"{name}: {len(scenarios)} scenarios, {lines} lines, "
              f"{time.monotonic() - began:.1f}s", flush=True)
    control.close()
    if not selection:
        tell_uncovered(pair)


def tell_uncovered(pair):
    """Name the commands of our server that no written case calls."""
    called = set()
    for scenarios in load().values():
        for step in (step for scenario in scenarios for step in scenario.steps):
            words = [word.decode("latin-1").lower() for word in step.words[:2]]
            called.update({words[0], "|".join(words)} if words else ())
    listed = {name.decode() for name in pair.ours.call("COMMAND", "LIST")}
    containers = {name.partition("|")[0] for name in listed if "|" in name}
    missing = sorted(name for name in listed - called - containers if pair.knows(name))
    print(f"without a written case: {len(missing)}: {' '.join(missing[:40])}"
          f"{' ...' if missing[40:] else ''}", flush=True)
