# SPDX-License-Identifier: BSD-3-Clause
"""compare - when are two replies the same?

`exact`, byte for byte, is the rule; the other modes exist for what no server
promises:

    set           the order of elements is free (a map's pairs stay pairs)
    near N        integers, also inside text-free arrays, may differ by up to N;
                  negative ones (-1, -2: no expiry, no key) may not
    shape         the same types and lengths of arrays, any contents
    type          the same type, any contents and any length
    mask REGEX    exact after every match of REGEX in a string became '#'
    lines REGEX   the lines of a text in any order, masked
    ignore        both must answer, nothing else

A reply that is an error is compared exactly in every mode but `ignore`.
"""
import re

import known
from pair import Error
from support import Map, Push, Reply, ReplySet


def same(mode, theirs, ours):
    """Are two outcomes (a Reply, or the word for the lack of one) the same under `mode`?"""
    if isinstance(theirs, str) or isinstance(ours, str):
        return isinstance(theirs, str) and isinstance(ours, str) and theirs == ours
    if theirs.raw == ours.raw or mode == "ignore":
        return True
    if isinstance(theirs.value, Error) and not mode.startswith("mask "):
        return False
    word, _, rest = mode.partition(" ")
    a, b = theirs.value, ours.value
    if word == "exact":
        return False
    if word == "set":
        return type(a) is type(b) and unordered(a) == unordered(b)
    if word == "near":
        return near(a, b, int(rest))
    if word == "shape":
        return shape(a) == shape(b)
    if word == "type":
        return type(a) is type(b)
    if word == "mask":
        pattern = re.compile(rest.encode())
        return masked(a, pattern) == masked(b, pattern, newer=known.NEWER_FIELDS)
    if word == "lines":
        pattern = re.compile(rest.encode())
        return type(a) is type(b) and sorted(pattern.sub(b"#", line) for line in a.split(b"\r\n")) \
            == sorted(pattern.sub(b"#", line) for line in b.split(b"\r\n"))
    raise ValueError(f"no such mode: {mode}")


def unordered(value):
    """A value equal for two replies with the same elements in any order."""
    if isinstance(value, Map):
        return sorted((repr(k), repr(unordered(v))) for k, v in value)
    if isinstance(value, list):
        return sorted(repr(unordered(item)) for item in value)
    return value


def near(a, b, tolerance):
    if isinstance(a, bool) or isinstance(b, bool) or type(a) is not type(b):
        return a is b
    if isinstance(a, int):
        return a == b or (a >= 0 and b >= 0 and abs(a - b) <= tolerance)
    if isinstance(a, Map):
        return len(a) == len(b) and all(k == l and near(v, w, tolerance)
                                        for (k, v), (l, w) in zip(a, b))
    if isinstance(a, list):
        return len(a) == len(b) and all(near(x, y, tolerance) for x, y in zip(a, b))
    return a == b


def shape(value):
    if isinstance(value, Map):
        return Map, [(k, shape(v)) for k, v in value]
    if isinstance(value, (list, ReplySet, Push)):
        return type(value), [shape(item) for item in value]
    return type(value)


def masked(value, pattern, newer=None):
    """The value with "#" for what the pattern matches, and without what `newer` matches."""
    if isinstance(value, Map):
        return Map, [(masked(k, pattern, newer), masked(v, pattern, newer)) for k, v in value]
    if isinstance(value, list):
        return type(value), [masked(item, pattern, newer) for item in value]
    if isinstance(value, bytes):
        return type(value), pattern.sub(b"#", newer.sub(b"", value) if newer else value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int, pattern.sub(b"#", b"%d" % value)
    return type(value), value


def show(outcome, limit=700):
    """An outcome for a human eye."""
    text = outcome if isinstance(outcome, str) else repr(outcome.raw)[1:]
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


def first_difference(theirs, ours):
    """Where two long replies part, in words, or ''."""
    if not (isinstance(theirs, Reply) and isinstance(ours, Reply)):
        return ""
    a, b = theirs.raw, ours.raw
    if max(len(a), len(b)) < 200:
        return ""
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    window = slice(max(0, at - 40), at + 60)
    return f"at byte {at}: theirs {a[window]!r}, ours {b[window]!r}"
