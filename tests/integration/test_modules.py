#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Modules of strangers: built out of tree with nothing but pkg-config, loaded, used, unloaded.

And what must not load: files that are no modules, modules that do not fit, modules that fail half-way.
"""
import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Client, Error, Server, main, wait_for  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parents[1]
BUILD = os.environ.get("top_builddir", str(HERE.parent))
MODULES = pathlib.Path(os.environ.get("KEYRACK_MODULES", BUILD + "/modules"))
HELLO = HERE / "abi" / "hello.c"


def flags(which):
    environment = {**os.environ, "PKG_CONFIG_PATH": BUILD}
    out = subprocess.run(["pkg-config", which, "keyrack"], env=environment, check=True,
                         capture_output=True, text=True)
    return shlex.split(out.stdout)


class Built(unittest.TestCase):
    """A folder of modules, built as a stranger builds them."""

    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-abi."))
        cls.built = {name: cls.build(HERE / "abi" / f"{name}.c", name)
                     for name in ("gauge", "reader", "hello", "veil", "phrases")}

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    @classmethod
    def build(cls, source, name):
        out = cls.dir / f"{name}.so"
        command = [os.environ.get("CC", "cc").split()[0], "-std=c11", "-Wall", "-Wextra", "-Werror",
                   "-o", str(out), str(source), *flags("--cflags"), *flags("--libs")]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return str(out)

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.__exit__, None, None, None)
        self.client = Client((self.server.host, self.server.port))
        self.addCleanup(self.client.close)
        self.call = self.client.call

    def names(self):
        return [dict(zip(row[::2], row[1::2]))[b"name"] for row in self.call("MODULE", "LIST")]


class AStrangersModule(Built):
    def test_ten_lines_make_a_command(self):
        self.assertEqual(self.call("MODULE", "LOAD", self.built["hello"]), b"OK")
        self.assertEqual(self.call("HELLO.WORLD"), b"hello, world")
        self.assertEqual(self.call("MODULE", "UNLOAD", "hello"), b"OK")
        self.assertIn(b"unknown command", self.call("HELLO.WORLD"))

    def test_a_type_grows_from_inline_to_a_block_and_counts_its_memory(self):
        self.call("MODULE", "LOAD", self.built["gauge"])
        for value in (5, 9, 2):
            self.assertEqual(self.call("GAUGE.SET", "g", value), value)
        self.assertEqual(self.call("GAUGE.GET", "g"), [b"now", 2, b"low", 2, b"high", 9, b"readings", 3])
        self.assertEqual(self.call("TYPE", "g"), b"gauge")
        self.assertEqual(self.call("OBJECT", "ENCODING", "g"), b"inline")
        for value in range(200):
            self.call("GAUGE.SET", "g", value)
        self.assertEqual(self.call("OBJECT", "ENCODING", "g"), b"block")
        self.assertEqual(self.call("GAUGE.HISTORY", "g"), list(range(100, 200)))
        self.assertEqual(self.call("COPY", "g", "h"), 1)
        self.assertEqual(self.call("GAUGE.HISTORY", "h"), list(range(100, 200)))
        self.assertEqual(self.call("DEL", "g", "h"), 2)

    def test_another_type_is_refused(self):
        self.call("MODULE", "LOAD", self.built["gauge"])
        self.call("SET", "s", "text")
        self.assertIn(b"WRONGTYPE", self.call("GAUGE.GET", "s"))
        self.call("GAUGE.SET", "g", 1)
        self.assertIn(b"WRONGTYPE", self.call("GET", "g"))

    def test_work_on_another_thread_answers_its_client(self):
        self.call("MODULE", "LOAD", self.built["gauge"])
        for value in range(50):
            self.call("GAUGE.SET", "g", value)
        self.assertEqual(self.call("GAUGE.SUM", "g"), sum(range(50)))
        self.assertEqual(self.call("GAUGE.STATS")[2], 1)

    def test_a_client_waits_for_a_key(self):
        self.call("MODULE", "LOAD", self.built["gauge"])
        self.assertIsNone(self.call("GAUGE.WAIT", "g", 20))
        with Client((self.server.host, self.server.port)) as other:
            other.send("GAUGE.WAIT", "g", 0)
            time.sleep(0.05)
            self.call("GAUGE.SET", "g", 77)
            self.assertEqual(other.read().value, 77)

    def test_clients_wake_in_the_order_in_which_they_came(self):
        self.call("MODULE", "LOAD", self.built["gauge"])
        waiting = [Client((self.server.host, self.server.port)) for _ in range(5)]
        for client in waiting:
            client.send("GAUGE.WAIT", "g", 0)
            time.sleep(0.01)
        self.call("GAUGE.SET", "g", 1)
        for client in waiting:
            self.assertEqual(client.read().value, 1)
            client.close()

    def test_its_timer_ticks_and_its_events_arrive(self):
        self.call("MODULE", "LOAD", self.built["gauge"])
        self.call("GAUGE.SET", "g", 1)
        self.call("PEXPIRE", "g", 30)
        time.sleep(0.3)
        ticks, expired, _ = self.call("GAUGE.STATS")
        self.assertGreater(ticks, 3)
        self.assertEqual(expired, 1)

    def test_its_parameters_are_configuration(self):
        self.call("MODULE", "LOADEX", self.built["gauge"], "CONFIG", "gauge.history", "2")
        self.assertEqual(self.call("CONFIG", "GET", "gauge.*"),
                         [b"gauge.history", b"2", b"gauge.strict", b"no"])
        for value in (1, 2, 3):
            self.call("GAUGE.SET", "g", value)
        self.assertEqual(self.call("GAUGE.HISTORY", "g"), [2, 3])
        self.assertEqual(self.call("CONFIG", "SET", "gauge.strict", "yes"), b"OK")
        self.assertIn(b"strict", self.call("GAUGE.SET", "g", -1))
        self.assertIsInstance(self.call("CONFIG", "SET", "gauge.history", "0"), Error)

    def test_its_commands_are_documented_as_any(self):
        self.call("MODULE", "LOAD", self.built["gauge"])
        info = self.call("COMMAND", "INFO", "gauge.set")[0]
        self.assertEqual(info[:2], [b"gauge.set", 3])
        self.assertEqual(info[3:6], [1, 1, 1])
        self.assertEqual(self.call("COMMAND", "GETKEYS", "GAUGE.SET", "k", "1"), [b"k"])
        self.assertIn(b"gauge.set", self.call("COMMAND", "LIST", "FILTERBY", "MODULE", "gauge"))

    def test_another_module_uses_what_it_offers_and_holds_it_in_place(self):
        refused = self.call("MODULE", "LOAD", self.built["reader"])
        self.assertIsInstance(refused, Error)
        self.assertIn(b"gauge.values/1", refused)
        self.call("MODULE", "LOAD", self.built["gauge"])
        self.assertEqual(self.call("MODULE", "LOAD", self.built["reader"]), b"OK")
        self.call("GAUGE.SET", "g", 21)
        self.assertEqual(self.call("READER.READ", "g"), 42)
        refused = self.call("MODULE", "UNLOAD", "gauge")
        self.assertIsInstance(refused, Error)
        self.call("MODULE", "UNLOAD", "reader")
        self.call("DEL", "g")
        self.assertEqual(self.call("MODULE", "UNLOAD", "gauge"), b"OK")

    def test_a_type_with_values_is_not_unloaded(self):
        self.call("MODULE", "LOAD", self.built["gauge"])
        self.call("GAUGE.SET", "g", 1)
        self.assertIsInstance(self.call("MODULE", "UNLOAD", "gauge"), Error)
        self.assertEqual(self.call("GAUGE.GET", "g")[1], 1)
        self.call("DEL", "g")
        self.assertEqual(self.call("MODULE", "UNLOAD", "gauge"), b"OK")

    def test_loading_and_unloading_many_times_leaves_nothing_behind(self):
        maps = pathlib.Path(f"/proc/{self.server.process.pid}/maps")
        for _ in range(30):
            self.assertEqual(self.call("MODULE", "LOAD", self.built["gauge"]), b"OK")
            self.call("GAUGE.SET", "g", 1)
            self.call("DEL", "g")
            self.assertEqual(self.call("MODULE", "UNLOAD", "gauge"), b"OK")
        # Another thread unmaps it.
        wait_for(lambda: "gauge" not in maps.read_text())
        self.assertNotIn("gauge", maps.read_text())

    def test_overwriting_the_file_on_disk_is_harmless(self):
        path = self.dir / "volatile.so"
        shutil.copy(self.built["gauge"], path)
        self.call("MODULE", "LOAD", str(path))
        path.write_bytes(b"\0" * path.stat().st_size)
        self.call("GAUGE.SET", "g", 3)
        self.assertEqual(self.call("GAUGE.GET", "g")[1], 3)
        self.call("DEL", "g")


class Veiled:
    """A client behind the transport of tests/abi/veil.c."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(path)

    def ask(self, data, size):
        self.socket.sendall(bytes(byte ^ 0x5A for byte in data))
        got = b""
        while len(got) < size:
            more = self.socket.recv(1 << 20)
            assert more, got[:200]
            got += bytes(byte ^ 0x5A for byte in more)
        return got


