"""Credentials over an in-memory book, with a service that is as healthy as a test says."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.credentials.keeping import Credentials
from bot.credentials.vault import Vault
from bot.settings import Settings
from integrations.base import Connector, Health
from integrations.registry import Bindings, Registry
from workflows.engine.access import Access
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_credentials import MemoryCredentials

SECRET = "tvly-made-up-4711"
FINE = Health(True, "fine")


def keys(count: int) -> list[SecretStr]:
    return [SecretStr(Fernet.generate_key().decode()) for _ in range(count)]


@dataclass
class Desk:
    """What the tests sit at."""

    keys: list[SecretStr] = field(default_factory=lambda: keys(1))
    settings: Settings = field(default_factory=lambda: Settings(_env_file=None))
    health: Health = FINE
    asked: list[Settings] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemoryStore(self.clock)
        self.book = MemoryCredentials(self.store)

    @property
    def credentials(self) -> Credentials:
        return Credentials(
            self.settings,
            Vault(self.keys),
            lambda: Access(frozenset({"slack:T1:UADMIN"})),
            lambda: self.book,
            self._registry,
            self.clock.now,
        )

    def _registry(self, settings: Settings) -> Registry:
        self.asked.append(settings)
        return Answering({}, self.health)

    def details(self) -> list[str]:
        return [audit.detail for audit in self.store.audit("")]


class Answering(Registry):
    """A registry whose connectors are all equally well."""

    def __init__(self, bindings: Bindings, answer: Health) -> None:
        super().__init__(bindings)
        self._answer = answer

    def health(self, cls: type[Connector]) -> Health:
        return self._answer
