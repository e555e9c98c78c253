# SPDX-License-Identifier: BSD-3-Clause
"""A value or two of every other type, so that string commands meet them.  A type that gets a
file of its own takes its reader there."""
from . import reader, rule

reader("stream", "XRANGE", None, "-", "+")


@rule("XADD", weight=0.5)
def xadd(g):
    return [g.key(), b"%d-%d" % (g.rng.randrange(1, 1000), g.rng.randrange(10)), b"f", g.value()]
