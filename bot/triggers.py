"""What starts runs without anybody asking: topics that became ready."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from integrations.protocols import Topics
from workflows.engine.ports import Store
from workflows.engine.service import Service
from workflows.library import content_trigger

NAME = "topics"
"""Under this name the cursor is kept: compatibility data."""
ACTOR = "trigger:topics"
PAGES = 20
"""Pages of one tick at most; the next tick goes on."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class TopicsTrigger:
    """Starts a run for each topic that became ready since the last look.

    The runs come first and the cursor after them: a crash in between brings the same topics again, and each
    topic's key gives it the run that it has. Any number of clocks may do this at once, for the same reason.
    """

    def __init__(
        self, topics: Callable[[], Topics], service: Callable[[], Service], store: Store, channel: str
    ) -> None:
        self._topics = topics
        self._service = service
        self._store = store
        self._channel = channel

    def tick(self) -> int:
        """Look once; how many topics were ready."""
        found = 0
        for _ in range(PAGES):
            cursor = self._store.cursor(NAME)
            polled = content_trigger.poll(self._topics(), cursor)
            for due in polled.due:
                self._start(due)
            if polled.cursor != cursor:
                self._store.set_cursor(NAME, polled.cursor)
            found += len(polled.due)
            if not polled.more:
                break
        return found

    def _start(self, due: content_trigger.Due) -> None:
        run = self._service().start(content_trigger.WORKFLOW, due.order, by=ACTOR, key=due.key, channel=self._channel)
        log.info("topic is ready", run_id=run.id, key=due.key, workflow=run.workflow)
