#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Modules written in Lua: what they register, what they cannot do, how they come and go."""
import os
import pathlib
import random
import re
import select
import shutil
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Error, Map, Server, main  # noqa: E402

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
SEED = int(os.environ.get("SEED", random.randrange(1 << 30)))
HEAD = "keyrack.module{name = '%s', version = '1.0.0'}\n"

SHELF = """
keyrack.module{name = 'shelf', version = '1.0.0', licence = 'MIT', author = 'somebody',
               summary = 'Lists of words'}

local shelf = keyrack.type{name = 'shelf', file_name = 'shelf-lua', %(type)s}

keyrack.command{
    name = 'shelf.push', arity = -3, flags = 'write denyoom', categories = 'list',
    keys = {{flags = 'rw update', first = 1}},
    summary = 'Puts words on a shelf', since = '1.0.0', complexity = 'O(words)', group = 'shelf',
    args = {{name = 'key', type = 'key', key_spec = 0}, {name = 'word', multiple = true}},
    %(push)s
    run = function(key, ...)
        local words = shelf:write(key)
        if not words then
            words = {}
            shelf:put(key, words)
        end
        for _, word in ipairs{...} do words[#words + 1] = word end
        return #words
    end,
}

keyrack.command{
    name = 'shelf.all', arity = 2, flags = 'readonly', keys = {{flags = 'ro access', first = 1}},
    run = function(key) return shelf:read(key) or {} end,
}

keyrack.command{name = 'shelf.version', arity = 1, flags = 'fast', run = function() return %(version)d end}
"""


def shelf(version=1, kind="", push=""):
    return SHELF % {"version": version, "type": kind, "push": push}


class WithModules(unittest.TestCase):
    arguments = ("--enable-debug-command", "yes", "--busy-reply-threshold", "100",
                 "--lua-module-callback-limit", "300")

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-lua."))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.server = Server(*self.arguments)
        self.addCleanup(self.server.__exit__, None, None, None)
        self.client = self.server.client(timeout=30)
        self.addCleanup(self.client.close)

    def call(self, *words):
        return self.client.call(*words)

    def write(self, name, text):
        path = self.dir / f"{name}.lua"
        path.write_text(text)
        path.chmod(0o644)
        return str(path)

    def load(self, name, text, head=True):
        return self.call("MODULE", "LOAD", self.write(name, (HEAD % name if head else "") + text))

    def loaded(self, name, text, head=True):
        reply = self.load(name, text, head)
        self.assertEqual(reply, b"OK")

    def names(self):
        return [dict(zip(row[::2], row[1::2]))[b"name"] for row in self.call("MODULE", "LIST")]

    def info(self, name):
        reply = self.call("MODULE", "INFO", name)
        return dict(zip(reply[::2], reply[1::2]))

    def assertRefused(self, reply, *parts):
        self.assertIsInstance(reply, Error)
        for part in parts:
            self.assertIn(part.encode(), reply)

    def wait(self, condition, within=10):
        until = time.monotonic() + within
        while not condition():
            self.assertLess(time.monotonic(), until)
            time.sleep(0.01)


