#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""interleaved - several clients of both servers, in the order of a seed.

What one client does is told to others here: transactions and scripts, that somebody comes in
between of, messages, notifications, invalidations, parked calls that others
serve.  One client speaks at a time; behind each command a client of its own asks
twice for a PONG, so everything that came of it has been sent.  Then what each
client got must be the same, byte for byte.

A client may be parked, or subscribed, or in a transaction, when its next command
comes: that is the point.  Two things are left out, since Redis promises no order
there: several patterns of one client that match one channel, and leaving all
channels at once.

    interleaved.py [--seed N] [--count N] [--protocol 2|3]
"""
import argparse
import hashlib
import random
import sys

from language import line_of
from pair import Pair, must
from support import Push, replies_in
from support.runner import require_server, summary

CLIENTS = 5
SHOWN = 30  # commands before a difference that are printed

KEYS = [b"k%d" % i for i in range(6)]
LIBRARY = b"#!lua name=l\n" + b"".join(
    b"redis.register_function{function_name='%s', callback=function(keys, args) %s end%s}\n" % row for row in (
        (b"put", b"redis.call('set', keys[1], args[1]) return redis.call('get', keys[1])", b""),
        (b"move", b"return redis.pcall('rename', keys[1], keys[2])", b""),
        (b"look", b"return {redis.call('exists', keys[1]), redis.pcall('get', keys[1])}", b", flags={'no-writes'}")))
# What a script does between its keys, its argument and its reply.
SCRIPTS = [
    b"return redis.call('incr', KEYS[1])",
    b"redis.call('set', KEYS[1], ARGV[1]) return redis.call('get', KEYS[1])",
    b"if redis.call('exists', KEYS[1]) == 0 then return redis.call('lpush', KEYS[1], ARGV[1], 'z') end return false",
    b"redis.call('del', KEYS[1], KEYS[2]) return redis.status_reply('GONE')",
    b"redis.call('rpush', KEYS[1], ARGV[1]) redis.call('lmove', KEYS[1], KEYS[2], 'left', 'right') return {1, {2, ARGV[1]}}",
    b"redis.call('publish', 'a1', ARGV[1]) redis.call('publish', 'b1', KEYS[1]) return redis.pcall('hset', KEYS[1], 'f', ARGV[1])",
    b"redis.call('set', KEYS[1], 1) redis.call('set', KEYS[2], 2) error('half way')",
    b"redis.call('set', KEYS[1], 1) return redis.call('nosuch')",
    b"return redis.pcall('blpop', KEYS[1], KEYS[2], 0)",
    b"redis.setresp(3) redis.call('hset', KEYS[1], 'f', ARGV[1]) return redis.call('hgetall', KEYS[1])",
    b"redis.call('select', 1) redis.call('set', KEYS[1], ARGV[1]) return redis.call('dbsize')",
    b"for i = 1, 5 do redis.call('zadd', KEYS[1], i, ARGV[1] .. i) end return redis.call('zrange', KEYS[1], 0, -1, 'withscores')",
    b"return {redis.call('type', KEYS[1]).ok, redis.call('exists', KEYS[2])}",
    b"#!lua flags=no-writes\nreturn redis.pcall('set', KEYS[1], ARGV[1])",
    b"#!lua\nredis.call('append', KEYS[1], ARGV[1]) return redis.call('strlen', KEYS[1])",
    b"return redis.error_reply('MINE ' .. KEYS[1])",
    b"local t = redis.call('mget', KEYS[1], KEYS[2]) return cjson.encode(t)",
    b"this is no Lua",
]
CHANNELS = [b"a1", b"a2", b"b1", b"__keyevent@0__:set", b"__keyspace@0__:k1"]
PATTERNS = [b"a?", b"b*", b"__keyevent@0__:[de]*", b"__keyspace@1__:*"]


def command(rng, protocol):
    key, other = rng.choice(KEYS), rng.choice(KEYS)
    channel, pattern = rng.choice(CHANNELS), rng.choice(PATTERNS)
    word = rng.choice([b"x", b"1", b"yy"])
    data = [
        (b"SET", key, word), (b"GET", key), (b"INCR", key), (b"DEL", key), (b"APPEND", key, word),
        (b"EXPIRE", key, b"100000"), (b"PERSIST", key), (b"RENAME", key, other), (b"MGET", key, other),
        (b"LPUSH", key, word), (b"RPUSH", key, word, b"z"), (b"LPOP", key), (b"LLEN", key),
        (b"SADD", key, word), (b"SREM", key, word), (b"SCARD", key), (b"HSET", key, b"f", word),
        (b"HDEL", key, b"f"), (b"HGET", key, b"f"), (b"ZADD", key, b"1", word), (b"ZPOPMIN", key), (b"ZCARD", key),
        (b"LMOVE", key, other, b"LEFT", b"RIGHT"), (b"EXISTS", key), (b"SETEX", key, b"100000", word),
        (b"COPY", key, other, b"REPLACE"), (b"SWAPDB", b"0", b"1"), (b"MOVE", key, b"1"), (b"FLUSHDB",), (b"XADD", key, b"*", b"f"),
    ]
    transaction = [(b"MULTI",), (b"MULTI",), (b"EXEC",), (b"EXEC",), (b"EXEC",), (b"DISCARD",),
                   (b"WATCH", key), (b"WATCH", key, other), (b"UNWATCH",), (b"NOSUCH",), (b"SET",)]
    messages = [(b"SUBSCRIBE", channel), (b"UNSUBSCRIBE", channel), (b"UNSUBSCRIBE", channel), (b"PSUBSCRIBE", pattern),
                (b"PUNSUBSCRIBE", pattern), (b"PUNSUBSCRIBE", pattern), (b"SSUBSCRIBE", channel), (b"SUNSUBSCRIBE", channel),
                (b"PUBLISH", channel, word), (b"PUBLISH", channel, word), (b"SPUBLISH", channel, word), (b"PUBSUB", b"NUMSUB", *CHANNELS),
                (b"PUBSUB", b"NUMPAT"), (b"PING",), (b"RESET",)]
    waiting = [(b"BLPOP", key, other, b"0"), (b"BRPOP", key, b"0"), (b"BLMOVE", key, other, b"LEFT", b"LEFT", b"0"),
               (b"BZPOPMIN", key, b"0"), (b"BLMPOP", b"0", b"2", key, other, b"LEFT")]
    caching = [(b"CLIENT", b"TRACKING", b"ON"), (b"CLIENT", b"TRACKING", b"OFF"), (b"CLIENT", b"TRACKING", b"ON", b"NOLOOP"),
               (b"CLIENT", b"TRACKING", b"ON", b"OPTIN"), (b"CLIENT", b"CACHING", b"YES"), (b"CLIENT", b"TRACKINGINFO"),
               (b"CLIENT", b"TRACKING", b"ON", b"BCAST", b"PREFIX", b"k1")]
    script = rng.choice(SCRIPTS)
    digest = hashlib.sha1(script).hexdigest().encode()
    scripts = [(b"EVAL", script, b"2", key, other, word), (b"EVAL", script, b"2", key, other, word),
               (b"EVALSHA", digest, b"2", key, other, word), (b"EVAL_RO", script, b"2", key, other, word),
               (b"EVAL", script, b"1", key, word), (b"SCRIPT", b"LOAD", script), (b"SCRIPT", b"EXISTS", digest),
               (b"FCALL", b"put", b"1", key, word), (b"FCALL", b"move", b"2", key, other), (b"FCALL_RO", b"look", b"1", key),
               (b"FCALL_RO", b"put", b"1", key, word), (b"FUNCTION", b"LOAD", b"REPLACE", LIBRARY), (b"FUNCTION", b"DELETE", b"l"),
               (b"SCRIPT", b"FLUSH"), (b"SCRIPT", b"KILL"), (b"FUNCTION", b"STATS")]
    groups = [data, transaction, messages, waiting, scripts] + ([caching] if protocol == 3 else [])
    weights = [10, 5, 4, 1, 8, 2][:len(groups)]
    words = rng.choice(rng.choices(groups, weights)[0])
    # Whatever its time is: the two servers do not read the clock at one moment.
    return (b"XADD", words[1], b"%d-1" % rng.randrange(1, 10 ** 6), b"f", b"v") if words[0] == b"XADD" else words


class Side:
    """One server's clients, and the one that asks."""

    def __init__(self, server, protocol):
        self.asking = server.client()
        must(self.asking.call("FLUSHALL"))
        must(self.asking.call("SCRIPT", "FLUSH"))
        must(self.asking.call("FUNCTION", "FLUSH"))
        must(self.asking.call("CONFIG", "SET", "notify-keyspace-events", "KEA"))
        self.clients = [server.client(protocol) for _ in range(CLIENTS)]

    def step(self, number, words):
        """What each client got by it."""
        try:
            self.clients[number].send(*words)
        except OSError:
            pass
        for _ in range(2):
            self.asking.call("PING")
        return [drain(client) for client in self.clients]

    def close(self):
        must(self.asking.call("CONFIG", "SET", "notify-keyspace-events", ""))
        for client in self.clients + [self.asking]:
            client.close()