class AnotherTransport(Built):
    def test_clients_of_a_module_s_transport_are_clients_like_any(self):
        path = str(self.server.dir / "veil")
        self.assertEqual(self.call("MODULE", "LOAD", self.built["veil"]), b"OK")
        self.assertEqual(self.call("VEIL.LISTEN", path), b"OK")
        veiled = Veiled(path)
        self.assertEqual(veiled.ask(b"PING\r\n", 7), b"+PONG\r\n")
        big = b"x" * 300000
        set_big = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$300000\r\n" + big + b"\r\n"
        self.assertEqual(veiled.ask(set_big, 5), b"+OK\r\n")
        self.assertEqual(self.call("GET", "k"), big)
        self.assertEqual(veiled.ask(b"GET k\r\n", 300011), b"$300000\r\n" + big + b"\r\n")
        self.assertIn(b"addr=behind-a-veil:0", self.call("CLIENT", "LIST"))
        refused = self.call("MODULE", "UNLOAD", "veil")
        self.assertIsInstance(refused, Error)
        veiled.socket.close()
        for _ in range(100):
            if self.call("MODULE", "UNLOAD", "veil") == b"OK":
                break
            time.sleep(0.01)
        self.assertNotIn(b"veil", self.names())


class FilesOfAnotherFormat(Built):
    """phrases.so is a loader: it makes modules of *.phrases, one command a line."""

    def setUp(self):
        super().setUp()
        self.path = self.dir / "talk.phrases"
        self.write("# what one says", "", "greet  good morning to you", "bye see you")
        self.addCleanup(self.path.unlink)

    def write(self, *lines):
        self.path.write_text("".join(line + "\n" for line in lines))
        self.path.chmod(0o644)

    def load(self, *arguments):
        return self.call("MODULE", "LOAD", str(self.path), *arguments)

    def info(self, name):
        row = self.call("MODULE", "INFO", name)
        return dict(zip(row[::2], row[1::2]))

    def load_both(self):
        self.assertEqual(self.call("MODULE", "LOAD", self.built["phrases"]), b"OK")
        self.assertEqual(self.load(), b"OK")

    def test_a_line_becomes_a_command(self):
        self.load_both()
        self.assertEqual(self.call("GREET"), b"good morning to you")
        self.assertEqual(self.call("BYE"), b"see you")

    def test_without_the_loader_it_is_no_module(self):
        self.assertIn(b"not a shared object", self.load())
        self.load_both()

    def test_the_child_is_listed_as_any_module(self):
        self.load_both()
        row = self.call("MODULE", "LIST")[-1]
        self.assertEqual(row, [b"name", b"talk", b"ver", 10000, b"path", str(self.path).encode(),
                               b"args", []])
        self.call("BYE")
        info = self.info("talk")
        self.assertEqual(info[b"loader"], b"phrases")
        self.assertEqual(info[b"calls"], 1)
        self.assertGreater(info[b"memory"], 100)
        self.assertEqual(self.info("phrases")[b"memory"], 0)
        self.assertEqual(self.info("phrases")[b"loader"], b"")
        self.assertIn(b"bye", self.call("COMMAND", "LIST", "FILTERBY", "MODULE", "talk"))

    def test_its_arguments_reach_it(self):
        self.call("MODULE", "LOAD", self.built["phrases"])
        self.assertEqual(self.load("my"), b"OK")
        self.assertEqual(self.call("MY.GREET"), b"good morning to you")
        self.assertIn(b"unknown command", self.call("BYE"))
        self.assertEqual(self.info("talk")[b"args"], [b"my"])

    def test_it_is_unloaded_and_loaded_with_what_the_file_says_by_then(self):
        self.load_both()
        self.write("bye farewell")
        self.assertEqual(self.call("BYE"), b"see you")
        self.assertEqual(self.call("MODULE", "UNLOAD", "talk"), b"OK")
        self.assertIn(b"unknown command", self.call("BYE"))
        self.assertEqual(self.load(), b"OK")
        self.assertEqual(self.call("BYE"), b"farewell")

    def test_its_parameters_are_configuration(self):
        self.call("MODULE", "LOAD", self.built["phrases"])
        self.assertEqual(self.call("MODULE", "LOADEX", str(self.path), "CONFIG", "talk.loud", "yes"), b"OK")
        self.assertEqual(self.call("BYE"), b"SEE YOU")
        self.assertEqual(self.call("CONFIG", "SET", "talk.loud", "no"), b"OK")
        self.assertEqual(self.call("BYE"), b"see you")
        self.call("MODULE", "UNLOAD", "talk")
        self.assertEqual(self.call("CONFIG", "GET", "talk.*"), [])

    def test_a_mistake_is_told_with_its_line(self):
        self.call("MODULE", "LOAD", self.built["phrases"])
        self.write("bye see you", "", "greet")
        self.assertEqual(self.load(), f"ERR Error loading the extension. {self.path}: loader 'phrases' "
                         "refused: line 3: a name without a text (status 9)".encode())
        self.assertIn(b"unknown command", self.call("BYE"))
        self.assertEqual(self.names()[-1], b"phrases")
        self.write("bye see you", "Hello you")
        self.assertIn(b"line 2: a name is made of small letters", self.load())
        self.write("bye see you")
        self.assertEqual(self.load(), b"OK")

    def test_a_taken_command_leaves_no_trace_of_the_child(self):
        self.call("MODULE", "LOAD", self.built["phrases"])
        commands = self.call("COMMAND", "COUNT")
        self.write("bye see you", "get what you want")
        self.assertIn(b"command get: there is one already", self.load())
        self.assertEqual(self.call("COMMAND", "COUNT"), commands)
        self.assertEqual(self.call("CONFIG", "GET", "talk.*"), [])
        self.assertIsNone(self.call("GET", "nothing"))
        self.assertEqual(self.info("phrases")[b"memory"], 0)

    def test_its_loader_stays_as_long_as_it_does(self):
        self.load_both()
        self.assertEqual(self.call("MODULE", "UNLOAD", "phrases"),
                         b"ERR Error unloading module: module 'phrases' is held by: modules that it has "
                         b"loaded: talk (unload them first)")
        self.call("MODULE", "UNLOAD", "talk")
        self.assertEqual(self.call("MODULE", "UNLOAD", "phrases"), b"OK")

    def test_many_times_leaves_nothing_behind(self):
        descriptors = pathlib.Path(f"/proc/{self.server.process.pid}/fd")
        self.load_both()
        before = len(list(descriptors.iterdir()))
        for _ in range(30):
            self.assertEqual(self.call("MODULE", "UNLOAD", "talk"), b"OK")
            self.assertEqual(self.load(), b"OK")
        self.assertEqual(len(list(descriptors.iterdir())), before)

    def test_lines_of_the_file_may_name_it_before_its_loader(self):
        with Server("--loadmodule", str(self.path), "--loadmodule", self.built["phrases"]) as server:
            with Client((server.host, server.port)) as client:
                self.assertEqual(client.call("BYE"), b"see you")

    def test_modules_dir_is_searched_for_what_loaders_claim(self):
        folder = self.dir / "modules"
        folder.mkdir()
        self.addCleanup(shutil.rmtree, folder)
        for path in [*MODULES.glob("*.so"), pathlib.Path(self.built["phrases"]), self.path]:
            (folder / path.name).symlink_to(path)
        (folder / "README.txt").write_text("no module\n")
        with Server("--modules-dir", str(folder)) as server:
            with Client((server.host, server.port)) as client:
                self.assertEqual(client.call("BYE"), b"see you")


