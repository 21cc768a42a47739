"""The head of a Markdown file: `key: value` lines between two lines of three dashes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_HEAD = re.compile(r"\A---[ \t]*\n(?P<head>.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_LINE = re.compile(r"^(?P<key>[A-Za-z_][\w-]*):[ \t]*(?P<value>.*?)[ \t]*$", re.MULTILINE)


def read(text: str) -> tuple[dict[str, str], str]:
    """The head's values, without their quotes, and the text after it; no head gives no values."""
    match = _HEAD.match(text)
    if match is None:
        return {}, text
    values = {line["key"]: _unquoted(line["value"]) for line in _LINE.finditer(match["head"])}
    return values, text[match.end() :]


def changed(text: str, values: Mapping[str, str]) -> str:
    """`text` with `values` set in its head; every other line stays as it is."""
    match = _HEAD.match(text)
    head, rest = (match["head"], text[match.end() :]) if match else ("", text)
    for key, value in values.items():
        line = f"{key}: {_quoted(value)}"
        there = re.search(rf"^{re.escape(key)}:.*$", head, re.MULTILINE)
        head = head[: there.start()] + line + head[there.end() :] if there else f"{head}{line}\n"
    return f"---\n{head}---\n{rest}"


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        try:
            return str(json.loads(value))
        except json.JSONDecodeError:
            return value[1:-1]
    if len(value) >= 2 and value[0] == value[-1] == "'":
        return value[1:-1].replace("''", "'")
    return value


def _quoted(value: str) -> str:
    plain = re.fullmatch(r"[\w./-]+", value)
    return value if plain else json.dumps(value, ensure_ascii=False)
