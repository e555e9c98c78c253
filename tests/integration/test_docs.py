#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The reference that is made of the headers has every function, and each says what it does."""
import html.parser
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import main  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("top_builddir", ROOT)).resolve()
SCRIPT = ROOT / "scripts" / "api-docs.py"
VOID = {"meta", "br"}


def run(*words):
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, words)], capture_output=True, text=True)


class Balance(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links = [], [], []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "a":
            self.links.append(values["href"])

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open, self.getpos())
        self.open.pop()


class Docs(unittest.TestCase):
    def test_every_public_function_and_struct_has_a_comment(self):
        done = run("--lacking")
        self.assertEqual((done.stdout, done.returncode), ("", 0))

    def test_a_function_without_one_is_found(self):
        with tempfile.TemporaryDirectory() as name:
            api = pathlib.Path(name)
            shutil.copytree(ROOT / "api" / "kr", api / "kr")
            text = (api / "kr/text.h").read_text()
            self.assertIn("\n};\nKR_INTERFACE", text)
            text = text.replace("\n};\nKR_INTERFACE", "\n\n    int (*silent)(int);\n};\n\n"
                                "static inline int kr_mute(int i)\n{\n    return i;\n}\n\nKR_INTERFACE")
            (api / "kr/text.h").write_text(text)
            done = run("--lacking", api)
        self.assertEqual(done.stdout.split("\n")[:-1], ["text.h: kr_text.silent", "text.h: kr_mute"])
        self.assertEqual(done.returncode, 1)

    def test_the_page_has_every_function_and_is_well_formed(self):
        page = run().stdout
        balance = Balance()
        balance.feed(page)
        self.assertEqual(balance.open, [])
        self.assertEqual({link[1:] for link in balance.links} - set(balance.ids), set())
        for path in (ROOT / "api/kr").glob("*.h"):
            text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
            for struct, body in re.findall(r"^struct (\w+) \{\n(.*?)^\}", text, re.S | re.M):
                for member in body.split(";"):  # the first is its name, others are parameters
                    name = re.search(r"\(\*(\w+)\)\(", member)
                    if name:
                        self.assertTrue(f"{struct}.{name[1]}" in balance.ids, f"{path.name}: {struct}.{name[1]}")
            for name in re.findall(r"^static inline [^(;{]*?(\w+)\(", text, re.M):
                self.assertTrue(name in balance.ids, f"{path.name}: {name}")
        self.assertIn('<code>kr.keyspace/1</code>', page)

    @unittest.skipUnless((BUILD / "Makefile").exists() and shutil.which("make"), "no build directory")
    def test_make_docs_writes_it(self):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        done = subprocess.run(["make", "-s", "-C", str(BUILD), "docs"], capture_output=True, text=True,
                              env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((BUILD / "doc/api.html").read_text(), run().stdout)


class Why(unittest.TestCase):
    def test_each_answer_names_tests_that_are_there(self):
        page = (ROOT / "docs/why-keyrack-modules.md").read_text()
        rows = re.findall(r"^\| (\d+) .*\| ([^|]*) \|$", page, re.M)
        self.assertEqual([int(number) for number, _ in rows], list(range(1, 21)))
        for number, shown in rows:
            for name, claim in re.findall(r"`([\w./-]+)(?:: (\w+))?`", shown):
                found = [path for folder in ("tests", "docs") for path in (ROOT / folder).rglob(name)]
                self.assertEqual(len(found), 1, f"{number}: {name}")
                if claim:
                    self.assertIn(f"def test_{claim}(", found[0].read_text(), number)
            self.assertTrue("`" in shown or shown == "nothing yet", number)


if __name__ == "__main__":
    main("__main__")
