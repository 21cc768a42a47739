"""Phrases that only look: runs, one run, approvals, workflows, help."""

from __future__ import annotations

from typing import Any

from bot.slack.incoming import Caller
from bot.slack.mrkdwn import line, people, said
from bot.slack.parts import Parts
from bot.slack.phrases import Approvals, Help, PhraseError, Runs, Status, Why, Workflows
from bot.slack.reacting import Answer
from bot.slack.views import lists
from bot.slack.views.blocks import context, sections
from bot.slack.views.card import title_of
from bot.slack.views.details import run_details
from bot.slack.views.messages import Block, Message
from bot.slack.views.reading import approval_of
from bot.slack.views.snapshot import ApprovalSnapshot
from workflows.engine.definition import Workflow
from workflows.engine.errors import Refused
from workflows.engine.explaining import Circle, circle_of
from workflows.engine.model import Approval, Run, RunState
from workflows.engine.plan import plan_of
from workflows.engine.ports import RunQuery

MOST = 1000
"""Open approvals that are looked through."""


def runs(parts: Parts, phrase: Runs, caller: Caller) -> Answer:
    """The newest runs that this person may see, and the others in the conversation too where it is one."""
    by = {"me": caller.actor}.get(phrase.by.lower(), phrase.by)
    if by and ":" not in by:
        by = f"slack:{caller.team}:{by}" if by.isupper() else f"cli:{by}"
    if phrase.workflow:
        parts.catalogue.get(phrase.workflow)
    query = RunQuery(
        states=_states(phrase.states), workflow=phrase.workflow, started_by=by, labels=phrase.labels,
        text=phrase.words, limit=lists.RUNS + 1,
    )  # fmt: skip
    found = [run for run in parts.service.listed(query, by=caller.actor) if shareable(parts, run, caller)]
    narrowed = query != RunQuery(limit=query.limit)
    if not found and not narrowed:
        return Answer(Message("No runs yet. `/baton workflows` lists what can be run."))
    heading = "Runs like that" if narrowed else "Newest runs"
    return Answer(lists.runs_message(found, heading, parts.now(), more=len(found) > lists.RUNS))


def shareable(parts: Parts, run: Run, caller: Caller) -> bool:
    """Whether a run may be told of here: what others read must be from here, or from where everybody can read."""
    if not caller.aloud or not run.channel or run.channel == caller.place:
        return True
    room = parts.directory.room(run.channel)
    return room is not None and not room.private


def look(parts: Parts, part: str, caller: Caller) -> Run:
    """The run that a person means and may see here; raises Refused."""
    run = parts.service.look(part.strip("`"), by=caller.actor)
    if not shareable(parts, run, caller):
        raise Refused(
            f"Run {run.id} belongs to a private channel, and others read here. Ask with `/baton status` there."
        )
    return run


def status(parts: Parts, phrase: Status, caller: Caller) -> Answer:
    """One run as it stands."""
    return Answer(run_details(parts.snapshot(look(parts, phrase.run, caller))))


def approvals(parts: Parts, _phrase: Approvals, caller: Caller) -> Answer:
    """What waits for this person; else what waits for others."""
    mine, others = waiting_for(parts, caller)
    if mine or not others:
        return Answer(lists.approvals_message(mine, parts.links([one.approval for one, _ in mine])))
    told = [
        f"• *{line(one.approval.title, 100)}* for {line(title_of(run), 100)}: {people(one.approval.approvers)}"
        for one, run in others[: lists.APPROVALS]
    ]
    return Answer(Message("Nothing waits for your decision. Others are asked for:\n" + "\n".join(told)))


Waiting = list[tuple[ApprovalSnapshot, Run]]


