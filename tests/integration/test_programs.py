#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Programs that people have around redis-server, as they are: tools, exporters, libraries.

What is not installed is skipped.  test_clients.py has the first things that redis-py, redis-cli
and redis-benchmark do; here is what only shows when a person, or a dashboard, uses them.
"""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Server, WithServer, main  # noqa: E402
from support.server import ORACLE, free_port  # noqa: E402

try:
    import redis
    from redis.backoff import ConstantBackoff
    from redis.retry import Retry
except ImportError:
    redis = None

HIREDIS = pathlib.Path("/usr/include/hiredis/hiredis.h").exists()
# Where `npm install ioredis redis` has been run.
NODE_MODULES = os.environ.get("KEYRACK_NODE_MODULES", "")


class Terminal:
    """A program that believes a person sits in front of it."""

    def __init__(self, *words, home):
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # Before the program can ask for it.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
            os.environ.update(TERM="xterm", HOME=home)
            os.execvp(words[0], words)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def wait_for(self, text, within=20.0):
        """Return what was seen up to and with `text`, and forget it."""
        deadline = time.monotonic() + within
        while text not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            try:
                data = os.read(self.fd, 65536) if ready else b""
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"no {text!r} in {self.seen!r}")
            self.seen += data
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def command(self, line, *answers):
        """One line, what it is answered, and the prompt: keys typed before that may be lost."""
        self.type(line + b"\r")
        for answer in answers:
            self.wait_for(answer)
        self.wait_for(b"> ")

    def type(self, keys):
        for key in keys:
            os.write(self.fd, bytes([key]))
            time.sleep(0.002)


class WithHome(WithServer):
    """Programs leave histories and settings in the home of whoever runs them."""

    def setUp(self):
        super().setUp()
        home = tempfile.TemporaryDirectory(prefix="keyrack-home.")
        self.addCleanup(home.cleanup)
        self.home = home.name

    def run_tool(self, *words, stdin=b"", status=0, timeout=60):
        done = subprocess.run([str(word) for word in words], input=stdin, capture_output=True,
                              timeout=timeout, env={**os.environ, "HOME": self.home})
        self.assertEqual(done.returncode, status, done)
        return done.stdout.decode()


@unittest.skipUnless(shutil.which("redis-cli"), "redis-tools is not installed")
class RedisCli(WithHome):
    def cli(self, *words, **options):
        return self.run_tool("redis-cli", "-p", self.server.port, *words, **options)

    def terminal(self, *words):
        return Terminal("redis-cli", "-p", str(self.server.port), *words, home=self.home)

    def test_a_person_sees_hints_made_of_command_docs(self):
        with self.terminal() as screen:
            screen.wait_for(b"> ")
            for typed, hint in ((b"SET ", b"key value [NX|XX] [GET] [EX seconds|PX"),
                                (b"\x15GETRANGE k ", b"start end"),
                                (b"\x15CLIENT KILL ", b"ip:port"),
                                (b"\x15CONFIG GET ", b"parameter [parameter ...]"),
                                (b"\x15BITCOUNT k ", b"[start end")):
                screen.type(typed)
                screen.wait_for(hint)
            screen.command(b"\x15SET k 'a b'", b"\nOK\r\n")
            screen.command(b"GET k", b'\n"a b"\r\n')
            screen.command(b"INCR k", b"\n(error) ERR value is not an integer or out of range\r\n")

    def test_help_and_tab_know_the_commands(self):
        with self.terminal() as screen:
            screen.wait_for(b"> ")
            screen.type(b"help GETEX\r")
            text = screen.wait_for(b" string\r")
            self.assertRegex(text, rb"since:\S* 6\.2\.0")
            screen.wait_for(b"> ")
            screen.command(b"GETRA\t k 0 1", b'\n""\r\n')

    def test_reset_and_hello_keep_the_session_going(self):
        with self.terminal("-n", "3") as screen:
            screen.wait_for(b"[3]> ")
            screen.command(b"hello 3", b'"proto" => (integer) 3', b"\r\n127.0.0.1")
            screen.command(b"config get maxmemory", b'1# "maxmemory" => "0"')
            screen.command(b"reset", b"RESET\r\n")
            screen.command(b"dbsize", b"(integer) 0")

    def test_monitor_shows_what_others_do(self):
        with self.terminal("monitor") as screen:
            screen.wait_for(b"OK\r\n")
            self.server.call("SET", "watched", "a\nb")
            line = screen.wait_for(b"\r\n")
            self.assertRegex(line, rb'^\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "SET" "watched" "a\\nb"')

    def test_stat_rolls(self):
        with self.terminal("--stat", "-i", "0.05") as screen:
            screen.wait_for(b"keys       mem")
            self.assertRegex(screen.wait_for(b"(+1)"), rb"0 +[\d.]+[KM] +\d+ +0 +\d+ \(\+")

    def test_latency_is_sampled(self):
        self.assertRegex(self.cli("--raw", "--latency", "-i", "0.2"), r"^\d+ \d+ [\d.]+ \d+\n$")
        with self.terminal("--latency-history", "-i", "0.2") as screen:
            screen.wait_for(b"seconds range")

    def test_keys_are_walked_by_every_way(self):
        with self.server.client() as client:
            client.many(("SET", f"key:{i}", "x" * i) for i in range(2000))
        self.assertEqual(len(self.cli("--scan", "--pattern", "key:19*").splitlines()), 111)
        self.assertIn("2000 strings with 1999000 bytes", self.cli("--bigkeys"))
        self.assertRegex(self.cli("--memkeys", "--memkeys-samples", "0"),
                         r"Biggest string found '\"key:1\d+\"' has \d+ bytes")
        self.server.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")
        self.assertIn("Sampled 2000 keys", self.cli("--hotkeys"))

    def test_replies_are_printed_as_asked(self):
        self.server.call("MSET", "k", 'a"b', "n", "5")
        self.assertEqual(self.cli("--csv", "MGET", "k", "n", "no"), '"a\\"b","5",NULL\n')
        self.assertEqual(json.loads(self.cli("--json", "MGET", "k", "n", "no")),
                         ['a"b', "5", None])
        self.assertEqual(json.loads(self.cli("-3", "--json", "COMMAND", "DOCS", "get"))
                         ["get"]["group"], "string")
        self.assertEqual(self.cli("-3", "--no-raw", "GET", "no"), "(nil)\n")
        self.assertEqual(self.cli("-e", "INCR", "k", status=1),
                         "")  # the error goes to stderr
        self.assertEqual(self.cli("-r", "3", "-i", "0.01", "INCR", "n"), "6\n7\n8\n")
        self.assertEqual(self.cli("-s", self.server.unix, "--quoted-input", "GET", '"\\x6b"'),
                         'a"b\n')

    def test_a_password_is_asked_for_and_taken(self):
        with Server("--requirepass", "se cret") as server:
            tool = ("redis-cli", "-p", server.port)
            self.assertIn("NOAUTH", self.run_tool(*tool, "PING"))
            words = ("--no-auth-warning", "-a", "se cret")
            self.assertEqual(self.run_tool(*tool, *words, "PING"), "PONG\n")
            self.assertEqual(self.run_tool(*tool, *words, "--user", "default", "PING"), "PONG\n")
            self.assertIn("NOAUTH", self.run_tool(*tool, "--no-auth-warning", "-a", "x", "PING"))
            uri = f"redis://default:se%20cret@127.0.0.1:{server.port}/2"
            self.assertEqual(self.run_tool("redis-cli", "-u", uri, "--no-auth-warning", "CLIENT",
                                           "INFO").count(" db=2 "), 1)
            with Terminal("redis-cli", "-p", str(server.port), home=self.home) as screen:
                screen.wait_for(b"> ")
                screen.command(b"auth 'se cret'", b"OK\r\n")
                screen.command(b"ping", b"PONG\r\n")


@unittest.skipUnless(shutil.which("redis-benchmark"), "redis-tools is not installed")
class RedisBenchmark(WithHome):
    def bench(self, *words):
        return self.run_tool("redis-benchmark", "-p", self.server.port, *words)

    def test_the_default_report_has_its_figures(self):
        text = self.bench("-t", "ping,set,get,incr,mset", "-n", "3000")
        for title in ("PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"):
            self.assertIn(f"====== {title} ======", text)
        # Its start asks CONFIG GET for these two.
        self.assertIn('host configuration "save": ', text)
        self.assertIn('host configuration "appendonly": no', text)
        self.assertNotIn("WARNING", text)

    def test_pipelines_threads_and_resp3_run(self):
        rows = self.bench("-t", "ping,set,get,incr,mset", "-n", "8000", "-P", "16", "-r", "999",
                          "--csv", "--threads", "2", "-3").splitlines()
        self.assertEqual([row.split(",")[0] for row in rows],
                         ['"test"', '"PING_INLINE"', '"PING_MBULK"', '"SET"', '"GET"', '"INCR"',
                          '"MSET (10 keys)"'])
        self.assertIn("key:000000000007", self.run_tool("redis-cli", "-p", self.server.port,
                                                        "--scan"))

    def test_a_command_of_ones_own_is_repeated(self):
        self.bench("-n", "1000", "-q", "-r", "10", "APPEND", "k:__rand_int__", "x")
        self.assertEqual(self.server.call("DBSIZE"), 10)


@unittest.skipUnless(shutil.which("iredis"), "iredis is not installed")
class IRedis(WithHome):
    def iredis(self, *words, stdin=b""):
        return self.run_tool("iredis", "-p", self.server.port, *words, stdin=stdin)

    def test_one_shot(self):
        # It looks at its words only in front of a person.
        with Terminal("iredis", "-p", str(self.server.port), "SET", "k", "v",
                      home=self.home) as screen:
            screen.wait_for(b"OK")
        self.assertEqual(self.server.call("GET", "k"), b"v")

    def test_commands_come_by_a_pipe(self):
        self.assertEqual(self.iredis(stdin=b"SET k 5\nINCR k\nGET k\nNOSUCH\n").splitlines()[:3],
                         ["OK", "6", "6"])

    def test_a_person_is_greeted_and_answered(self):
        self.server.call("SET", "k", "text")
        with Terminal("iredis", "-p", str(self.server.port), home=self.home) as screen:
            screen.wait_for(b"redis-server  7.")
            screen.wait_for(b"position requests")
            screen.type(b"GET k\r")
            screen.wait_for(b'"text"')


@unittest.skipUnless(shutil.which("prometheus-redis-exporter"),
                     "prometheus-redis-exporter is not installed")
class Exporter(WithServer):
    METRICS = {
        "redis_up": "1", "redis_exporter_last_scrape_error{err=\"\"}": "0",
        "redis_connected_clients": r"\d+", "redis_blocked_clients": "0",
        "redis_memory_used_bytes": r"[\d.e+]+", "redis_memory_max_bytes": "0",
        "redis_memory_used_rss_bytes": r"[\d.e+]+", "redis_commands_processed_total": r"\d+",
        "redis_connections_received_total": r"\d+", "redis_keyspace_hits_total": "1",
        "redis_keyspace_misses_total": "2", "redis_expired_keys_total": r"\d+",
        "redis_evicted_keys_total": "0", "redis_uptime_in_seconds": r"\d+",
        'redis_db_keys{db="db0"}': "22", 'redis_db_keys_expiring{db="db0"}': "1",
        'redis_db_keys{db="db3"}': "1",
        'redis_commands_total{cmd="set"}': r"2\d",
        'redis_commands_duration_seconds_total{cmd="get"}': r"[\d.e-]+",
        'redis_commands_failed_calls_total{cmd="incr"}': "1",
        'redis_keys_count{db="db0",key="key:*"}': "20",
        'redis_key_size{db="db0",key="key:7"}': "7", "redis_slowlog_length": "0",
        "redis_config_maxclients": "10000",
        'redis_instance_info{': r"1",
    }

    def test_a_scrape_has_the_figures_and_no_error(self):
        with self.server.client() as client:
            client.many(("SET", f"key:{i}", "x" * i) for i in range(20))
            client.call("SET", "soon", "x", "EX", "1000")
            client.call("SET", "text", "x")
            client.call("GET", "key:1"), client.call("GET", "no"), client.call("GET", "no")
            client.call("INCR", "text")
            client.call("SELECT", "3"), client.call("SET", "there", "x")
            # What the tests before have counted.
            client.call("CONFIG", "RESETSTAT")
            client.call("SELECT", "0")
            client.call("GET", "key:1"), client.call("GET", "no"), client.call("GET", "no")
            client.call("INCR", "text")
            client.many(("SET", f"key:{i}", "x" * i) for i in range(20))
            client.call("SET", "text", "x")
        text, log = self.scrape("-include-config-metrics", "-include-system-metrics",
                                "-export-client-list", "-check-single-keys", "db0=key:7",
                                "-count-keys", "db0=key:*", "-ping-on-connect")
        lines = [line for line in text.splitlines() if line.startswith("redis_")]
        for name, value in self.METRICS.items():
            pattern = re.escape(name) + (".*" if name.endswith("{") else "") + " " + value + "$"
            self.assertTrue(any(re.match(pattern, line) for line in lines),
                            f"{name} {value} not in\n" + "\n".join(
                                line for line in lines if line.startswith(name.split("{")[0])))
        self.assertNotRegex(log, r"(?i)level=(error|warning|fatal)")

    def scrape(self, *words):
        port = free_port()
        with tempfile.TemporaryFile("w+") as log:
            exporter = subprocess.Popen(
                ["prometheus-redis-exporter", "-redis.addr",
                 f"redis://127.0.0.1:{self.server.port}", "-web.listen-address",
                 f"127.0.0.1:{port}", *words], stdout=log, stderr=log)
            try:
                deadline = time.monotonic() + 10
                while True:
                    try:
                        url = f"http://127.0.0.1:{port}/metrics"
                        with urllib.request.urlopen(url, timeout=10) as answer:
                            text = answer.read().decode()
                        break
                    except OSError:
                        self.assertLess(time.monotonic(), deadline)
                        time.sleep(0.05)
            finally:
                exporter.terminate()
                exporter.wait()
            log.seek(0)
            return text, log.read()


@unittest.skipUnless(os.path.exists(ORACLE), "redis-server is not installed")
class Sentinel(WithHome):
    def ask(self, port):
        """What the sentinel thinks of the master."""
        lines = self.run_tool("redis-cli", "-p", port, "SENTINEL", "MASTER", "it").splitlines()
        return dict(zip(lines[::2], lines[1::2]))

    def test_it_takes_the_server_for_a_master_that_is_up(self):
        port = free_port()
        config = pathlib.Path(self.home) / "sentinel.conf"
        config.write_text(f"port {port}\nbind 127.0.0.1\ndir {self.home}\n"
                          f"sentinel monitor it 127.0.0.1 {self.server.port} 1\n"
                          "sentinel down-after-milliseconds it 500\n")
        sentinel = subprocess.Popen([ORACLE, config, "--sentinel"], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 20
            while True:
                time.sleep(0.2)
                try:
                    seen = self.ask(port)
                except AssertionError:  # not there yet
                    seen = {}
                if seen.get("runid"):
                    break
                self.assertLess(time.monotonic(), deadline, seen)
            time.sleep(2)  # four times what it takes to be thought down
            seen = self.ask(port)
        finally:
            sentinel.terminate()
            sentinel.wait()
        self.assertNotIn("down", seen["flags"])
        self.assertEqual(seen["role-reported"], "master")
        self.assertEqual(seen["num-slaves"], "0")
        self.assertEqual(seen["runid"], self.server.info("server")["run_id"])


HIREDIS_PROGRAM = r"""
#include <hiredis/adapters/libevent.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(what)                                                                \
    do {                                                                          \
        if (!(what)) {                                                            \
            fprintf(stderr, "line %d: " #what "\n", __LINE__);                    \
            exit(1);                                                              \
        }                                                                         \
    } while (0)

static int answered;

static void on_reply(redisAsyncContext *c, void *r, void *number)
{
    redisReply *reply = r;

    MUST(reply && reply->type == REDIS_REPLY_INTEGER);
    MUST(reply->integer == (long)number);
    if (++answered == 1000)
        redisAsyncDisconnect(c);
}

static void one_by_one(redisContext *c)
{
    char big[100000];
    redisReply *r;

    memset(big, 'x', sizeof(big));
    MUST((r = redisCommand(c, "SET %s %b", "k", big, sizeof(big))));
    MUST(r->type == REDIS_REPLY_STATUS && !strcmp(r->str, "OK"));
    freeReplyObject(r);
    MUST((r = redisCommand(c, "GET k")) && r->len == sizeof(big));
    MUST(memcmp(r->str, big, sizeof(big)) == 0);
    freeReplyObject(r);
    MUST((r = redisCommand(c, "GET no")) && r->type == REDIS_REPLY_NIL);
    freeReplyObject(r);
    MUST((r = redisCommand(c, "INCR k")) && r->type == REDIS_REPLY_ERROR);
    MUST(!strncmp(r->str, "ERR value is not an integer", 27) && !c->err);
    freeReplyObject(r);
    MUST((r = redisCommand(c, "MGET k no k")) && r->elements == 3);
    MUST(r->element[1]->type == REDIS_REPLY_NIL);
    freeReplyObject(r);
}

static void all_at_once(redisContext *c)
{
    redisReply *r;

    for (int i = 0; i < 10000; i++)
        redisAppendCommand(c, "INCRBY n %d", i);
    for (int i = 0, sum = 0; i < 10000; i++) {
        MUST(redisGetReply(c, (void **)&r) == REDIS_OK);
        MUST(r->integer == (sum += i));
        freeReplyObject(r);
    }
}

static void by_events(int port)
{
    struct event_base *base = event_base_new();
    redisAsyncContext *c = redisAsyncConnect("127.0.0.1", port);

    MUST(!c->err && redisLibeventAttach(c, base) == REDIS_OK);
    for (long i = 1; i <= 1000; i++)
        redisAsyncCommand(c, on_reply, (void *)i, "INCR async");
    event_base_dispatch(base);
    event_base_free(base);
    MUST(answered == 1000);
}

int main(int argc, char **argv)
{
    redisContext *c = redisConnect("127.0.0.1", atoi(argv[1]));
    redisContext *local;

    MUST(argc == 3 && c && !c->err);
    one_by_one(c);
    all_at_once(c);
    redisFree(c);
    MUST((local = redisConnectUnix(argv[2])) && !local->err);
    one_by_one(local);
    redisFree(local);
    by_events(atoi(argv[1]));
    return 0;
}
"""


@unittest.skipUnless(HIREDIS, "libhiredis-dev is not installed")
class Hiredis(WithServer):
    def test_a_c_program_talks_one_by_one_in_pipelines_and_by_events(self):
        with tempfile.TemporaryDirectory(prefix="keyrack-hiredis.") as name:
            source = pathlib.Path(name) / "program.c"
            source.write_text(HIREDIS_PROGRAM)
            program = source.with_suffix("")
            compiler = shlex.split(os.environ.get("CC", "cc"))
            subprocess.run([*compiler[:1], "-O1", "-o", program, source, "-lhiredis", "-levent"],
                           check=True, timeout=60)
            done = subprocess.run([program, str(self.server.port), self.server.unix],
                                  capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


@unittest.skipUnless(redis, "python3-redis is not installed")
class RedisPy(WithServer):
    def test_blocking_pool_waits_for_a_connection(self):
        pool = redis.BlockingConnectionPool(host=self.server.host, port=self.server.port,
                                            max_connections=1, timeout=1)
        client = redis.Redis(connection_pool=pool)
        self.assertTrue(client.ping())
        held = pool.get_connection("PING")
        with self.assertRaises(redis.ConnectionError):
            client.ping()
        pool.release(held)
        self.assertTrue(client.ping())
        pool.disconnect()

    def test_a_health_check_finds_a_dead_connection(self):
        client = redis.Redis(host=self.server.host, port=self.server.port,
                             health_check_interval=0.01, single_connection_client=True,
                             retry=Retry(ConstantBackoff(0.01), 3),
                             retry_on_error=[redis.ConnectionError])
        client.set("k", 1)
        self.server.call("CLIENT", "KILL", "TYPE", "normal")
        time.sleep(0.05)
        self.assertEqual(client.get("k"), b"1")
        client.close()

    def test_monitor_and_no_tracking_are_understood(self):
        client = redis.Redis(host=self.server.host, port=self.server.port)
        with client.monitor() as monitor:
            client.set("k", "a b")
            seen = next(monitor.listen())
        self.assertEqual((seen["command"], seen["db"]), ("SET k a b", 0))
        self.assertEqual(client.client_info()["flags"], "N")
        client.close()

    def test_asyncio_works(self):
        import asyncio
        import redis.asyncio

        async def work():
            client = redis.asyncio.Redis(host=self.server.host, port=self.server.port)
            await asyncio.gather(*(client.incr("n") for _ in range(200)))
            value = await client.get("n")
            await client.close()
            await client.connection_pool.disconnect()
            return value

        self.assertEqual(asyncio.run(work()), b"200")


NODE_PROGRAM = """
const assert = require('assert');
const [port, path] = process.argv.slice(1);
(async () => {
    const Io = require('ioredis');
    for (const options of [{port: +port}, {path}]) {
        const io = new Io({...options, enableAutoPipelining: true, connectionName: 'io'});
        await io.set('k', 'v', 'EX', 100);
        assert.deepStrictEqual(await io.mget('k', 'no'), ['v', null]);
        await assert.rejects(io.incr('k'), /ERR value is not an integer/);
        const replies = await io.pipeline().incr('n').incr('n').exec();
        assert.strictEqual(replies[1][1] - replies[0][1], 1);
        await Promise.all(Array.from({length: 500}, (_, i) => io.set('a' + i, i)));
        let found = 0;
        for await (const keys of io.scanStream({match: 'a*'})) found += keys.length;
        assert.strictEqual(found, 500);
        await io.quit();
    }
    const { createClient } = require('redis');
    for (const RESP of [2, 3]) {
        const client = createClient({socket: {port: +port}, RESP});
        client.on('error', error => { throw error; });
        await client.connect();
        await client.set('k', 'w');
        assert.strictEqual(await client.get('k'), 'w');
        assert.strictEqual((await client.configGet('maxmemory')).maxmemory, '0');
        assert.strictEqual(await client.ping(), 'PONG');
        await (client.close ? client.close() : client.quit());
    }
})().catch(error => { console.error(error); process.exit(1); });
"""


@unittest.skipUnless(NODE_MODULES and shutil.which("node"),
                     "KEYRACK_NODE_MODULES names no folder with ioredis and redis in it")
class Node(WithServer):
    def test_ioredis_and_node_redis_talk_to_it(self):
        done = subprocess.run(["node", "-e", NODE_PROGRAM, "--", str(self.server.port),
                               self.server.unix], cwd=NODE_MODULES, capture_output=True,
                              text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    main()
