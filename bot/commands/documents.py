"""The JSON documents that `--json` prints. Their fields are relied on by other programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from workflows.engine.approving.delegation import Delegation
from workflows.engine.digests.page import Page
from workflows.engine.model import Approval, Decision, Kind, Pause, Record, Run, StepState
from workflows.engine.plan import Plan, PlanNode
from workflows.engine.preview import Preview
from workflows.engine.problem import describe, problem_from
from workflows.engine.schedules.keeping import Seen
from workflows.engine.schedules.model import Tick

Document = dict[str, Any]
MARKS = frozenset({Kind.NOW, Kind.UUID, Kind.RANDOM, Kind.NOTE, Kind.PATCHED, Kind.CANCEL, Kind.TIMEOUT})
HOLDERS = frozenset({Kind.PARALLEL, Kind.MAP, Kind.BRANCH, Kind.FIRST, Kind.SAGA})


def run_document(run: Run, records: Iterable[Record], *, everything: bool = False) -> Document:
    """One run. `steps` are its steps and waits in order; with `everything`, all of its records."""
    shown = in_order(records)
    steps = (
        [record_document(record) for record in shown] if everything else [step_document(r) for r in shown if is_step(r)]
    )
    return {
        "id": run.id,
        "workflow": run.workflow,
        "version": run.version,
        "state": run.state.value,
        "input": parsed(run.input),
        "output": parsed(run.output),
        "error": reason(run),
        "waiting_for": parsed(run.waiting) or [],
        "steps": steps,
        "started_by": run.started_by,
        "created_at": moment(run.created_at),
        "ended_at": moment(run.ended_at),
    }


def run_line(run: Run) -> Document:
    """One run of a list: the same without its steps, input and output."""
    whole = run_document(run, ())
    return {name: value for name, value in whole.items() if name not in ("input", "output", "steps")}


def step_document(record: Record) -> Document:
    return {
        "key": record.key,
        "name": record.name,
        "state": record.state.value,
        "attempts": record.attempts,
        "started_at": moment(record.started_at),
        "ended_at": moment(record.ended_at),
    }


def record_document(record: Record) -> Document:
    """One record with all that is known of it."""
    problem = problem_from(record.error)
    return step_document(record) | {
        "kind": record.kind.value,
        "title": record.title,
        "generation": record.generation,
        "superseded": record.superseded,
        "undone": record.undone,
        "input": parsed(record.input),
        "output": parsed(record.output),
        "error": describe(problem) if problem else None,
        "due_at": moment(record.due_at),
    }


def approval_document(approval: Approval) -> Document:
    return {
        "id": approval.id,
        "run": approval.run_id,
        "key": approval.key,
        "name": approval.name,
        "title": approval.title,
        "state": approval.state.value,
        "outcome": approval.outcome.value if approval.outcome else None,
        "show": parsed(approval.show),
        "approvers": list(approval.approvers),
        "quorum": approval.quorum,
        "opened_at": moment(approval.opened_at),
        "due_at": moment(approval.due_at),
        "digest": approval.digest,
        "fields": parsed(approval.fields),
        "editable": parsed(approval.editable),
        "policy": parsed(approval.policy),
    }


def decision_document(decision: Decision) -> Document:
    """One answer; it counts while its digest is the approval's."""
    return {
        "by": decision.by,
        "outcome": decision.outcome.value,
        "at": moment(decision.at),
        "comment": decision.comment,
        "digest": decision.digest,
        "fields": parsed(decision.fields),
        "edited": parsed(decision.edited),
        "behalf": decision.behalf,
    }


def preview_document(seen: Preview) -> Document:
    """What a start would do."""
    return {
        "workflow": seen.workflow,
        "title": seen.title,
        "input": parsed(seen.input),
        "steps": plan_document(seen.plan)["steps"],
        "approvals": [
            {"name": asked.name, "title": asked.title, "approvers": list(asked.approvers)} for asked in seen.approvals
        ],
        "problems": list(seen.problems),
    }


def delegation_document(one: Delegation) -> Document:
    """One delegation that holds."""
    return {
        "person": one.person, "deputy": one.deputy, "scope": one.scope, "until": moment(one.until), "away": one.away,
        "since": moment(one.at),
    }  # fmt: skip


