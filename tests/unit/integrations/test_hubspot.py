"""What HubSpot does of its own: faults on every write, what it lacks, and its webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from integrations.crm import CRM, Company, Contact, Deal, RecordRef, Ticket
from integrations.errors import InvalidRequest, Unauthorized
from integrations.http import UNLIMITED, Gate
from integrations.http.turns import MemoryTurns
from integrations.hubspot.connector import HubSpot
from integrations.hubspot.models import HubObject, HubSpotSettings, contact_of
from integrations.hubspot.records import plain
from integrations.hubspot.webhooks import HubSpotEvent, check_signature, events_in
from tests.servers.http import Answer, as_json
from tests.servers.hubspot import TOKEN, HubSpotServer, LateAnswer, Thing, once, running_hubspot
from workflows import Run, workflow
from workflows.engine.model import RunState
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness

FIXTURES = Path(__file__).parents[2] / "fixtures" / "hubspot"
LONG = timedelta(minutes=10)
ADA = Contact(email="ada@example.org", first_name="Ada")
CONTACT, DEAL = RecordRef(kind="contact", id="1"), RecordRef(kind="deal", id="2")


@pytest.fixture
def server() -> Iterator[HubSpotServer]:
    with running_hubspot() as running:
        yield running


def connector(
    server: HubSpotServer, transport: httpx.BaseTransport | None = None, clock: ManualClock | None = None
) -> HubSpot:
    turns = MemoryTurns((clock or ManualClock()).monotonic)
    gate = Gate(turns, {"hubspot": UNLIMITED, "hubspot:search": UNLIMITED})
    return HubSpot(HubSpotSettings(token=SecretStr(TOKEN), url=server.url), gate, transport)


# exactly one effect --------------------------------------------------------------------------------------


@workflow("one_write")
def one_write(run: Run, what: str) -> None:
    """Do one write, on records that are there."""
    fn, arguments = WRITES[what]
    run.step(fn, *arguments)


WRITES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "contact": (CRM.save_contact, (ADA,)),
    "contacts": (CRM.save_contacts, ((ADA, Contact(email="bo@example.org")),)),
    "company": (CRM.save_company, (Company(name="Acme", domain="acme.example"),)),
    "deal": (CRM.save_deal, (Deal(title="Ten chairs"),)),
    "ticket": (CRM.save_ticket, (Ticket(subject="It squeaks"),)),
    "note": (CRM.add_note, (CONTACT, "Called")),
    "link": (CRM.link, (DEAL, CONTACT)),
    "unlink": (CRM.unlink, (DEAL, CONTACT)),
    "archive": (CRM.archive, (DEAL,)),
    "prepare": (HubSpot.prepare, ()),
}
EFFECTS = {
    "contact": ["create contacts"],
    "contacts": ["create contacts", "create contacts"],
    "company": ["create companies"],
    "deal": ["create deals"],
    "ticket": ["create tickets"],
    "note": ["create notes"],
    "link": ["link"],
    "unlink": [],
    "archive": ["archive deals"],
    "prepare": ["property deals"],
}
"""What takes effect in HubSpot, once."""


def cut(_good: Answer) -> Answer:
    return Answer(hang_up=True)


def broken(_good: Answer) -> Answer:
    return as_json({"status": "error", "message": "internal error", "category": "INTERNAL_ERROR"}, 500)


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the first write."""

    name: str
    arrange: Callable[[HubSpotServer], httpx.BaseTransport | None]


def after(bad: Callable[[Answer], Answer]) -> Callable[[HubSpotServer], None]:
    def arrange(server: HubSpotServer) -> None:
        server.bad_day = once(bad)

    return arrange


def paused(server: HubSpotServer) -> None:
    body = {"status": "error", "message": "You have reached your secondly limit.", "errorType": "RATE_LIMIT"}
    server.refuse.append(as_json(body, 429, Retry_After="5"))


FAULTS = [
    Fault("cut after it was sent", after(cut)),
    Fault("500 after the effect", after(broken)),
    Fault("time-out", lambda _server: LateAnswer()),
    Fault("429", paused),
]


