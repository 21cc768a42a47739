"""A run with everything that its messages show, read from the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

import structlog

from bot.slack.views.reading import snapshot_of
from bot.slack.views.snapshot import ApprovalSnapshot, RunSnapshot
from workflows.engine import codec
from workflows.engine.approving.delegation import Delegation
from workflows.engine.approving.policy import ROLE
from workflows.engine.approving.recorded import recorded
from workflows.engine.definition import Workflow
from workflows.engine.errors import CodecError, UnknownWorkflow
from workflows.engine.model import OPEN, Approval, Run, RunState
from workflows.engine.plan import plan_of
from workflows.engine.ports import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Installed(Protocol):
    """The workflows that are installed."""

    def get(self, name: str) -> Workflow[Any, Any]: ...


@dataclass(frozen=True)
class Snapshots:
    """Reads runs as they stand. What is read after the run's row may be newer than its revision, never older."""

    store: Store
    catalogue: Installed
    now: Callable[[], datetime]
    members: Callable[[str], Sequence[str]]
    """The people behind a role: Slack tells nobody when a role is named."""
    away: Callable[[str], bool] = lambda _person: False
    """Whether somebody is away, for deputies who decide only then."""
    link: Callable[[str], str] = lambda _run: ""
    """The address of a run's page; "" where there is none."""

    def load(self, run_id: str) -> RunSnapshot:
        """A run at its present revision. Raises UnknownRun, StoreUnavailable."""
        store = self.store
        run = store.run(run_id)
        workflow = self._workflow(run)
        approvals = store.approvals(run_id=run_id, state=None, limit=1000)
        asked = [(self._by_name(one), store.decisions(one.id)) for one in approvals]
        made = snapshot_of(
            run, plan_of(workflow) if workflow else None, store.records(run_id), asked, store.events(run_id),
            now=self.now(), summary=_summary(run, workflow), link=self.link(run_id), paused=self._paused(run),
        )  # fmt: skip
        return self._with_deputies(made) if any(one.open for one in made.approvals) else made

    def _with_deputies(self, made: RunSnapshot) -> RunSnapshot:
        """Open approvals tell who decides for those who are asked. Who is away is asked again at the press."""
        held = self.store.delegations.all()

        def of(shown: ApprovalSnapshot) -> tuple[Delegation, ...]:
            approval, terms = shown.approval, recorded(shown.approval)
            named = set(approval.approvers) - (set() if approval.allow_self else {made.run.started_by})
            covering = [one for one in held if one.covers(terms.name if terms else "", made.run.workflow)]
            asked = [one for one in covering if one.person in named] if shown.open else []
            return tuple(one for one in asked if not one.away or self.away(one.person))

        return replace(made, approvals=tuple(replace(one, deputies=of(one)) for one in made.approvals))

    def _by_name(self, approval: Approval) -> Approval:
        """An approval that names people where it named roles."""
        named: dict[str, None] = {}
        for entry in approval.approvers:
            named.update(dict.fromkeys((self.members(entry) if is_role(entry) else ()) or (entry,)))
        return replace(approval, approvers=tuple(named))

    def _workflow(self, run: Run) -> Workflow[Any, Any] | None:
        try:
            return self.catalogue.get(run.workflow)
        except UnknownWorkflow:
            return None

    def _paused(self, run: Run) -> str:
        if run.state not in OPEN:
            return ""
        for pause in self.store.pauses():
            if pause.workflow in ("", run.workflow):
                return f"paused by {pause.by}{f': {pause.reason}' if pause.reason else ''}"
        return ""


def is_role(entry: str) -> bool:
    """Whether an approver is a role of the settings."""
    return entry.startswith(ROLE)


def _summary(run: Run, workflow: Workflow[Any, Any] | None) -> str:
    """What the workflow says of its result; a summary that can't be made is none."""
    if run.state is not RunState.SUCCEEDED or workflow is None or workflow.summary is None or run.output is None:
        return ""
    try:
        return workflow.summary(codec.decode(run.output, workflow.output_type, "The result"))
    except (Exception, CodecError):
        log.exception("summary could not be made", run_id=run.id, workflow=run.workflow)
        return ""
