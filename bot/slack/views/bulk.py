"""One move for all of a group of dead letters: its buttons, the question with the number, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator

from bot import bulks
from bot.slack import ids
from bot.slack.ids import Context
from bot.slack.mrkdwn import line, said
from bot.slack.views.blocks import actions, button, confirm, modal, section
from bot.slack.views.messages import Block, View
from bot.slack.views.modals import text_input
from workflows.engine.bulks.model import Bulk, EndedAs, Move, Standing
from workflows.engine.letters.model import Group

BUTTONS = {
    ids.GROUP_RESUME: (Move.RESUME, "Resume all", "primary"),
    ids.GROUP_SKIP: (Move.SKIP, "Skip all", ""),
    ids.GROUP_FORK: (Move.FORK, "Fork all", ""),
    ids.GROUP_DISCARD: (Move.DISCARD, "Discard all", "danger"),
}
"""What each button asks for, how it is called, and its style."""
AS_JSON = 'As JSON: "text" in double quotes, a number, a list [ ], an object { }, or null for nothing.'


def all_moves(going: Standing | None, group_id: str) -> list[Block]:
    """The moves for all of a group, or how to stop the one that goes on."""
    if going is not None and going.bulk.ended_at is None:
        return actions([_stop(going.bulk)], ids.GROUP_ALL_ROW)
    return actions(_buttons(group_id), ids.GROUP_ALL_ROW)


def progress(found: Standing) -> str:
    """How far a move is, or how it ended."""
    mark = "⏳" if found.bulk.ended_at is None else "⏹️" if found.bulk.ended_as is EndedAs.CANCELLED else "✅"
    return f"{mark} {said(bulks.standing(found), 1_000)}"


def bulk_form(asked: Standing, group: Group, context: Context, error: str = "") -> View:
    """Ask whether to move these very runs, with their number."""
    bulk = asked.bulk
    words = [f"*{line(bulks.question(bulk, group.workflow), 300)}*", bulks.EFFECT[bulk.move]]
    if asked.since:
        words.append(f"{bulks.runs(asked.since)} more failed since, and are not among them.")
    blocks = [section("\n".join(words)), section(f"❌ {said(group.words, 500) or line(group.error, 100)}")]
    if bulk.move is Move.SKIP:
        blocks.append(text_input(ids.SKIP_VALUE, "Value", AS_JSON, required=False, error=error))
    if bulk.move is Move.DISCARD:
        blocks.append(text_input(ids.NUMBER, f"Type {bulk.total} to discard them", error=error))
        blocks.append(text_input(ids.REASON, "Why?", "Whoever looks at a run later reads it.", required=False))
    title = BUTTONS[_button_of(bulk.move)][1]
    return modal(ids.VIEW_BULK, title, blocks, submit=title, close="Back", metadata=context.text())


def _buttons(group_id: str) -> Iterator[Block]:
    for action, (_, words, style) in BUTTONS.items():
        yield button(action, words, group_id, style=style)


def _stop(bulk: Bulk) -> Block:
    sure = confirm("Stop it?", "The runs whose turn has not come are left as they are.", "Stop")
    return button(ids.GROUP_STOP, "Stop", bulk.id, style="danger", confirm=sure)


def _button_of(move: Move) -> str:
    return next(action for action, (one, _, _) in BUTTONS.items() if one is move)
