"""The tables. Their names and columns are compatibility data: change them by a migration alone.

Columns carry the names of the engine's records (`workflows.engine.model`), where they are explained. A value
over 64 kB is kept in `blob`; its column holds `blob:` and the hash.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlmodel import Field, SQLModel

from workflows.engine.alerts.model import Severity
from workflows.engine.beats.model import End, PartKind
from workflows.engine.bulks.model import CameTo, EndedAs, Move
from workflows.engine.hooks.model import InboundState
from workflows.engine.letters.model import Closed
from workflows.engine.model import ApprovalState, AttemptState, Kind, MessageKind, Outcome, RunState, StepState
from workflows.engine.outbox import DeliveryState
from workflows.engine.schedules.model import CatchUp, Overlap, TickState
from workflows.storage.columns import Id, Span, Utc, Word

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


TAIL_LENGTH = 6
TAIL = "(" + " || ".join(f"substr(id, length(id) - {place}, 1)" for place in range(TAIL_LENGTH)) + ")"
"""The end of an id from behind: what an id ends with is a beginning of it."""


def _required(kind: Any, *args: Any, **options: Any) -> Any:
    return Field(sa_column=Column(kind, *args, nullable=False, **options))


def _optional(kind: Any) -> Any:
    return Field(default=None, sa_column=Column(kind, nullable=True))


def _of_run(*, primary_key: bool = False) -> Any:
    return _required(Id, ForeignKey("run.id"), primary_key=primary_key)


def _partial(name: str, where: str, *columns: str) -> Index:
    """An index over the few rows that a tick or a list looks for."""
    return Index(name, *columns, postgresql_where=text(where), sqlite_where=text(where))


class Base(SQLModel):
    """What the tables share: a catalogue of their own."""

    metadata = MetaData(naming_convention=NAMES)


class RunRow(Base, table=True):
    """One execution of a workflow."""

    __tablename__ = "run"
    __table_args__ = (
        UniqueConstraint("workflow", "dedupe"),
        _partial("ix_run_wake_at", "wake_at IS NOT NULL", "wake_at"),
        _partial("ix_run_lease_owner", "lease_owner IS NOT NULL", "lease_owner"),
        _partial("ix_run_line", "limit_runs IS NOT NULL", "workflow", "state", "limit_key"),
        _partial("ix_run_parent_id_id", "parent_id IS NOT NULL", "parent_id", "id"),
        _partial("ix_run_dead", "dead_at IS NOT NULL", "id"),
        _partial("ix_run_ended_at_id", "ended_at IS NOT NULL", "ended_at", "id"),
        Index("ix_run_state_id", "state", "id"),
        Index("ix_run_workflow_state_id", "workflow", "state", "id"),
        Index("ix_run_started_by_state_id", "started_by", "state", "id"),
        Index("ix_run_tail", text(TAIL)),
    )

    id: str = _required(Id, primary_key=True)
    workflow: str = _required(Text)
    title: str = _required(Text)
    state: RunState = _required(Word(RunState))
    input: str = _required(Text)
    created_at: datetime = _required(Utc)
    generation: int = _required(Integer)
    version: str = _required(Text)
    release: int = _required(BigInteger)
    output: str | None = _optional(Text)
    error: str | None = _optional(Text)
    waiting: str | None = _optional(Text)
    queue: str = _required(Text)
    started_by: str = _required(Text)
    channel: str = _required(Text)
    parent_id: str | None = _optional(Id)
    parent_key: str | None = _optional(Text)
    dedupe: str | None = _optional(Text)
    limit_key: str | None = _optional(Text)
    limit_runs: int | None = _optional(Integer)
    admitted: bool = _required(Boolean)
    inbox: int = _required(Integer)
    seen: int = _required(Integer)
    cancel: str | None = _optional(Text)
    lease_owner: str | None = _optional(Text)
    lease_until: datetime | None = _optional(Utc)
    token: int = _required(BigInteger)
    wake_at: datetime | None = _optional(Utc)
    due_at: datetime | None = _optional(Utc)
    deadline: datetime | None = _optional(Utc)
    crashes: int = _required(Integer)
    revision: int = _required(BigInteger)
    dead_at: datetime | None = _optional(Utc)
    restored_at: datetime | None = _optional(Utc)
    labels: str = _required(Text)
    started_at: datetime | None = _optional(Utc)
    ended_at: datetime | None = _optional(Utc)
    carded: bool = _required(Boolean, server_default=false())


class LabelRow(Base, table=True):
    """A label of a run, to find the run by; the run's own column is what it shows."""

    __tablename__ = "label"
    __table_args__ = (Index("ix_label_name_value_run_id", "name", "value", "run_id"),)

    run_id: str = _of_run(primary_key=True)
    name: str = _required(Text, primary_key=True)
    value: str = _required(Text)


