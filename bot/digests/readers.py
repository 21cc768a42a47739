"""Who reads a digest, and what they may see: a channel shows what everybody in it may read, a person what they may."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from workflows.engine.access import COMMAND_LINE, Access
from workflows.engine.digests.look import Reader
from workflows.engine.errors import Refused
from workflows.engine.model import Approval, Run
from workflows.engine.ports import Store
from workflows.engine.starters import starters_of

if TYPE_CHECKING:
    from bot.slack.directory import Person, Room


class Places(Protocol):
    """What is known of channels and people. Slack's directory where it is set up."""

    def room(self, channel: str) -> Room | None:
        """A channel by its id or `#name`; None where nobody can say."""

    def person(self, actor: str) -> Person | None:
        """Somebody in Slack; None when nobody can say."""

    def members(self, to: str) -> tuple[str, ...]:
        """The people behind a person, role or group."""


@dataclass(frozen=True)
class Nowhere:
    """Places where there is no Slack: nothing is known of any."""

    def room(self, channel: str) -> Room | None:
        del channel
        return None

    def person(self, actor: str) -> Person | None:
        del actor
        return None

    def members(self, to: str) -> tuple[str, ...]:
        return (to,)


def is_person(place: str) -> bool:
    """Whether a place is somebody, rather than a channel."""
    one = place.rpartition(":")[2] if place.startswith("slack:") else ""
    return one[:1] in ("U", "W")


@dataclass
class ChannelReader:
    """A channel: it may read of its own runs, of those of public channels, and of those that are seen in none."""

    place: str
    places: Places
    _seen: dict[str, bool] = field(default_factory=dict)

    @property
    def person(self) -> str:
        return ""

    def sees(self, channel: str, started_by: str) -> bool:
        del started_by
        if not channel or channel == self.place:
            return True
        if channel not in self._seen:
            self._seen[channel] = self._may_read(channel)
        return self._seen[channel]

    def is_asked(self, approval: Approval, run: Run) -> bool:
        del approval, run
        return False

    def _may_read(self, channel: str) -> bool:
        there = self.places.room(channel)
        if there is None:
            return False
        own = self.places.room(self.place)
        return not there.private or (own is not None and own.id == there.id)


@dataclass
class PersonReader:
    """A person: they may read of what they may look at."""

    person: str
    access: Access
    store: Store
    _seen: dict[tuple[str, bool], bool] = field(default_factory=dict)

    def sees(self, channel: str, started_by: str) -> bool:
        key = channel, started_by == self.person
        if key not in self._seen:
            self._seen[key] = self.access.may_see_of(self.person, started_by, channel)
        return self._seen[key]

    def is_asked(self, approval: Approval, run: Run) -> bool:
        try:
            self.access.decide(self.person, approval, starters_of(self.store, run.id))
        except Refused:
            return False
        return True


def reader_of(place: str, places: Places, access: Access, store: Store) -> Reader:
    """Who reads what is posted to a place."""
    if is_person(place) or place.startswith(COMMAND_LINE):
        return PersonReader(place, access, store)
    return ChannelReader(place, places)
