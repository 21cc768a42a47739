"""What a digest tells: figures, items and a chart, put in order before anybody sees them."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

MOST = 8
"""Items of one kind that are told in full."""


class ItemKind(enum.StrEnum):
    """What an item is about. They are told in this order."""

    YOURS = "yours"
    """It waits for the reader."""
    FAILED = "failed"
    WAITING = "waiting"
    """It waits for somebody else."""
    SLOW = "slow"
    DONE = "done"


ORDER = tuple(ItemKind)


@dataclass(frozen=True)
class Item:
    """One thing to tell. Of one run, or of one approval, each kind is told once."""

    kind: ItemKind
    text: str
    """Plain words; nothing in them is parsed."""
    run_id: str = ""
    at: datetime | None = None
    """When it happened, or since when it waits."""
    people: tuple[str, ...] = ()
    """For whom it waits."""
    size: float = 0.0
    """Within a kind, the larger comes first; of equals, the newer."""
    url: str = ""
    approval: str = ""
    """The id of what waits to be decided, to lead to its message."""


@dataclass(frozen=True)
class Figure:
    """A number with its name, and what it was in the window before."""

    name: str
    value: str
    before: str = ""


@dataclass(frozen=True)
class Bar:
    """One column of a chart: its name, and how many of each kind are stacked in it."""

    name: str
    parts: tuple[int, ...]


@dataclass(frozen=True)
class Chart:
    """Columns over time; `kinds` names what is stacked in each, from below."""

    title: str
    kinds: tuple[str, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Group:
    """The items of one kind that are told, and how many more there are."""

    kind: ItemKind
    items: tuple[Item, ...]
    more: int = 0


@dataclass(frozen=True)
class Page:
    """A digest as it is told."""

    title: str
    since: datetime
    until: datetime
    zone: str
    figures: tuple[Figure, ...] = ()
    groups: tuple[Group, ...] = ()
    chart: Chart | None = None
    note: str = ""
    """What has to be known about it, such as what was left out."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell; a person is not written to then."""
        return not self.groups and not self.figures


def arranged(items: Iterable[Item]) -> tuple[Group, ...]:
    """Items without repeats, in the order in which they matter to the reader."""
    first: dict[tuple[str, str, ItemKind], Item] = {}
    loose: list[Item] = []
    for item in sorted(items, key=_weight, reverse=True):
        if item.run_id:
            first.setdefault((item.run_id, item.approval, item.kind), item)
        elif item not in loose:
            loose.append(item)
    kept = sorted([*first.values(), *loose], key=_weight, reverse=True)
    found = []
    for kind in ORDER:
        mine = [item for item in kept if item.kind is kind]
        if mine:
            found.append(Group(kind, tuple(mine[:MOST]), len(mine) - len(mine[:MOST])))
    return tuple(found)


def _weight(item: Item) -> tuple[float, float, str, str, str]:
    return (item.size, item.at.timestamp() if item.at else 0.0, item.text, item.run_id, item.approval)
