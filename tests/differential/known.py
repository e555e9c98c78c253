# SPDX-License-Identifier: BSD-3-Clause
"""known - where Keyrack may differ from Redis 7.0, and why.

A row is a regular expression for the command as a case file writes it, one for
our reply's bytes, the reason, and maybe one for Redis's bytes.  All must match.
Keep the list short: what is not here and differs is a bug.  A row for behaviour that is newer than 7.0
names the version that brought it.
"""
import re
from typing import NamedTuple


class Known(NamedTuple):
    command: str
    ours: str
    reason: str
    theirs: str = r"(?s).*"
    stream: bool = False    # only in the random stream
    parts: bool = False     # the data differ from there on, too


REPLIES = [
    Known(r"(?i)HELLO.*", r"-NOAUTH HELLO must be called .*\r\n", "7.2's text"),
    Known(r"(?i)CONFIG GET \*-max-listpack-\*", r"(?s).*set-max-listpack-.*", "7.2 has it for sets"),
    Known(r"(?i)Z(REV)?RANK \S+ \S+ .+", r"(?s).*", "7.2 has WITHSCORE"),
    # The written cases of other types are not excused: cases/set.txt has names for this.
    Known(r"(?i)OBJECT ENCODING .*", r"\$8\r\nlistpack\r\n",
          "7.2 keeps small sets in listpacks", theirs=r"\$9\r\nhashtable\r\n", stream=True),
    Known(r"(?i)OBJECT ENCODING small\S*", r"\$8\r\nlistpack\r\n",
          "7.2 keeps small sets in listpacks", theirs=r"\$9\r\nhashtable\r\n"),
    Known(r"(?i)OBJECT ENCODING .*", r"\$8\r\nlistpack\r\n", "7.2 has an encoding for small lists",
          theirs=r"\$9\r\nquicklist\r\n"),
    Known(r"(?i)OBJECT ENCODING .*", r"\$8\r\nlistpack\r\n", "SORT only reads a sorted set; Redis's converts it",
          theirs=r"\$8\r\nskiplist\r\n", stream=True),
    Known(r"(?i)LPOS .*", r"-ERR value is out of range, value must between .*\r\n",
          "7.2's text; 7.0 takes the smallest integer for a rank"),
    Known(r"(?i)(B[LR]POP|BLMPOP|BLMOVE|BRPOPLPUSH|BZ\S+) .*", r"-ERR timeout is out of range\r\n",
          "7.2's text; in 7.0 the sum overflows", theirs=r"-ERR timeout is negative\r\n"),
    Known(r"(?i)LOLWUT.*", r"(?s).*", "identity: the art is each server's own"),
    Known(r"(?i)XADD \S+ (.* )?[0-9]+-\* .*", r"-ERR The ID specified in XADD is equal or smaller.*\r\n",
          "7.2's text; 7.0's is that of whatever failed last"),
    Known(r"(?i)XINFO CONSUMERS .*", r"(?s)[*].*\r\ninactive\r\n.*", "7.2 tells how long one got nothing"),
    Known(r"(?i)XINFO STREAM .* FULL.*", r"(?s).*\r\nactive-time\r\n.*", "7.2 tells when one got something"),
    Known(r"(?i)XADD \S+ (.* )?\* .*", r"\$\d+\r\n\d{13}-\d+\r\n", "the id is the time",
          theirs=r"\$\d+\r\n\d{13}-\d+\r\n", stream=True, parts=True),
    Known(r"(?i)PF(ADD|COUNT|MERGE|DEBUG) .*", r"-INVALIDOBJ Corrupted HLL object detected\r\n",
          "a run that is cut off by the string's end: Redis reads on, what stands there", stream=True,
          parts=True),
    Known(r"(?i)\S+ HELP", r"(?s)\*\d+\r\n\+.*", "help texts are our own words"),
]

# Of these, too: when their replies stand within another's (EXEC's, a script's), no row is found.
BY_COMMAND = {b"CLIENT", b"CONFIG", b"HELLO", b"LOLWUT", b"OBJECT", b"LPOS", b"PFADD", b"PFCOUNT",
              b"PFDEBUG", b"PFMERGE", b"XADD", b"XINFO", b"ZRANK", b"ZREVRANK"}

# Cases of protocol.py, by their names.
PROTOCOL = {
    "an inline line of 70000 bytes with its end": "the limit counts bytes; Redis's, how they arrive",
    "a protocol error is told even when replies are off":
        "the connection is closed; Redis leaves it open when there is nothing to send",
    "before AUTH, HELLO without AUTH is refused": "7.2's text",
}

