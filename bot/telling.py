"""Words that the command line and Slack share: lengths of time, one line of text, why a run stands where it stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from workflows.engine.model import StepState
from workflows.engine.plan import NodeKind

WAITS = frozenset({NodeKind.APPROVAL, NodeKind.SIGNAL, NodeKind.SLEEP, NodeKind.CHILD})
"""The kinds of steps that wait for something outside."""
OPENED = frozenset({StepState.RUNNING, StepState.RETRYING, StepState.FAILED})
"""The states of what is looked into where there is little room."""
UNTITLED = frozenset({NodeKind.ATTEMPT, NodeKind.FALLBACK, NodeKind.CHOICE})
"""Kinds that only hold others: their children stand in their place."""


def plain(text: str) -> str:
    """Text without control characters; line breaks stay."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)


def one_line(text: str, width: int = 0) -> str:
    """Text on one line, cut when it is longer than `width`."""
    line = " ".join(plain(text).split())
    return line if not width or len(line) <= width else line[: width - 1] + "…"


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """How long ago, or in how long, in its largest unit."""
    if at is None:
        return ""
    delay = (now or datetime.now(UTC)) - at
    if timedelta(0) <= delay < timedelta(seconds=1):
        return "just now"
    words = length(abs(delay))
    return f"{words} ago" if delay >= timedelta(0) else f"in {words}"


def length(delay: timedelta) -> str:
    """A length of time in its largest unit."""
    seconds = delay.total_seconds()
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def count(number: int, noun: str, nouns: str = "") -> str:
    """A number with its noun: 1 step, 2 steps."""
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"
