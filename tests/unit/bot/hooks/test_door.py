"""Calls to hooks over real HTTP: who is believed, what is done, and what is answered."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from bot.hooks.counting import HookCounts
from bot.runtime import NOWHERE, Runtime
from bot.settings import secrets_of
from bot.web.app import create_app
from bot.web.hooks import HookDoor
from tests.servers.web import serving
from tests.unit.bot.hooks.conftest import Door
from tests.unit.bot.hooks.signing import (
    OLD_STRIPE_SECRET,
    hubspot_body,
    hubspot_signed,
    own_signed,
    stripe_body,
    stripe_signed,
)
from workflows.engine.hooks.model import InboundState
from workflows.engine.hooks.taking import Taking
from workflows.engine.model import RunState

LATE = timedelta(minutes=6)


def test_a_payment_of_stripe_lets_the_order_that_waits_for_it_go_on(door: Door) -> None:
    run = door.runtime.service.start("order", {"amount": 1250}, by="cli:ana")
    engine = door.runtime.hands("worker").engine
    engine.advance(run.id)
    assert door.runtime.store.run(run.id).state is RunState.WAITING
    (payment,) = door.stripe.payments.values()
    body = stripe_body("evt_paid", id=payment["id"], status="succeeded", metadata=payment["metadata"])
    for _ in range(2):
        answer = door.post("stripe", body, stripe_signed(body, door.now))
        assert (answer.status_code, answer.text) == (200, "Thanks.\n")
    assert len(door.runtime.store.inbox(run.id).messages) == 1
    engine.advance(run.id)
    ended = door.runtime.store.run(run.id)
    assert (ended.state, ended.output) == (RunState.SUCCEEDED, f'"{payment["id"]}"')


def test_a_secret_that_is_being_replaced_still_counts_and_what_concerns_nobody_is_ignored(door: Door) -> None:
    body = stripe_body("evt_other", "charge.refunded", id="ch_1")
    assert door.post("stripe", body, stripe_signed(body, door.now, OLD_STRIPE_SECRET)).status_code == 200
    event = door.event("stripe", "evt_other")
    assert event is not None
    assert (event.state, event.type) == (InboundState.IGNORED, "charge.refunded")
    body = stripe_body("evt_gone", id="pi_9", metadata={"baton_run": "01elsewhere"})
    assert door.post("stripe", body, stripe_signed(body, door.now)).status_code == 200
    gone = door.event("stripe", "evt_gone")
    assert gone is not None
    assert gone.words == "There is no run 01elsewhere here."


def test_hubspots_events_start_a_run_each_and_known_ones_none(door: Door) -> None:
    body = hubspot_body(1, 2)
    assert door.post("hubspot", body, hubspot_signed(body, door.now)).status_code == 200
    body = hubspot_body(2, 3)
    assert door.post("hubspot", body, hubspot_signed(body, door.now)).status_code == 200
    mine = [run for run in door.runs("welcome") if run.input in {'"101"', '"102"', '"103"'}]
    assert sorted(run.input for run in mine) == ['"101"', '"102"', '"103"']
    assert {run.started_by for run in mine} == {"hook:hubspot"}
    body, query = hubspot_body(3), "hubspot?from=eu"
    assert door.post(query, body, hubspot_signed(body, door.now)).status_code == 401
    assert door.post(query, body, hubspot_signed(body, door.now, f"/hooks/{query}")).status_code == 200


BODY = stripe_body("evt_bad", id="pi_1", metadata={"baton_run": "01elsewhere"})
HUBSPOT = hubspot_body(9)


@pytest.mark.parametrize(
    ("hook", "body", "headers"),
    [
        ("stripe", BODY, lambda now: {}),
        ("stripe", BODY + b" ", lambda now: stripe_signed(BODY, now)),
        ("stripe", BODY, lambda now: stripe_signed(BODY, now - LATE)),
        ("stripe", BODY, lambda now: stripe_signed(BODY, now, "whsec_of_somebody_else")),
        ("stripe", BODY, lambda now: stripe_signed(BODY, now, "")),
        ("hubspot", HUBSPOT, lambda now: {}),
        ("hubspot", HUBSPOT + b" ", lambda now: hubspot_signed(HUBSPOT, now)),
        ("hubspot", HUBSPOT, lambda now: hubspot_signed(HUBSPOT, now - LATE)),
        ("hubspot", HUBSPOT, lambda now: hubspot_signed(HUBSPOT, now, "/hooks/other")),
        ("own", b"{}", lambda now: {}),
        ("own", b"{ }", lambda now: own_signed(b"{}", now, "m1")),
        ("own", b"{}", lambda now: own_signed(b"{}", now, "m1") | {"webhook-id": "m2"}),
        ("own", b"{}", lambda now: own_signed(b"{}", now - LATE, "m1")),
        ("own", b"{}", lambda now: own_signed(b"{}", now, "m1", b"of somebody else")),
        ("own", b"{}", lambda now: own_signed(b"{}", now, "m1") | {"webhook-timestamp": "²"}),
        ("strange", b"boom", lambda now: {}),
    ],
)
def test_what_was_not_signed_just_now_is_refused_without_a_word(
    door: Door, hook: str, body: bytes, headers: Callable[..., dict[str, str]]
) -> None:
    given = [(name.encode(), value.encode()) for name, value in headers(door.now).items()]
    answer = door.client.post(f"{door.url}/hooks/{hook}", content=body, headers=given)
    assert (answer.status_code, answer.text) == (401, "Not accepted.\n")
    assert not door.runtime.store.inbound.latest("hook:strange", limit=1)
    assert door.event(hook, "evt_bad") is None
    assert f'baton_hook_calls_total{{hook="{hook}",outcome="unsigned"}}' in door.client.get(f"{door.url}/metrics").text


@pytest.mark.parametrize("hook", ["stripe", "hubspot", "own", "strange"])
def test_what_was_signed_and_can_t_be_read_is_refused_without_a_word(door: Door, hook: str) -> None:
    body = b"{[]"
    headers = stripe_signed(body, door.now) | hubspot_signed(body, door.now) | own_signed(body, door.now, "m3")
    answer = door.post(hook, body, headers)
    assert (answer.status_code, answer.text) == (400, "Not accepted.\n")


@pytest.mark.parametrize("hook", ["nothing", "closed", "no_secret", "unknown", "boxed", "STRIPE", "..%2Fstripe"])
def test_what_is_not_open_is_not_there(door: Door, hook: str) -> None:
    body = stripe_body("evt_closed")
    assert door.post(hook, body, stripe_signed(body, door.now)).status_code == 404
    assert door.client.get(f"{door.url}/hooks/stripe").status_code == 405


def own(door: Door, event_id: str, kind: str, **data: object) -> httpx.Response:
    body = json.dumps({"type": kind, **data}).encode()
    return door.post("own", body, own_signed(body, door.now, event_id))


@pytest.mark.parametrize(
    ("event_id", "kind", "data", "words"),
    [
        ("not-granted", "start", {"workflow": "order", "input": {"amount": 1}}, "hook:own may not start order"),
        ("not-a-starter", "start", {"workflow": "forbidden", "input": "x"}, "Those who may: cli:ana"),
        ("not-installed", "start", {"workflow": "welcom", "input": "x"}, "Did you mean welcome"),
        ("not-fitting", "start", {"workflow": "welcome", "input": {"a": 1}}, "can't start with this input"),
        ("raises", "raise", {}, "raised KeyError"),
        ("odd", "odd", {}, "gave str: StartRun, SendSignal or None"),
    ],
)
def test_what_a_person_has_to_mend_is_told_again_later(
    door: Door, event_id: str, kind: str, data: dict[str, object], words: str
) -> None:
    answer = own(door, event_id, kind, **data)
    assert (answer.status_code, answer.text) == (500, "Not done.\n")
    event = door.event("own", event_id)
    assert event is not None
    assert event.state is InboundState.FAILED
    assert words in event.words
    before = len(door.runs("welcome"))
    for _ in range(2):
        assert own(door, event_id, "start", workflow="welcome", input=event_id).status_code == 200
    assert len(door.runs("welcome")) == before + 1


def test_an_id_may_be_anything_and_a_secret_base64(door: Door) -> None:
    long = "x" * 5_000
    assert own(door, long, "start", workflow="welcome", input="long").status_code == 200
    assert own(door, long, "start", workflow="welcome", input="long").status_code == 200
    assert [run.input for run in door.runs("welcome")].count('"long"') == 1
    key = b"thirty-two bytes of made-up key!"
    secret = SecretStr(f"whsec_{base64.b64encode(key).decode()}")
    runtime = Runtime(door.runtime.settings.model_copy(update={"baton_hook_secrets": {"own": (secret,)}}), NOWHERE)
    body = b'{"type": "nothing"}'
    with TestClient(create_app(runtime)) as web:
        assert web.post("/hooks/own", content=body, headers=own_signed(body, door.now, "m4", key)).status_code == 200
    runtime.close()


def test_a_database_that_is_away_has_it_told_again(door: Door) -> None:
    away = door.runtime.settings.model_copy(update={"database_url": "postgresql+psycopg://x:y@127.0.0.1:1/none"})
    runtime = Runtime(away, NOWHERE)
    body = hubspot_body(77)
    with TestClient(create_app(runtime)) as web:
        answer = web.post("/hooks/hubspot", content=body, headers=hubspot_signed(body, door.now))
    runtime.close()
    assert (answer.status_code, answer.text, answer.headers["retry-after"]) == (503, "Not now.\n", "30")
    assert door.post("hubspot", body, hubspot_signed(body, door.now)).status_code == 200


def test_too_much_is_not_read_and_too_slow_not_waited_for(door: Door) -> None:
    assert door.post("stripe", b"x" * (1024 * 1024 + 1)).status_code == 413
    runtime = door.runtime
    taking = lambda: Taking(runtime.service, runtime.store.inbound)  # noqa: E731 - as the process makes it
    slow = HookDoor(runtime.settings, lambda: runtime.catalogue, taking, runtime.clock.now, HookCounts(), slowest=0.05)
    app = Starlette(routes=[Route("/hooks/{name}", slow.call, methods=["POST"])])
    with serving(app) as address, socket.create_connection(address, timeout=60) as line:
        line.sendall(b"POST /hooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
        assert line.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_no_secret_and_no_signature_is_logged(door: Door) -> None:
    body = stripe_body("evt_logged", id="pi_1")
    headers = stripe_signed(body, door.now)
    with capture_logs() as lines:
        for number in range(5):
            assert door.post("stripe", body + b" " * (number + 1), headers).status_code == 401
        assert door.post("stripe", body, headers).status_code == 200
    said = str(lines)
    assert "evt_logged" in said
    for secret in secrets_of(door.runtime.settings):
        assert secret.get_secret_value() == "x" or secret.get_secret_value() not in said
    assert headers["Stripe-Signature"].rpartition("=")[2] not in said
    assert sum("not taken" in str(line) for line in lines) < 5, "a flood of them stays short"
