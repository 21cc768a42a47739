"""A digest as a message: figures on top, then what matters most; its chart is a file below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.digests.keeping import Plan, Preview
from bot.digests.readers import is_person
from bot.slack.ids import DIGEST_DROP, DIGEST_SAVE
from bot.slack.mrkdwn import channel, escape, line, link, mention, people, when
from bot.slack.views.blocks import actions, button, context, fitted, header, section
from bot.slack.views.messages import Block, Message
from workflows.digests.desk import EVERYONE
from workflows.engine.digests.definition import Digest
from workflows.engine.digests.page import Group, Item, ItemKind, Page
from workflows.engine.schedules.keeping import Seen

HEADINGS = {
    ItemKind.YOURS: ":point_right: Waiting for you",
    ItemKind.FAILED: ":x: Failed",
    ItemKind.WAITING: ":hourglass: Waiting for others",
    ItemKind.SLOW: ":snail: Slow",
    ItemKind.DONE: ":white_check_mark: Done",
}
NOTHING = "Nothing happened, and nothing waits."
MOST = 20
"""Digests that a list names."""
ITEM = 260
"""Characters of one item's words."""


def digest_message(page: Page, links: Mapping[str, str]) -> Message:
    """The page as a message. `links` are addresses by the id of an approval or run."""
    span = f"{when(page.since)} to {when(page.until)}"
    blocks: list[Block] = [header(page.title), context(span)]
    if page.figures:
        blocks.append(section("   ".join(_figure(one.name, one.value, one.before) for one in page.figures)))
    blocks += [section(_group(group, links)) for group in page.groups]
    if page.is_empty:
        blocks.append(section(NOTHING))
    if page.note:
        blocks.append(context(escape(page.note)))
    return Message(_text(page), fitted(blocks))


def preview_message(preview: Preview, shown: Message) -> Message:
    """How it would look now, with what saves it."""
    plan = preview.plan
    ahead = ", ".join(when(tick) for tick in preview.next)
    where = "each person for whom something waits, by their own clock" if plan.place == EVERYONE else place_words(plan)
    words = f"This is how `{line(plan.digest)}` looks now. Saved, it goes to {where}. Next: {ahead}."
    buttons = actions(
        [
            button(DIGEST_SAVE, "Save", preview.draft, style="primary"),
            button(DIGEST_DROP, "Drop", preview.draft),
        ]
    )
    return Message(words, fitted([section(words), *shown.blocks], buttons))


def place_words(plan: Plan) -> str:
    """Where a digest goes."""
    return mention(plan.place) if is_person(plan.place) else channel(plan.place)


def digests_message(found: Sequence[Seen], installed: Sequence[Digest], said: str) -> Message:
    """The digests that are posted, and those that can be added."""
    rows = [_row(seen) for seen in found[:MOST]]
    if len(found) > MOST:
        rows.append(f"_… and {len(found) - MOST} more: `baton digest list` has them all._")
    listed = "\n".join(rows) or "Nothing is posted by the clock yet."
    names = "\n".join(f"• `{one.name}`  {line(one.title)}" for one in installed)
    how = f"`{said} digest add NAME #channel weekdays 9:00` shows one before it is saved."
    blocks = [section(f"*Digests*\n{listed}"), section(f"*Can be added*\n{names}"), context(how)]
    return Message("Digests", fitted(blocks))


def ahead_words(seen: Seen) -> str:
    """When it comes next."""
    return f"It comes next {when(seen.next[0])}." if seen.next else ""


def _row(seen: Seen) -> str:
    made = seen.schedule
    where = "everyone" if made.channel == EVERYONE else mention(made.channel) if is_person(made.channel) else ""
    state = "paused" if made.paused_at else ahead_words(seen)
    return f"• `{made.name}` to {where or channel(made.channel)}. {state}"


def _figure(name: str, value: str, before: str) -> str:
    shown = f"*{escape(name)}* {escape(value)}"
    return f"{shown} (before: {escape(before)})" if before else shown


def _group(group: Group, links: Mapping[str, str]) -> str:
    rows = [f"*{HEADINGS[group.kind]}*", *(f"• {_item(item, links)}" for item in group.items)]
    if group.more:
        rows.append(f"_… and {group.more} more_")
    return "\n".join(rows)


def _item(item: Item, links: Mapping[str, str]) -> str:
    url = item.url or links.get(item.approval, "") or links.get(item.run_id, "")
    words = line(item.text, ITEM)
    shown = f"{words} {link(url, 'open')}" if url else words
    if item.people:
        shown += f": {people(item.people)}"
    if item.kind in (ItemKind.YOURS, ItemKind.WAITING) and item.at:
        shown += f", since {when(item.at)}"
    return shown if url or not item.run_id else f"{shown} `{item.run_id}`"


def _text(page: Page) -> str:
    """What a notification says."""
    told = [f"{one.name} {one.value}" for one in page.figures]
    told += [f"{HEADINGS[group.kind].partition(' ')[2]}: {len(group.items) + group.more}" for group in page.groups]
    return f"{line(page.title)}: {escape(', '.join(told) or NOTHING)}"
