# SPDX-License-Identifier: BSD-3-Clause
"""Scripts at random: programs of some statements that call commands, convert replies, use the
libraries and fail, with EVAL, EVALSHA and functions; and scripts that carry a command of another
kind.

A program is built by kind: number(), text(), table() and value() answer an expression of that
kind, statement() a line.  What no two servers need answer alike is not written: the order of
pairs() and of a big hash (so all of one is read of a key of their own), addresses, the clock, what
is random, numbers whose digits depend on the printer, and where LuaJIT and Lua 5.1 part: the length
of a table with holes, goto, '1\\0' as a number, a 0 that is -0 since another constant of the source is.
A loop's bound is small, so that each program ends."""
import hashlib

from . import rule

LIBRARY = b"""#!lua name=stream
local function kept(keys, args) return {keys, args, #keys + #args} end
redis.register_function('kept', kept)
redis.register_function('put', function(keys, args)
  redis.call('set', keys[1], args[1] or 'nothing')
  return redis.call('get', keys[1])
end)
redis.register_function{function_name='look', flags={'no-writes'}, callback=function(keys)
  return {redis.call('exists', unpack(keys)), redis.pcall('get', keys[1]), redis.pcall('set', keys[1], 1)}
end}
redis.register_function{function_name='full', flags={'allow-oom', 'allow-stale'}, callback=function(keys, args)
  redis.setresp(3)
  return redis.pcall(unpack(args))
end}
redis.register_function('breaks', function(keys, args)
  error(args[1] == 'table' and {err='MINE of a table'} or args[1])
end)
"""
FUNCTIONS = (b"kept", b"put", b"look", b"breaks", b"KEPT", b"nosuch")


