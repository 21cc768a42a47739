"""Contacts, companies, deals and tickets in HubSpot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import httpx

from integrations.base import Health, action
from integrations.crm import CRM, MOST_FOUND, MOST_SAVED, Company, Contact, Deal, Note, RecordKind, RecordRef, Ticket
from integrations.errors import InvalidRequest, NotFound
from integrations.files import id_for
from integrations.http import Gate
from integrations.hubspot.models import (
    PLURALS,
    Account,
    HubObject,
    HubSpotSettings,
    company_of,
    contact_of,
    deal_of,
    properties_of,
    ticket_of,
)
from integrations.hubspot.records import ContactExists, Records, escaped, plain

SETTLE = timedelta(seconds=30)
"""HubSpot may finish a request after it gave it up."""
KINDS: tuple[RecordKind, ...] = ("contact", "company", "deal", "ticket")


class HubSpot(CRM):
    """Contacts, companies, deals and tickets in HubSpot."""

    slug = "hubspot"

    def __init__(
        self,
        settings: HubSpotSettings,
        gate: Gate | None = None,
        transport: httpx.BaseTransport | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._records = Records(settings, gate, transport)
        self._now = now

    # reading

    @action(idempotent=True)
    def find_contact(self, email: str) -> Contact | None:
        """Find a contact in HubSpot by e-mail address."""
        found = self._at("contact", email.strip().lower(), "email")
        return contact_of(found, self._by) if found else None

    @action(idempotent=True)
    def find_company(self, domain: str) -> Company | None:
        """Find a company in HubSpot by domain."""
        found = self._company_at(domain.strip().lower())
        return company_of(found, self._by) if found else None

    @action(idempotent=True)
    def search_contacts(self, words: str, limit: int = 10) -> tuple[Contact, ...]:
        """Search HubSpot's contacts."""
        return tuple(contact_of(one, self._by) for one in self._search("contact", words, limit))

    @action(idempotent=True)
    def search_companies(self, words: str, limit: int = 10) -> tuple[Company, ...]:
        """Search HubSpot's companies."""
        return tuple(company_of(one, self._by) for one in self._search("company", words, limit))

    @action(idempotent=True)
    def search_deals(self, words: str, limit: int = 10) -> tuple[Deal, ...]:
        """Search HubSpot's deals."""
        return tuple(deal_of(one, self._by) for one in self._search("deal", words, limit))

    @action(idempotent=True)
    def search_tickets(self, words: str, limit: int = 10) -> tuple[Ticket, ...]:
        """Search HubSpot's tickets."""
        return tuple(ticket_of(one, self._by) for one in self._search("ticket", words, limit))

    @action(idempotent=True)
    def get_deal(self, deal_id: str) -> Deal:
        """Read a deal from HubSpot."""
        return deal_of(self._records.get("deal", deal_id), self._by)

    @action(idempotent=True)
    def get_ticket(self, ticket_id: str) -> Ticket:
        """Read a ticket from HubSpot."""
        return ticket_of(self._records.get("ticket", ticket_id), self._by)

    @action(idempotent=True)
    def notes(self, on: RecordRef, limit: int = 20) -> tuple[Note, ...]:
        """Read the notes on a HubSpot record, the newest first."""
        found = sorted((_note(one) for one in self._records.notes(on)), key=lambda note: note.at, reverse=True)
        return tuple(found[:limit])

    # writing: each is known again by an id, an address, or Baton's own property, so that a repeat changes nothing

    @action(idempotent=True, writes=True)
    def save_contact(self, contact: Contact) -> RecordRef:
        """Save a contact in HubSpot."""
        properties = properties_of("contact", contact)
        if contact.id or contact.external_id or not contact.email:
            return self._save("contact", contact.id, contact.external_id, properties)
        there = self._at("contact", contact.email, "email")
        if there is None:
            try:
                return _ref("contact", self._records.create("contact", properties))
            except ContactExists as error:
                return _ref("contact", self._records.update("contact", error.contact_id, properties))
        return _ref("contact", self._records.update("contact", there.id, properties))

    @action(idempotent=True, writes=True)
    def save_contacts(self, contacts: tuple[Contact, ...]) -> tuple[RecordRef, ...]:
        """Save many contacts in HubSpot."""
        emails = [contact.email for contact in contacts]
        if not all(emails) or len(set(emails)) < len(emails) or len(emails) > MOST_SAVED:
            raise InvalidRequest(
                f"HubSpot takes up to {MOST_SAVED} contacts at once, each with an e-mail address of its own. "
                "Change them, then start again."
            )
        if not contacts:
            return ()
        items = [(contact.email, properties_of("contact", contact)) for contact in contacts]
        return tuple(_ref("contact", one) for one in self._records.upsert("contact", "email", items))

    @action(idempotent=True, writes=True)
    def save_company(self, company: Company) -> RecordRef:
        """Save a company in HubSpot."""
        properties = properties_of("company", company)
        if company.id or company.external_id or not company.domain:
            return self._save("company", company.id, company.external_id, properties)
        there = self._company_at(company.domain)
        if there is not None:
            return _ref("company", self._records.update("company", there.id, properties))
        return self._save("company", "", f"domain:{company.domain}", properties)

    @action(idempotent=True, writes=True)
    def save_deal(self, deal: Deal) -> RecordRef:
        """Save a deal in HubSpot."""
        first = {"dealstage": self._settings.deal_stage}
        return self._save("deal", deal.id, deal.external_id, properties_of("deal", deal), first)

    @action(idempotent=True, writes=True)
    def save_ticket(self, ticket: Ticket) -> RecordRef:
        """Save a ticket in HubSpot."""
        first = {"hs_pipeline_stage": self._settings.ticket_stage}
        return self._save("ticket", ticket.id, ticket.external_id, properties_of("ticket", ticket), first)

    @action(idempotent=True, writes=True)
    def link(self, one: RecordRef, other: RecordRef) -> None:
        """Link two HubSpot records; a link that is there is fine."""
        self._records.link(one, other)

    @action(idempotent=True, writes=True)
    def unlink(self, one: RecordRef, other: RecordRef) -> None:
        """Take a link in HubSpot away; one that is gone is fine."""
        self._records.unlink(one, other)

    @action(reconcile="find_note", settle=SETTLE)
    def add_note(self, on: RecordRef, text: str) -> Note:
        """Write a note on a HubSpot record.

        It ends with a short reference, by which it is found again should its outcome be unknown.
        """
        if not text.strip():
            raise InvalidRequest(f"A note on {on.kind} {on.id} needs some text. Give it, then start again.")
        at = self._now()
        made = self._records.add_note(on, f"{escaped(text)}<br><br>{_mark(self.key)}", at)
        return Note(id=made.id, text=text, at=at)

    def find_note(self, key: str, on: RecordRef, text: str) -> Note | None:
        """The note that was written with `key`, by the reference at its end."""
        for one in self._records.notes(on):
            if _mark(key) in one.get("hs_note_body"):
                return _note(one).model_copy(update={"text": text})
        return None

    @action(idempotent=True, writes=True)
    def archive(self, record: RecordRef) -> None:
        """Archive a HubSpot record; one that is gone is fine."""
        self._records.archive(record)

    @action(idempotent=True, writes=True)
    def prepare(self) -> tuple[str, ...]:
        """Give HubSpot's records the property by which Baton knows its own.

        The result names the kinds of records that lacked it.
        """
        lacking = [kind for kind in KINDS if not self._records.is_ready(kind)]
        for kind in lacking:
            self._records.make_ready(kind)
        return tuple(PLURALS[kind] for kind in lacking)

    def health(self) -> Health:
        """Whose account it is, and whether its records have Baton's property."""
        account = Account.model_validate(self._records.account())
        lacking = [PLURALS[kind] for kind in KINDS if not self._records.is_ready(kind)]
        if lacking:
            return Health(
                False,
                f"In HubSpot account {account.portal_id}, {', '.join(lacking)} lack the property {self._by} with "
                "unique values. Make it in HubSpot's settings, as a single-line text for which unique values are "
                "required.",
            )
        return Health(True, f"Keeps records in HubSpot account {account.portal_id}")

    # -----------------------------------------------------------------------------------------------------

    @property
    def _by(self) -> str:
        return self._settings.id_property

    def _save(
        self,
        kind: RecordKind,
        record_id: str,
        external_id: str,
        properties: Mapping[str, str],
        first: Mapping[str, str] = MappingProxyType({}),
    ) -> RecordRef:
        """Save a record; what is in `first` and not given is set where there is none yet, since HubSpot asks for it."""
        if record_id:
            known = {self._by: external_id} if external_id else {}
            return _ref(kind, self._records.update(kind, record_id, {**properties, **known}))
        value = external_id or f"baton:{id_for(self.key)}"
        if set(first) - set(properties) and self._at(kind, value, self._by) is None:
            properties = {**first, **properties}
        [saved] = self._records.upsert(kind, self._by, [(value, {**properties, self._by: value})])
        return _ref(kind, saved)

    def _at(self, kind: RecordKind, value: str, by: str) -> HubObject | None:
        """The record with this value of a unique property, which HubSpot knows at once."""
        try:
            return self._records.get(kind, value, by=by) if value else None
        except NotFound:
            return None

    def _company_at(self, domain: str) -> HubObject | None:
        """By the search, and by Baton's property for one that was made a moment ago."""
        if not domain:
            return None
        asked = {"filterGroups": [{"filters": [{"propertyName": "domain", "operator": "EQ", "value": domain}]}]}
        found = self._records.search("company", {**asked, "sorts": [{"propertyName": "createdate"}]}, 1)
        return found[0] if found else self._at("company", f"domain:{domain}", self._by)

    def _search(self, kind: RecordKind, words: str, limit: int) -> tuple[HubObject, ...]:
        return self._records.search(kind, {"query": words}, min(limit, MOST_FOUND)) if words.strip() else ()


def _ref(kind: RecordKind, one: HubObject) -> RecordRef:
    return RecordRef(kind=kind, id=one.id, url=one.url)


def _mark(key: str | None) -> str:
    return f"[baton {id_for(key)}]"


def _note(one: HubObject) -> Note:
    at = one.get("hs_timestamp")
    moment = datetime.fromisoformat(at) if at else datetime.fromtimestamp(0, UTC)
    return Note(id=one.id, text=plain(one.get("hs_note_body")), at=moment)
