"""Alerts: what is wrong, and what is kept quiet."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Any

import typer

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.session import opened
from bot.slack.times import moment
from workflows.engine.alerts.model import Alert, Mute

What = Annotated[
    str, typer.Argument(metavar="WHAT", help="A workflow, connector, kind, or everything.", show_default=False)
]

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.callback()
def alerts() -> None:
    """See what is wrong, and keep some of it quiet for a while: list, mute, unmute, mutes.

    Example: baton alerts list
    """


@app.command("list")
def list_(
    *,
    past: Annotated[bool, typer.Option("--all", help="Those that are over too, the newest 20.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the alerts that go on.

    Example: baton alerts list --all
    """
    with opened() as session:
        found = session.runtime.alert_keeping.listed(by=session.actor, past=past)
    if as_json:
        printing.document([_alert_document(alert) for alert in found])
    elif not found:
        printing.say("Nothing is wrong that Baton knows of.")
    else:
        rows = [(one.severity.value, one.kind, one.name, f"{one.words}. {one.advice}", _state(one)) for one in found]
        printing.say(printing.table(("How bad", "Kind", "About", "What", "When"), rows))


@app.command()
def mute(
    what: What,
    until: Annotated[list[str], typer.Argument(metavar="until TIME...", help="When it ends, in UTC.")],
    *,
    reason: Annotated[str, typer.Option(help="Why.", show_default=False)] = "",
    as_json: AsJson = False,
) -> None:
    """Keep alerts quiet until a time. What goes on by then is told then.

    Example: baton alerts mute content_pipeline until 18:00
    """
    with opened() as session:
        now = session.runtime.clock.now()
        ends = moment(" ".join(until[1:] if until[0].lower() == "until" else until), now, UTC)
        made = session.runtime.alert_keeping.mute(what, ends, by=session.actor, reason=reason)
    if as_json:
        printing.document(_mute_document(made))
    else:
        printing.say(f"{what} is muted until {made.until:%Y-%m-%d %H:%M} UTC. `baton alerts unmute {what}` ends it.")


@app.command()
def unmute(what: What) -> None:
    """Let alerts be told again.

    Example: baton alerts unmute content_pipeline
    """
    with opened() as session:
        session.runtime.alert_keeping.unmute(what, by=session.actor)
    printing.say(f"{what} is told again.")


@app.command()
def mutes(*, as_json: AsJson = False) -> None:
    """List what is kept quiet now.

    Example: baton alerts mutes
    """
    with opened() as session:
        found = session.runtime.alert_keeping.mutes(by=session.actor)
    if as_json:
        printing.document([_mute_document(one) for one in found])
    elif not found:
        printing.say("Nothing is muted.")
    else:
        rows = [(one.what, f"{one.until:%Y-%m-%d %H:%M} UTC", one.by, one.reason) for one in found]
        printing.say(printing.table(("What", "Until", "By", "Why"), rows))


# printing ------------------------------------------------------------------------------------------------


def _state(alert: Alert) -> str:
    began = printing.ago(alert.began_at)
    return f"{began}, over {printing.ago(alert.over_at)}" if alert.over_at else f"since {began}"


def _alert_document(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id, "kind": alert.kind, "subject": alert.subject, "severity": alert.severity.value,
        "words": alert.words, "advice": alert.advice, "began_at": alert.began_at.isoformat(),
        "over_at": alert.over_at.isoformat() if alert.over_at else None,
    }  # fmt: skip


def _mute_document(mute: Mute) -> dict[str, Any]:
    return {"what": mute.what, "until": mute.until.isoformat(), "by": mute.by, "reason": mute.reason}
