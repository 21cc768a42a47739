"""A run's steps as lines: what was done, what is being done, what is still to come; what is finished folds first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.slack.mrkdwn import line, said, when
from bot.slack.views.blocks import LEFT_SIGN, REJECTED_SIGN, STEP_SIGNS, UNDONE_SIGN, WAIT_SIGN
from bot.slack.views.snapshot import RunSnapshot
from bot.slack.views.step_notes import Notes, notes_of
from bot.telling import WAITS, count, length
from workflows.engine.model import StepState
from workflows.engine.plan import NodeKind
from workflows.engine.progress import Item
from workflows.engine.progress.model import LEAVES

LINES = 14
"""So many lines of steps a card has before finished ones are folded."""
NOTED = timedelta(seconds=1)
"""Shorter steps show no length of time."""
_INDENT = "\u2003\u2003"


@dataclass(frozen=True)
class Row:
    """One line, with those below it."""

    state: StepState
    words: str
    sign: str = ""
    note: str = ""
    steps: int = 1
    """How many steps and waits it stands for."""
    children: tuple[Row, ...] = ()

    def lines(self, depth: int = 0) -> Iterator[str]:
        """This line and those below it, indented."""
        note = f"  _{self.note}_" if self.note else ""
        yield f"{_INDENT * depth}{self.sign or STEP_SIGNS[self.state]} {self.words}{note}"
        for child in self.children:
            yield from child.lines(depth + 1)

    @property
    def height(self) -> int:
        return 1 + sum(child.height for child in self.children)


def step_lines(snapshot: RunSnapshot, most: int = LINES) -> list[str]:
    """The lines of a run's steps, at most `most` of them."""
    notes = notes_of(snapshot)
    rows = rows_of(snapshot.progress.items, notes)
    after = rows_of(snapshot.progress.after_failure, notes)
    if after:
        steps = sum(row.steps for row in after)
        rows.append(Row(after[-1].state, "After the failure", steps=steps, children=tuple(after)))
    return fitted_lines(rows, most)


def fitted_lines(rows: Sequence[Row], most: int) -> list[str]:
    """Lines that fit: finished groups fold first, then what is to come, then long stretches, then the rest is cut."""
    folds: tuple[Callable[[Sequence[Row]], list[Row]], ...] = (
        _finished_groups, _coming_groups, _finished_stretches, _coming_stretches,
    )  # fmt: skip
    for fold in folds:
        if sum(row.height for row in rows) <= most:
            break
        rows = fold(rows)
    lines = [text for row in rows for text in row.lines()]
    if len(lines) <= most:
        return lines
    steps = sum(row.steps for row in rows)
    return [*lines[: most - 1], f"… and more, {count(steps, 'step')} in all."]


# rows --------------------------------------------------------------------------------------------------------


def rows_of(items: Iterable[Item], notes: Notes) -> list[Row]:
    """The rows of items; what only holds others together leaves no row."""
    return [row for item in items for row in _rows(item, notes)]


def _rows(item: Item, notes: Notes) -> list[Row]:
    by_hand = item.key and item.kind in LEAVES
    if item.state is StepState.SKIPPED and not by_hand:
        return []
    match item.kind:
        case NodeKind.FALLBACK:
            return _fallback(item, notes)
        case NodeKind.CHOICE | NodeKind.LOOP if item.state is StepState.PENDING:
            return _perhaps(item)
        case (
            NodeKind.CHOICE | NodeKind.OPTION | NodeKind.ATTEMPT | NodeKind.OTHERWISE | NodeKind.ALWAYS | NodeKind.LOOP
        ):
            return rows_of(item.children, notes)
        case NodeKind.COMPENSATION:
            return [Row(item.state, f"Undo: {_title(item)}", note=_note(item, notes), steps=0)]
        case kind if kind in LEAVES:
            return [_leaf(item, notes)]
        case NodeKind.CONTINUE:
            return [Row(item.state, _title(item), steps=0)]
        case _:
            return _group(item, notes)


def _group(item: Item, notes: Notes) -> list[Row]:
    children = rows_of(item.children, notes)
    if len(children) == 1 and item.kind in (NodeKind.BRANCH, NodeKind.GROUP):
        return children
    sign = UNDONE_SIGN if item.undone else ""
    note = _note(item, notes) if item.error and not children else ""
    return [Row(item.state, _title(item), sign, note, sum(row.steps for row in children), tuple(children))]


def _fallback(item: Item, notes: Notes) -> list[Row]:
    shown: list[Row] = []
    failed = False
    for part in item.children:
        rows = _rows(part, notes)
        if part.kind == NodeKind.ATTEMPT:
            failed = part.state is StepState.FAILED
        elif part.kind == NodeKind.OTHERWISE:
            if part.state is StepState.PENDING and not failed:
                continue
            rows = [replace(row, words=f"Instead: {row.words}") for row in rows[:1]] + rows[1:]
        shown += rows
    return shown


def _perhaps(item: Item) -> list[Row]:
    """A choice or a loop that has not been reached: one row for what may happen."""
    ways = [titles for child in _ways(item) if (titles := list(_titles(child)))]
    if not ways:
        return []
    if item.kind == NodeKind.LOOP:
        words = f"{'Again if needed' if item.name == 'while' else 'For each'}: {_joined(ways[0])}"
    elif len(ways) == 1:
        words = f"If needed: {_joined(ways[0])}"
    else:
        words = "One of: " + " / ".join(way[0] for way in ways[:4]) + (" / …" if len(ways) > 4 else "")
    return [Row(StepState.PENDING, words)]


