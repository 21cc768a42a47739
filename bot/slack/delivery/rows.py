"""The delivery rows of one card, as a deliverer that holds its lease sees and writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from bot.slack.delivery.poster import Sent
from bot.slack.views.messages import Message, MessageType, Wanted
from workflows.engine.ids import new_id
from workflows.engine.outbox import CardLease, Delivery, DeliveryState, Outbox


class Rows:
    """What Slack has of a run, by key. A row that only repeats what can be found out again is written with the next."""

    def __init__(
        self, outbox: Outbox, lease: CardLease, deliveries: Iterable[Delivery], now: Callable[[], datetime]
    ) -> None:
        self._outbox = outbox
        self._lease = lease
        self._now = now
        self._rows = {row.key: row for row in deliveries}
        self._unwritten: dict[str, Delivery] = {}

    @property
    def run_id(self) -> str:
        return self._lease.run_id

    @property
    def unwritten(self) -> tuple[Delivery, ...]:
        return tuple(self._unwritten.values())

    def all(self) -> list[Delivery]:
        """Oldest first."""
        return list(self._rows.values())

    def get(self, key: str) -> Delivery | None:
        return self._rows.get(key) if key else None

    def found(self, wanted: Wanted) -> Delivery:
        """The row of a message, made if there is none."""
        row = self._rows.get(wanted.key)
        return row or Delivery(new_id(), self.run_id, wanted.key, wanted.kind.value, self._now())

    def keep(self, row: Delivery) -> Delivery:
        """Change a row; it is written with the next one."""
        self._rows[row.key] = self._unwritten[row.key] = row
        return row

    def write(self, row: Delivery) -> None:
        """Change a row, durably. Raises LeaseLost."""
        self.keep(row)
        self.renew()

    def renew(self) -> None:
        """Go on holding the card. Raises LeaseLost."""
        self._outbox.save(self._lease, *self._unwritten.values())
        self._unwritten.clear()

    # what Slack has --------------------------------------------------------------------------------------

    def posted(self) -> dict[str, str]:
        """By key: the digest of what Slack has, "" where that is not known for sure, or it did not take all of it."""
        found: dict[str, str] = {}
        for key, row in self._rows.items():
            if row.state is DeliveryState.POSTED:
                found[key] = "" if row.error else row.digest
            elif row.unclear is not None:
                found[key] = ""
        return found

    def is_posted(self, key: str) -> bool:
        row = self.get(key)
        return row is not None and row.state is DeliveryState.POSTED

    def is_done(self, wanted: Wanted) -> bool:
        """Whether Slack has this message, or can't have it."""
        row = self._rows.get(wanted.key)
        if row is not None and row.state is DeliveryState.POSTED:
            return wanted.once or row.digest == wanted.message.digest
        if row is not None and row.state is DeliveryState.FAILED:
            return row.digest == wanted.message.digest
        if row is not None and row.state is DeliveryState.GONE:
            return wanted.once
        parent = self.get(wanted.message.thread)
        return parent is not None and parent.state is DeliveryState.FAILED

    # what became of it -----------------------------------------------------------------------------------

    def stands(self, row: Delivery, sent: Sent, digest: str, error: str = "") -> None:
        """It was posted: written at once."""
        posted = replace(row, channel=sent.channel, ts=sent.ts, digest=digest, state=DeliveryState.POSTED)
        self.write(replace(posted, error=error, posted_at=self._now(), unclear=None))

    def fail(self, row: Delivery, message: Message, why: str) -> None:
        """Give a message up until it has other content."""
        self.keep(replace(row, state=DeliveryState.FAILED, digest=message.digest, error=why, unclear=None))

    def lose(self, row: Delivery, why: str) -> None:
        """It stands there no more, or can't be changed any more; nobody finds what stood in its thread either."""
        self._gone(row, why)
        for reply in self.all():
            below = row.ts and (reply.channel, reply.thread_ts) == (row.channel, row.ts)
            if below and reply.state is DeliveryState.POSTED:
                self._gone(reply, why)

    def close(self, channel: str, why: str) -> None:
        """A channel is closed to us, with all that stands in it."""
        for row in self.all():
            if row.channel == channel and row.state is DeliveryState.POSTED:
                self._gone(row, why)

    def _gone(self, row: Delivery, why: str) -> None:
        """What somebody was told once stays told; a part of what is to be decided has to stand below it again."""
        if row.kind == MessageType.PART:
            self.keep(replace(row, state=DeliveryState.PENDING, ts="", digest="", error=why, unclear=None))
        else:
            self.keep(replace(row, state=DeliveryState.GONE, error=why))
