# SPDX-License-Identifier: BSD-3-Clause
from rows import Fill, Row

STRINGS = Fill("SET __seq_key__ __value:16__", 100_000)
DELETED = 300_000
SORTED = "RPUSH numbers " + " ".join(str(i * 7919 % 100_003) for i in range(100))
HASH = "HSET hash name Ada age 36 city London email ada@example.org visits 12"

ROWS = [
    Row("DEL P16", "DEL __seq_key__", pipeline=16, keys=DELETED,
        requests=DELETED, fresh=True,
        prepare=[Fill("SET __seq_key__ __value:16__", DELETED)]),
    Row("EXPIRE P16", "EXPIRE __rand_key__ 1__rand_int:100000__", pipeline=16,
        prepare=[STRINGS]),
    # Every connection follows its own cursor around.  How many keys one call
    # brings is for the server to choose, so the sizes may differ a little.
    Row("SCAN COUNT 1000", "SCAN __cursor__ COUNT 1000", prepare=[STRINGS]),
    Row("SORT of 100 numbers", "SORT numbers", prepare=[SORTED]),
    Row("SORT ALPHA LIMIT 0 10 of 100", "SORT numbers ALPHA LIMIT 0 10", prepare=[SORTED]),
    Row("DUMP of a hash of 5", "DUMP hash", pipeline=16, prepare=[HASH]),
]
