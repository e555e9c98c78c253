#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""tidy - tests of the tree itself: who may include whom, and the house's habits.

    tidy.py            in a build directory, or anywhere in the source tree
    tidy.py -k WORD    only the rules whose name has WORD

One rule, one function below, its docstring is the claim; it yields a line for
each offence.  A rule that cannot be tried here (no clang-format 14, no C++
compiler, nothing built) says so and does not count.
"""
import argparse
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(os.environ.get("top_srcdir") or pathlib.Path(__file__).resolve().parents[1])
BUILD = pathlib.Path(os.environ.get("top_builddir") or os.getcwd())
WINGS = ("api", "core", "modules", "scripts", "sdk", "tests")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


class Skip(Exception):
    """This rule cannot be tried here."""


def files(*folders, suffixes=(".c", ".h")):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            # The files of a template are no C yet.
            hidden = any(part.startswith(".") or part == "template"
                         for part in path.relative_to(ROOT).parts)
            if path.suffix in suffixes and path.is_file() and not hidden:
                yield path


def name(path):
    return str(path.relative_to(ROOT))


def includes(path):
    """(line number, kind of quote, what) for each include of a file."""
    text = path.read_text()
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start(2)) + 1, match[1], match[2]


# --- Dependencies point one way: modules -> api <- core -------------------------

def api_includes_only_itself():
    """A header of api/ includes <kr/...> and system headers."""
    for path in files("api"):
        for line, quote, what in includes(path):
            if quote == '"':
                yield f'{name(path)}:{line}: "{what}" must be <kr/...>'
            elif what.startswith("kr/") and not (ROOT / "api" / what).is_file():
                yield f"{name(path)}:{line}: <{what}> is not in api/"


def core_includes_no_module():
    """A file of core/ includes "core/...", "config.h", <kr/...> and libraries."""
    for path in files("core"):
        for line, quote, what in includes(path):
            if quote == "<" and "/" in what and what.split("/")[0] in WINGS:
                yield f"{name(path)}:{line}: <{what}> must be in quotes"
            if quote == '"' and what != "config.h" and not what.startswith("core/"):
                yield f'{name(path)}:{line}: "{what}" is neither core/ nor config.h'


def modules_include_no_core():
    """A file of modules/NAME/ includes its own folder, the structures that modules share,
    <kr/...> and libraries."""
    shared = [(ROOT / "modules" / folder).resolve() for folder in ("compact", "lua", "structure")]
    for path in files("modules"):
        home = ROOT / "modules" / path.relative_to(ROOT / "modules").parts[0]
        for line, quote, what in includes(path):
            where = (path.parent / what).resolve()
            fine = [home.resolve(), *shared]
            if quote == '"' and not (where.is_file() and any(map(where.is_relative_to, fine))):
                yield f'{name(path)}:{line}: "{what}" is not in {name(home)}/'
            if quote == "<" and what.split("/")[0] in WINGS:
                yield f"{name(path)}:{line}: <{what}> is not for modules"


def used_interfaces_are_imported():
    """What a module KR_USES is in its import table: else its pointer stays NULL."""
    for path in files("modules", "sdk", "tests/abi", suffixes=(".c",)):
        text = path.read_text()
        used = set(re.findall(r"^KR_USES\((\w+)\)", text, re.M))
        imported = set(re.findall(r"\bKR_(?:NEED|WANT|NEED_UPTO)\((\w+)", text))
        if imported:
            for interface in sorted(used - imported):
                yield f"{name(path)}: {interface} is used and not imported"


def headers_compile(compiler, standard, suffix):
    for path in files("api", suffixes=(".h",)):
        what = path.relative_to(ROOT / "api")
        command = [*shlex.split(compiler), f"-std={standard}", "-pedantic", "-Wall", "-Wextra",
                   "-Werror", "-fsyntax-only", f"-I{ROOT / 'api'}", f"-x{suffix}", "-"]
        run = subprocess.run(command, input=f"#include <{what}>\nint unit_is_not_empty;\n",
                             capture_output=True, text=True)
        if run.returncode:
            first = next((line for line in run.stderr.splitlines() if "error" in line), run.stderr)
            yield f"{name(path)}: {first}"


def headers_are_c11():
    """Each header of api/ compiles alone as C11 with -pedantic."""
    compiler = os.environ.get("CC") or shutil.which("cc")
    if not compiler:
        raise Skip("no C compiler")
    return headers_compile(compiler, "c11", "c")


def headers_are_cxx17():
    """Each header of api/ compiles alone as C++17 with -pedantic."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    if not compiler:
        raise Skip("no C++ compiler")
    return headers_compile(compiler, "c++17", "c++")


