"""What every ERP does: partners, orders, bills and payments, each once, and each undone.

On the local ledger, on Tryton and Odoo over HTTP, and with the mark `servers` on a real Tryton.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from integrations.erp import ERP, Line, Partner, PurchaseOrder, VendorBill
from integrations.errors import InvalidRequest, NotFound
from integrations.http import UNLIMITED, Gate
from integrations.local_ledger.connector import LocalLedger, LocalLedgerSettings
from integrations.money import Money
from integrations.odoo.connector import Odoo
from tests.servers import tryton
from tests.servers.odoo_books import odoo_settings, running_odoo
from tests.servers.tryton_books import books_settings, running_books
from workflows.engine.policy import CallInProgress, call_in_progress

CHAIRS = (
    Line(description="Chairs", quantity=Decimal(3), unit_price=Decimal("33.335")),
    Line(description="Freight", unit_price=Decimal(20)),
)
DAY = date(2026, 11, 30)
STEPS = itertools.count()


tryton_server = tryton.tryton_server


@pytest.fixture(params=["local", "books", "odoo", pytest.param("tryton", marks=tryton.real)])
def erp(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ERP]:
    if request.param == "tryton":
        yield tryton.connected(request.getfixturevalue("tryton_server").settings)
    elif request.param == "books":
        with running_books() as server:
            yield tryton.connected(books_settings(server))
    elif request.param == "odoo":
        with running_odoo() as server:
            yield Odoo(odoo_settings(server), Gate(rates={"odoo": UNLIMITED}))
    else:
        yield LocalLedger(LocalLedgerSettings(path=tmp_path / "new" / "ledger.db"))


def step() -> CallInProgress:
    """A step of its own, with its own idempotency key."""
    key = f"{next(STEPS)}-{secrets.token_hex(4)}"
    return CallInProgress("run-1", f"s#{key}", key, 1, check=lambda: None)


def vendor(erp: ERP, name: str = "Acme") -> Partner:
    return erp.save_partner(Partner(name=name, tax_id=f"XX{secrets.token_hex(4)}"))


def bill_of(partner: Partner, reference: str = "A-1") -> VendorBill:
    return VendorBill(partner=partner.id, currency="EUR", lines=CHAIRS, reference=reference, billed_on=DAY)


def euros(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def test_a_partner_is_known_by_its_tax_id(erp: ERP) -> None:
    tax_id = f"xx {secrets.token_hex(4)}"
    assert erp.find_partner(tax_id) is None
    first = erp.save_partner(Partner(tax_id=tax_id, name="Acme", city="Paris"))
    second = erp.save_partner(Partner(tax_id=tax_id.upper(), email="books@acme.example"))
    assert first.id == second.id
    found = erp.find_partner(tax_id)
    assert found == second
    assert (found.name, found.city, found.email) == ("Acme", "Paris", "books@acme.example")
    with pytest.raises(InvalidRequest, match="name"):
        erp.save_partner(Partner(tax_id=f"yy{secrets.token_hex(4)}"))


def test_a_partner_is_known_by_an_external_id_and_by_its_own(erp: ERP) -> None:
    external = f"shop-{secrets.token_hex(4)}"
    first = erp.save_partner(Partner(external_id=external, name="Bolts"))
    assert erp.save_partner(Partner(external_id=external, city="Rome")).id == first.id
    renamed = erp.save_partner(Partner(id=first.id, name="Bolts & Co"))
    assert (renamed.name, renamed.city, renamed.external_id) == ("Bolts & Co", "Rome", external)
    with pytest.raises(NotFound, match="999999"):
        erp.save_partner(Partner(id="999999", name="Nobody"))


def test_a_partner_without_any_is_new_once_for_each_step(erp: ERP) -> None:
    with call_in_progress(step()):
        first, again = (erp.save_partner(Partner(name="Corner shop")) for _ in range(2))
    with call_in_progress(step()):
        other = erp.save_partner(Partner(name="Corner shop"))
    assert first.id == again.id != other.id


def test_partners_are_searched_by_name(erp: ERP) -> None:
    mark = secrets.token_hex(4)
    acme, _ = vendor(erp, f"Acme {mark} Steel"), vendor(erp, f"Acme {mark} Wood")
    assert [one.id for one in erp.search_partners(f"steel {mark}")] == [acme.id]
    assert len(erp.search_partners(mark)) == 2
    assert len(erp.search_partners(mark, 1)) == 1
    assert erp.search_partners(" ") == ()


def test_an_order_goes_from_draft_to_received(erp: ERP) -> None:
    order = PurchaseOrder(partner=vendor(erp).id, currency="EUR", lines=CHAIRS, reference="Q-7")
    with call_in_progress(step()):
        drafted, again = erp.create_order(order), erp.create_order(order)
    assert drafted.id == again.id
    assert (drafted.state, drafted.reference, drafted.total) == ("draft", "Q-7", euros("120.01"))
    assert [line.model_dump(exclude={"account"}) for line in drafted.lines] == [
        line.model_dump(exclude={"account"}) for line in CHAIRS
    ]
    with pytest.raises(InvalidRequest, match="draft"):
        erp.receive_order(drafted.id)
    for move, state in ((erp.confirm_order, "confirmed"), (erp.receive_order, "received")):
        assert [move(drafted.id).state for _ in range(2)] == [state, state]
    assert erp.get_order(drafted.id).number
    with pytest.raises(InvalidRequest, match="received"):
        erp.cancel_order(drafted.id)


def test_an_order_is_cancelled_and_may_be_cancelled_again(erp: ERP) -> None:
    drafted = erp.create_order(PurchaseOrder(partner=vendor(erp).id, currency="EUR", lines=CHAIRS))
    erp.confirm_order(drafted.id)
    assert [erp.cancel_order(drafted.id).state for _ in range(2)] == ["cancelled", "cancelled"]
    with pytest.raises(InvalidRequest, match="cancelled"):
        erp.confirm_order(drafted.id)


def test_a_bill_is_posted_and_paid_once(erp: ERP) -> None:
    with call_in_progress(step()):
        bill = bill_of(vendor(erp))
        drafted, again = erp.create_bill(bill), erp.create_bill(bill)
    assert drafted.id == again.id
    assert (drafted.state, drafted.due) == ("draft", euros("120.01"))
    with pytest.raises(InvalidRequest, match="Post it first"):
        erp.pay_bill(drafted.id)
    posted, repeated = erp.post_bill(drafted.id), erp.post_bill(drafted.id)
    assert posted.number
    assert posted == repeated
    assert (posted.state, posted.billed_on, posted.reference) == ("posted", DAY, "A-1")
    with call_in_progress(step()):
        part, once = (erp.pay_bill(posted.id, euros("100"), DAY, "Bank 1") for _ in range(2))
    assert part == once
    assert (part.amount, part.paid_on, part.state) == (euros("100"), DAY, "paid")
    assert erp.get_bill(posted.id).due == euros("20.01")
    with call_in_progress(step()):
        rest, once = (erp.pay_bill(posted.id) for _ in range(2))
    assert (rest, rest.amount) == (once, euros("20.01"))
    assert [one.id for one in erp.payments(posted.id)] == [part.id, rest.id]
    paid = erp.get_bill(posted.id)
    assert (paid.state, paid.paid, paid.due) == ("paid", Decimal("120.01"), euros("0"))
    with pytest.raises(InvalidRequest, match="is paid"):
        erp.pay_bill(posted.id)


def test_a_partners_bill_is_taken_in_once(erp: ERP) -> None:
    partner = vendor(erp)
    first = erp.create_bill(bill_of(partner, "No 7/26"))
    for again in ("No 7/26", " no  7/26 "):
        with pytest.raises(InvalidRequest, match=f"7/26.*{first.id}"):
            erp.create_bill(bill_of(partner, again))
    assert erp.create_bill(bill_of(vendor(erp), "No 7/26")).id != first.id
    assert [erp.cancel_bill(first.id).state for _ in range(2)] == ["cancelled", "cancelled"]
    assert erp.create_bill(bill_of(partner, "No 7/26")).id != first.id


def test_what_was_paid_is_taken_back_and_then_the_bill(erp: ERP) -> None:
    bill = erp.post_bill(erp.create_bill(bill_of(vendor(erp))).id)
    payment = erp.pay_bill(bill.id)
    with pytest.raises(InvalidRequest, match=r"120\.01 EUR are paid"):
        erp.cancel_bill(bill.id)
    assert [erp.cancel_payment(payment.id).state for _ in range(2)] == ["cancelled", "cancelled"]
    assert (erp.get_bill(bill.id).state, erp.get_bill(bill.id).due) == ("posted", euros("120.01"))
    credited, again = erp.cancel_bill(bill.id), erp.cancel_bill(bill.id)
    assert credited == again
    assert (credited.state, credited.due) == ("credited", euros("0"))
    assert credited.credit_note
    with pytest.raises(InvalidRequest, match="credited"):
        erp.post_bill(bill.id)


REFUSED: dict[str, tuple[Callable[[ERP, Partner], object], type[Exception], str]] = {
    "no such order": (lambda erp, _: erp.get_order("999999"), NotFound, "999999"),
    "no such bill": (lambda erp, _: erp.post_bill("999999"), NotFound, "999999"),
    "no such payment": (lambda erp, _: erp.cancel_payment("999999"), NotFound, "999999"),
    "no such partner": (lambda erp, _: erp.create_bill(bill_of(Partner(id="999999"))), NotFound, "999999"),
    "no such account": (
        lambda erp, partner: erp.create_order(
            PurchaseOrder(
                partner=partner.id, currency="EUR", lines=(Line(description="X", unit_price=Decimal(1), account="no"),)
            )
        ),
        InvalidRequest,
        "no account no",
    ),
    "a bill over nothing": (
        lambda erp, partner: erp.create_bill(
            bill_of(partner).model_copy(update={"lines": (Line(description="X", unit_price=Decimal(0)),)})
        ),
        InvalidRequest,
        "comes to 0.00 EUR",
    ),
    "another currency": (
        lambda erp, partner: pay(erp, partner, Money(amount=Decimal(1), currency="USD")),
        InvalidRequest,
        "USD",
    ),
    "too much": (lambda erp, partner: pay(erp, partner, euros("120.02")), InvalidRequest, "120.01 EUR are due"),
    "less than nothing": (lambda erp, partner: pay(erp, partner, euros("-1")), InvalidRequest, "-1.00 EUR"),
}  # fmt: skip


def pay(erp: ERP, partner: Partner, amount: Money) -> object:
    return erp.pay_bill(erp.post_bill(erp.create_bill(bill_of(partner)).id).id, amount)


@pytest.mark.parametrize("what", REFUSED)
def test_what_can_not_be_is_refused_with_words(erp: ERP, what: str) -> None:
    call, kind, words = REFUSED[what]
    with pytest.raises(kind, match=words.replace(".", r"\.")) as caught:
        call(erp, vendor(erp))
    assert str(caught.value).count(".") >= 2, f"{caught.value} should say what to do next"


def test_a_document_has_bounds() -> None:
    huge = Line(description="X", quantity=Decimal(10) ** 8, unit_price=Decimal(10) ** 8)
    for lines, words in (((), "at least 1"), ((huge,), "too much")):
        with pytest.raises(ValidationError, match=words):
            PurchaseOrder(partner="1", currency="EUR", lines=lines)
    with pytest.raises(ValidationError, match="at least 1"):
        bill_of(Partner(id="1"), "  ")
    with pytest.raises(ValidationError, match="never a float"):
        Line.model_validate({"description": "X", "unit_price": 0.1})
