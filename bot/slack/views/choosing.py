"""Choosing one of the workflows that somebody may start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.slack import ids
from bot.slack.views.blocks import text_of
from bot.slack.views.messages import Block
from workflows.engine.definition import Workflow

OPTIONS = 100
"""Options of one group, and groups of a menu."""
VALUE = 150


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


def chosen_in(state: Mapping[str, Any]) -> str:
    """The name of the workflow that was chosen; "" for none."""
    entry = (state.get(ids.WORKFLOW) or {}).get(ids.FORM_INPUT) or {}
    return str((entry.get("selected_option") or {}).get("value") or "")


def _group(options: Sequence[Block], at: int) -> Block:
    return {"label": text_of(f"{at + 1} to {at + len(options)}", 75), "options": list(options)}
