"""The buttons that move all of a group of dead letters, and the question behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot import bulks
from bot.slack import forms, ids
from bot.slack.asking import Asking, Edge
from bot.slack.filled import WrongFields
from bot.slack.incoming import Press, Submission
from bot.slack.parts import Parts
from bot.slack.reacting import Reaction, heard, instead
from bot.slack.views import modals
from bot.slack.views.bulk import BUTTONS, bulk_form
from bot.slack.views.messages import View
from workflows.engine.bulks.model import Bulk, Move, Standing
from workflows.engine.letters.ports import card_of


def ask(asking: Asking, press: Press) -> Reaction:
    """Freeze what waits in the group, and ask whether to move it, with the number."""

    def form() -> View:
        by = press.caller.actor
        asked = asking.parts.bulks.ask(press.value, BUTTONS[press.action][0], by=by)
        group = asking.parts.desk.look(asked.bulk.group_id, by=by).group
        return bulk_form(asked, group, asking.context(press, bulk=asked.bulk.id))

    return asking.ask(press, form)


def confirmed(edge: Edge, sent: Submission) -> Reaction:
    """Let the move begin that was asked for."""
    parts, context, by = edge.parts, sent.context, sent.caller.actor
    bulk = parts.bulks.look(context.bulk, by=by).bulk
    value, reason = _filled(bulk, sent)
    begun = parts.bulks.confirm(bulk.id, by=by, value=value, reason=reason)
    if _shown(parts, begun, context.channel, context.message, context.reply_url):
        return heard()
    return instead(modals.telling("It has begun", bulks.standing(begun)))


def stop(asking: Asking, press: Press) -> Reaction:
    """Leave the runs whose turn has not come."""
    stopped = asking.parts.bulks.cancel(press.value, by=press.caller.actor)
    if _shown(asking.parts, stopped, press.caller.channel, press.ts, press.reply_url):
        return heard()
    return asking.whisper(press, bulks.standing(stopped))


def _filled(bulk: Bulk, sent: Submission) -> tuple[Any, str]:
    """The value of a skip, and the reason of a discard, which is confirmed by its number."""
    if bulk.move is Move.DISCARD:
        if forms.written(sent.state, ids.NUMBER).replace(",", "") != str(bulk.total):
            raise WrongFields({ids.NUMBER: f"Type {bulk.total} to discard {bulks.runs(bulk.total)}."})
        return None, forms.written(sent.state, ids.REASON)
    text = forms.written(sent.state, ids.SKIP_VALUE) if bulk.move is Move.SKIP else ""
    try:
        return (forms.json_value(text) if text else None), ""
    except ValueError as error:
        raise WrongFields({ids.SKIP_VALUE: str(error)}) from None


def _shown(parts: Parts, found: Standing, channel: str, ts: str, reply_url: str) -> bool:
    """Have the group's message show it; False where the press was on no message of the group."""
    card = card_of(found.bulk.group_id)
    shown = bool(channel and ts) and parts.reply_at(card, channel, ts, reply_url)
    parts.changed(found.bulk.group_id)
    return shown


PRESSES: dict[str, Callable[[Asking, Press], Reaction]] = {**dict.fromkeys(BUTTONS, ask), ids.GROUP_STOP: stop}
FORMS: dict[str, Callable[[Edge, Submission], Reaction]] = {ids.VIEW_BULK: confirmed}
