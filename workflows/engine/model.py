"""The engine's records, frozen. Values are JSON text; times are UTC with time zone."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypedDict


class RunState(enum.StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    COMPENSATING = "compensating"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PARKED = "parked"


OPEN = frozenset({RunState.QUEUED, RunState.RUNNING, RunState.WAITING, RunState.COMPENSATING})
"""States that go on by themselves. A parked run is not open, but not over either."""
SUSPECT = 2
"""Crashes from which on a run is executed in a process of its own; a death there convicts it."""
OVER = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED})


class StepState(enum.StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"


DONE = frozenset({StepState.SUCCEEDED, StepState.FAILED, StepState.SKIPPED})


class Kind(enum.StrEnum):
    """What a record of history is the record of."""

    STEP = "step"
    APPROVAL = "approval"
    SLEEP = "sleep"
    SIGNAL = "signal"
    FIRST = "first"
    CHILD = "child"
    PARALLEL = "parallel"
    MAP = "map"
    BRANCH = "branch"
    SAGA = "saga"
    COMPENSATION = "compensation"
    NOW = "now"
    UUID = "uuid"
    RANDOM = "random"
    NOTE = "note"
    PATCHED = "patched"
    CANCEL = "cancel"
    TIMEOUT = "timeout"


class Outcome(enum.StrEnum):
    """What a person decided, or that nobody did in time."""

    APPROVED = "approved"
    CHANGES = "changes"
    REJECTED = "rejected"
    EXPIRED = "expired"


class ApprovalState(enum.StrEnum):
    OPEN = "open"
    DECIDED = "decided"
    EXPIRED = "expired"
    VOID = "void"


class MessageKind(enum.StrEnum):
    """What arrived in a run's inbox."""

    SIGNAL = "signal"
    DECISION = "decision"
    CHILD = "child"


@dataclass(frozen=True)
class Run:
    """One execution, as its row stands."""

    id: str
    workflow: str
    title: str
    state: RunState
    input: str
    created_at: datetime
    generation: int = 0
    version: str = ""
    release: int = 0
    """The release that made the last advance; older workers leave the run alone."""
    output: str | None = None
    error: str | None = None
    """JSON of a `Problem`."""
    waiting: str | None = None
    """JSON list of `Waiting`."""
    queue: str = "default"
    started_by: str = ""
    channel: str = ""
    parent_id: str | None = None
    parent_key: str | None = None
    """The key of the parent's record that waits for this run; with the parent's generation before it: `g/key`."""
    dedupe: str | None = None
    """The caller's idempotency key: unique within the workflow."""
    limit_key: str | None = None
    limit_runs: int | None = None
    admitted: bool = False
    inbox: int = 0
    """Grows with every message and cancellation."""
    seen: int = 0
    """The inbox counter at the last suspend."""
    cancel: str | None = None
    """Why and by whom, once somebody asked to cancel."""
    lease_owner: str | None = None
    lease_until: datetime | None = None
    token: int = 0
    wake_at: datetime | None = None
    """When the rescue tick rings this run: a timer, the end of a lease, or a ring that may have been lost."""
    due_at: datetime | None = None
    """The earliest timer of a waiting run; when a queued run is to start, if not at once."""
    deadline: datetime | None = None
    """When the whole run times out."""
    crashes: int = 0
    """Deaths of the process since the last progress, at most SUSPECT; one more when it ran alone then."""
    revision: int = 0
    """Grows with every change that a viewer could see; events carry it as their number."""
    dead_at: datetime | None = None
    """Since when the run is a dead letter."""
    restored_at: datetime | None = None
    """When it came back from a backup: from then on it asks the services before it acts."""
    labels: str = "{}"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    carded: bool = False
    """Whether it is seen outside: its card wants each revision to be shown."""


class RunChange(TypedDict, total=False):
    """Columns of a run that a write sets; what is not named stays."""

    state: RunState
    generation: int
    version: str
    input: str
    output: str | None
    error: str | None
    waiting: str | None
    seen: int
    cancel: str | None
    wake_at: datetime | None
    due_at: datetime | None
    deadline: datetime | None
    crashes: int
    dead_at: datetime | None
    restored_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    admitted: bool


@dataclass(frozen=True)
class Record:
    """One operation in a run's history.

    `scope` is the path of the branch it was called in ("" for the body), `ordinal` its place within that
    scope, `position` its place in the whole run (0 for a record that is not finished). `key` is
    `scope + name#n`. A record is unique by (run, generation, key).
    """

    run_id: str
    generation: int
    key: str
    scope: str
    ordinal: int
    kind: Kind
    name: str
    state: StepState
    title: str = ""
    position: int = 0
    digest: str = ""
    input: str | None = None
    output: str | None = None
    error: str | None = None
    """JSON of a `Problem`."""
    attempts: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    due_at: datetime | None = None
    detail: str | None = None
    """JSON that belongs to the kind: a compensation's target, a call's usage, a wait's ids."""
    undone: bool = False
    superseded: bool = False
    """Replaced by a later generation: kept for people, not replayed."""


