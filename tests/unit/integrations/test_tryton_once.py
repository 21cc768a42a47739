"""What a workflow writes into Tryton takes effect once, whatever is cut, late, refused or killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from integrations.erp import ERP, Partner
from integrations.errors import InvalidRequest
from tests.servers import tryton
from tests.servers.http import Answer
from tests.servers.tryton import LosesAnswers, connected
from tests.servers.tryton_books import KEY, PASSWORD, BooksServer, books_settings, running_books
from tests.unit.integrations.erp_writes import WRITES, Entry, a_posted_one, bill_of, one_entry, vendor
from workflows.engine.model import RunState
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness

tryton_server = tryton.tryton_server
LONG = timedelta(minutes=30)


@pytest.fixture
def server() -> Iterator[BooksServer]:
    with running_books() as running:
        yield running


EFFECTS: dict[str, tuple[str, ...]] = {
    "partner": ("create party.party",),
    "order": ("create purchase.purchase",),
    "confirmed order": ("quote purchase.purchase",),
    "received order": ("confirm purchase.purchase",),
    "cancelled order": ("cancel purchase.purchase",),
    "bill": ("create account.invoice",),
    "posted bill": ("post account.invoice",),
    "cancelled bill": ("cancel account.invoice",),
    "credited bill": ("cancel account.invoice",),
    "paid bill": ("account.invoice.pay",),
    "payment taken back": ("account.move.unreconcile_lines", "account.move.cancel"),
}
"""What takes effect in Tryton, once."""


# what goes wrong -------------------------------------------------------------------------------------------


def cut(server: BooksServer) -> None:
    """Whatever the write takes to be done is cut, each part once."""
    server.after.extend([lambda _good: Answer(hang_up=True)] * 2)


def broken(server: BooksServer) -> None:
    server.after.append(lambda _good: Answer(500, b"<h1>Internal Server Error</h1>", {"Content-Type": "text/html"}))


def paused(server: BooksServer) -> None:
    server.refuse.append(Answer(429, headers={"Retry-After": "5"}))


def late(_server: BooksServer) -> LosesAnswers:
    return LosesAnswers()


@pytest.mark.parametrize("what", EFFECTS)
@pytest.mark.parametrize("fault", [cut, broken, late, paused])
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
    assert tuple(server.writes) == EFFECTS[what]
    assert server.refuse == []


@pytest.mark.parametrize(
    "what", [pytest.param(one, marks=tryton.real) for one in ("partner", "order", "cancelled order", "received order")]
)
def test_a_real_one_is_asked_once_for_what_was_lost_on_the_way_back(
    tryton_server: tryton.TrytonServer, what: str
) -> None:
    thing = WRITES[what].ready(connected(tryton_server.settings))
    lossy = LosesAnswers()
    harness = Harness(one_entry, tools={ERP: connected(tryton_server.settings, lossy)})
    run_id = harness.start("one_entry", Entry(what=what, thing=thing))
    harness.skip(LONG)
    assert harness.state(run_id) is RunState.SUCCEEDED, harness.error(run_id)
    assert len(lossy.changes) == 1, lossy.changes


@pytest.mark.parametrize("what", EFFECTS)
def test_with_a_key_or_password_that_is_no_more_and_a_worker_that_dies_it_is_done_once(
    server: BooksServer, what: str
) -> None:
    erp = connected(books_settings(server))
    thing = WRITES[what].ready(erp)
    server.writes.clear()
    server.key = server.password = "another"
    harness = Harness(one_entry, tools={ERP: erp}, admins=("test:ana",)).crash_at("after_effect")
    run_id = harness.start("one_entry", Entry(what=what, thing=thing))
    assert harness.state(run_id) is RunState.FAILED
    assert "did not accept the credential" in harness.error(run_id)
    server.key = KEY
    if what in {"paid bill", "payment taken back"}:
        harness.resume(run_id)
        assert harness.state(run_id) is RunState.FAILED, "the key alone pays nothing"
    server.password = PASSWORD
    harness.resume(run_id)
    harness.skip(LONG)
    assert harness.crashes == 1
    assert (harness.state(run_id), tuple(server.writes)) == (RunState.SUCCEEDED, EFFECTS[what])
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
