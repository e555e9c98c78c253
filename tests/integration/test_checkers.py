#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""keyrack-check-rdb and keyrack-check-aof beside redis-check-rdb and redis-check-aof.

Files of both servers, whole, cut and spoilt: the same lines and the same exit status.  What a
checker accepts a server loads, and what it refuses no server loads.

CHECK_SEED repeats a run, CHECK_COUNT says how many cut and spoilt files there are of a kind."""
import os
import pathlib
import random
import re
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Server, is_oracle, keyrack_path, main  # noqa: E402
from support.server import BROKEN, ORACLE  # noqa: E402
from test_aof import command, folder, rewritten  # noqa: E402
from test_rdb import fill  # noqa: E402
from test_rdb_hostile import VALUES, checksum, old_file, snapshot, start  # noqa: E402

SEED = int(os.environ.get("CHECK_SEED", "7"))
COUNT = int(os.environ.get("CHECK_COUNT", "6"))
BUILD = pathlib.Path(keyrack_path()).resolve().parent
DEBUG = ("--enable-debug-command", "yes")
ERROR = "--- RDB ERROR DETECTED ---"


def run(program, *words, answer="", **options):
    """Exit status, what it says."""
    done = subprocess.run([str(program), *map(str, words)], input=answer.encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, **options)
    text = done.stdout.decode(errors="replace")
    assert not BROKEN.search(text), text
    return done.returncode, text


@unittest.skipIf(is_oracle() or not shutil.which("redis-check-rdb"), "compares with the oracle's")
class Checkers(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-test."))
        cls.logs = []
        cls.snapshots = []
        for name, binary in (("ours", None), ("theirs", ORACLE)):
            with Server(*DEBUG, "--appendonly", "yes", "--appendfsync", "no",
                        "--aof-timestamp-enabled", "yes", binary=binary) as server:
                fill(server, random.Random(SEED), databases=3)
                with server.client() as client:
                    client.call("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', "
                                "function() return 1 end)")
                    client.call("SAVE")
                    rewritten(server)
                    for words in (("MULTI",), ("SET", "t", "1"), ("INCR", "t"), ("EXEC",)):
                        client.call(*words)
                    client.call("SET", "large", b"v" * 700000)
                    client.call("RPUSH", "list", *range(300))
                shutil.copy(server.dir / "dump.rdb", cls.dir / f"{name}.rdb")
                shutil.copytree(folder(server), cls.dir / name)
            cls.snapshots.append(cls.dir / f"{name}.rdb")
            cls.logs.append(cls.dir / name / "appendonly.aof.manifest")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def setUp(self):
        self.rng = random.Random(SEED)

    def write(self, content, name="file"):
        path = self.dir / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    def both(self, what, *words, answer="", restore=None):
        """Run ours and theirs, from the same beginning; what each says."""
        found = []
        for program in (f"redis-check-{what}", BUILD / f"keyrack-check-{what}"):
            if restore:
                restore()
            found.append(run(program, *words, answer=answer, cwd=self.dir))
        return found

    def same(self, what, *words, **more):
        theirs, ours = self.both(what, *words, **more)
        self.assertEqual(ours, theirs, f"seed {SEED} {words}")
        return ours


class Rdb(Checkers):
    def test_snapshots_of_both_servers_look_fine_to_both(self):
        for path in self.snapshots:
            status, text = self.same("rdb", path.name)
            self.assertEqual(status, 0)
            self.assertIn("\\o/ RDB looks OK! \\o/", text)
            self.assertRegex(text, r"(?m)^\[info\] \d\d+ keys read$")

    def test_every_version_of_the_format_is_read(self):
        for version in range(1, 11):
            theirs, ours = self.both("rdb", self.write(old_file(version)))
            self.assertEqual(ours, theirs, version)
            self.assertEqual(ours[0], 0)

    def test_a_cut_snapshot_is_refused_at_the_same_item(self):
        for path in self.snapshots:
            content = path.read_bytes()
            for _ in range(COUNT):
                size = self.rng.randrange(len(content))
                theirs, ours = self.both("rdb", self.write(content[:size]))
                self.assertEqual((ours[0], theirs[0]), (1, 1), size)
                self.assertIn("Unexpected EOF reading RDB file", ours[1])
                self.assertEqual(self.told(ours[1]), self.told(theirs[1]), f"seed {SEED} {size}")
                self.assertLessEqual(int(re.search(ERROR + r"\n\[offset (\d+)\]", ours[1])[1]), size)

    @staticmethod
    def told(text):
        """All but the offset and the reason, which has the line of a source in Redis, lines of its
        log, and the name of a type, some of which it does not know."""
        head, _, tail = text.partition(ERROR)
        return head, [re.sub(r"\(.*\)", "", line) for line in tail.splitlines()[2:]
                      if not re.match(r"\d+:C ", line)]

    def test_a_snapshot_with_a_byte_changed_is_refused(self):
        content = self.snapshots[0].read_bytes()
        for _ in range(COUNT):
            at = self.rng.randrange(len(content))
            spoilt = bytearray(content)
            spoilt[at] ^= 1 << self.rng.randrange(8)
            theirs, ours = self.both("rdb", self.write(bytes(spoilt)))
            self.assertEqual((ours[0], theirs[0]), (1, 1), f"seed {SEED} {at}")
            self.assertIn(ERROR, ours[1])
            self.assertRegex(ours[1], r"(?m)^\[info\] \d+ keys read$")

    def test_what_is_no_snapshot_is_called_so(self):
        for content, reason in ((b"REDIX0010" + bytes(20), "Wrong signature trying to load DB from file"),
                                (b"REDIS0099" + bytes(20), "Can't handle RDB format version 99")):
            theirs, ours = self.both("rdb", self.write(content))
            # Redis has not set then what it says about a type.
            self.assertEqual(ours[1], theirs[1].replace("[additional info] Reading type 0 (string)\n", ""))
            self.assertIn(f"\n[offset 9] {reason}\n", ours[1])
        content = bytearray(self.snapshots[0].read_bytes())
        content[-1] ^= 1
        self.assertIn("] RDB CRC error\n", self.same("rdb", self.write(bytes(content)))[1])
        content[-8:] = bytes(8)
        self.assertIn("saved with checksum disabled", self.same("rdb", self.write(bytes(content)))[1])

    def test_expired_keys_are_counted(self):
        body = b"\xfe\x00" + b"\xfc" + struct.pack("<q", 1000) + b"\x00\x01a\x01v" \
            + b"\xfd" + struct.pack("<i", 2000000000) + b"\x00\x01b\x01v" + b"\x00\x01c\x01v"
        ours = self.same("rdb", self.write(snapshot(9, body)))
        self.assertIn("3 keys read\n[info] 2 expires\n[info] 1 already expired\n", ours[1])

    def test_a_database_beyond_those_of_a_server_is_no_mistake(self):
        self.assertEqual(self.same("rdb", self.write(snapshot(9, b"\xfe\x42\x00\x00\x01a\x01v")))[0], 0)

    def test_data_of_modules_is_stepped_over(self):
        body = b"\xf7\x81" + bytes(8) + b"\x02\x01" + b"\x02\x07\x05\x01x\x00" \
            + b"\xfe\x00" + b"\x07\x01k\x81" + bytes(8) + b"\x02\x09\x00"
        ours = self.same("rdb", self.write(snapshot(9, body)))
        self.assertEqual(ours[0], 0)
        self.assertIn("MODULE AUX for: AAAAAAAAA", ours[1])

    def test_it_judges_as_a_server_does(self):
        """Without a checksum, bytes are changed; the server checks values as deeply."""
        base = old_file(10, [v for v in VALUES if v[1] in (0, 10, 11, 12, 13, 16, 17, 18)])
        self.assertEqual(struct.unpack("<Q", base[-8:])[0], checksum(base[:-8]))
        outcomes = set()
        for _ in range(COUNT * 2):
            spoilt = bytearray(base[:-8] + bytes(8))
            for _ in range(self.rng.choice((1, 2))):
                spoilt[self.rng.randrange(9, len(spoilt) - 9)] = self.rng.choice((0, 0xff, self.rng.randrange(256)))
            status, text = run(BUILD / "keyrack-check-rdb", self.write(bytes(spoilt)))
            loaded, log = start(bytes(spoilt), "--sanitize-dump-payload", "yes", "--databases", "2000")
            if re.search("duplicated key|more than 2000 databases", log):
                continue
            self.assertEqual(status, loaded, f"seed {SEED} {bytes(spoilt)!r}\n{text}\n{log[-2000:]}")
            if status:
                self.assertEqual(re.search(r"offset (\d+)\] (.*)", text.partition(ERROR)[2])[1],
                                 re.search(r"offset (\d+): ", log)[1])
            outcomes.add(status)
        self.assertEqual(outcomes, {0, 1}, f"seed {SEED}")

    def test_it_answers_to_the_other_name(self):
        link = self.dir / "redis-check-rdb"
        if not link.exists():
            link.symlink_to(keyrack_path())
        environment = {**os.environ, "KEYRACK_MODULES_DIR": str(BUILD / "modules")}
        self.assertEqual(run(link, self.snapshots[1].name, cwd=self.dir, env=environment),
                         run("redis-check-rdb", self.snapshots[1].name, cwd=self.dir))

    def test_arguments_are_theirs(self):
        for words in ((), ("a", "b")):
            theirs, ours = self.both("rdb", *words)
            self.assertEqual(ours[0], theirs[0])
            self.assertRegex(ours[1], r"^Usage: \S*check-rdb <rdb-file-name>\n$")
        status, text = run(BUILD / "keyrack-check-rdb", "--version")
        self.assertEqual(status, 0)
        self.assertRegex(text, r"^redis-check-rdb \d+\.\d+\.\d+\n$")
        theirs, ours = self.both("rdb", "/nonexistent")
        self.assertEqual(ours[0], theirs[0])
        self.assertEqual(ours[1].splitlines()[0], theirs[1].splitlines()[0])
        self.assertEqual(run(BUILD / "keyrack-check-rdb", self.dir)[0], 1)
        self.assertEqual(run(BUILD / "keyrack-check-rdb", self.write(b""))[0], 1)

    def test_a_name_that_no_module_knows_is_refused(self):
        link = self.dir / "keyrack-check-nothing"
        if not link.exists():
            link.symlink_to(keyrack_path())
        status, text = run(link, env={**os.environ, "KEYRACK_MODULES_DIR": str(BUILD / "modules")})
        self.assertEqual(status, 1)
        self.assertIn("no module here has a program of that name", text)


class Aof(Checkers):
    def increment(self, log):
        return sorted(log.parent.glob("*.incr.aof"))[-1]

    def test_logs_of_both_servers_are_valid_to_both(self):
        for log in self.logs:
            status, text = self.same("aof", log)
            self.assertEqual(status, 0)
            self.assertIn("All AOF files and manifest are valid\n", text)
            self.assertRegex(text, r"(?m)^BASE AOF \S+ is valid$")
            self.assertRegex(text, r"(?m)^INCR AOF \S+ is valid$")

    def test_one_file_is_a_log_with_a_snapshot_in_front_or_without(self):
        for log in self.logs:
            increment = self.increment(log)
            base = next(log.parent.glob("*.base.rdb"))
            for path in (increment, base, self.write(base.read_bytes() + increment.read_bytes())):
                status, text = self.same("aof", path)
                self.assertEqual(status, 0)
                self.assertRegex(text, r"(?m)^AOF \S+ is valid$")

    SMALL = b"#TS:1000\r\n" + command("SELECT", "0") + command("SET", "a", "12345678") \
        + command("MULTI") + command("INCR", "x") + command("RPUSH", "l", "", "two\r\n") \
        + command("EXEC") + b"#TS:2000\r\n" + command("DEL", "a") + command("MULTI") \
        + command("SET", "b", "c") + command("EXEC")

    def test_cut_anywhere_it_says_up_to_where_it_is_whole(self):
        """At a few places Redis shows bytes that it has read before, or takes half a remark."""
        for size in sorted(self.rng.sample(range(1, len(self.SMALL)), COUNT * 3)):
            path = self.write(self.SMALL[:size])
            theirs, ours = self.both("aof", path)
            odd = re.search(r"(?m)^0x *[0-9a-f]+: Expected \\r\\n, got: .*\n", ours[1])
            if b"#" in self.SMALL[:size].rpartition(b"\n")[2]:
                self.assertEqual(ours[0], 1)
            elif odd:
                self.assertEqual(ours[0], theirs[0])
                self.assertEqual(re.sub("got: .*", "", ours[1]), re.sub("got: .*", "", theirs[1]))
            else:
                self.assertEqual(ours, theirs, f"seed {SEED} {size}")

    def test_spoilt_it_says_where_and_why(self):
        whole = self.SMALL + command("SET", "c", "d")
        for spoilt in (whole + b"junk", whole + b"*1\r\nx3\r\nSET\r\n", whole + b"*2\r\n$3\r\nSEX\r\n$1\r\nab\r\n",
                       whole + b"*x\r\n", whole + command("EXEC"), whole + b"*1\r\n$4x\r\nPING\r\n",
                       command("MULTI") + command("MULTI") + command("EXEC"),
                       command("MULTI") + whole, b"\n" + whole, b"+OK\r\n"):
            status, text = self.same("aof", self.write(spoilt))
            self.assertEqual(status, 1)
            self.assertRegex(text, r"(?m)^AOF \S+ is not valid. Use the --fix option to try fixing it\.$")

    def test_a_file_that_it_accepts_loads(self):
        """Bytes are changed at random; only a server's answer to a whole command may differ."""
        seen = set()
        for number in range(COUNT * 2):
            spoilt = bytearray(self.SMALL)
            spoilt[self.rng.randrange(len(spoilt))] = self.rng.choice(b"\r\n*$#0129x")
            status, text = run(BUILD / "keyrack-check-aof", self.write(bytes(spoilt)))
            seen.add(status)
            log = self.loads(bytes(spoilt))
            if re.search("Unknown command|SELECT", log):
                continue
            refused = re.search("this is no command|Unexpected end of file", log)
            self.assertEqual(bool(refused), bool(status), f"seed {SEED} {bytes(spoilt)!r}\n{text}\n{log}")
        self.assertEqual(seen, {0, 1}, f"seed {SEED}")

    def loads(self, content):
        """The log of a server that begins with it."""
        server = Server("--appendonly", "yes", "--aof-load-truncated", "no", start=False)
        try:
            (server.dir / "appendonly.aof").write_bytes(content)
            server.spawn()
            for _ in range(3000):
                text = server.log_path.read_text(errors="replace") if server.log_path.exists() else ""
                if "Ready to accept" in text:
                    break
                try:
                    server.process.wait(0.01)
                    break
                except subprocess.TimeoutExpired:
                    pass
            return server.log_path.read_text(errors="replace")
        finally:
            if server.process and server.process.poll() is None:
                server.kill()
            server.process = None
            shutil.rmtree(server.dir, ignore_errors=True)

    def test_fix_cuts_what_is_not_whole_when_told_so(self):
        for end in (b"*3\r\n$3\r\nSE", command("MULTI") + command("SET", "a", "b"), b"junk"):
            content = self.SMALL + end
            path = self.dir / "file"
            for answer, left, status in (("y\n", self.SMALL, 0), ("n\n", content, 1), ("", content, 1)):
                found = self.same("aof", "--fix", path, answer=answer, restore=lambda: self.write(content))
                self.assertEqual(found[0], status)
                self.assertEqual(path.read_bytes(), left)
        self.assertEqual(self.same("aof", path.name)[0], 1)
        self.assertEqual(self.same("aof", "--fix", self.write(self.SMALL))[0], 0)

    def test_a_log_is_cut_in_time(self):
        path = self.dir / "file"
        for seconds in (999, 1000, 1500, 2000, 3000):
            self.same("aof", "--truncate-to-timestamp", seconds, path, restore=lambda: self.write(self.SMALL))
            self.assertEqual(path.read_bytes(), self.SMALL[:self.SMALL.index(b"#TS:2000")]
                             if 1000 <= seconds < 2000 else self.SMALL)
        for words in (("1x", path), ("", path), ("99999999999999999999", path)):
            self.same("aof", "--truncate-to-timestamp", *words)

    def parts(self, **files):
        """A log of these files {base, incr1, incr2}; its manifest."""
        lines = b""
        for name, content in files.items():
            kind = "b" if name == "base" else "i"
            lines += b"file %s seq %d type %s\n" % (name.encode(), int(name[4:] or 1), kind.encode())
            self.write(content, f"parts/{name}")
        return self.write(lines, "parts/log.manifest")

    def test_only_the_last_file_is_cut(self):
        cut = self.SMALL[:-3]
        for files in ({"base": cut, "incr1": self.SMALL}, {"incr1": cut, "incr2": self.SMALL},
                      {"base": self.SMALL, "incr1": self.SMALL, "incr2": cut}, {"base": cut},
                      {"base": b"", "incr1": b""}, {"base": b"", "incr1": cut}, {"incr1": self.SMALL}):
            for words in ((), ("--fix",), ("--truncate-to-timestamp", 1500)):
                log = self.parts(**files)
                self.same("aof", *words, log, answer="y\n", restore=lambda: self.parts(**files))

    def test_a_manifest_that_is_wrong_is_refused(self):
        for text in (b"file x\n", b"file a seq 1 type b\nfile b seq 1 type b\n",
                     b"file a seq 2 type i\nfile b seq 1 type i\n", b"file a/b seq 1 type i\n",
                     b"file gone seq 1 type i\n", b"file gone seq 1 type b\n", b"file a seq 1 type q\n",
                     b"#remark\nfile  a seq 1 type i", b"file " + b"x" * 1100 + b" seq 1 type i\n"):
            theirs, ours = self.both("aof", self.write(text, "log.manifest"))
            # A process and a time stand before their lines.
            theirs = theirs[0], re.sub(r"(?m)^\d+:C \d.*? # ", "", theirs[1])
            self.assertEqual([line for line in ours[1].splitlines() if line],
                             [line for line in theirs[1].splitlines() if line])
            self.assertEqual(ours[0], theirs[0])

    def test_arguments_are_theirs(self):
        for words in ((), ("--fix",), ("--mend", "x"), ("--fix", "x", "y"), ("a", "b", "c", "d"),
                      ("--truncate-to-timestamp", "5")):
            theirs, ours = self.both("aof", *words)
            self.assertEqual(ours[0], theirs[0], words)
            self.assertEqual(ours[1].replace(f"{BUILD}/keyrack", "redis"), theirs[1])
        self.same("aof", "/nonexistent")
        self.same("aof", self.write(b""))
        self.assertEqual(run(BUILD / "keyrack-check-aof", self.dir)[0], 1)

    @unittest.skipIf(os.getuid() == 0, "root may write to every file")
    def test_a_file_that_may_not_be_written_is_not_opened(self):
        path = self.write(self.SMALL, "locked")
        path.chmod(stat.S_IRUSR)
        self.same("aof", path)


del Checkers  # its classes are run

if __name__ == "__main__":
    main()
