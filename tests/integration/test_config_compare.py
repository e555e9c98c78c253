#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""test_config_compare - the configuration, side by side with redis-server's.

    test_config_compare.py [--server ./keyrack-server] [--redis redis-server]

Both are started on free ports in folders of their own.  Where ours must differ,
the table DIFFERENT says so; all else is compared byte by byte.
"""
import argparse
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Names of ours, names of Redis 7.2 that the oracle does not have, and the one
# default that is another: our MODULE is open to local clients.
DIFFERENT = {
    "modules-dir", "load-modules", "module-allow-dirs", "enable-module-command", "module-time-limit",
    "module-deny", "redisabi.server-version", "lua-module-callback-limit", "lua-module-memory-limit", "snapshot-method",
    "snapshot-walk-effort", "load-absent-modules",
    "cluster-announce-human-nodename", "locale-collate", "set-max-listpack-entries",
    "set-max-listpack-value", "port", "dir", "bind",
}

# What CONFIG SET is given; both answer the same and show the same afterwards.
SETS = """
maxmemory foo|maxmemory -1|maxmemory 1.5gb|maxmemory ''|maxmemory 1G|maxmemory 1k|MAXMEMORY 5
nosuch 1|maxclients 0|maxclients abc|maxclients 4294967296|hz abc|hz 0|hz 501|hz 10 hz 20
maxmemory-policy xx|maxmemory-policy ALLKEYS-lru|daemonize yes|port 99999|appendonly maybe
databases 1|dir /tmp|dbfilename x|logfile x|enable-debug-command yes|timeout -1|oom-score-adj foo
oom-score-adj-values '1 2'|oom-score-adj-values 'a b c'|oom-score-adj-values '1 2 3'
client-output-buffer-limit foo|client-output-buffer-limit 'foo 1 2 3'
client-output-buffer-limit 'normal a 2 3'|client-output-buffer-limit 'replica 1mb 2 3 pubsub 4 5 6'
save 1|save 'a b'|save '0 1'|save '900 1 300 10'|save '900  1'|save ''
maxmemory-clients 5%|maxmemory-clients 101%|maxmemory-clients -5|maxmemory-clients 1g
latency-tracking-info-percentiles 101|latency-tracking-info-percentiles a
latency-tracking-info-percentiles '1 2 3.5'|latency-tracking-info-percentiles ''
proto-max-bulk-len 1|proto-max-bulk-len 1mb|client-query-buffer-limit 1|slave-read-only foo
proc-title-template {x}|proc-title-template 'a {title}'|proc-title-template {{title}}
shutdown-on-sigint foo|shutdown-on-sigint 'save nosave'|shutdown-on-sigint 'now save'
list-max-ziplist-size abc|list-max-ziplist-size 5|active-expire-effort 11|user a|include a
replica-priority 1 slave-priority 2|maxmemory 5 maxmemory 6|maxmemory 5 MAXMEMORY 6
maxmemory 7 hz abc|nosuch a hz abc|hz abc nosuch a|maxmemory 1 daemonize yes|maxmemory 6 hz
slowlog-max-len -1|slowlog-log-slower-than -5|requirepass ''|cluster-announce-hostname a_b
"""

# Files that end the start, with the same words.
FILES = ["port 1\n# c\nfoo bar\n", "port abc\n", "maxmemory\n", "port 1 2\n", 'port "12\n',
         "save 1\n", "save 900 1\nsave 1\n", "client-output-buffer-limit normal 1 2\n",
         "client-output-buffer-limit foo 1 2 3\n", "sentinel foo\n", "loadmodule\n", "include\n",
         "bind 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7\n", "dir /nonexist\n", "unixsocketperm 999\n",
         "supervised foo\n", "oom-score-adj-values 1 2\n", "slave-priority -1\n", "vm-enabled yes\n",
         "  port\t1  \n\n  bad   one  \n", "\r\nport x\r\n", "enable-debug-command foo\n"]
OPTIONS = ["--port", "--port abc", "--foo bar", "--port 0 -v", "-x", "--port 0 nofile",
           "--port 0 --save 3600 1 300", "--port 0 --save --save x", "'--port 0 1'"]


class Server:
    def __init__(self, program, folder, *options):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [program, *options, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", folder],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                self.socket = socket.create_connection(("127.0.0.1", self.port), 5)
                break
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit(f"{program} ended with {self.process.returncode}")
                time.sleep(0.05)
        else:
            raise SystemExit(f"{program} does not listen")
        self.lines = self.socket.makefile("rb")

    def call(self, *words):
        data = [word.encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(data) +
                            b"".join(b"$%d\r\n%s\r\n" % (len(d), d) for d in data))
        return self.reply()

    def reply(self):
        line = self.lines.readline()[:-2].decode()
        if line[0] == "$":
            return None if line == "$-1" else self.lines.read(int(line[1:]) + 2)[:-2].decode()
        if line[0] == "*":
            return [self.reply() for _ in range(int(line[1:]))]
        return line

    def all(self):
        flat = self.call("CONFIG", "GET", "*")
        return dict(zip(flat[::2], flat[1::2]))

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def fatal(program, *arguments):
    """Exit status and the message, without the program's name and version."""
    run = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                         text=True, timeout=10)
    found = re.search(r"\*\*\* FATAL CONFIG FILE ERROR \(\S+ \S+\) \*\*\*\n(.*)",
                      run.stdout + run.stderr, re.S)
    return run.returncode, found.group(1) if found else "(no message)"


