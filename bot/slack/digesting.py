"""Digests on their way to Slack: rendered when they are due, then posted through the outbox."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.slack.delivery.posts import deliveries_of
from bot.slack.directory import Self
from bot.slack.ids import CARD, approval_key
from bot.slack.mrkdwn import escape
from bot.slack.views.digest import digest_message
from bot.slack.views.messages import File, Message
from workflows.digests.desk import Task
from workflows.engine.digests.page import Chart, Item, Page
from workflows.engine.outbox import POSTS, DeliveryBell, Outbox


class Me(Protocol):
    """Knows who the bot is, and where."""

    def myself(self) -> Self | None: ...


@dataclass(frozen=True)
class SlackPosting:
    """Posts pages. A task's key names its rows, so a second call adds nothing."""

    outbox: Callable[[], Outbox]
    bell: Callable[[], DeliveryBell]
    me: Me
    now: Callable[[], datetime]

    def __call__(self, task: Task, page: Page) -> None:
        """Have a page posted; its chart follows below."""
        outbox = self.outbox()
        messages = [self.message(page)]
        if page.chart is not None:
            name = f"{task.digest}-{task.until:%Y-%m-%d-%H%M}.png"
            file = File(name, page.chart.title, _picture(page.chart))
            messages.append(Message(escape(page.chart.title), file=file))
        for row in deliveries_of(POSTS, task.key, task.place, messages, self.now()):
            outbox.post(row)
        self.bell().ring_delivery(POSTS)

    def message(self, page: Page) -> Message:
        """A page as a message, with links to what it tells of."""
        return digest_message(page, self.links(item for group in page.groups for item in group.items))

    def links(self, items: Iterable[Item]) -> dict[str, str]:
        """The addresses of messages about runs and approvals, by id, as far as Slack has them."""
        me = self.me.myself()
        if me is None or not me.url:
            return {}
        found: dict[str, str] = {}
        for item in items:
            wanted = {CARD: item.run_id, approval_key(item.approval): item.approval}
            for row in self.outbox().deliveries(item.run_id) if item.run_id else ():
                if wanted.get(row.key) and row.channel and row.ts:
                    found[wanted[row.key]] = f"{me.url}archives/{row.channel}/p{row.ts.replace('.', '')}"
        return found


def _picture(chart: Chart) -> bytes:
    """The library that draws is loaded when there is something to draw."""
    drawn: bytes = importlib.import_module("bot.digests.charts").picture(chart)
    return drawn
