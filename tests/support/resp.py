# SPDX-License-Identifier: BSD-3-Clause
"""resp - a raw RESP2/RESP3 client.

A comparison of two servers must not lose anything in parsing, so a reply is
both: `raw`, the bytes exactly as they came, and `value`, the parsed form.
Types that Python has no word for get a small class of their own, so that
`+OK` and `$2 OK` stay distinguishable after parsing as well:

    +  Simple     -  Error      :  int        $  bytes      _ / $-1 / *-1  None
    *  list       %  Map        ~  ReplySet   >  Push       ,  float
    #  bool       (  BigNumber  =  Verbatim   |  attributes, dropped before their value

A message to who runs a command stands within that command's reply in Redis 7.0, and
behind it in 7.2 and here: it is always read as if it had come behind it.
"""
import collections
import itertools
import socket
from typing import NamedTuple


class Simple(bytes):
    """A status reply."""


class Error(bytes):
    """An error reply, without the leading '-'."""


class Verbatim(bytes):
    """A verbatim string with its three letters of format, as in b'txt:...'."""


class BigNumber(int):
    """A number that may exceed 64 bits."""


class Map(list):
    """A map as a list of (key, value) in the order of the reply."""

    def dict(self):
        return dict(self)


class ReplySet(list):
    """A set reply, in the order of the reply."""


class Push(list):
    """An out-of-band message."""


MESSAGES = {b"message", b"pmessage", b"smessage", b"invalidate", b"tracking-redir-broken"}


def is_message(value):
    """Is it a push that answers no command?"""
    return isinstance(value, Push) and bool(value) and value[0] in MESSAGES


class Reply(NamedTuple):
    raw: bytes
    value: object


class Closed(Exception):
    """The server closed the connection where a reply was due."""


def as_bytes(word):
    if isinstance(word, bytes):
        return word
    if isinstance(word, str):
        return word.encode()
    return str(word).encode()


def encode(*words):
    """A command as the multibulk request that a client library would send."""
    out = [b"*%d\r\n" % len(words)]
    for word in map(as_bytes, words):
        out.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(out)


