"""Deleting what is old from the in-memory store, by the same rules as in the databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import accumulate
from typing import TypeVar

from workflows.engine.expiry import HEAVY, RECEIVED_KEPT, SHOWING, Expiry, Place, Prunable, Pruned, Removed, Swept
from workflows.engine.letters.model import Group
from workflows.engine.letters.ports import card_of
from workflows.engine.model import OVER, Run
from workflows.engine.outbox import POSTS, Delivery, DeliveryState
from workflows.engine.testing.memory_rows import Rows

K = TypeVar("K")
V = TypeVar("V")


def prune(rows: Rows, now: datetime, old: Expiry, limit: int, after: Place | None, by: str) -> Pruned:
    """Delete old runs from a place on, the oldest first."""
    free = [
        r for r in rows.runs.values() if _is_old(r, old) and _is_told(rows, r, now) and r.parent_id not in rows.runs
    ]
    line = sorted(((_end(r), r.id, r) for r in free), key=lambda each: each[:2])
    found = [run for *at, run in line if after is None or tuple(at) > (after.ended_at, after.run_id)][:limit]
    weights = accumulate(run.revision for run in found)
    gone = [run for run, weight in zip(found, weights, strict=True) if weight <= HEAVY] or found[:1]
    for run in gone:
        rows.forget(run.id)
        kept = Removed(run.workflow, run.state.value, _end(run).isoformat(), run.started_by, run.parent_id or "")
        rows.audit.append(kept.entry(run.id, now, by))
    done = len(found) < limit and len(gone) == len(found)
    return Pruned(len(gone), None if done else Place(_end(gone[-1]), gone[-1].id))


def prunable(rows: Rows, now: datetime, old: Expiry) -> Prunable:
    """How much that would delete, all passes taken together."""
    every = [r for r in rows.runs.values() if _is_old(r, replace(old, failed=True))]
    free = {r.id: r for r in every if _is_old(r, old) and _is_told(rows, r, now)}
    going: set[str] = set()
    while more := {r.id for r in free.values() if r.parent_id not in rows.runs or r.parent_id in going} - going:
        going |= more
    dead = 0 if old.failed else sum(r.dead_at is not None for r in every)
    before = old.audit_before
    audit = sum(a.at < before and a.run_id not in rows.runs for a in rows.audit) if before is not None else 0
    return Prunable(len(going), audit, dead, len(every) - len(going) - dead)


def sweep(rows: Rows, now: datetime, old: Expiry, limit: int) -> Swept:
    """Delete old rows that belong to no run, so many of each kind at most."""
    oldest, before = min(old.before, now - RECEIVED_KEPT), old.audit_before

    def is_done(post: Delivery) -> bool:
        return post.run_id == POSTS and post.state is not DeliveryState.PENDING and post.created_at < old.before

    posts = _drop(rows.deliveries, is_done, limit) + _empty_groups(rows, old, limit)
    received = _drop(rows.received, lambda at: at < oldest, limit)
    gone = [a for a in rows.audit if before is not None and a.at < before and a.run_id not in rows.runs][:limit]
    rows.audit = [entry for entry in rows.audit if entry not in gone]
    return Swept(posts, received, 0, len(gone))


def _is_old(run: Run, old: Expiry) -> bool:
    over = run.state in OVER and run.ended_at is not None and run.ended_at < old.before
    return over and (old.failed or run.dead_at is None) and old.queue in ("", run.queue)


def _is_told(rows: Rows, run: Run, now: datetime) -> bool:
    card = rows.cards.get(run.id)
    return _end(run) < now - SHOWING or card is None or card.shown >= card.wanted or bool(card.error)


def _empty_groups(rows: Rows, old: Expiry, limit: int) -> int:
    """Delete old groups of dead letters whose runs are all deleted, with what shows them."""
    full = {letter.group_id for letter in rows.letters.values()}

    def is_over(group: Group) -> bool:
        over = group.closed_at is not None or group.fresh_until < old.before
        return over and group.opened_at < old.before and group.id not in full

    gone = [card_of(group.id) for group in rows.groups.values() if is_over(group)]
    for name in gone[:limit]:
        rows.cards.pop(name, None)
        rows.deliveries = {key: sent for key, sent in rows.deliveries.items() if sent.run_id != name}
    return _drop(rows.groups, is_over, limit)


def _end(run: Run) -> datetime:
    assert run.ended_at is not None
    return run.ended_at


def _drop(table: dict[K, V], which: Callable[[V], bool], limit: int) -> int:
    gone = [key for key, value in table.items() if which(value)][:limit]
    for key in gone:
        del table[key]
    return len(gone)