def _ways(item: Item) -> list[Item]:
    return list(item.children) if item.kind == NodeKind.CHOICE else [item]


def _titles(item: Item) -> Iterator[str]:
    yield from (_title(leaf) for leaf in item.walk() if leaf.kind in LEAVES)


def _joined(titles: Sequence[str]) -> str:
    return ", ".join(titles[:2]) + (f" and {len(titles) - 2} more" if len(titles) > 2 else "")


def _leaf(item: Item, notes: Notes) -> Row:
    return Row(item.state, _title(item), _sign(item, notes), _note(item, notes))


def _sign(item: Item, notes: Notes) -> str:
    """The sign before a step or wait, where it is not that of its state."""
    if item.undone:
        return UNDONE_SIGN
    if _left(item, notes):
        return LEFT_SIGN
    if item.state is StepState.RUNNING and item.kind in WAITS:
        return WAIT_SIGN
    return REJECTED_SIGN if item.key in notes.rejected else ""


def _left(item: Item, notes: Notes) -> bool:
    """Whether the run ended while this was under way."""
    return notes.over and item.state in (StepState.RUNNING, StepState.RETRYING)


def _title(item: Item) -> str:
    words = line(item.title) or line(item.name) or "…"
    return words[:1].upper() + words[1:]


def _note(item: Item, notes: Notes) -> str:
    if item.undone:
        return "undone"
    if _left(item, notes):
        return notes.decided.get(item.key) or "not finished"
    reason = notes.reasons.get(item.key) or said(item.error, 200)
    match item.state:
        case StepState.SKIPPED:
            return "skipped"
        case StepState.RETRYING:
            again = f"again {when(item.due, '{time_secs}')}" if item.due else "again soon"
            return f"attempt {item.attempts} failed{': ' + reason if reason else ''}, {again}"
        case StepState.FAILED:
            tries = f"after {item.attempts} attempts: " if item.attempts > 1 else ""
            return f"{tries}{reason}" if reason else "failed"
        case StepState.RUNNING:
            return _running(item, notes)
        case StepState.SUCCEEDED:
            return notes.decided.get(item.key) or _took(item)
    return ""


def _running(item: Item, notes: Notes) -> str:
    if item.kind in WAITS:
        return f"waits until {when(item.due)}" if item.due and item.kind == NodeKind.SLEEP else "waits"
    tries = f"attempt {item.attempts}" if item.attempts > 1 else ""
    return ", ".join(part for part in (line(notes.progressing.get(item.key), 100), tries) if part)


def _took(item: Item) -> str:
    if item.kind != NodeKind.STEP or not item.started or not item.ended:
        return ""
    tries = f", {item.attempts} attempts" if item.attempts > 1 else ""
    took = item.ended - item.started
    return f"{length(took)}{tries}" if took >= NOTED or tries else ""


# folding -----------------------------------------------------------------------------------------------------


def _finished_groups(rows: Sequence[Row]) -> list[Row]:
    return [_folded(row, StepState.SUCCEEDED, _finished_groups) for row in rows]


def _coming_groups(rows: Sequence[Row]) -> list[Row]:
    return [_folded(row, StepState.PENDING, _coming_groups) for row in rows]


def _folded(row: Row, state: StepState, inside: Callable[[Sequence[Row]], list[Row]]) -> Row:
    if not row.children:
        return row
    if row.state is state and all(_all(child, state) for child in row.children):
        return replace(row, children=(), note=count(row.steps, "step"))
    return replace(row, children=tuple(inside(row.children)))


def _all(row: Row, state: StepState) -> bool:
    return (
        row.state in (state, StepState.SKIPPED) and not row.sign and all(_all(child, state) for child in row.children)
    )


def _finished_stretches(rows: Sequence[Row]) -> list[Row]:
    return _stretches(rows, StepState.SUCCEEDED, "done", keep_last=True)


def _coming_stretches(rows: Sequence[Row]) -> list[Row]:
    return _stretches(rows, StepState.PENDING, "to come", keep_last=False)


def _stretches(rows: Sequence[Row], state: StepState, words: str, *, keep_last: bool) -> list[Row]:
    """Rows one after the other in the same quiet state become one; the one next to what goes on stays."""
    shown: list[Row] = []
    at = 0
    while at < len(rows):
        end = at
        while end < len(rows) and _all(rows[end], state):
            end += 1
        stretch = list(rows[at:end])
        if len(stretch) > 2:
            folded, kept = (stretch[:-1], stretch[-1:]) if keep_last else (stretch[1:], stretch[:1])
            one = Row(
                state, f"{count(sum(row.steps for row in folded), 'step')} {words}", steps=sum(r.steps for r in folded)
            )
            shown += [one, *kept] if keep_last else [*kept, one]
        elif stretch:
            shown += stretch
        if end < len(rows):
            row = rows[end]
            shown.append(replace(row, children=tuple(_stretches(row.children, state, words, keep_last=keep_last))))
        at = end + 1
    return shown
