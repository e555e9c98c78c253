# SPDX-License-Identifier: BSD-3-Clause
from rows import Row

ROWS = [
    Row("PUBLISH to 100", "PUBLISH news __value:16__", connections=1, readers=100,
        reader="SUBSCRIBE news", target=0.6),
    Row("PUBLISH to 100, P16", "PUBLISH news __value:16__", connections=1, pipeline=16, readers=100,
        reader="SUBSCRIBE news", target=0.6),
    Row("PUBLISH of 1 KB to 100, P16", "PUBLISH news __value:1024__", connections=1, pipeline=16,
        readers=100, reader="SUBSCRIBE news"),
    Row("PUBLISH to 100 patterns, P16", "PUBLISH news __value:16__", connections=1, pipeline=16,
        readers=100, reader="PSUBSCRIBE n*"),
    Row("PUBLISH to nobody, P16", "PUBLISH news __value:16__", pipeline=16),
]
