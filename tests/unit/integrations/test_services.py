"""Actions of added services in workflows: named before anything is read, planned, carried out, undone, and mistaken."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel

from integrations.services import action_name, every, service
from tests.servers.added import added_service
from tests.servers.http import Answer, as_json, serving
from workflows import Failed, Run, workflow
from workflows.engine.calls import address_of
from workflows.engine.effects import effects_of
from workflows.engine.model import RunState
from workflows.engine.plan.reader import plan_of
from workflows.engine.policy import CallSpec
from workflows.engine.testing.harness import Harness

shop = service("shop_of_tests")


class Made(BaseModel):
    """What the shop answers to a new order."""

    id: int


class Order(BaseModel):
    customer: str
    fails: bool = False


@workflow("order_by_document")
def order_by_document(run: Run, order: Order) -> int:
    with run.saga() as saga:
        made = run.step(shop.action("orders/create", Made, title="Place the order"), customer=order.customer)
        saga.on_failure(shop.action("orders/delete"), id=str(made.id))
        if order.fails:
            raise Failed("out of stock")
    return made.id


@workflow("order_wrongly")
def order_wrongly(run: Run, order: Order) -> None:
    run.step(shop.action("orders/craete"), customer=order.customer)


def test_an_action_is_named_before_the_service_is_there() -> None:
    assert shop is service("shop_of_tests")
    one = shop.action("orders/create")
    assert one is shop.action("orders/create")
    spec: CallSpec = one.__dict__["baton_spec"]
    assert (spec.name, spec.title, spec.owner) == ("shop_of_tests.orders_create", "Orders create (shop_of_tests)", shop)


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("issues/create-label", "issues_create_label"), ("PostCustomers", "post_customers"), ("getOrder", "get_order"),
        ("GET /orders/{id}", "get_orders_id"), ("oneClicks_list", "one_clicks_list"), ("日本", "_"),
    ],
)  # fmt: skip
def test_names_of_operations(operation: str, name: str) -> None:
    assert action_name(operation) == name


@pytest.mark.parametrize("name", ["", "9lives", "Shop", "a-b", "a/../b", "x" * 41])
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a connector"):
        service(name)


def test_an_action_is_found_again_by_its_place() -> None:
    assert address_of(shop.action("orders/delete")) == "integrations.services:every.shop_of_tests.do_orders_delete"
    assert every.shop_of_tests.do_orders_delete.__dict__["baton_spec"].name == "shop_of_tests.orders_delete"


def test_the_plan_shows_actions_that_the_body_names() -> None:
    plan = plan_of(order_by_document)
    assert plan.problems == ()
    first = plan.nodes[0].children[0]
    assert (first.name, first.title) == ("shop_of_tests.orders_create", "Place the order")


def test_a_run_calls_and_undoes(tmp_path: Path) -> None:
    with serving({"POST /orders": as_json({"id": 7}, 201), "DELETE /orders/7": Answer(204)}) as server:
        harness = Harness(order_by_document, tools={shop: added_service(tmp_path, "shop_of_tests", server.url)})
        assert harness.output(harness.start("order_by_document", {"customer": "Ada"})) == 7
        run_id = harness.start("order_by_document", {"customer": "Ada", "fails": True})
        assert harness.state(run_id) is RunState.FAILED
        assert [asked.method for asked in server.asked] == ["POST", "POST", "DELETE"]
        told = [(one.record.name, one.outcome, one.id) for one in effects_of(harness.history(run_id))]
        assert told == [("shop_of_tests.orders_create", "done", "7"), ("undo.shop_of_tests.orders_delete", "done", "")]


def test_a_cut_in_mid_post_parks_the_run_and_one_in_a_delete_does_not(tmp_path: Path) -> None:
    cut, gone = Answer(hang_up=True), Answer(204)
    with serving({"POST /orders": [as_json({"id": 7}), cut], "DELETE /orders/7": [cut, gone]}) as server:
        harness = Harness(order_by_document, tools={shop: added_service(tmp_path, "shop_of_tests", server.url)})
        undone = harness.start("order_by_document", {"customer": "Ada", "fails": True})
        harness.skip(timedelta(minutes=1))
        parked = harness.start("order_by_document", {"customer": "Ada"})
        assert harness.state(parked) is RunState.PARKED
        assert "may have taken effect" in (harness.error(parked) or "")
        assert harness.state(undone) is RunState.FAILED
        assert [asked.method for asked in server.asked] == ["POST", "DELETE", "DELETE", "POST"]


def test_an_operation_that_is_not_there_parks_the_run_with_words(tmp_path: Path) -> None:
    with serving({}) as server:
        harness = Harness(order_wrongly, tools={shop: added_service(tmp_path, "shop_of_tests", server.url)})
        run_id = harness.start("order_wrongly", {"customer": "Ada"})
        assert harness.state(run_id) is RunState.PARKED
        assert "Near it: orders/create" in (harness.error(run_id) or "")
        assert server.asked == []