class WhatDoesNotLoad(Built):
    def refused(self, path, *arguments):
        before = self.names()
        answer = self.call("MODULE", "LOAD", str(path), *arguments)
        self.assertIsInstance(answer, Error)
        self.assertTrue(answer.startswith(b"ERR Error loading the extension."), answer)
        self.assertEqual(self.names(), before)
        self.assertEqual(self.call("PING"), b"PONG")
        return answer

    def test_a_file_that_is_not_there(self):
        self.refused("/nowhere/at/all.so")

    def test_a_text_an_empty_file_and_a_directory(self):
        text = self.dir / "text.so"
        text.write_text("not a module\n")
        self.refused(text)
        text.write_text("")
        self.refused(text)
        self.refused(self.dir)

    def test_a_library_that_is_no_module(self):
        self.refused(next(pathlib.Path("/lib").glob("*/libz.so*"), "/lib/x86_64-linux-gnu/libm.so.6"))

    def test_a_module_cut_short_at_any_length(self):
        whole = pathlib.Path(self.built["hello"]).read_bytes()
        path = self.dir / "cut.so"
        for size in range(0, len(whole), max(1, len(whole) // 60)):
            path.write_bytes(whole[:size])
            self.refused(path)

    def test_a_file_that_everybody_may_write(self):
        path = self.dir / "open.so"
        shutil.copy(self.built["hello"], path)
        path.chmod(0o777)
        self.assertIn(b"writ", self.refused(path))

    def test_a_module_that_fails_half_way_leaves_no_trace(self):
        commands = self.call("COMMAND", "COUNT")
        self.assertIn(b"asked to fail", self.refused(self.built["gauge"], "fail"))
        self.assertEqual(self.call("COMMAND", "COUNT"), commands)
        self.assertEqual(self.call("CONFIG", "GET", "gauge.*"), [])
        self.assertEqual(self.call("MODULE", "LOAD", self.built["gauge"]), b"OK")

    def test_the_same_module_twice(self):
        self.call("MODULE", "LOAD", self.built["hello"])
        self.refused(self.built["hello"])

    def test_names_that_are_taken(self):
        source = self.dir / "taken.c"
        source.write_text(re.sub("hello.world", "get", HELLO.read_text()).replace('"hello"', '"taken"'))
        self.assertIn(b"get", self.refused(self.build(source, "taken")))
        self.assertIsNone(self.call("GET", "nothing"))


class NoModules(unittest.TestCase):
    def test_a_bare_server_knows_module_and_loads_the_rest_one_by_one(self):
        # What the harness asks for otherwise are parameters of modules.
        server = Server(start=False, own_arguments=False)
        server.arguments = ["--port", str(server.port), "--bind", "127.0.0.1", "--load-modules", "none"]
        server.spawn()
        try:
            deadline = time.monotonic() + 10
            while "Ready to accept connections" not in server.log() and time.monotonic() < deadline:
                time.sleep(0.02)
            with Client((server.host, server.port)) as client:
                self.assertIn(b"unknown command", client.call("PING"))
                self.assertIn(b"unknown command", client.call("GET", "k"))
                self.assertEqual(client.call("MODULE", "LIST"), [])
                left = sorted(MODULES.glob("*.so"))
                while left:
                    loaded = [p for p in left if client.call("MODULE", "LOAD", str(p)) == b"OK"]
                    self.assertTrue(loaded, f"none of {left} loads")
                    left = [p for p in left if p not in loaded]
                self.assertEqual(client.call("SET", "k", "v"), b"OK")
                self.assertEqual(client.call("GET", "k"), b"v")
                self.assertEqual(len(client.call("MODULE", "LIST")), len(list(MODULES.glob("*.so"))))
        finally:
            server.__exit__(None, None, None)


if __name__ == "__main__":
    main()
