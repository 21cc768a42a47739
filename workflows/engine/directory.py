"""Who is who, where no other service is asked: people by their ids, and the roles of the settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from workflows.engine.approving.policy import ROLE
from workflows.engine.ports import Standing

LOCAL = ("cli:", "test:", "demo:", "trigger:", "schedule:", "hook:")
"""How the ids of those begin who come from this installation itself, as do plain names."""


def is_group(entry: str) -> bool:
    """Whether an entry of a policy stands for several people: a role, or a user group of Slack."""
    return entry.startswith(ROLE) or (entry.startswith("slack:") and entry.rpartition(":")[2].startswith("S"))


def is_among(actor: str, people: Collection[str]) -> bool:
    """Whether somebody is one of these. Slack may name one person with several workspaces, by the same user id."""
    if actor in people:
        return True
    user = actor.rpartition(":")[2] if actor.startswith("slack:") else ""
    return any(one.startswith("slack:") and one.rpartition(":")[2] == user for one in people) if user else False


@dataclass(frozen=True)
class LocalDirectory:
    """Knows equal ids and roles. It knows nobody's groups and channels."""

    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The people, and groups, that hold each role, by its name without `role:`."""

    def belongs(self, actor: str, to: str) -> bool:
        return actor == to or actor in self.members(to)

    def members(self, to: str) -> Sequence[str]:
        """Who holds a role; nobody for anything else."""
        return self.roles.get(to.removeprefix(ROLE), ()) if to.startswith(ROLE) else ()

    def people(self, to: str) -> Sequence[str] | None:
        """The people behind a person or role; None where a group is among them, which is asked elsewhere."""
        found = self.members(to) if to.startswith(ROLE) else (to,)
        return None if any(is_group(one) for one in found) else found

    def standing(self, actor: str) -> Standing:
        ours = actor.startswith(LOCAL) or (actor and ":" not in actor)
        return Standing.MEMBER if ours else Standing.UNKNOWN

    def sees(self, actor: str, channel: str) -> bool:
        del actor, channel
        return False
