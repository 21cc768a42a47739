"""Where a run's messages go: its channel, or the next best place when that is closed to us."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.slack.delivery.poster import Denied, Poster
from bot.slack.delivery.refusals import CLOSED, reason
from bot.slack.directory import Room
from bot.slack.mrkdwn import line, slack_user
from workflows.engine.model import Approval, Run
from workflows.engine.ports import Standing

FRESH = 300.0
"""Seconds for which a channel's id is believed to belong to its name."""
UNKNOWN = 30.0
"""Seconds for which a name is believed to belong to no channel."""
MOST_DIRECT = 25
"""People whom one approval is sent to directly at most."""


class People(Protocol):
    """Who is who in Slack. The edge's directory."""

    def members(self, to: str) -> Sequence[str]:
        """The people behind a person, role or group."""

    def inside(self, channel: str) -> frozenset[str] | None:
        """The ids of those in a channel; None where Slack does not say."""

    def room(self, channel: str) -> Room | None:
        """A channel by its id; None where Slack does not say."""

    def standing(self, actor: str) -> Standing: ...


@dataclass(frozen=True)
class Target:
    """A place for a run's messages, and in words why it is not the one that was wanted."""

    place: str
    """A channel's id, a person's id for direct messages; "" for nowhere."""
    trouble: str = ""


class Addresses:
    """Ids of channels and direct messages, remembered for a while. Safe across threads."""

    def __init__(self, poster: Poster, seconds: Callable[[], float]) -> None:
        self._poster = poster
        self._seconds = seconds
        self._known: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def channel(self, given: str) -> str:
        """The id of a channel given as on a run: `slack:T1:C1`, an id, `#name` or a name; "" when there is none."""
        if given.startswith("slack:"):
            return given.rpartition(":")[2]
        if not given or _is_id(given):
            return given
        try:
            return self._remembered(given, lambda: self._poster.channel_named(given.removeprefix("#")))
        except Denied:  # the bot may not list channels: Slack takes the name too
            return given

    def postable(self, place: str) -> str:
        """The channel to post to: for a person, the direct messages with them. Raises Denied, as for a closed one."""
        if place[:1] not in ("U", "W"):
            return place
        return self._remembered(place, lambda: self._poster.direct(place))

    def _remembered(self, key: str, ask: Callable[[], str]) -> str:
        with self._lock:
            known = self._known.get(key)
        if known is not None and self._seconds() < known[1]:
            return known[0]
        found = ask()
        with self._lock:
            self._known[key] = (found, self._seconds() + (FRESH if found else UNKNOWN))
        return found


@dataclass(frozen=True)
class Destinations:
    """Finds places. `home` is BATON_CHANNEL, `ops` BATON_OPS_CHANNEL; both may be empty."""

    addresses: Addresses
    people: People
    home: str = ""
    ops: str = ""

    def first(self, run: Run) -> Target:
        """Where a run is to be seen."""
        wanted = run.channel or self.home
        if not wanted:
            return Target("")
        place = self.addresses.channel(wanted)
        return Target(place) if place else self.instead(run, "", "channel_not_found")

    def instead(self, run: Run, place: str, code: str) -> Target:
        """The next place after one that turned out to be closed."""
        ways = [way for way in self._ways(run) if way]
        rest = ways[ways.index(place) + 1 :] if place in ways else ways
        wanted = run.channel or self.home
        said = f"{_named(wanted, place)} can't be posted to: {reason(code)}"
        return Target(rest[0] if rest else "", said)

    def _ways(self, run: Run) -> list[str]:
        """The places in the order in which they are tried."""
        own = self.addresses.channel(run.channel)
        home = self.addresses.channel(self.home) if self._is_public(own) else ""
        found = [own, home, slack_user(run.started_by), self.addresses.channel(self.ops)]
        return list(dict.fromkeys(found))

    def is_public(self, run: Run) -> bool:
        """Whether everybody may read what the run's channel is told."""
        return not run.channel or self._is_public(self.addresses.channel(run.channel))

    def _is_public(self, own: str) -> bool:
        """Whether everybody may read what the run's channel is told; a name that is no channel hides nothing."""
        if not _is_id(own):
            return True
        room = self.people.room(own)
        return room is not None and not room.private

    def alerts(self) -> str:
        """The channel that alerts go to as well; "" for none."""
        return self.addresses.channel(self.ops)

    def direct(self, run: Run, approval: Approval, target: Target) -> tuple[str, ...]:
        """Those who have to decide and would not be told in the run's place."""
        inside = self._inside(target)
        if inside is None:
            return ()
        found: dict[str, None] = {}
        for entry in approval.approvers:
            for actor in self.people.members(entry):
                user = slack_user(actor)
                own = actor == run.started_by and not approval.allow_self
                if user and user not in inside and not own and self.people.standing(actor) is not Standing.GONE:
                    found[user] = None
        return tuple(found)[:MOST_DIRECT]

    def _inside(self, target: Target) -> frozenset[str] | None:
        """Who is told by a message in the run's place; None when Slack does not say, and a mention has to do."""
        if not target.place or target.trouble:
            return frozenset()
        if target.place[:1] in ("U", "W"):
            return frozenset({target.place})
        return self.people.inside(target.place)


def is_closed(error: Denied) -> bool:
    """Whether a refusal says that the place is closed to us, rather than the message unfit."""
    return error.code in CLOSED


def _named(wanted: str, place: str) -> str:
    channel = wanted.rpartition(":")[2]
    return f"<#{channel}>" if _is_id(channel) else line(wanted or place, 80)


def _is_id(given: str) -> bool:
    return len(given) > 6 and given[0] in "CGDUW" and given.isalnum() and given.upper() == given
