"""The week in content: what was published, what waits for an editor, what did not get through."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

from workflows import Bar, Chart, Figure, Item, ItemKind, Look, Page, RunState, digest
from workflows.digests.telling import failures, waiting

WORKFLOW = "content_pipeline"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@digest("content_week", title="The week in content", span=timedelta(days=7))
def content_week(look: Look) -> Page:
    """What was published with its address, what waits for an editor, and what did not get through."""
    published = look.results(WORKFLOW)
    items = [
        Item(ItemKind.DONE, str(result.get("title") or run.title), run.id, run.ended_at, url=str(result.get("url", "")))
        for run, result in published
        if isinstance(result, dict)
    ]
    mine = {run.id for run in look.ended if run.workflow == WORKFLOW}
    mine |= {one.run.id for one in look.waiting if one.run.workflow == WORKFLOW}
    mine |= {run.id for run in look.dead if run.workflow == WORKFLOW}
    items += [item for item in [*waiting(look), *failures(look)] if item.run_id in mine]
    stopped = [run for run in look.ended if run.workflow == WORKFLOW and run.state is not RunState.SUCCEEDED]
    figures = [Figure("Published", str(len(published))), Figure("Stopped", str(len(stopped)))]
    zone = ZoneInfo(look.window.zone)
    days = Counter(run.ended_at.astimezone(zone).weekday() for run, _ in published)
    bars = tuple(Bar(name, (days[number],)) for number, name in enumerate(DAYS))
    chart = Chart("Published by the day", ("published",), bars) if len(published) > 2 else None
    return look.page(items, figures=figures, chart=chart)
