"""From somebody who asks to a deal in a CRM, with a decision on big ones and everything undone when it is no."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from integrations.base import Health
from integrations.crm import CRM, Contact, RecordRef
from integrations.errors import NotFound, Unavailable
from integrations.http import UNLIMITED, Gate
from integrations.hubspot.connector import HubSpot
from integrations.hubspot.models import HubSpotSettings
from integrations.local_channel.connector import LocalChannel, LocalChannelSettings
from integrations.local_crm.connector import LocalCRM, LocalCRMSettings
from integrations.protocols import Channel, Search, Source, Sources
from tests.servers.hubspot import TOKEN, running_hubspot
from workflows import Effect, Outcome
from workflows.engine.model import RunState
from workflows.engine.testing.harness import Harness
from workflows.library.lead_intake import Taken, lead_intake
from workflows.library.leads import Lead, domain_of, names_of

ASKS = {"email": "ada@acme.example", "name": "Ada Lovelace", "wants": "Ten <chairs> & a desk", "source": "web form"}
BIG = {**ASKS, "amount": "12500.50", "owner": "test:owner"}
FREE = {"hubspot": UNLIMITED, "hubspot:search": UNLIMITED}


class Web(Search):
    """A search that finds one page, or is down."""

    down = False

    def find(self, query: str, limit: int = 5) -> Sources:
        """Find the page."""
        if self.down:
            raise Unavailable("The search did not answer.", effect=Effect.NONE)
        return Sources(query=query, items=(Source(title="Acme", url=f"https://{query}/", text="Makes things."),))

    def health(self) -> Health:
        """Fine."""
        return Health(True, "It finds one page")


@dataclass
class Office:
    """The workflow on a CRM, and where its messages go."""

    harness: Harness
    crm: CRM
    channels: Path
    web: Web

    def start(self, lead: dict[str, Any]) -> str:
        return self.harness.start("lead_intake", lead)

    def deals(self) -> list[str]:
        return [deal.title for deal in self.crm.search_deals("Acme")]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return opened(LocalCRM(LocalCRMSettings(path=tmp_path / "crm.db")), tmp_path)


@pytest.fixture(params=["local", "hubspot"])
def any_office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    if request.param == "local":
        yield request.getfixturevalue("office")
        return
    with running_hubspot() as server:
        yield opened(HubSpot(HubSpotSettings(token=SecretStr(TOKEN), url=server.url), gate=Gate(rates=FREE)), tmp_path)


def opened(crm: CRM, folder: Path) -> Office:
    channel, web = LocalChannel(LocalChannelSettings(folder=folder / "channels")), Web()
    harness = Harness(lead_intake, tools={CRM: crm, Channel: channel, Search: web})
    return Office(harness, crm, folder / "channels", web)


def test_a_small_lead_is_taken_in_without_a_question(any_office: Office) -> None:
    run_id = any_office.start({**ASKS, "amount": 900, "channel": "#sales"})
    taken = any_office.harness.output(run_id)
    assert isinstance(taken, Taken)
    assert (taken.known, taken.title) == (False, "Acme: Ten <chairs> & a desk")
    crm = any_office.crm
    contact = crm.find_contact("ada@acme.example")
    assert contact is not None
    assert (contact.id, contact.first_name, contact.last_name, contact.company) == (
        taken.contact.id, "Ada", "Lovelace", "Acme",
    )  # fmt: skip
    assert crm.get_deal(taken.deal.id).amount == Decimal(900)
    [note] = crm.notes(taken.deal)
    assert note.text.startswith(
        "A new lead.\nFrom: web form\nAmount: 900\nTen <chairs> & a desk\nFound: Acme https://acme"
    )
    posted = "".join(file.read_text() for file in any_office.channels.iterdir())
    assert "New deal *Acme: Ten &lt;chairs&gt; &amp; a desk*" in posted


def test_a_big_one_waits_for_its_owner(office: Office) -> None:
    run_id = office.start(BIG)
    assert office.harness.state(run_id) is RunState.WAITING
    [approval] = office.harness.store.approvals(run_id=run_id)
    assert approval.approvers == ("test:owner",)
    assert "12500.50" in approval.show
    office.harness.decide(by="test:owner")
    assert office.harness.output(run_id).known is False
    assert office.deals() == ["Acme: Ten <chairs> & a desk"]


@pytest.mark.parametrize("how", ["rejected", "expired"])
def test_what_is_not_taken_on_leaves_nothing_behind(any_office: Office, how: str) -> None:
    run_id = any_office.start(BIG)
    [approval] = any_office.harness.store.approvals(run_id=run_id)
    deal = RecordRef.model_validate_json(
        next(record.output for record in any_office.harness.history(run_id) if record.key == "crm.save_deal#1") or ""
    )
    assert any_office.crm.get_deal(deal.id).amount == Decimal("12500.50")
    if how == "rejected":
        any_office.harness.decide(Outcome.REJECTED, by="test:owner")
    else:
        any_office.harness.skip(timedelta(days=3))
    assert any_office.harness.state(run_id) is RunState.FAILED
    assert any_office.crm.find_contact("ada@acme.example") is None
    with pytest.raises(NotFound):
        any_office.crm.get_deal(deal.id)
    assert approval.title == "Take on this deal?"


def test_a_known_contact_is_put_back_as_it_was(any_office: Office) -> None:
    known = any_office.crm.save_contact(Contact(email="ada@acme.example", first_name="Augusta", phone="1"))
    run_id = any_office.start({**BIG, "phone": "2"})
    changed = any_office.crm.find_contact("ada@acme.example")
    assert changed is not None
    assert (changed.id, changed.first_name, changed.phone) == (known.id, "Ada", "2")
    any_office.harness.decide(Outcome.REJECTED, by="test:owner")
    assert any_office.harness.state(run_id) is RunState.FAILED
    back = any_office.crm.find_contact("ada@acme.example")
    assert back is not None
    assert (back.id, back.first_name, back.phone) == (known.id, "Augusta", "1")


def test_a_lead_is_taken_in_while_the_search_is_down(office: Office) -> None:
    office.web.down = True
    run_id = office.start(ASKS)
    office.harness.skip(timedelta(hours=1))
    assert office.harness.output(run_id).title == "Acme: Ten <chairs> & a desk"


@pytest.mark.parametrize("key", ["crm.save_contact#1", "crm.save_deal#1", "crm.add_note#1"])
def test_a_worker_that_dies_makes_nothing_twice(any_office: Office, key: str) -> None:
    any_office.harness.crash_at("after_effect", key)
    run_id = any_office.start(ASKS)
    any_office.harness.skip(timedelta(minutes=10))
    taken = any_office.harness.output(run_id)
    assert any_office.harness.crashes == 1
    assert len(any_office.crm.notes(taken.deal)) == 1
    if isinstance(any_office.crm, LocalCRM):
        assert (len(any_office.deals()), len(any_office.crm.search_contacts("ada"))) == (1, 1)


@pytest.mark.parametrize(
    ("name", "email", "found"),
    [
        ("Ada Lovelace", "x@y.example", ("Ada", "Lovelace")),
        ("Lovelace,  Ada", "x@y.example", ("Ada", "Lovelace")),
        ("Ada  King Lovelace", "x@y.example", ("Ada", "King Lovelace")),
        ("", "ada.lovelace@y.example", ("Ada", "Lovelace")),
        ("", "info@y.example", ("", "")),
        ("", "a.b.c@y.example", ("", "")),
    ],
)
def test_names_are_read(name: str, email: str, found: tuple[str, str]) -> None:
    assert names_of(Lead(email=email, name=name)) == found


@pytest.mark.parametrize(
    ("email", "domain"),
    [
        ("ada@acme.example", "acme.example"),
        ("ada@Mail.ACME.example.", "acme.example"),
        ("ada@shop.acme.co.uk", "acme.co.uk"),
        ("ada@acme.de", "acme.de"),
        ("ada@gmail.com", ""),
    ],
)
def test_domains_are_read(email: str, domain: str) -> None:
    assert domain_of(email) == domain