class Program:
    """Expressions and statements of Lua, all by one Gen.  Depth bounds how they nest."""

    def __init__(self, g):
        self.g = g
        self.rng = g.rng
        self.names = []     # locals in sight
        self.counter = 0

    def one(self, *choices):
        return self.rng.choice(choices)

    def pick(self, depth, leaves, branches):
        """One of the leaves, or of the functions that go deeper."""
        if depth <= 0 or self.rng.random() < 0.3:
            return self.rng.choice(leaves)
        return self.rng.choice(branches)(depth - 1)

    # --- Expressions --------------------------------------------------------

    def word(self):
        return self.quote(self.g.value()[:40])

    @staticmethod
    def quote(data):
        return "'" + "".join(chr(byte) if 32 <= byte < 127 and byte not in b"'\\" else f"\\{byte:03d}"
                             for byte in data) + "'"

    def number(self, depth):
        return self.pick(depth, ["0", "1", "-1", "3", "7.5", "100", "2^31", "-2^31", "2^53", "#KEYS", "#ARGV", "0x1f", "1e3",
                                 "tonumber('0x10')", "-0.5", "255"], [
            lambda d: f"({self.number(d)} {self.one('+', '-')} {self.number(d)})",
            lambda d: f"({self.number(d)} * {self.number(d)} + 0)",
            lambda d: f"({self.number(d)} % {self.one('7', '3', '-4', '1.5')})",
            lambda d: f"#{self.text(d)}",
            lambda d: f"#{self.solid(d)}",
            lambda d: f"math.{self.one('floor', 'ceil', 'abs')}({self.number(d)})",
            lambda d: f"math.{self.one('max', 'min')}({self.number(d)}, {self.number(d)})",
            lambda d: f"bit.{self.one('band', 'bor', 'bxor', 'lshift', 'rshift', 'arshift', 'rol', 'ror')}"
                      f"({self.number(d)}, {self.number(d)})",
            lambda d: f"bit.{self.one('bnot', 'tobit', 'bswap')}({self.number(d)})",
            lambda d: f"(tonumber({self.one(repr('12'), repr('0x10'), repr(' 5 '), repr('1e2'), repr('abc'), repr(''), repr('-0'), self.whole(d))}) or {self.number(d)})",
            lambda d: f"({self.text(d)}):byte({self.one('', '1', '-1', '2')})",
            lambda d: f"select('#', {self.value(d)}, {self.value(d)})",
            lambda d: f"(({self.text(d)}):find({self.pattern()}) or 0)",
            lambda d: f"struct.size('{self.one('>I4', '<h', 'i8', 'd', 'bB', 'c5', '!4i8')}')",
            lambda d: f"(function(a, b) return {self.number(d)} end)()",
        ])

    def text(self, depth):
        return self.pick(depth, [self.word(), self.word(), "'abc'", "'a,b;c'", "''", "'10'", "KEYS[1]", "(ARGV[1] or 'x')",
                                 "[[long]]", "tostring(nil)", "tostring(true)"], [
            lambda d: f"({self.text(d)} .. {self.text(d)})",
            lambda d: f"tostring({self.whole(d)})",
            lambda d: f"({self.text(d)}):{self.one('upper', 'lower', 'reverse')}()",
            lambda d: f"({self.text(d)}):sub({self.small()}, {self.small()})",
            lambda d: f"({self.text(d)}):rep({self.one('0', '1', '2', '3', '-1')})",
            lambda d: f"(({self.text(d)}):gsub({self.pattern()}, {self.one(self.word(), repr('<%0>'), repr('%1'), '{a = 1}', 'string.upper')}))",
            lambda d: f"string.format('{self.one('%s', '%q', '%5s|', '%-5s|', '%.2s')}', {self.text(d)})",
            lambda d: f"string.format('{self.one('%d', '%5d', '%05d', '%x', '%X', '%o', '%i', '%+d')}', {self.whole(d)})",
            lambda d: f"string.char({self.one('65', '0', '255', '65, 66, 0, 10')})",
            lambda d: f"table.concat({{{self.text(d)}, {self.whole(d)}, {self.text(d)}}}, {self.one(repr(','), repr(''))})",
            lambda d: f"redis.sha1hex({self.text(d)})",
            lambda d: f"cjson.encode({self.json(d)})",
            lambda d: f"cmsgpack.pack({self.json(d)})",
            lambda d: f"struct.pack('{self.one('>I4', '<I2', 'b', '>h', '<i8', 'I1')}', {self.whole(d)})",
            lambda d: f"struct.pack('{self.one('s', 'c0', 'c3')}', {self.text(d)})",
            lambda d: f"struct.pack('>Hc0', {self.whole(d)}, {self.text(d)})",
            lambda d: f"bit.tohex({self.number(d)}{self.one('', ', 4', ', -8', ', 2')})",
            lambda d: f"type({self.value(d)})",
            lambda d: f"tostring(({self.text(d)}):match({self.pattern()}))",
        ])

    def whole(self, depth):
        """A number without a fraction, small enough for every printer."""
        return self.pick(depth, ["0", "1", "-1", "42", "65535", "-32768", "#KEYS"], [
            lambda d: f"(({self.whole(d)} * {self.whole(d)}) % 1000)", lambda d: f"bit.tobit({self.number(d)})",
            lambda d: f"({self.whole(d)} + 1)"])

    def small(self):
        return self.one("0", "1", "2", "-1", "-2", "3", "10")

    def pattern(self):
        return self.one("'.'", "'%d+'", "'(%a)(%d*)'", "'[^,;]+'", "'^a'", "'x$'", "'%s*'", "'()'", "'a-b'", "'%z'", "'[a-'", "'%'", "'(a'",
                        "'[%w_]*'", "'%bab'", "'%f[%d]'")

    def json(self, depth):
        """What cjson and cmsgpack write alike: objects of one member at most, for their order."""
        return self.pick(depth, ["1", "-5", "'s'", "true", "false", "cjson.null", "{}", "'\\200\\000'", "1.5", "2^40"], [
            lambda d: f"{{{self.json(d)}, {self.json(d)}}}", lambda d: f"{{a = {self.json(d)}}}", lambda d: self.text(d),
            lambda d: f"{{[{self.one('1', '3', '20', repr('k'), '1.5', 'true')}] = {self.json(d)}}}", lambda d: self.whole(d)])

    def table(self, depth):
        return self.pick(depth, ["{}", "{1, 2, 3}", "KEYS", "ARGV", "{'a', 'b'}", "{1, nil, 3}", "{{}, {{}}}"], [
            lambda d: f"{{{self.value(d)}, {self.value(d)}}}",
            lambda d: f"{{ok = {self.text(d)}}}",
            lambda d: f"{{err = {self.text(d)}}}",
            lambda d: f"{{double = {self.number(d)}}}",
            lambda d: f"{{map = {{{self.one('x', 'ok', '[1]')} = {self.value(d)}}}}}",
            lambda d: f"{{set = {{{self.one('x', '[2]')} = true}}}}",
            lambda d: f"{{big_number = {self.one(repr('1'), repr('-12345678901234567890'), 'tostring(#KEYS)')}}}",
            lambda d: f"{{verbatim_string = {{format = {self.one(repr('txt'), repr('mkd'))}, string = {self.text(d)}}}}}",
            lambda d: f"redis.status_reply({self.text(d)})",
            lambda d: f"redis.error_reply({self.text(d)})",
            lambda d: f"{{pcall({self.one('error', 'tostring', 'redis.call', 'cjson.decode', 'struct.unpack', 'cmsgpack.unpack')}, {self.text(d)})}}",
            lambda d: f"{{cmsgpack.unpack(cmsgpack.pack({self.json(d)}))}}",
            lambda d: f"{{pcall(cjson.decode, cjson.encode({self.json(d)}))}}",
            lambda d: f"{{pcall(struct.unpack, '{self.one('>I4', '<I2', 's', 'b', 'c3', '>i8')}', {self.text(d)})}}",
            lambda d: f"{{({self.text(d)}):byte(1, 5)}}",
            lambda d: f"{{unpack({self.solid(d)})}}",
        ])

    def solid(self, depth):
        """A table without holes, whose length is one."""
        return self.one("KEYS", "ARGV", "{}", "{1, 2, 3}", f"{{{self.text(depth)}, {self.whole(depth)}}}")

    def value(self, depth):
        choices = [self.number, self.text, self.table, lambda d: self.call(d), lambda d: self.one("nil", "true", "false")]
        if self.names and self.rng.random() < 0.3:
            return self.rng.choice(self.names)
        return self.rng.choice(choices)(depth)

    def call(self, depth):
        function = self.one("redis.call", "redis.pcall", "redis.pcall")
        return f"{function}({', '.join(self.command(depth))})"

    def command(self, depth):
        key, other = self.one("KEYS[1]", "KEYS[1]", "KEYS[2]", "'k3'", "'k7'"), self.one("KEYS[2]", "KEYS[1]", "'k5'")
        argument = self.one("ARGV[1]", self.word(), self.whole(1), self.text(1) if depth > 0 else "'v'", "1.5", "-7")
        rows = [
            ("'set'", key, argument), ("'get'", key), ("'GET'", other), ("'incr'", key), ("'incrby'", key, self.whole(0)), ("'append'", key, argument),
            ("'del'", key), ("'exists'", key, other), ("'type'", key), ("'strlen'", key), ("'getrange'", key, "0", "5"), ("'mget'", key, other),
            ("'lpush'", key, argument), ("'rpush'", key, argument, "'z'"), ("'lrange'", key, "0", "-1"), ("'lpop'", key), ("'llen'", key),
            ("'lmove'", key, other, "'left'", "'right'"), ("'sadd'", key, argument), ("'scard'", key), ("'sismember'", key, argument),
            ("'smismember'", key, argument, "'a'"), ("'hset'", key, "'f'", argument), ("'hget'", key, "'f'"), ("'hset'", "'own'", "'f'", self.whole(0)), ("'hgetall'", "'own'"), ("'hincrby'", key, "'n'", "3"),
            ("'hincrbyfloat'", key, "'n'", "0.5"), ("'zadd'", key, self.whole(0), argument), ("'zscore'", key, argument), ("'zincrby'", key, "1.5", argument),
            ("'zrange'", key, "0", "-1", "'withscores'"), ("'zmscore'", key, argument, "'a'"), ("'zcard'", key), ("'zpopmin'", key),
            ("'expire'", key, "100000"), ("'persist'", key), ("'rename'", key, other), ("'copy'", key, other), ("'setnx'", key, argument),
            ("'pexpiretime'", "'nosuch'"), ("'getdel'", key), ("'setbit'", key, "7", "1"), ("'bitcount'", key),
            ("'echo'", argument), ("'ping'",), ("'dbsize'",), ("'select'", self.one("0", "1", "99")), ("'publish'", "'c'", argument),
            ("'nosuch'", key), ("'get'",), ("'set'", key), ("'multi'",), ("'eval'", "'return 1'", "0"), ("'blpop'", key, "0"), ("'subscribe'", "'c'"),
            ("'xadd'", key, "'1-1'", "'f'", argument), ("'xlen'", key), ("'xrange'", key, "'-'", "'+'"), ("'pfadd'", key, argument), ("'geoadd'", key, "1", "2", argument),
            ("'geopos'", key, argument), ("'sort'", "'own'", "'alpha'"), ("'lpos'", key, "'z'"), ("'set'", key, argument, "'get'"), ("'config'", "'get'", "'nosuch'"),
            (), ("{}",), ("nil",), ("'get'", "{}"), ("'set'", key, "true"), ("'set'", key, "nil"), (self.text(0), key),
        ]
        return self.rng.choice(rows)

    # --- Statements ---------------------------------------------------------

    def local(self):
        self.counter += 1
        return f"v{self.counter}"

    def block(self, depth, most=3):
        inside = len(self.names)
        lines = [self.statement(depth) for _ in range(self.rng.randint(1, most))]
        del self.names[inside:]
        return " ".join(lines)

    def declare(self, depth):
        expression = self.value(depth)
        name = self.local()
        self.names.append(name)
        return f"local {name} = {expression}"

    def loop(self, depth):
        self.counter += 1
        i = f"i{self.counter}"
        body = self.block(depth, 2)
        return self.one(
            f"for {i} = 1, {self.one('1', '2', '3', '0')} do {body} end",
            f"local {i} = 0 while {i} < 3 do {i} = {i} + 1 {body} end",
            f"local {i} = 0 repeat {i} = {i} + 1 {body} until {i} >= 2",
            f"for {i} in ('a,b'):gmatch('%a') do {body} end",
            f"for {i}, _ in ipairs({{5, 6}}) do {body} end",
            f"for {i} = 1, 9 do {body} if {i} > 1 then break end end")

    def statement(self, depth):
        if depth <= 0:
            return self.one(f"{self.call(0)}", self.declare(0))
        return self.rng.choice([
            lambda: self.declare(depth), lambda: self.declare(depth), lambda: self.declare(depth), lambda: self.call(depth), lambda: self.call(depth),
            lambda: self.loop(depth - 1),
            lambda: f"if {self.value(1)} then {self.block(depth - 1)} else {self.block(depth - 1)} end",
            lambda: f"do {self.block(depth - 1)} end",
            lambda: f"redis.setresp({self.one('2', '3', '3', '4')})",
            lambda: f"local function f{depth}(a, ...) {self.block(depth - 1)} return a, ... end f{depth}({self.value(1)})",
            lambda: f"pcall(function() {self.block(depth - 1)} end)",
            lambda: f"redis.set_repl({self.one('redis.REPL_ALL', 'redis.REPL_NONE', 'redis.REPL_AOF', '9')}) redis.set_repl(redis.REPL_ALL)",
            lambda: f"redis.log(redis.LOG_DEBUG, {self.text(1)})",
            lambda: f"local t = {self.solid(1)} table.sort(t, function(a, b) return tostring(a) < tostring(b) end)",
            lambda: f"local t = {{}} table.insert(t, {self.value(1)}) table.insert(t, 1, {self.text(1)}) table.remove(t)",
            lambda: f"local c = coroutine.wrap(function(a) local b = coroutine.yield(a) return b end) c({self.value(1)}) c({self.value(1)})",
            lambda: self.one("error('plain')", "error({err = 'MINE is a table'})", "error({err = 'no code'}, 0)", "error()", "error('level 2', 2)",
                             "local x = nil + 1", "local x = {} .. 'a'", "undefined = 1", "return undefined", "local x = KEYS.a.b",
                             "assert(false, 'asserted')", "assert(nil)", "string.rep()", "redis.nosuch()", "('x'):nosuch()",
                             "redis.error_reply()", "return redis.error_reply('-MINE with a dash')", "return redis.status_reply('FINE')")
            if self.rng.random() < 0.35 else self.declare(depth),
        ])()

    def source(self):
        head = self.one("", "", "", "", "", "#!lua\n", "#!lua flags=no-writes\n", "#!lua flags=allow-oom,allow-stale\n", "-- a comment\n", "--[[ two\nlines ]] ")
        lines = [self.statement(self.rng.randint(0, 3)) for _ in range(self.rng.randint(0, 5))]
        lines.append(f"return {self.value(3)}")
        text = self.one(" ", "\n", "; ").join(lines)
        # Something that seldom compiles; LuaJIT has other words for a break without a loop.
        if self.rng.random() < 0.02 and "big_number" not in text and "break" not in text:
            at = self.rng.choice([i for i, c in enumerate(text) if c == ' '])  # within no escape
            text = text[:at] + self.one(" ( ", " end ", "'", "[[", " x ", ", ") + text[at:]
        return (head + text).encode("latin-1")


