"""What the engine needs from outside. Each port has a twin in `workflows.engine.testing`."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from workflows.engine.approving.delegation import Delegations
from workflows.engine.expiry import Expiry, Place, Prunable, Pruned, Swept
from workflows.engine.model import (
    Approval,
    ApprovalState,
    Attempt,
    Audit,
    Decision,
    Event,
    Message,
    NewRun,
    Pause,
    Record,
    Run,
    RunState,
    Writes,
)

C = TypeVar("C")

RING_GRACE = timedelta(seconds=5)
"""How long a store gives a ring to be answered before the rescue tick rings again."""
LINE_GRACE = timedelta(seconds=30)
"""How long a run that stands in line for its limit waits before the rescue tick tries it again."""


SEARCHED = 16_384
"""So many characters of an input are searched for words; larger ones may be kept elsewhere."""


LOOKED_THROUGH = 20_000
"""In so many of the newest runs words are looked for."""


class Clock(Protocol):
    """The time, as an argument."""

    def now(self) -> datetime:
        """UTC, with time zone."""

    def monotonic(self) -> float:
        """Seconds that never go back, comparable within this machine."""

    def sleep(self, delay: timedelta) -> None:
        """Wait in this thread; for the short pauses between attempts."""


@dataclass(frozen=True)
class Ring:
    """Tells a worker that a run can go on. Rings with equal run and inbox counter coalesce."""

    run_id: str
    inbox: int
    queue: str = "default"
    again: bool = False
    """An earlier ring may have been lost with a killed worker: queue this one whatever is known of that one."""


class Queue(Protocol):
    """The doorbell. A ring that is lost is rung again by the rescue tick."""

    def ring(self, rings: Sequence[Ring]) -> None:
        """Never raises for a queue that can't be reached."""


class Tools(Protocol):
    """Gives a step the connector that the settings bound to a class."""

    def get(self, cls: type[C], /) -> C:
        """Raises LookupError with words when nothing is bound."""


class Standing(enum.StrEnum):
    """How a person stands to this installation."""

    MEMBER = "member"
    GUEST = "guest"
    STRANGER = "stranger"
    """Somebody of another workspace."""
    GONE = "gone"
    """Deactivated."""
    UNKNOWN = "unknown"
    """Nobody can say just now."""


class Directory(Protocol):
    """Knows people, roles and groups. What it can't find out it answers with no, and never raises.

    It may ask a service over the network, so it is never asked within a transaction.
    """

    def belongs(self, actor: str, to: str) -> bool:
        """Whether an actor is this person, holds this role (`role:finance`), or is in this group."""

    def standing(self, actor: str) -> Standing: ...

    def sees(self, actor: str, channel: str) -> bool:
        """Whether a person can read a channel: a public one, or a private one they are in."""


class Membership(Directory, Protocol):
    """A directory that can list people too."""

    def people(self, to: str) -> Sequence[str] | None:
        """The people behind a person, role or group; None when nobody can say now."""


@dataclass(frozen=True)
class Claimant:
    """A worker process that asks for a run."""

    owner: str
    ttl: timedelta
    release: int
    workflows: frozenset[str]


@dataclass(frozen=True)
class Lease:
    """A claim on a run: every history write shows it."""

    run_id: str
    token: int
    owner: str


@dataclass(frozen=True)
class Inbox:
    """What is there for a run from outside: messages that no record has taken, oldest first, and a cancellation."""

    counter: int
    messages: tuple[Message, ...] = ()
    cancel: str | None = None


@dataclass(frozen=True)
class Claim:
    """A lease with all that an advance needs to begin."""

    lease: Lease
    run: Run
    records: tuple[Record, ...]
    """Those not superseded, by position, unfinished ones last."""
    attempts: tuple[Attempt, ...]
    """Of unfinished records only."""
    inbox: Inbox
    now: datetime
    """The database's clock at the claim."""


@dataclass(frozen=True)
class Recorded:
    """A run as it is recorded at one moment: what an advance would begin with, read without taking it."""

    run: Run
    records: tuple[Record, ...]
    """As in `Claim`."""
    attempts: tuple[Attempt, ...]
    inbox: Inbox
    now: datetime


