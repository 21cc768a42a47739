"""Looking after Baton itself: checking every part, and coming back from a backup."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.session import opened, quiet
from bot.doctor import examine
from bot.findings import Finding


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

    Exit code 0 when nothing is wrong, 1 when something is; what is marked ! is optional. Example: baton doctor --json
    """
    quiet()
    findings = examine()
    good = all(finding.ok is not False for finding in findings)
    if as_json:
        found = [{"part": f.part, "ok": f.ok, "words": f.words, "advice": f.advice} for f in findings]
        printing.document({"ok": good, "findings": found})
    else:
        tell_findings(findings)
        printing.say(_in_all(findings))
    if not good:
        raise typer.Exit(1)


def _in_all(findings: Iterable[Finding]) -> str:
    oks = {finding.ok for finding in findings}
    if False in oks:
        return "Something is wrong: the lines with ✗ say what to do."
    return (
        "Nothing is wrong. What is marked ! is optional: set it up when you want it." if None in oks else "All is fine."
    )


def tell_findings(findings: Iterable[Finding]) -> None:
    """Findings for people, each with what to do."""
    for finding in findings:
        sign = {True: "✓", False: "✗", None: "!"}[finding.ok]
        advice = f"\n    {finding.advice}" if finding.advice else ""
        printing.say(f"{sign} {finding.part}: {printing.one_line(finding.words)}{advice}")
