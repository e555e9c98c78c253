#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""api-docs - one page with every function of api/kr/*.h, from the comments above them.

    api-docs.py [API] > api.html     the page (`make docs` writes doc/api.html)
    api-docs.py --lacking [API]      functions and structs without a comment, one a line

It knows the house's way of writing and no more of C: a comment stands above what it is about, or
behind it on the same line; members that follow without an empty line, and without a comment of
their own, share the one above (a function and its reverse, a setter and its getter).
"""
import html
import pathlib
import re
import sys
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[1]
COMMENT = re.compile(r"/\*(.*?)\*/", re.S)
POINTER = re.compile(r"\(\*(\w+)\)\(")
INLINE = re.compile(r"^(?:KR_PRINTF\([^)]*\)\s+)?static inline\b[^{;]*?\b(\w+)\(", re.S)


class Item(NamedTuple):
    kind: str     # function, inline, struct, type, constant, macro
    name: str
    code: str     # as it is declared, without bodies and comments
    comment: str
    members: tuple = ()


def words(comment):
    """The text of a comment, without its frame."""
    lines = [re.sub(r"^\s*\* ?", "", line) for line in comment.strip().splitlines()]
    return "\n".join(line.rstrip() for line in lines).strip()


def tokens(text):
    """(kind, text) of what stands in a header: comment, blank, or code up to its end."""
    at = 0
    while at < len(text):
        found = re.match(r"[ \t]*\n", text[at:])
        if found:
            yield "blank", ""
            at += found.end()
            continue
        found = re.match(r"[ \t]*", text[at:])
        at += found.end()
        found = COMMENT.match(text, at)
        if found:
            yield "comment", words(found[1])
            at = found.end()
            at += 1 if text[at:at + 1] == "\n" else 0
            continue
        if text[at] == "#":
            found = re.compile(r"(?:[^\n\\]|\\\n|\\.)*\n?").match(text, at)
            body = found[0].rstrip()
            comment = COMMENT.search(body)
            yield "code", COMMENT.sub("", body).rstrip()
            if comment:
                yield "behind", words(comment[1])
            at = found.end()
            continue
        end, depth = at, 0
        while end < len(text):
            if text.startswith("/*", end):
                end = text.index("*/", end) + 2
                continue
            depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(text[end], 0)
            if depth == 0 and text[end] in ";}" and not re.match(r"\s*[\w*]*\s*;", text[end + 1:]):
                break
            if depth == 0 and text[end] == ";":
                break
            end += 1
        yield "code", text[at:end + 1]
        at = end + 1
        found = re.match(r"[ \t]*/\*(.*?)\*/", text[at:], re.S)
        if found and "\n" not in text[at:at + found.start(1)]:
            yield "behind", words(found[1])
            at += found.end()
        found = re.match(r"[ \t]*\n", text[at:])
        at += found.end() if found else 0


def members(body):
    """The functions of a struct: Items."""
    out, shared = [], ""
    for kind, text in tokens(body):
        if kind == "blank":
            shared = ""
        elif kind == "comment":
            shared = "" if text.startswith("---") else text
        elif kind == "behind" and out:
            out[-1] = out[-1]._replace(comment="\n".join(filter(None, (
                out[-1].comment if out[-1].comment != shared else shared, text))))
        elif kind == "code":
            inner = [words(found[1]) for found in COMMENT.finditer(text)]
            code = re.sub(r"\s+", " ", COMMENT.sub("", text)).strip()
            name = POINTER.search(code)
            comment = "\n".join(filter(None, (shared, *inner)))
            if name:
                out.append(Item("function", name[1], code, comment))
            else:
                last = re.search(r"(\w+)(?:\[.*\])?(?:\s*:.*)?;$", code)
                out.append(Item("member", last[1] if last else "", code, comment))
    return tuple(out)


def item(code, comment):
    plain = COMMENT.sub("", code)
    found = re.match(r"struct (\w+) (?:__attribute__\(\(.*?\)\) )?\{(.*)\}[^}]*;$", code, re.S)
    if found:
        return Item("struct", found[1], "", comment, members(found[2]))
    found = INLINE.match(plain)
    if found:
        head = re.sub(r"\s+", " ", plain[:plain.index("{")]).strip()
        return Item("inline", found[1], head.replace("static inline ", "") + ";", comment)
    found = re.match(r"typedef\b.*?(?:\(\*(\w+)\)\(|(\w+);$)", plain, re.S)
    if found:
        return Item("type", found[1] or found[2], re.sub(r"\s+", " ", plain).strip(), comment)
    found = re.match(r"#define (KR_\w+)(\()?", plain)
    if found and not found[1].endswith("_H"):
        return Item("macro" if found[2] else "constant", found[1], plain.strip(), comment)
    return None


def header(path):
    """(title, introduction, interface id or None, items)"""
    text = path.read_text()
    text = re.sub(r'#ifdef __cplusplus\n.*?#endif\n', "", text, flags=re.S)
    intro, shared, items, interface = "", "", [], {}
    for kind, piece in tokens(text):
        if kind == "blank":
            shared = ""
        elif kind == "comment" and piece.startswith("SPDX"):
            continue
        elif kind == "comment" and not intro:
            intro = piece
        elif kind == "comment":
            shared = "" if piece.startswith("---") else piece
        elif kind == "behind" and items:
            items[-1] = items[-1]._replace(comment="\n".join(filter(None, (items[-1].comment, piece))))
        elif kind == "code":
            found = re.match(r'KR_INTERFACE\((\w+), "(.*)"\)', piece)
            if found:
                interface[found[1]] = found[2]
            made = item(piece, shared)
            if made:
                items.append(made)
    title = intro.split("\n")[0]
    return title, intro, interface, items


def headers(api):
    for path in sorted((api / "kr").glob("*.h")):
        if path.name != "kr.h":
            yield path, header(path)


def lacking(api):
    for path, (_, intro, _, items) in headers(api):
        if not intro:
            yield f"{path.name}: it does not say what it is"
        for one in items:
            if one.kind in ("inline", "struct") and not one.comment:
                if one.kind == "inline" or not any(m.comment for m in one.members):
                    yield f"{path.name}: {one.name}"
            for member in one.members:
                if member.kind == "function" and not member.comment:
                    yield f"{path.name}: {one.name}.{member.name}"


# --- The page -------------------------------------------------------------------

STYLE = """body{font:16px/1.5 serif;max-width:52em;margin:2em auto;padding:0 1em}
code,pre{font:14px/1.4 monospace}pre{background:#f4f4f0;padding:.6em;overflow-x:auto;white-space:pre-wrap}
h2{border-top:1px solid #999;padding-top:1em}dt{margin-top:1em}dd p{margin:.3em 0}
.mark{font:12px sans-serif;background:#e8e8e0;padding:0 .4em}nav{columns:4}"""
MARKS = re.compile(r"\[(main|any|child)\]")


def paragraphs(comment):
    out = []
    for part in re.split(r"\n\s*\n", comment):
        drawn = re.search(r"(?m)^ {2,}\S", part)
        text = html.escape(part, quote=False)
        out.append(f"<pre>{text}</pre>" if drawn else f"<p>{text}</p>")
    return "".join(out)


def entry(prefix, one):
    marks = "".join(f' <span class="mark">{mark}</span>' for mark in
                    dict.fromkeys(MARKS.findall(one.comment)) or (
                        ["main"] if one.kind in ("function", "inline") else []))
    return (f'<dt id="{prefix}{one.name}"><code>{html.escape(one.code, quote=False)}</code>{marks}</dt>'
            f"<dd>{paragraphs(one.comment)}</dd>")


def page(api):
    all_headers = list(headers(api))
    out = ["<!doctype html><html lang=en><meta charset=utf-8><title>Keyrack: the headers</title>",
           f"<style>{STYLE}</style><h1>What a module may call</h1>",
           "<p>From the comments of <code>api/kr/*.h</code>. The mark behind a function is the thread "
           "it may be called on: <i>main</i>, where commands run; <i>any</i>; or also in a forked "
           "<i>child</i>.</p><nav>"]
    out += [f'<a href="#{path.stem}">{path.name}</a><br>' for path, _ in all_headers]
    out.append("</nav>")
    for path, (title, intro, interface, items) in all_headers:
        out.append(f'<h2 id="{path.stem}">&lt;kr/{path.name}&gt;</h2>' + paragraphs(intro))
        for one in items:
            if one.kind == "struct":
                id_ = f" &middot; <code>{interface[one.name]}</code>" if one.name in interface else ""
                out.append(f'<h3 id="{one.name}">struct {one.name}{id_}</h3>{paragraphs(one.comment)}<dl>')
                out += [entry(one.name + ".", member) for member in one.members]
                out.append("</dl>")
            elif one.comment or one.kind != "constant":
                out.append(f"<dl>{entry('', one)}</dl>")
    return "\n".join(out) + "\n</html>\n"


def main():
    words_ = [word for word in sys.argv[1:] if word != "--lacking"]
    api = pathlib.Path(words_[0]) if words_ else ROOT / "api"
    if "--lacking" in sys.argv:
        lines = list(lacking(api))
        print("".join(line + "\n" for line in lines), end="")
        return 1 if lines else 0
    sys.stdout.write(page(api))
    return 0


if __name__ == "__main__":
    sys.exit(main())
