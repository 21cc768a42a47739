"""What the edge works with: the engine's commands, the directory, and where messages stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from bot.alerts.keeping import AlertKeeping
from bot.credentials.keeping import Credentials
from bot.digests.keeping import Digests
from bot.slack.delivery.snapshots import Snapshots
from bot.slack.directory import SlackDirectory
from bot.slack.ids import CARD, DETAILS, approval_key
from bot.slack.views.snapshot import RunSnapshot
from workflows.engine.bulks.desk import BulkDesk
from workflows.engine.definition import Workflow
from workflows.engine.desk import LetterDesk
from workflows.engine.errors import StoreUnavailable
from workflows.engine.ids import new_id
from workflows.engine.letters.ports import card_of, group_of
from workflows.engine.model import Approval, Run
from workflows.engine.outbox import Delivery, DeliveryBell, Outbox
from workflows.engine.ports import Store
from workflows.engine.recovery import Recovery
from workflows.engine.schedules.keeping import Schedules
from workflows.engine.service import Service
from workflows.engine.starters import starters_of
from workflows.engine.undoing import Undoing

FRESH = timedelta(minutes=29)
"""How long a press's own address is good for; Slack says half an hour."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Installed(Protocol):
    """The workflows that are installed."""

    def get(self, name: str) -> Workflow[Any, Any]: ...
    def names(self) -> frozenset[str]: ...
    def all(self) -> list[Workflow[Any, Any]]: ...


@dataclass(frozen=True)
class Parts:
    """The edge's parts. Everything is safe across threads."""

    service: Service
    recovery: Recovery
    store: Store
    outbox: Outbox
    bell: DeliveryBell
    directory: SlackDirectory
    catalogue: Installed
    now: Callable[[], datetime]
    schedules: Schedules
    digests: Digests
    alerts: AlertKeeping
    desk: LetterDesk
    """Groups of dead letters."""
    credentials: Credentials
    bulks: BulkDesk
    """Moves for whole groups of dead letters."""
    undoing: Undoing
    link: Callable[[str], str] = lambda _run: ""
    """The address of a run's page; "" where there is none."""

    def changed(self, group: str) -> None:
        """Have a group's messages brought up to date."""
        self.bell.ring_delivery(card_of(group))

    def snapshot(self, run: Run) -> RunSnapshot:
        """A run with everything that is shown of it."""
        members = self.directory.members
        return Snapshots(self.store, self.catalogue, self.now, members, self.is_away, self.link).load(run.id)

    def is_away(self, actor: str) -> bool:
        """Whether somebody's status says that they are away."""
        return self.directory.absence(actor, self.now()) is not None

    def links(self, approvals: Iterable[Approval]) -> dict[str, str]:
        """The addresses of the approvals' messages, by id, as far as Slack has them and says where it is."""
        me = self.directory.myself()
        if me is None or not me.url:
            return {}
        found = {}
        for approval in approvals:
            for row in self.outbox.deliveries(approval.run_id):
                if row.key == approval_key(approval.id) and row.channel and row.ts:
                    found[approval.id] = f"{me.url}archives/{row.channel}/p{row.ts.replace('.', '')}"
        return found

    def starters(self, approval: Approval) -> frozenset[str]:
        """Who started or changed the run, so that four eyes need somebody else."""
        return starters_of(self.store, approval.run_id)

    def known(self, run_id: str) -> Run | None:
        """The run that something was done to, to be told of; None while the database is away."""
        try:
            return self.store.run(run_id)
        except StoreUnavailable:
            return None

    def refresh(self, run_id: str) -> None:
        """Have the run's messages brought up to date."""
        self.bell.ring_delivery(run_id)

    def follow_in_thread(self, run_id: str, channel: str, ts: str) -> bool:
        """Have the run's details stand in the thread of its card from now on; False where its card does not stand."""
        row = self.outbox.at(channel, ts) if channel and ts else None
        if row is None or (row.run_id, row.key) != (run_id, CARD):
            return False
        self.outbox.post(Delivery(new_id(), run_id, DETAILS, DETAILS, self.now()))
        self.outbox.touch(run_id)
        self.refresh(run_id)
        return True

    def answer_at(self, run_id: str, channel: str, ts: str, reply_url: str) -> bool:
        """Let the next change of the pressed message go to the press's own address, and have it made now.

        False when the message is none that changes by itself, so that the person has to be told; so it is when the
        database went away after what was done.
        """
        try:
            known = bool(channel and ts) and self._answers_at(run_id, channel, ts, reply_url)
        except StoreUnavailable as error:
            log.warning("the database went away after a press was recorded", run_id=run_id, error=str(error))
            known = False
        self.refresh(run_id)
        return known

    def _answers_at(self, run_id: str, channel: str, ts: str, reply_url: str) -> bool:
        if reply_url and self.reply_at(run_id, channel, ts, reply_url):
            return True  # most presses are on a message of the run itself, and need no look at whose it is
        row = self.outbox.at(channel, ts)
        if row is None:
            return False
        member = self.desk.letters.of_run(run_id) if group_of(row.run_id) else None
        if row.run_id not in (run_id, card_of(member.group_id) if member else run_id):
            return False
        known = self.reply_at(row.run_id, channel, ts, reply_url)
        if member is not None:
            self.desk.letters.touch(member.group_id)
            self.changed(member.group_id)
        return known

    def reply_at(self, card: str, channel: str, ts: str, reply_url: str) -> bool:
        """Let the next change of a card's message go to the press's own address; False for a message of another."""
        if reply_url:
            return self.outbox.reply_at(card, channel, ts, reply_url, until=self.now() + FRESH)
        row = self.outbox.at(channel, ts)
        return row is not None and row.run_id == card
