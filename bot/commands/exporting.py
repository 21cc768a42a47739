"""Exporting a recorded run as one JSON document."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot import printing
from bot.commands.looking import RunId
from bot.commands.session import Session, opened
from bot.settings import program_version
from workflows.engine.errors import BatonError, Refused
from workflows.engine.exporting import exported

NAMED = 5
"""So many masked places are named on standard error; the document has them all."""


def export(
    run: RunId,
    *,
    to: Annotated[str, typer.Option(help="Write it to this file, not to the output.", show_default=False)] = "",
) -> None:
    """Write a recorded run as one JSON document, without secrets, for tests and for other places.

    `Harness.from_export` runs a workflow with its results. Example: baton export 01k9 --to tests/order.json
    """
    with opened() as session:
        text = _document(session, run)
    if not to:
        sys.stdout.write(text + "\n")
        return
    try:
        Path(to).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise BatonError(f"{to} can't be written: {error.strerror or error}.") from None


def _document(session: Session, part: str) -> str:
    found = session.runtime.service.look(part, by=session.actor)
    seen = session.runtime.store.recorded([found.id])
    if not seen:
        raise Refused(f"Run {found.id} was deleted just now.")
    masks = session.masks

    def mask(value: object) -> tuple[object, list[str]]:
        masked = masks(value)
        return masked.value, masked.places

    document = exported(seen[0], baton=program_version(), mask=mask)
    if document["redacted"]:
        places = [".".join(filter(None, one.values())) for one in document["redacted"]]
        more = f" and {len(places) - NAMED} more" if len(places) > NAMED else ""
        count = f"{len(places)} value{' was' if len(places) == 1 else 's were'}"
        printing.tell(f"{count} masked, as ***: {', '.join(places[:NAMED])}{more}")
    return json.dumps(document, ensure_ascii=False, indent=2)
