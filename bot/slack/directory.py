"""Who is who in the workspace: guests, strangers, groups, and who is in which channel, as Slack says it now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk import WebClient

from bot.slack.calling import NoAnswer, error_of
from bot.slack.remembered import NotThere, Remembered, Unanswered
from workflows.engine.approving.policy import ROLE
from workflows.engine.directory import LocalDirectory, is_group
from workflows.engine.ports import Standing

SLACK = "slack:"
PAGE = 200
MOST_PAGES = 50
"""Pages of a list that are read at most: ten thousand members, or channels."""
NOT_THERE = frozenset({
    "user_not_found", "users_not_found", "user_not_visible", "channel_not_found", "no_such_subteam",
    "subteam_not_found", "method_not_supported_for_channel_type",
})  # fmt: skip
"""What Slack says of what is not there; anything else may be a trouble that passes."""
MOST_SECONDS = 1 << 33
"""Later moments are no end that anybody meant."""
LONG = timedelta(minutes=5)
"""How long the list of channels' names is believed."""


@dataclass(frozen=True)
class Status:
    """What somebody shows beside their name."""

    emoji: str = ""
    """Without colons and skin tone."""
    text: str = ""
    until: datetime | None = None

    def at(self, now: datetime) -> Status | None:
        """It, while it holds."""
        return self if self.emoji and (self.until is None or now < self.until) else None


NO_STATUS = Status()


@dataclass(frozen=True)
class Person:
    """Somebody in Slack."""

    id: str
    name: str
    standing: Standing
    zone: str = ""
    """The IANA name of their time zone."""
    status: Status = NO_STATUS
    teams: frozenset[str] = frozenset()
    """The workspaces and the organisation that they are of: an id counts together with one of these alone."""


@dataclass(frozen=True)
class Room:
    """A channel or direct message."""

    id: str
    name: str
    private: bool
    archived: bool
    other: str = ""
    """In a direct message: who the bot speaks with."""
    inside: bool = True
    """Whether the bot is in it."""


@dataclass(frozen=True)
class Self:
    """Who the bot is, and where."""

    team: str
    team_name: str
    user: str
    bot: str
    url: str = ""
    """The workspace's address, with a slash at its end."""


def slack_ids(actor: str) -> tuple[str, str] | None:
    """The team and the id of somebody or something in Slack; None for everybody else."""
    realm, _, rest = actor.partition(":")
    team, _, one = rest.partition(":")
    return (team, one) if realm == "slack" and team and one else None


