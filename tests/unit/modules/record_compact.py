#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""record_compact - what redis-server writes, for check_listpack.c and check_intset.c.

    record_compact.py           print compact_dumps.h
    record_compact.py --check   does the committed one say the same?

Each case is a key made by ordinary commands; its DUMP, without the frame of the
file format, is the bytes that ours must equal.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import redis

HERE = pathlib.Path(__file__).resolve().parent
HEADER = HERE / "compact_dumps.h"

LIMITS = [0, 1, 127, 128, 4095, 4096, 32767, 32768, 8388607, 8388608, 2**31 - 1, 2**31, 2**63 - 1]
NUMBERS = [str(n) for n in LIMITS] + [str(-n - 1) for n in LIMITS] + [str(-n) for n in LIMITS if n]
NOT_NUMBERS = ["", "-", "-0", "00", "007", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "--1", "nan",
               "9223372036854775808", "-9223372036854775809", "18446744073709551616",
               "99999999999999999999", "1" * 21, "a", "\x00", "\xff"]
# The sizes at which a head or a backlength becomes one byte longer.
SIZES = [1, 62, 63, 64, 125, 126, 127, 4093, 4094, 4095, 4096, 4097,
         16377, 16378, 16379, 2097145, 2097146, 2097147]


def start():
    folder = tempfile.mkdtemp()
    socket = f"{folder}/redis"
    server = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder,
         "--rdbcompression", "no", "--hash-max-listpack-value", "1gb",
         "--hash-max-listpack-entries", "100000", "--list-max-listpack-size", "-5"],
        stdout=subprocess.DEVNULL)
    client = redis.Redis(unix_socket_path=socket)
    for _ in range(100):
        try:
            client.ping()
            return folder, server, client
        except redis.exceptions.ConnectionError:
            time.sleep(0.05)
    raise SystemExit("record_compact: redis-server does not start")


class Dump:
    """A DUMP read from its beginning: RDB's lengths and strings, uncompressed."""

    def __init__(self, data):
        self.data, self.at = data[:-10], 0

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def length(self):
        first = self.byte()
        if first >> 6 == 0:
            return first
        if first >> 6 == 1:
            return (first & 63) << 8 | self.byte()
        size = {0x80: 4, 0x81: 8}[first]
        self.at += size
        return int.from_bytes(self.data[self.at - size:self.at], "big")

    def string(self):
        size = self.length()
        self.at += size
        return self.data[self.at - size:self.at]


def payload(client, key):
    dump = Dump(client.dump(key))
    code = dump.byte()
    if code == 18:  # a list: nodes, each with its container; one packed node
        assert dump.length() == 1 and dump.length() == 2
    elif code == 19:  # a stream: nodes, each under an id
        assert dump.length() == 1
        dump.string()
    else:  # 11 intset, 16 hash, 17 zset
        assert code in (11, 16, 17), code
    return dump.string()


# --- As C ------------------------------------------------------------------------

def quoted(data):
    """C string literals of at most 16 bytes a line; octal, which has an end."""
    rows = [data[i:i + 16] for i in range(0, len(data), 16)] or [b""]
    return "\n        ".join('"' + "".join(
        chr(c) if 32 <= c < 127 and chr(c) not in '"\\?' else f"\\{c:03o}" for c in row) + '"'
        for row in rows)


def runs(data):
    """Split into (bytes, times): a byte that repeats often becomes a run."""
    plain, i = bytearray(), 0
    while i < len(data):
        end = i
        while end < len(data) and data[end] == data[i]:
            end += 1
        if end - i >= 60:
            if plain:
                yield bytes(plain), 1
            plain = bytearray()
            yield data[i:i + 1], end - i
        else:
            plain += data[i:end]
        i = end
    if plain:
        yield bytes(plain), 1


def piece(data, times):
    return f"    {{{quoted(data)}, {len(data)}, {times}}},"


def encoded(elements):
    return [e if isinstance(e, bytes) else str(e).encode("latin-1") for e in elements]


