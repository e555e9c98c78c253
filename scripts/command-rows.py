#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""command-rows - write command tables in C from what a redis-server answers.

A developer's tool, for the day on which a module gets new commands:

    scripts/command-rows.py list lpush lpop blpop > modules/list/commands.c
    scripts/command-rows.py --header list lpush lpop blpop > .../commands.h

It starts redis-server on a free port, asks COMMAND INFO and COMMAND DOCS in
RESP3, and prints rows in the format of kr/command.h.  A second server, in
sentinel mode, tells which commands live there too; COMMAND does not show it.

What it prints is a first draft: from then on the C file is the source and is
kept by hand.  Complexities, dates and argument trees are facts and stay as the
server tells them.  Summaries are our own words, so the tool never takes them
from the server: it keeps those of --keep FILE and leaves others empty.

Tables that are equal are printed once.  One that a single command uses is
called after the command, a shared one after what stands in it."""

import argparse
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

FLAGS = """write readonly denyoom admin pubsub noscript blocking loading stale
skip_monitor skip_slowlog asking fast no_auth may_replicate movablekeys
allow_busy no_multi no_async_loading no_mandatory_keys sentinel only_sentinel
touches_arbitrary protected""".split()
CATEGORIES = """keyspace read write set sortedset list hash string bitmap
hyperloglog geo stream pubsub admin fast slow blocking dangerous connection
transaction scripting""".split()
KEY_FLAGS = """RO RW OW RM access update insert delete not_key incomplete
variable_flags""".split()
ARG_FLAGS = "optional multiple multiple_token".split()

# Which commands have the flags that COMMAND keeps to itself.
PROTECTED = {"debug", "module|load", "module|loadex", "module|unload"}
TOUCHES_ARBITRARY = {"randomkey", "scan"}


# --- The server that is asked -----------------------------------------------


class Server:
    """A redis-server of our own, gone at the end of the `with`."""

    def __init__(self, program, sentinel=False):
        self.program = program
        self.sentinel = sentinel

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="command-rows-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        conf = self.dir + "/server.conf"
        with open(conf, "w") as out:
            out.write(f"port {self.port}\nbind 127.0.0.1\ndir {self.dir}\n")
            out.write("" if self.sentinel else 'save ""\n')
        mode = ["--sentinel"] if self.sentinel else []
        self.process = subprocess.Popen([self.program, conf] + mode,
                                        stdout=subprocess.DEVNULL)
        try:
            self.connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.dir)

    def connect(self):
        for _ in range(100):
            try:
                self.socket = socket.create_connection(
                    ("127.0.0.1", self.port))
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        else:
            sys.exit(f"{self.program}: does not answer")
        self.input = self.socket.makefile("rb")
        self.ask("HELLO", "3")

    def ask(self, *words):
        words = [w.encode() for w in words]
        out = b"*%d\r\n" % len(words)
        out += b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)
        self.socket.sendall(out)
        return self.read()

    def read(self):
        """One RESP3 value; sets are lists in the order of the server."""
        line = self.input.readline()[:-2]
        kind, rest = line[:1], line[1:].decode()
        if kind in b"$=":
            text = self.input.read(int(rest) + 2)[:-2].decode()
            return text
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"_":
            return None
        if kind in b"*~>":
            return [self.read() for _ in range(int(rest))]
        if kind == b"%":
            return {self.read(): self.read() for _ in range(int(rest))}
        if kind == b"-":
            sys.exit("redis-server: " + rest)
        sys.exit(f"redis-server: unexpected reply {line!r}")


class Command:
    """What COMMAND INFO and COMMAND DOCS say of a command, put together."""

    def __init__(self, info, docs, in_sentinel, skip):
        self.full = info[0]
        self.name = self.full.split("|")[-1]
        self.arity = info[1]
        self.flags = set(info[2]) - {"movablekeys"}
        self.tips = info[7]
        self.keys = info[8]
        self.docs = docs
        self.args = docs.get("arguments", [])
        history = docs.get("history", [])
        self.history = [tuple(line) for line in history]
        self.categories = {c.lstrip("@") for c in info[6]} - self.implied()
        self.subs = sorted(
            (Command(sub, docs["subcommands"][sub[0]], in_sentinel, skip)
             for sub in info[9] if sub[0] not in skip),
            key=lambda sub: sub.name)
        for word, names in (("protected", PROTECTED),
                            ("touches_arbitrary", TOUCHES_ARBITRARY),
                            ("sentinel", in_sentinel)):
            if self.full in names:
                self.flags.add(word)
        known = {"summary", "since", "group", "complexity", "history",
                 "arguments", "subcommands", "doc_flags", "deprecated_since",
                 "replaced_by"}
        if set(docs) - known:
            sys.exit(f"{self.full}: no field for {set(docs) - known}")

    def implied(self):
        """The categories that the host derives from the flags."""
        out = self.flags & {"write", "admin", "pubsub", "blocking", "fast"}
        if "readonly" in self.flags:
            out.add("read")
        if "admin" in self.flags:
            out.add("dangerous")
        if "fast" not in self.flags:
            out.add("slow")
        return out


def ask_commands(program, names, skip):
    with Server(program, sentinel=True) as server:
        in_sentinel = set()
        for info in server.ask("COMMAND"):
            in_sentinel.add(info[0])
            in_sentinel.update(sub[0] for sub in info[9])
    with Server(program) as server:
        commands = []
        for name in names:
            info = server.ask("COMMAND", "INFO", name)[0]
            docs = server.ask("COMMAND", "DOCS", name)
            if info is None:
                sys.exit(f"{name}: redis-server does not know it")
            commands.append(Command(info, docs[name], in_sentinel, skip))
        return commands


# --- C ----------------------------------------------------------------------


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def words(text):
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def string_lines(head, text, indent):
    """`head"text"`, broken between words so that it stays in 80 columns."""
    pad = " " * indent
    line = pad + head + quote(text)
    if len(line) + 2 <= 80:
        return line
    pieces, piece = [], ""
    pad2 = pad + "    " if head else pad
    for part in re.findall(r"\S+\s*|^\s+", text):
        if piece and len(pad2 + quote(piece + part)) + 1 > 80:
            pieces.append(piece)
            piece = ""
        piece += part
    pieces.append(piece)
    first = [pad + head.rstrip()] if head else []
    return "\n".join(first + [pad2 + quote(p) for p in pieces])


def flag_lines(head, prefix, order, present, indent):
    """`head PREFIX_A | PREFIX_B`, in the order of the bits."""
    unknown = set(present) - set(order)
    if unknown:
        sys.exit(f"{prefix}: no flag for {unknown}")
    names = [prefix + f.upper() for f in order if f in present]
    line = " " * indent + head
    lines = []
    for i, name in enumerate(names):
        more = " |" if i + 1 < len(names) else ""
        glue = "" if line.endswith(head) or not line.strip() else " "
        if len(line + glue + name + more) + 1 > 80:
            lines.append(line)
            line, glue = " " * (indent + 4), ""
        line += glue + name + more
    return "\n".join(lines + [line])


class Tables:
    """The static tables, each once, in the order in which C needs them."""

    def __init__(self):
        self.users = {}  # body -> set of users, from the first pass
        self.names = {}  # body -> name
        self.text = []
        self.counting = True

    def name(self, body, own, shared, user):
        """The name of the table with this body.  True: it is new."""
        if self.counting:
            self.users.setdefault(body, set()).add(user)
            return "x", False
        if body in self.names:
            return self.names[body], False
        name = own if len(self.users[body]) == 1 else shared
        base, n = name, 2
        while name in self.names.values():
            name, n = f"{base}_{n}", n + 1
        self.names[body] = name
        return name, True

    def add(self, kind, body, key, own, shared, user):
        name, new = self.name((kind, key), own, shared, user)
        if new:
            self.text.append(
                f"static const {kind} {name}[] = {{\n{body()}\n}};\n")
        return name


def key_specs(tables, command):
    def spec(row):
        flags = flag_lines(".flags = ", "KR_KEY_",
                           [f.lower() for f in KEY_FLAGS],
                           [f.lower() for f in row["flags"]], 8)
        begin, find = row["begin_search"], row["find_keys"]
        how, where = begin["type"], begin["spec"]
        index, keyword = how == "index", how == "keyword"
        by, what = find["type"], find["spec"]
        if index and by == "range" and not row.get("notes") and not what[
                "limit"]:
            lines = flag_lines("KR_KEY(", "KR_KEY_",
                               [f.lower() for f in KEY_FLAGS],
                               [f.lower() for f in row["flags"]], 4)
            tail = f"{where['index']}, {what['lastkey']}, {what['keystep']}),"
            fits = len(lines.split("\n")[-1] + tail) + 2 <= 80
            return lines + (", " if fits else ",\n        ") + tail
        out = ["    {", flags + ","]
        out.append(f"        .begin = KR_BEGIN_{how.upper()},")
        if index:
            out.append(f"        .a = {where['index']},")
        elif keyword:
            out.append(f"        .word = {quote(where['keyword'])},")
            out.append(f"        .a = {where['startfrom']},")
        out.append(f"        .find = KR_FIND_{by.upper()},")
        if by == "range":
            x, y, z = what["lastkey"], what["keystep"], what["limit"]
            out.append(f"        .x = {x}, .y = {y}, .z = {z},")
        elif by == "keynum":
            x, y, z = what["keynumidx"], what["firstkey"], what["keystep"]
            out.append(f"        .x = {x}, .y = {y}, .z = {z},")
        if row.get("notes"):
            out.append(string_lines(".notes = ", row["notes"], 8) + ",")
        return "\n".join(out + ["    },"])

    def shared():
        """Such as key1_rw_insert, keys1_last_ro_access."""
        parts = []
        for row in command.keys:
            find, begin = row["find_keys"], row["begin_search"]
            last = find["spec"].get("lastkey", "n")
            many = {0: "key", -1: "keys"}.get(last, "part")
            parts.append(f"{many}{begin['spec'].get('index', '')}")
            parts += [f.lower() for f in row["flags"]]
        return "_".join(parts)

    own = words(command.full) + "_keys"
    if len(command.keys) == 1 and not command.keys[0].get("notes"):
        own = shared()
    return tables.add("struct kr_key_spec",
                      lambda: "\n".join(spec(r) for r in command.keys),
                      repr(command.keys), own, shared(), command.full)


def arg_table(tables, args, own, command):
    """Parts first: C wants them before what refers to them."""
    parts = [arg_table(tables, a["arguments"],
                       f"{words(command.full)}_{words(a['name'])}".replace(
                           "_args", "_args_parts"), command)
             if "arguments" in a else None for a in args]

    def row(arg, part):
        known = {"name", "type", "key_spec_index", "token", "since",
                 "deprecated_since", "display_text", "flags", "arguments"}
        if set(arg) - known:
            sys.exit(f"{command.full}: no field for {set(arg) - known}")
        kind = arg["type"].upper().replace("-", "_")
        if kind == "KEY":
            head = f"    KR_KEY_ARGUMENT({quote(arg['name'])}, {arg['key_spec_index']}"
        else:
            head = f"    KR_ARGUMENT({quote(arg['name'])}, {kind}"
        more = []
        if arg.get("flags"):
            more.append(flag_lines(".flags = ", "KR_ARG_", ARG_FLAGS,
                                   arg["flags"], 0))
        for field, c in (("token", "token"), ("since", "since"),
                         ("deprecated_since", "deprecated_since"),
                         ("display_text", "display")):
            if field in arg:
                more.append(f".{c} = {quote(arg[field])}")
        if part:
            more.append(f".parts = KR_ROWS({part})")
        line, lines = head, []
        for text in more:
            if len(line + ", " + text + "),") > 80:
                lines.append(line + ",")
                line = "        " + text
            else:
                line += ", " + text
        return "\n".join(lines + [line + "),"])

    names = [words(a["name"]) + "_list" * ("multiple" in a.get("flags", []))
             for a in args]
    if len(names) > 5:
        names = names[:4] + ["more"]
    shared = "_".join(names + ["args" if own.endswith("_args") else "parts"])
    return tables.add("struct kr_arg",
                      lambda: "\n".join(map(row, args, parts)),
                      repr(args), own, shared, command.full)


def simple_tables(tables, command):
    name = words(command.full)
    out = {}
    if command.tips:
        out["tips"] = tables.add(
            "char *const", lambda: "\n".join(
                string_lines("", t, 4) + "," for t in command.tips),
            repr(command.tips), name + "_tips",
            "_".join(words(t.split(":")[-1]) for t in command.tips) + "_tips",
            command.full)
    if command.history:
        def line(since, text):
            short = f"    {{{quote(since)}, {quote(text)}}},"
            if len(short) <= 80:
                return short
            return (f"    {{{quote(since)},\n"
                    + string_lines("", text, 5) + "},")
        out["history"] = tables.add(
            "struct kr_history",
            lambda: "\n".join(line(*h) for h in command.history),
            repr(command.history), name + "_history",
            "history_" + words(command.history[0][0]), command.full)
    return out


def runs(command):
    """A container does not, unless it may be called by its name alone."""
    return not command.subs or command.arity == -1


def needs_finder(command):
    """Do the specs not tell all keys, or not what this very call does?"""
    return any({"variable_flags", "incomplete"} & set(key["flags"])
               or "unknown" in (key["begin_search"]["type"],
                                key["find_keys"]["type"])
               for key in command.keys)


class Writer:
    def __init__(self, prefix, handler, summaries):
        self.prefix = prefix
        self.handler = handler  # the prefix of the functions' names
        self.summaries = summaries
        self.tables = Tables()

    def run(self, command):
        return "_".join(
            words(w) for w in [self.handler] + command.full.split("|") if w)

    def row(self, command):
        docs = command.docs
        refs = {}
        if command.keys:
            refs["keys"] = key_specs(self.tables, command)
        if command.args:
            refs["args"] = arg_table(self.tables, command.args,
                                     words(command.full) + "_args", command)
        refs.update(simple_tables(self.tables, command))
        out = [f"        .name = {quote(command.name)},"]
        if runs(command):
            out.append(f"        .run = {self.run(command)},")
        out.append(f"        .arity = {command.arity},")
        if docs.get("doc_flags"):
            out.append(flag_lines(".doc_flags = ", "KR_DOC_",
                                  ["deprecated", "syscmd"],
                                  docs["doc_flags"], 8) + ",")
        if command.flags:
            out.append(flag_lines(".flags = ", "KR_CMD_", FLAGS,
                                  command.flags, 8) + ",")
        if command.categories:
            out.append(flag_lines(".categories = ", "KR_CAT_", CATEGORIES,
                                  command.categories, 8) + ",")
        if "keys" in refs:
            out.append(f"        .keys = KR_ROWS({refs['keys']}),")
            if needs_finder(command):
                out.append(f"        .find_keys = {self.run(command)}_keys,")
        if command.subs:
            name = words(command.full) + "_subcommands"
            out.append(f"        .subcommands = KR_ROWS({name}),")
        for field in ("tips", "args", "history"):
            if field in refs:
                out.append(f"        .{field} = KR_ROWS({refs[field]}),")
        summary = self.summaries.get(command.full, "")
        out.append(string_lines(".summary = ", summary, 8) + ",")
        for field in ("since", "group", "complexity", "deprecated_since",
                      "replaced_by"):
            if field in docs:
                head = f".{field} = "
                out.append(string_lines(head, docs[field], 8) + ",")
        return "\n".join(["    {"] + out + ["    },"])

    def rows(self, commands):
        """Print twice: the first time only counts who uses which table."""
        for counting in (True, False):
            self.tables.counting = counting
            out = []
            for command in commands:
                subs = "\n".join(self.row(sub) for sub in command.subs)
                if command.subs and not counting:
                    name = words(command.full) + "_subcommands"
                    self.tables.text.append(
                        f"static const struct kr_command {name}[] = {{\n"
                        f"{subs}\n}};\n")
                out.append(self.row(command))
        return "\n".join(out)

    def source(self, commands, table, count, include):
        rows = self.rows(commands)
        text = "\n".join(self.tables.text)
        out = [f"""\
