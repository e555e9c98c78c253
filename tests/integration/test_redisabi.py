#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Modules built for Redis: the same file in our server and in redis-server, the same answers.

Each module of tests/redisabi/ is compiled once, loaded into both, and the same session of commands
is run on both, in RESP2 and in RESP3; the bytes of all replies are compared, and the values that
they leave behind.
"""
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Client, Error, Server, main  # noqa: E402
from support.server import ORACLE  # noqa: E402

SOURCES = pathlib.Path(__file__).resolve().parents[1] / "redisabi"
CC = shlex.split(os.environ.get("CC", "cc"))

# A session is a text: a command a line, words as in a shell; # begins a comment.
SESSIONS = {
    "replies": r"""
        replies.say
        replies.say a b c d
        replies.say integer -9223372036854775808
        replies.say error "ERR of mine"
        replies.say error "MYCODE of mine"
        replies.say error plain
        replies.say simple PONG
        replies.say buffer "a b"
        replies.say c text
        replies.say string ""
        replies.say empty
        replies.say verbatim "some text"
        replies.say markdown "# text"
        replies.say null
        replies.say nullarray
        replies.say emptyarray
        replies.say bool 0
        replies.say bool 1
        replies.say double 3.141592653589793
        replies.say double 1e300
        replies.say double 0.1
        replies.say double 17
        replies.say double -0
        replies.say double inf
        replies.say double -inf
        replies.say longdouble 0.1
        replies.say longdouble 1e40
        replies.say longdouble 5
        replies.say bignumber 12345678901234567890123
        replies.say attribute
        replies.say other
        replies.tree
        REPLIES.TREE x
    """,
    "words": r"""
        words.numbers 12
        words.numbers -12
        words.numbers 18446744073709551615
        words.numbers 012
        words.numbers 1.5e3
        words.numbers inf
        words.numbers nan
        words.numbers ""
        words.numbers "1 "
        words.make 12
        words.make 0.1
        words.make 1e20
        words.make -3.5
        words.make x
        words.compare a b
        words.compare b a
        words.compare a a
        words.compare a ab
        words.compare "" ""
        words.compare Z a
        words.append ab cde
        words.append "" ""
        words.kept
        words.keep something
        words.kept
        words.keep otherwise
        words.kept
    """,
    "strings": r"""
        strings.about s
        strings.set s value
        strings.about s
        get s
        strings.shout s
        get s
        set n 12345
        strings.about n
        strings.shout n
        strings.size n 3
        get n
        strings.size n 6
        get n
        object encoding n
        strings.size none 0
        exists none
        strings.size none 4
        get none
        rpush l a
        strings.set l now
        get l
        rpush l2 a
        strings.shout l2
        strings.size l2 3
        strings.about l2
        strings.expire s 100000
        strings.about s
        ttl s
        strings.expire s -1
        ttl s
        strings.expire s -7
        strings.expire nokey 100
        strings.expireat s 99999999999999
        pexpiretime s
        strings.set s again
        ttl s
        strings.drop s
        strings.drop n lazy
        strings.drop n
        strings.about s
        hset h f v
        sadd st a b
        zadd z 1 a
        xadd x 1-1 f v
        strings.about h
        strings.about st
        strings.about z
        strings.about x
        strings.set
        watch w
        strings.set w 1
        multi
        get w
        exec
        multi
        strings.set q 1
        strings.about q
        exec
    """,
    "lists": r"""
        lists.push l 0 b
        lists.push l 0 a
        lists.push l 1 c
        lrange l 0 -1
        lists.get l 0
        lists.get l -1
        lists.get l 3
        lists.get l -4
        lists.get none 0
        lists.set l 1 B
        lists.set l -1 C
        lists.set l 7 x
        lists.set l 0 r r
        lists.insert l 0 first
        lists.insert l -1 last
        lists.insert l 1 one
        lists.insert l -2 beforelast
        lists.insert l -3 there
        lists.insert l 40 x
        lists.insert l -40 x
        lrange l 0 -1
        lists.insert fresh 0 x
        lists.insert fresh2 -1 x
        lists.insert fresh3 1 x
        lrange fresh 0 -1
        exists fresh2 fresh3
        lists.del l 0
        lists.del l -1
        lists.del l 99
        lrange l 0 -1
        lists.pop l 0
        lists.pop l 1
        lists.pop fresh 0
        exists fresh
        lists.pop fresh 0
        lists.del fresh2 0
        exists fresh2
        lists.pop l r
        lists.del l 0 r
        set s x
        lists.push s 0 a
        lists.pop s 0
        lists.get s 0
        lists.insert s 0 a
        rpush big a b c d 1 2 3 17 18 19 20
        lists.set big 4 hello
        lists.insert big 5 inserted
        lists.get big 4
        lists.get big 7
        lrange big 0 -1
    """,
    "hashes": r"""
        hashes.set h 0 f 1
        hashes.set h 0 f 2
        hashes.set h 16 g 1
        hashes.set h 4 c 1
        hashes.set h 1 f nx
        hashes.set h 1 n nx
        hashes.set h 2 f xx
        hashes.set h 2 m xx
        hashes.get h f g
        hashes.get h f none
        hashes.get none f g
        hashes.has h f
        hashes.has h nothing
        hashes.has none f
        hlen h
        hashes.set h 0 f -
        hashes.set h 0 f -
        hashes.set h 20 g -
        hashes.set h 0 c -
        hashes.set h 0 n -
        exists h
        hashes.set h 2 f xx
        exists h
        hashes.set h 64 f x
        set s x
        hashes.set s 0 f x
        hashes.get s f g
        hashes.has s f
    """,
    "scores": r"""
        scores.add z 0 1.5 a
        scores.add z 0 1.5 a
        scores.add z 0 2.5 a
        scores.add z 1 9 b
        scores.add z 2 9 a
        scores.add z 2 9 b
        scores.add z 32 8 b
        scores.add z 32 10 b
        scores.add z 64 11 b
        scores.add z 64 1 b
        scores.incr z 0 5 a
        scores.incr z 0 5 new
        scores.incr z 0 inf a
        scores.incr z 0 -inf a
        scores.incr z 2 -inf a
        scores.add z 0 nan a
        zrange z 0 -1 withscores
        scores.of z a
        scores.of z none
        scores.of none a
        scores.rem z a
        scores.rem z a
        scores.rem z b
        scores.rem z new
        exists z
        scores.rem z a
        set s x
        scores.rem s x
        scores.add s 0 1 a
        scores.of s a
    """,
    "shelves": r"""
        shelves.put a first 1 2 3
        shelves.put a ignored -9223372036854775808
        shelves.put b ""
        shelves.sum a
        shelves.label a
        shelves.label b
        shelves.sum none
        shelves.pack a
        shelves.pack none
        type a
        object encoding a
        dump a
        dump b
        copy a c
        shelves.sum c
        shelves.put c "" 5
        debug digest-value a c
        debug digest
        restore d 0 "not a dump"
        set s x
        shelves.sum s
        shelves.put s x 1
        get a
        shelves.swap a second
        shelves.swap none x
        shelves.label a
        dump a
        rename c e
        shelves.sum e
        expire e 1000
        debug reload
        shelves.label a
        shelves.sum e
        ttl e
        debug digest
        unlink e
        flushall
        shelves.put a again 1
        del a
        dbsize
        shelves.put kept for 1 2 3
    """,
    "waits": r"""
        waits.slow 1 0 word
        waits.slow 50 5000 word
        waits.slow 300 20 late
        ping
        waits.direct k v
        get k
        waits.abort
        ping
        multi
        waits.slow 1 0 word
        exec
        waits.direct q v2
        get q
        waits.slow 1 0 again
    """,
    "calls": r"""
        calls.run ! set k v
        calls.run "" get k
        calls.run "" get none
        calls.run "" lpop none
        calls.run ! incr k
        calls.run "" nosuchcommand a
        calls.run E nosuchcommand a b
        calls.run "" get
        calls.run E get
        calls.run E config nosuch
        calls.run q get k
        calls.run W set k v
        calls.run WE set k v
        calls.run S subscribe x
        calls.run SE subscribe x
        calls.run 0 hgetall none
        calls.run ! hset h a 1 b 2
        calls.run "" hgetall h
        calls.run 0 hgetall h
        calls.run !A set k v
        calls.run !R set k v
        calls.run !AR set k v
        calls.run "" blpop none 0
        calls.run E calls.run E get k
        calls.walk "" get k
        calls.walk "" get none
        calls.walk "" blpop none 0
        calls.walk "" incr k
        calls.walk "" strlen k
        calls.walk "" hgetall h
        calls.walk 3 hgetall h
        calls.walk "" ping
        calls.walk 3 get none
        calls.walk 3 debug protocol double
        zadd z 1.5 a 2 b
        calls.walk 3 zrange z 0 -1 withscores
        calls.walk "" zrange z 0 -1 withscores
        calls.walk 3 command getkeysandflags get k
        calls.walk "" command getkeys mset a 1 b 2
        calls.letters ll
        lrange ll 0 -1
        command getkeys calls.keys 2 a b c
        command getkeys calls.keys 0 a b c
        calls.keys 2 a b c
        calls.context
        multi
        calls.context
        calls.run ! set in multi
        exec
        select 2
        calls.context
        calls.run ! set here 1
        dbsize
    """,
}


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


def words_of(session):
    return [shlex.split(line) for line in session.strip().splitlines() if line.strip()]


@unittest.skipUnless(os.path.exists(ORACLE), "redis-server is not installed")
class SameAnswers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="redisabi-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        for name in SESSIONS:
            subprocess.run([*CC, "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-shared", "-fPIC", "-pthread",
                            "-o", cls.folder / f"{name}.so", SOURCES / f"{name}.c"], check=True)

    def run_on(self, binary, name, protocol):
        """The raw replies of the session, and what the keys are afterwards."""
        arguments = {"binary": binary} if binary else {}
        extra = ["--enable-module-command", "yes", "--enable-debug-command", "yes"]
        with Server(*extra, **arguments) as server, server.client() as client:
            self.assertEqual(client.call("MODULE", "LOAD", self.folder / f"{name}.so"), b"OK")
            if protocol == 3:
                client.call("HELLO", 3)
            replies = [(words, client.exchange(*words).raw) for words in words_of(SESSIONS[name])]
            client.call("SELECT", 0)
            replies.append(("digest", client.exchange("DEBUG", "DIGEST").raw))
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
