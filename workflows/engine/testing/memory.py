"""The store's in-memory twin: the same rules as the databases, for tests and for authors."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from workflows.engine.approving.reminding import reminded
from workflows.engine.errors import CodecError, InvalidInput, LeaseLost
from workflows.engine.expiry import Expiry, Place, Prunable, Pruned, Swept
from workflows.engine.model import (
    OPEN,
    SUSPECT,
    Approval,
    ApprovalState,
    Attempt,
    Audit,
    Decision,
    Event,
    NewRun,
    Pause,
    Record,
    Run,
    RunState,
    Writes,
)
from workflows.engine.ports import (
    LINE_GRACE,
    RING_GRACE,
    Claim,
    Claimant,
    Clock,
    Committed,
    Created,
    Inbox,
    Lease,
    Lineage,
    Recorded,
    Ring,
    Room,
    RunQuery,
    Totals,
    View,
)
from workflows.engine.testing import memory_retention
from workflows.engine.testing.memory_delegations import MemoryDelegations
from workflows.engine.testing.memory_rows import Rings, Rows, leased, refuse_unwritable
from workflows.engine.testing.memory_view import (
    MemoryView,
    approvals_of,
    attempts_of,
    claimable,
    decisions_of,
    listed,
    recorded_of,
)


class MemoryStore:
    """Holds every row in this process; one lock makes each method a transaction."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._rows = Rows()
        self.delegations = MemoryDelegations(self._rows, self._lock, clock)

    @property
    def shared(self) -> tuple[Rows, threading.RLock, Clock]:
        """What a twin of another port needs to work on the same rows, in the same transactions."""
        return self._rows, self._lock, self._clock

    # from outside

    def create(self, new: NewRun, writes: Writes) -> Created:
        refuse_unwritable(writes)
        with self._lock:
            now, owed = self._clock.now(), Rings()
            there = self._rows.insert(new, now, owed)
            if there is not None:
                return Created(there, new=False)
            if writes.events:
                self._rows.set(new.run.id, revision=new.run.revision)
            self._rows.apply(new.run.id, writes, now, owed)
            return Created(self._rows.get(new.run.id), new=True, rings=self._rows.rings(owed))

    def transact(self, run_id: str, change: Callable[[View], Writes], *, about: str = "") -> Committed:
        del about  # nothing has to be read ahead
        with self._lock:
            self._rows.get(run_id)
            now, owed = self._clock.now(), Rings()
            writes = change(MemoryView(self._rows, run_id, now))
            refuse_unwritable(writes)
            self._rows.apply(run_id, writes, now, owed)
            return Committed(True, self._rows.get(run_id).inbox, self._rows.rings(owed))

    # the lease

    def claim(self, run_id: str, claimant: Claimant) -> Claim | None:
        with self._lock:
            now = self._clock.now()
            run = self._rows.runs.get(run_id)
            if run is None or not claimable(run, claimant, now) or self._rows.paused(run):
                return None
            if run.limit_runs is None or run.admitted or run.cancel is not None:
                return self._lend(run, claimant, now, admitted=run.admitted)
            if self._has_room(run, run.limit_runs, now):
                return self._lend(run, claimant, now, admitted=True)
            self._rows.set(run_id, wake_at=now + LINE_GRACE)
            return None

    def _has_room(self, run: Run, places: int, now: datetime) -> bool:
        """Whether there is a place for this run and for every older one in line."""
        admitted, line = self._rows.line(run, now)
        older = [r for r in line if (r.created_at, r.id) < (run.created_at, run.id)]
        return admitted + len(older) < places

    def _lend(self, run: Run, claimant: Claimant, now: datetime, *, admitted: bool) -> Claim:
        first = run.started_at is None
        self._rows.set(
            run.id,
            lease_owner=claimant.owner,
            lease_until=now + claimant.ttl,
            wake_at=now + claimant.ttl,
            token=run.token + 1,
            state=run.state if run.state is RunState.COMPENSATING else RunState.RUNNING,
            release=claimant.release,
            crashes=min(run.crashes + 1, max(run.crashes, SUSPECT)) if run.lease_owner is not None else run.crashes,
            admitted=admitted,
            started_at=run.started_at or now,
            waiting=None if first else run.waiting,
            due_at=None if first else run.due_at,
            revision=run.revision + (not first),
        )
        if first:
            self._rows.event(run.id, "run.started", now)
        seen = recorded_of(self._rows, run.id, now)
        lease = Lease(run.id, seen.run.token, claimant.owner)
        return Claim(lease, seen.run, seen.records, seen.attempts, seen.inbox, now)

    def renew(self, owner: str, ttl: timedelta) -> None:
        with self._lock:
            now = self._clock.now()
            for run in list(self._rows.runs.values()):
                if run.lease_owner == owner and leased(run, now):
                    self._rows.set(run.id, lease_until=now + ttl, wake_at=now + ttl)

    def release(self, owner: str, *, crashed: bool) -> Sequence[Ring]:
        with self._lock:
            now, owed = self._clock.now(), Rings()
            for run in [r for r in self._rows.runs.values() if r.lease_owner == owner]:
                counted = min(run.crashes + int(crashed), max(run.crashes, SUSPECT))
                self._rows.set(run.id, lease_owner=None, lease_until=None, wake_at=now + RING_GRACE, crashes=counted)
                owed.add(run.id, again=True)
            for card in [c for c in self._rows.cards.values() if c.lease_owner == owner]:
                self._rows.cards[card.run_id] = replace(card, lease_owner=None, lease_until=None)
            return self._rows.rings(owed)

    def commit(
        self, lease: Lease, writes: Writes, *, leave: bool = False, expect_inbox: int | None = None
    ) -> Committed:
        with self._lock:
            now, owed = self._clock.now(), Rings()
            run = self._rows.runs.get(lease.run_id)
            if run is None or run.token != lease.token or not leased(run, now):
                raise LeaseLost(f"{lease.owner} no longer holds run {lease.run_id}")
            if expect_inbox is not None and expect_inbox != run.inbox:
                return Committed(False, run.inbox)
            try:
                refuse_unwritable(writes)
            except InvalidInput as error:
                raise CodecError(str(error)) from None
            self._rows.apply(run.id, writes, now, owed, leave=leave)
            return Committed(True, self._rows.get(run.id).inbox, self._rows.rings(owed))

    def inbox(self, run_id: str) -> Inbox:
        with self._lock:
            run = self._rows.get(run_id)
            return Inbox(run.inbox, self._rows.untaken(run_id), run.cancel)

    # ticks

    def rescue(self, *, limit: int, grace: timedelta) -> Sequence[Ring]:
        with self._lock:
            now, owed = self._clock.now(), Rings()
            free = [r for r in self._rows.runs.values() if r.state in OPEN and not leased(r, now)]
            going = [r for r in free if not self._rows.paused(r)]
            lost = [(r.wake_at, r.id) for r in going if r.wake_at is not None and r.wake_at <= now]
            for _, run_id in sorted(lost)[:limit]:
                self._rows.set(run_id, wake_at=now + grace)
                owed.add(run_id, again=True)
            return self._rows.rings(owed)

    def remind(self, *, limit: int) -> int:
        with self._lock:
            now = self._clock.now()
            waiting = [a for a in self._rows.approvals.values() if a.state is ApprovalState.OPEN]
            due = [(a.remind_at, a.id, a) for a in waiting if a.remind_at is not None and a.remind_at <= now]
            chosen = [a for _, _, a in sorted(due, key=lambda d: d[:2])[:limit]]
            for approval in chosen:
                after, told = reminded(approval, now)
                self._rows.approvals[approval.id] = after
                for kind, data in told:
                    self._rows.event(approval.run_id, kind, now, **data)
            return len(chosen)

    # reading

    def run(self, run_id: str) -> Run:
        with self._lock:
            return self._rows.get(run_id)

    def runs(self, query: RunQuery) -> Sequence[Run]:
        with self._lock:
            return listed(self._rows, query)

    def recorded(self, run_ids: Sequence[str]) -> Sequence[Recorded]:
        with self._lock:
            now = self._clock.now()
            there = [run_id for run_id in dict.fromkeys(run_ids) if run_id in self._rows.runs]
            return [recorded_of(self._rows, run_id, now) for run_id in there]

    def records(self, run_id: str, *, superseded: bool = False) -> Sequence[Record]:
        with self._lock:
            return self._rows.history(run_id, superseded=superseded)

    def attempts(self, run_id: str) -> Sequence[Attempt]:
        with self._lock:
            return attempts_of(self._rows, run_id)

    def events(self, run_id: str, *, after: int = 0) -> Sequence[Event]:
        with self._lock:
            return [e for e in self._rows.events.get(run_id, []) if e.number > after]

    def approval(self, approval_id: str) -> Approval | None:
        with self._lock:
            return self._rows.approvals.get(approval_id)

    def approvals(
        self, *, run_id: str = "", state: ApprovalState | None = ApprovalState.OPEN, limit: int = 100
    ) -> Sequence[Approval]:
        with self._lock:
            return approvals_of(self._rows, run_id, state)[:limit]

    def decisions(self, approval_id: str) -> Sequence[Decision]:
        with self._lock:
            return decisions_of(self._rows, approval_id)

    def audit(self, run_id: str) -> Sequence[Audit]:
        with self._lock:
            return [a for a in self._rows.audit if a.run_id == run_id]

    def audited(self, *, limit: int) -> Sequence[Audit]:
        with self._lock:
            newest = list(enumerate(self._rows.audit))
            newest.sort(key=lambda entry: (entry[1].at, entry[0]), reverse=True)
            return [entry for _, entry in newest[:limit]]

    def lineage(self, run_id: str) -> Lineage:
        with self._lock:
            run = self._rows.runs.get(run_id)
            audit = tuple(a for a in self._rows.audit if a.run_id == run_id)
            return Lineage(run.started_by if run else None, run.parent_id if run else None, audit)

    def totals(self) -> Totals:
        with self._lock:
            now, runs = self._clock.now(), list(self._rows.runs.values())
            going = [r for r in runs if r.state in OPEN and not self._rows.paused(r)]
            due = [r.wake_at for r in going if r.wake_at is not None and r.wake_at <= now]
            return Totals(
                now,
                Counter((r.workflow, r.state) for r in runs),
                sum(r.dead_at is not None for r in runs),
                sum(a.state is ApprovalState.OPEN for a in self._rows.approvals.values()),
                min(due, default=None),
            )

    def recount(self) -> None:
        """It counts each time anew."""

    # pauses

    def pause(self, pause: Pause) -> None:
        with self._lock:
            self._rows.pauses[pause.workflow] = pause
            detail = f"{pause.workflow or 'everything'}: {pause.reason}" if pause.reason else pause.workflow
            self._rows.audit.append(Audit(pause.at, pause.by, "pause", "", detail or "everything"))

    def unpause(self, workflow: str, by: str) -> bool:
        with self._lock:
            if self._rows.pauses.pop(workflow, None) is None:
                return False
            self._rows.audit.append(Audit(self._clock.now(), by, "unpause", "", workflow or "everything"))
            return True

    def pauses(self) -> Sequence[Pause]:
        with self._lock:
            return [self._rows.pauses[name] for name in sorted(self._rows.pauses)]

    # triggers and upkeep

    def cursor(self, trigger: str) -> str:
        with self._lock:
            return self._rows.cursors.get(trigger, "")

    def set_cursor(self, trigger: str, cursor: str) -> None:
        with self._lock:
            self._rows.cursors[trigger] = cursor

    def received(self, source: str, message_id: str) -> bool:
        with self._lock:
            new = (source, message_id) not in self._rows.received
            self._rows.received.setdefault((source, message_id), self._clock.now())
            return new

    # keeping it small

    def prune(self, old: Expiry, *, limit: int, after: Place | None = None, by: str = "") -> Pruned:
        with self._lock:
            return memory_retention.prune(self._rows, self._clock.now(), old, limit, after, by)

    def sweep(self, old: Expiry, *, limit: int) -> Swept:
        with self._lock:
            return memory_retention.sweep(self._rows, self._clock.now(), old, limit)

    def prunable(self, old: Expiry) -> Prunable:
        with self._lock:
            return memory_retention.prunable(self._rows, self._clock.now(), old)

    def room(self) -> Room:
        return Room(0)

    def compact(self) -> None:
        """Nothing is kept on a disk."""

    # about itself

    def ping(self) -> str:
        return "memory"

    def close(self) -> None:
        """Nothing to give back; the rows stay readable."""