class Registering(WithModules):
    PAR = HEAD % "par" + """
        local n = keyrack.param{name = 'par.n', type = 'int', default = 3, min = 1, max = 10}
        local b = keyrack.param{name = 'par.b', type = 'bool', default = true}
        local m = keyrack.param{name = 'par.m', type = 'memory', default = '1mb'}
        local w = keyrack.param{name = 'par.w', type = 'enum', default = 'two', words = {'one', 'two'}}
        local s = keyrack.param{name = 'par.s', type = 'string', default = 'x', changed = function(e)
            redis.call('SET', 'changed', e.name) end}
        keyrack.command{name = 'par', arity = 1, run = function()
            return {n(), tostring(b()), m(), w(), s()} end}"""

    def test_a_module_of_four_lines(self):
        self.loaded("hello", "keyrack.command{name = 'hello.world', arity = 1, flags = 'fast',\n"
                             "    run = function() return redis.status_reply('hello, world') end}\n")
        self.assertEqual(self.call("HELLO.WORLD"), b"hello, world")
        self.assertIn(b"hello", self.names())
        self.assertEqual(self.call("MODULE", "UNLOAD", "hello"), b"OK")
        self.assertRefused(self.call("HELLO.WORLD"), "unknown command")
        self.assertNotIn(b"hello", self.names())

    def test_the_command_table_knows_all_of_it(self):
        self.loaded("shelf", shelf(), head=False)
        row = self.call("COMMAND", "INFO", "shelf.push")[0]
        self.assertEqual(row[:6], [b"shelf.push", -3, [b"write", b"denyoom"], 1, 1, 1])
        self.assertEqual(set(row[6]), {b"@write", b"@list", b"@slow"})
        docs = self.call("COMMAND", "DOCS", "shelf.push")[1]
        docs = dict(zip(docs[::2], docs[1::2]))
        self.assertEqual(docs[b"summary"], b"Puts words on a shelf")
        self.assertEqual(docs[b"group"], b"shelf")
        self.assertEqual(docs[b"complexity"], b"O(words)")
        self.assertEqual(len(docs[b"arguments"]), 2)
        self.assertEqual(self.call("COMMAND", "GETKEYS", "shelf.push", "k", "v"), [b"k"])
        self.assertIn(b"shelf.push", self.call("COMMAND", "LIST", "FILTERBY", "MODULE", "shelf"))
        self.assertRefused(self.call("shelf.push", "k"), "wrong number of arguments for 'shelf.push'")
        info = self.info("shelf")
        self.assertEqual((info[b"author"], info[b"summary"], info[b"licence"], info[b"ver"]),
                         (b"somebody", b"Lists of words", b"MIT", 10000))
        self.assertEqual(info[b"loader"], b"luamodule")

    def test_subcommands_and_their_words(self):
        self.loaded("sub", """
            local function say(name) return function(...) return {name, ...} end end
            keyrack.command{name = 'sub', subcommands = {
                {name = 'one', arity = 2, run = say('one'), summary = 'One'},
                {name = 'two', arity = -2, run = say('two')}}}""")
        self.assertEqual(self.call("SUB", "ONE"), [b"one"])
        self.assertEqual(self.call("sub", "two", "a", "b"), [b"two", b"a", b"b"])
        self.assertRefused(self.call("sub", "one", "x"), "wrong number of arguments for 'sub|one'")
        self.assertRefused(self.call("sub", "three"), "unknown subcommand")

    def test_key_specs_of_every_kind(self):
        self.loaded("specs", """
            local function none() end
            keyrack.command{name = 'specs.all', arity = -2, run = none,
                            keys = {{flags = {'RO', 'access'}, first = 1, last = -1}}}
            keyrack.command{name = 'specs.num', arity = -3, run = none,
                            keys = {{flags = 'rw', first = 1, keynum = 0, first_key = 1}}}
            keyrack.command{name = 'specs.word', arity = -3, run = none,
                            keys = {{flags = 'ow update', keyword = 'STORE', from = 1}}}""")
        self.assertEqual(self.call("COMMAND", "GETKEYS", "specs.all", "a", "b"), [b"a", b"b"])
        self.assertEqual(self.call("COMMAND", "GETKEYS", "specs.num", "2", "a", "b", "c"), [b"a", b"b"])
        self.assertEqual(self.call("COMMAND", "GETKEYS", "specs.word", "x", "STORE", "to"), [b"to"])

    def test_replies_in_both_protocols(self):
        self.loaded("say", """
            keyrack.command{name = 'say', arity = 2, run = function(what)
                if what == 'nil' then return nil end
                if what == 'map' then redis.setresp(3) return {map = {a = 1}} end
                if what == 'double' then return {double = 1.5} end
                if what == 'error' then return redis.error_reply('MINE of mine') end
                if what == 'raise' then error({err = 'MINE raised'}) end
                if what == 'bug' then local x; return x.y end
                return {1, 'two', {3}}
            end}""")
        self.assertIsNone(self.call("say", "nil"))
        self.assertEqual(self.call("say", "x"), [1, b"two", [3]])
        self.assertEqual(self.call("say", "error"), b"MINE of mine")
        self.assertEqual(self.call("say", "raise"), b"MINE raised")
        self.assertRefused(self.call("say", "bug"), "ERR say.lua:9:", "script: say")
        with self.server.client(protocol=3) as client:
            self.assertEqual(client.call("say", "map"), Map([(b"a", 1)]))
            self.assertEqual(client.call("say", "double"), 1.5)

    def test_parameters(self):
        self.loaded("par", self.PAR, head=False)
        self.assertEqual(self.call("par"), [3, b"true", 1048576, b"two", b"x"])
        self.assertEqual(self.call("CONFIG", "SET", "par.n", 7, "par.b", "no", "par.w", "one", "par.s", "text"),
                         b"OK")
        self.assertEqual(self.call("par"), [7, b"false", 1048576, b"one", b"text"])
        self.assertRefused(self.call("CONFIG", "SET", "par.n", 11), "par.n")
        self.assertRefused(self.call("CONFIG", "SET", "par.w", "three"), "par.w")
        self.wait(lambda: self.call("GET", "changed") == b"par.s")
        self.assertEqual(self.call("MODULE", "RELOAD", "par"), b"OK")
        self.assertEqual(self.call("par")[0], 7)
        self.call("MODULE", "UNLOAD", "par")
        self.assertEqual(self.call("CONFIG", "GET", "par.*"), [])
        path = self.write("args", HEAD % "args" + """
            local n = keyrack.param{name = 'args.n', type = 'int', default = 1}
            keyrack.command{name = 'args', arity = 1, run = function()
                return {n(), unpack(keyrack.args())} end}""")
        self.assertEqual(self.call("MODULE", "LOADEX", path, "CONFIG", "args.n", "5", "ARGS", "a", "b"), b"OK")
        self.assertEqual(self.call("args"), [5, b"a", b"b"])

    def test_timers(self):
        self.loaded("tick", """
            local stop
            keyrack.timer{after = 0, run = function() redis.call('SET', 'once', 'yes') end}
            keyrack.command{name = 'tick.start', arity = 1, run = function()
                stop = keyrack.timer{every = 5, run = function() redis.call('INCR', 'ticks') end}
                return 'OK' end}
            keyrack.command{name = 'tick.stop', arity = 1, run = function() return stop() and 1 or 0 end}""")
        self.wait(lambda: self.call("GET", "once") == b"yes")
        self.call("tick.start")
        self.wait(lambda: int(self.call("GET", "ticks") or 0) > 3)
        self.assertEqual(self.call("tick.stop"), 1)
        self.assertEqual(self.call("tick.stop"), 0)
        ticks = self.call("GET", "ticks")
        time.sleep(0.05)
        self.assertEqual(self.call("GET", "ticks"), ticks)
        self.call("tick.start")
        self.call("MODULE", "UNLOAD", "tick")
        ticks = self.call("GET", "ticks")
        time.sleep(0.05)
        self.assertEqual(self.call("GET", "ticks"), ticks)

    def test_events_are_handled_in_order_and_do_not_feed_themselves(self):
        self.loaded("ear", """
            keyrack.on('key.changed', function(e) redis.call('RPUSH', 'changed', e.db .. e.key) end)
            keyrack.on('key.expired', function(e) redis.call('RPUSH', 'expired', e.key) end)
            keyrack.on('db.flush', function(e) redis.call('SET', 'flushed', tostring(e.db)) end)
            keyrack.on('key.notify', function(e) redis.call('RPUSH', 'words', e.word .. ' ' .. e.key) end)""")
        for i in range(20):
            self.call("SET", f"k{i}", i)
        self.wait(lambda: self.call("LLEN", "changed") == 20)
        self.assertEqual(self.call("LRANGE", "changed", 0, -1), [b"0k%d" % i for i in range(20)])
        self.call("SET", "short", 1, "PX", 1)
        self.wait(lambda: self.call("LRANGE", "expired", 0, -1) == [b"short"])
        self.assertIn(b"set k3", self.call("LRANGE", "words", 0, -1))
        self.call("SELECT", 2)
        self.call("FLUSHDB")
        self.call("SELECT", 0)
        self.wait(lambda: self.call("GET", "flushed") == b"2")

    def test_a_command_may_run_its_own_module(self):
        self.loaded("deep", """
            keyrack.command{name = 'deep', arity = 2, run = function(n)
                n = tonumber(n)
                if n == 0 then return 0 end
                if n % 2 == 0 then return 1 + redis.call('deep', n - 1) end
                return coroutine.wrap(function() return 1 + redis.call('deep', n - 1) end)()
            end}""")
        self.assertEqual(self.call("deep", 60), 60)
        self.assertRefused(self.call("deep", 1000), "ERR")
        self.assertEqual(self.call("EVAL", "return redis.call('deep', 9)", 0), 9)
        self.assertEqual(self.call("deep", 60), 60)

    def test_in_a_transaction(self):
        self.loaded("shelf", shelf(), head=False)
        with self.server.client() as other:
            self.call("WATCH", "s")
            other.call("shelf.push", "s", "x")
            self.call("MULTI")
            self.assertEqual(self.call("shelf.push", "s", "y"), b"QUEUED")
            self.assertIsNone(self.call("EXEC"))
        self.call("MULTI")
        self.call("shelf.push", "s", "y")
        self.call("shelf.all", "s")
        self.assertEqual(self.call("EXEC"), [2, [b"x", b"y"]])

    def test_who_declares_no_write_does_not_write(self):
        self.loaded("honest", """
            local box = keyrack.type{name = 'box'}
            keyrack.command{name = 'honest.call', arity = 1, flags = 'readonly', run = function()
                return redis.call('SET', 'k', 'v') end}
            keyrack.command{name = 'honest.put', arity = 1, run = function() box:put('k', {}) end}""")
        self.assertRefused(self.call("honest.call"), "Write commands are not allowed")
        self.assertRefused(self.call("honest.put"), "not declared with the flag 'write'")
        self.assertEqual(self.call("EXISTS", "k"), 0)

    def test_a_module_by_a_line_of_the_configuration(self):
        path = self.write("conf", HEAD % "conf" + "keyrack.command{name = 'conf', arity = 1, run = function()"
                                                  " return keyrack.args() end}")
        with Server("--loadmodule", path, "a", "b") as server:
            self.assertEqual(server.call("conf"), [b"a", b"b"])


