"""What must hold before any ERP takes in a bill or a payment, and the words when it does not."""

from __future__ import annotations

from integrations.erp import VendorBill
from integrations.errors import InvalidRequest
from integrations.money import Money


def must_come_to_something(bill: VendorBill) -> None:
    """Whether a bill asks for money at all."""
    if bill.total.amount <= 0:
        raise InvalidRequest(f"The bill {bill.reference!r} comes to {bill.total}. Check its lines.")


def must_be_new(bill: VendorBill, other: str | None) -> None:
    """Whether no bill that stands has its partner's reference; `other` is the id of one that has."""
    if other:
        raise InvalidRequest(f"The partner's bill {bill.reference!r} is there already ({other}). Use that one.")


def must_be_the_partners(bill: VendorBill, partner: str) -> None:
    """Whether the bill's order is its partner's; `partner` is whose the order is."""
    if partner != bill.partner:
        raise InvalidRequest(f"The order {bill.order} is another partner's. Check the bill {bill.reference!r}.")


def must_be_due(bill: VendorBill, paying: Money) -> None:
    """Whether so much can be paid on the bill."""
    if bill.state != "posted":
        words = {"draft": "is a draft. Post it first", "paid": "is paid. Look at its payments"}
        raise InvalidRequest(f"The bill {bill.reference!r} {words.get(bill.state, f'is {bill.state}. Check it')}.")
    if paying.currency != bill.currency:
        raise InvalidRequest(f"The bill {bill.number} is in {bill.currency}, not {paying.currency}. Pay it in that.")
    if not 0 < paying.amount <= bill.due.amount:
        raise InvalidRequest(f"{paying} can't be paid: of the bill {bill.number}, {bill.due} are due. Change it.")


def must_not_be_paid(bill: VendorBill) -> None:
    """Whether a bill can be taken back: nothing of it is paid."""
    if bill.paid:
        raise InvalidRequest(
            f"Of the bill {bill.number}, {Money(amount=bill.paid, currency=bill.currency)} are paid. "
            "Take its payments back first."
        )
