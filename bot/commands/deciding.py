"""Approvals: what waits for a decision, and deciding."""

from __future__ import annotations

from typing import Annotated

import typer

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.documents import Document, approval_document
from bot.commands.session import opened
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


def approve(approval: Wanted, *, comment: Comment = "", as_json: AsJson = False) -> None:
    """Approve what a run asks for.

    Example: baton approve 01k9 --comment "Fine"
    """
    _decide(approval, Outcome.APPROVED, comment, as_json=as_json)


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


# -----------------------------------------------------------------------------------------------------------


def _decide(wanted: str, outcome: Outcome, comment: str, *, as_json: bool) -> None:
    with opened(rings=True) as session:
        service = session.runtime.service
        asked = service.find_approval(wanted)
        decided = service.decide(asked.id, outcome, by=session.actor, comment=comment)
        session.warn_if_nobody_works("the decision is recorded and the run goes on then")
        votes = session.runtime.store.decisions(decided.id)
    if as_json:
        made: list[Document] = [
            {"by": d.by, "outcome": d.outcome.value, "at": d.at.isoformat(), "comment": d.comment} for d in votes
        ]
        printing.document(approval_document(decided) | {"decisions": made})
        return
    agreed = sum(vote.outcome is Outcome.APPROVED for vote in votes)
    printing.say(_words(decided, outcome, agreed), f"It was about: {printing.one_line(decided.show, 300)}")


def _words(approval: Approval, outcome: Outcome, agreed: int) -> str:
    where = f"run {approval.run_id}"
    if approval.state is ApprovalState.OPEN:
        return f"{approval.title}: your approval counts, {agreed} of {approval.quorum} ({where})."
    said = {Outcome.APPROVED: "approved", Outcome.REJECTED: "rejected", Outcome.CHANGES: "sent back with changes"}
    return f"{approval.title}: {said.get(outcome, outcome.value)} ({where})."