# --- What is built ---------------------------------------------------------------

def sources_are_in_the_build():
    """Each .c file is named in a build fragment."""
    fragments = [ROOT / "Makefile.am", *files(*WINGS, suffixes=(".am",))]
    listed = set()
    for fragment in fragments:
        listed.update(re.findall(r"[\w./-]+\.c\b", fragment.read_text()))
    for path in files("core", "modules", "sdk", "tests/unit", "tests/fuzz", "tests/bench",
                      suffixes=(".c",)):
        if name(path) not in listed:
            yield f"{name(path)}: no .am names it"


def headers_are_installed():
    """Each header of api/ is named in api.am."""
    listed = (ROOT / "api/api.am").read_text().split()
    for path in files("api", suffixes=(".h",)):
        if name(path) not in listed:
            yield f"{name(path)}: api/api.am does not name it"


def suites_run():
    """Each suite of tests/unit/ has its line in suites.h, in order, or is called by its host."""
    listed = re.findall(r"^SUITE\((\w+)\)", (ROOT / "tests/unit/suites.h").read_text(), re.M)
    if listed != sorted(listed):
        yield "tests/unit/suites.h: not in the order of the alphabet"
    hosted = {suite for path in files("tests/unit/hosted", suffixes=(".c",))
              for suite in re.findall(r"add_suite\(runner, (\w+)_suite\(\)\)", path.read_text())}
    for path in files("tests/unit", suffixes=(".c",)):
        for suite in re.findall(r"^Suite \*(\w+)_suite\(", path.read_text(), re.M):
            if suite not in (hosted if path.parent.name == "hosted" else listed):
                yield f"{name(path)}: suites.h has no SUITE({suite}), or its folder's host does not add it"


# What a unit test cannot be about, and who is.
NOT_UNITS = {
    "core/main.c": "one call of server.c",
    "core/module/module.c": "one variable",
    "core/log/crash.c": "its end is the process's: test_isolation.py",
    "core/server/program.c": "links that are tools: test_checkers.py",
    "core/server/server.c": "the order of all wings: every integration test",
    "core/server/witness.c": "what it saw is in crash reports: test_isolation.py",
    "core/version/version.c": "one constant that the build writes",
}


def core_files_have_unit_tests():
    """Each .c file of core/ has its check_NAME.c, or one that includes its header or names it."""
    said, names = set(), set()
    for path in files("tests/unit"):
        said.update(re.findall(r"core/[\w/]+\.[ch]\b", path.read_text()))
        names.add(path.name)
    for path in files("core", suffixes=(".c",)):
        tested = (name(path) in said or str(name(path.with_suffix(".h"))) in said or
                  f"check_{path.stem}.c" in names)
        if tested == (name(path) in NOT_UNITS):
            yield f"{name(path)}: {'it has one: strike it from NOT_UNITS' if tested else 'none'}"


# The wings of core/, the ground first.
FLOORS = ("version clock memory log text files resp module event loop codec keyspace net dispatch info config rack "
         "server").split()


