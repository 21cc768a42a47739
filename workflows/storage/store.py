"""The store in SQL: SQLite or PostgreSQL, by the address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import Connection

from workflows.engine.expiry import Expiry, Place, Prunable, Pruned, Swept
from workflows.engine.model import (
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
    Writes,
)
from workflows.engine.ports import (
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
from workflows.storage import approvals, history, inbox, leases, lists, pauses, recorded, retention, runs, tally, upkeep
from workflows.storage.alerts import SqlAlerts
from workflows.storage.beats import SqlBeats
from workflows.storage.bulks import SqlBulks
from workflows.storage.committer import Committer, Request
from workflows.storage.credentials import SqlCredentials
from workflows.storage.database import Database, described
from workflows.storage.delegations import SqlDelegations
from workflows.storage.drafts import SqlDrafts
from workflows.storage.gathered import Gathered
from workflows.storage.group import Change, Start
from workflows.storage.happenings import SqlHappenings
from workflows.storage.homes import SqlHomes
from workflows.storage.inbound import SqlInbound
from workflows.storage.ledger import Ledger
from workflows.storage.letters import SqlLetters
from workflows.storage.outbox import SqlOutbox
from workflows.storage.outgoing import Statements
from workflows.storage.room import compact, room
from workflows.storage.schedules import SqlSchedules

LOCK_TIMEOUT = timedelta(seconds=10)


class SqlStore:
    """The truth, shared by every process that opens the same address.

    `clock` replaces the database's clock, for tests. `lock_timeout` is how long SQLite waits for a program
    that keeps the file locked; `pool_size` how many connections to PostgreSQL stay open. A connection is used
    for the length of a call; the commit thread keeps one. Not to be used across a fork.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        lock_timeout: timedelta = LOCK_TIMEOUT,
        pool_size: int = 16,
    ) -> None:
        self._database = Database(url, clock=clock, lock_timeout=lock_timeout, pool_size=pool_size)
        self._statements = Statements(self._database)
        self._committer = Committer(self._database, self._statements)
        self._gathered = Gathered(self._database, self._statements)
        self.outbox = SqlOutbox(self._database, self._statements, self._gathered)
        """What is to be shown outside, in the same database."""
        self.schedules = SqlSchedules(self._database, self._statements)
        self.alerts = SqlAlerts(self._database)
        self.beats = SqlBeats(self._database)
        self.drafts = SqlDrafts(self._database)
        self.happenings = SqlHappenings(self._database)
        self.homes = SqlHomes(self._database)
        """What starts runs by the clock, in the same database."""
        self.credentials = SqlCredentials(self._database)
        """Sealed secrets of services, in the same database."""
        self.letters = SqlLetters(self._database, self._statements)
        """Groups of dead letters, in the same database."""
        self.inbound = SqlInbound(self._database, self._statements)
        """What services told of, each acted on once, in the same database."""
        self.bulks = SqlBulks(self._database)
        """Moves of whole groups, in the same database."""
        self.delegations = SqlDelegations(self._database)
        """Who decides for whom, in the same database."""

    # from outside

    def create(self, new: NewRun, writes: Writes) -> Created:
        return self._gathered.create(Start(new, writes))

    def transact(self, run_id: str, change: Callable[[View], Writes], *, about: str = "") -> Committed:
        return self._gathered.transact(Change(run_id, change, about))

    # the lease

    def claim(self, run_id: str, claimant: Claimant) -> Claim | None:
        return self._committer.claim(run_id, claimant)

    def renew(self, owner: str, ttl: timedelta) -> None:
        self._database.write(lambda conn: leases.renew(conn, self._database, owner, ttl))

    def release(self, owner: str, *, crashed: bool) -> Sequence[Ring]:
        return self._database.write(lambda conn: leases.release(conn, self._database, owner, crashed=crashed))

    def commit(
        self, lease: Lease, writes: Writes, *, leave: bool = False, expect_inbox: int | None = None
    ) -> Committed:
        return self._committer.commit(Request(lease, writes, leave, expect_inbox))

    def inbox(self, run_id: str) -> Inbox:
        return self._database.read(lambda conn: inbox.read(conn, run_id))

    # ticks

    def rescue(self, *, limit: int, grace: timedelta) -> Sequence[Ring]:
        return self._database.write(lambda conn: leases.rescue(conn, self._database, limit=limit, grace=grace))

    def remind(self, *, limit: int) -> int:
        return self._database.write(lambda conn: upkeep.remind(conn, self._database, self._ledger(conn), limit=limit))

    # reading

    def run(self, run_id: str) -> Run:
        return self._database.read(lambda conn: runs.get(conn, run_id))

    def runs(self, query: RunQuery) -> Sequence[Run]:
        return self._database.read(lambda conn: lists.listed(conn, query))

    def recorded(self, run_ids: Sequence[str]) -> Sequence[Recorded]:
        return self._database.read_at_once(lambda conn: recorded.read(conn, self._database, run_ids))

    def records(self, run_id: str, *, superseded: bool = False) -> Sequence[Record]:
        return self._database.read(lambda conn: history.records(conn, run_id, superseded=superseded))

    def attempts(self, run_id: str) -> Sequence[Attempt]:
        return self._database.read(lambda conn: history.attempts(conn, run_id))

    def events(self, run_id: str, *, after: int = 0) -> Sequence[Event]:
        return self._database.read(lambda conn: history.events(conn, run_id, after=after))

    def approval(self, approval_id: str) -> Approval | None:
        return self._database.read(lambda conn: approvals.find(conn, approval_id))

    def approvals(
        self, *, run_id: str = "", state: ApprovalState | None = ApprovalState.OPEN, limit: int = 100
    ) -> Sequence[Approval]:
        return self._database.read(lambda conn: approvals.listed(conn, run_id, state, limit))

    def decisions(self, approval_id: str) -> Sequence[Decision]:
        return self._database.read(lambda conn: approvals.decisions(conn, approval_id))

    def audit(self, run_id: str) -> Sequence[Audit]:
        return self._database.read(lambda conn: runs.audit(conn, run_id))

    def audited(self, *, limit: int) -> Sequence[Audit]:
        return self._database.read(lambda conn: runs.audited(conn, limit))

    def lineage(self, run_id: str) -> Lineage:
        return self._database.read(lambda conn: runs.lineage(conn, run_id))

    def totals(self) -> Totals:
        return self._database.read(lambda conn: tally.totals(conn, self._database))

    def recount(self) -> None:
        rows = self._database.read(lambda conn: tally.counted(conn, self._database))  # long, so nobody waits for it
        self._database.write(lambda conn: tally.put(conn, rows))

    # pauses

    def pause(self, pause: Pause) -> None:
        self._database.write(lambda conn: pauses.pause(conn, self._database, pause))

    def unpause(self, workflow: str, by: str) -> bool:
        return self._database.write(lambda conn: pauses.unpause(conn, self._database, workflow, by))

    def pauses(self) -> Sequence[Pause]:
        return self._database.read(pauses.listed)

    # triggers and upkeep

    def cursor(self, trigger: str) -> str:
        return self._database.read(lambda conn: upkeep.cursor(conn, trigger))

    def set_cursor(self, trigger: str, cursor: str) -> None:
        self._database.write(lambda conn: upkeep.set_cursor(conn, self._database, trigger, cursor))

    def received(self, source: str, message_id: str) -> bool:
        return self._database.write(lambda conn: upkeep.received(conn, self._database, source, message_id))

    # keeping it small

    def prune(self, old: Expiry, *, limit: int, after: Place | None = None, by: str = "") -> Pruned:
        return self._database.write(lambda conn: retention.prune(conn, self._database, old, limit, after, by))

    def sweep(self, old: Expiry, *, limit: int) -> Swept:
        return self._database.write(lambda conn: retention.sweep(conn, self._database, old, limit))

    def prunable(self, old: Expiry) -> Prunable:
        return self._database.read(lambda conn: retention.prunable(conn, self._database, old))

    def room(self) -> Room:
        return self._database.read(room)

    def compact(self) -> None:
        compact(self._database)

    # about itself

    def ping(self) -> str:
        return self._database.read(lambda conn: described(conn, self._database.place))

    def close(self) -> None:
        self._committer.close()
        self._gathered.close()
        self._database.close()

    def _ledger(self, conn: Connection) -> Ledger:
        return Ledger(conn, self._database, self._statements)
