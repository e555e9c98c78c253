#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Old and new meet: modules built against headers that are shorter or longer than the server's.

Headers are copied and changed as a release before or after this one would have them.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import Error, Server, main  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parents[1]
API = HERE.parent / "api"
FLAGS = ["-shared", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror"]
HELLO = r"""
#include <kr/kr.h>
KR_USES(kr_text);
static void hello(struct kr_call *call) { kr_reply_int64(call->reply, %s); }
static const struct kr_command commands[] = {{.name = "abi.hello", .run = hello, .arity = 1}};
static const struct kr_import imports[] = {%s};
KR_MODULE(.version = 1, .name = "abi", .imports = KR_ROWS(imports), .commands = KR_ROWS(commands));
"""


class Meeting(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-abi."))
        self.addCleanup(shutil.rmtree, self.dir)
        self.api = self.dir / "api"
        shutil.copytree(API / "kr", self.api / "kr")

    def edit(self, header, change):
        path = self.api / "kr" / header
        text = path.read_text()
        new = change(text)
        self.assertNotEqual(new, text, header)
        path.write_text(new)

    def append(self, header, struct, member):
        """As a later release would: one more member at the end of a struct."""
        self.edit(header, lambda text: re.sub(rf"(?ms)^(struct {struct} \{{.*?)^\}};", rf"\1    {member}\n}};", text))

    def build(self, source, *flags, compiler=("cc", "-std=c11")):
        out = self.dir / "module.so"
        done = subprocess.run([*compiler, *FLAGS, f"-I{self.api}", "-o", str(out), *flags, str(source)],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return str(out)

    def source(self, text, name="module.c"):
        path = self.dir / name
        path.write_text(text)
        return path

    def abidiff(self):
        return subprocess.run([str(HERE / "abi/run-abidiff"), "--api", str(self.api)], capture_output=True,
                              text=True, env={**os.environ, "CC": "cc"})


class Newer(Meeting):
    """A module of the next release, in this server."""

    def test_longer_rows_types_and_descriptors_are_read_up_to_what_is_known(self):
        self.append("command.h", "kr_command", "void *later[3];")
        self.append("type.h", "kr_type", "void *later[3];")
        self.append("module.h", "kr_descriptor", "void *later[3];")
        path = self.build(HERE / "abi/tide.c")
        with Server() as server, server.client() as client:
            self.assertEqual(bytes(client.call("MODULE", "LOAD", path)).decode(), "OK")
            self.assertEqual(client.call("TIDE.SET", "k", "7"), b"OK")
            self.assertEqual(client.call("MODULE", "RELOAD", "tide"), b"OK")
            self.assertEqual(client.call("TIDE.GET", "k"), 7)

    def test_a_function_that_is_not_there_yet_is_an_error_a_null_or_a_test(self):
        self.append("text.h", "kr_text", "void (*later)(void);")
        has = "KR_HAS(kr_text, later) ? 2 : kr_text != NULL"
        with Server() as server, server.client() as client:
            path = self.build(self.source(HELLO % (has, "KR_NEED(kr_text)")))
            refused = client.call("MODULE", "LOAD", path)
            self.assertIsInstance(refused, Error)
            self.assertIn(b"kr.text/1", refused)
            for row, answer in (("KR_WANT(kr_text)", 0), ("KR_NEED_UPTO(kr_text, sha1_hex)", 1)):
                path = self.build(self.source((HELLO % (has, row)).replace(
                    '.name = "abi"', '.name = "abi", .flags = KR_MODULE_CAN_UNLOAD')))
                self.assertEqual(client.call("MODULE", "LOAD", path), b"OK")
                self.assertEqual(client.call("ABI.HELLO"), answer, row)
                self.assertEqual(client.call("MODULE", "UNLOAD", "abi"), b"OK")


class Older(Meeting):
    """A module of an earlier release, in this server."""

    def test_shorter_interfaces_types_and_rows_suffice(self):
        # What was appended to these since their first publication.
        self.edit("type.h", lambda text: re.sub(r"(?s)    /\* As load\(\), which is NULL then.*?void \*ctx;\n", "", text))
        self.edit("text.h", lambda text: re.sub(r"(?s)    /\* The SHA-1 of.*?hex\[40\]\);\n", "", text))
        path = self.build(HERE / "abi/tide.c")
        with Server() as server, server.client() as client:
            self.assertEqual(bytes(client.call("MODULE", "LOAD", path)).decode(), "OK")
            self.assertEqual(client.call("TIDE.SET", "k", "7"), b"OK")
            self.assertEqual(client.call("TIDE.GET", "k"), 7)


class Same(Meeting):
    def test_a_module_in_cxx_is_a_module(self):
        compiler = shutil.which("g++") or shutil.which("clang++")
        if not compiler:
            self.skipTest("no C++ compiler")
        text = HELLO % ("kr_text != nullptr ? 4 : 3", "KR_NEED(kr_text)")
        path = self.build(self.source(text, "module.cc"), "-Wno-missing-field-initializers",
                          compiler=(compiler, "-std=c++20"))
        with Server() as server, server.client() as client:
            self.assertEqual(client.call("MODULE", "LOAD", path), b"OK")
            self.assertEqual(client.call("ABI.HELLO"), 4)

    def test_each_interface_of_the_server_has_the_size_that_its_header_says(self):
        names = {}
        for header in sorted(API.glob("kr/*.h")):
            for name, identity in re.findall(r'^KR_INTERFACE\((\w+), "(kr\..*)"\)', header.read_text(), re.M):
                names[name] = (identity, header.name)
        text = "".join(f"#include <kr/{header}>\n" for _, header in names.values())
        text += "".join(f"KR_USES({name});\n" for name in names)
        answers = "; ".join(f"kr_reply_int64(call->reply, {name} ? (int64_t){name}->size - (int64_t)sizeof(*{name}) : -1)"
                            for name in names)
        hello = HELLO.replace("KR_USES(kr_text);\n", text).replace(
            "kr_reply_int64(call->reply, %s)", f"kr_reply_array(call->reply, {len(names)}); {answers}")
        path = self.build(self.source(hello % ", ".join(f"KR_WANT({name})" for name in names)))
        with Server() as server, server.client() as client:
            self.assertEqual(client.call("MODULE", "LOAD", path), b"OK")
            self.assertEqual(dict(zip(names, client.call("ABI.HELLO"))), dict.fromkeys(names, 0))


@unittest.skipUnless(shutil.which("abidiff"), "no abidiff")
class Recorded(Meeting):
    """tests/abi/run-abidiff, against the record of the last release."""

    def test_the_headers_have_only_grown_at_their_ends(self):
        done = self.abidiff()
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_member_appended_passes(self):
        self.append("hash.h", "kr_hashes", "void (*later)(void);")
        self.assertEqual(self.abidiff().returncode, 0)

    def test_a_member_put_between_or_taken_away_or_changed_does_not(self):
        for before, after in (("    bool (*to_int64)", "    void (*between)(void);\n    bool (*to_int64)"),
                              ("    bool (*to_int64)", "    int (*to_int64)"),
                              ("    bool (*to_int64)", "    bool (*of_int64)"),
                              ("    size_t (*from_int64)(int64_t value, char *text); /* KR_INT64_TEXT */\n", "")):
            shutil.copy(API / "kr/text.h", self.api / "kr/text.h")
            self.edit("text.h", lambda text: text.replace(before, after))
            self.assertEqual(self.abidiff().returncode, 1, before)


if __name__ == "__main__":
    main()
