"""Schedules: the list, one of them, and the two forms that make one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.slack import ids
from bot.slack.fields import Field, FieldKind
from bot.slack.ids import Context, ScheduleRef
from bot.slack.mrkdwn import channel, code, line, mention, said, when
from bot.slack.views.blocks import actions, button, confirm, context, fitted, modal, section, sections
from bot.slack.views.choosing import workflow_choice
from bot.slack.views.content import value_of
from bot.slack.views.inputs import input_blocks
from bot.slack.views.messages import Block, Message, View
from bot.slack.views.modals import input_of
from bot.telling import count, length
from workflows.engine.definition import Workflow
from workflows.engine.schedules.keeping import Seen, Wanted
from workflows.engine.schedules.model import CatchUp, Overlap, Schedule, Tick, TickState

SCHEDULES = 20
RULE_FIELDS = (
    Field("name", "Name", FieldKind.TEXT, required=True, hint="How it is called from now on: letters, digits, dashes.",
          max_length=64, prefix=ids.SCHEDULE_FIELD),
    Field("when", "When", FieldKind.TEXT, required=True, max_length=500, prefix=ids.SCHEDULE_FIELD,
          hint="weekdays 9:00, mondays and fridays at 14:30, every 15 minutes, the 1st of the month at 8:00; "
               "or cron: 0 9 * * mon-fri."),
    Field("zone", "Time zone", FieldKind.TEXT, required=True, hint="Such as Europe/Berlin.", max_length=64,
          prefix=ids.SCHEDULE_FIELD),
    Field("show_in", "Channel that shows its runs", FieldKind.CHANNEL, prefix=ids.SCHEDULE_FIELD),
    Field("overlap", "When a run of it still goes on at a tick", FieldKind.CHOICE, default=Overlap.SKIP.value,
          options=tuple(one.value for one in Overlap), prefix=ids.SCHEDULE_FIELD, required=True,
          hint="Skip the tick, queue it until that run is over, or allow another run beside it."),
    Field("catch_up", "Of the ticks that were missed, start", FieldKind.CHOICE, default=CatchUp.LAST.value,
          options=tuple(one.value for one in CatchUp), prefix=ids.SCHEDULE_FIELD, required=True),
    Field("jitter", "Start up to so much later", FieldKind.TEXT, hint="Such as 30s, 5m or 1h.", max_length=10,
          prefix=ids.SCHEDULE_FIELD),
)  # fmt: skip
"""What a rule is made of, beside its workflow."""


# messages --------------------------------------------------------------------------------------------------


def schedules_message(found: Sequence[Seen], said_as: str = "/baton", *, may_add: bool) -> Message:
    """What starts by the clock."""
    add = actions([button(ids.SCHEDULE_ADD, "New schedule", "new")] if may_add else [])
    if not found:
        words = f'There is no schedule. `{said_as} schedule add NAME WORKFLOW "weekdays 9:00"` makes one.'
        return Message(words, (section(words), *add))
    rows: list[Block] = [section("*Schedules*"), *(schedule_row(seen) for seen in found[:SCHEDULES])]
    if len(found) > SCHEDULES:
        rows.append(context(f"… and {len(found) - SCHEDULES} more. `{said_as} schedule show NAME` shows any of them."))
    return Message(count(len(found), "schedule"), fitted(rows, add))


def schedule_row(seen: Seen) -> Block:
    """One schedule in a list, with a button to look at it."""
    made = seen.schedule
    ahead = ", ".join(when(tick) for tick in seen.next)
    state = f"⏸️ {said(seen.held, 200)}" if seen.held else f"next: {ahead}" if ahead else "It never comes again."
    words = f"🗓️ *{line(made.name)}* starts `{line(made.workflow)}` · {_rule(made)}\n{state}"
    return section(words, accessory=button(ids.SCHEDULE_SHOW, "Details", ScheduleRef(made.name, made.id).text()))


def schedule_message(seen: Seen, coming: Sequence[datetime], ticks: Sequence[Tick], head: str = "") -> Message:
    """One schedule: its rule, the next times in the reader's own zone, what became of the last ones."""
    made = seen.schedule
    rows = [
        f"*{line(made.name)}* starts `{line(made.workflow)}` · {_rule(made)}",
        f"Shown in {channel(made.channel)}." if made.channel else "",
        f"While a run goes on: {made.overlap.value}. Of missed ticks: {made.catch_up.value}."
        + (f" Up to {length(made.jitter)} later." if made.jitter else ""),
        f"Made by {mention(made.created_by)} {when(made.created_at)}.",
    ]
    shown = [section(head)] if head else []
    shown += sections("\n".join(row for row in rows if row), most=2)
    given = value_of(made.input)
    if isinstance(given, Mapping) and given:
        told = [f"{line(str(name), 60)}: *{line(str(value), 150)}*" for name, value in given.items()]
        shown += sections("*Input*\n" + "\n".join(told), most=2)
    shown.append(section(f"⏸️ It starts nothing: {said(seen.held, 1_000)}.") if seen.held else coming_block(coming))
    if ticks:
        shown += sections("*Last ticks*\n" + "\n".join(_tick(tick) for tick in ticks), most=2)
    title = f"{line(made.name)}: {line(made.workflow)}, {_rule(made)}"
    return Message(title, fitted(shown, actions(_buttons(made))))


