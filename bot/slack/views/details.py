"""Everything about a run, for who presses Details: facts, input, steps, decisions."""

from __future__ import annotations

from collections.abc import Mapping

from bot.slack.mrkdwn import line, mention, quoted, said, when
from bot.slack.views.blocks import RUN_SIGNS, context, divider, fitted, section, sections
from bot.slack.views.card import fallback, footer, is_secret, result_value, standing, title_of
from bot.slack.views.content import label, rendered, value_of
from bot.slack.views.messages import Block, Message
from bot.slack.views.snapshot import ApprovalSnapshot, RunSnapshot
from bot.slack.views.steps import step_lines
from bot.telling import count
from workflows.engine.length import length_of
from workflows.engine.model import OVER, ApprovalState, Outcome, Run

STEPS = 150
SIGNS = {Outcome.APPROVED: "✅", Outcome.CHANGES: "✏️", Outcome.REJECTED: "❌", Outcome.EXPIRED: "⌛"}


def run_details(snapshot: RunSnapshot) -> Message:
    """The whole run, to be posted in its thread or shown to one person."""
    run = snapshot.run
    shown: list[Block] = [
        section(f"*{line(title_of(run))}*\n{RUN_SIGNS[run.state]} {standing(snapshot)}"),
        context(footer(run), _facts(run)),
        *_long(snapshot),
        *_input(run),
        divider(),
        *sections("*Steps*\n" + "\n".join(step_lines(snapshot, STEPS)), most=12),
    ]
    if snapshot.approvals:
        shown += sections("*Decisions*\n" + "\n".join(_decision(one) for one in snapshot.approvals), most=6)
    if run.output and value_of(run.output) not in (None, ""):
        shown += [section("*Result*"), *sections(_output(run), most=8)]
    return Message(fallback(snapshot), fitted(shown))


def _facts(run: Run) -> str:
    parts = [
        f"ended {when(run.ended_at)}" if run.ended_at else "",
        f"generation {run.generation}" if run.generation else "",
    ]
    labels = value_of(run.labels)
    if isinstance(labels, Mapping):
        parts += [f"{line(str(name), 60)}: {line(str(value), 60)}" for name, value in list(labels.items())[:8]]
    return " · ".join(part for part in parts if part)


def _long(snapshot: RunSnapshot) -> list[Block]:
    length = length_of(snapshot.records)
    return [context(f"⚠️ {length.warning()}")] if length.long and snapshot.run.state not in OVER else []


def _input(run: Run) -> list[Block]:
    given = value_of(run.input)
    if given in (None, "", {}, []):
        return []
    if not isinstance(given, Mapping):
        return sections("*Input*\n" + rendered(run.input), most=3)
    rows = [
        f"{label(name)}: {'(not shown)' if is_secret(name) else result_value(value)}" for name, value in given.items()
    ]
    return sections("*Input*\n" + "\n".join(rows), most=3)


def _output(run: Run) -> str:
    value = value_of(run.output)
    if isinstance(value, Mapping) and all(isinstance(inner, str) for inner in value.values()):
        return "\n".join(f"*{label(name)}*: {result_value(inner)}" for name, inner in value.items())
    return rendered(run.output)


def _decision(shown: ApprovalSnapshot) -> str:
    approval = shown.approval
    title = f"*{line(approval.title or approval.name, 100)}*"
    if approval.state is ApprovalState.OPEN:
        votes = f", {count(len(shown.agreed), 'approval')} of {approval.quorum}" if approval.quorum > 1 else ""
        return f"⏳ {title}: asked for {when(approval.opened_at)}{votes}"
    if approval.state is ApprovalState.VOID:
        return f"⏹️ {title}: no longer asked for"
    if approval.state is ApprovalState.EXPIRED or not shown.decisions:
        return f"⌛ {title}: nobody decided in time {when(approval.closed_at)}"
    last = shown.decisions[-1]
    by = (
        ", ".join(mention(vote.by) for vote in shown.agreed)
        if approval.outcome is Outcome.APPROVED
        else mention(last.by)
    )
    words = f"{SIGNS[last.outcome]} {title}: {said((approval.outcome or last.outcome).value)} by {by} {when(last.at)}"
    return words + (f"\n{quoted(last.comment, 500)}" if last.comment.strip() else "")
