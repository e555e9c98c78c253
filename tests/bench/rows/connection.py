# SPDX-License-Identifier: BSD-3-Clause
from rows import Idle, Row

ROWS = [
    Row("PING P16", "PING", pipeline=16),
    Row("PING", "PING"),
    Idle("idle clients", connections=10_000, limit=12 * 1024 * 1024),
]
