# SPDX-License-Identifier: BSD-3-Clause
"""tree - where the sources are, what was built of them, and with what to build more."""
import os
import pathlib
import shlex

TESTS = pathlib.Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
BUILD = pathlib.Path(os.environ.get("top_builddir", ROOT)).resolve()
MODULES = pathlib.Path(os.environ.get("KEYRACK_MODULES", BUILD / "modules"))
TOOL = str(BUILD / "keyrack-module")
CC = shlex.split(os.environ.get("CC", "cc"))
# A module of one file, as keyrack.pc has it and with nothing exported by chance.
SHARED = ["-std=c11", "-shared", "-fPIC", "-fvisibility=hidden"]
