"""What is to be approved, or what came out, as text for people: any JSON, complete and in order."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.slack.mrkdwn import BACKQUOTE, from_markdown, line, prose

Json = Any
DEEP = 4
"""Below so many levels a value is shown as JSON."""
NOTHING = "none"
SHORT = 120
"""Texts up to here stand beside their name."""
_BINARY = re.compile(r"(?:data:[\w.+-]{1,60}/[\w.+-]{1,60};base64,)?([A-Za-z0-9+/]{40,}={0,2})")
_MAGIC = {
    b"\x89PNG": "PNG image", b"\xff\xd8\xff": "JPEG image", b"GIF8": "GIF image", b"RIFF": "image or sound",
    b"II*\0": "TIFF image", b"MM\0*": "TIFF image", b"%PDF": "PDF", b"PK\x03\x04": "ZIP file",
    b"\x1f\x8b": "packed file", b"ID3": "sound", b"OggS": "sound",
}  # fmt: skip
"""How files begin that only machines read, and what they are."""
_INDENT = "\u2003"


def value_of(text: str | None) -> Json:
    """The value of JSON text; text that is no JSON stands for itself."""
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return text


def rendered(text: str | None) -> str:
    """The value of JSON text as mrkdwn: fields as titled sections, lists with dots, rows as a table."""
    try:
        return _block(value_of(text), 0).strip("\n") or "_There is nothing to show._"
    except RecursionError:  # nested by the hundred: as it was written
        return _code(text or "")


def label(name: str) -> str:
    """A field's name for people."""
    words = line(name.replace("_", " ").strip(), 600)
    return (words[:1].upper() + words[1:]) or "Without a name"


def scalar(value: Json, limit: int = 1_000) -> str:
    """A value on one line."""
    match value:
        case None | "" | Mapping() | list() if not value:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case str():
            return _left_out(value) or line(value, limit)
        case int() | float():
            return str(value)
        case _:
            return line(json.dumps(value, ensure_ascii=False), limit)


def is_short(value: Json) -> bool:
    """Whether a value can stand beside its name."""
    if isinstance(value, str):
        return bool(_left_out(value)) or (len(value) <= SHORT and "\n" not in value.strip())
    return not isinstance(value, Mapping | list) or not value


def _block(value: Json, depth: int) -> str:
    match value:
        case Mapping() if value:
            return _fields(value, depth)
        case list() if value:
            return _list(value, depth)
        case Mapping() | list():
            return NOTHING
        case str() if not value.strip():
            return NOTHING if depth else ""
        case str():
            return _left_out(value) or from_markdown(value)
        case None:
            return NOTHING if depth else ""
        case _:
            return scalar(value)


def _fields(value: Mapping[str, Json], depth: int) -> str:
    if depth >= DEEP or any(len(name) > SHORT for name in value):
        return _code(json.dumps(value, ensure_ascii=False, indent=2))
    parts: list[str] = []
    brief = False
    for name, inner in sorted(value.items(), key=lambda field: not is_short(field[1])):
        title = f"*{label(name)}*"
        if is_short(inner):
            row = f"{title}: {scalar(inner)}"
            if brief:
                parts[-1] += "\n" + row
            else:
                parts.append(row)
            brief = True
        else:
            parts.append(f"{title}\n{_indented(_block(inner, depth + 1), depth)}")
            brief = False
    return "\n\n".join(parts)


def _list(value: Sequence[Json], depth: int) -> str:
    if depth >= DEEP:
        return _code(json.dumps(value, ensure_ascii=False, indent=2))
    if all(is_short(item) for item in value):
        return "\n".join(f"• {scalar(item)}" for item in value)
    table = _table(value)
    if table:
        return table
    return "\n\n".join(
        f"*{number}.*\n{_indented(_block(item, depth + 1), depth)}" for number, item in enumerate(value, 1)
    )


def _indented(text: str, depth: int) -> str:
    text = text.strip("\n")
    if not depth or "```" in text:
        return text
    return "\n".join(_INDENT + row if row.strip() else row for row in text.split("\n"))


def _table(rows: Sequence[Json]) -> str:
    """Rows with the same short cells, aligned; "" when they are no table."""
    if not all(isinstance(row, Mapping) and row for row in rows) or len(rows) < 2:
        return ""
    heads = list(rows[0])
    if len(heads) < 2 or any(list(row) != heads for row in rows):
        return ""
    cells = [[_cell(row[head]) for head in heads] for row in rows]
    table = [[" ".join(name.replace("_", " ").split()) for name in heads], *cells]
    widths = [max(len(row[at]) for row in table) for at in range(len(heads))]
    if max(widths) > 40 or sum(widths) + 2 * len(widths) > 90:
        return ""
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "```\n" + prose("\n".join(lines)).replace("`", BACKQUOTE) + "\n```"


def _cell(value: Json) -> str:
    if not is_short(value):
        return "x" * 100  # too wide for a table
    if isinstance(value, str):
        return " ".join((_left_out(value).strip("_") or value).split())
    if value is None or isinstance(value, Mapping | list):
        return NOTHING
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _code(text: str) -> str:
    return "```\n" + prose(text).replace("```", BACKQUOTE * 3) + "\n```"


def _left_out(text: str) -> str:
    """Words for what is no text: pictures and other files. What merely looks like one may hold words, and is shown."""
    found = _BINARY.fullmatch(text)
    if found is None:
        return ""
    begins = base64.b64decode(found[1][:16])
    what = next((name for magic, name in _MAGIC.items() if begins.startswith(magic)), "")
    return f"_(left out: {what}, {_size(len(found[1]) * 3 // 4)})_" if what else ""


def _size(count: int) -> str:
    return f"{count} bytes" if count < 1_000 else f"{count // 1_000} kB"
