#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""keyrack-module: begins a module, says what a file would do to a server, runs cases."""
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import main  # noqa: E402
from support.tree import BUILD, CC, MODULES, ROOT, SHARED, TESTS, TOOL  # noqa: E402

ENVIRONMENT = {**{name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
               "PKG_CONFIG_PATH": str(BUILD)}


README = (ROOT / "api/README.md").read_text()
CLIENTS = r"""
#include <kr/test.h>
#define GETS(who, text, ...) \
    if (!kr_str_equal(KR_TEST_RUN(test, who, __VA_ARGS__), kr_cstr(text))) return __LINE__ % 100 + 1
KR_TEST_MAIN(test)
{
    struct kr_str big[3] = {KR_STR("SET"), KR_STR("big"), {0}};
    static char bytes[3 << 20];

    GETS(0, "+OK\r\n", "SET", "k", "v");
    GETS(1, "$1\r\nv\r\n", "GET", "k");
    GETS(1, "+OK\r\n", "MULTI");
    GETS(1, "+QUEUED\r\n", "HELLO.WORLD");
    GETS(0, "$1\r\nv\r\n", "GET", "k");
    GETS(1, "*1\r\n+hello, world\r\n", "EXEC");
    (void)KR_TEST_RUN(test, 2, "HELLO", "3");
    GETS(2, "_\r\n", "GET", "nosuch");
    GETS(0, "$-1\r\n", "GET", "nosuch");
    GETS(3, "", "BLPOP", "list", "0");
    GETS(0, ":1\r\n", "RPUSH", "list", "x");
    if (!kr_str_equal(test->hear(3), KR_STR("*2\r\n$4\r\nlist\r\n$1\r\nx\r\n")))
        return 1;
    (void)KR_TEST_RUN(test, 2, "CLIENT", "SETNAME", "second");
    test->leave(2);
    GETS(2, "$-1\r\n", "CLIENT", "GETNAME");
    big[2] = kr_str(bytes, sizeof(bytes));
    if (!kr_str_equal(test->run(0, 3, big), KR_STR("+OK\r\n")))
        return 2;
    if (KR_TEST_RUN(test, 0, "GET", "big").size != sizeof(bytes) + 12)
        return 3;
    GETS(0, "+OK\r\n", "SET", "k", "v", "PX", "1");
    test->turn(20);
    GETS(0, "$-1\r\n", "GET", "k");
    return test->memory() == 0 && test->self ? 0 : 4;
}
"""


def run(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          env=ENVIRONMENT, **options)


class Tool(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="keyrack-sdk."))
        self.addCleanup(shutil.rmtree, self.dir)

    def good(self, *words, **options):
        done = run(*words, **options)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def build(self, name, text, *flags, api=ROOT / "api"):
        source = self.dir / f"{name}.c"
        source.write_text(text)
        out = self.dir / f"{name}.so"
        self.good(*CC, *SHARED, f"-I{api}", "-o", out, source, *flags)
        return out

    def begin(self, name="tally"):
        self.good(TOOL, "new", name, self.dir / name)
        return self.dir / name


