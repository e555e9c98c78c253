#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What `make install` puts down is a server that finds its modules, and all that a module needs.

Installed below a temporary DESTDIR.  Paths that were compiled in are those of
the prefix, so the server is told where its modules are, as a package's test
would; the configuration that came along is read as it is.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Server, main  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("top_builddir", HERE.parent))


def run(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{words}: {done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@unittest.skipUnless((BUILD / "Makefile").exists() and shutil.which("make"), "no build directory")
class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-install."))
        # The outer make's flags are not for this one.
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("MAKE") and name not in ("CC", "NM")}
        run("make", "-C", str(BUILD), "install", f"DESTDIR={cls.dir}", env=environment)
        cls.binary = cls.one("**/bin/keyrack-server")
        cls.modules = cls.one("**/lib/keyrack/modules")
        cls.configuration = cls.one("**/keyrack/keyrack.conf")
        cls.pc = cls.one("**/pkgconfig/keyrack.pc")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    @classmethod
    def one(cls, pattern):
        found = list(cls.dir.glob(pattern))
        assert len(found) == 1, f"{pattern}: {found}"
        return found[0]

    def flags(self, *which):
        return shlex.split(run("pkg-config", *which, "keyrack", env={
            **os.environ, "PKG_CONFIG_PATH": str(self.pc.parent),
            "PKG_CONFIG_SYSROOT_DIR": str(self.dir)}))

    def start(self):
        server = Server("--modules-dir", str(self.modules), binary=str(self.binary),
                        config=self.configuration.read_text(), environment={"KEYRACK_ARGS": ""})
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def test_the_installed_server_starts_with_its_configuration_and_modules(self):
        server = self.start()
        with server.client() as client:
            self.assertEqual(client.call("SET", "k", "v"), b"OK")
            self.assertEqual(client.call("GETBIT", "k", "1"), 1)
            paths = [dict(zip(row[::2], row[1::2]))[b"path"].decode()
                     for row in client.call("MODULE", "LIST")]
        self.assertGreater(len(paths), 4)
        for path in paths:
            self.assertTrue(path.startswith(str(self.modules)), path)

    def test_every_module_that_was_built_is_installed_and_not_writable_by_all(self):
        built = {path.name for path in (BUILD / "modules").glob("*.so")}
        installed = {path.name for path in self.modules.iterdir()}
        self.assertEqual(installed, built)
        for path in self.modules.iterdir():
            self.assertFalse(path.stat().st_mode & 0o022, path)

    def test_tools_are_the_server_by_another_name(self):
        for name in ("check-aof", "check-rdb"):
            tool = self.one(f"**/bin/keyrack-{name}")
            self.assertEqual(os.readlink(tool), "keyrack-server")
            done = subprocess.run([str(tool)], capture_output=True, text=True,
                                  env={**os.environ, "KEYRACK_MODULES_DIR": str(self.modules)})
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"keyrack-{name} ", done.stdout + done.stderr)
            self.assertTrue(list(self.dir.glob(f"**/man1/keyrack-{name}.1")))

    def test_modules_in_lua_are_installed_and_load(self):
        scripts = sorted(self.dir.glob("**/share/keyrack/scripts/*.lua"))
        self.assertEqual([path.stem for path in scripts], ["bloom", "lock", "pqueue", "ratelimit"])
        with self.start().client() as client:
            for path in scripts:
                self.assertEqual(client.call("MODULE", "LOAD", path), b"OK")

    def test_a_module_builds_against_the_installed_headers_alone(self):
        out = self.dir / "hello.so"
        cflags = self.flags("--cflags")
        self.assertIn(f"-I{self.dir}", " ".join(cflags))
        run(os.environ.get("CC", "cc").split()[0], "-std=c11", "-Wall", "-Wextra", "-Werror",
            "-o", str(out), str(HERE / "abi" / "hello.c"), *cflags, *self.flags("--libs"),
            cwd=str(self.dir))
        server = self.start()
        with server.client() as client:
            self.assertEqual(client.call("MODULE", "LOAD", out), b"OK")
            self.assertEqual(client.call("HELLO.WORLD"), b"hello, world")

    def test_a_new_module_is_begun_built_and_tested_with_what_was_installed(self):
        tool = self.one("**/bin/keyrack-module")
        folder = self.dir / "begun"
        run(str(tool), "new", "begun", str(folder))
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("MAKE")}
        environment.update(
            PKG_CONFIG_PATH=str(self.pc.parent), PKG_CONFIG_SYSROOT_DIR=str(self.dir),
            KEYRACK_SERVER=str(self.with_modules()), KEYRACK_MODULE=str(tool))
        out = run("make", "-C", str(folder), "check", env=environment)
        self.assertRegex(out, r"(?m)^6 passed, 0 failed$")
        self.assertIn("begun.add", run("make", "-C", str(folder), "report", env=environment))

    def with_modules(self):
        """The installed server, told where its modules are."""
        path = self.dir / "server"
        path.write_text(f'#!/bin/sh\nexec {self.binary} "$@" --modules-dir {self.modules}\n')
        path.chmod(0o755)
        return path

    def test_its_pages_are_there_and_their_links_lead_somewhere(self):
        docs = self.one("**/share/doc/keyrack")
        pages = [*docs.rglob("*.md")]
        self.assertGreater(len(pages), 6)
        for page in pages:
            for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
                self.assertTrue((page.parent / link).exists(), f"{page.relative_to(docs)}: {link}")
        for page in ("docs/tutorial.md", "api/README.md", "api.html", "tests/abi/tide.c"):
            self.assertTrue((docs / page).is_file(), page)
        named = run("pkg-config", "--variable=docdir", "keyrack", env={
            **os.environ, "PKG_CONFIG_PATH": str(self.pc.parent)}).strip()
        self.assertTrue(docs.match(f"*{named}"), named)

    def test_the_manual_page_and_the_unit_name_what_is_there(self):
        page = self.one("**/man1/keyrack-server.1").read_text()
        self.assertIn("keyrack-server", page)
        units = list(self.dir.glob("**/keyrack.service"))
        for unit in units:
            text = unit.read_text()
            self.assertNotRegex(text, "@[a-z]+@")
            self.assertIn("bin/keyrack-server", text)


if __name__ == "__main__":
    main()
