"""What Tryton does of its own: which settings choose it, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.connectors import registry
from bot.settings import Settings, SettingsError
from integrations.erp import ERP
from integrations.errors import ConnectorError, InvalidRequest, NotFound, RateLimited, Unauthorized, Unavailable
from integrations.http import UNLIMITED, Gate
from integrations.local_ledger.connector import LocalLedger
from integrations.tryton.connector import Tryton
from integrations.tryton.models import TrytonSettings
from tests.servers.http import Answer, as_json, serving
from workflows.engine.policy import Effect

KEY = SecretStr("made-up-key-4711")
PASSWORD = SecretStr("made-up-password-4712")
BOOKS = "https://tryton.example.org/books"


def settings(folder: Path, **given: Any) -> Settings:
    return Settings(_env_file=None, baton_home=folder, **given)


def test_the_settings_choose_who_keeps_the_books(tmp_path: Path) -> None:
    there = {"tryton_url": BOOKS, "tryton_key": KEY}
    assert isinstance(registry(settings(tmp_path), {}).get(ERP), LocalLedger)
    assert isinstance(registry(settings(tmp_path, **there), {}).get(ERP), Tryton)
    assert isinstance(registry(settings(tmp_path, **there, baton_erp="local"), {}).get(ERP), LocalLedger)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"baton_erp": "tryton"}, "TRYTON_URL and TRYTON_KEY"),
        ({"tryton_url": BOOKS}, "TRYTON_URL and TRYTON_KEY"),
        ({"tryton_url": "http://tryton.example.org/books", "tryton_key": KEY}, "https://"),
        ({"tryton_url": "https://tryton.example.org", "tryton_key": KEY}, "name of the database|database's name"),
        ({"tryton_url": BOOKS, "tryton_key": KEY, "tryton_user": "ada"}, "give both, or neither"),
        ({"tryton_url": BOOKS, "tryton_key": SecretStr(" ")}, "the key is empty"),
    ],
)
def test_settings_that_can_not_be_used_are_told(tmp_path: Path, given: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        registry(settings(tmp_path, **given), {})
    assert KEY.get_secret_value() not in str(caught.value)


def connector(url: str, **more: Any) -> Tryton:
    login = {"user": "ada", "password": PASSWORD, **more}
    return Tryton(TrytonSettings(url=f"{url}/books", key=KEY, **login), Gate(rates={"tryton": UNLIMITED}))


def refused(text: str) -> Answer:
    return as_json({"status": 400, "message": text, "description": ""}, 400)


def rpc(*error: Any) -> Answer:
    return as_json({"id": 1, "error": list(error)})


def press(erp: Tryton) -> None:
    erp._api.press("account.invoice", 7, "post", what="bill 7")


def call(erp: Tryton) -> object:
    return erp._api.call("wizard.account.invoice.pay.execute", [1, {}, "pay", {}], what="bill 7")


PRESS, RPC = "POST /books/rest/model/account.invoice/7/post", "POST /books/rpc/"
HTML = Answer(404, b"<!doctype html><title>404 Not Found</title>", {"Content-Type": "text/html; charset=utf-8"})
REFUSALS: dict[str, tuple[Callable[[Tryton], object], str, Answer, type[ConnectorError], Effect, str]] = {
    "its own words": (
        press, PRESS, refused('The invoice "[7]" is similar to invoice "1 [7]".'), InvalidRequest, Effect.NONE,
        'similar to invoice "1 .7.".*start again',
    ),
    "no right": (
        press, PRESS, refused('You are not allowed to access "Invoice".'), Unauthorized, Effect.NONE, "the group",
    ),
    "no such record": (press, PRESS, HTML, NotFound, Effect.NONE, "bill 7.*press Resume"),
    "somebody else at it": (press, PRESS, Answer(423), Unavailable, Effect.NONE, "tries again"),
    "a warning": (press, PRESS, as_json({"message": "Really?"}, 409), InvalidRequest, Effect.NONE, "answer there"),
    "a dead database": (press, PRESS, Answer(503), Unavailable, Effect.UNKNOWN, "bill 7"),
    "a wizard's words": (
        call, RPC, rpc("UserError", ["You cannot add a partial payment.", "", None]), InvalidRequest, Effect.NONE,
        "partial payment",
    ),
    "no right to a wizard": (
        call, RPC, rpc("UserError", ['You are not allowed to execute wizard "Pay".', ""]), Unauthorized, Effect.NONE,
        "the group",
    ),
    "a wizard's warning": (
        call, RPC, rpc("UserWarning", ["ab12.late", "It is late.", "Go on?"]), InvalidRequest, Effect.NONE,
        "It is late.*answer there",
    ),
    "two at once": (
        call, RPC, rpc("ConcurrencyException", "Records were modified"), Unavailable, Effect.NONE, "at the same time",
    ),
    "too often": (call, RPC, rpc("RateLimitException"), RateLimited, Effect.NONE, "a pause"),
    "logged out": (call, RPC, rpc("LoginException", ["password", ""]), Unauthorized, Effect.NONE, "TRYTON_USER"),
    "a mistake in Tryton": (call, RPC, rpc("'NoneType' object", ""), Unavailable, Effect.UNKNOWN, "look at Tryton"),
    "a wrong password": (call, RPC, Answer(401), Unauthorized, Effect.NONE, "valid one"),
    "a page instead": (call, RPC, Answer(200, b"<html>Welcome</html>"), Unavailable, Effect.UNKNOWN, "address"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_says_who_acts_and_what_to_do(what: str) -> None:
    ask, route, answer, kind, effect, words = REFUSALS[what]
    with serving({route: answer}) as server, pytest.raises(kind, match=words) as caught:
        ask(connector(server.url))
    assert caught.value.effect is effect
    assert str(caught.value).rstrip().endswith(".")


def test_without_a_login_nothing_is_paid_and_the_health_says_so() -> None:
    routes = {
        "GET /books/rest/model/company.company/1": as_json({"id": 1, "party": 1, "currency": {"id": 1, "code": "EUR"}}),
        "GET /books/rest/model/party.party/1": as_json({"id": 1, "name": "Baton Co"}),
    }
    with serving(routes) as server:
        erp = connector(server.url, user="", password=None)
        health = erp.health()
        with pytest.raises(Unauthorized, match="TRYTON_USER and TRYTON_PASSWORD"):
            call(erp)
        assert [asked.path for asked in server.asked] == [path.removeprefix("GET ") for path in routes]
    assert (health.ok, "set TRYTON_USER" in health.words) == (True, True)
