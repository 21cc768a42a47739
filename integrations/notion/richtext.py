"""Rich text: Notion's runs of annotated characters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]
RUN_LENGTH = 1000
"""Notion takes 2,000 UTF-16 units; so many characters fit, whichever they are."""
MOST_RUNS = 90
"""Notion takes a hundred; with fewer, even a block of four-byte characters fits a request."""
LINKABLE = re.compile(r"^(https?://|mailto:)\S{1,1900}$", re.IGNORECASE)

_SPECIAL = re.compile(r"([\\`*\[\]<>]|(?<!\w)_|_(?!\w)|~~)")
_LINE_START = re.compile(r"^(\s*)(#{1,6}(?=\s)|[-+](?=\s)|\d+(?=[.)]\s)|(?:-{3,}|={3,})\s*$)", re.MULTILINE)


def plain_text(runs: Iterable[Json]) -> str:
    """The characters alone."""
    return "".join(str(run.get("plain_text", "")) for run in runs)


def as_markdown(runs: Iterable[Json]) -> str:
    """The same with Markdown's emphasis and links."""
    return _LINE_START.sub(_escaped_start, "".join(_run_as_markdown(run) for run in runs))


def rich_text(characters: str, **annotations: bool) -> list[Json]:
    """Runs of one kind, short enough for Notion; text beyond the most is left out."""
    pieces = [characters[start : start + RUN_LENGTH] for start in range(0, len(characters), RUN_LENGTH)]
    return [run_of(piece, annotations) for piece in pieces[:MOST_RUNS]]


def run_of(characters: str, annotations: dict[str, bool], link: str | None = None) -> Json:
    """One run of at most `RUN_LENGTH` characters."""
    text: Json = {"content": characters}
    if link and LINKABLE.match(link):
        text["link"] = {"url": link}
    return {"type": "text", "text": text, **({"annotations": annotations} if annotations else {})}


def _run_as_markdown(run: Json) -> str:
    characters = str(run.get("plain_text", ""))
    core = characters.strip()
    if run.get("type") == "equation":
        return f"${run.get('equation', {}).get('expression', characters)}$"
    if not core:
        return characters
    marks = run.get("annotations") or {}
    shown = _code(core) if marks.get("code") else _SPECIAL.sub(r"\\\1", core)
    for name, mark in (("italic", "*"), ("bold", "**"), ("strikethrough", "~~")):
        if marks.get(name):
            shown = f"{mark}{shown}{mark}"
    link = run.get("href")
    if link:
        target = str(link) if str(link).startswith(("http:", "https:", "mailto:")) else f"https://www.notion.so{link}"
        shown = f"[{shown}]({target.replace(')', '%29').replace(' ', '%20')})"
    before, after = characters[: len(characters) - len(characters.lstrip())], characters[len(characters.rstrip()) :]
    return f"{before}{shown}{after}"


def _code(characters: str) -> str:
    fence = "`" * (max((len(ticks) for ticks in re.findall(r"`+", characters)), default=0) + 1)
    pad = " " if characters.startswith("`") or characters.endswith("`") else ""
    return f"{fence}{pad}{characters}{pad}{fence}"


def _escaped_start(match: re.Match[str]) -> str:
    space, mark = match.groups()
    return f"{space}{mark}\\" if mark.isdigit() else f"{space}\\{mark}"
