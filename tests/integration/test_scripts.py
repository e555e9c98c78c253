#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Scripts that do not end, scripts that want out, scripts that want all memory.

Every one of the endless ones has to leave the server answering BUSY to others, to
die by SCRIPT KILL where it has not written, and by SHUTDOWN NOSAVE where it has;
with the compiler on, as it is for everybody."""
import os
import pathlib
import random
import select
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Error, WithServer, main  # noqa: E402
from support.server import Server  # noqa: E402

sys.setrecursionlimit(50000)  # of the reader, for a deep answer

BUSY_MS = 100

ENDLESS = {
    "while": "while true do end",
    "while that counts": "local i = 0 while i >= 0 do i = i + 1 end",
    "while over varargs": "local function f(...) while ... do end end f(true)",
    "repeat": "repeat until false",
    "numeric for": "for i = 1, 1e300 do end",
    "numeric for with a step": "for i = 1, 0, -1e-300 do end",
    "nested for": "for i = 1, 1e9 do for j = 1, 1e9 do end end",
    "generic for": "for x in function() return 1 end do end",
    "generic for over varargs": "local function f(...) for x in ... do end end f(function() return 1 end)",
    "for over next": "local t = {1} for i = 1, 1e18 do for k, v in pairs(t) do end end",
    "goto": "::again:: goto again",
    "goto in a block": "do ::again:: local x = 1 if x then goto again end end",
    "tail calls": "local function f() return f() end return f()",
    "tail calls of two": "local f, g function f() return g() end function g() return f() end return f()",
    "tail calls of a field": "local t = {} function t.f() return t.f() end return pcall(t.f) and t.f()"
                             " or (function() while true do end end)()",
    "recursion in a loop": "local function f(n) if n > 0 then return 1 + f(n - 1) end return 0 end"
                           " while true do f(100) end",
    "double recursion": "local function f(n) if n < 2 then return n end return f(n - 1) + f(n - 2) end return f(90)",
    "a metamethod": "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end})"
                    " while true do pcall(function() return t[1] end) end",
    "coroutine": "coroutine.wrap(function() while true do end end)()",
    "coroutines that yield": "local f = coroutine.wrap(function() while true do coroutine.yield() end end)"
                             " while true do f() end",
    "coroutine.resume swallows": "while true do local co = coroutine.create(function() while true do end end)"
                                 " coroutine.resume(co) end",
    "coroutines within coroutines": "local function f() return coroutine.wrap(function() while true do end end)() end"
                                    " return coroutine.wrap(f)()",
    "pcall swallows": "while true do pcall(function() while true do end end) end",
    "pcall in pcall": "local function f() while true do pcall(f) end end f()",
    "pcall of error": "while true do pcall(error, 'x') end",
    "xpcall swallows": "while true do xpcall(function() while true do end end, function(e) return e end) end",
    "xpcall whose handler loops": "xpcall(function() error('x') end, function(e) while true do end end)",
    "redis.pcall": "while true do redis.pcall('get', 'x') end",
    "redis.pcall of what is wrong": "while true do redis.pcall('nosuch') end",
    "redis.call in pcall": "while true do pcall(redis.call, 'nosuch') end",
    "string.rep": "while true do local s = string.rep('x', 1000000) end",
    "string.rep of nothing": "while true do local s = string.rep('', 1000000000) end",
    "gsub": "return ('a'):rep(50):gsub(('a*'):rep(20) .. 'b', '')",
    "gsub with a function": "while true do (('a'):rep(100)):gsub('a', function() return 'b' end) end",
    "gsub within gsub": "local function f(s) return (s:gsub('.', f)) end while true do pcall(f, 'aa') end",
    "find": "return ('a'):rep(100000):find('.-.-.-.-b')",
    "match": "return ('a'):rep(30):match(('(a?)'):rep(15) .. ('a*'):rep(15) .. 'b')",
    "gmatch": "for x in ('a'):rep(1000000):gmatch('a*a*a*b') do end",
    "balanced": "return ('('):rep(1000000):gsub('%b()', '')",
    "format": "while true do string.format('%s %d %99.99f', 'x', 1, 1 / 3) end",
    "table.sort": "local t = {} for i = 1, 1000 do t[i] = i end"
                  " while true do pcall(table.sort, t, function(a, b) return true end) end",
    "table.sort whose order loops": "table.sort({3, 2, 1}, function(a, b) while true do end end)",
    "table.concat": "local t = {} for i = 1, 1000 do t[i] = 'x' end while true do table.concat(t) end",
    "table.foreach": "while true do table.foreach({1, 2, 3}, function() end) end",
    "cjson of a wide table": "local t = {} for i = 1, 60 do t = {t, t} end return cjson.encode(t)",
    "cjson of a wide object": "local t = {} for i = 1, 60 do t = {a = t, b = t} end return cjson.encode(t)",
    "cjson of a cycle": "local t = {} t[1] = t while true do pcall(cjson.encode, t) end",
    "cjson of deep text": "local s = ('['):rep(100000) while true do pcall(cjson.decode, s) end",
    "cmsgpack of a cycle": "local t = {} for i = 1, 100 do t[i] = t end return cmsgpack.pack(t)",
    "cmsgpack of deep bytes": "local s = ('\\145'):rep(100000) while true do pcall(cmsgpack.unpack, s) end",
    "struct": "while true do struct.pack('>I2', 1) end",
    "tostring": "while true do tostring(1.5) end",
    "loadstring": "while true do loadstring('return 1')() end",
    "a loop from text": "loadstring('while true do end')()",
    "load": "load(function() return ' ' end)",
    "collectgarbage": "while true do collectgarbage() end",
    "garbage": "while true do local t = {{}, {}, {}} end",
    "concatenation": "local s = '' while true do s = (s .. 'x'):sub(-1000) end",
    "arithmetic": "local x = 0 while true do x = (x * 1103515245 + 12345) % 2147483648 end",
    "bit": "local x = 1 while true do x = bit.bxor(bit.lshift(x, 1), 5) end",
    "unpack": "local t = {} for i = 1, 100 do t[i] = i end while true do select('#', unpack(t)) end",
}

# What wrote cannot be killed.
WRITING = ["while", "pcall swallows", "coroutine", "gsub", "redis.pcall"]


class Endless(WithServer):
    arguments = ("--busy-reply-threshold", str(BUSY_MS), "--save", "")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with cls.server.client() as client:
            if isinstance(client.call("EVAL", "return 1", 0), Error):
                raise unittest.SkipTest("there are no scripts")

    def busy(self, client, within=10.0):
        """Wait until commands are answered BUSY, and no longer than that."""
        until = time.monotonic() + within
        while True:
            reply = client.call("GET", "k")
            if isinstance(reply, Error) and reply.startswith(b"BUSY"):
                return reply
            self.assertLess(time.monotonic(), until, f"nobody is told BUSY: {reply}")
            time.sleep(0.01)

    def test_each_answers_busy_to_others_and_is_killed(self):
        for name, script in ENDLESS.items():
            with self.subTest(name), self.server.client(timeout=60) as looping, \
                    self.server.client(timeout=30) as other:
                looping.send("EVAL", script, 0)
                text = self.busy(other)
                self.assertEqual(text, b"BUSY Redis is busy running a script. You can only call SCRIPT KILL or "
                                       b"SHUTDOWN NOSAVE.")
                self.assertEqual(other.call("SCRIPT", "KILL"), b"OK")
                reply = looping.read(timeout=10).value
                self.assertIsInstance(reply, Error)
                self.assertIn(b"Script killed by user with SCRIPT KILL", reply)
                self.assertEqual(other.call("PING"), b"PONG")

    def test_what_comes_after_a_swallowed_kill_does_not_run(self):
        with self.server.client(timeout=60) as looping, self.server.client() as other:
            other.call("DEL", "after")
            looping.send("EVAL", "pcall(function() while true do end end) redis.call('set', 'after', 1)", 0)
            self.busy(other)
            self.assertEqual(other.call("SCRIPT", "KILL"), b"OK")
            self.assertIsInstance(looping.read(timeout=10).value, Error)
            self.assertEqual(other.call("EXISTS", "after"), 0)

    def test_others_wait_no_longer_than_the_threshold_and_a_little(self):
        with self.server.client(timeout=60) as looping, self.server.client() as other:
            looping.send("EVAL", "while true do end", 0)
            self.busy(other)
            took = []
            for _ in range(50):
                begin = time.monotonic()
                other.call("GET", "k")
                took.append(time.monotonic() - begin)
            self.assertLess(sorted(took)[25], 0.1)
            self.assertEqual(other.call("SCRIPT", "KILL"), b"OK")
            looping.read(timeout=10)

    def test_a_client_that_goes_while_its_script_runs(self):
        with self.server.client() as other:
            looping = self.server.client(timeout=60)
            looping.send("EVAL", "while true do end", 0)
            self.busy(other)
            looping.close()
            time.sleep(0.2)
            self.busy(other)
            self.assertEqual(other.call("SCRIPT", "KILL"), b"OK")
            until = time.monotonic() + 5  # nobody hears when it has ended
            while other.call("PING") != b"PONG":
                self.assertLess(time.monotonic(), until)

    def test_nothing_runs_so_nothing_is_killed(self):
        reply = self.server.call("SCRIPT", "KILL")
        self.assertEqual(reply, b"NOTBUSY No scripts in execution right now.")


# Each calls itself through C until something gives; that must not be the C stack.
BOTTOMLESS = {
    "plain": "local function f() return 1 + f() end f()",
    "pcall": "local function f() pcall(f) end f()",
    "xpcall": "local function f() xpcall(f, function() end) end f()",
    "xpcall's handler": "local function f() xpcall(error, f) end f()",
    "gsub": "local function f(s) return (s:gsub('.', f)) end f('a')",
    "gsub with a table": "local t = setmetatable({}, {__index = function(t, k) return (k:gsub('.', t)) end})"
                         " return (('a'):gsub('.', t))",
    "sort": "local function f() table.sort({1, 2, 3}, f) end f()",
    "foreach": "local function f() table.foreach({1}, f) end f()",
    "load": "local function f() load(f) end f()",
    "loadstring": "local function f() loadstring('local f = ... f()')(f) end f()",
    "tostring": "local t t = setmetatable({}, {__tostring = function() return tostring(t) end}) return tostring(t)",
    "coroutine.wrap": "local function f() return coroutine.wrap(f)() end f()",
    "coroutine.resume": "local function f() return coroutine.resume(coroutine.create(f)) end f()",
    "__index": "local t = setmetatable({}, {__index = function(t, k) return t[k .. 'x'] end}) return t.x",
    "__call": "local t = setmetatable({}, {__call = function(t) return 1 + t() end}) return t()",
    "__lt": "local m = {} m.__lt = function(a, b) return not (a < b) end"
            " return setmetatable({}, m) < setmetatable({}, m)",
    "__eq": "local m = {} m.__eq = function(a, b) return not (a == b) end"
            " return setmetatable({}, m) == setmetatable({}, m)",
    "__concat": "local m = {} m.__concat = function(a, b) return 'x' .. (a .. b) end return setmetatable({}, m) .. 'x'",
    "__index of tables": "local t = {} for i = 1, 100000 do t = setmetatable({}, {__index = t}) end return t.x",
    "deep answer": "local t = {} for i = 1, 100000 do t = {t} end return t",
    "deep error": "local t = {} for i = 1, 100000 do t = {err = t} end error(t)",
    "parentheses": "return loadstring('return ' .. ('('):rep(100000) .. '1' .. (')'):rep(100000))",
    "functions": "return loadstring(('return function() '):rep(50000) .. (' end'):rep(50000))",
    "blocks": "return loadstring(('do '):rep(50000) .. (' end'):rep(50000))",
    "returned calls": "return loadstring(('return a.b(function() '):rep(1000) .. (' end)'):rep(1000)) and nil",
    "tables": "return loadstring('return ' .. ('{'):rep(100000) .. ('}'):rep(100000))",
    "json": "cjson.encode_max_depth(1000000) cjson.decode_max_depth(1000000)"
            " pcall(cjson.decode, ('['):rep(1000000)) local t = {} for i = 1, 1000000 do t = {t} end"
            " pcall(cjson.encode, t) cjson.encode_max_depth(1000) cjson.decode_max_depth(1000)",
    "cmsgpack": "pcall(cmsgpack.unpack, ('\\145'):rep(1000000)) pcall(cmsgpack.unpack, ('\\129'):rep(1000000))",
}


class Bottomless(WithServer):
    arguments = ("--busy-reply-threshold", str(BUSY_MS), "--save", "")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with cls.server.client() as client:
            if isinstance(client.call("EVAL", "return 1", 0), Error):
                raise unittest.SkipTest("there are no scripts")

    def test_the_stack_of_c_holds(self):
        for name, script in BOTTOMLESS.items():
            with self.subTest(name), self.server.client(timeout=60) as client, self.server.client(timeout=60) as other:
                client.send("EVAL", script, 0)
                for _ in range(100):
                    other.call("SCRIPT", "KILL")
                    if client.buffer or self.answered(client):
                        break
                self.assertTrue(self.answered(client, 10))
                self.assertEqual(other.call("PING"), b"PONG")

    @staticmethod
    def answered(client, within=0.1):
        return bool(select.select([client.socket], [], [], within)[0])


class EndlessThatWrote(unittest.TestCase):
    def test_it_cannot_be_killed_but_the_server_can_be_ended(self):
        for name in WRITING:
            with self.subTest(name):
                server = Server("--busy-reply-threshold", str(BUSY_MS), "--save", "")
                with server:
                    with server.client(timeout=60) as looping, server.client(timeout=30) as other:
                        if isinstance(other.call("EVAL", "return 1", 0), Error):
                            self.skipTest("there are no scripts")
                        looping.send("EVAL", "redis.call('set', 'k', 1) " + ENDLESS[name], 0)
                        until = time.monotonic() + 10
                        while not (other.call("GET", "k") or b"").startswith(b"BUSY"):
                            self.assertLess(time.monotonic(), until)
                            time.sleep(0.01)
                        self.assertTrue(other.call("SCRIPT", "KILL").startswith(b"UNKILLABLE"))
                        self.assertTrue(other.call("SHUTDOWN", "SAVE").startswith(b"BUSY"))
                        other.send("SHUTDOWN", "NOSAVE")
                        self.assertEqual(server.wait_exit(10), 0)


class Ends(unittest.TestCase):
    """SHUTDOWN NOSAVE in the middle of a loop: the process is gone, whatever the loop was compiled to."""
    ROUNDS = int(os.environ.get("KEYRACK_SCRIPT_ENDS", "25"))

    def test_the_server_ends_within_any_loop(self):
        seed = random.randrange(1 << 32)
        rng = random.Random(seed)
        for _ in range(self.ROUNDS):
            name, writes = rng.choice(list(ENDLESS)), rng.random() < 0.5
            with self.subTest(f"{name}, writes: {writes}, seed {seed}"), \
                    Server("--busy-reply-threshold", "20", "--save", "") as server, \
                    server.client(timeout=60) as looping, server.client(timeout=30) as other:
                if isinstance(other.call("EVAL", "return 1", 0), Error):
                    self.skipTest("there are no scripts")
                looping.send("EVAL", ("redis.call('set', 'k', 1) " if writes else "") + ENDLESS[name], 0)
                until = time.monotonic() + 15
                while not (other.call("GET", "k") or b"").startswith(b"BUSY"):
                    self.assertLess(time.monotonic(), until)
                    time.sleep(0.003)
                other.send("SHUTDOWN", "NOSAVE")
                self.assertEqual(server.wait_exit(20), 0)


class Refused(unittest.TestCase):
    """A snapshot has failed: writes are refused, scripts by what they say of themselves."""

    def test_misconf_goes_by_the_flags(self):
        directory = tempfile.mkdtemp(prefix="keyrack-misconf.")
        with Server("--save", "900 1", "--dir", directory) as server, server.client() as client:
            if isinstance(client.call("EVAL", "return 1", 0), Error):
                self.skipTest("there are no scripts")
            shutil.rmtree(directory)
            client.call("BGSAVE")
            until = time.monotonic() + 20
            while not (client.call("SET", "k", "v") or b"").startswith(b"MISCONF"):
                self.assertLess(time.monotonic(), until)
                time.sleep(0.05)
            for flags in ("", " flags=allow-oom"):
                self.assertTrue(client.call("EVAL", f"#!lua{flags}\nreturn 1", 0).startswith(b"MISCONF"), flags)
            self.assertEqual(client.call("EVAL", "#!lua flags=no-writes\nreturn 1", 0), 1)
            self.assertEqual(client.call("EVAL", "return 1", 0), 1)
            self.assertTrue(client.call("EVAL", "return redis.call('set', 'k', 1)", 0).startswith(b"MISCONF"))
            client.call("MULTI")
            client.call("EVAL", "#!lua\nreturn 1", 0)
            self.assertTrue(client.call("EXEC").startswith(b"EXECABORT"))
            client.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
            self.assertEqual(client.call("EVAL", "#!lua\nreturn 1", 0), 1)
            client.call("CONFIG", "SET", "save", "")


# Each tries to reach, or to leave behind, what a script must not.  A script passes if it
# answers nil, false or an error; "reached" is what it answers if it got through.
ESCAPES = [
    # Functions that are not there.
    *(f"return {name} ~= nil and 'reached'" for name in (
        "print", "dofile", "loadfile", "require", "module", "package", "io", "debug", "newproxy",
        "setfenv", "getfenv", "jit", "ffi", "arg", "os.execute", "os.exit", "os.getenv", "os.remove",
        "os.rename", "os.tmpname", "os.time", "os.date", "os.setlocale", "io.open", "debug.sethook",
        "debug.getinfo", "debug.getregistry", "debug.setmetatable", "debug.getupvalue", "package.loaded",
        "package.loadlib", "jit.off", "ffi.C", "string.dump", "string.buffer", "coroutine.running.x",
        "_G.debug", "_G.package", "_G._G.io", "redis.register_function", "__redis__err__handler.x")),
    *(f"return rawget(_G, '{name}') ~= nil and 'reached'" for name in (
        "debug", "package", "io", "newproxy", "require", "ffi", "jit", "loadfile", "getfenv")),
    # Tables that all share.
    *(f"{name}.evil = function() return 1 end return {name}.evil and 'reached'" for name in (
        "string", "table", "math", "cjson", "cmsgpack", "struct", "bit", "redis", "coroutine", "_G", "os", "server")),
    *(f"rawset({name}, 'evil', 1) return {name}.evil and 'reached'" for name in (
        "string", "table", "math", "cjson", "cmsgpack", "struct", "bit", "redis", "coroutine", "_G")),
    *(f"setmetatable({name}, {{__index = function() return 'reached' end}}) return {name}.evil" for name in (
        "string", "table", "redis", "_G", "cjson")),
    "string.len = nil return not string.len and 'reached'",
    "table.insert(string, 'evil') return string[1] and 'reached-later'",
    "getmetatable('').__index = function() return 'reached' end return ('x').evil",
    "getmetatable('').__index.evil = 1 return ('x').evil and 'reached'",
    "rawset(getmetatable('').__index, 'evil', 1) return ('x').evil and 'reached'",
    "rawset(getmetatable(''), '__index', {evil = 1}) return ('x').evil and 'reached'",
    "setmetatable('', {__index = {evil = 1}}) return ('x').evil and 'reached'",
    "local m = getmetatable('') setmetatable(m, {}) return getmetatable(m) and 'reached'",
    "local m = getmetatable(_G) if not m then return end m.__index = function() return 'reached' end return evil",
    "local m = getmetatable(_G) if not m then return end m.__newindex = nil evil = 1 return 'reached'",
    "local m = getmetatable(string) if not m then return end m.__newindex = nil string.evil = 1 return 'reached'",
    "evil = 1 return 'reached'",
    "function evil() end return 'reached'",
    "_G.evil = 1 return 'reached'",
    "_G['evil'] = 1 return 'reached'",
    "_G = nil return 'reached'",
    "local _, e = next(_G) _G.evil = e return 'reached'",
    "for k, v in pairs(_G) do if k == 'debug' or k == 'io' or k == 'package' then return 'reached' end end",
    "local f, t = pairs(string) t.evil = 1 return string.evil and 'reached'",
    "local f, t = pairs(redis) t.call = 1 return redis.call == 1 and 'reached'",
    "local f, t = pairs(_G) t.evil = 1 return rawget(_G, 'evil') and 'reached'",
    "local f, t = ipairs(string) t.evil = 1 return string.evil and 'reached'",
    "table.foreach(_G, function(k) if k == 'debug' then error('reached') end end)",
    "table.sort(string, function() return false end) table.insert(redis, 1) return redis[1] and 'reached-later'",
    "redis.call = function() return 'reached' end return redis.call()",
    "cjson.encode = nil return not cjson.encode and 'reached'",
    "math.random = function() return 'reached' end return math.random()",
    # Code from elsewhere.
    "return loadstring('\\27Lua') and 'reached'",
    "return loadstring('\\27LJ\\2') and 'reached'",
    "return load(function() return nil end, 'x') == nil and 'reached'",
    "local n = 0 return load(function() n = n + 1 return n == 1 and '\\27LJ\\2' or nil end) and 'reached'",
    "return loadstring('return debug')() and 'reached'",
    "return loadstring('evil = 1 return 1')() and 'reached'",
    "return loadstring('return _G.io')() and 'reached'",
    "local f = loadstring('return ...') return f(1) == nil and 'reached'",
    "return loadstring('return string.dump')() and 'reached'",
    # Other scripts' globals, the host's frames.
    "return getfenv(0) and 'reached'",
    "return getfenv(1).debug and 'reached'",
    "setfenv(1, {}) return 'reached'",
    "return (function() return getfenv end)() and 'reached'",
    "local t = {} setmetatable(t, {__gc = function() evil = 1 end}) t = nil collectgarbage() return rawget(_G, 'evil') and 'reached'",
    "local u = newproxy(true) return 'reached'",
    "local co = coroutine.create(function() return getfenv(0) end) local ok, v = coroutine.resume(co) return ok and v and 'reached'",
    "local co = coroutine.wrap(function() evil = 1 return 'reached' end) return co()",
    "return ('x'):gsub('x', function() evil = 1 return 'reached' end)",
    "return ('x'):gsub('x', setmetatable({}, {__index = function() evil = 1 return 'reached' end}))",
    "return xpcall(function() error('x') end, function() return debug end) and nil",
    "local ok, m = pcall(function() error(setmetatable({}, {__tostring = function() evil = 1 return 'reached' end})) end) return tostring(m)",
    "local t = setmetatable({}, {__index = _G}) t.evil = 1 return rawget(_G, 'evil') and 'reached'",
    "local t = setmetatable({}, {__newindex = _G}) t.evil = 1 return rawget(_G, 'evil') and 'reached'",
    "local t = setmetatable({}, {__metatable = 'x'}) setmetatable(t, nil) return 'reached'",
    "return redis.call('eval', 'return 1', 0) and 'reached'",
    "return redis.call('script', 'flush') and 'reached'",
    "return redis.call('config', 'set', 'maxmemory', 0) and 'reached'",
    "return redis.call('shutdown') and 'reached'",
    "return redis.call('multi') and 'reached'",
    "return redis.call('subscribe', 'c') and 'reached'",
    "return redis.call('module', 'list') and 'reached'",
    "return tostring(redis.call):match('builtin') and 'reached' or nil",
    "string = nil return 'reached'",
    "local string = nil return _G.string == nil and 'reached'",
    "collectgarbage('stop') collectgarbage('setpause', 1000000) return nil",
    # The tick that is woven into all sources: who knows its name could switch it off.
    *(f"local function see(k) if tostring(k):find('^t%x%x%x%x%x%x%x%x') then error('reached') end end {look}" for look in (
        "table.foreach(_G, see)", "for k in pairs(_G) do see(k) end", "for k in next, _G do see(k) end",
        "table.foreach(getmetatable(_G) or {}, see)", "see((cmsgpack.pack(_G):gsub('^[^t]*', '')))",
        "see((select(2, pcall(cjson.encode, _G)):gsub('^.*near .', '')))", "see(next(_G))",
        *(f"see((select(2, loadstring('{source}')):gsub('^.*near .', '')))" for source in (
            "x goto y", "return 1 goto y", "goto y", "for i = 1, 2 do )", "function f() )", "repeat )", "while 1 do )",
            "return f.x() )", "return f.x(", "do goto end", "local function f(...) 1", "f(function() end", "x = function()")))),
    "_G[1] = 1 return 'reached'",
    "for k in pairs(_G) do _G[k] = nil end return 'reached'",
    "table.foreach(_G, function(k) _G[k] = function() end end) return rawget(_G, 'redis') == nil and 'reached'",
    "table.foreach(string, function(k) string[k] = nil end) return string.len == nil and 'reached'",
]


class Undenied(WithServer):
    """DEBUG SET-DISABLE-DENY-SCRIPTS lets scripts call what they must not; they cannot take
    themselves away by it."""
    arguments = ("--enable-debug-command", "yes")

    def test_no_command_takes_the_script_away(self):
        self.server.call("DEBUG", "SET-DISABLE-DENY-SCRIPTS", "1")
        self.addCleanup(self.server.call, "DEBUG", "SET-DISABLE-DENY-SCRIPTS", "0")
        body = "local x = {} for i = 1, 100 do x[i] = {i} end " \
               "local r = redis.pcall(%s) collectgarbage() return {type(r), #x}"
        for words in ("'script', 'flush'", "'function', 'flush'", "'debug', 'reload'",
                      "'debug', 'loadaof'", "'module', 'unload', 'scripting'",
                      "'module', 'reload', 'scripting'", "'eval', 'return 1', '0'",
                      "'fcall', 'f', '0'", "'multi'", "'watch', 'k'", "'client', 'list'"):
            with self.subTest(words), self.server.client() as client:
                client.call("FUNCTION", "LOAD", "REPLACE", "#!lua name=a\nredis.register_function("
                            "'f', function() %s end)" % (body % words))
                self.assertEqual(client.call("EVAL", body % words, "0")[1], 100)
            with self.subTest(words), self.server.client() as client:
                self.assertEqual(client.call("FCALL", "f", "0")[1], 100)


class Escapes(WithServer):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with cls.server.client() as client:
            if isinstance(client.call("EVAL", "return 1", 0), Error):
                raise unittest.SkipTest("there are no scripts")

    def test_no_script_gets_out(self):
        self.assertGreater(len(set(ESCAPES)), 150)
        for script in ESCAPES:
            with self.subTest(script):
                reply = self.server.call("EVAL", script, 0)
                self.assertNotEqual(reply, b"reached", script)
                if isinstance(reply, Error):
                    self.assertNotIn(b"reached", reply.split(b" script: ")[0])

    def test_nothing_is_left_for_the_next_script(self):
        before = self.server.call("EVAL", PICTURE, 0)
        for script in ESCAPES:
            self.server.call("EVAL", script, 0)
            self.assertEqual(self.server.call("EVAL", PICTURE, 0), before, script)

    def test_a_word_that_lua_51_does_not_know_is_refused(self):
        for script in ("\x80 = 1", "local \xe9 = 1", "return \x80[1]"):
            reply = self.server.call("EVAL", script.encode("latin-1"), 0)
            self.assertIsInstance(reply, Error)


# All that scripts share, as a text.
PICTURE = """
local lines = {}
local function look(name, t, depth)
    for k, v in pairs(t) do
        lines[#lines + 1] = name .. '.' .. tostring(k) .. '=' .. type(v)
        if type(v) == 'table' and v ~= _G and depth < 2 then look(name .. '.' .. tostring(k), v, depth + 1) end
    end
end
look('_G', _G, 0)
look('string', getmetatable('').__index, 0)
for _, t in ipairs({string, table, math, cjson, cmsgpack, struct, bit, redis, coroutine}) do
    lines[#lines + 1] = tostring(t[1]) .. tostring(rawget(t, 1)) .. #t
end
table.sort(lines)
return table.concat(lines, ' ')
"""


class Memory(WithServer):
    arguments = ("--save", "")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with cls.server.client() as client:
            if isinstance(client.call("EVAL", "return 1", 0), Error):
                raise unittest.SkipTest("there are no scripts")

    def used(self):
        return int(self.server.info("memory")["used_memory_lua"])

    def test_garbage_is_given_back(self):
        before = self.used()
        self.server.call("EVAL", "local t = {} for i = 1, 200000 do t[i] = 'item' .. i end return #t", 0)
        for _ in range(3000):
            self.server.call("EVAL", "return 1", 0)
        self.assertLess(self.used() - before, 4 << 20)

    def test_ten_thousand_scripts_are_small(self):
        before = self.used()
        with self.server.client() as client:
            client.many([("SCRIPT", "LOAD", f"return redis.call('get', KEYS[1]) == '{i}'") for i in range(10000)])
        self.assertLess(self.used() - before, 20 << 20)
        self.assertEqual(self.server.call("SCRIPT", "FLUSH"), b"OK")
        self.assertLess(self.used() - before, 2 << 20)


if __name__ == "__main__":
    main()
