"""The messages of the workspace: each channel's, in order, and those that one person alone sees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from bot.sandbox.model import Channel, Message

TOMBSTONE = "tombstone"
"""The subtype of what stays of a deleted message that has replies."""


class Timeline:
    """Messages by channel and timestamp. Its caller holds the workspace's lock."""

    def __init__(self) -> None:
        self._channels: dict[str, dict[str, Message]] = {}
        self._threads: dict[tuple[str, str], list[str]] = {}
        self._ephemeral: dict[str, dict[str, Message]] = {}
        self._unread: Counter[tuple[str, str]] = Counter()
        self._last_ts = 0

    def next_ts(self, now: datetime) -> str:
        """A timestamp that no other message has."""
        self._last_ts = max(int(now.timestamp() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def add(self, message: Message, channel: Channel) -> None:
        """Show a new message."""
        if message.ephemeral_for:
            self._ephemeral.setdefault(message.ephemeral_for, {})[message.ts] = message
            return
        self._channels.setdefault(message.channel, {})[message.ts] = message
        if message.is_reply:
            self._threads.setdefault((message.channel, message.thread_ts), []).append(message.ts)
        for user in channel.members:
            if user != message.user:
                self._unread[user, message.channel] += 1

    def put(self, message: Message) -> None:
        """Show a changed message in the place of the old one."""
        where = self._ephemeral[message.ephemeral_for] if message.ephemeral_for else self._channels[message.channel]
        where[message.ts] = message

    def remove(self, message: Message) -> None:
        """Take a message away; a parent with replies leaves a tombstone."""
        if message.ephemeral_for:
            self._ephemeral[message.ephemeral_for].pop(message.ts, None)
        elif self.replies(message.channel, message.ts):
            gone = "This message was deleted."
            self.put(Message(message.channel, message.ts, "USLACKBOT", gone, subtype=TOMBSTONE, names=message.names))
        else:
            del self._channels[message.channel][message.ts]
            thread = self._threads.get((message.channel, message.thread_ts))
            if thread and message.ts in thread:
                thread.remove(message.ts)

    def find(self, channel: str, ts: str) -> Message | None:
        """The message that everybody in the channel sees, unless it was deleted."""
        found = self._channels.get(channel, {}).get(ts)
        return None if found is None or found.subtype == TOMBSTONE else found

    def stands(self, channel: str, ts: str) -> bool:
        """Whether there is a message or a tombstone."""
        return ts in self._channels.get(channel, {})

    def find_ephemeral(self, user: str, ts: str) -> Message | None:
        """A message that only this person sees."""
        return self._ephemeral.get(user, {}).get(ts)

    def of(self, channel: str) -> Iterator[Message]:
        """All messages of a channel, the oldest first."""
        return iter(self._channels.get(channel, {}).values())

    def newest(self, channel: str) -> Iterator[Message]:
        """All messages of a channel, the newest first."""
        return reversed(self._channels.get(channel, {}).values())

    def ephemerals(self, user: str) -> dict[str, Message]:
        """What only this person sees, by timestamp."""
        return self._ephemeral.get(user, {})

    def forget_ephemerals(self, user: str) -> None:
        """What a person sees alone is gone when they load Slack anew."""
        self._ephemeral.pop(user, None)

    def replies(self, channel: str, ts: str) -> list[Message]:
        """The answers in the thread of this message, the oldest first."""
        return [self._channels[channel][one] for one in self._threads.get((channel, ts), ())]

    def unread(self, user: str, channel: str) -> int:
        """How many messages came since this person looked."""
        return self._unread[user, channel]

    def read(self, user: str, channel: str) -> None:
        """This person has looked."""
        self._unread.pop((user, channel), None)

    def react(self, message: Message, name: str, user: str) -> None:
        """Add a reaction."""
        users = (*message.reactions.get(name, ()), user)
        self.put(replace(message, reactions={**message.reactions, name: users}))
