#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The modules of scripts/: a rate limiter, a lock, a queue, a Bloom filter."""
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Error, Server, main  # noqa: E402

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
SEED = int(os.environ.get("SEED", random.randrange(1 << 30)))


class WithScripts(unittest.TestCase):
    name = None

    @classmethod
    def setUpClass(cls):
        # A copy: what others may write to is not loaded, and a checkout may be such.
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-lua."))
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        cls.path = cls.dir / f"{cls.name}.lua"
        shutil.copyfile(SCRIPTS / f"{cls.name}.lua", cls.path)
        cls.path.chmod(0o644)
        cls.server = Server("--loadmodule", cls.path, "--appendonly", "yes", "--enable-debug-command", "yes")
        cls.addClassCleanup(cls.server.__exit__, None, None, None)

    def setUp(self):
        self.client = self.server.client()
        self.addCleanup(self.client.close)
        self.call("FLUSHALL")

    def call(self, *words):
        return self.client.call(*words)

    def assertRefused(self, reply, part=b"ERR"):
        self.assertIsInstance(reply, Error)
        self.assertIn(part, reply)

    def assertRestarts(self):
        """What is there comes back from the log, from a snapshot, and from a rewritten log."""
        time.sleep(0.01)
        before = self.call("DEBUG", "DIGEST")
        self.assertEqual(self.call("DEBUG", "LOADAOF"), b"OK")
        self.assertEqual(self.call("DEBUG", "DIGEST"), before, f"SEED={SEED}")
        self.assertEqual(self.call("DEBUG", "RELOAD"), b"OK")
        self.assertEqual(self.call("DEBUG", "DIGEST"), before)
        self.assertEqual(self.call("MODULE", "RELOAD", self.name), b"OK")
        self.assertEqual(self.call("DEBUG", "DIGEST"), before)

    def documented(self):
        """Every command says what it is, and its arguments agree with its arity."""
        commands = self.call("COMMAND", "LIST", "FILTERBY", "MODULE", self.name)
        self.assertGreater(len(commands), 2)
        for name in commands:
            docs = self.call("COMMAND", "DOCS", name)[1]
            docs = dict(zip(docs[::2], docs[1::2]))
            info = self.call("COMMAND", "INFO", name)[0]
            for field in (b"summary", b"since", b"group", b"complexity", b"arguments"):
                self.assertTrue(docs.get(field), f"{name}: {field}")
            fixed = sum(1 for argument in docs[b"arguments"]
                        if b"optional" not in dict(zip(argument[::2], argument[1::2])).get(b"flags", []))
            self.assertEqual(abs(info[1]), fixed + 1, name)
            self.assertEqual(info[3:6], [1, 1, 1], name)
            self.assertTrue({b"write", b"readonly"} & set(info[2]), name)


