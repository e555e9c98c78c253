#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A module that was built for Redis gives way to another build of itself, of which it knows nothing.

tests/redisabi/levels.c is built several times; what each build has or refuses stands in its macros.
"""
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Error, Server, main  # noqa: E402

SOURCES = pathlib.Path(__file__).resolve().parents[1] / "redisabi"
CC = shlex.split(os.environ.get("CC", "cc"))
BUILDS = {
    "one": "", "two": "-DVERSION=2 -DWIDE", "new_form": "-DVERSION=3 -DENCVER=2",
    "no_onload": "-DVERSION=4 -DFAIL_ONLOAD", "no_666": "-DVERSION=5 -DWIDE -DFAIL_666",
    "no_type": "-DVERSION=6 -DNO_TYPE", "no_aux": "-DVERSION=7 -DNO_AUX", "bad_aux": "-DVERSION=8 -DFAIL_AUX",
    "small": "-DVERSION=9 -DSMALL", "no_wait": "-DVERSION=10 -DNO_WAIT", "stubborn": "-DVERSION=11 -DFAIL_UNLOAD",
}

# Modules for Redis do not give back what they have when the server ends.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"


def build_guest(folder, source, name, macros=""):
    path = folder / f"{name}.so"
    subprocess.run([*CC, "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-shared", "-fPIC", "-pthread", *macros.split(),
                    "-o", path, SOURCES / f"{source}.c"], check=True)
    return path


class Levels(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-levels."))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.built = {name: build_guest(cls.folder, "levels", name, macros) for name, macros in BUILDS.items()}

    def setUp(self):
        self.server = Server("--enable-module-command", "yes", "--enable-debug-command", "yes")
        self.addCleanup(self.server.__exit__, None, None, None)
        self.client = self.connect()
        self.call = self.client.call
        self.assertEqual(self.call("MODULE", "LOAD", self.built["one"]), b"OK")

    def connect(self):
        client = self.server.client(timeout=60)
        self.addCleanup(client.close)
        return client

    def until(self, wanted, seconds=30):
        end = time.monotonic() + seconds
        while not wanted():
            self.assertLess(time.monotonic(), end, self.server.log())
            time.sleep(0.01)

    def upgrade(self, name, *args):
        return self.call("MODULE", "UPGRADE", "levels", self.built[name], *args)

    def version(self):
        return self.call("LEVELS.VERSION")

    def info(self):
        row = self.call("MODULE", "INFO", "levels")
        return dict(zip(row[::2], row[1::2]))

    def images(self):
        """Of guests, old ones included."""
        maps = pathlib.Path(f"/proc/{self.server.process.pid}/maps").read_text()
        return sum("r-xp" in line and "memfd" in line for line in maps.splitlines())

    def fill(self, count):
        self.client.many([("LEVELS.SET", f"k{i}", i) for i in range(count)])

    def in_background(self, client, *words):
        """A call that waits; its answer is in the list when the thread is over."""
        answers = []
        before = int(self.server.info("clients")["blocked_clients"])
        thread = threading.Thread(target=lambda: answers.append(client.call(*words)))
        thread.start()
        self.until(lambda: int(self.server.info("clients")["blocked_clients"]) > before)
        return thread, answers


class WhatPasses(Levels):
    def test_values_pass_and_the_old_code_goes(self):
        images = self.images()
        self.fill(3000)
        self.call("SELECT", 5)
        self.call("LEVELS.SET", "other", -7)
        self.call("PEXPIRE", "other", 10 ** 9)
        digest = self.call("DEBUG", "DIGEST")
        for name, version in (("two", 2), ("new_form", 3), ("new_form", 3)):
            self.assertEqual(self.upgrade(name), b"OK")
            self.assertEqual(self.version(), version)
            self.assertEqual(self.call("LEVELS.GET", "other"), -7)
            self.assertGreater(self.call("PTTL", "other"), 0)
            self.assertEqual(self.call("DEBUG", "DIGEST"), digest)
        self.until(lambda: self.images() == images)
        self.assertEqual([b"version %d says farewell" % version in self.server.log().encode() for version in (1, 2, 3)],
                         [True, True, True])
        # What is of a later form than a build reads is refused by it.
        self.assertIn(b"cannot be converted", self.upgrade("one"))
        self.assertEqual(self.call("DEBUG", "DIGEST"), digest)
        self.assertEqual(self.call("FLUSHALL"), b"OK")
        self.assertEqual(self.upgrade("one"), b"OK")
        self.assertEqual(self.version(), 1)
        self.until(lambda: self.images() == images)
        self.assertEqual(self.call("MODULE", "UNLOAD", "levels"), b"OK")
        self.until(lambda: self.images() == images - 1)

    def test_a_reload_takes_what_the_file_has_by_now(self):
        path = self.folder / "moving.so"
        shutil.copy(self.built["two"], path)
        self.assertEqual(self.call("MODULE", "UPGRADE", "levels", path), b"OK")
        shutil.copy(self.built["new_form"], path)
        self.assertEqual(self.call("MODULE", "RELOAD", "levels"), b"OK")
        self.assertEqual(self.version(), 3)
        self.assertEqual(self.info()[b"path"], str(path).encode())

    def test_parameters_subscriptions_filters_timers_and_info_change_over(self):
        self.fill(100)
        self.assertEqual(self.call("CONFIG", "SET", "levels.limit", 55), b"OK")
        self.assertEqual(self.upgrade("two"), b"OK")
        self.assertEqual(self.call("CONFIG", "GET", "levels.limit"), [b"levels.limit", b"55"])
        self.assertEqual(self.call("LEVELS.TOLD")[2], 55)
        self.assertEqual(self.call("ECHO", "@version"), b"2")
        self.assertIn(b"levels_version:2", self.call("INFO", "everything"))
        self.assertNotIn(b"levels_version:1", self.call("INFO", "everything"))
        ticks, heard = self.call("LEVELS.TOLD")[:2]
        self.call("SET", "a", "b")
        self.assertEqual(self.call("LEVELS.TOLD")[1], heard + 1)
        self.until(lambda: self.call("LEVELS.TOLD")[0] > ticks + 2)
        self.until(lambda: self.info()[b"timers"] == 1)
        self.assertEqual(self.call("COMMAND", "COUNT"), self.call("COMMAND", "COUNT"))

    def test_what_stands_beside_the_values_passes(self):
        self.call("LEVELS.NOTE", 77)
        self.assertEqual(self.upgrade("two"), b"OK")
        self.assertEqual(self.call("LEVELS.NOTE", 78), 77)
        # It is the new build's that is saved, and loaded.
        self.assertEqual(self.call("SAVE"), b"OK")
        self.call("LEVELS.NOTE", 1)
        self.assertEqual(self.call("DEBUG", "RELOAD", "NOSAVE"), b"OK")
        self.assertEqual(self.call("LEVELS.NOTE", 0), 78)

    def test_what_stands_beside_the_values_outlives_an_absence(self):
        self.call("LEVELS.NOTE", 77)
        self.fill(10)
        for _ in range(3):
            self.assertEqual(self.call("MODULE", "UNLOAD", "levels"), b"OK")
            self.assertEqual(self.call("SAVE"), b"OK")
            self.assertEqual(self.call("MODULE", "LOAD", self.built["two"]), b"OK")
            self.until(lambda: self.call("LEVELS.NOTE", 77) == 77)
        # In a file that was written meanwhile it was as well.
        self.call("LEVELS.NOTE", 1)
        self.assertEqual(self.call("DEBUG", "RELOAD", "NOSAVE"), b"OK")
        self.assertEqual(self.call("LEVELS.NOTE", 0), 77)

    def test_who_does_not_leave_keeps_what_it_has(self):
        self.assertEqual(self.upgrade("stubborn"), b"OK")
        self.call("LEVELS.NOTE", 77)
        self.assertIn(b"its OnUnload, which answered an error", self.call("MODULE", "UNLOAD", "levels"))
        self.assertEqual(self.call("LEVELS.NOTE", 78), 77)
        self.assertEqual(self.call("SAVE"), b"OK")
        self.call("LEVELS.NOTE", 1)
        self.assertEqual(self.call("DEBUG", "RELOAD", "NOSAVE"), b"OK")
        self.assertEqual(self.call("LEVELS.NOTE", 0), 78)

    def test_who_waits_for_a_key_is_served_by_the_new(self):
        images = self.images()
        waiters = [self.in_background(self.connect(), "LEVELS.WAIT", "w", 0) for _ in range(3)]
        late, answers = self.in_background(self.connect(), "LEVELS.WAIT", "never", 1500)
        for name in ("two", "one", "two"):
            self.assertEqual(self.upgrade(name), b"OK")
        self.until(lambda: self.images() == images)
        self.assertEqual(self.server.info("clients")["blocked_clients"], "4")
        self.assertEqual(self.call("LEVELS.SET", "w", 5), b"OK")
        for thread, told in waiters:
            thread.join()
            self.assertEqual(told, [[5, 2]])
        late.join()
        self.assertEqual(answers, [b"timeout"])
        self.assertEqual(self.call("MODULE", "UNLOAD", "levels"), b"OK")

    def test_who_waits_for_a_command_that_goes_is_told(self):
        thread, told = self.in_background(self.connect(), "LEVELS.WAIT", "w", 0)
        self.assertEqual(self.upgrade("no_wait"), b"OK")
        thread.join()
        self.assertTrue(told[0].startswith(b"UNBLOCKED "), told)

    def test_timers_and_threads_of_the_old_end_what_they_have_begun(self):
        self.fill(10)
        one, later = self.in_background(self.connect(), "LEVELS.LATER", 700, 5)
        two, threaded = self.in_background(self.connect(), "LEVELS.THREAD", 900, 6)
        self.assertEqual(self.upgrade("two"), b"OK")
        self.assertEqual(self.version(), 2)
        self.assertNotIn("version 1 says farewell", self.server.log())
        self.assertIn(b"clients that it has blocked", self.call("MODULE", "UNLOAD", "levels"))
        one.join()
        two.join()
        self.assertEqual((later, threaded), ([[5, 1]], [[6, 1]]))
        self.until(lambda: "version 1 says farewell" in self.server.log())
        self.assertEqual(self.call("LEVELS.GET", "k9"), 9)
        self.assertEqual(self.call("MODULE", "UNLOAD", "levels"), b"OK")

    def test_many_may_wait_to_go_at_once(self):
        images = self.images()
        thread, told = self.in_background(self.connect(), "LEVELS.LATER", 1000, 5)
        for i in range(40):
            self.assertEqual(self.upgrade(("two", "one")[i % 2]), b"OK")
            self.call("LEVELS.SET", f"k{i}", i)
        thread.join()
        self.assertEqual(told, [[5, 1]])
        self.until(lambda: self.images() == images + 1)  # threads may have been at work for the first one's clients
        self.assertEqual(self.call("LEVELS.GET", "k0"), 0)
        self.assertEqual(self.call("MODULE", "UNLOAD", "levels"), b"OK")

    def test_values_that_come_and_go_meanwhile(self):
        """Writers are at it while values are tried and converted, and lose nothing."""
        self.fill(20000)
        known, over = [{} for _ in range(4)], threading.Event()
        wrong = []

        def write(number):
            with self.server.client(timeout=60) as client:
                turn = 0
                while not over.is_set() and not wrong:
                    turn += 1
                    for i in range(0, 40):
                        key, value = f"w{number}:{(turn * 7 + i) % 500}", turn * 100 + i
                        if client.call("LEVELS.SET", key, value) != b"OK":
                            wrong.append(key)
                        known[number][key] = value
                        if client.call("LEVELS.GET", key) != value:
                            wrong.append(key)
                        if i % 5 == 0:
                            client.call("DEL", key)
                            del known[number][key]

        threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for name in ("two", "new_form", "new_form"):
            self.assertEqual(self.upgrade(name), b"OK")
        over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        for values in known:
            for key, value in values.items():
                self.assertEqual(self.call("LEVELS.GET", key), value)
        self.assertEqual(self.call("LEVELS.GET", "k19999"), 19999)

    def test_loads_wait_while_values_are_tried(self):
        """The new build has registered names by then; and what is set meanwhile counts for it."""
        self.fill(50000)
        other = self.connect()
        other.send("MODULE", "UPGRADE", "levels", self.built["two"])
        refused = 0
        while self.version() == 1:
            answer = self.call("MODULE", "UNLOAD", "levels")
            refused += isinstance(answer, Error)
            self.assertEqual(self.call("CONFIG", "SET", "levels.limit", 66), b"OK")
            self.assertEqual(self.call("CONFIG", "GET", "levels.limit"), [b"levels.limit", b"66"])
            self.assertIn(self.call("ECHO", "@version"), (b"1", b"2"))
        self.assertEqual(other.read().value, b"OK")
        self.assertEqual(self.call("CONFIG", "GET", "levels.limit"), [b"levels.limit", b"66"])
        self.assertEqual(self.call("LEVELS.TOLD")[2], 66)


class WhatFails(Levels):
    """The old build serves as if nothing had been tried."""

    def refused(self, name, *parts):
        def seen():
            return [self.call("DEBUG", "DIGEST"), self.call("COMMAND", "COUNT"), self.call("CONFIG", "GET", "levels*"),
                    self.info()[b"path"], self.call("ECHO", "@version"), self.version()]

        before, images = seen(), self.images()
        answer = self.upgrade(name)
        self.assertIsInstance(answer, Error, name)
        for part in parts:
            self.assertIn(part, answer)
        self.assertEqual(seen(), before)
        self.until(lambda: self.images() == images)

    def test_each_step_can_fail(self):
        self.fill(100)
        self.call("LEVELS.SET", "poison", 666)
        self.call("CONFIG", "SET", "levels.limit", 50)
        self.call("LEVELS.NOTE", 3)
        self.refused("no_onload", b"its RedisModule_OnLoad answered an error")
        self.refused("no_666", b"a value of type 'level-one' in database 0 cannot be converted")
        self.refused("no_type", b"there are values of type 'level-one'")
        self.refused("no_aux", b"does not take what type 'level-one' keeps beside its values")
        self.refused("bad_aux", b"does not take what type 'level-one' keeps beside its values")
        self.refused("small", b"answered an error")
        self.assertEqual(self.call("LEVELS.GET", "poison"), 666)
        self.assertEqual(self.call("LEVELS.NOTE", 4), 3)
        ticks = self.call("LEVELS.TOLD")[0]
        self.until(lambda: self.call("LEVELS.TOLD")[0] > ticks)
        self.assertEqual(self.upgrade("two"), b"OK")
        self.assertEqual(self.call("LEVELS.GET", "poison"), 666)

    def test_a_value_that_turns_bad_while_all_are_tried_counts(self):
        self.fill(60000)
        other = self.connect()
        other.send("MODULE", "UPGRADE", "levels", self.built["no_666"])
        for i in range(100):
            self.call("LEVELS.SET", f"k{i}", 666)
        answer = other.read().value
        if self.version() == 1:
            self.assertIn(b"cannot be converted", answer)
        for i in range(100):
            self.assertEqual(self.call("LEVELS.GET", f"k{i}"), 666)

    def test_a_parameter_set_meanwhile_can_be_refused(self):
        self.fill(60000)
        self.call("CONFIG", "SET", "levels.limit", 5)
        other = self.connect()
        other.send("MODULE", "UPGRADE", "levels", self.built["small"])
        while self.version() == 1 and self.call("CONFIG", "SET", "levels.limit", 99) == b"OK":
            if not int(self.server.info("clients")["blocked_clients"]):
                break
        answer = other.read().value
        if self.version() == 1:
            self.assertRegex(answer, b"levels.limit|its RedisModule_OnLoad answered an error")
            self.assertEqual(self.call("LEVELS.TOLD")[2], 99)
        else:
            self.assertEqual(answer, b"OK")

    def test_threads_of_its_own_hold_it(self):
        self.call("LEVELS.DETACH", 1)
        self.refused("two", b"1 contexts of its threads")
        self.call("LEVELS.DETACH", 0)
        self.assertEqual(self.upgrade("two"), b"OK")

    def test_who_uses_its_functions_holds_it(self):
        for name in ("lends", "borrows"):
            self.assertEqual(self.call("MODULE", "LOAD", build_guest(self.folder, name, name)), b"OK")
        self.assertEqual(self.call("MODULE", "RELOAD", "lends"), b"OK")
        self.assertEqual(self.call("BORROWS.ADD", 1, 2), 3)
        self.assertIn(b"module 'borrows' uses functions of it", self.call("MODULE", "RELOAD", "lends"))
        self.assertEqual(self.call("MODULE", "RELOAD", "borrows"), b"OK")
        self.assertEqual(self.call("BORROWS.ADD", 1, 2), 3)
        self.assertEqual(self.call("MODULE", "UNLOAD", "borrows"), b"OK")
        self.assertEqual(self.call("MODULE", "RELOAD", "lends"), b"OK")

    def test_who_refuses_to_leave_stays_in_memory(self):
        images = self.images()
        self.assertEqual(self.upgrade("stubborn"), b"OK")
        self.assertEqual(self.upgrade("two"), b"OK")
        self.until(lambda: "its OnUnload answered an error, so its code stays" in self.server.log())
        self.assertEqual(self.version(), 2)
        self.until(lambda: self.images() == images + 1)

    def test_the_server_can_end_meanwhile(self):
        self.fill(60000)
        other = self.connect()
        other.send("MODULE", "UPGRADE", "levels", self.built["two"])
        self.call("PING")


if __name__ == "__main__":
    main()
