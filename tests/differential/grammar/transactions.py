# SPDX-License-Identifier: BSD-3-Clause
"""MULTI and its kin.  One client runs the stream, so a transaction stays open until EXEC or DISCARD
comes; they come often enough that the replies of the other rules are seen too."""
from . import rule


@rule("MULTI", weight=2)
@rule("UNWATCH", weight=0.5)
@rule("DISCARD", weight=0.5)
@rule("EXEC", weight=6)
def bare(g):
    return []


@rule("WATCH", weight=1)
def watch(g):
    return g.keys()
