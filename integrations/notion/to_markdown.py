"""From Notion's blocks to Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.notion.richtext import as_markdown, plain_text

Json = dict[str, Any]
HEADINGS = {"heading_1": "#", "heading_2": "##", "heading_3": "###", "heading_4": "####"}
ITEMS = frozenset({"bulleted_list_item", "numbered_list_item", "to_do", "toggle"})
TRANSPARENT = frozenset({"column_list", "column", "synced_block", "template", "tab"})
LINKS = frozenset({"bookmark", "embed", "link_preview"})
FILES = frozenset({"video", "audio", "file", "pdf"})
OTHER_PAGES = frozenset({"child_page", "child_database"})
"""Blocks whose children are other pages: they are linked, not read."""


@dataclass(frozen=True)
class Block:
    """A block with the blocks in it."""

    id: str
    type: str
    data: Json
    children: tuple[Block, ...] = ()

    @property
    def runs(self) -> list[Json]:
        """Its rich text."""
        return list(self.data.get("rich_text") or ())


def to_markdown(blocks: Sequence[Block]) -> str:
    """The blocks as Markdown; what has no form there (tables of contents, breadcrumbs) is left out."""
    parts: list[str] = []
    number = 0
    last = ""
    for block in _seen_through(blocks):
        number = number + 1 if block.type == "numbered_list_item" else 0
        shown = _block(block, number)
        if shown:
            tight = bool(parts) and block.type in ITEMS and block.type == last
            parts.append(("\n" if tight else "\n\n") + shown if parts else shown)
            last = block.type
    return "".join(parts)


def _seen_through(blocks: Iterable[Block]) -> Iterable[Block]:
    for block in blocks:
        if block.type in TRANSPARENT:
            yield from _seen_through(block.children)
        else:
            yield block


def _block(block: Block, number: int) -> str:
    text = as_markdown(block.runs)
    if block.type in ITEMS:
        return _item(block, text, number)
    if block.type in HEADINGS:
        return _above(f"{HEADINGS[block.type]} {' '.join(text.split())}", block)
    if block.type in LINKS or block.type in FILES:
        return _link(block)
    if block.type in OTHER_PAGES:
        return f"[{_escaped(block.data.get('title') or 'Untitled')}](https://www.notion.so/{block.id.replace('-', '')})"
    render = RENDERERS.get(block.type)
    return render(block, text) if render else _above(text, block)


def _item(block: Block, text: str, number: int) -> str:
    if block.type == "to_do":
        mark = f"- [{'x' if block.data.get('checked') else ' '}] "
    else:
        mark = f"{number}. " if block.type == "numbered_list_item" else "- "
    indent = " " * (2 if mark.startswith("-") else len(mark))
    first = mark + text.replace("\n", f"  \n{indent}")
    if not block.children:
        return first
    gap = "\n" if block.children[0].type in ITEMS else "\n\n"
    return first + gap + _indented(to_markdown(block.children), indent)


def _above(text: str, block: Block) -> str:
    inside = to_markdown(block.children)
    return "\n\n".join(part for part in (text.replace("\n", "  \n"), inside) if part.strip())


def _quote(block: Block, text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in _above(text, block).split("\n"))


def _callout(block: Block, text: str) -> str:
    icon = block.data.get("icon") or {}
    sign = f"{icon['emoji']} " if icon.get("emoji") else ""
    return _quote(block, sign + text)


def _code(block: Block, _: str) -> str:
    code = plain_text(block.runs)
    fence = "`" * max(3, max((len(ticks) for ticks in re.findall(r"`+", code)), default=0) + 1)
    language = str(block.data.get("language") or "").replace("plain text", "").replace(" ", "-")
    return f"{fence}{language}\n{code}\n{fence}"


def _table(block: Block, _: str) -> str:
    rows = [[_cell(cell) for cell in row.data.get("cells") or ()] for row in block.children]
    if not rows:
        return ""
    if not block.data.get("has_column_header"):
        rows.insert(0, ["" for _ in rows[0]])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], f"|{' --- |' * len(rows[0])}", *lines[1:]])


def _cell(runs: Iterable[Json]) -> str:
    return " ".join(as_markdown(runs).replace("|", "\\|").split())


def _image(block: Block, _: str) -> str:
    alt = " ".join(plain_text(block.data.get("caption") or ()).split())
    return f"![{_escaped(alt)}]({_address(block.data)})"


def _link(block: Block) -> str:
    address = block.data.get("url") or _address(block.data)
    words = plain_text(block.data.get("caption") or ()) or block.data.get("name") or address
    return f"[{_escaped(str(words))}]({address})" if address else ""


def _address(data: Json) -> str:
    return str((data.get(data.get("type", "")) or {}).get("url", ""))


def _escaped(text: str) -> str:
    return re.sub(r"([\\\[\]])", r"\\\1", text)


def _indented(text: str, indent: str) -> str:
    return "\n".join(indent + line if line else line for line in text.split("\n"))


RENDERERS: dict[str, Callable[[Block, str], str]] = {
    "quote": _quote,
    "callout": _callout,
    "code": _code,
    "table": _table,
    "image": _image,
    "divider": lambda _block, _text: "---",
    "equation": lambda block, _text: f"$$\n{block.data.get('expression', '')}\n$$",
}
