"""Pausing: no worker takes a workflow's runs, or any run, until the pause is lifted."""

from __future__ import annotations

from typing import Annotated

import typer

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.documents import pause_document
from bot.commands.session import opened
from workflows.engine.errors import BatonError
from workflows.engine.model import Pause

What = Annotated[
    str, typer.Argument(metavar="WORKFLOW", help="A workflow's name; without one, everything.", show_default=False)
]
EVERYTHING = "everything"


def pause(
    workflow: What = "",
    *,
    reason: Annotated[str, typer.Option(help="Why, for those who wait.", show_default=False)] = "",
    listed: Annotated[bool, typer.Option("--list", help="Only list what is paused.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let no worker take the runs of a workflow, or any run.

    Steps at work are finished; runs are recorded and wait. Example: baton pause content_pipeline --reason "Holidays"
    """
    if listed and (workflow or reason):
        raise BatonError("--list shows every pause: give it alone.")
    with opened() as session:
        service = session.runtime.service
        if not listed:
            service.pause(_name(workflow), by=session.actor, reason=reason)
        pauses = service.pauses()
    _show(pauses, as_json=as_json)


def unpause(workflow: What = "", *, as_json: AsJson = False) -> None:
    """Lift a pause: what waited goes on.

    Example: baton unpause content_pipeline
    """
    with opened(rings=True) as session:
        service = session.runtime.service
        service.unpause(_name(workflow), by=session.actor)
        session.warn_if_nobody_works("the runs go on then")
        pauses = service.pauses()
    _show(pauses, as_json=as_json)


def _name(workflow: str) -> str:
    return "" if workflow == EVERYTHING else workflow


def _show(pauses: list[Pause], *, as_json: bool) -> None:
    if as_json:
        printing.document([pause_document(pause) for pause in pauses])
        return
    if not pauses:
        printing.say("Nothing is paused.")
        return
    rows = [(pause.workflow or EVERYTHING, pause.by, printing.ago(pause.at), pause.reason) for pause in pauses]
    printing.say(printing.table(("Paused", "By", "Since", "Why"), rows))
