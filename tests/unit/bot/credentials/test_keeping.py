"""Setting, listing, checking, sealing anew and removing credentials."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import SecretStr

from bot.credentials.kinds import KINDS, UnknownCredential
from bot.credentials.vault import Unreadable, Vault
from bot.settings import Settings
from integrations.base import Health
from tests.unit.bot.credentials.parts import SECRET, Desk, keys
from workflows.engine.credentials import SealedCredential
from workflows.engine.errors import InvalidInput, NotAllowed, Refused
from workflows.engine.testing.clock import START

ANA = "cli:ana"


def test_a_credential_is_tried_before_it_is_sealed() -> None:
    desk = Desk()
    assert desk.credentials.set("tavily", {"api_key": f" {SECRET}\n".strip()}, by=ANA).ok
    [tried] = desk.asked
    assert tried.tavily_api_key == SecretStr(SECRET)
    [row] = desk.book.all()
    assert SECRET not in repr(row)
    assert desk.credentials.vault.open(row) == {"api_key": SECRET}
    assert desk.details() == ["set tavily"]


def test_what_the_service_refuses_is_not_kept() -> None:
    desk = Desk(health=Health(False, "Tavily did not accept the credential (401). Set a valid one."))
    with pytest.raises(Refused, match=r"was not kept: Tavily did not accept"):
        desk.credentials.set("tavily", {"api_key": SECRET}, by=ANA)
    assert (desk.book.all(), desk.details()) == ([], [])
    desk.credentials.set("tavily", {"api_key": SECRET}, by=ANA, unchecked=True)
    assert desk.details() == ["set tavily, untried"]


def test_a_field_that_is_left_empty_stays() -> None:
    desk = Desk()
    desk.credentials.set("notion", {"token": "ntn_first", "data_source": "source-1"}, by=ANA)
    desk.credentials.set("notion", {"token": "", "data_source": "source-2"}, by=ANA)
    [row] = desk.book.all()
    assert desk.credentials.vault.open(row) == {"token": "ntn_first", "data_source": "source-2"}


@pytest.mark.parametrize("given", [{}, {"api_key": " "}, {"api_key": "a\nb"}, {"api_key": "a" * 4_001}])
def test_what_can_not_be_a_credential_is_told_by_its_field(given: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        Desk().credentials.set("tavily", given, by=ANA)
    assert list(caught.value.fields) == ["api_key"]


def test_other_fields_and_services_are_refused_with_what_there_is() -> None:
    with pytest.raises(InvalidInput, match=r"has no field token\. Its fields: api_key"):
        Desk().credentials.set("tavily", {"token": "x"}, by=ANA)
    with pytest.raises(UnknownCredential, match="Did you mean notion"):
        Desk().credentials.set("notoin", {}, by=ANA)


def test_only_admins_and_the_command_line_may() -> None:
    desk = Desk()
    credentials = desk.credentials
    credentials.set("tavily", {"api_key": SECRET}, by="slack:T1:UADMIN")
    for act in (
        lambda: credentials.set("tavily", {"api_key": "other"}, by="slack:T1:UBEN"),
        lambda: credentials.listed(by="slack:T1:UBEN"),
        lambda: credentials.check("tavily", by="slack:T1:UBEN"),
        lambda: credentials.rotate(by="slack:T1:UBEN"),
        lambda: credentials.remove("tavily", by="slack:T1:UBEN"),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert desk.details() == ["set tavily"]


def test_without_a_key_nothing_is_kept_and_the_way_out_is_told() -> None:
    with pytest.raises(Refused, match="`baton credentials key` makes a key"):
        Desk(keys=[]).credentials.set("tavily", {"api_key": SECRET}, by=ANA)


def test_keys_are_rotated() -> None:
    desk = Desk()
    desk.credentials.set("tavily", {"api_key": SECRET}, by=ANA)
    older, newer = desk.keys[0], keys(1)[0]
    desk.keys = [newer, older]
    assert "rotate" in {kept.kind.name: kept for kept in desk.credentials.listed(by=ANA)}["tavily"].trouble
    assert desk.credentials.rotate(by=ANA) == 1
    desk.keys = [newer]
    assert {kept.kind.name: kept for kept in desk.credentials.listed(by=ANA)}["tavily"].trouble == ""
    assert desk.credentials.vault.open(desk.book.all()[0]) == {"api_key": SECRET}
    assert desk.details() == ["set tavily", "rotate"]


def test_a_lost_key_is_told_of_and_nothing_is_sealed_anew() -> None:
    desk = Desk()
    desk.credentials.set("tavily", {"api_key": SECRET}, by=ANA)
    before = desk.book.all()
    desk.keys = keys(1)
    assert "not in BATON_SECRET_KEYS" in {k.kind.name: k for k in desk.credentials.listed(by=ANA)}["tavily"].trouble
    with pytest.raises(Unreadable, match="nothing was sealed anew"):
        desk.credentials.rotate(by=ANA)
    assert desk.book.all() == before
    assert desk.credentials.secrets() == []
    desk.credentials.set("tavily", {"api_key": SECRET}, by=ANA)
    assert [secret.get_secret_value() for secret in desk.credentials.secrets()] == [SECRET]


def test_a_row_that_was_swapped_by_hand_is_not_opened() -> None:
    vault = Vault(keys(1))
    sealed = vault.seal("", "tavily", {"api_key": SECRET})
    with pytest.raises(Unreadable, match="was sealed for tavily"):
        vault.open(SealedCredential("", "openai", sealed, ANA, START))
    with pytest.raises(Unreadable, match="was sealed for tavily"):
        vault.open(SealedCredential("T2", "tavily", sealed, ANA, START))


def test_what_is_in_use_is_checked_and_removed() -> None:
    desk = Desk(settings=Settings(_env_file=None, tavily_api_key=SecretStr("from-the-environment")))
    credentials = desk.credentials
    places = {kept.kind.name: kept.place for kept in credentials.listed(by=ANA)}
    assert (places["tavily"], places["openai"]) == ("settings", "")
    assert credentials.check("tavily", by=ANA).ok
    assert desk.asked[-1].tavily_api_key == SecretStr("from-the-environment")
    credentials.set("tavily", {"api_key": SECRET}, by=ANA)
    credentials.check("tavily", by=ANA)
    assert desk.asked[-1].tavily_api_key == SecretStr(SECRET)
    credentials.remove("tavily", by=ANA)
    with pytest.raises(Refused, match="No credential for Tavily is kept"):
        credentials.remove("tavily", by=ANA)
    with pytest.raises(Refused, match="No credential for OpenAI is set"):
        credentials.check("openai", by=ANA)


def test_every_kind_stands_for_settings_that_are_there() -> None:
    for kind in KINDS:
        assert kind.serves
        assert any(field.secret for field in kind.fields)
        for field in kind.fields:
            annotation = str(Settings.model_fields[field.setting].annotation)
            assert ("SecretStr" in annotation) is field.secret, field.setting


def test_bad_keys_are_refused_without_showing_them() -> None:
    with pytest.raises(ValueError, match="key 2 is none: `baton credentials key` makes one") as caught:
        Settings(_env_file=None, baton_secret_keys=(*keys(1), SecretStr("too-short-a-key")))
    assert "too-short" not in str(replace_input(caught.value))


def replace_input(error: ValueError) -> str:
    """What `read_settings` tells of an error: the words alone."""
    return "; ".join(str(one["msg"]) for one in error.errors())  # type: ignore[attr-defined]


def test_a_listing_never_holds_a_secret() -> None:
    desk = Desk()
    desk.credentials.set("tavily", {"api_key": SECRET}, by=ANA)
    assert SECRET not in repr(desk.credentials.listed(by=ANA))
    assert SECRET not in repr(replace(desk.book.all()[0], set_by="x"))