class Begun(Tool):
    def test_a_new_folder_builds_without_a_warning_and_passes_its_cases(self):
        folder = self.begin("tally")
        out = self.good("make", "-C", folder, "CFLAGS=-O1 -Wall -Wextra -Werror -Wshadow", "check")
        self.assertRegex(out, r"(?m)^6 passed, 0 failed$")

    def test_a_member_more_is_a_version_more(self):
        """Was: load() wrote a larger struct into sixteen bytes, and the server crashed in the upgrade."""
        folder = self.begin("tally")
        old = self.dir / "old.so"
        make = ("make", "-C", folder, "CFLAGS=-O1 -Wall -Wextra -Werror -Wshadow -fstack-protector-all")
        self.good(*make)
        (folder / "tally.so").rename(old)
        source = folder / "tally.c"
        text = source.read_text()
        for here, there in (("    int64_t count;\n", "    int64_t count;\n    int64_t more[6];\n"),
                            ("    return true;\n", "    memset(now->more, 7, sizeof(now->more));\n    return true;\n"),
                            (".layout = 1", ".layout = 2"), ("now = {0, 0};", "now = {0};")):
            self.assertEqual(text.count(here), 1, here)
            text = text.replace(here, there)
        source.write_text(text)
        self.good(*make)
        cases = self.dir / "upgrade.txt"
        cases.write_text(f"== values pass\n> TALLY.ADD k 5\n> MODULE UPGRADE tally {folder}/tally.so\nOK\n"
                         "> TALLY.GET k\n1) (integer) 5\n2) (integer) 1\n> TALLY.ADD k 1\n(integer) 6\n"
                         f"> MODULE UPGRADE tally {old}\nOK\n> TALLY.GET k\n1) (integer) 6\n2) (integer) 2\n")
        self.good(TOOL, "test", old, cases)

    def test_its_cases_pass_in_resp3_and_by_the_name_of_the_folder(self):
        folder = self.begin("a_long_name_2")
        out = self.good(TOOL, "test", "-3", folder)
        self.assertRegex(out, r"(?m)^6 passed, 0 failed$")

    def test_its_files_have_its_name_and_no_mark_of_the_template(self):
        folder = self.begin("ab")
        names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
        self.assertEqual(names, [".gitignore", "Makefile", "README.md", "ab.c", "tests", "tests/ab.txt"])
        for path in folder.rglob("*"):
            if path.is_file():
                self.assertNotRegex(path.read_text(), r"NAME|@name@|@file@", path)
        self.assertRegex((folder / "ab.c").read_text(), r'\.file_name = "[-\w]{9}"')

    def test_a_folder_that_is_there_is_left_alone(self):
        folder = self.begin("tally")
        (folder / "tally.c").write_text("mine")
        self.assertEqual(run(TOOL, "new", "tally", folder).returncode, 1)
        self.assertEqual((folder / "tally.c").read_text(), "mine")

    def test_a_name_that_is_none_in_c_is_refused(self):
        for name in ("Tally", "2fast", "a-b", "", "a/b", "x" * 40):
            done = run(TOOL, "new", name, self.dir / "out")
            self.assertEqual(done.returncode, 2, name)
            self.assertFalse((self.dir / "out").exists())


