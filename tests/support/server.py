# SPDX-License-Identifier: BSD-3-Clause
"""server - a server process for the length of a test.

    with Server("--maxmemory", "2mb") as server:
        with server.client() as client:
            client.call("PING")

Each server has a temporary directory (its `dir`, its unix socket and its log),
a free TCP port on 127.0.0.1, and is stopped by its pid.  Leaving the `with`
block asserts that it exited cleanly: status 0, no crash report, no sanitizer
report.  A test that kills its server calls kill() and expects that instead.

Environment: KEYRACK_SERVER, the binary under test (default: keyrack-server in
$top_builddir or at the root of the tree); KEYRACK_ARGS, more arguments for it;
REDIS_SERVER, the oracle (default /usr/bin/redis-server).
"""
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from .resp import Client, Closed, Error

ROOT = pathlib.Path(__file__).resolve().parents[2]
ORACLE = os.environ.get("REDIS_SERVER", "/usr/bin/redis-server")

# Any of these in the log means that the server did not only stop, it broke.
# That a sanitizer's heap has refused what no heap has is no finding.
BROKEN = re.compile(r"BUG REPORT|AddressSanitizer(?! failed to allocate)|LeakSanitizer|ThreadSanitizer|runtime error:"
                    r"|ASSERTION FAILED|Assertion .* failed|Sanitizer:DEADLYSIGNAL")


class StartFailure(Exception):
    """The server did not come up.  Carries its exit status and its log."""

    def __init__(self, status, log):
        super().__init__(f"exit status {status}\n{log}")
        self.status = status
        self.log = log


def keyrack_path():
    given = os.environ.get("KEYRACK_SERVER")
    if given:
        return given
    return str(pathlib.Path(os.environ.get("top_builddir", ROOT)).resolve() / "keyrack-server")


def is_oracle():
    """Is the server under test Redis itself?  What only Keyrack promises is then not asserted."""
    return pathlib.Path(keyrack_path()).resolve() == pathlib.Path(ORACLE).resolve()


def free_port(host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def knows(client, command):
    """Does the server know this command (`get`) or subcommand (`client|info`)?"""
    info = client.call("COMMAND", "INFO", command)
    return isinstance(info, list) and len(info) == 1 and bool(info[0])


def raise_file_limit(wanted):
    """Let this process, and servers that it starts, have `wanted` files open.  Returns what is
    allowed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


class Server:
    """`arguments` follow the harness's own on the command line and so win over them."""

    def __init__(self, *arguments, binary=None, config=None, stdin=None, bind="127.0.0.1",
                 environment=None, nofile=None, start=True, own_arguments=True, timeout=30.0):
        self.binary = binary or keyrack_path()
        self.arguments = [str(word) for word in arguments]
        self.config = config
        self.stdin = stdin
        self.environment = environment
        self.nofile = nofile
        self.own_arguments = own_arguments
        self.timeout = timeout
        self.host = bind
        self.process = None
        self.expect_status = 0
        # A unix socket's path has room for 107 bytes: stay near the root of the file system.
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-test."))
        self.log_path = self.dir / "server.log"
        self.unix = str(self.dir / "socket")
        self.port = free_port(self.host)
        if start:
            try:
                self.start()
            except BaseException:
                self._end()
                shutil.rmtree(self.dir, ignore_errors=True)
                raise

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if self.process is not None:
                self.stop(check=kind is None)
        finally:
            self._end()
            shutil.rmtree(self.dir, ignore_errors=True)

    # --- Life ---------------------------------------------------------------

    def command_line(self):
        line = [self.binary]
        if self.config is not None:
            path = self.dir / "test.conf"
            path.write_text(self.config)
            line.append(str(path))
        elif self.stdin is not None:
            line.append("-")
        if self.own_arguments:
            line += ["--port", str(self.port), "--bind", self.host, "--unixsocket", self.unix,
                     "--dir", str(self.dir), "--save", "", "--appendonly", "no"]
        if self.binary != ORACLE:
            line += shlex.split(os.environ.get("KEYRACK_ARGS", ""))
        return line + self.arguments

    def spawn(self):
        """Start the process and do not wait for anything."""

        def limit():
            if self.nofile:
                _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
                resource.setrlimit(resource.RLIMIT_NOFILE, (self.nofile, max(self.nofile, hard)))

        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command_line(), cwd=self.dir, stdout=log, stderr=subprocess.STDOUT,
                stdin=subprocess.PIPE if self.stdin is not None else subprocess.DEVNULL,
                env={**os.environ, **(self.environment or {})},
                preexec_fn=limit if self.nofile else None)
        if self.stdin is not None:
            self.process.stdin.write(self.stdin.encode())
            self.process.stdin.close()
        return self

    def start(self):
        for tries_left in (2, 1, 0):
            self.spawn()
            try:
                self.wait_ready()
                return self
            except StartFailure as failure:
                # Someone else may have taken the port since it was found free.
                if not tries_left or "Address already in use" not in failure.log:
                    raise
                self.log_path.unlink()
                self.port = free_port(self.host)

    def wait_ready(self):
        """Return once PING is answered, be it by an error that asks for a password."""
        deadline = time.monotonic() + self.timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise StartFailure(self.process.returncode, self.log())
            try:
                with Client((self.host, self.port), timeout=5) as probe:
                    answer = probe.call("PING")
                if not (isinstance(answer, Error) and answer.startswith(b"LOADING")):
                    return
            except (OSError, Closed):
                pass
            time.sleep(0.01)
        raise StartFailure(None, "no answer to PING\n" + self.log())

    def wait_exit(self, within=10.0):
        """The exit status of a process that is on its way out."""
        return self.process.wait(within)

    def stop(self, check=True):
        """SIGTERM, wait, and assert a clean end unless told not to."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self._end()
                raise AssertionError("SIGTERM did not stop the server\n" + self.log()) from None
        if check:
            self.assert_clean()
        return self.process.returncode

    def kill(self):
        """End it as a power cut would; that is then its clean end."""
        self.expect_status = -signal.SIGKILL
        self._end()

    def _end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    # --- What it left behind --------------------------------------------------

    def log(self):
        try:
            return self.log_path.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def wait_log(self, pattern, within=10.0):
        """Wait for a line that matches, return the match."""
        deadline = time.monotonic() + within
        while True:
            found = re.search(pattern, self.log())
            if found:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"no {pattern!r} in the log:\n{self.log()}")
            time.sleep(0.02)

    def assert_clean(self):
        status = self.process.returncode
        log = self.log()
        if status != self.expect_status or BROKEN.search(log):
            raise AssertionError(f"unclean end of {self.binary}, status {status}\n{log[-8000:]}")

    # --- Talking to it --------------------------------------------------------

    def client(self, protocol=2, timeout=10.0, unix=False):
        return Client(self.unix if unix else (self.host, self.port), protocol, timeout)

    def call(self, *words):
        """One command over a connection of its own."""
        with self.client() as client:
            return client.call(*words)

    def info(self, section="everything"):
        """INFO as a dict of str."""
        text = self.call("INFO", section).decode()
        return dict(line.split(":", 1) for line in text.splitlines()
                    if ":" in line and not line.startswith("#"))

    def memory(self):
        """Resident bytes, as the kernel counts them."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024
