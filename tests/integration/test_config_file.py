#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The configuration file: its syntax, what overrides what, how errors are told, REWRITE."""
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Error, Server, StartFailure, main  # noqa: E402
from test_rdb_faults import build  # noqa: E402


def get(server, name):
    return server.call("CONFIG", "GET", name)[1]


class Syntax(unittest.TestCase):
    def with_config(self, text, *arguments, **options):
        server = Server(*arguments, config=text, **options)
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def refused(self, text, *arguments, **options):
        with self.assertRaises(StartFailure) as caught:
            Server(*arguments, config=text, **options)
        self.assertEqual(caught.exception.status, 1, caught.exception.log)
        return caught.exception.log

    def test_comments_blank_lines_and_case_do_not_matter(self):
        server = self.with_config("# comment\n\n   \n  # indented comment\nMaxMemory 10MB\n"
                                  "\thz\t 20  \nmaxmemory-policy ALLKEYS-lru\r\n")
        self.assertEqual(get(server, "maxmemory"), b"10485760")
        self.assertEqual(get(server, "hz"), b"20")
        self.assertEqual(get(server, "maxmemory-policy"), b"allkeys-lru")

    def test_quotes_hold_blanks_escapes_and_nothing(self):
        server = self.with_config('requirepass "a b\\x41\\"#"\nsave ""\n'
                                  "proc-title-template 'x {title}'\n")
        with server.client() as client:
            self.assertEqual(client.call("AUTH", 'a bA"#'), b"OK")
            self.assertEqual(client.call("CONFIG", "GET", "save")[1], b"")

    def test_the_last_of_equal_lines_wins(self):
        self.assertEqual(get(self.with_config("hz 20\nhz 30\n"), "hz"), b"30")

    def test_save_lines_add_up(self):
        server = Server("--save", "900", "1", "--save", "300 10")
        self.addCleanup(server.__exit__, None, None, None)
        self.assertEqual(get(server, "save"), b"900 1 300 10")

    def test_units_of_memory_are_understood(self):
        for text, value in (("1k", 1000), ("1kb", 1024), ("2m", 2000000), ("2MB", 2 << 20),
                            ("1g", 10**9), ("1Gb", 1 << 30), ("12345", 12345)):
            with self.subTest(text):
                with Server(config=f"maxmemory {text}\n") as server:
                    self.assertEqual(get(server, "maxmemory"), b"%d" % value)

    def test_include_reads_another_file_where_it_stands(self):
        server = Server(start=False)
        self.addCleanup(server.__exit__, None, None, None)
        (server.dir / "one.conf").write_text("hz 40\nmaxmemory-samples 8\n")
        (server.dir / "two.conf").write_text("maxclients 123\n")
        server.config = (f"hz 20\ninclude {server.dir}/one.conf\nmaxmemory-samples 9\n"
                         f"include {server.dir}/tw*.conf\n")
        server.start()
        self.assertEqual(get(server, "hz"), b"40")
        self.assertEqual(get(server, "maxmemory-samples"), b"9")
        self.assertEqual(get(server, "maxclients"), b"123")

    def test_an_include_that_is_not_there_is_an_error(self):
        self.assertIn("Fatal error, can't open config file", self.refused("include /nosuch/file\n"))

    def test_words_of_the_command_line_override_the_file(self):
        server = self.with_config("hz 20\nmaxmemory 1mb\n", "--hz", "30", "--maxmemory-policy",
                                  "allkeys-random", "--save", "60", "1000")
        self.assertEqual(get(server, "hz"), b"30")
        self.assertEqual(get(server, "maxmemory"), b"1048576")
        self.assertEqual(get(server, "maxmemory-policy"), b"allkeys-random")
        self.assertEqual(get(server, "save"), b"60 1000")

    def test_the_configuration_may_come_from_stdin(self):
        server = Server(stdin="hz 55\nmaxmemory-samples 6\n")
        self.addCleanup(server.__exit__, None, None, None)
        self.assertEqual(get(server, "hz"), b"55")
        self.assertEqual(get(server, "maxmemory-samples"), b"6")

    def test_an_unknown_directive_is_shown_with_its_line(self):
        self.assertRegex(self.refused("hz 20\n\nnosuch-directive yes\n"),
                         r"\*\*\* FATAL CONFIG FILE ERROR \(.+\) \*\*\*\n"
                         r"Reading the configuration file, at line 3\n"
                         r">>> 'nosuch-directive yes'\n"
                         r"Bad directive or wrong number of arguments\n")

    def test_bad_values_are_shown_with_their_reason(self):
        for line, reason in (
                ("maxmemory abc", "argument must be a memory value"),
                ("activerehashing maybe", "argument must be 'yes' or 'no'"),
                ("port 70000", "argument must be between 0 and 65535 inclusive"),
                ("hz abc", "argument couldn't be parsed into an integer"),
                ("maxmemory-policy nosuch", "argument(s) must be one of the following: "),
                ("maxmemory-samples 0", "argument must be between 1 and 2147483647 inclusive"),
                ("save abc", "Invalid save parameters"),
                ('requirepass "unbalanced', "Unbalanced quotes in configuration line"),
                ("lua-enable-deprecated-api yes", "this server has no setfenv"),
                ("hz", "wrong number of arguments"),
                ("hz 1 2", "wrong number of arguments")):
            with self.subTest(line):
                log = self.refused(line + "\n", own_arguments=False)
                self.assertIn("at line 1", log)
                self.assertIn(f">>> '{line}", log)
                self.assertIn(reason, log)

    def test_a_bad_word_of_the_command_line_is_told_as_well(self):
        with self.assertRaises(StartFailure) as caught:
            Server("--nosuch", "1")
        self.assertEqual(caught.exception.status, 1)
        self.assertIn("nosuch", caught.exception.log)
        self.assertIn("Bad directive or wrong number of arguments", caught.exception.log)

    def test_a_file_that_is_not_there_is_an_error(self):
        server = Server("--port", "0", start=False, own_arguments=False)
        self.addCleanup(server.__exit__, None, None, None)
        server.arguments = ["/nosuch/file.conf"]
        server.spawn()
        self.assertEqual(server.wait_exit(), 1)
        server.expect_status = 1
        self.assertIn("Fatal error, can't open config file '/nosuch/file.conf'", server.log())


