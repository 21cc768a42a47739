"""Vendor bills as Tryton's supplier invoices."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from integrations.erp import BillState, VendorBill
from integrations.errors import InvalidRequest, NotFound
from integrations.payable import must_be_new, must_be_the_partners, must_come_to_something, must_not_be_paid
from integrations.tryton import lines, orders, partners
from integrations.tryton.api import TrytonApi, like, number_of
from integrations.tryton.documents import address_of, currency_named
from integrations.tryton.models import Bill, Configuration, Named, OfLine, Party, day_out

INVOICE = "account.invoice"
FIELDS = (
    "type", "number", "state", "party", "currency.code", "account", "reference", "invoice_date", "total_amount",
    "amount_to_pay", "move", "cancel_move.number", "lines.type", "lines.description", "lines.quantity",
    "lines.unit_price", "lines.account.code", "lines.origin", "taxes.description", "taxes.amount",
    "taxes.account.code",
)  # fmt: skip
ORDER_LINE = "purchase.line,"
"""Begins the origin of a line that is for a purchase."""
STATES: dict[str, BillState] = {"draft": "draft", "validated": "draft", "posted": "posted", "paid": "paid"}


def get(api: TrytonApi, bill_id: str) -> Bill:
    """The supplier's invoice with this id; raises NotFound."""
    found = api.get(Bill, INVOICE, number_of(bill_id, "bill"), FIELDS, what=f"bill {bill_id}")
    if found.type != "in":
        raise NotFound(
            f"In Tryton {bill_id} is a customer's invoice, not a vendor's bill. Check it, then press Resume."
        )
    return found


def made_with(api: TrytonApi, mark: str) -> Bill | None:
    """The invoice that has this mark for a description."""
    domain = [["type", "=", "in"], ["description", "=", mark]]
    found = api.search(Bill, INVOICE, domain, FIELDS, what="the bill", limit=1)
    return found[0] if found else None


def create(api: TrytonApi, bill: VendorBill, mark: str) -> Bill:
    """Draft a supplier's invoice."""
    party = partners.get(api, bill.partner)
    accounts = lines.accounts_of(api, bill.lines)
    must_come_to_something(bill)
    origins = _origins(api, bill)
    must_be_new(bill, _other(api, bill, party))
    currency = currency_named(api, bill.currency)
    bought, taxes = lines.bill_lines(bill.lines, currency, accounts, origins)
    values = {
        "type": "in",
        "company": api.company,
        "party": party.id,
        "invoice_address": address_of(party),
        "currency": currency.id,
        "account": party.account_payable or _payables(api),
        "journal": _journal(api),
        "invoice_date": day_out(bill.billed_on),
        "reference": bill.reference,
        "description": mark,
        "lines": [["create", bought]],
        "taxes": [["create", taxes]],
    }
    return api.create(Bill, INVOICE, values, FIELDS, what=f"the bill {bill.reference!r}")


def post(api: TrytonApi, bill_id: str) -> Bill:
    """Post an invoice, unless it is posted or paid."""
    bill = get(api, bill_id)
    if state_of(bill) in {"cancelled", "credited"}:
        raise InvalidRequest(f"The bill {bill.reference!r} is {state_of(bill)}. Enter it anew to post it.")
    try:
        return _pressed(api, bill, "post", {"posted", "paid"})
    except InvalidRequest:
        if not (api.has_wizards and _is_like_a_cancelled_one(api, bill)):
            raise
    api.answer("invoice_similar", f"{INVOICE},{bill.id}", what=f"bill {bill_id}")
    return _pressed(api, bill, "post", {"posted", "paid"})


def cancel(api: TrytonApi, bill_id: str) -> Bill:
    """Cancel an invoice; Tryton books the opposite of one that was posted."""
    bill = get(api, bill_id)
    must_not_be_paid(bill_of(api, bill))
    return _pressed(api, bill, "cancel", {"cancelled", "credited"})


def state_of(bill: Bill) -> BillState:
    """What an invoice's state is to us."""
    if bill.state == "cancelled":
        return "credited" if bill.cancel_move else "cancelled"
    if bill.state not in STATES:
        raise InvalidRequest(
            f"The bill {bill.number or bill.id} is {bill.state}, which Baton does not know. Look at it."
        )
    return STATES[bill.state]


