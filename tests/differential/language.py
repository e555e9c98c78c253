# SPDX-License-Identifier: BSD-3-Clause
r"""language - the notation of tests/differential/cases/*.txt.

    == A claim that is the name of the scenario
    needs: lpush object|freq       skipped where our server lacks one of these commands
    protocol: 2                    run in RESP2 only (by default in both)
    config: maxmemory-samples=3    CONFIG SET on both before, put back after
    alone: reason                  no oracle for this one: each line states its reply

    SET k "a\r\n\x00b"             quotes as in redis-cli; "x"*1000 repeats
    SET k { 0 | -1 | "" } EX $BAD  one line for each combination; an alternative is any
                                   number of words, none included
    let BAD = 0 | 1e3 | abc        a name for alternatives, from here to the end of the file
    EVAL "return <<1 | 2>> + <<BAD>>" 0    alternatives within a word in quotes
    [set] KEYS *                   how to compare: see compare.py
    [times 50] INCR n              the line 50 times
    [replies 3] SUBSCRIBE a b c    that many replies are due (0: none)
    [scan] SCAN 0 COUNT 3          call until the cursor is 0, compare all that came as a set
    PING => +PONG                  our reply must also be this (CRLF is added)

    B: GET k                       on another connection, opened where it is first named;
                                   lines without a letter are A's
    B> BLPOP l 0                   send, read nothing, wait until the server has seen it
    B< 500                         read a reply; 500 ms are allowed (default: 5 s)
    B<none                         nothing must come (for 50 ms)
    B<closed                       the connection must be closed by the server
    B! "raw bytes\r\n"             send bytes as they stand; read with B<
    CLIENT KILL ID %id:B           the id of B's client; B is asked once, not while it is blocked
    CLIENT KILL ADDR %addr:B       B's own address
    (sleep 20)                     milliseconds

`#` at the start of a line begins a comment.  A scenario starts with both
servers flushed and new connections.
"""
import itertools
import re
from typing import NamedTuple

ESCAPES = {"n": 10, "r": 13, "t": 9, "a": 7, "b": 8, "\\": 92, '"': 34}
WORD = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\*(\d+))?|(\S+)', re.S)
MODES = {"set", "near", "shape", "type", "mask", "lines", "ignore", "exact"}


class Step(NamedTuple):
    kind: str               # call, send, read, none, closed, raw, sleep, scan
    connection: str = "A"
    words: tuple = ()
    mode: str = "exact"
    replies: int = 1
    expected: bytes = None
    amount: float = 0
    text: str = ""


class Scenario:
    def __init__(self, name, where):
        self.name = name
        self.where = where
        self.needs = []
        self.protocols = (2, 3)
        self.config = []
        self.alone = None
        self.steps = []


def unquote(text):
    out = bytearray()
    at = 0
    while at < len(text):
        if text[at] != "\\":
            out += text[at].encode()
            at += 1
        elif text[at + 1] == "x":
            out.append(int(text[at + 2:at + 4], 16))
            at += 4
        else:
            out.append(ESCAPES[text[at + 1]])
            at += 2
    return bytes(out)


def quote(word):
    """The shortest notation of a word that reads back as it."""
    if len(word) > 64:
        run = word[:1]
        if word == run * len(word):
            return f"{quote_always(run)}*{len(word)}"
    text = word.decode("latin-1")
    if re.fullmatch(r"[!-~]+", text) and not re.search(r'["\\]', text) \
            and text not in "{|}" and not re.match(r"[$#\[(]|=>|==|[A-Z][:<>!]", text):
        return text
    return quote_always(word)


def quote_always(word):
    names = {value: key for key, value in ESCAPES.items()}
    return '"' + "".join(
        f"\\{names[byte]}" if byte in names else chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}"
        for byte in word) + '"'


def line_of(words):
    return " ".join(quote(word) for word in words)


def split_words(text):
    """[(bytes, was it quoted?)]"""
    words = []
    for found in WORD.finditer(text):
        if found.group(3) is not None:
            words.append((found.group(3).encode(), False))
        else:
            words.append((unquote(found.group(1)) * int(found.group(2) or 1), True))
    return words


