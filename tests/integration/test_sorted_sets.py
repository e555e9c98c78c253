#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sorted sets that are large, and clients that wait for them."""
import bisect
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import WithServer, main  # noqa: E402

MANY = 20_000
SEED = int(os.environ.get("KEYRACK_TEST_SEED", time.time()))


class Large(WithServer):
    """Scores are the members' numbers, so the model is a sorted list of numbers."""

    def fill(self, client, numbers):
        words = [word for number in numbers for word in (number, f"m{number}")]
        for at in range(0, len(words), 2000):
            client.call("ZADD", "z", *words[at:at + 2000])

    def whole(self, client):
        return [int(member[1:]) for member in client.call("ZRANGE", "z", 0, -1)]

    def test_ranges_of_all_lengths_go_and_the_rest_stays(self):
        rng = random.Random(SEED)
        print(f"seed {SEED}")
        with self.server.client(timeout=60) as client:
            for _ in range(12):
                model = list(range(MANY))
                client.call("DEL", "z")
                self.fill(client, model)
                while model:
                    first = rng.randrange(len(model))
                    count = rng.choice((1, 5, 300, 3000, len(model) - 7, len(model)))
                    last = min(len(model), first + max(count, 1)) - 1
                    if rng.random() < 0.5:
                        gone = client.call("ZREMRANGEBYRANK", "z", first, last)
                    else:
                        gone = client.call("ZREMRANGEBYSCORE", "z", model[first], model[last])
                    self.assertEqual(gone, last - first + 1)
                    del model[first:last + 1]
                    self.assertEqual(client.call("ZCARD", "z"), len(model))
                    for number in rng.sample(model, min(20, len(model))):
                        self.assertEqual(client.call("ZRANK", "z", f"m{number}"),
                                         bisect.bisect_left(model, number))
                self.assertEqual(client.call("EXISTS", "z"), 0)

    def test_the_few_that_a_long_range_leaves_are_whole(self):
        with self.server.client(timeout=60) as client:
            self.fill(client, range(MANY))
            client.call("EXPIRE", "z", 1000)
            self.assertEqual(client.call("ZREMRANGEBYRANK", "z", 3, -5), MANY - 7)
            left = [0, 1, 2, MANY - 4, MANY - 3, MANY - 2, MANY - 1]
            self.assertEqual(self.whole(client), left)
            self.assertGreater(client.call("TTL", "z"), 0)
            for rank, number in enumerate(left):
                self.assertEqual(client.call("ZRANK", "z", f"m{number}"), rank)
            self.assertEqual(client.call("ZSCORE", "z", "m100"), None)
            self.assertEqual(client.call("ZADD", "z", 1, "m100"), 1)

    def test_a_scan_finds_all_that_stay_while_others_come_and_go(self):
        with self.server.client(timeout=60) as client:
            self.fill(client, range(MANY))
            seen, cursor, step = set(), "0", 0
            while step == 0 or cursor != "0":
                cursor, found = client.call("ZSCAN", "z", cursor, "COUNT", 100)
                cursor = cursor if isinstance(cursor, str) else cursor.decode()
                seen.update(int(member[1:]) for member in found[::2])
                client.call("ZREM", "z", *(f"m{i}" for i in range(step, MANY // 2, 997)))
                self.fill(client, [MANY + step])
                step += 1
            self.assertLessEqual(set(range(MANY // 2, MANY)), seen)


class Waiting(WithServer):
    def test_clients_are_served_in_the_order_in_which_they_came(self):
        waiting = [self.server.client(timeout=30) for _ in range(40)]
        try:
            for i, client in enumerate(waiting):
                client.send(*(("BZPOPMIN", "z", 0) if i % 3 == 0 else
                              ("BZPOPMAX", "y", "z", 0) if i % 3 == 1 else
                              ("BZMPOP", 0, 1, "z", "MIN")))
                while self.blocked() != i + 1:
                    time.sleep(0.001)
            for i in range(len(waiting)):
                self.server.call("ZADD", "z", i, f"m{i}")
            for i, client in enumerate(waiting):
                reply = client.read().value
                member = reply[1][0][0] if i % 3 == 2 else reply[1]
                self.assertEqual(member, f"m{i}".encode())
            self.assertEqual(self.server.call("EXISTS", "z"), 0)
        finally:
            for client in waiting:
                client.close()

    def blocked(self):
        text = self.server.call("INFO", "clients").decode()
        return int(text.split("blocked_clients:")[1].split()[0])


if __name__ == "__main__":
    main()
