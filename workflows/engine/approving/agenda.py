"""When approvers are told again and who is asked then: moments that are computed once, when an approval opens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from workflows.engine.approving.hours import Hours, Quiet
from workflows.engine.approving.policy import Escalation

MOST = 100
"""So many reminders are planned at most."""


class Turn(StrEnum):
    """What happens at a moment of an agenda."""

    REMIND = "remind"
    ESCALATE = "escalate"


@dataclass(frozen=True)
class Entry:
    """One moment of an agenda."""

    at: datetime
    turn: Turn
    to: tuple[str, ...] = ()
    """Who is asked as well, of an escalation."""


@dataclass(frozen=True)
class Passed:
    """What came due: what there is to tell, and what is left."""

    reminded: bool
    escalated: tuple[str, ...]
    agenda: str
    next: datetime | None


def agenda(
    now: datetime,
    due_at: datetime | None,
    remind: timedelta | None,
    escalation: Sequence[Escalation] = (),
    hours: Hours | None = None,
    quiet: Quiet | None = None,
) -> tuple[Entry, ...]:
    """Every moment until the approval expires, in order. One that falls into quiet hours waits for their end."""

    def later(start: datetime, span: timedelta) -> datetime:
        return hours.after(start, span) if hours is not None else start + span

    def loud(at: datetime) -> datetime:
        return quiet.loud(at) if quiet is not None else at

    found = [Entry(loud(later(now, one.after)), Turn.ESCALATE, tuple(one.to)) for one in escalation]
    at = now
    for _ in range(MOST if remind is not None else 0):
        at = later(at, remind or timedelta(0))
        if due_at is not None and at >= due_at:
            break
        found.append(Entry(loud(at), Turn.REMIND))
    before = [one for one in found if due_at is None or one.at < due_at]
    return tuple(sorted(dict.fromkeys(before), key=lambda one: (one.at, one.turn)))


def text_of(entries: Sequence[Entry]) -> str:
    """An agenda as it is kept; "" for none."""
    return json.dumps([[one.at.isoformat(), one.turn, *one.to] for one in entries]) if entries else ""


def entries_of(text: str) -> tuple[Entry, ...]:
    """An agenda as it was kept."""
    rows = json.loads(text or "[]")
    return tuple(Entry(datetime.fromisoformat(at), Turn(turn), tuple(to)) for at, turn, *to in rows)


def without_escalation(text: str) -> str:
    """An agenda that tells only those who are asked already."""
    return text_of([one for one in entries_of(text) if one.turn is Turn.REMIND])


def hastened(entries: Sequence[Entry], now: datetime) -> tuple[Entry, ...]:
    """An agenda whose first escalation is due now."""
    first = next((one for one in entries if one.turn is Turn.ESCALATE), None)
    moved = [replace(one, at=min(one.at, now)) if one is first else one for one in entries]
    return tuple(sorted(moved, key=lambda one: (one.at, one.turn)))


def passed(text: str, now: datetime) -> Passed:
    """What of an agenda has come due by now; several reminders that were missed are one."""
    entries = entries_of(text)
    due, left = [one for one in entries if one.at <= now], [one for one in entries if one.at > now]
    to = tuple(dict.fromkeys(person for one in due for person in one.to))
    return Passed(any(one.turn is Turn.REMIND for one in due), to, text_of(left), left[0].at if left else None)