def alternatives(words):
    """Split at bare bars: a list of lists of words."""
    groups = [[]]
    for word, quoted in words:
        if word == b"|" and not quoted:
            groups.append([])
        else:
            groups[-1].append((word, quoted))
    return groups


def spread(word, names):
    """Every form of a word in quotes: its parts in << >> are alternatives."""
    parts = re.split(rb"<<(.+?)>>", word)
    choices = [[part] for part in parts]
    for at in range(1, len(parts), 2):
        group = names.get(parts[at].decode())
        choices[at] = ([b" ".join(word for word, _ in words) for words in group] if group
                       else [text.strip() for text in parts[at].split(b"|")])
    return [b"".join(form) for form in itertools.product(*choices)]


def expand(words, names):
    """Every combination of the alternatives in a line, as tuples of bytes."""
    choices = []
    at = 0
    while at < len(words):
        word, quoted = words[at]
        if word == b"{" and not quoted:
            end = next(i for i in range(at, len(words)) if words[i] == (b"}", False))
            choices.append([combination for group in alternatives(words[at + 1:end])
                            for combination in expand(group, names)])
            at = end
        elif word[:1] == b"$" and not quoted:
            choices.append([combination for group in names[word[1:].decode()]
                            for combination in expand(group, names)])
        elif quoted:
            choices.append([(form,) for form in spread(word, names)])
        else:
            choices.append([(word,)])
        at += 1
    return [sum(combination, ()) for combination in itertools.product(*choices)]


def parse_line(text, names):
    """The Steps of one line."""
    connection, kind = "A", "call"
    found = re.match(r"([A-Z])(:|>|<|!)\s*", text)
    rest = text
    if found:
        connection = found.group(1)
        kind = {":": "call", ">": "send", "<": "read", "!": "raw"}[found.group(2)]
        rest = text[found.end():]
    if found and kind == "read":
        if rest in ("none", "closed"):
            return [Step(rest, connection, text=text)]
    sleep = re.fullmatch(r"\(sleep (\d+)\)", rest)
    if sleep:
        return [Step("sleep", amount=int(sleep.group(1)) / 1000, text=text)]
    mode, replies, times = "exact", 1, 1
    while True:
        option = re.match(r"\[(\w+)(?: ((?:[^\]\\]|\\.|\[[^\]]*\])*))?\]\s*", rest)
        if not option:
            break
        word, value = option.group(1), option.group(2) or ""
        if word in MODES:
            mode = f"{word} {value}".strip()
        elif word == "times":
            times = int(value)
        elif word == "replies":
            replies = int(value)
        elif word == "scan":
            kind = "scan"
        else:
            raise ValueError(f"no such option [{word}]")
        rest = rest[option.end():]
    if kind == "read":
        return [Step("read", connection, mode=mode, amount=float(rest or 5000) / 1000, text=text)]
    words = split_words(rest)
    expected = None
    if (b"=>", False) in words:
        cut = words.index((b"=>", False))
        expected = b" ".join(word for word, _ in words[cut + 1:])
        if not expected.endswith(b"\r\n"):
            expected += b"\r\n"
        words = words[:cut]
    return [Step(kind, connection, line, mode, replies, expected, text=text)
            for line in expand(words, names)] * times


def parse(text, where, given=None):
    """All scenarios of a file."""
    names = dict(given or {})
    scenarios = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        try:
            if line.startswith("== "):
                scenarios.append(Scenario(line[3:], f"{where}:{number}"))
                continue
            let = re.match(r"let (\w+) = (.*)", line)
            if let:
                names[let.group(1)] = alternatives(split_words(let.group(2)))
                continue
            scenario = scenarios[-1]
            directive = re.match(r"(needs|protocol|config|alone): (.*)", line)
            if not directive:
                scenario.steps += parse_line(line, names)
            elif directive.group(1) == "needs":
                scenario.needs += directive.group(2).split()
            elif directive.group(1) == "protocol":
                scenario.protocols = tuple(map(int, directive.group(2).split()))
            elif directive.group(1) == "config":
                scenario.config += [tuple(pair.split("=", 1))
                                    for pair in directive.group(2).split()]
            else:
                scenario.alone = directive.group(2)
        except (ValueError, KeyError, IndexError, StopIteration) as error:
            raise SystemExit(f"{where}:{number}: {line}\n  {type(error).__name__}: {error}")
    return scenarios
