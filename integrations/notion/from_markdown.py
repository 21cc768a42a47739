"""From Markdown to Notion's blocks, in portions that one request may hold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from integrations.notion.richtext import LINKABLE, MOST_RUNS, RUN_LENGTH, rich_text, run_of

Json = dict[str, Any]
MOST_BLOCKS = 100
MOST_BYTES = 400_000
"""Notion refuses requests of more than 500 kB."""
DEEPEST = 2
"""How many levels below the page's own blocks one request may bring."""
TASK = re.compile(r"^\[([ xX])\]\s+")
LANGUAGES = frozenset(
    re.findall(
        r"\S+",
        """bash c c# c++ clojure css dart diff docker elixir erlang f# go graphql groovy haskell html java javascript
        json julia kotlin latex less lisp lua makefile markdown matlab mermaid nix objective-c ocaml pascal perl php
        powershell prolog protobuf python r ruby rust sass scala scheme scss shell sql swift typescript xml yaml""",
    )
)
ALIASES = {"py": "python", "js": "javascript", "ts": "typescript", "sh": "shell", "yml": "yaml", "dockerfile": "docker"}
MARKS = {"strong": "bold", "em": "italic", "s": "strikethrough"}

_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def portions(markdown: str) -> Iterator[list[Json]]:
    """The blocks of `markdown`, as many at a time as one request may bring."""
    portion: list[Json] = []
    size = 0
    for block in _blocks(SyntaxTreeNode(_markdown.parse(markdown)).children, 0):
        weight = len(json.dumps(block, ensure_ascii=False).encode())
        if portion and (len(portion) == MOST_BLOCKS or size + weight > MOST_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(block)
        size += weight
    if portion:
        yield portion


def _blocks(nodes: Sequence[SyntaxTreeNode], depth: int) -> Iterator[Json]:
    for node in nodes:
        yield from BUILDERS[node.type](node, depth) if node.type in BUILDERS else ()


def _paragraph(node: SyntaxTreeNode, _depth: int) -> Iterator[Json]:
    inline = node.children[0]
    if len(inline.children) == 1 and inline.children[0].type == "image":
        source = str(inline.children[0].attrs.get("src", ""))
        if LINKABLE.match(source) and not source.startswith("mailto:"):
            caption = rich_text(inline.children[0].content)
            yield {"type": "image", "image": {"type": "external", "external": {"url": source}, "caption": caption}}
            return
    yield from _texts("paragraph", _runs(inline))


def _heading(node: SyntaxTreeNode, _depth: int) -> Iterator[Json]:
    yield from _texts(f"heading_{min(int(node.tag[1]), 3)}", _runs(node.children[0]))


def _list(node: SyntaxTreeNode, depth: int) -> Iterator[Json]:
    kind = "bulleted_list_item" if node.type == "bullet_list" else "numbered_list_item"
    for item in node.children:
        yield from _with_text(kind, item, depth)


def _quote(node: SyntaxTreeNode, depth: int) -> Iterator[Json]:
    yield from _with_text("quote", node, depth)


def _with_text(kind: str, node: SyntaxTreeNode, depth: int) -> Iterator[Json]:
    """A block whose first paragraph is its text; what follows is inside it, as deep as Notion allows."""
    rest = list(node.children)
    runs = _runs(rest.pop(0).children[0]) if rest and rest[0].type == "paragraph" else []
    task = TASK.match(runs[0]["text"]["content"]) if runs and kind == "bulleted_list_item" else None
    extra: Json = {}
    if task:
        runs[0]["text"]["content"] = runs[0]["text"]["content"][task.end() :]
        kind, extra = "to_do", {"checked": task[1] != " "}
    inside = list(_blocks(rest, depth + 1))
    fits = depth < DEEPEST and not any(block["type"] == "table" and depth + 1 == DEEPEST for block in inside)
    own, beside = (inside[:MOST_BLOCKS], inside[MOST_BLOCKS:]) if fits else ([], inside)
    head, *more = _texts(kind, runs) or [{"type": kind, kind: {"rich_text": []}}]
    head[kind] |= {**extra, **({"children": own} if own else {})}
    yield from (head, *more, *beside)


def _code(node: SyntaxTreeNode, _depth: int) -> Iterator[Json]:
    word = (node.info or "").split(" ")[0].lower()
    language = ALIASES.get(word, word)
    for block in _texts("code", _cut(node.content.rstrip("\n"), {}, None)):
        block["code"]["language"] = language if language in LANGUAGES else "plain text"
        yield block


def _table(node: SyntaxTreeNode, _depth: int) -> Iterator[Json]:
    rows = [row for part in node.children for row in part.children]
    cells = [[_runs(cell.children[0])[:MOST_RUNS] for cell in row.children] for row in rows]
    head, body = cells[0], cells[1:]
    for start in range(0, max(len(body), 1), MOST_BLOCKS - 1):
        lines = [head, *body[start : start + MOST_BLOCKS - 1]]
        held = [{"type": "table_row", "table_row": {"cells": line}} for line in lines]
        table = {"table_width": len(head), "has_column_header": True, "has_row_header": False, "children": held}
        yield {"type": "table", "table": table}


def _divider(_node: SyntaxTreeNode, _depth: int) -> Iterator[Json]:
    yield {"type": "divider", "divider": {}}


def _texts(kind: str, runs: list[Json]) -> list[Json]:
    """Blocks of one kind that hold all runs; more than one when there are too many."""
    parts = [runs[start : start + MOST_RUNS] for start in range(0, len(runs), MOST_RUNS)]
    return [{"type": kind, kind: {"rich_text": part}} for part in parts]


def _runs(node: SyntaxTreeNode, marks: frozenset[str] = frozenset(), link: str | None = None) -> list[Json]:
    runs: list[Json] = []
    for child in node.children:
        if child.type in MARKS:
            runs += _runs(child, marks | {MARKS[child.type]}, link)
        elif child.type == "link":
            runs += _runs(child, marks, str(child.attrs.get("href", "")))
        elif child.type == "image":
            runs += _cut(child.content or "image", dict.fromkeys(marks, True), str(child.attrs.get("src", "")))
        elif child.type == "code_inline":
            runs += _cut(child.content, dict.fromkeys(marks | {"code"}, True), link)
        else:
            words = {"softbreak": " ", "hardbreak": "\n"}.get(child.type, child.content)
            runs += _cut(words, dict.fromkeys(marks, True), link)
    return runs


def _cut(words: str, annotations: dict[str, bool], link: str | None) -> list[Json]:
    pieces = (words[start : start + RUN_LENGTH] for start in range(0, len(words), RUN_LENGTH))
    return [run_of(piece, annotations, link) for piece in pieces]


BUILDERS: dict[str, Callable[[SyntaxTreeNode, int], Iterator[Json]]] = {
    "paragraph": _paragraph,
    "heading": _heading,
    "bullet_list": _list,
    "ordered_list": _list,
    "blockquote": _quote,
    "fence": _code,
    "code_block": _code,
    "table": _table,
    "hr": _divider,
}