class RateLimits(WithScripts):
    name = "ratelimit"

    def test_documented(self):
        self.documented()

    def test_a_window(self):
        for i in range(3):
            allowed, limit, left, retry, reset = self.call("limit.window", "w", 3, 10000)
            self.assertEqual((allowed, limit, left, retry), (1, 3, 2 - i, 0))
            self.assertTrue(9000 < reset <= 10000)
        allowed, _, left, retry, _ = self.call("limit.window", "w", 3, 10000)
        self.assertEqual((allowed, left), (0, 0))
        self.assertTrue(9000 < retry <= 10000)
        self.assertEqual(self.call("limit.window", "w", 3, 10000, "COUNT", 4)[3], -1)
        self.assertTrue(0 < self.call("PTTL", "w") <= 10000)
        self.assertEqual(self.call("limit.reset", "w"), 1)
        self.assertEqual(self.call("limit.window", "w", 3, 10000, "COUNT", 3)[:3], [1, 3, 0])

    def test_no_span_has_more_than_the_window_allows(self):
        span, most, taken = 60, 5, []
        until = time.monotonic() + 1
        while time.monotonic() < until:
            before = time.monotonic()
            if self.call("limit.window", "w", most, span)[0]:
                taken.append((before, time.monotonic()))
        self.assertGreater(len(taken), most * 5)
        for first, last in zip(taken, taken[most:]):
            # The clock of the server has whole milliseconds.
            self.assertGreater((last[1] - first[0]) * 1000, span - 2)

    def test_a_refused_one_comes_through_when_it_was_told(self):
        for name, words in (("limit.window", (2, 80)), ("limit.bucket", (2, 25))):
            for _ in range(2):
                self.call(name, name, *words)
            allowed, _, _, retry, _ = self.call(name, name, *words)
            self.assertEqual(allowed, 0)
            self.assertTrue(0 < retry <= 80, retry)
            time.sleep(retry / 1000 + 0.002)
            self.assertEqual(self.call(name, name, *words)[0], 1, name)

    def test_a_bucket(self):
        self.assertEqual(self.call("limit.bucket", "b", 10, 0.001)[:4], [1, 10, 9, 0])
        self.assertEqual(self.call("limit.bucket", "b", 10, 0.001, "count", 9)[:3], [1, 10, 0])
        allowed, _, left, retry, reset = self.call("limit.bucket", "b", 10, 0.001)
        self.assertEqual((allowed, left), (0, 0))
        self.assertTrue(990000 < retry <= 1000000 and 9900000 < reset <= 10000000)
        self.assertEqual(self.call("limit.bucket", "b", 10, 0.001, "COUNT", 11)[3], -1)
        self.assertEqual(self.call("limit.bucket", "fast", 5, 1000, "COUNT", 5)[0], 1)
        time.sleep(0.02)
        self.assertEqual(self.call("EXISTS", "fast"), 0)
        self.assertEqual(self.call("limit.bucket", "fast", 5, 1000)[2], 4)

    def test_a_bucket_lets_its_rate_through(self):
        begin, allowed = time.monotonic(), 0
        while time.monotonic() - begin < 0.5:
            allowed += self.call("limit.bucket", "b", 10, 200)[0]
        seconds = time.monotonic() - begin
        # A busy machine asks less often than it might.
        self.assertTrue(10 + 200 * seconds * 0.1 < allowed <= 10 + 200 * seconds + 1, (allowed, seconds))

    def test_wrong_words(self):
        for words in (("limit.window", "k", "x", 1), ("limit.window", "k", 1, 0), ("limit.window", "k", 1.5, 1),
                      ("limit.window", "k", 1, 1, "COUNT"), ("limit.window", "k", 1, 1, "MORE", 1),
                      ("limit.window", "k", 1, 1, "COUNT", 0), ("limit.window", "k", 10000, 1, "COUNT", 1001), ("limit.bucket", "k", 1, "nan"),
                      ("limit.bucket", "k", 1, "-1"), ("limit.bucket", "k", "inf", 1),
                      ("limit.window", "k", 1, 1, "COUNT", 1, 1)):
            self.assertRefused(self.call(*words))
        self.assertEqual(self.call("DBSIZE"), 0)
        self.call("SET", "k", "x")
        self.assertEqual(self.call("limit.window", "k", 1, 1), b"WRONGTYPE Operation against a key holding the"
                                                               b" wrong kind of value")

    def test_it_is_still_there_after_a_restart(self):
        for i in range(20):
            self.call("limit.window", f"w{i % 3}", 5, 100000)
            self.call("limit.bucket", f"b{i % 3}", 5, 0.01)
        self.assertRestarts()
        self.assertEqual(self.call("limit.window", "w0", 5, 100000)[0], 0)