def ready(server: HubSpotServer, what: str) -> None:
    """The records that some of the writes are about."""
    server.things["1"] = Thing("1", "contacts", {"email": "eve@example.org"})
    server.things["2"] = Thing("2", "deals", {"dealname": "Old", "dealstage": "1"})
    if what == "prepare":
        server.prepared.discard("deals")
    if what == "unlink":
        server.links.add(("1", "2"))


@pytest.mark.parametrize("what", EFFECTS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_write_takes_effect_once_whatever_happens(server: HubSpotServer, what: str, fault: Fault) -> None:
    ready(server, what)
    clock = ManualClock()
    crm = connector(server, fault.arrange(server), clock)
    harness = Harness(one_write, tools={CRM: crm, HubSpot: crm}, clock=clock)
    run_id = harness.start("one_write", what)
    harness.skip(LONG)
    assert harness.state(run_id) is RunState.SUCCEEDED, harness.error(run_id)
    assert server.writes == EFFECTS[what]
    assert server.links & {("1", "2")} == ({("1", "2")} if what == "link" else set())


@pytest.mark.parametrize("what", EFFECTS)
def test_a_write_with_an_expired_token_goes_on_once_it_is_set(server: HubSpotServer, what: str) -> None:
    ready(server, what)
    crm = connector(server)
    server.token = "another"
    harness = Harness(one_write, tools={CRM: crm, HubSpot: crm}, admins=("test:ana",))
    run_id = harness.start("one_write", what)
    assert harness.state(run_id) is RunState.FAILED
    assert "did not accept the credential" in harness.error(run_id)
    assert "expired" in harness.error(run_id)
    assert TOKEN not in harness.error(run_id)
    server.token = TOKEN
    harness.resume(run_id)
    assert harness.state(run_id) is RunState.SUCCEEDED
    assert server.writes == EFFECTS[what]


def test_a_worker_that_dies_after_a_note_was_written_writes_none_more(server: HubSpotServer) -> None:
    ready(server, "note")
    harness = Harness(one_write, tools={CRM: connector(server)}).crash_at("after_effect", "crm.add_note#1")
    run_id = harness.start("one_write", "note")
    harness.skip(LONG)
    assert harness.crashes == 1
    assert (harness.state(run_id), server.writes) == (RunState.SUCCEEDED, ["create notes"])


def test_the_note_is_found_on_any_page(server: HubSpotServer) -> None:
    ready(server, "note")
    crm = connector(server)
    for text in ("One", "Two", "Three"):
        crm.add_note(CONTACT, text)
    server.bad_day = once(cut)
    harness = Harness(one_write, tools={CRM: crm})
    run_id = harness.start("one_write", "note")
    harness.skip(LONG)
    assert harness.state(run_id) is RunState.SUCCEEDED
    assert server.writes == ["create notes"] * 4


# what HubSpot says ---------------------------------------------------------------------------------------


def test_a_contact_that_somebody_made_meanwhile_is_taken(server: HubSpotServer) -> None:
    crm = connector(server)
    there = server._made("contacts", {"email": "ada@example.org", "lastname": "Lovelace"})
    not_yet = {"status": "error", "message": "resource not found", "category": "OBJECT_NOT_FOUND"}
    server.refuse.append(as_json(not_yet, 404))
    assert crm.save_contact(ADA).id == there.id
    assert there.properties == {"email": "ada@example.org", "lastname": "Lovelace", "firstname": "Ada"}


def test_the_stage_of_a_deal_that_is_there_stays(server: HubSpotServer) -> None:
    crm = connector(server)
    ref = crm.save_deal(Deal(external_id="d1", title="Chairs"))
    server.things[ref.id].properties["dealstage"] = "closedwon"
    crm.save_deal(Deal(external_id="d1", title="Ten chairs"))
    assert crm.get_deal(ref.id).stage == "closedwon"


def test_it_says_which_records_lack_its_property_and_gives_it_to_them(server: HubSpotServer) -> None:
    server.prepared -= {"deals", "tickets"}
    crm = connector(server)
    health = crm.health()
    assert not health.ok
    assert "deals, tickets lack the property baton_id" in health.words
    with pytest.raises(InvalidRequest, match='Property "baton_id" does not exist'):
        crm.save_deal(Deal(title="Chairs", stage="1"))
    assert crm.prepare() == ("deals", "tickets")
    assert crm.prepare() == ()
    assert crm.health().words == "Keeps records in HubSpot account 123456"


def test_a_missing_scope_and_a_refused_part_of_a_batch_are_told(server: HubSpotServer) -> None:
    crm = connector(server)
    server.refuse.append(as_json(json.loads((FIXTURES / "missing_scopes.json").read_text()), 403))
    with pytest.raises(Unauthorized, match="Add the missing scope to the app in HubSpot"):
        crm.get_deal("7")
    server.refuse.append(as_json(json.loads((FIXTURES / "batch_with_errors.json").read_text()), 207))
    with pytest.raises(InvalidRequest, match="did not accept 1 of 2 records"):
        crm.save_contacts((ADA, Contact(email="bo@example.org")))


def test_real_answers_are_understood() -> None:
    contact = contact_of(HubObject.model_validate_json((FIXTURES / "contact.json").read_text()), "baton_id")
    assert (contact.id, contact.email, contact.first_name) == ("100451", "testperson@hubspot.com", "Test")
    assert plain("<p>One &amp; two</p><br/>three") == "One & two\n\nthree"


def test_settings_that_would_leak_the_token_are_refused() -> None:
    for bad in ({"url": "http://example.org"}, {"token": SecretStr(" ")}, {"id_property": "Bad Name"}):
        given: dict[str, Any] = {"token": SecretStr(TOKEN), **bad}
        with pytest.raises(ValidationError):
            HubSpotSettings(**given)


# webhooks ------------------------------------------------------------------------------------------------

SECRET = SecretStr("client-secret-made-up")
URI = "https://baton.example.org/hooks/hubspot?a=%40b%3A"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def signed(
    body: bytes, at: datetime = NOW, uri: str = "https://baton.example.org/hooks/hubspot?a=@b:"
) -> dict[str, str]:
    sent = str(int(at.timestamp() * 1000))
    source = b"POST" + uri.encode() + body + sent.encode()
    made = base64.b64encode(hmac.new(SECRET.get_secret_value().encode(), source, hashlib.sha256).digest()).decode()
    return {"x-hubspot-signature-v3": made, "x-hubspot-request-timestamp": sent}


def check(body: bytes, headers: dict[str, str], **over: Any) -> None:
    given: dict[str, Any] = {"method": "POST", "uri": URI, "body": body, "headers": headers, "now": NOW, **over}
    check_signature(SECRET, **given)


def test_what_hubspot_signed_is_read() -> None:
    body = (FIXTURES / "events.json").read_bytes()
    check(body, signed(body))
    first, second = events_in(body)
    assert (first.kind, first.object_id, first.portal_id) == ("contact.creation", "123", "62515")
    assert (second.property_name, second.property_value) == ("dealstage", "closedwon")
    assert first.id != second.id
    assert first.id == HubSpotEvent.model_validate(json.loads(body)[0] | {"attemptNumber": 3}).id


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"headers": {}}, "was not signed"),
        ({"headers": {"x-hubspot-signature-v3": "x", "x-hubspot-request-timestamp": "soon"}}, "was not signed"),
        ({"headers": signed(b"[]", NOW - timedelta(minutes=6))}, "too long ago"),
        ({"headers": signed(b"[]", NOW + timedelta(minutes=6))}, "too long ago"),
        ({"headers": signed(b"[1]")}, "wrong signature"),
        ({"headers": signed(b"[]") | {"x-hubspot-signature-v3": "é"}}, "wrong signature"),
        ({"uri": "https://evil.example/hooks/hubspot"}, "wrong signature"),
        ({"method": "PUT"}, "wrong signature"),
    ],
)
def test_what_hubspot_did_not_sign_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(Unauthorized, match=said) as caught:
        check(b"[]", **{"headers": signed(b"[]"), **wrong})
    assert SECRET.get_secret_value() not in str(caught.value)


def test_events_that_are_none_are_refused_in_words() -> None:
    with pytest.raises(InvalidRequest, match="does not understand"):
        events_in(b'[{"eventId": 1}]')
    event = json.loads((FIXTURES / "events.json").read_text())[0]
    with pytest.raises(InvalidRequest, match="more than 100 events"):
        events_in(json.dumps([event] * 101).encode())