def drain(client):
    """What has arrived already."""
    got = bytearray(client.buffer)
    client.buffer.clear()
    client.socket.settimeout(0)
    try:
        while True:
            data = client.socket.recv(1 << 16)
            if not data:
                return bytes(got) + b"(closed)"
            got += data
    except (BlockingIOError, TimeoutError):
        return bytes(got)
    except ConnectionError:
        return bytes(got) + b"(closed)"
    finally:
        client.socket.settimeout(client.timeout)


def same(theirs, ours):
    """Byte for byte; but whether a client is told before or behind its own command's reply of
    what that command did is different from command to command in Redis."""
    if theirs == ours:
        return True
    try:
        return apart(theirs) == apart(ours)
    except ValueError:
        return False


def apart(raw):
    """The replies, and the pushes."""
    both = replies_in(raw)
    return ([r.raw for r in both if not isinstance(r.value, Push)],
            [r.raw for r in both if isinstance(r.value, Push)])


def play(pair, seed, count, protocol):
    """None, or the text of a difference."""
    rng = random.Random(seed)
    sides = [Side(server, protocol) for server in (pair.theirs, pair.ours)]
    said = []
    try:
        for _ in range(count):
            number, words = rng.randrange(CLIENTS), command(rng, protocol)
            said.append(f"{'ABCDE'[number]}: {line_of(words)}")
            got = [side.step(number, words) for side in sides]
            for who, (theirs, ours) in enumerate(zip(*got)):
                if not same(theirs, ours):
                    return "\n  ".join([f"after command {len(said)} client {'ABCDE'[who]} got", *said[-SHOWN:],
                                        f"theirs: {theirs}", f"ours:   {ours}"])
        digests = [must(side.asking.call("DEBUG", "DIGEST")) for side in sides]
        return None if digests[0] == digests[1] else f"the data differ at the end: {digests}"
    finally:
        for side in sides:
            side.close()


def run(pair, report, seeds, count):
    needed = ("multi", "subscribe", "blpop", "bzpopmin", "client|tracking", "hset", "sadd", "xadd", "copy", "eval", "fcall")
    missing = [name for name in needed if not pair.knows(name)]
    if missing:
        report.skip("interleaved clients", f"need {' '.join(missing)}")
        return
    for seed in seeds:
        for protocol in (2, 3):
            name = f"interleaved clients --seed {seed} --count {count} --protocol {protocol}"
            report.result(name, pair.revive() or play(pair, seed, count, protocol))


def main():
    options = argparse.ArgumentParser(description="several clients of both servers")
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options.add_argument("--count", type=int, default=20000)
    options.add_argument("--protocol", type=int, choices=(2, 3), default=3)
    given = options.parse_args()
    require_server()
    with Pair() as pair:
        wrong = play(pair, given.seed, given.count, given.protocol)
    name = f"interleaved clients --seed {given.seed} --count {given.count} --protocol {given.protocol}"
    print(f"FAIL {name}\n  {wrong}" if wrong else f"ok   {name}")
    print(summary(0 if wrong else 1, 1 if wrong else 0, 0))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
