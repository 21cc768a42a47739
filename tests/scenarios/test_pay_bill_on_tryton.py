"""From a vendor's bill to its payment in a real Tryton, each once, whatever is lost or killed on the way."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bot.connectors import registry
from bot.settings import Settings
from integrations.base import action
from integrations.erp import ERP, Payment, VendorBill
from integrations.money import Money
from integrations.tryton.connector import Tryton
from tests.servers import tryton
from tests.servers.tryton import LosesAnswers, TrytonServer, connected
from workflows import Outcome
from workflows.engine.directory import LocalDirectory
from workflows.engine.model import RunState
from workflows.engine.testing.harness import Harness
from workflows.library.pay_bill import pay_bill

tryton_server = tryton.tryton_server
pytestmark = list(tryton.real)
ROLES = {"finance": ("test:fay", "test:lea"), "lead": ("test:lea", "test:leo")}
ATTEMPT_AND_SETTLE = timedelta(minutes=5)
WRITES = ["erp.save_partner#1", "erp.create_bill#1", "erp.post_bill#1", "erp.pay_bill#1"]


class Interrupted(Tryton):
    """Tryton, where something happens while a bill is paid."""

    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    @action(reconcile="find_payment")
    def pay_bill(
        self, bill_id: str, amount: Money | None = None, paid_on: date | None = None, reference: str = ""
    ) -> Payment:
        """Pay the bill."""
        self.meanwhile()
        return super().pay_bill(bill_id, amount, paid_on, reference)


@dataclass
class Office:
    """The workflow on Tryton, and Tryton as it is seen past all that fails."""

    harness: Harness
    books: Tryton
    tax_id: str

    def start(self) -> str:
        bill: dict[str, Any] = {
            "vendor": f"Acme {self.tax_id}", "tax_id": self.tax_id, "reference": "2026-117", "billed_on": "2026-11-30",
            "net": "1000.10", "tax": "200.02", "about": "Bolts", "account": "5.1.1", "tax_account": "6.3.6",
        }  # fmt: skip
        return self.harness.start("pay_bill", bill)

    def bill(self, run_id: str) -> VendorBill:
        """The bill that a run drafted, as it is now."""
        made = next(one for one in self.harness.history(run_id) if one.key == "erp.create_bill#1")
        return self.books.get_bill(VendorBill.model_validate_json(made.output or "").id)

    def one_of_each(self, run_id: str) -> None:
        """One vendor, one bill that is paid, and one payment."""
        output = self.harness.output(run_id)
        assert [one.id for one in self.books.search_partners(self.tax_id)] == [self.bill(run_id).partner]
        bill = self.bill(run_id)
        assert (bill.state, str(bill.total), bill.number) == ("paid", "1,200.12 EUR", output.number)
        [payment] = self.books.payments(bill.id)
        assert (payment.id, str(payment.amount), payment.state) == (output.payment, "1,200.12 EUR", "paid")


def office(server: TrytonServer, erp: ERP | None = None) -> Office:
    books = connected(server.settings)
    harness = Harness(pay_bill, tools={ERP: erp or books}, directory=LocalDirectory(ROLES))
    return Office(harness, books, f"XX{secrets.token_hex(4)}".upper())


def test_the_settings_take_the_workflow_to_tryton(tryton_server: TrytonServer, tmp_path: Path) -> None:
    known = tryton_server.settings
    settings = Settings(
        baton_home=tmp_path, tryton_url=known.url, tryton_key=known.key, tryton_user=known.user,
        tryton_password=known.password, _env_file=None,
    )  # fmt: skip
    chosen = registry(settings, {})
    assert chosen.health(ERP).words == "Keeps the books of Baton Co in Tryton, in EUR"
    place = office(tryton_server, chosen.get(ERP))
    run_id = place.start()
    assert place.bill(run_id).state == "draft"
    place.harness.decide(by="test:fay")
    place.one_of_each(run_id)
    second = place.start()
    assert "'2026-117' is there already" in place.harness.error(second)


def test_what_is_lost_on_the_way_back_is_found(tryton_server: TrytonServer) -> None:
    place = office(tryton_server, connected(tryton_server.settings, LosesAnswers()))
    run_id = place.start()
    place.harness.skip(ATTEMPT_AND_SETTLE)
    place.harness.decide(by="test:fay")
    place.harness.skip(ATTEMPT_AND_SETTLE)
    place.one_of_each(run_id)


def test_a_worker_that_dies_before_it_records_books_nothing_twice(tryton_server: TrytonServer) -> None:
    place = office(tryton_server)
    for key in WRITES:
        place.harness.crash_at("after_effect", key)
    run_id = place.start()
    place.harness.skip(ATTEMPT_AND_SETTLE * 2)
    place.harness.decide(by="test:fay")
    place.harness.skip(ATTEMPT_AND_SETTLE * 2)
    assert place.harness.crashes == len(WRITES)
    place.one_of_each(run_id)


def test_a_no_cancels_the_draft_and_the_end_of_a_run_takes_all_back(tryton_server: TrytonServer) -> None:
    busy = Interrupted(tryton_server.settings, transport=LosesAnswers())
    place = office(tryton_server, busy)
    refused = place.start()
    place.harness.skip(ATTEMPT_AND_SETTLE)
    place.harness.decide(Outcome.REJECTED, by="test:fay")
    place.harness.skip(ATTEMPT_AND_SETTLE)
    assert (place.harness.state(refused), place.bill(refused).state) == (RunState.FAILED, "cancelled")

    run_id = place.start()
    place.harness.skip(ATTEMPT_AND_SETTLE)
    busy.meanwhile = lambda: place.harness.service.cancel(run_id, by="test:ana")
    place.harness.decide(by="test:fay")
    place.harness.skip(ATTEMPT_AND_SETTLE)
    assert place.harness.state(run_id) is RunState.CANCELLED, place.harness.error(run_id)
    bill = place.bill(run_id)
    assert (bill.state, str(bill.due), bool(bill.credit_note)) == ("credited", "0.00 EUR", True)
    assert [one.state for one in place.books.payments(bill.id)] == ["cancelled"]
