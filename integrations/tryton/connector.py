"""Partners, purchase orders, vendor bills and their payments in Tryton."""

from __future__ import annotations

from datetime import date, timedelta

import httpx

from integrations.base import Health, action
from integrations.erp import ERP, MOST_FOUND, Partner, Payment, PurchaseOrder, VendorBill
from integrations.http import Gate
from integrations.marks import external_id_of, mark_of
from integrations.money import Money
from integrations.tryton import bills, orders, partners, payments
from integrations.tryton.api import TrytonApi
from integrations.tryton.models import Company, Named, TrytonSettings

SETTLE = timedelta(seconds=30)
"""Tryton may finish a request after it was given up."""


class Tryton(ERP):
    """Partners, purchase orders, vendor bills and their payments in Tryton."""

    def __init__(
        self, settings: TrytonSettings, gate: Gate | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._settings = settings
        self._api = TrytonApi(settings, gate, transport)

    # partners

    @action(idempotent=True)
    def find_partner(self, tax_id: str) -> Partner | None:
        """Find a partner in Tryton by tax id."""
        known = Partner(tax_id=tax_id).tax_id
        found = partners.with_codes(self._api, [known], f"partner {known!r}")
        return partners.partner_of(found[0]) if found else None

    @action(idempotent=True)
    def search_partners(self, words: str, limit: int = 10) -> tuple[Partner, ...]:
        """Search Tryton's parties by name."""
        found = partners.search(self._api, words, min(limit, MOST_FOUND))
        return tuple(partners.partner_of(one) for one in found)

    @action(reconcile="find_saved_partner", settle=SETTLE)
    def save_partner(self, partner: Partner) -> Partner:
        """Save a partner in Tryton."""
        return partners.partner_of(partners.saved(self._api, partner, external_id_of(self.key)))

    def find_saved_partner(self, key: str, partner: Partner) -> Partner | None:
        """The partner, where it is as it was to be saved."""
        found = partners.found_saved(self._api, partner, external_id_of(key))
        return partners.partner_of(found) if found else None

    # purchase orders

    @action(reconcile="find_order", settle=SETTLE)
    def create_order(self, order: PurchaseOrder) -> PurchaseOrder:
        """Draft a purchase order in Tryton."""
        there = self.find_order(self.key, order) if self.key else None
        return there or orders.order_of(orders.create(self._api, order, mark_of(self.key)))

    def find_order(self, key: str, order: PurchaseOrder) -> PurchaseOrder | None:  # noqa: ARG002 - the key says which
        """The order that was drafted with `key`, by its description."""
        found = orders.made_with(self._api, mark_of(key))
        return orders.order_of(found) if found else None

    @action(idempotent=True)
    def get_order(self, order_id: str) -> PurchaseOrder:
        """Read a purchase order from Tryton."""
        return orders.order_of(orders.get(self._api, order_id))

    @action(idempotent=True, writes=True)
    def confirm_order(self, order_id: str) -> PurchaseOrder:
        """Confirm a purchase order in Tryton, as a quotation with its number."""
        return orders.order_of(orders.move(self._api, order_id, "confirmed"))

    @action(idempotent=True, writes=True)
    def receive_order(self, order_id: str) -> PurchaseOrder:
        """Book a purchase order in Tryton as received."""
        return orders.order_of(orders.move(self._api, order_id, "received"))

    @action(idempotent=True, writes=True)
    def cancel_order(self, order_id: str) -> PurchaseOrder:
        """Cancel a purchase order in Tryton."""
        return orders.order_of(orders.move(self._api, order_id, "cancelled"))

    # bills

    @action(reconcile="find_created_bill", settle=SETTLE)
    def create_bill(self, bill: VendorBill) -> VendorBill:
        """Draft a vendor bill in Tryton."""
        there = self.find_created_bill(self.key, bill) if self.key else None
        return there or bills.bill_of(self._api, bills.create(self._api, bill, mark_of(self.key)))

    def find_created_bill(self, key: str, bill: VendorBill) -> VendorBill | None:  # noqa: ARG002 - the key says which
        """The bill that was drafted with `key`, by its description."""
        found = bills.made_with(self._api, mark_of(key))
        return bills.bill_of(self._api, found) if found else None

    @action(idempotent=True)
    def get_bill(self, bill_id: str) -> VendorBill:
        """Read a vendor bill from Tryton."""
        return bills.bill_of(self._api, bills.get(self._api, bill_id))

    @action(idempotent=True, writes=True)
    def post_bill(self, bill_id: str) -> VendorBill:
        """Post a vendor bill in Tryton."""
        return bills.bill_of(self._api, bills.post(self._api, bill_id))

    @action(idempotent=True, writes=True)
    def cancel_bill(self, bill_id: str) -> VendorBill:
        """Cancel a vendor bill in Tryton; of one that is posted, the opposite is booked."""
        return bills.bill_of(self._api, bills.cancel(self._api, bill_id))

    # payments

    @action(reconcile="find_payment", settle=SETTLE)
    def pay_bill(
        self, bill_id: str, amount: Money | None = None, paid_on: date | None = None, reference: str = ""
    ) -> Payment:
        """Record the payment of a posted bill in Tryton."""
        there = self.find_payment(self.key, bill_id) if self.key else None
        method = self._settings.payment_method
        return there or payments.pay(self._api, method, bill_id, amount, paid_on, reference, mark_of(self.key))

    def find_payment(
        self,
        key: str,
        bill_id: str,
        amount: Money | None = None,  # noqa: ARG002 - the key says which
        paid_on: date | None = None,  # noqa: ARG002 - the key says which
        reference: str = "",  # noqa: ARG002 - the key says which
    ) -> Payment | None:
        """The payment that was made with `key`, by the end of its description."""
        return payments.made_with(self._api, bill_id, mark_of(key))

    @action(idempotent=True)
    def payments(self, bill_id: str) -> tuple[Payment, ...]:
        """Read the payments of a bill from Tryton, the oldest first."""
        return payments.of_bill(self._api, bill_id)

    @action(reconcile="find_cancelled_payment", settle=SETTLE)
    def cancel_payment(self, payment_id: str) -> Payment:
        """Take a payment in Tryton back."""
        return payments.cancel(self._api, payment_id)

    def find_cancelled_payment(self, key: str, payment_id: str) -> Payment | None:  # noqa: ARG002 - it is taken back once
        """The payment, where it is taken back."""
        return payments.cancelled(self._api, payment_id)

    def health(self) -> Health:
        """Whose books they are, and whether bills can be paid."""
        fields, what = ("party", "currency.code"), f"the company {self._settings.company}"
        company = self._api.get(Company, "company.company", self._settings.company, fields, what=what)
        name = self._api.get(Named, partners.PARTY, company.party, ("name",), what=what).name
        keeps = f"Keeps the books of {name} in Tryton, in {company.currency.code}"
        if not self._api.has_wizards:
            return Health(True, f"{keeps}; to pay bills too, set TRYTON_USER and TRYTON_PASSWORD")
        problem = payments.health(self._api, self._settings.payment_method)
        return Health(False, f"{keeps}, but can't pay bills: {problem}") if problem else Health(True, keeps)
