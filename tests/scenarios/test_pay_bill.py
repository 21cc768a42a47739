"""From a vendor's bill to its payment in the local ledger, approved by amount, and undone when it is no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.base import action
from integrations.erp import ERP, Partner, Payment, VendorBill
from integrations.local_channel.connector import LocalChannel, LocalChannelSettings
from integrations.local_ledger.connector import LocalLedger, LocalLedgerSettings
from integrations.money import Money
from integrations.protocols import Channel
from workflows import Outcome
from workflows.engine.directory import LocalDirectory
from workflows.engine.errors import NotAllowed
from workflows.engine.model import RunState
from workflows.engine.testing.harness import Harness
from workflows.library.pay_bill import Paid, pay_bill, until

ROLES = {"finance": ("test:fay", "test:lea"), "lead": ("test:lea", "test:leo")}
BILL = {
    "vendor": "Acme <Steel>", "tax_id": "fr 12", "reference": "2026-117", "billed_on": "2026-11-30",
    "net": "1000.10", "tax": "200.02", "about": "Bolts", "account": "5000", "channel": "#finance",
}  # fmt: skip
BIG = {**BILL, "net": "9000", "tax": "1000"}


class Ledger(LocalLedger):
    """A local ledger in which something happens while a bill is paid."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    @action(idempotent=True, writes=True)
    def pay_bill(
        self, bill_id: str, amount: Money | None = None, paid_on: date | None = None, reference: str = ""
    ) -> Payment:
        """Pay the bill."""
        self.meanwhile()
        return super().pay_bill(bill_id, amount, paid_on, reference)


@dataclass
class Office:
    """The workflow on a ledger, and where its messages go."""

    harness: Harness
    ledger: Ledger
    channels: Path

    def start(self, bill: dict[str, Any]) -> str:
        return self.harness.start("pay_bill", bill)

    def bill(self, run_id: str) -> VendorBill:
        """The bill that a run drafted, as it is now."""
        made = next(one for one in self.harness.history(run_id) if one.key == "erp.create_bill#1")
        return self.ledger.get_bill(VendorBill.model_validate_json(made.output or "").id)

    def balances(self) -> dict[str, str]:
        return {one.name: str(one.amount) for one in self.ledger.balances()}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    ledger = Ledger(LocalLedgerSettings(path=tmp_path / "ledger.db"))
    channel = LocalChannel(LocalChannelSettings(folder=tmp_path / "channels"))
    harness = Harness(pay_bill, tools={ERP: ledger, Channel: channel}, directory=LocalDirectory(ROLES))
    return Office(harness, ledger, tmp_path / "channels")


def test_a_bill_is_approved_by_finance_then_posted_and_paid(office: Office) -> None:
    run_id = office.start(BILL)
    assert office.harness.state(run_id) is RunState.WAITING
    [approval] = office.harness.store.approvals(run_id=run_id)
    assert approval.title == "Pay this bill?"
    assert '"amount":"1200.12"' in approval.show.replace(" ", "")
    assert office.balances() == {}
    with pytest.raises(NotAllowed):
        office.harness.decide(by="test:leo")
    office.harness.decide(by="test:fay")
    paid = office.harness.output(run_id)
    assert isinstance(paid, Paid)
    assert (str(paid.amount), paid.vendor) == ("1,200.12 EUR", "Acme <Steel>")
    assert office.bill(run_id).state == "paid"
    assert office.balances() == {
        "Bank": "-1,200.12 EUR", "Input tax": "200.02 EUR", "Payables": "0.00 EUR",
        "Goods and materials": "1,000.10 EUR",
    }  # fmt: skip
    posted = "".join(file.read_text() for file in office.channels.iterdir())
    assert f"Paid *1,200.12 EUR* to *Acme &lt;Steel&gt;* for bill {paid.number}" in posted


