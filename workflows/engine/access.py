"""Who may do what. Fail closed: a rule that can't be judged says no."""

from __future__ import annotations

from dataclasses import dataclass

from workflows.engine.definition import Workflow
from workflows.engine.errors import Refused
from workflows.engine.model import Approval, Run

COMMAND_LINE = "cli:"


@dataclass(frozen=True)
class Access:
    """The rules of one installation. Actors are opaque ids such as `cli:ana` or `slack:T1:U1`.

    Whoever has a shell on the machine reads its database too, so command-line users may steer runs. They
    decide nothing unless they are listed as approvers.
    """

    admins: frozenset[str] = frozenset()

    def start(self, actor: str, workflow: Workflow[object, object]) -> None:
        """Raise Refused unless this actor may start the workflow."""
        if workflow.starters and actor not in workflow.starters and actor not in self.admins:
            raise Refused(f"{actor} may not start {workflow.name}. Those who may: {', '.join(workflow.starters)}.")

    def steer(self, actor: str, run: Run, verb: str) -> None:
        """Raise Refused unless this actor may cancel, resume, edit, skip, fork, discard or signal the run."""
        if actor == run.started_by or actor in self.admins or actor.startswith(COMMAND_LINE):
            return
        raise Refused(
            f"{actor} may not {verb} run {run.id}. Its starter ({run.started_by or 'unknown'}) and admins may."
        )

    def decide(self, actor: str, approval: Approval, starters: set[str]) -> None:
        """Raise Refused unless this actor is an approver and, where four eyes are asked for, did not start or edit."""
        if actor not in approval.approvers:
            raise Refused(f"{actor} may not decide {approval.title}. Those who may: {', '.join(approval.approvers)}.")
        if actor in starters and not approval.allow_self:
            raise Refused(f"{actor} started or changed this run, so somebody else has to decide {approval.title}.")