class Types(WithModules):
    def test_a_type_of_one_line(self):
        self.loaded("shelf", shelf(), head=False)
        self.assertEqual(self.call("shelf.push", "s", "a", "b"), 2)
        self.assertEqual(self.call("TYPE", "s"), b"shelf")
        self.assertEqual(self.call("OBJECT", "ENCODING", "s"), b"lua")
        self.assertGreater(self.call("MEMORY", "USAGE", "s"), 50)
        self.assertEqual(self.call("COPY", "s", "t"), 1)
        self.call("shelf.push", "t", "c")
        self.assertEqual(self.call("shelf.all", "s"), [b"a", b"b"])
        dump = self.call("DUMP", "s")
        self.assertEqual(self.call("RESTORE", "u", 0, dump), b"OK")
        self.assertEqual(self.call("shelf.all", "u"), [b"a", b"b"])
        self.assertEqual(self.call("DEBUG", "DIGEST-VALUE", "s"), self.call("DEBUG", "DIGEST-VALUE", "u"))
        self.assertNotEqual(self.call("DEBUG", "DIGEST-VALUE", "s"), self.call("DEBUG", "DIGEST-VALUE", "t"))
        self.assertRefused(self.call("GET", "s"), "WRONGTYPE")
        self.call("SET", "text", "x")
        self.assertEqual(self.call("shelf.all", "text"), b"WRONGTYPE Operation against a key holding the wrong"
                                                         b" kind of value")
        self.assertEqual(self.call("EXPIRE", "s", 100), 1)
        self.assertEqual(self.call("RENAME", "s", "r"), b"OK")
        self.assertEqual(self.info("shelf")[b"values"], 3)
        self.assertEqual(self.call("FLUSHALL", "ASYNC"), b"OK")
        self.wait(lambda: self.info("shelf")[b"values"] == 0)

    def test_values_that_are_freed_elsewhere(self):
        self.loaded("shelf", shelf(), head=False)
        for _ in range(3):
            for i in range(3000):
                self.client.send("shelf.push", f"s{i}", "a")
            for _ in range(3000):
                self.client.read()
            self.assertEqual(self.call("FLUSHALL", "ASYNC"), b"OK")
        self.call("shelf.push", "last", "a")
        self.assertEqual(self.call("MODULE", "UNLOAD", "shelf"), b"OK")

    def test_functions_of_a_type_are_called(self):
        self.loaded("shelf", shelf(kind="""
            save = function(v) return 'mine:' .. table.concat(v, ',') end,
            load = function(bytes, format)
                local v = {}
                for word in bytes:sub(6):gmatch('[^,]+') do v[#v + 1] = word end
                v[#v + 1] = 'format ' .. format
                return v
            end,
            format = 7, memory = function(v) return 100000 end,
            copy = function(v) return {'copied', unpack(v)} end,
            digest = function(v) return 'always the same' end"""), head=False)
        self.call("shelf.push", "s", "a", "b")
        self.call("shelf.push", "t", "z")
        self.assertIn(b"mine:a,b", self.call("DUMP", "s"))
        self.call("RESTORE", "u", 0, self.call("DUMP", "s"))
        self.assertEqual(self.call("shelf.all", "u"), [b"a", b"b", b"format 7"])
        self.assertGreater(self.call("MEMORY", "USAGE", "s"), 100000)
        self.call("COPY", "s", "c")
        self.assertEqual(self.call("shelf.all", "c"), [b"copied", b"a", b"b"])
        self.assertEqual(self.call("DEBUG", "DIGEST-VALUE", "s"), self.call("DEBUG", "DIGEST-VALUE", "t"))

    def test_the_digest_does_not_depend_on_the_order_of_a_table(self):
        self.loaded("bag", """
            local bag = keyrack.type{name = 'bag'}
            keyrack.command{name = 'bag.fill', arity = 3, flags = 'write', run = function(key, order)
                local v = {}
                for i = 1, 500 do
                    local n = order == 'up' and i or 501 - i
                    v['k' .. n] = {n, tostring(n), n % 2 == 0}
                end
                bag:put(key, v)
            end}""")
        self.call("bag.fill", "a", "up")
        self.call("bag.fill", "b", "down")
        self.assertEqual(self.call("DEBUG", "DIGEST-VALUE", "a"), self.call("DEBUG", "DIGEST-VALUE", "b"))

    def test_unloaded_the_values_are_sealed(self):
        self.loaded("shelf", shelf(), head=False)
        for i in range(100):
            self.call("shelf.push", f"s{i}", f"word {i}")
        dump = self.call("DUMP", "s5")
        path = str(self.dir / "shelf.lua")
        self.assertEqual(self.call("MODULE", "UNLOAD", "shelf"), b"OK")
        self.assertRefused(self.call("shelf.all", "s5"), "NOMODULE", "shelf")
        self.assertEqual(self.call("TYPE", "s5"), b"shelf")
        self.assertEqual(self.call("DBSIZE"), 100)
        self.assertEqual(self.call("DUMP", "s5"), dump)
        self.wait(lambda: self.call("MODULE", "LOAD", path) == b"OK")
        self.assertEqual(self.call("shelf.all", "s5"), [b"word 5"])
        self.assertEqual(self.call("DUMP", "s5"), dump)

    def test_a_key_that_is_watched_or_listened_to(self):
        self.loaded("shelf", shelf(), head=False)
        self.call("CONFIG", "SET", "notify-keyspace-events", "KEA")
        with self.server.client() as listener:
            listener.call("SUBSCRIBE", "__keyspace@0__:s")
            self.call("shelf.push", "s", "a")
            self.assertEqual(listener.read(timeout=5).value, [b"message", b"__keyspace@0__:s", b"shelf.push"])


