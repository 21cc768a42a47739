"""What is kept of an installation, what is refused, and when it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from slack_bolt.error import BoltError
from slack_sdk import WebClient
from slack_sdk.oauth.installation_store import Installation as Handed

from bot import logs
from bot.credentials.keeping import secrets_in
from bot.credentials.vault import Unreadable, Vault, new_key
from bot.sandbox import LocalWorkspace
from bot.settings import SettingsError, read_settings
from bot.slack.installing.book import Granted, Installations
from bot.slack.installing.flow import Keeping, SealedStates
from bot.slack.installing.token import InstalledToken
from bot.slack.manifest import manifest
from workflows.engine.errors import Refused, StoreUnavailable
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_credentials import MemoryCredentials

KEY = "A" * 43 + "="
GRANTED = Granted("T1", "Acme", "xoxb-local-kept", "U1", enterprise="E1")


class Flat:
    """Installations of the workspace T1 in memory."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.book = MemoryCredentials(MemoryStore(self.clock))
        self.down = False
        vault = Vault([SecretStr(KEY)])
        self.installations = Installations("T1", vault, self._rows, lambda: self.book, self.clock.now)
        self.token = InstalledToken(self.installations, self.clock.monotonic)

    def _rows(self) -> Any:
        if self.down:
            raise StoreUnavailable("away")
        return self.book.all()


@pytest.fixture
def flat() -> Flat:
    return Flat()


def test_the_token_is_kept_sealed_and_found(flat: Flat) -> None:
    assert flat.token() == ""
    flat.installations.keep(GRANTED)
    [row] = flat.book.all()
    assert (row.workspace, row.name, row.set_by) == ("T1", "slack", "slack:T1:U1")
    assert GRANTED.token not in row.sealed
    found = flat.installations.find()
    assert found is not None
    assert (found.token, found.enterprise) == (GRANTED.token, "E1")
    flat.clock.advance(timedelta(seconds=1))
    assert flat.token() == GRANTED.token
    assert logs._Masked(None)(None, "info", {"event": f"said {GRANTED.token}"}) == {"event": "said ***"}


@pytest.mark.parametrize(
    ("granted", "words"),
    [
        (replace(GRANTED, team="T2", team_name="Other"), "serves the workspace T1, and Other (T2) is another one"),
        (replace(GRANTED, team="", whole_enterprise=True), "not in a whole organisation"),
        (replace(GRANTED, whole_enterprise=True), "not in a whole organisation"),
        (replace(GRANTED, rotates=True), "Turn token rotation off"),
    ],
)
def test_what_baton_can_not_work_by_is_refused(flat: Flat, granted: Granted, words: str) -> None:
    flat.installations.keep(GRANTED)
    before = flat.book.all()
    with pytest.raises(Refused) as refused:
        flat.installations.keep(granted)
    assert words in str(refused.value)
    assert flat.book.all() == before


def test_a_database_is_of_one_workspace(flat: Flat) -> None:
    flat.installations.keep(GRANTED)
    with pytest.raises(Refused, match="is that of the workspace T1, whose runs it holds"):
        replace(flat.installations, team="T2").keep(replace(GRANTED, team="T2"))
    assert [row.workspace for row in flat.book.all()] == ["T1"]


def test_a_refused_token_is_given_back_to_slack(flat: Flat) -> None:
    with LocalWorkspace(manifest([])) as other:
        handed = Handed(user_id="U1", team_id=other.team_id, team_name="Acme", bot_token=other.bot_token)
        with pytest.raises(BoltError, match="is another one"):
            Keeping(flat.installations, WebClient(base_url=other.api_url)).save(handed)
        assert other.bot_token == ""


def test_only_the_end_of_this_installation_ends_it(flat: Flat) -> None:
    flat.installations.keep(GRANTED)
    now = flat.clock.now()
    assert not flat.installations.ended("T2", now, "app_uninstalled")
    assert not flat.installations.ended("T1", now - timedelta(minutes=1), "app_uninstalled")  # of the one before
    assert flat.book.all()
    assert flat.installations.ended("T1", now, "app_uninstalled")
    assert not flat.book.all()
    assert not flat.installations.ended("T1", now, "tokens_revoked")


def test_the_token_outlives_an_outage_of_the_database_and_not_another_key(flat: Flat) -> None:
    flat.down = True
    with pytest.raises(StoreUnavailable):
        flat.token()
    flat.down = False
    flat.installations.keep(GRANTED)
    assert flat.token() == GRANTED.token
    flat.down = True
    flat.clock.advance(timedelta(hours=1))
    assert flat.token() == GRANTED.token
    other = replace(flat.installations, vault=Vault([SecretStr(new_key())]), read=flat.book.all)
    assert InstalledToken(other, flat.clock.monotonic)() == ""
    with pytest.raises(Unreadable, match="install Baton in Slack again"):
        other.find()


def test_no_credential_and_no_other_text_passes_for_a_mark(flat: Flat) -> None:
    vault, states = flat.installations.vault, SealedStates(flat.installations.vault, flat.clock.now)
    assert states.consume(states.issue())
    sealed = vault.seal("T1", "slack", {})
    assert not states.consume(sealed)
    assert not states.consume("made up")
    assert not states.consume("ü")
    assert not states.consume(SealedStates(Vault([SecretStr(new_key())]), flat.clock.now).issue())


def test_the_token_is_among_what_is_masked() -> None:
    assert [one.get_secret_value() for one in secrets_in("slack", {"token": "xoxb-1"})] == ["xoxb-1"]


ALL: dict[str, Any] = {
    "slack_client_id": "1.2", "slack_client_secret": "s", "slack_signing_secret": "s", "slack_team": "T1",
    "baton_secret_keys": KEY, "baton_url": "https://baton.example.org", "slack_bot_token": None,
    "slack_app_token": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"slack_client_id": ""}, "SLACK_CLIENT_ID must be set too"),
        ({"slack_team": "", "baton_secret_keys": ()}, "SLACK_TEAM and BATON_SECRET_KEYS must be set too"),
        ({"slack_bot_token": "xoxb-1"}, "two ways to a token"),
        ({"slack_app_token": "xapp-1"}, "installation by OAuth works over HTTP"),
        ({"slack_team": "acme"}, "begins with T, not 'acme'"),
    ],
)
def test_settings_that_do_not_go_together(more: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings(**(ALL | more))
    assert words in str(refused.value)


def test_settings_that_do() -> None:
    settings = read_settings(**ALL)
    assert settings.has_slack
    assert settings.installs
    assert not read_settings(**(ALL | {"slack_client_id": "", "slack_client_secret": None})).has_slack
