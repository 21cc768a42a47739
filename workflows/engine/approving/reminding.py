"""What a clock does with an open approval whose time to be told of has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from workflows.engine.approving.agenda import passed
from workflows.engine.model import Approval

Told = list[tuple[str, dict[str, Any]]]


def reminded(approval: Approval, now: datetime) -> tuple[Approval, Told]:
    """The approval with what is due behind it, and the events to be told: one reminder, however many were missed."""
    data: dict[str, Any] = {"approval": approval.id, "name": approval.name}
    if not approval.agenda:
        return replace(approval, remind_at=_next(approval, now)), [("approval.reminded", data)]
    due = passed(approval.agenda, now)
    told: Told = [("approval.escalated", {**data, "to": list(due.escalated)})] if due.escalated else []
    told += [("approval.reminded", data)] if due.reminded else []
    approvers = tuple(dict.fromkeys((*approval.approvers, *due.escalated)))
    return replace(approval, approvers=approvers, agenda=due.agenda, remind_at=due.next), told


def _next(approval: Approval, now: datetime) -> datetime | None:
    """When the next reminder is due; those that were missed are one."""
    due, every = approval.remind_at, approval.remind_every
    return due + ((now - due) // every + 1) * every if every and due is not None else None