class Persisting(WithModules):
    """A log or a snapshot brings back what was there."""

    def restarted(self, *arguments):
        arguments += ("--loadmodule", str(self.dir / "shelf.lua"), *self.arguments)
        return Server(*arguments, start=False)

    def again(self, text, arguments, fill):
        """The digest before and after a restart of a server with those arguments."""
        self.write("shelf", text)
        with self.restarted(*arguments) as server:
            server.start()
            with server.client() as client:
                fill(client)
                before = client.call("DEBUG", "DIGEST")
                self.assertGreater(client.call("DBSIZE"), 0)
            server.stop()
            server.start()
            with server.client() as client:
                self.assertEqual(client.call("DEBUG", "DIGEST"), before)
                yield server, client

    @staticmethod
    def fill(client):
        for i in range(50):
            client.call("shelf.push", f"s{i}", "a", str(i))
            client.call("shelf.push", f"s{i}", "b\r\n$3\r\n")
        client.call("PEXPIRE", "s1", 100000)
        client.call("shelf.push", "s1", "c")
        client.call("COPY", "s2", "copy")
        client.call("DEL", "s3")

    def test_a_snapshot(self):
        for server, client in self.again(shelf(), ("--save", "3600 1"), self.fill):
            self.assertEqual(client.call("shelf.all", "s7"), [b"a", b"7", b"b\r\n$3\r\n"])

    def test_a_log_of_effects(self):
        for server, client in self.again(shelf(), ("--appendonly", "yes"), self.fill):
            self.assertEqual(client.call("shelf.all", "s7"), [b"a", b"7", b"b\r\n$3\r\n"])
            self.assertGreater(client.call("PTTL", "s1"), 1000)
            log = b"".join(p.read_bytes() for p in (server.dir / "appendonlydir").glob("*.incr.aof"))
            self.assertIn(b"RESTORE", log)
            self.assertNotIn(b"shelf.push", log)

    def test_a_log_of_commands_as_typed(self):
        for server, client in self.again(shelf(push="journal = 'typed',"), ("--appendonly", "yes"), self.fill):
            self.assertEqual(client.call("shelf.all", "s7"), [b"a", b"7", b"b\r\n$3\r\n"])
            log = b"".join(p.read_bytes() for p in (server.dir / "appendonlydir").glob("*.incr.aof"))
            self.assertIn(b"shelf.push", log)
            self.assertNotIn(b"RESTORE", log)

    def test_a_log_that_is_rewritten(self):
        def fill(client):
            self.fill(client)
            client.call("BGREWRITEAOF")
            self.wait(lambda: b"aof_rewrite_in_progress:0" in client.call("INFO", "persistence"))
        for server, client in self.again(shelf(), ("--appendonly", "yes", "--aof-use-rdb-preamble", "no"), fill):
            self.assertEqual(client.call("shelf.all", "s7"), [b"a", b"7", b"b\r\n$3\r\n"])

    def test_effects_of_calls_timers_and_handlers(self):
        text = shelf() + """
            keyrack.command{name = 'mixed', arity = 2, flags = 'write', run = function(key)
                redis.call('INCR', 'count')
                shelf:put(key, {'mixed', math.random(1000000), keyrack.now()})
                redis.call('SADD', 'set', math.random(1000000))
                redis.call('SELECT', 3)
                shelf:put('elsewhere', {key})
                return redis.call('INCR', 'count')
            end}
            keyrack.command{name = 'typed', arity = 2, flags = 'write', journal = 'typed', run = function(key)
                local n = redis.call('INCR', key)
                redis.call('RPUSH', key .. ':list', n)
                return n
            end}
            keyrack.command{name = 'other', arity = 2, flags = 'write', journal = 'typed', run = function(key)
                redis.call('SET', key, math.random(1000000))
                keyrack.journal('SET', key, redis.call('GET', key))
            end}
            keyrack.command{name = 'later', arity = 1, run = function()
                keyrack.timer{after = 1, run = function()
                    shelf:put('timer', {'t'}) redis.call('SET', 'timed', 1) end}
                end}
            keyrack.on('key.changed', function(e)
                if e.key == 'typed' then shelf:put('handler', {e.key}) redis.call('INCR', 'handled') end end)
            """

        def fill(client):
            for i in range(5):
                client.call("mixed", f"m{i}")
                client.call("typed", "typed")
                client.call("other", f"o{i}")
            client.call("EVAL", "redis.call('mixed', 'e') return redis.call('typed', 'e2')", 0)
            client.call("MULTI")
            client.call("mixed", "multi")
            client.call("typed", "multi2")
            client.call("EXEC")
            client.call("later")
            self.wait(lambda: client.call("EXISTS", "timer", "timed", "handler") == 3)
            self.wait(lambda: client.call("GET", "handled") == b"5")
        for _, client in self.again(text, ("--appendonly", "yes"), fill):
            self.assertEqual(client.call("GET", "typed"), b"5")
            self.assertEqual(client.call("LLEN", "typed:list"), 5)