class AttemptState(enum.StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Attempt:
    """One try of a step. Written before the call when the step is not idempotent, else when it failed."""

    run_id: str
    generation: int
    key: str
    number: int
    state: AttemptState
    started_at: datetime
    deadline: datetime
    ended_at: datetime | None = None
    error: str | None = None
    worker: str = ""


@dataclass(frozen=True)
class Event:
    """A fact for listeners, numbered within its run by the run's revision."""

    run_id: str
    kind: str
    at: datetime
    data: str = "{}"
    actor: str = ""
    number: int = 0
    """Set by the store."""


@dataclass(frozen=True)
class Message:
    """What arrived for a run: a signal, a decision, a child's end. `name` says for whom: the signal's name,
    the approval's id, or the waiting record's `generation/key`."""

    id: str
    run_id: str
    kind: MessageKind
    name: str
    payload: str
    sent_at: datetime
    sent_by: str = ""
    taken_by: str | None = None
    """The key of the record that took it."""


@dataclass(frozen=True)
class Approval:
    """A request for a person's decision."""

    id: str
    run_id: str
    generation: int
    key: str
    name: str
    title: str
    show: str
    """JSON of what is to be approved, complete."""
    digest: str
    """Covers what is shown, what is filled in and edited, and who may decide."""
    approvers: tuple[str, ...]
    opened_at: datetime
    quorum: int = 1
    allow_self: bool = False
    state: ApprovalState = ApprovalState.OPEN
    outcome: Outcome | None = None
    due_at: datetime | None = None
    remind_every: timedelta | None = None
    remind_at: datetime | None = None
    closed_at: datetime | None = None
    fields: str = ""
    """JSON schema of what an approver fills in when approving; "" for nothing."""
    editable: str = ""
    """JSON of what an approver may edit, `{"schema": …, "values": …}`; "" for nothing. `"edited": true` beside
    them says that the values are no longer those of the workflow."""
    on_timeout: Outcome = Outcome.EXPIRED
    """What it counts as when nobody decided in time."""
    policy: str = ""
    """JSON of what its policy came to when it opened (`approving.recorded`); "" where none was named."""
    agenda: str = ""
    """JSON of the reminders and escalations to come; "" where `remind_every` says it all."""


@dataclass(frozen=True)
class Decision:
    """One person's answer to an approval; one per person and approval."""

    approval_id: str
    by: str
    outcome: Outcome
    at: datetime
    comment: str = ""
    digest: str = ""
    """The approval's digest when it was given: it counts while the two are equal."""
    fields: str | None = None
    """JSON of what was filled in."""
    edited: str | None = None
    """JSON of what was edited, all editable values."""
    says: str = ""
    """JSON of the seats that it is good for, by whose say it is; "" for any seat, by the person's own."""
    behalf: str = ""
    """For whom it was given, by their deputy; "" for the person's own."""


@dataclass(frozen=True)
class Pause:
    """Says that no worker takes the runs of a workflow, or any run, until it is lifted."""

    workflow: str
    """A workflow's name; "" for everything."""
    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True)
class Audit:
    """Who did what, when, to which run."""

    at: datetime
    actor: str
    verb: str
    run_id: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Letter:
    """A run becomes a dead letter: what it has in common with others, and the group that it begins as the first."""

    group: str
    """The id of the group, should this be the first of its kind."""
    fingerprint: str
    channel: str
    workflow: str
    step: str
    error: str
    words: str
    release: int
    at: datetime


@dataclass(frozen=True)
class NewRun:
    """A run to be created, with the history it starts from (a fork) and its first events."""

    run: Run
    records: tuple[Record, ...] = ()
    shown: bool = True
    """Whether a run with a channel is seen there. Otherwise its channel says only who may look at it."""


@dataclass(frozen=True)
class Writes:
    """What one transaction changes. Everything but `messages` and `starts` belongs to the run it is given for.

    Messages go to any run: the store inserts them, grows that run's inbox counter, sets its `wake_at` and
    returns a ring. An id that exists already is left alone (a repeat is harmless).
    """

    records: tuple[Record, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    events: tuple[Event, ...] = ()
    approvals: tuple[Approval, ...] = ()
    decisions: tuple[Decision, ...] = ()
    taken: tuple[tuple[str, str], ...] = ()
    """(message id, key of the record that took it)"""
    messages: tuple[Message, ...] = ()
    starts: tuple[NewRun, ...] = ()
    cancels: tuple[tuple[str, str], ...] = ()
    """(run id, reason) for open runs that are to be cancelled, such as children"""
    audit: tuple[Audit, ...] = ()
    supersede: tuple[tuple[int, str], ...] = ()
    """(generation, key) of records that are replaced"""
    supersede_all: bool = False
    undone: tuple[tuple[int, str], ...] = ()
    letter: Letter | None = None
    """The run becomes a dead letter, and joins the group of those alike; goes with `dead_at`."""
    bulk: str = ""
    """The bulk on whose behalf the run is moved: that it was is noted there."""
    run: RunChange = field(default_factory=RunChange)
    ring: bool = False
    """Ring this run too: set `wake_at` a grace from now and return a ring for it."""
