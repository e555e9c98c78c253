# SPDX-License-Identifier: BSD-3-Clause
"""protocol - bytes that no client library sends.

A case is raw bytes on a new connection (several chunks are sent with a pause
between, so that the server reads them apart) and compares all bytes that come
back and whether the connection is closed afterwards.
"""
import re

import known
from pair import Both, Pair, read_quiet
from support import Closed

PONG = b"*1\r\n$4\r\nPING\r\n"

# claim: one chunk, or a list of chunks.
CASES = {
    "an inline command is answered": b"PING\r\n",
    "an inline command may end in LF alone": b"PING\n",
    "an inline command may have arguments": b"SET k v\r\nGET k\r\n",
    "inline commands may be in any case": b"pInG\r\n",
    "inline blanks are skipped, tabs too": b"  SET\t k   v  \r\nGET k\r\n",
    "an empty line is no command": b"\r\n\r\nPING\r\n",
    "an empty LF line is no command": b"\n\nPING\r\n",
    "a line of blanks is no command": b"   \r\nPING\r\n",
    "inline double quotes may hold blanks and escapes":
        b'SET k "a b\\r\\n\\x00\\x41\\t\\"q\\""\r\nGET k\r\n',
    "inline single quotes take all but \\'": b"SET k 'a \\n \\' b'\r\nGET k\r\n",
    "inline empty quotes are an empty argument": b"SET k \"\"\r\nGET k\r\nSET k ''\r\nSTRLEN k\r\n",
    "inline bad hex escapes stay letters": b'ECHO "\\xZZ\\x4"\r\n',
    "inline unbalanced double quotes close the connection": b'SET k "abc\r\nPING\r\n',
    "inline unbalanced single quotes close the connection": b"SET k 'abc\r\nPING\r\n",
    "inline text after a closing quote closes the connection": b'SET k "a"b\r\nPING\r\n',
    "an inline quote in the middle of a word opens it": b'ECHO a"b"\r\nPING\r\n',
    "an inline unknown command is an error": b"NOSUCH a b c\r\nPING\r\n",
    "an inline NUL ends nothing": b"ECHO a\x00b\r\nPING\r\n",
    "an inline lone CR is not a line's end": b"ECHO a\rb\r\nPING\r\n",
    "inline POST closes (cross protocol)": b"POST / HTTP/1.1\r\nHost: x\r\n\r\nPING\r\n",
    "inline Host: closes (cross protocol)": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nPING\r\n",
    "multibulk POST is cross protocol as well": b"*1\r\n$4\r\nPOST\r\n" + PONG,
    "*0 is skipped": b"*0\r\n" + PONG,
    "*-1 is skipped": b"*-1\r\n" + PONG,
    "*-2 is skipped": b"*-2\r\n" + PONG,
    "*-1048577 is skipped": b"*-1048577\r\n" + PONG,
    "* without a count": b"*\r\n" + PONG,
    "*abc": b"*abc\r\n" + PONG,
    "*+1": b"*+1\r\n$4\r\nPING\r\n",
    "*01": b"*01\r\n$4\r\nPING\r\n",
    "* 1": b"* 1\r\n$4\r\nPING\r\n",
    "*1 with a blank behind": b"*1 \r\n$4\r\nPING\r\n",
    "*1.0": b"*1.0\r\n$4\r\nPING\r\n",
    "*1 ended by LF alone": b"*1\n$4\r\nPING\r\n" + PONG,
    "*1 ended by CR and another byte": b"*1\rX$4\r\nPING\r\n",
    "a multibulk count of 1048576 is accepted": b"*1048576\r\n$4\r\nPING\r\n",
    "a multibulk count of 1048577 is too many": b"*1048577\r\n" + PONG,
    "a multibulk count of 2147483647 is accepted or not alike": b"*2147483647\r\n" + PONG,
    "a multibulk count of 2147483648 is invalid": b"*2147483648\r\n" + PONG,
    "a multibulk count of 20 digits is invalid": b"*99999999999999999999\r\n" + PONG,
    "a multibulk line of 64 KB without an end is too big": b"*" + b"1" * 70000,
    "an argument must begin with $": b"*1\r\n:4\r\nPING\r\n",
    "an argument that begins with CR": b"*1\r\n\r\nPING\r\n",
    "an argument that begins with a byte above 127": b"*1\r\n\xff4\r\nPING\r\n",
    "$-1 is invalid": b"*1\r\n$-1\r\n" + PONG,
    "$ without a length": b"*1\r\n$\r\nPING\r\n",
    "$abc": b"*1\r\n$abc\r\nPING\r\n",
    "$+4": b"*1\r\n$+4\r\nPING\r\n",
    "$04": b"*1\r\n$04\r\nPING\r\n",
    "$ 4": b"*1\r\n$ 4\r\nPING\r\n",
    "$4 with a blank behind": b"*1\r\n$4 \r\nPING\r\n",
    "$536870912 is accepted, and waited for": b"*1\r\n$536870912\r\nPING\r\n",
    "$536870913 is too long": b"*1\r\n$536870913\r\n" + PONG,
    "$9223372036854775808 is invalid": b"*1\r\n$9223372036854775808\r\n" + PONG,
    "a bulk line of 64 KB without an end is too big": b"*1\r\n$" + b"1" * 70000,
    "$0 as the command's name is an unknown command": b"*1\r\n$0\r\n\r\n" + PONG,
    "the two bytes behind an argument may be anything": b"*1\r\n$4\r\nPINGxx" + PONG,
    "a length that is too short shifts what follows":
        b"*2\r\n$4\r\nECHO\r\n$2\r\nabcdef\r\n" + PONG,
    "an argument may be binary": b"*2\r\n$4\r\nECHO\r\n$8\r\n\x00\r\n\xff*1$\r\r\n" + PONG,
    "an empty argument": b"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n" + PONG,
    "an unknown command's name is shown up to 128 bytes":
        b"*1\r\n$300\r\n" + b"n" * 300 + b"\r\n" + PONG,
    "an unknown command's arguments are shown up to 128 bytes":
        b"*4\r\n$6\r\nNOSUCH\r\n$100\r\n" + b"a" * 100 + b"\r\n$100\r\n" + b"b" * 100
        + b"\r\n$3\r\nccc\r\n" + PONG,
    "an unknown command's CR and LF are made blanks":
        b"*2\r\n$4\r\na\r\nb\r\n$4\r\nc\r\nd\r\n" + PONG,
    "an unknown command's NUL": b"*2\r\n$3\r\na\x00b\r\n$3\r\nc\x00d\r\n" + PONG,
    "an unknown subcommand's name is shown": b"*2\r\n$6\r\nCLIENT\r\n$8\r\nno\r\nsuch\r\n" + PONG,
    "an unknown subcommand's name of 300 bytes": b"*2\r\n$6\r\nCLIENT\r\n$300\r\n" + b"s" * 300
        + b"\r\n" + PONG,
    "inline and multibulk may be mixed": b"PING\r\n" + PONG + b"ECHO a\r\n" + PONG,
    "an inline line of 65536 bytes without its end is too big": b"A" * 65537,
    "an inline line just below the limit is waited for": b"A" * 65535,
    "an inline line of 70000 bytes with its end": b"ECHO " + b"a" * 70000 + b"\r\n",
    "inline and large: 60000 bytes": b"ECHO " + b"a" * 60000 + b"\r\n",
    "inline with 10000 words": b"DEL" + b" k" * 10000 + b"\r\n",
    "QUIT answers and closes": b"QUIT\r\n",
    "what follows QUIT is not run": b"SET q 1\r\nQUIT\r\nSET q 2\r\nPING\r\n",
    "QUIT with arguments": b"QUIT now\r\nPING\r\n",
    "errors do not stop a pipeline": b"INCR\r\n" + PONG + b"NOSUCH\r\n" + PONG,
    "a protocol error stops a pipeline": PONG * 3 + b"*x\r\n" + PONG * 3,
    "after a protocol error nothing more is read": [b"*x\r\n", PONG],
    "a pipeline of 10000": PONG * 10000,
    "a pipeline of 1000 sets and gets": b"".join(
        b"*3\r\n$3\r\nSET\r\n$4\r\nk%03d\r\n$3\r\nabc\r\n" % i
        + b"*2\r\n$3\r\nGET\r\n$4\r\nk%03d\r\n" % i
        for i in range(1000)),
    "a pipeline whose replies are large": b"SETRANGE big 99999 x\r\n" + b"GET big\r\n" * 100,
    "an argument of 1 MB": b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\n" + b"v" * 1000000
        + b"\r\nSTRLEN k\r\n",
    "an argument of 40 KB, and a command behind it":
        b"*2\r\n$4\r\nECHO\r\n$40000\r\n" + b"v" * 40000 + b"\r\n" + PONG,
    "an argument of 40 KB in pieces":
        [b"*2\r\n$4\r\nECHO\r\n$40000\r\n", b"v" * 20000, b"w" * 20000, b"\r\n" + PONG],
    "a NUL as the first byte": b"\x00\r\nPING\r\n",
    "bytes above 127 as a command": b"\xff\xfe\r\nPING\r\n",
    "a TLS hello is not a command": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\nPING\r\n",
    "HELLO 3 changes what follows in a pipeline":
        b"HELLO 9\r\nGET nosuch\r\nHELLO 2 AUTH default x\r\nGET nosuch\r\n",
    "CLIENT REPLY OFF silences the rest":
        b"CLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY ON\r\nPING\r\n",
    "CLIENT REPLY SKIP silences one": b"CLIENT REPLY SKIP\r\nPING\r\nPING\r\n",
    "CLIENT REPLY OFF silences errors": b"CLIENT REPLY OFF\r\nNOSUCH\r\nPING\r\n",
    "a protocol error is told even when replies are off": b"CLIENT REPLY OFF\r\n*x\r\n",
}

