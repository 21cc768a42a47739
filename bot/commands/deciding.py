"""Approvals: what waits for a decision, and deciding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.documents import approval_document, decision_document
from bot.commands.session import opened
from bot.inputs import pairs
from workflows.engine.model import Approval, ApprovalState, Outcome

Wanted = Annotated[
    str,
    typer.Argument(metavar="APPROVAL", help="The approval's id or a part of it, or its run's id.", show_default=False),
]
Comment = Annotated[str, typer.Option(help="What you want to say about it.", show_default=False)]


def approvals(*, as_json: AsJson = False) -> None:
    """List what waits for a person's decision.

    Example: baton approvals --json
    """
    with opened() as session:
        waiting = session.runtime.store.approvals(limit=1000)
    if as_json:
        printing.document([approval_document(approval) for approval in waiting])
        return
    if not waiting:
        printing.say("Nothing waits for a decision.")
        return
    rows = [
        (approval.id, approval.title, approval.run_id, ", ".join(approval.approvers), printing.ago(approval.due_at))
        for approval in waiting
    ]
    printing.say(printing.table(("Approval", "Title", "Run", "Who may decide", "Expires"), rows))
    printing.say("`baton approve APPROVAL`, `baton reject APPROVAL` or `baton changes APPROVAL --comment …` decides.")


def approve(
    approval: Wanted,
    *,
    comment: Comment = "",
    field: Annotated[
        list[str] | None,
        typer.Option("--field", help="What is filled in, as name=value; may come again.", show_default=False),
    ] = None,
    edit: Annotated[
        list[str] | None,
        typer.Option("--edit", help="Another value for what may be edited, as name=value.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Approve what a run asks for.

    Example: baton approve 01k9 --comment "Fine"
    """
    fields, edited = pairs(field or (), "--field"), pairs(edit or (), "--edit")
    _decide(approval, Outcome.APPROVED, comment, fields, edited, as_json=as_json)


def reject(approval: Wanted, *, comment: Comment = "", as_json: AsJson = False) -> None:
    """Reject what a run asks for: the run ends by this decision.

    Example: baton reject 01k9 --comment "Not this year"
    """
    _decide(approval, Outcome.REJECTED, comment, as_json=as_json)


def changes(approval: Wanted, *, comment: Comment = "", as_json: AsJson = False) -> None:
    """Ask for changes: the run does it again with your comment.

    Example: baton changes 01k9 --comment "Shorter, please"
    """
    _decide(approval, Outcome.CHANGES, comment, as_json=as_json)


def reassign(
    approval: Wanted,
    *,
    to: Annotated[
        list[str], typer.Option(help="Who is to decide: a person, role or group; may come again.", show_default=False)
    ],
    reason: Annotated[str, typer.Option(help="Why, for those who decide now.", show_default=False)] = "",
    as_json: AsJson = False,
) -> None:
    """Hand an approval to others.

    Approvals that were given before count no more. Example: baton reassign 01k9 --to cli:ben --reason "Ana is away"
    """
    with opened() as session:
        service = session.runtime.service
        handed = service.reassign(service.find_approval(approval).id, to, by=session.actor, reason=reason)
    if as_json:
        printing.document(approval_document(handed))
    else:
        printing.say(f"{handed.title} is with {', '.join(handed.approvers)} now (run {handed.run_id}).")


# -----------------------------------------------------------------------------------------------------------


def _decide(
    wanted: str,
    outcome: Outcome,
    comment: str,
    fields: Mapping[str, str] | None = None,
    edited: Mapping[str, str] | None = None,
    *,
    as_json: bool,
) -> None:
    with opened(rings=True) as session:
        service = session.runtime.service
        asked = service.find_approval(wanted)
        decided = service.decide(
            asked.id, outcome, by=session.actor, comment=comment, fields=fields or None, edited=edited or None
        )
        session.warn_if_nobody_works("the decision is recorded and the run goes on then")
        votes = session.runtime.store.decisions(decided.id)
    if as_json:
        printing.document(approval_document(decided) | {"decisions": [decision_document(vote) for vote in votes]})
        return
    agreed = sum(vote.outcome is Outcome.APPROVED and vote.digest in ("", decided.digest) for vote in votes)
    printing.say(_words(decided, outcome, agreed), f"It was about: {printing.one_line(decided.show, 300)}")


def _words(approval: Approval, outcome: Outcome, agreed: int) -> str:
    where = f"run {approval.run_id}"
    if approval.state is ApprovalState.OPEN:
        return f"{approval.title}: your approval counts, {agreed} of {approval.quorum} ({where})."
    said = {Outcome.APPROVED: "approved", Outcome.REJECTED: "rejected", Outcome.CHANGES: "sent back with changes"}
    return f"{approval.title}: {said.get(outcome, outcome.value)} ({where})."
