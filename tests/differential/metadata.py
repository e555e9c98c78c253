# SPDX-License-Identifier: BSD-3-Clause
"""metadata - what COMMAND says of each command that both servers have.

Field by field, so that a difference is one line with its path:

    COMMAND INFO getex key-specs 0 flags: theirs [RW access update], ours [RW access]

Not compared: summaries and the notes of key specs (texts of our own, which must
be there but not copied).  History and display_text may be ahead; see known.py.
"""
import known
from pair import must
from support import Error, Map

INFO_FIELDS = ["name", "arity", "flags", "first-key", "last-key", "step", "acl-categories", "tips",
               "key-specs", "subcommands"]
UNORDERED = {"flags", "acl-categories", "tips", "doc_flags"}
OWN_WORDS = {"summary", "notes"}

# Calls whose whole replies are compared.
CALLS = """
COMMAND GETKEYS SET k v
COMMAND GETKEYS GET k
COMMAND GETKEYS MGET a b c
COMMAND GETKEYS MSET a 1 b 2
COMMAND GETKEYS MSET a 1 b
COMMAND GETKEYS DEL a b
COMMAND GETKEYS BITOP AND d a b
COMMAND GETKEYS COPY a b
COMMAND GETKEYS RENAME a b
COMMAND GETKEYS LCS a b
COMMAND GETKEYS OBJECT ENCODING k
COMMAND GETKEYS MEMORY USAGE k
COMMAND GETKEYS PING
COMMAND GETKEYS RANDOMKEY
COMMAND GETKEYS GET
COMMAND GETKEYS GET a b
COMMAND GETKEYS NOSUCH a
COMMAND GETKEYS
COMMAND GETKEYS OBJECT
COMMAND GETKEYSANDFLAGS SET k v
COMMAND GETKEYSANDFLAGS SET k v GET
COMMAND GETKEYSANDFLAGS GET k
COMMAND GETKEYSANDFLAGS GETEX k
COMMAND GETKEYSANDFLAGS MSET a 1 b 2
COMMAND GETKEYSANDFLAGS BITOP AND d a b
COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0
COMMAND GETKEYSANDFLAGS BITFIELD k SET u8 0 1
COMMAND GETKEYSANDFLAGS COPY a b
COMMAND GETKEYSANDFLAGS RENAME a b
COMMAND GETKEYSANDFLAGS DEL a b
COMMAND GETKEYSANDFLAGS PING
COMMAND GETKEYSANDFLAGS
COMMAND INFO nosuch
COMMAND INFO
COMMAND DOCS nosuch
COMMAND NOSUCH
COMMAND COUNT extra
COMMAND LIST FILTERBY
COMMAND LIST FILTERBY PATTERN
COMMAND LIST FILTERBY NOSUCH x
COMMAND LIST FILTERBY MODULE nosuch
COMMAND LIST FILTERBY ACLCAT nosuch
COMMAND LIST FILTERBY PATTERN zzz*
COMMAND LIST FILTERBY PATTERN getr*
""".strip().splitlines()


def run(pair, report):
    both = pair.connect(3)
    have = [sorted(name.decode() for name in must(client.call("COMMAND", "LIST")))
            for client in both.each]
    shared = sorted(set(have[0]) & set(have[1]))
    absent = sorted(set(have[0]) - set(have[1]))
    if absent:
        report.skip("commands that are not there: " + " ".join(absent), "not in our server")

    # Containers first say which subcommands there are; each of them is then a command.
    for name in shared:
        report.result(f"COMMAND INFO {name}", compare_info(
            f"COMMAND INFO {name}", *(client.call("COMMAND", "INFO", name)[0]
                                      for client in both.each)))
        docs = [client.call("COMMAND", "DOCS", name) for client in both.each]
        report.result(f"COMMAND DOCS {name}", joined(differences(
            f"COMMAND DOCS {name}", *(dict(d).get(name.encode()) for d in docs))))

    newer = [name for name in have[1] if name not in have[0] and not known.ours_only(name)]
    report.result("COMMAND LIST has no command that Redis has not",
                  None if not newer else "only ours: " + " ".join(newer))
    counts = [client.call("COMMAND", "COUNT") for client in both.each]
    whole = [len(client.call("COMMAND")) for client in both.each]
    report.result("COMMAND COUNT is the length of COMMAND",
                  None if counts == whole else f"COUNT {counts}, COMMAND {whole}")
    for filters in (["ACLCAT", "string"], ["ACLCAT", "bitmap"], ["ACLCAT", "keyspace"],
                    ["ACLCAT", "fast"], ["PATTERN", "*"], ["PATTERN", "get*"]):
        found = [set(x.decode() for x in client.call("COMMAND", "LIST", "FILTERBY", *filters))
                 for client in both.each]
        # What only one server has is no difference here.
        a, b = ({x for x in names if x in shared}
                for names in found)
        report.result(f"COMMAND LIST FILTERBY {' '.join(filters)}",
                      None if a == b else
                      f"only theirs: {sorted(a - b)}, only ours: {sorted(b - a)}")
    for line in CALLS:
        words = line.split()
        if len(words) > 2 and not pair.knows(words[2].lower()) \
                and words[1].startswith("GETKEYS") and words[2] != "NOSUCH":
            report.skip(line, f"needs {words[2].lower()}")
            continue
        if line == "COMMAND INFO":
            continue
        a, b = (client.exchange(*words) for client in both.each)
        report.result(line, None if a.raw == b.raw else f"theirs: {a.raw!r}\nours:   {b.raw!r}")
    both.close()
    print(f"command metadata: {len(shared)} shared commands", flush=True)


