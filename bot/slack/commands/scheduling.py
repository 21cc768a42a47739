"""Phrases about schedules, and what their buttons do too: one way for both."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from bot.rules import rule_of
from bot.slack.commands.fields import given_values, missing
from bot.slack.ids import Context
from bot.slack.incoming import Caller
from bot.slack.mrkdwn import line
from bot.slack.parts import Parts
from bot.slack.phrases import AddSchedule, KeepSchedule, ListSchedules, PhraseError
from bot.slack.reacting import Answer, Form
from bot.slack.views import lists, schedules
from bot.slack.views.messages import Message
from bot.times import short_length_of
from workflows.engine.definition import Workflow
from workflows.engine.errors import InvalidInput, NotAllowed, Refused
from workflows.engine.schedules.keeping import Seen, Wanted
from workflows.engine.schedules.model import CatchUp, Overlap

T = TypeVar("T")
E = TypeVar("E", Overlap, CatchUp)

SOURCE = "slack"
TICKS = 5
"""Past ticks that are shown with a schedule."""


# making --------------------------------------------------------------------------------------------------------


def add(parts: Parts, phrase: AddSchedule, caller: Caller) -> Answer | Form:
    """Make a schedule, or ask for what is missing: first for the rule, then for the input."""
    given = _given(parts, phrase, caller)
    if not (phrase.name and phrase.workflow and phrase.when):
        return rule_form(parts, caller, given)
    wanted = wanted_of(parts, given, caller)
    workflow = parts.schedules.check(wanted, by=caller.actor)
    parts.schedules.check_free(wanted.name)
    values = given_values(workflow, phrase.fields, caller.team)
    lacking = missing(workflow, values)
    if not lacking:
        seen = parts.schedules.add(replace(wanted, given=values), by=caller.actor)
        return Answer(shown(parts, seen, caller, "🗓️ It is made."))
    view = input_form(parts, wanted, workflow, Context(channel=caller.channel), values)
    words = f"{', '.join(f'`{name}`' for name in lacking)} of {line(workflow.title, 100)} is missing."
    example = " ".join(f"{name}=…" for name in lacking)
    return Form(view, Message(f"{words} Say it again with `{example}` at its end."))


@dataclass(frozen=True)
class Given:
    """What somebody said of a new schedule, as they said it; "" is what they did not say."""

    name: str = ""
    workflow: str = ""
    when: str = ""
    zone: str = ""
    overlap: str = ""
    catch_up: str = ""
    jitter: str = ""
    show_in: str = ""


def _given(parts: Parts, phrase: AddSchedule, caller: Caller) -> Given:
    options = dict(phrase.options)
    place = options.pop("show_in", "")
    if place and not place.startswith("slack:"):
        place = f"slack:{caller.team}:{place}" if place.isupper() and place.isalnum() else place
    zone = phrase.zone or zone_name(parts, caller)
    return Given(phrase.name, phrase.workflow, phrase.when, zone, show_in=place or caller.place, **options)


def zone_name(parts: Parts, caller: Caller) -> str:
    """The person's own time zone, by its IANA name."""
    person = parts.directory.person(caller.actor)
    return person.zone if person is not None and person.zone else "UTC"


def wanted_of(parts: Parts, given: Given, caller: Caller) -> Wanted:
    """What was said as a schedule that can be checked; raises InvalidInput with words for the field."""
    if given.show_in and given.show_in != caller.place:
        _check_place(parts, given.show_in, caller)
    return Wanted(
        given.name, given.workflow, _about("when", lambda: rule_of(given.when)), None, given.zone or "UTC",
        _one_of(Overlap, given.overlap or Overlap.SKIP, "overlap"),
        _one_of(CatchUp, given.catch_up or CatchUp.LAST, "catch_up"),
        _about("jitter", lambda: short_length_of(given.jitter, "A jitter of")), given.show_in,
    )  # fmt: skip


def _check_place(parts: Parts, place: str, caller: Caller) -> None:
    """Whoever has runs shown in a channel must be able to read them there."""
    room = parts.directory.room(place)
    if room is None or not parts.directory.sees(caller.actor, place):
        words = "Runs can be shown only in a channel that you can read, and that the bot knows: invite it there."
        raise InvalidInput(words, {"show_in": words})


