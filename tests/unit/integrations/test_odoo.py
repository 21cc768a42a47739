"""What Odoo does of its own: which settings choose it, each write once, and what it lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.connectors import registry
from bot.settings import Settings, SettingsError
from integrations.erp import ERP, Line, Partner, PurchaseOrder
from integrations.errors import InvalidRequest, NotFound, Unauthorized
from integrations.http import UNLIMITED, Gate
from integrations.http.turns import MemoryTurns
from integrations.local_ledger.connector import LocalLedger
from integrations.odoo.connector import Odoo
from integrations.odoo.models import OdooSettings
from integrations.tryton.connector import Tryton
from tests.servers.http import Answer, as_json
from tests.servers.odoo_books import KEY, OdooServer, Refusal, odoo_settings, running_odoo
from tests.unit.integrations.erp_writes import WRITES, Entry, a_payment, a_posted_one, bill_of, one_entry, vendor
from workflows.engine.model import RunState
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness

LONG = timedelta(minutes=30)
URL = "https://mycompany.odoo.com"
EFFECTS: dict[str, tuple[str, ...]] = {
    "partner": ("create res.partner",),
    "order": ("create purchase.order",),
    "confirmed order": ("button_confirm purchase.order",),
    "received order": ("write purchase.order",),
    "cancelled order": ("button_cancel purchase.order",),
    "bill": ("create account.move",),
    "posted bill": ("action_post account.move",),
    "cancelled bill": ("button_cancel account.move",),
    "credited bill": ("refund_moves account.move.reversal", "action_post account.move"),
    "paid bill": ("action_create_payments account.payment.register",),
    "payment taken back": ("action_draft account.payment", "action_cancel account.payment"),
}
"""What takes effect in Odoo, once."""


@pytest.fixture
def server() -> Iterator[OdooServer]:
    with running_odoo() as running:
        yield running


def connected(server: OdooServer, clock: ManualClock | None = None, **other: Any) -> Odoo:
    gate = Gate(MemoryTurns((clock or ManualClock()).monotonic), {"odoo": UNLIMITED})
    return Odoo(odoo_settings(server).model_copy(update=other), gate)


def test_the_settings_choose_it(tmp_path: Path) -> None:
    def chosen(**given: Any) -> ERP:
        return registry(Settings(_env_file=None, baton_home=tmp_path, **given), {}).get(ERP)

    odoo = {"odoo_url": URL, "odoo_api_key": SecretStr(KEY)}
    assert isinstance(chosen(**odoo), Odoo)
    assert isinstance(chosen(**odoo, baton_erp="local"), LocalLedger)
    tryton = {"tryton_url": "https://tryton.example.org/books", "tryton_key": SecretStr(KEY)}
    assert isinstance(chosen(**odoo, **tryton), Tryton)
    assert isinstance(chosen(**odoo, **tryton, baton_erp="odoo"), Odoo)
    for bad in ({"odoo_url": URL}, {"baton_erp": "odoo"}, {**odoo, "odoo_url": "http://mycompany.odoo.com"}):
        with pytest.raises(SettingsError, match="ODOO_URL and ODOO_API_KEY"):
            chosen(**bad)


# exactly one effect ----------------------------------------------------------------------------------------


def cut(server: OdooServer) -> None:
    """Whatever the write takes to be done is cut, each part once."""
    server.after.extend([lambda _good: Answer(hang_up=True)] * 2)


def broken(server: OdooServer) -> None:
    server.after.append(lambda _good: Answer(502, b"<h1>Bad Gateway</h1>", {"Content-Type": "text/html"}))


def paused(server: OdooServer) -> None:
    server.refuse.append(Answer(429, headers={"Retry-After": "5"}))


@pytest.mark.parametrize("what", EFFECTS)
@pytest.mark.parametrize("fault", [cut, broken, paused])
def test_a_write_takes_effect_once_whatever_happens(
    server: OdooServer, what: str, fault: Callable[[OdooServer], None]
) -> None:
    clock = ManualClock()
    erp = connected(server, clock)
    thing = WRITES[what].ready(erp)
    server.writes.clear()
    fault(server)
    harness = Harness(one_entry, tools={ERP: erp}, clock=clock)
    run_id = harness.start("one_entry", Entry(what=what, thing=thing))
    harness.skip(LONG)
    assert harness.state(run_id) is RunState.SUCCEEDED, harness.error(run_id)
    assert tuple(server.writes) == EFFECTS[what]
    assert server.refuse == []


@pytest.mark.parametrize("what", EFFECTS)
def test_with_a_key_that_is_no_more_and_a_worker_that_dies_it_is_done_once(server: OdooServer, what: str) -> None:
    erp = connected(server)
    thing = WRITES[what].ready(erp)
    server.writes.clear()
    server.key = "another"
    harness = Harness(one_entry, tools={ERP: erp}, admins=("test:ana",)).crash_at("after_effect")
    run_id = harness.start("one_entry", Entry(what=what, thing=thing))
    assert harness.state(run_id) is RunState.FAILED
    assert "did not accept the credential" in harness.error(run_id)
    assert "Invalid apikey" in harness.error(run_id)
    server.key = KEY
    harness.resume(run_id)
    harness.skip(LONG)
    assert harness.crashes == 1
    assert (harness.state(run_id), tuple(server.writes)) == (RunState.SUCCEEDED, EFFECTS[what])


def test_what_is_looked_for_is_found_only_as_it_was_to_be(server: OdooServer) -> None:
    erp = connected(server)
    wanted = Partner(name="Acme", tax_id="XX1", city="Paris")
    assert erp.find_saved_partner("k", wanted) is None
    saved = erp.save_partner(wanted)
    assert erp.find_saved_partner("k", wanted) == saved
    assert erp.find_saved_partner("k", Partner(tax_id="XX1", city="Rome")) is None
    bill = a_posted_one(erp)
    assert erp.find_cancelled_bill("k", bill) is None
    payment = erp.pay_bill(bill)
    assert erp.find_cancelled_payment("k", payment.id) is None
    taken_back = erp.cancel_payment(payment.id)
    assert erp.find_cancelled_payment("k", payment.id) == taken_back
    assert (taken_back.state, taken_back.bill) == ("cancelled", bill)
    credited = erp.cancel_bill(bill)
    assert erp.find_cancelled_bill("k", bill) == credited
    assert [one.state for one in erp.payments(bill)] == ["cancelled"]


# what it lacks, and what it says ---------------------------------------------------------------------------


def test_orders_need_a_product_and_bills_a_journal_that_is_there(server: OdooServer) -> None:
    order = PurchaseOrder(partner=vendor(connected(server)), currency="EUR", lines=bill_of("1").lines)
    for product, words in (("", "name its internal reference in ODOO_PRODUCT"), ("NONE", "no product 'NONE'")):
        with pytest.raises(InvalidRequest, match=words):
            connected(server, product=product).create_order(order)
    erp = connected(server, journal="NONE")
    posted = erp.post_bill(erp.create_bill(bill_of(order.partner)).id)
    with pytest.raises(InvalidRequest, match="journal 'NONE'"):
        erp.pay_bill(posted.id)


def test_a_price_that_odoo_would_round_is_refused(server: OdooServer) -> None:
    erp = connected(server)
    fine = Line(description="Screws", unit_price=Decimal("0.0125"))
    bill = bill_of(vendor(erp)).model_copy(update={"lines": (fine,)})
    with pytest.raises(InvalidRequest, match="4 decimal places, and Odoo keeps 3"):
        erp.create_bill(bill)
    assert [one for one in server.writes if "account.move" in one] == []


def test_a_bill_that_people_entered_with_taxes_comes_to_odoos_total(server: OdooServer) -> None:
    erp = connected(server)
    bill = erp.create_bill(bill_of(vendor(erp)))
    tax = {"name": "20%", "display_type": "tax", "quantity": 1.0, "price_unit": 20.0, "amount_currency": 20.0}
    server._add("account.move.line", {**tax, "move_id": int(bill.id), "account_id": False})
    server._add("account.move.line", {**tax, "display_type": "line_note", "quantity": 0.0, "move_id": int(bill.id)})
    shown = erp.get_bill(bill.id)
    assert [(line.description, str(line.unit_price)) for line in shown.lines] == [("Chairs", "33.335"), ("20%", "20.0")]
    assert str(shown.total) == "120.01 EUR"


def test_what_odoo_says_reaches_the_one_who_can_mend_it(server: OdooServer) -> None:
    erp = connected(server)
    draft = erp.create_bill(bill_of(vendor(erp)))
    denied = "You are not allowed to modify 'Journal Entry' (account.move) records."
    for answer, kind, words in (
        (Refusal(403, "odoo.exceptions.AccessError", denied).answer, Unauthorized, "not allowed to modify.*the right"),
        (Refusal(422, "odoo.exceptions.UserError", "The period is locked.").answer, InvalidRequest, "period is locked"),
        (as_json({"message": "the model 'account.move' does not exist"}, 404), NotFound, "does not exist"),
    ):
        server.refuse.append(answer)
        with pytest.raises(kind, match=words) as caught:
            erp.post_bill(draft.id)
        assert "Traceback" not in str(caught.value)
    assert erp.post_bill(draft.id).state == "posted"


def test_a_customers_invoice_is_no_bill_and_several_companies_are_told(server: OdooServer) -> None:
    erp = connected(server)
    a_payment(erp)
    bill_id = int(next(iter(server.tables["account.payment"].values()))["reconciled_bill_ids"][0])
    server.tables["account.move"][bill_id]["move_type"] = "out_invoice"
    with pytest.raises(NotFound, match="no vendor's bill"):
        erp.get_bill(str(bill_id))
    with pytest.raises(NotFound, match="no payment '7x'"):
        erp.cancel_payment("7x")
    assert erp.health().words == "Keeps the books of Baton Co in Odoo"
    server._add("res.company", {"name": "Another"})
    assert not erp.health().ok
    own = next(iter(server.tables["res.company"]))
    assert connected(server, company=own).health().ok


def test_the_database_and_the_company_are_named_where_they_are_set(server: OdooServer) -> None:
    erp = connected(server, database="books", company=3)
    assert erp.find_partner("FR12") is None
    assert server.asked[-1].headers["x-odoo-database"] == "books"
    assert server.asked[-1].json["context"]["allowed_company_ids"] == [3]
    for bad in ({"url": "http://example.org"}, {"api_key": SecretStr(" ")}):
        given: dict[str, Any] = {"url": URL, "api_key": SecretStr(KEY), **bad}
        with pytest.raises(ValueError, match=r"https://|empty"):
            OdooSettings(**given)
