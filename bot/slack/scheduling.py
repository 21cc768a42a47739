"""The buttons and forms of schedules. Who may do what is judged at every press, by the verb's rule."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from bot.slack import forms, ids
from bot.slack.asking import Asking, Edge
from bot.slack.commands import scheduling
from bot.slack.commands.scheduling import Given
from bot.slack.filled import WrongFields, at_fields, input_of, read
from bot.slack.ids import Context, ScheduleRef
from bot.slack.incoming import Caller, Press, Submission
from bot.slack.reacting import Reaction, cleared, heard, over
from bot.slack.views.choosing import chosen_in
from bot.slack.views.messages import Message, View
from bot.slack.views.schedules import RULE_FIELDS, removed_message
from workflows.engine.definition import Workflow
from workflows.engine.errors import BatonError, InvalidInput, NotAllowed, Refused, UnknownWorkflow
from workflows.engine.schedules.keeping import Seen, Wanted
from workflows.engine.schedules.model import CatchUp, Overlap

# buttons -------------------------------------------------------------------------------------------------------


def add(asking: Asking, press: Press) -> Reaction:
    """Open the form of a new schedule."""

    def form() -> View:
        given = Given(zone=scheduling.zone_name(asking.parts, press.caller), show_in=press.caller.place)
        return scheduling.rule_form(asking.parts, press.caller, given).view

    return asking.ask(press, form)


def show(asking: Asking, press: Press) -> Reaction:
    """Show one schedule."""
    return _told(asking, press, lambda: _shown(asking, press, _look(asking, press)))


def pause(asking: Asking, press: Press) -> Reaction:
    """Let its ticks pass."""
    seen = asking.parts.schedules.pause(_look(asking, press).schedule.name, by=press.caller.actor)
    return _told(asking, press, lambda: _shown(asking, press, seen))


def resume(asking: Asking, press: Press) -> Reaction:
    """Let it tick again."""
    seen = asking.parts.schedules.resume(_look(asking, press).schedule.name, by=press.caller.actor)
    return _told(asking, press, lambda: _shown(asking, press, seen))


def run_now(asking: Asking, press: Press) -> Reaction:
    """Start one run more."""
    name = _look(asking, press).schedule.name
    message = scheduling.run_now(asking.parts, name, press.caller, press.trigger)
    return _told(asking, press, lambda: message)


def remove(asking: Asking, press: Press) -> Reaction:
    """Delete it."""
    name = _look(asking, press).schedule.name
    asking.parts.schedules.remove(name, by=press.caller.actor)
    return _told(asking, press, lambda: removed_message(name))


def _look(asking: Asking, press: Press) -> Seen:
    """The schedule of a button, unless another has its name by now."""
    ref = ScheduleRef.of(press.value)
    seen = asking.parts.schedules.look(ref.name, by=press.caller.actor)
    if ref.id != seen.schedule.id:
        raise Refused(f"The schedule {ref.name} was removed, and another one is called so. `/baton schedule` lists it.")
    return seen


def _shown(asking: Asking, press: Press, seen: Seen) -> Message:
    return scheduling.shown(asking.parts, seen, press.caller)


def _told(asking: Asking, press: Press, make: Callable[[], Message]) -> Reaction:
    def tell() -> None:
        asking.answer(press, make)
        if press.view:
            asking.show_home(press.caller)

    return heard(tell)


# forms ---------------------------------------------------------------------------------------------------------


def rule_sent(edge: Edge, sent: Submission) -> Reaction:
    """The first form: the second one comes over it, or the words to its fields."""
    values = {name: str(value) for name, value in read(RULE_FIELDS, sent).items()}
    chosen = chosen_in(sent.state)
    try:
        wanted = scheduling.wanted_of(edge.parts, Given(workflow=chosen, **values), sent.caller)
        workflow = edge.parts.schedules.check(wanted, by=sent.caller.actor)
        edge.parts.schedules.check_free(wanted.name)
    except (NotAllowed, UnknownWorkflow) as error:
        raise WrongFields({ids.WORKFLOW: str(error)}) from None
    except Refused:
        raise WrongFields({f"{ids.SCHEDULE_FIELD}name": "There is a schedule of this name already."}) from None
    except InvalidInput as error:
        raise WrongFields(_at_rule(error)) from None
    return over(scheduling.input_form(edge.parts, wanted, workflow, Context(channel=sent.context.channel)))


def input_sent(edge: Edge, sent: Submission) -> Reaction:
    """The second form: the schedule is made."""
    wanted, caller = _unpacked(sent.context), sent.caller
    workflow: Workflow[object, object] = edge.parts.catalogue.get(sent.context.workflow)
    given = input_of(workflow, sent)
    try:
        seen = edge.parts.schedules.add(replace(wanted, given=given), by=caller.actor)
    except InvalidInput as error:
        raise WrongFields(at_fields(workflow, error)) from None

    def tell() -> None:
        edge.speaker.tell(caller, scheduling.shown(edge.parts, seen, caller, "🗓️ It is made."))
        if not caller.channel:
            edge.show_home(Caller(caller.team, caller.user))

    return cleared(tell)


def _at_rule(error: InvalidInput) -> dict[str, str]:
    renamed = {"when" if name == "cron" else name: words for name, words in error.fields.items()}
    found = forms.block_errors(RULE_FIELDS, renamed)
    if not found:
        raise error
    return found


def _unpacked(context: Context) -> Wanted:
    try:
        name, cron, zone, overlap, catch_up, jitter, channel = json.loads(context.rule)
        return Wanted(
            name, context.workflow, cron, None, zone, Overlap(overlap), CatchUp(catch_up),
            timedelta(seconds=float(jitter)), channel,
        )  # fmt: skip
    except (ValueError, TypeError):
        raise BatonError("This form is of an older release. Close it, and begin anew.") from None


PRESSES: dict[str, Callable[[Asking, Press], Reaction]] = {
    ids.SCHEDULE_ADD: add,
    ids.SCHEDULE_SHOW: show,
    ids.SCHEDULE_PAUSE: pause,
    ids.SCHEDULE_RESUME: resume,
    ids.SCHEDULE_RUN: run_now,
    ids.SCHEDULE_REMOVE: remove,
}
"""What the buttons of schedules do, by action id."""
FORMS: dict[str, Callable[[Edge, Submission], Reaction]] = {
    ids.VIEW_SCHEDULE: rule_sent,
    ids.VIEW_SCHEDULE_INPUT: input_sent,
}
"""What the forms of schedules do, by callback id."""
