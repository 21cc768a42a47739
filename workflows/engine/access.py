"""Who may do what. Fail closed: a rule that can't be judged says no."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.approving.delegation import Delegation, Say
from workflows.engine.approving.recorded import escalated_to, quorum_words, seats_of
from workflows.engine.definition import Workflow
from workflows.engine.directory import LocalDirectory, is_among
from workflows.engine.errors import NotAllowed
from workflows.engine.model import Approval, Run
from workflows.engine.ports import Directory, Standing

COMMAND_LINE = "cli:"
HOOK = "hook:"
"""How the ids of hooks begin, as actors."""
LOCAL = LocalDirectory()
WHY = {
    Standing.GUEST: "Guests may do only what a workflow names them for in person.",
    Standing.STRANGER: "People of other workspaces may do only what a workflow names them for in person.",
    Standing.GONE: "This account is deactivated.",
    Standing.UNKNOWN: "It can't be found out just now who this is; try again in a moment.",
}


Deputising = Callable[[str, Approval], Sequence[Delegation]]
"""What is delegated to somebody that covers an approval and holds now."""


def nobody_s_deputy(_actor: str, _approval: Approval) -> Sequence[Delegation]:
    """Nothing is delegated."""
    return ()


@dataclass(frozen=True)
class Access:
    """The rules of one installation. Actors are opaque ids such as `cli:ana` or `slack:T1:U1`.

    Policies name people, roles (`role:finance`) and groups; the directory says who belongs to them. Whoever has
    a shell on the machine reads its database too, so command-line users may see and steer runs and administer.
    They decide nothing unless they are listed as approvers. Guests, strangers and people who can't be judged may
    do nothing but what a policy names them for in person; a deactivated person nothing at all.

    Each method raises NotAllowed with words. The directory may be slow: don't ask within a transaction.
    """

    admins: frozenset[str] = frozenset()
    directory: Directory = LOCAL
    deputising: Deputising = nobody_s_deputy
    hooks: Mapping[str, Collection[str]] = field(default_factory=dict)
    """The workflows that each hook may start and send signals to, by the hook's name; whatever else they may do."""

    def start(self, actor: str, workflow: Workflow[Any, Any]) -> None:
        """Whether this actor may start the workflow: its starters and admins, or any member where it names nobody."""
        if actor.startswith(HOOK) and not self._is_granted(actor, workflow.name):
            raise NotAllowed(
                f"{actor} may not start {workflow.name}. BATON_HOOKS says which workflows a hook may start."
            )
        if self._named(actor, workflow.starters) or self.is_admin(actor):
            return
        if not workflow.starters and self._is_member(actor):
            return
        who = _listed(workflow.starters) if workflow.starters else "members of this workspace"
        raise NotAllowed(f"{actor} may not start {workflow.name}. Those who may: {who}.{self._why(actor)}")

    def may_start(self, actor: str, workflow: Workflow[Any, Any]) -> bool:
        """The same as a question, for lists."""
        try:
            self.start(actor, workflow)
        except NotAllowed:
            return False
        return True

    def browse(self, actor: str) -> bool:
        """Whether this actor may see all that is installed, also what others start."""
        return actor.startswith(COMMAND_LINE) or self._is_member(actor) or self.is_admin(actor)

    def read_digests(self, actor: str) -> None:
        """Whether this actor may look at digests, which tell of what everybody did."""
        if not self.browse(actor):
            raise NotAllowed(f"{actor} may not read digests. Members of this workspace may.{self._why(actor)}")

    def see(self, actor: str, run: Run, approvals: Iterable[Approval] = ()) -> None:
        """Whether this actor may look at the run. Give the run's approvals, so that their approvers may."""
        if self.may_see(actor, run, approvals):
            return
        where = f" and those who are in {run.channel}" if run.channel else " and members of this workspace"
        raise NotAllowed(
            f"{actor} may not see run {run.id}. Its starter ({run.started_by or 'unknown'}), its approvers, "
            f"admins{where} may.{self._why(actor)}"
        )

    def may_see(self, actor: str, run: Run, approvals: Iterable[Approval] = ()) -> bool:
        """The same as a question, for lists."""
        if self.may_see_of(actor, run.started_by, run.channel):
            return True
        return any(self._named(actor, one.approvers) or self._stands_in(actor, one) for one in approvals)

    def may_see_of(self, actor: str, started_by: str, channel: str) -> bool:
        """The same for any run that somebody started and that is seen in this channel, if it has one."""
        if self._is_self(actor, started_by) or actor.startswith(COMMAND_LINE) or self.is_admin(actor):
            return True
        return self._is_member(actor) and (not channel or self.directory.sees(actor, channel))

    def steer(self, actor: str, run: Run, verb: str) -> None:
        """Whether this actor may cancel, resume, edit, skip, fork, discard or signal the run."""
        if actor.startswith(HOOK):
            self._steer_by_hook(actor, run, verb)
            return
        if self._owns(actor, run) or self.steers_all(actor):
            return
        raise NotAllowed(
            f"{actor} may not {verb} run {run.id}. Its starter ({run.started_by or 'unknown'}) and admins "
            f"{self._admins()}may.{self._why(actor)}"
        )

    def steers_all(self, actor: str) -> bool:
        """Whether this actor may steer runs that others started, too: admins and command-line users."""
        return actor.startswith(COMMAND_LINE) or self.is_admin(actor)

    def decide(self, actor: str, approval: Approval, starters: Collection[str]) -> tuple[Say, ...]:
        """Whose say this actor has: their own as an approver, and those of people whose deputy they are.

        Where four eyes are asked for, neither the actor nor whom they decide for started or edited the run.
        """
        own = self.seats(actor, approval)
        simple = bool(own) and approval.quorum == 1 and not approval.policy
        given = () if simple else tuple(self._given(actor, approval, starters))
        if not own and not given:
            raise NotAllowed(
                f"{actor} may not decide “{approval.title}”. Those who may: {_listed(approval.approvers)}."
                f"{self._seated(actor, approval)}{self._why(actor)}"
            )
        if not approval.allow_self and is_among(actor, starters):
            raise NotAllowed(f"{actor} started or changed this run, so somebody else has to decide “{approval.title}”.")
        return (*((Say(actor, own),) if own else ()), *given)

    def reassign(self, actor: str, approval: Approval) -> None:
        """Whether this actor may hand the approval to others: its approvers and admins."""
        if approval.policy and not self.is_admin(actor):
            raise NotAllowed(
                f"{actor} may not reassign “{approval.title}”: it follows a policy, so admins {self._admins()}may. "
                "`delegate` gives your say to somebody."
            )
        if not self._named(actor, approval.approvers) and not self.is_admin(actor):
            raise NotAllowed(
                f"{actor} may not reassign “{approval.title}”. Those who may: {_listed(approval.approvers)} and admins."
                f"{self._why(actor)}"
            )

    def schedule(self, actor: str, workflow: Workflow[Any, Any]) -> None:
        """Whether this actor may have a schedule start the workflow: a member or admin who may start it in person."""
        self.start(actor, workflow)
        if not self._is_member(actor) and not self.is_admin(actor):
            raise NotAllowed(f"{actor} may not schedule {workflow.name}. Members may.{self._why(actor)}")

    def keep(self, actor: str, maker: str, schedule: str, verb: str) -> None:
        """Whether this actor may pause, resume or remove a schedule: its maker, command-line users and admins."""
        if self._is_self(actor, maker) or actor.startswith(COMMAND_LINE) or self.is_admin(actor):
            return
        raise NotAllowed(
            f"{actor} may not {verb} the schedule {schedule}. {maker}, who made it, and admins {self._admins()}may."
            f"{self._why(actor)}"
        )

    def may_see_schedule(self, actor: str, maker: str, channel: str) -> bool:
        """Whether this actor may look at a schedule: as at a run that its maker started there."""
        if self._is_self(actor, maker) or actor.startswith(COMMAND_LINE) or self.is_admin(actor):
            return True
        return self._is_member(actor) and (not channel or self.directory.sees(actor, channel))

    def administer(self, actor: str, what: str) -> None:
        """Whether this actor may do what concerns everybody, such as `pause everything`."""
        if not actor.startswith(COMMAND_LINE) and not self.is_admin(actor):
            raise NotAllowed(f"{actor} may not {what}. Admins {self._admins()}may.{self._why(actor)}")

    def is_admin(self, actor: str) -> bool:
        """Whether this actor is listed as an admin, in person or by a role or group."""
        return self._named(actor, self.admins)

    def seats(self, actor: str, approval: Approval) -> frozenset[int]:
        """The seats of an approval that this actor may take in their own right."""
        if not self._named(actor, approval.approvers):
            return frozenset()
        seats, extra = seats_of(approval), escalated_to(approval)
        if extra and self._named(actor, extra):
            return frozenset(range(len(seats)))
        return frozenset(i for i, seat in enumerate(seats) if all(self._named(actor, (one,)) for one in seat))

    # -----------------------------------------------------------------------------------------------------

    def _given(self, actor: str, approval: Approval, starters: Collection[str]) -> Iterator[Say]:
        """The says that others gave to this actor: of people who may decide themselves, and from them directly."""
        for each in self.deputising(actor, approval) if self._is_member(actor) else ():
            if is_among(actor, {each.person}) or (not approval.allow_self and is_among(each.person, starters)):
                continue
            if seats := self.seats(each.person, approval):
                yield Say(each.person, seats, each.until)

    def _steer_by_hook(self, actor: str, run: Run, verb: str) -> None:
        if verb != "signal" or not self._is_granted(actor, run.workflow):
            raise NotAllowed(
                f"{actor} may not {verb} run {run.id} of {run.workflow}. A hook may only send signals, to runs of the "
                "workflows that BATON_HOOKS says."
            )

    def _is_granted(self, actor: str, workflow: str) -> bool:
        return workflow in self.hooks.get(actor.removeprefix(HOOK), ())

    def _stands_in(self, actor: str, approval: Approval) -> bool:
        return any(self._given(actor, approval, ()))

    def _seated(self, actor: str, approval: Approval) -> str:
        """Why somebody who is asked may take no seat."""
        if not self._named(actor, approval.approvers):
            return ""
        return f" Its policy needs {quorum_words(seats_of(approval))}."

    def _named(self, actor: str, policy: Collection[str]) -> bool:
        if not policy or not actor:
            return False
        standing = self.directory.standing(actor)
        if actor in policy:
            return standing is not Standing.GONE
        return standing is Standing.MEMBER and any(self.directory.belongs(actor, one) for one in policy)

    def _owns(self, actor: str, run: Run) -> bool:
        return self._is_self(actor, run.started_by)

    def _is_self(self, actor: str, owner: str) -> bool:
        return bool(actor) and actor == owner and self.directory.standing(actor) is not Standing.GONE

    def _is_member(self, actor: str) -> bool:
        return self.directory.standing(actor) is Standing.MEMBER

    def _admins(self) -> str:
        return f"({_listed(sorted(self.admins))}) " if self.admins else ""

    def _why(self, actor: str) -> str:
        words = WHY.get(self.directory.standing(actor))
        return f" {words}" if words else ""


def _listed(people: Collection[str]) -> str:
    return ", ".join(people) or "nobody"