# The same, before AUTH on servers with a password.
UNAUTHENTICATED = {
    "PING needs a password": PONG,
    "an unknown command is told before the password is": b"NOSUCH\r\nPING\r\n",
    "a wrong arity is told before the password is": b"GET\r\nPING\r\n",
    "QUIT does not need one": b"QUIT\r\n",
    "RESET does not need one": b"RESET\r\nPING\r\n",
    "HELLO without AUTH is refused": b"HELLO\r\nHELLO 2\r\nHELLO 3\r\nPING\r\n",
    "HELLO with wrong AUTH is refused": b"HELLO 3 AUTH default wrong\r\nPING\r\n",
    "AUTH with a wrong password": b"AUTH wrong\r\nPING\r\n",
    "AUTH with a wrong user": b"AUTH nobody secret\r\nPING\r\n",
    "AUTH opens the door": b"AUTH secret\r\nPING\r\nAUTH default secret\r\nPING\r\n",
    "AUTH with too many words": b"AUTH a b c\r\nPING\r\n",
    "a wrong AUTH after a right one keeps the door open": b"AUTH secret\r\nAUTH wrong\r\nPING\r\n",
    "RESET closes the door again": b"AUTH secret\r\nPING\r\nRESET\r\nPING\r\n",
    "ten arguments are read": b"*10\r\n" + b"$4\r\nPING\r\n" * 10 + PONG,
    "eleven arguments are too many": b"*11\r\n" + b"$4\r\nPING\r\n" * 11 + PONG,
    "an argument of 16384 bytes is read":
        b"*2\r\n$4\r\nAUTH\r\n$16384\r\n" + b"x" * 16384 + b"\r\n" + PONG,
    "an argument of 16385 bytes is too long":
        b"*2\r\n$4\r\nAUTH\r\n$16385\r\n" + b"x" * 16385 + b"\r\n" + PONG,
    "an inline command of eleven words is read": b"PING 1 2 3 4 5 6 7 8 9 10\r\nPING\r\n",
    "after AUTH eleven arguments are fine":
        b"AUTH secret\r\n*11\r\n$3\r\nDEL\r\n" + b"$1\r\nk\r\n" * 10 + PONG,
    "SELECT, CLIENT and COMMAND need a password":
        b"SELECT 0\r\nCLIENT ID\r\nCOMMAND COUNT\r\nECHO a\r\n",
}

