"""What an approver changed in what was shown, as people see it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from bot.slack.mrkdwn import BACKQUOTE, cut, mention, prose
from bot.slack.views.blocks import fitted, section, sections
from bot.slack.views.content import is_short, label, scalar, value_of
from bot.slack.views.messages import Message
from bot.slack.views.snapshot import Edit

ROWS = 400
"""So many changed lines of one text are shown."""


def summary_of(edit: Edit) -> str:
    """Who edited which fields, in a sentence."""
    names = ", ".join(label(name) for name in changed(edit)) or "nothing"
    return f"✏️ Edited by {mention(edit.by)}: {cut(names, 300)}"


def edit_message(edit: Edit, thread: str) -> Message:
    """The difference, for the approval's thread."""
    words = summary_of(edit)
    return Message(words, fitted([section(words), *sections("\n\n".join(_differences(edit)), most=12)]), thread=thread)


def changed(edit: Edit) -> list[str]:
    """The names of the fields that differ."""
    before, after = _values(edit.before), _values(edit.after)
    return [name for name in after if name not in before or before[name] != after[name]]


def is_shown(edit: Edit, show: str) -> bool:
    """Whether what is shown holds the edited values."""
    shown = _values(show)
    return all(shown.get(name) == value for name, value in _values(edit.after).items())


def _differences(edit: Edit) -> list[str]:
    before, after = _values(edit.before), _values(edit.after)
    return [_difference(name, name in before, before.get(name), after[name]) for name in changed(edit)]


def _difference(name: str, known: bool, old: Any, new: Any) -> str:
    if not known:
        return f"*{label(name)}* is now\n{prose(_text(new))}"
    if is_short(old) and is_short(new):
        return f"*{label(name)}*: {scalar(old)} → *{scalar(new)}*"
    rows = list(difflib.unified_diff(_text(old).splitlines(), _text(new).splitlines(), lineterm="", n=1))[2:]
    shown = [prose(row).replace("```", BACKQUOTE * 3) for row in rows if not row.startswith("@@")]
    more = f"\n… and {len(shown) - ROWS} lines more" if len(shown) > ROWS else ""
    return f"*{label(name)}*\n```\n" + "\n".join(shown[:ROWS]) + more + "\n```"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(f"• {scalar(item)}" for item in value)
    return value if isinstance(value, str) else scalar(value)


def _values(text: str) -> Mapping[str, Any]:
    value = value_of(text)
    return value if isinstance(value, Mapping) else {}
