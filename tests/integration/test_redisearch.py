#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""RediSearch, as Debian has it: an index with its data outlives whatever becomes of the server.

Nobody here has compiled it.  It has data types that name each other, more than twenty threads that
it never ends, and no OnUnload.
"""
import os
import pathlib
import shlex
import shutil
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Error, Server, main  # noqa: E402
from support.server import ORACLE  # noqa: E402

REDISEARCH = os.environ.get("REDISEARCH", "/usr/lib/redis/modules/redisearch.so")
OURS, THEIRS = {}, {"binary": ORACLE}
WORDS = "alpha beta gamma delta epsilon zeta eta theta".split()
DOCUMENTS = 200
ASKED = [shlex.split(line) for line in """
    FT.SEARCH idx alpha LIMIT 0 20
    FT.SEARCH idx alpha|beta WITHSCORES NOCONTENT LIMIT 0 50
    FT.SEARCH idx "@price:[15 95]" SORTBY price LIMIT 0 100
    FT.SEARCH idx @tags:{t3} NOCONTENT LIMIT 0 100
    FT.SEARCH idx "@where:[13.2 38.1 30 km]" NOCONTENT LIMIT 0 200
    FT.SEARCH idx gam* NOCONTENT
    FT.SEARCH idx -alpha NOCONTENT LIMIT 0 400
    FT.AGGREGATE idx * GROUPBY 1 @tags REDUCE COUNT 0 AS n SORTBY 4 @n DESC @tags ASC
    FT.GET idx doc2
    FT.SUGGET ac he MAX 20 WITHSCORES
    FT.SUGLEN ac
    FT.TAGVALS idx tags
    DBSIZE
    TYPE idx:idx