def pause_document(pause: Pause) -> Document:
    """One pause; "" for everything."""
    return {"workflow": pause.workflow, "by": pause.by, "at": moment(pause.at), "reason": pause.reason}


def schedule_document(seen: Seen) -> Document:
    """One schedule; `next` is in its zone."""
    made = seen.schedule
    return {
        "name": made.name,
        "workflow": made.workflow,
        "input": parsed(made.input),
        "cron": made.cron,
        "zone": made.zone,
        "overlap": made.overlap.value,
        "catch_up": made.catch_up.value,
        "jitter": made.jitter.total_seconds(),
        "channel": made.channel,
        "state": "paused" if made.paused_at is not None else "active",
        "held": seen.held,
        "next": [moment(tick) for tick in seen.next],
        "last": tick_document(seen.last) if seen.last else None,
        "created_by": made.created_by,
        "created_at": moment(made.created_at),
    }


def digest_document(seen: Seen) -> Document:
    """One digest that is posted; `next` is in its zone, and empty where it comes by each person's own clock."""
    made, order = seen.schedule, parsed(seen.schedule.input)
    return {
        "name": made.name,
        "digest": order["digest"],
        "place": order["place"],
        "cron": order["rule"] or made.cron,
        "zone": made.zone,
        "state": "paused" if made.paused_at is not None else "active",
        "next": [] if order["rule"] else [moment(tick) for tick in seen.next],
        "last": tick_document(seen.last) if seen.last else None,
        "created_by": made.created_by,
        "created_at": moment(made.created_at),
    }


def page_document(page: Page) -> Document:
    """A digest as it looks now."""
    return {
        "title": page.title,
        "since": moment(page.since),
        "until": moment(page.until),
        "figures": [{"name": one.name, "value": one.value, "before": one.before} for one in page.figures],
        "items": [
            {"kind": item.kind.value, "text": item.text, "run": item.run_id or None, "at": moment(item.at),
             "people": list(item.people)}
            for group in page.groups for item in group.items
        ],
        "note": page.note,
    }  # fmt: skip


def tick_document(tick: Tick) -> Document:
    """What became of one tick; `extra` for a run that somebody asked for."""
    return {
        "at": moment(tick.at),
        "state": tick.state.value,
        "run": tick.run_id or None,
        "reason": tick.reason,
        "extra": tick.extra,
    }


def plan_document(plan: Plan) -> Document:
    return {
        "workflow": plan.workflow,
        "title": plan.title,
        "version": plan.version,
        "steps": [_node(node) for node in plan.nodes],
        "on_failure": [_node(node) for node in plan.on_failure],
        "problems": [
            {"severity": p.severity.value, "message": p.message, "file": p.file, "line": p.line} for p in plan.problems
        ],
    }


def _node(node: PlanNode) -> Document:
    document: Document = {"kind": node.kind.value, "name": node.name, "title": node.title, "line": node.line}
    if node.leaves:
        document["leaves"] = node.leaves
    if node.children:
        document["children"] = [_node(child) for child in node.children]
    return document


# -----------------------------------------------------------------------------------------------------------


def in_order(records: Iterable[Record]) -> list[Record]:
    """Records as they began: those of former generations first."""

    def when(record: Record) -> tuple[int, str, str, int]:
        return (record.generation, moment(record.started_at) or "9", record.scope, record.ordinal)

    return sorted(records, key=when)


def is_step(record: Record) -> bool:
    """Whether a record is a step or a wait that people count: no marks, nothing that only holds others."""
    if record.superseded or record.kind in MARKS or record.kind in HOLDERS:
        return False
    return record.kind is not Kind.COMPENSATION or record.state is not StepState.PENDING or record.attempts > 0


def reason(run: Run) -> str | None:
    """Why a run failed or was parked, in words."""
    problem = problem_from(run.error)
    return describe(problem) if problem else None


def waits_of(run: Run) -> Sequence[Document]:
    """What a run waits for: each with `kind name key due_at approval`."""
    found: list[Document] = parsed(run.waiting) or []
    return found


def parsed(text: str | None) -> Any:
    """The value of JSON text; None for none."""
    return json.loads(text) if text else None


def moment(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
