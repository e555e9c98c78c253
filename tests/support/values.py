# SPDX-License-Identifier: BSD-3-Clause
"""values - random values of every type, in every encoding, as the commands that make them.

    for kind, commands in values.build(rng, b"key", knows):
        ...

`knows(name)` tells whether a command is there; a type without its commands is
left out.  Sizes lie on both sides of every limit at which a form changes."""

LETTERS = bytes(range(256))


def text(rng):
    """Numbers, near-numbers, short and long bytes, what compresses and what does not."""
    kind = rng.randrange(8)
    if kind == 0:
        return b"%d" % rng.choice((0, 1, -1, 12, 13, 63, 64, 127, 128, -128, -129, 4095, 4096, 2**15,
                                   -2**15, 2**23, 2**31 - 1, 2**31, -2**31, 2**63 - 1, -2**63))
    if kind == 1:
        return b"%d" % rng.randint(-10**rng.randrange(1, 19), 10**rng.randrange(1, 19))
    if kind == 2:
        return rng.choice((b"", b"-", b"-0", b"007", b"1.5", b"+1", b" 1", b"9223372036854775808"))
    if kind == 3:
        return rng.choice((b"a", b"ab\x00", b"xyz")) * rng.randrange(1, 300)
    if kind == 4:
        return bytes(rng.choices(LETTERS, k=rng.choice((20, 21, 44, 45, 63, 64, 65))))
    if kind == 5:
        return bytes(rng.choices(LETTERS, k=rng.choice((253, 254, 4095, 4096, 5000))))
    return bytes(rng.choices(b"abcdefgh", k=rng.randrange(1, 12)))


def some(rng):
    """How many elements: few, about the limits, many."""
    return rng.choice((1, 1, 2, 3, 5, 10, 64, 127, 128, 129, 130, 300, rng.randrange(1, 700)))


def batches(name, key, items, width=1):
    """Commands with at most 200 items each."""
    step = 200 * width
    return [(name, key, *items[i:i + step]) for i in range(0, len(items), step)]


def string(rng, key):
    return [("SET", key, text(rng))]


def linked(rng, key):
    return batches("RPUSH", key, [text(rng) for _ in range(some(rng))])


def short_list(rng, key):
    return batches("RPUSH", key, [b"%d" % rng.randrange(1000) for _ in range(some(rng))])


def intset(rng, key):
    width = rng.choice((100, 2**15, 2**31, 2**62))
    return batches("SADD", key, [b"%d" % rng.randint(-width, width)
                                 for _ in range(rng.choice((1, 5, 400, 511, 512, 513, 600)))])


def members(rng, key):
    return batches("SADD", key, [text(rng) for _ in range(some(rng))])


def fields(rng, key):
    return batches("HSET", key, [text(rng) for _ in range(2 * some(rng))], 2)


def score(rng):
    return rng.choice((b"0", b"-0", b"1", b"-1.5", b"inf", b"-inf", b"3e100", b"1e-300", b"12345678",
                       b"0.1", b"%d" % rng.randint(-100, 100), repr(rng.uniform(-1e6, 1e6)).encode()))


def scored(rng, key):
    words = []
    for _ in range(some(rng)):
        words += [score(rng), text(rng)]
    return batches("ZADD", key, words, 2)


def stream(rng, key):
    commands, at = [], 0
    same = [text(rng), text(rng)]
    for _ in range(rng.choice((1, 2, 5, 99, 101, 230))):
        at += rng.randrange(1, 1000)
        pairs = same if rng.random() < 0.7 else [text(rng) for _ in range(2 * rng.randrange(1, 4))]
        words = list(pairs)
        words[1] = text(rng)
        commands.append(("XADD", key, b"%d-%d" % (at, rng.randrange(5)), *words))
    for _ in range(rng.randrange(3)):
        commands.append(("XDEL", key, rng.choice(commands)[2]))
    for name in [b"g1", b"g2", b"g\x00"][:rng.randrange(4)]:
        commands.append(("XGROUP", "CREATE", key, name, "0"))
        commands.append(("XGROUP", "CREATECONSUMER", key, name, "idle"))
        for consumer in (b"c1", b"c2")[:rng.randrange(3)]:
            commands.append(("XREADGROUP", "GROUP", name, consumer, "COUNT", rng.randrange(1, 20),
                             "STREAMS", key, ">"))
    return commands


def counter(rng, key):
    return batches("PFADD", key, [text(rng) for _ in range(rng.choice((1, 10, 3000)))])


MAKERS = [("string", string, ("set",)), ("list", linked, ("rpush",)), ("list", short_list, ("rpush",)),
          ("set of numbers", intset, ("sadd",)), ("set", members, ("sadd",)),
          ("hash", fields, ("hset",)), ("zset", scored, ("zadd",)),
          ("stream", stream, ("xadd", "xdel", "xgroup|create", "xreadgroup")),
          ("hyperloglog", counter, ("pfadd",))]


def build(rng, key, knows):
    """One of each kind: (what it is, the commands that make it)."""
    for kind, make, needs in MAKERS:
        if all(knows(name) for name in needs):
            yield kind, make(rng, key)
