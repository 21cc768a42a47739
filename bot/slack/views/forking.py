"""The form that asks from which step a run is to be forked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.slack import ids
from bot.slack.ids import Context
from bot.slack.mrkdwn import line
from bot.slack.views.blocks import modal, section, text_of
from bot.slack.views.card import title_of
from bot.slack.views.messages import Block, View
from workflows.engine.model import DONE, Kind, Record, Run

FAILED = "-"
"""The option that stands for no step: where it failed, else from the beginning."""
STEPS = 99
KEY = 150
"""Characters of an option's value."""


def fork_form(run: Run, records: Iterable[Record]) -> View:
    """Where to fork: what came before the step is taken over, the rest is done anew."""
    kinds = (Kind.STEP, Kind.APPROVAL, Kind.CHILD, Kind.SIGNAL, Kind.SLEEP)
    steps = [r for r in records if r.kind in kinds and r.state in DONE and not r.scope and len(r.key) <= KEY][:STEPS]
    first = {"text": text_of("Where it failed, or from the beginning", 75), "value": FAILED}
    options = [first, *({"text": text_of(f"{r.title or r.name} ({r.key})", 75), "value": r.key} for r in steps)]
    menu: Block = {
        "type": "input", "block_id": ids.STEP, "label": text_of("From which step?", 100),
        "element": {
            "type": "static_select", "action_id": ids.FORM_INPUT, "options": options, "initial_option": first,
        },
    }  # fmt: skip
    words = (
        f"*{line(title_of(run), 150)}* `{run.id}`\nA new run takes over what came before the step, and does the rest "
        "anew on today's code. An open original ends."
    )
    return modal(
        ids.VIEW_FORK, "Fork a run", [section(words), menu], submit="Fork", close="Cancel",
        metadata=Context(run=run.id).text(),
    )  # fmt: skip


def step_in(state: Mapping[str, Any]) -> str:
    """The key of the step that was chosen; "" for none."""
    entry = (state.get(ids.STEP) or {}).get(ids.FORM_INPUT) or {}
    chosen = str((entry.get("selected_option") or {}).get("value") or "")
    return "" if chosen == FAILED else chosen