class Upgrading(WithModules):
    def test_the_values_stay(self):
        self.loaded("shelf", shelf(1), head=False)
        self.call("shelf.push", "s", "a")
        path = self.write("shelf2", shelf(2))
        self.assertEqual(self.call("MODULE", "UPGRADE", "shelf", path), b"OK")
        self.assertEqual(self.call("shelf.version"), 2)
        self.assertEqual(self.call("shelf.push", "s", "b"), 2)
        self.assertEqual(self.call("shelf.all", "s"), [b"a", b"b"])
        self.assertEqual(self.info("shelf")[b"upgrades"], 1)

    def test_many_values_are_converted_while_all_are_served(self):
        """In steps, and nobody sees one half-way: the old form has words, the new one {words = ...}."""
        old = "layout = 1, save = function(v) return cmsgpack.pack(v) end, load = cmsgpack.unpack"
        new = ("layout = 2, save = function(v) return cmsgpack.pack(v.words) end, load = function(bytes)"
               " local words = cmsgpack.unpack(bytes)"
               " if words[1] == 'bad' then error('a bad word') end"
               " return {words = words} end")
        text = shelf(kind=old)
        converted = (shelf(version=2, kind=new).replace("shelf:read(key) or {}", "(shelf:read(key) or {words = {}}).words")
                     .replace("local words = shelf:write(key)", "local v = shelf:write(key)\n        local words = v and v.words")
                     .replace("shelf:put(key, words)", "shelf:put(key, {words = words})"))
        self.loaded("shelf", text, head=False)
        count = 20000
        self.client.many([("shelf.push", f"s{i}", f"w{i}", "x") for i in range(count)])
        digest = self.call("DEBUG", "DIGEST-VALUE", "s7")
        self.write("shelf", converted)
        for bad in (True, False):
            if bad:
                self.call("shelf.push", "worst", "bad")
            else:
                self.call("DEL", "worst")
            served, versions = 0, []
            with self.server.client(timeout=60) as asking:
                asking.send("MODULE", "RELOAD", "shelf")
                while not select.select([asking.socket], [], [], 0)[0]:
                    i = served * 7919 % count
                    replies = self.client.many([("shelf.version",), ("shelf.all", f"s{i}"), ("shelf.push", "fresh", "y"),
                                                ("COPY", f"s{i}", "copy", "REPLACE"), ("shelf.all", "copy"),
                                                ("RENAME", "copy", "renamed"), ("DEL", "renamed")])
                    words = [b"w%d" % i, b"x"]
                    self.assertEqual(replies[1], words)
                    self.assertEqual(replies[3:], [1, words, b"OK", 1])
                    served += 1
                    versions.append(replies[0])
                answer = asking.read().value
            # In one step there would be one of them at the most.
            self.assertGreater(served, 5)
            self.assertEqual(versions, sorted(versions))
            pushed = self.call("shelf.push", "fresh", "y")
            self.assertEqual(self.call("shelf.all", "fresh"), [b"y"] * pushed)
            if bad:
                self.assertRefused(answer, "a value of type 'shelf' in database 0 cannot be converted", "a bad word")
                self.assertEqual(self.call("shelf.version"), 1)
            else:
                self.assertEqual(answer, b"OK")
                self.assertEqual(self.call("shelf.version"), 2)
            self.assertEqual(self.client.many([("shelf.all", f"s{i}") for i in range(count)]),
                             [[b"w%d" % i, b"x"] for i in range(count)])
        self.assertEqual(self.info("shelf")[b"values"], count + 1)
        self.assertNotEqual(digest, None)
        # And back, which is the same; then it is sealed and opened.
        self.write("shelf", text)
        self.assertEqual(self.call("MODULE", "RELOAD", "shelf"), b"OK")
        self.assertEqual(self.call("DEBUG", "DIGEST-VALUE", "s7"), digest)
        self.assertEqual(self.call("MODULE", "UNLOAD", "shelf"), b"OK")
        self.assertEqual(self.call("MODULE", "LOAD", str(self.dir / "shelf.lua")), b"OK")
        self.assertEqual(self.call("shelf.all", "s7"), [b"w7", b"x"])
        self.assertEqual(self.call("FLUSHALL", "ASYNC"), b"OK")
        self.wait(lambda: self.info("shelf")[b"values"] == 0)

    def test_another_layout_goes_through_save_and_load(self):
        self.loaded("shelf", shelf(1), head=False)
        for i in range(500):
            self.call("shelf.push", f"s{i}", "a", str(i))
        second = shelf(2, kind="""layout = 2, format = 2,
            load = function(bytes, format)
                local v = cmsgpack.unpack(bytes)
                v[#v + 1] = 'was format ' .. format
                return v
            end""")
        self.assertEqual(self.call("MODULE", "UPGRADE", "shelf", self.write("second", second)), b"OK")
        self.assertEqual(self.call("shelf.all", "s7"), [b"a", b"7", b"was format 0"])
        dump = self.call("DUMP", "s7")
        self.call("RESTORE", "back", 0, dump)
        self.assertEqual(self.call("shelf.all", "back"), [b"a", b"7", b"was format 0", b"was format 2"])

    def test_a_value_that_cannot_be_converted_leaves_all_as_it_was(self):
        self.loaded("shelf", shelf(1), head=False)
        for i in range(100):
            self.call("shelf.push", f"s{i}", str(i))
        second = shelf(2, kind="layout = 2, load = function(bytes)"
                               " local v = cmsgpack.unpack(bytes) if v[1] == '77' then error('not 77') end"
                               " return {'new', v[1]} end")
        reply = self.call("MODULE", "UPGRADE", "shelf", self.write("second", second))
        self.assertRefused(reply, "shelf", "not 77")
        self.assertEqual(self.call("shelf.version"), 1)
        self.assertEqual(self.call("shelf.all", "s5"), [b"5"])
        self.call("DEL", "s77")
        self.assertEqual(self.call("MODULE", "UPGRADE", "shelf", str(self.dir / "second.lua")), b"OK")
        self.assertEqual(self.call("shelf.all", "s5"), [b"new", b"5"])

    def test_a_bad_version_leaves_the_old_one(self):
        self.loaded("shelf", shelf(1), head=False)
        self.call("shelf.push", "s", "a")
        for name, text in {
                "syntax": "keyrack.module{name = 'shelf'",
                "error": "keyrack.module{name = 'shelf'} error('no')",
                "late": shelf(2) + "error('no')",
                "other": HEAD % "another",
                "nothing": "",
                "no type": HEAD % "shelf",
                "loop": shelf(2) + "while true do end"}.items():
            with self.subTest(name):
                self.assertIsInstance(self.call("MODULE", "UPGRADE", "shelf", self.write("bad", text)), Error)
                self.assertEqual(self.call("shelf.version"), 1)
                self.assertEqual(self.call("shelf.all", "s"), [b"a"])
        self.assertEqual(self.call("shelf.push", "s", "b"), 2)

    def test_commands_timers_and_handlers_of_the_old_version_go(self):
        first = """
            keyrack.command{name = 'old', arity = 1, run = function() return 1 end}
            keyrack.command{name = 'both', arity = 1, run = function() return 1 end}
            keyrack.timer{every = 5, run = function() redis.call('INCR', 'first') end}
            keyrack.on('key.changed', function(e) if e.key == 'k' then redis.call('INCR', 'heard1') end end)"""
        second = """
            keyrack.command{name = 'new', arity = 1, run = function() return 2 end}
            keyrack.command{name = 'both', arity = 1, run = function() return 2 end}
            keyrack.timer{every = 5, run = function() redis.call('INCR', 'second') end}
            keyrack.on('key.changed', function(e) if e.key == 'k' then redis.call('INCR', 'heard2') end end)"""
        self.loaded("m", first)
        self.wait(lambda: self.call("GET", "first"))
        self.write("m", HEAD % "m" + second)
        self.assertEqual(self.call("MODULE", "RELOAD", "m"), b"OK")
        self.assertRefused(self.call("old"), "unknown command")
        self.assertEqual((self.call("new"), self.call("both")), (2, 2))
        self.wait(lambda: self.call("GET", "second"))
        count = self.call("GET", "first")
        self.call("SET", "k", 1)
        self.wait(lambda: self.call("GET", "heard2") == b"1")
        self.assertEqual((self.call("GET", "first"), self.call("GET", "heard1")), (count, None))

    def test_under_load(self):
        self.loaded("shelf", shelf(1), head=False)
        stop, errors, counts = threading.Event(), [], [0] * 4

        def work(i):
            with self.server.client(timeout=30) as client:
                while not stop.is_set():
                    for j in range(20):
                        client.send("shelf.push", f"s{i}:{j}", "x")
                    for _ in range(20):
                        reply = client.read().value
                        if isinstance(reply, Error):
                            errors.append(reply)
                    counts[i] += 1
        threads = [threading.Thread(target=work, args=(i,)) for i in range(len(counts))]
        for thread in threads:
            thread.start()
        for version in range(2, 32):
            path = self.write("next", shelf(version, kind=f"layout = {version // 3 + 1}"))
            self.assertEqual(self.call("MODULE", "UPGRADE", "shelf", path), b"OK")
            self.assertEqual(self.call("shelf.version"), version)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])
        for i, count in enumerate(counts):
            self.assertEqual(len(self.call("shelf.all", f"s{i}:7")), count)
        self.assertLess(self.info("shelf")[b"memory"], 20 << 20)

    def test_memory_of_old_versions_is_given_back(self):
        self.loaded("shelf", shelf(1), head=False)
        for _ in range(20):
            self.assertEqual(self.call("MODULE", "RELOAD", "shelf"), b"OK")
        self.call("shelf.push", "s", "w")
        least = min(self.info("shelf")[b"memory"] for _ in range(100) if not time.sleep(0.01))
        for _ in range(200):
            self.assertEqual(self.call("MODULE", "RELOAD", "shelf"), b"OK")
        # What is left is collected a little later, with nobody calling.
        self.wait(lambda: self.info("shelf")[b"memory"] <= least + 1000)


