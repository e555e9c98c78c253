# SPDX-License-Identifier: BSD-3-Clause
"""names - the configuration's names and defaults, and INFO's sections and fields.

Programs that watch a server read these by name: each that Redis has must be
there, in its section, or stand in known.py with the reason.
"""
import re

import known
from pair import must
from support import Error

# A little of everything, so that fields which appear on use are there.
WORKLOAD = ["SET k v", "GET k", "GET nosuch", "NOSUCHCOMMAND", "SET k v EX 1000", "STRLEN",
            "CLIENT SETNAME names", "CONFIG GET port"]
SECTIONS = ["server", "clients", "memory", "persistence", "stats", "replication", "cpu", "modules",
            "commandstats", "errorstats", "latencystats", "cluster", "keyspace", "default", "all",
            "everything", "nosuchsection"]


def run(pair, report):
    both = pair.connect()
    config(both, report)
    info(both, report)
    both.close()


def config(both, report):
    listed = []
    for client in both.each:
        flat = must(client.call("CONFIG", "GET", "*"))
        listed.append(dict(zip(map(bytes.decode, flat[::2]), flat[1::2])))
    theirs, ours = listed
    for name in sorted(theirs):
        reason = known.lookup(known.CONFIG, name)
        problem = None
        if name not in ours:
            problem = "missing"
        elif theirs[name] != ours[name]:
            problem = f"default: theirs {theirs[name]!r}, ours {ours[name]!r}"
        if problem and reason:
            report.excuse(f"CONFIG: {reason}")
            problem = None
        report.result(f"CONFIG GET {name}", problem)
    print(f"config names: {len(theirs)}, only ours: {' '.join(sorted(set(ours) - set(theirs)))}",
          flush=True)


def sections_of(reply):
    """{section: [fields]} of an INFO reply, names that depend on use made alike."""
    sections, current = {}, None
    for line in reply.decode().split("\r\n"):
        if line.startswith("# "):
            current = sections.setdefault(line[2:], [])
        elif ":" in line:
            field = line.split(":", 1)[0]
            for start in ("cmdstat_", "errorstat_", "latency_percentiles_usec_"):
                if field.startswith(start):
                    # Which values stand behind the colon is part of the interface as well.
                    values = re.findall(r"([\w.]+)=", line.split(":", 1)[1])
                    field = f"{start}* {' '.join(values)}"
            if current is not None and field not in current:
                current.append(field)
    return sections


def info(both, report):
    fields = 0
    for client in both.each:
        for line in WORKLOAD:
            client.call(*line.split())
    for section in SECTIONS:
        theirs, ours = ((sections_of(reply) if not isinstance(reply, Error) else reply)
                        for reply in (client.call("INFO", section) for client in both.each))
        if isinstance(theirs, Error) or isinstance(ours, Error):
            report.result(f"INFO {section}", None if theirs == ours else f"{theirs} / {ours}")
            continue
        problems = []
        for title, names in theirs.items():
            if title not in ours:
                problems.append(f"no section {title}")
                continue
            for name in names:
                fields += 1
                if name not in ours[title]:
                    reason = known.lookup(known.INFO, f"{title}.{name}")
                    if reason:
                        report.excuse(f"INFO: {reason}")
                    else:
                        problems.append(f"no {title}.{name}")
        order = [title for title in ours if title in theirs]
        if order != [title for title in theirs if title in ours]:
            problems.append(f"sections stand in another order: {order}")
        report.result(f"INFO {section}", "\n".join(problems) or None)
    print(f"info names: {fields} fields in {len(SECTIONS)} calls", flush=True)
