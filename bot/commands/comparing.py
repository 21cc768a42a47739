"""Comparing two runs, such as a run and its fork."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.text import Text

from bot import printing
from bot.commands import DONE, FAILED
from bot.commands.catalogue import AsJson
from bot.commands.documents import Document, in_order
from bot.commands.session import opened
from bot.masking import Masks
from workflows.engine.comparing import Changed, Comparison, Step, compared
from workflows.engine.model import Record

WORDS = {"input": "arguments", "output": "result"}
"""What the columns of a step are called."""
VALUES = ("input", "output", "error")
SHORT = 60
STYLES = {"-": "red", "+": "green", "~": "yellow"}

First = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its beginning or end.", show_default=False)]
Second = Annotated[str, typer.Argument(metavar="OTHER", help="The run to compare it with.", show_default=False)]


def diff(run: First, other: Second, *, as_json: AsJson = False) -> None:
    """Show where two runs differ: input, steps, arguments, results, attempts and ends.

    The exit code is 0 when they are alike and 1 when they differ. Example: baton diff 01k9 01ka
    """
    with opened() as session:
        service, store, masks = session.runtime.service, session.runtime.store, session.masks
        one, two = service.look(run, by=session.actor), service.look(other, by=session.actor)
        found = compared(one, in_order(store.records(one.id)), two, in_order(store.records(two.id)))
    if as_json:
        printing.document(_document(found, masks))
    else:
        for line in _lines(found, masks):
            printing.say(line)
    raise typer.Exit(DONE if found.same else FAILED)


# for people ------------------------------------------------------------------------------------------------


def _lines(found: Comparison, masks: Masks) -> Iterator[str | Text]:
    yield _styled("-", f"run {found.one.id}  {found.one.workflow}")
    yield _styled("+", f"run {found.other.id}  {found.other.workflow}")
    for changed in found.changes:
        yield from _changed(changed, changed.name, masks)
    same = 0
    for step in found.steps:
        same += step.same
        if not step.same:
            yield ""
            yield from _step(step, masks)
    alike = f"{same} step{' is' if same == 1 else 's are'} alike"
    yield "" if not found.same else "The two runs are alike."
    yield f"{alike}." if not found.same else f"{alike[0].upper()}{alike[1:]}."


def _step(step: Step, masks: Masks) -> Iterator[str | Text]:
    if step.one is not None and step.other is not None:
        yield _styled("~", step.key)
        for changed in step.changes:
            yield from _changed(changed, WORDS.get(changed.name, changed.name), masks)
        return
    sign, record = ("-", step.one) if step.one is not None else ("+", step.other)
    assert record is not None
    yield _styled(sign, f"{step.key}  {record.state}")
    for name in VALUES:
        value = getattr(record, name)
        if value is not None:
            text = json.dumps(_value(name, value, masks), ensure_ascii=False)
            yield _styled(sign, f"  {WORDS.get(name, name)}: {printing.one_line(text, 300)}")


def _changed(changed: Changed, name: str, masks: Masks) -> Iterator[str | Text]:
    """A short value in one line; a long one as the lines that differ."""
    one, other = (_value(changed.name, value, masks) for value in (changed.one, changed.other))
    short = [json.dumps(value, ensure_ascii=False) for value in (one, other)]
    if max(map(len, short)) <= SHORT:
        yield _styled("~", f"  {name}: {short[0]} → {short[1]}")
        return
    yield _styled("~", f"  {name}:")
    for line in list(difflib.unified_diff(_pretty(one), _pretty(other), lineterm="", n=1))[2:]:
        yield _styled(line[0], f"    {line}") if line[0] in "-+" else f"    {line}"


def _pretty(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.splitlines()
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True).splitlines()


def _styled(sign: str, text: str) -> Text:
    shown = text if text.lstrip().startswith(sign) else f"{sign} {text}"
    return Text(printing.plain(shown), style=STYLES[sign])


def _value(name: str, value: object, masks: Masks) -> Any:
    """A column as a JSON value without secrets."""
    if name in VALUES and isinstance(value, str):
        return masks(json.loads(value)).value
    return value


# for programs ----------------------------------------------------------------------------------------------


def _document(found: Comparison, masks: Masks) -> Document:
    return {
        "run": found.one.id,
        "other": found.other.id,
        "same": found.same,
        "changes": _pairs(found.changes, masks),
        "steps": [_step_document(step, masks) for step in found.steps],
    }


def _step_document(step: Step, masks: Masks) -> Document:
    change = "same" if step.same else "removed" if step.other is None else "added" if step.one is None else "changed"
    return {
        "key": step.key,
        "change": change,
        "changes": _pairs(step.changes, masks),
        "run": _record(step.one, masks) if change == "removed" else None,
        "other": _record(step.other, masks) if change == "added" else None,
    }


def _record(record: Record | None, masks: Masks) -> Document | None:
    if record is None:
        return None
    told = {name: _value(name, getattr(record, name), masks) for name in VALUES}
    return {"state": record.state.value, "attempts": record.attempts, **told}


def _pairs(changes: tuple[Changed, ...], masks: Masks) -> Document:
    return {
        changed.name: [_value(changed.name, value, masks) for value in (changed.one, changed.other)]
        for changed in changes
    }
