#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Fields of hashes that expire: when, in what order, wherever their hash went; and at scale.

There is no oracle for them (Redis has them since 7.4), so a plain model stands in: a dictionary of
dictionaries, with times far off or long past."""
import os
import pathlib
import random
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Server, is_oracle, main, wait_for  # noqa: E402

try:
    import redis
except ImportError:
    redis = None

FAR = 4102444800000  # ms: 1 January 2100
SLOW = 30 if os.environ.get("KEYRACK_SANITIZED") else 1  # times slower, and not what counts then


def soon(client, key, ms, *fields):
    return client.execute_command("HPEXPIRE", key, ms, "FIELDS", len(fields), *fields)


def times(client, key, *fields):
    return client.execute_command("HPEXPIRETIME", key, "FIELDS", len(fields), *fields)


@unittest.skipIf(redis is None, "needs python3-redis")
@unittest.skipIf(is_oracle(), "Redis 7.0 has no such fields")
class Fields(unittest.TestCase):
    def setUp(self):
        self.server = Server("--notify-keyspace-events", "KEA", "--enable-debug-command", "yes")
        self.client = redis.Redis(port=self.server.port, decode_responses=True)
        self.addCleanup(self.server.__exit__, None)
        self.addCleanup(self.client.close)

    def big(self, key, **fields):
        """A hash that is a table."""
        self.client.hset(key, mapping={**fields, "long": "x" * 100})

    def test_a_field_lives_as_long_as_it_shall(self):
        for make in (lambda: self.client.hset("h", mapping={"a": 1, "b": 2}),
                     lambda: self.big("h", a=1, b=2)):
            self.client.delete("h")
            make()
            began = time.time()
            self.assertEqual(soon(self.client, "h", 200 * SLOW, "a"), [1])
            while time.time() < began + 0.15 * SLOW:
                alive = self.client.hget("h", "a")
                if time.time() < began + 0.19 * SLOW:
                    self.assertEqual(alive, "1")
            self.assertTrue(wait_for(lambda: self.client.hget("h", "a") is None, 2 * SLOW))
            self.assertGreaterEqual(time.time() - began, 0.2 * SLOW)
            self.assertEqual(self.client.hget("h", "b"), "2")

    def test_fields_go_by_themselves_in_the_order_of_their_times(self):
        events = self.client.pubsub()
        events.psubscribe("__keyevent@*__:h*", "__keyevent@*__:del")
        now = int(time.time() * 1000)
        order = list(range(30))
        random.shuffle(order)
        for i in order:
            self.client.hset(f"h{i}", mapping={"f": 1, "stays": 2} if i % 2 else {"f": 1})
        for i in order:
            self.client.execute_command("HPEXPIREAT", f"h{i}", now + 300 * SLOW + 10 * i, "FIELDS",
                                        1, "f")
        seen, gone = [], set()
        end = time.time() + 5 * SLOW
        while len(seen) < 30 and time.time() < end:
            message = events.get_message(timeout=0.1)
            if message and message["type"] == "pmessage":
                event = message["channel"].rpartition(":")[2]
                if event == "hexpired":
                    seen.append(int(message["data"][1:]))
                elif event == "del":
                    gone.add(int(message["data"][1:]))
        self.assertEqual(seen, list(range(30)))
        self.assertTrue(wait_for(lambda: self.client.dbsize() == 15, 2 * SLOW))
        self.assertTrue(gone <= set(range(0, 30, 2)))
        events.close()

    def test_what_happens_to_times_is_told(self):
        events = self.client.pubsub()
        events.psubscribe("__keyevent@*__:*")

        def told(*expected):
            seen = []
            end = time.time() + 2 * SLOW
            while len(seen) < len(expected) and time.time() < end:
                message = events.get_message(timeout=0.05)
                if message and message["type"] == "pmessage":
                    seen.append(message["channel"].rpartition(":")[2])
            self.assertEqual(seen, list(expected))

        self.client.hset("h", mapping={"a": 1, "b": 2, "c": 3, "d": 4})
        told("hset")
        soon(self.client, "h", 10 ** 6, "a", "b", "nosuch")
        self.client.execute_command("HEXPIRE", "h", 5, "NX", "FIELDS", 1, "a")
        self.client.execute_command("HPERSIST", "h", "FIELDS", 2, "a", "c")
        self.client.execute_command("HPERSIST", "h", "FIELDS", 1, "a")
        self.client.execute_command("HEXPIREAT", "h", 1, "FIELDS", 1, "a")
        told("hexpire", "hpersist", "hdel")
        soon(self.client, "h", 20, "b")
        told("hexpire", "hexpired")
        self.client.execute_command("HEXPIREAT", "h", 1, "FIELDS", 2, "c", "d")
        told("hdel", "del")
        self.client.hset("h", "a", 1)
        soon(self.client, "h", 20, "a")
        told("hset", "hexpire", "hexpired", "del")
        events.close()

    def test_times_follow_their_hash_wherever_it_goes(self):
        """And what expires there is found there."""
        for make in (lambda: self.client.hset("h", mapping={"a": 1, "b": 2}),
                     lambda: self.big("h", a=1, b=2)):
            self.client.flushall()
            make()
            soon(self.client, "h", 1000 * SLOW, "a")
            when = times(self.client, "h", "a")
            self.client.copy("h", "copy")
            self.client.copy("h", "elsewhere", destination_db=5)
            self.client.execute_command("RESTORE", "restored", 0, self.raw("DUMP", "h"))
            self.client.rename("h", "renamed")
            self.client.copy("renamed", "moved")
            self.client.move("moved", 4)
            self.client.execute_command("SWAPDB", 4, 6)
            places = [(0, "copy"), (5, "elsewhere"), (0, "restored"), (0, "renamed"), (6, "moved")]
            clients = {db: redis.Redis(port=self.server.port, db=db, decode_responses=True)
                       for db in (0, 5, 6)}
            for db, key in places:
                self.assertEqual(times(clients[db], key, "a"), when, key)
                self.assertEqual(clients[db].hget(key, "a"), "1", key)
            for db, key in places:
                # HLEN would not tell: what is over is not counted.  The dump does.
                self.assertTrue(wait_for(lambda: self.fields_left(clients[db], key) == 0, 2 * SLOW), key)
                self.assertEqual(clients[db].hget(key, "b"), "2")
            for client in clients.values():
                client.close()

    def raw(self, *words):
        with self.server.client() as client:
            return client.call(*words)

    def fields_left(self, client, key):
        """Fields with a time that are still there, over or not."""
        digest = client.execute_command("DEBUG", "DIGEST-VALUE", key)
        plain = client.hgetall(key)
        client.hset("plain", mapping=plain)
        same = client.execute_command("DEBUG", "DIGEST-VALUE", "plain") == digest
        client.delete("plain")
        return 0 if same else 1

    def test_a_flush_forgets_what_would_expire(self):
        for flush in ("FLUSHDB", "FLUSHALL"):
            for asynchronous in ((), ("ASYNC",)):
                self.client.hset("h", "f", 1)
                soon(self.client, "h", 20, "f")
                self.client.execute_command(flush, *asynchronous)
                self.client.hset("h", "f", 2)
                time.sleep(0.05)
                self.assertEqual(self.client.hgetall("h"), {"f": "2"})

    def test_many_hashes_are_flushed_with_their_index(self):
        for i in range(3000):
            self.client.hset(f"h{i}", "f", 1)
            soon(self.client, f"h{i}", 10 ** 7, "f")
        self.client.flushall()
        self.client.hset("h1", "f", 1)
        self.assertEqual(soon(self.client, "h1", 1, "f"), [1])
        self.assertTrue(wait_for(lambda: not self.client.exists("h1"), 2 * SLOW))

    def test_a_watched_hash_whose_field_expires_has_changed(self):
        self.client.hset("h", mapping={"a": 1, "b": 2})
        soon(self.client, "h", 30, "a")
        with self.client.pipeline() as pipe:
            pipe.watch("h")
            time.sleep(0.1 * SLOW)
            pipe.multi()
            pipe.set("k", "v")
            with self.assertRaises(redis.WatchError):
                pipe.execute()

    def test_a_hash_agrees_with_a_model_whatever_is_done_to_it(self):
        seed = random.randrange(1 << 32)
        print(f"     seed {seed}")
        for limit in (4, 512):
            self.client.config_set("hash-max-listpack-entries", limit)
            self.agree_with_model(random.Random(seed + limit), 4000)

    def agree_with_model(self, rng, steps):
        model = {}  # key -> field -> [value, time]
        keys, fields = ["k1", "k2", "k3"], [f"f{i}" for i in range(8)]
        self.client.flushall()
        for _ in range(steps):
            key, field = rng.choice(keys), rng.choice(fields)
            there = model.get(key, {})
            step = rng.randrange(10)
            if step < 3:
                value = rng.choice(("", "5", "x" * rng.choice((3, 30, 64))))
                self.assertEqual(self.client.hset(key, field, value), int(field not in there))
                model.setdefault(key, {})[field] = [value, -1]
            elif step < 6:
                when = FAR + rng.randrange(20)
                result = -2 if field not in there else 1
                self.assertEqual(self.client.execute_command(
                    "HPEXPIREAT", key, when, "FIELDS", 1, field), [result])
                if result == 1:
                    there[field][1] = when
            elif step == 6:
                result = self.client.execute_command("HPERSIST", key, "FIELDS", 1, field)
                self.assertEqual(result, [-2 if field not in there else
                                          -1 if there[field][1] < 0 else 1])
                if field in there:
                    there[field][1] = -1
            elif step == 7:
                gone = self.client.hdel(key, field) if rng.random() < 0.5 else {2: 1, -2: 0}[
                    self.client.execute_command("HPEXPIREAT", key, 1, "FIELDS", 1, field)[0]]
                self.assertEqual(gone, int(field in there))
                there.pop(field, None)
            elif step == 8 and there:
                other = rng.choice(keys)
                if other != key:
                    if rng.random() < 0.5:
                        self.client.copy(key, other, replace=True)
                        model[other] = {f: list(v) for f, v in there.items()}
                    else:
                        self.client.rename(key, other)
                        model[other] = model.pop(key)
            elif step == 9 and there:
                self.raw("RESTORE", key, 0, self.raw("DUMP", key), "REPLACE")
            if not model.get(key, True):
                del model[key]
            for key, there in model.items():
                self.assertEqual(self.client.hgetall(key), {f: v[0] for f, v in there.items()})
                self.assertEqual(times(self.client, key, *fields),
                                 [there[f][1] if f in there else -2 for f in fields])
        self.assertEqual(self.client.dbsize(), len(model))


class Probe(threading.Thread):
    """PINGs all the time and keeps how long the answers took."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.client = server.client()
        self.took = []
        self.enough = threading.Event()

    def run(self):
        while not self.enough.wait(0.001):
            began = time.perf_counter()
            self.client.call("PING")
            self.took.append(time.perf_counter() - began)

    def stop(self):
        self.enough.set()
        self.join()
        self.client.close()
        return sorted(self.took)