def joined(problems):
    return "\n".join(problems) or None


def compare_info(path, theirs, ours):
    if not isinstance(theirs, list) or not isinstance(ours, list):
        return f"{path}: theirs {theirs!r}, ours {ours!r}"
    problems = []
    if len(ours) != len(INFO_FIELDS):
        problems.append(f"{path}: {len(ours)} fields, not {len(INFO_FIELDS)}")
    for field, a, b in zip(INFO_FIELDS, theirs, ours):
        here = f"{path} {field}"
        if field == "subcommands":
            problems += compare_subcommands(here, a, b)
        else:
            problems += differences(here, a, b)
    return joined(problems)


def compare_subcommands(path, theirs, ours):
    problems = []
    a, b = ({sub[0].decode(): sub for sub in subs} for subs in (theirs, ours))
    for name in sorted(set(a) | set(b)):
        if name not in b:
            if not known.lookup(known.METADATA, f"{path} {name}"):
                problems.append(f"{path}: {name} is missing")
        elif name not in a:
            if not known.ours_only(name):
                problems.append(f"{path}: {name} is only ours")
        else:
            one = compare_info(f"{path} {name}", a[name], b[name])
            problems += [one] if one else []
    return problems


def differences(path, theirs, ours):
    """Lines, each with the path of a difference."""
    if known.lookup(known.METADATA, path):
        return []
    last = path.rsplit(" ", 1)[-1]
    if last in OWN_WORDS:
        return [] if ours else [f"{path}: ours is missing"]
    if isinstance(theirs, Map) and isinstance(ours, Map):
        return [line for key in keys_of(theirs, ours)
                for line in differences(f"{path} {text(key)}", theirs.dict().get(key),
                                        ours.dict().get(key))]
    if isinstance(theirs, Error) or isinstance(ours, Error) or type(theirs) is not type(ours):
        return [f"{path}: theirs {text(theirs)}, ours {text(ours)}"]
    if isinstance(theirs, list):
        if last in UNORDERED:
            theirs, ours = sorted(theirs), sorted(ours)
            return [] if theirs == ours else [f"{path}: theirs {text(theirs)}, ours {text(ours)}"]
        lines = [] if len(theirs) == len(ours) else [
            f"{path}: theirs has {len(theirs)} elements, ours {len(ours)}"]
        for i, (a, b) in enumerate(zip(theirs, ours)):
            lines += differences(f"{path} {label(a, i)}", a, b)
        return lines
    return [] if theirs == ours else [f"{path}: theirs {text(theirs)}, ours {text(ours)}"]


def keys_of(theirs, ours):
    """The keys of either, subcommands that we may have in advance left out."""
    keys = list(theirs.dict())
    for key in ours.dict():
        if key not in keys and not known.ours_only(text(key)):
            keys.append(key)
    return keys


def label(element, index):
    """An argument is called by its name."""
    if isinstance(element, Map) and b"name" in element.dict():
        return text(element.dict()[b"name"])
    return str(index)


def text(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, list):
        return "[" + " ".join(text(item) for item in value) + "]"
    return "missing" if value is None else str(value)
