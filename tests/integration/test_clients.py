#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Client programs as they are: redis-py, redis-cli, redis-benchmark."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import WithServer, encode, main  # noqa: E402

try:
    import redis
    import redis.connection
    from redis.backoff import ConstantBackoff
    from redis.retry import Retry
except ImportError:
    redis = None

TOOLS = all(map(shutil.which, ("redis-cli", "redis-benchmark")))


def parsers():
    """The parser in Python and the one in C, by whatever name this redis-py has them."""
    module = redis.connection
    python = getattr(module, "PythonParser", None) or getattr(module, "_RESP2Parser")
    hiredis = getattr(module, "HiredisParser", None) or getattr(module, "_HiredisParser", None)
    return [parser for parser in (python, hiredis) if parser]


@unittest.skipUnless(redis, "python3-redis is not installed")
class RedisPy(WithServer):
    def connect(self, **options):
        client = redis.Redis(host=self.server.host, port=self.server.port, **options)
        self.addCleanup(client.close)
        return client

    def test_both_parsers_read_every_kind_of_reply(self):
        self.assertEqual(len(parsers()), 2)
        for parser in parsers():
            with self.subTest(parser=parser.__name__):
                self.server.call("FLUSHALL")
                pool = redis.ConnectionPool(host=self.server.host, port=self.server.port,
                                            parser_class=parser)
                client = redis.Redis(connection_pool=pool)
                self.assertTrue(client.ping())
                self.assertTrue(client.set("k", b"a\r\n\x00\xff"))
                self.assertEqual(client.get("k"), b"a\r\n\x00\xff")
                self.assertIsNone(client.get("nosuch"))
                self.assertEqual(client.incr("n", 5), 5)
                self.assertEqual(client.mget("k", "nosuch", "n"), [b"a\r\n\x00\xff", None, b"5"])
                self.assertEqual(client.set("big", b"x" * 3000000), True)
                self.assertEqual(len(client.get("big")), 3000000)
                with self.assertRaisesRegex(redis.ResponseError, "not an integer"):
                    client.incr("k")
                self.assertEqual(sorted(client.scan_iter()), [b"big", b"k", b"n"])
                self.assertEqual(client.ttl("k"), -1)
                pool.disconnect()

    def test_decode_responses_gives_text(self):
        client = self.connect(decode_responses=True)
        client.set("k", "héllo")
        self.assertEqual(client.get("k"), "héllo")
        self.assertEqual(client.keys(), ["k"])

    def test_info_client_list_and_config_are_parsed(self):
        client = self.connect(client_name="me")
        info = client.info()
        self.assertRegex(info["redis_version"], r"^\d+\.\d+\.\d+$")
        self.assertIsInstance(info["used_memory"], int)
        self.assertIn("me", [entry["name"] for entry in client.client_list()])
        self.assertEqual(client.config_get("maxmemory")["maxmemory"], "0")
        self.assertEqual(client.config_set("maxmemory-samples", 7), True)
        self.assertEqual(client.config_get("maxmemory-samples"), {"maxmemory-samples": "7"})
        self.assertEqual(client.client_getname(), "me")
        self.assertEqual(client.command_count(), len(client.command()))
        self.assertEqual(len(client.time()), 2)
        self.assertIsInstance(client.slowlog_get(), list)

    def test_a_pool_serves_many_threads(self):
        pool = redis.ConnectionPool(host=self.server.host, port=self.server.port,
                                    max_connections=50)
        client = redis.Redis(connection_pool=pool)

        def work():
            for _ in range(100):
                client.incr("n")

        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(client.get("n"), b"1600")
        pool.disconnect()

    def test_a_pipeline_without_transaction_answers_in_order(self):
        with self.connect().pipeline(transaction=False) as pipe:
            for i in range(5000):
                pipe.set(f"k{i}", i).get(f"k{i}")
            self.assertEqual(pipe.execute()[1::2], [b"%d" % i for i in range(5000)])

    def test_an_error_within_a_pipeline_does_not_stop_it(self):
        with self.connect().pipeline(transaction=False) as pipe:
            pipe.set("k", "abc").incr("k").get("k")
            done = pipe.execute(raise_on_error=False)
        self.assertEqual((done[0], done[2]), (True, b"abc"))
        self.assertIsInstance(done[1], redis.ResponseError)

    def test_a_unix_socket_serves_as_well(self):
        client = redis.Redis(unix_socket_path=self.server.unix)
        client.set("k", "unix")
        self.assertEqual(self.connect().get("k"), b"unix")
        client.close()

    def test_keepalive_timeouts_and_health_checks_do_no_harm(self):
        client = self.connect(socket_keepalive=True, socket_timeout=2, health_check_interval=1,
                              db=3)
        client.set("k", 1)
        self.assertEqual(client.dbsize(), 1)
        self.assertEqual(self.connect(db=0).dbsize(), 0)

    def test_a_killed_client_comes_back_by_retry(self):
        client = self.connect(retry=Retry(ConstantBackoff(0.01), 3),
                              retry_on_error=[redis.ConnectionError], single_connection_client=True)
        client.set("k", 1)
        self.server.call("CLIENT", "KILL", "ID", client.client_id())
        self.assertEqual(client.get("k"), b"1")

    def test_url_with_database_and_resp_options_connects(self):
        client = redis.Redis.from_url(f"redis://{self.server.host}:{self.server.port}/5")
        client.set("k", 1)
        self.assertEqual(client.connection_pool.connection_kwargs["db"], 5)
        self.assertIn("db5", client.info("keyspace"))
        client.close()


