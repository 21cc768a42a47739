"""A local HubSpot: the part of its API that Baton uses, as its documentation of version 2026-03 describes it.

It checks what it is sent, keeps what unique properties promise, and can do what a service does on a bad day. Its search
finds a record only once `index()` was called, since HubSpot's own lags behind.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.servers.http import Answer, Asked, CannedServer, as_json

TOKEN = "pat-na1-made-up-4711"
BASE = "/crm/objects/2026-03/"
KINDS = ("contacts", "companies", "deals", "tickets")
KNOWN = {
    "contacts": {"email", "firstname", "lastname", "phone", "jobtitle", "company", "baton_id"},
    "companies": {"name", "domain", "phone", "city", "country", "baton_id", "createdate"},
    "deals": {"dealname", "amount", "pipeline", "dealstage", "closedate", "baton_id"},
    "tickets": {"subject", "content", "hs_ticket_priority", "hs_pipeline", "hs_pipeline_stage", "baton_id"},
    "notes": {"hs_timestamp", "hs_note_body"},
}
UNIQUE = {"contacts": {"email", "baton_id"}, "companies": {"baton_id"}, "deals": {"baton_id"}, "tickets": {"baton_id"}}
NEEDED = {"deals": {"dealstage"}, "tickets": {"hs_pipeline_stage"}, "notes": {"hs_timestamp"}}
NOTE_LINKS = {202: "contacts", 190: "companies", 214: "deals", 228: "tickets"}


class Refusal(Exception):
    """What HubSpot answers instead."""

    def __init__(self, status: int, message: str, category: str = "VALIDATION_ERROR") -> None:
        super().__init__(message)
        body = {"status": "error", "message": message, "correlationId": "a1b2", "category": category}
        self.answer = as_json(body, status)


@dataclass
class Thing:
    """A record or note."""

    id: str
    kind: str
    properties: dict[str, str]
    indexed: bool = False

    @property
    def shown(self) -> dict[str, Any]:
        times = {"createdAt": "2026-11-01T12:00:00.000Z", "updatedAt": "2026-11-01T12:00:00.000Z"}
        return {"id": self.id, "properties": self.properties, "archived": False, **times}


@dataclass
class HubSpotServer(CannedServer):
    """The account: its records, links and notes, and how many writes took effect."""

    things: dict[str, Thing] = field(default_factory=dict)
    links: set[tuple[str, str]] = field(default_factory=set)
    prepared: set[str] = field(default_factory=lambda: set(KINDS))
    writes: list[str] = field(default_factory=list)
    token: str = TOKEN

    def __post_init__(self) -> None:
        CannedServer.__init__(self)
        self.lock = threading.Lock()
        self.bad_day: Callable[[Asked, Answer], Answer] | None = None
        self.refuse: list[Answer] = []

    def all(self, kind: str) -> list[Thing]:
        return [thing for thing in self.things.values() if thing.kind == kind]

    def index(self) -> None:
        """Let the search know of everything."""
        for thing in self.things.values():
            thing.indexed = True

    def answer(self, asked: Asked) -> Answer:
        with self.lock:
            self.asked.append(asked)
            if self.refuse:
                return self.refuse.pop(0)
            try:
                answer = self._answer(asked)
            except Refusal as refusal:
                return refusal.answer
            return self.bad_day(asked, answer) if self.bad_day else answer

    # -----------------------------------------------------------------------------------------------------

    def _answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            raise Refusal(401, "The OAuth token used to make this call expired", "EXPIRED_AUTHENTICATION")
        if asked.path == "/account-info/2026-03/details":
            return as_json({"portalId": 123456, "accountType": "STANDARD", "uiDomain": "app.hubspot.com"})
        for pattern, handler in ROUTES:
            found = re.fullmatch(pattern, f"{asked.method} {asked.path}")
            if found:
                return handler(self, asked, **found.groupdict())
        raise Refusal(404, f"resource not found: {asked.method} {asked.path}", "OBJECT_NOT_FOUND")

    def _property(self, asked: Asked, kind: str, name: str) -> Answer:
        if kind not in self.prepared:
            raise Refusal(404, f'Property named "{name}" does not exist', "OBJECT_NOT_FOUND")
        return as_json({"name": name, "label": "Baton", "type": "string", "fieldType": "text", "hasUniqueValue": True})

    def _make_property(self, asked: Asked, kind: str) -> Answer:
        body = asked.json
        missing = {"name", "label", "type", "fieldType", "groupName"} - set(body)
        if missing or body["hasUniqueValue"] is not True:
            raise Refusal(400, f"Some required fields were not set: {sorted(missing)}")
        if kind in self.prepared:
            raise Refusal(409, f"A property named {body['name']} already exists.", "OBJECT_ALREADY_EXISTS")
        self.prepared.add(kind)
        self.writes.append(f"property {kind}")
        return as_json(body, 201)

    def _get(self, asked: Asked, kind: str, key: str) -> Answer:
        by = asked.query.get("idProperty", [""])[0]
        return as_json(self._known(kind, key, by).shown)

    def _create(self, asked: Asked, kind: str) -> Answer:
        if kind == "contacts":
            there = self._find(kind, asked.json["properties"].get("email", ""), "email")
            if there:
                raise Refusal(409, f"Contact already exists. Existing ID: {there.id}", "CONFLICT")
        links = [self._note_link(one) for one in asked.json.get("associations", [])]
        made = self._made(kind, asked.json["properties"])
        self.links |= {(made.id, other) for other in links}
        return as_json(made.shown, 201)

    def _note_link(self, one: Any) -> str:
        [kind] = one["types"]
        if kind["associationCategory"] != "HUBSPOT_DEFINED":
            raise Refusal(400, "Unknown association category")
        return self._known(NOTE_LINKS[kind["associationTypeId"]], one["to"]["id"], "").id

    def _update(self, asked: Asked, kind: str, key: str) -> Answer:
        thing = self._known(kind, key, "")
        return as_json(self._changed(thing, asked.json["properties"]).shown)

    def _archive(self, asked: Asked, kind: str, key: str) -> Answer:
        if self.things.pop(key, None):
            self.writes.append(f"archive {kind}")
        self.links = {link for link in self.links if key not in link}
        return Answer(204)

    def _upsert(self, asked: Asked, kind: str) -> Answer:
        inputs = asked.json["inputs"]
        if not 1 <= len(inputs) <= 100:
            raise Refusal(400, "The batch has to have 1 to 100 inputs")
        results = []
        for one in inputs:
            if one["idProperty"] not in UNIQUE[kind]:
                raise Refusal(400, f"{one['idProperty']} is not a unique property of {kind}")
            if one["idProperty"] == "baton_id" and kind not in self.prepared:
                raise Refusal(400, 'Property "baton_id" does not exist')
            there = self._find(kind, one["id"], one["idProperty"])
            values = {one["idProperty"]: one["id"], **one["properties"]}
            thing = self._changed(there, values) if there else self._made(kind, values)
            results.append({**thing.shown, "new": there is None, "url": f"https://app.hubspot.com/{kind}/{thing.id}"})
        return as_json({"status": "COMPLETE", "results": results, "startedAt": "x", "completedAt": "x"})

    def _search(self, asked: Asked, kind: str) -> Answer:
        body = asked.json
        self._check(kind, dict.fromkeys(body["properties"], ""))
        if not 1 <= body["limit"] <= 100:
            raise Refusal(400, "limit is out of range")
        filters = [one for group in body.get("filterGroups", []) for one in group["filters"]]
        words = body.get("query", "").lower().split()
        found = [
            thing.shown
            for thing in self.all(kind)
            if thing.indexed
            and all(thing.properties.get(one["propertyName"]) == one["value"] for one in filters)
            and all(word in " ".join(thing.properties.values()).lower() for word in words)
        ]
        return as_json({"total": len(found), "results": found[: body["limit"]]})

    def _read_notes(self, asked: Asked) -> Answer:
        notes = [self.things[one["id"]] for one in asked.json["inputs"] if one["id"] in self.things]
        return as_json({"status": "COMPLETE", "results": [note.shown for note in notes]})

    def _linked_notes(self, asked: Asked, kind: str, key: str) -> Answer:
        self._known(kind, key, "")
        notes = sorted(one for one, other in self.links if other == key and self.things[one].kind == "notes")
        start = int(asked.query.get("after", ["0"])[0])
        page = [{"toObjectId": int(one), "associationTypes": []} for one in notes[start : start + 2]]
        more = {"paging": {"next": {"after": str(start + 2)}}} if len(notes) > start + 2 else {}
        return as_json({"results": page, **more})

    def _link(self, asked: Asked, kind: str, key: str, other_kind: str, other: str, way: str) -> Answer:
        one, two = self._known(kind, key, ""), self._known(other_kind, other, "")
        pair = (min(one.id, two.id), max(one.id, two.id))
        if asked.method == "DELETE":
            self.links.discard(pair)
            return Answer(204)
        if way != "default/":
            raise Refusal(405, "labels are needed here")
        if pair not in self.links:
            self.writes.append("link")
        self.links.add(pair)
        return as_json({"status": "COMPLETE", "results": []})

    # -----------------------------------------------------------------------------------------------------

    def _made(self, kind: str, properties: dict[str, str]) -> Thing:
        self._check(kind, properties)
        lacking = NEEDED.get(kind, set()) - set(properties)
        if lacking:
            raise Refusal(400, f"Error creating {kind}. Some required properties were not set: {sorted(lacking)}")
        thing = Thing(str(1000 + len(self.things) + len(self.writes)), kind, dict(properties))
        self.things[thing.id] = thing
        self.writes.append(f"create {kind}")
        return thing

    def _changed(self, thing: Thing, properties: dict[str, str]) -> Thing:
        self._check(thing.kind, properties)
        thing.properties |= properties
        return thing

    def _check(self, kind: str, properties: dict[str, str]) -> None:
        unknown = set(properties) - KNOWN[kind]
        if unknown:
            raise Refusal(400, f'Property "{min(unknown)}" does not exist')
        if not all(isinstance(value, str) for value in properties.values()):
            raise Refusal(400, "Property values have to be texts")

    def _find(self, kind: str, value: str, by: str) -> Thing | None:
        return next((t for t in self.all(kind) if value and t.properties.get(by, "").lower() == value.lower()), None)

    def _known(self, kind: str, key: str, by: str) -> Thing:
        thing = self._find(kind, key, by) if by else self.things.get(key)
        if thing is None or thing.kind != kind:
            raise Refusal(404, "resource not found", "OBJECT_NOT_FOUND")
        return thing


KIND = rf"(?P<kind>{'|'.join(KINDS)})"
LINKED = rf"associations/(?P<way>default/|)(?P<other_kind>{'|'.join(KINDS)})/(?P<other>[^/]+)"
ROUTES: list[tuple[str, Callable[..., Answer]]] = [
    (rf"GET /crm/properties/2026-03/{KIND}/(?P<name>\w+)", HubSpotServer._property),
    (rf"POST /crm/properties/2026-03/{KIND}", HubSpotServer._make_property),
    (rf"POST {BASE}notes/batch/read", HubSpotServer._read_notes),
    (rf"POST {BASE}{KIND}/batch/upsert", HubSpotServer._upsert),
    (rf"POST {BASE}{KIND}/search", HubSpotServer._search),
    (rf"POST {BASE}(?P<kind>{'|'.join(KNOWN)})", HubSpotServer._create),
    (rf"GET {BASE}{KIND}/(?P<key>[^/]+)/associations/notes", HubSpotServer._linked_notes),
    (rf"(?:PUT|DELETE) {BASE}{KIND}/(?P<key>[^/]+)/{LINKED}", HubSpotServer._link),
    (rf"GET {BASE}{KIND}/(?P<key>[^/]+)", HubSpotServer._get),
    (rf"PATCH {BASE}{KIND}/(?P<key>[^/]+)", HubSpotServer._update),
    (rf"DELETE {BASE}{KIND}/(?P<key>[^/]+)", HubSpotServer._archive),
]


@contextmanager
def running_hubspot() -> Iterator[HubSpotServer]:
    """A local HubSpot for the block."""
    server = HubSpotServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


# bad days ------------------------------------------------------------------------------------------------


def is_write(asked: Asked) -> bool:
    """Whether a request changes something."""
    return asked.method in ("PUT", "PATCH", "DELETE") or (
        asked.method == "POST" and not asked.path.endswith(("/search", "/batch/read"))
    )


def once(bad: Callable[[Answer], Answer]) -> Callable[[Asked, Answer], Answer]:
    """Give the first write another answer, after it took effect."""
    left = [True]

    def answer(asked: Asked, good: Answer) -> Answer:
        return bad(good) if is_write(asked) and left and left.pop() else good

    return answer


class LateAnswer(httpx.BaseTransport):
    """The first write takes effect, and its answer comes after this side gave up waiting."""

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport()
        self._left = [True]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        path = str(request.url.path)
        asked = Asked(request.method, path, {}, {}, b"")
        if is_write(asked) and self._left:
            self._left.pop()
            response.read()
            response.close()
            raise httpx.ReadTimeout("The read operation timed out", request=request)
        return response

    def close(self) -> None:
        self._inner.close()
