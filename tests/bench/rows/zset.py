# SPDX-License-Identifier: BSD-3-Clause
from rows import Fill, Memory, Row

ITEMS = 100_000
# Scores by chance; every member comes once.
BIG = Fill("ZADD big __rand_int:1000000__ item:__seq_key__", ITEMS, pipeline=64)
SMALL = Fill(["ZADD", "__seq_key__"] +
             [word for i in range(10) for word in ("__rand_int:1000__", f"member:{i}")], 10_000)
HALVES = [Fill("ZADD a __rand_int:1000000__ item:__seq__", 2000),
          Fill("ZADD b __rand_int:1000000__ item:__rand_int:4000__", 2000)]

ROWS = [
    # Half of the members are new at first.
    Row("ZADD P16", "ZADD big __rand_int:1000000__ item:__rand_key__", pipeline=16,
        prepare=[BIG], keys=2 * ITEMS, target=0.5),
    Row("ZADD P16, fractions",
        "ZADD big __rand_int:1000__.__rand_int:1000000__ item:__rand_key__", pipeline=16,
        prepare=[BIG], keys=2 * ITEMS),
    Row("ZADD P16, sets of 10", "ZADD __rand_key__ __rand_int:1000__ member:__rand_int:10__",
        pipeline=16, keys=10_000),
    Row("ZRANGE of 100, P16", "ZRANGE big 50000 50099", pipeline=16, prepare=[BIG],
        keys=ITEMS, target=0.5),
    Row("ZRANGE of 100 WITHSCORES, P16", "ZRANGE big 50000 50099 WITHSCORES", pipeline=16,
        prepare=[BIG], keys=ITEMS),
    Row("ZRANGE of 10, all, P16", "ZRANGE __rand_key__ 0 -1", pipeline=16, prepare=[SMALL],
        keys=10_000),
    Row("ZRANGEBYSCORE LIMIT 10, P16", "ZRANGEBYSCORE big __rand_int:1000000__ +inf LIMIT 0 10",
        pipeline=16, prepare=[BIG], keys=ITEMS),
    Row("ZSCORE P16", "ZSCORE big item:__rand_key__", pipeline=16, prepare=[BIG], keys=ITEMS),
    Row("ZRANK P16", "ZRANK big item:__rand_key__", pipeline=16, prepare=[BIG], keys=ITEMS),
    Row("ZINCRBY P16", "ZINCRBY big __rand_int:1000__ item:__rand_key__", pipeline=16,
        prepare=[BIG], keys=ITEMS),
    Row("ZPOPMIN P16", "ZPOPMIN big", pipeline=16, prepare=[BIG], keys=ITEMS, fresh=True,
        requests=90_000),
    Row("ZREM P16", "ZREM big item:__seq_key__", pipeline=16, prepare=[BIG], keys=ITEMS,
        fresh=True, requests=90_000),
    Row("ZUNIONSTORE of 2 x 2000", "ZUNIONSTORE d 2 a b", prepare=HALVES),
    Row("ZINTERSTORE of 2 x 2000", "ZINTERSTORE d 2 a b", prepare=HALVES),

    Memory("sorted set of 10",
           ["ZADD", "__seq_key__"] +
           [word for i in range(10) for word in ("__rand_int:1000__", f"member:{i}")],
           scale=0.2, target=0.7),
    Memory("big sorted set, a member",
           ["ZADD", "__seq_key__"] +
           [word for i in range(1000) for word in ("__rand_int:1000000000__", f"item:{i:011}")],
           scale=1000 / 1_000_000, elements=1000, target=0.55),
]