/* SPDX-License-Identifier: BSD-3-Clause */
/* {include[:-2]} - what is known of each command of `{self.prefix}`.
 *
 * The rows at the end register the commands.  Above them stand the tables that
 * they refer to: where the keys are, the tree of arguments, the tips, the
 * history.  A table that several commands share is named after its contents.
 *
 * All of it is data that clients read by COMMAND and its kin, so each word is
 * interface: only the summaries are ours to change. */
#include "{include}"

#include <assert.h>

/* clang-format off */
"""]
        out.append(text)
        out.append(f"""\
/* --- The commands {'-' * 57} */

const struct kr_command {table}[] = {{
{rows}
}};

/* clang-format on */

static_assert(KR_COUNT({table}) == {count},
              "{count} counts the rows");""")
        return "\n".join(out)

    def header(self, commands, table, count, guard, include):
        handlers, keys = [], []
        for command in commands:
            for one in [command] + command.subs:
                if runs(one):
                    handlers.append(
                        f"void {self.run(one)}(struct kr_call *call);")
                if needs_finder(one):
                    keys.append(
                        f"int32_t {self.run(one)}_keys(uint32_t argc, "
                        "const struct kr_str *argv, struct kr_key_ref *refs, "
                        "uint32_t room);")
        finders = ""
        if keys:
            finders = """
