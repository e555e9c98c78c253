#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""In the place of redis-server: what scripts and suites expect of the program itself.

They start `redis-server FILE --name value`, wait for words in the log, set what CONFIG GET *
has shown, look into INFO and CLIENT LIST, and restart from a rewritten file.
"""
import contextlib
import pathlib
import re
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Server, WithServer, main, wait_for  # noqa: E402
from support.server import free_port, is_oracle, keyrack_path  # noqa: E402

# Set by the platform, by the harness, or only in a file.
NOT_SET_AGAIN = {"oom-score-adj", "oom-score-adj-values"}


def pairs(flat):
    return dict(zip(flat[::2], flat[1::2]))


def refused(*words):
    """The log of a server that must not start."""
    done = subprocess.run([keyrack_path(), *words], capture_output=True, timeout=20)
    assert done.returncode == 1, done
    return (done.stdout + done.stderr).decode()


class Starting(unittest.TestCase):
    def test_the_log_says_the_pid_and_when_clients_may_come(self):
        with Server("--always-show-logo", "yes", "--loglevel", "verbose") as server:
            log = server.log()
            self.assertRegex(log, rf" PID: {server.process.pid}\b")
            self.assertEqual(log.count("Ready to accept connections"), 1)
            server.stop()
            self.assertIn("Received SIGTERM scheduling shutdown", server.log())
            self.assertIn("ready to exit, bye bye", server.log())

    def test_a_busy_port_is_said_in_the_words_that_are_waited_for(self):
        with Server() as first:
            log = refused("--port", str(first.port), "--bind", "127.0.0.1")
        self.assertRegex(log, rf"Could not create server TCP listening socket 127.0.0.1:{first.port}:"
                              " bind: Address already in use")
        self.assertIn(f"Failed listening on port {first.port} ", log)

    def test_a_configuration_of_a_test_suite_is_taken(self):
        config = ("always-show-logo yes\nnotify-keyspace-events KEA\ndaemonize no\n"
                  "timeout 0\nloglevel verbose\nlogfile ''\ndatabases 16\n"
                  "latency-monitor-threshold 1\nrepl-diskless-sync-delay 0\nsave 900 1\n"
                  "rdbcompression yes\ndbfilename dump.rdb\ndir ./\n"
                  "slave-serve-stale-data yes\nappendonly no\nappendfsync everysec\n"
                  "activerehashing yes\nenable-protected-configs yes\n"
                  "enable-debug-command yes\nenable-module-command yes\n"
                  "propagation-error-behavior panic\n")
        with Server(config=config) as server:
            self.assertEqual(server.call("CONFIG", "GET", "notify-keyspace-events"),
                             [b"notify-keyspace-events", b"AKE"])

    def test_a_set_of_words_without_a_word_is_asked_for_one(self):
        for words in (("--shutdown-on-sigint",), ("--shutdown-on-sigint", "now force",
                                                  "--shutdown-on-sigterm")):
            log = refused("--port", str(free_port()), *words)
            self.assertRegex(log, rf">>> '{words[-1][2:]}'\s+argument\(s\) must be one of the "
                                  "following: default, save")


class Configuring(WithServer):
    def test_all_that_config_get_shows_can_be_set_again(self):
        """But what cannot change, and says so as Redis's parameters of the same name do."""
        with self.server.client() as client, Server(binary="/usr/bin/redis-server") as redis:
            theirs = pairs(redis.call("CONFIG", "GET", "*"))
            for name, value in pairs(client.call("CONFIG", "GET", "*")).items():
                if name.decode() in NOT_SET_AGAIN:
                    continue
                answer = client.call("CONFIG", "SET", name, value)
                if answer != b"OK" and name in theirs:
                    self.assertEqual(answer[:9], redis.call("CONFIG", "SET", name,
                                                            theirs[name])[:9], name)
                elif answer != b"OK":
                    self.fail(f"{name}: {answer}")

    def test_a_password_may_be_any_bytes(self):
        with self.server.client() as client, self.server.client() as other:
            self.assertEqual(client.call("CONFIG", "SET", "requirepass", b"abc\0d\xffef"), b"OK")
            try:
                client.call("RESET")
                for wrong in (b"abc", b"abc\0d\xffeg", b"abc\0d\xffe", b"abc\0d\xffeff"):
                    self.assertRegex(client.call("AUTH", wrong), b"^WRONGPASS")
                self.assertEqual(client.call("AUTH", b"abc\0d\xffef"), b"OK")
                self.assertEqual(client.call("CONFIG", "GET", "requirepass"),
                                 [b"requirepass", b"abc\0d\xffef"])
            finally:
                self.assertEqual(other.call("CONFIG", "SET", "requirepass", ""), b"OK")

    def test_everything_written_by_config_rewrite_starts_a_server_again(self):
        with Server(config="enable-debug-command yes\nrequirepass \"a\\x00b\"\n") as first:
            with first.client() as client:
                client.call("AUTH", b"a\0b")
                before = pairs(client.call("CONFIG", "GET", "*"))
                self.assertEqual(client.call("DEBUG", "CONFIG-REWRITE-FORCE-ALL"), b"OK")
                self.assertEqual(client.call("CONFIG", "REWRITE"), b"OK")
            text = (first.dir / "test.conf").read_text()
            self.assertIn("\nhash-max-listpack-entries 512\n", text)
            self.assertNotIn("debug-config", text)
            port = first.port
        second = Server(config=text, own_arguments=False, start=False)
        second.port = port
        pathlib.Path(re.search(r"^dir (\S+)", text, re.M).group(1).strip('"')).mkdir()
        try:
            second.start()
            with second.client() as client:
                client.call("AUTH", b"a\0b")
                self.assertEqual(pairs(client.call("CONFIG", "GET", "*")), before)
            second.stop()
        finally:
            second.__exit__(None, None, None)
            pathlib.Path(re.search(r"^dir (\S+)", text, re.M).group(1).strip('"')).rmdir()

    def test_a_switch_for_tests_is_never_written_to_the_file(self):
        with Server(config="enable-debug-command yes\n") as server:
            server.call("DEBUG", "SET-ACTIVE-EXPIRE", "0")
            self.assertEqual(server.call("CONFIG", "REWRITE"), b"OK")
            self.assertNotIn("active-expire", (server.dir / "test.conf").read_text())


    def test_a_list_alone_in_its_line_adds_nothing(self):
        for lines, wanted in (("save \n", b""), ("save 900 1\nsave\n", b"900 1"),
                              ("save 900 1\nsave ''\n", b"")):
            with Server(config=lines, own_arguments=False, start=False) as server:
                server.config += f"port {server.port}\nbind 127.0.0.1\ndir {server.dir}\n"
                server.start()
                self.assertEqual(server.call("CONFIG", "GET", "save"), [b"save", wanted], lines)

    def test_no_address_leaves_the_unix_socket(self):
        with Server(config="") as server, server.client(unix=True) as client:
            self.assertEqual(client.call("CONFIG", "SET", "bind", ""), b"OK")
            self.assertEqual(client.call("CONFIG", "GET", "bind"), [b"bind", b""])
            with self.assertRaises(OSError):
                server.client()
            self.assertEqual(client.call("CONFIG", "SET", "bind", server.host), b"OK")
            self.assertEqual(server.call("PING"), b"PONG")

    def test_the_title_in_ps_follows_its_template(self):
        with Server(config="") as server:
            template = "TEST {title} {listen-addr} {port} {tls-port} {unixsocket} {config-file} {{x"
            self.assertEqual(server.call("CONFIG", "SET", "proc-title-template", template), b"OK")
            title = pathlib.Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
            # What does not fit where the kernel keeps it is cut.
            wanted = (f"TEST {server.binary} {server.host}:{server.port} {server.port} 0 "
                      f"{server.unix} {server.dir}/test.conf {{x")
            self.assertTrue(wanted.startswith(title.rstrip(b"\0").decode()), title)
            self.assertGreater(len(title.rstrip(b"\0")), len(f"TEST {server.binary} "))

    def test_the_kernels_score_goes_back_to_what_it_was(self):
        path = pathlib.Path(f"/proc/{self.server.process.pid}/oom_score_adj")
        before = int(path.read_text())
        self.server.call("CONFIG", "SET", "oom-score-adj", "no")
        path.write_text(str(before + 22))
        self.assertEqual(self.server.call("CONFIG", "SET", "oom-score-adj-values", "9 9 9",
                                          "oom-score-adj", "yes"), b"OK")
        self.assertEqual(int(path.read_text()), before + 31)
        self.assertEqual(self.server.call("CONFIG", "SET", "oom-score-adj", "no"), b"OK")
        self.assertEqual(int(path.read_text()), before + 22)


