"""The forms that commands and buttons open. Each carries ids in its `private_metadata` (`Context`) and no content."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bot.inputs import schema_of, type_of
from bot.slack import ids
from bot.slack.fields import Field, fields_for
from bot.slack.ids import Context
from bot.slack.mrkdwn import line, people, said, when
from bot.slack.views.blocks import context as small
from bot.slack.views.blocks import modal, section, sections, text_of
from bot.slack.views.card import title_of
from bot.slack.views.content import value_of
from bot.slack.views.inputs import input_blocks
from bot.slack.views.messages import Block, View
from workflows.engine.definition import Workflow
from workflows.engine.model import Approval, Record, Run

Values = Mapping[str, Any]
Errors = Mapping[str, str]


def loading(title: str) -> View:
    """Opened at once, since a press opens a view within three seconds or not at all."""
    return modal(ids.VIEW_LOADING, title, [section("⏳ One moment…")])


def telling(title: str, words: str) -> View:
    """Says something and takes nothing; `words` are mrkdwn."""
    return modal(ids.VIEW_CLOSING, title, sections(words) or [section("…")])


# runs --------------------------------------------------------------------------------------------------------


def start_form(
    workflow: Workflow[Any, Any],
    values: Values | None = None,
    errors: Errors | None = None,
    context: Context = Context(),  # noqa: B008 - immutable
) -> View:
    """Start a run: the workflow's input model is the form."""
    blocks = [section(f"*{line(workflow.title or workflow.name)}*"), *_wrong(errors)]
    blocks += input_of(workflow, values, errors)
    if context.at:
        blocks.append(small(f"It starts {_moment(context.at)}."))
    else:
        blocks.append(_later())
    return modal(ids.VIEW_START, "Start a run", blocks, submit="Start", close="Cancel", metadata=context.text())


def edit_form(
    run: Run, workflow: Workflow[Any, Any], values: Values | None = None, errors: Errors | None = None,
    context: Context = Context(),  # noqa: B008 - immutable
) -> View:  # fmt: skip
    """Edit the input of a failed or parked run; the run then does everything anew."""
    given = value_of(run.input)
    shown = values if values is not None else given
    words = f"*{line(title_of(run))}*\nWith another input the run does everything anew, even what was already done."
    blocks = [section(words), *_wrong(errors), *input_of(workflow, shown, errors)]
    return modal(ids.VIEW_EDIT, "Edit input and retry", blocks, submit="Retry", close="Back", metadata=context.text())


def cancel_form(run: Run, context: Context) -> View:
    """Cancel a run, with the reason."""
    words = f"*{line(title_of(run))}*\nThe run ends, and what its sagas finished is undone. This can't be taken back."
    blocks = [section(words), text_input(ids.REASON, "Why?", "Everybody who sees the card reads it.", required=False)]
    return modal(
        ids.VIEW_CANCEL, "Cancel this run", blocks, submit="Cancel the run", close="Back", metadata=context.text()
    )


def skip_form(
    run: Run, record: Record, context: Context, errors: Errors | None = None, schema: Mapping[str, Any] | None = None
) -> View:
    """Give a value for a failed step; `schema` is that of its result, where it is known and an object."""
    title = line(record.title or record.name)
    words = f"*{line(title_of(run))}*\nThe run goes on as if *{title}* had given this value. Be sure that it is right."
    blocks = [section(words), *_wrong(errors)]
    fields = fields_for(schema) if schema else ()
    if fields:
        blocks += input_blocks(fields, {}, errors)
    else:
        hint = 'As JSON: "text" in double quotes, a number, a list [ ], an object { }, or null for nothing.'
        blocks.append(text_input(ids.SKIP_VALUE, "Value", hint, error=(errors or {}).get(ids.SKIP_VALUE, "")))
    return modal(ids.VIEW_SKIP, "Skip with a value", blocks, submit="Skip", close="Back", metadata=context.text())


# approvals ---------------------------------------------------------------------------------------------------


def approve_form(
    approval: Approval, context: Context, values: Values | None = None, errors: Errors | None = None
) -> View:
    """Approve, filling in what the approval asks for."""
    fields = fields_for(approval.fields) if approval.fields else ()
    blocks = [*_about(approval), *_wrong(errors), *input_blocks(fields, values, errors), _comment()]
    return modal(ids.VIEW_APPROVE, "Approve", blocks, submit="Approve", close="Back", metadata=context.text())


