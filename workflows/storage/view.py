"""What a change from outside is computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection

from workflows.engine.model import Approval, Attempt, Decision, Record, Run
from workflows.storage import approvals, history, runs


class SqlView:
    """Reads within the transaction that holds the run's row; what is read twice is the same."""

    def __init__(
        self,
        conn: Connection,
        run_id: str,
        now: datetime,
        *,
        known: Mapping[str, Approval | None] | None = None,
        votes: Mapping[str, Sequence[Decision]] | None = None,
    ) -> None:
        """`known` and `votes` are approvals and the decisions on them that were read under the lock already."""
        self._conn = conn
        self._run_id = run_id
        self._now = now
        self._approvals: dict[str, Approval | None] = dict(known or {})
        self._decisions: dict[str, Sequence[Decision]] = dict(votes or {})

    @cached_property
    def run(self) -> Run:
        return runs.get(self._conn, self._run_id)

    @property
    def now(self) -> datetime:
        return self._now

    def records(self) -> Sequence[Record]:
        return history.records(self._conn, self._run_id)

    def attempts(self) -> Sequence[Attempt]:
        return history.attempts(self._conn, self._run_id)

    def approval(self, approval_id: str) -> Approval | None:
        if approval_id not in self._approvals:
            self._approvals[approval_id] = approvals.find(self._conn, approval_id)
        return self._approvals[approval_id]

    def approvals(self) -> Sequence[Approval]:
        return approvals.listed(self._conn, self._run_id, None)

    def decisions(self, approval_id: str) -> Sequence[Decision]:
        if approval_id not in self._decisions:
            self._decisions[approval_id] = approvals.decisions(self._conn, approval_id)
        return self._decisions[approval_id]

    def children(self) -> Sequence[Run]:
        return runs.children(self._conn, self._run_id)
