"""The books that a workflow may ask for, whichever ERP keeps them: vendors, purchase orders, bills and payments.

A workflow says `run.step(ERP.create_bill, bill)`; the settings say which connector that is. Histories keep the
action names and these shapes: renaming either is a migration.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from integrations.base import Connector, action
from integrations.money import Currency, Exact, Money, rounded
from integrations.protocols import Shape

OrderState = Literal["draft", "confirmed", "received", "cancelled"]
BillState = Literal["draft", "posted", "paid", "cancelled", "credited"]
PaymentState = Literal["paid", "cancelled"]
MOST_FOUND = 100
MOST_LINES = 200
MOST_MONEY = 10**11


def _compact(text: str) -> str:
    return "".join(text.split()).upper()


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


Reference = Annotated[str, AfterValidator(_on_one_line), Field(min_length=1)]
"""Somebody else's number of something, without blanks around it; compared without regard to capitals."""
TaxId = Annotated[str, AfterValidator(_compact)]
"""Compared without blanks, in capitals."""


class Partner(Shape):
    """Whom we buy from."""

    id: str = ""
    """The ERP's own; "" until it is saved."""
    external_id: str = ""
    """Another system's; unique among partners."""
    tax_id: TaxId = ""
    """Such as a VAT number, with the country's letters."""
    name: str = ""
    email: str = ""
    street: str = ""
    postal_code: str = ""
    city: str = ""


class Line(Shape):
    """What was ordered or billed. Tax is a line of its own, on the account of the tax."""

    description: str = Field(min_length=1)
    quantity: Annotated[Exact, Field(gt=0)] = Decimal(1)
    unit_price: Exact
    account: str = ""
    """The code of the account it is booked on; "" for the ERP's own choice for expenses."""


def _countable(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    if sum(line.quantity * abs(line.unit_price) for line in lines) >= MOST_MONEY:
        raise ValueError(f"the lines come to {MOST_MONEY:,} or more, which is too much for one document")
    return lines


Lines = Annotated[tuple[Line, ...], Field(min_length=1, max_length=MOST_LINES), AfterValidator(_countable)]


def total_of(lines: tuple[Line, ...], currency: str) -> Money:
    """What the lines come to, each rounded on its own as invoices are."""
    amount = sum((rounded(line.quantity * line.unit_price, currency) for line in lines), Decimal(0))
    return Money(amount=amount, currency=currency)


class PurchaseOrder(Shape):
    """What we ask a partner for."""

    id: str = ""
    number: str = ""
    """The ERP's, for people."""
    partner: str
    """The partner's id."""
    currency: Currency
    lines: Lines
    reference: str = ""
    """The partner's own number of it."""
    state: OrderState = "draft"

    @property
    def total(self) -> Money:
        """What the lines come to."""
        return total_of(self.lines, self.currency)


class VendorBill(Shape):
    """What a partner asks us to pay."""

    id: str = ""
    number: str = ""
    """The ERP's, for people; given when it is posted."""
    partner: str
    """The partner's id."""
    currency: Currency
    lines: Lines
    reference: Reference
    """The partner's own number of it: a partner's bill is taken in once."""
    billed_on: date
    order: str = ""
    """The id of the purchase order it is for."""
    state: BillState = "draft"
    paid: Exact = Decimal(0)
    """How much of it is paid."""
    credit_note: str = ""
    """The id of the credit note that took it back."""

    @property
    def total(self) -> Money:
        """What the lines come to."""
        return total_of(self.lines, self.currency)

    @property
    def due(self) -> Money:
        """What is still to be paid."""
        open_still = self.state in {"draft", "posted"}
        return Money(amount=self.total.amount - self.paid if open_still else Decimal(0), currency=self.currency)


class Payment(Shape):
    """Money that went out for a bill."""

    id: str
    bill: str
    amount: Money
    paid_on: date
    reference: str = ""
    state: PaymentState = "paid"


class ERP(Connector, protocol=True):
    """Where partners, purchase orders, vendor bills and payments are kept.

    A partner is known by its id, else its external id, else its tax id; one without any is new, once for each step.
    An order or bill is new once for each step, and a bill with a reference that the partner has used is refused.
    Confirming, receiving, posting and cancelling what is so already is fine. What undoes what: `cancel_order` an
    order, `cancel_bill` a bill (a posted one by a credit note), `cancel_payment` a payment.
    """

    @action(idempotent=True)
    def find_partner(self, tax_id: str) -> Partner | None:
        """Find a partner by tax id."""
        raise NotImplementedError

    @action(idempotent=True)
    def search_partners(self, words: str, limit: int = 10) -> tuple[Partner, ...]:
        """Search partners by name."""
        raise NotImplementedError

    @action(idempotent=False)
    def save_partner(self, partner: Partner) -> Partner:
        """Save a partner.

        Fields that are empty stay as they are there.
        """
        raise NotImplementedError

    @action(idempotent=False)
    def create_order(self, order: PurchaseOrder) -> PurchaseOrder:
        """Draft a purchase order."""
        raise NotImplementedError

    @action(idempotent=True)
    def get_order(self, order_id: str) -> PurchaseOrder:
        """Read a purchase order."""
        raise NotImplementedError

    @action(idempotent=True, writes=True)
    def confirm_order(self, order_id: str) -> PurchaseOrder:
        """Confirm a purchase order."""
        raise NotImplementedError

    @action(idempotent=True, writes=True)
    def receive_order(self, order_id: str) -> PurchaseOrder:
        """Book a confirmed order as received, all of it."""
        raise NotImplementedError

    @action(idempotent=True, writes=True)
    def cancel_order(self, order_id: str) -> PurchaseOrder:
        """Cancel a purchase order that was not received."""
        raise NotImplementedError

    @action(idempotent=False)
    def create_bill(self, bill: VendorBill) -> VendorBill:
        """Draft a vendor bill."""
        raise NotImplementedError

    @action(idempotent=True)
    def get_bill(self, bill_id: str) -> VendorBill:
        """Read a vendor bill."""
        raise NotImplementedError

    @action(idempotent=True, writes=True)
    def post_bill(self, bill_id: str) -> VendorBill:
        """Post a vendor bill to the books."""
        raise NotImplementedError

    @action(idempotent=True, writes=True)
    def cancel_bill(self, bill_id: str) -> VendorBill:
        """Cancel a vendor bill: a draft as such, a posted one by a credit note."""
        raise NotImplementedError

    @action(idempotent=False)
    def pay_bill(
        self, bill_id: str, amount: Money | None = None, paid_on: date | None = None, reference: str = ""
    ) -> Payment:
        """Record the payment of a posted bill.

        Without `amount` all that is due; without `paid_on` today.
        """
        raise NotImplementedError

    @action(idempotent=True)
    def payments(self, bill_id: str) -> tuple[Payment, ...]:
        """Read the payments of a bill, the oldest first."""
        raise NotImplementedError

    @action(idempotent=True, writes=True)
    def cancel_payment(self, payment_id: str) -> Payment:
        """Take a payment back."""
        raise NotImplementedError
