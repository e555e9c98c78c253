# SPDX-License-Identifier: BSD-3-Clause
from rows import Fill, Row

KEYS = 100_000
COUNTERS = Fill("SET __seq_key__ 1000", KEYS)

ONE = "return redis.call('incr', KEYS[1])"
HUNDRED = "for i = 1, 100 do redis.call('incr', KEYS[1]) end"
ARITHMETIC = "local x = 0 for i = 1, 20000 do x = (x * 7 + i) % 1000003 end return x"
STRINGS = """
local t = {}
for i = 1, 50 do
    t[#t + 1] = 'item:' .. i .. '=' .. string.format('%d', i * 7)
end
table.sort(t)
local s = table.concat(t, ',')
local n = 0
for name, value in s:gmatch('(%w+:%d+)=(%d+)') do
    n = n + #name + tonumber(value)
end
return {n, s:sub(1, 10), (s:gsub('item', 'x')):len()}
"""
JSON = "return cjson.encode(cjson.decode(ARGV[1]))"
LIMITER = """
local n = redis.call('incr', KEYS[1])
if n == 1 then redis.call('pexpire', KEYS[1], ARGV[1]) end
if n > tonumber(ARGV[2]) then return {0, redis.call('pttl', KEYS[1])} end
return {1, n}
"""


def evaluate(script, *arguments):
    return ["EVAL", script, *arguments]


ROWS = [
    Row("EVAL of one call P16", evaluate(ONE, "1", "__rand_key__"), pipeline=16, prepare=[COUNTERS],
        target=0.5),
    Row("EVAL of one call", evaluate(ONE, "1", "__rand_key__"), prepare=[COUNTERS]),
    Row("EVAL of a number P16", evaluate("return 1", "0"), pipeline=16),
    Row("EVAL of 100 calls", evaluate(HUNDRED, "1", "__rand_key__"), prepare=[COUNTERS], nulls=True,
        target=0.4),
    Row("EVAL, 20,000 steps", evaluate(ARITHMETIC, "0"), target=0.35),
    Row("EVAL, tables and strings", evaluate(STRINGS, "0"), target=0.4),
    Row("EVAL, a limiter P16", evaluate(LIMITER, "1", "limit:__rand_int:1000__", "60000", "100"),
        pipeline=16, same_size=False),  # how many are over the limit is a matter of speed
    Row("EVAL, JSON there and back",
        evaluate(JSON, "0", '{"name":"some text","tags":["a","b","c"],"n":[1,2,3.5,true,null]}')),
]
