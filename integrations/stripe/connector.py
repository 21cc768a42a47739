"""Payments and refunds in Stripe."""

from __future__ import annotations

from datetime import timedelta

import httpx

from integrations.base import Health, action
from integrations.errors import InvalidRequest
from integrations.http import Gate
from integrations.payments import CustomerPayment, Payments, Refund, RefundReason
from integrations.stripe.api import NotInThisState, StripeHttp, safe
from integrations.stripe.models import (
    KEY,
    RUN,
    Balance,
    FoundPayments,
    RefundPage,
    StripePayment,
    StripeRefund,
    StripeSettings,
)
from workflows.engine.policy import current_call

SETTLE = timedelta(seconds=30)
"""Stripe may finish a request after it gave it up."""
INDEXED = timedelta(minutes=2)
"""Stripe's search finds a payment within a minute, in general."""
PAGES = 20
"""So many pages of a payment's refunds are read at most, each of a hundred."""


class Stripe(Payments):
    """Payments and refunds in Stripe."""

    slug = "stripe"

    def __init__(
        self, settings: StripeSettings, gate: Gate | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._http = StripeHttp(settings, gate, transport)

    @action(idempotent=True)
    def get(self, payment_id: str) -> CustomerPayment:
        """Read a payment from Stripe."""
        return self._payment(self._read(payment_id), write=False)

    @action(reconcile="find_created", settle=INDEXED)
    def create(self, amount: int, currency: str, description: str = "", receipt_to: str = "") -> CustomerPayment:
        """Prepare a payment in Stripe; no money moves before it is confirmed."""
        form = {
            "amount": str(_amount(amount)),
            "currency": _currency(currency),
            "automatic_payment_methods[enabled]": "true",
            "automatic_payment_methods[allow_redirects]": "never",
            **({"description": description} if description else {}),
            **({"receipt_email": receipt_to} if receipt_to else {}),
            **self._mark(),
        }
        what = f"a new payment of {amount} {currency}"
        made = self._http.post(StripePayment, "/v1/payment_intents", form, what=what, key=self.key)
        return self._payment(made, write=True)

    def find_created(
        self,
        key: str,
        amount: int,
        currency: str,
        description: str = "",  # noqa: ARG002 - the key says which
        receipt_to: str = "",  # noqa: ARG002 - the key says which
    ) -> CustomerPayment | None:
        """The payment that was prepared with `key`, by its metadata."""
        params = {"query": f"metadata['{KEY}']:'{key}'", "limit": "1"}
        what = f"the payment of {amount} {currency}"
        found = self._http.ask(FoundPayments, "GET", "/v1/payment_intents/search", what=what, params=params)
        return next((self._payment(one, write=False) for one in found.data if one.metadata.get(KEY) == key), None)

    @action(reconcile="find_confirmed", settle=SETTLE)
    def confirm(self, payment_id: str, method: str) -> CustomerPayment:
        """Take a payment in Stripe with the customer's saved way of paying."""
        path = f"/v1/payment_intents/{safe(payment_id)}/confirm"
        form = {"payment_method": safe(method)}
        confirmed = self._http.post(StripePayment, path, form, what=f"payment {payment_id}", key=self.key)
        return self._payment(confirmed, write=True)

    def find_confirmed(self, key: str, payment_id: str, method: str) -> CustomerPayment | None:  # noqa: ARG002 - a payment is confirmed once, whoever asked
        """The payment, where it was confirmed."""
        there = self._read(payment_id)
        return self._payment(there, write=False) if there.confirmed else None

    @action(idempotent=True, writes=True)
    def cancel(self, payment_id: str) -> CustomerPayment:
        """Cancel a payment in Stripe that was not taken yet; one that is cancelled is fine."""
        try:
            path = f"/v1/payment_intents/{safe(payment_id)}/cancel"
            return self._payment(self._http.post(StripePayment, path, {}, what=f"payment {payment_id}"), write=True)
        except NotInThisState:
            there = self._read(payment_id)
            if there.status != "canceled":
                raise
            return self._payment(there, write=False)

    @action(reconcile="find_refund", settle=SETTLE)
    def refund(self, payment_id: str, amount: int | None = None, reason: RefundReason = "") -> Refund:
        """Give a payment in Stripe back; without an amount, all that is left of it."""
        form = {
            "payment_intent": safe(payment_id),
            **({"amount": str(_amount(amount))} if amount is not None else {}),
            **({"reason": reason} if reason else {}),
            **self._mark(),
        }
        made = self._http.post(StripeRefund, "/v1/refunds", form, what=f"a refund of {payment_id}", key=self.key)
        return self._refund(made, write=True)

    def find_refund(
        self,
        key: str,
        payment_id: str,
        amount: int | None = None,  # noqa: ARG002 - the key says which
        reason: RefundReason = "",  # noqa: ARG002 - the key says which
    ) -> Refund | None:
        """The refund that was made with `key`, among the payment's."""
        params = {"payment_intent": safe(payment_id), "limit": "100"}
        what = f"the refunds of {payment_id}"
        for _ in range(PAGES):
            page = self._http.ask(RefundPage, "GET", "/v1/refunds", what=what, params=params)
            for one in page.data:
                if one.metadata.get(KEY) == key:
                    return self._refund(one, write=False)
            if not page.has_more or not page.data:
                return None
            params = {**params, "starting_after": page.data[-1].id}
        raise self._http.fault(what, write=False).nonsense(f"more than {PAGES * 100} refunds")

    @action(idempotent=True)
    def get_refund(self, refund_id: str) -> Refund:
        """Read a refund from Stripe: whether the money has gone back."""
        path = f"/v1/refunds/{safe(refund_id)}"
        return self._refund(self._http.ask(StripeRefund, "GET", path, what=f"refund {refund_id}"), write=False)

    def health(self) -> Health:
        """Whether Stripe accepts the key, and whether real money moves with it."""
        balance = self._http.ask(Balance, "GET", "/v1/balance", what="the account's balance")
        return Health(True, f"Moves {'real money' if balance.livemode else 'test money only'} in Stripe")

    # -----------------------------------------------------------------------------------------------------

    def _read(self, payment_id: str) -> StripePayment:
        path = f"/v1/payment_intents/{safe(payment_id)}"
        return self._http.ask(StripePayment, "GET", path, what=f"payment {payment_id}")

    def _mark(self) -> dict[str, str]:
        call = current_call()
        return {f"metadata[{KEY}]": call.key, f"metadata[{RUN}]": call.run_id} if call else {}

    def _payment(self, one: StripePayment, *, write: bool) -> CustomerPayment:
        ours = one.ours
        if ours is None:
            raise self._http.fault(f"payment {one.id}", write=write).nonsense(f"its status is {one.status}")
        return ours

    def _refund(self, one: StripeRefund, *, write: bool) -> Refund:
        ours = one.ours
        if ours is None:
            raise self._http.fault(f"refund {one.id}", write=write).nonsense(f"its status is {one.status}")
        return ours


def _amount(amount: int) -> int:
    if amount <= 0:
        raise InvalidRequest(f"An amount of {amount} can't be paid. Give a whole number above 0, in the smallest unit.")
    return amount


def _currency(currency: str) -> str:
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise InvalidRequest(f"{currency[:20]!r} is no currency. Give three letters, such as EUR.")
    return currency.lower()
