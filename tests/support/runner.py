# SPDX-License-Identifier: BSD-3-Clause
"""runner - unittest whose output reads as claims.

A test's method name is a sentence with underscores; it is printed as one, with
ok, FAIL or skip and its time.  The last line is `N passed, N failed`, with
`, N skipped` where there were any, and the exit status follows it.  Arguments
`-k WORD` select by name.
"""
import os
import sys
import time
import unittest

from .server import Server, keyrack_path


class WithServer(unittest.TestCase):
    """Tests that share one server, started with the class's `arguments` and flushed for each."""
    arguments = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.arguments).__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def setUp(self):
        self.server.call("FLUSHALL")


class Sentences(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.passed = 0
        self.subfailed = set()

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def _line(self, word, test, note=""):
        name = getattr(test, "_testMethodName", str(test))
        sentence = name.removeprefix("test_").replace("_", " ")
        took = time.monotonic() - getattr(self, "began", time.monotonic())
        print(f"{word:4} {sentence} ({took:.2f}s){note}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        if test.id() not in self.subfailed:
            self.passed += 1
            self._line("ok", test)

    def _broke(self, test, error):
        self._line("FAIL", test)
        print(self._exc_info_to_string(error, test), flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._broke(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._broke(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.subfailed.add(test.id())
            self._line("FAIL", test, f" {subtest._subDescription()}")
            print(self._exc_info_to_string(err, test), flush=True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line("skip", test, f": {reason}")


def wait_for(condition, within=10.0):
    """Wait until the condition holds; what it is then, or once the time is over."""
    until = time.monotonic() + within
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def main(module="__main__"):
    require_server()
    loader = unittest.TestLoader()
    if "-k" in sys.argv:
        words = [sys.argv[i + 1] for i, word in enumerate(sys.argv[:-1]) if word == "-k"]
        loader.testNamePatterns = [f"*{word.replace(' ', '_')}*" for word in words]
    result = Sentences()
    loader.loadTestsFromModule(sys.modules[module]).run(result)
    failed = len(result.failures) + len(result.errors)
    print(summary(result.passed, failed, len(result.skipped)))
    sys.exit(1 if failed or not result.passed and not result.skipped else 0)


def require_server():
    """Without a server to test, say so once and end, failed."""
    if not os.access(keyrack_path(), os.X_OK):
        print(f"no server at {keyrack_path()}: build it, or set KEYRACK_SERVER")
        print(summary(0, 1))
        sys.exit(1)


def summary(passed, failed, skipped=0):
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")
