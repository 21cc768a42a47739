"""What must hold before the local ledger writes, and the words when it does not."""

from __future__ import annotations

import sqlite3

from integrations.erp import PurchaseOrder, VendorBill
from integrations.errors import InvalidRequest, NotFound
from integrations.local_ledger import partners, tables
from integrations.money import Money


def an_order(conn: sqlite3.Connection, order: PurchaseOrder) -> None:
    """Whether a new order can be kept."""
    partners.must_be(conn, order.partner)
    _accounts(conn, order)


def a_bill(conn: sqlite3.Connection, bill: VendorBill) -> None:
    """Whether a new bill can be kept, and is not there already."""
    partners.must_be(conn, bill.partner)
    _accounts(conn, bill)
    if bill.total.amount <= 0:
        raise InvalidRequest(f"The bill {bill.reference!r} comes to {bill.total}. Check its lines.")
    if bill.order and the_order(conn, bill.order).partner != bill.partner:
        raise InvalidRequest(f"The order {bill.order} is another partner's. Check the bill {bill.reference!r}.")
    other = tables.bill_with(conn, bill.partner, bill.reference)
    if other:
        raise InvalidRequest(f"The partner's bill {bill.reference!r} is there already ({other}). Use that one.")


def a_payment(bill: VendorBill, paying: Money) -> None:
    """Whether so much can be paid on the bill."""
    if bill.state != "posted":
        words = {"draft": "is a draft. Post it first", "paid": "is paid. Look at its payments"}
        raise InvalidRequest(f"The bill {bill.reference!r} {words.get(bill.state, f'is {bill.state}. Check it')}.")
    if paying.currency != bill.currency:
        raise InvalidRequest(f"The bill {bill.number} is in {bill.currency}, not {paying.currency}. Pay it in that.")
    if not 0 < paying.amount <= bill.due.amount:
        raise InvalidRequest(f"{paying} can't be paid: of the bill {bill.number}, {bill.due} are due. Change it.")


def the_order(conn: sqlite3.Connection, order_id: str) -> PurchaseOrder:
    """The order with this id; raises NotFound."""
    found = tables.order(conn, order_id)
    if found is None:
        raise NotFound(f"The local ledger has no purchase order {order_id!r}. Check it, then press Resume.")
    return found


def the_bill(conn: sqlite3.Connection, bill_id: str) -> VendorBill:
    """The bill with this id; raises NotFound."""
    found = tables.bill(conn, bill_id)
    if found is None:
        raise NotFound(f"The local ledger has no bill {bill_id!r}. Check it, then press Resume.")
    return found


def _accounts(conn: sqlite3.Connection, document: PurchaseOrder | VendorBill) -> None:
    unknown = tables.unknown_accounts(conn, document.lines)
    if unknown:
        codes = ", ".join(code for (code,) in conn.execute("SELECT code FROM account ORDER BY code"))
        raise InvalidRequest(f"The local ledger has no account {', '.join(unknown)}. Choose one of {codes}.")
