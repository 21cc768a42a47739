"""The state of a workspace behind one lock: who there is, what they see, and a count that grows at every change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from bot.sandbox.clock import Clock
from bot.sandbox.manifest import AppManifest
from bot.sandbox.model import Channel, Execution, File, Kind, Notice, Person, UserGroup
from bot.sandbox.seed import Seed, SeedChannel, SeedPerson, person_id
from bot.sandbox.tickets import Tickets
from bot.sandbox.timeline import Timeline
from bot.sandbox.windows import Windows

SLACKBOT = "USLACKBOT"


class World:
    """Everything that the workspace knows. Hold `changing()` around what belongs together."""

    def __init__(self, manifest: AppManifest, clock: Clock, seed: Seed) -> None:
        self.manifest = manifest
        self.clock = clock
        self.team_id, self.team_name = seed.team_id, seed.team
        self.app_id, self.bot_id, self.bot_user_id = "A0LOCALAPP", "B0LOCALBOT", "U0LOCALBOT"
        self.changed = threading.Condition()
        self.version = 0
        self.address = ""
        """Where the workspace is served, once it is."""
        self.watchers: list[Callable[[], None]] = []
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.groups: dict[str, UserGroup] = {}
        self.files: dict[str, File] = {}
        self.executions: dict[str, Execution] = {}
        self.names: dict[str, str] = {}
        self.notices: dict[str, list[Notice]] = {}
        self.timeline = Timeline()
        self.windows = Windows(self.names)
        self.tickets = Tickets(clock)
        self._by_name: dict[str, str] = {}
        self._dms: dict[frozenset[str], str] = {}
        self._count = 0
        self._settle(seed)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock; afterwards everybody who waits looks again."""
        try:
            with self.changed:
                try:
                    yield
                finally:
                    self.version += 1
                    self.changed.notify_all()
        finally:
            for watcher in tuple(self.watchers):
                watcher()

    # ---- people

    def person(self, name: str) -> Person:
        """Somebody by name or id; LookupError when there is nobody."""
        wanted = name.removeprefix("@")
        found = self.people.get(name) or next((p for p in self.people.values() if p.name == wanted), None)
        if found is None:
            raise LookupError(f"There is nobody called {name!r} in the workspace. There are: {_listed(self.people)}.")
        return found

    def add_person(self, seed: SeedPerson) -> Person:
        """A new account."""
        ident = person_id(seed.name) or self.new_id("U")
        person = Person(
            id=ident if ident not in self.people else self.new_id("U"),
            name=seed.name,
            real_name=seed.real_name,
            team_id=seed.team_id or self.team_id,
            tz=seed.tz,
            email=f"{seed.name}@example.com",
            color=seed.color,
            guest=seed.guest,
            admin=seed.admin,
        )
        self.put_person(person)
        return person

    def put_person(self, person: Person) -> None:
        """Remember a new or changed person."""
        self.people[person.id] = person
        self.names[person.id] = f"@{person.name}"

    # ---- channels

    def channel(self, name: str) -> Channel:
        """A channel by `#name`, name or id; LookupError when there is none."""
        found = self.find_channel(name)
        if found is None:
            listed = ", ".join(f"#{one}" for one in sorted(self._by_name))
            raise LookupError(f"There is no channel {name!r} in the workspace. There are: {listed}.")
        return found

    def find_channel(self, name: str) -> Channel | None:
        """A channel by `#name`, name or id."""
        return self.channels.get(name) or self.channels.get(self._by_name.get(name.removeprefix("#"), ""))

    def add_channel(self, seed: SeedChannel) -> Channel:
        """A new channel."""
        members = {self.bot_user_id} if seed.bot else set()
        for one in seed.members:
            if one == "*":
                members |= {p.id for p in self.people.values() if not (p.bot or p.guest or self.is_stranger(p))}
            else:
                members.add(self.person(one).id)
        channel = Channel(
            id=self.new_id("C"),
            name=seed.name,
            kind=Kind.PRIVATE if seed.private else Kind.PUBLIC,
            members=frozenset(members),
            created=self.seconds(),
            topic=seed.topic,
        )
        self.put_channel(channel)
        return channel

    def put_channel(self, channel: Channel) -> None:
        """Remember a new or changed channel."""
        before = self.channels.get(channel.id)
        if before is not None:
            self._by_name.pop(before.name, None)
        self.channels[channel.id] = channel
        if channel.kind is not Kind.DM:
            self._by_name[channel.name] = channel.id
            self.names[channel.id] = f"#{channel.name}"

    def dm(self, *users: str) -> Channel:
        """The direct messages of these people, opened when it is the first time."""
        members = frozenset(users)
        known = self._dms.get(members)
        if known is not None:
            return self.channels[known]
        channel = Channel(self.new_id("D"), "", Kind.DM, members, self.seconds())
        self._dms[members] = channel.id
        self.put_channel(channel)
        return channel

    def add_group(self, handle: str, users: Iterable[str], name: str = "") -> UserGroup:
        """A new user group, or new members for it."""
        known = next((one for one in self.groups.values() if one.handle == handle), None)
        ident = known.id if known else self.new_id("S")
        group = UserGroup(ident, handle, name or handle.capitalize(), tuple(self.person(one).id for one in users))
        self.groups[ident] = group
        self.names[ident] = f"@{handle}"
        return group

    # ---- who sees what

    def is_stranger(self, person: Person) -> bool:
        """Whether they come from another workspace."""
        return person.team_id != self.team_id

    def is_shared(self, channel: Channel) -> bool:
        """Whether people of another workspace are in the channel."""
        return any(self.is_stranger(self.people[one]) for one in channel.members if one in self.people)

    def sees(self, person: Person, channel: Channel) -> bool:
        """Whether somebody can read a channel: members, and for public ones all the team's own people."""
        if channel.has(person.id):
            return True
        return channel.kind is Kind.PUBLIC and not (person.guest or person.deleted or self.is_stranger(person))

    def bot_sees(self, channel: Channel) -> bool:
        """Whether the app knows that this channel exists."""
        return channel.kind is Kind.PUBLIC or channel.has(self.bot_user_id)

    def notify(self, user: str, channel: str, text: str) -> Notice:
        """Words of Slack's own to one person."""
        notice = Notice(self.new_id("N"), user, channel, text)
        self.notices.setdefault(user, []).append(notice)
        return notice

    def join(self, channel: Channel, user: str) -> Channel:
        """Make somebody a member."""
        joined = replace(channel, members=channel.members | {user})
        self.put_channel(joined)
        return joined

    def new_id(self, prefix: str) -> str:
        """An id that nothing else has."""
        self._count += 1
        return f"{prefix}0LOCAL{self._count:04d}"

    def next_ts(self) -> str:
        """A timestamp for a message or event."""
        return self.timeline.next_ts(self.clock.now())

    def seconds(self) -> int:
        """Now, as Slack writes moments."""
        return int(self.clock.now().timestamp())

    def _settle(self, seed: Seed) -> None:
        self.put_person(Person(SLACKBOT, "slackbot", "Slackbot", self.team_id, bot=True, color="757575"))
        bot = self.manifest.bot_name
        self.put_person(Person(self.bot_user_id, bot.lower(), bot, self.team_id, bot=True, color="2f6fdb", tz="UTC"))
        for person in seed.people:
            self.add_person(person)
        for channel in seed.channels:
            self.add_channel(channel)
        for group in seed.groups:
            self.add_group(group.handle, group.members)


def _listed(people: dict[str, Person]) -> str:
    return ", ".join(sorted(one.name for one in people.values() if not one.bot))
