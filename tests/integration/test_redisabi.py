#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Modules built for Redis: the same file in our server and in redis-server, the same answers.

Each module of tests/redisabi/ is compiled once, loaded into both, and the same session of commands
is run on both, in RESP2 and in RESP3; the bytes of all replies are compared, and the values that
they leave behind.
"""
import errno
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Client, Error, Server, main, wait_for  # noqa: E402
from support.server import ORACLE, StartFailure  # noqa: E402

SOURCES = pathlib.Path(__file__).resolve().parents[1] / "redisabi"
CC = shlex.split(os.environ.get("CC", "cc"))

# Modules for Redis do not give back what they have when the server ends.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"

# Beside each module stands its session: a command a line, words as in a shell; # begins a comment.
SESSIONS = {path.stem: path.read_text() for path in sorted(SOURCES.glob("*.txt"))}
MODULES = sorted(path.stem for path in SOURCES.glob("*.c"))


# A real one: Debian's package redis-redisearch, which nobody here has compiled.
REDISEARCH = os.environ.get("REDISEARCH", "/usr/lib/redis/modules/redisearch.so")
SEARCH = r"""
    FT.CREATE idx SCHEMA title TEXT WEIGHT 5.0 body TEXT price NUMERIC SORTABLE where GEO tags TAG
    FT.ADD idx doc1 1.0 FIELDS title "hello world" body "lorem ipsum" price 10 where 13.36,38.11 tags a,b
    FT.ADD idx doc2 0.5 FIELDS title hello body "red fox" price 20 tags b
    FT.ADD idx doc3 0.7 FIELDS title other body foxes price 30 tags c
    FT.SEARCH idx hello
    FT.SEARCH idx hello WITHSCORES NOCONTENT
    FT.SEARCH idx "@price:[15 35]" SORTBY price
    FT.SEARCH idx @tags:{b} NOCONTENT
    FT.SEARCH idx "@where:[13 38 100 km]" NOCONTENT
    FT.SEARCH idx fox NOCONTENT
    FT.SEARCH idx nothing
    FT.AGGREGATE idx * GROUPBY 1 @tags REDUCE COUNT 0 AS n
    FT.INFO idx
    FT.GET idx doc2
    FT.SUGADD ac hello 1
    FT.SUGADD ac help 2
    FT.SUGGET ac he
    FT.DEL idx doc3
    FT.SEARCH idx other
    FT.EXPLAIN idx hello|world
    HSET doc9 title hello body nine price 9
    FT.ADDHASH idx doc9 1
    FT.MGET idx doc1 doc2
    DEBUG RELOAD
    FT.SEARCH idx hello NOCONTENT
    FT.SUGGET ac he WITHSCORES
    TYPE idx:idx
    DBSIZE
    FT.DROP idx
    FT.SEARCH idx hello
    DBSIZE
