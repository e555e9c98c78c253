# SPDX-License-Identifier: BSD-3-Clause
from rows import Fill, Row

KEYS = 100_000
STRINGS = Fill("SET __seq_key__ __value:16__", KEYS)
COUNTERS = Fill("SET __seq_key__ 1000", KEYS)


def transaction(*commands):
    return " ; ".join(["MULTI", *commands, "EXEC"])


ROWS = [
    Row("MULTI of 10 SET", transaction(*["SET __rand_key__ __value:16__"] * 10),
        prepare=[STRINGS], target=0.6),
    Row("MULTI of 10 SET P16", transaction(*["SET __rand_key__ __value:16__"] * 10), pipeline=16,
        prepare=[STRINGS], target=0.6),
    Row("MULTI of 10 INCR P16", transaction(*["INCR __rand_key__"] * 10), pipeline=16,
        prepare=[COUNTERS]),
    Row("MULTI of 10 GET P16", transaction(*["GET __rand_key__"] * 10), pipeline=16,
        prepare=[STRINGS]),
    Row("WATCH, GET, MULTI of SET P16",
        "WATCH __rand_key__ ; GET __rand_key__ ; " + transaction("SET __rand_key__ __value:16__"),
        pipeline=16, prepare=[STRINGS], nulls=True),
]
