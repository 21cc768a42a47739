"""Calls of a service that is known by its OpenAPI document: arguments, requests, answers, repeats."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from integrations.errors import InvalidRequest, NotConnected, NotFound, Unauthorized, Unavailable
from integrations.openapi.connector import OpenAPI
from integrations.openapi.document import BadDocument
from tests.servers.added import SECRET, added_service
from tests.servers.http import Answer, Asked, CannedServer, as_json, serving
from workflows.engine.policy import CallInProgress, call_in_progress

KEYED = 'idempotency_key = "Idempotency-Key"'
LOOK_UP = """
[operations."orders/create"]
mark = { "/meta/baton" = "{key}" }
[operations."orders/create".reconcile]
operation = "orders/list"
arguments = { filter = { customer = "{customer}" }, page = 1 }
items = "/orders"
match = { "/meta/baton" = "{key}", "/customer" = "{customer}" }
settle = 5
"""


class Shop(CannedServer):
    """Answers everything with what it was asked."""

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        return as_json({"path": asked.path, "query": asked.query, "body": asked.body.decode()})


class Made:
    """A shop and the connector that speaks to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = Shop()

    def with_rules(self, more: str = "", **options: Any) -> OpenAPI:
        return added_service(self.folder, "shop", f"{self.server.url}/v2", more, **options)

    @property
    def last(self) -> Asked:
        return self.server.asked[-1]


@pytest.fixture
def shop(tmp_path: Path) -> Any:
    made = Made(tmp_path)
    made.server.start()
    yield made
    made.server.stop()


# arguments ------------------------------------------------------------------------------------------------


def test_parameters_go_where_the_document_says(shop: Made) -> None:
    answer = shop.with_rules().call(
        "orders/list", page=2, state=["open", "paid"], filter={"customer": "Ada & Co"}, x_trace="t1"
    )
    assert shop.last.path == "/v2/orders"
    assert shop.last.query == {"page": ["2"], "state": ["open,paid"], "filter[customer]": ["Ada & Co"]}
    assert shop.last.headers["x-trace"] == "t1"
    assert shop.last.headers["authorization"] == f"Bearer {SECRET}-token"
    assert answer["query"]["page"] == ["2"]


def test_a_body_is_given_by_its_parts_or_whole(shop: Made) -> None:
    connector = shop.with_rules()
    parts = [{"name": "table", "parts": [{"name": "leg", "parts": []}]}]
    connector.call(
        "orders/create", customer="Ada", note=None, parts=parts, pay={"card": "1234"}, due=date(2026, 12, 24)
    )
    assert shop.last.json == {
        "customer": "Ada", "note": None, "parts": parts, "pay": {"card": "1234"}, "due": "2026-12-24"
    }  # fmt: skip
    connector.call("orders/create", request_body={"customer": "Ben"})
    assert shop.last.json == {"customer": "Ben"}
    with pytest.raises(InvalidRequest, match="either request_body or its parts"):
        connector.call("orders/create", request_body={"customer": "Ben"}, note="x")


def test_a_model_is_an_argument_too(shop: Made) -> None:
    class Card(BaseModel):
        card: str

    shop.with_rules().call("orders/create", customer="Ada", pay=Card(card="1234"))
    assert shop.last.json["pay"] == {"card": "1234"}


def test_two_parameters_of_one_name_are_told_apart_by_their_place(shop: Made) -> None:
    shop.with_rules().call("orders/replace", id="7", id_in_query=8, customer="Ada")
    assert (shop.last.method, shop.last.path, shop.last.query) == ("PUT", "/v2/orders/7", {"id": ["8"]})


