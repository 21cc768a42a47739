"""Choosing one of the workflows that somebody may start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.slack import ids
from bot.slack.ids import Context
from bot.slack.views.blocks import context, modal, text_of
from bot.slack.views.messages import Block, View
from bot.telling import count
from workflows.engine.definition import Workflow

OPTIONS = 100
"""Options of one group, and groups of a menu."""
VALUE = 150
TEXT = 3_000
"""Characters of one input."""


def workflow_choice(known: Sequence[Workflow[Any, Any]], chosen: str = "") -> Block:
    """A menu of workflows; each option carries the name, so that the order may change meanwhile."""
    fit = [one for one in known if len(one.name) <= VALUE][: OPTIONS * OPTIONS]
    options = [{"text": text_of(one.title or one.name, 75), "value": one.name} for one in fit]
    element: Block = {"type": "static_select", "action_id": ids.FORM_INPUT}
    if len(options) <= OPTIONS:
        element["options"] = options
    else:
        element["option_groups"] = [_group(options[at : at + OPTIONS], at) for at in range(0, len(options), OPTIONS)]
    named = next((one for one in options if one["value"] == chosen), None)
    return {
        "type": "input", "block_id": ids.WORKFLOW, "label": text_of("Workflow", 100),
        "element": element | ({"initial_option": named} if named else {}),
    }  # fmt: skip


def choose_form(known: Sequence[Workflow[Any, Any]], asked: Context, text: str | None = None) -> View:
    """Choose a workflow; `text` is that of the message that it is started from, if it is."""
    blocks = [workflow_choice(known)]
    if text is not None:
        element: Block = {"type": "plain_text_input", "action_id": ids.FORM_INPUT, "multiline": True}
        shown = text.encode("utf-8", "replace").decode()[:TEXT]
        blocks.append({
            "type": "input", "block_id": ids.MESSAGE_TEXT, "label": text_of("The message", 100), "optional": True,
            "element": element | ({"initial_value": shown} if shown.strip() else {}),
            "hint": text_of("It is offered to the form that comes next.", 200),
        })  # fmt: skip
        several = len(asked.files.split(",")) if asked.files else 0
        also = [f"{count(several, 'file')} of it" if several else "", "its link" if asked.link else ""]
        told = " and ".join(one for one in also if one)
        blocks += [context(f"So {'is' if told == 'its link' else 'are'} {told}.")] if told else []
    return modal(ids.VIEW_CHOOSE, "Start a workflow", blocks, submit="Next", close="Cancel", metadata=asked.text())


def chosen_in(state: Mapping[str, Any]) -> str:
    """The name of the workflow that was chosen; "" for none."""
    entry = (state.get(ids.WORKFLOW) or {}).get(ids.FORM_INPUT) or {}
    return str((entry.get("selected_option") or {}).get("value") or "")


def _group(options: Sequence[Block], at: int) -> Block:
    return {"label": text_of(f"{at + 1} to {at + len(options)}", 75), "options": list(options)}
