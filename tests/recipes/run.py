#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The recipes of this folder, used as their authors would, against a fresh server."""
import pathlib
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
    import redis
except ImportError:
    print("recipes: python3-redis is not installed\n0 passed, 0 failed, 1 skipped")
    sys.exit(0)

from cache import AnalysisCache  # noqa: E402
from leaderboard import Leaderboard  # noqa: E402
from limiter import Limiter  # noqa: E402
from places import Places  # noqa: E402
from sessions import Sessions  # noqa: E402
from support import WithServer, main  # noqa: E402
from tasks import TaskQueue  # noqa: E402


class Clock:
    """Time that goes on when told to."""

    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        return self.now


class Recipe(WithServer):
    def setUp(self):
        super().setUp()
        self.redis = redis.Redis(host=self.server.host, port=self.server.port,
                                 decode_responses=True)
        self.addCleanup(self.redis.close)
        self.clock = Clock()


class ACacheOfAnalyses(Recipe):
    def setUp(self):
        super().setUp()
        self.cache = AnalysisCache(self.redis)
        self.computed = []

    def compute(self, subject):
        self.computed.append(subject)
        return {"subject": subject, "words": len(subject), "parts": [1, 2.5, None]}

    def test_an_analysis_is_computed_once(self):
        first = self.cache.get("text", "report", self.compute)
        self.assertEqual(self.cache.get("text", "report", self.compute), first)
        self.assertEqual(self.computed, ["report"])
        self.assertEqual((self.cache.hits, self.cache.misses), (1, 1))
        self.assertTrue(3590 < self.redis.ttl(AnalysisCache.key("text", "report")) <= 3600)

    def test_it_is_computed_again_when_its_time_is_over(self):
        cache = AnalysisCache(self.redis, seconds=1)
        cache.get("text", "report", self.compute)
        time.sleep(1.1)
        cache.get("text", "report", self.compute)
        self.assertEqual(len(self.computed), 2)

    def test_all_of_a_subject_is_invalidated_and_nothing_else(self):
        for kind in ("text", "mood", "links"):
            for n in range(400):
                self.cache.get(kind, f"doc{n % 200}", self.compute)
        self.redis.set("analysis", "another key")
        self.assertEqual(self.cache.invalidate(subject="doc7"), 3)
        self.assertEqual(self.cache.invalidate(subject="doc7"), 0)
        self.assertEqual(self.redis.dbsize(), 3 * 199 + 1)
        self.assertEqual(self.cache.invalidate(kind="mood"), 199)
        self.assertEqual(self.cache.invalidate(), 2 * 199)
        self.assertEqual(self.redis.keys(), ["analysis"])


class AQueueOfTasks(Recipe):
    def setUp(self):
        super().setUp()
        self.queue = TaskQueue(self.redis, clock=self.clock)

    def test_the_most_urgent_comes_first(self):
        self.queue.put("later", {"n": 1}, priority=5)
        self.queue.put("now", {"n": 2}, priority=-1.5)
        self.queue.put("soon", {"n": 3})
        taken = [self.queue.take() for _ in range(3)]
        self.assertEqual(taken, [("now", {"n": 2}), ("soon", {"n": 3}), ("later", {"n": 1})])
        self.assertEqual(self.queue.status("now"), "running")
        for task, _ in taken:
            self.queue.done(task)
        self.assertEqual(self.queue.status("now"), "done")
        self.assertEqual(self.redis.exists("tasks:queue", "tasks:running"), 0)

    def test_a_worker_waits_for_a_task(self):
        began = time.monotonic()
        threading.Timer(0.3, self.queue.put, ("t", "payload")).start()
        self.assertEqual(self.queue.take(timeout=10), ("t", "payload"))
        self.assertLess(0.25, time.monotonic() - began)
        self.assertIsNone(self.queue.take(timeout=1))

    def test_each_task_goes_to_one_worker(self):
        taken, lock = [], threading.Lock()

        def work():
            while True:
                task = self.queue.take(timeout=1)
                if task is None:
                    return
                self.queue.done(task[0])
                with lock:
                    taken.append(task[0])

        workers = [threading.Thread(target=work) for _ in range(5)]
        for worker in workers:
            worker.start()
        for n in range(200):
            self.queue.put(f"t{n}", n, priority=n % 7)
        for worker in workers:
            worker.join()
        self.assertEqual(sorted(taken), sorted(f"t{n}" for n in range(200)))

    def test_a_failure_is_tried_again_and_given_up_in_the_end(self):
        self.queue.put("t", "x", priority=3)
        for attempt in (1, 2, 3):
            self.assertEqual(self.queue.take(), ("t", "x"))
            self.assertEqual(self.queue.fail("t", f"error {attempt}"), attempt < 3)
            self.assertEqual(self.redis.zscore("tasks:queue", "t"),
                             3.0 + attempt if attempt < 3 else None)
        self.assertEqual(self.queue.status("t"), "failed")
        self.assertEqual(self.redis.hgetall("task:t")["error"], "error 3")
        self.assertEqual(self.redis.zrange("tasks:failed", 0, -1, withscores=True),
                         [("t", self.clock.now)])

    def test_what_a_lost_worker_had_comes_back(self):
        self.queue.put("slow", 1)
        self.queue.put("lost", 2)
        self.queue.take()
        self.clock.now += 20
        self.queue.take()
        self.assertEqual(self.queue.rescue(), [])
        self.clock.now += 15
        rescued = self.queue.rescue()
        self.assertEqual(len(rescued), 1)
        self.assertEqual(self.queue.status(rescued[0]), "queued")
        self.assertEqual(self.queue.take()[0], rescued[0])


