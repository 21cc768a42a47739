"""What a `Writes` does to the rows: one transaction over one run or many."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from workflows.engine.copying import replace
from workflows.engine.model import DONE, OPEN, OVER, Kind, Letter, Message, NewRun, Run, RunState, Writes
from workflows.engine.outbox import Card
from workflows.engine.ports import RING_GRACE, Lease, Ring
from workflows.storage import joining, line
from workflows.storage.arriving import Arrival, arrival
from workflows.storage.database import Database
from workflows.storage.outgoing import Outgoing, Statements
from workflows.storage.prepared import Prepared, Row, Values, prepared
from workflows.storage.rows import approval_row, to_row
from workflows.storage.standing import NEEDED, Standing, Standings, is_later
from workflows.storage.tables import SIGNAL

ASIDE = frozenset({Kind.NOW, Kind.UUID, Kind.RANDOM, Kind.NOTE, Kind.PATCHED, Kind.CANCEL, Kind.TIMEOUT})
"""Records that are no progress of their own: they don't reset a run's count of crashes."""
THERE = select(SIGNAL.c.id).where(SIGNAL.c.id == any_(bindparam("ids", type_=ARRAY(Text))))
"""Which of these messages are there already; on PostgreSQL."""


class Ledger:
    """Lock, apply any number of writes, flush; nothing is in the database before the flush."""

    def __init__(self, conn: Connection, database: Database, statements: Statements) -> None:
        self._conn = conn
        self._database = database
        self._standings = Standings(conn, database)
        self._out = Outgoing(conn, database, statements)
        self._known: set[str] = set()
        self._asked: set[str] = set()
        self._owed: dict[str, Ring] = {}

    def lock(self, run_ids: Iterable[str], writes: Iterable[Writes] = ()) -> Standings:
        """Lock these runs and all that the writes will touch, and learn which messages are there already."""
        wanted, messages = set(run_ids), set[str]()
        for each in writes:
            wanted.update(message.run_id for message in each.messages)
            wanted.update(target for target, _ in each.cancels)
            messages.update(message.id for message in each.messages)
        self._standings.lock(wanted)
        messages -= self._asked
        if messages:
            self._known.update(self._there(messages))
            self._asked |= messages
        return self._standings

    def lock_free(
        self, run_ids: Iterable[str], beside: Sequence[tuple[Prepared, Values]] = ()
    ) -> tuple[Standings, list[list[Row]]]:
        """Lock those of these runs that nobody else holds, first of all, and read what is asked `beside` it."""
        read = self._standings.lock_free(run_ids, beside)
        return self._standings, read

    def holder(self, lease: Lease) -> Standing | None:
        """The locked row if this lease still holds it."""
        run = self._standings.rows.get(lease.run_id)
        return run if run and run.token == lease.token and run.leased(self._standings.now) else None

    def apply(self, run_id: str, writes: Writes, *, leave: bool = False) -> tuple[Ring, ...]:
        """Take in everything that `writes` says; the caller has locked. Returns the rings that it owes."""
        run = self._standings.rows[run_id]
        before = replace(run)
        rewrites = bool(writes.supersede_all or writes.supersede or writes.undone)
        if rewrites:
            self.flush()
        self._history(run, writes)
        self._approvals(run, writes)
        self._revise(run, writes)
        self._change(run, writes)
        if rewrites:
            self.flush()
        self._settle(run, before, writes, leave=leave)
        for new in writes.starts:
            self.insert(new)
        for message in writes.messages:
            self._deliver(message)
        for target, reason in writes.cancels:
            self._cancel(target, reason)
        for message_id, key in writes.taken:
            self._out.add("taken", {"at_id": message_id, "at_key": key})
        return self.take_rings()

    def flush(self) -> None:
        """Write what was taken in; the transaction's owner commits."""
        self._out.flush(self._standings.rows.values(), self._standings.now)

    def take_rings(self) -> tuple[Ring, ...]:
        """The rings owed since they were last taken."""
        owed, self._owed = self._owed, {}
        return tuple(owed.values())

    def create(self, new: NewRun, writes: Writes) -> tuple[Run, tuple[Ring, ...]] | None:
        """Insert a run and what belongs to it; None when its id or idempotency key is there already."""
        (made,) = self.create_many([(new, writes)])
        return made

    def create_many(self, wanted: Sequence[tuple[NewRun, Writes]]) -> list[tuple[Run, tuple[Ring, ...]] | None]:
        """Insert runs that differ in id and key, and what belongs to each; None for those that are there already.

        A row gets the revision that its first events bring, so that it is written once.
        """
        arrivals = [arrival(new, self._standings.now, writes.events) for new, writes in wanted]
        fresh = self._out.insert_runs([coming.row for coming in arrivals]) if arrivals else ()
        return [
            self._created(coming, writes) if coming.run.id in fresh else None
            for coming, (_new, writes) in zip(arrivals, wanted, strict=True)
        ]

    def _created(self, coming: Arrival, writes: Writes) -> tuple[Run, tuple[Ring, ...]]:
        standing = self._enter(coming)
        rings = self.apply(coming.run.id, writes)
        if standing.changed == {"revision": coming.run.revision}:
            standing.changed = {}
        now = {name: getattr(standing, name) for name in NEEDED}  # also what was flushed on the way
        return replace(coming.run, **now | standing.changed), rings

    def insert(self, new: NewRun) -> Run | None:
        """Insert a run that may be rung, as it stands then; None when its id or idempotency key is there already."""
        coming = arrival(new, self._standings.now)
        if not self._out.insert_runs([coming.row]):
            return None
        self._enter(coming)
        return coming.run

    def _enter(self, coming: Arrival) -> Standing:
        """Take a run in that was inserted."""
        run = coming.run
        self._out.blobs.join(coming.blobs)
        if run.labels != "{}":
            for name, value in json.loads(run.labels).items():
                self._out.add("label", {"run_id": run.id, "name": name, "value": value})
        standing = Standing(*(getattr(run, name) for name in NEEDED))
        if run.carded:
            self._out.add("card", new_card(standing, run.channel, self._standings.now))
        standing.revision = coming.revision
        self._standings.add(standing)
        self._history(standing, Writes(records=coming.records), counts=False)
        if coming.ready:
            self._owe(standing)
        return standing

    def watch(self, run: Standing, channel: str) -> bool:
        """Give a locked run a card; False when it has one."""
        if run.carded:
            return False
        run.set(carded=True, revision=run.revision + 1)
        self._out.add("card", new_card(run, channel, self._standings.now))
        return True

    def touch(self, run: Standing) -> None:
        """Make a revision of a locked run in which nothing changed."""
        run.set(revision=run.revision + 1)

    def event(self, run: Standing, kind: str, **data: str) -> None:
        """A fact that the store itself reports."""
        run.set(revision=run.revision + 1)
        row = {"run_id": run.id, "number": run.revision, "kind": kind, "at": self._standings.now, "actor": ""}
        self._out.add("event", {**row, "data": json.dumps(data)})

    def _there(self, messages: set[str]) -> Iterable[str]:
        if self._database.lite:
            return self._conn.execute(select(SIGNAL.c.id).where(SIGNAL.c.id.in_(messages))).scalars()
        return (row[0] for row in prepared(self._conn, THERE).run(self._conn, {"ids": sorted(messages)}))

    def _history(self, run: Standing, writes: Writes, *, counts: bool = True) -> None:
        out = self._out
        if writes.supersede_all:
            out.add("supersede_all", {"at_run": run.id})
        for generation, key in writes.supersede:
            out.add("supersede", {"at_run": run.id, "at_generation": generation, "at_key": key})
        for record in writes.records:
            row = to_row(record, run_id=run.id)
            out.blobs.pack(run.id, row, ("input", "output"))
            out.add("step", row)
        for generation, key in writes.undone:
            out.add("undone", {"at_run": run.id, "at_generation": generation, "at_key": key})
        for attempt in writes.attempts:
            out.add("attempt", to_row(attempt, run_id=run.id))
        if counts and run.crashes and any(r.state in DONE and r.kind not in ASIDE for r in writes.records):
            run.set(crashes=0)

    def _approvals(self, run: Standing, writes: Writes) -> None:
        for approval in writes.approvals:
            row = approval_row(approval, run.id)
            self._out.blobs.pack(run.id, row, ("show", "editable"))
            self._out.add("approval", row)
        for decision in writes.decisions:
            self._out.add("decision", to_row(decision))
        run.urgent = run.urgent or bool(writes.approvals or writes.decisions)

    def _revise(self, run: Standing, writes: Writes) -> None:
        for place, event in enumerate(writes.events, run.revision + 1):
            self._out.add("event", to_row(event, run_id=run.id, number=place))
        seen = (writes.records, writes.attempts, writes.approvals, writes.decisions, writes.supersede, writes.undone)
        grown = len(writes.events) or int(any(seen) or writes.supersede_all or bool(writes.run))
        if grown:
            run.set(revision=run.revision + grown)

    def _change(self, run: Standing, writes: Writes) -> None:
        for audit in writes.audit:
            self._out.add("audit", to_row(audit, run_id=audit.run_id or run.id))
        columns = {**writes.run}
        self._out.blobs.pack(run.id, columns, ("input", "output"))
        run.set(**columns)
        if writes.letter is not None:
            self.join(run.id, writes.letter)
        if writes.bulk:
            self._out.add("moved", {"at_bulk": writes.bulk, "at_run": run.id})

    def join(self, run_id: str, letter: Letter) -> None:
        """Let a locked run, which is a dead letter now, join the group of those alike."""
        for what, row in joining.rows(run_id, letter):
            self._out.add(what, row)

    def _settle(self, run: Standing, before: Standing, writes: Writes, *, leave: bool) -> None:
        """Lease, wake-up and line after the run's own columns are set."""
        stays, waits = run.state in OPEN, run.state is RunState.WAITING
        run.urgent = run.urgent or ("state" in writes.run and not stays)
        if leave or ("state" in writes.run and not stays):
            due = writes.run.get("due_at") if waits else None
            wake = due if waits or not stays else self._standings.now + RING_GRACE
            run.set(lease_owner=None, lease_until=None, wake_at=writes.run.get("wake_at", wake))
            if not leave:  # ended from outside: whoever holds it may write no more
                run.set(token=run.token + 1)
            else:
                run.set(seen=before.inbox, due_at=due)
                if stays and not waits:
                    self._owe(run, again=True)
        if writes.ring:
            run.set(wake_at=self._standings.now + RING_GRACE)
            self._owe(run, again=True)
        if before.state not in OVER and run.state in OVER:
            run.set(admitted=False)
            if run.limit_runs is not None:
                self.flush()
                for ring in line.wake_next(self._conn, run, run.limit_runs, self._standings.now):
                    self._owed.setdefault(ring.run_id, ring)

    def _deliver(self, message: Message) -> None:
        run = self._standings.rows.get(message.run_id)
        if run is None or message.id in self._known:
            return
        self._known.add(message.id)
        run.set(inbox=run.inbox + 1)
        row = to_row(message, number=run.inbox)
        self._out.blobs.pack(run.id, row, ("payload",))
        self._out.add("signal", row)
        if run.state not in OVER:
            self._wake(run)

    def _cancel(self, target: str, reason: str) -> None:
        run = self._standings.rows.get(target)
        if run is None or run.state in OVER or run.cancel is not None:
            return
        run.set(cancel=reason, inbox=run.inbox + 1)
        if run.state is RunState.PARKED:  # it has to go on to end
            run.set(state=RunState.QUEUED, dead_at=None, crashes=0)
        self.event(run, "run.cancel_requested", reason=reason)
        self._wake(run)

    def _wake(self, run: Standing) -> None:
        if is_later(run, self._standings.now):
            return
        soon = self._standings.now + RING_GRACE
        if not run.leased(self._standings.now):
            run.set(wake_at=min(run.wake_at or soon, soon))
        self._owe(run)

    def _owe(self, run: Standing, *, again: bool = False) -> None:
        earlier = self._owed.get(run.id)
        self._owed[run.id] = Ring(run.id, run.inbox, run.queue, again or (earlier is not None and earlier.again))


def new_card(run: Standing, channel: str, now: datetime) -> dict[str, Any]:
    """The row of a card that shows nothing yet."""
    card = Card(run.id, channel, run.revision, 0, now)
    return to_row(card)
