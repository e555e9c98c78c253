# SPDX-License-Identifier: BSD-3-Clause
from rows import Fill, Memory, Row

# 100 sets of up to 1000 members each, as strings and as integers.
STRINGS = Fill("SADD set:__rand_int:100__ __item__", 100_000)

# Two sets of 10,000 members, of which they share half.
HALVES = [Fill("SADD a item:__seq__", 10_000, pipeline=1),
          Fill("SADD both item:__seq__", 15_000, pipeline=1)]
TWO_STRINGS = [*HALVES, Fill("SADD few item:__seq__", 5_000, pipeline=1),
               "SDIFFSTORE b both few"]
TWO_INTEGERS = [Fill("SADD a 1__seq__", 10_000, pipeline=1),
                Fill("SADD both 1__seq__", 15_000, pipeline=1),
                Fill("SADD few 1__seq__", 5_000, pipeline=1), "SDIFFSTORE b both few"]
TWO_INTSETS = [Fill("SADD a __seq__", 500, pipeline=1),
               Fill("SADD both __seq__", 750, pipeline=1),
               Fill("SADD few __seq__", 250, pipeline=1), "SDIFFSTORE b both few"]
SMALL = Fill("SADD __seq_key__ " + " ".join(["__item__"] * 10), 10_000)
MANY = Fill("SADD s __seq__-member", 10_000)

ROWS = [
    # A set grows, as in redis-benchmark, and the members come again.
    Row("SADD P16", "SADD set:__rand_int:100__ __item__", pipeline=16, items=1000, target=0.6),
    Row("SADD P16, one big set", "SADD s __item__", pipeline=16, items=1_000_000, target=0.6),
    Row("SADD P16, small sets", "SADD __rand_key__ __item__", pipeline=16, items=10,
        keys=10_000, prepare=[SMALL], target=0.6),
    Row("SADD P16, integers", "SADD set:__rand_int:1000__ __rand_int:100__", pipeline=16,
        target=0.6),
    Row("SADD of 10, new keys, P16", "SADD __rand_key__ " + " ".join(["__item__"] * 10),
        pipeline=16, keys=1_000_000, fresh=True),
    Row("SISMEMBER P16", "SISMEMBER set:__rand_int:100__ __item__", pipeline=16, items=1000,
        prepare=[STRINGS]),
    Row("SMEMBERS of 100, P16", "SMEMBERS s", pipeline=16,
        prepare=[Fill("SADD s member:__seq__", 100)]),
    Row("SMEMBERS of 200, P16", "SMEMBERS s", pipeline=16,
        prepare=[Fill("SADD s member:__seq__", 200)]),
    Row("SRANDMEMBER P16", "SRANDMEMBER s", pipeline=16, prepare=[MANY], same_size=False),
    Row("SRANDMEMBER of 10, P16", "SRANDMEMBER s 10", pipeline=16, prepare=[MANY],
        same_size=False),
    Row("SPOP P16", "SPOP s", pipeline=16, prepare=[Fill("SADD s __seq__-member", 300_000)],
        fresh=True, requests=250_000, same_size=False),
    Row("SINTER of two 10,000", "SINTER a b", connections=4, prepare=TWO_STRINGS, target=0.5),
    Row("SINTER of two 10,000, integers", "SINTER a b", connections=4, prepare=TWO_INTEGERS,
        target=0.5),
    Row("SINTER of two intsets of 500", "SINTER a b", connections=4, prepare=TWO_INTSETS),
    Row("SINTERCARD of two 10,000", "SINTERCARD 2 a b", connections=4, prepare=TWO_STRINGS),
    Row("SUNION of two 10,000", "SUNION a b", connections=4, prepare=TWO_STRINGS),
    Row("SDIFF of two 10,000", "SDIFF a b", connections=4, prepare=TWO_STRINGS),
    Row("SINTERSTORE of two 10,000", "SINTERSTORE d a b", connections=4, prepare=TWO_STRINGS),
    Row("SUNIONSTORE of two 10,000", "SUNIONSTORE d a b", connections=4, prepare=TWO_STRINGS),

    Memory("set of 10 integers",
           "SADD __seq_key__ " + " ".join(["__rand_int:1000000__"] * 10), target=0.7, scale=0.3),
    Memory("set of 10 strings", "SADD __seq_key__ " + " ".join(["__item__"] * 10), scale=0.2),
    Memory("big set, a member",
           ["SADD", "__seq_key__"] + [f"member:{i:010}" for i in range(20_000)],
           scale=50 / 1_000_000, elements=20_000, target=0.6),
]
