"""The people and channels that a new workspace begins with."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SeedPerson:
    """Somebody to begin with."""

    name: str
    real_name: str
    tz: str = "Europe/Berlin"
    color: str = "4b7bec"
    guest: bool = False
    team_id: str = ""
    admin: bool = False


@dataclass(frozen=True)
class SeedChannel:
    """A channel to begin with; `*` as a member stands for all of the team's own people who are no guests."""

    name: str
    members: tuple[str, ...] = ("*",)
    private: bool = False
    topic: str = ""
    bot: bool = True


@dataclass(frozen=True)
class SeedGroup:
    """A user group to begin with."""

    handle: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Seed:
    """What a workspace begins with."""

    team: str = "Acme"
    team_id: str = "T0LOCALACME"
    people: tuple[SeedPerson, ...] = ()
    channels: tuple[SeedChannel, ...] = ()
    groups: tuple[SeedGroup, ...] = field(default=())


OTHER_TEAM = "T0LOCALOTHER"
"""The workspace that strangers come from."""


def person_id(name: str) -> str:
    """The id of a person by their name; "" for a name that makes none."""
    return f"U0LOCAL{name.upper()}" if name.isascii() and name.isalnum() else ""


DEFAULT_SEED = Seed(
    people=(
        SeedPerson("ana", "Ana Souza", color="e0637a", admin=True),
        SeedPerson("ben", "Ben Okafor", tz="Europe/London", color="3a8f6b"),
        SeedPerson("carla", "Carla Rossi", tz="Europe/Rome", color="8a63d2"),
        SeedPerson("dmitri", "Dmitri Ivanov", tz="Asia/Tbilisi", color="c98a1b", guest=True),
        SeedPerson("eve", "Eve Adams", tz="America/New_York", color="5a6572", team_id=OTHER_TEAM),
    ),
    channels=(
        SeedChannel("general", topic="Everybody"),
        SeedChannel("content", members=("*", "dmitri", "eve"), topic="What we publish"),
        SeedChannel("ops", topic="What needs a hand"),
        SeedChannel("random", bot=False),
        SeedChannel("finance", members=("ana", "carla"), private=True),
    ),
    groups=(SeedGroup("editors", ("ben", "carla")), SeedGroup("finance", ("carla",))),
)
