"""What is told of a run: how it stands, what it waits for, and what a person can do next."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.table import Table

from bot import printing
from bot.commands import DONE, FAILED, WAITING
from bot.commands.documents import in_order, parsed, reason, waits_of
from bot.commands.session import Session
from workflows.engine.errors import UnknownRun, UnknownWorkflow
from workflows.engine.model import OVER, ApprovalState, Kind, Record, Run, RunState, StepState
from workflows.engine.plan import Plan, plan_of
from workflows.engine.problem import describe, problem_from

DEPTH = 10
"""So many children of children are asked whether they wait for a person."""


@dataclass(frozen=True)
class Ask:
    """Something that only somebody outside can give: a decision or a signal."""

    words: str
    commands: tuple[str, ...]


def plan_for(session: Session, run: Run) -> Plan | None:
    """The plan of a run's workflow; None when it is no longer installed."""
    try:
        return plan_of(session.runtime.catalogue.get(run.workflow))
    except UnknownWorkflow:
        return None


def exit_code(run: Run) -> int:
    """0 for done, 1 for failed, 3 for what still waits."""
    if run.state is RunState.SUCCEEDED:
        return DONE
    return FAILED if run.state in OVER or run.state is RunState.PARKED else WAITING


def asks(session: Session, run: Run, depth: int = DEPTH) -> list[Ask]:
    """What a suspended run, or a child of it, waits for that somebody has to give."""
    if run.state is not RunState.WAITING or run.inbox != run.seen or run.cancel:
        return []
    found: list[Ask] = []
    for wait in waits_of(run):
        match wait["kind"]:
            case Kind.APPROVAL:
                found += _approval(session, wait["approval"])
            case Kind.SIGNAL:
                command = f"baton signal {run.id} {wait['name']} --payload JSON"
                found.append(Ask(f"the signal {wait['name']}", (command,)))
            case Kind.CHILD if depth:
                found += _of_child(session, run, wait["key"], depth)
    return found


def _approval(session: Session, approval_id: str) -> list[Ask]:
    approval = session.runtime.store.approval(approval_id)
    if approval is None or approval.state is not ApprovalState.OPEN:
        return []
    who = ", ".join(approval.approvers)
    commands = tuple(f"baton {verb} {approval.id}" for verb in ("approve", "reject", "changes"))
    return [Ask(f"{approval.title}: a decision by {who}", commands)]


def _of_child(session: Session, run: Run, key: str, depth: int) -> list[Ask]:
    record = next((r for r in session.runtime.store.records(run.id) if r.key == key), None)
    child = json.loads(record.detail or "{}").get("run", "") if record else ""
    try:
        return asks(session, session.runtime.store.run(child), depth - 1) if child else []
    except UnknownRun:
        return []


# -----------------------------------------------------------------------------------------------------------


def overview(run: Run) -> Table:
    """The facts of a run that its tree does not show."""
    return printing.facts([
        ("Run", run.id),
        ("Workflow", run.workflow),
        ("State", printing.state(run.state)),
        ("Started", f"{printing.ago(run.created_at)} by {run.started_by or 'nobody'}"),
        ("Ended", printing.ago(run.ended_at)),
        ("Starts", run.due_at.astimezone().strftime("%Y-%m-%d %H:%M %Z") if _is_later(run) and run.due_at else None),
        ("Labels", ", ".join(f"{name}={value}" for name, value in (parsed(run.labels) or {}).items())),
        ("Part of", run.parent_id),
        ("Input", printing.one_line(run.input, 300)),
    ])  # fmt: skip


def _is_later(run: Run) -> bool:
    return run.state is RunState.QUEUED and run.due_at is not None


def next_moves(session: Session, run: Run) -> list[RenderableType | str]:
    """How it ended, or what it waits for, and the commands that answer."""
    if run.state is RunState.SUCCEEDED:
        return _output(run)
    why = reason(run)
    lines: list[RenderableType | str] = [f"{_ended(run)}: {why}"] if why else []
    for ask in asks(session, run):
        lines += [f"It waits for {ask.words}.", *(f"  {command}" for command in ask.commands)]
    if run.dead_at is not None:
        lines += [f"  {command}" for command in _repairs(run)]
    elif run.cancel and run.ended_at is None:
        lines.append(f"It was asked to end: {run.cancel}.")
    return lines


def _output(run: Run) -> list[RenderableType | str]:
    value = parsed(run.output)
    if value is None:
        return []
    return [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)]


def _ended(run: Run) -> str:
    return {RunState.FAILED: "It failed", RunState.PARKED: "It can't go on", RunState.CANCELLED: "It was ended"}.get(
        run.state, "It stopped"
    )


def _repairs(run: Run) -> Sequence[str]:
    moves = [f"baton resume {run.id}", f"baton fork {run.id}", f"baton discard {run.id}"]
    return [*moves, f"baton cancel {run.id}"] if run.state is RunState.PARKED else moves


def history_table(records: Iterable[Record]) -> Table:
    """Every record as a row."""
    rows = [
        (
            record.key,
            record.kind.value,
            printing.state(record.state),
            str(record.attempts or ""),
            printing.ago(record.started_at),
            _noted(record),
        )
        for record in in_order(records)
    ]
    return printing.table(("Key", "Kind", "State", "Attempts", "Began", ""), rows)


def _noted(record: Record) -> str:
    problem = problem_from(record.error)
    marks = [f"generation {record.generation}" if record.generation else "", "replaced" if record.superseded else "",
             "undone" if record.undone and record.state is not StepState.FAILED else ""]  # fmt: skip
    said = describe(problem) if problem else (str(parsed(record.output)) if record.kind is Kind.NOTE else "")
    return ", ".join(part for part in [*marks, printing.one_line(said, 120)] if part)
