"""What a workflow writes into Tryton takes effect once, whatever is cut, late, refused or killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from integrations.erp import ERP, Line, Partner, PurchaseOrder, VendorBill
from integrations.errors import InvalidRequest
from integrations.tryton.connector import Tryton
from tests.servers.http import Answer, as_json
from tests.servers.tryton import LosesAnswers, connected
from tests.servers.tryton_books import KEY, PASSWORD, BooksServer, books_settings, running_books
from workflows import Run, workflow
from workflows.engine.model import RunState
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness

LONG = timedelta(minutes=30)
CHAIRS = (Line(description="Chairs", quantity=Decimal(3), unit_price=Decimal("33.335")),)


@pytest.fixture
def server() -> Iterator[BooksServer]:
    with running_books() as running:
        yield running


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


# what each write is about ----------------------------------------------------------------------------------


def vendor(erp: Tryton) -> str:
    return erp.save_partner(Partner(name="Acme", tax_id="XX1")).id


def an_order(erp: Tryton) -> str:
    return erp.create_order(PurchaseOrder(partner=vendor(erp), currency="EUR", lines=CHAIRS)).id


def a_confirmed_one(erp: Tryton) -> str:
    return erp.confirm_order(an_order(erp)).id


def a_draft(erp: Tryton) -> str:
    return erp.create_bill(bill_of(vendor(erp))).id


def a_posted_one(erp: Tryton) -> str:
    return erp.post_bill(a_draft(erp)).id


def a_payment(erp: Tryton) -> str:
    return erp.pay_bill(a_posted_one(erp)).id


@dataclass(frozen=True)
class Write:
    """One action: what is there before, and what takes effect."""

    action: Callable[..., Any]
    ready: Callable[[Tryton], str]
    effects: tuple[str, ...]


WRITES = {
    "partner": Write(ERP.save_partner, vendor, ("create party.party",)),
    "order": Write(ERP.create_order, vendor, ("create purchase.purchase",)),
    "confirmed order": Write(ERP.confirm_order, an_order, ("quote purchase.purchase",)),
    "received order": Write(ERP.receive_order, a_confirmed_one, ("confirm purchase.purchase",)),
    "cancelled order": Write(ERP.cancel_order, a_confirmed_one, ("cancel purchase.purchase",)),
    "bill": Write(ERP.create_bill, vendor, ("create account.invoice",)),
    "posted bill": Write(ERP.post_bill, a_draft, ("post account.invoice",)),
    "cancelled bill": Write(ERP.cancel_bill, a_draft, ("cancel account.invoice",)),
    "credited bill": Write(ERP.cancel_bill, a_posted_one, ("cancel account.invoice",)),
    "paid bill": Write(ERP.pay_bill, a_posted_one, ("account.invoice.pay",)),
    "payment taken back": Write(
        ERP.cancel_payment, a_payment, ("account.move.unreconcile_lines", "account.move.cancel")
    ),
}


# what goes wrong -------------------------------------------------------------------------------------------


def cut(server: BooksServer) -> None:
    """Whatever the write takes to be done is cut, each part once."""
    server.after.extend([lambda _good: Answer(hang_up=True)] * 2)


def broken(server: BooksServer) -> None:
    server.after.append(lambda _good: Answer(500, b"<h1>Internal Server Error</h1>", {"Content-Type": "text/html"}))


def paused(server: BooksServer) -> None:
    server.refuse.append(Answer(429, headers={"Retry-After": "5"}))


def locked(server: BooksServer) -> None:
    server.refuse.append(as_json({"status": 423, "message": "Somebody else is at it."}, 423))


def late(_server: BooksServer) -> LosesAnswers:
    return LosesAnswers()


@pytest.mark.parametrize("what", WRITES)
@pytest.mark.parametrize("fault", [cut, broken, late, paused, locked])
def test_a_write_takes_effect_once_whatever_happens(
    server: BooksServer, what: str, fault: Callable[[BooksServer], LosesAnswers | None]
) -> None:
    thing = WRITES[what].ready(connected(books_settings(server)))
    server.writes.clear()
    clock = ManualClock()
    erp = connected(books_settings(server), fault(server), clock)
    harness = Harness(one_entry, tools={ERP: erp}, clock=clock)
    run_id = harness.start("one_entry", Entry(what=what, thing=thing))
    harness.skip(LONG)
    assert harness.state(run_id) is RunState.SUCCEEDED, harness.error(run_id)
    assert tuple(server.writes) == WRITES[what].effects
    assert server.refuse == []


@pytest.mark.parametrize("what", WRITES)
def test_a_worker_that_dies_leaves_one_effect(server: BooksServer, what: str) -> None:
    erp = connected(books_settings(server))
    thing = WRITES[what].ready(erp)
    server.writes.clear()
    harness = Harness(one_entry, tools={ERP: erp}).crash_at("after_effect")
    run_id = harness.start("one_entry", Entry(what=what, thing=thing))
    harness.skip(LONG)
    assert harness.crashes == 1
    assert (harness.state(run_id), tuple(server.writes)) == (RunState.SUCCEEDED, WRITES[what].effects)


@pytest.mark.parametrize("what", WRITES)
def test_with_a_key_or_password_that_is_no_more_it_goes_on_once_it_is_set(server: BooksServer, what: str) -> None:
    erp = connected(books_settings(server))
    thing = WRITES[what].ready(erp)
    server.writes.clear()
    server.key = server.password = "another"
    harness = Harness(one_entry, tools={ERP: erp}, admins=("test:ana",))
    run_id = harness.start("one_entry", Entry(what=what, thing=thing))
    assert harness.state(run_id) is RunState.FAILED
    assert "did not accept the credential" in harness.error(run_id)
    server.key = KEY
    if what in {"paid bill", "payment taken back"}:
        harness.resume(run_id)
        assert harness.state(run_id) is RunState.FAILED, "the key alone pays nothing"
    server.password = PASSWORD
    harness.resume(run_id)
    assert (harness.state(run_id), tuple(server.writes)) == (RunState.SUCCEEDED, WRITES[what].effects)
    assert not {KEY, PASSWORD} & set(harness.error(run_id).split())


def test_what_is_looked_for_is_found_only_as_it_was_to_be(server: BooksServer) -> None:
    erp = connected(books_settings(server))
    wanted = Partner(name="Acme", tax_id="XX1", email="books@acme.example", city="Paris")
    assert erp.find_saved_partner("k", wanted) is None
    saved = erp.save_partner(wanted)
    assert erp.find_saved_partner("k", wanted) == saved
    assert erp.find_saved_partner("k", Partner(tax_id="XX1", city="Rome")) is None
    assert erp.find_saved_partner("k", Partner(name="Acme")) is None, "without any id it is known by its step alone"
    payment = erp.pay_bill(a_posted_one(erp))
    assert erp.find_cancelled_payment("k", payment.id) is None
    taken_back = erp.cancel_payment(payment.id)
    assert erp.find_cancelled_payment("k", payment.id) == taken_back
    assert taken_back.state == "cancelled"


def test_a_european_vat_number_that_tryton_does_not_accept_is_kept_as_a_plain_one(server: BooksServer) -> None:
    erp = connected(books_settings(server))
    saved = erp.save_partner(Partner(name="Acme", tax_id="fr 12"))
    assert erp.find_partner("FR12") == saved
    assert saved.tax_id == "FR12"


def test_a_bill_like_a_cancelled_one_is_posted_and_one_like_a_standing_one_is_not(server: BooksServer) -> None:
    erp = connected(books_settings(server))
    partner = vendor(erp)
    erp.cancel_bill(erp.create_bill(bill_of(partner)).id)
    anew = erp.create_bill(bill_of(partner))
    assert erp.post_bill(anew.id).state == "posted"
    theirs = erp.create_bill(bill_of(partner, "A-2"))
    server.records.tables["account.invoice"][int(theirs.id)]["reference"] = "A-1"  # by a person, in Tryton
    with pytest.raises(InvalidRequest, match="similar"):
        erp.post_bill(theirs.id)


def test_a_bill_comes_to_trytons_total_with_what_people_entered_there(server: BooksServer) -> None:
    erp = connected(books_settings(server))
    bill = erp.create_bill(bill_of(vendor(erp)))
    assert (str(bill.total), len(bill.lines)) == ("100.01 EUR", 1)
    stored = server.records.tables["account.invoice.line"]
    [rounding] = [one for one in stored.values() if one["description"] == "Rounding"]
    assert rounding["unit_price"] == {"__class__": "Decimal", "decimal": "0.01"}
    rounding["unit_price"] = {"__class__": "Decimal", "decimal": "0.05"}
    assert [(line.description, str(line.unit_price)) for line in erp.get_bill(bill.id).lines] == [
        ("Chairs", "33.335"),
        ("Rounding", "0.04"),
    ]