class Hostile(WithModules):
    def busy(self, client):
        def told():
            reply = client.call("GET", "k")
            return isinstance(reply, Error) and reply.startswith(b"BUSY")
        self.wait(told)

    def test_files_that_are_no_modules(self):
        for name, text, said in (
                ("syntax", "keyrack.module{", "syntax.lua:1:"),
                ("nameless", "local x = 1", "keyrack.module{name"),
                ("fails", "error('on purpose')", "on purpose"),
                ("fails late", HEAD % "late" + "keyrack.command{name = 'late', run = function() end}\nerror{}",
                 "no text"),
                ("loops", HEAD % "loops" + "while true do end", "too long"),
                ("loops safely", HEAD % "loops" + "while true do pcall(function() while true do end end) end",
                 "too long"),
                ("calls", HEAD % "calls" + "redis.call('SET', 'k', 'v')", "only be called inside"),
                ("no name", "keyrack.module{version = '1.0.0'}", "field 'name' is missing"),
                ("bad name", "keyrack.module{name = 'two words'}", "two words"),
                ("bad version", "keyrack.module{name = 'x', version = 'new'}", "not of the form"),
                ("twice", HEAD % "x" + HEAD % "y", "already"),
                ("too early", "keyrack.command{name = 'x', run = type}", "comes first"),
                ("taken", HEAD % "x" + "keyrack.command{name = 'get', run = function() end}", "one of that name"),
                ("taken type", HEAD % "x" + "keyrack.type{name = 'string'}", "string"),
                ("two types", HEAD % "x" + "keyrack.type{name = 'a'} keyrack.type{name = 'a'}", "'a'"),
                ("taken param", HEAD % "x" + "keyrack.param{name = 'maxmemory', type = 'int', default = 1}",
                 "maxmemory"),
                ("param out of range",
                 HEAD % "x" + "keyrack.param{name = 'p', type = 'int', default = 9, max = 3, min = 1}", "'p'"),
                ("no run", HEAD % "x" + "keyrack.command{name = 'x'}", "'run' is missing"),
                ("run is text", HEAD % "x" + "keyrack.command{name = 'x', run = 'print'}", "function is expected"),
                ("unknown field", HEAD % "x" + "keyrack.command{name = 'x', runs = 1}", "unknown field 'runs'"),
                ("unknown flag", HEAD % "x" + "keyrack.command{name = 'x', flags = 'quick', run = type}",
                 "unknown word 'quick'"),
                ("unknown event", HEAD % "x" + "keyrack.on('host.sleep', function() end)", "host.sleep"),
                ("unknown type", HEAD % "x" + "keyrack.param{name = 'p', type = 'blob', default = 1}", "blob"),
                ("bad timer", HEAD % "x" + "keyrack.timer{every = -1, run = type}", "out of its range"),
                ("nested", HEAD % "x" + "local a = {name = 'a', type = 'block'} a.args = {a}"
                                        " keyrack.command{name = 'x', run = type, args = {a}}", "nested"),
                ("huge arity", HEAD % "x" + "keyrack.command{name = 'x', run = type, arity = 1e300}", "arity"),
                ("nan", HEAD % "x" + "keyrack.command{name = 'x', run = type, arity = 0/0}", "arity"),
                ("global", HEAD % "x" + "y = 1", "readonly"),
                ("unknown global", HEAD % "x" + "return ffi", "ffi"),
                ("bytecode", "\x1bLJ\x02\x0a", "bytecode.lua"),
                ("binary", "\x7fELF", "binary.lua")):
            with self.subTest(name):
                self.assertRefused(self.call("MODULE", "LOAD", self.write(name, text)), said)
                self.assertRefused(self.call("late"), "unknown command")
        self.assertNotIn(b"x", self.names())
        self.loaded("x", "keyrack.command{name = 'x', run = function() return 1 end}")
        self.assertEqual(self.call("x"), 1)

    def test_an_endless_command_is_killed_as_scripts_are(self):
        self.loaded("loop", """
            keyrack.command{name = 'loop', arity = -1, flags = 'write', run = function(what)
                if what == 'wrote' then redis.call('SET', 'k', 'v') end
                if what == 'pcall' then while true do pcall(function() while true do end end) end end
                while true do end
            end}""")
        loops = (("loop",), ("loop", "pcall"), ("EVAL", "return redis.call('loop')", 0),
                 ("EVAL", "while true do redis.pcall('loop') end", 0))
        for words in loops:
            with self.subTest(words), self.server.client(timeout=60) as looping:
                looping.send(*words)
                self.busy(self.client)
                self.assertEqual(self.call("SCRIPT", "KILL"), b"OK")
                self.assertRefused(looping.read(timeout=10).value, "killed by user")
                self.assertEqual(self.call("PING"), b"PONG")
        self.assertRefused(self.call("SCRIPT", "KILL"), "NOTBUSY")
        with self.server.client(timeout=60) as looping:
            looping.send("loop", "wrote")
            self.busy(self.client)
            self.assertRefused(self.call("SCRIPT", "KILL"), "UNKILLABLE")
            self.assertRefused(self.call("SHUTDOWN"), "BUSY")
            self.assertRefused(self.call("MODULE", "UNLOAD", "loop"), "BUSY")
            self.client.send("SHUTDOWN", "NOSAVE")
            self.assertEqual(self.server.wait_exit(), 0)

    def test_timers_and_handlers_that_loop_or_fail(self):
        self.loaded("bad", """
            keyrack.timer{after = 1, run = function() while true do pcall(function() while true do end end) end end}
            keyrack.timer{every = 10, run = function() redis.call('INCR', 'ticks') error('of a timer') end}
            keyrack.timer{after = 1, run = function() redis.call('nosuch') end}
            keyrack.on('key.changed', function(e)
                if e.key == 'loop' then while true do end end
                if e.key == 'fail' then error('of a handler') end
                redis.call('INCR', 'handled')
            end)""")
        self.wait(lambda: int(self.call("GET", "ticks") or 0) > 5)
        self.call("SET", "loop", 1)
        self.call("SET", "fail", 1)
        self.wait(lambda: self.call("GET", "handled"))
        self.server.wait_log("of a timer")
        self.assertEqual(self.call("PING"), b"PONG")

    def test_functions_of_types_that_fail(self):
        self.loaded("bad", """
            local bad = keyrack.type{name = 'bad',
                save = function(v)
                    if v.save == 'loop' then while true do end end
                    if v.save == 'nil' then return nil end
                    if v.save == 'error' then error('cannot save') end
                    return cmsgpack.pack(v)
                end,
                load = function(bytes)
                    local v = cmsgpack.unpack(bytes)
                    if v.load == 'loop' then while true do end end
                    if v.load == 'error' then error('cannot load') end
                    if v.load ~= 'nil' then return v end
                end,
                memory = function(v) error('no memory') end,
                digest = function(v) return redis.call('GET', 'k') end,
                copy = function(v) error('no copy') end}
            keyrack.command{name = 'bad.put', arity = -2, flags = 'write', run = function(key, save, load)
                bad:put(key, {save = save, load = load, [1] = key}) end}
            keyrack.command{name = 'bad.strange', arity = 2, flags = 'write', run = function(key)
                bad:put(key, {save = 'error', f = function() end, [2] = coroutine.create(function() end)}) end}
            keyrack.command{name = 'bad.get', arity = 2, run = function(key) return bad:read(key)[1] end}""")
        for save in ("loop", "nil", "error"):
            self.call("bad.put", save, save)
            self.call("RESTORE", save + "2", 0, self.call("DUMP", save))
            self.assertEqual(self.call("bad.get", save + "2"), save.encode())
        for load in ("loop", "nil", "error"):
            self.call("bad.put", load, "ok", load)
            self.assertRefused(self.call("RESTORE", load + "3", 0, self.call("DUMP", load)), "ERR")
        self.assertGreater(self.call("MEMORY", "USAGE", "error"), 0)
        self.call("DEBUG", "DIGEST-VALUE", "error")
        self.assertIsInstance(self.call("COPY", "error", "x"), (Error, int))
        self.assertEqual(self.call("EXISTS", "x"), 0)
        self.call("FLUSHALL")
        # Functions cannot be packed by what stands in for save() either.
        self.call("bad.strange", "strange")
        self.call("bad.put", "good", "ok")
        self.assertEqual(self.call("MODULE", "UNLOAD", "bad"), b"OK")
        self.wait(lambda: self.call("MODULE", "LOAD", str(self.dir / "bad.lua")) == b"OK")
        self.assertEqual(self.call("bad.get", "good"), b"good")
        self.assertEqual(self.call("PING"), b"PONG")

    def test_a_snapshot_is_refused_when_a_value_cannot_be_saved(self):
        self.loaded("bad", """
            local bad = keyrack.type{name = 'bad', save = function() error('cannot save') end}
            keyrack.command{name = 'bad.put', arity = 2, flags = 'write', run = function(key)
                bad:put(key, function() end) end}""")
        self.call("SET", "k", "v")
        self.call("bad.put", "b")
        self.assertRefused(self.call("DUMP", "b"), "ERR")
        self.assertRefused(self.call("SAVE"), "ERR")
        self.assertIsInstance(self.call("COPY", "b", "c"), (int, Error))
        self.assertEqual(self.call("EXISTS", "c"), 0)
        self.server.wait_log("cannot save")
        self.call("DEL", "b")
        self.assertEqual(self.call("SAVE"), b"OK")

    def test_files_with_random_damage(self):
        generator = random.Random(SEED)
        sources = [path.read_text() for path in sorted(SCRIPTS.glob("*.lua"))] + [shelf(), Registering.PAR]
        words = ["nil", "{}", "0/0", "1e300", "-1", "'x'", "function() end", "{{{{}}}}", "redis.call", "keyrack.type",
                 "setmetatable({}, {__index = error})", "('x'):rep(1e6)", "coroutine.wrap(error)", "true", "_G"]
        loaded = 0
        for _ in range(80):
            text = generator.choice(sources)
            for _ in range(generator.randrange(1, 4)):
                # A value in the place of another: of a field, an argument, a result.
                places = [m.span(1) for m in re.finditer(r"[=(,{]\s*([\w.]+|'[^'\n]*')", text)]
                begin, end = generator.choice(places)
                text = text[:begin] + generator.choice(words) + text[end:]
            reply = self.call("MODULE", "LOAD", self.write("damaged", text))
            self.assertIsInstance(reply, (bytes, Error), f"SEED={SEED}")
            for name in ("bloom", "lock", "pqueue", "ratelimit", "shelf", "par"):
                if name.encode() not in self.names():
                    continue
                loaded += 1
                for command in self.call("COMMAND", "LIST", "FILTERBY", "MODULE", name):
                    self.call("COMMAND", "DOCS", command)
                    for count in range(5):
                        self.call(command, "k", *generator.choices(["k", "1", "5", "x", "COUNT", ""], k=count))
                    self.call("COMMAND", "GETKEYS", command, "a", "b", "c", "d")
                dump = self.call("DUMP", "k")
                if isinstance(dump, bytes) and not isinstance(dump, Error):
                    self.call("RESTORE", "copy", 0, dump, "REPLACE")
                self.call("DEBUG", "DIGEST")
                self.call("MEMORY", "USAGE", "k")
                self.call("MODULE", "RELOAD", name)
                self.call("FLUSHALL")
                self.assertEqual(self.call("MODULE", "UNLOAD", name), b"OK", f"SEED={SEED}")
        self.assertGreater(loaded, 5)

    def test_who_wants_all_memory_gets_an_error(self):
        self.call("CONFIG", "SET", "lua-module-memory-limit", "32mb")
        self.loaded("hog", """
            local kept = {}
            keyrack.command{name = 'hog', arity = 2, run = function(what)
                local t = {}
                while true do
                    t[#t + 1] = what == 'tables' and {1, 2, 3} or ('x'):rep(100000) .. #t
                end
            end}
            keyrack.command{name = 'hog.ok', arity = 1, run = function() return #('x'):rep(1000000) end}""")
        for what in ("tables", "strings") * 3:
            self.assertRefused(self.call("hog", what), "not enough memory")
            self.assertEqual(self.call("hog.ok"), 1000000)
        self.assertLess(self.info("hog")[b"memory"], 40 << 20)

    def test_many_arguments(self):
        self.loaded("many", "keyrack.command{name = 'many', run = function(...) return select('#', ...) end}")
        self.assertEqual(self.call("many", *["x"] * 5000), 5000)
        self.assertRefused(self.call("many", *["x"] * 100000), "too many arguments")
        self.assertEqual(self.call("many"), 0)

    def test_unloading_itself_and_others_that_are_on_the_stack(self):
        self.loaded("self", "keyrack.command{name = 'self', run = function()"
                            " return redis.call('MODULE', 'UNLOAD', 'self') end}")
        self.assertIsInstance(self.call("self"), Error)
        self.assertRefused(self.call("MODULE", "UNLOAD", "luamodule"), "self")
        self.assertEqual(self.call("MODULE", "UNLOAD", "self"), b"OK")

    def test_one_module_does_not_see_another(self):
        self.loaded("a", "keyrack.command{name = 'a', run = function() rawset(_G, 'x', 1) end}")
        self.loaded("b", "keyrack.command{name = 'b', run = function() return x end}")
        self.assertIsInstance(self.call("a"), Error)
        self.assertRefused(self.call("b"), "nonexistent global variable 'x'")


if __name__ == "__main__":
    print(f"SEED={SEED}")
    main()
