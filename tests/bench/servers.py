# SPDX-License-Identifier: BSD-3-Clause
"""The two servers of a comparison, and what /proc knows about them.

Both are started with the same options and the same environment, on a port of
their own, pinned to the server's CPU; everything else runs on the client's.
"""

import json
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MAX_CLIENTS = 11_000
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")

# What would make one allocator run under other rules than the measured default.
DROPPED_ENVIRONMENT = ("LD_PRELOAD", "MALLOC_", "GLIBC_TUNABLES", "ASAN_",
                       "UBSAN_", "LSAN_")


class Failure(Exception):
    """A row cannot be measured; the others can."""


def go_first():
    """For a process that is about to start: before all others, if that is allowed."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    except PermissionError:
        pass


def pick_cpus():
    """(server's, client's): the first and the last that we may use."""
    cpus = sorted(os.sched_getaffinity(0))
    return cpus[0], cpus[-1]


def raise_file_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def find_keyrack():
    path = os.environ.get("KEYRACK_SERVER")
    if not path:
        path = os.path.join(HERE, "..", "..", "keyrack-server")
    if not os.access(path, os.X_OK):
        raise SystemExit(f"{path}: not there; build it, or set KEYRACK_SERVER")
    return os.path.abspath(path)


def find_redis():
    path = os.environ.get("REDIS_SERVER") or shutil.which("redis-server")
    if not path or not os.access(path, os.X_OK):
        raise SystemExit("redis-server: not there; install it, "
                         "or set REDIS_SERVER")
    return path


def find_tool(name):
    path = os.path.join(os.environ.get("BENCH_TOOLS", HERE), name)
    if not os.access(path, os.X_OK):
        raise SystemExit(f"{path}: not there; run `make bench`, "
                         "or set BENCH_TOOLS to the folder that has it")
    return path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Link:
    """One connection that speaks just enough RESP2.  Error replies come back
    as Failure objects, not raised."""

    def __init__(self, port, timeout=60):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.file = self.socket.makefile("rb")

    def call(self, *args):
        out = [b"*%d\r\n" % len(args)]
        for arg in args:
            data = arg if isinstance(arg, bytes) else str(arg).encode()
            out.append(b"$%d\r\n%s\r\n" % (len(data), data))
        self.socket.sendall(b"".join(out))
        return self.read()

    def read(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise Failure("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return Failure(rest.decode(errors="replace"))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            size = int(rest)
            return None if size < 0 else self.file.read(size + 2)[:-2]
        if kind == b"*":
            size = int(rest)
            return None if size < 0 else [self.read() for _ in range(size)]
        raise Failure(f"not RESP2: {line[:40]!r}")

    def must(self, *args):
        reply = self.call(*args)
        if isinstance(reply, Failure):
            raise Failure(f"{args[0]}: {reply}")
        return reply

    def close(self):
        self.file.close()
        self.socket.close()


class Server:
    """A fresh server process.  Use it in a `with`."""

    def __init__(self, name, binary, cpu, prepare=lambda: None):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix=f"bench-{name}-")
        self.port = free_port()
        self.log = open(os.path.join(self.folder, "log"), "w+b")
        args = [binary, "--port", str(self.port), "--bind", "127.0.0.1",
                "--save", "", "--appendonly", "no", "--io-threads", "1",
                "--maxclients", str(MAX_CLIENTS), "--loglevel", "warning",
                "--dir", self.folder]
        if name == "keyrack":
            args += os.environ.get("KEYRACK_ARGS", "").split()
        environment = {k: v for k, v in os.environ.items()
                       if not k.startswith(DROPPED_ENVIRONMENT)}
        self.process = subprocess.Popen(
            args, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            cwd=self.folder, env=environment,
            preexec_fn=lambda: (os.sched_setaffinity(0, {cpu}), prepare()))
        self.pid = self.process.pid
        try:
            self.link = self._connect()
        except BaseException:
            self.stop()
            raise

    def _connect(self):
        end = time.monotonic() + 10
        while True:
            if self.process.poll() is not None or time.monotonic() > end:
                self.log.seek(0)
                text = self.log.read().decode(errors="replace").strip()
                raise SystemExit(f"{self.name} does not start: {text[-800:]}")
            try:
                link = Link(self.port)
            except OSError:
                time.sleep(0.02)
                continue
            if link.call("PING") == "PONG":
                return link
            link.close()
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if hasattr(self, "link"):
            self.link.close()
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def version(self):
        info = self.info("server")
        return (info.get("keyrack_version") or info.get("redis_version")
                or "unknown")

    def info(self, section):
        reply = self.link.call("INFO", section)
        if not isinstance(reply, bytes):
            return {}
        lines = reply.decode(errors="replace").split("\r\n")
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def lacks(self, command):
        """Asked by calling it bare, which needs no COMMAND."""
        link = Link(self.port)
        reply = link.call(*command.split())
        link.close()
        return (isinstance(reply, Failure)
                and str(reply).lower().startswith(("err unknown command",
                                                   "err unknown subcommand")))

    # --- Figures ------------------------------------------------------------

    def _ticks_ns(self):
        with open(f"/proc/{self.pid}/stat") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK_NS

    def _scheduled_ns(self):
        """(ran, waited for the CPU), summed over the threads."""
        ran = waited = 0
        for task in os.listdir(f"/proc/{self.pid}/task"):
            try:
                with open(f"/proc/{self.pid}/task/{task}/schedstat") as f:
                    fields = f.read().split()
                    ran += int(fields[0])
                    waited += int(fields[1])
            except (FileNotFoundError, ProcessLookupError):
                if task == str(self.pid):
                    return None, 0
        return ran, waited

    def cpu(self):
        """A reading for cpu_between(): (precise, coarse, waited)."""
        if self.process.poll() is not None:
            raise Failure(f"{self.name} died")
        ran, waited = self._scheduled_ns()
        return ran, self._ticks_ns(), waited

    @staticmethod
    def cpu_between(a, b):
        """User and system time of all threads, in ns.

        The scheduler's own count is exact, but a thread that ended took its
        count with it; the process's count in ticks did not forget it."""
        coarse = b[1] - a[1]
        if a[0] is None or b[0] is None:
            return coarse
        fine = b[0] - a[0]
        return coarse if coarse - fine > 3 * TICK_NS else fine

    def cpu_at_rest(self):
        """A reading as soon as the server has nothing more to do: work that
        it puts off to a thread or to its next turn belongs to the load."""
        last = self.cpu()
        for _ in range(400):
            time.sleep(0.005)
            now = self.cpu()
            if self.cpu_between(last, now) < 1_000_000:
                break
            last = now
        return last

    def rss(self):
        try:
            with open(f"/proc/{self.pid}/smaps_rollup") as f:
                for line in f:
                    if line.startswith("Rss:"):
                        return int(line.split()[1]) * 1024
        except OSError:
            pass
        with open(f"/proc/{self.pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def used_memory(self):
        used = self.info("memory").get("used_memory")
        return int(used) if used else None

    def settled_memory(self, least=0.5, most=6.0):
        """(rss, used_memory) when they have stood still for 0.4 s: tables may
        still be growing, freed memory going back, after the last request."""
        begin = time.monotonic()
        last, since = None, begin
        while True:
            now = self.rss(), self.used_memory()
            t = time.monotonic()
            if last is None or abs(now[0] - last[0]) > 64 * 1024:
                last, since = now, t
            if (t - since >= 0.4 and t - begin >= least) or t - begin > most:
                return now
            time.sleep(0.1)


class Load:
    """The load generator, stopped at its gate."""

    def __init__(self, server, options, command):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [find_tool("load"), "-p", str(server.port), "-j", "-g", *options,
             "--", *command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)
        self._expect(b"ready")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        if self.process.poll() is None:
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    def _expect(self, word):
        line = self.process.stdout.readline().strip()
        if line != word:
            self.process.wait()
            self.errors.seek(0)
            text = self.errors.read().decode(errors="replace").strip()
            raise Failure(text or f"load: {line!r} in place of {word!r}")

    def go(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def done(self):
        self._expect(b"done")

    def stop(self):
        """In the middle; there is no result."""
        self.process.kill()
        self.process.wait()

    def result(self):
        return json.loads(self.process.stdout.readline())


def fill(server, command, count, pipeline=16, connections=None):
    """`command` exactly `count` times; with __seq_key__, `count` keys."""
    connections = connections or min(50, max(1, count // pipeline))
    options = ["-n", str(count), "-k", str(count), "-P", str(pipeline),
               "-c", str(connections)]
    with Load(server, options, command) as load:
        load.go()
        load.done()
        return load.result()