""".strip().splitlines()]


def server(*extra, **which):
    return Server("--enable-module-command", "yes", "--enable-debug-command", "yes", *extra, **which)


# What a thread of the old build says when it comes back to an index that is the new one's by now.
OVERTAKEN = (b"Unknown Index name", b"ERR Index no longer valid")


def add(client, i, *how):
    return client.call(
        "FT.ADD", "idx", f"doc{i}", f"0.{i % 9 + 1}", *how, "FIELDS", "title", f"{WORDS[i % 8]} {WORDS[i // 8 % 8]}",
        "body", f"text {i} {WORDS[i % 5]}", "price", i, "where", f"{13 + i % 50 / 100},{38 + i % 30 / 100}",
        "tags", f"t{i % 7},t{i % 3}")


def fill(client, count=DOCUMENTS):
    said = [client.call(*shlex.split("FT.CREATE idx SCHEMA title TEXT WEIGHT 5.0 body TEXT price NUMERIC SORTABLE "
                                     "where GEO tags TAG"))]
    said += [add(client, i) for i in range(count)]
    for i in range(20):
        client.call("FT.SUGADD", "ac", f"he{WORDS[i % 8]}{i}", i + 1)
    said += [client.call("FT.DEL", "idx", f"doc{i}") for i in range(0, count, 9)]
    return said


def seen(client):
    """All that is told of the index; of what FT.INFO says, that which the collector leaves alone."""
    info = client.call("FT.INFO", "idx")
    info = dict(zip(info[::2], info[1::2]))
    return [client.exchange(*words).raw for words in ASKED] + [
        info[name] for name in (b"fields", b"num_docs", b"max_doc_id", b"num_terms")]


@unittest.skipUnless(os.path.exists(REDISEARCH), "redis-redisearch is not installed")
class Index(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-search."))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def until(self, wanted, seconds=60):
        end = time.monotonic() + seconds
        while not wanted():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def test_snapshots_go_both_ways(self):
        files = {}
        for name, binary in (("ours", OURS), ("theirs", THEIRS)):
            with server("--loadmodule", REDISEARCH, **binary) as running, running.client() as client:
                fill(client)
                files[name] = seen(client)
                self.assertEqual(client.call("SAVE"), b"OK")
                shutil.copy(running.dir / "dump.rdb", self.folder / name)
        self.assertEqual(files["ours"], files["theirs"])
        for binary in (OURS, THEIRS):
            for name, before in files.items():
                with server("--loadmodule", REDISEARCH, start=False, **binary) as running:
                    shutil.copy(self.folder / name, running.dir / "dump.rdb")
                    running.start()
                    with running.client() as client:
                        self.assertEqual(seen(client), before)

    def test_the_log(self):
        """What was said to it is replayed, places on the map included, and a rewritten log is a snapshot."""
        def run(**which):
            with server("--loadmodule", REDISEARCH, "--appendonly", "yes", **which) as running:
                told = []
                for i in range(3):
                    with running.client() as client:
                        if i == 0:
                            fill(client, 60)
                        if i == 1:
                            client.call("BGREWRITEAOF")
                            self.until(lambda: all(field in client.call("INFO", "persistence") for field in (
                                b"aof_rewrite_in_progress:0", b"aof_rewrite_scheduled:0")))
                            add(client, 1000)
                        told.append(seen(client))
                        digest = client.call("DEBUG", "DIGEST")
                    running.stop()
                    running.start()
                    with running.client() as client:
                        self.assertEqual(seen(client), told[-1])
                        self.assertEqual(client.call("DEBUG", "DIGEST"), digest)
                return told

        self.assertEqual(run(), run(**THEIRS))

    def test_an_end_beside_threads_that_sleep(self):
        """Nobody has heard of them yet: the index has been loaded just now."""
        with server("--loadmodule", REDISEARCH) as running:
            with running.client() as client:
                fill(client, 20)
                before = seen(client)
                self.assertEqual(client.call("SAVE"), b"OK")
            for _ in range(5):
                running.stop()
                running.start()
            with running.client() as client:
                self.assertEqual(seen(client), before)

    def test_an_index_waits_for_its_module(self):
        """Loaded without it the values are sealed; what they are is seen when it is there."""
        with server("--loadmodule", REDISEARCH) as running:
            with running.client() as client:
                fill(client)
                before, digest = seen(client), client.call("DEBUG", "DIGEST")
                self.assertEqual(client.call("SAVE"), b"OK")
            running.stop()
            running.arguments = running.arguments[:-2]
            running.start()
            with running.client() as client:
                self.assertIsInstance(client.call("FT.SEARCH", "idx", "alpha"), Error)
                self.assertEqual(client.call("SAVE"), b"OK")
                self.assertEqual(client.call("MODULE", "LOAD", REDISEARCH), b"OK")
                self.assertEqual(seen(client), before)
                self.assertEqual(client.call("DEBUG", "DIGEST"), digest)
                self.assertEqual(client.call("DEBUG", "RELOAD"), b"OK")
                self.assertEqual(seen(client), before)

    def test_its_threads_hold_it(self):
        """They would go on in its code, and it cannot be told to end them.  (Redis refuses it for its types.)"""
        with server("--loadmodule", REDISEARCH) as running, running.client() as client:
            fill(client)
            before = seen(client)
            self.assertRegex(str(client.call("MODULE", "UNLOAD", "ft")),
                             r"module 'ft' is held by: (\d+ threads of it, which it has no OnUnload to end"
                             r"|\d+ contexts of threads) \(wait for them\)")
            self.assertRegex(str(client.call("MODULE", "UNLOAD", "redisabi")), "modules that it has loaded: ft")
            self.assertRegex(str(client.call("MODULE", "RELOAD", "redisabi")), "was not made to be upgraded")
            self.assertEqual(seen(client), before)

    def test_another_build_takes_over(self):
        with server("--loadmodule", REDISEARCH) as running, running.client() as client:
            fill(client)
            before, digest = seen(client), client.call("DEBUG", "DIGEST")
            for _ in range(3):
                self.assertEqual(client.call("MODULE", "RELOAD", "ft"), b"OK")
                self.assertEqual(seen(client), before)
            self.assertEqual(client.call("DEBUG", "DIGEST"), digest)
            self.assertEqual(client.call("SAVE"), b"OK")
            self.assertEqual(client.call("DEBUG", "RELOAD"), b"OK")
            self.assertEqual(seen(client), before)
            self.assertEqual(client.call("FT.DROP", "idx"), b"OK")
            # The suggestions, and documents that were taken out of the index before.
            self.assertEqual(client.call("DBSIZE"), 1 + len(range(0, DOCUMENTS, 9)))

    def test_another_build_takes_over_under_load(self):
        """Searches and additions go on, those under way may have to be repeated; all that was added is there."""
        failures, done = [], threading.Event()

        def search(running):
            with running.client(timeout=60) as client:
                while not done.is_set():
                    for word in WORDS:
                        said = client.call("FT.SEARCH", "idx", word, "NOCONTENT", "LIMIT", 0, 5)
                        if said not in OVERTAKEN and (isinstance(said, Error) or said[0] == 0):
                            failures.append(said)

        def extend(running, first):
            with running.client(timeout=60) as client:
                for i in range(first, first + 200):
                    said = add(client, i)
                    while said in OVERTAKEN:
                        said = add(client, i, "REPLACE")
                    if said != b"OK":
                        failures.append((i, said))

        with server("--loadmodule", REDISEARCH) as running, running.client(timeout=60) as client:
            fill(client)
            searches = [threading.Thread(target=search, args=(running,)) for _ in range(4)]
            additions = [threading.Thread(target=extend, args=(running, 1000 * i)) for i in (1, 2)]
            for thread in searches + additions:
                thread.start()
            upgrades = 0
            while any(thread.is_alive() for thread in additions):
                upgrades += upgrades < 8 and client.call("MODULE", "RELOAD", "ft") == b"OK"
                time.sleep(0.02)
            done.set()
            for thread in searches + additions:
                thread.join()
            self.assertEqual(failures, [])
            self.assertGreater(upgrades, 0)
            ours = seen(client)
        with server("--loadmodule", REDISEARCH, **THEIRS) as running, running.client() as client:
            fill(client)
            for first in (1000, 2000):
                for i in range(first, first + 200):
                    add(client, i)
            theirs = seen(client)
        counts = [words[0] == "FT.SEARCH" and "SORTBY" in words for words in ASKED]
        self.assertEqual([ours[i] for i, counted in enumerate(counts) if counted],
                         [theirs[i] for i, counted in enumerate(counts) if counted])


if __name__ == "__main__":
    main()
