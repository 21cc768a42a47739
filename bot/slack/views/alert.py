"""The alert of a dead letter: what failed, where, after how many attempts, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterable

from bot.slack import ids
from bot.slack.mrkdwn import line, mention, said, slack_user, when
from bot.slack.views.blocks import actions, button, confirm, context, fitted, header, link_button, section
from bot.slack.views.card import can_resume, footer, problem_of, subject_of, title_of
from bot.slack.views.messages import Block, Message
from bot.slack.views.snapshot import AlertSnapshot, RunSnapshot
from bot.telling import count
from workflows.engine import skipping
from workflows.engine.model import Record, Run, RunState, StepState
from workflows.engine.problem import Problem
from workflows.engine.progress.model import LEAVES

_UNKNOWN = (
    "It is not known whether the last attempt had an effect. Look there first. "
    "*Retry from failed step* repeats the step only where that does no harm; else it asks the service."
)
ADVICE = {
    "Unauthorized": "The service refuses access. An admin has to renew it; then press *Retry from failed step*.",
    "NotConnected": "The service is not set up here. An admin has to connect it; then press *Retry from failed step*.",
    "Unavailable": "The service was away. When it is back, press *Retry from failed step*.",
    "RateLimited": "The service takes no more requests for now. Wait a little, then press *Retry from failed step*.",
    "NotFound": "Something that the step needs is not there. Put it right there and retry, or edit the input.",
    "InvalidRequest": "The service does not take what it was sent. A retry alone won't help: edit the input, or skip.",
    "NonDeterminism": "The code no longer fits what this run did. Put the former code back and retry, or fork the run.",
    "CodecError": "A value no longer fits its type. Mend the workflow's code, then retry; finished steps stay done.",
    "Poison": "The worker died with this run several times. Mend the step, then retry.",
    "RunTimedOut": "The run took longer than it may. A retry gives it that time anew.",
    "ChildFailed": "A run that this one waits for failed. Look at its reason, then retry: it is started anew.",
}
USUAL = "Put the cause right, then press *Retry from failed step*: finished steps stay done."
RESOLVED = {
    "resume": "Retried from the failed step", "edit": "Input edited, and retried", "skip": "Skipped with a value",
    "fork": "Forked on today's code", "discard": "Discarded", "cancel": "Cancelled",
}  # fmt: skip


def alert_message(snapshot: RunSnapshot, alert: AlertSnapshot, *, ops: bool = False, told: bool = False) -> Message:
    """One alert; it has buttons while the run is a dead letter and this alert is its latest.

    With `told`, whoever started the run is told elsewhere.
    """
    run, problem = snapshot.run, problem_of(alert.error)
    head = header(f"{_heading(snapshot, alert)}: {title_of(run)}")
    if not is_current(snapshot, alert):
        words = f"{_resolved(alert)}\nIt was: {_what_it_was(snapshot, problem, alert)}"
        return Message(
            f"{line(title_of(run))}: dealt with", fitted([head, section(words), context(footer(run, told=told))])
        )
    shown: list[Block] = [head, section(f"❌ {what_failed(snapshot, problem, alert)}")]
    shown.append(section(_whose(run, ops=ops) + _advice(problem) + _kept(snapshot)))
    shown.append(context(subject_of(run), footer(run, told=told)))
    return Message(
        f"{line(title_of(run), 100)} needs a person: {said(_reason(problem, alert), 200)}",
        fitted(shown, actions(_buttons(snapshot, problem))),
    )


def is_current(snapshot: RunSnapshot, alert: AlertSnapshot) -> bool:
    """Whether somebody still has to do something about it."""
    return not alert.verb and snapshot.run.dead_at is not None and alert.number == len(snapshot.alerts)


def what_failed(snapshot: RunSnapshot, problem: Problem | None, alert: AlertSnapshot) -> str:
    """What failed, at which step, after how many attempts, and why."""
    why = said(_reason(problem, alert), 1_000)
    if problem is None or not problem.step:
        return f"It stopped: {why}" if why else "It stopped."
    record = skipping.failed_at(problem, snapshot.records)
    title = line(record.title if record and record.title else problem.step)
    if problem.kind == "ChildFailed":
        return f"The child run `{line(problem.step)}` {line(problem.outcome) or 'failed'}: {why}"
    tries = f" after {problem.attempts} attempts" if problem.attempts > 1 else ""
    name = f" (`{line(problem.step)}`)" if line(problem.step) != title else ""
    return f"*{title}*{name} failed{tries}: {why}"


def _what_it_was(snapshot: RunSnapshot, problem: Problem | None, alert: AlertSnapshot) -> str:
    named = problem is not None and problem.step
    return what_failed(snapshot, problem, alert) if named else said(_reason(problem, alert), 1_000) or "It stopped."


def skippable(snapshot: RunSnapshot) -> Record | None:
    """The failed step that a value can stand in for; None where the run has none."""
    return skipping.skippable(snapshot.run, snapshot.records, problem_of(snapshot.run.error))


def _reason(problem: Problem | None, alert: AlertSnapshot) -> str:
    return problem.message if problem is not None else alert.reason or alert.error


def _heading(snapshot: RunSnapshot, alert: AlertSnapshot) -> str:
    if not is_current(snapshot, alert):
        return "Dealt with" if alert.verb not in ("discard", "cancel") else RESOLVED[alert.verb]
    return "Failed" if snapshot.run.state is RunState.FAILED else "Can't go on"


def _resolved(alert: AlertSnapshot) -> str:
    by = f" by {mention(alert.by)}" if alert.by else ""
    at = f" {when(alert.resolved_at)}" if alert.resolved_at else ""
    detail = f": {said(alert.detail)}" if alert.detail else ""
    return f"✅ *{RESOLVED.get(alert.verb, 'Nothing has to be done any more')}*{by}{at}{detail}"


def _advice(problem: Problem | None) -> str:
    if problem is None:
        return USUAL
    if problem.effect == "unknown":
        return _UNKNOWN
    return ADVICE.get(problem.cause) or ADVICE.get(problem.kind) or USUAL


def _kept(snapshot: RunSnapshot) -> str:
    items = [item for item in snapshot.progress.walk() if item.kind in LEAVES]
    undone = sum(item.undone for item in items)
    done = sum(item.state is StepState.SUCCEEDED and not item.undone for item in items)
    parts = [f"{count(done, 'step')} done so far"] if done else []
    parts += [f"{count(undone, 'step')} undone again"] if undone else []
    return f"\n_{', '.join(parts)}._" if parts else ""


def _whose(run: Run, *, ops: bool) -> str:
    if ops or not slack_user(run.started_by):
        return ""
    return f"{mention(run.started_by)}, this is your run. "


def _buttons(snapshot: RunSnapshot, problem: Problem | None) -> Iterable[Block]:
    run = snapshot.run
    if can_resume(run):
        yield button(ids.ALERT_RESUME, "Retry from failed step", run.id, style="primary", confirm=_sure(problem))
        yield button(ids.ALERT_EDIT, "Edit input and retry", run.id)
        if skippable(snapshot) is not None:
            yield button(ids.ALERT_SKIP, "Skip with value", run.id)
    words = "A new run goes on from before the failed step, on the code that is installed now. This one ends."
    yield button(ids.ALERT_FORK, "Fork on today's code", run.id, confirm=confirm("Fork this run?", words, "Fork"))
    yield from link_button("Open in the console", snapshot.link)
    yield button(
        ids.ALERT_DISCARD, "Discard", run.id, style="danger",
        confirm=confirm(
            "Discard it?", "The run stays as it is; nothing is undone and nobody is reminded.", "Discard", danger=True
        ),
    )  # fmt: skip


def _sure(problem: Problem | None) -> dict[str, object] | None:
    if problem is None or problem.effect != "unknown":
        return None
    words = "It is not known whether the last attempt had an effect. It is repeated only where that does no harm."
    return confirm("Look before you retry", words, "Retry")
