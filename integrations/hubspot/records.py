"""HubSpot's records over HTTP: one method for each kind of request, none of which is made twice."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import quote

import httpx

from integrations.crm import RecordKind, RecordRef
from integrations.errors import ConnectorError, InvalidRequest, NotFound, Unauthorized
from integrations.http import EndpointClass, Fault, Gate, Http, Limits, Rate
from integrations.http.faults import detail_of
from integrations.hubspot.models import (
    FIELDS,
    NOTE_TYPES,
    PLURALS,
    VERSION,
    Batch,
    Found,
    HubObject,
    HubSpotSettings,
    Links,
    Property,
)

PACE = Limits(Rate(9, burst=10), (EndpointClass("search", "POST .*/search$", Rate(4)),))
"""Below 100 requests in 10 seconds, which every account may make, and 5 searches a second."""
PAGES = 20
"""So many pages of links are read at most."""
EXISTING = re.compile(r"Existing ID:\s*(\d+)")


class ContactExists(InvalidRequest):
    """HubSpot has a contact with this address already."""

    def __init__(self, contact_id: str) -> None:
        super().__init__(f"HubSpot has this contact already, as {contact_id}.")
        self.contact_id = contact_id


class HubSpotFault(Fault):
    """HubSpot's own meanings: a conflict names the record that is there, and a missing scope says which."""

    def answer(self, response: httpx.Response) -> ConnectorError:
        """The error for a response whose body was read."""
        if response.status_code == 409 and self.write:
            there = EXISTING.search(detail_of(response))
            words = f"{self.service} found that {self.what} is there already ({self.clean(detail_of(response))})"
            return ContactExists(there[1]) if there else InvalidRequest(f"{words}. Change it, then start again.")
        if response.status_code == 403:
            told = self.clean(detail_of(response))
            return Unauthorized(
                f"{self.service} does not let Baton's token get at {self.what} ({told}). Add the missing scope to the "
                "app in HubSpot, set its new token if it has one, then press Resume."
            )
        return super().answer(response)


class HubSpotHttp(Http):
    """HTTP with HubSpot's own errors."""

    def fault(self, what: str, *, write: bool) -> Fault:
        """What to say when a request for `what` fails."""
        return HubSpotFault(self.service, what, write, self.redact)