def waiting_for(parts: Parts, caller: Caller) -> tuple[Waiting, Waiting]:
    """Open approvals that this person may decide, and others that they may see; the longest open first."""
    mine: Waiting = []
    others: Waiting = []
    for approval in sorted(parts.store.approvals(limit=MOST), key=lambda one: one.opened_at):
        run = parts.store.run(approval.run_id)
        if not shareable(parts, run, caller):
            continue
        shown = (approval_of(approval, parts.store.decisions(approval.id)), run)
        if may_decide(parts, approval, caller.actor):
            mine.append(shown)
        elif parts.service.access.may_see(caller.actor, run, [approval]):
            others.append(shown)
    return mine, others


def may_decide(parts: Parts, approval: Approval, actor: str) -> bool:
    """Whether a person may decide an approval."""
    try:
        parts.service.access.decide(actor, approval, parts.starters(approval))
    except Refused:
        return False
    return True


def why(parts: Parts, phrase: Why, caller: Caller) -> Answer:
    """Why a run stands where it stands, or whom an approval waits for."""
    approval = parts.store.approval(phrase.what)
    if approval is not None:
        run = look(parts, approval.run_id, caller)
        shown = approval_of(approval, parts.store.decisions(approval.id), parts.store.events(run.id))
        message = lists.why_approval_message(shown, run)
        if not shown.open:
            return Answer(message)
        access, starters = parts.service.access, parts.starters(approval)
        circle = circle_of(access, parts.directory, approval, starters)
        blocks = (*message.blocks, *lists.circle_blocks(circle, approval), *_away(parts, circle, run, approval))
        return Answer(Message(message.text, blocks))
    run = look(parts, phrase.what, caller)
    message = lists.why_message(parts.snapshot(run))
    card = parts.outbox.card(run.id)
    if card is not None and card.error:
        message = Message(message.text, (*message.blocks, context(said(card.error))))
    return Answer(message)


def _away(parts: Parts, circle: Circle, run: Run, approval: Approval) -> list[Block]:
    """Who of those who are asked is out of office, and who decides for them."""
    status = {one.person: parts.directory.absence(one.person, parts.now()) for one in circle.people if one.may}
    away = {person: said for person, said in status.items() if said is not None}
    asked = [one for one in parts.snapshot(run).approvals if one.approval.id == approval.id] if away else []
    deputies = {held.person: held.deputy for one in asked for held in one.deputies}
    rows = [lists.away_words(person, said.text, said.until, deputies.get(person, "")) for person, said in away.items()]
    return sections("\n".join(rows), most=1) if rows else []


def workflows(parts: Parts, phrase: Workflows, caller: Caller) -> Answer:
    """What is installed, or the fields and steps of one."""
    access = parts.service.access
    if phrase.name:
        workflow = parts.catalogue.get(phrase.name)
        if not access.browse(caller.actor):
            access.start(caller.actor, workflow)
        return Answer(lists.workflow_message(workflow, plan_of(workflow)))
    message = lists.workflows_message(known_to(parts, caller))
    pauses = parts.service.pauses() if access.browse(caller.actor) else []
    if pauses:
        message = Message(message.text, (*lists.pauses_message(pauses).blocks, *message.blocks))
    return Answer(message)


def known_to(parts: Parts, caller: Caller) -> list[Workflow[Any, Any]]:
    """What somebody may know of: everything for members, what they may start for guests and strangers."""
    access, found = parts.service.access, parts.catalogue.all()
    return found if access.browse(caller.actor) else [one for one in found if access.may_start(caller.actor, one)]


def help_(parts: Parts, _phrase: Help, caller: Caller) -> Answer:
    """What people can say."""
    own = [(one.command, one.title) for one in known_to(parts, caller) if one.command]
    return Answer(lists.help_message(caller.said, own))


def _states(names: tuple[str, ...]) -> frozenset[RunState]:
    known = [state.value for state in RunState]
    for name in names:
        if name not in known:
            raise PhraseError(f"There is no state {name}. The states are: {', '.join(known)}.")
    return frozenset(RunState(name) for name in names)
