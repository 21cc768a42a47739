"""The connectors that the contract suite runs over. Add yours: one `ConnectorCase` in `CASES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from integrations.base import Connector
from integrations.local_channel.connector import LocalChannel, LocalChannelSettings
from integrations.local_covers.connector import LocalCovers, LocalCoversSettings
from integrations.local_library.connector import LocalLibrary, LocalLibrarySettings
from integrations.local_outbox.connector import LocalOutbox, LocalOutboxSettings
from integrations.local_site.connector import LocalSite
from integrations.local_site.models import LocalSiteSettings
from integrations.local_topics.connector import LocalTopics, LocalTopicsSettings
from integrations.local_writer.connector import LocalWriter
from tests.contract.connectors.sample import Shelf, ShelfSettings
from tests.servers.http import Answer, Route

MakeHttp = Callable[[str], Connector]
"""From a server's base address to a connector that speaks to it."""


@dataclass(frozen=True)
class HttpCall:
    """A call that the error map is tried with: how to make it, and whether it may change something there."""

    call: Callable[[Any], object]
    write: bool


@dataclass(frozen=True)
class ConnectorCase:
    """One connector under the contract.

    `make` gives one that works, in a folder of its own. `misconfigured` gives one whose health check must
    fail in words; None for a connector that can't be misconfigured. For a connector over HTTP, `over_http`
    makes it for a server's address, `healthy` are the routes that its health check needs, and `calls` are
    tried against every kind of failure (each should be a single request). `secret` is what its credential
    is in `over_http`: no error may show it.
    """

    cls: type[Connector]
    make: Callable[[Path], Connector] | None = None
    misconfigured: Callable[[Path], Connector] | None = None
    over_http: MakeHttp | None = None
    healthy: Mapping[str, Route | list[Route]] = field(default_factory=dict)
    calls: Mapping[str, HttpCall] = field(default_factory=dict)
    secret: str = "made-up-secret-for-tests"

    @property
    def name(self) -> str:
        """The test's id."""
        return self.cls.slug


CASES: tuple[ConnectorCase, ...] = (
    ConnectorCase(
        LocalTopics,
        make=lambda folder: LocalTopics(LocalTopicsSettings(folder=folder)),
        misconfigured=lambda folder: LocalTopics(LocalTopicsSettings(folder=folder / "none")),
    ),
    ConnectorCase(
        LocalLibrary,
        make=lambda folder: LocalLibrary(LocalLibrarySettings(folder=folder)),
        misconfigured=lambda folder: LocalLibrary(LocalLibrarySettings(folder=folder / "none")),
    ),
    ConnectorCase(
        LocalSite,
        make=lambda folder: LocalSite(LocalSiteSettings(folder=folder / "site", url="http://127.0.0.1:1")),
        misconfigured=lambda folder: LocalSite(LocalSiteSettings(folder=a_file(folder), url="http://127.0.0.1:1")),
    ),
    ConnectorCase(
        LocalChannel,
        make=lambda folder: LocalChannel(LocalChannelSettings(folder=folder / "channels")),
        misconfigured=lambda folder: LocalChannel(LocalChannelSettings(folder=a_file(folder))),
    ),
    ConnectorCase(
        LocalOutbox,
        make=lambda folder: LocalOutbox(LocalOutboxSettings(folder=folder / "outbox")),
        misconfigured=lambda folder: LocalOutbox(LocalOutboxSettings(folder=a_file(folder))),
    ),
    ConnectorCase(LocalCovers, make=lambda folder: LocalCovers(LocalCoversSettings())),
    ConnectorCase(LocalWriter, make=lambda folder: LocalWriter()),
)

SAMPLE = ConnectorCase(
    Shelf,
    over_http=lambda url: Shelf(ShelfSettings(url=url, token=SecretStr("made-up-secret-for-tests"))),
    healthy={"GET /": Answer(200)},
    calls={
        "get": HttpCall(lambda shelf: shelf.get("7"), write=False),
        "put": HttpCall(lambda shelf: shelf.put("cup"), write=True),
        "find_put": HttpCall(lambda shelf: shelf.find_put("key", "cup"), write=False),
    },
)
"""Not shipped: the pattern to follow for a connector over HTTP."""


def a_file(folder: Path) -> Path:
    """A file where a folder should be."""
    path = folder / "a-file"
    path.write_text("not a folder")
    return path
