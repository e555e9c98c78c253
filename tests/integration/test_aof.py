#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The log of writes, exchanged with Redis both ways, cut, spoilt, switched on and off.

What one server has logged the other loads; DEBUG DIGEST says the same on both, and redis-check-aof
accepts what we write.

AOF_SEED repeats a run."""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Error, Server, main, wait_for  # noqa: E402
from support.server import ORACLE, StartFailure, is_oracle  # noqa: E402
from test_rdb import fill  # noqa: E402

SEED = int(os.environ.get("AOF_SEED") or random.randrange(1 << 31))
CHECKER = shutil.which("redis-check-aof")
# With `everysec` a write may wait for a sync, and the files that are copied lack it.
ON = ("--appendonly", "yes", "--appendfsync", "no", "--enable-debug-command", "yes")
NAME = "appendonly.aof"


def folder(server):
    return server.dir / "appendonlydir"


def manifest(server):
    """[(name, sequence, type)]"""
    lines = (folder(server) / f"{NAME}.manifest").read_text().splitlines()
    return [(words[1], int(words[3]), words[5]) for words in map(str.split, lines)]


def command(*words):
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def rewritten(server):
    """Begin a rewrite and wait for its end."""
    server.call("BGREWRITEAOF")
    await_rewrite(server)


def await_rewrite(server):
    for _ in range(1000):
        info = server.info("persistence")
        if info["aof_rewrite_in_progress"] == info["aof_rewrite_scheduled"] == "0":
            assert info["aof_last_bgrewrite_status"] == "ok"
            return
        time.sleep(0.01)
    raise AssertionError("the rewrite does not end")


class Tests(unittest.TestCase):
    def begin(self, *arguments, binary=None, files=None, start=True, **more):
        """A server, with files {name: bytes} in its log's folder, "/" names its own."""
        server = Server(*ON, *arguments, binary=binary, start=False, **more)
        self.addCleanup(server.__exit__, None, None, None)
        for name, data in (files or {}).items():
            path = server.dir / name[1:] if name[0] == "/" else folder(server) / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        return server.start() if start else server

    def inherit(self, of, *arguments, binary=None):
        server = Server(*ON, *arguments, binary=binary, start=False)
        self.addCleanup(server.__exit__, None, None, None)
        shutil.copytree(folder(of), folder(server))
        return server.start()

    def refused(self, *arguments, files):
        """A server that does not start; its log."""
        server = self.begin(*arguments, files=files, start=False)
        with self.assertRaises(StartFailure) as caught:
            server.start()
        server.expect_status = 1
        self.assertEqual(caught.exception.status, 1, caught.exception.log)
        return caught.exception.log


def log_of(*commands, name=f"{NAME}.1.incr.aof"):
    """Files of a log with this increment."""
    return {f"{NAME}.manifest": f"file {name} seq 1 type i\n".encode(), name: b"".join(commands)}