def removed_message(name: str) -> Message:
    """Says that a schedule is no more."""
    words = f"The schedule *{line(name)}* is removed. Its runs stay: `/baton runs label:schedule={line(name)}`."
    return Message(words, (section(words),))


def asking_message(said_as: str) -> Message:
    """Where no form can be opened: how it is said, and a button that opens it."""
    words = f'Say `{said_as} schedule add NAME WORKFLOW "weekdays 9:00" field=value`, or fill in the form.'
    return Message(words, (section(words), *actions([button(ids.SCHEDULE_ADD, "New schedule", "new")])))


def coming_block(coming: Sequence[datetime]) -> Block:
    """The next times, as the reader's own clock shows them."""
    if not coming:
        return section("It never comes again.")
    return section("*Next, in your time*\n" + "\n".join(f"• {when(one, '{date_long} at {time}')}" for one in coming))


def _rule(made: Schedule) -> str:
    return f"{code(made.cron)} in {line(made.zone)}"


def _tick(tick: Tick) -> str:
    what = "run now" if tick.extra else tick.state.value
    run = f" · run `{line(tick.run_id, 40)}`" if tick.run_id and tick.state is TickState.STARTED else ""
    return f"• {when(tick.at)}: {what}{run}" + (f", {said(tick.reason, 150)}" if tick.reason else "")


def _buttons(made: Schedule) -> list[Block]:
    ref = ScheduleRef(made.name, made.id).text()
    toggle = (ids.SCHEDULE_RESUME, "Resume") if made.paused_at is not None else (ids.SCHEDULE_PAUSE, "Pause")
    sure = confirm("Remove it?", f"*{line(made.name)}* starts nothing any more. Its runs stay.", "Remove", danger=True)
    return [
        button(*toggle, ref),
        button(ids.SCHEDULE_RUN, "Run now", ref),
        button(ids.SCHEDULE_REMOVE, "Remove", ref, style="danger", confirm=sure),
    ]


# forms -----------------------------------------------------------------------------------------------------


def rule_form(known: Sequence[Workflow[Any, Any]], values: Mapping[str, Any], asked: Context) -> View:
    """The first form: which workflow, and when."""
    blocks = [workflow_choice(known, str(values.get("workflow") or ""))]
    blocks += input_blocks(RULE_FIELDS, {name: value for name, value in values.items() if value})
    return modal(ids.VIEW_SCHEDULE, "New schedule", blocks, submit="Next", close="Cancel", metadata=asked.text())


def input_form(
    workflow: Workflow[Any, Any], wanted: Wanted, coming: Sequence[datetime], values: Any, asked: Context
) -> View:
    """The second: the workflow's input, below the next times of the rule."""
    words = f"*{line(wanted.name)}* starts *{line(workflow.title)}* · {code(wanted.cron)} in {line(wanted.zone)}"
    blocks = [section(words), coming_block(coming), *input_of(workflow, values, None)]
    return modal(ids.VIEW_SCHEDULE_INPUT, "New schedule", blocks, submit="Save", close="Back", metadata=asked.text())
