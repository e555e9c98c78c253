#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sample modules of each release keep building, and what was built then keeps loading.

tests/abi/released/VERSION has the sources of samples that use every interface of that release, and
its headers, packed.  A binary of a release is what comes of the two together: sizes, places of
members, numbers of flags, ids of interfaces are all in the headers, and nothing else of a server is
in a module's file.  So it is built here, for the machine at hand, and need not be kept for each.
"""
import hashlib
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tarfile
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Server, main  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parents[1]
API = HERE.parent / "api"
RELEASED = HERE / "abi" / "released"
RELEASES = sorted(path for path in RELEASED.iterdir() if path.is_dir())
CC = shlex.split(os.environ.get("CC", "cc"))


def interfaces(headers):
    """The names of those that the headers in a folder declare."""
    return {name for path in headers.glob("*.h")
            for name in re.findall(r"^KR_INTERFACE\((\w+), ", path.read_text(), re.M)}


class Released(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="keyrack-released.")
        self.addCleanup(self.folder.cleanup)
        self.dir = pathlib.Path(self.folder.name)

    def headers(self, release):
        """The headers of a release, unpacked; the folder to include them from."""
        out = self.dir / release.name
        if not out.exists():
            with tarfile.open(release / "headers.tar.xz") as tar:
                for about in tar:
                    self.assertRegex(about.name, r"^kr/\w+\.h$")
                    (out / "kr").mkdir(parents=True, exist_ok=True)
                    (out / about.name).write_bytes(tar.extractfile(about).read())
        return out

    def build(self, source, api, name):
        out = self.dir / f"{name}.so"
        done = subprocess.run([*CC, "-std=c11", "-shared", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra",
                               f"-I{api}", "-o", str(out), str(source)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"{source}\n{done.stderr}")
        return str(out)

    def check(self, client, name, path, word):
        self.assertEqual(client.call("MODULE", "LOAD", path), b"OK")
        for _ in range(2):
            self.assertEqual(client.call(f"{name}.CHECK", word), b"OK")

    def each_sample(self):
        for release in RELEASES:
            for source in sorted(release.glob("*.c")):
                with self.subTest(f"{release.name}/{source.name}"):
                    yield release, source, source.stem

    def word(self, name):
        return str(self.dir) if name == "host" else "k"

    def test_a_release_is_not_edited(self):
        self.assertGreater(len(RELEASES), 0)
        for release in RELEASES:
            rows = dict(reversed(row.split()) for row in (release / "SHA256SUMS").read_text().splitlines())
            there = {path.name for path in release.iterdir()} - {"SHA256SUMS"}
            self.assertEqual(there, rows.keys(), release)
            for name, wanted in rows.items():
                self.assertEqual(hashlib.sha256((release / name).read_bytes()).hexdigest(), wanted,
                                 f"{release.name}/{name} is what was released: write another sample instead")

    def test_its_samples_use_every_interface_that_it_had(self):
        for release in RELEASES:
            used = set()
            for source in release.glob("*.c"):
                text = source.read_text()
                for name in re.findall(r"KR_NEED\((\w+)\)", text):
                    used.add(name)
                    self.assertRegex(text, rf"\b{name}(->|, )|kr_logf\(", f"{source}: imports it for nothing")
            self.assertEqual(interfaces(self.headers(release) / "kr") - used, set(), release.name)

    def test_what_was_built_then_loads_and_works(self):
        with Server() as server, server.client() as client:
            for release, source, name in self.each_sample():
                path = self.build(source, self.headers(release), f"{name}.{release.name}")
                self.check(client, name, path, self.word(name))
                self.assertEqual(client.call("MODULE", "UNLOAD", name), b"OK")

    def test_its_sources_build_and_work_today(self):
        with Server() as server, server.client() as client:
            for _, source, name in self.each_sample():
                self.check(client, name, self.build(source, API, name), self.word(name))
                self.assertEqual(client.call("MODULE", "UNLOAD", name), b"OK")

    def test_what_was_built_then_is_upgraded_to_what_is_built_today_and_back(self):
        with Server() as server, server.client() as client:
            for release in RELEASES:
                source = release / "values.c"
                then = self.build(source, self.headers(release), "then")
                now = self.build(source, API, "now")
                self.check(client, "values", then, "k")
                for path, number in ((now, 1), (then, 2), (now, 3)):
                    self.assertEqual(client.call("VALUES.SET", "kept", number), b"OK")
                    self.assertEqual(client.call("MODULE", "UPGRADE", "values", path), b"OK")
                    self.assertEqual(client.call("VALUES.GET", "kept"), number)
                self.assertEqual(client.call("MODULE", "UNLOAD", "values"), b"OK")
                self.assertEqual(client.call("MODULE", "LOAD", then), b"OK")
                self.assertEqual(client.call("VALUES.GET", "kept"), 3)
                self.assertEqual(client.call("MODULE", "UNLOAD", "values"), b"OK")
                client.call("FLUSHALL")


if __name__ == "__main__":
    main()
