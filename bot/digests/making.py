"""The parts of digests in one process, made from its settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.digests.desk import Means, Posting, StoreDesk
from bot.digests.free_days import FreeDays
from bot.digests.keeping import Digests
from bot.digests.readers import Nowhere, Places
from bot.digests.texts import page_text
from integrations.protocols import Channel
from workflows.digests.desk import Task
from workflows.engine.digests.page import Page
from workflows.engine.digests.resting import Rest

if TYPE_CHECKING:
    from bot.runtime import Runtime


def desk(runtime: Runtime, posting: Posting | None) -> StoreDesk:
    """Baton's part in digests; without `posting`, what the settings bound to channels posts them."""
    settings = runtime.settings
    rest = Rest(*settings.night, FreeDays(settings.baton_holidays))
    channel: Callable[[], Channel] = lambda: runtime.connectors.get(Channel)  # noqa: E731 - made when something is posted
    store = runtime.store
    return StoreDesk(
        Means(
            store, store.happenings, store.schedules, runtime.calendar, runtime.catalogue, runtime.service.access,
            places(runtime), rest, posting or ChannelPosting(channel), runtime.clock.now,
            settings.has_slack,
        )
    )  # fmt: skip


def digests(runtime: Runtime) -> Digests:
    """What people may ask of digests."""
    return Digests(runtime.schedules, runtime.digest_desk, runtime.store.drafts, runtime.digest_desk.means)


def places(runtime: Runtime) -> Places:
    """What is known of channels and people."""
    return runtime.slack_directory if runtime.settings.has_slack else Nowhere()


class ChannelPosting:
    """Posts pages as text, by the connector for channels."""

    def __init__(self, channel: Callable[[], Channel]) -> None:
        self._channel = channel

    def __call__(self, task: Task, page: Page) -> None:
        """Post a page; the step's own key makes a repeat harmless."""
        self._channel().post(task.place, page_text(page))
