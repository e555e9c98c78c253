# SPDX-License-Identifier: BSD-3-Clause
from rows import Fill, Memory, Row

KEYS = 100_000
STRINGS = Fill("SET __seq_key__ __value:16__", KEYS)
MIB = 1024 * 1024

ROWS = [
    Row("SET P16", "SET __rand_key__ __value:16__", pipeline=16,
        prepare=[STRINGS], target=0.55),
    Row("GET P16", "GET __rand_key__", pipeline=16, prepare=[STRINGS],
        target=0.55),
    Row("INCR P16", "INCR __rand_key__", pipeline=16, target=0.55,
        prepare=[Fill("SET __seq_key__ 1000000", KEYS)]),
    Row("SET", "SET __rand_key__ __value:16__", prepare=[STRINGS],
        target=0.85),
    Row("GET", "GET __rand_key__", prepare=[STRINGS], target=0.85),
    Row("MSET of 10, P16", ["MSET"] + ["__rand_key__", "__value:16__"] * 10, pipeline=16,
        prepare=[STRINGS], target=0.5),
    Row("MSET of 10", ["MSET"] + ["__rand_key__", "__value:16__"] * 10, prepare=[STRINGS]),
    Row("MGET of 100", ["MGET"] + ["__rand_key__"] * 100, prepare=[STRINGS]),
    # Tables and keys do not fit into the caches: what a lookup costs then.
    Row("GET P16, 1M keys", "GET __rand_key__", pipeline=16, keys=1_000_000,
        prepare=[Fill("SET __seq_key__ __value:16__", 1_000_000)]),
    Row("GET of 10 KB", "GET __rand_key__", keys=1000,
        prepare=[Fill("SET __seq_key__ __value:10240__", 1000)]),
    # Few connections, or the sockets' buffers are what is measured.
    Row("GET of 1 MB", "GET __rand_key__", keys=20, connections=4,
        prepare=[Fill(f"SET __seq_key__ __value:{MIB}__", 20, pipeline=1)]),
    Row("SET of 1 MB", f"SET __rand_key__ __value:{MIB}__", keys=20,
        connections=4),

    Memory("string 16/16", "SET __seq_key__ __value:16__", target=0.55),
    Memory("string 16/16, TTL",
           "SET __seq_key__ __value:16__ EX 1__rand_int:100000__", target=0.5),
    Memory("string, integer", "SET __seq_key__ __rand_int:1000000000__",
           target=0.55),
]
