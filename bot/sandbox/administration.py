"""What an administrator does: channels, people and user groups change, and the app hears of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.sandbox import wire
from bot.sandbox.desk import Desk
from bot.sandbox.model import Channel, Kind, Message, Person, UserGroup
from bot.sandbox.seed import SeedChannel, SeedPerson
from bot.sandbox.world import World

Json = dict[str, Any]


class Administration:
    """Changes to the workspace that no app asked for. Channels and people are named as `#content` and `ana`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def world(self) -> World:
        """The workspace's state."""
        return self._desk.world

    def rename(self, channel: str, name: str) -> None:
        """Give a channel another name; its id stays."""
        with self.world.changing():
            renamed = replace(self.world.channel(channel), name=name.removeprefix("#"))
            self.world.put_channel(renamed)
            told = {"id": renamed.id, "name": renamed.name, "created": renamed.created}
            self._desk.emit("channel_rename", {"type": "channel_rename", "channel": told})

    def archive(self, channel: str) -> None:
        """Archive a channel."""
        self._archived(channel, archived=True)

    def unarchive(self, channel: str) -> None:
        """Open an archived channel again."""
        self._archived(channel, archived=False)

    def kick_bot(self, channel: str) -> None:
        """Remove the app from a channel."""
        with self.world.changing():
            place = self.world.channel(channel)
            self.world.put_channel(replace(place, members=place.members - {self.world.bot_user_id}))
            kind = "channel_left" if place.kind is Kind.PUBLIC else "group_left"
            self._desk.emit(kind, {"type": kind, "channel": place.id, "event_ts": self.world.next_ts()})

    def invite_bot(self, channel: str) -> None:
        """Bring the app into a channel."""
        self._joined(channel, self.world.bot_user_id)

    def invite(self, channel: str, *names: str) -> None:
        """Bring people into a channel."""
        for name in names:
            self._joined(channel, self.world.person(name).id)

    def kick(self, channel: str, *names: str) -> None:
        """Remove people from a channel."""
        with self.world.changing():
            place = self.world.channel(channel)
            gone = frozenset(self.world.person(name).id for name in names)
            self.world.put_channel(replace(place, members=place.members - gone))

    def add_channel(
        self, name: str, *, private: bool = False, members: tuple[str, ...] = ("*",), bot: bool = True
    ) -> Channel:
        """Make a channel; the team's own people and the app are in it unless told otherwise."""
        with self.world.changing():
            return self.world.add_channel(SeedChannel(name.removeprefix("#"), members, private=private, bot=bot))

    def add_user(
        self, name: str, *, real_name: str = "", guest: bool = False, team_id: str = "", tz: str = "UTC"
    ) -> Person:
        """Make an account; it is in no channel yet."""
        with self.world.changing():
            shown = real_name or name.capitalize()
            person = self.world.add_person(SeedPerson(name, shown, tz=tz, guest=guest, team_id=team_id))
            self._desk.emit("team_join", {"type": "team_join", "user": wire.user(self.world, person)})
            return person

    def deactivate(self, name: str) -> None:
        """Close an account; it leaves every channel."""
        with self.world.changing():
            person = self._changed(name, deleted=True)
            for channel in tuple(self.world.channels.values()):
                if channel.has(person.id) and channel.kind is not Kind.DM:
                    self.world.put_channel(replace(channel, members=channel.members - {person.id}))

    def make_guest(self, name: str) -> None:
        """Turn a member into a guest, who sees their own channels alone."""
        with self.world.changing():
            self._changed(name, guest=True)

    def set_status(self, name: str, emoji: str = "", text: str = "", until: float = 0) -> None:
        """Show a status such as `:palm_tree:` beside somebody's name, until a moment in seconds since 1970, if any."""
        with self.world.changing():
            self._changed(name, status_emoji=emoji, status_text=text, status_expiration=int(until))

    def usergroup(self, handle: str, names: list[str] | tuple[str, ...]) -> UserGroup:
        """Make a user group, or change who is in it."""
        with self.world.changing():
            group = self.world.add_group(handle.removeprefix("@"), names)
            told = wire.group(self.world, group, with_users=True)
            self._desk.emit("subteam_updated", {"type": "subteam_updated", "subteam": told})
            return group

    def delete(self, message: Message) -> None:
        """Delete anybody's message."""
        with self.world.changing():
            found = self.world.timeline.find(message.channel, message.ts)
            if found is None:
                raise LookupError(f"The message {message.ts} is gone already.")
            self._desk.delete(found)

    def _archived(self, channel: str, *, archived: bool) -> None:
        with self.world.changing():
            changed = replace(self.world.channel(channel), archived=archived)
            self.world.put_channel(changed)
            kind = "channel_archive" if archived else "channel_unarchive"
            told = {"type": kind, "channel": changed.id, "user": "USLACKBOT", "event_ts": self.world.next_ts()}
            self._desk.emit(kind, told)

    def _joined(self, channel: str, user: str) -> None:
        with self.world.changing():
            self._desk.join(self.world.channel(channel), user)

    def _changed(self, name: str, **changes: Any) -> Person:
        person = replace(self.world.person(name), **changes)
        self.world.put_person(person)
        self._desk.emit("user_change", {"type": "user_change", "user": wire.user(self.world, person)})
        return person
