"""Connectors follow the credentials in the database, and nothing goes elsewhere when one can't be opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from pydantic import SecretStr

from bot.connectors import registry
from bot.credentials.kinds import Values, overlaid
from bot.credentials.live import LOOK_EVERY, LiveRegistry
from bot.credentials.vault import Vault
from integrations.base import Connector
from integrations.errors import NotConnected, Unavailable
from integrations.protocols import Search, Site, Topics
from integrations.registry import Registry
from tests.unit.bot.credentials.parts import SECRET, Desk, keys
from workflows.engine.credentials import SealedCredential
from workflows.engine.errors import StoreUnavailable
from workflows.engine.policy import Effect

ANA = "cli:ana"


class Process:
    """A worker's connectors beside a desk at which people set credentials."""

    def __init__(self, desk: Desk, key_ring: list[SecretStr] | None = None) -> None:
        self.desk = desk
        self.away = False
        self.reads = 0
        self.hidden: list[SecretStr] = []
        vault = Vault(desk.keys if key_ring is None else key_ring)
        self.connectors = LiveRegistry(self._read, vault, self._make, desk.clock.monotonic, self._hide)

    def name(self, cls: type[Connector]) -> str:
        return type(self.connectors.get(cls)).__name__

    def _read(self) -> Sequence[SealedCredential]:
        self.reads += 1
        if self.away:
            raise StoreUnavailable("The database is away.")
        return self.desk.book.all()

    def _make(self, opened: Mapping[str, Values]) -> Registry:
        return registry(overlaid(self.desk.settings, opened), {})

    def _hide(self, secrets: list[SecretStr]) -> None:
        self.hidden = secrets


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_worker_takes_a_changed_credential_without_a_restart(desk: Desk) -> None:
    process = Process(desk)
    assert process.name(Search) == "LocalLibrary"
    site = process.connectors.get(Site)
    desk.credentials.set("tavily", {"api_key": SECRET}, by=ANA)
    assert process.name(Search) == "LocalLibrary", "it looks once a second at most"
    desk.clock.advance(LOOK_EVERY)
    assert process.name(Search) == "Tavily"
    assert [secret.get_secret_value() for secret in process.hidden] == [SECRET]
    assert process.connectors.get(Site) is site, "what did not change stays as it was made"

    first = process.connectors.get(Search)
    desk.credentials.set("tavily", {"api_key": "another-key"}, by=ANA)
    desk.clock.advance(LOOK_EVERY)
    assert process.connectors.get(Search) is not first
    desk.credentials.remove("tavily", by=ANA)
    desk.clock.advance(LOOK_EVERY)
    assert process.name(Search) == "LocalLibrary"


def test_a_credential_that_can_not_be_opened_refuses_what_it_served(desk: Desk) -> None:
    desk.credentials.set("tavily", {"api_key": SECRET}, by=ANA)
    process = Process(desk, keys(1))
    with pytest.raises(NotConnected, match="sealed with a key that is not in BATON_SECRET_KEYS"):
        process.connectors.get(Search)
    assert not process.connectors.health(Search).ok
    assert process.name(Topics) == "LocalTopics", "the others work on"


def test_settings_that_do_not_go_together_refuse_with_their_words(desk: Desk) -> None:
    sealed = desk.credentials.vault.seal("", "notion", {"token": "ntn_1"})
    process = Process(desk)
    desk.book.put(SealedCredential("", "notion", sealed, ANA, desk.clock.now()), desk.credentials._entry(ANA, "set"))
    with pytest.raises(NotConnected, match="NOTION_DATA_SOURCE is not"):
        process.connectors.get(Topics)
    assert process.name(Site) == "LocalSite"


def test_without_keys_one_look_is_enough(desk: Desk) -> None:
    desk.credentials.set("tavily", {"api_key": SECRET}, by=ANA)
    process = Process(desk, [])
    for _ in range(3):
        with pytest.raises(NotConnected, match="BATON_SECRET_KEYS is not set"):
            process.connectors.get(Search)
        assert process.name(Topics) == "LocalTopics"
        desk.clock.advance(timedelta(hours=1))
    assert process.reads == 1


def test_while_the_database_is_away_the_last_credentials_stay(desk: Desk) -> None:
    process = Process(desk)
    process.away = True
    with pytest.raises(Unavailable, match="can't be read from the database") as caught:
        process.connectors.get(Search)
    assert (caught.value.retryable, caught.value.effect) == (True, Effect.NONE)
    assert Search in process.connectors.bound()
    process.away = False
    desk.credentials.set("tavily", {"api_key": SECRET}, by=ANA)
    assert process.name(Search) == "Tavily"
    process.away = True
    desk.clock.advance(LOOK_EVERY)
    assert process.name(Search) == "Tavily"
