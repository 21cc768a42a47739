"""What every CRM does, on the local one and on HubSpot over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from integrations.crm import CRM, Company, Contact, Deal, RecordRef, Ticket
from integrations.errors import InvalidRequest, NotFound
from integrations.http import UNLIMITED, Gate
from integrations.hubspot.connector import HubSpot
from integrations.hubspot.models import HubSpotSettings
from integrations.local_crm.connector import LocalCRM, LocalCRMSettings
from tests.servers.hubspot import TOKEN, running_hubspot
from workflows.engine.policy import CallInProgress, call_in_progress

ADA = Contact(email="Ada@Example.org", first_name="Ada", last_name="Lovelace", phone="+44 20", company="Engines")


@dataclass(frozen=True)
class Desk:
    """A CRM, and what lets its search know of what was saved."""

    crm: CRM
    index: Callable[[], None] = lambda: None


@pytest.fixture(params=["local", "hubspot"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    if request.param == "local":
        yield Desk(LocalCRM(LocalCRMSettings(path=tmp_path / "new" / "crm.db")))
        return
    with running_hubspot() as server:
        settings = HubSpotSettings(token=SecretStr(TOKEN), url=server.url)
        yield Desk(
            HubSpot(settings, gate=Gate(rates={"hubspot": UNLIMITED, "hubspot:search": UNLIMITED})), server.index
        )


def step(number: int) -> CallInProgress:
    """A step of a run; each number has an idempotency key of its own."""
    return CallInProgress("run-1", f"s#{number}", f"key-{number}", 1, check=lambda: None)


def test_a_contact_is_one_however_often_it_is_saved(desk: Desk) -> None:
    crm = desk.crm
    assert crm.find_contact("ada@example.org") is None
    saved = crm.save_contact(ADA)
    with call_in_progress(step(1)):
        again = crm.save_contact(Contact(email="ada@example.ORG", job_title="Analyst", phone=""))
    assert (saved.kind, saved.id) == (again.kind, again.id)
    found = crm.find_contact(" ADA@example.org ")
    assert found is not None
    assert found.model_dump(exclude={"id", "url", "external_id"}) == {
        "email": "ada@example.org", "first_name": "Ada", "last_name": "Lovelace", "phone": "+44 20",
        "job_title": "Analyst", "company": "Engines",
    }  # fmt: skip
    assert found.name == "Ada Lovelace"


def test_a_contact_is_known_by_an_external_id_too(desk: Desk) -> None:
    saved = desk.crm.save_contact(ADA.model_copy(update={"external_id": "form-7"}))
    moved = desk.crm.save_contact(Contact(external_id="form-7", email="ada@home.example"))
    assert saved.id == moved.id
    assert desk.crm.find_contact("ada@example.org") is None
    found = desk.crm.find_contact("ada@home.example")
    assert found is not None
    assert (found.id, found.external_id, found.first_name) == (saved.id, "form-7", "Ada")


def test_many_contacts_are_saved_in_their_order(desk: Desk) -> None:
    crm = desk.crm
    bo = crm.save_contact(Contact(email="bo@example.org", first_name="Bo"))
    refs = crm.save_contacts((ADA, Contact(email="bo@example.org", last_name="Li"), Contact(email="cy@example.org")))
    assert refs[1].id == bo.id
    assert len({ref.id for ref in refs}) == 3
    ada, found = crm.find_contact("ada@example.org"), crm.find_contact("bo@example.org")
    assert ada is not None
    assert found is not None
    assert (ada.id, found.first_name, found.last_name) == (refs[0].id, "Bo", "Li")
    with pytest.raises(InvalidRequest, match="e-mail address"):
        crm.save_contacts((Contact(first_name="Nobody"),))
    assert crm.save_contacts(()) == ()


def test_a_company_is_known_by_its_domain_even_before_the_search_knows_it(desk: Desk) -> None:
    crm = desk.crm
    first = crm.save_company(Company(name="Acme", domain="Acme.example"))
    second = crm.save_company(Company(domain="acme.example", city="Paris"))
    assert first.id == second.id
    desk.index()
    assert crm.save_company(Company(domain="acme.example", country="FR")).id == first.id
    found = crm.find_company("ACME.example")
    assert found is not None
    assert (found.id, found.name, found.city, found.country) == (first.id, "Acme", "Paris", "FR")
    assert crm.find_company("other.example") is None


def test_a_deal_without_an_id_is_new_once_for_each_step(desk: Desk) -> None:
    crm = desk.crm
    chairs = Deal(title="Ten chairs", amount=Decimal("1250.50"), closes_on=date(2027, 1, 31))
    with call_in_progress(step(1)):
        first = crm.save_deal(chairs)
        repeated = crm.save_deal(chairs)
    with call_in_progress(step(2)):
        second = crm.save_deal(chairs)
    assert first.id == repeated.id != second.id
    found = crm.get_deal(first.id)
    assert (found.title, found.amount, found.closes_on) == ("Ten chairs", Decimal("1250.50"), date(2027, 1, 31))
    changed = crm.save_deal(Deal(id=first.id, amount=Decimal(900)))
    assert changed.id == first.id
    assert (crm.get_deal(first.id).amount, crm.get_deal(first.id).title) == (Decimal(900), "Ten chairs")


def test_a_ticket_is_saved_and_read(desk: Desk) -> None:
    ticket = Ticket(external_id="mail-9", subject="It squeaks", body="The chair.\nA lot.", priority="high")
    ref = desk.crm.save_ticket(ticket)
    assert desk.crm.save_ticket(ticket).id == ref.id
    found = desk.crm.get_ticket(ref.id)
    assert (found.subject, found.body, found.priority, found.external_id) == (
        "It squeaks", "The chair.\nA lot.", "high", "mail-9",
    )  # fmt: skip


def test_records_are_searched_by_words(desk: Desk) -> None:
    crm = desk.crm
    crm.save_contact(ADA)
    crm.save_contact(Contact(email="bo@example.org", first_name="Bo", company="Engines"))
    crm.save_deal(Deal(external_id="d1", title="Engines for Ada"))
    crm.save_ticket(Ticket(external_id="t1", subject="Engines squeak"))
    crm.save_company(Company(name="Engines Ltd", domain="engines.example"))
    desk.index()
    assert [one.first_name for one in crm.search_contacts("lovel")] == ["Ada"]
    assert [one.first_name for one in crm.search_contacts("engines bo")] == ["Bo"]
    assert len(crm.search_contacts("engines", 1)) == 1
    assert crm.search_contacts("  ") == ()
    assert [one.title for one in crm.search_deals("ada")] == ["Engines for Ada"]
    assert [one.subject for one in crm.search_tickets("squeak")] == ["Engines squeak"]
    assert [one.domain for one in crm.search_companies("ltd")] == ["engines.example"]


def test_records_are_linked_and_unlinked_any_number_of_times(desk: Desk) -> None:
    crm = desk.crm
    contact, deal = crm.save_contact(ADA), crm.save_deal(Deal(external_id="d1", title="Chairs"))
    for _ in range(2):
        crm.link(deal, contact)
    for _ in range(2):
        crm.unlink(deal, contact)
    with pytest.raises(NotFound):
        crm.link(deal, RecordRef(kind="contact", id="999"))


def test_notes_are_written_on_records(desk: Desk) -> None:
    crm = desk.crm
    contact, deal = crm.save_contact(ADA), crm.save_deal(Deal(external_id="d1", title="Chairs"))
    for number, text in enumerate(("First", "<b>Second</b> & more\nwith lines", "Third")):
        with call_in_progress(step(number)):
            assert crm.add_note(deal, text).text == text
    read = crm.notes(deal)
    assert len(read) == 3
    assert {note.text.split("\n\n[baton ")[0] for note in read} == {
        "First",
        "<b>Second</b> & more\nwith lines",
        "Third",
    }
    assert [note.at for note in read] == sorted((note.at for note in read), reverse=True)
    assert len(crm.notes(deal, 1)) == 1
    assert crm.notes(contact) == ()
    with pytest.raises(InvalidRequest):
        crm.add_note(deal, "  ")


def test_an_archived_record_is_gone_and_may_be_archived_again(desk: Desk) -> None:
    crm = desk.crm
    deal = crm.save_deal(Deal(external_id="d1", title="Chairs"))
    for _ in range(2):
        crm.archive(deal)
    with pytest.raises(NotFound):
        crm.get_deal(deal.id)
    with pytest.raises(NotFound):
        crm.add_note(deal, "Too late")
    with pytest.raises(NotFound):
        crm.save_deal(Deal(id=deal.id, title="Chairs"))