def sources(g):
    """Some recur, as those of programs do."""
    known = g.__dict__.setdefault("scripts", [])
    if known and g.chance(0.4):
        return g.rng.choice(known)
    source = Program(g).source()
    known.append(source)
    del known[:-50]
    return source


def arguments(g):
    keys = [g.key(), g.key()]
    return [b"2", *keys, *(g.value() for _ in range(g.rng.randrange(3)))]


@rule("EVAL", weight=20, spoil=False)
@rule("EVAL_RO", weight=3, spoil=False)
def evaluate(g):
    return [sources(g), *arguments(g)]


# A call of any other kind, by a script or a function: what it does is done on the same keys, and
# its reply comes by way of Lua.
CARRIERS = [
    b"return redis.call(unpack(ARGV))",
    b"return redis.call(unpack(ARGV))",
    b"return redis.pcall(unpack(ARGV))",
    b"local r = redis.pcall(unpack(ARGV)) return {type(r), r}",
    b"local r = redis.pcall(unpack(ARGV)) if type(r) == 'table' and r.err then return r.err end return cjson.encode({r})",
    b"return cmsgpack.unpack(cmsgpack.pack(redis.call(unpack(ARGV))))",
    b"redis.pcall(unpack(ARGV)) return redis.call(unpack(ARGV))",
    b"#!lua flags=no-writes\nreturn redis.pcall(unpack(ARGV))",
    b"#!lua\nlocal r for i = 1, 3 do r = redis.call(unpack(ARGV)) end return r",
    b"local ok, e = pcall(redis.call, unpack(ARGV)) return {ok, e}",
]
# Members of maps and sets have no order in a table.
CARRIERS_RESP3 = [
    b"redis.setresp(3) return redis.call(unpack(ARGV))",
    b"redis.setresp(3) return {redis.pcall(unpack(ARGV))}",
]


