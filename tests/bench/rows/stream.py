# SPDX-License-Identifier: BSD-3-Clause
from rows import Fill, Memory, Row

PAIRS = "field1 __value:8__ field2 __value:8__"
STREAM = [Fill(f"XADD s 1-* {PAIRS}", 100_000)]
GROUP = ["XGROUP CREATE s g 0 MKSTREAM", Fill(f"XADD s 1-* {PAIRS}", 300_000)]
# 4000 entries a millisecond.
GIVEN = [Fill(f"XADD s {ms}-* {PAIRS}", 4000) for ms in range(25)] + \
    ["XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >"]

ROWS = [
    Row("XADD P16", f"XADD s * {PAIRS}", pipeline=16, target=0.6),
    Row("XADD P16, 100k streams", "XADD __rand_key__ * field __value:8__", pipeline=16),
    Row("XADD MAXLEN ~ 1000 P16", f"XADD s MAXLEN ~ 1000 * {PAIRS}", pipeline=16),
    Row("XADD", f"XADD s * {PAIRS}"),
    Row("XLEN P16", "XLEN s", pipeline=16, prepare=STREAM),
    Row("XRANGE COUNT 100", "XRANGE s - + COUNT 100", prepare=STREAM),
    Row("XREVRANGE COUNT 10 P16", "XREVRANGE s + - COUNT 10", pipeline=16, prepare=STREAM),
    Row("XREAD COUNT 10 P16", "XREAD COUNT 10 STREAMS s 0", pipeline=16, prepare=STREAM),
    # Each entry is given out, or acknowledged, once: few requests, all anew.
    Row("XREADGROUP COUNT 1 P16", "XREADGROUP GROUP g c COUNT 1 STREAMS s >", pipeline=16,
        prepare=GROUP, fresh=True, requests=200_000),
    Row("XREADGROUP COUNT 10 P16", "XREADGROUP GROUP g c COUNT 10 STREAMS s >", pipeline=16,
        prepare=GROUP, fresh=True, requests=25_000),
    Row("XACK P16", "XACK s g __rand_int:25__-__rand_int:4000__", pipeline=16, prepare=GIVEN, fresh=True,
        requests=100_000),

    Memory("stream of one entry", f"XADD __seq_key__ 1-1 {PAIRS}", scale=0.2),
]