def wings_look_down():
    """A wing of core/ includes headers of its own and of those below it in FLOORS, never of those above."""
    for path in files("core", suffixes=(".c", ".h")):
        if path.parent.name == "core":
            continue
        if path.parent.name not in FLOORS:
            yield f"{name(path)}: FLOORS has no place for it"
            continue
        height = FLOORS.index(path.parent.name)
        for wing, header in re.findall(r'^#include "core/(\w+)/([\w.]+)"', path.read_text(), re.M):
            if FLOORS.index(wing) > height:
                yield f"{name(path)}: includes core/{wing}/{header}, which stands above it"


def modules_export_one_symbol():
    """A built module has one exported symbol: its descriptor."""
    if os.environ.get("KEYRACK_SANITIZED"):
        raise Skip("a sanitizer exports symbols of its own")
    objects = sorted((BUILD / "modules").glob("*.so"))
    if not objects:
        raise Skip("no module is built here")
    for path in objects:
        run = subprocess.run([os.environ.get("NM") or "nm", "-D", "--defined-only", str(path)],
                             capture_output=True, text=True, check=True)
        symbols = [line.split()[-1] for line in run.stdout.splitlines()]
        if len(symbols) != 1:
            yield f"{path}: exports {len(symbols)}: {' '.join(symbols[:8])}"


# --- Habits ----------------------------------------------------------------------

def licence_is_named():
    """Each source says its licence in its first line (the second after #!)."""
    suffixes = (".c", ".h", ".am", ".ac", ".py", ".lua", ".sh", ".hpp", ".cc")
    sources = {ROOT / "Makefile.am", ROOT / "configure.ac", ROOT / "autogen.sh", ROOT / ".ci/run",
               *files(*WINGS, suffixes=suffixes)}
    for path in sorted(sources):
        with path.open() as file:
            first = file.readline()
            if first.startswith("#!"):
                first = file.readline()
        if "SPDX-License-Identifier: BSD-3-Clause" not in first:
            yield f"{name(path)}: no SPDX line at its top"


def names_say_something():
    """No file is called util, misc or common."""
    empty = re.compile(r"(^|[_-])(utils?|misc|common)([_-]|$)", re.I)
    for path in files(*WINGS, suffixes=(".c", ".h", ".am", ".py", ".lua")):
        if any(empty.search(pathlib.Path(part).stem) for part in path.relative_to(ROOT).parts):
            yield name(path)


def formatting_is_the_tools():
    """clang-format 14 would change nothing (make format)."""
    for tool in ("clang-format-14", "clang-format"):
        if shutil.which(tool) and " version 14." in subprocess.run(
                [tool, "--version"], capture_output=True, text=True).stdout:
            break
    else:
        raise Skip("no clang-format 14")
    for path in files("api", "core", "modules", "sdk", "tests"):
        if path.is_relative_to(ROOT / "tests/abi/released"):
            continue  # whatever the format becomes, these stay
        run = subprocess.run([tool, "--style=file", str(path)], capture_output=True, text=True)
        if run.stdout != path.read_text():
            yield name(path)


RULES = (api_includes_only_itself, core_includes_no_module, modules_include_no_core,
         used_interfaces_are_imported,
         headers_are_c11, headers_are_cxx17, sources_are_in_the_build, headers_are_installed,
         suites_run, core_files_have_unit_tests, wings_look_down, modules_export_one_symbol, licence_is_named,
         names_say_something, formatting_is_the_tools)


def main():
    options = argparse.ArgumentParser(description="tests of the tree itself")
    options.add_argument("-k", metavar="WORD", default="")
    word = options.parse_args().k
    passed = failed = 0
    for rule in RULES:
        if word not in rule.__name__:
            continue
        try:
            offences = list(rule())
        except Skip as reason:
            print(f"skipped {rule.__name__}: {reason}")
            continue
        print("FAILED " if offences else "ok     ", rule.__name__)
        if offences:
            failed += 1
            print(f"    {rule.__doc__}")
            print("".join(f"    {line}\n" for line in offences), end="")
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
