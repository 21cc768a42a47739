"""Who had a hand in what a run does: with four eyes, they do not decide it."""

from __future__ import annotations

from collections.abc import Iterable

from workflows.engine.errors import UnknownRun
from workflows.engine.expiry import removed
from workflows.engine.model import Audit
from workflows.engine.ports import Store

CHANGES = frozenset({"edit", "skip", "fork"})
"""What makes somebody as good as the starter."""
FORKED = "forked from "
"""How the audit of a fork's start begins; the id of the original follows."""
SCHEDULED = "scheduled by "
"""How the audit of a scheduled start begins; whoever made the schedule follows."""


def starters_of(store: Store, run_id: str) -> frozenset[str]:
    """Those who started or changed the run, the runs that it belongs to, and those that it was forked from."""
    found: set[str] = set()
    left, looked = [run_id], set[str]()
    while left:
        one = left.pop()
        if one in looked:
            continue
        looked.add(one)
        audit = store.audit(one)
        found |= {entry.actor for entry in audit if entry.verb in CHANGES}
        try:
            run = store.run(one)
            starter, parent = run.started_by, run.parent_id or ""
        except UnknownRun:  # it ended long ago and was deleted
            gone = removed(audit)
            starter, parent = (gone.started_by, gone.parent) if gone else ("", "")
        found |= {starter, *_after(SCHEDULED, audit)}
        left += [parent] if parent else []
        left += _after(FORKED, audit)
    return frozenset(found - {""})


def _after(beginning: str, audit: Iterable[Audit]) -> list[str]:
    """What the audit of a start says behind these words."""
    starts = (entry.detail for entry in audit if entry.verb == "start" and entry.detail.startswith(beginning))
    return [detail.removeprefix(beginning) for detail in starts]
