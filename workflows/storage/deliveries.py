"""Deliveries: one row per message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, Text, bindparam, column, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from workflows.engine.outbox import POSTS, Delivery, DeliveryState
from workflows.storage.database import Database
from workflows.storage.prepared import prepared
from workflows.storage.rows import to_row
from workflows.storage.tables import DELIVERY

COLUMNS = tuple(DELIVERY.c[field.name] for field in fields(Delivery))
KEPT = frozenset({"id", "run_id", "key", "kind", "created_at", "payload", "reply_url", "reply_until"})
"""What a deliverer never changes in a row that is there."""
OF_RUN = select(*COLUMNS).where(DELIVERY.c.run_id == bindparam("run_id"))
OF_RUN = OF_RUN.order_by(DELIVERY.c.created_at, DELIVERY.c.id)
POST = DELIVERY.c.run_id == literal_column(f"'{POSTS}'")
"""Written out, so that it is seen to be the condition of an index."""
PENDING = DELIVERY.c.state == literal_column(f"'{DeliveryState.PENDING}'")
OLDEST = select(func.min(DELIVERY.c.created_at)).where(POST, PENDING).scalar_subquery()
UNSENT = select(*COLUMNS).where(POST, DELIVERY.c.created_at >= OLDEST).order_by(DELIVERY.c.created_at, DELIVERY.c.id)
AT = select(*COLUMNS).where(
    DELIVERY.c.channel == bindparam("channel"), DELIVERY.c.ts == bindparam("ts"), DELIVERY.c.ts != ""
)
REPLY_AT = (
    update(DELIVERY)
    .where(
        DELIVERY.c.run_id == bindparam("at_run"),
        DELIVERY.c.channel == bindparam("at_channel"),
        DELIVERY.c.ts == bindparam("at_ts"),
        DELIVERY.c.ts != "",
    )
    .values(reply_url=bindparam("url"), reply_until=bindparam("until"))
    .returning(DELIVERY.c.id)
)
GIVEN = (
    func.unnest(
        *(bindparam(name, type_=ARRAY(Text)) for name in ("runs", "channels", "moments", "urls")),
        bindparam("untils", type_=ARRAY(DELIVERY.c.reply_until.type)),
    )
    .table_valued(
        column("run_id", Text), column("channel", Text), column("ts", Text), column("url", Text),
        column("until", DELIVERY.c.reply_until.type),
    )
    .render_derived(name="given")
)  # fmt: skip
REPLIES_AT = (
    update(DELIVERY)
    .where(
        DELIVERY.c.run_id == GIVEN.c.run_id,
        DELIVERY.c.channel == GIVEN.c.channel,
        DELIVERY.c.ts == GIVEN.c.ts,
        DELIVERY.c.ts != "",
    )
    .values(reply_url=GIVEN.c.url, reply_until=GIVEN.c.until)
    .returning(DELIVERY.c.run_id, DELIVERY.c.channel, DELIVERY.c.ts)
)
"""As `REPLY_AT` for many messages; on PostgreSQL."""


@dataclass(frozen=True)
class ReplyAt:
    """An address for the message that stands in a channel at a time, and how long it is good."""

    run_id: str
    channel: str
    ts: str
    url: str
    until: datetime


def of_run(conn: Connection, run_id: str) -> list[Delivery]:
    """Oldest first."""
    return [Delivery(*row) for row in conn.execute(OF_RUN, {"run_id": run_id})]


def unsent(conn: Connection) -> list[Delivery]:
    """Posts of no run, from the oldest on that is to be posted yet; what was posted before is of no more use."""
    return [Delivery(*row) for row in conn.execute(UNSENT)]


def at(conn: Connection, channel: str, ts: str) -> Delivery | None:
    rows = prepared(conn, AT).run(conn, {"channel": channel, "ts": ts})
    return Delivery(*rows[0]) if rows else None


def save(conn: Connection, database: Database, deliveries: Sequence[Delivery]) -> None:
    """Insert or change rows, all but what others write."""
    if not deliveries:
        return
    stmt = database.insert(DELIVERY)
    set_ = {column.name: stmt.excluded[column.name] for column in DELIVERY.columns if column.name not in KEPT}
    conn.execute(
        stmt.on_conflict_do_update(index_elements=["id"], set_=set_),
        [to_row(delivery, reply_url="", reply_until=None) for delivery in deliveries],
    )


def add(conn: Connection, database: Database, delivery: Delivery) -> tuple[Delivery, bool]:
    """Insert a message; the one with its key, and whether that is new."""
    stmt = database.insert(DELIVERY).on_conflict_do_nothing().returning(DELIVERY.c.id)
    new = conn.execute(stmt, to_row(delivery)).first() is not None
    mine = OF_RUN.where(DELIVERY.c.key == delivery.key)
    return Delivery(*conn.execute(mine, {"run_id": delivery.run_id}).one()), new


def reply_via(conn: Connection, run_id: str, key: str, url: str, until: datetime) -> bool:
    """Keep an address on a message."""
    at_key = (DELIVERY.c.run_id == run_id, DELIVERY.c.key == key)
    return conn.execute(update(DELIVERY).where(*at_key).values(reply_url=url, reply_until=until)).rowcount == 1


def reply_at(conn: Connection, reply: ReplyAt) -> bool:
    """Keep an address on a message; False when there is no such message."""
    told = {"at_run": reply.run_id, "at_channel": reply.channel, "at_ts": reply.ts}
    return bool(prepared(conn, REPLY_AT, ()).run(conn, {**told, "url": reply.url, "until": reply.until}))


def replies_at(conn: Connection, replies: Sequence[ReplyAt]) -> list[bool]:
    """Keep addresses on messages that differ; for each of them whether it is there. On PostgreSQL."""
    columns = zip(*((one.run_id, one.channel, one.ts, one.url, one.until) for one in replies), strict=True)
    given = dict(zip(("runs", "channels", "moments", "urls", "untils"), map(list, columns), strict=True))
    found = set(prepared(conn, REPLIES_AT, ()).run(conn, given))
    return [(one.run_id, one.channel, one.ts) in found for one in replies]


def take_replies(conn: Connection, run_id: str) -> None:
    """Forget the addresses of a run's messages: whoever read them uses them now."""
    kept = (DELIVERY.c.run_id == run_id, DELIVERY.c.reply_url != "")
    conn.execute(update(DELIVERY).where(*kept).values(reply_url="", reply_until=None))
