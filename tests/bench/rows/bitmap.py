# SPDX-License-Identifier: BSD-3-Clause
from rows import Fill, Row

ROWS = [
    Row("BITCOUNT of 1 MB", "BITCOUNT bits",
        prepare=[Fill("SET bits __value:1048576__", 1, pipeline=1)]),
]
