"""A local Stripe: payment intents, refunds and idempotency keys, as its documentation describes them.

It keeps the first answer for a key, errors included, until `forget()`, and refuses a key that comes with
another request. Its search finds a payment only once `indexed` is set, since Stripe's own lags behind.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

from tests.servers.http import Answer, Asked, CannedServer, as_json

KEY = "rk_test_made_up_4711"
DECLINED = "pm_card_chargeDeclinedInsufficientFunds"
FIELDS = {
    "/v1/payment_intents": {"amount", "currency", "description", "receipt_email"},
    "/v1/refunds": {"payment_intent", "amount", "reason"},
}
WAITING = ("requires_payment_method", "requires_confirmation")


class Refusal(Exception):
    """What Stripe answers instead."""

    def __init__(self, status: int, message: str, kind: str = "invalid_request_error", **more: str) -> None:
        super().__init__(message)
        self.answer = as_json({"error": {"type": kind, "message": message, **more}}, status)


class StripeServer(CannedServer):
    """The account: its payments and refunds, and which writes took effect."""

    def __init__(self) -> None:
        super().__init__()
        self.payments: dict[str, dict[str, Any]] = {}
        self.refunds: list[dict[str, Any]] = []
        self.writes: list[str] = []
        self.key = KEY
        self.indexed = True
        self.page = 100
        self.refuse: list[Answer] = []
        self.after: list[Callable[[Answer], tuple[Answer, bool]]] = []
        """What comes of the next writes' answers, and whether that is kept for their keys."""
        self._kept: dict[str, tuple[str, bytes, Answer]] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """A day goes by: the idempotency keys are gone."""
        self._kept.clear()

    def add(self, payment_id: str, status: str = "requires_confirmation", amount: int = 1250) -> None:
        """A payment that is there."""
        self.payments[payment_id] = _intent(payment_id, status, amount, "eur", "", {})

    def answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            if self.refuse:
                return self.refuse.pop(0)
            try:
                return self._authorised(asked)
            except Refusal as refusal:
                return refusal.answer

    # -----------------------------------------------------------------------------------------------------

    def _authorised(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            raise Refusal(401, "Expired API Key provided: rk_test_********4711", code="api_key_expired")
        if asked.method == "GET":
            return self._read(asked)
        key = asked.headers.get("idempotency-key", "")
        if key in self._kept:
            path, body, answer = self._kept[key]
            if (path, body) != (asked.path, asked.body):
                raise Refusal(400, "Keys can only be used with the same parameters", "idempotency_error")
            return answer
        try:
            answer = self._write(asked.path, dict(parse_qsl(asked.body.decode())))
        except Refusal as refusal:
            answer = refusal.answer
        shown, kept = self.after.pop(0)(answer) if self.after else (answer, True)
        if key:
            self._kept[key] = (asked.path, asked.body, shown if kept else answer)
        return shown

    def _read(self, asked: Asked) -> Answer:
        query = {name: values[0] for name, values in asked.query.items()}
        if asked.path == "/v1/payment_intents/search":
            asks = re.fullmatch(r"metadata\['(\w+)'\]:'([^']+)'", query["query"])
            if asks is None:
                raise Refusal(400, "We were unable to parse your search query.")
            name, value = asks.groups()
            found = [one for one in self.payments.values() if one["metadata"].get(name) == value]
            return as_json({"object": "search_result", "data": found if self.indexed else [], "has_more": False})
        if asked.path == "/v1/refunds":
            found = [one for one in reversed(self.refunds) if one["payment_intent"] == query["payment_intent"]]
            ids = [one["id"] for one in found]
            start = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
            page = found[start : start + self.page]
            return as_json({"object": "list", "data": page, "has_more": len(found) > start + self.page})
        kind, _, thing = asked.path.removeprefix("/v1/").partition("/")
        if kind == "refunds":
            return as_json(next(one for one in self.refunds if one["id"] == thing))
        return as_json(self._payment(thing))

    def _write(self, path: str, form: dict[str, str]) -> Answer:
        if path in FIELDS:
            metadata = {name[9:-1]: form.pop(name) for name in list(form) if name.startswith("metadata[")}
            methods = {name for name in form if name.startswith("automatic_payment_methods[")}
            unknown = set(form) - FIELDS[path] - methods
            if unknown:
                raise Refusal(400, f"Received unknown parameter: {min(unknown)}", code="parameter_unknown")
            return self._create(form, metadata) if path == "/v1/payment_intents" else self._refund(form, metadata)
        _, _, _, payment_id, verb = path.split("/")
        payment = self._payment(payment_id)
        if payment["status"] not in WAITING:
            words = f"This PaymentIntent's status is {payment['status']}"
            raise Refusal(400, words, code="payment_intent_unexpected_state")
        if verb == "confirm" and form["payment_method"] == DECLINED:
            payment["status"] = "requires_payment_method"
            words = "Your card has insufficient funds."
            raise Refusal(402, words, "card_error", code="card_declined", decline_code="insufficient_funds")
        taken = verb == "confirm"
        payment["status"] = "succeeded" if taken else "canceled"
        payment["amount_received"] = payment["amount"] if taken else 0
        self.writes.append(verb)
        return as_json(payment)

    def _create(self, form: Mapping[str, str], metadata: dict[str, str]) -> Answer:
        payment_id = f"pi_{len(self.payments) + 1}"
        words = form.get("description", "")
        self.payments[payment_id] = _intent(
            payment_id, WAITING[0], int(form["amount"]), form["currency"], words, metadata
        )
        self.writes.append("create")
        return as_json(self.payments[payment_id])

    def _refund(self, form: Mapping[str, str], metadata: dict[str, str]) -> Answer:
        payment = self._payment(form["payment_intent"])
        given = sum(one["amount"] for one in self.refunds if one["payment_intent"] == payment["id"])
        left = payment["amount_received"] - given
        amount = int(form.get("amount", left))
        if not 0 < amount <= left:
            raise Refusal(
                400, f"Refund amount is greater than unrefunded amount ({left})", code="charge_already_refunded"
            )
        made = {
            "id": f"re_{len(self.refunds) + 1}", "object": "refund", "amount": amount, "currency": payment["currency"],
            "payment_intent": payment["id"], "metadata": metadata, "reason": form.get("reason"), "status": "succeeded",
        }  # fmt: skip
        self.refunds.append(made)
        self.writes.append("refund")
        return as_json(made)

    def _payment(self, payment_id: str) -> dict[str, Any]:
        if payment_id not in self.payments:
            raise Refusal(404, f"No such payment_intent: '{payment_id}'", code="resource_missing")
        return self.payments[payment_id]


def _intent(
    payment_id: str, status: str, amount: int, currency: str, description: str, metadata: dict[str, str]
) -> dict[str, Any]:
    return {
        "id": payment_id, "object": "payment_intent", "amount": amount, "currency": currency, "status": status,
        "amount_received": amount if status == "succeeded" else 0, "description": description or None,
        "livemode": False, "metadata": metadata,
    }  # fmt: skip


@contextmanager
def running_stripe() -> Iterator[StripeServer]:
    """A local Stripe for the block."""
    server = StripeServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()
