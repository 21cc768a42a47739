"""The card of a run: what it is, how it stands, what is wanted of whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.slack import ids
from bot.slack.mrkdwn import ADDRESS, cut, line, link, mention, naming, people, said, when
from bot.slack.views.blocks import (
    RUN_SIGNS,
    actions,
    button,
    context,
    fitted,
    header,
    link_button,
    section,
    sections,
)
from bot.slack.views.content import is_short, label, rendered, scalar, value_of
from bot.slack.views.messages import Block, Message
from bot.slack.views.snapshot import RunSnapshot
from bot.slack.views.steps import step_lines
from bot.telling import count, length
from workflows.engine.model import OPEN, Run, RunState, StepState
from workflows.engine.plan import NodeKind
from workflows.engine.problem import Problem, describe, problem_from
from workflows.engine.progress.model import LEAVES

SUBJECT = 3
"""So many facts of the input stand below the title."""
RESULTS = 8
NOTED = timedelta(seconds=0.1)
"""Shorter runs show no length of time."""
SECRET = ("password", "secret", "token", "credential", "api_key", "apikey")


def run_card(snapshot: RunSnapshot, trouble: str = "") -> Message:
    """The run's one live message. `trouble` says why it stands here and not where the run wanted it."""
    run = snapshot.run
    shown: list[Block] = [header(title_of(run)), section(f"{RUN_SIGNS[run.state]} {standing(snapshot)}")]
    subject = subject_of(run)
    if subject:
        shown.append(context(subject))
    shown += sections("\n".join(step_lines(snapshot)), most=4)
    shown += result_blocks(run)
    shown.append(context(footer(run), trouble))
    return Message(fallback(snapshot), fitted(shown, actions(buttons(snapshot))))


def title_of(run: Run) -> str:
    return run.title or run.workflow


def fallback(snapshot: RunSnapshot) -> str:
    """The card in one line, for notifications."""
    run = snapshot.run
    return cut(f"{line(title_of(run))}: {run.state.value}{_why(run)}", 300)


def footer(run: Run, *, told: bool = False) -> str:
    """By whom, when and under which id, small; nobody is named who is `told` elsewhere."""
    by = f"Started by {mention(run.started_by)}" if run.started_by and not told else "Started"
    begun = f"{by} {when(run.created_at)}"
    child = f" · part of run `{line(run.parent_id)}`" if run.parent_id else ""
    return f"{begun} · `{line(run.workflow)}` · run `{line(run.id, 40)}`{child}"


def subject_of(run: Run) -> str:
    """The first facts of the input: which of several runs this one is."""
    given = value_of(run.input)
    if not isinstance(given, Mapping):
        return (
            scalar(given, 200)
            if isinstance(given, str | int) and not isinstance(given, bool) and is_short(given)
            else ""
        )
    facts = [
        f"{label(name)}: *{naming(scalar(value, 80))}*"
        for name, value in given.items()
        if is_short(value) and not isinstance(value, bool) and value not in (None, "", [], {}) and not is_secret(name)
    ]
    return " · ".join(facts[:SUBJECT])


def is_secret(name: str) -> bool:
    """Whether a field's name says that its value is not for everybody's eyes."""
    return any(word in name.lower() for word in SECRET)


# how it stands -----------------------------------------------------------------------------------------------


def standing(snapshot: RunSnapshot) -> str:
    """How the run stands, in a line or a few."""
    run = snapshot.run
    if run.cancel and run.state in OPEN:
        return f"*Cancelling*: {said(run.cancel)}{_undoing(run)}"
    match run.state:
        case RunState.QUEUED:
            return _queued(snapshot)
        case RunState.RUNNING:
            return f"*Running*: {_counted(snapshot)}{_now(snapshot)}"
        case RunState.WAITING:
            return _waiting(snapshot)
        case RunState.COMPENSATING:
            return f"*Compensating*: finished steps are being undone{_why(run)}"
        case RunState.SUCCEEDED:
            return f"*Succeeded*{_took(run)}"
        case RunState.FAILED:
            return f"*Failed*{_why(run)}"
        case RunState.CANCELLED:
            return f"*Cancelled*{_by_whom(run.cancel) if run.cancel else _why(run)}"
    return f"*Parked*, it can't go on without a person{_why(run)}"


def _by_whom(words: str) -> str:
    """How a cancellation goes on after its first word."""
    again = "cancelled by "
    return f" {said(words.removeprefix('cancelled '))}" if words.startswith(again) else f": {said(words)}"


def _queued(snapshot: RunSnapshot) -> str:
    run = snapshot.run
    if snapshot.paused:
        return f"*Queued*: {said(snapshot.paused)}"
    if run.due_at is not None and run.due_at > snapshot.now:
        return f"*Queued*: starts {when(run.due_at)}"
    return "*Queued*: it goes on as soon as a worker is free" if run.started_at else "*Queued*: it starts in a moment"


