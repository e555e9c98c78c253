# SPDX-License-Identifier: BSD-3-Clause
from rows import Fill, Memory, Row

KEYS = 100_000
FIVE = " ".join(f"field{i} __value:16__" for i in range(5))
USER = "name __value:10__ mail __value:16__ visits __rand_int:1000__ born 19__rand_int:99__ seen " \
    "17000__rand_int:100000__"
HASHES = Fill(f"HSET __seq_key__ {FIVE}", KEYS)
HUNDRED = Fill("HSET __seq_key__ " + " ".join(f"field{i} __value:16__" for i in range(100)), 1000)
BIG = Fill("HSET big __seq_key__ __value:16__", KEYS)

ROWS = [
    Row("HSET P16", "HSET __rand_key__ field3 __value:16__", pipeline=16, prepare=[HASHES],
        target=0.6),
    Row("HSET P16, one big hash", "HSET big __rand_key__ __value:16__", pipeline=16, prepare=[BIG],
        target=0.6),
    Row("HSET of 5, new keys, P16", f"HSET __rand_key__ {FIVE}", pipeline=16, keys=10_000_000),
    Row("HGET P16", "HGET __rand_key__ field3", pipeline=16, prepare=[HASHES]),
    Row("HGET P16, one big hash", "HGET big __rand_key__", pipeline=16, prepare=[BIG]),
    Row("HGETALL of 5, P16", "HGETALL __rand_key__", pipeline=16, prepare=[HASHES]),
    Row("HGETALL of 100", "HGETALL __rand_key__", keys=1000, prepare=[HUNDRED]),
    Row("HINCRBY P16", "HINCRBY __rand_key__ count 1", pipeline=16,
        prepare=[Fill("HSET __seq_key__ name __value:16__ count 1000", KEYS)]),

    Memory("hash of 5 fields", f"HSET __seq_key__ {USER}", target=0.7),
    Memory("hash of 5 fields, values of 16", f"HSET __seq_key__ {FIVE}"),
    Memory("one big hash, a field",
           ["HSET", "__seq_key__"] +
           [word for i in range(20_000) for word in (f"field:{i:010}", "__value:16__")],
           scale=50 / 1_000_000, elements=20_000, target=0.55),
]