@unittest.skipIf(is_oracle(), "Redis 7.0 has no such fields")
class Scale(unittest.TestCase):
    FIELDS = 100_000

    def expire_all(self, spread_ms):
        """Fields of one hash that end within that time: how others fare meanwhile."""
        with Server() as server, server.client(timeout=60) as client:
            began = time.time()
            client.many((("HSET", "h", f"field:{i}", "value") for i in range(self.FIELDS)), 2000)
            client.call("HSET", "h", "stays", "1")
            first = int((time.time() + 2 + 4 * (time.time() - began)) * 1000)
            client.many((("HPEXPIREAT", "h", first + i * spread_ms // self.FIELDS, "FIELDS", 1,
                          f"field:{i}") for i in range(self.FIELDS)), 2000)
            self.assertLess(time.time() * 1000, first, "too slow to store them in time")
            probe = Probe(server)
            probe.start()
            time.sleep(max(0.0, (first + spread_ms) / 1000 - time.time()))
            # What is over is not counted, whether it is gone or not: memory tells.
            while client.call("MEMORY", "USAGE", "h") > 10_000:
                self.assertLess(time.time() * 1000, first + spread_ms + 60_000)
                time.sleep(0.001)
            late = time.time() - (first + spread_ms) / 1000
            took = probe.stop()
            self.assertEqual(client.call("HGETALL", "h"), [b"stays", b"1"])
            print(f"     {self.FIELDS} fields within {spread_ms} ms: gone {late * 1000:.0f} ms later; "
                  f"PING p99 {took[len(took) * 99 // 100] * 1000:.1f} ms, "
                  f"p100 {took[-1] * 1000:.1f} ms of {len(took)}")
            self.assertLess(took[len(took) * 99 // 100], 0.02 * SLOW)
            self.assertLess(late, 2 * SLOW)

    def test_fields_of_one_second_go_without_a_pause_for_others(self):
        self.expire_all(1000)

    def test_fields_of_one_moment_go_without_a_pause_for_others(self):
        self.expire_all(1)


if __name__ == "__main__":
    main()
