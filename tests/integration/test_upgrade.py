#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""One build of a module takes the place of another: what stays, what passes, and what a failure leaves.

tests/abi/tide.c is built several times, as a stranger builds it.
"""
import atexit
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

from support import Client, Error, Server, main  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parents[1]
BUILD = os.environ.get("top_builddir", str(HERE.parent))
MODULES = pathlib.Path(os.environ.get("KEYRACK_MODULES", BUILD + "/modules"))
BUILDS = {
    "one": "",
    "two": "-DTIDE_VERSION=2 -DTIDE_LAYOUT=1 -DTIDE_DROPS=1",
    "other": "-DTIDE_VERSION=3 -DTIDE_LAYOUT=2",
    "adopts": "-DTIDE_VERSION=4 -DTIDE_LAYOUT=3 -DTIDE_ADOPTS=2",
    "no_create": "-DTIDE_VERSION=5 -DTIDE_REFUSES=1",
    "no_takeover": "-DTIDE_VERSION=6 -DTIDE_REFUSES=2",
    "no_load": "-DTIDE_VERSION=7 -DTIDE_LAYOUT=2 -DTIDE_REFUSES=3",
    "missing": "-DTIDE_VERSION=8 -DTIDE_MISSING -Wl,-z,undefs",
    "forgets": "-DTIDE_VERSION=9 -DTIDE_FORGETS",
    "no_state": "-DTIDE_VERSION=11 -DTIDE_STATE=2u",
    "no_type": "-DTIDE_VERSION=10 -DTIDE_DROPS=2",
    "keeps": "-DTIDE_VERSION=11 -DTIDE_REFUSES=4",
    "no_part": "-DTIDE_VERSION=13 -DTIDE_DROPS=8",
    "no_offer": "-DTIDE_VERSION=12 -DTIDE_DROPS=4",
    **{f"wrong{i}": f"-DTIDE_VERSION=20 -DTIDE_WRONG={i}" for i in (1, 3, 4, 5, 6, 7)},
    "wrong2": "-DTIDE_VERSION=20 -DTIDE_WRONG=2 -DTIDE_LAYOUT=2",
}


def flags(which):
    environment = {**os.environ, "PKG_CONFIG_PATH": BUILD}
    out = subprocess.run(["pkg-config", which, "keyrack"], env=environment, check=True,
                         capture_output=True, text=True)
    return shlex.split(out.stdout)


def build(directory, name, source, macros=""):
    out = directory / f"{name}.so"
    command = [os.environ.get("CC", "cc").split()[-1], "-std=c11", "-Wall", "-Wextra", "-Werror",
               "-o", str(out), str(HERE / "abi" / source), *flags("--cflags"), *flags("--libs"),
               *macros.split()]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return str(out)


def images_of(server, wanted=None):
    """Images that the server has mapped: `wanted` as soon as that is so, or else what it comes to."""
    maps = pathlib.Path(f"/proc/{server.process.pid}/maps")
    end, count, since = time.monotonic() + 20, None, 0
    while time.monotonic() < end:
        now = sum("r-xp" in line and "memfd" in line for line in maps.read_text().splitlines())
        if now == wanted:
            break
        if now != count:
            count, since = now, time.monotonic()
        elif wanted is None and time.monotonic() - since > 0.2:
            break
        time.sleep(0.01)
    return now


class Built(dict):
    """Builds of tide.c, each made when it is first wanted, for all classes."""

    def __missing__(self, name):
        self[name] = build(Tide.dir, name, "tide.c", BUILDS[name])
        return self[name]


class Tide(unittest.TestCase):
    """A server with the first build of the module."""
    dir = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-tide."))
    built = Built()
    atexit.register(shutil.rmtree, dir)

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.__exit__, None, None, None)
        self.client = self.connect()
        self.call = self.client.call
        self.assertEqual(self.call("MODULE", "LOAD", self.built["one"]), b"OK")

    def connect(self):
        client = Client((self.server.host, self.server.port))
        self.addCleanup(client.close)
        return client

    def upgrade(self, build, *args):
        return self.call("MODULE", "UPGRADE", "tide", self.built[build], *args)

    def info(self, name="tide"):
        row = self.call("MODULE", "INFO", name)
        return dict(zip(row[::2], row[1::2]))

    def mapped(self, wanted=None):
        """Images of modules, old ones included; another thread unmaps them, so a wanted number is waited for."""
        self.call("PING")
        return images_of(self.server, wanted)

    def in_background(self, client, *words):
        """A call that waits; its answer is in the list when the thread is over."""
        answers = []
        thread = threading.Thread(target=lambda: answers.append(client.call(*words)))
        thread.start()
        time.sleep(0.1)
        return thread, answers


class WhatStays(Tide):
    def test_code_changes_and_values_stay(self):
        mapped = self.mapped()
        for i in range(500):
            self.call("TIDE.SET", f"k{i}", i - 250)
        digest = self.call("DEBUG", "DIGEST")
        for build, version in (("two", 2), ("other", 3), ("adopts", 4), ("one", 1), ("other", 3),
                               ("one", 1), ("one", 1)):
            self.assertEqual(self.upgrade(build), b"OK", build)
            self.assertEqual(self.call("TIDE.VERSION"), version)
            self.assertEqual(self.info()[b"ver"], version)
            self.assertEqual([self.call("TIDE.GET", f"k{i}") for i in range(0, 500, 7)],
                             [i - 250 for i in range(0, 500, 7)])
            self.assertEqual(self.call("DEBUG", "DIGEST"), digest)
            self.assertEqual(self.mapped(mapped), mapped)
        self.assertEqual(self.info()[b"upgrades"], 7)
        self.assertEqual(self.info()[b"values"], 500)
        self.call("FLUSHALL")
        self.assertEqual(self.info()[b"values"], 0)

    def test_values_are_converted_when_they_are_touched(self):
        """And keep what the key has: expiry, age, place."""
        self.call("TIDE.SET", "k", 41)
        self.call("PEXPIRE", "k", 100000)
        for i in range(20000):
            self.client.send("TIDE.SET", f"many{i}", i)
        for _ in range(20000):
            self.client.read()
        other = self.connect()
        thread, answers = self.in_background(self.connect(), "MODULE", "UPGRADE", "tide",
                                             self.built["other"])
        seen = set()
        while thread.is_alive():
            self.assertEqual(other.call("TIDE.GET", "many19999"), 19999)
            seen.add(other.call("TIDE.VERSION"))
            other.call("TIDE.SET", "new", 5)
            other.call("RENAME", "new", "newer")
            other.call("COPY", "newer", "copied", "REPLACE")
            other.call("DEL", "many5")
        thread.join()
        self.assertEqual(answers, [b"OK"])
        self.assertTrue(seen <= {1, 3})
        self.assertEqual(self.call("TIDE.GET", "k"), 41)
        self.assertGreater(self.call("PTTL", "k"), 80000)
        self.assertEqual(self.call("TIDE.GET", "copied"), 5)
        self.assertEqual(self.call("TIDE.GET", "many5"), None)
        self.assertEqual(self.info()[b"values"], 20002)

    def test_state_parameters_and_statistics_pass(self):
        self.call("TIDE.SET", "k", 1)
        self.assertEqual(self.call("CONFIG", "GET", "tide-limit"), [b"tide-limit", b"10"])
        self.assertEqual(self.upgrade("two"), b"OK")
        self.assertEqual(self.call("CONFIG", "GET", "tide-limit"), [b"tide-limit", b"10"])
        self.call("CONFIG", "SET", "tide-limit", "33")
        self.assertEqual(self.upgrade("one"), b"OK")
        self.assertEqual(self.call("CONFIG", "GET", "tide-limit"), [b"tide-limit", b"33"])
        self.assertEqual(self.call("TIDE.COUNT"), 1)
        self.assertIn(b"cmdstat_tide.set:calls=1,", self.call("INFO", "commandstats"))
        self.assertGreaterEqual(self.info()[b"calls"], 2)
        self.assertEqual(self.call("CONFIG", "SET", "tide-limit", "1001")[:3], b"ERR")

    def test_commands_come_and_go(self):
        self.assertIn(b"unknown command", self.call("TIDE.NEW"))
        self.assertEqual(self.call("TIDE.OLD"), 1)
        self.assertEqual(self.upgrade("two"), b"OK")
        self.assertEqual(self.call("TIDE.NEW"), 2)
        self.assertIn(b"unknown command", self.call("TIDE.OLD"))
        self.assertEqual(self.call("CLIENT", "TIDE"), 2)
        self.assertEqual(self.upgrade("one"), b"OK")
        self.assertIn(b"unknown command", self.call("TIDE.NEW"))
        self.assertEqual(self.call("TIDE.OLD"), 1)
        self.assertEqual(self.call("CLIENT", "TIDE"), 1)

    def test_a_subcommand_outlives_the_upgrade_of_its_container(self):
        self.assertEqual(self.call("MODULE", "RELOAD", "connection"), b"OK")
        self.assertEqual(self.call("CLIENT", "TIDE"), 1)
        self.assertIsInstance(self.call("CLIENT", "ID"), int)

    def test_waiting_clients_are_served_by_the_new_version(self):
        waiting = [self.in_background(self.connect(), "TIDE.WAIT", f"w{i}") for i in range(5)]
        working = self.in_background(self.connect(), "TIDE.WORK", "700")
        self.assertEqual(self.upgrade("two"), b"OK")
        for i, (thread, answers) in enumerate(waiting):
            self.assertEqual(self.call("TIDE.SET", f"w{i}", 10 + i), b"OK")
            thread.join(5)
            self.assertEqual(answers, [[10 + i, 2]])
        self.assertEqual(self.call("TIDE.VERSION"), 2)
        working[0].join(5)
        self.assertEqual(working[1], [2])

    def test_the_old_code_stays_while_a_job_runs_in_it(self):
        mapped = self.mapped()
        thread, answers = self.in_background(self.connect(), "TIDE.WORK", "600")
        self.assertEqual(self.upgrade("two"), b"OK")
        self.assertEqual(self.mapped(mapped + 1), mapped + 1)
        thread.join(5)
        self.assertEqual(answers, [2])
        self.assertEqual(self.mapped(mapped), mapped)

    def test_words_gates_and_subscriptions_pass(self):
        one, two = self.connect(), self.connect()
        one.call("TIDE.MINE", "apple")
        two.call("TIDE.ARM")
        two.call("PING")
        before = two.call("TIDE.TOLD")
        self.assertEqual(self.upgrade("two"), b"OK")
        self.call("SET", "x", "1")
        self.assertEqual(one.call("TIDE.MINE"), b"apple")
        self.assertEqual(two.call("TIDE.TOLD"), [before[0] + 1, before[1] + 1])
        self.assertIn(b"tide_version:2", self.call("INFO", "tide"))
        one.close()

    def test_pointers_that_others_hold_follow(self):
        brittle = build(self.dir, "brittle", "brittle.c")
        self.assertEqual(self.call("MODULE", "LOAD", brittle), b"OK")
        self.assertEqual(self.call("BRITTLE.TIDE"), 1)
        for name, version in (("two", 2), ("no_offer", -1), ("other", 3), ("one", 1)):
            self.assertEqual(self.upgrade(name), b"OK")
            self.assertEqual(self.call("BRITTLE.TIDE"), version)
        self.assertEqual(self.call("MODULE", "UNLOAD", "tide"), b"OK")
        self.assertEqual(self.call("BRITTLE.TIDE"), -1)

    def test_scripts_find_the_new_version(self):
        self.call("FUNCTION", "LOAD", "#!lua name=f\nredis.register_function('version', "
                                      "function() return redis.call('TIDE.VERSION') end)")
        sha = self.call("SCRIPT", "LOAD", "return redis.call('TIDE.VERSION')")
        for name, version in (("one", 1), ("two", 2), ("one", 1)):
            self.assertEqual(self.upgrade(name), b"OK")
            self.assertEqual(self.call("EVALSHA", sha, 0), version)
            self.assertEqual(self.call("FCALL", "version", 0), version)

    def test_what_create_needs_is_prepared_while_the_old_version_serves(self):
        self.assertIn(b"tide_prepared:0", self.call("INFO", "tide"))
        for build in ("two", "other", "one"):
            self.assertEqual(self.upgrade(build), b"OK")
            self.assertIn(b"tide_prepared:1", self.call("INFO", "tide"))
        self.assertEqual(self.call("MODULE", "RELOAD", "tide"), b"OK")
        self.assertIn(b"tide_prepared:1", self.call("INFO", "tide"))

    def test_a_part_of_snapshots_goes_with_the_version_that_had_it(self):
        for i in range(7):
            self.call("TIDE.SET", f"k{i}", i)
        self.assertEqual(self.call("SAVE"), b"OK")
        dump = self.server.dir / "dump.rdb"
        self.assertEqual(self.upgrade("two"), b"OK")
        self.call("SAVE")
        before = dump.read_bytes()
        self.assertEqual(self.upgrade("no_part"), b"OK")
        self.assertEqual(self.call("SAVE"), b"OK")
        self.assertLess(len(dump.read_bytes()), len(before))
        self.assertEqual(self.upgrade("one"), b"OK")
        self.assertEqual(self.call("MODULE", "RELOAD", "rdb"), b"OK")
        self.assertEqual(self.call("SAVE"), b"OK")
        self.assertEqual(len(dump.read_bytes()), len(before))
        self.assertEqual(self.call("TIDE.COUNT"), 7)
        for build in ("one", "one", "no_part"):
            self.assertEqual(self.upgrade(build), b"OK")
        self.assertEqual(self.call("FLUSHALL"), b"OK")

    def test_timers_are_set_again(self):
        self.call("TIDE.AFTER", "400", "t", "7")
        self.assertEqual(self.upgrade("two"), b"OK")
        self.assertEqual(self.call("TIDE.GET", "t"), None)
        time.sleep(0.7)
        self.assertEqual(self.call("TIDE.GET", "t"), 7)

    def test_a_transaction_under_way_runs_the_new_code(self):
        self.call("MULTI")
        self.call("TIDE.SET", "a", "1")
        self.call("TIDE.VERSION")
        self.call("TIDE.OLD")
        other = self.connect()
        self.assertEqual(other.call("MODULE", "UPGRADE", "tide", self.built["two"]), b"OK")
        for name in ("transactions", "connection", "keys"):
            self.assertEqual(other.call("MODULE", "RELOAD", name), b"OK")
        answers = self.call("EXEC")
        self.assertEqual(answers[:2], [b"OK", 2])
        self.assertIn(b"unknown command", answers[2])

    def test_reload_takes_what_the_file_has_by_now(self):
        path = self.dir / "moving.so"
        shutil.copy(self.built["two"], path)
        self.call("MODULE", "UPGRADE", "tide", str(path), "word", "other")
        self.assertEqual(self.info()[b"args"], [b"word", b"other"])
        shutil.copy(self.built["one"], path)
        self.assertEqual(self.call("MODULE", "RELOAD", "tide"), b"OK")
        self.assertEqual(self.call("TIDE.VERSION"), 1)
        self.assertEqual(self.info()[b"args"], [b"word", b"other"])
        self.assertEqual(self.info()[b"path"], str(path).encode())


class WhatFails(Tide):
    """The old version serves as if nothing had been tried."""

    def refused(self, build, *parts):
        before = (self.info(), self.call("TIDE.COUNT"), self.call("DEBUG", "DIGEST"),
                  self.call("COMMAND", "COUNT"), self.mapped(),
                  self.call("CONFIG", "GET", "tide*"))
        answer = self.upgrade(build)
        self.assertIsInstance(answer, Error, build)
        for part in parts:
            self.assertIn(part, answer)
        self.assertIn(parts[0], self.server.log().encode())
        after = (self.info(), self.call("TIDE.COUNT"), self.call("DEBUG", "DIGEST"),
                 self.call("COMMAND", "COUNT"), self.mapped(before[4]),
                 self.call("CONFIG", "GET", "tide*"))
        for row in (before[0], after[0]):
            for name in (b"calls", b"usec", b"memory", b"errors"):
                del row[name]
        self.assertEqual(before, after)
        self.assertEqual(self.call("TIDE.VERSION"), 1)

    def test_each_step_can_fail(self):
        self.call("TIDE.SET", "k", 666)
        self.call("TIDE.MINE", "mine")
        self.refused("missing", b"tide_is_not_there")
        self.refused("no_create", b"it was built to refuse")
        self.refused("no_takeover", b"version 1 is not welcome")
        self.refused("no_state", b"takeover() refused: it does not know that state")
        self.refused("no_load", b"666 is no level", b"cannot be converted")
        self.refused("no_type", b"there are values of type 'tide'")
        self.assertEqual(self.call("TIDE.GET", "k"), 666)
        self.assertEqual(self.call("TIDE.MINE"), b"mine")
        self.assertEqual(self.upgrade("other"), b"OK")

    def test_nor_can_what_no_host_takes(self):
        self.assertEqual(self.call("MODULE", "LOAD", build(self.dir, "brittle", "brittle.c")), b"OK")
        self.call("TIDE.SET", "k", 5)
        for number, words in enumerate((
                b"was not made to take over (KR_MODULE_CAN_UPGRADE); unload the old one",
                b"does not understand the layout 1 of type 'tide' in memory, and there are no save() and load()",
                b"command append: another module", b"'list-compress-depth'", b"string.values/1", b"type tide: another module", b"nobody.has/1"), 1):
            with self.subTest(number):
                self.refused(f"wrong{number}", words)
        self.assertEqual(self.call("APPEND", "s", "x"), 1)
        self.assertEqual(self.call("TIDE.GET", "k"), 5)
        self.assertEqual(self.upgrade("two"), b"OK")

    def test_what_was_prepared_in_vain_is_given_back(self):
        self.call("TIDE.SET", "k", 666)
        self.refused("no_load", b"666 is no level")
        memory = self.info()[b"memory"]
        for name in ("no_load", "no_create", "no_takeover", "no_type", "no_state") * 3:
            self.assertIsInstance(self.upgrade(name), Error)
        self.assertEqual(self.info()[b"memory"], memory)

    def test_a_value_that_turns_bad_while_all_are_tried_counts(self):
        for i in range(30000):
            self.client.send("TIDE.SET", f"k{i}", i % 600)
        for _ in range(30000):
            self.client.read()
        thread, answers = self.in_background_at_once(self.connect(), "MODULE", "UPGRADE", "tide",
                                                     self.built["no_load"])
        for i in range(300):
            self.call("TIDE.SET", f"k{i}", 666)
        thread.join()
        if self.call("TIDE.VERSION") == 1:
            self.assertIn(b"666 is no level", answers[0])

    def in_background_at_once(self, client, *words):
        answers = []
        thread = threading.Thread(target=lambda: answers.append(client.call(*words)))
        thread.start()
        return thread, answers

    def test_the_old_version_may_keep_its_state(self):
        self.assertEqual(self.upgrade("keeps"), b"OK")
        self.call("TIDE.MINE", "mine")
        answer = self.upgrade("two")
        self.assertIn(b"handover() refused: the state is in use", answer)
        self.assertEqual(self.call("TIDE.VERSION"), 11)
        self.assertEqual(self.call("TIDE.MINE"), b"mine")

    def test_an_interface_that_somebody_needs_cannot_go(self):
        needs = build(self.dir, "needs", "brittle.c", "-DBRITTLE_NEEDS_TIDE")
        self.assertEqual(self.call("MODULE", "LOAD", needs), b"OK")
        self.refused("no_offer", b"module 'brittle' needs", b"bytes of interface test.tide/1")
        self.assertEqual(self.call("BRITTLE.TIDE"), 1)
        self.assertEqual(self.call("MODULE", "UNLOAD", "brittle"), b"OK")
        self.assertEqual(self.upgrade("no_offer"), b"OK")

    def test_what_was_not_made_for_it_refuses(self):
        names = [dict(zip(row[::2], row[1::2]))[b"name"] for row in self.call("MODULE", "LIST")]
        for name in names:
            if self.info(name)[b"can-upgrade"] == b"no":
                self.assertIn(b"was not made to be upgraded (KR_MODULE_CAN_UPGRADE); unload it and "
                              b"load the new one", self.call("MODULE", "RELOAD", name), name)

    def test_not_while_a_script_is_busy(self):
        self.call("CONFIG", "SET", "lua-time-limit", "50")
        client = self.connect()
        thread, answers = self.in_background(client, "EVAL", "while true do end", 0)
        self.assertTrue(self.upgrade("two").startswith(b"BUSY "))
        self.assertEqual(self.call("SCRIPT", "KILL"), b"OK")
        thread.join(5)
        self.assertEqual(self.call("TIDE.VERSION"), 1)
        self.assertEqual(self.upgrade("two"), b"OK")

    def test_work_without_a_name_holds_it(self):
        client = self.connect()
        thread, answers = self.in_background(client, "TIDE.WAIT", "w")
        self.refused("forgets", b"blocked clients", b"carried")
        self.call("TIDE.SET", "w", "1")
        thread.join(5)
        self.assertEqual(answers, [[1, 1]])
        self.assertEqual(self.upgrade("forgets"), b"OK")

    def test_another_module_is_no_next_version(self):
        hello = build(self.dir, "hello", "hello.c")
        answer = self.call("MODULE", "UPGRADE", "tide", hello)
        self.assertIn(b"is module 'hello' and cannot take the place of 'tide'", answer)
        self.assertIn(b"no such module", self.call("MODULE", "UPGRADE", "tidy", hello))
        self.assertIn(b"No such file", self.call("MODULE", "UPGRADE", "tide", "/nowhere.so"))
        self.assertEqual(self.call("TIDE.VERSION"), 1)

    def test_not_within_a_transaction(self):
        self.call("MULTI")
        self.assertEqual(self.call("MODULE", "RELOAD", "tide"), b"QUEUED")
        answers = self.call("EXEC")
        self.assertIn(b"not upgraded within a transaction", answers[0])


class EveryModule(Tide):
    def test_each_standard_module_can_be_reloaded(self):
        self.call("CONFIG", "SET", "notify-keyspace-events", "KEA", "requirepass", "")
        self.call("SET", "s", "1")
        mapped = self.mapped()
        names = [dict(zip(row[::2], row[1::2]))[b"name"] for row in self.call("MODULE", "LIST")]
        names = [name for name in names if self.info(name)[b"can-upgrade"] == b"yes"]
        for _ in range(3):
            for name in names:
                self.assertEqual(self.call("MODULE", "RELOAD", name), b"OK", name)
        self.assertEqual(self.mapped(mapped), mapped)
        self.assertEqual(self.call("GET", "s"), b"1")
        self.assertEqual(self.call("CONFIG", "GET", "notify-keyspace-events"),
                         [b"notify-keyspace-events", b"AKE"])


class Scripts(unittest.TestCase):
    """scripting is upgraded to itself: what it has compiled is the old version's code."""
    LIBRARY = ("#!lua name=l\nlocal calls = 0\n"
               "redis.register_function('count', function() calls = calls + 1 return calls end)\n"
               "redis.register_function{function_name='look', callback=function(k) return redis.call('get', k[1]) end,"
               " flags={'no-writes'}}\n")
    COUNT = 3000

    def setUp(self):
        self.server = Server("--busy-reply-threshold", "50", "--save", "", "--enable-debug-command", "yes")
        self.addCleanup(self.server.__exit__, None, None, None)
        self.client = self.server.client(timeout=60)
        self.addCleanup(self.client.close)
        self.call = self.client.call

    def upgrade(self):
        return self.call("MODULE", "UPGRADE", "scripting", str(MODULES / "scripting.so"))

    def text(self, i):
        return f"#!lua flags=no-writes\nreturn {{{i}, redis.call('get', KEYS[1])}}"

    def test_cached_scripts_and_libraries_stay(self):
        self.call("SET", "k", "v")
        digests = self.client.many([("SCRIPT", "LOAD", self.text(i)) for i in range(self.COUNT)])
        self.assertEqual(self.call("FUNCTION", "LOAD", self.LIBRARY), b"l")
        libraries = self.call("FUNCTION", "LIST", "WITHCODE")
        self.assertEqual(self.call("FCALL", "count", 0), 1)
        for _ in range(3):
            self.assertEqual(self.upgrade(), b"OK")
            self.assertEqual(self.call("SCRIPT", "EXISTS", *digests), [1] * self.COUNT)
            self.assertEqual(self.call("FUNCTION", "LIST", "WITHCODE"), libraries)
            for i in range(0, self.COUNT, 7):
                self.assertEqual(self.call("EVALSHA", digests[i], 1, "k"), [i, b"v"])
                self.assertEqual(self.call("EVAL", self.text(i + 1), 1, "k"), [i + 1, b"v"])
            self.assertEqual(self.call("FCALL", "look", 1, "k"), b"v")
            self.assertEqual(self.call("FCALL", "count", 0), 1)  # a library's variables begin anew
        self.assertEqual(int(self.server.info("memory")["number_of_cached_scripts"]), self.COUNT)
        self.assertEqual(self.call("SCRIPT", "FLUSH"), b"OK")
        self.assertEqual(self.call("SCRIPT", "EXISTS", digests[0]), [0])
        self.assertEqual(self.call("FUNCTION", "DELETE", "l"), b"OK")
        self.assertEqual(self.upgrade(), b"OK")
        self.assertEqual(self.call("FUNCTION", "LIST"), [])

    def test_libraries_are_saved_by_the_version_that_has_them(self):
        self.assertEqual(self.call("FUNCTION", "LOAD", self.LIBRARY), b"l")
        for _ in range(2):
            self.assertEqual(self.upgrade(), b"OK")
            self.assertEqual(self.call("DEBUG", "RELOAD"), b"OK")
            self.assertEqual(self.call("FCALL", "count", 0), 1)

    def test_a_script_under_way_ends_first(self):
        with self.server.client(timeout=60) as other:
            other.send("EVAL", "redis.call('set', 'began', 1) local t = {} for i = 1, 3e7 do t[i % 10] = i end return 'done'", 0)
            time.sleep(0.02)
            answer = self.upgrade()
            self.assertTrue(answer == b"OK" or answer.startswith(b"BUSY"), answer)
            self.assertEqual(other.read().value, b"done")
            self.assertEqual(self.upgrade(), b"OK")
            self.assertEqual(other.call("EVAL", "return redis.call('get', 'began')", 0), b"1")

    def test_under_load_no_reply_is_wrong(self):
        digest = self.call("SCRIPT", "LOAD", "return redis.call('incr', KEYS[1])")
        self.assertEqual(self.call("FUNCTION", "LOAD", self.LIBRARY.replace(
            "calls = calls + 1 return calls", "return redis.call('incr', 'f')")), b"l")
        wrong, over, counts = [], threading.Event(), [0, 0, 0]

        def load(number):
            with self.server.client(timeout=60) as client:
                while not over.is_set():
                    replies = client.many([("EVALSHA", digest, 1, f"k{number}")] * 8 + [("FCALL", "look", 1, "nosuch")])
                    counts[number] += 8
                    if replies[7] != counts[number] or replies[8] is not None:
                        wrong.append(replies)
                        return

        threads = [threading.Thread(target=load, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            self.assertEqual(self.upgrade(), b"OK")
            time.sleep(0.05)
        over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertGreater(sum(counts), 100)


if __name__ == "__main__":
    main()