class Checked(Tool):
    def test_every_standard_module_is_accepted(self):
        files = sorted(MODULES.glob("*.so"))
        out = self.good(TOOL, "check", *files)
        self.assertEqual(out.count("a server of this release loads it"), len(files), out)

    def test_a_report_names_needs_types_layouts_and_life(self):
        folder = self.begin("tally")
        self.good("make", "-C", folder)
        out = self.good(TOOL, "check", folder / "tally.so")
        for line in (r"module +tally 1\.0\.0, MIT", r"abi +generation 1; a descriptor of \d+ bytes",
                     r"exports +kr_module_descriptor$", r"needs +kr\.keyspace/1 +\d+ bytes  read and write keys",
                     r"commands +tally\.add tally\.get", r"type +tally: layout 1; saved as tally-kr1, format 1",
                     r"upgrade +yes", r"unload +yes, values are sealed"):
            self.assertRegex(out, rf"(?m)^  {line}")

    def test_what_an_upgrade_carries_and_adopts_is_named(self):
        path = self.build("tide", (TESTS / "abi/tide.c").read_text(), "-DTIDE_LAYOUT=3", "-DTIDE_ADOPTS=2")
        out = self.good(TOOL, "check", path)
        self.assertRegex(out, r"type +tide: layout 3, adopts 2; saved as tide--kr1, format 1")
        self.assertRegex(out, r"upgrade +yes, with its state\n +carries +wait_woken work_woken")
        self.assertRegex(out, r"offers +test\.tide/1 +16 bytes")

    def test_a_symbol_that_nobody_has_is_refused_and_one_of_a_library_is_not(self):
        text = (TESTS / "abi/hello.c").read_text() + (
            "\n#include <math.h>\nextern double absent(double);\n"
            "KR_HIDDEN double (*volatile both[])(double) = {cbrt, absent};\n")
        path = self.build("hello", text, "-Wl,-z,undefs", "-lm")
        done = run(TOOL, "check", path)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(re.findall(r"undefined symbol: (\w+)", done.stdout), ["absent"])

    def test_a_library_that_is_not_there_is_refused(self):
        library = self.dir / "libmissing.so"
        self.build("missing", "int missing(void);\nint missing(void) { return 1; }", "-fvisibility=default",
                   f"-Wl,-soname,{library}").rename(library)
        text = (TESTS / "abi/hello.c").read_text() + "\nint missing(void);\nKR_HIDDEN int (*volatile f)(void) = missing;\n"
        path = self.build("hello", text, str(library))
        self.good(TOOL, "check", path)
        library.unlink()
        done = run(TOOL, "check", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("a library is missing", done.stdout)

    def test_an_interface_larger_than_this_release_has_it_is_refused(self):
        api = self.dir / "api"
        shutil.copytree(ROOT / "api", api)
        text = (api / "kr/text.h").read_text()
        self.assertIn("\n};\nKR_INTERFACE(kr_text", text)
        (api / "kr/text.h").write_text(text.replace(
            "\n};\nKR_INTERFACE(kr_text", "\n    void (*later)(void);\n};\nKR_INTERFACE(kr_text"))
        base = ("#include <kr/kr.h>\nKR_USES(kr_text);\nstatic const struct kr_import imports[] = {%s};\n"
                'KR_MODULE(.name = "later", .version = 1, .imports = KR_ROWS(imports));\n')
        done = run(TOOL, "check", self.build("needs", base % "KR_NEED(kr_text)", api=api))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"REFUSED +it counts on \d+ bytes of kr\.text/1, this release has \d+")
        self.good(TOOL, "check", self.build("wants", base % "KR_WANT(kr_text)", api=api))
        self.good(TOOL, "check", self.build("upto", base % "KR_NEED_UPTO(kr_text, sha1_hex)", api=api))

    def test_an_interface_of_a_stranger_is_noted_and_one_of_the_server_refused(self):
        base = ("#include <kr/kr.h>\nstruct x { uint32_t size; };\nstatic const struct x *x;\n"
                'static const struct kr_import imports[] = {{"%s", (const void **)&x, 8, 0}};\n'
                'KR_MODULE(.name = "other", .version = 1, .imports = KR_ROWS(imports));\n')
        out = self.good(TOOL, "check", self.build("stranger", base % "somebody.else/2"))
        self.assertIn("no module of this release offers somebody.else/2", out)
        done = run(TOOL, "check", self.build("host", base % "kr.keyspace/2"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("this release has no kr.keyspace/2", done.stdout)

    def test_a_descriptor_that_does_not_fit_is_refused_in_the_servers_words(self):
        path = self.build("bad", '#include <kr/kr.h>\nKR_MODULE(.name = "two words", .version = 1);\n')
        done = run(TOOL, "check", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("descriptor: name: found 'two words'", done.stdout)

    def test_no_code_of_the_file_runs(self):
        mark = self.dir / "it-ran"
        text = (TESTS / "abi/hello.c").read_text() + (
            '\n#include <stdio.h>\n__attribute__((constructor)) static void begin(void)\n'
            f'{{\n    FILE *f = fopen("{mark}", "w");\n    if (f) fclose(f);\n}}\n')
        self.good(TOOL, "check", self.build("eager", text))
        self.assertFalse(mark.exists())

    def test_a_module_built_for_redis_says_what_it_asks_for(self):
        text = ('static const char *volatile asked[] = {"RedisModule_CreateCommand", "RedisModule_NeverHeardOf"};\n'
                '__attribute__((visibility("default"))) int RedisModule_OnLoad(void *c, void *v, int n)\n'
                "{ (void)c, (void)v, (void)n; return asked[0] == 0; }\n")
        out = self.good(TOOL, "check", self.build("guest", text))
        self.assertRegex(out, r"module +built for Redis")
        self.assertRegex(out, r"asks for +2 functions by name, 1 are there")
        self.assertRegex(out, r"not there +NeverHeardOf\n")

    def test_a_file_in_lua_is_checked_by_loading_it(self):
        out = self.good(TOOL, "check", ROOT / "scripts/lock.lua")
        self.assertIn("MODULE LOAD is what checks it", out)
        self.assertEqual(run(TOOL, "check", self.dir / "nosuch.lua").returncode, 1)

    def test_a_word_that_is_none_is_named(self):
        done = run(TOOL, "frobnicate", "x")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no 'frobnicate' with 1 words behind it", done.stderr)

    def test_what_is_no_module_is_refused(self):
        for path in ("/etc/passwd", self.dir, self.dir / "nothing"):
            done = run(TOOL, "check", path)
            self.assertEqual(done.returncode, 1, path)
            self.assertIn("REFUSED", done.stdout)

    def test_a_damaged_file_is_refused_or_read_and_never_a_crash(self):
        seed = random.randrange(1 << 32)
        print(f"seed {seed}")
        dice = random.Random(seed)
        good = self.build("hello", (TESTS / "abi/tide.c").read_text()).read_bytes()
        path = self.dir / "damaged.so"
        for _ in range(60 if os.environ.get("KEYRACK_SANITIZED") else 250):
            bytes_ = bytearray(good)
            if dice.random() < 0.2:
                del bytes_[dice.randrange(len(bytes_)):]
            for _ in range(dice.randrange(1, 6)):
                if bytes_:
                    bytes_[dice.randrange(len(bytes_))] ^= 1 << dice.randrange(8)
            path.write_bytes(bytes_)
            done = run(TOOL, "check", path)
            self.assertIn(done.returncode, (0, 1), (seed, done.stderr))

    def test_the_list_of_interfaces_is_that_of_the_headers(self):
        declared = set()
        for header in (ROOT / "api/kr").glob("*.h"):
            declared |= set(re.findall(r"^KR_INTERFACE\((\w+), ", header.read_text(), re.M))
        listed = re.findall(r"^ +INTERFACE\((\w+), ", (ROOT / "sdk/interfaces.c").read_text(), re.M)
        self.assertEqual(sorted(listed), sorted(declared))


class Offered(Tool):
    """The pages' interface of one module, used by another."""
    def test_what_the_page_shows_is_whole(self):
        page = README[README.index("## An interface of your own"):README.index("## Accounts, limits")]
        header, offers, uses = re.findall(r"```c[^\n]*\n(.*?)```", page, re.S)
        (self.dir / "tally.h").write_text(header)
        type_ = re.findall(r"```c\n(static void tally_save.*?)```", README, re.S)[0]
        add = re.findall(r"```c\n(static uint16_t tally_slot.*?)```", README, re.S)[0]
        giver = self.build("tally", '#include "tally.h"\nKR_USES(kr_codec);\nKR_USES(kr_keyspace);\n' + add + type_ +
                           offers.replace("KR_MODULE(...,", """
            static const struct kr_import imports[] = {KR_NEED(kr_codec), KR_NEED(kr_keyspace)};
            static const struct kr_command commands[] = {{.name = "tally.add", .run = tally_add, .arity = 2,
                .flags = KR_CMD_WRITE}};
            KR_MODULE(.name = "tally", .version = 1, .types = KR_ROWS(types), .imports = KR_ROWS(imports),
                      .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE, .commands = KR_ROWS(commands),"""))
        imports, look = uses.split("...\n")
        taker = self.build("reader", '#include "tally.h"\nKR_USES(kr_keyspace);\n' + imports + """
            static void run(struct kr_call *call)
            {
                struct kr_cell cell;
                int64_t now;

            """ + look + """
                    kr_reply_int64(call->reply, now);
                else
                    kr_reply_null(call->reply);
            }
            static const struct kr_command commands[] = {{.name = "reader.read", .run = run, .arity = 2,
                .flags = KR_CMD_READONLY}};
            KR_MODULE(.name = "reader", .version = 1, .imports = KR_ROWS(imports),
                      .flags = KR_MODULE_CAN_UNLOAD, .commands = KR_ROWS(commands));""")
        cases = self.dir / "cases.txt"
        cases.write_text(f"== both\n> MODULE LOAD {taker}\nOK\n> TALLY.ADD k\n(integer) 1\n> READER.READ k\n"
                         "(integer) 1\n> SET s x\n> READER.READ s\n(nil)\n> MODULE UNLOAD tally\n(error) ...\n"
                         "> MODULE RELOAD tally\nOK\n> TALLY.ADD k\n(integer) 2\n> READER.READ k\n(integer) 2\n"
                         "> MODULE UNLOAD reader\nOK\n")
        self.good(TOOL, "test", giver, cases)
        self.assertRegex(self.good(TOOL, "check", taker), r"no module of this release offers tally\.values/1")
        self.good(TOOL, "conform", "--seed", "1", "--with", giver, taker)


class Tried(Tool):
    """The notation of cases."""

    def cases(self, text, *flags):
        path = self.dir / "cases.txt"
        path.write_text(text)
        return run(TOOL, "test", *flags, self.hello, path)

    def setUp(self):
        super().setUp()
        self.hello = self.build("hello", (TESTS / "abi/hello.c").read_text())

    def test_replies_are_written_as_redis_cli_prints_them(self):
        done = self.cases(
            "== all kinds\n> HELLO.WORLD\nhello, world\n> SET k \"a\\r\\n\\x00\\\"\"\nOK\n"
            '> GET k\n"a\\r\\n\\x00\\""\n> GET none\n(nil)\n> STRLEN k\n(integer) 5\n'
            "> NONSENSE\n(error) ERR unknown command...\n> KEYS none*\n(empty array)\n"
            "> RPUSH l a b\n(integer) 2\n> COMMAND GETKEYSANDFLAGS SET k v\n1) 1) \"k\"\n   2) 1) OW\n      2) update\n"
            "> LRANGE l 0 -1\n1) \"a\"\n2) \"b\"\n> ECHO '$MODULE'\n\"...hello.so\"\n")
        self.assertEqual((done.returncode, done.stdout), (0, "ok     all kinds\n1 passed, 0 failed\n"))

    def test_resp3_has_its_own_kinds(self):
        done = self.cases("== kinds\n> HSET h f v\n> HGETALL h\n1# \"f\" => \"v\"\n> SADD s 1\n"
                          "> SMEMBERS s\n1~ \"1\"\n> ZADD z 1.5 m\n> ZSCORE z m\n(double) 1.5\n"
                          "> GET none\n(nil)\n", "-3")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_another_connection_may_wait(self):
        done = self.cases("== two\nb>> BLPOP l 0\n(sleep 50)\n> RPUSH l x\n(integer) 1\nb<\n1) \"l\"\n2) \"x\"\n")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_case_that_fails_says_where_and_what_and_the_others_run(self):
        done = self.cases("== first\n> SET k v\nOK\n> GET k\n\"w\"\n> SET k never\n== second\n> GET k\n(nil)\n")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"FAILED .*cases\.txt:5: first\n  > GET k\n  expected:\n\"w\"\n  got:\n\"v\"\n")
        self.assertIn("ok     second\n1 passed, 1 failed\n", done.stdout)

    def test_more_or_fewer_lines_than_expected_fail(self):
        for expected in ('1) "a"\n', '1) "a"\n2) "b"\n3) "c"\n', '...\n3) "c"\n', '1) "a"\n2) "...c"\n'):
            done = self.cases(f"== lines\n> RPUSH l a b\n> LRANGE l 0 -1\n{expected}")
            self.assertEqual(done.returncode, 1, expected)

    def test_an_error_that_nobody_expects_fails(self):
        self.assertEqual(self.cases("== quiet\n> NONSENSE\n").returncode, 1)

    def test_no_case_at_all_is_no_success(self):
        self.assertEqual(self.cases("# nothing\n").returncode, 1)

    def test_a_module_that_does_not_load_shows_the_servers_log(self):
        bad = self.build("bad", '#include <kr/kr.h>\nKR_MODULE(.name = "two words", .version = 1);\n')
        (self.dir / "cases.txt").write_text("== a\n> PING\n")
        done = run(TOOL, "test", bad, self.dir / "cases.txt")
        self.assertEqual(done.returncode, 1)
        self.assertIn("two words", done.stderr)
        self.assertIn("0 passed, 1 failed", done.stdout)

    def test_nothing_is_left_behind(self):
        before = set(pathlib.Path("/tmp").glob("keyrack-module.*"))
        self.cases("== a\n> SET k v\n(restart)\n> GET k\n\"v\"\n")
        self.assertEqual(set(pathlib.Path("/tmp").glob("keyrack-module.*")) - before, set())


class Unit(Tool):
    """Tests that are built into a module's file."""
    HELLO = re.search(r"```c\n(#include <kr/kr.h>\n.*?hello.world.*?)```", README, re.S)[1]
    MAIN = re.search(r"```c\n(#include <kr/test.h>\n.*?)```", README, re.S)[1]

    def file(self, tests, module=HELLO, name="hello_test"):
        return self.build(name, module + tests)

    def test_what_the_page_shows_passes(self):
        self.good(TOOL, "unit", self.file(self.MAIN))

    def test_the_status_is_what_the_tests_answer(self):
        path = self.file("#include <kr/test.h>\nKR_TEST_MAIN(t) { (void)t; return 3; }\n")
        self.assertEqual(run(TOOL, "unit", path).returncode, 3)

    def test_a_module_without_tests_is_told(self):
        done = run(TOOL, "unit", self.file(""))
        self.assertEqual(done.returncode, 2)
        self.assertIn("module 'hello' has no tests: its file does not export kr_test_main", done.stderr)

    def test_what_is_no_module_is_told(self):
        self.assertEqual(run(TOOL, "unit", self.dir / "nosuch.so").returncode, 2)
        text = self.dir / "text.so"
        text.write_text("no module")
        done = run(TOOL, "unit", text)
        self.assertEqual(done.returncode, 2)
        self.assertIn("text.so", done.stderr)

    def test_a_module_that_refuses_to_be_loaded_is_told(self):
        module = self.HELLO.replace("KR_MODULE(", "static kr_status no(kr_module *s, const struct kr_load_args *a, void **o)"
                                    ' { (void)s, (void)o; snprintf(a->error, a->error_size, "not today"); return KR_EFAIL; }\n'
                                    "KR_MODULE(.create = no, ")
        done = run(TOOL, "unit", self.file(self.MAIN, module))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("not today", done.stderr)

    def test_clients_memory_and_time(self):
        """Each client has its protocol and its transaction; a parked call answers later."""
        self.good(TOOL, "unit", self.file(CLIENTS))


if __name__ == "__main__":
    main()