# An exchange that is cut in two at every byte.
SPLIT = (b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$12\r\n\r\n$3\r\n*1\r\nxy\r\nGET key\r\n*0\r\n"
         b"\r\n*2\r\n$4\r\nECHO\r\n$0\r\n\r\nECHO \"a b\"\r\n*1\r\n$4\r\nPING\r\n")

# What HELLO says of the one server and of this connection.
HELLO = re.compile(rb"(?<=server\r\n)\$\d+\r\n\w+|(?<=version\r\n)\$\d+\r\n[\d.]+"
                   rb"|(?<=id\r\n):\d+")


def exchange(pair, control, chunks, quiet=0.03, due=0):
    """None, or how the two servers differ.  The oracle says at least `due` bytes.

    `control` is another connection to each: what was sent is read before its PINGs are."""
    both = Both(pair)
    try:
        for i, chunk in enumerate([chunks] if isinstance(chunks, bytes) else chunks):
            if i:
                control.barrier()
            send(both, chunk)
        control.barrier()
        theirs = read_quiet(both.theirs, quiet, due)
        if theirs[1]:
            # The oracle closed: ours must, in its own time.
            ours = read_quiet(both.ours, 2.0, len(theirs[0]))
        else:
            ours = read_quiet(both.ours, quiet, len(theirs[0]))
    finally:
        both.close()
    theirs, ours = ((HELLO.sub(b"#", raw), closed) for raw, closed in (theirs, ours))
    if theirs == ours:
        return None
    words = ["closed" if closed else "stays open" for _, closed in (theirs, ours)]
    at = next((i for i, (x, y) in enumerate(zip(theirs[0], ours[0])) if x != y),
              min(len(theirs[0]), len(ours[0])))
    start = max(0, at - 60)
    return (f"theirs: {theirs[0][start:at + 200]!r} ({len(theirs[0])} bytes), {words[0]}\n"
            f"ours:   {ours[0][start:at + 200]!r} ({len(ours[0])} bytes), {words[1]}")


