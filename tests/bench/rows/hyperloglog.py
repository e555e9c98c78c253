# SPDX-License-Identifier: BSD-3-Clause
from rows import Fill, Row

# Some 200 elements in each of 1000 keys: runs of about 600 bytes.
ADD_SPARSE = "PFADD sparse:__rand_int:1000__ __rand_int:200__"
SPARSE = Fill(ADD_SPARSE, 500_000)
# Thousands in each of 50.
ADD_DENSE = "PFADD dense:__rand_int:50__ __rand_int:1000000__"
DENSE = Fill(ADD_DENSE, 400_000)

TWO_SPARSE = "sparse:__rand_int:1000__ sparse:__rand_int:1000__"
TWO_DENSE = "dense:__rand_int:50__ dense:__rand_int:50__"

ROWS = [
    Row("PFADD P16", ADD_SPARSE, pipeline=16, prepare=[SPARSE], target=0.6),
    Row("PFADD to dense P16", ADD_DENSE, pipeline=16, prepare=[DENSE], target=0.6),
    Row("PFCOUNT P16", "PFCOUNT dense:__rand_int:50__", pipeline=16, prepare=[DENSE]),
    Row("PFCOUNT of 2 dense", "PFCOUNT " + TWO_DENSE, pipeline=16, prepare=[DENSE]),
    Row("PFCOUNT of 2 sparse", "PFCOUNT " + TWO_SPARSE, pipeline=16, prepare=[SPARSE]),
    Row("PFMERGE of 2 dense", "PFMERGE merged " + TWO_DENSE, pipeline=16, prepare=[DENSE]),
    Row("PFMERGE of 2 sparse", "PFMERGE merged " + TWO_SPARSE, pipeline=16,
        prepare=["PFADD merged x", SPARSE]),
]
