"""The customers' records that a workflow may ask for, whichever CRM keeps them.

A workflow says `run.step(CRM.save_contact, contact)`; the settings say which connector that is. Histories keep the
action names and these shapes: renaming either is a migration.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from integrations.base import Connector, action
from integrations.protocols import Shape

RecordKind = Literal["contact", "company", "deal", "ticket"]
Priority = Literal["", "low", "medium", "high"]
MOST_FOUND = 100
MOST_SAVED = 100
"""Contacts that one `save_contacts` takes."""


def _lower(text: str) -> str:
    return text.strip().lower()


Key = Annotated[str, AfterValidator(_lower)]
"""Compared without capitals and surrounding blanks."""


class RecordRef(Shape):
    """Which record: enough to link it, to write a note on it, and to take it away again."""

    kind: RecordKind
    id: str
    url: str | None = None
    """Where people look at it, as far as the CRM says."""


class Contact(Shape):
    """A person."""

    id: str = ""
    """The CRM's own; "" until it is saved."""
    external_id: str = ""
    """Ours, or another system's; unique among contacts."""
    email: Key = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    job_title: str = ""
    company: str = ""
    url: str | None = None

    @property
    def name(self) -> str:
        """First and last name, or the address where there is neither."""
        return f"{self.first_name} {self.last_name}".strip() or self.email


class Company(Shape):
    """An organisation."""

    id: str = ""
    external_id: str = ""
    name: str = ""
    domain: Key = ""
    """Such as `example.org`."""
    phone: str = ""
    city: str = ""
    country: str = ""
    url: str | None = None


class Deal(Shape):
    """Something that may be sold."""

    id: str = ""
    external_id: str = ""
    title: str = ""
    amount: Decimal | None = None
    """In the CRM's own currency."""
    pipeline: str = ""
    """The CRM's own id of it; "" for its default."""
    stage: str = ""
    closes_on: date | None = None
    url: str | None = None


class Ticket(Shape):
    """Something that somebody wants help with."""

    id: str = ""
    external_id: str = ""
    subject: str = ""
    body: str = ""
    priority: Priority = ""
    pipeline: str = ""
    stage: str = ""
    url: str | None = None


class Note(Shape):
    """What somebody wrote on a record."""

    id: str
    text: str
    at: datetime
    """With time zone."""


class CRM(Connector, protocol=True):
    """Where contacts, companies, deals and tickets are kept.

    Saving changes the record with the given `id`; else the one with the `external_id`; else, of contacts, the one with
    the e-mail address and, of companies, the one with the domain; where there is none, it makes one. A deal or ticket
    without any of them is new, once for each step. Fields that are empty stay as they are there. What a repeat does is
    the connectors' to say.
    """

    @action(idempotent=True)
    def find_contact(self, email: str) -> Contact | None:
        """Find a contact by e-mail address."""
        raise NotImplementedError

    @action(idempotent=True)
    def find_company(self, domain: str) -> Company | None:
        """Find a company by domain."""
        raise NotImplementedError

    @action(idempotent=True)
    def search_contacts(self, words: str, limit: int = 10) -> tuple[Contact, ...]:
        """Search contacts."""
        raise NotImplementedError

    @action(idempotent=True)
    def search_companies(self, words: str, limit: int = 10) -> tuple[Company, ...]:
        """Search companies."""
        raise NotImplementedError

    @action(idempotent=True)
    def search_deals(self, words: str, limit: int = 10) -> tuple[Deal, ...]:
        """Search deals."""
        raise NotImplementedError

    @action(idempotent=True)
    def search_tickets(self, words: str, limit: int = 10) -> tuple[Ticket, ...]:
        """Search tickets."""
        raise NotImplementedError

    @action(idempotent=True)
    def get_deal(self, deal_id: str) -> Deal:
        """Read a deal."""
        raise NotImplementedError

    @action(idempotent=True)
    def get_ticket(self, ticket_id: str) -> Ticket:
        """Read a ticket."""
        raise NotImplementedError

    @action(idempotent=False)
    def save_contact(self, contact: Contact) -> RecordRef:
        """Save a contact."""
        raise NotImplementedError

    @action(idempotent=False)
    def save_contacts(
        self, contacts: Annotated[tuple[Contact, ...], Field(max_length=MOST_SAVED)]
    ) -> tuple[RecordRef, ...]:
        """Save many contacts.

        At most 100, each with an e-mail address; the results are in the same order.
        """
        raise NotImplementedError

    @action(idempotent=False)
    def save_company(self, company: Company) -> RecordRef:
        """Save a company."""
        raise NotImplementedError

    @action(idempotent=False)
    def save_deal(self, deal: Deal) -> RecordRef:
        """Save a deal."""
        raise NotImplementedError

    @action(idempotent=False)
    def save_ticket(self, ticket: Ticket) -> RecordRef:
        """Save a ticket."""
        raise NotImplementedError

    @action(idempotent=True, writes=True)
    def link(self, one: RecordRef, other: RecordRef) -> None:
        """Link two records; a link that is there is fine."""
        raise NotImplementedError

    @action(idempotent=True, writes=True)
    def unlink(self, one: RecordRef, other: RecordRef) -> None:
        """Take a link away; one that is gone is fine."""
        raise NotImplementedError

    @action(idempotent=False)
    def add_note(self, on: RecordRef, text: str) -> Note:
        """Write a note on a record.

        `text` is plain text.
        """
        raise NotImplementedError

    @action(idempotent=True)
    def notes(self, on: RecordRef, limit: int = 20) -> tuple[Note, ...]:
        """Read the notes on a record, the newest first."""
        raise NotImplementedError

    @action(idempotent=True, writes=True)
    def archive(self, record: RecordRef) -> None:
        """Archive a record; one that is gone is fine."""
        raise NotImplementedError
