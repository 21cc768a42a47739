"""Answers to commands: what is going on, what waits for whom, what can be started, and why something stands still."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.inputs import Field, fields_of, type_of
from bot.slack import ids
from bot.slack.mrkdwn import line, mention, people, said, when
from bot.slack.views.approval import approval_buttons, content_of, decided_words
from bot.slack.views.blocks import RUN_SIGNS, actions, button, context, divider, fitted, link_button, section, sections
from bot.slack.views.card import fallback, problem_of, standing, subject_of, title_of
from bot.slack.views.content import value_of
from bot.slack.views.messages import Block, Message
from bot.slack.views.snapshot import ApprovalSnapshot, RunSnapshot
from bot.slack.views.step_notes import Notes
from bot.slack.views.steps import fitted_lines, rows_of
from bot.telling import ago, count
from workflows.engine.approving.recorded import recorded
from workflows.engine.definition import Workflow
from workflows.engine.errors import BatonError
from workflows.engine.explaining import Circle
from workflows.engine.model import OPEN, Approval, ApprovalState, Pause, Run
from workflows.engine.plan import Plan
from workflows.engine.preview import Preview
from workflows.engine.problem import describe
from workflows.engine.progress.model import planned

RUNS = 20
APPROVALS = 10
WORKFLOWS = 40
SHOWN = 700
"""Content of an approval up to here stands in the list, where it can be decided at once."""


def help_message(said: str = "/baton", own: Iterable[tuple[str, str]] = ()) -> Message:
    """What can be said; `own` are the workflows' own commands with their titles."""
    rows = [
        ("workflows", "what can be started"),
        (
            "run NAME field=value",
            "start it; `at 9:00 tomorrow` starts it later, `--dry-run` only says what it would do",
        ),
        ("runs", "what is going on; add words, `state:waiting`, `workflow:NAME`, `by:me` or `label:key=value`"),
        ("status RUN", "how a run stands"),
        ("why RUN", "why it stands still, and what helps"),
        ("approvals", "what waits for your decision; `why APPROVAL` says who may decide it"),
        ("delegate @ben until friday", "let somebody decide for you, or `while away`; `delegate off` takes it back"),
        ("cancel RUN reason", "end it; what its sagas finished is undone"),
        ("resume RUN", "let a failed run go on from the failed step"),
        ("fork RUN", "start a new run from one of its steps, on today's code; `fork RUN at STEP` asks nothing"),
        ("undo RUN", "undo what its sagas finished, after it ended well; what is undone is shown first"),
        ("deadletters", "what failed, failures of one kind together; add `mine`, `all` or `workflow:NAME`"),
        ("claim GROUP", "tell others that you see to them; `release GROUP` gives them back"),
        ("schedule", "what starts by the clock; `schedule add` makes more, `schedule show NAME` looks at one"),
        (
            "alerts",
            "what is wrong; `mute WHAT until 18:00` keeps it quiet, `unmute WHAT` ends that, `mutes` lists (admins)",
        ),
        (
            "digest",
            "what is posted by the clock; `digest add daily_ops #ops weekdays 9:00` shows one before it is saved",
        ),
        ("credentials", "the secrets of services; `credentials set NAME` opens a form for one (admins)"),
        ("pause NAME", "start no more steps of a workflow, or of everything; `unpause NAME` goes on (admins)"),
    ]
    lines = [f"`{said} {words}`  {what}" for words, what in rows]
    extra = [f"`{line(command)}`  {line(title)}" for command, title in own]
    shown = [section("*What Baton understands*\n" + "\n".join(lines))]
    shown += sections("*Commands of workflows*\n" + "\n".join(extra), most=3) if extra else []
    shown.append(context("RUN is a run's id, or its beginning or end. The same words work when you mention me."))
    return Message("What Baton understands", fitted(shown))


# workflows ---------------------------------------------------------------------------------------------------


