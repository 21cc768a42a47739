"""Looking after Baton itself: deleting old runs, and checking every part."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

import typer

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.session import opened, quiet
from bot.doctor import Finding, examine
from workflows.engine.errors import BatonError

BATCH = 200
UNITS = {"d": timedelta(days=1), "w": timedelta(weeks=1), "h": timedelta(hours=1)}


def prune(
    *,
    older_than: Annotated[
        str, typer.Option("--older-than", help="How long ago they ended: 90d, 12w or 48h.", show_default=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Delete runs that ended long ago; dead letters and open runs stay.

    Example: baton prune --older-than 90d
    """
    age = _age(older_than)
    deleted = 0
    with opened() as session:
        before = session.runtime.clock.now() - age
        while (batch := session.runtime.store.prune(before=before, limit=BATCH)) > 0:
            deleted += batch
    if as_json:
        printing.document({"deleted": deleted, "before": before.isoformat()})
    else:
        printing.say(
            f"{deleted} run{'' if deleted == 1 else 's'} deleted that ended before {before:%Y-%m-%d %H:%M} UTC."
        )


def restored(*, as_json: AsJson = False) -> None:
    """Say that the database came back from a backup: open runs ask before they act.

    Give it after the backup is in place and before workers and clocks start. Example: baton restored
    """
    with opened() as session:
        count = session.runtime.service.restored(by=session.settings.actor)
    if as_json:
        printing.document({"runs": count})
    else:
        printing.say(f"{count} run{'' if count == 1 else 's'} will ask the services before doing what is not recorded.")


def doctor(*, as_json: AsJson = False) -> None:
    """Check every part and say what to do.

    Exit code 0 when all is fine, 1 when something is wrong. Example: baton doctor --json
    """
    quiet()
    findings = examine()
    good = all(finding.ok is not False for finding in findings)
    if as_json:
        found = [{"part": f.part, "ok": f.ok, "words": f.words, "advice": f.advice} for f in findings]
        printing.document({"ok": good, "findings": found})
    else:
        tell_findings(findings)
        printing.say("All is fine." if good else "Something is wrong: the lines with ✗ say what to do.")
    if not good:
        raise typer.Exit(1)


def tell_findings(findings: Iterable[Finding]) -> None:
    """Findings for people, each with what to do."""
    for finding in findings:
        sign = {True: "✓", False: "✗", None: "!"}[finding.ok]
        advice = f"\n    {finding.advice}" if finding.advice else ""
        printing.say(f"{sign} {finding.part}: {printing.one_line(finding.words)}{advice}")


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,6})\s*([dwh])", text.strip().lower())
    if found is None or not int(found[1]):
        raise BatonError(f"--older-than {text}: write a number of days, weeks or hours, such as 90d, 12w or 48h.")
    try:
        return UNITS[found[2]] * int(found[1])
    except OverflowError:
        raise BatonError(f"--older-than {text} is longer than time itself.") from None