class Locks(WithScripts):
    name = "lock"

    def test_documented(self):
        self.documented()

    def test_one_owner_at_a_time(self):
        self.assertEqual(self.call("lock.acquire", "l", "ann", 10000), 1)
        self.assertIsNone(self.call("lock.acquire", "l", "bob", 10000))
        self.assertEqual(self.call("lock.acquire", "l", "ann", 20000), 1)
        self.assertEqual(self.call("lock.release", "l", "bob"), 0)
        self.assertEqual(self.call("lock.extend", "l", "bob", 1000), 0)
        info = self.call("lock.info", "l")
        self.assertEqual(info[:4], [b"owner", b"ann", b"token", 1])
        self.assertTrue(19000 < info[5] <= 20000)
        self.assertEqual(self.call("lock.release", "l", "ann"), 1)
        self.assertEqual(self.call("lock.release", "l", "ann"), 0)
        self.assertEqual(self.call("lock.acquire", "l", "bob", 10000), 2)

    def test_tokens_grow_when_a_lock_has_ended(self):
        self.assertEqual(self.call("lock.acquire", "l", "ann", 20), 1)
        self.assertEqual(self.call("lock.check", "l", 1), 1)
        time.sleep(0.03)
        self.assertIsNone(self.call("lock.info", "l")[1])
        self.assertEqual(self.call("lock.extend", "l", "ann", 1000), 0)
        self.assertEqual(self.call("lock.acquire", "l", "bob", 20), 2)
        self.assertEqual(self.call("lock.check", "l", 1), 0)
        self.assertEqual(self.call("lock.check", "l", 2), 1)
        self.assertEqual(self.call("lock.release", "l", "ann"), 0)
        time.sleep(0.03)
        self.assertEqual(self.call("lock.acquire", "l", "bob", 1000), 3)
        self.assertEqual(self.call("lock.extend", "l", "bob", 5000), 1)

    def test_wrong_words(self):
        for ttl in ("0", "-1", "x", "1.5", "nan", "1e300"):
            self.assertRefused(self.call("lock.acquire", "l", "ann", ttl))
        self.assertRefused(self.call("lock.check", "l", "x"))
        self.assertEqual(self.call("lock.check", "l", 0), 0)
        self.assertIsNone(self.call("lock.info", "l"))
        self.call("SET", "text", "x")
        self.assertRefused(self.call("lock.acquire", "text", "ann", 1), b"WRONGTYPE")

    def test_many_want_it(self):
        holders, tokens, errors = [], [], []

        def work(i):
            with self.server.client() as client:
                for _ in range(30):
                    while True:
                        token = client.call("lock.acquire", "l", f"owner{i}", 10000)
                        if token is not None:
                            break
                    holders.append(i)
                    if holders != [i]:
                        errors.append(list(holders))
                    tokens.append(token)
                    holders.remove(i)
                    if client.call("lock.release", "l", f"owner{i}") != 1:
                        errors.append("not released")
        threads = [threading.Thread(target=work, args=(i,)) for i in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])
        self.assertEqual(tokens, list(range(1, 151)))

    def test_it_is_still_there_after_a_restart(self):
        self.call("lock.acquire", "l", "ann", 1000000)
        self.call("lock.acquire", "ended", "ann", 1)
        self.assertRestarts()
        self.assertIsNone(self.call("lock.acquire", "l", "bob", 1000))
        self.assertEqual(self.call("lock.acquire", "ended", "bob", 1000), 2)


