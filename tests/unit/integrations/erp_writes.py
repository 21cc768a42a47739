"""Every write that a workflow may do in an ERP, one at a time, with what has to be there before."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from integrations.erp import ERP, Line, Partner, PurchaseOrder, VendorBill
from workflows import Run, workflow

CHAIRS = (Line(description="Chairs", quantity=Decimal(3), unit_price=Decimal("33.335")),)


class Entry(BaseModel):
    """Which write, on which thing."""

    what: str
    thing: str


@workflow("one_entry")
def one_entry(run: Run, entry: Entry) -> None:
    """Do one write."""
    if entry.what == "partner":
        run.step(ERP.save_partner, Partner(name="Bolts"))
    elif entry.what == "order":
        run.step(ERP.create_order, PurchaseOrder(partner=entry.thing, currency="EUR", lines=CHAIRS))
    elif entry.what == "bill":
        run.step(ERP.create_bill, bill_of(entry.thing, "B-2"))
    else:
        run.step(WRITES[entry.what].action, entry.thing)


def bill_of(partner: str, reference: str = "A-1") -> VendorBill:
    return VendorBill(partner=partner, currency="EUR", lines=CHAIRS, reference=reference, billed_on=date(2026, 11, 30))


def vendor(erp: ERP) -> str:
    return erp.save_partner(Partner(name="Acme", tax_id=f"XX{secrets.token_hex(4)}")).id


def an_order(erp: ERP) -> str:
    return erp.create_order(PurchaseOrder(partner=vendor(erp), currency="EUR", lines=CHAIRS)).id


def a_confirmed_one(erp: ERP) -> str:
    return erp.confirm_order(an_order(erp)).id


def a_draft(erp: ERP) -> str:
    return erp.create_bill(bill_of(vendor(erp))).id


def a_posted_one(erp: ERP) -> str:
    return erp.post_bill(a_draft(erp)).id


def a_payment(erp: ERP) -> str:
    return erp.pay_bill(a_posted_one(erp)).id


@dataclass(frozen=True)
class Write:
    """One action, and what makes ready what it is about."""

    action: Callable[..., Any]
    ready: Callable[[ERP], str]


WRITES = {
    "partner": Write(ERP.save_partner, vendor),
    "order": Write(ERP.create_order, vendor),
    "confirmed order": Write(ERP.confirm_order, an_order),
    "received order": Write(ERP.receive_order, a_confirmed_one),
    "cancelled order": Write(ERP.cancel_order, a_confirmed_one),
    "bill": Write(ERP.create_bill, vendor),
    "posted bill": Write(ERP.post_bill, a_draft),
    "cancelled bill": Write(ERP.cancel_bill, a_draft),
    "credited bill": Write(ERP.cancel_bill, a_posted_one),
    "paid bill": Write(ERP.pay_bill, a_posted_one),
    "payment taken back": Write(ERP.cancel_payment, a_payment),
}
