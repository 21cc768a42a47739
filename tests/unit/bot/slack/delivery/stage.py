"""A worker, a clock and deliverers beside a local workspace: real HTTP, a real database, time that is skipped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from slack_sdk import WebClient

from bot.outage import Outage
from bot.sandbox import LocalWorkspace, Message, SkippingClock
from bot.slack.delivery.deliverer import Deliverer
from bot.slack.delivery.destinations import Addresses, Destinations
from bot.slack.delivery.groups import Groups
from bot.slack.delivery.sending import Tools
from bot.slack.delivery.slack_poster import SlackPoster, client
from bot.slack.delivery.snapshots import Snapshots
from bot.slack.directory import SlackDirectory
from tests.payloads import check_message
from workflows.engine.access import Access
from workflows.engine.definition import Workflow
from workflows.engine.model import Approval
from workflows.engine.outbox import Card, Delivery
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness
from workflows.storage.store import SqlStore

SCOPES = (
    "chat:write", "channels:read", "groups:read", "im:read", "mpim:read", "im:write", "users:read", "usergroups:read",
    "channels:history", "groups:history", "im:history", "metadata.message:read", "files:read", "files:write",
)  # fmt: skip
BOT = {
    "display_information": {"name": "Baton"},
    "features": {"bot_user": {"display_name": "baton", "always_online": True}},
    "oauth_config": {"scopes": {"bot": list(SCOPES)}},
}
"""The app as the workspace knows it: it only sends."""
CHECKED = frozenset({"chat.postMessage", "chat.update"})


class Died(BaseException):
    """The process ends here."""


class Stage:
    """Everything that a delivery needs, in this process."""

    def __init__(self, workspace: LocalWorkspace, time: SkippingClock, url: str, *workflows: Workflow[Any, Any]):
        self.workspace = workspace
        self._time = time
        self.clock = ManualClock(time.now())
        self.store = SqlStore(url, clock=self.clock)
        self.outbox = self.store.outbox
        self.harness = Harness(*workflows, store=self.store, clock=self.clock)
        web = WebClient(token=workspace.bot_token, base_url=workspace.api_url, retry_handlers=[])
        self.people = SlackDirectory(web, self.clock.monotonic, {"editor": (self.actor("ben"),)})
        self.harness.service.access = Access(frozenset({self.actor("ana"), "test:ana"}), self.people)
        self.home, self.ops = "", ""
        self.dies_at: tuple[str, str] | None = None
        workspace.on_call(lambda call: check_message(call.arguments) if call.method in CHECKED else None)

    # people ----------------------------------------------------------------------------------------------

    def actor(self, name: str) -> str:
        return f"slack:{self.workspace.team_id}:{self.workspace.user(name).id}"

    def place(self, channel: str) -> str:
        return f"slack:{self.workspace.team_id}:{self.workspace.channel(channel).now.id}"

    # doing -----------------------------------------------------------------------------------------------

    def start(self, name: str, given: Any, *, channel: str = "#content", by: str = "ana") -> str:
        """Start a run in a channel and let it go as far as it can."""
        place = self.place(channel) if channel else ""
        run = self.harness.service.start(name, given, by=self.actor(by), channel=place)
        self.harness.work()
        return run.id

    def deliverer(self, owner: str = "w1") -> Deliverer:
        poster = SlackPoster(client(lambda: self.workspace.bot_token, self.workspace.api_url))
        addresses = Addresses(poster, self.clock.monotonic)
        tools = Tools(self.outbox, poster, addresses, self.clock.now, self._checkpoint)
        snapshots = Snapshots(self.store, self.harness.catalogue, self.clock.now, self.people.members)
        return Deliverer(
            tools, snapshots, Destinations(addresses, self.people, self.home, self.ops), owner, self.clock.monotonic,
            Outage("slack"), Groups(self.store.letters, snapshots, self.store.bulks),
        )  # fmt: skip

    def deliver(self, owner: str = "w1") -> int:
        """What clock and worker do now: deliver every card that is due, until none is; how many turns that took."""
        self.outbox.adopt(limit=100)
        self.store.letters.stir(limit=100)
        deliverer = self.deliverer(owner)
        turns = 0
        while found := self.outbox.due(limit=100):
            for run_id in found:
                deliverer.deliver(run_id)
                turns += 1
            assert turns < 500, "deliveries without end"
        return turns

    def skip(self, seconds: float) -> None:
        """Let time pass everywhere; nothing is delivered meanwhile."""
        self.clock.advance(timedelta(seconds=seconds))
        self._time.skip(seconds)

    def until_shown(self, run_id: str, most: float = 120) -> float:
        """Deliver and let time pass until everything is shown; the seconds that passed."""
        passed = 0.0
        self.deliver()
        while self.card(run_id).shown < self.store.run(run_id).revision:
            assert passed < most, f"not shown after {passed} s: {self.card(run_id)} {self.rows(run_id)}"
            self.skip(0.5)
            passed += 0.5
            self.deliver()
        return passed

    def _checkpoint(self, name: str, key: str) -> None:
        if self.dies_at and self.dies_at[0] == name and key.startswith(self.dies_at[1]):
            self.dies_at = None
            raise Died

    def dies(self, at: str, key: str, do: Callable[[], object]) -> None:
        """The process dies at a checkpoint; its lease runs out."""
        self.dies_at = (at, key)
        try:
            do()
        except Died:
            return
        raise AssertionError(f"nobody passed {at} {key}")

    def press(self, message: Message, name: str) -> str:
        """The address that a press on a message brings."""
        world = self.workspace.world
        with world.changing():
            secret = world.tickets.hook(self.workspace.user(name).id, message.channel, ts=message.ts)
        return f"{self.workspace.address}/actions/{self.workspace.team_id}/{secret}"

    # looking ---------------------------------------------------------------------------------------------

    def card(self, run_id: str) -> Card:
        card = self.outbox.card(run_id)
        assert card is not None
        return card

    def rows(self, run_id: str) -> dict[str, Delivery]:
        return {row.key: row for row in self.outbox.deliveries(run_id)}

    def approval(self, run_id: str) -> Approval:
        (approval,) = self.store.approvals(run_id=run_id, state=None)
        return approval

    def channel(self, name: str = "#content") -> list[Message]:
        """What stands in a channel, replies aside."""
        return [m for m in self.workspace.channel(name).messages if not m.is_reply]

    def direct(self, name: str) -> list[Message]:
        """What the bot wrote to somebody directly, replies aside."""
        return [m for m in self.workspace.user(name).messages("dm") if not m.is_reply]

    def replies(self, message: Message) -> list[Message]:
        return self.workspace.replies(message)

    def calls(self, method: str) -> int:
        return sum(call.method == method for call in self.workspace.calls)

    def close(self) -> None:
        self.store.close()
