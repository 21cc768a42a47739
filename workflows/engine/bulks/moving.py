"""Carrying bulks out: one run after another, each in a transaction of its own, by whoever holds the bulk."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from workflows.engine.bulks.model import Bulk, CameTo, Move, Turn
from workflows.engine.bulks.ports import Bulks
from workflows.engine.errors import BatonError, Refused, StoreUnavailable, UnknownRun
from workflows.engine.ids import new_id
from workflows.engine.model import Audit, Writes
from workflows.engine.ports import Standing, View
from workflows.engine.problem import problem_from
from workflows.engine.recovery import Recovery
from workflows.engine.service import Service
from workflows.engine.skipping import skippable

SLICE = 50
"""So many runs are moved before a bulk is given back for a moment, and its group shown."""
LEASE = timedelta(seconds=30)
"""A bulk whose holder died is taken over after so long."""

log = logging.getLogger(__name__)


class Elsewhere(Refused):
    """The run is no longer the dead letter that the bulk is about."""


class Mover:
    """Carries out bulks that were confirmed. Any number of processes may do so; nothing is done twice.

    A move is bound to the failure that it was asked for, which the transaction looks at under the run's lock: what
    somebody moved before, or a process that died just after its commit, is left alone.
    """

    def __init__(self, service: Service, bulks: Bulks) -> None:
        self._service = service
        self._bulks = bulks
        self._owner = new_id()

    def carry_on(self, bulk_id: str = "") -> Bulk | None:
        """Move some runs of the oldest bulk that nobody holds, or of this one; the bulk, None where there is none.

        While nobody can say who it was that asked, it is kept and nothing is moved. Raises StoreUnavailable.
        """
        bulk = self._bulks.claim(self._owner, LEASE, bulk_id=bulk_id)
        if bulk is None:
            return None
        if self._service.access.directory.standing(bulk.by) is Standing.UNKNOWN:
            return bulk  # others get their turn, until the lease runs out
        try:
            for turn in self._bulks.turns(bulk.id, limit=SLICE):
                self._take(bulk, turn)
        finally:
            self._bulks.rest(bulk.id, self._owner)
        return bulk

    def _take(self, bulk: Bulk, turn: Turn) -> None:
        try:
            self._move(bulk, turn)
        except StoreUnavailable:
            raise
        except (Elsewhere, UnknownRun) as error:
            self._bulks.settle(bulk.id, turn.run_id, CameTo.ELSEWHERE, str(error))
        except BatonError as error:
            self._bulks.settle(bulk.id, turn.run_id, CameTo.REFUSED, str(error))
        except Exception:  # one run must not hold up all that come after it
            log.exception("a run of a bulk could not be moved")
            words = f"Run {turn.run_id} could not be moved: something went wrong in Baton itself; its log says what."
            self._bulks.settle(bulk.id, turn.run_id, CameTo.REFUSED, words)

    def _move(self, bulk: Bulk, turn: Turn) -> None:
        recovery = Recovery(self._service, lambda run_id, change: self._bound(bulk, turn, run_id, change))
        match bulk.move:
            case Move.RESUME:
                recovery.resume(turn.run_id, by=bulk.by)
            case Move.SKIP:
                recovery.skip(turn.run_id, self._key(turn.run_id), json.loads(bulk.detail or "null"), by=bulk.by)
            case Move.FORK:
                recovery.fork(turn.run_id, by=bulk.by, dead=True)
            case Move.DISCARD:
                recovery.discard(turn.run_id, by=bulk.by, reason=bulk.detail)

    def _bound(self, bulk: Bulk, turn: Turn, run_id: str, change: Callable[[View], Writes]) -> object:
        """The move's transaction, bound to the failure that the bulk is about, and noted there."""

        def bound(view: View) -> Writes:
            if view.run.dead_at != turn.dead_at:
                raise Elsewhere(f"Run {run_id} was moved before.")
            writes = change(view)
            return replace(writes, bulk=bulk.id, audit=tuple(on_behalf(one, bulk) for one in writes.audit))

        return self._service.change(run_id, bound)

    def _key(self, run_id: str) -> str:
        seen = self._service.store.recorded([run_id])
        found = [skippable(one.run, one.records, problem_from(one.run.error)) for one in seen]
        record = found[0] if found else None
        if record is None:
            raise Refused(f"No step of run {run_id} can be skipped now.")
        return record.key


def on_behalf(entry: Audit, bulk: Bulk) -> Audit:
    """An audit entry that names the bulk; how a fork began is read by others, and stays as it is."""
    if entry.verb == "start":
        return entry
    return replace(entry, detail=f"{entry.detail} (bulk {bulk.id})".strip())