def _about(field: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except InvalidInput as error:
        raise InvalidInput(str(error), {field: str(error)}) from None


def _one_of(kind: type[E], given: str, field: str) -> E:
    try:
        return kind(given.lower())
    except ValueError:
        words = f"--{field.replace('_', '-')} is one of {', '.join(kind)}."
        raise InvalidInput(words, {field: words}) from None


def rule_form(parts: Parts, caller: Caller, given: Given) -> Form:
    """The first of two forms: which workflow, and when."""
    known = startable(parts, caller)
    if not known:
        raise NotAllowed("There is no workflow that you may schedule. `/baton workflows` lists those that you know.")
    view = schedules.rule_form(known, vars(given), Context(channel=caller.channel))
    return Form(view, schedules.asking_message(caller.said))


def startable(parts: Parts, caller: Caller) -> list[Workflow[Any, Any]]:
    """What somebody may schedule."""
    found = []
    for workflow in parts.catalogue.all():
        try:
            parts.service.access.schedule(caller.actor, workflow)
        except NotAllowed:
            continue
        found.append(workflow)
    return found


def input_form(
    parts: Parts, wanted: Wanted, workflow: Workflow[Any, Any], context: Context, values: Any = None
) -> dict[str, Any]:
    """The second: what the workflow is to be given, below the next times of the rule."""
    coming = parts.schedules.coming(wanted.cron, wanted.zone)
    known = replace(context, workflow=workflow.name, rule=packed(wanted))
    if not known.fits():
        raise PhraseError("This rule is too long for a form. Make it shorter.")
    return schedules.input_form(workflow, wanted, coming, values, known)


def packed(wanted: Wanted) -> str:
    """All but the input, for a view to carry."""
    return json.dumps(
        [wanted.name, wanted.cron, wanted.zone, wanted.overlap, wanted.catch_up, wanted.jitter.total_seconds(),
         wanted.channel]
    )  # fmt: skip


# keeping -------------------------------------------------------------------------------------------------------


def listed(parts: Parts, _phrase: ListSchedules, caller: Caller) -> Answer:
    """The schedules that this person may see."""
    found = seen_by(parts, caller)
    return Answer(schedules.schedules_message(found, caller.said, may_add=bool(startable(parts, caller))))


def seen_by(parts: Parts, caller: Caller) -> list[Seen]:
    """Those that may be told of here: what others read must be from here, or from where everybody can read."""
    found = parts.schedules.listed(by=caller.actor)
    return [seen for seen in found if _shareable(parts, seen, caller)]


def _shareable(parts: Parts, seen: Seen, caller: Caller) -> bool:
    place = seen.schedule.channel
    if not caller.aloud or not place or place == caller.place:
        return True
    room = parts.directory.room(place)
    return room is not None and not room.private


def keep(parts: Parts, phrase: KeepSchedule, caller: Caller, key: str) -> Answer:
    """Look at a schedule, or do something with it. `key` makes a repeated run-now harmless."""
    name, by = phrase.name, caller.actor
    seen = parts.schedules.look(name, by=by)
    if not _shareable(parts, seen, caller):
        raise Refused(f"The schedule {name} belongs to a private channel, and others read here. Ask for it there.")
    match phrase.verb:
        case "pause":
            return Answer(shown(parts, parts.schedules.pause(name, by=by), caller))
        case "resume":
            return Answer(shown(parts, parts.schedules.resume(name, by=by), caller))
        case "remove":
            parts.schedules.remove(name, by=by)
            return Answer(schedules.removed_message(name))
        case "run-now":
            return Answer(run_now(parts, name, caller, key))
        case _:
            return Answer(shown(parts, seen, caller))


def run_now(parts: Parts, name: str, caller: Caller, key: str) -> Message:
    """Start one run more, once for each press or command."""
    parts.schedules.look(name, by=caller.actor)
    if not parts.store.received(SOURCE, f"schedule:{key}"):
        return Message(f"`{name}` was started by this already.")
    run = parts.schedules.run_now(name, by=caller.actor)
    parts.refresh(run.id)
    return lists.started_message(run)


def shown(parts: Parts, seen: Seen, caller: Caller, head: str = "") -> Message:
    """One schedule with its next times and what became of the last ones."""
    made = seen.schedule
    coming: tuple[datetime, ...] = ()
    if made.paused_at is None and seen.next:
        coming = parts.schedules.coming(made.cron, made.zone)
    ticks = parts.schedules.ticks(made.name, by=caller.actor, limit=TICKS)
    return schedules.schedule_message(seen, coming, ticks, head)