/* The finders of keys, for what the specs leave open: kr_command.find_keys. */
""" + "\n".join(keys) + "\n"
        return f"""\
/* SPDX-License-Identifier: BSD-3-Clause */
/* {include[:-2]} - the commands of `{self.prefix}`: their rows and handlers.
 *
 * For the descriptor: {{{table}, {count},
 * sizeof(struct kr_command)}}. */
#ifndef {guard}
#define {guard}

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command {table}[];
enum {{ {count} = {len(commands)} }};

/* The handlers: each writes one reply. */
{chr(10).join(handlers)}
{finders}
#endif"""


def kept_summaries(path):
    """Full name -> summary, of a file that this tool has written before."""
    out, parent = {}, ""
    with open(path) as source:
        text = source.read()
    pattern = (r"struct kr_command (\w+)\[\]|\.name = \"([^\"]+)\",\n"
               r"|\.summary =((?:\s*\"(?:[^\"\\]|\\.)*\")+)")
    name = ""
    for table, word, summary in re.findall(pattern, text):
        if table:
            end = "_subcommands"
            parent = table[:-len(end)] + "|" if table.endswith(end) else ""
        elif word:
            name = parent + word
        else:
            pieces = re.findall(r"\"((?:[^\"\\]|\\.)*)\"", summary)
            out[name] = re.sub(r"\\(.)", r"\1", "".join(pieces))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("module", help="the prefix of the handlers' names")
    parser.add_argument("commands", nargs="+")
    parser.add_argument("--server", default="/usr/bin/redis-server")
    parser.add_argument("--header", action="store_true",
                        help="print the header instead of the source")
    parser.add_argument("--core", action="store_true",
                        help="for the host's own rows: MODULE_rows.c/.h, and "
                        "handlers are called after the command alone")
    parser.add_argument("--without", default="", metavar="A|X,A|Y",
                        help="subcommands to leave out")
    parser.add_argument("--keep", metavar="FILE",
                        help="take the summaries from this commands.c")
    options = parser.parse_args()

    module = options.module
    commands = ask_commands(options.server, options.commands,
                            set(options.without.split(",")))
    summaries = kept_summaries(options.keep) if options.keep else {}
    writer = Writer(module, "" if options.core else module, summaries)
    if options.core:
        table, count = module + "_rows", module.upper() + "_ROW_COUNT"
        include = module + "_rows.h"
        guard = "RACK_" + module.upper() + "_ROWS_H"
    else:
        table, count = module + "_commands", module.upper() + "_COMMAND_COUNT"
        include, guard = "commands.h", module.upper() + "_COMMANDS_H"
    if options.header:
        print(writer.header(commands, table, count, guard, include))
    else:
        print(writer.source(commands, table, count, include))


if __name__ == "__main__":
    main()