def defaults_are_redis(ours, theirs, folder):
    a, b = ours.all(), theirs.all()
    for name in sorted(set(a) | set(b)):
        if name not in DIFFERENT and a.get(name) != b.get(name):
            yield f"{name}: ours {a.get(name)!r}, theirs {b.get(name)!r}"


def sets_answer_the_same(ours, theirs, folder):
    for case in re.split(r"[|\n]", SETS.strip()):
        words = shlex.split(case)
        a, b = (s.call("CONFIG", "SET", *words) for s in (ours, theirs))
        if a != b:
            yield f"CONFIG SET {case}\n    ours   {a}\n    theirs {b}"
        for name in words[::2]:
            a, b = (s.call("CONFIG", "GET", name) for s in (ours, theirs))
            if a != b and name not in DIFFERENT:
                yield f"after CONFIG SET {case}: ours {a}, theirs {b}"


def bad_files_end_the_start_alike(ours, theirs, folder):
    path = folder / "bad.conf"
    for text in FILES:
        path.write_bytes(text.encode())
        a, b = (fatal(p, str(path), "--port", "0") for p in (OPTION.server, OPTION.redis))
        if a != b:
            yield f"{text!r}\n    ours   {a}\n    theirs {b}"
    for line in OPTIONS:
        a, b = (fatal(p, *shlex.split(line)) for p in (OPTION.server, OPTION.redis))
        if a != b:
            yield f"{line}\n    ours   {a}\n    theirs {b}"


def keyrack_conf_shows_the_defaults(ours, theirs, folder):
    path = folder / "all.conf"
    text = (ROOT / "keyrack.conf").read_text()
    path.write_text(re.sub(r"^#([a-z])", r"\1", text, flags=re.M))
    server = Server(OPTION.server, str(folder), str(path))
    fresh = Server(OPTION.server, str(folder))
    try:
        a, b = server.all(), fresh.all()
        for name in sorted(set(a) | set(b)):
            if name != "port" and a.get(name) != b.get(name):
                yield f"{name}: keyrack.conf has {a.get(name)!r}, the server {b.get(name)!r}"
    finally:
        server.stop()
        fresh.stop()


def rewritten_files_start_with_the_same_values(ours, theirs, folder):
    path = folder / "rewrite.conf"
    path.write_text("# mine\nmaxmemory 100mb\nsave 900 1\nsave 300 10\n  hz  20\n")
    server = Server(OPTION.server, str(folder), str(path))
    try:
        before = path.read_text()
        server.call("CONFIG", "SET", "maxmemory", "300mb", "timeout", "7", "save", "60 5")
        if server.call("CONFIG", "REWRITE") != "+OK":
            yield "CONFIG REWRITE failed"
        after = path.read_text()
        if not after.startswith("# mine\nmaxmemory 300mb\nsave 60 5\n  hz  20\n"):
            yield f"{before!r} became {after!r}"
        values = server.all()
    finally:
        server.stop()
    server = Server(OPTION.server, str(folder), str(path))
    try:
        now = server.all()
        for name, value in values.items():
            if name != "port" and now.get(name) != value:
                yield f"{name}: {value!r} came back as {now.get(name)!r}"
    finally:
        server.stop()


def main():
    global OPTION
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="./keyrack-server")
    parser.add_argument("--redis", default="redis-server")
    OPTION = parser.parse_args()
    passed = failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ours, theirs = Server(OPTION.server, name), Server(OPTION.redis, name)
        try:
            for check in (defaults_are_redis, sets_answer_the_same, bad_files_end_the_start_alike,
                          keyrack_conf_shows_the_defaults,
                          rewritten_files_start_with_the_same_values):
                offences = list(check(ours, theirs, folder))
                failed += bool(offences)
                passed += not offences
                print("not ok" if offences else "ok", check.__name__)
                for offence in offences:
                    print("   ", offence)
        finally:
            ours.stop()
            theirs.stop()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
