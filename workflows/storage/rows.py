"""From rows to the engine's records and back: equal names, in the order of the dataclasses' fields."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import Column, Table

from workflows.engine.approving.delegation import Delegation
from workflows.engine.credentials import SealedCredential
from workflows.engine.letters.model import Group, Member
from workflows.engine.model import Approval, Attempt, Audit, Decision, Event, Message, Pause, Record, Run
from workflows.engine.schedules.model import Schedule, Tick
from workflows.storage.tables import (
    APPROVAL,
    ATTEMPT,
    AUDIT,
    CREDENTIAL,
    DEAD_LETTER,
    DEAD_LETTER_GROUP,
    DECISION,
    DELEGATION,
    EVENT,
    PAUSE,
    RUN,
    SCHEDULE,
    SIGNAL,
    STEP,
    TICK,
)


def _columns(table: Table, record: type[Any]) -> tuple[Column[Any], ...]:
    return tuple(table.c[field.name] for field in fields(record))


RUN_COLUMNS: Final = _columns(RUN, Run)
STEP_COLUMNS: Final = _columns(STEP, Record)
ATTEMPT_COLUMNS: Final = _columns(ATTEMPT, Attempt)
EVENT_COLUMNS: Final = _columns(EVENT, Event)
SIGNAL_COLUMNS: Final = _columns(SIGNAL, Message)
APPROVAL_COLUMNS: Final = _columns(APPROVAL, Approval)
DECISION_COLUMNS: Final = _columns(DECISION, Decision)
DELEGATION_COLUMNS: Final = _columns(DELEGATION, Delegation)
PAUSE_COLUMNS: Final = _columns(PAUSE, Pause)
AUDIT_COLUMNS: Final = _columns(AUDIT, Audit)
APPROVERS: Final = [field.name for field in fields(Approval)].index("approvers")
SCHEDULE_COLUMNS: Final = _columns(SCHEDULE, Schedule)
TICK_COLUMNS: Final = _columns(TICK, Tick)
CREDENTIAL_COLUMNS: Final = _columns(CREDENTIAL, SealedCredential)
GROUP_COLUMNS: Final = _columns(DEAD_LETTER_GROUP, Group)
MEMBER_COLUMNS: Final = _columns(DEAD_LETTER, Member)


def to_row(record: Any, **columns: Any) -> dict[str, Any]:
    """A dataclass as the values of its row, with some replaced."""
    return {**record.__dict__, **columns}


def approval_row(approval: Approval, run_id: str) -> dict[str, Any]:
    return to_row(approval, run_id=run_id, approvers=json.dumps(approval.approvers, ensure_ascii=False))


def to_approval(row: Sequence[Any]) -> Approval:
    """From the values of APPROVAL_COLUMNS."""
    columns = list(row)
    columns[APPROVERS] = tuple(json.loads(columns[APPROVERS]))
    return Approval(*columns)
