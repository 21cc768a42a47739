"""The question before a run that ended well is undone: what its compensations undo, in order."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack import ids
from bot.slack.ids import Context
from bot.slack.mrkdwn import line
from bot.slack.views.blocks import modal, section, sections
from bot.slack.views.card import title_of
from bot.slack.views.messages import View
from bot.slack.views.modals import text_input
from bot.undoing import in_words
from workflows.engine.compensations import seen_as
from workflows.engine.model import Record, Run

BEFORE = "These steps run in this order, each once. The run's own steps are not taken again. It can't be taken back."


def undo_form(run: Run, records: Sequence[Record]) -> View:
    """Ask whether to undo it, with what will be undone."""
    words = "\n".join(f"{number}. {line(in_words(record), 200)}" for number, record in enumerate(records, 1))
    asked = text_input(ids.REASON, "Why?", "Everybody who sees the card reads it.", required=False)
    blocks = [section(f"*{line(title_of(run), 150)}* `{run.id}`\n{BEFORE}"), *sections(words), asked]
    context = Context(run=run.id, digest=seen_as(records))
    return modal(ids.VIEW_UNDO, "Undo a run", blocks, submit="Undo it", close="Back", metadata=context.text())
