"""From a vendor's bill to its payment: take it in, have it approved by amount, post it, pay it on its day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from integrations.erp import ERP, Line, Partner, VendorBill
from integrations.money import Currency, Money
from integrations.protocols import Channel
from workflows import Escalation, Outcome, Policy, Rule, Run, When, workflow
from workflows.library.slack_text import plain

BIG = Decimal(10_000)
"""From this amount on two of finance decide, one of whom is a lead."""
QUESTION = "Pay this bill?"
VENDOR_BILLS = Policy(
    "vendor_bills",
    rules=[
        Rule(when=When("amount", min=int(BIG)), quorum={"finance": 1, "finance+lead": 1}),
        Rule(approvers=["role:finance"]),
    ],
    remind=timedelta(days=1),
    escalation=[Escalation(after=timedelta(days=3), to=["role:lead"])],
    timeout=timedelta(days=7),
    on_timeout=Outcome.EXPIRED,
)


class Bill(BaseModel):
    """A bill as somebody enters it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vendor: str = Field(pattern=r"\S", max_length=200, title="Vendor")
    tax_id: str = Field(
        pattern=r"\S", max_length=40, title="Tax id", description="Such as a VAT number: the vendor is known by it"
    )
    reference: str = Field(pattern=r"\S", max_length=60, title="Bill number", description="The vendor's own")
    billed_on: date = Field(title="Date of the bill")
    net: Decimal = Field(gt=0, max_digits=12, decimal_places=2, title="Net amount")
    tax: Decimal = Field(default=Decimal(0), ge=0, max_digits=12, decimal_places=2, title="Tax")
    currency: Currency = Field(default="EUR", title="Currency")
    about: str = Field(pattern=r"\S", max_length=200, title="What it is for")
    account: str = Field(default="", title="Account", description="Unset: the ERP's own choice for expenses")
    tax_account: str = Field(default="1400", title="Account of the tax")
    pay_on: date | None = Field(default=None, title="Pay on", description="Unset: as soon as it is approved")
    channel: str = Field(default="", title="Channel", description="One to tell, like #finance")


class Request(BaseModel):
    """What finance decides on."""

    model_config = ConfigDict(frozen=True)

    vendor: str
    known_vendor: bool
    """Whether the ERP knew the tax id before this bill."""
    reference: str
    amount: Decimal
    currency: str
    of_which_tax: Decimal
    about: str
    billed_on: date
    pay_on: date | None


class Paid(BaseModel):
    """What became of the bill."""

    model_config = ConfigDict(frozen=True)

    bill: str
    number: str
    payment: str
    vendor: str
    amount: Money


def told(paid: Paid) -> str:
    """What the channel reads at the end."""
    return f"Paid *{paid.amount}* to *{plain(paid.vendor)}* for bill {plain(paid.number)}"


@workflow("pay_bill", title="Pay a vendor's bill", summary=told)
def pay_bill(run: Run, bill: Bill) -> Paid:
    known = run.step(ERP.find_partner, bill.tax_id)
    vendor = known or run.step(ERP.save_partner, Partner(tax_id=bill.tax_id, name=bill.vendor))
    with run.saga() as saga:  # what is not paid in the end is not in the books
        drafted = run.step(ERP.create_bill, as_booked(bill, vendor))
        saga.on_failure(ERP.cancel_bill, drafted.id)
        decision = run.approval(
            "payment", title=QUESTION, show=request(bill, vendor, drafted, known is not None), policy=VENDOR_BILLS
        )
        decision.require_approved()
        posted = run.step(ERP.post_bill, drafted.id)
        if bill.pay_on is not None:
            run.sleep(until(bill.pay_on, run.now()))
        payment = run.step(ERP.pay_bill, drafted.id)
        saga.on_failure(ERP.cancel_payment, payment.id)
    paid = Paid(bill=posted.id, number=posted.number, payment=payment.id, vendor=vendor.name, amount=payment.amount)
    if bill.channel:
        run.step(Channel.post, bill.channel, told(paid))
    return paid


def as_booked(bill: Bill, vendor: Partner) -> VendorBill:
    """The bill as the ERP takes it: what was bought, and the tax."""
    lines = [Line(description=bill.about, unit_price=bill.net, account=bill.account)]
    if bill.tax:
        lines.append(Line(description="Tax", unit_price=bill.tax, account=bill.tax_account))
    return VendorBill(
        partner=vendor.id,
        currency=bill.currency,
        lines=tuple(lines),
        reference=bill.reference,
        billed_on=bill.billed_on,
    )


def request(bill: Bill, vendor: Partner, drafted: VendorBill, known: bool) -> Request:
    """The bill as finance decides on it: by the ERP's name of the vendor, and by its sum."""
    return Request(
        vendor=vendor.name,
        known_vendor=known,
        reference=bill.reference,
        amount=drafted.total.amount,
        currency=bill.currency,
        of_which_tax=bill.tax,
        about=bill.about,
        billed_on=bill.billed_on,
        pay_on=bill.pay_on,
    )


def until(day: date, now: datetime) -> timedelta:
    """How long it is until a day begins, in UTC; nothing when it has begun."""
    return max(timedelta(0), datetime.combine(day, time(), UTC) - now)
