# SPDX-License-Identifier: BSD-3-Clause
from rows import Fill, Row

# Some 200 elements in each key: runs of about 600 bytes.
SPARSE = Fill("PFADD __rand_key__ __item__", 100_000)
# Thousands in each of 50.
DENSE = Fill("PFADD __rand_key__ __item__", 400_000)

ROWS = [
    Row("PFADD P16", "PFADD __rand_key__ __item__", pipeline=16, keys=1000, items=200,
        prepare=[SPARSE], target=0.6),
    Row("PFADD to dense P16", "PFADD __rand_key__ __item__", pipeline=16, keys=50,
        items=1_000_000, prepare=[DENSE], target=0.6),
    Row("PFCOUNT P16", "PFCOUNT __rand_key__", pipeline=16, keys=50, prepare=[DENSE]),
    Row("PFCOUNT of 3 dense", "PFCOUNT __rand_key__ __rand_key__ __rand_key__", pipeline=16,
        keys=50, prepare=[DENSE]),
    Row("PFCOUNT of 3 sparse", "PFCOUNT __rand_key__ __rand_key__ __rand_key__", pipeline=16,
        keys=1000, items=200, prepare=[SPARSE]),
    Row("PFMERGE of 2 dense", "PFMERGE merged __rand_key__ __rand_key__", pipeline=16,
        keys=50, prepare=[DENSE]),
    Row("PFMERGE of 2 sparse", "PFMERGE merged __rand_key__ __rand_key__", pipeline=16,
        keys=1000, items=200, prepare=["PFADD merged x", SPARSE]),
]
