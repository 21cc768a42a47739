"""Makes the rows of an installation that has been used for a year, as many as one likes, in bulk."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Table, create_engine, text

from benchmarks.grown.multiplying import multiply
from benchmarks.grown.pouring import Row, pour
from workflows.engine.bulks.model import Bulk, CameTo, EndedAs, Move
from workflows.engine.ids import encoded
from workflows.engine.letters.model import FRESH, Closed, Group, Member
from workflows.engine.model import (
    OVER,
    Approval,
    ApprovalState,
    Audit,
    Decision,
    Event,
    Kind,
    Outcome,
    Record,
    Run,
    RunState,
    StepState,
)
from workflows.engine.outbox import POSTS, Card, Delivery, DeliveryState
from workflows.storage.address import parse
from workflows.storage.rows import approval_row, to_row
from workflows.storage.tables import (
    APPROVAL,
    AUDIT,
    BULK,
    BULK_ITEM,
    CARD,
    DEAD_LETTER,
    DEAD_LETTER_GROUP,
    DECISION,
    DELIVERY,
    EVENT,
    LABEL,
    RECEIVED,
    RUN,
    STEP,
)

PAGE = 5_000
YEAR = timedelta(days=365)
BASE = 20_000
"""So many runs are made one by one; what ended of them is copied for more."""
GOING = 1_000
"""Runs that go on, however many have ended: what goes on does not grow with the years."""
WORKFLOWS = tuple(f"workflow_{number:02}" for number in range(12))
PEOPLE = tuple(f"slack:T1:U{number:03}" for number in range(50))
CHANNELS = tuple(f"slack:T1:C{number:02}" for number in range(30))
TEAMS = ("red", "green", "blue", "white")
WORDS = ("invoice", "article", "order", "refund", "newsletter", "contract", "shipment", "backup")
BUSY = "trigger:topics"
"""Starts half of the runs."""


@dataclass(frozen=True)
class Grown:
    """What was made, and some of it to ask for."""

    runs: int
    now: datetime
    over: str
    """A run that ended."""
    waiting: str
    """A run that waits for a decision."""
    parent: str
    approval: str
    message: tuple[str, str]
    """Where the card of a run stands in Slack."""
    oldest: str


def grow(url: str, runs: int, *, seed: int = 1, now: datetime | None = None) -> Grown:
    """Fill an empty database of this release's schema."""
    base = min(runs, BASE)
    made = _Maker(base, random.Random(seed), now or datetime.now(UTC))
    engine = create_engine(parse(url))
    for start in range(0, base, PAGE):
        tables: dict[Table, list[Row]] = {
            table: []
            for table in (
                RUN,
                LABEL,
                STEP,
                EVENT,
                APPROVAL,
                DECISION,
                AUDIT,
                CARD,
                DELIVERY,
                RECEIVED,
                DEAD_LETTER_GROUP,
                DEAD_LETTER,
                BULK,
                BULK_ITEM,
            )
        }
        for number in range(start, min(start + PAGE, base)):
            made.one(number, tables)
        with engine.begin() as conn:
            for table, rows in tables.items():
                pour(conn, table, rows)
    total, number = base, 0
    while total < runs:
        number += 1
        with engine.begin() as conn:
            multiply(conn, number)
            total = conn.execute(text("SELECT count(*) FROM run")).scalar_one()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        if conn.dialect.name == "postgresql":  # what autovacuum does by itself
            conn.execute(text("VACUUM ANALYZE"))
    engine.dispose()
    return made.grown(total)


