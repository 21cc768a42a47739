"""The outbox in SQL, in the database of a store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from workflows.engine.outbox import POSTS, Budget, Card, CardClaim, CardLease, Delivery, Left, Turn
from workflows.storage import cards, deliveries, pace, runs
from workflows.storage.database import Database
from workflows.storage.gathered import Gathered
from workflows.storage.ledger import Ledger
from workflows.storage.outgoing import Statements


class SqlOutbox:
    """What is to be shown outside; shares its database with the store that made it."""

    def __init__(self, database: Database, statements: Statements, gathered: Gathered) -> None:
        self._database = database
        self._statements = statements
        self._gathered = gathered

    # which runs are seen

    def watch(self, run_id: str) -> bool:
        def work(conn: Connection) -> bool:
            if runs.find(conn, run_id) is None:
                raise runs.unknown(conn, run_id)
            return self._watch(conn, run_id)

        return self._database.write(work)

    def _watch(self, conn: Connection, run_id: str) -> bool:
        ledger = Ledger(conn, self._database, self._statements)
        new = cards.watch(ledger, conn, run_id)
        ledger.flush()
        return new

    def adopt(self, *, limit: int) -> int:
        found = self._database.read(lambda conn: cards.unseen(conn, limit))
        return sum(self._adopt(run_id) for run_id in found)

    def _adopt(self, run_id: str) -> bool:
        return self._database.write(lambda conn: self._watch(conn, run_id))

    def touch(self, run_id: str) -> bool:
        return self._database.write(lambda conn: self._touch(conn, run_id))

    def _touch(self, conn: Connection, run_id: str) -> bool:
        if run_id == POSTS:
            cards.touch_posts(conn, self._database)
            return True
        ledger = Ledger(conn, self._database, self._statements)
        run = ledger.lock((run_id,)).rows.get(run_id)
        if run is None or not run.carded:
            return False
        ledger.touch(run)
        ledger.flush()
        return True

    def due(self, *, limit: int) -> Sequence[str]:
        return self._database.read(lambda conn: cards.due(conn, self._database, limit))

    # delivering

    def claim(self, run_id: str, owner: str, ttl: timedelta) -> CardClaim | None:
        return self._database.write(lambda conn: self._claim(conn, run_id, owner, ttl))

    def _claim(self, conn: Connection, run_id: str, owner: str, ttl: timedelta) -> CardClaim | None:
        now = self._database.now(conn)
        card = cards.claim(conn, run_id, owner, now, ttl)
        if card is None:
            return None
        messages = deliveries.unsent(conn) if run_id == POSTS else deliveries.of_run(conn, run_id)
        if any(message.reply_url for message in messages):
            deliveries.take_replies(conn, run_id)
        return CardClaim(CardLease(run_id, card.token, owner, ttl), card, tuple(messages), now)

    def save(self, lease: CardLease, *messages: Delivery) -> None:
        def work(conn: Connection) -> None:
            cards.renew(conn, lease, self._database.now(conn))
            deliveries.save(conn, self._database, messages)

        self._database.write(work)

    def leave(self, lease: CardLease, left: Left, *messages: Delivery) -> None:
        def work(conn: Connection) -> None:
            now = self._database.now(conn)
            wanted = cards.renew(conn, lease, now)
            deliveries.save(conn, self._database, messages)
            cards.leave(conn, lease, left, now, changed=wanted > left.wanted)

        self._database.write(work)

    def release(self, owner: str) -> int:
        return self._database.write(lambda conn: cards.release(conn, owner))

    # from outside

    def reply_via(self, run_id: str, key: str, url: str, *, until: datetime) -> bool:
        return self._database.write(lambda conn: deliveries.reply_via(conn, run_id, key, url, until))

    def reply_at(self, run_id: str, channel: str, ts: str, url: str, *, until: datetime) -> bool:
        return self._gathered.reply_at(deliveries.ReplyAt(run_id, channel, ts, url, until))

    def post(self, delivery: Delivery) -> Delivery:
        return self._database.write(lambda conn: self._post(conn, delivery))

    def _post(self, conn: Connection, delivery: Delivery) -> Delivery:
        if delivery.run_id != POSTS:
            seen = self._watch(conn, delivery.run_id) or self._touch(conn, delivery.run_id)
            if not seen:
                raise runs.unknown(conn, delivery.run_id)
        there, new = deliveries.add(conn, self._database, delivery)
        if new and delivery.run_id == POSTS:
            cards.touch_posts(conn, self._database)
        return there

    # the pace

    def reserve(self, budget: Budget) -> Turn:
        return self._database.write(lambda conn: pace.reserve(conn, self._database, budget))

    def hold(self, name: str, pause: timedelta) -> datetime:
        return self._database.write(lambda conn: pace.hold(conn, self._database, name, pause))

    # reading

    def card(self, run_id: str) -> Card | None:
        return self._database.read(lambda conn: cards.find(conn, run_id))

    def deliveries(self, run_id: str) -> Sequence[Delivery]:
        return self._database.read(lambda conn: deliveries.of_run(conn, run_id))

    def at(self, channel: str, ts: str) -> Delivery | None:
        return self._database.read(lambda conn: deliveries.at(conn, channel, ts))

    def troubled(self, *, limit: int) -> Sequence[Card]:
        return self._database.read(lambda conn: cards.troubled(conn, limit))

    def behind(self, urgency: int = 9) -> int:
        return self._database.read(lambda conn: cards.behind(conn, urgency))
