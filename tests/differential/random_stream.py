#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""random_stream - the same random commands to both servers.

The commands come from grammar/, by a seed that is printed; the same seed gives
the same stream as long as the grammar and what the servers know do not change.
They are sent in batches behind which an ECHO stands, and whole batches of
replies are compared as bytes first: only where those differ are they parsed.

At a difference the stream stops, and what led to it is cut down by replaying
ever smaller parts of it on flushed servers.  The result is printed as a case
that can be pasted into cases/.

    random_stream.py [--seed N] [--count N] [--protocol 2|3] [--only string,keys]
                     [--seconds N]      one seed after the other, so long
"""
import argparse
import random
import sys
import time

import grammar
import known
from compare import same, show
from language import line_of
from pair import Both, Pair, must
from support import Closed, Error, Reply, encode, replies_in

BATCH = 200
PATIENCE = 25.0  # seconds for cutting a difference down


class Difference(Exception):
    def __init__(self, at, theirs, ours):
        super().__init__()
        self.at, self.theirs, self.ours = at, theirs, ours


class Call:
    """One command of the stream."""
    __slots__ = ("words", "compare")

    def __init__(self, words, compare):
        self.words = words
        self.compare = compare


def usable(pair, rules):
    """The rules whose commands both know, and the names of those dropped."""
    kept = [r for r in rules if pair.knows(r.command())]
    return kept, sorted({r.command() for r in rules} - {r.command() for r in kept})


def stream(rules, seed, count):
    """A transaction ends with its batch, and holds only what is compared byte for byte: its
    replies come all at once, in that of EXEC."""
    rng = random.Random(seed)
    g = grammar.Gen(rng, rules)
    picked = rng.choices(rules, weights=[r.weight for r in rules], k=count)
    queueing = False
    for i, r in enumerate(picked):
        call = Call(tuple(g.call(r)), r.compare)
        queueing = queueing and i % BATCH != 0
        if queueing and (r.compare != "exact" or r.name[0] in known.BY_COMMAND):
            call = Call((b"PING",), "exact")
        if call.words in ((b"MULTI",), (b"EXEC",), (b"DISCARD",)):
            queueing = call.words == (b"MULTI",)
        yield call


def play(both, calls, start=0, lenient_until=0):
    """Send calls in batches and compare; raises Difference at the first one that counts.
    Below `lenient_until`, differences do not count."""
    for first in range(start, len(calls), BATCH):
        batch = calls[first:first + BATCH]
        nonce = b"end-of-batch-%d" % first
        # Who is in a transaction would be told QUEUED.
        data = b"".join(encode(*call.words) for call in batch) \
            + encode("DISCARD") + encode("ECHO", nonce)
        ending = b"$%d\r\n%s\r\n" % (len(nonce), nonce)
        answers = []
        for client in both.each:
            try:
                client.send_raw(data)
            except OSError:
                pass
        for client in both.each:
            try:
                answers.append(client.read_until(ending))
            except (Closed, OSError) as error:
                answers.append(bytes(client.buffer))
                client.buffer.clear()
                if client is both.theirs:
                    raise RuntimeError(f"the oracle broke: {error!r}") from error
        if answers[0] == answers[1]:
            continue
        theirs, ours = (replies_in(answer, partial=True) for answer in answers)
        for i, call in enumerate(batch):
            a = theirs[i] if i < len(theirs) else "nothing"
            b = ours[i] if i < len(ours) else "nothing: the connection broke or hangs"
            if first + i < lenient_until or alike(call, a, b):
                continue
            row = excuse(call, a, b)
            if row is None:
                raise Difference(first + i, a, b)
            if row.parts:
                both.forget()
                break
        if len(ours) != len(batch) + 2:
            raise Difference(first + len(batch) - 1, theirs[-3], "too many replies in this batch")


def alike(call, theirs, ours):
    if call.compare == "set" and call.words[0] == b"SCAN":
        flat = [reply if not isinstance(reply, Reply) or not isinstance(reply.value, list)
                else (reply.value[0], sorted(reply.value[1])) for reply in (theirs, ours)]
        if flat[0] == flat[1]:
            return True
    return same(call.compare, theirs, ours)


def excuse(call, theirs, ours):
    raw = [reply.raw.decode("latin-1") if isinstance(reply, Reply) else ""
           for reply in (ours, theirs)]
    return known.row_of(line_of(call.words), *raw, stream=True)


def fresh(pair, protocol):
    """A new connection to each, all data gone."""
    pair.revive()
    both = Both(pair, protocol, 20.0)
    both.forget()
    return both


def still_differs(pair, protocol, calls):
    both = fresh(pair, protocol)
    try:
        play(both, calls, lenient_until=len(calls) - 1)
        return None
    except Difference as difference:
        return difference
    finally:
        both.close()


def cut_down(pair, protocol, calls):
    """(the shortest list found that ends in a difference, that difference), or (calls, None)."""
    deadline = time.monotonic() + PATIENCE
    last = calls[-1]
    before = calls[:-1]

    def fails(candidate):
        return still_differs(pair, protocol, candidate + [last])

    # Guesses first: nothing else, the same keys only, the last few.
    touched = set(last.words[1:])
    wide = {b"SELECT", b"SWAPDB", b"FLUSHALL", b"FLUSHDB"}
    related = [c for c in before if touched & set(c.words[1:]) or c.words[0] in wide]
    found = None
    for guess in ([], related[-10:], related[-100:], before[-100:], related, before):
        found = fails(guess)
        if found:
            before = guess
            break
    if not found:
        return calls, None
    pieces = 2
    while before and time.monotonic() < deadline:
        size = max(1, len(before) // pieces)
        for at in range(0, len(before), size):
            rest = before[:at] + before[at + size:]
            difference = fails(rest)
            if difference:
                found, before, pieces = difference, rest, max(2, pieces - 1)
                break
            if time.monotonic() > deadline:
                break
        else:
            if size == 1:
                break
            pieces = min(len(before), pieces * 2)
    return before + [last], found


def describe(pair, protocol, seed, calls, difference):
    """The text for a human: a case to paste and what came of it."""
    calls, again = cut_down(pair, protocol, calls[:difference.at + 1])
    lines = [f"difference at command {difference.at} of seed {seed}, RESP{protocol}"]
    if again is None:
        lines.append("not seen again when replayed; the last commands before it:")
        calls, again = calls[-20:], difference
    lines += ["", f"== Found by seed {seed}"]
    for call in calls:
        mode = "" if call.compare == "exact" else f"[{call.compare}] "
        lines.append(mode + line_of(call.words))
    lines += ["", f"theirs: {show(again.theirs)}", f"ours:   {show(again.ours)}"]
    return "\n  ".join(lines)


def data_set(both, databases=3):
    """Calls that read everything that is there on either side."""
    calls = []
    for database in range(databases):
        calls.append(Call((b"SELECT", b"%d" % database), "exact"))
        calls.append(Call((b"DBSIZE",), "exact"))
        keys = {}
        for client in both.each:
            must(client.call("SELECT", database))
            for key in must(client.call("KEYS", "*")):
                keys[key] = client.call("TYPE", key)
        for key, kind in sorted(keys.items()):
            calls.append(Call((b"TYPE", key), "exact"))
            calls.append(Call((b"OBJECT", b"ENCODING", key), "exact"))
            calls.append(Call((b"PEXPIRETIME", key), "near 60000"))
            if kind in grammar.READERS:
                words, mode = grammar.READERS[kind]
                calls.append(Call(tuple(key if w is None else w.encode() for w in words), mode))
    digests = [client.call("DEBUG", "DIGEST") for client in both.each]
    if not any(isinstance(digest, Error) for digest in digests):
        calls.append(Call((b"DEBUG", b"DIGEST"), "exact"))
    return calls


def run_seed(pair, rules, seed, count, protocol):
    """None, or the text of a difference."""
    both = fresh(pair, protocol)
    calls = []
    try:
        calls = list(stream(rules, seed, count))
        play(both, calls)
        before = len(calls)
        calls += data_set(both)
        play(both, calls, start=before)
        return None
    except Difference as difference:
        both.close()
        died = pair.revive()
        text = describe(pair, protocol, seed, calls, difference)
        return f"{text}\n{died}" if died else text
    finally:
        both.close()


def for_seconds(seed, seconds):
    """Seeds, from this one on, while there is time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield seed
        seed += 1