@unittest.skipUnless(TOOLS, "redis-tools is not installed")
class Tracking(WithServer):
    def test_a_lower_limit_of_the_table_is_told_without_another_read(self):
        with self.server.client() as listener, self.server.client(3) as reader:
            number = listener.call("CLIENT", "ID")
            listener.call("SUBSCRIBE", "__redis__:invalidate")
            reader.call("CLIENT", "TRACKING", "ON", "REDIRECT", number, "NOLOOP")
            keys = [b"{t}%d" % i for i in range(300)]
            reader.call("MGET", *keys)
            reader.call("CONFIG", "SET", "tracking-table-max-keys", 1)
            self.addCleanup(self.server.call, "CONFIG", "SET", "tracking-table-max-keys", 1000000)
            gone = {listener.read(timeout=20).value[2][0] for _ in range(299)}
            self.assertLess(gone, set(keys))
            self.assertEqual(len(gone), 299)


class Memory(WithServer):
    def rises(self, *words):
        """By how much tot-mem is higher after the command."""
        with self.server.client(3) as client, self.server.client() as other:
            number = client.call("CLIENT", "ID")

            def memory():
                line = other.call("CLIENT", "LIST", "ID", number).decode()
                return int(re.search(r" tot-mem=(\d+)", line)[1])

            before = memory()
            self.say(client, *words)
            return memory() - before

    def say(self, client, *words):
        """A command whose answers may be pushes, read to their end."""
        client.send(*words)
        client.send("ECHO", "done")
        while client.read().value != b"done":
            pass

    def test_a_client_pays_for_its_subscriptions(self):
        names = [b"%0100d" % i for i in range(2000)]
        for command in "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE":
            with self.subTest(command):
                self.assertGreater(self.rises(command, *names), 2000 * 150)

    def test_what_ends_is_not_paid_for(self):
        names = [b"%0100d" % i for i in range(2000)]
        with self.server.client(3) as client:
            for words in (("SUBSCRIBE", *names), ("UNSUBSCRIBE",), ("PSUBSCRIBE", *names), ("RESET",)):
                self.say(client, *words)
            line = client.call("CLIENT", "INFO").decode()
            self.assertLess(int(re.search(r" tot-mem=(\d+)", line)[1]), 200000)

    def test_a_client_pays_for_its_prefixes(self):
        words = ["CLIENT", "TRACKING", "ON", "BCAST"]
        for i in range(2000):
            words += ["PREFIX", f"{i:0100}"]
        self.assertGreater(self.rises(*words), 2000 * 120)


