"""Shortcuts: a workflow is chosen from a menu of Slack's, and may begin with what a message has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.slack import ids
from bot.slack.asking import Asking, Edge
from bot.slack.commands.fields import fields_of
from bot.slack.filled import WrongFields
from bot.slack.forms import written
from bot.slack.ids import Context
from bot.slack.incoming import Press, Shortcut, Submission
from bot.slack.mrkdwn import line
from bot.slack.offering import Offer, Offered, offered
from bot.slack.parts import Parts
from bot.slack.reacting import Reaction, heard, instead
from bot.slack.views import modals
from bot.slack.views.blocks import context as small
from bot.slack.views.choosing import choose_form, chosen_in
from bot.slack.views.messages import Message, View
from bot.slack.wording import plain
from bot.slack.words import LATE
from workflows.engine.definition import Workflow
from workflows.engine.errors import NotAllowed, Refused, UnknownWorkflow


def starting_from(asking: Asking, shortcut: Shortcut) -> Reaction:
    """Ask which workflow is to be started."""
    press = Press(shortcut.caller, shortcut.callback, "", shortcut.trigger, shortcut.reply_url)
    if shortcut.callback not in (ids.SHORTCUT_START, ids.SHORTCUT_MESSAGE):
        return heard(lambda: asking.speaker.whisper(press, Message(LATE), modals.telling("Too late", LATE)))

    def form() -> View:
        parts = asking.parts
        known = [one for one in parts.catalogue.all() if parts.service.access.may_start(shortcut.caller.actor, one)]
        if not known:
            raise Refused("There is no workflow that you may start. Those who run Baton can name you as a starter.")
        asked = Context(channel=shortcut.caller.channel)
        if not shortcut.ts:
            return choose_form(known, asked)
        asked = replace(asked, link=link_of(parts, shortcut), files=",".join(shortcut.files[:10]))
        return choose_form(known, asked, plain(shortcut.text))

    return asking.ask(press, form)


def link_of(parts: Parts, shortcut: Shortcut) -> str:
    """The address of the message; "" where Slack did not say what the workspace's is."""
    me = parts.directory.myself()
    if me is None or not me.url:
        return ""
    place = f"{me.url}archives/{shortcut.caller.channel}/p{shortcut.ts.replace('.', '')}"
    inside = shortcut.thread and shortcut.thread != shortcut.ts
    return f"{place}?thread_ts={shortcut.thread}&cid={shortcut.caller.channel}" if inside else place


def chosen(edge: Edge, sent: Submission) -> Reaction:
    """A workflow was chosen: its form comes, with what the message has in the fields that fit."""
    name = chosen_in(sent.state)
    try:
        workflow = edge.parts.catalogue.get(name)
        edge.parts.service.access.start(sent.caller.actor, workflow)
    except (NotAllowed, UnknownWorkflow) as error:
        raise WrongFields({ids.WORKFLOW: str(error)}) from None
    found = offered(fields_of(workflow), _offer(sent.context, sent.caller.team, written(sent.state, ids.MESSAGE_TEXT)))
    asked = Context(workflow=workflow.name, channel=sent.context.channel, files=sent.context.files)
    view = modals.start_form(workflow, found.values, context=asked)
    return instead(view | {"blocks": [view["blocks"][0], *_files_note(workflow, found), *view["blocks"][1:]]})


def with_files(workflow: Workflow[Any, Any], given: Any, asked: Context, team: str) -> Any:
    """An input with the message's files where the form's own input for files was left empty."""
    if not asked.files or not isinstance(given, Mapping):
        return given
    return offered(fields_of(workflow), _offer(asked, team)).files | dict(given)


def _offer(asked: Context, team: str, text: str = "") -> Offer:
    files = tuple(f"slack:{team}:{one}" for one in asked.files.split(",") if one)
    return Offer(text, asked.link, files)


def _files_note(workflow: Workflow[Any, Any], found: Offered) -> list[dict[str, Any]]:
    labels = {one.name: one.label for one in fields_of(workflow)}
    return [
        small(f"📎 What is attached to the message goes into *{line(labels[name])}*, unless you choose something else.")
        for name in found.files
    ]
