#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Fifty clients at work on every type, while each module in turn is upgraded, or unloaded and loaded.

Snapshots are taken and the append-only file is on meanwhile; at the end the server is started again
from it.  Each client knows what its keys must hold, so a wrong reply is seen at once.  The
builds that take turns are the module's own file with other numbers in it: another
version, another layout of its values (so that all are converted), an import that
nobody offers (so that the upgrade fails).  A module of a stranger's (tests/abi/tide.c), one in Lua
and one that was built for Redis (tests/redisabi/levels.c) take their turns, too.

KEYRACK_SOAK_SECONDS says how long each of the two goes on (3), KEYRACK_SOAK_SEED
repeats one.
"""
import hashlib
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Client, Error, Server, main  # noqa: E402
from test_guest_upgrade import BUILDS as GUESTS, build_guest  # noqa: E402
from test_upgrade import BUILDS, build, flags, images_of  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parents[1]
BUILD = os.environ.get("top_builddir", str(HERE.parent))
MODULES = pathlib.Path(os.environ.get("KEYRACK_MODULES", BUILD + "/modules"))
HAS_LUA = (MODULES / "luamodule.so").exists()
HAS_GUESTS = (MODULES / "redisabi.so").exists()
SECONDS = float(os.environ.get("KEYRACK_SOAK_SECONDS", "3"))
CLIENTS = 50
THREADS = 10
PACE = 0.1
# What commands of a module that is away answer: it has left values, or has none of its own.
AWAY = (b"NOMODULE ", b"ERR unknown command")
SCRIPT = """local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
return {sum, redis.call('TYPE', KEYS[1])['ok']}"""
SHA = hashlib.sha1(SCRIPT.encode()).hexdigest()
# A module in Lua, of which there are builds, too.
PROGRAM = """keyrack.module{name = 'soaked', version = '%s', summary = 'Adds'}
keyrack.command{
    name = 'soaked.add', arity = 3, flags = 'write denyoom',
    keys = {{flags = 'rw access update', first = 1}},
    run = function(key, by) return redis.call('INCRBY', key, by) end,
}
"""
PROGRAMS = {"one": PROGRAM % "1.0.0", "two": PROGRAM % "2.0.0", "broken": PROGRAM % "3.0.0" + "end"}
LIBRARY = "#!lua name=soak\nredis.register_function('soak', function(KEYS, ARGV) " + SCRIPT + " end)"


class Wrong(AssertionError):
    pass


class Worker:
    """One client: what it says, and what it knows of its keys.  `away` allows for NOMODULE."""

    def __init__(self, at, number, seed, away=False, tide=False):
        self.client = Client(at)
        self.call_raw = self.client.call
        self.waiter = Client(at)
        self.tracker = Client(at, protocol=3)
        self.tracker.call("CLIENT", "TRACKING", "ON")
        self.scripted = self.waited = self.tracked = 0
        self.subscriber = Client(at, protocol=3)
        self.away = away
        self.random = random.Random(f"{seed}.{number}")
        self.key = f"c{number}"
        self.count = self.calls = self.refused = self.published = 0
        self.list, self.hash, self.set, self.zset = [], {}, set(), {}
        self.entries = self.bits = 0
        self.subscriber.call("SUBSCRIBE", self.key)
        self.steps = [self.string, self.lists, self.hashes, self.sets, self.sorted, self.stream,
                      self.bitmap, self.transaction, self.watch, self.publish, self.wait, self.keys,
                      self.places, self.estimates, self.script, self.track, self.expire,
                      self.wait_for_entry, self.wait_for_member]
        self.level = self.height = None
        if HAS_GUESTS:
            self.steps.append(self.guest)
        self.programmed = tide and HAS_LUA
        if tide:
            self.steps.append(self.tide)

    def close(self):
        for client in (self.client, self.waiter, self.subscriber, self.tracker):
            client.close()

    def call(self, *words):
        """Its answer, asked again while the module is away."""
        while True:
            answer = self.call_raw(*words)
            self.calls += 1
            if not (self.away and isinstance(answer, Error) and answer.startswith(AWAY)):
                return answer
            self.refused += 1
            time.sleep(0.01)

    def expect(self, wanted, *words):
        answer = self.call(*words)
        if answer != wanted:
            raise Wrong(f"{words}: {answer!r}, expected {wanted!r}")

    def string(self):
        self.count += 1
        self.expect(self.count, "INCR", self.key)
        self.expect(b"%d" % self.count, "GET", self.key)

    def lists(self):
        word = b"%d" % self.random.randrange(1000)
        self.list.append(word)
        self.expect(len(self.list), "RPUSH", self.key + ":l", word)
        if len(self.list) > 40:
            self.expect(self.list.pop(0), "LPOP", self.key + ":l")
        self.expect(self.list, "LRANGE", self.key + ":l", 0, -1)

    def hashes(self):
        field, value = b"f%d" % self.random.randrange(50), b"v%d" % self.random.randrange(10 ** 9)
        self.expect(field not in self.hash, "HSET", self.key + ":h", field, value)
        self.hash[field] = value
        self.expect(len(self.hash), "HLEN", self.key + ":h")
        field = self.random.choice(sorted(self.hash))
        self.expect(self.hash[field], "HGET", self.key + ":h", field)

    def sets(self):
        member = b"%d" % self.random.randrange(200)
        if self.random.random() < 0.2:
            member = b"m" + member
        self.expect(member not in self.set, "SADD", self.key + ":s", member)
        self.set.add(member)
        self.expect(len(self.set), "SCARD", self.key + ":s")

    def sorted(self):
        member, score = b"m%d" % self.random.randrange(200), self.random.randrange(1000)
        self.expect(member not in self.zset, "ZADD", self.key + ":z", score, member)
        self.zset[member] = score
        self.expect(b"%d" % score, "ZSCORE", self.key + ":z", member)
        ranks = sorted((score, member) for member, score in self.zset.items())
        self.expect(ranks.index((score, member)), "ZRANK", self.key + ":z", member)

    def stream(self):
        self.entries += 1
        self.expect(b"%d-1" % self.entries, "XADD", self.key + ":x", f"{self.entries}-1", "n",
                    self.entries)
        self.expect(self.entries, "XLEN", self.key + ":x")

    def bitmap(self):
        self.expect(0, "SETBIT", self.key + ":b", self.bits, 1)
        self.bits += 1
        self.expect(self.bits, "BITCOUNT", self.key + ":b")

    def places(self):
        self.call("GEOADD", self.key + ":g", "13.361389", "38.115556", "Palermo")
        self.expect([b"sqc8b49rny0"], "GEOHASH", self.key + ":g", "Palermo")
        self.call("GEOADD", self.key + ":g", "15.087269", "37.502669", "Catania")
        self.expect([b"Catania", b"Palermo"], "GEOSEARCH", self.key + ":g", "FROMLONLAT", "15", "37",
                    "BYRADIUS", "200", "km", "ASC")

    def estimates(self):
        self.call("PFADD", self.key + ":p", "a", "b", "c")
        self.expect(3, "PFCOUNT", self.key + ":p")

    def tide(self):
        key = self.key + ":tide"
        self.expect(self.level, "TIDE.GET", key)
        self.level = self.random.randrange(-600, 600)
        self.expect(b"OK", "TIDE.SET", key, self.level)
        if self.random.random() < 0.2:
            self.waiter.send("TIDE.WAIT", key + ":w")
            answer = self.set_until_woken(key + ":w")
            if answer[0] != self.level:
                raise Wrong(f"TIDE.WAIT {answer!r}, expected {self.level}")

    def set_until_woken(self, key):
        """The wait may reach the server after the first of them, on a busy machine."""
        for _ in range(300):
            self.expect(b"OK", "TIDE.SET", key, self.level)
            try:
                return self.waiter.read(timeout=0.1).value
            except TimeoutError:
                pass
        raise Wrong(f"TIDE.WAIT {key} is never woken")

    def guest(self):
        key = self.key + ":lv"
        self.expect(self.height, "LEVELS.GET", key)
        self.height = self.random.randrange(600)
        self.expect(b"OK", "LEVELS.SET", key, self.height)
        if not self.away and self.random.random() < 0.3:
            self.call("DEL", key + ":w")
            self.waiter.send("LEVELS.WAIT", key + ":w", 20000)
            time.sleep(self.random.random() * 0.05)
            self.expect(b"OK", "LEVELS.SET", key + ":w", self.height)
            answer = self.waiter.read(timeout=30).value
            if not isinstance(answer, list) or answer[0] != self.height:
                raise Wrong(f"LEVELS.WAIT {answer!r}, expected {self.height}")

    def transaction(self):
        key = self.key + ":t"
        self.expect(b"OK", "MULTI")
        for words in (("SET", key, "1"), ("INCRBY", key, 41), ("GET", key), ("DEL", key)):
            self.expect(b"QUEUED", *words)
            if self.random.random() < 0.1:
                time.sleep(0.02)
        self.expect([b"OK", 42, b"42", 1], "EXEC")

    def watch(self):
        self.expect(b"OK", "WATCH", self.key + ":w")
        changed = self.random.random() < 0.5
        if changed:
            self.expect(b"OK", "SET", self.key + ":w", self.calls)
        self.expect(b"OK", "MULTI")
        self.expect(b"QUEUED", "PING")
        self.expect(None if changed else [b"PONG"], "EXEC")

    def publish(self):
        """One that subscribes hears each message once, and in order."""
        self.published += 1
        self.expect(1, "PUBLISH", self.key, self.published)
        heard = self.subscriber.read(timeout=20).value
        if list(heard) != [b"message", self.key.encode(), b"%d" % self.published]:
            raise Wrong(f"heard {heard!r}, expected message {self.published}")

    def script(self):
        """Scripts and functions, which call other modules."""
        add, key = self.random.randrange(1000), self.key + ":sc"
        self.scripted += add
        how = self.random.randrange(4 if self.programmed else 3)
        if how == 0:
            self.expect([self.scripted, b"string"], "EVAL", SCRIPT, 1, key, add)
        elif how == 3:
            self.expect(self.scripted, "SOAKED.ADD", key, add)
        elif how == 1:
            self.expect([self.scripted, b"string"], "EVALSHA", SHA, 1, key, add)
        else:
            self.expect([self.scripted, b"string"], "FCALL", "soak", 1, key, add)

    def track(self):
        """Who has read a key hears once that it has changed."""
        key = self.key + ":tr"
        answer = self.tracker.call("GET", key)
        if answer != (b"%d" % self.tracked if self.tracked else None):
            raise Wrong(f"GET {key}: {answer!r}, expected {self.tracked}")
        self.tracked += 1
        self.expect(b"OK", "SET", key, self.tracked)
        heard = self.tracker.read(timeout=20).value
        if list(heard) != [b"invalidate", [key.encode()]]:
            raise Wrong(f"heard {heard!r}, expected that {key} is invalid")

    def expire(self):
        key = self.key + ":e"
        self.expect(b"OK", "SET", key, "v", "PX", 15)
        time.sleep(0.02)
        self.expect(None, "GET", key)

    def wait_for_entry(self):
        key, last = self.key + ":xs", self.waited
        self.waiter.send("XREAD", "BLOCK", 20000, "STREAMS", key, f"{last}-1" if last else "0")
        time.sleep(self.random.random() * 0.02)
        self.waited += 1
        entry = b"%d-1" % self.waited
        self.expect(entry, "XADD", key, entry, "n", self.waited)
        answer = self.waiter.read(timeout=30).value
        if self.away and isinstance(answer, Error) and answer.startswith(AWAY):
            return
        if answer != [[key.encode(), [[entry, [b"n", b"%d" % self.waited]]]]]:
            raise Wrong(f"XREAD {key}: {answer!r}, expected {entry!r}")

    def wait_for_member(self):
        key = self.key + ":zs"
        self.waiter.send("BZPOPMIN", key, 20)
        time.sleep(self.random.random() * 0.02)
        score = b"%d" % self.calls
        self.expect(1, "ZADD", key, score, "m")
        answer = self.waiter.read(timeout=30).value
        if answer != [key.encode(), b"m", score]:
            raise Wrong(f"BZPOPMIN {key}: {answer!r}, expected {score!r}")

    def wait(self):
        queue = self.key + ":q"
        self.waiter.send("BLPOP", queue, 20)
        time.sleep(self.random.random() * 0.03)
        word = b"%d" % self.calls
        self.expect(1, "RPUSH", queue, word)
        answer = self.waiter.read(timeout=30).value
        if self.away and isinstance(answer, Error) and answer.startswith(AWAY):
            self.expect(word, "LPOP", queue)
        elif answer != [queue.encode(), word]:
            raise Wrong(f"BLPOP {queue}: {answer!r}, expected {word!r}")

    def keys(self):
        self.expect(b"OK", "SET", self.key + ":k", "v", "EX", 1000)
        self.expect(1, "COPY", self.key + ":k", self.key + ":kk", "REPLACE")
        self.expect(b"OK", "RENAME", self.key + ":kk", self.key + ":k")
        if not 900 < self.call("TTL", self.key + ":k") <= 1000:
            raise Wrong("a TTL is lost")
        if self.list:
            self.expect(b"list", "TYPE", self.key + ":l")

    def step(self):
        step = self.random.choice(self.steps)
        try:
            step()
        except Exception as error:
            raise Wrong(f"{step.__name__} of {self.key}: {type(error).__name__}: {error}") from error

    def check_all(self):
        """Nothing is lost."""
        self.expect(b"%d" % self.count if self.count else None, "GET", self.key)
        self.expect(self.list, "LRANGE", self.key + ":l", 0, -1)
        answer = self.call("HGETALL", self.key + ":h")
        if dict(zip(answer[::2], answer[1::2])) != self.hash:
            raise Wrong(f"{self.key}:h is {answer!r}")
        if set(self.call("SMEMBERS", self.key + ":s")) != self.set:
            raise Wrong(f"{self.key}:s")
        answer = self.call("ZRANGE", self.key + ":z", 0, -1, "WITHSCORES")
        if dict(zip(answer[::2], map(int, answer[1::2]))) != self.zset:
            raise Wrong(f"{self.key}:z is {answer!r}")
        self.expect(self.entries, "XLEN", self.key + ":x")
        self.expect(self.bits, "BITCOUNT", self.key + ":b")
        self.expect(b"%d" % self.scripted if self.scripted else None, "GET", self.key + ":sc")
        self.expect(self.waited, "XLEN", self.key + ":xs")
        if self.level is not None:
            self.expect(self.level, "TIDE.GET", self.key + ":tide")
        if self.height is not None:
            self.expect(self.height, "LEVELS.GET", self.key + ":lv")


class Builds:
    """A module's file, and others made of it."""

    def __init__(self, directory, name, type_size):
        self.directory = directory
        self.name = name
        self.bytes = (MODULES / f"{name}.so").read_bytes()
        self.paths = {"same": str(MODULES / f"{name}.so"),
                      "version": self.write("version", self.with_version(77)),
                      "missing": self.write("missing", self.without_import())}
        other = self.with_layout(type_size, 77)
        if other:
            self.paths["layout"] = self.write("layout", other)

    def write(self, what, data):
        if data is None:
            return None
        path = self.directory / f"{self.name}.{what}.so"
        path.write_bytes(data)
        return str(path)

    def put(self, at, number):
        return self.bytes[:at] + struct.pack("<I", number) + self.bytes[at + 4:]

    def with_version(self, version):
        at = self.bytes.find(struct.pack("<I", 0x4b52414b))
        assert at > 0 and self.bytes.find(struct.pack("<I", 0x4b52414b), at + 4) < 0, self.name
        return self.put(at + 12, version)

    def with_layout(self, type_size, layout):
        for at in range(0, len(self.bytes) - 8, 8):
            size, old = struct.unpack_from("<II", self.bytes, at)
            if size == type_size and 1 <= old <= 9 and self.bytes[at + 8:at + 16] != b"":
                return self.put(at + 4, layout)
        return None

    def without_import(self):
        for name in (b"kr.memory/1\0", b"kr.commands/1\0", b"kr.events/1\0"):
            if name in self.bytes:
                return self.bytes.replace(name, name[:-2] + b"9\0")
        return None


