"""What is asked of people and of child runs, and is asked no longer."""

from __future__ import annotations

import json
from dataclasses import replace

from workflows.engine.model import Approval, ApprovalState, Kind, Record
from workflows.engine.turn import Turn


def loose_ends(turn: Turn, records: list[Record]) -> tuple[list[Approval], list[tuple[str, str]]]:
    """Of unfinished records: the approvals to be voided and the children to be cancelled."""
    approvals: list[Approval] = []
    cancels: list[tuple[str, str]] = []
    for record in records:
        if record.kind is Kind.APPROVAL:
            approval_id = json.loads(record.detail or "{}").get("approval", "")
            approval = turn.read(lambda store, wanted=approval_id: store.approval(wanted))  # type: ignore[misc]
            if approval is not None and approval.state is ApprovalState.OPEN:
                approvals.append(replace(approval, state=ApprovalState.VOID, closed_at=turn.now(), remind_at=None))
        elif record.kind is Kind.CHILD:
            cancels.append((json.loads(record.detail or "{}")["run"], f"its parent {turn.run.id} has ended"))
    return approvals, cancels
