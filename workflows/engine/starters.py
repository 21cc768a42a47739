"""Who had a hand in what a run does: with four eyes, they do not decide it."""

from __future__ import annotations

from collections.abc import Iterable

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
        lineage = store.lineage(one)
        found |= {entry.actor for entry in lineage.audit if entry.verb in CHANGES}
        starter, parent = lineage.started_by, lineage.parent_id
        if starter is None and (gone := removed(lineage.audit)):  # it ended long ago and was pruned
            starter, parent = gone.started_by, gone.parent
        found |= {starter or "", *_after(SCHEDULED, lineage.audit)}
        left += [parent] if parent else []
        left += _after(FORKED, lineage.audit)
    return frozenset(found - {""})


def _after(beginning: str, audit: Iterable[Audit]) -> list[str]:
    """What the audit of a start says behind these words."""
    starts = (entry.detail for entry in audit if entry.verb == "start" and entry.detail.startswith(beginning))
    return [detail.removeprefix(beginning) for detail in starts]
