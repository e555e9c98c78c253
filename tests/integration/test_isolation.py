#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Each module has its account and may be denied interfaces, and is named when it takes too long or
crashes.

tests/abi/brittle.c misbehaves wherever it is told to.
"""
import errno
import os
import pathlib
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Client, Error, Server, main, wait_for  # noqa: E402
from test_guest_upgrade import build_guest  # noqa: E402
from test_upgrade import build  # noqa: E402


class Brittle(unittest.TestCase):
    """A server with the module."""

    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-brittle."))
        cls.brittle = build(cls.dir, "brittle", "brittle.c")
        cls.tide = build(cls.dir, "tide", "tide.c")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def setUp(self):
        self.start()

    def start(self, *arguments, **how):
        self.server = Server(*arguments, **how)
        self.addCleanup(self.server.__exit__, None, None, None)
        self.client = self.connect()
        self.call = self.client.call
        self.assertEqual(self.call("MODULE", "LOAD", self.brittle), b"OK")

    def connect(self):
        client = Client((self.server.host, self.server.port))
        self.addCleanup(client.close)
        return client

    def info(self, name="brittle"):
        row = self.call("MODULE", "INFO", name)
        return dict(zip(row[::2], row[1::2]))

    def until(self, wanted, seconds=10):
        """Wait until it is true."""
        self.assertTrue(wait_for(wanted, seconds), self.server.log())


class Accounts(Brittle):
    def test_time_outside_of_commands_is_counted(self):
        before = self.info()[b"handler-usec"]
        self.call("BRITTLE", "timer", "sleep", 20)
        self.call("BRITTLE", "event", "sleep", 20)
        self.until(lambda: self.info()[b"handler-usec"] >= before + 40000)
        self.call("BRITTLE", "post", "sleep", 20)
        self.until(lambda: self.info()[b"handler-usec"] >= before + 60000)
        self.call("BRITTLE", "command", "sleep", 20)
        self.assertGreaterEqual(self.info()[b"usec"], 20000)

    def test_timers_jobs_and_waiting_calls_are_counted(self):
        self.assertEqual(self.call("MODULE", "LOAD", self.tide), b"OK")
        self.call("TIDE.AFTER", "600", "t", "7")
        waiting, working = self.connect(), self.connect()
        waiting.send("TIDE.WAIT", "w")
        working.send("TIDE.WORK", "300")
        self.until(lambda: self.info("tide")[b"waiting"] == 2)
        info = self.info("tide")
        self.assertEqual((info[b"timers"], info[b"jobs"], info[b"held"]), (1, 1, 3))
        working.read()
        self.assertEqual(self.info("tide")[b"jobs"], 0)
        self.until(lambda: self.info("tide")[b"timers"] == 0)
        self.call("TIDE.SET", "w", "1")
        waiting.read()
        info = self.info("tide")
        self.assertEqual((info[b"waiting"], info[b"held"]), (0, 0))

    def test_info_tells_the_same(self):
        self.call("BRITTLE", "job", "sleep", 1)
        self.until(lambda: self.info()[b"jobs"] == 0)
        line = [line for line in self.call("INFO", "modules").decode().splitlines()
                if line.startswith("module:name=brittle,")]
        fields = dict(field.split("=") for field in line[0][len("module:"):].split(","))
        info = self.info()
        for name in ("overruns", "jobs", "timers", "waiting", "errors", "memory"):
            self.assertEqual(int(fields[name]), info[name.encode()], name)
        for name in ("handler_usec", "job_usec", "usec"):
            self.assertLessEqual(int(fields[name]), info[name.replace("_", "-").encode()], name)
        self.assertGreater(int(fields["job_usec"]), 0)


class Overruns(Brittle):
    def slow(self):
        return [entry[3] for entry in self.call("SLOWLOG", "GET", "-1")]

    def test_who_holds_everybody_up_is_told(self):
        self.assertEqual(self.call("CONFIG", "GET", "module-time-limit"),
                         [b"module-time-limit", b"100"])
        self.call("CONFIG", "SET", "module-time-limit", "15")
        for place, what in (("timer", b"timer"), ("post", b"posted call"),
                            ("event", b"handler of event host.tick"), ("done", b"end of a job")):
            with self.subTest(place):
                self.call("SLOWLOG", "RESET")
                self.call("BRITTLE", place, "sleep", 20)
                self.until(lambda: [b"MODULE", b"brittle", what] in self.slow())
        self.assertGreaterEqual(self.info()[b"overruns"], 4)
        self.assertIn("module 'brittle': its timer held everybody up for", self.server.log())
        entry = [entry for entry in self.call("SLOWLOG", "GET", "-1") if entry[3][0] == b"MODULE"][0]
        self.assertGreaterEqual(entry[2], 20000)
        self.assertEqual(entry[4:], [b"", b""])

    def test_the_log_has_one_line_a_second(self):
        self.call("CONFIG", "SET", "module-time-limit", "1")
        for i in range(20):
            self.call("BRITTLE", "timer", "sleep", 2)
            self.until(lambda: self.info()[b"overruns"] > i)
        self.assertLess(self.server.log().count("held everybody up"), 10)
        time.sleep(1)
        self.call("BRITTLE", "timer", "sleep", 2)
        self.until(lambda: "more before" in self.server.log())

    def test_there_may_be_no_limit(self):
        self.call("CONFIG", "SET", "module-time-limit", "0")
        before = self.info()[b"handler-usec"]
        self.call("BRITTLE", "timer", "sleep", 150)
        self.until(lambda: self.info()[b"handler-usec"] > before + 150000)
        self.assertEqual(self.info()[b"overruns"], 0)

    def test_the_limit_is_written_into_the_file(self):
        self.start(config="# mine\n")
        self.call("CONFIG", "SET", "module-time-limit", "77")
        self.assertEqual(self.call("CONFIG", "REWRITE"), b"OK")
        self.assertIn("module-time-limit 77\n", (self.server.dir / "test.conf").read_text())


class Denied(Brittle):
    """module-deny MODULE INTERFACE."""

    def setUp(self):
        pass

    def deny(self, words):
        return self.call("CONFIG", "SET", "module-deny", words)

    def test_a_module_that_cannot_do_without_is_refused(self):
        with Server("--module-deny", "brittle", "kr.loop") as server, server.client() as client:
            answer = client.call("MODULE", "LOAD", self.brittle)
            self.assertIn(b"module 'brittle' needs interface kr.loop/1, which the configuration "
                          b"denies it (module-deny brittle kr.loop)", answer)
            self.assertIn("module-deny brittle kr.loop", server.log())
            self.assertEqual(client.call("CONFIG", "GET", "module-deny"),
                             [b"module-deny", b"brittle kr.loop"])
            self.assertEqual(client.call("CONFIG", "SET", "module-deny", ""), b"OK")
            self.assertEqual(client.call("MODULE", "LOAD", self.brittle), b"OK")

    def test_both_words_are_patterns_with_or_without_a_revision(self):
        with Server() as server, server.client() as client:
            for words in ("brittle kr.loop/1", "brit* kr.lo?p", "br* kr.loop/*",
                          "other kr.text brittle kr.loop"):
                self.assertEqual(client.call("CONFIG", "SET", "module-deny", words), b"OK")
                self.assertIn(b"denies it", client.call("MODULE", "LOAD", self.brittle))
            for words in ("brittle kr.loop/2", "brittl kr.loop", "brittle kr.loo"):
                self.assertEqual(client.call("CONFIG", "SET", "module-deny", words), b"OK")
                self.assertEqual(client.call("MODULE", "LOAD", self.brittle), b"OK", words)
                self.assertEqual(client.call("MODULE", "UNLOAD", "brittle"), b"OK")
            for words in ("brittle", "a b c", "a  b c"):
                self.assertIn(b"takes the name of a module and that of an interface",
                              client.call("CONFIG", "SET", "module-deny", words))
            self.assertEqual(client.call("CONFIG", "GET", "module-deny")[1], b"brittle kr.loo")

    def test_what_is_loaded_keeps_what_it_needs_and_loses_what_it_wants(self):
        self.start()
        self.assertEqual(self.call("BRITTLE.HAS"), 1)
        answer = self.deny("brittle kr.loop brittle kr.info")
        self.assertIn(b"module 'brittle' is loaded and needs interface kr.loop/1", answer)
        self.assertIn(b"unload it first", answer)
        self.assertEqual(self.call("BRITTLE.HAS"), 1)
        self.assertEqual(self.call("CONFIG", "GET", "module-deny"), [b"module-deny", b""])
        self.assertEqual(self.deny("brittle kr.info"), b"OK")
        self.assertEqual(self.call("BRITTLE.HAS"), 0)
        self.assertEqual(self.info()[b"denied"], [b"kr.info/1"])
        self.assertEqual(self.call("MODULE", "RELOAD", "brittle"), b"OK")
        self.assertEqual(self.call("BRITTLE.HAS"), 0)
        self.assertEqual(self.deny(""), b"OK")
        self.assertEqual(self.call("BRITTLE.HAS"), 1)
        self.assertEqual(self.info()[b"denied"], [])

    def test_it_counts_at_run_time_too(self):
        self.start()
        self.assertEqual(self.call("BRITTLE.ASK", "kr.children/1"), 1)
        self.assertEqual(self.call("BRITTLE.ASK", "string.values/1"), 1)
        self.assertEqual(self.deny("brittle kr.children brittle string.*"), b"OK")
        self.assertEqual(self.call("BRITTLE.ASK", "kr.children/1"), 0)
        self.assertEqual(self.call("BRITTLE.ASK", "string.values/1"), 0)
        self.assertEqual(self.call("BRITTLE.ASK", "kr.loop/1"), 1)

    def test_lines_of_the_file_add_up_and_are_written_back(self):
        lines = "module-deny brittle kr.info\nmodule-deny tide kr.block\n"
        self.start(config="# mine\n" + lines)
        self.assertEqual(self.call("CONFIG", "GET", "module-deny")[1],
                         b"brittle kr.info tide kr.block")
        self.assertEqual(self.call("BRITTLE.HAS"), 0)
        path = self.server.dir / "test.conf"
        self.assertEqual(self.call("CONFIG", "REWRITE"), b"OK")
        self.assertIn("# mine\n" + lines, path.read_text())
        self.assertEqual(self.deny("tide kr.block tide kr.gates"), b"OK")
        self.assertEqual(self.call("CONFIG", "REWRITE"), b"OK")
        self.assertEqual(sorted(line for line in path.read_text().splitlines()
                                if line.startswith("module-deny")),
                         ["module-deny tide kr.block", "module-deny tide kr.gates"])

    def test_files_of_other_formats_count_by_their_own_name(self):
        """phrases.c is a loader, and imports kr.text among others."""
        phrases = build(self.dir, "phrases", "phrases.c")
        path = self.dir / "greet.phrases"
        path.write_text("morning good morning\n")
        with Server("--module-deny", "greet", "kr.memory") as server, server.client() as client:
            self.assertEqual(client.call("MODULE", "LOAD", phrases), b"OK")
            answer = client.call("MODULE", "LOAD", str(path))
            self.assertIn(b"module 'greet' would run in code of 'phrases', which uses interface "
                          b"kr.memory/1", answer)
            self.assertEqual(client.call("CONFIG", "SET", "module-deny", ""), b"OK")
            self.assertEqual(client.call("MODULE", "LOAD", str(path)), b"OK")
            answer = client.call("CONFIG", "SET", "module-deny", "greet kr.memory")
            self.assertIn(b"module 'greet' would run in code of 'phrases'", answer)
            self.assertEqual(client.call("MODULE", "UNLOAD", "greet"), b"OK")
            self.assertEqual(client.call("CONFIG", "SET", "module-deny", "greet kr.memory"), b"OK")


class DeniedInLua(unittest.TestCase):
    """A file of Lua is judged by what it uses, not by what its loader does."""
    USES = {
        "kr.commands": ("keyrack.command()", "keyrack.command{name = 'x.y', arity = 1, run = function() end}"),
        "kr.config": ("keyrack.param()", "keyrack.param{name = 'x.n', type = 'int', default = 1}"),
        "kr.events": ("keyrack.on()", "keyrack.on('host.ready', function() end)"),
        "kr.clients": ("keyrack.on()", "keyrack.on('client.gone', function() end)"),
        "kr.log": ("redis.log()", "redis.log(redis.LOG_WARNING, 'x')"),
        "kr.loop": ("keyrack.timer()", "keyrack.timer{after = 0, run = function() end}"),
        "kr.types": ("keyrack.type()", "keyrack.type{name = 'x'}"),
        "kr.codec": ("keyrack.type()", "keyrack.type{name = 'x'}"),
        "kr.memory": ("Lua's state", ""),
    }
    HEAD = "keyrack.module{name = 'x', version = '%s'}\n"
    BODY = """
        local box = keyrack.type{name = 'box'}
        keyrack.command{name = 'x.call', arity = -2, flags = 'write', run = function(...) return redis.call(...) end}
        keyrack.command{name = 'x.put', arity = 2, flags = 'write', run = function(k) box:put(k, {1}) return 'OK' end}
        keyrack.command{name = 'x.read', arity = 2, run = function(k) return box:read(k) end}
        keyrack.command{name = 'x.write', arity = 2, flags = 'write', run = function(k) return box:write(k) end}
        keyrack.command{name = 'x.log', arity = 1, run = function() redis.log(redis.LOG_WARNING, 'hear') end}
        keyrack.command{name = 'x.say', arity = 1, journal = 'typed', flags = 'write', run = function()
            keyrack.journal('SET', 'a', 'b') return 'OK' end}
        keyrack.command{name = 'x.later', arity = 1, run = function()
            keyrack.timer{after = 0, run = function() end} return 'OK' end}
    """

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-denied."))
        self.addCleanup(shutil.rmtree, self.dir)
        self.server = Server()
        self.addCleanup(self.server.__exit__, None, None, None)
        client = self.server.client()
        self.addCleanup(client.close)
        self.call = client.call

    def write(self, body, version="1.0.0"):
        path = self.dir / "x.lua"
        path.write_text(self.HEAD % version + body)
        return str(path)

    def deny(self, words):
        return self.call("CONFIG", "SET", "module-deny", words)

    def assertDenied(self, answer, function, interface):
        self.assertIsInstance(answer, Error, function)
        self.assertIn(f"module 'x': {function} uses interface {interface}/1, which the configuration denies it "
                      f"(module-deny x {interface})", answer.decode())

    def test_it_loads_unless_it_uses_what_it_is_denied(self):
        for interface, (function, body) in self.USES.items():
            with self.subTest(interface):
                self.assertEqual(self.deny(f"x {interface}"), b"OK")
                answer = self.call("MODULE", "LOAD", self.write(body))
                self.assertDenied(answer, function, interface)
                if body:
                    self.assertIn(b"x.lua:2: ", answer)
                    self.assertEqual(self.call("MODULE", "LOAD", self.write("")), b"OK")
                    self.assertEqual(self.call("MODULE", "UNLOAD", "x"), b"OK")
                self.assertEqual(self.deny(""), b"OK")
                self.assertEqual(self.call("MODULE", "LOAD", self.write(body)), b"OK")
                answer = self.deny(f"x {interface}")
                if interface != "kr.log":
                    self.assertIn(f"module 'x' is loaded and uses interface {interface}/1 (module-deny x "
                                  f"{interface}); unload it first".encode(), answer)
                self.assertEqual(self.call("MODULE", "UNLOAD", "x"), b"OK")
        self.assertEqual(self.deny("x kr.gates x kr.text x kr.loaders"), b"OK")
        self.assertEqual(self.call("MODULE", "LOAD", self.write(self.BODY)), b"OK")

    def test_what_it_uses_later_is_denied_then(self):
        self.assertEqual(self.call("MODULE", "LOAD", self.write(self.BODY)), b"OK")
        self.assertEqual(self.call("X.PUT", "k"), b"OK")
        uses = {"kr.calls": [("redis.call()", "X.CALL", "PING")], "kr.log": [("redis.log()", "X.LOG")],
                "kr.journal": [("keyrack.journal()", "X.SAY")], "kr.loop": [("keyrack.timer()", "X.LATER")],
                "kr.keyspace": [("read()", "X.READ", "k"), ("write()", "X.WRITE", "k"), ("put()", "X.PUT", "k")]}
        for interface, calls in uses.items():
            for function, *words in calls:
                with self.subTest(function):
                    self.assertEqual(self.deny(f"x {interface}"), b"OK")
                    self.assertDenied(self.call(*words), function, interface)
                    self.assertEqual(self.call("MODULE", "RELOAD", "x"), b"OK")
                    self.assertDenied(self.call(*words), function, interface)
                    self.assertEqual(self.deny(""), b"OK")
                    self.assertNotIsInstance(self.call(*words), Error)
        self.assertIn("hear", self.server.log())
        self.assertIn(b"is loaded and uses interface kr.", self.deny("x *"))

    def test_a_version_that_begins_to_use_it_does_not_take_over(self):
        self.assertEqual(self.call("MODULE", "LOAD", self.write(self.BODY)), b"OK")
        self.assertEqual(self.deny("x kr.events"), b"OK")
        self.write(self.BODY + "keyrack.on('host.tick', function() end)", "2.0.0")
        self.assertDenied(self.call("MODULE", "RELOAD", "x"), "keyrack.on()", "kr.events")
        self.assertEqual(self.call("X.CALL", "PING"), b"PONG")
        self.assertEqual(self.deny(""), b"OK")
        self.assertEqual(self.call("MODULE", "RELOAD", "x"), b"OK")
        self.assertIn(b"is loaded and uses", self.deny("x kr.events"))


class DeniedGuests(unittest.TestCase):
    """A module built for Redis gets an error of what it is denied, where its contract has one."""
    USES = {"type": ("kr.types", "CreateDataType"), "event": ("kr.events", "SubscribeToServerEvent"),
            "key": ("kr.events", "SubscribeToKeyspaceEvents"), "filter": ("kr.gates", "RegisterCommandFilter"),
            "info": ("kr.info", "RegisterInfoFunc"), "command": ("kr.commands", "CreateCommand")}

    def setUp(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-barred."))
        self.addCleanup(shutil.rmtree, folder)
        self.path = str(build_guest(folder, "barred", "barred"))
        self.server = Server()
        self.addCleanup(self.server.__exit__, None, None, None)
        client = self.server.client()
        self.addCleanup(client.close)
        self.call = client.call

    def deny(self, words):
        return self.call("CONFIG", "SET", "module-deny", words)

    def test_what_it_registers(self):
        for word, (interface, function) in self.USES.items():
            with self.subTest(word):
                self.assertEqual(self.deny(f"barred {interface}"), b"OK")
                answer = self.call("MODULE", "LOAD", self.path, word)
                self.assertIsInstance(answer, Error)
                self.assertIn(f"RedisModule_{function}() uses interface {interface}/1, which the configuration denies "
                              f"it (module-deny barred {interface})".encode(), answer)
                self.assertEqual(self.call("MODULE", "LOAD", self.path), b"OK")
                self.assertEqual(self.call("MODULE", "UNLOAD", "barred"), b"OK")
                self.assertEqual(self.deny(""), b"OK")
                self.assertEqual(self.call("MODULE", "LOAD", self.path, word), b"OK")
                self.assertIn(f"module 'barred' is loaded and uses interface {interface}/1 (module-deny barred "
                              f"{interface}); unload it first".encode(), self.deny(f"barred {interface}"))
                self.assertEqual(self.call("MODULE", "UNLOAD", "barred"), b"OK")

    def test_what_it_does_later(self):
        self.assertEqual(self.call("MODULE", "LOAD", self.path, "command"), b"OK")
        saved = str(self.server.dir / "barred.rdb")
        for interface, words, fine, denied in (
                ("kr.calls", ("barred.call",), b"PONG", errno.EACCES), ("pubsub.channels", ("barred.publish",), 1, 0),
                ("kr.snapshot", ("barred.save", saved), 0, errno.EACCES),
                ("kr.files", ("barred.save", saved), 0, errno.EACCES)):
            with self.subTest(interface), self.server.client() as listening:
                listening.call("SUBSCRIBE", "x")
                self.assertEqual(self.call(*words), fine)
                self.assertEqual(self.deny(f"barred {interface}"), b"OK")
                self.assertEqual(self.call(*words), denied)
                self.assertEqual(self.call(*words), denied)
                self.assertEqual(self.server.log().count(f"uses interface {interface}/1"), 1)
                self.assertEqual(self.deny(""), b"OK")
                self.assertEqual(self.call(*words), fine)

    def test_what_none_can_do_without(self):
        for interface in ("kr.keyspace", "kr.memory", "kr.loop", "string.values"):
            with self.subTest(interface):
                self.assertEqual(self.deny(f"barred {interface}"), b"OK")
                answer = self.call("MODULE", "LOAD", self.path)
                self.assertIn(f"what every module for Redis gets uses interface {interface}/1".encode(), answer)
                self.assertIn(f"(module-deny barred {interface})".encode(), answer)
                self.assertEqual(self.deny(""), b"OK")
                self.assertEqual(self.call("MODULE", "LOAD", self.path), b"OK")
                self.assertIn(b"unload it first", self.deny(f"barred {interface}"))
                self.assertEqual(self.call("MODULE", "UNLOAD", "barred"), b"OK")


class Crashes(Brittle):
    def setUp(self):
        pass

    def crash(self, place, deed, *wanted, also=()):
        server = Server()
        try:
            client = server.client()
            self.assertEqual(client.call("MODULE", "LOAD", self.brittle), b"OK")
            for words in (("BRITTLE", place, deed, *also), ("DEL", "k")):
                client.send(*words)
            self.assertTrue(client.is_closed(10))
            self.assertNotEqual(server.process.wait(10), 0)
            log = server.log()
        finally:
            server.process = None
            server.__exit__(RuntimeError, None, None)
        if "AddressSanitizer" in log:
            return log  # its own report comes in the place of ours
        for line in wanted:
            self.assertIn(line, log)
        self.assertIn("BUG REPORT END", log)
        return log

    def test_a_crash_names_the_module(self):
        module, code = "crash: module: brittle", "crash: in code of module: brittle"
        command = "crash: command: brittle with 3 arguments"
        for deed in ("crash", "abort", "copy"):
            with self.subTest(deed):
                self.crash("command", deed, module, code, command)
        for place in ("timer", "event", "post", "done"):
            with self.subTest(place):
                log = self.crash(place, "crash", module, code)
                self.assertNotIn("crash: command: brittle", log)

    def test_a_crash_in_a_job_names_its_module(self):
        log = self.crash("job", "crash", "crash: thread: jobs", "crash: job of module: brittle",
                         "crash: in code of module: brittle")
        self.assertNotIn("crash: command:", log)

    def test_a_crash_in_code_that_the_host_calls_for_another_names_both(self):
        self.crash("free", "crash", "crash: in code of module: brittle", "crash: command: del",
                   also=("k",))


if __name__ == "__main__":
    main()
