"""Which connector answers for which protocol, as the settings say."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.settings import Settings
from integrations.base import Connector
from integrations.local_channel.connector import LocalChannelSettings
from integrations.local_covers.connector import LocalCoversSettings
from integrations.local_library.connector import LocalLibrarySettings
from integrations.local_outbox.connector import LocalOutboxSettings
from integrations.local_site.models import LocalSiteSettings
from integrations.local_topics.connector import LocalTopicsSettings
from integrations.protocols import Channel, Images, Library, Models, Outbox, Search, Site, Topics
from integrations.registry import Factory, Registry, installed, lazy

SHIPPED_LIBRARY = Path(__file__).parent / "demo" / "library"
Bound = dict[type[Connector], Factory]


def registry(settings: Settings, environment: Mapping[str, str] | None = None) -> Registry:
    """The connectors of one process; each is imported when it is first used."""
    bindings: Bound = {**_topics(settings), **_site(settings), **_search(settings), **_models()}
    bindings |= {
        Channel: lazy(
            "integrations.local_channel.connector:LocalChannel", _folder(LocalChannelSettings, settings, "channels")
        ),
        Outbox: lazy(
            "integrations.local_outbox.connector:LocalOutbox", _folder(LocalOutboxSettings, settings, "outbox")
        ),
    }
    plugins: Mapping[type[Any], Any] = installed(os.environ if environment is None else environment)
    return Registry({**bindings, **plugins})


def _folder(kind: type[Any], settings: Settings, name: str) -> Any:
    return kind(folder=settings.home / name)


def _topics(settings: Settings) -> Bound:
    if settings.notion is None:
        local = LocalTopicsSettings(folder=settings.baton_topics or settings.home / "topics")
        return {Topics: lazy("integrations.local_topics.connector:LocalTopics", local)}
    from_notion = settings.notion
    return {Topics: lazy("integrations.notion.connector:Notion", from_notion)}


def _site(settings: Settings) -> Bound:
    if settings.wordpress is None:
        local = LocalSiteSettings(folder=settings.home / "site", url=f"{settings.address}/site")
        return {Site: lazy("integrations.local_site.connector:LocalSite", local)}
    return {Site: lazy("integrations.wordpress.connector:WordPress", settings.wordpress)}


def _search(settings: Settings) -> Bound:
    local = LocalLibrarySettings(folder=settings.baton_library or SHIPPED_LIBRARY)
    library = lazy("integrations.local_library.connector:LocalLibrary", local)
    return {Library: library, Search: library}


def _models() -> Bound:
    local = lazy("integrations.local_covers.connector:LocalCovers", LocalCoversSettings())
    return {Models: lazy("integrations.local_writer.connector:LocalWriter"), Images: local}
