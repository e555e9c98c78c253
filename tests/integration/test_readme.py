#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""README.md's sessions, and api/README.md's first module: what they show is what happens."""
import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import main  # noqa: E402
from support import pages  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("top_builddir", ROOT)).resolve()


@unittest.skipUnless(shutil.which("redis-cli"), "no redis-cli")
class Sessions(unittest.TestCase):
    """A reader's shell, in the source folder, with the server of `autogen.sh serve` running."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-readme."))
        cls.shell = pages.Shell(cls.folder, BUILD)
        if BUILD != ROOT:
            (cls.folder / "build").symlink_to(BUILD)
        else:
            (cls.folder / "build").mkdir()
            (cls.folder / "build/modules").symlink_to(BUILD / "modules")
        cls.shell.run("keyrack-server &")
        cls.shell.wait_for_server()

    @classmethod
    def tearDownClass(cls):
        cls.shell.close()
        shutil.rmtree(cls.folder)

    def blocks(self, page, section):
        found = [block for block in pages.blocks((ROOT / page).read_text()) if block.section == section]
        self.assertTrue(found, section)
        return found

    def replay(self, page, section):
        self.shell.run(f"cd {self.folder}")
        for block in self.blocks(page, section):
            if block.words == ("c",):
                block = block._replace(words=("c", "hello.c"))
            complaints = pages.replay(self.shell, block)
            self.assertEqual(complaints, [], f"{page}: {section}")

    def test_the_first_session(self):
        self.replay("README.md", "A first session")

    def test_a_module_of_ten_lines(self):
        self.replay("README.md", "Your own module")

    @unittest.skipUnless(shutil.which("redis-benchmark"), "no redis-benchmark")
    def test_the_upgrade_under_load(self):
        self.replay("README.md", "Upgrade under load")
        text = "\n".join("\n".join(block.lines) for block in self.blocks("README.md", "Upgrade under load"))
        for word in ("MODULE RELOAD", "MODULE UPGRADE", "MODULE UNLOAD", "NOMODULE"):
            self.assertIn(word, text)

    def test_the_ten_lines_of_the_page_for_authors(self):
        source = next(block for block in self.blocks("api/README.md", "Ten lines") if block.words == ("c",))
        self.assertIn("HELLO.WORLD", "\n".join(self.blocks("api/README.md", "Ten lines")[-1].lines))
        pages.replay(self.shell, source._replace(words=("c", "ten.c")))
        self.shell.run(f"cd {self.folder}")
        self.assertEqual(self.shell.run("cc -Wall -Wextra -o ten.so ten.c $(pkg-config --cflags --libs keyrack)"), [])
        self.assertIn("a server of this release loads it", self.shell.run("keyrack-module check ten.so")[-1])

    def test_every_page_that_is_named_is_there(self):
        for page in ("README.md", "api/README.md", "docs/tutorial.md"):
            for name in re.findall(r"\]\(([\w./-]+)\)", (ROOT / page).read_text()):
                self.assertTrue(((ROOT / page).parent / name).exists(), f"{page}: {name}")


if __name__ == "__main__":
    main()
