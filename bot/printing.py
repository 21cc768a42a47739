"""What the command line prints: one JSON document, or words, tables and trees for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from bot.telling import OPENED, UNTITLED, WAITS, ago, length, one_line, plain
from workflows.engine.model import RunState, StepState
from workflows.engine.plan import NodeKind
from workflows.engine.progress import Item, Progress

__all__ = [
    "SIGNS",
    "STYLES",
    "ago",
    "console",
    "document",
    "facts",
    "item_line",
    "length",
    "one_line",
    "plain",
    "progress_tree",
    "say",
    "state",
    "table",
    "tell",
    "together",
]  # fmt: skip

STYLES: dict[str, str] = {
    RunState.QUEUED: "dim", RunState.RUNNING: "cyan", RunState.WAITING: "yellow", RunState.COMPENSATING: "magenta",
    RunState.SUCCEEDED: "green", RunState.FAILED: "red", RunState.CANCELLED: "dim", RunState.PARKED: "red",
    StepState.PENDING: "dim", StepState.RETRYING: "yellow", StepState.SKIPPED: "dim",
}  # fmt: skip
SIGNS: dict[StepState, str] = {
    StepState.PENDING: "○", StepState.RUNNING: "◐", StepState.RETRYING: "↻", StepState.SUCCEEDED: "✓",
    StepState.FAILED: "✗", StepState.SKIPPED: "-",
}  # fmt: skip


def console() -> Console:
    """Where people read: standard output as it is now."""
    return Console(highlight=False, markup=False, emoji=False)


def say(*parts: RenderableType | str) -> None:
    """Print lines, tables and trees; what others wrote can neither style nor control the terminal."""
    out = console()
    for part in parts:
        words = isinstance(part, str)  # what a person copies must not be broken into lines
        out.print(plain(part) if isinstance(part, str) else part, soft_wrap=words or not out.is_terminal)


def tell(words: str) -> None:
    """One line for the person at the keyboard, beside what the command prints."""
    sys.stderr.write(f"baton: {one_line(words)}\n")


def document(value: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


# tables and lists ----------------------------------------------------------------------------------------


def table(heads: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """A table without frames; the first column is never cut."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for index, head in enumerate(heads):
        made.add_column(head, no_wrap=index == 0, overflow="fold")
    for row in rows:
        made.add_row(*(Text(one_line(cell)) if isinstance(cell, str) else cell for cell in row))
    return made


def facts(pairs: Iterable[tuple[str, str | Text | None]]) -> Table:
    """Names and values, one pair a line; empty values are left out."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in pairs:
        if value:
            made.add_row(name, Text(plain(value)) if isinstance(value, str) else value)
    return made


def state(value: str) -> Text:
    return Text(value, style=STYLES.get(value, ""))


# progress ------------------------------------------------------------------------------------------------


def progress_tree(shown: Progress, height: int = 0) -> Tree:
    """A run's progress as a tree. One that is higher than `height` shows the insides of what is going on alone."""
    brief = bool(height) and sum(item.kind not in UNTITLED for item in shown.walk()) >= height
    done, known = shown.counted
    root = Tree(Text.assemble((one_line(shown.title), "bold"), "  ", state(shown.state), (f"  {done}/{known}", "dim")))
    _grow(root, shown.items, OPENED if brief else frozenset(StepState) - {StepState.SKIPPED})
    if shown.after_failure:
        _grow(root.add(Text("After the failure", style="bold")), shown.after_failure, OPENED)
    return root


def _grow(tree: Tree, items: Iterable[Item], opened: frozenset[StepState]) -> None:
    for item in items:
        if item.kind in UNTITLED:
            _grow(tree, item.children, opened)
        else:
            _grow(tree.add(item_line(item)), item.children if item.state in opened else (), opened)


def item_line(item: Item) -> Text:
    """One item of a run's progress in one line."""
    dim = item.state in (StepState.PENDING, StepState.SKIPPED)
    line = Text(f"{SIGNS[item.state]} ", style=STYLES.get(item.state, ""))
    line.append(_title(item), style="dim" if dim else "default")
    if item.attempts > 1:
        line.append(f"  attempt {item.attempts}", style="yellow")
    if item.state is StepState.RUNNING and item.kind in WAITS:
        line.append("  waits" + (f", until {_clock(item.due)}" if item.due else ""), style="yellow")
    elif item.state is StepState.RETRYING and item.due:
        line.append(f"  again {ago(item.due)}", style="yellow")
    elif item.started and item.ended and item.kind == NodeKind.STEP:
        line.append(f"  {length(item.ended - item.started)}", style="dim")
    if item.undone:
        line.append("  undone", style="magenta")
    if item.error and item.state in (StepState.FAILED, StepState.RETRYING):
        line.append(f"  {one_line(item.error, 200)}", style="red")
    return line


def _title(item: Item) -> str:
    title = one_line(item.title) or item.name
    return f"Undo: {title}" if item.kind == NodeKind.COMPENSATION else title[:1].upper() + title[1:]


def _clock(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M")


def together(*parts: RenderableType) -> Group:
    return Group(*parts)
