"""Phrases about groups of dead letters: list them, claim one, give it back."""

from __future__ import annotations

from bot.slack.commands.looking import shareable
from bot.slack.incoming import Caller
from bot.slack.mrkdwn import line, mention, said, when
from bot.slack.parts import Parts
from bot.slack.phrases import Claim, DeadLetters, Release
from bot.slack.reacting import Answer
from bot.slack.views.blocks import context, section
from bot.slack.views.messages import Message
from bot.telling import count
from workflows.engine.letters.model import Counted, GroupQuery

MOST = 15
"""Groups that a list shows."""


def listed(parts: Parts, phrase: DeadLetters, caller: Caller) -> Answer:
    """The groups that this person may see, and the others in the conversation too where it is one."""
    if phrase.workflow:
        parts.catalogue.get(phrase.workflow)
    query = GroupQuery(phrase.workflow, caller.actor if phrase.mine else "", not phrase.all, limit=MOST + 1)
    found = [one for one in parts.desk.listed(query, by=caller.actor) if _shareable(parts, one, caller)]
    if not found:
        return Answer(
            Message("There are no dead letters like that." if phrase != DeadLetters() else "No dead letters.")
        )
    rows = [section(_row(one)) for one in found[:MOST]]
    tail = "`/baton claim GROUP` tells others that you see to it; `/baton deadletters mine` lists yours."
    more = [f"… and more. Narrow it: `/baton deadletters workflow:NAME`. {tail}" if len(found) > MOST else tail]
    heading = f"{count(len(found[:MOST]), 'group')} of dead letters"
    return Answer(Message(heading, (section(f"*{heading}*"), *rows, context(*more))))


def claim(parts: Parts, phrase: Claim, caller: Caller) -> Answer:
    """Make the caller the owner of a group."""
    found = parts.desk.claim(phrase.group, by=caller.actor)
    parts.changed(found.group.id)
    return Answer(Message(f"Group `{found.group.id}` is yours: {count(found.open, 'run')} to see to."))


def release(parts: Parts, phrase: Release, caller: Caller) -> Answer:
    """Give a group back."""
    found = parts.desk.release(phrase.group, by=caller.actor)
    parts.changed(found.group.id)
    return Answer(Message(f"Group `{found.group.id}` is claimed by nobody now."))


def _shareable(parts: Parts, one: Counted, caller: Caller) -> bool:
    members = parts.desk.letters.members(one.group.id, limit=1)
    return all(shareable(parts, seen.run, caller) for seen in parts.store.recorded([m.run_id for m in members]))


def _row(one: Counted) -> str:
    group = one.group
    owner = f" · claimed by {mention(group.owner)}" if group.owner else ""
    step = f" at *{line(group.step, 80)}*" if group.step else ""
    waiting = (
        f"{one.open} of {count(one.runs, 'run')} to see to" if one.open else f"{count(one.runs, 'run')}, all dealt with"
    )
    return (
        f"*{line(group.workflow, 80)}*{step}: {said(group.words, 200) or 'It stopped.'}\n"
        f"{waiting} · last {when(one.last_at)}{owner} · `{group.id}`"
    )
