# SPDX-License-Identifier: BSD-3-Clause
"""What is measured: one file per module beside this one, each with a ROWS list.

A row is data.  A new module adds rows/<module>.py:

    from rows import Fill, Row

    ROWS = [
        Row("LPUSH P16", "LPUSH list:__rand_int:100__ __item__", pipeline=16,
            target=0.6),
    ]

Commands are text, split as a shell would, or a list of arguments; the holes in
them (__rand_key__, __seq_key__, __item__, __rand_int:N__, __value:N__ ...) are
explained in template.h.  A request may be several commands, with a lone ";"
between them: "MULTI ; INCR __rand_key__ ; EXEC".  The commands that a row uses must be there on both
servers, else it is skipped; `needs` names more ("OBJECT ENCODING").
"""

import shlex
from dataclasses import dataclass
from typing import Optional, Sequence, Union

Command = Union[str, Sequence[str]]


def words(command: Command) -> list:
    return shlex.split(command) if isinstance(command, str) else [*command]


def names(command: Command) -> list:
    """The first word of each command of a request."""
    parts = words(command)
    return [word for i, word in enumerate(parts) if i == 0 or parts[i - 1] == ";"]


@dataclass(frozen=True)
class Fill:
    """Preparation in bulk: `command` as often as `count` says, by the load
    generator.  With __seq_key__, keys 0 .. count-1 come exactly once."""

    command: Command
    count: int
    pipeline: int = 16


@dataclass(frozen=True)
class Row:
    """CPU time of the server per request."""

    name: str
    command: Command
    pipeline: int = 1
    connections: int = 50
    keys: int = 100_000            # size of the key space
    items: int = 100_000           # size of the item space
    prepare: Sequence[Union[Fill, Command]] = ()
    target: Optional[float] = None  # ratio to Redis; None: informative
    needs: Sequence[str] = ()
    requests: Optional[int] = None  # a sample ends here, or after --seconds
    fresh: bool = False            # empty and prepare again for every sample;
                                   # no warm-up, as it would use up the keys
    nulls: bool = False            # null replies are right here
    readers: int = 0               # connections that send `reader` once and then
    reader: str = ""               # take a message for every command of a request
    same_size: bool = True         # both servers' replies are as long (5 %)


@dataclass(frozen=True)
class Memory:
    """Bytes of memory per key: `command` with __seq_key__ fills the keys.

    `scale` times the run's number of keys (1,000,000; 200,000 with --quick) are
    made.  `elements` is what to divide by if a key holds several."""

    name: str
    command: Command
    target: Optional[float] = None
    needs: Sequence[str] = ()
    scale: float = 1.0
    elements: int = 1


@dataclass(frozen=True)
class Idle:
    """Bytes of memory of the server for clients that have nothing to say."""

    name: str
    connections: int
    limit: int                     # bytes, for all of them
    needs: Sequence[str] = ("PING",)
