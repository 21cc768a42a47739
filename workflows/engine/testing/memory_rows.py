"""The rows of the in-memory store, and what a `Writes` does to them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from workflows.engine.alerts.model import Alert, Mute
from workflows.engine.approving.delegation import Delegation
from workflows.engine.beats.model import Beat
from workflows.engine.bulks.model import Bulk, CameTo
from workflows.engine.credentials import SealedCredential
from workflows.engine.drafts import Draft
from workflows.engine.errors import InvalidInput
from workflows.engine.expiry import unknown
from workflows.engine.homes import Home
from workflows.engine.hooks.model import Inbound
from workflows.engine.letters.model import FRESH, Closed, Group, Member
from workflows.engine.model import (
    DONE,
    OPEN,
    OVER,
    Approval,
    ApprovalState,
    Attempt,
    Audit,
    Decision,
    Event,
    Kind,
    Letter,
    Message,
    NewRun,
    Pause,
    Record,
    Run,
    RunState,
    Writes,
)
from workflows.engine.outbox import Card, Delivery
from workflows.engine.ports import RING_GRACE, Ring
from workflows.engine.schedules.model import Schedule, Tick

V = TypeVar("V")
ASIDE = frozenset({Kind.NOW, Kind.UUID, Kind.RANDOM, Kind.NOTE, Kind.PATCHED, Kind.CANCEL, Kind.TIMEOUT})
"""Records that are no progress of their own."""


@dataclass
class Rings:
    """The rings that one transaction owes; one per run."""

    again: dict[str, bool] = field(default_factory=dict)

    def add(self, run_id: str, *, again: bool = False) -> None:
        self.again[run_id] = again or self.again.get(run_id, False)


class Rows:
    """Every table as a dict. The caller holds the lock."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.records: dict[str, dict[tuple[int, str], Record]] = {}
        self.attempts: dict[str, dict[tuple[int, str, int], Attempt]] = {}
        self.events: dict[str, list[Event]] = {}
        self.messages: dict[str, Message] = {}
        self.approvals: dict[str, Approval] = {}
        self.decisions: dict[tuple[str, str], Decision] = {}
        self.audit: list[Audit] = []
        self.pauses: dict[str, Pause] = {}
        self.delegations: dict[tuple[str, str], Delegation] = {}
        self.cursors: dict[str, str] = {}
        self.inbound: dict[tuple[str, str], Inbound] = {}
        self.received: dict[tuple[str, str], datetime] = {}
        self.cards: dict[str, Card] = {}
        self.deliveries: dict[str, Delivery] = {}
        self.homes: dict[str, tuple[Home, datetime]] = {}
        self.schedules: dict[str, Schedule] = {}
        self.credentials: dict[tuple[str, str], SealedCredential] = {}
        self.ticks: dict[tuple[str, datetime], Tick] = {}
        self.alerts: dict[str, Alert] = {}
        self.mutes: dict[str, Mute] = {}
        self.beats: dict[str, Beat] = {}
        self.drafts: dict[str, Draft] = {}
        self.pace: dict[str, tuple[datetime, datetime]] = {}
        self.groups: dict[str, Group] = {}
        self.letters: dict[tuple[str, int], Member] = {}
        self.bulks: dict[str, Bulk] = {}
        self.bulk_items: dict[tuple[str, str], tuple[datetime, CameTo | None, str]] = {}
        """By bulk and run: the moment of its failure, what came of it, and why."""
        self.bulk_leases: dict[str, tuple[str, datetime]] = {}
        self.untold: set[tuple[str, int]] = set()
        """Dead letters of which something happened that their group's message lacks."""

    def get(self, run_id: str) -> Run:
        run = self.runs.get(run_id)
        if run is None:
            raise unknown(run_id, (entry for entry in self.audit if entry.run_id == run_id))
        return run

    def set(self, run_id: str, **columns: Any) -> Run:
        self.runs[run_id] = run = replace(self.runs[run_id], **columns)
        if run.carded and "revision" in columns:
            self.cards[run_id] = replace(self.cards[run_id], wanted=run.revision)
        return run

    def history(self, run_id: str, *, superseded: bool = False) -> list[Record]:
        found = [r for r in self.records.get(run_id, {}).values() if superseded or not r.superseded]
        return sorted(found, key=lambda r: _place(r, by_generation=superseded))

    def untaken(self, run_id: str) -> tuple[Message, ...]:
        return tuple(m for m in self.messages.values() if m.run_id == run_id and m.taken_by is None)

    def rings(self, owed: Rings) -> tuple[Ring, ...]:
        runs = [(self.runs[run_id], again) for run_id, again in owed.again.items()]
        return tuple(Ring(run.id, run.inbox, run.queue, again) for run, again in runs)

    # writing

    def insert(self, new: NewRun, now: datetime, owed: Rings) -> Run | None:
        """The run that was there already, if one was; else None, and the new one is in."""
        run = new.run
        if run.id in self.runs:
            return self.runs[run.id]
        for other in self.runs.values():
            if run.dedupe is not None and (other.workflow, other.dedupe) == (run.workflow, run.dedupe):
                return other
        ready = run.state in OPEN and not later(run, now)
        wake_at = now + RING_GRACE if ready else run.due_at if later(run, now) else run.wake_at
        carded = run.carded or (new.shown and bool(run.channel))
        self.runs[run.id] = replace(run, wake_at=wake_at, revision=run.revision + 1, carded=carded)
        if carded:
            self.cards[run.id] = Card(run.id, run.channel, run.revision + 1, 0, now)
        self.records[run.id] = {(r.generation, r.key): replace(r, run_id=run.id) for r in new.records}
        if ready:
            owed.add(run.id)
        return None

    def event(self, run_id: str, kind: str, now: datetime, **data: str) -> None:
        run = self.set(run_id, revision=self.runs[run_id].revision + 1)
        text = json.dumps(data)
        self.events.setdefault(run_id, []).append(Event(run_id, kind, now, text, number=run.revision))

    def apply(self, run_id: str, writes: Writes, now: datetime, owed: Rings, *, leave: bool = False) -> None:
        """Everything that `writes` says, in the order in which it makes sense."""
        before = self.runs[run_id]
        self._history(run_id, writes)
        self._approvals(run_id, writes)
        self._revise(before, writes)
        for audit in writes.audit:
            self.audit.append(replace(audit, run_id=audit.run_id or run_id))
        if "dead_at" in writes.run and before.dead_at is not None:
            self.settle(run_id, now)
        self.set(run_id, **writes.run)
        if writes.letter is not None:
            self.join(run_id, writes.letter)
        if writes.bulk:
            self._moved(writes.bulk, run_id)
        self._hurry(run_id, writes, now)
        self._settle(before, writes, now, owed, leave=leave)
        for new in writes.starts:
            self.insert(new, now, owed)
        for message in writes.messages:
            self._deliver(message, now, owed)
        for target, reason in writes.cancels:
            self._cancel(target, reason, now, owed)
        for message_id, key in writes.taken:
            if message_id in self.messages:
                self.messages[message_id] = replace(self.messages[message_id], taken_by=key)

    def _moved(self, bulk_id: str, run_id: str) -> None:
        at, came_to, why = self.bulk_items[bulk_id, run_id]
        if came_to in (None, CameTo.LEFT):
            self.bulk_items[bulk_id, run_id] = (at, CameTo.DONE, why)

    def _hurry(self, run_id: str, writes: Writes, now: datetime) -> None:
        """What people wait for is shown at once, not when the card's turn comes."""
        ends = "state" in writes.run and self.runs[run_id].state not in OPEN
        if self.runs[run_id].carded and (ends or writes.approvals or writes.decisions):
            card = self.cards[run_id]
            self.cards[run_id] = replace(card, due_at=min(card.due_at, now))

    def _history(self, run_id: str, writes: Writes) -> None:
        records = self.records.setdefault(run_id, {})
        replaced = list(records) if writes.supersede_all else [at for at in writes.supersede if at in records]
        for at in replaced:
            records[at] = replace(records[at], superseded=True)
        for record in writes.records:
            records[record.generation, record.key] = replace(record, run_id=run_id)
        for at in writes.undone:
            if at in records:
                records[at] = replace(records[at], undone=True)
        attempts = self.attempts.setdefault(run_id, {})
        for attempt in writes.attempts:
            attempts[attempt.generation, attempt.key, attempt.number] = replace(attempt, run_id=run_id)
        if any(r.state in DONE and r.kind not in ASIDE for r in writes.records):
            self.set(run_id, crashes=0)

    def _approvals(self, run_id: str, writes: Writes) -> None:
        for approval in writes.approvals:
            there = self.approvals.get(approval.id)
            if there is not None and there.state is not ApprovalState.OPEN:
                continue  # closed stays closed
            self.approvals[approval.id] = replace(approval, run_id=run_id)
        for decision in writes.decisions:
            self.decisions.pop((decision.approval_id, decision.by), None)
            self.decisions[decision.approval_id, decision.by] = decision

    def _revise(self, before: Run, writes: Writes) -> None:
        seen = (writes.records, writes.attempts, writes.approvals, writes.decisions, writes.supersede, writes.undone)
        grown = len(writes.events) or int(any(seen) or writes.supersede_all or bool(writes.run))
        log = self.events.setdefault(before.id, [])
        for place, event in enumerate(writes.events, before.revision + 1):
            log.append(replace(event, run_id=before.id, number=place))
        self.set(before.id, revision=before.revision + grown)

    def _settle(self, before: Run, writes: Writes, now: datetime, owed: Rings, *, leave: bool) -> None:
        """Lease, wake-up and line after the run's own columns are set."""
        run = self.runs[before.id]
        held = not (leave or ("state" in writes.run and run.state not in OPEN))
        if not held:
            stays = run.state in OPEN
            self.set(run.id, lease_owner=None, lease_until=None, token=run.token + (0 if leave else 1))
            due = writes.run.get("due_at") if run.state is RunState.WAITING else None
            wake = due if run.state is RunState.WAITING or not stays else now + RING_GRACE
            self.set(run.id, wake_at=writes.run.get("wake_at", wake))
            if leave:
                self.set(run.id, seen=before.inbox, due_at=due)
                if stays and run.state is not RunState.WAITING:
                    owed.add(run.id, again=True)
        if writes.ring:
            self.set(run.id, wake_at=now + RING_GRACE)
            owed.add(run.id, again=True)
        if before.state not in OVER and run.state in OVER:
            self.set(run.id, admitted=False)
            self._next_in_line(run, now, owed)

    def _next_in_line(self, over: Run, now: datetime, owed: Rings) -> None:
        if over.limit_runs is None:
            return
        admitted, line = self.line(over, now)
        for run in line[: max(over.limit_runs - admitted, 0)]:
            self.set(run.id, wake_at=now + RING_GRACE)
            owed.add(run.id)

    def line(self, of: Run, now: datetime) -> tuple[int, list[Run]]:
        """How many runs hold a place under the limit of `of`, and those that wait for one, oldest first."""
        same = [
            r
            for r in self.runs.values()
            if (r.workflow, r.limit_key) == (of.workflow, of.limit_key) and r.limit_runs is not None
        ]
        waiting = [r for r in same if r.state is RunState.QUEUED and not r.admitted and not later(r, now)]
        admitted = sum(r.admitted and r.state not in OVER for r in same)
        return admitted, sorted(waiting, key=lambda r: (r.created_at, r.id))

    def join(self, run_id: str, letter: Letter) -> None:
        """Let a dead letter join the group of those alike."""
        kind = (letter.fingerprint, letter.channel)
        group = next((g for g in self.groups.values() if (g.fingerprint, g.channel) == kind and not g.closed_at), None)
        if group is not None and group.fresh_until < letter.at:
            self.groups[group.id] = replace(group, closed_at=letter.at, closed_as=Closed.QUIET)
            group = None
        if group is None:
            group = self.groups[letter.group] = Group(
                letter.group, *kind, letter.workflow, letter.step, letter.error, letter.words, letter.release,
                letter.at, letter.at + FRESH,
            )  # fmt: skip
        number = 1 + sum(of_run == run_id for of_run, _ in self.letters)
        self.letters[run_id, number] = Member(run_id, number, group.id, letter.at, letter.release)
        self.untold.add((run_id, number))

    def settle(self, run_id: str, now: datetime) -> None:
        """Note of a run's dead letter that something was done about it."""
        for at, letter in self.letters.items():
            if letter.run_id == run_id and letter.settled_at is None:
                self.letters[at] = replace(letter, settled_at=now)
                self.untold.add(at)

    def _deliver(self, message: Message, now: datetime, owed: Rings) -> None:
        if message.id in self.messages or message.run_id not in self.runs:
            return
        self.messages[message.id] = message
        run = self.set(message.run_id, inbox=self.runs[message.run_id].inbox + 1)
        if run.state not in OVER:
            self._wake(run, now, owed)

    def _cancel(self, target: str, reason: str, now: datetime, owed: Rings) -> None:
        run = self.runs.get(target)
        if run is None or run.state in OVER or run.cancel is not None:
            return
        run = self.set(target, cancel=reason, inbox=run.inbox + 1)
        if run.state is RunState.PARKED:
            self.settle(target, now)
            run = self.set(target, state=RunState.QUEUED, dead_at=None, crashes=0)
        self.event(target, "run.cancel_requested", now, reason=reason)
        self._wake(run, now, owed)

    def _wake(self, run: Run, now: datetime, owed: Rings) -> None:
        if later(run, now):
            return
        soon = now + RING_GRACE
        if not leased(run, now):
            self.set(run.id, wake_at=min(run.wake_at or soon, soon))
        owed.add(run.id)

    def paused(self, run: Run) -> bool:
        """Whether no worker may take the run; one that is cancelled may come to its end."""
        return run.cancel is None and ("" in self.pauses or run.workflow in self.pauses)

    def forget(self, run_id: str) -> None:
        """Delete a run with all that belongs to it but its audit."""
        gone = {a.id for a in self.approvals.values() if a.run_id == run_id}
        for table in (self.runs, self.records, self.attempts, self.events, self.cards):
            table.pop(run_id, None)
        self.deliveries = {k: d for k, d in self.deliveries.items() if d.run_id != run_id}
        self.messages = {k: m for k, m in self.messages.items() if m.run_id != run_id}
        self.approvals = {k: a for k, a in self.approvals.items() if k not in gone}
        self.decisions = {k: d for k, d in self.decisions.items() if d.approval_id not in gone}
        self.letters = {at: letter for at, letter in self.letters.items() if letter.run_id != run_id}
        self.untold = {at for at in self.untold if at in self.letters}


def leased(run: Run, now: datetime) -> bool:
    """Whether a worker holds the run at `now`."""
    return run.lease_until is not None and run.lease_until > now


def later(run: Run, now: datetime) -> bool:
    """Whether a run is to start at a time to come; one that is cancelled may come to its end."""
    return run.state is RunState.QUEUED and run.due_at is not None and run.due_at > now and run.cancel is None


def refuse_unwritable(writes: Writes) -> None:
    """Raise InvalidInput for text that no database holds, as the databases do."""
    try:
        for record in writes.records:
            for text in (record.input, record.output, record.error, record.detail):
                (text or "").encode()
        for message in writes.messages:
            message.payload.encode()
        for event in writes.events:
            event.data.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"The database can't hold a value: {error}") from None


def _place(record: Record, *, by_generation: bool) -> tuple[int, bool, int, int, str, int, str]:
    first = record.generation if by_generation else 0
    return (first, record.position == 0, record.position, record.generation, record.scope, record.ordinal, record.key)