class SessionsOfASite(Recipe):
    def test_a_session_keeps_what_it_is_given(self):
        sessions = Sessions(self.redis)
        token = sessions.begin("ann", theme="dark")
        self.assertTrue(sessions.remember(token, "cart", "3 apples"))
        data = sessions.get(token)
        self.assertEqual((data["user"], data["theme"], data["cart"]), ("ann", "dark", "3 apples"))
        self.assertIsNone(sessions.get("no such token"))

    def test_use_makes_it_live_on_and_disuse_ends_it(self):
        sessions = Sessions(self.redis, seconds=1)
        used, unused = sessions.begin("ann"), sessions.begin("ann")
        for _ in range(4):
            time.sleep(0.4)
            self.assertIsNotNone(sessions.get(used))
        self.assertIsNone(sessions.get(unused))
        self.assertFalse(sessions.remember(unused, "cart", "late"))
        self.assertEqual(self.redis.exists(f"session:{unused}"), 0)
        self.assertEqual(sessions.of("ann"), [used])
        self.assertEqual(self.redis.smembers("sessions:ann"), {used})

    def test_all_of_a_user_end_together(self):
        sessions = Sessions(self.redis)
        tokens = [sessions.begin("ann") for _ in range(5)]
        other = sessions.begin("bob")
        sessions.end(tokens.pop())
        self.assertEqual(sessions.of("ann"), sorted(tokens))
        self.assertEqual(sessions.end_all("ann"), 4)
        self.assertEqual(sessions.end_all("ann"), 0)
        self.assertEqual(sessions.of("ann"), [])
        self.assertEqual(sessions.of("bob"), [other])


class ALeaderboard(Recipe):
    def setUp(self):
        super().setUp()
        self.board = Leaderboard(self.redis, "week")
        for n, player in enumerate(("ann", "bob", "cat", "dan", "eve")):
            self.board.score(player, 10 * n)

    def test_points_add_up_and_ranks_follow(self):
        self.assertEqual(self.board.score("ann", 100.5), 100.5)
        self.assertEqual(self.board.rank("ann"), 1)
        self.assertEqual(self.board.top(2), [("ann", 100.5), ("eve", 40.0)])
        self.assertIsNone(self.board.rank("zoe"))
        self.assertEqual(self.board.players_between(10, "(40"), 3)

    def test_a_best_result_is_never_worsened(self):
        self.board.best("eve", 5)
        self.board.best("bob", 70)
        self.assertEqual(self.board.top(2), [("bob", 70.0), ("eve", 40.0)])

    def test_neighbours(self):
        self.assertEqual(self.board.around("cat", 1),
                         [(2, "dan", 30.0), (3, "cat", 20.0), (4, "bob", 10.0)])
        self.assertEqual([row[0] for row in self.board.around("eve")], [1, 2, 3])
        self.assertEqual(self.board.around("zoe"), [])

    def test_a_large_board(self):
        with self.redis.pipeline(transaction=False) as pipe:
            for n in range(20000):
                pipe.zadd("board:large", {f"player{n}": n * 7919 % 20000})
            pipe.execute()
        large = Leaderboard(self.redis, "large")
        self.assertEqual(large.top(1)[0][1], 19999.0)
        ranks = [large.rank(f"player{n}") for n in range(0, 20000, 997)]
        self.assertEqual(ranks, [20000 - n * 7919 % 20000 for n in range(0, 20000, 997)])

    def test_boards_are_summed(self):
        other = Leaderboard(self.redis, "last")
        other.score("ann", 35)
        other.score("zoe", 1)
        total = self.board.merge_into("both", other)
        self.assertEqual(total.top(3), [("eve", 40.0), ("ann", 35.0), ("dan", 30.0)])
        self.assertEqual(total.rank("zoe"), 6)


class ALimitOfRequests(Recipe):
    def setUp(self):
        super().setUp()
        self.limiter = Limiter(self.redis, most=3, seconds=10, clock=self.clock)

    def test_the_window_slides(self):
        for wait, allowed in ((0, True), (4, True), (4, True), (1, False), (0.5, False), (1, True),
                              (3, False), (1, True)):
            self.clock.now += wait
            self.assertEqual(self.limiter.allow("ann"), allowed, self.clock.now)

    def test_each_has_a_window_of_their_own(self):
        for _ in range(3):
            self.assertTrue(self.limiter.allow("ann"))
        self.assertFalse(self.limiter.allow("ann"))
        self.assertTrue(self.limiter.allow("bob"))

    def test_it_says_how_long_to_wait(self):
        self.assertEqual(self.limiter.wait("ann"), 0.0)
        for _ in range(3):
            self.limiter.allow("ann")
            self.clock.now += 2
        self.assertEqual(self.limiter.wait("ann"), 4.0)
        self.clock.now += self.limiter.wait("ann")
        self.assertEqual(self.limiter.wait("ann"), 0.0)
        self.assertTrue(self.limiter.allow("ann"))

    def test_many_at_once_do_not_pass_the_limit(self):
        allowed = []

        def ask():
            for _ in range(20):
                if self.limiter.allow("crowd"):
                    allowed.append(1)

        crowd = [threading.Thread(target=ask) for _ in range(5)]
        for one in crowd:
            one.start()
        for one in crowd:
            one.join()
        self.assertEqual(len(allowed), 3)