"""


def attempt_without(server, *words):
    """What a client that is new is told."""
    with server.client() as client:
        said = client.call(*words)
        return said.decode() if isinstance(said, Error) else said


def words_of(session):
    lines = (shlex.split(line, comments=True) for line in session.splitlines())
    return [words for words in lines if words]


@unittest.skipUnless(os.path.exists(ORACLE), "redis-server is not installed")
class SameAnswers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="redisabi-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        for name in MODULES:
            subprocess.run([*CC, "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-shared", "-fPIC", "-pthread",
                            "-o", cls.folder / f"{name}.so", SOURCES / f"{name}.c"], check=True)

    def server(self, name, binary=None):
        """A server that has loaded that module."""
        arguments = {"binary": binary} if binary else {}
        return Server("--enable-module-command", "yes", "--enable-debug-command", "yes",
                      "--loadmodule", str(self.folder / f"{name}.so"), **arguments)

    def until(self, wanted, seconds=30):
        self.assertTrue(wait_for(wanted, seconds))

    def run_on(self, binary, name, protocol):
        """The raw replies of the session, and what the keys are afterwards."""
        arguments = {"binary": binary} if binary else {}
        extra = ["--enable-module-command", "yes", "--enable-debug-command", "yes"]
        with Server(*extra, **arguments) as server, server.client() as client:
            self.assertEqual(client.call("MODULE", "LOAD", self.folder / f"{name}.so"), b"OK")
            if protocol == 3:
                client.call("HELLO", 3)
            session = SESSIONS[name].replace("{folder}", str(self.folder))
            replies = [(words, client.exchange(*words).raw) for words in words_of(session)]
            with server.client() as other:
                replies.append(("digest", other.exchange("DEBUG", "DIGEST").raw))
            return replies

    def test_sessions(self):
        for name in SESSIONS:
            for protocol in (2, 3):
                with self.subTest(module=name, protocol=protocol):
                    theirs = self.run_on(ORACLE, name, protocol)
                    ours = self.run_on(None, name, protocol)
                    for their, our in zip(theirs, ours):
                        self.assertEqual(our, their)
                    self.assertEqual(len(ours), len(theirs))

    def test_dumps_go_both_ways(self):
        extra = ["--enable-module-command", "yes", "--enable-debug-command", "yes"]
        with Server(*extra) as ours, Server(*extra, binary=ORACLE) as theirs, \
                ours.client() as here, theirs.client() as there:
            for client in (here, there):
                client.call("MODULE", "LOAD", self.folder / "shelves.so")
            for count in (0, 1, 63, 64, 5000):
                here.call("SHELVES.PUT", "k", "label" * count, *range(-count, 3 * count, 2))
                dump = here.call("DUMP", "k")
                self.assertEqual(there.call("RESTORE", "k", 0, dump, "REPLACE"), b"OK")
                self.assertEqual(there.call("DUMP", "k"), dump)
                self.assertEqual(here.call("RESTORE", "l", 0, there.call("DUMP", "k")), b"OK")
                self.assertEqual(here.call("DEBUG", "DIGEST-VALUE", "k", "l"),
                                 there.call("DEBUG", "DIGEST-VALUE", "k", "k"))
                here.call("DEL", "k", "l")

    def test_clients_come_and_go(self):
        """Connections, as a module is told of them."""
        def run(binary):
            with self.server("happenings", binary) as server, server.client() as client:
                client.call("HAPPENINGS.LOG")
                with server.client() as other:
                    other.call("SELECT", 3)
                    other.call("MULTI")
                told = client.call("HAPPENINGS.LOG")
                for _ in range(100):
                    if told.count(b"\n") > 1:
                        return told
                    time.sleep(0.01)
                    told += client.call("HAPPENINGS.LOG")
                return told

        ours = run(None)
        self.assertEqual(ours, run(ORACLE))
        self.assertEqual(ours, b"4.0 flags 0 addr 127.0.0.1 port 1 db 0 own 1\n"
                               b"4.1 flags 32 addr 127.0.0.1 port 1 db 3 own 1\n")

    def test_jobs_after_notifications(self):
        """What only 7.2 has: writes that wait for the end of the command, or of the transaction."""
        with self.server("notices") as server, server.client() as client:
            client.call("NOTICES.JOBS")
            client.call("SET", "job1", "v")
            self.assertEqual(client.call("LRANGE", "jobs", 0, -1), [b"set"])
            replies = [client.call("MULTI"), client.call("APPEND", "job1", "w"), client.call("LLEN", "jobs"),
                       client.call("DEL", "job1"), client.call("EXEC")]
            self.assertEqual(replies[-1], [2, 1, 1])
            self.assertEqual(client.call("LRANGE", "jobs", 0, -1), [b"set", b"append", b"del"])
            self.assertEqual(client.call("NOTICES.JOBS"), 3)

    def test_a_child_tells_how_far_it_is(self):
        """A heartbeat is what INFO shows; a child that is killed is not told of."""
        def run(binary):
            with self.server("forks", binary) as server, server.client() as client:
                self.assertEqual(client.call("FORKS.START", 5, 600000, 0.25), b"OK")
                self.until(lambda: b"current_fork_perc:25.00" in client.call("INFO", "persistence"))
                return [client.call("FORKS.ACTIVE"), client.call("FORKS.KILL", 0), client.call("FORKS.TOLD"),
                        client.call("FORKS.START", 5, 0, 1), client.call("FORKS.WAIT"), client.call("BGSAVE")]

        ours = run(None)
        self.assertEqual(ours, run(ORACLE))
        self.assertEqual(ours[2], [0, 0, 0])
        self.assertEqual(ours[4], [1, 5, 0])

    def test_who_takes_long_lets_others_in(self):
        """They are told that it is busy, once it has been for as long as they are to wait in silence."""
        def run(binary):
            with self.server("toils", binary) as server, server.client() as client, server.client() as other:
                client.call("CONFIG", "SET", "busy-reply-threshold", 200)
                for _ in range(2):
                    begin = time.monotonic()
                    other.send("TOILS.WORK")
                    said = []
                    self.until(lambda: said.append(client.call("PING")) or isinstance(said[-1], Error))
                    self.assertGreater(time.monotonic() - begin, 0.15)
                    said = [said[-1], client.call("TOILS.STOP"), other.read().value]
                    self.until(lambda: client.call("PING") == b"PONG")
                return said

        ours = run(None)
        self.assertEqual(ours, run(ORACLE))
        self.assertEqual(ours, [b"BUSY Toiling.", b"OK", 1])

    def test_a_thread_with_the_lock_lets_others_in(self):
        """Clients, not other threads; commands that may run beside it run."""
        def run(binary):
            with self.server("toils", binary) as server, server.client() as client, server.client() as other, \
                    server.client() as third:
                client.call("CONFIG", "SET", "busy-reply-threshold", 100)
                told = []
                for _ in range(2):
                    other.send("TOILS.THREAD")
                    said = []
                    self.until(lambda: said.append(client.call("PING")) or isinstance(said[-1], Error))
                    told += [said[-1], client.call("MULTI"), client.call("GET", "k"), client.call("DISCARD")]
                    for words in (("SET", "k", "v"), ("FUNCTION", "STATS"), ("EVAL", "return 1", "0")):
                        told.append(client.exchange(*words).raw)
                    third.send("TOILS.LOCK")
                    time.sleep(0.05)
                    told += [client.call("TOILS.STOP"), other.read().value, third.read().value]
                    self.until(lambda: client.call("PING") == b"PONG")
                    told.append(client.call("SET", "k", "v"))
                return [str(word) for word in told]

        ours = run(None)
        self.assertEqual(ours, run(ORACLE))
        self.assertIn("b'OK', 1, 1", ", ".join(ours))

    def test_lenders_stay_as_long_as_borrowers(self):
        def run(binary):
            said = []
            with self.server("borrows", binary) as server, server.client() as client:
                said.append(str(client.call("BORROWS.ADD", 1, 2)))
                said.append(client.call("MODULE", "LOAD", self.folder / "lends.so"))
                said.append(client.call("BORROWS.ADD", 1, 2))
                said.append(isinstance(client.call("MODULE", "UNLOAD", "lends"), Error))
                said.append(client.call("BORROWS.ADD", 3, 4))
                said.append(client.call("MODULE", "UNLOAD", "borrows"))
                said.append(client.call("MODULE", "UNLOAD", "lends"))
                said.append(client.call("MODULE", "LOAD", self.folder / "borrows.so"))
                said.append(str(client.call("BORROWS.ADD", 1, 2)))
            return said

        ours = run(None)
        self.assertEqual(ours, run(ORACLE))
        self.assertIs(ours[3], True)

    def test_what_only_later_servers_have(self):
        """Answers for which the oracle has no function."""
        with self.server("clusters") as server, server.client() as client:
            client.call("MODULE", "LOAD", self.folder / "blocks.so")
            client.call("MODULE", "LOAD", self.folder / "moves.so")
            client.call("MODULE", "LOAD", self.folder / "calls.so")
            self.assertEqual(client.call("BLOCKS.LATER"), [1, 1])
            self.assertEqual(client.call("CLUSTERS.NODE", "0" * 40), 1)
            self.assertEqual(client.call("CLUSTERS.SLOT", "foo"), 12182)
            self.assertEqual(client.call("CLUSTERS.SLOT", "a{foo}b"), 12182)
            self.assertEqual(client.call("MOVES.ASK"), [0, 0, 0, 1, 1, 0, -1])
            # 7.0 finds no attribute before it has been asked for the type, and ends when it has one.
            self.assertEqual(client.call("CALLS.ATTRIBUTE", "debug", "protocol", "attrib"), [
                1, 0, 1, [0, 14, b"key-popularity"], [3, 2, [[0, 7, b"key:123"], [2, 0, b"90"]]],
                [0, 39, b"Some real reply following the attribute"]])
            client.call("SET", "k", "v")
            # D: nothing runs, and an error is what would be one.
            self.assertEqual(client.call("CALLS.RUN", "D", "set", "k", "w"), 0)
            self.assertEqual(client.call("GET", "k"), b"v")
            self.assertIn("unknown command 'nosuch'", str(client.call("CALLS.RUN", "D", "nosuch")))
            self.assertIn("wrong number of arguments", str(client.call("CALLS.RUN", "D", "get")))
            self.assertIn("write is not allowed", str(client.call("CALLS.RUN", "DW", "set", "k", "w")))

    def test_odds_that_only_later_servers_have(self):
        with self.server("odds") as server, server.client() as client:
            self.assertEqual(client.call("ODDS.LATER"), [1, 15, 0, 1])
            row = client.call("COMMAND", "INFO", "ODDS.LATER")[0]
            self.assertLessEqual({b"@geo", b"@bitmap"}, set(row[6]))
            self.assertNotIn(b"@hash", row[6])
            self.assertEqual(client.exchange("ODDS.ERROR", "1+1", "3").raw, b"-ODD 1+1 is not 3\r\n")
            # As long as it is, on one line.
            long = "x" * 100000
            self.assertEqual(client.exchange("ODDS.ERROR", long, "3").raw, f"-ODD {long} is not 3\r\n".encode())
            self.assertEqual(client.exchange("ODDS.ERROR", "a\r\nb", "3").raw, b"-ODD a  b is not 3\r\n")
            self.assertEqual([client.call("ODDS.DENIED", "somebody", "it-wanted", reason) for reason in (2, 9)], [0, 1])
            self.assertRegex(server.log(), "somebody.*it-wanted")
            client.call("MODULE", "LOAD", self.folder / "filters.so")
            client.call("FILTERS.ON", 0)
            with server.client() as other:
                self.assertEqual(client.call("FILTERS.WHO"), client.call("CLIENT", "ID"))
                self.assertEqual(other.call("FILTERS.WHO"), other.call("CLIENT", "ID"))
            client.call("FILTERS.OFF")

    def test_a_guest_may_replicate_others_than_the_command(self):
        def run(binary):
            with self.server("odds", binary) as server, server.client() as client:
                client.call("CONFIG", "SET", "appendonly", "yes")
                self.until(lambda: all(field in client.call("INFO", "persistence") for field in (
                    b"aof_rewrite_in_progress:0", b"aof_rewrite_scheduled:0")))
                said = [client.call("ODDS.REPLICATE", "k", "word", 5), client.call("DBSIZE")]
                said.append(client.call("DEBUG", "LOADAOF"))
                return said + [client.call("GET", "k"), client.call("GET", "odd-number"),
                               client.call("LRANGE", "odd-list", 0, -1), client.call("DBSIZE")]

        ours = run(None)
        self.assertEqual(ours, run(ORACLE))
        self.assertEqual(ours, [[0, 0, 0, 1, 1], 0, b"OK", b"word", b"5", [b"k", b"word", b"5"], 3])

    def test_a_guest_is_told_that_who_waited_has_gone(self):
        def run(binary):
            with self.server("odds", binary) as server, server.client() as client, server.client() as waiter:
                def settle(count):
                    self.until(lambda: f"blocked_clients:{count}\r".encode() in client.call("INFO", "clients"))

                waiter.send("ODDS.WAIT")
                settle(1)
                said = [client.call("ODDS.GO", "word"), waiter.read().value]
                self.until(lambda: said.append(client.call("ODDS.TOLD")) or said[-1])
                waiter.send("ODDS.WAIT")
                settle(1)
                waiter.close()
                settle(0)
                self.until(lambda: said.append(said.pop() + client.call("ODDS.TOLD")) or b"free" in said[-1][9:])
                return [word for word in said if word]

        ours = run(None)
        self.assertEqual(ours, run(ORACLE))
        self.assertEqual(ours, [b"OK", [1, b"word"], b"free word gone free-gone gone "])

    def test_what_a_type_says_at_its_load_is_in_the_log(self):
        def run(binary):
            with self.server("odds", binary) as server, server.client() as client:
                for words in (("ODDS.THROUGH", 7), ("ODDS.THROUGH", 8), ("ODDS.LOAD", "x")):
                    client.call(*words)
                return re.findall(r"\bodds\W+((?:no number|never|through).*)", server.log())

        ours = run(None)
        self.assertEqual(ours, run(ORACLE))
        self.assertEqual(ours, ["never a 7", "through the context: 8", "no number of version 0"])

    def test_a_failed_assertion_ends_the_server(self):
        with self.server("odds") as server, server.client() as client:
            client.send("ODDS.ASSERT")
            self.assertEqual(server.wait_exit(60), -signal.SIGABRT)
            self.assertIn("1 == 2 at odds.c:7", server.log())
            server.process = None  # it has not ended well, and need not

    def test_who_loads_long_lets_others_in(self):
        """However long commands are waited for in silence: they are told that it is loading."""
        def run(binary):
            with self.server("toils", binary) as server, server.client() as client, \
                    server.client(timeout=60) as other:
                client.call("CONFIG", "SET", "busy-reply-threshold", 600000)
                client.call("TOILS.PUT", "k")
                other.send("DEBUG", "RELOAD")
                said = []
                self.until(lambda: said.append(client.call("PING")) or isinstance(said[-1], Error))
                return [str(said[-1]), client.call("TOILS.STOP"), other.read().value, client.call("TOILS.GET", "k")]

        ours = run(None)
        self.assertEqual(ours, run(ORACLE))
        self.assertIn("LOADING", ours[0])
        self.assertEqual(ours[1:], [b"OK", b"OK", 1])

    def test_a_client_waits_for_the_end_of_a_key(self):
        with self.server("queues") as server, server.client() as client, server.client() as waiter:
            client.call("RPUSH", "k", "v")
            waiter.send("QUEUES.GONE", "k")
            self.until(lambda: b"blocked_clients:1" in client.call("INFO", "clients"))
            client.call("RPUSH", "k", "w")
            client.call("QUEUES.SIGNAL", "k")
            self.assertIn(b"blocked_clients:1", client.call("INFO", "clients"))
            client.call("DEL", "k")
            self.assertEqual(waiter.read().value, b"k")

    def test_a_key_is_seen_before_it_goes(self):
        """An event of 7.2: the value can still be read, through the handle, by opening it and by commands."""
        session = [
            ("SET k v", ""), ("SET k word", "overwritten k 1 1"), ("DEL k", "deleted k 1 4"),
            ("SET n 1", ""), ("INCR n", ""), ("INCRBYFLOAT n 1.5", ""), ("APPEND n 0", ""), ("SETRANGE n 0 9", ""),
            ("GETSET n 7", "overwritten n 1 4"), ("GETDEL n", "deleted n 1 1"),
            ("MSET a 1 b 2", ""), ("MSET a 1 b 2", "overwritten a 1 1 overwritten b 1 1"),
            ("UNLINK a b", "deleted a 1 1 deleted b 1 1"),
            ("SET k v", ""), ("EXPIRE k -1", "expired k 1 1"), ("SET k v", ""), ("GETEX k PXAT 1", "expired k 1 1"),
            ("SET k vw PX 1", ""), ("PAUSE", "expired k 1 2"), ("EXISTS k", ""),
            ("RPUSH l a", ""), ("RPUSH l b", ""), ("LPOP l", ""), ("RPOP l", "deleted l 2 *"),
            ("RPUSH l a b", ""), ("LREM l 0 a", ""), ("LREM l 0 b", "deleted l 2 *"),
            ("RPUSH l a", ""), ("LTRIM l 1 0", "deleted l 2 *"), ("RPUSH l a", ""), ("LMOVE l m LEFT LEFT", "deleted l 2 *"),
            ("SADD s 1", ""), ("SREM s 1", "deleted s 4 *"), ("SADD s a", ""), ("SPOP s", "deleted s 4 *"),
            ("SADD s a b", ""), ("SPOP s 2", "deleted s 4 *"), ("SADD s a", ""), ("SMOVE s t a", "deleted s 4 *"),
            ("HSET h f v", ""), ("HDEL h f", "deleted h 3 *"),
            ("ZADD z 1 a", ""), ("ZREM z a", "deleted z 5 *"), ("ZADD z 1 a", ""), ("ZPOPMIN z", "deleted z 5 *"),
            ("ZADD z 1 a", ""), ("ZREMRANGEBYSCORE z -inf inf", "deleted z 5 *"),
            ("XADD x 1-1 f v", ""), ("XDEL x 1-1", ""), ("DEL x", "deleted x 7 0"),
            ("SET k v", ""), ("RENAME k r", "deleted k 1 1"), ("SET k vw", ""),
            ("RENAME k r", "deleted r 1 1 deleted k 1 2"), ("MOVE r 1", "deleted r 1 2"),
            ("SET k v", ""), ("COPY k c", ""), ("SET c two", "overwritten c 1 1"), ("COPY k c REPLACE", "deleted c 1 3"),
            ("SUNIONSTORE c t", "overwritten c 1 1"), ("SUNIONSTORE c none", "deleted c 4 1"),
            ("SORT m ALPHA STORE k", "overwritten k 1 1"), ("SORT none STORE k", "deleted k 2 1"),
            ("ZADD z 1 a", ""), ("ZUNIONSTORE z 1 t", "overwritten z 5 1"), ("BITOP NOT z z", None), ("FLUSHALL", ""),
        ]
        with self.server("farewells") as server, server.client() as client:
            for line, wanted in session:
                if line == "PAUSE":
                    time.sleep(0.01)
                    self.until(lambda: client.call("EXISTS", "k") == 0)
                else:
                    said = client.call(*line.split())
                    self.assertEqual(isinstance(said, Error), wanted is None, f"{line}: {said}")
                told = []
                for text in client.call("FAREWELLS.LOG").decode().splitlines():
                    end, key, _, _, _, kind, _, length, _, again, _, asked = text.split()
                    self.assertEqual(again, length)
                    self.assertEqual(asked, length)
                    told += [end, key, kind, length]
                wanted = wanted.split() if wanted else []
                self.assertEqual(len(told), len(wanted), f"{line}: {told}")
                for ours, theirs in zip(told, wanted):
                    self.assertTrue(theirs in (ours, "*"), f"{line}: {told}")

    def test_who_sees_a_key_go_may_meddle(self):
        with self.server("farewells") as server, server.client() as client:
            client.call("FAREWELLS.MEDDLE", "dma")
            client.call("SET", "n", 12345)
            self.assertEqual(client.call("SET", "n", 6), b"OK")
            self.assertEqual(client.call("DEL", "n"), 1)
            client.call("FAREWELLS.MEDDLE", "set")
            client.call("MSET", "k", 1, "beside", 2)
            self.assertEqual(client.call("DEL", "k"), 1)
            self.assertEqual(client.call("GET", "beside"), b"x")
            client.call("SET", "k", "v")
            self.assertEqual(client.call("RENAME", "k", "beside"), b"OK")
            self.assertEqual(client.call("GET", "beside"), b"v")
            client.call("FAREWELLS.MEDDLE", "del")
            client.call("RPUSH", "l", "a")
            self.assertEqual(client.call("LPOP", "l"), b"a")
            client.call("MSET", "k", 1, "l", 2)
            self.assertEqual(client.call("SET", "k", 3), b"OK")
            self.assertEqual(client.call("RENAME", "k", "l"), b"OK")
            client.call("SET", "k", "v", "PX", 1)
            time.sleep(0.01)
            self.assertIsNone(client.call("GET", "k"))
            client.call("FLUSHALL")
            client.call("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
            for word in (b"none", b"dma", b"set", b"del"):
                client.call("FAREWELLS.MEDDLE", word)
                for i in range(100):
                    client.call("SET", f"k{i}", i)
                client.call("CONFIG", "SET", "maxmemory", 1)
                self.until(lambda: client.call("DBSIZE") <= 1)
                client.call("CONFIG", "SET", "maxmemory", 0)
                self.assertIn(b"evicted k", client.call("FAREWELLS.LOG"))
            self.assertEqual(client.call("MODULE", "UNLOAD", "farewells"), b"OK")
            client.call("SET", "k", "v")
            self.assertEqual(client.call("DEL", "k"), 1)

    def test_everything_is_saved_and_loaded(self):
        with self.server("datasets") as server, server.client() as client:
            client.call("MODULE", "LOAD", self.folder / "shelves.so")
            client.call("SHELVES.PUT", "s", "label", 1, 2, 3)
            client.call("SET", "k", "v", "PX", 10 ** 9)
            digest = client.call("DEBUG", "DIGEST")
            path = self.folder / "whole.rdb"
            self.assertEqual(client.call("DATASETS.SAVE", path, 1), errno.EINVAL)
            self.assertEqual(client.call("DATASETS.SAVE", "/nowhere/x.rdb", 0), errno.ENOENT)
            self.assertEqual(client.call("DATASETS.SAVE", path, 0), 0)
            client.call("SET", "other", "x")
            self.assertEqual(client.call("DATASETS.LOAD", path, 1), errno.EINVAL)
            self.assertEqual(client.call("DBSIZE"), 3)
            self.assertEqual(client.call("DATASETS.LOAD", path, 0), 0)
            self.assertEqual(client.call("DEBUG", "DIGEST"), digest)
            self.assertEqual(client.call("DATASETS.LOAD", self.folder / "none.rdb", 0), errno.ENOENT)
            self.assertEqual(client.call("DBSIZE"), 0)
            whole = path.read_bytes()
            path.write_bytes(whole[:-12])
            self.assertEqual(client.call("DATASETS.LOAD", path, 0), errno.EIO)
            self.assertEqual(client.call("PING"), b"PONG")

    def test_what_a_log_has_is_begun_anew(self):
        """After a load and a reset the log tells what there is."""
        with self.server("datasets") as server, server.client() as client:
            client.call("CONFIG", "SET", "appendonly", "yes")
            client.call("SET", "k", "v")
            path = self.folder / "log.rdb"
            self.assertEqual(client.call("DATASETS.SAVE", path, 0), 0)

            def settle():
                self.until(lambda: all(field in client.call("INFO", "persistence") for field in (
                    b"aof_rewrite_in_progress:0", b"aof_rewrite_scheduled:0")))

            settle()
            client.call("SET", "later", "x")
            self.assertEqual(client.call("DATASETS.LOAD", path, 0), 0)
            settle()
            self.assertEqual(client.call("DEBUG", "LOADAOF"), b"OK")
            self.assertEqual(client.call("KEYS", "*"), [b"k"])
            client.call("DATASETS.RESET", 1, 0)
            settle()
            self.assertEqual(client.call("DEBUG", "LOADAOF"), b"OK")
            self.assertEqual(client.call("DBSIZE"), 0)

    def test_the_readme_tells_which_functions_there_are(self):
        """Each function of the list stands in the table, and each of the table is there or lacks as it says."""
        module = SOURCES.parents[1] / "modules" / "redisabi"
        listed = re.findall(r"^FUNCTION\([^,]+, (\w+)", (module / "functions.h").read_text(), re.M)
        tables = (module / "README.md").read_text().split("## Functions")[1]
        rows = re.findall(r"^\| (\w+) \|(?: [\d.]* \|)? ([^|]+) \|$", tables, re.M)
        states = {name: state for name, state in rows if name != "function"}
        self.assertEqual(len(states), len([name for name, _ in rows if name != "function"]), "a name stands twice")
        self.assertEqual({name for name, state in states.items() if not state.startswith("lacking: ")}, set(listed))
        with self.server("names") as server, server.client() as client:
            for prefix in ("RedisModule_", "ValkeyModule_"):
                names = sorted(states)
                known = client.call("NAMES.KNOWN", *(prefix + name for name in names))
                self.assertEqual(known, [int(not states[name].startswith("lacking: ")) for name in names])

    def test_all_that_is_there_is_called(self):
        """By one of the modules here, whose answers are compared."""
        exceptions = {}  # name: why no module can call it
        tables = (SOURCES.parents[1] / "modules" / "redisabi" / "README.md").read_text().split("## Functions")[1]
        there = set(re.findall(r"^\| (\w+) \| there\b", tables, re.M))
        called = set(re.findall(r"RedisModule_(\w+)", "".join(path.read_text() for path in SOURCES.glob("*.[ch]"))))
        self.assertGreater(len(there), 200)
        self.assertEqual(there - called, set(exceptions))

    def test_the_version_is_a_parameter(self):
        with self.server("names") as server, server.client() as client:
            def version():
                return client.call("NAMES.VERSION")

            told = [int(part) for part in re.search(rb"redis_version:(\S+)", client.call("INFO")).group(1).split(b".")]
            self.assertEqual(version(), told[0] << 16 | told[1] << 8 | told[2])
            self.assertEqual(client.call("CONFIG", "SET", "redisabi.server-version", "8.2.1"), b"OK")
            self.assertEqual(version(), 8 << 16 | 2 << 8 | 1)
            for wrong in ("8.2", "8.2.1.1", "x", "8.2.256", "8..1", "8.2.1x", "-1.2.3"):
                self.assertIsInstance(client.call("CONFIG", "SET", "redisabi.server-version", wrong), Error, wrong)
            self.assertEqual(version(), 8 << 16 | 2 << 8 | 1)
            self.assertEqual(client.call("CONFIG", "SET", "redisabi.server-version", ""), b"OK")
            self.assertEqual(version(), told[0] << 16 | told[1] << 8 | told[2])

    def test_files_go_both_ways(self):
        """Snapshots and logs of either server, with values of guests and what they keep beside them."""
        modules = [word for name in ("shelves", "boxes", "places") for word in
                   ("--loadmodule", str(self.folder / f"{name}.so"))]

        def fill(client):
            for db in (0, 5):
                client.call("SELECT", db)
                for i in range(50):
                    client.call("SHELVES.PUT", f"shelf:{i}", "label" * i, *range(-i, i))
                    client.call("BOXES.PUT", f"box:{i}", i * 10 ** 9)
                    client.call("PLACES.PUT", f"place:{i}", f"{i}.3333333333")
                    client.call("SET", f"plain:{i}", "x" * i)
                client.call("PEXPIRE", "box:1", 10 ** 9)
            client.call("SELECT", 0)
            client.call("BOXES.NOTE", 77, "before")
            client.call("BOXES.NOTE", -3, "after")

        def seen(client):
            client.call("SELECT", 0)
            return [client.call("DEBUG", "DIGEST"), client.call("BOXES.NOTES"), client.call("PLACES.GET", "place:7"),
                    client.call("SHELVES.LABEL", "shelf:3"), client.call("DBSIZE"), client.call("PTTL", "box:1") > 0]

        def write(folder, extra, binary):
            with Server("--enable-debug-command", "yes", "--dir", folder, *modules, *extra, **binary) as server, \
                    server.client() as client:
                fill(client)
                if "--appendonly" in extra:
                    client.call("BGREWRITEAOF")
                    self.until(lambda: all(field in client.call("INFO", "persistence") for field in (
                        b"aof_rewrite_in_progress:0", b"aof_rewrite_scheduled:0")))
                    client.call("SHELVES.PUT", "later", "tail", 1, 2)
                else:
                    self.assertEqual(client.call("SAVE"), b"OK")
                return seen(client)

        def read(folder, extra, binary):
            with Server("--enable-debug-command", "yes", "--dir", folder, *modules, *extra, **binary) as server, \
                    server.client() as client:
                return seen(client)

        ours, theirs = {}, {"binary": ORACLE}
        for extra in ((), ("--appendonly", "yes", "--save", "")):
            for writer, reader in ((ours, theirs), (theirs, ours)):
                with self.subTest(log=bool(extra), writer="ours" if writer is ours else "theirs"), \
                        tempfile.TemporaryDirectory() as folder:
                    before = write(folder, extra, writer)
                    self.assertEqual(read(folder, extra, reader), before)

    def test_users_have_no_rules_here(self):
        with self.server("users") as server, server.client() as client, server.client() as other:
            rules = client.call("USERS.RULES")
            self.assertEqual(rules[0], [1, errno.ENOTSUP])
            self.assertIn(b"only the default user can log in", rules[2])
            self.assertEqual(rules[3][0], 1)
            # Whoever has logged a client in is told when it goes, once.
            other.call("USERS.LOGIN", "default")
            other.call("USERS.LOGIN", "default")
            self.assertEqual(client.call("USERS.LOGOUTS"), 1)
            other.call("RESET")
            self.assertEqual(client.call("USERS.LOGOUTS"), 2)
            other.call("USERS.LOGIN", "default")
            other.close()
            self.until(lambda: client.call("USERS.LOGOUTS") == 3)
            client.call("USERS.LOGIN", "default")
            self.assertEqual(client.call("MODULE", "UNLOAD", "users"), b"OK")
            self.assertEqual(client.call("RESET"), b"RESET")

    def test_a_login_is_one(self):
        """It serves in place of the password."""
        def run(binary):
            with self.server("users", binary) as server, server.client() as client:
                client.call("CONFIG", "SET", "requirepass", "secret")
                with server.client() as other:
                    said = [str(other.call("PING")), str(other.call("USERS.LOGIN", "nobody")), str(other.call("PING"))]
                    return said + [other.call("USERS.LOGIN", "default"), other.call("PING")]

        ours = run(None)
        self.assertEqual(ours, run(ORACLE))
        self.assertEqual(ours[-1], b"PONG")

    def test_a_guest_says_who_is_let_in(self):
        """What 7.2 has: callbacks that AUTH and HELLO ask before the password."""
        wrong = "WRONGPASS invalid username-password pair or user is disabled."
        both = "second:{0}:{1} first:{0}:{1} "
        with self.server("porters") as server, server.client() as client:
            client.call("CONFIG", "SET", "requirepass", "secret")

            def attempt(*words):
                """The answer, whether the client is in then, and who was asked."""
                with server.client() as other:
                    said = other.call(*words)
                    here = not isinstance(other.call("PING"), Error)
                    return said.decode() if isinstance(said, Error) else said, here, client.call("PORTERS.LOG").decode()

            self.assertEqual(attempt("AUTH", "ann", "admit"), (b"OK", True, both.format("ann", "admit")))
            self.assertEqual(attempt("AUTH", "second"), (b"OK", True, "second:default:second "))
            self.assertEqual(attempt("AUTH", "deny"), (wrong, False, both.format("default", "deny")))
            self.assertEqual(attempt("AUTH", "ann", "nobody")[:2], (wrong, False))
            self.assertEqual(attempt("AUTH", "ann", "error")[:2], ("ERR no guests today", False))
            self.assertEqual(attempt("AUTH", "ann", "code")[:2], ("CLOSED today", False))
            self.assertEqual(attempt("AUTH", "ann", "pass")[:2], (wrong, False))
            self.assertEqual(attempt("AUTH", "ann", "secret")[:2], (wrong, False))
            waits = both + "later:{0}:{1} "
            self.assertEqual(attempt("AUTH", "ann", "wait-admit"), (b"OK", True, waits.format("ann", "wait-admit")))
            self.assertEqual(attempt("AUTH", "ann", "wait-error")[:2], ("ERR no guests today", False))
            self.assertEqual(attempt("AUTH", "ann", "wait-deny")[:2], (wrong, False))
            self.assertEqual(attempt("AUTH", "ann", "wait-pass")[:2], (wrong, False))
            self.assertEqual(attempt("AUTH", "ann", "wait-abort"), (wrong, False, both.format("ann", "wait-abort")))
            # One waits after the other.
            said, here, log = attempt("AUTH", "twice", "wait-pass")
            self.assertEqual((said, here), (wrong, False))
            self.assertEqual([line.split(":")[0] for line in log.split()], ["second", "first", "later", "first", "later"])
            # HELLO goes on with all that it does.
            for password in ("admit", "wait-admit"):
                with server.client() as other:
                    said = other.call("HELLO", 3, "AUTH", "ann", password, "SETNAME", "me")
                    self.assertEqual(dict(said)[b"proto"], 3)
                    self.assertEqual(other.call("CLIENT", "GETNAME"), b"me")
            self.assertEqual(attempt("HELLO", 3, "AUTH", "ann", "wait-error")[:2], ("ERR no guests today", False))
            # What is not well formed asks nobody; who is gone is not waited for.
            client.call("PORTERS.LOG")
            self.assertIn("syntax", attempt("AUTH", "a", "b", "c")[0])
            with server.client() as other:
                other.send("AUTH", "ann", "wait-admit")
                self.until(lambda: client.call("PORTERS.LOG"))
            self.until(lambda: client.call("MODULE", "UNLOAD", "porters") == b"OK")
            self.assertEqual(attempt_without(server, "AUTH", "admit"), wrong)
            self.assertEqual(attempt_without(server, "AUTH", "secret"), b"OK")

    def test_calls_may_wait(self):
        """What 7.2 has: RM_Call with K, whose reply may be a promise."""
        with self.server("errands") as server, server.client() as client, server.client() as other:
            def come(wanted):
                self.until(lambda: client.call("EXISTS", "nosuch") == 0 and self.told(client, "ERRANDS.LOG", wanted))

            # What need not wait does not.
            self.assertEqual(client.call("ERRANDS.RUN", "K", "set", "k", "v"), b"OK")
            client.call("RPUSH", "l", "a")
            self.assertEqual(client.call("ERRANDS.RUN", "K", "blpop", "l", 0), [b"l", b"a"])
            self.assertIn(b"wrong number", client.call("ERRANDS.RUN", "KE", "get"))
            self.assertIsNone(client.call("ERRANDS.RUN", "", "blpop", "l", 0))
            # What waits is answered later, in its own database.
            client.call("SELECT", 3)
            self.assertEqual(client.call("ERRANDS.RUN", "K", "blpop", "l", 0), b"promise")
            self.assertIn(b"blocked_clients:1", client.call("INFO", "clients"))
            other.call("RPUSH", "l", "wrong")
            client.call("RPUSH", "l", "b")
            come(b"1:0:*2\r\n$1\r\nl\r\n$1\r\nb\r\n")
            self.assertEqual(client.call("ERRANDS.ABORT"), [1, 0])
            client.call("SELECT", 0)
            self.assertEqual(client.call("ERRANDS.RUN", "K3", "bzpopmin", "z", "0.01"), b"promise")
            come(b"1:0:_\r\n")
            self.assertEqual(client.call("ERRANDS.RUN", "K", "xread", "block", 0, "streams", "x", "$"), b"promise")
            big = b"v" * 100000
            client.call("XADD", "x", "1-1", "f", big)
            come(b"1:0:*1\r\n*2\r\n$1\r\nx")
            # Two at a time, one of which is given up.
            client.call("DEL", "l")
            self.assertEqual(client.call("ERRANDS.RUN", "K", "blpop", "l", 0), b"promise")
            self.assertEqual(client.call("ERRANDS.RUN", "K", "blpop", "m", 0), b"promise")
            self.assertIn(b"blocked_clients:2", client.call("INFO", "clients"))
            self.assertEqual(client.call("ERRANDS.ABORT"), [0, 1])
            self.until(lambda: b"blocked_clients:1" in client.call("INFO", "clients"))
            client.call("RPUSH", "m", "kept")
            client.call("RPUSH", "l", "c")
            come(b"1:0:*2\r\n$1\r\nl\r\n$1\r\nc\r\n")
            self.assertEqual(client.call("LRANGE", "m", 0, -1), [b"kept"])
            # A client that waits with the call; in a transaction, too, it is the call that waits.
            other.send("ERRANDS.WAIT", "brpop", "l", 0)
            self.until(lambda: b"blocked_clients:2" in client.call("INFO", "clients"))
            client.call("RPUSH", "l", "d")
            self.assertEqual(other.read().value, [b"l", b"d"])
            replies = [client.call(*words.split()) for words in (
                "MULTI", "ERRANDS.RUN K blpop l 0", "RPUSH l e", "EXEC")]
            self.assertEqual(replies[-1], [b"promise", 1])
            come(b"1:0:*2\r\n$1\r\nl\r\n$1\r\ne\r\n")
            # A call within a call.
            self.assertEqual(client.call("ERRANDS.RUN", "K", "errands.run", "K", "blpop", "l", 0), b"promise")
            self.assertEqual(client.call("ERRANDS.RUN", "K", "errands.wait", "blpop", "l", 0), b"promise")
            self.assertIsInstance(client.call("MODULE", "UNLOAD", "errands"), Error)
            client.call("RPUSH", "l", "f", "g")
            come(b"1:0:*2\r\n$1\r\nl\r\n$1\r\nf\r\n1:0:*2\r\n$1\r\nl\r\n$1\r\ng\r\n")
            # Its client is cut off.
            self.assertEqual(client.call("ERRANDS.RUN", "K", "blpop", "l", 0), b"promise")
            self.assertGreater(client.call("CLIENT", "KILL", "SKIPME", "yes", "ADDR", "redisabi:0"), 0)
            come(b"1:0:-UNBLOCKED")
            self.until(lambda: client.call("MODULE", "UNLOAD", "errands") == b"OK")
            self.until(lambda: client.call("MODULE", "UNLOAD", "redisabi") == b"OK")

    said = b""

    def told(self, client, command, wanted):
        """Has it been told of that, at last?  And of nothing else."""
        self.said += client.call(command)
        if not self.said.startswith(wanted):
            self.assertTrue(wanted.startswith(self.said), self.said)
            return False
        self.said = b""
        return True

    def test_a_wait_for_a_login_needs_one(self):
        with self.server("porters") as server, server.client() as client:
            self.assertIn("not currently undergoing", str(client.call("PORTERS.BLOCK")))
            self.assertEqual(client.call("MULTI"), b"OK")
            client.call("AUTH", "ann", "wait-admit")
            self.assertIn("Blocking module command called from transaction", str(client.call("EXEC")))
            self.assertEqual(client.call("PING"), b"PONG")

    def test_guests_go_with_all_they_have(self):
        """Timers, descriptors, filters, subscriptions, INFO: unloaded while they are in use."""
        with Server("--enable-debug-command", "yes") as server, server.client() as client:
            for _ in range(5):
                for name in ("timers", "filters", "notices", "happenings", "figures"):
                    self.assertEqual(client.call("MODULE", "LOAD", self.folder / f"{name}.so"), b"OK")
                for words in (("TIMERS.START", 5, "counted"), ("TIMERS.START", 5000, "later"), ("TIMERS.PIPE", "make"),
                              ("TIMERS.PIPE", "write", "abc"), ("FILTERS.ON", 0), ("SET", "k", "@replace"),
                              ("TIMERS.ONCE", "word")):
                    self.assertNotIsInstance(client.call(*words), Error)
                for name in ("timers", "filters", "notices", "happenings", "figures"):
                    self.assertEqual(client.call("MODULE", "UNLOAD", name), b"OK")
                self.assertEqual(client.call("ECHO", "@replace"), b"@replace")
                self.assertEqual(client.call("FLUSHALL"), b"OK")
                self.assertNotIn(b"figures", client.call("INFO", "everything").replace(b"module:name=", b""))
            time.sleep(0.05)
            self.assertEqual(client.call("PING"), b"PONG")

    def test_values_outlive_the_module(self):
        with Server("--enable-debug-command", "yes") as server, server.client() as client:
            path = self.folder / "shelves.so"
            client.call("MODULE", "LOAD", path)
            client.call("SHELVES.PUT", "k", "label", 1, 2, 3)
            dump = client.call("DUMP", "k")
            self.assertEqual(client.call("MODULE", "UNLOAD", "shelves"), b"OK")
            self.assertEqual(client.call("DUMP", "k"), dump)
            self.assertEqual(client.call("MODULE", "LOAD", path), b"OK")
            self.assertEqual(client.call("SHELVES.SUM", "k"), 6)

    def test_a_snapshot_by_steps_says_at_which_key_a_value_is_weighed(self):
        """Was: effort and memory were asked without a key."""
        with self.server("places") as server, server.client() as client:
            client.call("CONFIG", "SET", "snapshot-method", "walk")
            client.call("SELECT", 3)
            client.call("PLACES.PUT", "here", 1)
            client.call("PLACES.TOLD")
            client.call("BGSAVE")
            end = time.monotonic() + 30
            while b"rdb_bgsave_in_progress:0" not in client.call("INFO", "persistence"):
                self.assertLess(time.monotonic(), end)
                time.sleep(0.01)
            told = client.call("PLACES.TOLD").decode().splitlines()
            self.assertIn("memory 3 here", told)
            self.assertIn("save 3 here", told)

    def test_who_has_nothing_to_save_beside_values_saves_nothing(self):
        """aux_save2, of 7.2's type methods.  Was: neither asked nor refused."""
        subprocess.run([*CC, "-g", "-O1", "-shared", "-fPIC", "-DBOXES_SAVE_NOTHING_FOR_ZERO",
                        "-o", self.folder / "boxes_some.so", SOURCES / "boxes.c"], check=True)
        with self.server("boxes_some") as server, server.client() as client:
            client.call("BOXES.NOTE", 77, "before")
            self.assertEqual(client.call("SAVE"), b"OK")
            client.call("BOXES.NOTE", 1, "before")
            client.call("BOXES.NOTE", 2, "after")
            self.assertEqual(client.call("DEBUG", "RELOAD", "NOSAVE"), b"OK")
            self.assertEqual(client.call("BOXES.NOTES"), [77, 2])

    def test_what_is_saved_beside_values_is_saved_by_who_came_late(self):
        with self.server("boxes") as server, server.client() as client:
            client.call("BOXES.NOTE", 77, "before")
            client.call("BOXES.NOTE", 5, "after")
            modules = dict((row[1], row[5]) for row in client.call("MODULE", "LIST"))
            self.assertEqual(client.call("MODULE", "UNLOAD", "rdb"), b"OK")
            self.assertEqual(client.call("MODULE", "LOAD", modules[b"rdb"]), b"OK")
            self.assertEqual(client.call("SAVE"), b"OK")
            client.call("BOXES.NOTE", 1, "before")
            client.call("BOXES.NOTE", 1, "after")
            self.assertEqual(client.call("DEBUG", "RELOAD", "NOSAVE"), b"OK")
            self.assertEqual(client.call("BOXES.NOTES"), [77, 5])

    def test_a_file_is_kept_whole_while_its_module_is_away(self):
        path = self.folder / "boxes.so"
        beside = re.compile(rb"\xf7\x81.*?note\x00", re.S)  # what boxes.c writes there
        with Server("--enable-module-command", "yes", "--loadmodule", str(path)) as server:
            with server.client() as client:
                client.call("BOXES.NOTE", 77, "before")
                client.call("BOXES.NOTE", 5, "after")
                client.call("BOXES.PUT", "k", 9)
                client.call("SET", "s", "v")
                self.assertEqual(client.call("SAVE"), b"OK")
            file = server.dir / "dump.rdb"
            server.stop()
            server.arguments = ["--enable-module-command", "yes"]
            server.start()
            with server.client() as client:
                self.assertEqual(client.call("OBJECT", "ENCODING", "k"), b"sealed")
                before = beside.findall(file.read_bytes())
                self.assertEqual(len(before), 2)
                self.assertEqual(client.call("SAVE"), b"OK")
                self.assertEqual(beside.findall(file.read_bytes()), before)
                self.assertEqual(client.call("MODULE", "LOAD", path), b"OK")
                self.assertEqual(client.call("BOXES.NOTES"), [77, 5])
                self.assertEqual(client.call("BOXES.GET", "k"), 9)
                self.assertEqual(client.call("SAVE"), b"OK")
                self.assertEqual(beside.findall(file.read_bytes()), before)
            server.stop()
            # As Redis does it, if that is asked for.
            server.arguments = ["--load-absent-modules", "no"]
            for words in ("AUX module data I can't load: no matching module 'boxes-one'",
                          "module data I can't load: no matching module type 'boxes-one'"):
                with self.assertRaises(StartFailure) as caught:
                    server.start()
                self.assertEqual(caught.exception.status, 1)
                self.assertIn(words, server.log())
                data = beside.sub(b"", file.read_bytes())
                file.write_bytes(data[:-8] + bytes(8))  # no checksum
            server.arguments = []
            server.start()

    def test_a_walk_is_told_as_a_save_in_the_background(self):
        def told(client):
            lines = client.call("HAPPENINGS.LOG").decode().split("\n")
            return [line.split()[0] for line in lines if line.startswith("1.")]

        def saved(server, client):
            self.assertEqual(client.call("BGSAVE"), b"Background saving started")
            for _ in range(1000):
                if server.info("persistence")["rdb_bgsave_in_progress"] == "0":
                    return told(client)
                time.sleep(0.01)
            raise AssertionError("it does not end")

        begin, end, failure = "1.0", "1.3", "1.4"
        with self.server("happenings") as server, server.client() as client:
            client.call("CONFIG", "SET", "snapshot-method", "walk")
            client.call("SET", "a", "b")
            told(client)
            self.assertEqual(saved(server, client), [begin, end])
            (server.dir / "dump.rdb").unlink()
            (server.dir / "dump.rdb").mkdir()
            self.assertEqual(saved(server, client), [begin, failure])
            (server.dir / "dump.rdb").rmdir()
            temp = server.dir / f"temp-walk-{server.process.pid}.rdb"
            temp.mkdir()
            self.assertIsInstance(client.call("BGSAVE"), Error)
            self.assertEqual(told(client), [begin, failure])
            temp.rmdir()
            # A flush of all ends it; there is a save of the empty data set then.
            client.call("CONFIG", "SET", "rdb-key-save-delay", "1")
            for i in range(2000):
                client.send("SET", f"k{i}", i)
            for i in range(2000):
                client.read()
            client.send("BGSAVE")
            client.send("FLUSHALL")
            self.assertEqual([client.read().value for _ in range(2)], [b"Background saving started", b"OK"])
            self.assertEqual(told(client)[:2], [begin, failure])

    def test_commands_of_a_rewrite(self):
        """What aof_rewrite() emits builds the same values."""
        extra = ["--enable-debug-command", "yes", "--loadmodule", str(self.folder / "shelves.so"),
                 "--aof-use-rdb-preamble", "no", "--appendonly", "yes"]
        with Server(*extra) as server, server.client() as client:
            client.call("SHELVES.PUT", "k", "label", 1, 2, 3)
            client.call("BGREWRITEAOF")
            for _ in range(200):
                info = client.call("INFO", "persistence").decode()
                if "aof_rewrite_in_progress:0" in info and "aof_rewrite_scheduled:0" in info:
                    break
                time.sleep(0.05)
            digest = client.call("DEBUG", "DIGEST")
            self.assertEqual(client.call("DEBUG", "LOADAOF"), b"OK")
            self.assertEqual(client.call("SHELVES.SUM", "k"), 6)
            self.assertEqual(client.call("DEBUG", "DIGEST"), digest)

    def test_clients_wait_for_keys(self):
        """Several clients, in the order of their coming; and one that goes away."""
        def run(**which):
            said = []
            with Server("--enable-module-command", "yes", **which) as server, \
                    server.client() as one, server.client() as two, server.client() as three:
                self.assertEqual(one.call("MODULE", "LOAD", self.folder / "queues.so"), b"OK")
                ids = [client.call("CLIENT", "ID") for client in (one, two)]

                def settle(count):
                    for _ in range(500):
                        if f"blocked_clients:{count}\r" in three.call("INFO", "clients").decode():
                            return
                        time.sleep(0.01)
                    self.fail(f"not {count} clients are blocked")

                one.send("QUEUES.TAKE", "l", "2", "0")
                settle(1)
                two.send("QUEUES.TAKE", "l", "1", "0")
                settle(2)
                said.append(three.call("RPUSH", "l", "first"))
                said.append(two.read())
                said.append(three.call("RPUSH", "l", "x", "y"))
                said.append(one.read())
                said.append(three.call("QUEUES.TOLD"))
                one.send("QUEUES.ANY", "0", "a", "b", "c")
                settle(1)
                three.call("SET", "b", "a string")
                said.append(three.call("QUEUES.SIGNAL", "c"))
                said.append(three.call("QUEUES.SIGNAL", "b"))
                said.append(one.read())
                one.send("QUEUES.TAKE", "m", "1", "0")
                two.send("QUEUES.TAKE", "m", "1", "0")
                settle(2)
                said.append(three.call("CLIENT", "UNBLOCK", ids[0], "TIMEOUT"))
                said.append(one.read())
                said.append(three.call("CLIENT", "UNBLOCK", ids[1], "ERROR"))
                said.append(str(two.read()))
                one.send("QUEUES.TAKE", "m", "1", "0")
                settle(1)
                self.assertIsInstance(three.call("MODULE", "UNLOAD", "queues"), Error)
                said.append(three.call("CLIENT", "KILL", "ID", ids[0]))
                settle(0)
                time.sleep(0.05)
                said.append(three.call("QUEUES.TOLD"))
                said.append(three.call("MODULE", "UNLOAD", "queues"))
            return said

        self.assertEqual(run(), run(binary=ORACLE))

    def test_it_is_a_keys_coming_that_wakes(self):
        """Growth does not, but of streams; types of all kinds do, and a signal."""
        steps = [words.split() for words in """
            RPUSH l x|RPUSH l y|RPUSH l z|QUEUES.SIGNAL l|DEL l|RPUSH l a|SADD m 1|SADD m 2|DEL m|HSET m f v|HSET m g v
            DEL m|SET m v|APPEND m w|SET m x|DEL m|ZADD m 1 a|ZADD m 2 b|DEL m|XADD m * f v|XADD m * f v|DEL m
            RPUSH other 1|RENAME other m|DEL m|RPUSH other 1|COPY other m|COPY other m REPLACE|DEL m|SETRANGE m 1 x
            SELECT 1|RPUSH m x|SWAPDB 0 1|SWAPDB 0 1|SELECT 0|DEL m
        """.strip().replace("\n", "|").split("|")]

        def run(**which):
            said = []
            with self.server("queues", **which) as server, server.client() as client, server.client() as waiter:
                client.call("RPUSH", "l", "x", "y")
                waiter.send("QUEUES.TAKE", "l", "9", "0")
                self.until(lambda: b"blocked_clients:1" in client.call("INFO", "clients"))
                for words in steps:
                    client.call(*words)
                    said.append((words, client.call("QUEUES.TOLD")))
                waiter.close()
                self.until(lambda: b"blocked_clients:0" in client.call("INFO", "clients"))
                client.call("FLUSHALL")
                client.call("QUEUES.TOLD")
                with server.client() as other:
                    other.send("QUEUES.TAKE", "m", "9", "0")
                    self.until(lambda: b"blocked_clients:1" in client.call("INFO", "clients"))
                    for words in steps:
                        client.call(*words)
                        said.append((words, client.call("QUEUES.TOLD")))
                    for words in ("MULTI", "RPUSH m a", "DEL m", "RPUSH m b", "EXEC"):
                        client.call(*words.split())
                    said.append(client.call("QUEUES.TOLD"))
            return said

        for ours, theirs in zip(run(), run(binary=ORACLE)):
            self.assertEqual(ours, theirs)

    def test_the_end_of_a_key_wakes(self):
        """What 7.2 has: its end or another type in its place; its growth does not."""
        with self.server("queues") as server, server.client() as client, server.client() as waiter:
            client.call("RPUSH", "k", "v")
            waiter.send("QUEUES.GONE", "k")
            self.until(lambda: b"blocked_clients:1" in client.call("INFO", "clients"))
            for words, told in (("RPUSH k w", b""), ("LPOP k", b""), ("SET k v", b"asked "), ("SET k w", b""),
                                ("QUEUES.SIGNAL k", b"asked ")):
                client.call(*words.split())
                self.assertEqual(client.call("QUEUES.TOLD"), told, words)
            for words in ("MULTI", "DEL k", "RPUSH k v", "EXEC"):
                client.call(*words.split())
            self.assertEqual(client.call("QUEUES.TOLD"), b"asked ")
            client.call("PEXPIRE", "k", 1)
            self.assertEqual(waiter.read().value, b"k")

    def test_a_guest_is_not_pulled_from_under_its_threads(self):
        with Server() as server, server.client() as client, server.client() as waiter:
            self.assertEqual(client.call("MODULE", "LOAD", self.folder / "waits.so"), b"OK")
            waiter.send("WAITS.SLOW", "300", "0", "word")
            time.sleep(0.1)
            refusal = client.call("MODULE", "UNLOAD", "waits")
            self.assertIn("clients that it has blocked", str(refusal))
            self.assertEqual(waiter.read().value[3], b"word")
            for _ in range(100):
                if client.call("MODULE", "UNLOAD", "waits") == b"OK":
                    break
                time.sleep(0.01)
            for _ in range(30):
                self.assertEqual(client.call("MODULE", "LOAD", self.folder / "waits.so"), b"OK")
                client.call("WAITS.DIRECT", "k", "v")
                for _ in range(100):
                    if client.call("MODULE", "UNLOAD", "waits") == b"OK":
                        break
                    time.sleep(0.001)
                else:
                    self.fail("it is never unloaded")
            self.assertEqual(client.call("GET", "k"), b"v")

    def test_time_that_a_guest_measures_is_its_commands(self):
        with self.server("waits") as server, server.client() as client:
            client.call("WAITS.SLOW", 200, 0, "idle")
            client.call("WAITS.MEASURED", 200, 0, "busy")
            stats = client.call("INFO", "commandstats")
            usec = {name: int(value) for name, value in re.findall(rb"cmdstat_(\S+):calls=1,usec=(\d+)", stats)}
            self.assertLess(usec[b"waits.slow"], 200000)
            self.assertGreaterEqual(usec[b"waits.measured"], 200000)

    def test_the_server_ends_beside_threads(self):
        for _ in range(20):
            with self.server("threads") as server, server.client() as client:
                for _ in range(3):
                    self.assertEqual(client.call("THREADS.FOREVER"), b"OK")
                time.sleep(0.02)
                self.assertGreater(int(client.call("GET", "forever")), 0)
                refusal = client.call("MODULE", "UNLOAD", "threads")
                self.assertIn("contexts of threads", str(refusal))

    def test_settings(self):
        path = self.folder / "settings.so"
        extra = ["--enable-module-command", "yes"]

        def run(**which):
            said = []
            with Server(*extra, **which) as server, server.client() as client:
                said.append(client.call("MODULE", "LOADEX", path, "CONFIG", "settings.number", "42",
                                        "CONFIG", "settings.fixed", "yes"))
                said.append(client.call("SETTINGS.ALL"))
                said.append(client.call("MODULE", "UNLOAD", "settings"))
                said.append(client.call("CONFIG", "GET", "settings.*"))
                # What they were is forgotten: a load begins with the defaults, or what it says itself.
                said.append(client.call("MODULE", "LOAD", path))
                said.append(client.call("SETTINGS.ALL"))
                said.append(client.call("CONFIG", "SET", "settings.number", "77", "settings.text", "kept?"))
                said.append(client.call("MODULE", "UNLOAD", "settings"))
                said.append(client.call("MODULE", "LOADEX", path, "CONFIG", "settings.flag", "no"))
                said.append(client.call("SETTINGS.ALL"))
                said.append(client.call("MODULE", "UNLOAD", "settings"))
                said.append(isinstance(client.call("MODULE", "LOADEX", path, "CONFIG", "settings.number",
                                                   "13"), Error))
                said.append(isinstance(client.call("MODULE", "LOADEX", path, "CONFIG", "settings.none",
                                                   "1"), Error))
                said.append(client.call("MODULE", "LOADEX", path, "CONFIG", "settings.number", "7"))
                said.append(client.call("SETTINGS.ALL")[1])
            return said

        self.assertEqual(run(), run(binary=ORACLE))

    @unittest.skipUnless(os.path.exists(REDISEARCH), "redis-redisearch is not installed")
    def test_redisearch(self):
        def run(**which):
            extra = ["--enable-module-command", "yes", "--enable-debug-command", "yes"]
            with Server(*extra, **which) as server, server.client() as client:
                self.assertEqual(client.call("MODULE", "LOAD", REDISEARCH), b"OK")
                return [(words, client.exchange(*words).raw) for words in words_of(SEARCH)]

        for ours, theirs in zip(run(), run(binary=ORACLE)):
            self.assertEqual(ours, theirs)

    def test_life(self):
        with Server() as server, server.client() as client:
            path = self.folder / "strings.so"
            self.assertEqual(client.call("MODULE", "LOAD", path), b"OK")
            self.assertIsInstance(client.call("MODULE", "LOAD", path), Error)
            info = client.call("MODULE", "INFO", "strings")
            fields = dict(zip(info[::2], info[1::2]))
            self.assertEqual(fields[b"lacks"], [b"NoSuchFunction"])
            self.assertEqual(fields[b"loader"], b"redisabi")
            self.assertIsInstance(client.call("MODULE", "UNLOAD", "redisabi"), Error)
            for _ in range(20):
                self.assertEqual(client.call("MODULE", "UNLOAD", "strings"), b"OK")
                self.assertIsInstance(client.call("STRINGS.SET", "a", "b"), Error)
                self.assertEqual(client.call("MODULE", "LOAD", path), b"OK")
                self.assertEqual(client.call("STRINGS.SET", "a", "b"), b"OK")


if __name__ == "__main__":
    main()