@dataclass(frozen=True)
class Committed:
    """What a fenced write answered. When `applied` is False nothing was written: the inbox had grown."""

    applied: bool
    inbox: int
    rings: tuple[Ring, ...] = ()


@dataclass(frozen=True)
class Created:
    """`new` is False when a run with this idempotency key (or id) was there already; `run` is that one then."""

    run: Run
    new: bool
    rings: tuple[Ring, ...] = ()


@dataclass(frozen=True)
class RunQuery:
    """Newest first. Empty means any."""

    states: frozenset[RunState] = frozenset()
    workflow: str = ""
    dead: bool = False
    parent_id: str = ""
    id_part: str = ""
    """The beginning or the end of an id; of more than `limit` that end so, any are told."""
    started_by: str = ""
    limit: int = 50
    before: str = ""
    """Only runs with a smaller id: the next page."""
    labels: tuple[tuple[str, str], ...] = ()
    """Names and values that a run must carry, all of them."""
    text: str = ""
    """Words that must all be found in the title, the input or the id, in capitals or not; a very long input is not
    searched, and of the runs that fit otherwise only so many as LOOKED_THROUGH (of each state, where states,
    a workflow or a starter are given), the newest."""
    deep: bool = False
    """Look for the words in older runs too, however long that takes."""
    channel: str = ""


@dataclass(frozen=True)
class Totals:
    """What a monitor asks for."""

    now: datetime
    """The database's clock at the count."""
    runs: Mapping[tuple[str, RunState], int]
    """How many runs by workflow and state."""
    dead: int
    approvals: int
    """Those that are open."""
    due_since: datetime | None
    """The earliest `wake_at` that has passed unanswered."""


@dataclass(frozen=True)
class Room:
    """How many bytes the database takes."""

    size: int
    free: int | None = None
    """Those of a file that hold nothing and will be used first; None where the server sees to it."""


@dataclass(frozen=True)
class Lineage:
    """Whose a run is, and what people did to it."""

    started_by: str | None
    """None for a run that is not there (any more)."""
    parent_id: str | None
    audit: tuple[Audit, ...]
    """In the order of writing; it stays when the run is pruned."""


class View(Protocol):
    """Reads within one transaction that holds the run's row lock."""

    @property
    def run(self) -> Run: ...
    @property
    def now(self) -> datetime: ...
    def records(self) -> Sequence[Record]: ...
    def attempts(self) -> Sequence[Attempt]: ...
    def approval(self, approval_id: str) -> Approval | None: ...
    def approvals(self) -> Sequence[Approval]: ...
    def decisions(self, approval_id: str) -> Sequence[Decision]: ...
    def children(self) -> Sequence[Run]: ...


