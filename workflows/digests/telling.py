"""Items that several digests have: what failed, and what waits."""

from __future__ import annotations

from datetime import timedelta

from workflows import Item, ItemKind, Look, RunState


def failures(look: Look) -> list[Item]:
    """What failed in the window, and what is still on the list of dead letters."""
    ended = [(run, why) for run in look.failed() if (why := look.why(run))]
    found = [Item(ItemKind.FAILED, f"{run.title}: {why}", run.id, run.ended_at) for run, why in ended]
    for dead in look.dead:
        parked = " (parked)" if dead.state is RunState.PARKED else ""
        found.append(Item(ItemKind.FAILED, f"{dead.title}: {look.why(dead)}{parked}", dead.id, dead.dead_at))
    return found


def waiting(look: Look, *, yours_only: bool = False) -> list[Item]:
    """The approvals that are open, and for whom they wait."""
    found = []
    for one in look.waiting:
        if yours_only and not one.yours:
            continue
        kind = ItemKind.YOURS if one.yours else ItemKind.WAITING
        waits = (look.window.until - one.approval.opened_at).total_seconds()
        people = () if one.yours else one.approval.approvers
        words = f"{one.approval.title}: {one.run.title}"
        found.append(Item(kind, words, one.run.id, one.approval.opened_at, people, waits, approval=one.approval.id))
    return found


def span_of(span: timedelta) -> str:
    """A length of time in its largest unit."""
    seconds = span.total_seconds()
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