class RedisCli(WithServer):
    def cli(self, *words, stdin=None, status=0):
        done = subprocess.run(["redis-cli", "-p", str(self.server.port), *words], input=stdin,
                              stdin=None if stdin is not None else subprocess.DEVNULL,
                              capture_output=True, timeout=30)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout.decode()

    def test_one_shot_commands_answer(self):
        self.assertEqual(self.cli("SET", "k", "v"), "OK\n")
        self.assertEqual(self.cli("--no-raw", "GET", "k"), '"v"\n')
        self.assertEqual(self.cli("--no-raw", "INCR", "n"), "(integer) 1\n")
        self.assertEqual(self.cli("-n", "2", "DBSIZE"), "0\n")
        self.assertEqual(self.cli("-s", self.server.unix, "GET", "k"), "v\n")
        self.assertEqual(self.cli("-r", "3", "INCR", "n"), "2\n3\n4\n")
        self.assertEqual(self.cli("--csv", "MGET", "k", "nosuch"), '"v",NULL\n')

    def test_resp3_and_json_output_answer(self):
        self.assertEqual(json.loads(self.cli("-3", "--json", "CONFIG", "GET", "maxmemory")),
                         {"maxmemory": "0"})

    def test_commands_come_by_a_pipe(self):
        self.assertEqual(self.cli(stdin=b'SET k "a b"\nGET k\nAPPEND k c\n'), "OK\na b\n4\n")

    def test_mass_insertion_reports_no_errors(self):
        data = b"".join(encode("SET", f"key:{i}", i) for i in range(20000))
        self.assertIn("errors: 0, replies: 20000", self.cli("--pipe", stdin=data))
        self.assertEqual(self.server.call("DBSIZE"), 20000)

    def test_mass_insertion_counts_errors(self):
        text = self.cli("--pipe", stdin=encode("SET", "k") + encode("SET", "k", "v"), status=1)
        self.assertIn("errors: 1, replies: 2", text)
        self.assertEqual(self.server.call("GET", "k"), b"v")

    def test_the_last_argument_comes_from_stdin(self):
        self.assertEqual(self.cli("-x", "SET", "k", stdin=b"\x00binary\xff"), "OK\n")
        self.assertEqual(self.server.call("GET", "k"), b"\x00binary\xff")

    def test_scan_lists_each_key_once(self):
        with self.server.client() as client:
            client.many(("SET", f"key:{i}", i) for i in range(3000))
        lines = self.cli("--scan").splitlines()
        self.assertEqual((len(lines), len(set(lines))), (3000, 3000))
        self.assertEqual(len(self.cli("--scan", "--pattern", "key:12*").splitlines()), 111)

    def test_bigkeys_and_memkeys_walk_the_data(self):
        self.server.call("SET", "small", "x")
        self.server.call("SET", "large", "x" * 10000)
        self.assertIn("Biggest string found '\"large\"' has 10000 bytes", self.cli("--bigkeys"))
        self.assertIn('"large"', self.cli("--memkeys"))


@unittest.skipUnless(TOOLS, "redis-tools is not installed")
class RedisBenchmark(WithServer):
    def bench(self, *words):
        done = subprocess.run(["redis-benchmark", "-p", str(self.server.port), *words],
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def test_a_quick_run_exits_0(self):
        text = self.bench("-t", "set,get,incr,mset", "-n", "5000", "-q")
        for name in ("SET", "GET", "INCR", "MSET (10 keys)"):
            self.assertRegex(text, rf"{name.replace('(', '.').replace(')', '.')}: [\d.]+ requests")

    def test_pipelines_and_random_keys_run(self):
        self.bench("-t", "set,get", "-n", "20000", "-P", "16", "-r", "1000", "-d", "100", "-q")
        self.assertGreater(self.server.call("DBSIZE"), 900)

    def test_csv_and_threads_run(self):
        self.assertIn('"GET"', self.bench("-t", "get", "-n", "2000", "--csv", "--threads", "2"))


if __name__ == "__main__":
    main()
