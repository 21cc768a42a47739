"""What Stripe does of its own: one effect whatever happens, declines, and its webhooks."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from bot.connectors import registry
from bot.settings import Settings
from integrations.errors import InvalidRequest, NotConnected, Unauthorized, Unavailable
from integrations.http import UNLIMITED, Gate
from integrations.http.turns import MemoryTurns
from integrations.payments import Payments
from integrations.stripe.connector import Stripe
from integrations.stripe.models import StripeSettings
from integrations.stripe.webhooks import check_signature, event_in
from tests.servers.http import Answer, as_json
from tests.servers.stripe import DECLINED, KEY, StripeServer, running_stripe
from workflows import Run, workflow
from workflows.engine.model import RunState
from workflows.engine.policy import CallInProgress, Effect, call_in_progress
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness

LONG = timedelta(hours=1)
BROKEN = as_json({"error": {"type": "api_error", "message": "Something went wrong."}}, 500)
BUSY = as_json({"error": {"type": "idempotency_error", "code": "idempotency_key_in_use", "message": "In use."}}, 409)
PAUSE = as_json({"error": {"type": "invalid_request_error", "code": "rate_limit"}}, 429, Retry_After="5")
WRITES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "create": (Payments.create, (1250, "EUR", "Ten chairs")),
    "confirm": (Payments.confirm, ("pi_open", "pm_card_visa")),
    "cancel": (Payments.cancel, ("pi_open",)),
    "refund": (Payments.refund, ("pi_paid", 250)),
}


@workflow("one_payment_write")
def one_payment_write(run: Run, what: str) -> None:
    """Do one write, on payments that are there."""
    fn, arguments = WRITES[what]
    run.step(fn, *arguments)


@pytest.fixture
def server() -> Iterator[StripeServer]:
    with running_stripe() as running:
        running.add("pi_open")
        running.add("pi_paid", "succeeded")
        yield running


def connector(server: StripeServer, clock: ManualClock | None = None) -> Stripe:
    turns = MemoryTurns((clock or ManualClock()).monotonic)
    gate = Gate(turns, {"stripe": UNLIMITED, "stripe:search": UNLIMITED})
    return Stripe(StripeSettings(api_key=SecretStr(KEY), url=server.url), gate)


# exactly one effect --------------------------------------------------------------------------------------


def cut(server: StripeServer) -> None:
    server.after.append(lambda _good: (Answer(hang_up=True), False))


def broken(server: StripeServer) -> None:
    """The effect is there, and Stripe gives its error again for as long as it knows the key."""
    server.after.append(lambda _good: (BROKEN, True))


def busy(server: StripeServer) -> None:
    server.refuse.append(BUSY)


def paused(server: StripeServer) -> None:
    server.refuse.append(PAUSE)


@pytest.mark.parametrize("what", WRITES)
@pytest.mark.parametrize("fault", [cut, broken, busy, paused])
def test_a_write_takes_effect_once_whatever_happens(
    server: StripeServer, what: str, fault: Callable[[StripeServer], None]
) -> None:
    fault(server)
    clock = ManualClock()
    harness = Harness(one_payment_write, tools={Payments: connector(server, clock)}, clock=clock)
    run_id = harness.start("one_payment_write", what)
    harness.skip(LONG)
    assert harness.state(run_id) is RunState.SUCCEEDED, harness.error(run_id)
    assert server.writes == [what]


@pytest.mark.parametrize("what", WRITES)
def test_a_write_with_an_expired_key_goes_on_once_it_is_set(server: StripeServer, what: str) -> None:
    server.key = "another"
    harness = Harness(one_payment_write, tools={Payments: connector(server)}, admins=("test:ana",))
    run_id = harness.start("one_payment_write", what)
    assert harness.state(run_id) is RunState.FAILED
    assert "Expired API Key" in harness.error(run_id)
    assert KEY not in harness.error(run_id)
    server.key = KEY
    harness.resume(run_id)
    assert harness.state(run_id) is RunState.SUCCEEDED
    assert server.writes == [what]


@pytest.mark.parametrize("what", WRITES)
def test_a_worker_that_dies_leaves_one_effect_though_the_keys_are_forgotten(server: StripeServer, what: str) -> None:
    step = f"payments.{what}#1"
    harness = Harness(one_payment_write, tools={Payments: connector(server)}).crash_at("after_effect", step)
    run_id = harness.start("one_payment_write", what)
    server.forget()
    harness.skip(LONG)
    assert harness.crashes == 1
    assert (harness.state(run_id), server.writes) == (RunState.SUCCEEDED, [what])


def test_a_payment_that_the_search_does_not_know_yet_is_prepared_once(server: StripeServer) -> None:
    cut(server)
    server.indexed = False
    harness = Harness(one_payment_write, tools={Payments: connector(server)})
    run_id = harness.start("one_payment_write", "create")
    harness.skip(LONG)
    assert (harness.state(run_id), server.writes) == (RunState.SUCCEEDED, ["create"])


def test_a_refund_is_found_on_any_page(server: StripeServer) -> None:
    stripe = connector(server)
    server.page = 2
    with call_in_progress(CallInProgress("run", "refund", "the-key", 1, check=lambda: None)):
        made = stripe.refund("pi_paid", 250)
    for _ in range(4):
        stripe.refund("pi_paid", 100)
    assert stripe.find_refund("the-key", "pi_paid", 250) == made
    assert [asked.method for asked in server.asked].count("GET") == 3
    assert stripe.find_refund("another", "pi_paid", 250) is None


def test_while_stripe_is_busy_with_the_same_key_the_outcome_is_open(server: StripeServer) -> None:
    """Were it told as "nothing was done", a resume would take a new key, and the money would go back twice."""
    busy(server)
    with pytest.raises(Unavailable, match="still busy") as caught:
        connector(server).refund("pi_paid", 250)
    assert (caught.value.effect, caught.value.retryable) == (Effect.UNKNOWN, True)


# what Stripe says ----------------------------------------------------------------------------------------


def test_a_payment_goes_its_way(server: StripeServer) -> None:
    stripe = connector(server)
    made = stripe.create(1250, "EUR", "Ten chairs", "ada@example.org")
    assert (made.status, made.amount, made.currency, made.description) == ("needs_method", 1250, "EUR", "Ten chairs")
    assert stripe.confirm(made.id, "pm_card_visa").status == "paid"
    back = stripe.refund(made.id, 250, "requested_by_customer")
    assert (back.status, back.amount, back.payment_id) == ("done", 250, made.id)
    assert stripe.refund(made.id).amount == 1000
    assert stripe.get_refund(back.id) == back
    with pytest.raises(InvalidRequest, match="greater than unrefunded"):
        stripe.refund(made.id, 1)
    with pytest.raises(InvalidRequest, match="status is succeeded"):
        stripe.cancel(made.id)
    assert server.asked[0].headers["stripe-version"] == "2025-09-30.clover"


def test_a_declined_card_is_tried_once_and_told_in_words(server: StripeServer) -> None:
    @workflow("declined")
    def declined(run: Run, _what: str) -> None:
        """Take a payment with an empty card."""
        run.step(Payments.confirm, "pi_open", DECLINED)

    harness = Harness(declined, tools={Payments: connector(server)})
    run_id = harness.start("declined", "")
    harness.skip(LONG)
    assert harness.state(run_id) is RunState.FAILED
    assert "insufficient funds. (insufficient_funds) Ask the customer" in harness.error(run_id)
    assert len(server.asked) == 1


@pytest.mark.parametrize("wrong", ["../balance", "pi_1/confirm", "", "pi 1"])
def test_what_is_no_id_is_sent_nowhere(server: StripeServer, wrong: str) -> None:
    with pytest.raises(InvalidRequest, match="is no id of Stripe"):
        connector(server).get(wrong)
    assert server.asked == []


@pytest.mark.parametrize(("amount", "currency"), [(0, "EUR"), (-5, "EUR"), (5, "EURO"), (5, "E&R")])
def test_an_amount_is_above_nothing_in_a_currency(server: StripeServer, amount: int, currency: str) -> None:
    with pytest.raises(InvalidRequest):
        connector(server).create(amount, currency)
    assert server.asked == []


def test_an_answer_with_a_status_of_the_future_is_not_guessed_at(server: StripeServer) -> None:
    server.add("pi_new", "requires_a_dance")
    with pytest.raises(Unavailable, match="its status is requires_a_dance"):
        connector(server).get("pi_new")


@pytest.mark.parametrize("key", ["", " ", "pk_test_1"])
def test_a_key_that_can_change_nothing_is_refused(key: str) -> None:
    with pytest.raises(ValidationError):
        StripeSettings(api_key=SecretStr(key))


def test_the_settings_bind_it(tmp_path: Path) -> None:
    without = Settings(_env_file=None, baton_home=tmp_path)
    with pytest.raises(NotConnected, match="STRIPE_API_KEY"):
        registry(without, {}).get(Payments)
    given = without.model_copy(update={"stripe_api_key": SecretStr(KEY)})
    assert isinstance(registry(given, {}).get(Payments), Stripe)


# webhooks ------------------------------------------------------------------------------------------------

NOW = datetime(2026, 12, 1, 2, tzinfo=UTC)
OLD, NEW = SecretStr("whsec_old"), SecretStr("whsec_new")
BODY = json.dumps(
    {
        "id": "evt_1", "object": "event", "type": "refund.failed", "created": 1796090400, "livemode": False,
        "data": {"object": {"id": "re_1", "status": "failed", "payment_intent": "pi_1", "metadata": {"order": "7"}}},
    }
).encode()  # fmt: skip


def signed(*secrets: SecretStr, at: datetime = NOW, body: bytes = BODY) -> dict[str, str]:
    seconds = str(int(at.timestamp()))
    parts = [hmac.digest(one.get_secret_value().encode(), seconds.encode() + b"." + body, "sha256") for one in secrets]
    return {"stripe-signature": ",".join([f"t={seconds}", *(f"v1={part.hex()}" for part in parts), "v0=00"])}


@pytest.mark.parametrize(
    ("headers", "secrets"),
    [(signed(NEW), [NEW]), (signed(OLD), [NEW, OLD]), (signed(OLD, NEW), [NEW]), (signed(OLD, NEW), [OLD])],
)
def test_a_signed_event_is_read_also_while_the_secret_is_rolled(
    headers: dict[str, str], secrets: list[SecretStr]
) -> None:
    check_signature(secrets, body=BODY, headers=headers, now=NOW + timedelta(minutes=5))
    event = event_in(BODY)
    assert (event.id, event.type, event.thing.payment_intent) == ("evt_1", "refund.failed", "pi_1")


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "not signed"),
        ({"stripe-signature": "t=x,v1=00"}, "not signed"),
        ({"stripe-signature": f"t={int(NOW.timestamp())}"}, "not signed"),
        ({"stripe-signature": f"t={int(NOW.timestamp())},v1=é"}, "another secret"),
        ({"stripe-signature": signed(NEW)["stripe-signature"].replace("v1=", "v0=")}, "not signed"),
        (signed(OLD), "another secret"),
        (signed(NEW, body=BODY + b" "), "another secret"),
        (signed(SecretStr("")), "another secret"),
        (signed(NEW, at=NOW - timedelta(minutes=5, seconds=1)), "too long ago"),
        (signed(NEW, at=NOW + timedelta(minutes=6)), "too long ago"),
    ],
)
def test_what_stripe_did_not_sign_just_now_is_refused(headers: dict[str, str], words: str) -> None:
    with pytest.raises(Unauthorized, match=words) as caught:
        check_signature([NEW, SecretStr("")], body=BODY, headers=headers, now=NOW)
    assert "whsec" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"id": "evt_1", "data": {}}'])
def test_an_event_that_is_none_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="does not understand"):
        event_in(body)