def test_a_big_one_needs_two_of_finance_of_whom_one_is_a_lead(office: Office) -> None:
    run_id = office.start(BIG)
    office.harness.decide(by="test:fay")
    assert (office.harness.state(run_id), office.bill(run_id).state) == (RunState.WAITING, "draft")
    office.harness.decide(by="test:lea")
    assert office.harness.output(run_id).amount.amount == Decimal(10_000)


@pytest.mark.parametrize("how", ["rejected", "expired"])
def test_what_is_not_approved_is_not_in_the_books(office: Office, how: str) -> None:
    run_id = office.start(BILL)
    if how == "rejected":
        office.harness.decide(Outcome.REJECTED, by="test:fay")
    else:
        office.harness.skip(timedelta(days=7))
    assert office.harness.state(run_id) is RunState.FAILED
    assert (office.bill(run_id).state, office.balances()) == ("cancelled", {})
    office.start(BILL)
    office.harness.decide(by="test:fay")
    assert office.balances()["Payables"] == "0.00 EUR"


def test_it_is_paid_on_its_day_and_credited_when_the_run_ends_before(office: Office) -> None:
    day = (office.harness.clock.now() + timedelta(days=30)).date()
    runs = [office.start({**BILL, "reference": text, "pay_on": day.isoformat()}) for text in ("A", "B")]
    for run_id in runs:
        office.harness.decide(by="test:fay", run_id=run_id)
        assert (office.harness.state(run_id), office.bill(run_id).state) == (RunState.WAITING, "posted")
    office.harness.cancel(runs[1])
    assert office.bill(runs[1]).state == "credited"
    office.harness.skip(timedelta(days=28))
    assert office.bill(runs[0]).state == "posted"
    office.harness.skip(timedelta(days=2))
    assert office.bill(runs[0]).state == "paid"
    assert (office.balances()["Bank"], office.balances()["Payables"]) == ("-1,200.12 EUR", "0.00 EUR")


def test_a_bill_is_not_paid_twice(office: Office) -> None:
    known = office.ledger.save_partner(Partner(tax_id="FR12", name="Acme SA"))
    first, second = (office.start(BILL) for _ in range(2))
    assert office.bill(first).partner == known.id
    [approval] = office.harness.store.approvals(run_id=first)
    assert "Acme SA" in approval.show
    assert office.harness.state(second) is RunState.FAILED
    assert "'2026-117' is there already" in office.harness.error(second)


@pytest.mark.parametrize("key", ["erp.create_bill#1", "erp.post_bill#1", "erp.pay_bill#1"])
def test_a_worker_that_dies_books_nothing_twice(office: Office, key: str) -> None:
    office.harness.crash_at("after_effect", key)
    run_id = office.start(BILL)
    office.harness.skip(timedelta(minutes=10))
    office.harness.decide(by="test:fay")
    office.harness.skip(timedelta(minutes=10))
    assert office.harness.crashes == 1
    assert office.harness.output(run_id).vendor == "Acme <Steel>"
    assert (office.balances()["Bank"], office.balances()["Payables"]) == ("-1,200.12 EUR", "0.00 EUR")
    assert len(office.ledger.payments(office.bill(run_id).id)) == 1


def test_a_run_that_is_cancelled_while_it_pays_takes_the_payment_back(office: Office) -> None:
    run_id = office.start(BILL)
    office.ledger.meanwhile = lambda: office.harness.service.cancel(run_id, by="test:ana")
    office.harness.decide(by="test:fay")
    assert office.harness.state(run_id) is RunState.CANCELLED, office.harness.error(run_id)
    assert office.bill(run_id).state == "credited"
    assert office.balances()["Bank"] == "0.00 EUR"
    assert set(office.balances().values()) == {"0.00 EUR"}


def test_a_day_that_has_begun_is_not_waited_for() -> None:
    noon = datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert until(noon.date(), noon) == timedelta(0)
    assert until(datetime(2026, 12, 2, tzinfo=UTC).date(), noon) == timedelta(hours=12)
