"""The parts of an installation, put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.credentials.vault import Vault
from bot.settings import Settings
from bot.slack.installing.book import Installations
from workflows.engine.credentials import CredentialBook, SealedCredential
from workflows.engine.ports import Clock


def installations(
    settings: Settings,
    read: Callable[[], Sequence[SealedCredential]],
    book: Callable[[], CredentialBook],
    clock: Clock,
) -> Installations:
    """The installation of the workspace that the settings name."""
    return Installations(settings.slack_team, Vault(settings.baton_secret_keys), read, book, clock.now)
