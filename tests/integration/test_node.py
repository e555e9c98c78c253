#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What programs for node have on scripts: locks, limiters, queues; packages as they are published.

Each program of node/ runs against the server and against redis-server: what does not hold
on both says nothing of ours.  The packages come from npm's registry; where it
cannot be reached, or there is no npm, the programs are skipped.  KEYRACK_NODE_MODULES may
name a folder in which they have been installed."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Server, main  # noqa: E402
from support.server import ORACLE, keyrack_path  # noqa: E402

PROGRAMS = pathlib.Path(__file__).parent / "node"
INSTALL_SECONDS = 90
PROGRAM_SECONDS = 300


def install(folder):
    """None, or why the packages cannot be had."""
    for program in PROGRAMS.iterdir():
        shutil.copy(program, folder)
    given = os.environ.get("KEYRACK_NODE_MODULES")
    if given:
        (folder / "node_modules").symlink_to(pathlib.Path(given) / "node_modules")
        return None
    if not shutil.which("npm"):
        return "npm is not installed"
    try:
        done = subprocess.run(
            ["npm", "install", "--ignore-scripts", "--no-package-lock", "--omit=optional", "--no-audit", "--no-fund",
             "--no-update-notifier", "--prefer-offline", "--fetch-retries=0"],
            cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        return f"npm install took longer than {INSTALL_SECONDS} s"
    if done.returncode:
        return "npm install failed: " + (done.stderr.strip().splitlines() or ["without a word"])[0]
    return None


class Node(unittest.TestCase):
    PROGRAMS = ("lock.js", "limiter.js", "queue.js")  # all at once: they wait a lot

    @classmethod
    def setUpClass(cls):
        if not shutil.which("node"):
            raise unittest.SkipTest("node is not installed")
        folder = pathlib.Path(cls.enter(tempfile.TemporaryDirectory(prefix="keyrack-node.")))
        missing = install(folder)
        if missing:
            raise unittest.SkipTest(missing)
        cls.running = {(program, binary): cls.start(folder, program, binary)
                       for program in cls.PROGRAMS for binary in sorted({keyrack_path(), ORACLE})}

    @classmethod
    def enter(cls, context):
        entered = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        return entered

    @classmethod
    def start(cls, folder, program, binary):
        server = cls.enter(Server(binary=binary))
        process = subprocess.Popen(["node", program, str(server.port)], cwd=folder, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        cls.addClassCleanup(process.stdout.close)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.kill)
        return process

    def play(self, program):
        for (name, binary), process in self.running.items():
            if name == program:
                with self.subTest(binary):
                    said, _ = process.communicate(timeout=PROGRAM_SECONDS)
                    self.assertEqual(process.returncode, 0, said)
                    self.assertRegex(said, r"\A\d+ held\n\Z")

    def test_redlock_locks(self):
        self.play("lock.js")

    def test_rate_limiter_flexible_limits(self):
        self.play("limiter.js")

    def test_bullmq_queues(self):
        self.play("queue.js")


if __name__ == "__main__":
    main()