class _Maker:
    """Makes one run after another, the oldest first."""

    def __init__(self, runs: int, dice: random.Random, now: datetime) -> None:
        self.runs = runs
        self._dice = dice
        self._now = now
        self._ids: list[str] = []
        self._groups: set[str] = set()
        self._waiting = self._parent = self._approval = self._over = ""
        self._message = ("", "")

    def grown(self, total: int) -> Grown:
        return Grown(
            total, self._now, self._over, self._waiting, self._parent, self._approval, self._message, self._ids[0]
        )

    def one(self, number: int, tables: dict[Table, list[Row]]) -> None:
        dice = self._dice
        created = self._now - YEAR * (1 - number / self.runs)
        run_id = encoded(int(created.timestamp() * 1000) << 80 | dice.getrandbits(80))
        if number < 1_000 or number > self.runs - 1_000:
            self._ids.append(run_id)
        run = self._run(run_id, number, created)
        tables[RUN].append(to_row(run))
        tables[LABEL] += [{"run_id": run_id, "name": n, "value": v} for n, v in json.loads(run.labels).items()]
        tables[STEP].append(to_row(_record(run)))
        for place, kind in enumerate(("run.queued", "run.started", f"run.{run.state}"), 1):
            tables[EVENT].append(to_row(Event(run_id, kind, created, number=place)))
        tables[AUDIT].append(to_row(Audit(created, run.started_by, "start", run_id)))
        if number % 5 == 0:
            self._ask(run, number, tables)
        self._show(run, number, tables)
        if run.dead_at is not None or number % 4 == 0:
            self._fail(run, number, tables)
        if number % 4 == 0:
            tables[RECEIVED].append({"source": "slack", "message_id": f"Ev{number}", "at": created})

    def _run(self, run_id: str, number: int, created: datetime) -> Run:
        dice = self._dice
        # The last of them go on, evenly among newer runs; what ended is mostly fine.
        going = number % max(self.runs // GOING, 1) == 0
        states = (RunState.QUEUED, RunState.RUNNING, RunState.WAITING, RunState.PARKED)
        ended = (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)
        state = states[number // max(self.runs // GOING, 1) % 4] if going else dice.choices(ended, (94, 3, 3))[0]
        dead = state is RunState.PARKED or (state is RunState.FAILED and number % 97 == 0)
        labels = {"customer": f"c{dice.randrange(2_000):04}", "team": dice.choice(TEAMS)} if number % 3 == 0 else {}
        words = " ".join(dice.choices(WORDS, k=30))
        parent = dice.choice(self._ids) if number % 20 == 0 and self._ids else None
        self._parent = parent or self._parent
        if state is RunState.SUCCEEDED and parent is None:
            self._over = run_id
        over = state in OVER
        return Run(
            run_id, dice.choice(WORKFLOWS), f"Handle an {dice.choice(WORDS)}", state,
            json.dumps({"number": number, "text": words}), created, version="0123456789abcdef", release=1_000,
            output='{"done": true}' if over else None, started_by=BUSY if number % 2 else dice.choice(PEOPLE),
            channel=dice.choice(CHANNELS), parent_id=parent, dedupe=f"k{number}" if number % 3 == 0 else None,
            labels=json.dumps(labels, sort_keys=True), revision=3, token=1, carded=True, started_at=created,
            lease_owner="w1" if state is RunState.RUNNING else None,
            lease_until=self._now + YEAR if state is RunState.RUNNING else None,
            wake_at=self._now + timedelta(seconds=number % 5_000 - 100) if state in (RunState.QUEUED, RunState.RUNNING)
            else None,
            dead_at=created if dead else None, ended_at=created + timedelta(minutes=5) if over else None,
        )  # fmt: skip

    def _ask(self, run: Run, number: int, tables: dict[Table, list[Row]]) -> None:
        waits = run.state is RunState.WAITING
        state = ApprovalState.OPEN if waits else ApprovalState.DECIDED
        asked = Approval(
            f"a{run.id[1:]}", run.id, 0, "editor#1", "editor", "Publish this?", '{"text": "tea"}', "0" * 64,
            PEOPLE[number % 50 : number % 50 + 3] or PEOPLE[:1], run.created_at, state=state,
            outcome=None if waits else Outcome.APPROVED, closed_at=None if waits else run.created_at,
            remind_at=self._now + timedelta(seconds=number % 5_000 - 100) if waits else None,
            remind_every=timedelta(days=1),
        )  # fmt: skip
        tables[APPROVAL].append(approval_row(asked, run.id))
        if waits:
            self._waiting, self._approval = run.id, asked.id
        else:
            given = Decision(asked.id, PEOPLE[number % 50], Outcome.APPROVED, run.created_at, "Fine")
            tables[DECISION].append(to_row(given))
            entry = Audit(run.created_at, given.by, "decide approved", run.id, "editor")
            tables[AUDIT].append(to_row(entry))

    def _fail(self, run: Run, number: int, tables: dict[Table, list[Row]]) -> None:
        """It is a dead letter, or was one; about two failures are one group."""
        place = number // 8
        group = f"g{place:05}"
        if group not in self._groups:
            self._groups.add(group)
            ended = None if place >= self.runs // 8 - 20 else run.created_at
            tables[DEAD_LETTER_GROUP].append(to_row(Group(
                group, f"{place % 500:032}", CHANNELS[place % 30], WORKFLOWS[place % 12], "fetch", "Unavailable",
                "It is #", 1_000, run.created_at, run.created_at + FRESH, ended, Closed.DEALT if ended else None,
            )))  # fmt: skip
            if place % 2:
                tables[BULK].append(to_row(Bulk(
                    f"b{group[1:]}", group, Move.RESUME, PEOPLE[place % 50], run.created_at, total=2,
                    confirmed_at=run.created_at, ended_at=run.created_at, ended_as=EndedAs.DONE,
                )))  # fmt: skip
        if place % 2:
            moved = {"bulk_id": f"b{group[1:]}", "run_id": run.id, "dead_at": run.created_at}
            tables[BULK_ITEM].append(moved | {"came_to": CameTo.DONE, "why": ""})
        over = None if run.dead_at is not None else run.created_at
        letter = Member(run.id, 1, group, run.created_at, 1_000, over)
        tables[DEAD_LETTER].append(to_row(letter, untold_at=run.created_at if number >= self.runs - 20 else None))

    def _show(self, run: Run, number: int, tables: dict[Table, list[Row]]) -> None:
        late = number % max(self.runs // 200, 1) == 0
        error = "The channel is archived." if number % max(self.runs // 100, 1) == 1 else ""
        card = Card(run.id, run.channel, 3, 2 if late else 3, run.created_at, place=run.channel, error=error)
        tables[CARD].append(to_row(card))
        place = (run.channel.rpartition(":")[2], f"17000{number:08}.000100")
        shown = Delivery(
            f"d{run.id[1:]}", run.id, "card", "card", run.created_at, place[0], ts=place[1], digest="0" * 64,
            state=DeliveryState.POSTED, posted_at=run.created_at,
        )  # fmt: skip
        self._message = place
        tables[DELIVERY].append(to_row(shown))
        if number % 10 == 0:
            pending = number >= self.runs - 20
            post = Delivery(
                f"p{run.id[1:]}", POSTS, f"post/{number}", "post", run.created_at, place[0],
                ts="" if pending else f"18000{number:08}.000100",
                state=DeliveryState.PENDING if pending else DeliveryState.POSTED, payload='{"text": "x", "thread": ""}',
            )  # fmt: skip
            tables[DELIVERY].append(to_row(post))


def _record(run: Run) -> Record:
    done = run.state in OVER
    state = StepState.SUCCEEDED if done else StepState.RUNNING
    result = '{"is": 1}' if done else None
    return Record(
        run.id, 0, "fetch#1", "", 1, Kind.STEP, "fetch", state, "Fetch it", int(done), output=result,
        started_at=run.created_at, ended_at=run.created_at if done else None,
    )  # fmt: skip
