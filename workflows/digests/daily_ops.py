"""The day in operations: what ran, what failed, what waits and for whom, what was slow, what it cost."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from workflows import Bar, Chart, Figure, Item, ItemKind, Look, Page, RunState, digest
from workflows.digests.telling import failures, span_of, waiting

SLOW = timedelta(seconds=10)
"""A step that takes less is not called slow."""
WORTH_A_PICTURE = 12
"""So many runs are needed for a chart to say more than their number."""
KINDS = ("succeeded", "failed", "cancelled")


@digest("daily_ops", title="Operations", span=timedelta(days=1))
def daily_ops(look: Look) -> Page:
    """What ran, what failed, what waits and for whom, what was slow, and what it cost."""
    return look.page(
        [*failures(look), *waiting(look), *slow(look)],
        figures=figures(look),
        chart=chart(look) if look.count() >= WORTH_A_PICTURE else None,
    )


def figures(look: Look) -> list[Figure]:
    """The numbers of the window, with those of the window before it."""
    found = [Figure("Runs", str(look.count()), str(look.count(before=True)))]
    for name, state in (("Failed", RunState.FAILED), ("Cancelled", RunState.CANCELLED)):
        now, before = look.count(state), look.count(state, before=True)
        if now or before:
            found.append(Figure(name, str(now), str(before)))
    if look.dead:
        found.append(Figure("Dead letters", str(len(look.dead))))
    if look.waiting:
        found.append(Figure("Waiting for people", str(len(look.waiting))))
    spend = look.spend()
    if spend.tokens or spend.cost:
        priced = f"${spend.cost:,.2f}" if spend.cost or not spend.unpriced else ""
        found.append(Figure("Models", ", ".join(filter(None, [priced, f"{spend.tokens:,} tokens"]))))
    return found


def slow(look: Look) -> list[Item]:
    """The steps that took longest."""
    found = []
    for one in look.slowest():
        if one.longest >= SLOW:
            often = f"{one.times} times, mostly {span_of(one.median)}" if one.times > 1 else "once"
            words = f"{one.title} ({one.workflow}): up to {span_of(one.longest)}, {often}"
            found.append(Item(ItemKind.SLOW, words, one.run_id, size=one.longest.total_seconds()))
    return found


def chart(look: Look) -> Chart:
    """Runs by the hour, or by the day where the window is longer than two days."""
    since, until, zone = look.window.since, look.window.until, ZoneInfo(look.window.zone)
    hourly = until - since <= timedelta(days=2)
    each = timedelta(hours=1) if hourly else timedelta(days=1)
    columns = min(int((until - since) / each) + 1, 62)
    counted = [[0] * len(KINDS) for _ in range(columns)]
    for run in look.ended:
        column = min(int((run.ended_at - since) / each), columns - 1)
        counted[column][KINDS.index(run.state.value)] += 1
    bars = []
    for number, parts in enumerate(counted):
        at = (since + number * each).astimezone(zone)
        bars.append(Bar(f"{at:%H:%M}" if hourly else f"{at:%a %d}", tuple(parts)))
    return Chart("Runs by the hour" if hourly else "Runs by the day", KINDS, tuple(bars))
