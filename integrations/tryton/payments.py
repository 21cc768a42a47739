"""Payments as the entries that Tryton's wizard for paying an invoice makes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.erp import Payment, PaymentState
from integrations.errors import ConnectorError, InvalidRequest, NotFound
from integrations.marks import unmarked
from integrations.money import Money
from integrations.payable import must_be_due
from integrations.tryton import bills
from integrations.tryton.api import TrytonApi, like, number_of
from integrations.tryton.models import Bill, Move, MoveLine, Named, day_out, decimal_out

MOVE = "account.move"
FIELDS = (
    "date", "description", "origin", "lines.account", "lines.debit", "lines.credit", "lines.amount_second_currency",
    "lines.second_currency.code", "lines.reconciliation",
)  # fmt: skip
OF_BILL = f"{bills.INVOICE},"
EXPECTED = (".cancel_invoice_move",)
"""Taking a payment back means to cancel an entry of an invoice that stands: this warning is no news."""


def made_with(api: TrytonApi, bill_id: str, mark: str) -> Payment | None:
    """The payment of a bill that has this mark at its end."""
    domain = [["origin", "=", f"{OF_BILL}{number_of(bill_id, 'bill')}"], ["description", "ilike", f"%{like(mark)}"]]
    found = api.search(Move, MOVE, domain, FIELDS, what=f"the payment of bill {bill_id}", limit=1)
    return _payments(api, bills.get(api, bill_id), found)[0] if found else None


def pay(
    api: TrytonApi, method: str, bill_id: str, amount: Money | None, paid_on: date | None, reference: str, mark: str
) -> Payment:
    """Pay an invoice with Tryton's wizard, in one transaction."""
    bill = bills.get(api, bill_id)
    shown = bills.bill_of(api, bill)
    paying = amount or shown.due
    must_be_due(shown, paying)
    start: dict[str, Any] = {
        "payee": bill.party,
        "currency": bill.currency.id,
        "amount": decimal_out(paying.amount),
        "payment_method": _method(api, method),
        "description": f"{reference} {mark}".strip(),
        **({"date": day_out(paid_on)} if paid_on else {}),
    }
    data: Mapping[str, Any] = {"start": start, "ask": {"type": "partial"}}
    api.wizard("account.invoice.pay", bills.INVOICE, bill.id, "pay", data, what=f"the payment of bill {bill_id}")
    made = made_with(api, bill_id, mark)
    if made is None:
        raise NotFound(f"Tryton paid the bill {bill_id}, and does not show the payment. Look at it there.")
    return made


def of_bill(api: TrytonApi, bill_id: str) -> tuple[Payment, ...]:
    """All payments of a bill, the oldest first."""
    bill = bills.get(api, bill_id)
    domain = ["OR", ["origin", "=", f"{OF_BILL}{bill.id}"], ["lines.invoice_payment", "=", bill.id]]
    found = api.search(Move, MOVE, domain, FIELDS, what=f"the payments of bill {bill_id}")
    return _payments(api, bill, found)


def cancel(api: TrytonApi, payment_id: str) -> Payment:
    """Take a payment back: its lines leave the invoice's reconciliation, and Tryton books the opposite."""
    made, bill, move = _standing(api, payment_id)
    if made.state == "cancelled":
        return made
    what = f"payment {payment_id}"
    for line in _owed(bill, move):
        if line.reconciliation is not None:
            api.wizard("account.move.unreconcile_lines", "account.move.line", line.id, "unreconcile", {}, what=what)
    data = {"default": {"description": f"Payment {payment_id} taken back", "reversal": True}}
    try:
        api.wizard("account.move.cancel", MOVE, move.id, "cancel", data, what=what, answers=EXPECTED)
    except InvalidRequest:  # somebody may have been there first
        if _standing(api, payment_id)[0].state != "cancelled":
            raise
    return made.model_copy(update={"state": "cancelled"})


def cancelled(api: TrytonApi, payment_id: str) -> Payment | None:
    """The payment, where it is taken back."""
    made = _standing(api, payment_id)[0]
    return made if made.state == "cancelled" else None


def health(api: TrytonApi, method: str) -> str:
    """Why no bill can be paid; "" where all is well."""
    try:
        _method(api, method)
        api.call("model.party.party.search_count", [[], {"company": api.company}], what="its user's login", write=False)
    except ConnectorError as error:
        return str(error)
    return ""


# ---------------------------------------------------------------------------------------------------------


def _method(api: TrytonApi, name: str) -> int:
    domain: list[Any] = [["company", "=", api.company], *([["name", "=", name]] if name else [])]
    model = "account.invoice.payment.method"
    found = api.search(Named, model, domain, ("name",), what="its ways to pay", limit=2)
    if len(found) == 1:
        return found[0].id
    if name:
        raise InvalidRequest(f"Tryton has no payment method {name!r}. Check TRYTON_PAYMENT_METHOD, then press Resume.")
    if found:
        raise InvalidRequest(
            "Tryton has several payment methods. Name one in TRYTON_PAYMENT_METHOD, then press Resume."
        )
    raise InvalidRequest("Tryton has no payment method. Make one in its configuration of invoices, then press Resume.")


def _standing(api: TrytonApi, payment_id: str) -> tuple[Payment, Bill, Move]:
    """A payment, its bill and its entry; raises NotFound for any other entry."""
    unknown = NotFound(f"Tryton has no payment {payment_id[:40]!r}. Check it, then press Resume.")
    move_id = number_of(payment_id, "payment")
    move = api.get(Move, MOVE, move_id, FIELDS, what=f"payment {payment_id}")
    if not move.origin.startswith(OF_BILL):
        raise unknown
    bill = bills.get(api, move.origin.removeprefix(OF_BILL))
    found = _payments(api, bill, (move,))
    if not found:
        raise unknown
    return found[0], bill, move


def _payments(api: TrytonApi, bill: Bill, moves: tuple[Move, ...]) -> tuple[Payment, ...]:
    """The entries that pay a bill, with which of them were taken back."""
    own = {bill.move, bill.cancel_move.id if bill.cancel_move else None}
    paying = [move for move in moves if move.id not in own and _amount(bill, move) > 0]
    if not paying:
        return ()
    undone = [["origin", "in", [f"{MOVE},{move.id}" for move in paying]]]
    opposites = api.search(Move, MOVE, undone, FIELDS, what=f"the payments of bill {bill.id}")
    gone = {one.origin for one in opposites}
    return tuple(_payment(bill, move, "cancelled" if f"{MOVE},{move.id}" in gone else "paid") for move in paying)


def _payment(bill: Bill, move: Move, state: PaymentState) -> Payment:
    return Payment(
        id=str(move.id),
        bill=str(bill.id),
        amount=Money(amount=_amount(bill, move), currency=bill.currency.code),
        paid_on=move.date,
        reference=unmarked(move.description),
        state=state,
    )


def _owed(bill: Bill, move: Move) -> tuple[MoveLine, ...]:
    return tuple(line for line in move.lines if line.account == bill.account)


def _amount(bill: Bill, move: Move) -> Decimal:
    """What an entry pays of a bill, in the bill's currency."""
    amount = Decimal(0)
    for line in _owed(bill, move):
        other = line.second_currency is not None and line.second_currency.code == bill.currency.code
        amount += (line.amount_second_currency or Decimal(0)) if other else line.debit - line.credit
    return amount
