"""The credentials' parts, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bot import connectors, logs
from bot.credentials.keeping import Credentials
from bot.credentials.kinds import Values, overlaid
from bot.credentials.live import LiveRegistry
from bot.credentials.vault import Vault
from bot.settings import Settings
from integrations.http.gate import Gate
from integrations.registry import Factory, Registry
from workflows.engine.access import Access
from workflows.engine.credentials import CredentialBook, SealedCredential
from workflows.engine.ports import Clock


def credentials(
    settings: Settings, access: Callable[[], Access], book: Callable[[], CredentialBook], clock: Clock
) -> Credentials:
    """What people may do with credentials."""
    return Credentials(settings, Vault(settings.baton_secret_keys), access, book, connectors.registry, clock.now)


def live_registry(
    settings: Settings,
    channel: Factory | None,
    read: Callable[[], Sequence[SealedCredential]],
    clock: Clock,
    gate: Gate | None = None,
) -> Registry:
    """The connectors of one process, as the settings and the sealed credentials say; raises SettingsError."""

    def make(opened: Mapping[str, Values]) -> Registry:
        return connectors.registry(overlaid(settings, opened), channel=channel, gate=gate)

    make({})  # what is wrong with the settings is said at once
    return LiveRegistry(read, Vault(settings.baton_secret_keys), make, clock.monotonic, logs.hide)
