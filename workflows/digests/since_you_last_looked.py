"""What happened while one person did not look: of their own runs, and what waits for them."""

from __future__ import annotations

from datetime import timedelta

from workflows import Item, ItemKind, Look, Page, RunState, digest
from workflows.digests.telling import failures, waiting


@digest("since_you_last_looked", title="Since you last looked", span=timedelta(days=1), personal=True, since_look=True)
def since_you_last_looked(look: Look) -> Page:
    """What waits for you, and how your runs ended, since you last looked."""
    mine = {run.id for run in look.ended if run.started_by == look.reader.person}
    mine |= {run.id for run in look.dead if run.started_by == look.reader.person}
    done = [
        Item(ItemKind.DONE, run.title, run.id, run.ended_at)
        for run in look.ended
        if run.id in mine and run.state is RunState.SUCCEEDED
    ]
    new = [
        item for item in failures(look) if item.run_id in mine and (item.at or look.window.until) >= look.window.since
    ]
    return look.page([*waiting(look, yours_only=True), *new, *done])
