# SPDX-License-Identifier: BSD-3-Clause
"""pair - the server under test and the oracle, side by side.

Both are started with the same configuration and get the same commands; `ours`
always means the server under test, `theirs` the oracle.
"""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import ORACLE, Client, Closed, Error, Server, keyrack_path, knows  # noqa: E402

COMMON = ["--enable-debug-command", "yes", "--loglevel", "warning"]
QUIET = 0.05  # seconds without a byte after which a server is taken to say nothing more


class Pair:
    """The two servers.  `ours` may be given as something that has at(): see prove.py."""

    def __init__(self, *arguments, ours=None):
        self.theirs = Server(*COMMON, *arguments, binary=ORACLE)
        try:
            self.ours = ours(self.theirs) if ours else Server(*COMMON, *arguments,
                                                              binary=keyrack_path())
        except BaseException:
            self.theirs.kill()
            self.theirs.__exit__(None, None, None)
            raise
        self.known = {}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        try:
            self.theirs.__exit__(*error)
        finally:
            self.ours.__exit__(*error)

    def connect(self, protocol=2, timeout=10.0):
        return Both(self, protocol, timeout)

    def revive(self):
        """If our server died, start it again; returns what it left, or None.  The oracle, too."""
        if self.theirs.process.poll() is not None:
            self.theirs.start()
        process = getattr(self.ours, "process", None)
        if process is None or process.poll() is None:
            return None
        last = self.ours.log()[-3000:]
        self.ours.start()
        return f"our server died, status {process.returncode}; the end of its log:\n{last}"

    def knows(self, command):
        """Do both know the command?  Asked once."""
        if command not in self.known:
            both = []
            for server in (self.ours, self.theirs):
                with server.client() as client:
                    both.append(knows(client, command))
            self.known[command] = both
        return all(self.known[command])

    def ours_knows(self, command):
        self.knows(command)
        return self.known[command][0]


class Both:
    """A connection to each.  `ours` and `theirs` are Clients."""

    def __init__(self, pair, protocol=2, timeout=10.0):
        self.pair = pair
        self.ours = pair.ours.client(protocol, timeout)
        self.theirs = pair.theirs.client(protocol, timeout)
        self.each = (self.theirs, self.ours)

    def send(self, *words):
        for client in self.each:
            try:
                client.send(*words)
            except (BrokenPipeError, ConnectionResetError):
                pass  # what is read next tells that it is closed

    def read(self, timeout=None):
        """What each said: (theirs, ours), each a Reply, 'closed' or 'nothing'."""
        return tuple(read_one(client.read, timeout) for client in self.each)

    def reply(self, timeout=None):
        """The same, but for messages, which are read after it."""
        return tuple(read_one(client.reply, timeout) for client in self.each)

    def exchange(self, *words):
        self.send(*words)
        return self.read()

    def forget(self):
        """All data, scripts and libraries, on both.

        A library of an earlier part makes FUNCTION LOAD fail with the name of one of the functions
        that both have: which, Redis's hash seed says."""
        for client in self.each:
            must(client.call("FLUSHALL"))
            for container in ("SCRIPT", "FUNCTION"):
                if self.pair.knows(container.lower()):
                    must(client.call(container, "FLUSH"))

    def barrier(self):
        """Return when whatever was sent on other connections before has been executed.

        It has arrived by then, so it is handled in the same turn of the server's
        loop as the first PING at the latest, and hence before the second one."""
        for client in self.each:
            client.call("PING")
            client.call("PING")

    def close(self):
        for client in self.each:
            client.close()


def read_one(read, timeout=None):
    try:
        return read(timeout)
    except Closed:
        return "closed"
    except TimeoutError:
        return "nothing"
    except ValueError as error:
        return f"not a reply: {error}"


def read_quiet(client, quiet=QUIET, at_least=0, patience=5.0):
    """All bytes that come until `quiet` seconds pass in silence; (bytes, closed?).

    Until `at_least` bytes are there (what the oracle said), silence is given `patience`."""
    got = bytearray(client.buffer)
    client.buffer.clear()
    deadline = time.monotonic() + patience
    while True:
        enough = len(got) >= at_least
        client.socket.settimeout(quiet if enough else max(deadline - time.monotonic(), 0.001))
        try:
            data = client.socket.recv(1 << 18)
        except TimeoutError:
            return bytes(got), False
        except (ConnectionResetError, BrokenPipeError):
            return bytes(got), True
        if not data:
            return bytes(got), True
        got += data


def must(reply):
    """The harness's own commands must not fail."""
    if isinstance(reply, Error):
        raise RuntimeError(f"the harness itself was refused: {reply.decode(errors='replace')}")
    return reply


__all__ = ["Pair", "Both", "read_quiet", "must", "Client", "Error"]