class TallyRow(Base, table=True):
    """How many runs have ended in a state until a moment, the same in every row: counted now and then."""

    __tablename__ = "tally"

    workflow: str = _required(Text, primary_key=True)
    state: RunState = _required(Word(RunState), primary_key=True)
    runs: int = _required(BigInteger)
    until: datetime = _required(Utc)


class StepRow(Base, table=True):
    """One operation in a run's history."""

    __tablename__ = "step"
    __table_args__ = (_partial("ix_step_failed_at", "state = 'failed'", "ended_at"),)

    run_id: str = _of_run(primary_key=True)
    generation: int = _required(Integer, primary_key=True, autoincrement=False)
    key: str = _required(Text, primary_key=True)
    scope: str = _required(Text)
    ordinal: int = _required(Integer)
    kind: Kind = _required(Word(Kind))
    name: str = _required(Text)
    state: StepState = _required(Word(StepState))
    title: str = _required(Text)
    position: int = _required(Integer)
    digest: str = _required(Text)
    input: str | None = _optional(Text)
    output: str | None = _optional(Text)
    error: str | None = _optional(Text)
    attempts: int = _required(Integer)
    started_at: datetime | None = _optional(Utc)
    ended_at: datetime | None = _optional(Utc)
    due_at: datetime | None = _optional(Utc)
    detail: str | None = _optional(Text)
    undone: bool = _required(Boolean)
    superseded: bool = _required(Boolean)


class AttemptRow(Base, table=True):
    """One try of a step."""

    __tablename__ = "attempt"
    __table_args__ = (_partial("ix_attempt_failed_at", "state = 'failed'", "ended_at"),)

    run_id: str = _of_run(primary_key=True)
    generation: int = _required(Integer, primary_key=True, autoincrement=False)
    key: str = _required(Text, primary_key=True)
    number: int = _required(Integer, primary_key=True, autoincrement=False)
    state: AttemptState = _required(Word(AttemptState))
    started_at: datetime = _required(Utc)
    deadline: datetime = _required(Utc)
    ended_at: datetime | None = _optional(Utc)
    error: str | None = _optional(Text)
    worker: str = _required(Text)


class EventRow(Base, table=True):
    """A fact for listeners; never changed, numbered within its run."""

    __tablename__ = "event"

    run_id: str = _of_run(primary_key=True)
    number: int = _required(BigInteger, primary_key=True, autoincrement=False)
    kind: str = _required(Text)
    at: datetime = _required(Utc)
    data: str = _required(Text)
    actor: str = _required(Text)


class SignalRow(Base, table=True):
    """What arrived for a run; `number` is the run's inbox counter at that moment."""

    __tablename__ = "signal"
    __table_args__ = (UniqueConstraint("run_id", "number"),)

    id: str = _required(Id, primary_key=True)
    run_id: str = _of_run()
    number: int = _required(Integer)
    kind: MessageKind = _required(Word(MessageKind))
    name: str = _required(Text)
    payload: str = _required(Text)
    sent_at: datetime = _required(Utc)
    sent_by: str = _required(Text)
    taken_by: str | None = _optional(Text)


