"""approval: a request for a person's decision."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypedDict, TypeVar

from pydantic import BaseModel

from workflows.engine import codec
from workflows.engine.answers import edited_values
from workflows.engine.approving.policy import Policy
from workflows.engine.cursor import Cursor
from workflows.engine.errors import Interruption, Rejected
from workflows.engine.model import Approval, ApprovalState, Event, Kind, MessageKind, Outcome, Record, Writes
from workflows.engine.operations.asking import Approvers, Request, asked
from workflows.engine.operations.wait import Settled

F = TypeVar("F", bound=BaseModel)
E = TypeVar("E", bound=BaseModel)


@dataclass(frozen=True)
class DecisionMade:
    """What a body gets from `run.approval`."""

    name: str
    outcome: Outcome
    comment: str = ""
    by: str = ""
    """Who decided; with a quorum, the last one."""
    fields: Any = None
    """What was filled in when it was approved, as the model that was asked for."""
    edited: Any = None
    """The editable values, when somebody changed them, as the model that was asked for."""

    @property
    def approved(self) -> bool:
        return self.outcome is Outcome.APPROVED

    def require_approved(self) -> None:
        """Go on only when it was approved; raises Rejected for everything else."""
        if not self.approved:
            raise Rejected(self.name, self.outcome.value, self.comment, self.by)


@dataclass(frozen=True)
class Answer(DecisionMade, Generic[F, E]):
    """A decision with what people filled in and edited, typed."""

    fields: F | None = None
    edited: E | None = None


class Terms(TypedDict, total=False):
    """What may be said with every approval."""

    title: str
    show: Any
    approvers: Approvers
    quorum: int
    allow_self: bool
    timeout: timedelta | None
    on_timeout: Outcome
    remind: timedelta | None
    policy: Policy | str


class ApprovalWait:
    """Until enough approvers agreed, one decided otherwise, or the time was over."""

    kind = Kind.APPROVAL

    def __init__(self, request: Request) -> None:
        request.check()
        self.name = request.name
        self._request = request
        self._show = codec.encode(request.show, f"What the approval {request.name} shows")

    @property
    def result(self) -> Any:
        fields, editable = self._request.fields, self._request.editable
        if fields is None and editable is None:
            return DecisionMade
        return Answer[fields or BaseModel, editable or BaseModel]  # type: ignore[misc] # known at run time only

    def input(self) -> str:
        """What a function or a policy computes is recorded with the approval, not compared at replay."""
        request = self._request
        approvers = "computed" if callable(request.approvers) else request.approvers
        terms: dict[str, Any] = {"approvers": approvers, "quorum": request.quorum, "allow_self": request.allow_self}
        if request.policy is not None:  # by its name alone: what it came to is recorded when it opens
            terms = {"policy": request.policy if isinstance(request.policy, str) else request.policy.name}
        return codec.encode({"show": json.loads(self._show), **terms}, self.name)

    def title(self) -> str:
        return self._request.title

    def open(self, cursor: Cursor, record: Record) -> tuple[Record, Writes, tuple[Event, ...]]:
        approval, told = asked(cursor, record, self._request, self._show)
        record = replace(record, due_at=approval.due_at, detail=json.dumps({"approval": approval.id}))
        return record, Writes(approvals=(approval,)), told

    def poll(self, cursor: Cursor, record: Record, now: datetime) -> Settled | None:
        approval_id = json.loads(record.detail or "{}")["approval"]
        message = cursor.turn.message(lambda m: m.kind is MessageKind.DECISION and m.name == approval_id)
        if message is not None:
            return Settled(message.payload, message=message)
        if record.due_at is None or now < record.due_at:
            return None
        approval = self._open(cursor, record)
        outcome = approval.on_timeout if approval else self._request.on_timeout
        edited = edited_values(approval) if approval else None
        made = DecisionMade(self.name, outcome, "nobody decided in time", edited=edited)
        data = {"approval": approval_id, "name": self.name, "outcome": outcome}
        told = cursor.event("approval.expired", json.dumps(data))
        writes = replace(self._closed(cursor, approval, ApprovalState.EXPIRED, outcome), events=(told,))
        return Settled(codec.encode(made, self.name), writes=writes, only_if_unchanged=True)

    def withdraw(self, cursor: Cursor, record: Record) -> Writes:
        return self._closed(cursor, self._open(cursor, record), ApprovalState.VOID, None)

    def holds(self, _cursor: Cursor, _record: Record, _ending: Interruption) -> bool:
        return False

    def _open(self, cursor: Cursor, record: Record) -> Approval | None:
        approval_id = json.loads(record.detail or "{}")["approval"]
        approval = cursor.turn.read(lambda store: store.approval(approval_id))
        return approval if approval is not None and approval.state is ApprovalState.OPEN else None

    def _closed(
        self, cursor: Cursor, approval: Approval | None, state: ApprovalState, outcome: Outcome | None
    ) -> Writes:
        if approval is None:
            return Writes()
        closed = replace(approval, state=state, outcome=outcome, closed_at=cursor.turn.now(), remind_at=None)
        return Writes(approvals=(closed,))
