# SPDX-License-Identifier: BSD-3-Clause
"""pages - run what a page of documentation shows, and compare it with what it says comes of it.

A page is Markdown.  Its blocks of code are run in order, all commands in one shell:

    ```c ring/ring.c         a file: written as it stands
    ```diff ring/ring.c      changes to it: lines with - become those with +; @@ begins another place
    ```sh  or indented       lines with `$ ` are commands, those below are what they print
    127.0.0.1:6379> SET k v  in such a block: typed into redis-cli

`...` in a line that is to be printed stands for anything, alone in a line for any number of
lines.  redis-cli, redis-benchmark and keyrack-server stand in front of PATH: they print as on a
terminal, and use free ports where the page says 6379 and 7000.
"""
import os
import pathlib
import re
import subprocess
from typing import NamedTuple

from .server import free_port, keyrack_path

PROMPT = re.compile(r"127\.0\.0\.1:(\d+)> (.*)")
MARK = "the-end-of-what-it-printed"


class Block(NamedTuple):
    section: str
    words: tuple  # behind the fence: ("c", "ring.c")
    lines: tuple
    line: int     # of its first line


def blocks(text):
    section, fence, lines, begun = "", None, [], 0
    out = []

    def end(words):
        while lines and not lines[-1].strip():
            lines.pop()
        if lines:
            out.append(Block(section, words, tuple(lines), begun))
        lines.clear()

    for number, line in enumerate(text.splitlines(), 1):
        if fence is not None:
            if line.startswith("```"):
                end(fence)
                fence = None
            else:
                lines.append(line)
                begun = begun if len(lines) > 1 else number
        elif line.startswith("    ") or (lines and not line.strip()):
            lines.append(line[4:])
            begun = begun if len(lines) > 1 else number
        else:
            end(())
            if line.startswith("```"):
                fence = tuple(line[3:].split())
            elif line.startswith("#"):
                section = line.lstrip("# ")
    end(())
    return out


def fits(want, got):
    """Line by line; see above."""
    if not want:
        return not got
    if want[0].strip() == "...":
        return any(fits(want[1:], got[skip:]) for skip in range(len(got) + 1))
    pattern = ".*".join(re.escape(part) for part in want[0].rstrip().split("..."))
    return bool(got) and re.fullmatch(pattern, got[0].rstrip()) is not None and fits(want[1:], got[1:])


def change(text, lines):
    """Apply the lines of a diff block: each run between @@ must be found once."""
    for hunk in re.split(r"(?m)^@@.*\n", "".join(line + "\n" for line in lines)):
        rows = hunk.splitlines()
        old = "".join(row[1:] + "\n" for row in rows if not row.startswith("+"))
        new = "".join(row[1:] + "\n" for row in rows if not row.startswith("-"))
        if rows and text.count(old) != 1:
            raise AssertionError(f"found {text.count(old)} times, not once:\n{old}")
        text = text.replace(old, new)
    return text


class Shell:
    """A shell in `folder`, with the programs that a reader has, for one page after the other."""

    def __init__(self, folder, build):
        self.folder = pathlib.Path(folder)
        self.ports = {"6379": free_port(), "7000": free_port()}
        programs = self.folder / ".programs"
        programs.mkdir()
        data = self.folder / ".data"
        for port in self.ports.values():
            (data / str(port)).mkdir(parents=True)
        self._program(programs, "redis-cli", '/usr/bin/redis-cli --no-raw -p $port "$@"')
        self._program(programs, "redis-benchmark", '/usr/bin/redis-benchmark -p $port "$@"')
        server = (f'exec {keyrack_path()} --port $port --dir {data}/$port "$@"'
                  f" >{data}/$port.log 2>&1")
        self._program(programs, "keyrack-server", server)
        (programs / "keyrack-module").symlink_to(pathlib.Path(build) / "keyrack-module")
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=folder, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1,
            env={**{name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
                 "PATH": f"{programs}:{os.environ['PATH']}", "PKG_CONFIG_PATH": str(build),
                 "KEYRACK_SERVER": keyrack_path(), "LC_ALL": "C"})

    def _program(self, folder, name, command):
        """A script that takes `-p N` and `--port N` out of its words."""
        path = folder / name
        path.write_text(f"""#!/bin/bash
port={self.ports['6379']}
words=()
while [ $# -gt 0 ]; do
    case $1 in
    -p | --port) [ "$2" = 7000 ] && port={self.ports['7000']}; shift ;;
    *) words+=("$1") ;;
    esac
    shift
done
set -- "${{words[@]}}"
{command}
""")
        path.chmod(0o755)

    def run(self, command):
        """The lines that it prints."""
        self.process.stdin.write(f"{command}\necho; echo {MARK}\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.strip() == MARK:
                break
            lines.append(line.rstrip("\n"))
        while lines and not lines[-1].strip():
            lines.pop()
        for name, port in self.ports.items():
            lines = [line.replace(str(port), name) for line in lines]
        return lines

    def type(self, port, command):
        """What redis-cli prints when the command is typed into it."""
        return self.run(f"redis-cli -p {port} <<'END-OF-LINE'\n{command}\nEND-OF-LINE")

    def wait_for_server(self, port="6379"):
        self.run(f"for i in $(seq 300); do [ \"$(redis-cli -p {port} MODULE LIST 2>&1 | grep -c refused)\" = 0 ]"
                 " && break; sleep 0.01; done")

    def close(self):
        """End the shell and the servers that it has started."""
        self.process.stdin.write("kill $(jobs -p) 2>/dev/null; wait; exit\n")
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.stdout.close()
        self.process.wait(20)


def replay(shell, block):
    """Run a block.  The answer is a list of complaints."""
    if len(block.words) == 2 and block.words[0] == "diff":
        path = shell.folder / block.words[1]
        path.write_text(change(path.read_text(), block.lines))
        return []
    if len(block.words) == 2 and block.words[0] != "sh":
        path = shell.folder / block.words[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(block.lines) + "\n")
        return []
    complaints, at = [], 0
    while at < len(block.lines):
        line, where = block.lines[at], block.line + at
        at += 1
        want = []
        while at < len(block.lines) and not block.lines[at].startswith("$ ") \
                and not PROMPT.match(block.lines[at]):
            want.append(block.lines[at])
            at += 1
        typed = PROMPT.match(line)
        if typed:
            got = shell.type(*typed.groups())
        elif line.startswith("$ "):
            command = line[2:].replace("./keyrack-server", "keyrack-server")
            if re.fullmatch(r"redis-cli( -p \d+)?", command):
                continue  # what is typed follows
            got = shell.run(command)
            if "keyrack-server" in command:
                shell.wait_for_server("7000" if "7000" in command else "6379")
        else:
            return [f"line {where}: neither a command nor what one prints: {line}"]
        while want and not want[-1].strip():
            want.pop()
        if not fits(want, got):
            complaints.append(f"line {where}: {line}\nexpected\n  " + "\n  ".join(want)
                              + "\ngot\n  " + "\n  ".join(got))
    return complaints
