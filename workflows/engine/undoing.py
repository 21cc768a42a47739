"""Undoing a run that ended well: its compensations run, the last one first, and its body is not called again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from workflows.engine.compensations import UNDO, is_undoing, seen_as, to_undo
from workflows.engine.errors import Refused
from workflows.engine.model import Audit, Event, Kind, Record, Run, RunChange, RunState, StepState, Writes
from workflows.engine.ports import RunQuery, View
from workflows.engine.service import Service

CHILDREN = 100
"""Child runs that are read at a time."""


@dataclass(frozen=True)
class Undoing:
    """What a person may ask of a run that ended well: to have it undone."""

    service: Service

    def look(self, run_id: str, *, by: str) -> list[Record]:
        """What would be undone, in this order; raises Refused with the reason when it can't be."""
        store = self.service.store
        run = store.run(run_id)
        self.service.access.steer(by, run, "undo")
        records = store.records(run_id)
        _check_ended_well(run, records)
        for child in self._below(run_id):
            if to_undo(store.records(child)):
                raise Refused(
                    f"Run {run_id} can't be undone as a whole: its child run {child} holds finished steps that only "
                    "its own compensations undo, and a child run is not undone by itself."
                )
        return _left_to_undo(run, records)

    def undo(self, run_id: str, *, by: str, reason: str = "", seen: str = "") -> None:
        """Let the run be undone. `seen` is what the person was shown (`seen_as`); anything else is refused."""
        if seen_as(self.look(run_id, by=by)) != seen:
            raise Refused(f"Run {run_id} changed since you looked: look again at what would be undone.")
        self.service.catalogue.get(self.service.store.run(run_id).workflow)

        def change(view: View) -> Writes:
            run, records = view.run, view.records()
            _check_ended_well(run, records)
            _left_to_undo(run, records)
            words = f"undone by {by}" + (f": {reason}" if reason else "")
            generation = run.generation + 1
            marker = Record(
                run.id, generation, UNDO, "!", 0, Kind.CANCEL, words, StepState.SUCCEEDED,
                position=1 + max(record.position for record in records), started_at=view.now, ended_at=view.now,
            )  # fmt: skip
            told = Event(run.id, "run.undoing", view.now, json.dumps({"reason": reason}), by)
            fresh: RunChange = {
                "state": RunState.QUEUED, "generation": generation, "ended_at": None, "deadline": None, "cancel": None,
                "crashes": 0,
            }  # fmt: skip
            audit = (Audit(view.now, by, "undo", run.id, reason),)
            return Writes(records=(marker,), events=(told,), audit=audit, run=fresh, ring=True)

        self.service.change(run_id, change)

    def _below(self, run_id: str) -> Iterator[str]:
        """The runs that a run started, and those that these started, however many."""
        query = RunQuery(parent_id=run_id, limit=CHILDREN)
        while found := self.service.store.runs(query):
            for child in found:
                yield child.id
                yield from self._below(child.id)
            query = replace(query, before=found[-1].id)


def _check_ended_well(run: Run, records: Sequence[Record]) -> None:
    if run.state is not RunState.SUCCEEDED:
        more = "; it was undone already" if run.state is RunState.CANCELLED and is_undoing(records) else ""
        raise Refused(f"Run {run.id} is {run.state}{more}: only a run that succeeded can be undone.")
    if run.parent_id is not None:
        raise Refused(
            f"Run {run.id} belongs to run {run.parent_id}, which went on with its result: it can't be undone."
        )


def _left_to_undo(run: Run, records: Sequence[Record]) -> list[Record]:
    found = to_undo(records)
    if not found:
        raise Refused(f"Run {run.id} has nothing to undo: no saga of it holds a compensation that did not run.")
    return found