def send(both, data):
    """Both get all of it; a server that closes meanwhile is not an error here."""
    for client in both.each:
        client.socket.settimeout(5.0)
        try:
            client.send_raw(data)
        except (ConnectionError, TimeoutError):
            pass


def judge(report, name, problem):
    reason = known.PROTOCOL.get(name)
    if problem and reason:
        report.excuse(reason)
        problem = None
    report.result(f"protocol: {name}", problem)


def run(pair, report, selection=None):
    def wanted(name):
        return not selection or selection.lower() in f"protocol {name}".lower()

    done = 0
    control = Both(pair)
    for name, chunks in CASES.items():
        if wanted(name):
            flush(pair)
            try:
                problem = exchange(pair, control, chunks)
            except (OSError, Closed) as error:
                problem = f"{type(error).__name__} {error}\n{pair.revive()}"
                control = Both(pair)
            judge(report, name, problem)
            done += 1
    name = "an exchange may be cut at every byte"
    if wanted(name):
        flush(pair)
        problems = []
        control.theirs.send_raw(SPLIT)
        due = len(read_quiet(control.theirs, 0.3)[0])
        for at in range(1, len(SPLIT)):
            problem = exchange(pair, control, [SPLIT[:at], SPLIT[at:]], 0.005, due)
            if problem:
                problems.append(f"cut at {at}: {problem}")
        problem = exchange(pair, control, [SPLIT[i:i + 1] for i in range(len(SPLIT))], due=due)
        if problem:
            problems.append(f"byte by byte: {problem}")
        report.result(f"protocol: {name}", "\n".join(problems[:3]) or None)
        done += 1
    chosen = {name: chunks for name, chunks in UNAUTHENTICATED.items()
              if wanted(f"before AUTH {name}")}
    if chosen:
        with Pair("--requirepass", "secret") as locked:
            locked_control = Both(locked)
            for name, chunks in chosen.items():
                problem = exchange(locked, locked_control, chunks)
                judge(report, f"before AUTH, {name}", problem)
                done += 1
    control.close()
    if done:
        print(f"protocol: {done} cases", flush=True)


def flush(pair):
    for server in (pair.ours, pair.theirs):
        server.call("FLUSHALL")
