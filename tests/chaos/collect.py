"""The end of a chaos run as the store tells it, for the audit; and what a person does about parked runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.chaos.audit import Ended, Step, Unclear
from tests.chaos.people import ANA
from tests.servers.effects import EffectServer
from workflows.engine.model import DONE, Kind, Record, Run, RunState, StepState
from workflows.engine.ports import RunQuery, Store
from workflows.engine.recovery import Recovery

SORTS = {"read": "keyed", "undo": "keyed", "make": "made", "hope": "hoped"}
WELL = frozenset({StepState.SUCCEEDED, StepState.SKIPPED})


def all_runs(store: Store) -> Iterator[Run]:
    """Every run, children too."""
    page, before = RunQuery(limit=500), ""
    while runs := store.runs(replace(page, before=before)):
        yield from runs
        before = runs[-1].id


def collect(store: Store) -> list[Ended]:
    """Every run with its history."""
    return [_ended(store, run) for run in all_runs(store)]


def _ended(store: Store, run: Run) -> Ended:
    records = [record for record in store.records(run.id) if record.name.removeprefix("undo.") in SORTS]
    return Ended(
        json.loads(run.input)["number"], run.id, run.workflow, run.state, run.output, run.error or "",
        steps=tuple(Step(_place(r), int(json.loads(r.output or "0"))) for r in records if r.state in WELL),
        unclear=tuple(_unclear(store, records)) if run.state is RunState.PARKED else (),
    )  # fmt: skip


def _place(record: Record) -> int:
    place: int = json.loads(record.input or "[0, 0]")[1]
    return place


def _unclear(store: Store, records: Sequence[Record]) -> Iterator[Unclear]:
    for record in records:
        if record.kind is not Kind.STEP or record.state in DONE:
            continue
        tried = [a for a in store.attempts(record.run_id) if (a.generation, a.key) == (record.generation, record.key)]
        for attempt in tried[-1:]:
            yield Unclear(SORTS[record.name], _place(record), attempt.worker, attempt.started_at, record.key)


def put_right(runs: Sequence[Ended], recovery: Recovery, server: EffectServer) -> tuple[int, int]:
    """Do what the parked runs' words say: look there, then skip the step with its result, or have it repeated."""
    skipped = 0
    for run in runs:
        (unclear,) = run.unclear
        found = server.done_at(run.number, unclear.place)
        if found:
            recovery.skip(run.run_id, unclear.key, found, by=ANA)
            skipped += 1
        else:
            recovery.resume(run.run_id, by=ANA, again=True)
    return skipped, len(runs) - skipped