class Names(unittest.TestCase):
    """rename-command, which hides commands in many a configuration."""

    def start(self, *lines):
        server = Server(config="".join(line + "\n" for line in lines))
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def unknown(self, client, *words):
        answer = client.call(*words)
        self.assertIsInstance(answer, Error)
        self.assertIn(b"unknown command", answer)

    def test_a_command_answers_to_its_new_name_only(self):
        server = self.start("rename-command FLUSHALL \"\"", "rename-command GET fetch-it",
                            "rename-command CONFIG guarded", "rename-command MULTI begin")
        with server.client() as client:
            client.call("SET", "k", "v")
            self.assertEqual(client.call("Fetch-It", "k"), b"v")
            for words in (("GET", "k"), ("FLUSHALL",), ("CONFIG", "GET", "hz"), ("",), ("MULTI",)):
                self.unknown(client, *words)
            self.assertEqual(client.call("guarded", "GET", "hz"), [b"hz", b"10"])
            self.assertEqual(client.call("fetch-it"), Error(
                b"ERR wrong number of arguments for 'get' command"))
            self.assertEqual(client.call("begin"), b"OK")
            self.assertEqual(client.call("fetch-it", "k"), b"QUEUED")
            self.assertEqual(client.call("EXEC"), [b"v"])

    def test_scripts_and_COMMAND_see_the_same_names(self):
        server = self.start("rename-command FLUSHALL \"\"", "rename-command GET fetch")
        with server.client() as client:
            client.call("SET", "k", "v")
            self.assertEqual(client.call("EVAL", "return redis.call('fetch', 'k')", 0), b"v")
            self.assertIn(b"Unknown Redis command", client.call(
                "EVAL", "return redis.pcall('get', 'k')", 0))
            listed = client.call("COMMAND", "LIST")
            self.assertIn(b"get", listed)
            self.assertNotIn(b"flushall", listed)
            self.assertEqual(client.call("COMMAND", "COUNT"), len(client.call("COMMAND")))
            self.assertEqual(client.call("COMMAND", "INFO", "fetch")[0][0], b"get")
            self.assertEqual(client.call("COMMAND", "INFO", "get", "flushall"), [None, None])

    def test_a_module_that_comes_again_has_the_same_names(self):
        server = self.start("rename-command GET fetch", "rename-command STRLEN \"\"")
        with server.client() as client:
            client.call("SET", "k", "v")
            self.assertEqual(client.call("MODULE", "RELOAD", "string"), b"OK")
            self.assertEqual(client.call("fetch", "k"), b"v")
            self.unknown(client, "STRLEN", "k")

    def test_rewrite_keeps_the_lines(self):
        server = self.start("rename-command FLUSHDB badger", "hz 20")
        self.assertEqual(server.call("CONFIG", "REWRITE"), b"OK")
        self.assertIn("rename-command FLUSHDB badger\n", (server.dir / "test.conf").read_text())

    def test_a_name_that_another_command_has_is_refused(self):
        with self.assertRaises(StartFailure) as caught:
            self.start("rename-command GET set")
        self.assertIn("Target command name already exists", caught.exception.log)