class ApprovalRow(Base, table=True):
    """A request for a person's decision."""

    __tablename__ = "approval"
    __table_args__ = (
        Index("ix_approval_run_id", "run_id"),
        Index("ix_approval_state_opened_at", "state", "opened_at"),
        _partial("ix_approval_remind_at", "remind_at IS NOT NULL", "remind_at"),
    )

    id: str = _required(Id, primary_key=True)
    run_id: str = _of_run()
    generation: int = _required(Integer)
    key: str = _required(Text)
    name: str = _required(Text)
    title: str = _required(Text)
    show: str = _required(Text)
    digest: str = _required(Text)
    approvers: str = _required(Text)
    opened_at: datetime = _required(Utc)
    quorum: int = _required(Integer)
    allow_self: bool = _required(Boolean)
    state: ApprovalState = _required(Word(ApprovalState))
    outcome: Outcome | None = _optional(Word(Outcome))
    due_at: datetime | None = _optional(Utc)
    remind_every: timedelta | None = _optional(Span)
    remind_at: datetime | None = _optional(Utc)
    closed_at: datetime | None = _optional(Utc)
    fields: str = _required(Text, server_default="")
    editable: str = _required(Text, server_default="")
    on_timeout: Outcome = _required(Word(Outcome), server_default=Outcome.EXPIRED.value)
    policy: str = _required(Text, server_default="")
    agenda: str = _required(Text, server_default="")


class DecisionRow(Base, table=True):
    """One person's answer to an approval."""

    __tablename__ = "decision"

    approval_id: str = _required(Id, ForeignKey("approval.id"), primary_key=True)
    by: str = _required(Text, primary_key=True)
    outcome: Outcome = _required(Word(Outcome))
    at: datetime = _required(Utc)
    comment: str = _required(Text)
    digest: str = _required(Text, server_default="")
    fields: str | None = _optional(Text)
    edited: str | None = _optional(Text)
    says: str = _required(Text, server_default="")
    behalf: str = _required(Text, server_default="")


class DelegationRow(Base, table=True):
    """Who decides for somebody, until when."""

    __tablename__ = "delegation"
    __table_args__ = (Index("ix_delegation_deputy", "deputy"),)

    person: str = _required(Id, primary_key=True)
    scope: str = _required(Id, primary_key=True)
    deputy: str = _required(Id)
    until: datetime | None = _optional(Utc)
    at: datetime = _required(Utc)
    away: bool = _required(Boolean)


class PauseRow(Base, table=True):
    """What no worker takes: the runs of a workflow, or all runs where the name is empty."""

    __tablename__ = "pause"

    workflow: str = _required(Id, primary_key=True)
    by: str = _required(Text)
    at: datetime = _required(Utc)
    reason: str = _required(Text)


class AuditRow(Base, table=True):
    """Who did what, when, to which run; a run's id may be empty, so nothing refers to `run`."""

    __tablename__ = "audit"

    id: int | None = Field(default=None, sa_column=Column(Integer, primary_key=True, autoincrement=True))
    at: datetime = _required(Utc, index=True)
    actor: str = _required(Text)
    verb: str = _required(Text)
    run_id: str = _required(Id, index=True)
    detail: str = _required(Text)


class BlobRow(Base, table=True):
    """A large value, by the SHA-256 of its text."""

    __tablename__ = "blob"

    hash: str = _required(String(64), primary_key=True)
    data: bytes = _required(LargeBinary)


class BlobUseRow(Base, table=True):
    """Which runs hold a large value; a blob that none holds is pruned."""

    __tablename__ = "blob_use"

    run_id: str = _of_run(primary_key=True)
    hash: str = _required(String(64), ForeignKey("blob.hash"), primary_key=True, index=True)


class TriggerRow(Base, table=True):
    """Where a trigger's last poll ended."""

    __tablename__ = "trigger"

    name: str = _required(Text, primary_key=True)
    cursor: str = _required(Text)


class ScheduleRow(Base, table=True):
    """A rule that starts runs."""

    __tablename__ = "schedule"
    __table_args__ = (UniqueConstraint("name"), _partial("ix_schedule_wake_at", "wake_at IS NOT NULL", "wake_at"))

    id: str = _required(Id, primary_key=True)
    name: str = _required(Id)
    workflow: str = _required(Text)
    input: str = _required(Text)
    cron: str = _required(Text)
    zone: str = _required(Text)
    created_by: str = _required(Text)
    created_at: datetime = _required(Utc)
    ticked_to: datetime = _required(Utc)
    overlap: Overlap = _required(Word(Overlap))
    catch_up: CatchUp = _required(Word(CatchUp))
    jitter: timedelta = _required(Span)
    channel: str = _required(Text)
    wake_at: datetime | None = _optional(Utc)
    paused_at: datetime | None = _optional(Utc)
    paused_by: str = _required(Text)
    trouble: str = _required(Text)