@unittest.skipIf(is_oracle(), "compares with the oracle")
class Exchange(Tests):
    def same(self, one, other):
        self.assertEqual(one.call("DEBUG", "DIGEST"), other.call("DEBUG", "DIGEST"), f"seed {SEED}")

    def exchange(self, source, target, *arguments):
        one = self.begin(*arguments, binary=source)
        fill(one, random.Random(SEED))
        self.same(one, self.inherit(one, binary=target))
        rewritten(one)
        one.call("SET", "behind", "it")
        other = self.inherit(one, binary=target)
        # In commands a small set loses the sign of a score of -0, in either server.
        if "no" in arguments:
            self.same(self.inherit(one, binary=None if target else ORACLE), other)
        else:
            self.same(self.inherit(one, binary=ORACLE) if source else one, other)
        self.assertEqual(other.call("GET", "behind"), b"it")
        return one

    def checked(self, server):
        if not CHECKER:
            return
        run = subprocess.run([CHECKER, str(folder(server) / f"{NAME}.manifest")],
                             capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("All AOF files and manifest are valid", run.stdout)

    def test_what_we_log_redis_loads(self):
        self.checked(self.exchange(None, ORACLE))

    def test_what_we_log_as_commands_redis_loads(self):
        self.checked(self.exchange(None, ORACLE, "--aof-use-rdb-preamble", "no",
                                   "--aof-timestamp-enabled", "yes"))

    def test_what_redis_logs_we_load(self):
        self.exchange(ORACLE, None)

    def test_what_redis_logs_as_commands_we_load(self):
        self.exchange(ORACLE, None, "--aof-use-rdb-preamble", "no", "--aof-timestamp-enabled", "yes")

    def test_functions_are_in_a_base_of_either_kind(self):
        for preamble in "yes", "no":
            one = self.begin("--aof-use-rdb-preamble", preamble)
            for name in "first", "second":
                one.call("FUNCTION", "LOAD", f"#!lua name={name}\nredis.register_function"
                         f"('{name}', function() return '\\0{name}' end)")
            one.call("SET", "key", "value")
            rewritten(one)
            for binary in None, ORACLE:
                other = self.inherit(one, "--aof-use-rdb-preamble", preamble, binary=binary)
                self.assertEqual(other.call("FCALL", "first", 0), b"\0first")
                self.assertEqual(other.call("FCALL", "second", 0), b"\0second")
                self.same(one, other)

    def test_what_we_log_we_load(self):
        one = self.exchange(None, None, "--aof-use-rdb-preamble", "no")
        one.call("DEBUG", "LOADAOF")
        self.same(one, self.inherit(one))

    def test_a_log_goes_on_in_turn(self):
        """Started by one, continued by the other, and so on."""
        one = self.begin()
        for i, binary in enumerate((ORACLE, None, ORACLE, None)):
            one.call("SET", f"k{i}", i)
            one.call("SELECT", 0)
            one = self.inherit(one, binary=binary)
        self.assertEqual(one.call("DBSIZE"), 4)


class Load(Tests):
    def test_a_base_and_increments_in_order(self):
        server = self.begin(files={
            f"{NAME}.manifest": b"file a.base seq 1 type b\nfile b.incr seq 1 type i\n"
                                b"file c.incr seq 7 type i\n",
            "a.base": command("SET", "k", 1), "b.incr": b"",
            "c.incr": command("APPEND", "k", 2)})
        self.assertEqual(server.call("GET", "k"), b"12")
        server.call("APPEND", "k", "3")
        self.assertTrue((folder(server) / "c.incr").read_bytes().endswith(command("APPEND", "k", 3)))

    def test_history_goes(self):
        server = self.begin(files={
            f"{NAME}.manifest": b"file a seq 1 type h\nfile b seq 1 type i\n", "a": b"x", "b": b""})
        # Another thread does it.
        wait_for(lambda: [row[2] for row in manifest(server)] == ["i"]
                 and not (folder(server) / "a").exists())
        self.assertEqual([row[2] for row in manifest(server)], ["i"])
        self.assertFalse((folder(server) / "a").exists())

    def test_databases_and_remarks(self):
        server = self.begin(files=log_of(
            b"#TS:1600000000\r\n", command("SELECT", 3), command("SET", "k", 1),
            b"#anything\r\n", command("select", 0), command("SET", "k", 2)))
        self.assertEqual(server.call("GET", "k"), b"2")
        self.assertEqual(server.info("keyspace")["db3"].split(",")[0], "keys=1")

    def test_a_file_of_nothing_but_remarks_is_empty(self):
        server = self.begin(files={
            f"{NAME}.manifest": b"file a seq 1 type b\nfile b seq 1 type i\n",
            "a": b"#TS:1600000000\r\n", "b": command("SET", "k", 1) + b"#TS:1600000001\r\n"})
        self.assertEqual(server.call("GET", "k"), b"1")
        self.assertNotIn("Truncating", server.log())

    def test_what_has_expired_is_decided_by_the_commands(self):
        server = self.begin(files=log_of(
            command("SET", "k", 1, "PXAT", 1000), command("PERSIST", "k"),
            command("SET", "gone", 1, "PXAT", 1000)))
        self.assertEqual(server.call("GET", "k"), b"1")
        self.assertIsNone(server.call("GET", "gone"))

    def test_a_file_of_an_older_version_moves_in(self):
        server = self.begin(files={f"/{NAME}": command("SET", "k", 1)})
        self.assertEqual(server.call("GET", "k"), b"1")
        self.assertFalse((server.dir / NAME).exists())
        self.assertEqual(manifest(server),
                         [(NAME, 1, "b"), (f"{NAME}.1.incr.aof", 1, "i")])
        self.assertIn("Successfully migrated an old-style AOF file", server.log())

    def test_a_snapshot_and_commands_in_one_file(self):
        one = self.begin()
        one.call("SET", "k", 1)
        rewritten(one)
        base = (folder(one) / manifest(one)[0][0]).read_bytes()
        server = self.begin(files={f"/{NAME}": base + command("INCR", "k")})
        self.assertEqual(server.call("GET", "k"), b"2")
        self.assertIn("Reading the remaining AOF tail", server.log())

    def test_an_upgrade_that_was_interrupted_is_begun_again(self):
        server = self.begin(files={
            f"/{NAME}": command("SET", "k", 1),
            f"{NAME}.manifest": f"file {NAME} seq 1 type b\n".encode()})
        self.assertEqual(server.call("GET", "k"), b"1")

    def test_the_log_goes_before_the_snapshot(self):
        with Server("--save", "1 1") as other:
            other.call("SET", "of", "the snapshot")
            other.call("SAVE")
            snapshot = (other.dir / "dump.rdb").read_bytes()
        server = self.begin(files={"/dump.rdb": snapshot})
        self.assertEqual(server.call("DBSIZE"), 0)

    def test_large_and_many_words(self):
        big = bytes(range(256)) * 20000
        server = self.begin(files=log_of(
            command("SET", "big", big), command("RPUSH", "l", *range(5000)),
            command("SET", "empty", "")))
        self.assertEqual(server.call("GET", "big"), big)
        self.assertEqual(server.call("LLEN", "l"), 5000)
        self.assertEqual(server.call("GET", "empty"), b"")


class Cut(Tests):
    """Files that end early."""
    whole = command("SET", "a", 1)
    unit = command("MULTI") + command("SET", "b", 1) + command("SET", "c", 1) + command("EXEC")

    def test_a_tail_is_cut_at_every_offset(self):
        data = self.whole + self.unit
        server = self.begin(files=log_of(self.whole))
        path = folder(server) / f"{NAME}.1.incr.aof"
        for size in range(len(self.whole) + 1, len(data)):
            path.write_bytes(data[:size])
            self.assertEqual(server.call("DEBUG", "LOADAOF"), b"OK")
            self.assertEqual(server.call("DBSIZE"), 1, f"cut at {size}")
            self.assertEqual(path.stat().st_size, len(self.whole))
        path.write_bytes(data)
        server.call("DEBUG", "LOADAOF")
        self.assertEqual(server.call("DBSIZE"), 3)

    def test_what_follows_a_cut_is_appended_to_whole_commands(self):
        server = self.begin(files=log_of(self.whole, self.unit[:-3]))
        self.assertIn("!!! Truncating the AOF", server.log())
        self.assertIn("Revert incomplete MULTI/EXEC", server.log())
        server.call("SET", "d", 1)
        self.assertEqual((folder(server) / f"{NAME}.1.incr.aof").read_bytes(),
                         self.whole + command("SELECT", 0) + command("SET", "d", 1))

    def test_it_is_refused_if_that_is_configured(self):
        log = self.refused("--aof-load-truncated", "no", files=log_of(self.whole, self.whole[:-1]))
        self.assertIn("Unexpected end of file reading the append only file", log)

    def test_only_the_last_file_may_end_early(self):
        log = self.refused(files={
            f"{NAME}.manifest": b"file a seq 1 type i\nfile b seq 2 type i\n",
            "a": self.whole[:-1], "b": self.whole})
        self.assertIn("the truncated file is not the last file", log)


class Spoilt(Tests):
    whole = command("SET", "a", 1)

    def test_what_is_no_command_is_refused_with_its_offset(self):
        for tail in (b"x", b"*x\r\n", b"*0\r\n", b"*-1\r\n", b"*1\r\n#", b"*1\r\n$-1\r\n",
                     b"*1\r\n$4\r\nPINGxx*1\r\n", b"*1\r\n$99999999999999999999\r\n",
                     b"*1 \r\n$4\r\nPING\r\n", b"\r\n"):
            log = self.refused(files=log_of(self.whole, tail, self.whole))
            self.assertIn("Bad file format reading the append only file", log)
            self.assertIn(f"offset {len(self.whole)}:", log)

    def test_unknown_commands_and_databases_are_refused(self):
        log = self.refused(files=log_of(command("NOSUCH", 1)))
        self.assertIn("Unknown command 'NOSUCH' reading the append only file", log)
        self.assertIn("no such database", self.refused(files=log_of(command("SELECT", 99))))

    def test_a_command_that_fails_is_told_of(self):
        server = self.begin(files=log_of(self.whole, command("LPUSH", "a", 1), command("SET", "b", 2)))
        self.assertEqual(server.call("DBSIZE"), 2)
        self.assertIn("AOF-loading-client: 'WRONGTYPE", server.log())

    def test_a_missing_file_is_refused(self):
        log = self.refused(files={f"{NAME}.manifest": b"file a seq 1 type i\n"})
        self.assertIn("Unable to obtain the AOF file a length", log)

    def test_a_spoilt_snapshot_is_refused(self):
        log = self.refused(files={f"{NAME}.manifest": b"file a seq 1 type b\n",
                                  "a": b"REDIS0010\xfa\x09redis-ver"})
        self.assertIn("Error reading the RDB base file a, AOF loading aborted", log)

    def test_manifests_are_read_strictly(self):
        for text, reason in (
                (b"", "Found an empty AOF manifest"),
                (b"\n", "Invalid AOF manifest file format"),
                (b"file a seq 1\n", "Invalid AOF manifest file format"),
                (b"file a seq 1 type\n", "Invalid AOF manifest file format"),
                (b"file a seq 0 type b\n", "Invalid AOF manifest file format"),
                (b'file "a seq 1 type b\n', "Invalid AOF manifest file format"),
                (b"file a/b seq 1 type b\n", "File can't be a path, just a filename"),
                (b"file a seq 1 type x\n", "Unknown AOF file type"),
                (b"file a seq 1 type b\nfile b seq 2 type b\n", "Found duplicate base file"),
                (b"file a seq 2 type i\nfile b seq 2 type i\n", "non-monotonic sequence number"),
                (b"file a seq 1 type b", "contains too long line"),
                (b"file " + b"a" * 2000 + b" seq 1 type b\n", "contains too long line")):
            with self.subTest(text[:40]):
                log = self.refused(files={f"{NAME}.manifest": text})
                self.assertIn("*** FATAL AOF MANIFEST FILE ERROR ***", log)
                self.assertIn(reason, log)

    def test_other_keys_of_a_manifest_and_remarks_are_stepped_over(self):
        server = self.begin(files={
            f"{NAME}.manifest": b"# a remark\nfile \"a b\" seq 1 type i newer thing\n",
            "a b": command("SET", "k", 1)})
        self.assertEqual(server.call("GET", "k"), b"1")


class Switch(Tests):
    def test_on_at_run_time_writes_a_base_first(self):
        server = Server("--enable-debug-command", "yes")
        self.addCleanup(server.__exit__, None, None, None)
        server.call("SET", "before", 1)
        self.assertEqual(server.call("CONFIG", "SET", "appendonly", "yes"), b"OK")
        server.call("SET", "behind", 1)
        server.wait_log("Background AOF rewrite finished successfully")
        self.assertEqual([row[2] for row in manifest(server)], ["b", "i"])
        server.call("SET", "later", 1)
        self.assertEqual(self.inherit(server).call("DBSIZE"), 3)
        self.assertEqual(server.call("CONFIG", "SET", "appendonly", "no"), b"OK")
        server.call("SET", "not", "logged")
        self.assertEqual(server.info("persistence")["aof_enabled"], "0")
        self.assertEqual(self.inherit(server).call("DBSIZE"), 3)

    def test_within_a_transaction_the_rewrite_waits_for_its_end(self):
        server = Server("--enable-debug-command", "yes")
        self.addCleanup(server.__exit__, None, None, None)
        with server.client() as client:
            for words in (("MULTI",), ("INCR", "k"), ("CONFIG", "SET", "appendonly", "yes"),
                          ("INCR", "k"), ("EXEC",)):
                client.call(*words)
        server.wait_log("Background AOF rewrite finished successfully")
        self.assertEqual(self.inherit(server).call("GET", "k"), b"2")
        with server.client() as client:
            for words in (("MULTI",), ("INCR", "k"), ("BGREWRITEAOF",), ("INCR", "k")):
                client.call(*words)
            self.assertEqual(client.call("EXEC")[1],
                             b"Background append only file rewriting scheduled")
        time.sleep(0.5)
        self.assertEqual(self.inherit(server).call("GET", "k"), b"4")

    def test_it_rewrites_by_itself(self):
        server = self.begin("--auto-aof-rewrite-min-size", "10kb")
        for _ in range(400):
            server.call("SET", "k", "x" * 100)
        server.wait_log("Starting automatic rewriting of AOF on .* growth")
        server.wait_log("Background AOF rewrite finished successfully")
        # The base, and what came while it was written; 400 commands are 52,000 bytes.
        self.assertLess(int(server.info("persistence")["aof_base_size"]), 40000)

    def test_writes_during_a_rewrite_are_kept(self):
        for preamble in ("yes", "no"):
            server = self.begin("--aof-use-rdb-preamble", preamble)
            with server.client() as client:
                for i in range(300):
                    client.call("INCR", "n")
                    client.call("SET", f"k{i % 50}", i)
                    if i % 100 == 50:
                        client.call("BGREWRITEAOF")
            server.wait_log("Background AOF rewrite finished successfully")
            other = self.inherit(server)
            self.assertEqual(other.call("GET", "n"), b"300")
            self.assertEqual(other.call("DEBUG", "DIGEST"), server.call("DEBUG", "DIGEST"))

    def processors(self, listed):
        """Where the child of a rewrite may run, if the configuration lists these."""
        server = self.begin("--aof_rewrite_cpulist", listed, "--rdb-key-save-delay", "2000")
        server.call("DEBUG", "POPULATE", 2000)
        server.call("BGREWRITEAOF")
        pid = int(server.wait_log(r"rewriting started by pid (\d+)")[1])
        bound, mine = set(), os.sched_getaffinity(0)
        for _ in range(200):  # it is bound when it has begun to run
            bound = os.sched_getaffinity(pid)
            if bound != mine:
                break
            time.sleep(0.005)
        self.assertEqual(os.sched_getaffinity(server.process.pid), mine)
        server.call("CONFIG", "SET", "appendonly", "no")  # ends the child
        return bound

    def test_a_rewrite_runs_where_it_is_told_to(self):
        mine = sorted(os.sched_getaffinity(0))
        first, last = mine[0], mine[-1]
        for listed, wanted in ((f"{last}", {last}), (f"{first}-{first},{last}", {first, last}),
                               (f"{first}-{last}:{max(1, last - first)}", {first, last}),
                               ("none", set(mine)), (f"{first},", set(mine))):
            self.assertEqual(self.processors(listed), wanted, listed)

    def test_history_is_kept_as_long_as_it_is_told_to(self):
        server = self.begin("--aof-disable-auto-gc", "yes")
        rewritten(server)
        rewritten(server)
        history = [name for name, _, kind in manifest(server) if kind == "h"]
        self.assertEqual(history, [f"{NAME}.2.incr.aof", f"{NAME}.2.base.rdb",
                                   f"{NAME}.1.incr.aof", f"{NAME}.1.base.rdb"])
        server.call("CONFIG", "SET", "aof-disable-auto-gc", "no")
        self.assertEqual(manifest(server), [(f"{NAME}.3.base.rdb", 3, "b"), (f"{NAME}.3.incr.aof", 3, "i")])
        self.assertTrue(wait_for(
            lambda: not any((folder(server) / name).exists() for name in history)))

    def test_a_log_that_is_loaded_again_is_what_its_manifest_says(self):
        server = self.begin()
        server.call("SET", "k", "v")
        server.call("CONFIG", "SET", "appendonly", "no")
        rewritten(server)
        self.assertEqual(manifest(server), [(f"{NAME}.2.base.rdb", 2, "b")])
        server.call("SET", "other", "v")
        self.assertEqual(server.call("DEBUG", "LOADAOF"), b"OK")
        self.assertEqual(server.call("KEYS", "*"), [b"k"])
        self.assertEqual(server.info("persistence")["rdb_changes_since_last_save"], "0")
        server.call("CONFIG", "SET", "appendonly", "yes")
        await_rewrite(server)
        self.assertEqual([name for name, _, _ in manifest(server)],
                         [f"{NAME}.3.base.rdb", f"{NAME}.1.incr.aof"])

    def test_names_are_the_configurations(self):
        server = self.begin("--appendfilename", "my log", "--appenddirname", "some where")
        server.call("SET", "k", 1)
        rewritten(server)
        self.assertIn('file "my log.2.base.rdb" seq 2 type b',
                      (server.dir / "some where" / "my log.manifest").read_text())

    def test_timestamps(self):
        server = self.begin("--aof-timestamp-enabled", "yes")
        server.call("SET", "k", 1)
        data = (folder(server) / f"{NAME}.1.incr.aof").read_bytes()
        self.assertRegex(data, rb"^#TS:\d+\r\n\*2\r\n\$6\r\nSELECT")


class Wait(Tests):
    def test_always_is_there_at_once(self):
        server = self.begin("--appendfsync", "always")
        with server.client() as client:
            client.call("SET", "k", 1)
            self.assertEqual(client.call("WAITAOF", 1, 0, 0), [1, 0])

    def test_everysec_is_waited_for(self):
        server = self.begin("--appendfsync", "everysec")
        with server.client() as client:
            client.call("SET", "k", 1)
            self.assertEqual(client.call("WAITAOF", 1, 0, 5000), [1, 0])

    def test_no_replica_answers(self):
        server = self.begin("--appendfsync", "always")
        self.assertEqual(server.call("WAITAOF", 1, 1, 50), [1, 0])

    def test_what_it_refuses(self):
        server = self.begin()
        for words, text in (((2, 0, 0), "value is out of range, value must between 0 and 1"),
                            ((0, -1, 0), "value is out of range, must be positive"),
                            ((0, 0, -1), "timeout is negative")):
            self.assertIn(text, server.call("WAITAOF", *words).decode())
        server.call("CONFIG", "SET", "appendonly", "no")
        answer = server.call("WAITAOF", 1, 0, 0)
        self.assertIsInstance(answer, Error)
        self.assertIn(b"appendonly is disabled", answer)


if __name__ == "__main__":
    print(f"AOF_SEED={SEED}")
    main()
