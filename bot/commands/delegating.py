"""Delegations: who decides for whom, and until when."""

from __future__ import annotations

from typing import Annotated

import typer

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.documents import delegation_document
from bot.commands.session import opened
from bot.times import day_or_moment
from workflows.engine.approving.delegation import Delegation, scope_words
from workflows.engine.deputies import scope_of
from workflows.engine.errors import BatonError

OFF = "off"


def delegate(
    deputy: Annotated[
        str,
        typer.Argument(
            metavar="[PERSON]", help="Who decides instead; `off` takes it back; nothing lists.", show_default=False
        ),
    ] = "",
    *,
    until: Annotated[str, typer.Option(help="The last day, or a time: friday, 2026-12-24.", show_default=False)] = "",
    while_away: Annotated[
        bool, typer.Option("--while-away", help="Only while your status in Slack says that you are away.")
    ] = False,
    policy: Annotated[str, typer.Option(help="Only for approvals of this policy.", show_default=False)] = "",
    workflow: Annotated[str, typer.Option(help="Only for approvals of this workflow.", show_default=False)] = "",
    person: Annotated[
        str, typer.Option("--of", help="Whose say it is, where that is not you; for admins.", show_default=False)
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Let somebody decide for you, until a day.

    Your deputy counts where you would. Example: baton delegate cli:ben --until friday --policy payments
    """
    if policy and workflow:
        raise BatonError("Give --policy or --workflow, not both.")
    with opened() as session:
        runtime = session.runtime
        deputies, whose = runtime.deputies, person or session.actor
        if deputy == OFF:
            deputies.end(whose, by=session.actor)
        elif deputy:
            end = day_or_moment(until, runtime.clock.now()) if until else None
            scope = scope_of(policy, workflow)
            deputies.delegate(whose, deputy, by=session.actor, until=end, scope=scope, away=while_away)
        elif until or policy or workflow or person or while_away:
            raise BatonError("Say who is to decide: baton delegate PERSON --until friday.")
        held = deputies.listed()
    if as_json:
        printing.document([delegation_document(one) for one in held])
        return
    if not held:
        printing.say("Nobody decides for anybody else.")
        return
    rows = [(one.deputy, one.person, scope_words(one.scope), _ends(one)) for one in held]
    printing.say(printing.table(("Decides", "For", "In", "Until"), rows))


def _ends(one: Delegation) -> str:
    until = printing.ago(one.until) if one.until else ""
    return f"{until}{', ' if until else ''}while away" if one.away else until
