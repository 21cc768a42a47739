"""A digest in plain words: for terminals, and for channels that are no Slack."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from bot.telling import one_line
from workflows.engine.digests.page import Group, Item, ItemKind, Page

HEADINGS = {
    ItemKind.YOURS: "Waiting for you",
    ItemKind.FAILED: "Failed",
    ItemKind.WAITING: "Waiting for others",
    ItemKind.SLOW: "Slow",
    ItemKind.DONE: "Done",
}
NOTHING = "Nothing happened, and nothing waits."


def page_text(page: Page) -> str:
    """The page as lines."""
    zone = ZoneInfo(page.zone)
    since, until = page.since.astimezone(zone), page.until.astimezone(zone)
    lines = [page.title, f"{since:%a %d %b %H:%M} to {until:%a %d %b %H:%M %Z}"]
    if page.figures:
        lines.append(", ".join(f"{one.name} {one.value}" + (f" (before: {one.before})" * bool(one.before))
                               for one in page.figures))  # fmt: skip
    for group in page.groups:
        lines += ["", f"{HEADINGS[group.kind]}:", *_items(group)]
    if page.is_empty:
        lines.append(NOTHING)
    if page.note:
        lines += ["", page.note]
    return "\n".join(lines)


def _items(group: Group) -> Iterator[str]:
    for item in group.items:
        yield f"- {_item(item)}"
    if group.more:
        yield f"… and {group.more} more"


def _item(item: Item) -> str:
    who = f": {', '.join(item.people)}" if item.people else ""
    where = item.url or item.run_id
    return one_line(item.text, 260) + who + (f" ({where})" if where else "")