class TickRow(Base, table=True):
    """What became of one moment of a schedule; its run may be deleted, so nothing refers to `run`."""

    __tablename__ = "tick"
    __table_args__ = (
        _partial("ix_tick_open", "open", "schedule_id"),
        _partial("ix_tick_waiting", "state = 'waiting'", "schedule_id"),
    )

    schedule_id: str = _required(Id, ForeignKey("schedule.id"), primary_key=True)
    at: datetime = _required(Utc, primary_key=True)
    state: TickState = _required(Word(TickState))
    decided_at: datetime = _required(Utc)
    run_id: str = _required(Id)
    reason: str = _required(Text)
    extra: bool = _required(Boolean)
    open: bool = _required(Boolean)


class AlertRow(Base, table=True):
    """Something that is wrong, or was; at most one of a kind and subject is open."""

    __tablename__ = "alert"
    __table_args__ = (
        Index("ix_alert_open", "kind", "subject", unique=True, postgresql_where=text("over_at IS NULL"),
              sqlite_where=text("over_at IS NULL")),
        _partial("ix_alert_untold", "told < 2", "began_at", "id"),
        Index("ix_alert_began_at_id", "began_at", "id"),
        _partial("ix_alert_over_at", "over_at IS NOT NULL", "over_at"),
    )  # fmt: skip

    id: str = _required(Id, primary_key=True)
    kind: str = _required(Text)
    subject: str = _required(Text)
    severity: Severity = _required(Word(Severity))
    words: str = _required(Text)
    advice: str = _required(Text)
    began_at: datetime = _required(Utc)
    seen_at: datetime = _required(Utc)
    over_at: datetime | None = _optional(Utc)
    told: int = _required(Integer)


class BeatRow(Base, table=True):
    """One instance of a part of Baton, and when it was last heard of."""

    __tablename__ = "beat"
    __table_args__ = (Index("ix_beat_seen_at_id", "seen_at", "id"),)

    id: str = _required(Id, primary_key=True)
    kind: PartKind = _required(Word(PartKind))
    host: str = _required(Text)
    pid: int = _required(Integer)
    version: str = _required(Text)
    began_at: datetime = _required(Utc)
    seen_at: datetime = _required(Utc)
    parent: str = _required(Id, index=True)
    ending: End = _required(Word(End))


class MuteRow(Base, table=True):
    """What keeps alerts quiet until a moment."""

    __tablename__ = "mute"

    what: str = _required(Id, primary_key=True)
    until: datetime = _required(Utc)
    by: str = _required(Text)
    at: datetime = _required(Utc)
    reason: str = _required(Text)


class DraftRow(Base, table=True):
    """What somebody was shown before it is saved; it goes when it is saved, and after a day."""

    __tablename__ = "draft"

    id: str = _required(Id, primary_key=True)
    kind: str = _required(Text)
    content: str = _required(Text)
    by: str = _required(Text)
    at: datetime = _required(Utc, index=True)


class ReceivedRow(Base, table=True):
    """An inbound id that was taken once."""

    __tablename__ = "received"

    source: str = _required(Text, primary_key=True)
    message_id: str = _required(Text, primary_key=True)
    at: datetime = _required(Utc, index=True)


class InboundRow(Base, table=True):
    """Something that came in, and what was done about it; its run may be deleted, so nothing refers to `run`."""

    __tablename__ = "inbound"
    __table_args__ = (Index("ix_inbound_source_at_event_id", "source", "at", "event_id"),)

    source: str = _required(Id, primary_key=True)
    event_id: str = _required(Id, primary_key=True)
    type: str = _required(Text)
    state: InboundState = _required(Word(InboundState))
    at: datetime = _required(Utc, index=True)
    run_id: str = _required(Id)
    words: str = _required(Text)