class PlacesNearAPoint(Recipe):
    def setUp(self):
        super().setUp()
        self.places = Places(self.redis)
        for name, longitude, latitude in (
                ("Paris", 2.3522, 48.8566), ("Lille", 3.0573, 50.6292), ("Lyon", 4.8357, 45.7640),
                ("Nice", 7.2620, 43.7102), ("Brest", -4.4861, 48.3904), ("Suva", 178.4419, -18.1416)):
            self.places.add(name, longitude, latitude, country="Fiji" if name == "Suva" else "France")

    def test_the_nearest_come_first(self):
        found = self.places.near(2.2945, 48.8584, km=450)
        self.assertEqual([name for name, _ in found], ["Paris", "Lille", "Lyon"])
        self.assertAlmostEqual(found[0][1], 4.2, delta=0.1)
        self.assertEqual([name for name, _ in self.places.near(2.3, 48.9, km=20000, count=2)],
                         ["Paris", "Lille"])

    def test_distances(self):
        self.assertAlmostEqual(self.places.distance("Paris", "Lyon"), 391.5, delta=1)
        self.assertIsNone(self.places.distance("Paris", "Atlantis"))
        self.assertEqual(self.places.near_place("Paris", 450), ["Lille", "Lyon"])

    def test_a_box(self):
        self.assertEqual(self.places.in_box(2.35, 48.85, width_km=200, height_km=420),
                         ["Paris", "Lille"])

    def test_places_move_and_go(self):
        self.assertTrue(self.places.move("Nice", 2.36, 48.86))
        self.assertFalse(self.places.move("Atlantis", 0, 0))
        self.assertEqual(self.places.near_place("Paris", 10), ["Nice"])
        self.places.remove("Nice")
        self.assertEqual(self.places.near_place("Paris", 10), [])
        self.assertEqual(self.redis.exists("place:Nice"), 0)


class ManyAtOnce(Recipe):
    """What python3-redis itself builds on scripts and WATCH, under 50 clients."""
    CLIENTS, ROUNDS, ACCOUNTS = 50, 6, 8

    def all_at_once(self, work):
        failures = []

        def one(number):
            client = redis.Redis(host=self.server.host, port=self.server.port, decode_responses=True)
            try:
                work(client, number)
            except Exception as error:  # of a thread: told by the main one
                failures.append(error)
            finally:
                client.close()

        threads = [threading.Thread(target=one, args=(number,)) for number in range(self.CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_transfers_that_watch_keep_the_sum(self):
        accounts = [f"account:{i}" for i in range(self.ACCOUNTS)]
        self.redis.mset({account: 100 for account in accounts})

        def transfer(client, number):
            for i in range(self.ROUNDS):
                source, target = accounts[(number + i) % 8], accounts[(number * 3 + i + 1) % 8]
                if source == target:
                    continue

                def move(pipe):
                    left, there = int(pipe.get(source)), int(pipe.get(target))
                    pipe.multi()
                    pipe.set(source, left - 7)
                    pipe.set(target, there + 7)

                client.transaction(move, source, target)

        self.all_at_once(transfer)
        self.assertEqual(sum(map(int, self.redis.mget(accounts))), 100 * self.ACCOUNTS)

    def test_a_registered_script_runs_for_all_and_after_a_flush(self):
        take = self.redis.register_script("local n = redis.call('incrby', KEYS[1], ARGV[1]) return {n, n % 2 == 0}")

        def work(client, number):
            for _ in range(self.ROUNDS):
                take(keys=["n"], args=[1], client=client)

        self.all_at_once(work)
        self.assertEqual(int(self.redis.get("n")), self.CLIENTS * self.ROUNDS)
        self.redis.script_flush()  # the client loads it again by itself
        self.assertEqual(take(keys=["n"], args=[1])[0], self.CLIENTS * self.ROUNDS + 1)

    def test_a_lock_lets_one_in(self):
        inside, seen = [], []

        def work(client, number):
            with client.lock("door", timeout=30, blocking_timeout=60, sleep=0.005) as lock:
                inside.append(number)
                seen.append(len(inside))
                lock.extend(10)
                lock.reacquire()
                inside.pop()

        self.all_at_once(work)
        self.assertEqual(seen, [1] * self.CLIENTS)
        self.assertFalse(self.redis.exists("door"))


if __name__ == "__main__":
    main()
