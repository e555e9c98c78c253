# SPDX-License-Identifier: BSD-3-Clause
from rows import Fill, Memory, Row

LISTS = 1000
VALUE = "__value:16__"
SHORT = Fill(f"RPUSH __seq_key__ {' '.join([VALUE] * 10)}", 100_000)
LONG = Fill(f"RPUSH __rand_key__ {' '.join([VALUE] * 100)}", 10_000)

ROWS = [
    # As redis-benchmark has it: one list that grows, in one node after the other.
    Row("LPUSH P16", f"LPUSH list {VALUE}", pipeline=16, target=0.8),
    Row("RPUSH P16", f"RPUSH list {VALUE}", pipeline=16, target=0.8),
    Row("RPOP P16", "RPOP list", pipeline=16, target=0.8, nulls=True,
        prepare=[Fill(f"RPUSH list {' '.join([VALUE] * 100)}", 100_000)]),
    Row("LPOP P16", "LPOP list", pipeline=16, target=0.8, nulls=True,
        prepare=[Fill(f"RPUSH list {' '.join([VALUE] * 100)}", 100_000)]),
    Row("LPUSH P16, 1000 lists", f"LPUSH __rand_key__ {VALUE}", pipeline=16, keys=LISTS,
        target=0.8),
    Row("LMOVE P16, queues of 10", "LMOVE __rand_key__ __rand_key__ LEFT RIGHT", pipeline=16,
        prepare=[SHORT], nulls=True, same_size=False),
    Row("LRANGE 100", "LRANGE __rand_key__ 0 99", pipeline=16, keys=LISTS, prepare=[LONG],
        target=0.5),
    Row("LRANGE 10", "LRANGE __rand_key__ 0 -1", pipeline=16, prepare=[SHORT]),
    Row("LINDEX, list of 1M", "LINDEX list __rand_int:1000000__", pipeline=16,
        prepare=[Fill(f"RPUSH list {' '.join([VALUE] * 100)}", 10_000)]),

    # Names of jobs, say.  With 16 bytes the elements themselves are half of what Redis takes.
    Memory("list of 10", f"RPUSH __seq_key__ {' '.join(['__value:8__'] * 10)}", target=0.55,
           scale=0.2),
    Memory("list of 10 numbers", f"RPUSH __seq_key__ {' '.join(['__rand_int:1000000__'] * 10)}",
           target=0.55, scale=0.2),
    Memory("list of 10, 16 bytes each", f"RPUSH __seq_key__ {' '.join([VALUE] * 10)}", scale=0.2),
    Memory("list of 1000", f"RPUSH __seq_key__ {' '.join([VALUE] * 1000)}", scale=0.002),
]