class CardRow(Base, table=True):
    """A run as something to be seen outside.

    Posts without a run have the card `posts`, so nothing refers to `run`.
    """

    __tablename__ = "card"
    __table_args__ = (
        _partial("ix_card_due_at", "shown < wanted", "due_at"),
        _partial("ix_card_lease_owner", "lease_owner IS NOT NULL", "lease_owner"),
        _partial("ix_card_troubled", "error <> ''", "run_id"),
    )

    run_id: str = _required(Id, primary_key=True)
    channel: str = _required(Text)
    wanted: int = _required(BigInteger)
    shown: int = _required(BigInteger)
    due_at: datetime = _required(Utc)
    place: str = _required(Text)
    lease_owner: str | None = _optional(Text)
    lease_until: datetime | None = _optional(Utc)
    token: int = _required(BigInteger)
    failures: int = _required(Integer)
    error: str = _required(Text)
    urgency: int = _required(Integer)


class DeliveryRow(Base, table=True):
    """One message outside."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("run_id", "key"),
        _partial("ix_delivery_channel_ts", "ts <> ''", "channel", "ts"),
        _partial("ix_delivery_posts", "run_id = 'posts'", "run_id", "created_at"),
        _partial("ix_delivery_posts_pending", "run_id = 'posts' AND state = 'pending'", "run_id", "created_at"),
    )

    id: str = _required(Id, primary_key=True)
    run_id: str = _required(Id)
    key: str = _required(Text)
    kind: str = _required(Text)
    created_at: datetime = _required(Utc)
    channel: str = _required(Text)
    thread_ts: str = _required(Text)
    ts: str = _required(Text)
    digest: str = _required(Text)
    state: DeliveryState = _required(Word(DeliveryState))
    payload: str = _required(Text)
    reply_url: str = _required(Text)
    reply_until: datetime | None = _optional(Utc)
    attempts: int = _required(Integer)
    error: str = _required(Text)
    posted_at: datetime | None = _optional(Utc)
    unclear: datetime | None = _optional(Utc)


class CredentialRow(Base, table=True):
    """The secret of one service, sealed by keys that the database does not have."""

    __tablename__ = "credential"

    workspace: str = _required(Id, primary_key=True)
    name: str = _required(Id, primary_key=True)
    sealed: str = _required(Text)
    set_by: str = _required(Text)
    set_at: datetime = _required(Utc)


class HomeRow(Base, table=True):
    """A page of somebody's own outside, such as App Home; its card says what is wanted and shown of it."""

    __tablename__ = "home"

    id: str = _required(Id, primary_key=True)
    opened_at: datetime = _required(Utc, index=True)
    digest: str = _required(Text)
    mark: str = _required(Text)


class DeadLetterGroupRow(Base, table=True):
    """Failures that are alike, in one channel and one episode; what is counted of it stands in `dead_letter`."""

    __tablename__ = "dead_letter_group"
    __table_args__ = (
        Index(
            "uq_dead_letter_group_unclosed", "fingerprint", "channel", unique=True,
            postgresql_where=text("closed_at IS NULL"), sqlite_where=text("closed_at IS NULL"),
        ),
        Index("ix_dead_letter_group_fingerprint_channel_id", "fingerprint", "channel", "id"),
        _partial("ix_dead_letter_group_unclosed", "closed_at IS NULL", "id"),
        Index("ix_dead_letter_group_workflow_id", "workflow", "id"),
        Index("ix_dead_letter_group_opened_at", "opened_at"),
    )  # fmt: skip

    id: str = _required(Id, primary_key=True)
    fingerprint: str = _required(Text)
    channel: str = _required(Text)
    workflow: str = _required(Text)
    step: str = _required(Text)
    error: str = _required(Text)
    words: str = _required(Text)
    release: int = _required(BigInteger)
    opened_at: datetime = _required(Utc)
    fresh_until: datetime = _required(Utc)
    closed_at: datetime | None = _optional(Utc)
    closed_as: Closed | None = _optional(Word(Closed))
    owner: str = _required(Text)
    claimed_at: datetime | None = _optional(Utc)


