"""What people and the app do to messages: posting, changing and deleting, with the events that follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bot.sandbox import wire
from bot.sandbox.checks import Checker
from bot.sandbox.model import Channel, Kind, Message
from bot.sandbox.world import World

Json = dict[str, Any]
Emit = Callable[[str, Json], None]
"""Called with the name of a subscription, such as `message.im`, and the event."""

_STREAMS = {Kind.PUBLIC: ("message.channels", "channel"), Kind.PRIVATE: ("message.groups", "group"),
            Kind.DM: ("message.im", "im")}  # fmt: skip


@dataclass(frozen=True)
class Desk:
    """The one place through which messages come into being and change. Its caller holds the workspace's lock."""

    world: World
    checker: Checker
    emit: Emit

    def post(self, message: Message) -> Message:
        """Show a new message and tell the app, when it listens there."""
        channel = self.world.channels[message.channel]
        kept = replace(message, ts=message.ts or self.world.next_ts(), names=self.world.names)
        self.world.timeline.add(kept, channel)
        if not kept.ephemeral_for:
            self._tell(kept, channel)
        return kept

    def change(self, message: Message) -> None:
        """Show a message anew."""
        before = self.world.timeline.find(message.channel, message.ts)
        self.world.timeline.put(message)
        if before is not None:
            self._tell_of_change("message_changed", message, {
                "message": wire.message(self.world, message), "previous_message": wire.message(self.world, before),
            })  # fmt: skip

    def delete(self, message: Message) -> None:
        """Take a message away."""
        self.world.timeline.remove(message)
        if not message.ephemeral_for:
            before = wire.message(self.world, message)
            self._tell_of_change("message_deleted", message, {"previous_message": before, "deleted_ts": message.ts})

    def join(self, channel: Channel, user: str) -> None:
        """Bring somebody into a channel."""
        place = self.world.join(channel, user)
        told = {"type": "member_joined_channel", "user": user, "channel": place.id, "team": self.world.team_id}
        kind = "G" if place.kind is Kind.PRIVATE else "C"
        self.emit("member_joined_channel", told | {"channel_type": kind, "event_ts": self.world.next_ts()})

    def _tell(self, message: Message, channel: Channel) -> None:
        world = self.world
        if not channel.has(world.bot_user_id):
            return
        stream, kind = _STREAMS[channel.kind]
        told = wire.message(world, message, with_metadata=False)
        event = told | {"channel": channel.id, "channel_type": kind, "event_ts": message.ts}
        if not message.bot:
            event["client_msg_id"] = f"local-{message.ts}"
        self.emit(stream, event)
        if f"<@{world.bot_user_id}" in message.text and not message.bot and channel.kind is not Kind.DM:
            mention = {key: value for key, value in event.items() if key not in {"channel_type", "subtype"}}
            self.emit("app_mention", mention | {"type": "app_mention"})

    def _tell_of_change(self, subtype: str, message: Message, told: Json) -> None:
        channel = self.world.channels[message.channel]
        if channel.has(self.world.bot_user_id):
            stream, kind = _STREAMS[channel.kind]
            ts = self.world.next_ts()
            event = {"type": "message", "subtype": subtype, "hidden": True, "channel": channel.id, "channel_type": kind}
            self.emit(stream, event | {"ts": ts, "event_ts": ts} | told)
