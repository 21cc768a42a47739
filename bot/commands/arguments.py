"""What the steps of a run were called with, without secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable

from bot import printing
from bot.commands.documents import Document, in_order, is_step, parsed
from bot.masking import Masks
from workflows.engine.model import Record

LONGEST = 400
"""So many characters of a step's arguments are printed; the JSON has them all."""


def in_words(given: str, masks: Masks, most: int = LONGEST) -> str:
    """A call's arguments in one line."""
    return printing.one_line(json.dumps(masks(json.loads(given)).value, ensure_ascii=False), most)


def arguments_lines(records: Iterable[Record], masks: Masks, *, everything: bool = False) -> list[str]:
    """The steps and what they were given; with `everything`, all records that were given something."""
    shown = [record for record in in_order(records) if record.input is not None and (everything or is_step(record))]
    width = max((len(record.key) for record in shown), default=0)
    lines = [f"{record.key.ljust(width)}  {in_words(record.input or 'null', masks)}" for record in shown]
    return ["Arguments:", *lines, ""] if lines else []


def with_arguments(document: Document, records: Iterable[Record], masks: Masks) -> Document:
    """The document of a run in which each step has its arguments, and all values are without secrets."""
    given = {(record.key, record.generation): record.input for record in records}
    newest = {key: value for (key, _), value in sorted(given.items(), key=lambda item: item[0])}
    for step in document["steps"]:
        text = given.get((step["key"], step.get("generation", -1)), newest.get(step["key"]))
        step["input"] = masks(parsed(text)).value
        if "output" in step:
            step["output"] = masks(step["output"]).value
    return document | {name: masks(document[name]).value for name in ("input", "output")}