class Store(Protocol):
    """The truth. Methods raise StoreUnavailable when the database can't be reached or can't take writes."""

    # from outside
    def create(self, new: NewRun, writes: Writes) -> Created:
        """Insert a run, and what belongs to it, in one transaction, ready to be rung."""

    def transact(self, run_id: str, change: Callable[[View], Writes], *, about: str = "") -> Committed:
        """Lock the run's row, compute, write. `change` may raise to write nothing. Raises UnknownRun.

        `about` is the approval that `change` will ask for, if any, so that it can be read ahead. `change` may be called
        several times, by another thread and between the changes of other runs: it must come from the view alone, do
        nothing but compute, wait for nobody, and leave behind nothing but the result of its last call.
        """

    # the lease
    def claim(self, run_id: str, claimant: Claimant) -> Claim | None:
        """Take the run if it is free, can go on, and is this worker's; None otherwise."""

    def renew(self, owner: str, ttl: timedelta) -> None:
        """Extend every live lease of an owner."""

    def release(self, owner: str, *, crashed: bool) -> Sequence[Ring]:
        """End every lease of an owner at once; `crashed` counts a crash against each run, up to SUSPECT."""

    def commit(
        self, lease: Lease, writes: Writes, *, leave: bool = False, expect_inbox: int | None = None
    ) -> Committed:
        """Write history under the lease; raises LeaseLost for a stale token or an expired lease.

        `leave` gives the lease back in the same transaction. With `expect_inbox`, nothing is written when
        the inbox counter differs. Durable on return.
        """

    def inbox(self, run_id: str) -> Inbox: ...

    # ticks
    def rescue(self, *, limit: int, grace: timedelta) -> Sequence[Ring]:
        """Runs whose `wake_at` has come and that nobody holds; their `wake_at` moves on by `grace`."""

    def remind(self, *, limit: int) -> int:
        """Record a reminder event for open approvals that are due for one; returns how many."""

    # reading
    def run(self, run_id: str) -> Run:
        """Raises UnknownRun."""

    def runs(self, query: RunQuery) -> Sequence[Run]: ...
    def recorded(self, run_ids: Sequence[str]) -> Sequence[Recorded]:
        """These runs, each as it stands at one moment, in the order asked for; those that are gone are left out."""

    def records(self, run_id: str, *, superseded: bool = False) -> Sequence[Record]: ...
    def attempts(self, run_id: str) -> Sequence[Attempt]: ...
    def events(self, run_id: str, *, after: int = 0) -> Sequence[Event]: ...
    def approval(self, approval_id: str) -> Approval | None: ...
    def approvals(
        self, *, run_id: str = "", state: ApprovalState | None = ApprovalState.OPEN, limit: int = 100
    ) -> Sequence[Approval]: ...
    def decisions(self, approval_id: str) -> Sequence[Decision]: ...
    def audit(self, run_id: str) -> Sequence[Audit]: ...
    def audited(self, *, limit: int) -> Sequence[Audit]:
        """Who did what lately, to whichever run, the newest first."""

    def lineage(self, run_id: str) -> Lineage: ...

    def totals(self) -> Totals: ...
    def recount(self) -> None:
        """Count anew what has ended, so that `totals` need not; until the next time it counts on from there."""

    @property
    def delegations(self) -> Delegations:
        """Who decides for whom."""

    # pauses
    def pause(self, pause: Pause) -> None:
        """Let no worker take these runs; a pause that is there already is replaced. Audited."""

    def unpause(self, workflow: str, by: str) -> bool:
        """Lift a pause; the rescue tick rings what it held. False when there was none. Audited."""

    def pauses(self) -> Sequence[Pause]:
        """By workflow; what holds for everything comes first."""

    # triggers and upkeep
    def cursor(self, trigger: str) -> str:
        """Where a trigger's last poll ended; "" at first."""

    def set_cursor(self, trigger: str, cursor: str) -> None: ...
    def received(self, source: str, message_id: str) -> bool:
        """Remember an inbound id; False when it was there already."""

    # keeping it small
    def prune(self, old: Expiry, *, limit: int, after: Place | None = None, by: str = "") -> Pruned:
        """Delete old runs with all that belongs to them but their audit, from a place on, the oldest first.

        Never deleted: what is open or parked, a run while the one that started it is there, and one whose end is
        still to be shown. An audit entry tells that a run was deleted, and by whom.
        """

    def sweep(self, old: Expiry, *, limit: int) -> Swept:
        """Delete old rows of no run, so many of each kind at most: posts, inbound ids, values, and audit entries."""

    def prunable(self, old: Expiry) -> Prunable:
        """Count what there is to delete; nothing is written."""

    def room(self) -> Room:
        """How large the database is."""

    def compact(self) -> None:
        """Give free room back to the disk where that is a matter of its own (SQLite); all others wait meanwhile."""

    # about itself
    def ping(self) -> str:
        """The database in words; raises StoreUnavailable."""

    def close(self) -> None: ...


def any_tools(mapping: dict[type[Any], Any]) -> Tools:
    """Tools from a plain mapping, for authors' tests."""
    return _MappedTools(mapping)


class _MappedTools:
    def __init__(self, mapping: dict[type[Any], Any]) -> None:
        self._mapping = mapping

    def get(self, cls: type[C], /) -> C:
        if cls not in self._mapping:
            raise LookupError(f"Nothing is bound to {cls.__name__}")
        tool: C = self._mapping[cls]
        return tool
