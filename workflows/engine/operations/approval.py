"""approval: a request for a person's decision."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from workflows.engine import codec
from workflows.engine.cursor import Cursor
from workflows.engine.errors import Interruption, Parked, Rejected
from workflows.engine.ids import new_id
from workflows.engine.model import Approval, ApprovalState, Event, Kind, MessageKind, Outcome, Record, Writes
from workflows.engine.operations.wait import Settled


@dataclass(frozen=True)
class DecisionMade:
    """What a body gets from `run.approval`."""

    name: str
    outcome: Outcome
    comment: str = ""
    by: str = ""
    """Who decided; with a quorum, the last one."""

    @property
    def approved(self) -> bool:
        return self.outcome is Outcome.APPROVED

    def require_approved(self) -> None:
        """Go on only when it was approved; raises Rejected for everything else."""
        if not self.approved:
            raise Rejected(self.name, self.outcome.value, self.comment, self.by)


@dataclass(frozen=True)
class Request:
    """What is asked of whom."""

    name: str
    title: str
    show: Any
    approvers: tuple[str, ...]
    quorum: int
    allow_self: bool
    timeout: timedelta | None
    remind: timedelta | None


class ApprovalWait:
    """Until enough approvers agreed, one decided otherwise, or the time was over."""

    kind = Kind.APPROVAL
    result = DecisionMade

    def __init__(self, request: Request) -> None:
        self.name = request.name
        self._request = request
        self._show = codec.encode(request.show, f"What the approval {request.name} shows")

    def input(self) -> str:
        request = self._request
        policy = {"approvers": request.approvers, "quorum": request.quorum, "allow_self": request.allow_self}
        return codec.encode({"show": json.loads(self._show), **policy}, self.name)

    def title(self) -> str:
        return self._request.title

    def open(self, cursor: Cursor, record: Record) -> tuple[Record, Writes, tuple[Event, ...]]:
        request, turn = self._request, cursor.turn
        approvers = request.approvers or turn.means.approvers
        if not approvers:
            raise cursor.close(
                Parked(
                    f"Nobody may approve {request.name}: name approvers in the workflow or set BATON_APPROVERS, "
                    "then resume."
                )
            )
        now = record.started_at
        assert now is not None
        digest = codec.digest(json.dumps([self._show, approvers, request.quorum, request.allow_self]))
        approval = Approval(
            new_id(), turn.run.id, record.generation, record.key, request.name, request.title, self._show, digest,
            approvers, now, request.quorum, request.allow_self,
            due_at=now + request.timeout if request.timeout is not None else None,
            remind_every=request.remind, remind_at=now + request.remind if request.remind else None,
        )  # fmt: skip
        record = replace(record, due_at=approval.due_at, detail=json.dumps({"approval": approval.id}))
        told = cursor.event(
            "approval.requested", json.dumps({"approval": approval.id, "name": approval.name, "key": record.key})
        )
        return record, Writes(approvals=(approval,)), (told,)

    def poll(self, cursor: Cursor, record: Record, now: datetime) -> Settled | None:
        approval_id = json.loads(record.detail or "{}")["approval"]
        message = cursor.turn.message(lambda m: m.kind is MessageKind.DECISION and m.name == approval_id)
        if message is not None:
            return Settled(message.payload, message=message)
        if record.due_at is None or now < record.due_at:
            return None
        made = DecisionMade(self.name, Outcome.EXPIRED, "nobody decided in time")
        told = cursor.event("approval.expired", json.dumps({"approval": approval_id, "name": self.name}))
        writes = replace(self._closed(cursor, record, ApprovalState.EXPIRED, Outcome.EXPIRED), events=(told,))
        return Settled(codec.encode(made, self.name), writes=writes, only_if_unchanged=True)

    def withdraw(self, cursor: Cursor, record: Record) -> Writes:
        return self._closed(cursor, record, ApprovalState.VOID, None)

    def holds(self, _cursor: Cursor, _record: Record, _ending: Interruption) -> bool:
        return False

    def _closed(self, cursor: Cursor, record: Record, state: ApprovalState, outcome: Outcome | None) -> Writes:
        approval_id = json.loads(record.detail or "{}")["approval"]
        approval = cursor.turn.read(lambda store: store.approval(approval_id))
        if approval is None or approval.state is not ApprovalState.OPEN:
            return Writes()
        closed = replace(approval, state=state, outcome=outcome, closed_at=cursor.turn.now(), remind_at=None)
        return Writes(approvals=(closed,))
