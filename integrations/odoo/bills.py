"""Vendor bills in Odoo: entries of the type `in_invoice`, and their credit notes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from integrations.erp import BillState, Line, VendorBill, total_of
from integrations.errors import InvalidRequest, NotFound
from integrations.odoo import lines, orders, partners
from integrations.odoo.api import OdooApi, like, number_of
from integrations.odoo.models import Bill, BillLine, OrderLine
from integrations.payable import must_be_new, must_be_the_partners, must_come_to_something, must_not_be_paid

MODEL = "account.move"
FIELDS = (
    "name", "move_type", "state", "payment_state", "partner_id", "currency_id", "ref", "invoice_date", "amount_total",
    "amount_residual", "reversal_move_ids",
)  # fmt: skip
LINE_FIELDS = (
    "name", "display_type", "quantity", "price_unit", "amount_currency", "account_id", "purchase_line_id",
)  # fmt: skip
PAID = frozenset({"paid", "in_payment"})
REVERSAL = "account.move.reversal"


def get(api: OdooApi, bill_id: str) -> Bill:
    """The bill with this id; raises NotFound."""
    found = api.get(Bill, MODEL, number_of(bill_id, "bill"), FIELDS, what=f"bill {bill_id}")
    if found.move_type != "in_invoice":
        raise NotFound(f"In Odoo {bill_id} is no vendor's bill. Check it, then press Resume.")
    return found


def made_with(api: OdooApi, mark: str) -> Bill | None:
    """The bill that has this mark for its source."""
    domain = [["move_type", "=", "in_invoice"], ["invoice_origin", "=", mark]]
    found = api.search(Bill, MODEL, domain, FIELDS, what="the bill", limit=1)
    return found[0] if found else None


def create(api: OdooApi, bill: VendorBill, mark: str) -> Bill:
    """Draft a bill."""
    partner = partners.get(api, bill.partner)
    accounts = lines.accounts_of(api, bill.lines)
    must_come_to_something(bill)
    lines.must_keep_prices(api, bill.lines)
    ordered = _ordered(api, bill)
    must_be_new(bill, _other(api, bill))
    values = {
        "move_type": "in_invoice",
        "partner_id": partner.id,
        "currency_id": api.currency(bill.currency),
        "invoice_date": bill.billed_on.isoformat(),
        "ref": bill.reference,
        "invoice_origin": mark,
        "invoice_line_ids": [
            [0, 0, _line(line, accounts.get(line.account), ordered[number].id if number < len(ordered) else None)]
            for number, line in enumerate(bill.lines)
        ],
    }
    return get(api, str(api.create(MODEL, values, what=f"the bill {bill.reference!r}")))


def post(api: OdooApi, bill_id: str) -> Bill:
    """Post a bill, unless it is posted or paid."""
    bill = get(api, bill_id)
    state = state_of(bill)
    if state in {"cancelled", "credited"}:
        raise InvalidRequest(f"The bill {bill.ref!r} is {state}. Enter it anew to post it.")
    if state == "draft":
        try:
            api.press(MODEL, bill.id, "action_post", what=f"bill {bill_id}")
        except InvalidRequest:  # somebody may have been there first
            if state_of(get(api, bill_id)) == "draft":
                raise
        bill = get(api, bill_id)
    return bill


def cancel(api: OdooApi, bill_id: str) -> Bill:
    """Cancel a draft; give a posted bill a credit note, and post that."""
    bill = get(api, bill_id)
    must_not_be_paid(bill_of(api, bill))
    what = f"bill {bill_id}"
    if state_of(bill) == "draft":
        api.press(MODEL, bill.id, "button_cancel", what=what)
    elif state_of(bill) == "posted":
        if not bill.reversal_move_ids:
            context = {"active_model": MODEL, "active_ids": [bill.id]}
            values = {"move_ids": [[6, 0, [bill.id]]], "reason": f"Bill {bill.name} taken back"}
            wizard = api.create(REVERSAL, values, what=what, write=False, context=context)
            api.press(REVERSAL, wizard, "refund_moves", what=what)
            bill = get(api, bill_id)
        _post_credit_note(api, bill)
    return get(api, bill_id)


def cancelled(api: OdooApi, bill_id: str) -> Bill | None:
    """The bill, where it is cancelled or credited."""
    bill = get(api, bill_id)
    return bill if state_of(bill) in {"cancelled", "credited"} else None


def state_of(bill: Bill) -> BillState:
    """What a bill's state is to us."""
    if bill.state != "posted":
        return "cancelled" if bill.state == "cancel" else "draft"
    if bill.payment_state == "reversed":
        return "credited"
    return "paid" if bill.payment_state in PAID else "posted"


