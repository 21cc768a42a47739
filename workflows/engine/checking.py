"""The check before a deploy: every open run, replayed on the code that is about to run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from workflows.engine.advance import Catalogue
from workflows.engine.approving.book import NO_POLICIES, Book
from workflows.engine.model import OPEN
from workflows.engine.ports import RunQuery, Store
from workflows.engine.replaying import replay
from workflows.engine.verdict import Replayed

BATCH = 100
"""So many histories are in memory at a time."""


def check(
    store: Store,
    catalogue: Catalogue,
    *,
    workflow: str = "",
    approvers: Sequence[str] = (),
    book: Book = NO_POLICIES,
    release: int | None = None,
) -> Iterator[Replayed]:
    """Replay open runs, the newest first, those of one workflow when it is named. Nothing is written."""
    page = RunQuery(states=OPEN, workflow=workflow, limit=BATCH)
    while runs := store.runs(page):
        for seen in store.recorded([run.id for run in runs]):
            if seen.run.state in OPEN:
                yield replay(seen, catalogue, approvers=approvers, book=book, release=release, approval=store.approval)
        page = replace(page, before=runs[-1].id)