def workflows_message(workflows: Sequence[Workflow[Any, Any]]) -> Message:
    """What can be started."""
    if not workflows:
        return Message("There is no workflow that you may start.")
    rows = [_workflow_row(workflow) for workflow in workflows[:WORKFLOWS]]
    if len(workflows) > WORKFLOWS:
        rows.append(context(f"… and {len(workflows) - WORKFLOWS} more."))
    return Message(f"{count(len(workflows), 'workflow')}", fitted([section("*Workflows*"), *rows]))


def _workflow_row(workflow: Workflow[Any, Any]) -> Block:
    needs = ", ".join(line(field.name) for field in _known_fields(workflow) if field.required)
    own = f" · `{line(workflow.command)}`" if workflow.command else ""
    words = f"*{line(workflow.title)}*\n`{line(workflow.name)}`{own}" + (f" · needs {needs}" if needs else "")
    return section(words, accessory=button(ids.WORKFLOW_START, "Start", workflow.name))


def workflow_message(workflow: Workflow[Any, Any], plan: Plan | None, said: str = "/baton") -> Message:
    """One workflow: what it does, what it needs, and how it is started."""
    fields = _known_fields(workflow)
    name = line(workflow.name)
    shown: list[Block] = [section(f"*{line(workflow.title)}*\n`{name}`")]
    if fields:
        shown += sections("*Input*\n" + "\n".join(_field_row(field) for field in fields), most=4)
    example = " ".join(f"{line(field.name)}=…" for field in fields if field.required)
    shown.append(section(f"Start it with `{said} run {name}{' ' + example if example else ''}`, or by the button."))
    if plan is not None:
        shown += sections("*What it does*\n" + "\n".join(plan_lines(plan)), most=6)
    tail = actions([button(ids.WORKFLOW_START, "Start", workflow.name, style="primary")])
    return Message(f"{line(workflow.title)} ({name})", fitted(shown, tail))


def plan_lines(plan: Plan, most: int = 40) -> list[str]:
    """The steps of a plan before anything ran."""
    return fitted_lines(rows_of([planned(node) for node in plan.nodes], Notes()), most)


def _field_row(field: Field) -> str:
    needed = (
        "needed"
        if field.required
        else f"else {line(str(field.default), 60)}"
        if field.default not in (None, "")
        else "optional"
    )
    what = f": {line(field.description, 200)}" if field.description else ""
    return f"• `{line(field.name)}` ({line(field.type, 80)}, {needed}){what}"


def _known_fields(workflow: Workflow[Any, Any]) -> list[Field]:
    try:
        return fields_of(workflow)
    except BatonError:
        return []


def preview_message(preview: Preview) -> Message:
    """A dry run: what a start would do, and what is in its way."""
    good = not preview.problems
    head = (
        "✅ It would start at once."
        if good
        else "⚠️ *In its way*\n" + "\n".join(f"• {said(problem, 500)}" for problem in preview.problems)
    )
    given = value_of(preview.input)
    rows = (
        [f"{line(str(name))}: *{line(str(value), 150)}*" for name, value in given.items()]
        if isinstance(given, Mapping)
        else []
    )
    asked = [
        f"• *{line(one.title or one.name)}*: {people(one.approvers) if one.approvers else 'known only when it runs'}"
        for one in preview.approvals
    ]
    shown: list[Block] = [section(f"*{line(preview.title)}*, a dry run: nothing was started."), *sections(head, most=3)]
    shown += sections("*Input*\n" + "\n".join(rows), most=3) if rows else []
    shown += sections("*Who is asked*\n" + "\n".join(asked), most=2) if asked else []
    shown += sections("*What it would do*\n" + "\n".join(plan_lines(preview.plan)), most=6)
    return Message(f"{line(preview.title)}: a dry run", fitted(shown))


# runs --------------------------------------------------------------------------------------------------------