def run(pair, report, seeds, count, protocols=(2, 3), only=None):
    rules, dropped = usable(pair, grammar.load(only))
    if dropped:
        report.skip("random stream: unknown commands", " ".join(dropped))
    if not rules:
        return
    for i, seed in enumerate(seeds):
        protocol = protocols[i % len(protocols)]
        began = time.monotonic()
        try:
            problem = run_seed(pair, rules, seed, count, protocol)
        except (OSError, RuntimeError, Closed) as error:
            problem = f"{type(error).__name__}: {error}"
        report.result(f"random stream --seed {seed} --count {count} --protocol {protocol}", problem)
        print(f"random stream: seed {seed}, RESP{protocol}, {count} commands, "
              f"{time.monotonic() - began:.1f}s", flush=True)


def main():
    from run import Report
    options = argparse.ArgumentParser(description="random commands to both servers")
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options.add_argument("--count", type=int, default=40000)
    options.add_argument("--protocol", type=int, choices=(2, 3), action="append")
    options.add_argument("--only", help="files of grammar/, with commas")
    options.add_argument("--seconds", type=float, help="run more seeds behind the first, so long")
    given = options.parse_args()
    report = Report()
    with Pair() as pair:
        seeds = for_seconds(given.seed, given.seconds) if given.seconds else [given.seed]
        run(pair, report, seeds, given.count, given.protocol or ((2, 3) if given.seconds else (2,)),
            given.only and given.only.split(","))
    sys.exit(report.end())


if __name__ == "__main__":
    main()