# Taken out of our replies before texts are compared under a mask: fields that 7.2 added.
NEWER_FIELDS = re.compile(rb" lib-name=\S* lib-ver=\S*")

# COMMAND metadata: a pattern for the path that metadata.py prints -> reason.
METADATA = {
    r"COMMAND DOCS .* display_text": "7.2 shows an argument's name in this field",
    r"COMMAND DOCS .* history\b.*": "history may go on to 7.2",
    r"COMMAND (INFO|DOCS) module subcommands module\|(info|upgrade).*": "ours",
    r"COMMAND DOCS hscan arguments.*": "7.4's NOVALUES",
    r"COMMAND (INFO|DOCS) z(rev)?rank .*": "7.2 has WITHSCORE",
    r"COMMAND DOCS quit (doc_flags|deprecated_since|replaced_by)": "deprecated in 7.2",
}

# Commands and subcommands that 7.2 (or 7.4, for hash fields) added.
ADDED = {
    "client|no-touch": "7.2", "client|setinfo": "7.2", "waitaof": "7.2",
    "cluster|myshardid": "7.2",
    "hexpire": "7.4", "hpexpire": "7.4", "hexpireat": "7.4", "hpexpireat": "7.4",
    "httl": "7.4", "hpttl": "7.4", "hexpiretime": "7.4", "hpexpiretime": "7.4", "hpersist": "7.4",
}

# Commands of Keyrack's own.
OWN = {"module|info", "module|reload", "module|upgrade"}

# CONFIG names that Keyrack need not have, or may answer differently: pattern -> reason.
CONFIG = {
    r"enable-module-command": "local connections may load modules",
    r"port|bind|unixsocket|dir": "the harness sets it",
    r"server_cpulist|bio_cpulist|aof_rewrite_cpulist|bgsave_cpulist": "no pinning of threads",
    r"jemalloc-bg-thread|activedefrag|active-defrag-.*": "belongs to jemalloc",
    r"ignore-warnings|always-show-logo|crash-.*|disable-thp|proc-title-template|set-proc-title":
        "identity and platform",
    r"io-threads.*": "threads are organised otherwise",
}

# INFO fields that Keyrack need not have: pattern for `section.field` -> reason.
INFO = {
    r".*\.(mem_)?allocator.*|Memory\.(allocator|rss_overhead|mem_fragmentation|lazyfree).*":
        "belongs to jemalloc",
    r"Server\.(gcc_version|monotonic_clock|atomicvar_api|redis_build_id|redis_git_.*)": "identity",
    r"Memory\.(mem_cluster_links|active_defrag_running)": "belongs to jemalloc or the cluster",
    r"Stats\.(active_defrag|io_threaded|active_defrag_key).*": "belongs to jemalloc or io-threads",
}


# Scenarios whose journals may differ, by their names; see journal.py.
JOURNAL = {
    "BITFIELD's OVERFLOW holds until the next":
        "an operation that fails has grown the string; Redis does not tell of that",
    "A watched key that expires has changed":
        "an expired key goes when its time comes; Redis's, when it is looked for",
}

# Scenarios whose data set is not what their journal gives, by their names.
REPLAY = {
    "A checksum is not looked at while DEBUG says so": "it is looked at when the log is loaded",
    "SCAN of some thousand keys is complete": "DEBUG POPULATE tells nobody, as in Redis",
    "DEBUG POPULATE fills in keys": "DEBUG POPULATE tells nobody, as in Redis",
}


def row_of(command, ours, theirs, stream=False):
    """The row that excuses this reply of ours, or None."""
    for row in REPLIES:
        if row.stream <= stream and re.fullmatch(row.command, command, re.S) \
                and re.fullmatch(row.ours, ours) and re.fullmatch(row.theirs, theirs):
            return row
    return None


def reply(command, ours, theirs):
    """The reason why this reply of ours may differ from theirs, or None."""
    row = row_of(command, ours, theirs)
    return row and row.reason


def ours_only(command):
    """May this command be there though Redis 7.0 has it not?"""
    return command in ADDED or command in OWN


def journal(scenario):
    """The reason why the journals of this scenario may differ, or None."""
    return JOURNAL.get(scenario)


def replay(scenario):
    """The reason why a scenario's log may give another data set, or None."""
    return REPLAY.get(scenario)


def lookup(table, name):
    """The reason in one of the tables above for that name, or None."""
    for pattern, reason in table.items():
        if re.fullmatch(pattern, name):
            return reason
    return None