class SlackDirectory:
    """Asks Slack and remembers it for half a minute. Roles, and people of elsewhere, are the settings'."""

    def __init__(
        self, client: WebClient, now: Callable[[], float], roles: Mapping[str, Sequence[str]] | None = None,
        away: Collection[str] = (),
    ) -> None:  # fmt: skip
        """`away` are the emoji of a status that say that somebody is away, without colons."""
        self._client = client
        self._away = frozenset(away)
        self._local = LocalDirectory(roles or {})
        self._self = Remembered(self._ask_self, now, fresh=timedelta(days=1), stale=timedelta(days=365))
        self._people = Remembered(self._ask_person, now)
        self._groups = Remembered(self._ask_group, now)
        self._rooms = Remembered(self._ask_room, now)
        self._inside = Remembered(self._ask_inside, now)
        self._names = Remembered(self._ask_names, now, fresh=LONG)

    # what Access asks ------------------------------------------------------------------------------------

    def belongs(self, actor: str, to: str) -> bool:
        """Whether an actor is this person, holds this role, or is in this user group."""
        if self._local.belongs(actor, to):
            return True
        if to.startswith("role:"):
            return any(self._in_group(actor, member) for member in self._local.members(to))
        return self._in_group(actor, to)

    def standing(self, actor: str) -> Standing:
        """How a person stands to the workspace; UNKNOWN when Slack does not say."""
        ids = slack_ids(actor)
        if ids is None:
            return self._local.standing(actor)
        person = self.person(actor)
        if person is None:
            return Standing.UNKNOWN
        return person.standing if person.standing is Standing.GONE or ids[0] in person.teams else Standing.STRANGER

    def sees(self, actor: str, channel: str) -> bool:
        """Whether a person can read a channel; no where Slack does not say."""
        ids = slack_ids(actor)
        if ids is None:
            return False
        room = self.room(channel)
        if room is None:
            return False
        if not room.private:
            return True
        try:
            return room.other == ids[1] or ids[1] in self._inside.get(room.id)
        except Unanswered:
            return False

    # what the edge and the deliverer ask -----------------------------------------------------------------

    def inside(self, channel: str) -> frozenset[str] | None:
        """The ids of those who are in a channel; None where Slack does not say."""
        try:
            return self._inside.get(channel)
        except Unanswered:
            return None

    def myself(self) -> Self | None:
        """Who the bot is; None when Slack never said."""
        try:
            return self._self.get("")
        except Unanswered:
            return None

    def person(self, actor: str) -> Person | None:
        """Somebody in Slack; None when Slack does not say or there is no such person."""
        ids = slack_ids(actor)
        try:
            return self._people.get(ids[1]) if ids else None
        except Unanswered:
            return None

    def absence(self, actor: str, now: datetime) -> Status | None:
        """The status by which somebody is away; None when they are here, or nobody says."""
        person = self.person(actor) if self._away else None
        status = person.status.at(now) if person is not None else None
        return status if status is not None and status.emoji in self._away else None

    def knows(self, actor: str) -> bool:
        """Whether it can be said at once how a person stands, without asking Slack."""
        ids = slack_ids(actor)
        return ids is None or self._people.has(ids[1])

    def members(self, to: str) -> tuple[str, ...]:
        """The people behind a person, role or group, by their ids."""
        found: dict[str, None] = {}
        for one in self._local.members(to) or (to,):
            ids = slack_ids(one)
            if ids is None or not ids[1].startswith("S"):
                found[one] = None
                continue
            for user in self._users_of(ids[1]):
                found[f"{SLACK}{ids[0]}:{user}"] = None
        return tuple(found)

    def people(self, to: str) -> tuple[str, ...] | None:
        """The people behind a person, role or group; None where Slack does not say."""
        found: dict[str, None] = {}
        for one in self._local.members(to) if to.startswith(ROLE) else (to,):
            ids = slack_ids(one)
            try:
                users = self._groups.get(ids[1]) if ids and is_group(one) else None
            except Unanswered:
                return None
            found |= {one: None} if users is None else {f"{SLACK}{(ids or ('',))[0]}:{u}": None for u in sorted(users)}
        return tuple(found)

    def room(self, channel: str) -> Room | None:
        """A channel by its actor-like id (`slack:T1:C1`), its bare id, or `#name`; None where Slack does not say."""
        ids = slack_ids(channel)
        try:
            wanted = ids[1] if ids else channel
            if wanted.startswith("#"):
                wanted = self._names.get("").get(wanted.removeprefix("#"), "")
            return self._rooms.get(wanted) if wanted else None
        except Unanswered:
            return None

    # asking ----------------------------------------------------------------------------------------------

    def _in_group(self, actor: str, to: str) -> bool:
        ids, group = slack_ids(actor), slack_ids(to)
        if ids is None or group is None or ids[0] != group[0] or not group[1].startswith("S"):
            return False
        return ids[1] in self._users_of(group[1])

    def _users_of(self, group: str) -> frozenset[str]:
        try:
            return self._groups.get(group)
        except Unanswered:
            return frozenset()

    def _ask_self(self, _key: str) -> Self:
        said = self._said(self._client.auth_test)
        return Self(
            said["team_id"], said.get("team", ""), said.get("user_id", ""), said.get("bot_id", ""), said.get("url", "")
        )

    def _ask_person(self, user: str) -> Person:
        me = self._self.get("")
        found = self._said(self._client.users_info, user=user)["user"]
        profile = found.get("profile") or {}
        name = profile.get("display_name") or found.get("real_name") or found.get("name") or user
        zone = found.get("tz") or ""
        return Person(user, name, _standing(found, me.team), zone, _status(profile), _teams(found))

    def _ask_group(self, group: str) -> frozenset[str]:
        return frozenset(self._said(self._client.usergroups_users_list, usergroup=group)["users"])

    def _ask_room(self, channel: str) -> Room:
        found = self._said(self._client.conversations_info, channel=channel)["channel"]
        private = any(found.get(kind) for kind in ("is_private", "is_im", "is_mpim"))
        inside = bool(found.get("is_member") or found.get("is_im"))
        archived, other = bool(found.get("is_archived")), found.get("user") or ""
        return Room(found["id"], found.get("name") or "", private, archived, other, inside)

    def _ask_inside(self, channel: str) -> frozenset[str]:
        pages = self._pages(self._client.conversations_members, channel=channel)
        return frozenset(user for page in pages for user in page["members"])

    def _ask_names(self, _key: str) -> Mapping[str, str]:
        pages = self._pages(
            self._client.conversations_list, types="public_channel,private_channel", exclude_archived=True
        )
        return {channel["name"]: channel["id"] for page in pages for channel in page["channels"]}

    def _pages(self, method: Callable[..., Any], **arguments: Any) -> Iterator[Mapping[str, Any]]:
        cursor = ""
        for _ in range(MOST_PAGES):
            page = self._said(method, limit=PAGE, cursor=cursor, **arguments)
            yield page
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def _said(self, method: Callable[..., Any], **arguments: Any) -> Mapping[str, Any]:
        """What Slack answered; raises Unanswered."""
        try:
            answer: Mapping[str, Any] = method(**arguments).data
        except NoAnswer as error:
            name = error_of(error)
            raise (NotThere if name in NOT_THERE else Unanswered)(name or str(error)) from None
        return answer


def _status(profile: Mapping[str, Any]) -> Status:
    """What a profile shows; one that can't be read is none."""
    emoji = str(profile.get("status_emoji") or "").strip(":").partition("::")[0]
    ends = profile.get("status_expiration") or 0
    until = datetime.fromtimestamp(ends, UTC) if isinstance(ends, int) and 0 < ends < MOST_SECONDS else None
    return Status(emoji, str(profile.get("status_text") or ""), until)


def _standing(user: Mapping[str, Any], home: str) -> Standing:
    """How a user as Slack describes them stands to the workspace `home`."""
    if user.get("deleted"):
        return Standing.GONE
    if user.get("is_stranger") or user.get("is_bot") or home not in _teams(user):
        return Standing.STRANGER
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Standing.GUEST
    return Standing.MEMBER


def _teams(user: Mapping[str, Any]) -> frozenset[str]:
    """The ids beside which a user may come: of the workspace, or of those and the one of an organisation."""
    grid = user.get("enterprise_user") or {}
    named = (user.get("team_id"), grid.get("enterprise_id"), *(grid.get("teams") or ()))
    return frozenset(str(one) for one in named if one)