def edit_approve_form(
    approval: Approval, context: Context, values: Values | None = None, errors: Errors | None = None
) -> View:
    """Change what is shown, and approve it as changed. `values` are of both what is edited and what is filled in."""
    given = dict(values or {})
    edited, current = editable_of(approval)
    fields = fields_for(approval.fields) if approval.fields else ()
    blocks = [*_about(approval), *_wrong(errors), *input_blocks(edited, {**current, **given}, errors)]
    blocks += [*input_blocks(fields, given, errors), _comment()]
    title = "Edit and approve"
    return modal(ids.VIEW_EDIT_APPROVE, title, blocks, submit="Approve", close="Back", metadata=context.text())


def editable_of(approval: Approval) -> tuple[tuple[Field, ...], dict[str, Any]]:
    """What may be edited: its fields, and their values now."""
    editable = value_of(approval.editable)
    if not isinstance(editable, Mapping):
        return (), {}
    return fields_for(editable.get("schema", {}), ids.EDITED), dict(editable.get("values", {}))


def changes_form(approval: Approval, context: Context, given: str = "") -> View:
    """Ask for changes, in words that the run works with; `given` are those that somebody wrote elsewhere."""
    asked = text_input(ids.COMMENT, "What should change?", "It is done again, and your words go with it.", given=given)
    blocks = [*_about(approval), asked]
    return modal(ids.VIEW_CHANGES, "Request changes", blocks, submit="Send", close="Back", metadata=context.text())


def reject_form(approval: Approval, context: Context) -> View:
    """Reject, with the reason."""
    hint = "Everybody who sees the approval reads it. A rejection ends most runs."
    blocks = [*_about(approval), text_input(ids.COMMENT, "Why?", hint, required=False)]
    return modal(ids.VIEW_REJECT, "Reject", blocks, submit="Reject", close="Back", metadata=context.text())


def reassign_form(approval: Approval, context: Context, errors: Errors | None = None) -> View:
    """Hand an approval to others."""
    chosen: Block = {
        "type": "input", "block_id": ids.PEOPLE, "label": text_of("Who decides instead?", 100),
        "element": {"type": "multi_users_select", "action_id": ids.FORM_INPUT},
    }  # fmt: skip
    now = small(f"Now asked: {people(approval.approvers)}. Approvals given so far count no more.")
    blocks = [*_about(approval), *_wrong(errors), chosen, now]
    blocks.append(text_input(ids.REASON, "Why?", "They read it.", required=False))
    return modal(ids.VIEW_REASSIGN, "Reassign", blocks, submit="Hand over", close="Back", metadata=context.text())


# parts -------------------------------------------------------------------------------------------------------


def input_of(workflow: Workflow[Any, Any], values: Any, errors: Errors | None) -> list[Block]:
    """The inputs for what a workflow is to be given."""
    fields = fields_for(schema_of(workflow))
    if fields:
        return input_blocks(fields, values if isinstance(values, Mapping) else {}, errors)
    kind = type_of(workflow)
    if kind in ("nothing", "object"):
        return [small("It needs no input.")]
    given = json.dumps(values, ensure_ascii=False) if values is not None else ""
    wrong = (errors or {}).get(ids.WHOLE_INPUT, "")
    return [text_input(ids.WHOLE_INPUT, "Input", f"As JSON: {kind}.", given=given[:3_000], error=wrong)]


def _wrong(errors: Errors | None) -> Iterable[Block]:
    words = (errors or {}).get("", "")
    return [section(f"⚠️ {said(words, 1_000)}")] if words else []


def _about(approval: Approval) -> list[Block]:
    until = f"\nIt expires {when(approval.due_at)}." if approval.due_at else ""
    return [section(f"*{line(approval.title or approval.name)}*{until}")]


def _comment() -> Block:
    return text_input(ids.COMMENT, "Comment", "Everybody who sees the approval reads it.", required=False)


def text_input(
    block_id: str, label: str, hint: str = "", *, required: bool = True, given: str = "", error: str = ""
) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": ids.FORM_INPUT, "multiline": True}
    made: Block = {
        "type": "input", "block_id": block_id, "label": text_of(label, 100), "optional": not required,
        "element": element | ({"initial_value": given} if given else {}),
    }  # fmt: skip
    words = f"⚠️ {error}" if error else hint
    return made | ({"hint": text_of(words, 1_900)} if words else {})


def _later() -> Block:
    return {
        "type": "input", "block_id": ids.START_AT, "label": text_of("Start later", 100), "optional": True,
        "element": {"type": "datetimepicker", "action_id": ids.FORM_INPUT},
        "hint": text_of("Empty: it starts at once.", 100),
    }  # fmt: skip


def _moment(text: str) -> str:
    try:
        return when(datetime.fromisoformat(text))
    except ValueError:
        return line(text)
