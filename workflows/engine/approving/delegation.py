"""Who decides for somebody, until when. A deputy's own deputies do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from workflows.engine.model import Audit

POLICY = "policy:"
WORKFLOW = "workflow:"


@dataclass(frozen=True)
class Delegation:
    """Somebody's say, given to a deputy. One for each person and scope."""

    person: str
    scope: str
    """`policy:NAME`, `workflow:NAME`, or "" for everything."""
    deputy: str
    until: datetime | None
    """When it ends by itself; None for one that holds whenever the person is away."""
    at: datetime
    away: bool = False
    """Whether it holds only while the person is away."""

    def covers(self, policy: str, workflow: str) -> bool:
        """Whether it is for an approval of this policy and workflow."""
        return self.scope in ("", POLICY + policy, WORKFLOW + workflow)


@dataclass(frozen=True)
class Say:
    """A say in an approval: the person's own, or that of whom they decide for."""

    person: str
    seats: frozenset[int]
    until: datetime | None = None
    """When it ends; None for one's own."""


def scope_words(scope: str) -> str:
    """What a delegation is for, in words."""
    kind, _, name = scope.partition(":")
    return f"the {kind} {name}" if name else "everything"


class Delegations(Protocol):
    """Where delegations are kept. The database's clock says which hold. Methods raise StoreUnavailable."""

    def put(self, delegation: Delegation, audit: Audit) -> None:
        """Keep a delegation in place of one of this person and scope; those that have ended are deleted."""

    def end(self, person: str, audit: Audit) -> int:
        """Delete every delegation of a person; how many held. Nothing is audited where there was none."""

    def to(self, deputy: str) -> Sequence[Delegation]:
        """What was delegated to somebody and holds, by person and scope."""

    def all(self) -> Sequence[Delegation]:
        """Everything that holds, by person and scope."""