class DeadLetterRow(Base, table=True):
    """One time that a run became a dead letter. `untold_at` says that its group's message lacks something of it."""

    __tablename__ = "dead_letter"
    __table_args__ = (
        Index("ix_dead_letter_group_id_at", "group_id", "at"),
        _partial("ix_dead_letter_open", "settled_at IS NULL", "group_id", "at"),
        _partial("ix_dead_letter_untold", "untold_at IS NOT NULL", "group_id"),
    )

    run_id: str = _of_run(primary_key=True)
    number: int = _required(Integer, primary_key=True, autoincrement=False)
    group_id: str = _required(Id)
    release: int = _required(BigInteger)
    at: datetime = _required(Utc)
    settled_at: datetime | None = _optional(Utc)
    untold_at: datetime | None = _optional(Utc)


class BulkRow(Base, table=True):
    """One move for many dead letters of a group."""

    __tablename__ = "bulk"
    __table_args__ = (
        Index("ix_bulk_group_id_id", "group_id", "id"),
        _partial("ix_bulk_asked", "confirmed_at IS NULL", "asked_at"),
        _partial("ix_bulk_going", "confirmed_at IS NOT NULL AND ended_at IS NULL", "id"),
        _partial("ix_bulk_ended_at", "ended_at IS NOT NULL", "ended_at"),
    )

    id: str = _required(Id, primary_key=True)
    group_id: str = _required(Id)
    move: Move = _required(Word(Move))
    by: str = _required(Text)
    asked_at: datetime = _required(Utc)
    only: str = _required(Text)
    detail: str = _required(Text)
    total: int = _required(Integer)
    confirmed_at: datetime | None = _optional(Utc)
    ended_at: datetime | None = _optional(Utc)
    ended_as: EndedAs | None = _optional(Word(EndedAs))
    ended_by: str = _required(Text)
    lease_owner: str | None = _optional(Text)
    lease_until: datetime | None = _optional(Utc)


class BulkItemRow(Base, table=True):
    """One run of a bulk, as the dead letter that it was; `came_to` is NULL until its turn came."""

    __tablename__ = "bulk_item"
    __table_args__ = (_partial("ix_bulk_item_pending", "came_to IS NULL", "bulk_id", "run_id"),)

    bulk_id: str = _required(Id, primary_key=True)
    run_id: str = _required(Id, primary_key=True)
    dead_at: datetime = _required(Utc)
    came_to: CameTo | None = _optional(Word(CameTo))
    why: str = _required(Text)


class PaceRow(Base, table=True):
    """The next free moment of something that may not be done too often, in seconds since 1970."""

    __tablename__ = "pace"

    name: str = _required(Text, primary_key=True)
    free_at: float = _required(Float(53))
    held_until: float = _required(Float(53))


def _table(row: type[Base]) -> Table:
    return cast(Table, row.__table__)  # type: ignore[attr-defined]


METADATA = Base.metadata
RUN = _table(RunRow)
LABEL = _table(LabelRow)
TALLY = _table(TallyRow)
STEP = _table(StepRow)
ATTEMPT = _table(AttemptRow)
EVENT = _table(EventRow)
SIGNAL = _table(SignalRow)
APPROVAL = _table(ApprovalRow)
DECISION = _table(DecisionRow)
DELEGATION = _table(DelegationRow)
PAUSE = _table(PauseRow)
AUDIT = _table(AuditRow)
BLOB = _table(BlobRow)
BLOB_USE = _table(BlobUseRow)
TRIGGER = _table(TriggerRow)
SCHEDULE = _table(ScheduleRow)
TICK = _table(TickRow)
ALERT = _table(AlertRow)
BEAT = _table(BeatRow)
MUTE = _table(MuteRow)
DRAFT = _table(DraftRow)
RECEIVED = _table(ReceivedRow)
INBOUND = _table(InboundRow)
CARD = _table(CardRow)
DELIVERY = _table(DeliveryRow)
CREDENTIAL = _table(CredentialRow)
HOME = _table(HomeRow)
DEAD_LETTER_GROUP = _table(DeadLetterGroupRow)
DEAD_LETTER = _table(DeadLetterRow)
BULK = _table(BulkRow)
BULK_ITEM = _table(BulkItemRow)
PACE = _table(PaceRow)
