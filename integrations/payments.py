"""Payments of customers that a workflow may ask for, whichever service takes them.

A workflow says `run.step(Payments.refund, payment_id)`; the settings say which connector that is. Histories keep the
action names and these shapes: renaming either is a migration.
"""

from __future__ import annotations

from typing import Literal

from integrations.base import Connector, action
from integrations.protocols import Shape

PaymentStatus = Literal[
    "needs_method", "needs_confirmation", "needs_customer", "processing", "held", "paid", "cancelled"
]
"""`needs_customer`: the customer has to prove something to the bank; `held`: reserved on the card, not taken."""
RefundStatus = Literal["pending", "needs_customer", "done", "failed", "cancelled"]
RefundReason = Literal["", "duplicate", "fraudulent", "requested_by_customer"]


class CustomerPayment(Shape):
    """A payment by a customer."""

    id: str
    status: PaymentStatus
    amount: int
    """In the currency's smallest unit, as the service counts it: 12.50 EUR are 1250."""
    currency: str
    """A code of ISO 4217, such as EUR."""
    received: int = 0
    description: str = ""


class Refund(Shape):
    """Money on its way back to a customer."""

    id: str
    payment_id: str
    status: RefundStatus
    amount: int
    """In the currency's smallest unit."""
    currency: str
    why_failed: str = ""


class Payments(Connector, protocol=True):
    """Payments of customers. Amounts are whole numbers of the currency's smallest unit."""

    @action(idempotent=True)
    def get(self, payment_id: str) -> CustomerPayment:
        """Read a payment."""
        raise NotImplementedError

    @action(idempotent=False)
    def create(self, amount: int, currency: str, description: str = "", receipt_to: str = "") -> CustomerPayment:
        """Prepare a payment; no money moves before it is confirmed.

        `receipt_to` is the e-mail address that the service sends a receipt to.
        """
        raise NotImplementedError

    @action(idempotent=False)
    def confirm(self, payment_id: str, method: str) -> CustomerPayment:
        """Take a payment with the customer's saved way of paying."""
        raise NotImplementedError

    @action(idempotent=True, writes=True)
    def cancel(self, payment_id: str) -> CustomerPayment:
        """Cancel a payment that was not taken yet; one that is cancelled is fine."""
        raise NotImplementedError

    @action(idempotent=False)
    def refund(self, payment_id: str, amount: int | None = None, reason: RefundReason = "") -> Refund:
        """Give a payment back; without an amount, all that is left of it."""
        raise NotImplementedError

    @action(idempotent=True)
    def get_refund(self, refund_id: str) -> Refund:
        """Read a refund: whether the money has gone back."""
        raise NotImplementedError
