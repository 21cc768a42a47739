"""Giving one's say in approvals to a deputy, and taking it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from workflows.engine.access import Access
from workflows.engine.approving.delegation import POLICY, WORKFLOW, Delegation, Delegations, scope_words
from workflows.engine.approving.recorded import recorded
from workflows.engine.directory import is_among, is_group
from workflows.engine.errors import NotAllowed, Refused
from workflows.engine.model import Approval, Audit
from workflows.engine.ports import Standing, Store


@dataclass(frozen=True)
class Deputising:
    """What is delegated to somebody that covers an approval and holds now; what `Access` asks."""

    store: Store
    away: Callable[[str], bool] = lambda _person: False
    """Whether somebody is away, for delegations that hold only then."""

    def __call__(self, actor: str, approval: Approval) -> Sequence[Delegation]:
        given = self.store.delegations.to(actor)
        if not given:
            return ()
        workflow = self.store.run(approval.run_id).workflow if any(WORKFLOW in one.scope for one in given) else ""
        terms = recorded(approval)
        covering = [one for one in given if one.covers(terms.name if terms else "", workflow)]
        return tuple(one for one in covering if not one.away or self.away(one.person))


class Deputies:
    """What people may ask of delegations. Every method says in words why it refuses."""

    def __init__(self, kept: Delegations, access: Access, now: Callable[[], datetime]) -> None:
        self._kept = kept
        self._access = access
        self._now = now

    def delegate(
        self, person: str, deputy: str, *, by: str, until: datetime | None = None, scope: str = "", away: bool = False
    ) -> Delegation:
        """Let a deputy decide for a person until a moment, or whenever the person is away."""
        self._may(by, person)
        if until is None and not away:
            raise Refused("Say until when: a delegation without an end would be forgotten.")
        if is_among(deputy, {person}):
            raise Refused("Nobody can be their own deputy. Name somebody else.")
        standing = self._access.directory.standing(deputy)
        if is_group(deputy) or standing is not Standing.MEMBER:
            raise Refused(f"{deputy} can't be a deputy: name a person who is a member of this workspace.")
        made = Delegation(person, scope, deputy, until, self._now(), away)
        self._kept.put(made, Audit(made.at, by, "delegate", "", _words(made)))
        return made

    def end(self, person: str, *, by: str) -> int:
        """Take all of a person's delegations back; how many held. Raises Refused when there was none."""
        self._may(by, person)
        ended = self._kept.end(person, Audit(self._now(), by, "undelegate", "", person))
        if not ended:
            raise Refused(f"Nobody decides for {person}: there is nothing to take back.")
        return ended

    def listed(self) -> Sequence[Delegation]:
        """Every delegation that holds."""
        return self._kept.all()

    def _may(self, by: str, person: str) -> None:
        if by != person and not self._access.is_admin(by):
            raise NotAllowed(f"{by} may not give away what {person} decides. They themselves and admins may.")


def scope_of(policy: str = "", workflow: str = "") -> str:
    """What a delegation is for."""
    return POLICY + policy if policy else WORKFLOW + workflow if workflow else ""


def _words(made: Delegation) -> str:
    until = f" until {made.until:%Y-%m-%d %H:%M} UTC" if made.until is not None else ""
    return f"{made.person} -> {made.deputy}, {scope_words(made.scope)}{until}{', while away' if made.away else ''}"