class Records:
    """The requests, with the property by which Baton knows its own records."""

    def __init__(self, settings: HubSpotSettings, gate: Gate | None, transport: httpx.BaseTransport | None) -> None:
        token = settings.token.get_secret_value()
        headers = {"Authorization": f"Bearer {token}"}
        self.id_property = settings.id_property
        self._http = HubSpotHttp("HubSpot", settings.url, headers=headers, limits=PACE, gate=gate, transport=transport)

    def get(self, kind: RecordKind, record_id: str, *, by: str = "") -> HubObject:
        """One record, by its id or by a property that is unique; raises NotFound."""
        params = {"properties": ",".join(self._wanted(kind)), **({"idProperty": by} if by else {})}
        path = f"{_objects(kind)}/{_safe(record_id)}"
        return self._http.ask(HubObject, "GET", path, what=f"{kind} {record_id}", params=params)

    def search(self, kind: RecordKind, asked: Mapping[str, Any], limit: int) -> tuple[HubObject, ...]:
        """Records by words or filters. HubSpot's index lags behind by some seconds."""
        body = {**asked, "properties": self._wanted(kind), "limit": limit}
        what = f"a search of {PLURALS[kind]}"
        return self._http.ask(Found, "POST", f"{_objects(kind)}/search", what=what, write=False, json=body).results

    def create(self, kind: RecordKind, properties: Mapping[str, str]) -> HubObject:
        """Make a record; raises ContactExists where there is one."""
        what = f"a new {kind}"
        return self._http.ask(HubObject, "POST", _objects(kind), what=what, json={"properties": dict(properties)})

    def update(self, kind: RecordKind, record_id: str, properties: Mapping[str, str]) -> HubObject:
        """Change a record's properties; the others stay."""
        path = f"{_objects(kind)}/{_safe(record_id)}"
        return self._http.ask(
            HubObject, "PATCH", path, what=f"{kind} {record_id}", json={"properties": dict(properties)}
        )

    def upsert(self, kind: RecordKind, by: str, items: Sequence[tuple[str, Mapping[str, str]]]) -> list[HubObject]:
        """Make or change records that are known by a unique property; in the order that they were given in."""
        inputs = [{"id": value, "idProperty": by, "properties": dict(properties)} for value, properties in items]
        what = f"{kind} {items[0][0]}" if len(items) == 1 else f"{len(items)} {PLURALS[kind]}"
        path = f"{_objects(kind)}/batch/upsert"
        done = self._http.ask(Batch, "POST", path, what=what, json={"inputs": inputs})
        if done.errors:
            self._failed(what, done)
        known = {one.get(by).lower(): one for one in done.results}
        missing = [value for value, _ in items if value.lower() not in known]
        if missing and len(items) == len(done.results) == 1:
            return list(done.results)
        if missing:
            raise self._http.fault(what, write=True).nonsense(f"nothing was said of {missing[0]}")
        return [known[value.lower()] for value, _ in items]

    def link(self, one: RecordRef, other: RecordRef) -> None:
        """Link two records in the most general way."""
        self._http.request("PUT", self._link(one, other, default=True), what=_both(one, other))

    def unlink(self, one: RecordRef, other: RecordRef) -> None:
        """Take every link between two records away; none is fine."""
        try:
            self._http.request("DELETE", self._link(one, other, default=False), what=_both(one, other))
        except NotFound:
            return

    def archive(self, record: RecordRef) -> None:
        """Archive a record; one that is gone is fine."""
        path = f"{_objects(record.kind)}/{_safe(record.id)}"
        try:
            self._http.request("DELETE", path, what=f"{record.kind} {record.id}")
        except NotFound:
            return

    def add_note(self, on: RecordRef, body: str, at: datetime) -> HubObject:
        """Write a note on a record, in one request with its link."""
        link = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": NOTE_TYPES[on.kind]}
        content = {
            "properties": {"hs_timestamp": at.isoformat(), "hs_note_body": body},
            "associations": [{"to": {"id": on.id}, "types": [link]}],
        }
        path = f"/crm/objects/{VERSION}/notes"
        return self._http.ask(HubObject, "POST", path, what=f"a note on {on.kind} {on.id}", json=content)

    def notes(self, on: RecordRef) -> Iterator[HubObject]:
        """The notes that are linked to a record, which HubSpot knows at once, in no order."""
        what = f"the notes on {on.kind} {on.id}"
        for ids in self._linked_notes(on, what):
            body = {"inputs": [{"id": one} for one in ids], "properties": ["hs_note_body", "hs_timestamp"]}
            path = f"/crm/objects/{VERSION}/notes/batch/read"
            yield from self._http.ask(Batch, "POST", path, what=what, write=False, json=body).results

    def is_ready(self, kind: RecordKind) -> bool:
        """Whether records of a kind have the property by which Baton knows its own."""
        path = f"/crm/properties/{VERSION}/{PLURALS[kind]}/{self.id_property}"
        try:
            found = self._http.ask(Property, "GET", path, what=f"the property {self.id_property} of {PLURALS[kind]}")
        except NotFound:
            return False
        return found.has_unique_value

    def make_ready(self, kind: RecordKind) -> None:
        """Give records of a kind that property; raises InvalidRequest where one is there."""
        made = {
            "name": self.id_property, "label": "Baton's id", "type": "string", "fieldType": "text",
            "groupName": {"contact": "contactinformation", "company": "companyinformation",
                          "deal": "dealinformation", "ticket": "ticketinformation"}[kind],
            "hasUniqueValue": True, "description": "By this, Baton knows a record again. Leave it as it is.",
        }  # fmt: skip
        what = f"the property {self.id_property} of {PLURALS[kind]}"
        self._http.request("POST", f"/crm/properties/{VERSION}/{PLURALS[kind]}", what=what, json=made)

    def account(self) -> Mapping[str, Any]:
        """Whose account it is."""
        found: Mapping[str, Any] = self._http.json("GET", f"/account-info/{VERSION}/details", what="the account")
        return found

    # -----------------------------------------------------------------------------------------------------

    def _linked_notes(self, on: RecordRef, what: str) -> Iterator[list[str]]:
        after = ""
        for _ in range(PAGES):
            params = {"limit": "100", **({"after": after} if after else {})}
            path = f"{_objects(on.kind)}/{_safe(on.id)}/associations/notes"
            page = self._http.ask(Links, "GET", path, what=what, params=params)
            if page.results:
                yield [one.to_object_id for one in page.results]
            if page.paging is None or page.paging.next is None:
                return
            after = page.paging.next.after

    def _link(self, one: RecordRef, other: RecordRef, *, default: bool) -> str:
        way = "associations/default" if default else "associations"
        return f"{_objects(one.kind)}/{_safe(one.id)}/{way}/{PLURALS[other.kind]}/{_safe(other.id)}"

    def _wanted(self, kind: RecordKind) -> list[str]:
        return [*FIELDS[kind].values(), self.id_property]

    def _failed(self, what: str, done: Batch) -> NoReturn:
        fault = self._http.fault(what, write=True)
        told = fault.clean(done.errors[0].message)
        raise InvalidRequest(
            f"HubSpot did not accept {len(done.errors)} of {len(done.errors) + len(done.results)} records ({told}). "
            "Those that it accepted are saved. Change the others, then start again: what is saved stays one record."
        )


def escaped(text: str) -> str:
    """Plain text as HubSpot shows it in a note."""
    return html.escape(text).replace("\n", "<br>")


def plain(body: str) -> str:
    """A note's body as plain text."""
    return html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"<br\s*/?>|</p>", "\n", body))).strip()


def _objects(kind: RecordKind) -> str:
    return f"/crm/objects/{VERSION}/{PLURALS[kind]}"


def _safe(part: str) -> str:
    """A value as one part of a path."""
    return quote(part, safe="@")


def _both(one: RecordRef, other: RecordRef) -> str:
    return f"{one.kind} {one.id} and {other.kind} {other.id}"
