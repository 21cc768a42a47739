"""What HubSpot speaks: its settings, its answers, and which of its properties our fields are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from integrations.crm import Company, Contact, Deal, Priority, RecordKind, Ticket

API_URL = "https://api.hubapi.com"
VERSION = "2026-03"
"""The version of the API that every path names."""
PLURALS: dict[RecordKind, str] = {"contact": "contacts", "company": "companies", "deal": "deals", "ticket": "tickets"}
NOTE_TYPES: dict[RecordKind, int] = {"contact": 202, "company": 190, "deal": 214, "ticket": 228}
"""HubSpot's own types of links from a note to a record."""
PRIORITIES: dict[Priority, str] = {"low": "LOW", "medium": "MEDIUM", "high": "HIGH"}


class HubSpotSettings(BaseModel):
    """The account, and the property by which Baton knows its records again."""

    model_config = ConfigDict(frozen=True)

    token: SecretStr
    id_property: str = Field(default="baton_id", pattern=r"^[a-z][a-z0-9_]{0,99}$")
    deal_stage: str = "appointmentscheduled"
    """For new deals that name none."""
    ticket_stage: str = "1"
    """For new tickets that name none."""
    url: str = API_URL

    @field_validator("token")
    @classmethod
    def _there(cls, token: SecretStr) -> SecretStr:
        if not token.get_secret_value().strip():
            raise ValueError("the token is empty")
        return token

    @field_validator("url")
    @classmethod
    def _secure(cls, url: str) -> str:
        if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise ValueError("the address must begin with https://, since the token is sent there")
        return url.rstrip("/")


class Answer(BaseModel):
    """What HubSpot answers; fields that nobody asked for are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class HubObject(Answer):
    """A record or note."""

    id: str
    properties: Mapping[str, str | None] = {}
    url: str | None = None

    def get(self, name: str) -> str:
        """A property as text; "" where it is empty."""
        return self.properties.get(name) or ""


class Problem(Answer):
    """Why one part of a batch failed."""

    message: str = ""
    category: str = ""


class Found(Answer):
    """A page of records."""

    results: tuple[HubObject, ...] = ()


class Batch(Answer):
    """What became of a batch."""

    results: tuple[HubObject, ...] = ()
    errors: tuple[Problem, ...] = ()


class Linked(Answer):
    """A record that is linked."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    to_object_id: str = Field(alias="toObjectId")


class Cursor(Answer):
    """Where the next page begins."""

    after: str


class Paging(Answer):
    """Whether there is a next page."""

    next: Cursor | None = None


class Links(Answer):
    """A page of records that are linked to one."""

    results: tuple[Linked, ...] = ()
    paging: Paging | None = None


class Property(Answer):
    """How a property is set up."""

    name: str
    has_unique_value: bool = Field(default=False, alias="hasUniqueValue")


class Account(Answer):
    """Whose account it is."""

    portal_id: int = Field(alias="portalId")
    ui_domain: str = Field(default="app.hubspot.com", alias="uiDomain")


# fields and properties -----------------------------------------------------------------------------------

CONTACT = {
    "email": "email", "first_name": "firstname", "last_name": "lastname", "phone": "phone", "job_title": "jobtitle",
    "company": "company",
}  # fmt: skip
COMPANY = {"name": "name", "domain": "domain", "phone": "phone", "city": "city", "country": "country"}
DEAL = {
    "title": "dealname", "amount": "amount", "pipeline": "pipeline", "stage": "dealstage", "closes_on": "closedate",
}  # fmt: skip
TICKET = {
    "subject": "subject", "body": "content", "priority": "hs_ticket_priority", "pipeline": "hs_pipeline",
    "stage": "hs_pipeline_stage",
}  # fmt: skip
FIELDS: dict[RecordKind, dict[str, str]] = {"contact": CONTACT, "company": COMPANY, "deal": DEAL, "ticket": TICKET}


def properties_of(kind: RecordKind, record: BaseModel) -> dict[str, str]:
    """The record's fields that say something, as HubSpot's properties."""
    values = record.model_dump(mode="json")
    if kind == "ticket" and values["priority"]:
        values["priority"] = PRIORITIES[values["priority"]]
    return {theirs: str(values[ours]) for ours, theirs in FIELDS[kind].items() if values[ours] not in ("", None)}


def contact_of(one: HubObject, id_property: str) -> Contact:
    return Contact(**_texts(CONTACT, one, id_property))


def company_of(one: HubObject, id_property: str) -> Company:
    return Company(**_texts(COMPANY, one, id_property))


def deal_of(one: HubObject, id_property: str) -> Deal:
    values = _texts(DEAL, one, id_property)
    return Deal(**{**values, "amount": _number(values["amount"]), "closes_on": _day(values["closes_on"])})


def ticket_of(one: HubObject, id_property: str) -> Ticket:
    values = _texts(TICKET, one, id_property)
    known = {theirs: ours for ours, theirs in PRIORITIES.items()}
    return Ticket(**{**values, "priority": known.get(values["priority"], "")})


def _texts(fields: Mapping[str, str], one: HubObject, id_property: str) -> dict[str, Any]:
    texts: dict[str, Any] = {ours: one.get(theirs) for ours, theirs in fields.items()}
    return texts | {"id": one.id, "external_id": one.get(id_property), "url": one.url}


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None


def _day(text: str) -> date | None:
    """HubSpot gives a day, or a moment in UTC."""
    try:
        return datetime.fromisoformat(text).date() if text else None
    except ValueError:
        return None