class Blooms(WithScripts):
    name = "bloom"

    def test_documented(self):
        self.documented()

    def test_what_was_added_is_there_and_little_else(self):
        self.assertEqual(self.call("bloom.reserve", "f", "0.01", 5000), b"OK")
        for i in range(0, 5000, 100):
            self.call("bloom.add", "f", *range(i, i + 100))
        for i in range(0, 5000, 100):
            self.assertEqual(self.call("bloom.exists", "f", *range(i, i + 100)), [1] * 100)
        wrong = sum(sum(self.call("bloom.exists", "f", *(f"x{j}" for j in range(i, i + 100))))
                    for i in range(0, 20000, 100))
        self.assertLess(wrong / 20000, 0.013)
        info = self.call("bloom.info", "f")
        info = dict(zip(info[::2], info[1::2]))
        self.assertEqual((info[b"capacity"], info[b"hashes"]), (5000, 7))
        self.assertTrue(4900 < info[b"items"] <= 5000)
        self.assertLess(self.call("MEMORY", "USAGE", "f"), 20000)

    def test_a_filter_by_the_parameters(self):
        self.assertEqual(self.call("bloom.exists", "f", "a", "b"), [0, 0])
        self.assertEqual(self.call("bloom.add", "f", "a", "b", "a"), [1, 1, 0])
        self.assertEqual(self.call("bloom.exists", "f", "a", "c"), [1, 0])
        self.call("CONFIG", "SET", "bloom.capacity", 77)
        self.call("bloom.add", "g", *range(200))
        self.call("CONFIG", "SET", "bloom.capacity", 1000)
        self.assertEqual(self.call("bloom.info", "g")[1], 77)
        self.assertRestarts()
        self.assertEqual(self.call("bloom.info", "g")[1], 77)
        self.assertEqual(self.call("bloom.exists", "f", "a", "c"), [1, 0])

    def test_bytes_that_are_no_filter(self):
        self.call("bloom.add", "f", "a")
        dump = self.call("DUMP", "f")
        self.assertEqual(self.call("RESTORE", "g", 0, dump), b"OK")
        self.assertEqual(self.call("bloom.exists", "g", "a", "b"), [1, 0])
        self.assertEqual(self.call("COPY", "f", "h"), 1)
        self.assertEqual(self.call("DEBUG", "DIGEST-VALUE", "f"), self.call("DEBUG", "DIGEST-VALUE", "h"))
        generator = random.Random(SEED)
        for _ in range(300):
            bad = bytearray(dump)
            for _ in range(generator.randrange(1, 4)):
                bad[generator.randrange(len(bad) - 10)] = generator.randrange(256)
            self.call("RESTORE", "bad", 0, bytes(bad), "REPLACE")
            self.call("bloom.exists", "bad", "a")
        self.assertEqual(self.call("PING"), b"PONG")

    def test_wrong_words(self):
        for rate, capacity in (("0", 1), ("1", 1), ("x", 1), ("0.1", 0), ("0.1", "x"), ("nan", 1), ("1e-19", 1), ("0.1", "1e18"),
                               ("0.1", "inf"), ("0.1", "nan")):
            self.assertRefused(self.call("bloom.reserve", "f", rate, capacity))
        # What may be asked for may be loaded, too.
        self.assertEqual(self.call("bloom.reserve", "least", "1e-18", 3), b"OK")
        self.assertEqual(self.call("RESTORE", "copy", 0, self.call("DUMP", "least")), b"OK")
        self.call("bloom.reserve", "f", "0.1", 1)
        self.assertRefused(self.call("bloom.reserve", "f", "0.1", 1))
        self.call("SET", "text", "x")
        self.assertRefused(self.call("bloom.add", "text", "x"), b"WRONGTYPE")


