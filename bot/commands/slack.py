"""Setting Baton up in Slack: the app's manifest, and whether everything is as it has to be."""

from __future__ import annotations

import enum
from dataclasses import asdict
from typing import Annotated

import typer

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.session import quiet
from bot.commands.upkeep import tell_findings
from bot.doctor import slack_findings
from bot.runtime import Runtime
from bot.settings import read_settings
from bot.slack.manifest import manifest


class What(enum.StrEnum):
    """What `baton slack` can do."""

    MANIFEST = "manifest"
    CHECK = "check"


def slack(
    what: Annotated[
        What, typer.Argument(help="manifest prints the app for Slack; check looks at tokens, scopes and channels.")
    ],
    *,
    http: Annotated[
        bool, typer.Option("--http", help="For signed HTTP to BATON_URL; without it, for Socket Mode.")
    ] = False,
    name: Annotated[str, typer.Option(help="How the app is called in Slack.")] = "Baton",
    builder: Annotated[
        bool, typer.Option("--builder/--no-builder", help="With the step for the Workflow Builder, or without it.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Print the app's manifest for Slack, or check how Baton stands with Slack.

    Example: baton slack manifest
    """
    quiet()
    settings = read_settings()
    runtime = Runtime(settings)
    if what is What.MANIFEST:
        made = manifest(runtime.catalogue.all(), socket=not http, url=settings.baton_url, name=name, builder=builder)
        printing.document(made)
        return
    findings = list(slack_findings(runtime))
    good = all(finding.ok is not False for finding in findings)
    if as_json:
        printing.document({"ok": good, "findings": [asdict(finding) for finding in findings]})
    else:
        tell_findings(findings)
    runtime.close()
    if not good:
        raise typer.Exit(1)