def runs_message(runs: Sequence[Run], heading: str, now: datetime, *, more: bool = False) -> Message:
    """A list of runs, the newest first; `heading` is what was looked for, in words."""
    title = line(heading, 200) or "Runs"
    if not runs:
        return Message(f"{title}: none.", (section(f"*{title}*\nThere are no such runs."),))
    rows = [_run_row(run, now) for run in runs[:RUNS]]
    if more or len(runs) > RUNS:
        rows.append(context("There are more: add words, `state:`, `workflow:` or `by:` to find fewer."))
    return Message(f"{title}: {count(len(runs), 'run')}", fitted([section(f"*{title}*"), *rows]))


def _run_row(run: Run, now: datetime) -> Block:
    subject = subject_of(run)
    by = f" by {mention(run.started_by)}" if run.started_by else ""
    words = f"{RUN_SIGNS[run.state]} *{line(title_of(run), 100)}* · {run.state.value}"
    words += f"\n{subject}" if subject else ""
    problem = problem_of(run.error)
    words += f"\n_{said(describe(problem), 200)}_" if problem and run.dead_at else ""
    words += f"\nstarted {ago(run.created_at, now)}{by} · `{line(run.id, 40)}`"
    return section(words, accessory=button(ids.RUN_DETAILS, "Details", run.id))


def started_message(run: Run, where: str = "") -> Message:
    """Says that a run was started; `where` is the channel with its card, as a link."""
    later = f"It starts {when(run.due_at)}." if run.due_at and run.started_at is None else "It is on its way."
    card = f" Its card is in {where}." if where else ""
    words = f"✅ *{line(title_of(run))}*. {later}{card} Run `{line(run.id, 40)}`."
    return Message(words, (section(words),))


def why_message(snapshot: RunSnapshot) -> Message:
    """Why a run stands where it stands, and what helps."""
    run = snapshot.run
    rows = [f"{RUN_SIGNS[run.state]} {standing(snapshot)}", *_helps(snapshot)]
    shown = [
        section(f"*{line(title_of(run))}*"),
        *sections("\n".join(rows), most=4),
        context(f"run `{line(run.id, 40)}`"),
    ]
    move = [button(ids.RUN_DETAILS, "Details", run.id)]
    if run.dead_at is not None:
        move.insert(0, button(ids.RUN_RESUME, "Retry from failed step", run.id, style="primary"))
    return Message(fallback(snapshot), fitted(shown, actions(move)))


def _helps(snapshot: RunSnapshot) -> list[str]:
    run = snapshot.run
    if snapshot.paused and run.state in OPEN:
        return [said(snapshot.paused)]
    if run.dead_at is not None:
        return ["A person has to look at it: retry it, edit its input, skip the step, fork or discard it."]
    waiting = [shown for shown in snapshot.approvals if shown.open]
    return [
        f"{people(shown.approval.approvers)} can decide it with the buttons below its text." for shown in waiting[:3]
    ]


# approvals ---------------------------------------------------------------------------------------------------


def approvals_message(
    waiting: Sequence[tuple[ApprovalSnapshot, Run]], links: Mapping[str, str] | None = None
) -> Message:
    """What waits for decisions. `links` are the addresses of the approvals' messages, by id."""
    if not waiting:
        return Message("Nothing waits for your decision.", (section("✅ Nothing waits for your decision."),))
    shown: list[Block] = [section(f"*{count(len(waiting), 'decision')} wanted*")]
    for approval, run in waiting[:APPROVALS]:
        shown += [divider(), *_approval_row(approval, run, (links or {}).get(approval.approval.id, ""))]
    if len(waiting) > APPROVALS:
        shown.append(context(f"… and {len(waiting) - APPROVALS} more."))
    return Message(f"{count(len(waiting), 'decision')} wanted", fitted(shown))


def _approval_row(shown: ApprovalSnapshot, run: Run, link: str) -> list[Block]:
    approval = shown.approval
    until = f" · until {when(approval.due_at)}" if approval.due_at else ""
    votes = f" · {len(shown.agreed)} of {approval.quorum}" if approval.quorum > 1 else ""
    head = f"⏳ *{line(approval.title or approval.name)}* for {line(title_of(run))}{until}{votes}"
    content = content_of(approval.show)
    if len(content.text) <= SHOWN:
        return [section(f"{head}\n{content.text}"), *approval_buttons(shown)]
    opened = link_button("Open it", link, approval.id)
    return [section(head), context("It is too long for this list: decide it where its full text is."), *actions(opened)]