class Limits(WithServer):
    arguments = ("--enable-debug-command", "yes")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.server.call, "CONFIG", "SET", "maxmemory-clients", "0", "maxmemory",
                        "0", "client-output-buffer-limit", "normal 0 0 0")

    def test_a_large_argument_on_its_way_is_in_qbuf(self):
        with self.server.client() as client, self.server.client() as slow:
            slow.call("CLIENT", "SETNAME", "slow")
            slow.send_raw(b"*1\r\n$1500000\r\n" + b"v" * 1500000)
            deadline = time.monotonic() + 5
            while " qbuf=1500000 " not in client.call("CLIENT", "LIST").decode():
                self.assertLess(time.monotonic(), deadline, client.call("CLIENT", "LIST"))
                time.sleep(0.01)

    def test_a_command_larger_than_all_clients_may_be_is_not_run(self):
        self.server.call("CONFIG", "SET", "maxmemory-clients", "3000000")
        with self.server.client() as client:
            self.assertEqual(client.call("MSET", "k", "v", "k2", "v" * 1000000), b"OK")
            try:
                client.send("MSET", "k", "w", "k2", "v" * 3000000)
            except OSError:
                pass
            self.assertTrue(client.is_closed())
        self.assertEqual(self.server.call("GET", "k"), b"v")

    def test_clients_that_do_not_read_are_closed_before_keys_are_evicted(self):
        self.assert_clients_go_first(20, b"MGET 1\r\n" * 2000)

    def test_what_many_clients_ask_for_in_one_turn_is_added_up(self):
        self.assert_clients_go_first(60, b"MGET 1\r\n" * 25)

    def test_what_caching_clients_are_told_costs_no_further_keys(self):
        """Each is told of a key's end with more bytes than the key has taken."""
        with contextlib.ExitStack() as stack:
            caches = [stack.enter_context(self.server.client(3)) for _ in range(10)]
            for cache in caches:
                cache.call("CLIENT", "TRACKING", "on")
            for i in range(300):
                key = f"{i:010000}"
                self.server.call("SET", key, "x")
                for cache in caches:
                    cache.call("GET", key)
            used = int(self.server.info("memory")["used_memory"])
            # More than what is only kept for speed and goes first.
            self.server.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru",
                             "maxmemory", str(used - 1500000))
            self.assertGreater(self.server.call("DBSIZE"), 100)
            self.assertLess(self.server.call("DBSIZE"), 300)

    def assert_clients_go_first(self, count, commands):
        for i in range(50):
            self.server.call("SETRANGE", i, 100000, "x")
        used = int(self.server.info("memory")["used_memory"])
        self.server.call("CONFIG", "RESETSTAT")
        self.server.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru", "maxmemory-clients",
                         "3mb", "maxmemory", str(used + (6 << 20)))
        clients = [self.server.client() for _ in range(count)]
        with self.server.client() as sleeper:
            sleeper.send("DEBUG", "SLEEP", "0.3")
            for client in clients:
                try:
                    client.send_raw(commands)
                except OSError:
                    pass
        deadline = time.monotonic() + 10
        while self.server.info("stats")["evicted_clients"] == "0":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.assertEqual(self.server.info("stats")["evicted_keys"], "0")
        self.assertEqual(self.server.call("DBSIZE"), 50)
        for client in clients:
            client.close()

    def test_the_end_of_a_reply_counts_for_the_output_limit(self):
        with self.server.client() as client:
            client.many(("SET", "long-" * 20 + str(i), "v") for i in range(1000))
            self.server.call("CONFIG", "SET", "client-output-buffer-limit", "normal 100000 0 0")
            client.send("KEYS", "*")
            self.assertTrue(client.is_closed())
            self.server.wait_log("overcoming of output buffer limits")