class Client:
    """One connection.  `at` is (host, port) or the path of a unix socket."""

    def __init__(self, at, protocol=2, timeout=10.0):
        if isinstance(at, str):
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.settimeout(timeout)
            self.socket.connect(at)
        else:
            self.socket = socket.create_connection(at, timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout = timeout
        self.buffer = bytearray()
        self.at = 0
        self.within = []  # (from, to, value) of messages in the reply that is read
        self.behind = collections.deque()  # what is to be read next
        if protocol == 3:
            hello = self.exchange("HELLO", "3")
            if isinstance(hello.value, Error):
                raise RuntimeError(f"HELLO 3: {hello.value.decode()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    # --- Sending ------------------------------------------------------------

    def send_raw(self, data):
        self.socket.sendall(data)

    def send(self, *words):
        self.socket.sendall(encode(*words))

    # --- Reading ------------------------------------------------------------

    def _fill(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise Closed
        self.buffer += data

    def _line(self):
        while True:
            end = self.buffer.find(b"\r\n", self.at)
            if end >= 0:
                line = bytes(self.buffer[self.at:end])
                self.at = end + 2
                return line
            self._fill()

    def _bulk(self, size):
        while len(self.buffer) < self.at + size + 2:
            self._fill()
        data = bytes(self.buffer[self.at:self.at + size])
        if self.buffer[self.at + size:self.at + size + 2] != b"\r\n":
            raise ValueError("a bulk string that does not end in CRLF")
        self.at += size + 2
        return data

    def _element(self):
        """The next value within another; messages are set aside."""
        while True:
            begin = self.at
            value = self._parse()
            if not is_message(value):
                return value
            self.within.append((begin, self.at, value))

    def _parse(self):
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return Simple(rest)
        if kind == b"-":
            return Error(rest)
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self._bulk(int(rest))
        if kind == b"*":
            return None if rest == b"-1" else [self._element() for _ in range(int(rest))]
        if kind == b"_":
            return None
        if kind == b"#":
            return {b"t": True, b"f": False}[rest]
        if kind == b",":
            return float(rest)
        if kind == b"(":
            return BigNumber(rest)
        if kind == b"=":
            return Verbatim(self._bulk(int(rest)))
        if kind == b"!":
            return Error(self._bulk(int(rest)))
        if kind == b"%":
            return Map((_hashable(self._element()), self._element()) for _ in range(int(rest)))
        if kind == b"~":
            return ReplySet(self._element() for _ in range(int(rest)))
        if kind == b">":
            return Push(self._element() for _ in range(int(rest)))
        if kind == b"|":
            for _ in range(2 * int(rest)):
                self._parse()
            return self._parse()
        raise ValueError(f"not a reply: {line[:80]!r}")

    def read(self, timeout=None):
        """The next reply or push.  Raises Closed, or TimeoutError with nothing consumed."""
        if self.behind:
            return self.behind.popleft()
        self.socket.settimeout(self.timeout if timeout is None else timeout)
        try:
            value = self._parse()
        except (ConnectionResetError, BrokenPipeError):
            self._again()
            raise Closed from None
        except BaseException:
            self._again()
            raise
        reply, self.behind = self._apart(0, value)
        del self.buffer[:self.at]
        self._again()
        return reply

    def _again(self):
        self.at = 0
        self.within = []

    def _apart(self, begin, value):
        """What has been parsed from `begin` on as a Reply, and those of the messages in it."""
        kept, messages, at = bytearray(), collections.deque(), begin
        for first, last, message in self.within:
            kept += self.buffer[at:first]
            messages.append(Reply(bytes(self.buffer[first:last]), message))
            at = last
        return Reply(bytes(kept + self.buffer[at:self.at]), value), messages

    def reply(self, timeout=None):
        """The next that is no message; those in front of it are read after it."""
        before = []
        while True:
            try:
                got = self.read(timeout)
            except BaseException:
                self.behind.extendleft(reversed(before))
                raise
            if not is_message(got.value):
                self.behind.extendleft(reversed(before))
                return got
            before.append(got)

    def read_until(self, ending):
        """Bytes up to and including `ending`, which must be the last that the server sends."""
        self.socket.settimeout(self.timeout)
        while not self.buffer.endswith(ending):
            self._fill()
        raw = bytes(self.buffer)
        self.buffer.clear()
        return raw

    def exchange(self, *words):
        """Send a command, return its Reply; messages that come before it are read later."""
        self.send(*words)
        return self.reply()

    def call(self, *words):
        """Send a command, return the parsed value; errors are returned, not raised."""
        return self.exchange(*words).value

    def many(self, commands, batch=500):
        """Send an iterable of commands in batches, return all values."""
        values = []
        commands = iter(commands)
        while True:
            some = [encode(*words) for words in itertools.islice(commands, batch)]
            if not some:
                return values
            self.send_raw(b"".join(some))
            values += [self.read().value for _ in some]

    def is_closed(self, within=2.0):
        """Does the server close the connection within that time?  Bytes that come are dropped."""
        self.socket.settimeout(within)
        try:
            while self.socket.recv(1 << 16):
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return True


def _hashable(value):
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def replies_in(raw, partial=False):
    """The Replies that make up `raw`.  It must hold whole ones only, unless `partial` allows
    what is behind the last of them to be dropped."""
    reader = Client.__new__(Client)
    reader.buffer, reader.at, reader.within = bytearray(raw), 0, []

    def nothing_more():
        raise ValueError("the bytes end within a reply")

    reader._fill = nothing_more
    replies = []
    while reader.at < len(raw):
        start = reader.at
        reader.within = []
        try:
            value = reader._parse()
        except (ValueError, KeyError):
            if partial:
                break
            raise
        reply, messages = reader._apart(start, value)
        replies += [reply, *messages]
    return replies