def test_forms_are_written_with_brackets(shop: Made) -> None:
    connector = shop.with_rules()
    connector.call("POST /orders/{id}/notes", id="a/b", text="é &", loud=True, tags=["x", "y"], about={"by": "Ada"})
    assert shop.last.path == "/v2/orders/a%2Fb/notes"
    assert shop.last.headers["content-type"] == "application/x-www-form-urlencoded"
    body = shop.last.body.decode()
    assert body == "text=%C3%A9+%26&loud=true&tags%5B0%5D=x&tags%5B1%5D=y&about%5Bby%5D=Ada"
    connector.call("post_orders_id_notes", id="a", text="by its name")
    assert shop.last.body == b"text=by+its+name"


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("orders/list", {"pgae": 1}, "no argument pgae. Did you mean page?"),
    ("orders/list", {"page": "2"}, "page: '2' is not of type 'integer'"),
    ("orders/list", {"page": 0}, "page: 0"),
    ("orders/list", {"state": ["lost"]}, r"state\[0\]: 'lost' is not one of"),
    ("orders/list", {"x_trace": "a\r\nHost: b"}, "characters that a header can't"),
    ("getOrder", {}, "id must be given"),
    ("getOrder", {"id": ".."}, "id can't be '..'"),
    ("orders/create", {"note": "x"}, "'customer' is a required property"),
    ("orders/create", {"customer": None}, "customer"),
    ("orders/create", {"customer": "a", "pay": {"card": "12345"}}, "pay"),
    ("orders/create", {"customer": "a", "pay": {"card": "1234", "to": "x"}}, "pay"),
    ("orders/create", {"customer": "a", "parts": [{"name": "t", "parts": [{"nmae": "leg"}]}]}, r"parts\[0\]"),
    ("uploadLabel", {}, "request_body must be given"),
]


@pytest.mark.parametrize(("operation", "arguments", "words"), WRONG)
def test_a_wrong_argument_is_told_before_anything_is_sent(
    shop: Made, operation: str, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidRequest, match=words) as caught:
        shop.with_rules().call(operation, **arguments)
    assert "was not called" in str(caught.value) or "is part of an address" in str(caught.value) or "header" in words
    assert shop.server.asked == []


def test_a_wrong_operation_says_which_are_near(shop: Made) -> None:
    with pytest.raises(NotConnected, match=r"no operation 'orders/creat'. Near it: orders/create"):
        shop.with_rules().call("orders/creat")


def test_the_credential_goes_nowhere_else_unless_the_rules_say_so(shop: Made) -> None:
    with pytest.raises(BadDocument, match="served at https://files"):
        shop.with_rules().call("uploadLabel", request_body="text")
    there = shop.with_rules(f'[operations.uploadLabel]\nurl = "{shop.server.url}/files"')
    there.call("uploadLabel", request_body="text")
    assert (shop.last.path, shop.last.body) == ("/files/labels", b"text")
    assert shop.last.headers["content-type"] == "text/plain"


# credentials ----------------------------------------------------------------------------------------------

TWO = {"sid": {"type": "apiKey", "in": "cookie", "name": "sid"}, "dev": {"type": "apiKey", "in": "query", "name": "d"}}


def test_several_schemes_at_once(shop: Made) -> None:
    shop.with_rules(auth=TWO).call("orders/list", page=1)
    assert shop.last.headers["cookie"] == f"sid={SECRET}-sid_key"
    assert shop.last.query == {"page": ["1"], "d": [f"{SECRET}-dev_key"]}


def test_a_user_and_a_password(shop: Made) -> None:
    shop.with_rules(auth={"me": {"type": "http", "scheme": "basic"}}).call("orders/list")
    assert shop.last.headers["authorization"].startswith("Basic ")


def test_without_its_credential_nothing_is_sent(shop: Made) -> None:
    connector = shop.with_rules()
    connector._missing = ["token"]
    with pytest.raises(Unauthorized, match="Set SHOP_TOKEN"):
        connector.call("orders/list")
    assert shop.server.asked == []
    assert not connector.health().ok


# repeats --------------------------------------------------------------------------------------------------


def test_a_repeat_is_judged_by_the_method(shop: Made) -> None:
    connector = shop.with_rules()
    told = {
        one.id: (connector.spec(one).idempotent, connector.spec(one).is_write)
        for one in connector.document.operations.values()
    }
    assert told == {
        "orders/list": (True, False), "getOrder": (True, False), "orders/create": (False, True),
        "orders/replace": (True, True), "orders/delete": (True, True), "POST /orders/{id}/notes": (False, True),
        "search": (False, True), "uploadLabel": (False, True),
    }  # fmt: skip


