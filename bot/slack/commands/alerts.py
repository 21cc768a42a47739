"""Phrases about alerts: what is wrong, and what is kept quiet."""

from __future__ import annotations

from bot.slack.commands.starting import moment_of
from bot.slack.incoming import Caller
from bot.slack.mrkdwn import line, mention, when
from bot.slack.parts import Parts
from bot.slack.phrases import Alerts, Mute, Mutes, PhraseError, Unmute
from bot.slack.reacting import Answer
from bot.slack.views.blocks import context, fitted, section
from bot.slack.views.messages import Message
from workflows.engine.alerts.model import Alert
from workflows.engine.beats.model import Beat, PartKind

MOST = 20
MOST_PARTS = 10


def alerts(parts: Parts, phrase: Alerts, caller: Caller) -> Answer:
    """What is wrong now; with `all` also what was. And which of Baton's own parts live."""
    found = parts.alerts.listed(by=caller.actor, past=phrase.past)
    living = [one for one in parts.alerts.parts(by=caller.actor).living() if one.kind is not PartKind.PROCESS]
    lives = [context("\n".join(_part(one) for one in living[:MOST_PARTS]))] if living else []
    if not found:
        well = "Nothing is wrong that I know of."
        return Answer(Message(well, (section(well), *lives)))
    rows = [section(_row(alert)) for alert in found[:MOST]]
    how = f"`{caller.said} mute WHAT until 18:00` keeps some of it quiet."
    return Answer(Message(f"{len(found)} alerts", fitted([*rows, *lives, context(how)])))


def mute(parts: Parts, phrase: Mute, caller: Caller) -> Answer:
    """Keep alerts quiet until a time."""
    if not phrase.until:
        raise PhraseError(f"Until when? Say `{caller.said} mute {phrase.what} until 18:00`.")
    made = parts.alerts.mute(phrase.what, moment_of(parts, phrase.until, caller), by=caller.actor)
    back = f"`{caller.said} unmute {line(made.what)}` ends it."
    return Answer(Message(f"Alerts about {line(made.what)} are muted until {when(made.until)}. {back}"))


def unmute(parts: Parts, phrase: Unmute, caller: Caller) -> Answer:
    """Let them be told again."""
    parts.alerts.unmute(phrase.what, by=caller.actor)
    return Answer(Message(f"Alerts about {line(phrase.what)} are told again."))


def mutes(parts: Parts, _phrase: Mutes, caller: Caller) -> Answer:
    """What is kept quiet now."""
    found = parts.alerts.mutes(by=caller.actor)
    rows = [f"• {line(one.what)} until {when(one.until)}, by {mention(one.by)}" for one in found[:MOST]]
    return Answer(Message("\n".join(rows) or "Nothing is muted."))


def _row(alert: Alert) -> str:
    over = f", over {when(alert.over_at)}" if alert.over_at else ""
    since = f"since {when(alert.began_at)}{over}"
    return f"*{line(alert.name)}* ({alert.severity.value}, {line(alert.kind)}) {since}\n{line(alert.words, 300)}."


def _part(beat: Beat) -> str:
    return f"{beat.kind.value} on {line(beat.host, 80)} since {when(beat.began_at)}, version {line(beat.version, 40)}"