class Queues(WithScripts):
    name = "pqueue"

    def pop(self, lease=10000, count=1, key="q"):
        return self.call("pq.pop", key, lease, "COUNT", count)

    def test_documented(self):
        self.documented()

    def test_priorities_first_then_the_order(self):
        for i, priority in enumerate((1, 5, 3, 5, -2, 3)):
            self.call("pq.push", "q", priority, f"job{i}")
        self.assertEqual([job[1] for job in self.pop(count=10)],
                         [b"job1", b"job3", b"job2", b"job5", b"job0", b"job4"])
        self.assertEqual(self.pop(), [])
        self.assertEqual(self.call("pq.len", "q"), [0, 0, 6, 0])

    def test_done_it_is_gone_and_the_key_with_the_last(self):
        self.call("pq.push", "q", 1, "a")
        self.call("pq.push", "q", 1, "b")
        (first,), (second,) = self.pop(), self.pop()
        self.assertEqual(self.call("pq.ack", "q", first[0]), 1)
        self.assertEqual(self.call("pq.ack", "q", first[0]), 0)
        self.assertEqual(self.call("pq.len", "q"), [0, 0, 1, 0])
        self.assertEqual(self.call("pq.ack", "q", second[0]), 1)
        self.assertEqual(self.call("EXISTS", "q"), 0)

    def test_a_lease_that_is_over(self):
        self.call("pq.push", "q", 1, "a")
        (job,) = self.pop(lease=20)
        self.assertEqual(job[1:], [b"a", 1, 1])
        self.assertEqual(self.pop(), [])
        time.sleep(0.03)
        self.assertEqual(self.call("pq.len", "q"), [1, 0, 0, 0])
        (again,) = self.pop(lease=30)
        self.assertEqual(again[1:], [b"a", 1, 2])
        self.assertEqual(self.call("pq.ack", "q", job[0]), 0)
        self.assertEqual(self.call("pq.extend", "q", job[0], 1000), 0)
        self.assertEqual(self.call("pq.extend", "q", again[0], 10000), 1)
        time.sleep(0.04)
        self.assertEqual(self.pop(), [])
        self.assertEqual(self.call("pq.ack", "q", again[0]), 1)

    def test_delays(self):
        self.call("pq.push", "q", 1, "later", "DELAY", 30)
        self.assertEqual(self.pop(), [])
        self.assertEqual(self.call("pq.len", "q"), [0, 1, 0, 0])
        time.sleep(0.04)
        (job,) = self.pop()
        self.assertEqual(self.call("pq.nack", "q", job[0], "DELAY", 30), 1)
        self.assertEqual(self.pop(), [])
        time.sleep(0.04)
        (job,) = self.pop()
        self.assertEqual(job[3], 2)
        self.assertEqual(self.call("pq.nack", "q", job[0]), 1)
        self.assertEqual(self.pop()[0][3], 3)

    def test_the_dead(self):
        self.call("pq.push", "q", 7, "a", "TRIES", 2)
        for _ in range(2):
            (job,) = self.pop()
            self.assertEqual(self.call("pq.nack", "q", job[0]), 1)
        self.assertEqual(self.pop(), [])
        self.assertEqual(self.call("pq.len", "q"), [0, 0, 0, 1])
        ((name, payload, priority, tries),) = self.call("pq.dead", "q")
        self.assertEqual((payload, priority, tries), (b"a", 7, 2))
        self.assertEqual(self.call("pq.revive", "q", name), 1)
        self.assertEqual(self.call("pq.revive", "q", name), 0)
        self.assertEqual(self.call("pq.dead", "q"), [])
        self.assertEqual(self.pop(lease=1)[0][3], 1)
        time.sleep(0.01)
        self.assertEqual(self.pop(lease=1)[0][3], 2)
        time.sleep(0.01)
        self.assertEqual(self.call("pq.len", "q"), [0, 0, 0, 1])
        self.assertEqual(self.call("pq.bury", "q", name), 1)
        self.assertEqual(self.call("EXISTS", "q"), 0)

    def test_wrong_words(self):
        for words in (("pq.push", "q", "x", "a"), ("pq.push", "q", 1, "a", "DELAY"), ("pq.push", "q", 1, "a", "X", 1),
                      ("pq.push", "q", 1, "a", "TRIES", 0), ("pq.push", "q", 1.5, "a"), ("pq.pop", "q", 0),
                      ("pq.pop", "q", 1, "COUNT", 0), ("pq.push", "q", 1, "a", "DELAY", -1)):
            self.assertRefused(self.call(*words))
        self.assertEqual(self.call("EXISTS", "q"), 0)
        self.assertEqual(self.call("pq.ack", "q", "none/1"), 0)
        self.call("pq.push", "q", 1, "a")
        for receipt in ("", "/", "x", "x/1", "1-1/1", "/1"):
            self.assertEqual(self.call("pq.ack", "q", receipt), 0)
        self.call("SET", "text", "x")
        self.assertRefused(self.call("pq.push", "text", 1, "a"), b"WRONGTYPE")

    def test_against_a_model(self):
        """Random steps on a clock that the test sets by AT."""
        generator, now = random.Random(SEED), 1000
        jobs, receipts, stamp = {}, [], 0  # id: [payload, priority, tries, most, state, order or time]

        def settle():
            nonlocal stamp
            over = sorted((job[5], job[6], name) for name, job in jobs.items()
                          if job[4] in ("delayed", "leased") and job[5] <= now)
            for _, _, name in over:
                job = jobs[name]
                stamp += 1
                if job[4] == "leased" and job[2] >= job[3]:
                    job[4:] = ["dead", 0, stamp]
                else:
                    job[4:] = ["ready", 0, stamp]

        for step in range(3000):
            now += generator.choice((0, 0, 1, 5, 40))
            what = generator.choice(("push", "push", "pop", "pop", "ack", "nack", "extend", "revive"))
            settle()
            at = ("AT", now)
            if what == "push":
                priority, delay, most = generator.randrange(3), generator.choice((0, 30)), generator.randrange(1, 4)
                name = self.call("pq.push", "q", priority, step, "DELAY", delay, "TRIES", most, *at)
                stamp += 1
                self.assertNotIn(name, jobs)
                jobs[name] = [str(step).encode(), priority, 0, most, "delayed" if delay else "ready",
                              now + delay, stamp]
            elif what == "pop":
                count = generator.randrange(1, 4)
                expected = sorted((-job[1], job[6], name) for name, job in jobs.items()
                                  if job[4] == "ready")[:count]
                reply = self.call("pq.pop", "q", 50, "COUNT", count, *at)
                self.assertEqual([job[0].split(b"/")[0] for job in reply], [name for _, _, name in expected],
                                 f"SEED={SEED} step {step}")
                for receipt, payload, priority, tries in reply:
                    job = jobs[receipt.split(b"/")[0]]
                    stamp += 1
                    job[2] += 1
                    job[4:] = ["leased", now + 50, stamp]
                    self.assertEqual([payload, priority, tries], job[:3])
                    receipts.append(receipt)
            elif what == "revive":
                name = generator.choice(sorted(jobs)) if jobs else b"none"
                dies = bool(jobs) and jobs[name][4] == "dead"
                self.assertEqual(self.call("pq.revive", "q", name, *at), int(dies))
                if dies:
                    stamp += 1
                    jobs[name][2] = 0
                    jobs[name][4:] = ["ready", 0, stamp]
            elif receipts:
                receipt = generator.choice(receipts[-8:])
                name, tries = receipt.split(b"/")
                job = jobs.get(name)
                good = bool(job) and job[4] == "leased" and job[2] == int(tries)
                if what == "extend":
                    self.assertEqual(self.call("pq.extend", "q", receipt, 70, *at), int(good))
                    if good:
                        stamp += 1
                        job[4:] = ["leased", now + 70, stamp]
                elif what == "ack":
                    self.assertEqual(self.call("pq.ack", "q", receipt, *at), int(good), f"SEED={SEED} step {step}")
                    if good:
                        del jobs[name]
                        if not jobs:
                            stamp = 0
                else:
                    self.assertEqual(self.call("pq.nack", "q", receipt, "DELAY", 20, *at), int(good))
                    if good:
                        stamp += 1
                        job[4:] = ["dead", 0, stamp] if job[2] >= job[3] else ["delayed", now + 20, stamp]
            if step % 500 == 250:
                self.assertRestarts()
        dead = [row[0] for row in self.call("pq.dead", "q", "AT", now)]
        settle()
        self.assertEqual(sorted(dead), sorted(name for name, job in jobs.items() if job[4] == "dead"))

    def test_many_jobs_and_workers(self):
        for i in range(2000):
            self.client.send("pq.push", "q", i % 5, i)
        for _ in range(2000):
            self.client.read()
        done, lock = [], threading.Lock()

        def work(number):
            generator = random.Random(number)
            with self.server.client() as client:
                while True:
                    jobs = client.call("pq.pop", "q", 60000, "COUNT", 7)
                    if not jobs:
                        return
                    for receipt, payload, _, _ in jobs:
                        if generator.random() < 0.2 and client.call("pq.nack", "q", receipt) == 1:
                            continue
                        if client.call("pq.ack", "q", receipt) == 1:
                            with lock:
                                done.append(int(payload))
        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        dead = [int(row[1]) for row in self.call("pq.dead", "q")]
        self.assertEqual(sorted(done + dead), list(range(2000)))

    def test_it_is_still_there_after_a_restart(self):
        for i in range(100):
            self.call("pq.push", "q", i % 7, i, "TRIES", 1 + i % 2)
        for i, job in enumerate(self.pop(lease=1000000, count=50)):
            self.call(("pq.ack", "pq.nack", "pq.extend")[i % 3], "q", job[0], *([500000] if i % 3 == 2 else []))
        self.assertRestarts()
        self.assertEqual(sum(self.call("pq.len", "q")), 83)


if __name__ == "__main__":
    print(f"SEED={SEED}")
    main()
