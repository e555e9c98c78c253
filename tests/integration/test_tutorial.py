#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""docs/tutorial.md: every block of it is run, in order, and prints what the page says."""
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import main  # noqa: E402
from support import pages  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("top_builddir", ROOT)).resolve()
PAGE = ROOT / "docs" / "tutorial.md"


@unittest.skipUnless(shutil.which("redis-cli"), "no redis-cli")
class Tutorial(unittest.TestCase):
    def test_each_block_does_what_the_page_says(self):
        folder = tempfile.mkdtemp(prefix="keyrack-tutorial.")
        self.addCleanup(shutil.rmtree, folder)
        shell = pages.Shell(folder, BUILD)
        self.addCleanup(shell.close)
        text = PAGE.read_text()
        if os.environ.get("KEYRACK_HOSTILE") == "yes":  # where nothing is skipped
            self.assertIn("12 passed, 0 failed, 1 skipped", text)
            text = text.replace("12 passed, 0 failed, 1 skipped", "13 passed, 0 failed, 0 skipped")
        blocks = pages.blocks(text)
        self.assertGreater(len(blocks), 10)
        for block in blocks:
            self.assertEqual(pages.replay(shell, block), [], f"in section {block.section!r}")

    def test_what_is_shown_of_the_upgrade_is_the_point_of_it(self):
        text = PAGE.read_text()
        for word in ("MODULE UPGRADE ring", "MODULE UNLOAD ring", "NOMODULE", "PEXPIRE", "keyrack-module check"):
            self.assertIn(word, text)


if __name__ == "__main__":
    main()