def fnv(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 & (1 << 64) - 1
    return value


def listpack_cases(client):
    """(name, elements, bytes)."""
    client.rpush("numbers", *NUMBERS)
    yield "numbers", NUMBERS, payload(client, "numbers")
    client.rpush("texts", *encoded(NOT_NUMBERS))
    yield "texts", NOT_NUMBERS, payload(client, "texts")
    for size in SIZES:
        client.hset(f"size{size}", "s", "x" * size)
        yield f"size_{size}", ["s", "x" * size], payload(client, f"size{size}")
    pairs = {"name": "Ada", "born": "1815", "score": "-17", "note": "n" * 70}
    client.hset("hash", mapping=pairs)
    client.hset("hash", "born", "12121815")
    client.hdel("hash", "score")
    pairs.pop("score")
    pairs["born"] = "12121815"
    yield "hash", [x for pair in pairs.items() for x in pair], payload(client, "hash")
    client.zadd("zset", {"c": 3, "a": -1.5, "b": 2 ** 40, "77": 0.1})
    script = "return redis.call('ZRANGE', 'zset', 0, -1, 'WITHSCORES')"  # scores as they are stored
    yield "zset", client.eval(script, 0), payload(client, "zset")
    client.rpush("edited", "one", "2", "three", "four")
    client.lset("edited", 1, "a longer text than it was")
    client.linsert("edited", "after", "three", "1000000")
    client.lpush("edited", "-1")
    client.lrem("edited", 1, "four")
    yield "edited", client.lrange("edited", 0, -1), payload(client, "edited")
    client.xadd("stream", {"t": "21"}, id="5-1")
    client.xadd("stream", {"t": "22"}, id="5-2")
    # count, deleted, fields of the master entry; then per entry: flags, the id's
    # distance, values, how many entries to go back.
    yield ("stream", [2, 0, 1, "t", 0, 2, 0, 0, 21, 4, 2, 0, 1, 22, 4], payload(client, "stream"))


def intset_cases(client):
    for name, values in (
            ("narrow", [5, -3, 0, 32767, -32768]),
            ("medium", [1, 2, 32768]),
            ("medium_below", [1, 2, -32769]),
            ("wide", [7, 2**31 - 1, -2**31, 2**31, 2**63 - 1, -2**63]),
            ("wide_at_once", [1, 2, -2**63])):
        client.sadd(name, *values)
        yield name, values, [], payload(client, name)
    client.sadd("shrunk", 1, 2, 100000, 3)
    client.srem("shrunk", 100000)
    yield "shrunk", [1, 2, 100000, 3], [100000], payload(client, "shrunk")


def recorded(client):
    out = ["/* SPDX-License-Identifier: BSD-3-Clause */",
           "/* compact_dumps - what redis-server "
           f"{client.info('server')['redis_version']} wrote; record_compact.py made this file.",
           " *",
           " * Bytes are pieces, each so many times one after the other.  A listpack's",
           " * elements are texts, one piece each. */",
           "#ifndef COMPACT_DUMPS_H", "#define COMPACT_DUMPS_H", "",
           "#include <stddef.h>", "#include <stdint.h>", "",
           "/* clang-format off */", "",
           "struct dump_piece {", "    const char *bytes;", "    size_t size;",
           "    size_t times;", "};", ""]
    lists, sets = [], []
    for name, elements, data in listpack_cases(client):
        elements = encoded(elements)
        out += [f"static const struct dump_piece {name}_elements[] = {{"]
        for element in elements:
            once = element[:1] if len(set(element)) == 1 and len(element) > 60 else element
            out.append(piece(once, len(element) // len(once) if once else 1))
        out += ["};", f"static const struct dump_piece {name}_bytes[] = {{"]
        out += [piece(*run) for run in runs(data)]
        out += ["};", ""]
        lists.append((name, len(elements), len(data)))
    out += ["static const struct listpack_dump {", "    const char *name;",
            "    const struct dump_piece *elements;", "    size_t count;",
            "    const struct dump_piece *bytes;", "    size_t size;",
            "} listpack_dumps[] = {"]
    out += [f'    {{"{n}", {n}_elements, {count}, {n}_bytes, {size}}},' for n, count, size in lists]
    out += ["};", ""]
    many = {str(i): str(i) for i in range(33000)}
    client.hset("many", mapping=many)
    data = payload(client, "many")
    out += ["/* A hash of 0 ... 32999, each under its own name: too many to be counted in",
            " * the header.  Of its bytes, the sum (FNV-1a). */",
            "#define DUMP_MANY 33000", f"#define DUMP_MANY_SIZE {len(data)}u",
            f"#define DUMP_MANY_SUM UINT64_C({fnv(data):#x})", ""]
    for name, values, gone, data in intset_cases(client):
        number = lambda v: "INT64_MIN" if v == -2**63 else f"INT64_C({v})"
        out += [f"static const int64_t {name}_values[] = {{",
                "    " + ", ".join(number(v) for v in values + gone), "};"]
        sets.append(f'    {{"{name}", {name}_values, {len(values)}, {len(gone)},\n        '
                    f"{quoted(data)}, {len(data)}}},")
    out += ["", "/* Values to add, then those to remove, and the bytes. */",
            "static const struct intset_dump {", "    const char *name;",
            "    const int64_t *values;", "    size_t added;", "    size_t removed;",
            "    const char *bytes;", "    size_t size;", "} intset_dumps[] = {"]
    out += sets + ["};", "", "/* clang-format on */", "#endif"]
    return "\n".join(out) + "\n"


def main():
    folder, server, client = start()
    try:
        text = recorded(client)
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)
    if sys.argv[1:] != ["--check"]:
        print(text, end="")
        return 0
    same = text == HEADER.read_text()
    print(f"{int(same)} passed, {int(not same)} failed")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
