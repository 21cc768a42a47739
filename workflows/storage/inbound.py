"""What came in from outside, in SQL. The row of an event is the lock under which it is acted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import timedelta

from sqlalchemy import Connection, bindparam, delete, select, update

from workflows.engine.errors import StoreUnavailable
from workflows.engine.hooks.model import Inbound, InboundState
from workflows.engine.hooks.ports import GONE_WORDS, OVER_WORDS, Arrival, Took
from workflows.engine.model import OVER, NewRun, Writes
from workflows.engine.ports import Ring
from workflows.storage import runs
from workflows.storage.database import Database
from workflows.storage.ledger import Ledger
from workflows.storage.outgoing import Statements
from workflows.storage.rows import to_row
from workflows.storage.tables import INBOUND

COLUMNS = tuple(INBOUND.c[field.name] for field in fields(Inbound))
KEY = (INBOUND.c.source, INBOUND.c.event_id)
DROP = delete(INBOUND).where(KEY[0] == bindparam("at_source"), KEY[1] == bindparam("at_event"))
MAY_BE_TAKEN = INBOUND.c.state == InboundState.FAILED


class SqlInbound:
    """What came in, in the store's database."""

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database = database
        self._statements = statements

    def take(self, arrival: Arrival) -> Took:
        return self._database.write(lambda conn: self._take(conn, arrival))

    def _take(self, conn: Connection, arrival: Arrival) -> Took:
        inbound = replace(arrival.inbound, at=self._database.now(conn))
        upsert = self._database.upsert(INBOUND, MAY_BE_TAKEN).returning(INBOUND.c.event_id)
        if conn.execute(upsert, to_row(inbound)).first() is None:
            there = _find(conn, inbound.source, inbound.event_id)
            if there is None:
                raise StoreUnavailable("What came in was deleted just now: send it again.")
            return Took(there, new=False)
        done, rings = inbound, tuple[Ring, ...]()
        if arrival.start is not None:
            done, rings = self._start(conn, inbound, *arrival.start)
        elif arrival.message is not None:
            done, rings = self._tell(conn, arrival, inbound)
        if done != inbound:
            changed = {"run_id": done.run_id, "state": done.state, "words": done.words}
            here = (INBOUND.c.source == inbound.source, INBOUND.c.event_id == inbound.event_id)
            conn.execute(update(INBOUND).where(*here).values(changed))
        return Took(done, new=True, rings=rings)

    def _start(
        self, conn: Connection, inbound: Inbound, new: NewRun, writes: Writes
    ) -> tuple[Inbound, tuple[Ring, ...]]:
        ledger = Ledger(conn, self._database, self._statements)
        ledger.lock((), (writes,))
        made = ledger.create(new, writes)
        if made is not None:
            ledger.flush()
            return inbound, made[1]
        there = runs.by_dedupe(conn, new.run.workflow, new.run.dedupe or "")
        if there is None:
            raise StoreUnavailable(f"A run of {new.run.workflow} was deleted just now: send the event again.")
        return replace(inbound, run_id=there.id), ()

    def _tell(self, conn: Connection, arrival: Arrival, inbound: Inbound) -> tuple[Inbound, tuple[Ring, ...]]:
        assert arrival.message is not None
        message, audit = arrival.message
        ledger = Ledger(conn, self._database, self._statements)
        run = ledger.lock((message.run_id,)).rows.get(message.run_id)
        if run is None or run.state in OVER:
            words = OVER_WORDS.format(run.id, run.state) if run else GONE_WORDS.format(message.run_id)
            return replace(inbound, state=InboundState.IGNORED, words=words), ()
        writes = Writes(messages=(message,), audit=(audit,))
        ledger.lock((), (writes,))
        rings = ledger.apply(run.id, writes)
        ledger.flush()
        return inbound, rings

    def find(self, source: str, event_id: str) -> Inbound | None:
        return self._database.read(lambda conn: _find(conn, source, event_id))

    def latest(self, source: str, *, limit: int) -> Sequence[Inbound]:
        asked = select(*COLUMNS).where(INBOUND.c.source == source)
        asked = asked.order_by(INBOUND.c.at.desc(), INBOUND.c.event_id.desc()).limit(limit)
        return [Inbound(*row) for row in self._database.read(lambda conn: conn.execute(asked).all())]

    def forget(self, age: timedelta, *, limit: int) -> int:
        return self._database.write(lambda conn: self._forget(conn, age, limit))

    def _forget(self, conn: Connection, age: timedelta, limit: int) -> int:
        old = select(*KEY).where(INBOUND.c.at <= self._database.now(conn) - age).order_by(INBOUND.c.at).limit(limit)
        keys = [{"at_source": source, "at_event": event_id} for source, event_id in conn.execute(old)]
        if keys:
            conn.execute(DROP, keys)
        return len(keys)


def _find(conn: Connection, source: str, event_id: str) -> Inbound | None:
    asked = select(*COLUMNS).where(INBOUND.c.source == source, INBOUND.c.event_id == event_id)
    row = conn.execute(asked).one_or_none()
    return Inbound(*row) if row is not None else None