def paid_of(bill: Bill) -> Decimal:
    """How much of an invoice is paid."""
    return bill.total_amount - bill.amount_to_pay if bill.state in {"posted", "paid"} else Decimal(0)


def bill_of(api: TrytonApi, bill: Bill) -> VendorBill:
    """An invoice as workflows see it."""
    found = lines.lines_of(bill.lines, bill.taxes, bill.total_amount, bill.currency.code)
    if not found or not bill.reference.strip() or bill.invoice_date is None:
        raise InvalidRequest(
            f"The bill {bill.number or bill.id} has no lines, no date or no number of the vendor's. Complete it in "
            "Tryton, then press Resume."
        )
    return VendorBill(
        id=str(bill.id),
        number=bill.number,
        partner=str(bill.party),
        currency=bill.currency.code,
        lines=found,
        reference=bill.reference,
        billed_on=bill.invoice_date,
        order=_order(api, bill),
        state=state_of(bill),
        paid=paid_of(bill),
        credit_note=(bill.cancel_move.number or str(bill.cancel_move.id)) if bill.cancel_move else "",
    )


# ---------------------------------------------------------------------------------------------------------


def _pressed(api: TrytonApi, bill: Bill, button: str, wanted: set[BillState]) -> Bill:
    if state_of(bill) in wanted:
        return bill
    try:
        api.press(INVOICE, bill.id, button, what=f"bill {bill.id}")
    except InvalidRequest:  # somebody may have been there first
        after = get(api, str(bill.id))
        if state_of(after) not in wanted:
            raise
        return after
    return get(api, str(bill.id))


def _with_reference(api: TrytonApi, party: int, reference: str) -> tuple[Bill, ...]:
    """The party's invoices with this reference, in any capitals."""
    domain: Sequence[Any] = [
        ["type", "=", "in"],
        ["company", "=", api.company],
        ["party", "=", party],
        ["reference", "ilike", like(reference)],
    ]
    return api.search(Bill, INVOICE, domain, FIELDS, what=f"the bill {reference!r}")


def _other(api: TrytonApi, bill: VendorBill, party: Party) -> str | None:
    alike = _with_reference(api, party.id, bill.reference)
    return next((str(one.id) for one in alike if one.state != "cancelled"), None)


def _is_like_a_cancelled_one(api: TrytonApi, bill: Bill) -> bool:
    """Whether Tryton warns of nothing but invoices that were cancelled: it tells them apart from others no more."""
    alike = [one for one in _with_reference(api, bill.party, bill.reference) if one.id != bill.id]
    return bool(alike) and all(one.state == "cancelled" for one in alike)


def _origins(api: TrytonApi, bill: VendorBill) -> tuple[str, ...]:
    if not bill.order:
        return ()
    order = orders.get(api, bill.order)
    must_be_the_partners(bill, str(order.party))
    return tuple(f"{ORDER_LINE}{line.id}" for line in order.lines if line.type == "line")


def _order(api: TrytonApi, bill: Bill) -> str:
    origin = next((line.origin for line in bill.lines if line.origin.startswith(ORDER_LINE)), "")
    if not origin:
        return ""
    line_id = number_of(origin.removeprefix(ORDER_LINE), "line of an order")
    return str(api.get(OfLine, "purchase.line", line_id, ("purchase",), what=f"the order of bill {bill.id}").purchase)


def _payables(api: TrytonApi) -> int:
    chosen = api.get(
        Configuration, lines.CONFIGURATION, 1, ("default_account_payable",), what="its accounts for what is not said"
    )
    if chosen.default_account_payable is None:
        raise InvalidRequest(
            "Tryton has no account for what is owed. Set a default one in its configuration of accounts, or one for "
            "the party, then start again."
        )
    return chosen.default_account_payable


def _journal(api: TrytonApi) -> int:
    found = api.search(Named, "account.journal", [["type", "=", "expense"]], ("name",), what="its journal", limit=1)
    if not found:
        raise InvalidRequest("Tryton has no journal for expenses. Make one there, then start again.")
    return found[0].id
