"""What happened within a span of time, in SQL: runs by the index of their ends, steps by their runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal_column, or_, select

from workflows.engine.happenings import Count, RunFacts, StepFacts
from workflows.engine.model import OVER, Kind, RunState, StepState
from workflows.storage.columns import aside
from workflows.storage.database import Database
from workflows.storage.tables import ATTEMPT, PAUSE, RUN, STEP

FACTS = tuple(RUN.c[field.name] for field in fields(RunFacts))
STEP_FACTS = tuple(STEP.c[field.name] for field in fields(StepFacts))
CHUNK = 500
"""Runs whose steps one statement reads."""


class SqlHappenings:
    """What happened, from the store's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def counts(self, since: datetime, until: datetime) -> Sequence[Count]:
        key = (RUN.c.workflow, RUN.c.state, RUN.c.channel, RUN.c.started_by)
        asked = select(*key, func.count()).where(*_over(since, until, OVER)).group_by(*key)
        return [Count(*row) for row in self._database.read(lambda conn: conn.execute(asked).all())]

    def ended(
        self, since: datetime, until: datetime, *, states: frozenset[RunState] = frozenset(), limit: int
    ) -> Sequence[RunFacts]:
        asked = select(*FACTS).where(*_over(since, until, states or OVER))
        asked = asked.order_by(RUN.c.ended_at.desc(), RUN.c.id.desc()).limit(limit)
        return [RunFacts(*row) for row in self._database.read(lambda conn: conn.execute(asked).all())]

    def steps(self, run_ids: Sequence[str]) -> Sequence[StepFacts]:
        found: list[StepFacts] = []
        for start in range(0, len(run_ids), CHUNK):
            mine = STEP.c.run_id.in_(run_ids[start : start + CHUNK])
            finished = (STEP.c.kind == Kind.STEP, STEP.c.position > 0, ~STEP.c.superseded)
            asked = select(*STEP_FACTS).where(mine, *finished)
            found += self._asked(asked)
        return found

    def failed_attempts(self, since: datetime, until: datetime) -> Mapping[str, int]:
        ended = (ATTEMPT.c.ended_at >= since, ATTEMPT.c.ended_at < until, ATTEMPT.c.state == literal_column("'failed'"))
        same = (STEP.c.run_id == ATTEMPT.c.run_id, STEP.c.generation == ATTEMPT.c.generation)
        whole = ATTEMPT.join(STEP, and_(*same, STEP.c.key == ATTEMPT.c.key))
        earlier = or_(STEP.c.state != StepState.FAILED, ATTEMPT.c.number < STEP.c.attempts)
        tries = select(STEP.c.name, func.count()).select_from(whole).where(*ended, earlier).group_by(STEP.c.name)
        lost = (STEP.c.ended_at >= since, STEP.c.ended_at < until, STEP.c.state == literal_column("'failed'"))
        ends = select(STEP.c.name, func.count()).where(*lost).group_by(STEP.c.name)
        found: Counter[str] = Counter()
        for name, count in self._database.read(lambda conn: [*conn.execute(tries), *conn.execute(ends)]):
            found[name] += count
        return found

    def queued_since(self) -> datetime | None:
        paused = exists().where(PAUSE.c.workflow.in_(["", RUN.c.workflow]))
        free = (RUN.c.state == RunState.QUEUED, RUN.c.due_at.is_(None), RUN.c.limit_runs.is_(None), ~paused)
        asked = select(RUN.c.created_at).where(*free).order_by(RUN.c.id).limit(1)
        found: datetime | None = self._database.read(lambda conn: conn.execute(asked).scalar_one_or_none())
        return found

    def _asked(self, asked: Select[Any]) -> list[StepFacts]:
        return [StepFacts(*row) for row in self._database.read(lambda conn: conn.execute(asked).all())]


def _over(since: datetime, until: datetime, states: frozenset[RunState]) -> tuple[ColumnElement[bool], ...]:
    ended = RUN.c.ended_at
    return (ended >= since, ended < until, aside(RUN.c.state).in_(sorted(states)), RUN.c.parent_id.is_(None))