@rule("EVAL", weight=50, spoil=False)
@rule("EVAL_RO", weight=5, spoil=False)
def carry(g):
    return [g.rng.choice(CARRIERS), b"0", *g.carried()]


@rule("EVAL", weight=10, compare="set", spoil=False)
def carry_resp3(g):
    return [g.rng.choice(CARRIERS_RESP3), b"0", *g.carried()]


@rule("EVALSHA", weight=5, spoil=False)
def carry_by_digest(g):
    return [hashlib.sha1(g.rng.choice(CARRIERS)).hexdigest().encode(), b"0", *g.carried()]


@rule("FCALL", weight=10, compare="set", spoil=False)
@rule("FCALL_RO", weight=2, compare="set", spoil=False)
def carry_by_function(g):
    return [b"full", b"0", *g.carried()]


@rule("EVAL", weight=0.3)
def spoilt(g):
    return [b"return {#KEYS, ARGV}", *arguments(g)]


@rule("EVALSHA", weight=4, spoil=False)
@rule("EVALSHA_RO", weight=0.5, spoil=False)
def by_digest(g):
    return [hashlib.sha1(sources(g)).hexdigest().encode(), *arguments(g)]


@rule("SCRIPT LOAD", weight=0.5, spoil=False)
def load(g):
    return [sources(g)]


@rule("SCRIPT EXISTS", weight=0.3)
def exists(g):
    return [hashlib.sha1(sources(g)).hexdigest().encode() for _ in range(2)]


@rule("SCRIPT FLUSH", weight=0.1)
@rule("FUNCTION FLUSH", weight=0.05)
@rule("SCRIPT KILL", weight=0.1)
@rule("FUNCTION STATS", weight=0.2)
@rule("FUNCTION LIST", weight=0.2, compare="type", spoil=False)
def alone(g):
    return []


@rule("FUNCTION LOAD", weight=0.6, spoil=False)
def library(g):
    return [*([b"REPLACE"] if g.chance(0.7) else []), LIBRARY]


@rule("FUNCTION DELETE", weight=0.1)
def delete(g):
    return [b"stream"]


@rule("FCALL", weight=4)
@rule("FCALL_RO", weight=2)
def function(g):
    return [g.rng.choice(FUNCTIONS), *arguments(g)]
