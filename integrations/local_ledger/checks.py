"""What must hold before the local ledger writes, and the words when it does not."""

from __future__ import annotations

import sqlite3

from integrations.erp import PurchaseOrder, VendorBill
from integrations.errors import InvalidRequest, NotFound
from integrations.local_ledger import partners, tables
from integrations.payable import must_be_new, must_be_the_partners, must_come_to_something


def an_order(conn: sqlite3.Connection, order: PurchaseOrder) -> None:
    """Whether a new order can be kept."""
    partners.must_be(conn, order.partner)
    _accounts(conn, order)


def a_bill(conn: sqlite3.Connection, bill: VendorBill) -> None:
    """Whether a new bill can be kept, and is not there already."""
    partners.must_be(conn, bill.partner)
    _accounts(conn, bill)
    must_come_to_something(bill)
    if bill.order:
        must_be_the_partners(bill, the_order(conn, bill.order).partner)
    must_be_new(bill, tables.bill_with(conn, bill.partner, bill.reference))


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
