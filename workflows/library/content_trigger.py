"""Starting the content pipeline from a folder or a data source of topics: each topic once, never twice."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.protocols import Topics, TopicStatus
from workflows.library.content_pipeline import Order, content_pipeline

WORKFLOW = content_pipeline.name
BATCH = 50


@dataclass(frozen=True)
class Due:
    """A run to be started."""

    key: str
    """Give it to `Service.start(key=…)`: a topic has the same key for ever, so it gets one run."""
    order: Order


@dataclass(frozen=True)
class Polled:
    """What one look at the topics brought."""

    due: tuple[Due, ...]
    cursor: str
    """Keep it, once every run of `due` was started."""
    more: bool
    """Whether to look again at once."""


def poll(topics: Topics, cursor: str) -> Polled:
    """Look for ready topics that changed after `cursor` ("" at the very first time).

    The caller starts a run of `WORKFLOW` per `due`, with its key, and only then keeps the cursor: after a
    crash in between, the same topics come again, and their keys make the second start a no-op. The same
    holds for a topic that is edited before, during or after its run, also when somebody sets it back to
    ready; to have it written again, start the workflow by hand. Errors of the connector are passed on, with
    the cursor unmoved: look again at the next tick.
    """
    page = topics.find(TopicStatus.READY, after=cursor, limit=BATCH)
    due = tuple(Due(f"topic:{topic.id}", Order(topic=topic.id)) for topic in page.items)
    return Polled(due, page.cursor, page.more)
