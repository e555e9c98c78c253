# SPDX-License-Identifier: BSD-3-Clause
"""grammar - what the random stream may say; one file for each module of the server.

A file registers one function for each command:

    @rule("GETRANGE", weight=2)
    def getrange(g):
        return [g.key(), g.index(), g.index()]

It returns the words after the name.  Most calls should be valid and meet the
few keys that all share (`g.key()`), so that types and states collide; Gen.broken
spoils some of them afterwards, whatever they are.  `compare` is a mode of
compare.py.  Three things are not the stream's to say: an expiry within the
next minutes (it would fall between the two servers), anything that answers
more or less than once, and sizes that make a single call slow.

READERS maps a type's name to the call that reads all of a value, with its mode:
the two data sets are compared with it at the end.
"""
import importlib
import pkgutil
from typing import Callable, NamedTuple

import known

FAR = 4102444800  # 1 January 2100, in seconds: later than the tests


class Rule(NamedTuple):
    name: tuple
    weight: float
    compare: str
    make: Callable
    spoil: object  # False; True; "arguments": but not the first, the key

    def command(self):
        """As COMMAND INFO wants it."""
        return "|".join(word.decode() for word in self.name).lower()


RULES = []
READERS = {}


def rule(name, weight=3, compare="exact", spoil=True):
    def register(make):
        RULES.append(Rule(tuple(name.encode().split()), weight, compare, make, spoil))
        return make
    return register


def reader(type_name, *words, compare="exact"):
    """How to read all of a value of that type; `None` among the words is the key."""
    READERS[type_name.encode()] = (words, compare)


class Gen:
    """Words at random, all from one seeded source."""

    BADNUM = [b"abc", b"", b" 1", b"1 ", b"+1", b"01", b"1e3", b"1.5", b"0x10", b"nan", b"inf",
              b"-0", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808",
              b"-9223372036854775809", b"-1", b"\x00", b"99999999999999999999"]
    JUNK = BADNUM + [b"NX", b"XX", b"GET", b"KEEPTTL", b"EX", b"BYTE", b"BIT", b"k1", b"*", b"\r\n",
                     b"LIMIT", b"COUNT", b"a\x00b"]

    def __init__(self, rng, rules=()):
        self.rng = rng
        # Commands whose replies are the same to the byte, for what carries them within its own.
        self.plain = [r for r in rules if r.compare == "exact" and r.name[0] not in known.BY_COMMAND
                      and not r.make.__module__.endswith((".scripting", ".transactions"))]

    def call(self, r):
        """A call by that rule, as a list of words; now and then a broken one."""
        words = r.make(self)
        if r.spoil and self.chance(0.07):
            kept = words[:1] if r.spoil == "arguments" else []
            words = [*kept, *self.broken(words[len(kept):])]
        return [*r.name, *words]

    def carried(self):
        """A call of another rule's."""
        if not self.plain:
            return [b"GET", self.key()]
        return self.call(self.rng.choices(self.plain, weights=[r.weight for r in self.plain])[0])

    def chance(self, probability):
        return self.rng.random() < probability

    def one(self, *choices):
        return self.rng.choice(choices)

    def key(self):
        return b"k%d" % self.rng.randrange(12)

    def keys(self, most=4):
        return [self.key() for _ in range(self.rng.randint(1, most))]

    def value(self):
        r = self.rng.random()
        if r < 0.35:
            return b"%d" % self.integer()
        if r < 0.45:
            return self.one(b"", b"1.5", b"-0", b"3.0e3", b"9223372036854775807", b"007", b" 5")
        if r < 0.85:
            return bytes(self.rng.choices(b"abcdxyz\x00\xff", k=self.rng.randrange(1, 30)))
        return self.rng.choice([b"x", b"ab", b"\x00\xff"]) * self.one(22, 44, 45, 100, 300)

    def integer(self):
        return self.rng.choice((0, 1, -1, 5, 10, 100, -100, 2**31, 2**63 - 1, -2**63,
                                self.rng.randint(-50, 50), self.rng.randint(-10**6, 10**6)))

    def number(self):
        return b"%d" % self.integer()

    def index(self):
        return b"%d" % self.one(0, 1, -1, 2, -2, 5, -5, 10, -100, 100, 2000,
                                self.rng.randint(-20, 20))

    def size(self):
        """An offset that makes no big value."""
        return b"%d" % self.one(0, 1, 7, 8, 9, 31, 63, 64, self.rng.randrange(600))

    def decimal(self):
        return self.one(b"0", b"1", b"-1", b"1.5", b"-3.25", b"0.1", b"1e5", b"5e-3", b"3.0",
                        b"%.3f" % self.rng.uniform(-1000, 1000))

    def seconds(self):
        """Relative, and either far off or past."""
        return b"%d" % (self.one(0, -1, -1000) if self.chance(0.05)
                        else self.rng.randint(10**5, 10**8))

    def milliseconds(self):
        return b"%d" % (self.one(0, -1, -1000) if self.chance(0.05)
                        else self.rng.randint(10**7, 10**11))

    def at_seconds(self):
        return b"%d" % (self.one(0, 1, -1, 1000000000) if self.chance(0.05)
                        else FAR + self.rng.randint(0, 10**8))

    def at_milliseconds(self):
        return b"%d" % (self.one(0, 1, -1, 10**12) if self.chance(0.05)
                        else FAR * 1000 + self.rng.randint(0, 10**11))

    def pattern(self):
        return self.one(b"*", b"k*", b"k?", b"k[1-5]", b"k[^1]", b"?1", b"k1*", b"\\k1", b"", b"[",
                        b"k[5-1]", b"nothing")

    def case(self, word):
        """A word in some mix of cases."""
        return self.one(word, word, word.lower(), word.capitalize())

    def options(self, *groups, most=3):
        """Some of the option groups, each a list of words or a function that makes one."""
        out = []
        for group in self.rng.sample(groups, self.rng.choice((0, 0, 1, 1, 1, min(2, len(groups)),
                                                              min(most, len(groups))))):
            words = group() if callable(group) else group
            out += [self.case(words[0]), *words[1:]] if words else []
        return out

    def broken(self, words):
        """The same call with one thing wrong with it, mostly."""
        words = [*words]  # list and set may be files of grammar/
        at = self.rng.randrange(len(words)) if words else 0
        kind = self.rng.randrange(5)
        if kind == 0 and words:
            del words[at]
        elif kind == 1:
            words.insert(at, self.rng.choice(self.JUNK))
        elif kind == 2 and words:
            words[at] = self.rng.choice(self.JUNK)
        elif kind == 3 and words:
            words[at] = self.rng.choice(self.BADNUM)
        else:
            words.append(self.rng.choice(self.JUNK))
        return words


def load(only=None):
    """Import every file here, return the rules of those named, or all."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return [r for r in RULES if not only or r.make.__module__.rpartition(".")[2] in only]