def bill_of(api: OdooApi, bill: Bill) -> VendorBill:
    """A bill as workflows see it; it comes to Odoo's total, with its taxes as lines."""
    domain = [["move_id", "=", bill.id], ["display_type", "in", ["product", "tax"]]]
    found = api.search(BillLine, "account.move.line", domain, LINE_FIELDS, what=f"the lines of bill {bill.id}")
    codes = lines.codes_of(api, (line.account_id for line in found if line.account_id))
    currency = api.currency_code(bill.currency_id)
    shown = _shown(found, codes)
    difference = bill.amount_total - total_of(shown, currency).amount
    if difference:
        shown = (*shown, Line(description="Rounding", unit_price=difference))
    if not shown or not bill.ref.strip() or bill.invoice_date is None:
        raise InvalidRequest(
            f"The bill {bill.name or bill.id} has no lines, no date or no number of the vendor's. Complete it in "
            "Odoo, then press Resume."
        )
    state = state_of(bill)
    return VendorBill(
        id=str(bill.id),
        number="" if bill.name == "/" else bill.name,
        partner=str(bill.partner_id),
        currency=currency,
        lines=shown,
        reference=bill.ref,
        billed_on=bill.invoice_date,
        order=_order(api, found),
        state=state,
        paid=bill.amount_total - bill.amount_residual if state in {"posted", "paid"} else Decimal(0),
        credit_note=str(bill.reversal_move_ids[0]) if state == "credited" and bill.reversal_move_ids else "",
    )


# ---------------------------------------------------------------------------------------------------------


def _line(line: Line, account: int | None, order_line: int | None) -> dict[str, Any]:
    return {
        "name": line.description,
        "quantity": float(line.quantity),
        "price_unit": float(line.unit_price),
        "tax_ids": [[6, 0, []]],
        **({"account_id": account} if account else {}),
        **({"purchase_line_id": order_line} if order_line else {}),
    }


def _shown(found: tuple[BillLine, ...], codes: Any) -> tuple[Line, ...]:
    made = []
    for line in found:
        account = codes.get(line.account_id, "")
        if line.display_type == "tax":
            if line.amount_currency:
                made.append(Line(description=line.name or "Tax", unit_price=line.amount_currency, account=account))
        elif line.quantity:
            turned = -1 if line.quantity < 0 else 1
            quantity, price = turned * line.quantity, turned * line.price_unit
            made.append(Line(description=line.name or "Line", quantity=quantity, unit_price=price, account=account))
    return tuple(made)


def _other(api: OdooApi, bill: VendorBill) -> str | None:
    domain = [
        ["move_type", "=", "in_invoice"],
        ["partner_id", "=", number_of(bill.partner, "partner")],
        ["ref", "=ilike", like(bill.reference)],
        ["state", "!=", "cancel"],
        ["payment_state", "!=", "reversed"],
    ]
    found = api.search(Bill, MODEL, domain, FIELDS, what=f"the bill {bill.reference!r}", limit=1)
    return str(found[0].id) if found else None


def _ordered(api: OdooApi, bill: VendorBill) -> tuple[OrderLine, ...]:
    if not bill.order:
        return ()
    order = orders.get(api, bill.order)
    must_be_the_partners(bill, str(order.partner_id))
    return orders.lines_of(api, order)


def _order(api: OdooApi, found: tuple[BillLine, ...]) -> str:
    line_id = next((line.purchase_line_id for line in found if line.purchase_line_id), None)
    if line_id is None:
        return ""
    ordered = api.get(OrderLine, orders.LINE, line_id, orders.LINE_FIELDS, what=f"line {line_id} of an order")
    return str(ordered.order_id or "")


def _post_credit_note(api: OdooApi, bill: Bill) -> None:
    for note_id in bill.reversal_move_ids[:1]:
        note = api.get(Bill, MODEL, note_id, FIELDS, what=f"credit note {note_id}")
        if note.state == "draft":
            api.press(MODEL, note_id, "action_post", what=f"credit note {note_id}")
