"""Payments that Odoo's wizard for registering one makes of a bill."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from integrations.erp import Payment
from integrations.errors import InvalidRequest, NotFound
from integrations.marks import unmarked
from integrations.money import Money
from integrations.odoo import bills
from integrations.odoo.api import OdooApi, like, number_of
from integrations.odoo.models import Named, OdooPayment
from integrations.payable import must_be_due

MODEL = "account.payment"
REGISTER = "account.payment.register"
FIELDS = ("amount", "currency_id", "date", "memo", "state", "reconciled_bill_ids")
GONE = frozenset({"canceled", "rejected"})
OF_BILL = re.compile(r"\[baton \w+\] bill (\d+)$")
"""The end of a payment's memo: the mark, and the bill, which a payment that was taken back has no link to any more."""


def made_with(api: OdooApi, bill_id: str, mark: str) -> Payment | None:
    """The payment of a bill that has this mark."""
    domain = [["memo", "ilike", like(f"{mark} bill {bill_id}")]]
    found = api.search(OdooPayment, MODEL, domain, FIELDS, what=f"the payment of bill {bill_id}", limit=1)
    return payment_of(api, found[0]) if found else None


def pay(
    api: OdooApi, journal: str, bill_id: str, amount: Money | None, paid_on: date | None, reference: str, mark: str
) -> Payment:
    """Pay a bill with Odoo's wizard, in one transaction."""
    bill = bills.get(api, bill_id)
    shown = bills.bill_of(api, bill)
    paying = amount or shown.due
    must_be_due(shown, paying)
    what = f"the payment of bill {bill_id}"
    values: dict[str, Any] = {
        "amount": float(paying.amount),
        "currency_id": bill.currency_id,
        "communication": f"{reference} {mark} bill {bill_id}".strip(),
        "payment_difference_handling": "open",
        **({"payment_date": paid_on.isoformat()} if paid_on else {}),
        **({"journal_id": _journal(api, journal)} if journal else {}),
    }
    context = {"active_model": bills.MODEL, "active_ids": [bill.id]}
    wizard = api.create(REGISTER, values, what=what, write=False, context=context)
    api.press(REGISTER, wizard, "action_create_payments", what=what)
    made = made_with(api, bill_id, mark)
    if made is None:
        raise NotFound(f"Odoo paid the bill {bill_id}, and does not show the payment. Look at it there.")
    return made


def of_bill(api: OdooApi, bill_id: str) -> tuple[Payment, ...]:
    """All payments of a bill, the oldest first."""
    bill = bills.get(api, bill_id)
    domain = ["|", ["reconciled_bill_ids", "in", [bill.id]], ["memo", "=ilike", f"%[baton %] bill {bill.id}"]]
    found = api.search(OdooPayment, MODEL, domain, FIELDS, what=f"the payments of bill {bill_id}")
    return tuple(payment_of(api, one) for one in found)


def cancel(api: OdooApi, payment_id: str) -> Payment:
    """Take a payment back: as a draft it leaves the bill, then it is cancelled."""
    made = get(api, payment_id)
    if made.state in GONE:
        return payment_of(api, made)
    what = f"payment {payment_id}"
    if made.state != "draft":
        api.press(MODEL, made.id, "action_draft", what=what)
    api.press(MODEL, made.id, "action_cancel", what=what)
    return payment_of(api, made.model_copy(update={"state": "canceled"}))


def cancelled(api: OdooApi, payment_id: str) -> Payment | None:
    """The payment, where it is taken back."""
    made = get(api, payment_id)
    return payment_of(api, made) if made.state in GONE else None


def get(api: OdooApi, payment_id: str) -> OdooPayment:
    """The payment with this id; raises NotFound."""
    number = number_of(payment_id, "payment")
    return api.get(OdooPayment, MODEL, number, FIELDS, what=f"payment {payment_id}")


def payment_of(api: OdooApi, made: OdooPayment) -> Payment:
    """A payment as workflows see it."""
    ours = OF_BILL.search(made.memo)
    bill = ours[1] if ours else str(next(iter(made.reconciled_bill_ids), ""))
    return Payment(
        id=str(made.id),
        bill=bill,
        amount=Money(amount=made.amount, currency=api.currency_code(made.currency_id)),
        paid_on=made.date,
        reference=unmarked(made.memo),
        state="cancelled" if made.state in GONE else "paid",
    )


def _journal(api: OdooApi, code: str) -> int:
    domain = [["code", "=", code], ["type", "in", ["bank", "cash"]]]
    found = api.search(Named, "account.journal", domain, ("name",), what=f"journal {code}", limit=1)
    if not found:
        raise InvalidRequest(f"Odoo has no bank or cash journal {code!r}. Check ODOO_JOURNAL, then press Resume.")
    return found[0].id
