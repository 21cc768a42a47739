"""App Home of one person: what waits for them, their runs, what they may start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.slack import ids
from bot.slack.mrkdwn import line, people, said, when
from bot.slack.views.approval import approval_buttons, content_of
from bot.slack.views.blocks import (
    MOST_IN_VIEW,
    RUN_SIGNS,
    actions,
    button,
    context,
    divider,
    fitted,
    header,
    link_button,
    section,
)
from bot.slack.views.card import problem_of, subject_of, title_of
from bot.slack.views.messages import Block, View
from bot.slack.views.schedules import schedule_row
from bot.slack.views.snapshot import ApprovalSnapshot
from bot.telling import count
from workflows.engine.definition import Workflow
from workflows.engine.letters.model import Counted
from workflows.engine.model import Run
from workflows.engine.problem import describe
from workflows.engine.schedules.keeping import Seen

SHOWN = 10
WHOLE = 700
"""Content of an approval up to here stands here whole; longer content is decided where it was delivered."""


def home(
    approvals: Sequence[tuple[ApprovalSnapshot, Run]],
    mine: Sequence[Run],
    dead: Sequence[Run],
    workflows: Sequence[Workflow[Any, Any]],
    links: Mapping[str, str] | None = None,
    kept: Sequence[Seen] = (),
    claimed: Sequence[tuple[Counted, str]] = (),
    *,
    may_schedule: bool = False,
) -> View:
    """`approvals` that this person may decide, runs they started, dead letters they may steer, what they may start,
    the schedules that they may see, and the failures that they claimed, each with its newest run."""
    blocks: list[Block] = [header("Waiting for you")]
    waiting = [_approval(shown, run, (links or {}).get(shown.approval.id, "")) for shown, run in approvals[:SHOWN]]
    blocks += [block for row in waiting for block in row] or [section("✅ Nothing waits for your decision.")]
    blocks += _more(len(approvals))
    if dead:
        blocks += [header("Needs a person"), *(_dead(run) for run in dead[:SHOWN]), *_more(len(dead))]
    if claimed:
        blocks += [header("You see to"), *(_claimed(*one) for one in claimed[:SHOWN]), *_more(len(claimed))]
    blocks += [divider(), header("Your runs")]
    blocks += [_run(run) for run in mine[:SHOWN]] or [section("You have not started a run yet.")]
    blocks += [*_more(len(mine)), divider(), header("What you may start")]
    blocks += [_workflow(workflow) for workflow in workflows[:20]] or [
        section("There is no workflow that you may start.")
    ]
    blocks += _schedules(kept, may_schedule=may_schedule)
    return {"type": "home", "blocks": list(fitted(blocks, most=MOST_IN_VIEW))}


def _approval(shown: ApprovalSnapshot, run: Run, link: str) -> list[Block]:
    approval = shown.approval
    until = f" · until {when(approval.due_at)}" if approval.due_at else ""
    head = f"⏳ *{line(approval.title or approval.name)}* for {line(title_of(run))}{until}"
    content = content_of(approval.show)
    if len(content.text) <= WHOLE:  # all of it stands here, so it can be decided here
        return [section(f"{head}\n{content.text}"), *approval_buttons(shown)]
    words = f"{head}\n{subject_of(run)}".rstrip()
    opened = link_button("Open it", link, approval.id)
    if opened:
        return [section(words), *actions(opened)]
    return [section(words), context(f"Asked of {people(approval.approvers)}, in the run's channel.")]


def _schedules(kept: Sequence[Seen], *, may_schedule: bool) -> list[Block]:
    if not kept and not may_schedule:
        return []
    rows = [schedule_row(seen) for seen in kept[:SHOWN]] or [section("Nothing starts by the clock.")]
    add = actions([button(ids.SCHEDULE_ADD, "New schedule", "new")] if may_schedule else [])
    return [divider(), header("Schedules"), *rows, *_more(len(kept)), *add]


def _dead(run: Run) -> Block:
    problem = problem_of(run.error)
    why = f"\n{said(describe(problem), 200)}" if problem else ""
    words = f"{RUN_SIGNS[run.state]} *{line(title_of(run))}* · {run.state.value}{why}"
    return section(words, accessory=button(ids.RUN_DETAILS, "Details", run.id))


def _claimed(one: Counted, newest: str) -> Block:
    group = one.group
    step = f" at *{line(group.step, 80)}*" if group.step else ""
    words = (
        f"🙋 *{line(group.workflow, 80)}*{step}: {said(group.words, 200) or 'It stopped.'}\n"
        f"{one.open} of {count(one.runs, 'run')} to see to · last {when(one.last_at)} · `{group.id}`"
    )
    return section(words, accessory=button(ids.RUN_DETAILS, "Newest", newest))


def _run(run: Run) -> Block:
    subject = subject_of(run)
    about = f"\n{subject}" if subject else ""
    words = f"{RUN_SIGNS[run.state]} *{line(title_of(run))}* · {run.state.value} · {when(run.created_at)}{about}"
    return section(words, accessory=button(ids.RUN_DETAILS, "Details", run.id))


def _workflow(workflow: Workflow[Any, Any]) -> Block:
    words = f"*{line(workflow.title)}*\n`{line(workflow.name)}`"
    return section(words, accessory=button(ids.WORKFLOW_START, "Start", workflow.name))


def _more(number: int) -> list[Block]:
    return [context(f"… and {number - SHOWN} more.")] if number > SHOWN else []