def test_the_rules_know_better(shop: Made) -> None:
    connector = shop.with_rules(
        f"{KEYED}\n[operations.search]\nread = true\nidempotency_key = ''\ntimeout = 7\nattempts = 9"
    )
    search, create = (connector.spec(connector.document.operation(name)) for name in ("search", "orders/create"))
    assert (search.idempotent, search.is_write, search.timeout.total_seconds(), search.retry.attempts) == (
        True, False, 7, 9
    )  # fmt: skip
    assert (create.idempotent, create.is_write) == (True, True)
    with call_in_progress(CallInProgress("r", "s#1", "the-key", 1, check=lambda: None)):
        connector.call("orders/create", customer="Ada")
    assert shop.last.headers["idempotency-key"] == "the-key"


def test_a_look_up_finds_what_carries_the_mark(tmp_path: Path) -> None:
    made: list[Any] = []

    def create(asked: Asked) -> Answer:
        made.append({"n": len(made), **asked.json})
        return Answer(hang_up=True)

    routes = {"POST /orders": create, "GET /orders": lambda _: as_json({"orders": [{"customer": "Ada"}, *made]})}
    with serving(routes) as server:
        connector = added_service(tmp_path, "shop", server.url, LOOK_UP)
        operation = connector.document.operation("orders/create")
        assert (connector.spec(operation).reconcile, connector.spec(operation).settle.total_seconds()) == (
            "find_orders_create", 5
        )  # fmt: skip
        find = connector.find_orders_create
        assert find("k1", customer="Ada") is None
        with call_in_progress(CallInProgress("r", "s#1", "k1", 1, check=lambda: None)), pytest.raises(Unavailable):
            connector.do_orders_create(customer="Ada", meta={"colour": "red"})
        assert find("k1", customer="Ada") == {"n": 0, "customer": "Ada", "meta": {"colour": "red", "baton": "k1"}}
        assert find("k2", customer="Ada") is None
        assert find("k1", customer="Ben") is None


def test_what_an_earlier_attempt_deleted_is_gone(tmp_path: Path) -> None:
    with serving({}) as server:
        connector = added_service(tmp_path, "shop", server.url)
        with call_in_progress(CallInProgress("r", "s#1", "k", 2, check=lambda: None)):
            assert connector.call("orders/delete", id="7") is None
        with call_in_progress(CallInProgress("r", "s#1", "k", 1, check=lambda: None)), pytest.raises(NotFound):
            connector.call("orders/delete", id="7")


# answers --------------------------------------------------------------------------------------------------

ANSWERS: list[tuple[Answer, Any]] = [
    (as_json([1, {"a": None}]), [1, {"a": None}]),
    (Answer(200, b'{"a": 1}', {"Content-Type": "application/vnd.shop.v2+json; charset=utf-8"}), {"a": 1}),
    (Answer(204), None),
    (Answer(200, "é".encode(), {"Content-Type": "text/plain; charset=utf-8"}), "é"),
]


@pytest.mark.parametrize(("given", "wanted"), ANSWERS)
def test_answers_as_they_are(tmp_path: Path, given: Answer, wanted: Any) -> None:
    with serving({"GET /orders": given}) as server:
        assert added_service(tmp_path, "shop", server.url).call("orders/list") == wanted


@pytest.mark.parametrize(
    "given",
    [
        Answer(200, b"<html>", {"Content-Type": "text/html"}),
        Answer(200, b"{", {"Content-Type": "application/json"}),
        Answer(200, b"PNG", {"Content-Type": "image/png"}),
    ],
)
def test_an_answer_that_is_no_json_is_told(tmp_path: Path, given: Answer) -> None:
    with serving({"GET /orders": given}) as server, pytest.raises(Unavailable, match="does not understand") as caught:
        added_service(tmp_path, "shop", server.url).call("orders/list")
    assert not caught.value.retryable


def test_an_answer_over_the_limit_is_broken_off(tmp_path: Path) -> None:
    with serving({"GET /orders": as_json(["x" * 2000])}) as server, pytest.raises(Unavailable, match="over the limit"):
        added_service(tmp_path, "shop", server.url, "max_megabytes = 0.001").call("orders/list")


def test_health_names_a_document_that_was_changed(tmp_path: Path) -> None:
    with serving({"GET /orders": as_json([])}) as server:
        connector = added_service(tmp_path, "shop", server.url, 'health = "orders/list"')
        assert connector.health().words == "Shop answers, and offers 8 operations"
        (tmp_path / "shop.json").write_text((tmp_path / "shop.json").read_text() + "\n")
        assert "not the one that was added" in connector.health().words