class Looking(WithServer):
    def test_hello_names_only_modules_that_were_asked_for(self):
        hello = pairs(self.server.call("HELLO"))
        self.assertEqual(hello[b"modules"], [])
        if is_oracle():
            return
        listed = [pairs(row)[b"name"] for row in self.server.call("MODULE", "LIST")]
        self.assertIn(b"string", listed)
        path = pathlib.Path(keyrack_path()).resolve().parent / "modules"
        with Server("--load-modules", "connection server keys rdb aof directives",
                    "--loadmodule", path / "string.so") as server:
            modules = pairs(server.call("HELLO"))[b"modules"]
            self.assertEqual([pairs(row)[b"name"] for row in modules], [b"string"])
            self.assertEqual(server.call("MODULE", "LOAD", path / "bitmap.so"), b"OK")
            modules = pairs(server.call("HELLO"))[b"modules"]
            self.assertEqual([pairs(row)[b"name"] for row in modules], [b"string", b"bitmap"])

    def test_info_shows_own_modules_to_who_asks_for_modules(self):
        def named(server, *words):
            text = server.call("INFO", *words).decode()
            self.assertIn("# Modules\r\n", text)
            return re.findall(r"^module:name=(\w+),ver=\d+,api=\d,filters=0,", text, re.M)

        self.assertEqual((named(self.server), named(self.server, "all")), ([], []))
        if is_oracle():
            return
        listed = [pairs(row)[b"name"].decode() for row in self.server.call("MODULE", "LIST")]
        for words in ("modules",), ("everything",), ("server", "MODULES"):
            self.assertCountEqual(named(self.server, *words), listed)
        path = pathlib.Path(keyrack_path()).resolve().parent / "modules"
        with Server("--load-modules", "connection server keys rdb aof directives",
                    "--loadmodule", path / "string.so") as server:
            self.assertEqual(named(server), ["string"])

    def test_wait_outlives_the_module_that_knows_it(self):
        with self.server.client() as client:
            client.send("WAIT", 1, 0)
            self.assertTrue(wait_for(
                lambda: self.server.info("clients")["blocked_clients"] == "1"))
            if not is_oracle():
                self.assertEqual(self.server.call("MODULE", "RELOAD", "server"), b"OK")
            number = re.search(r"id=(\d+) .* cmd=wait ",
                               self.server.call("CLIENT", "LIST").decode())[1]
            self.assertEqual(self.server.call("CLIENT", "UNBLOCK", number), 1)
            self.assertEqual(client.read().value, 0)

    def test_a_paused_client_counts_as_blocked(self):
        with self.server.client() as client, self.server.client() as paused:
            self.addCleanup(self.server.call, "CLIENT", "UNPAUSE")
            paused.call("CLIENT", "SETNAME", "paused")
            client.call("CLIENT", "PAUSE", "60000", "WRITE")
            paused.send("SET", "key", "0123456789")
            deadline = time.monotonic() + 5
            while self.server.info("clients")["blocked_clients"] != "1":
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            line = next(line for line in client.call("CLIENT", "LIST").decode().splitlines()
                        if " name=paused " in line)
            self.assertIn(" flags=b ", line)
            self.assertIn(" argv-mem=16 ", line)
            client.call("CLIENT", "UNPAUSE")
            self.assertEqual(paused.read().value, b"OK")
            self.assertEqual(self.server.info("clients")["blocked_clients"], "0")


if __name__ == "__main__":
    main()