def _waiting(snapshot: RunSnapshot) -> str:
    waits = [words for wait in waits_of(snapshot.run) if (words := wait_words(snapshot, wait))]
    if not waits:
        return f"*Waiting*: {_counted(snapshot)}"
    if len(waits) == 1:
        return f"*Waiting* for {waits[0]}"
    more = [f"… and {len(waits) - 6} more"] if len(waits) > 6 else []
    return "*Waiting* for\n" + "\n".join(f"• {words}" for words in [*waits[:6], *more])


def waits_of(run: Run) -> list[Mapping[str, Any]]:
    """What a run waits for: each with `kind name key due_at approval`."""
    found = value_of(run.waiting)
    return [wait for wait in found if isinstance(wait, Mapping)] if isinstance(found, list) else []


def wait_words(snapshot: RunSnapshot, wait: Mapping[str, Any]) -> str:
    """One wait in words, after "waiting for"."""
    name, due = line(str(wait.get("name", "")), 80), when(_moment(wait.get("due_at")))
    until = f", until {due}" if due else ""
    match wait.get("kind"):
        case "approval":
            return _asked(snapshot, str(wait.get("approval", "")), name) + until
        case "signal":
            return f"the signal `{name}`{until}"
        case "sleep":
            return f"its time, {due}" if due else "its time"
        case "retry":
            return f"another attempt of `{name}`{' ' + due if due else ''}"
        case "child":
            return f"the child run `{name}`{until}"
        case "start":
            return f"its start, {due}" if due else "its start"
    return f"`{name}`{until}" if name else ""


def _asked(snapshot: RunSnapshot, approval_id: str, name: str) -> str:
    shown = next((one for one in snapshot.approvals if one.approval.id == approval_id), None)
    if shown is None:
        return f"a decision: *{name}*"
    approval = shown.approval
    votes = f" ({len(shown.agreed)} of {approval.quorum})" if approval.quorum > 1 else ""
    return f"{people(approval.approvers)} to decide *{line(approval.title or approval.name, 100)}*{votes}"


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) and text else None
    except ValueError:
        return None


def _counted(snapshot: RunSnapshot) -> str:
    done, known = snapshot.progress.counted
    return f"{done} of {count(known, 'step')} done" if known else "no step yet"


def _now(snapshot: RunSnapshot) -> str:
    busy = (StepState.RUNNING, StepState.RETRYING)
    at = [item for item in snapshot.progress.walk() if item.kind in LEAVES and item.state in busy]
    titles = list(dict.fromkeys(line(item.title or item.name, 80) for item in at if item.kind == NodeKind.STEP))
    more = f" and {len(titles) - 2} more" if len(titles) > 2 else ""
    return f", now: {', '.join(titles[:2])}{more}" if titles else ""


def _took(run: Run) -> str:
    begun = run.started_at or run.created_at
    took = run.ended_at - begun if run.ended_at else timedelta(0)
    return f" in {length(took)}" if took >= NOTED else ""


def _undoing(run: Run) -> str:
    return ", finished steps are being undone" if run.state is RunState.COMPENSATING else ""


def problem_of(error: str | None) -> Problem | None:
    """A recorded problem; None where there is none that can be read."""
    try:
        return problem_from(error)
    except (ValueError, TypeError):
        return None


def _why(run: Run) -> str:
    problem = problem_of(run.error)
    if problem is None:
        return f": {said(run.error)}" if run.error else ""
    return f": {said(describe(problem), 500)}"


# results and buttons -----------------------------------------------------------------------------------------


def result_blocks(run: Run) -> list[Block]:
    """What came out, with its links."""
    if run.state is not RunState.SUCCEEDED or not run.output:
        return []
    value = value_of(run.output)
    if value in (None, "", [], {}):
        return []
    if isinstance(value, Mapping):
        words = "\n".join(f"*{label(name)}*: {result_value(inner)}" for name, inner in list(value.items())[:RESULTS])
        if len(value) > RESULTS:
            words += f"\n_… and {len(value) - RESULTS} more: press Details._"
        return sections(words, most=2)
    return sections(result_value(value) if is_short(value) else rendered(run.output), most=2)


def result_value(value: object) -> str:
    """One value of a result on one line, its address as a link."""
    if isinstance(value, str) and ADDRESS.fullmatch(value.strip()):
        return link(value.strip())
    return scalar(value, 300)


def buttons(snapshot: RunSnapshot) -> Iterable[Block]:
    """The buttons that fit the run's state, and no others."""
    run = snapshot.run
    if run.dead_at is not None and can_resume(run):
        yield button(ids.RUN_RESUME, "Retry from failed step", run.id, style="primary")
    yield button(ids.RUN_DETAILS, "Details", run.id)
    yield from link_button("Open in the console", snapshot.link)
    if run.state in OPEN and not run.cancel:
        yield cancel_button(run)


def cancel_button(run: Run) -> Block:
    """Cancel; the form that it opens asks for the reason."""
    return button(ids.RUN_CANCEL, "Cancel", run.id, style="danger")


def can_resume(run: Run) -> bool:
    """A failed child belongs to its parent, which was told."""
    return run.state is RunState.PARKED or (run.state is RunState.FAILED and run.parent_id is None)