class Rewrite(unittest.TestCase):
    def start(self, text):
        server = Server(config=text)
        self.addCleanup(server.__exit__, None, None, None)
        return server, server.dir / "test.conf"

    def test_rewrite_keeps_comments_and_order_and_changes_in_place(self):
        server, path = self.start("# first\nhz 20\n\n# about memory\nmaxmemory 1mb\n"
                                  "maxmemory-samples 7\n# last\n")
        server.call("CONFIG", "SET", "maxmemory", "2mb")
        self.assertEqual(server.call("CONFIG", "REWRITE"), b"OK")
        lines = path.read_text().splitlines()
        self.assertEqual(lines[:7], ["# first", "hz 20", "", "# about memory", "maxmemory 2mb",
                                     "maxmemory-samples 7", "# last"])

    def test_rewrite_appends_what_is_new_under_its_mark_and_drops_nothing(self):
        server, path = self.start("# mine\nhz 20\n")
        server.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")
        server.call("CONFIG", "REWRITE")
        text = path.read_text()
        self.assertTrue(text.startswith("# mine\nhz 20\n"))
        self.assertIn("# Generated by CONFIG REWRITE\n", text)
        self.assertIn("\nmaxmemory-policy allkeys-lfu\n", text)

    def test_rewrite_twice_changes_nothing_more(self):
        server, path = self.start("# mine\nhz 20\n")
        server.call("CONFIG", "SET", "maxclients", "777")
        server.call("CONFIG", "REWRITE")
        once = path.read_text().rstrip()
        server.call("CONFIG", "REWRITE")
        self.assertEqual(path.read_text().rstrip(), once)

    def test_a_rewritten_file_starts_a_server_of_the_same_configuration(self):
        server, path = self.start("hz 20\n")
        for name, value in (("maxmemory", "3mb"), ("timeout", "17"), ("requirepass", 'a b"\x01'),
                            ("notify-keyspace-events", "KEA"), ("slowlog-max-len", "5")):
            server.call("CONFIG", "SET", name, value)
        with server.client() as client:
            client.call("AUTH", 'a b"\x01')
            self.assertEqual(client.call("CONFIG", "REWRITE"), b"OK")
            first = client.call("CONFIG", "GET", "*")
        text = path.read_text()
        server.stop()
        other = Server(start=False, own_arguments=False)
        self.addCleanup(other.__exit__, None, None, None)
        other.port, other.unix = server.port, server.unix
        other.config = text
        other.start()
        with other.client() as client:
            client.call("AUTH", 'a b"\x01')
            second = client.call("CONFIG", "GET", "*")
        pairs = [dict(zip(flat[::2], flat[1::2])) for flat in (first, second)]
        self.assertEqual({k: v for k, v in pairs[0].items() if pairs[1].get(k) != v}, {})

    def test_a_rewrite_that_fails_leaves_the_file_as_it_was(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-rewrite."))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        library, faults = build(folder), folder / "faults"
        if not library:
            self.skipTest("no library can be made here")
        faults.write_text("")
        server = Server(config="hz 20\n", environment={
            "LD_PRELOAD": str(library), "FAULTS": str(faults), "FAULTS_FILES": "test.conf"})
        self.addCleanup(server.__exit__, None, None, None)
        path = server.dir / "test.conf"
        server.call("CONFIG", "SET", "hz", "30")
        for fault, why in (("open 24", b"Too many open files"), ("part 28", b"No space left on device"),
                           ("fsync 5", b"Input/output error"), ("rename 13", b"Permission denied")):
            faults.write_text(fault)
            self.assertEqual(server.call("CONFIG", "REWRITE"),
                             Error(b"ERR Rewriting config file: " + why), fault)
            self.assertEqual(path.read_text(), "hz 20\n", fault)
            self.assertEqual(list(server.dir.glob("test.conf?*")), [], fault)
        faults.write_text("short 0")
        self.assertEqual(server.call("CONFIG", "REWRITE"), b"OK")
        self.assertEqual(path.read_text().splitlines()[0], "hz 30")

    def test_rewrite_without_a_file_is_refused(self):
        with Server() as server:
            self.assertEqual(server.call("CONFIG", "REWRITE"),
                             Error(b"ERR The server is running without a config file"))


if __name__ == "__main__":
    main()