class Soak(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-soak."))
        program = cls.dir / "size.c"
        program.write_text("#include <kr/type.h>\n#include <stdio.h>\n"
                           "int main(void) { printf(\"%zu\", sizeof(struct kr_type)); }\n")
        compiler = os.environ.get("CC", "cc").split()[-1]
        include = [flag for flag in flags("--cflags") if flag.startswith("-I")]
        subprocess.run([compiler, *include, "-o", str(cls.dir / "size"), str(program)], check=True)
        size = int(subprocess.run([str(cls.dir / "size")], capture_output=True, check=True).stdout)
        names = sorted(path.stem for path in MODULES.glob("*.so"))
        cls.builds = {name: Builds(cls.dir, name, size) for name in names}
        for name, text in PROGRAMS.items():
            (cls.dir / f"{name}.lua").write_text(text)
        cls.tides = {name: build(cls.dir, name, "tide.c", macros)
                     for name, macros in BUILDS.items()}
        if HAS_GUESTS:
            cls.guests = {name: build_guest(cls.dir, "levels", f"levels.{name}", macros)
                          for name, macros in GUESTS.items()}

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def setUp(self):
        self.seed = os.environ.get("KEYRACK_SOAK_SEED", str(time.time_ns() % 10 ** 9))
        print(f"soak: seed {self.seed}")
        program = ["--loadmodule", str(self.dir / "one.lua")] if HAS_LUA else []
        if HAS_GUESTS:
            program += ["--loadmodule", self.guests["one"]]
        self.server = Server(*program, "--loadmodule", self.tides["one"], "--save", "2 1", "--appendonly", "yes",
                             "--auto-aof-rewrite-min-size", "200kb")
        self.addCleanup(self.server.__exit__, None, None, None)
        self.connect()
        self.call("SCRIPT", "LOAD", SCRIPT)
        self.assertEqual(self.call("FUNCTION", "LOAD", LIBRARY), b"soak")
        self.wrong = []

    def connect(self):
        self.at = (self.server.host, self.server.port)
        self.client = Client(self.at, timeout=60)
        self.addCleanup(self.client.close)
        self.call = self.client.call

    def start_again(self, digest):
        """From the append-only file: it has the same."""
        self.server.kill()
        self.server.expect_status = 0
        self.server.start()
        self.connect()
        self.assertEqual(self.call("DEBUG", "DIGEST"), digest)

    def mapped(self, wanted=None):
        return images_of(self.server, wanted)

    def info(self, name):
        row = self.call("MODULE", "INFO", name)
        return dict(zip(row[::2], row[1::2]))

    def work(self, workers, over):
        try:
            while not over.is_set():
                for worker in workers:
                    worker.step()
        except Exception as error:  # noqa: BLE001: whatever it is, the test fails by it
            self.wrong.append(str(error))

    def under_load(self, away, each):
        """Call `each(i)` every PACE seconds while the clients are at work."""
        workers = [Worker(self.at, i, self.seed, away, not away) for i in range(CLIENTS)]
        over = threading.Event()
        threads = [threading.Thread(target=self.work, args=(workers[i::THREADS], over))
                   for i in range(THREADS)]
        for thread in threads:
            thread.start()
        end, i = time.monotonic() + SECONDS, 0
        try:
            while time.monotonic() < end and not self.wrong:
                next_time = time.monotonic() + PACE
                each(i)
                i += 1
                time.sleep(max(0, next_time - time.monotonic()))
        finally:
            over.set()
            for thread in threads:
                thread.join()
        self.assertEqual(self.wrong, [])
        for worker in workers:
            worker.check_all()
        calls = sum(worker.calls for worker in workers)
        for worker in workers:
            worker.close()
        return i, calls

    def upgradable(self):
        return [name for name in self.builds if self.info(name)[b"can-upgrade"] == b"yes"]

    def upgrade_one(self, name, what, pauses):
        path = self.builds[name].paths.get(what)
        if path is None:
            return
        before = self.info(name)[b"ver"]
        answer = self.call("MODULE", "UPGRADE", name, path)
        info = self.info(name)
        if what == "missing":
            self.assertIsInstance(answer, Error, name)
            self.assertEqual(info[b"ver"], before)
            return
        self.assertEqual(answer, b"OK", f"{name} {what}")
        if what != "layout":
            pauses.append((info[b"upgrade-usec"], info[b"upgrade-cpu-usec"]))

    def upgrade_tide(self, name):
        """Some fail: in load, in create, in takeover, in conversion, for work without a name."""
        fails = {"no_create": b"built to refuse", "no_takeover": b"not welcome",
                 "missing": b"tide_is_not_there", "no_type": b"values of type 'tide'"}
        before = self.call("TIDE.VERSION")
        answer = self.call("MODULE", "UPGRADE", "tide", self.tides[name])
        if answer == b"OK":
            self.assertNotIn(name, fails)
            self.assertNotEqual((name, before), ("no_load", 1))
            return
        self.assertIsInstance(answer, Error)
        self.assertEqual(self.call("TIDE.VERSION"), before)
        if b"carried" not in answer:  # somebody waits while a version forgets names
            self.assertIn(fails.get(name, b"666 is no level"), answer)

    def upgrade_program(self, name):
        if not HAS_LUA:
            return
        before = self.info("soaked")[b"version"]
        answer = self.call("MODULE", "UPGRADE", "soaked", str(self.dir / f"{name}.lua"))
        if name == "broken":
            self.assertIsInstance(answer, Error)
            self.assertEqual(self.info("soaked")[b"version"], before)
        else:
            self.assertEqual(answer, b"OK")

    def upgrade_guest(self, name):
        """Its values are always converted.  Some builds fail: in OnLoad, in conversion, in what else passes."""
        if not HAS_GUESTS:
            return
        fails = {"no_onload": b"OnLoad answered an error", "no_666": b"cannot be converted",
                 "no_type": b"values of type 'level-one'", "bad_aux": b"keeps beside its values"}
        before = self.call("LEVELS.VERSION")
        answer = self.call("MODULE", "UPGRADE", "levels", self.guests[name])
        if name not in fails:
            self.assertEqual(answer, b"OK", name)
            return
        self.assertIsInstance(answer, Error)
        self.assertIn(fails[name], answer)
        self.assertEqual(self.call("LEVELS.VERSION"), before)

    def test_upgrades_under_load(self):
        self.call("TIDE.SET", "poison", 666)
        if HAS_GUESTS:
            self.call("LEVELS.SET", "poison:l", 666)
        mapped, pauses, names = self.mapped(), [], self.upgradable()
        tides = ["other", "no_load", "adopts", "no_create", "two", "no_takeover", "missing",
                 "forgets", "no_type", "one"]
        kinds = ["same", "layout", "version", "missing", "layout", "same"]

        def each(i):
            # A layout and then another one: both ways are converted.
            self.upgrade_one(names[i % len(names)], kinds[i // len(names) % len(kinds)], pauses)
            self.upgrade_tide(tides[i % len(tides)])
            self.upgrade_program(["one", "two", "broken"][i % 3])
            self.upgrade_guest(["two", "no_666", "one", "no_onload", "no_type", "two", "bad_aux", "one"][i % 8])

        count, calls = self.under_load(False, each)
        for name in names:
            self.upgrade_one(name, "same", pauses)
        self.assertEqual(self.mapped(mapped), mapped)
        digest = self.call("DEBUG", "DIGEST")
        for what in ("layout", "version", "missing", "same"):
            for name in names:
                self.upgrade_one(name, what, pauses)
            self.assertEqual(self.call("DEBUG", "DIGEST"), digest)
        self.assertEqual(self.mapped(mapped), mapped)
        self.start_again(digest)
        print(f"soak: {count} times an upgrade of four modules, under load of {calls} calls; of "
              f"{', '.join(names)}")
        for i, what in enumerate(("pause", "of it in the processor")):
            of = sorted(pause[i] for pause in pauses)
            print(f"soak: {len(of)} without conversion, {what}: median {of[len(of) // 2]} us, p99.9 "
                  f"{of[min(len(of) - 1, int(len(of) * 0.999))]} us")

    def test_unloads_and_loads_under_load(self):
        mapped, names = self.mapped(), ["hash", "list", "stream", "hyperloglog", "geo", "bitmap"]
        paths = {name: self.builds[name].paths["same"] for name in names}
        if HAS_GUESTS:
            names.insert(2, "levels")
            paths["levels"] = self.guests["one"]

        def each(i):
            name = names[i // 2 % len(names)]
            if i % 2 == 0:
                answer = self.call("MODULE", "UNLOAD", name)
            else:
                answer = self.call("MODULE", "LOAD", paths[name])
            self.assertEqual(answer, b"OK", f"{name} {i}")
            if i % 2 == 0 and SECONDS < 10:
                time.sleep(0.02)

        def each_pair(i):
            each(2 * i)
            time.sleep(0.03)
            each(2 * i + 1)

        count, calls = self.under_load(True, each_pair)
        self.assertEqual(self.mapped(mapped), mapped)
        digest = self.call("DEBUG", "DIGEST")
        for i in range(2 * len(names)):
            each(i)
        self.assertEqual(self.call("DEBUG", "DIGEST"), digest)
        self.assertEqual(self.mapped(mapped), mapped)
        self.start_again(digest)
        print(f"soak: {count} times a module unloaded and loaded, under load of {calls} calls")


if __name__ == "__main__":
    main()