def why_approval_message(shown: ApprovalSnapshot, run: Run) -> Message:
    """What an approval waits for, or how it was decided."""
    approval = shown.approval
    title = line(approval.title or approval.name)
    match approval.state:
        case ApprovalState.OPEN:
            votes = f" {len(shown.agreed)} of {approval.quorum} approvals are there." if approval.quorum > 1 else ""
            until = f" It expires {when(approval.due_at)}." if approval.due_at else ""
            words = f"⏳ It waits for {people(approval.approvers)} since {when(approval.opened_at)}.{votes}{until}"
        case ApprovalState.DECIDED:
            words = decided_words(shown)
        case ApprovalState.EXPIRED:
            words = f"⌛ Nobody decided in time ({when(approval.closed_at)})."
        case _:
            words = "⏹️ Nobody has to decide it any more."
    head = f"*{title}*, asked for by {line(title_of(run))} (run `{line(run.id, 40)}`)"
    return Message(f"{title}: {approval.state.value}", (section(head), section(words)))


def circle_blocks(circle: Circle, approval: Approval) -> list[Block]:
    """Everybody who is asked, whether they may decide, and why; and the policy by which."""
    rows = [
        f"{'✅' if one.may else '🚫'} {mention(one.person)}: {line(one.because, 200)}" for one in circle.people[:30]
    ]
    rows += [f"❔ {mention(entry)}: nobody can say just now who that is." for entry in circle.unknown[:5]]
    if circle.impossible:
        rows.append(f"⚠️ It can't be decided as it stands. {said(circle.impossible, 600)}")
    found = sections("\n".join(rows) or "Nobody is asked.", most=3)
    terms = recorded(approval)
    if terms is not None:
        facts = ", ".join(f"{name} {value}" for name, value in terms.facts.items())
        found.append(context(line(f"Policy {terms.name}, rule for {terms.rule}{f' ({facts})' if facts else ''}.", 500)))
    return found


def away_words(person: str, status: str, until: datetime | None, deputy: str) -> str:
    """Somebody who is out of office, and who decides for them. They may decide all the same."""
    why = f" ({line(status, 100)})" if status.strip() else ""
    ends = f" until {when(until)}" if until else ""
    instead = f"{mention(deputy)} decides for them" if deputy else "nobody decides for them"
    return f"🌴 {mention(person)} is away{why}{ends}: {instead}."


# small answers -----------------------------------------------------------------------------------------------


def pauses_message(pauses: Sequence[Pause]) -> Message:
    """What is paused."""
    if not pauses:
        return Message("Nothing is paused.")
    rows = [
        f"⏸️ *{line(pause.workflow) or 'Everything'}* by {mention(pause.by)} {when(pause.at)}"
        + (f": {line(pause.reason, 300)}" if pause.reason else "")
        for pause in pauses
    ]
    return Message(f"{count(len(pauses), 'pause')}", fitted(sections("*Paused*\n" + "\n".join(rows))))


def unknown_message(word: str, near: Sequence[str], known: Sequence[str] = (), said: str = "/baton") -> Message:
    """A word that is not understood, with those that may have been meant."""
    hint = f" Did you mean {_or(near)}?" if near else ""
    listed = f" There are: {', '.join(f'`{line(one)}`' for one in known[:20])}." if known and not near else ""
    words = f"There is no `{line(word, 60)}`.{hint}{listed} `{said} help` says what can be said."
    return Message(words, (section(words),))


def _or(words: Sequence[str]) -> str:
    shown = [f"`{line(word, 60)}`" for word in words[:5]]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def input_words(workflow: Workflow[Any, Any]) -> str:
    """The input of a workflow that has no fields, in words."""
    return line(type_of(workflow))
