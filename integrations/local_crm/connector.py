"""A CRM in a SQLite file of this computer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from integrations.base import Health, action
from integrations.crm import CRM, MOST_FOUND, Company, Contact, Deal, Note, RecordKind, RecordRef, Ticket
from integrations.errors import InvalidRequest, NotFound
from integrations.files import folder_health, id_for
from integrations.local_crm import tables
from integrations.local_crm.tables import Row
from integrations.sqlite_file import SqliteFile

R = TypeVar("R", Contact, Company, Deal, Ticket)
KINDS: dict[type[BaseModel], RecordKind] = {Contact: "contact", Company: "company", Deal: "deal", Ticket: "ticket"}


class LocalCRMSettings(BaseModel):
    """Where the file is."""

    model_config = ConfigDict(frozen=True)

    path: Path


class LocalCRM(CRM):
    """Contacts, companies, deals and tickets in a SQLite file."""

    def __init__(self, settings: LocalCRMSettings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._tables = SqliteFile("local CRM", settings.path, tables.TABLES)
        self._now = now

    @action(idempotent=True)
    def find_contact(self, email: str) -> Contact | None:
        """Find a contact in the local CRM by e-mail address."""
        return self._known(Contact, email)

    @action(idempotent=True)
    def find_company(self, domain: str) -> Company | None:
        """Find a company in the local CRM by domain."""
        return self._known(Company, domain)

    @action(idempotent=True)
    def search_contacts(self, words: str, limit: int = 10) -> tuple[Contact, ...]:
        """Search the local CRM's contacts."""
        return self._search(Contact, words, limit)

    @action(idempotent=True)
    def search_companies(self, words: str, limit: int = 10) -> tuple[Company, ...]:
        """Search the local CRM's companies."""
        return self._search(Company, words, limit)

    @action(idempotent=True)
    def search_deals(self, words: str, limit: int = 10) -> tuple[Deal, ...]:
        """Search the local CRM's deals."""
        return self._search(Deal, words, limit)

    @action(idempotent=True)
    def search_tickets(self, words: str, limit: int = 10) -> tuple[Ticket, ...]:
        """Search the local CRM's tickets."""
        return self._search(Ticket, words, limit)

    @action(idempotent=True)
    def get_deal(self, deal_id: str) -> Deal:
        """Read a deal from the local CRM."""
        return self._get(Deal, deal_id)

    @action(idempotent=True)
    def get_ticket(self, ticket_id: str) -> Ticket:
        """Read a ticket from the local CRM."""
        return self._get(Ticket, ticket_id)

    @action(idempotent=True, writes=True)
    def save_contact(self, contact: Contact) -> RecordRef:
        """Save a contact in the local CRM."""
        with self._tables.transaction(writes=True) as conn:
            return self._save(conn, contact, contact.email)

    @action(idempotent=True, writes=True)
    def save_contacts(self, contacts: tuple[Contact, ...]) -> tuple[RecordRef, ...]:
        """Save many contacts in the local CRM, all or none."""
        if not all(contact.email for contact in contacts):
            raise InvalidRequest("Each of many contacts needs an e-mail address. Give it, or save them one by one.")
        with self._tables.transaction(writes=True) as conn:
            return tuple(self._save(conn, contact, contact.email) for contact in contacts)

    @action(idempotent=True, writes=True)
    def save_company(self, company: Company) -> RecordRef:
        """Save a company in the local CRM."""
        with self._tables.transaction(writes=True) as conn:
            return self._save(conn, company, company.domain)

    @action(idempotent=True, writes=True)
    def save_deal(self, deal: Deal) -> RecordRef:
        """Save a deal in the local CRM."""
        with self._tables.transaction(writes=True) as conn:
            return self._save(conn, deal, "")

    @action(idempotent=True, writes=True)
    def save_ticket(self, ticket: Ticket) -> RecordRef:
        """Save a ticket in the local CRM."""
        with self._tables.transaction(writes=True) as conn:
            return self._save(conn, ticket, "")

    @action(idempotent=True, writes=True)
    def link(self, one: RecordRef, other: RecordRef) -> None:
        """Link two records of the local CRM; a link that is there is fine."""
        with self._tables.transaction(writes=True) as conn:
            for record in (one, other):
                self._must_be(conn, record)
            conn.execute("INSERT OR IGNORE INTO link VALUES (?, ?)", _pair(one, other))

    @action(idempotent=True, writes=True)
    def unlink(self, one: RecordRef, other: RecordRef) -> None:
        """Take a link of the local CRM away; one that is gone is fine."""
        with self._tables.transaction(writes=True) as conn:
            conn.execute("DELETE FROM link WHERE one = ? AND other = ?", _pair(one, other))

    @action(idempotent=True)
    def linked(self, to: RecordRef) -> tuple[RecordRef, ...]:
        """Read which records of the local CRM are linked to one."""
        with self._tables.transaction() as conn:
            rows = conn.execute(
                "SELECT r.kind, r.id FROM link l JOIN record r ON r.id IN (l.one, l.other) AND r.id <> ?1 "
                "WHERE ?1 IN (l.one, l.other) ORDER BY r.kind, r.id",
                (to.id,),
            ).fetchall()
        return tuple(RecordRef(kind=kind, id=record_id) for kind, record_id in rows)

    @action(idempotent=True, writes=True)
    def add_note(self, on: RecordRef, text: str) -> Note:
        """Write a note on a record of the local CRM."""
        if not text.strip():
            raise InvalidRequest(f"A note on the {on.kind} {on.id} needs some text. Give it, then start again.")
        with self._tables.transaction(writes=True) as conn:
            self._must_be(conn, on)
            note_id, at = id_for(self.key), self._now()
            conn.execute("INSERT OR IGNORE INTO note VALUES (?, ?, ?, ?)", (note_id, on.id, text, at.isoformat()))
            kept = conn.execute("SELECT id, text, at FROM note WHERE id = ?", (note_id,)).fetchone()
        return _note(kept)

    @action(idempotent=True)
    def notes(self, on: RecordRef, limit: int = 20) -> tuple[Note, ...]:
        """Read the notes on a record of the local CRM, the newest first."""
        with self._tables.transaction() as conn:
            asked = "SELECT id, text, at FROM note WHERE record = ? ORDER BY at DESC, rowid DESC LIMIT ?"
            return tuple(_note(row) for row in conn.execute(asked, (on.id, min(limit, MOST_FOUND))))

    @action(idempotent=True, writes=True)
    def archive(self, record: RecordRef) -> None:
        """Delete a record from the local CRM; one that is gone is fine."""
        with self._tables.transaction(writes=True) as conn:
            tables.remove(conn, record.kind, record.id)

    def health(self) -> Health:
        """Whether the file can be used."""
        folder = folder_health(self._tables.path.parent, "Records", must_exist=False)
        if not folder.ok or not self._tables.path.exists():
            return folder
        with self._tables.transaction() as conn:
            count = conn.execute("SELECT count(*) FROM record").fetchone()[0]
        return Health(True, f"{count} records in {self._tables.path}")

    # -----------------------------------------------------------------------------------------------------

    def _save(self, conn: sqlite3.Connection, record: Contact | Company | Deal | Ticket, key: str) -> RecordRef:
        kind = KINDS[type(record)]
        external_id = record.external_id or ("" if record.id or key else id_for(self.key))
        there = tables.found(conn, kind, record_id=record.id, external_id=external_id, key=key)
        if record.id and there is None:
            raise NotFound(f"The local CRM has no {kind} {record.id!r}. Check it, then press Resume.")
        given = record.model_dump(mode="json", exclude={"id", "external_id", "url"})
        fields = {name: str(value) for name, value in given.items() if value not in ("", None)}
        before = dict(there.fields) if there else {}
        row = Row(
            there.id if there else id_for(f"{kind}:{self.key}:{external_id or key}" if self.key else None),
            kind,
            external_id or (there.external_id if there else ""),
            key or (there.natural_key if there else ""),
            before | fields,
        )
        self._check_unique(conn, row)
        tables.put(conn, row, self._now())
        return RecordRef(kind=kind, id=row.id)

    def _check_unique(self, conn: sqlite3.Connection, row: Row) -> None:
        """Another record may have the address or id that this one was given."""
        for column, value in (("external id", row.external_id), ("key", row.natural_key)):
            asked = {"external_id": value} if column == "external id" else {"key": value}
            other = tables.found(conn, row.kind, **asked) if value else None
            if other is not None and other.id != row.id:
                raise InvalidRequest(
                    f"Another {row.kind} of the local CRM has the {column} {value!r} ({other.id}). Change one of them."
                )

    def _known(self, shape: type[R], key: str) -> R | None:
        with self._tables.transaction() as conn:
            row = tables.found(conn, KINDS[shape], key=key.strip().lower()) if key.strip() else None
        return _read(shape, row) if row else None

    def _search(self, shape: type[R], words: str, limit: int) -> tuple[R, ...]:
        with self._tables.transaction() as conn:
            rows = tables.search(conn, KINDS[shape], words, min(limit, MOST_FOUND))
        return tuple(_read(shape, row) for row in rows)

    def _get(self, shape: type[R], record_id: str) -> R:
        with self._tables.transaction() as conn:
            row = tables.found(conn, KINDS[shape], record_id=record_id) if record_id else None
        if row is None:
            raise NotFound(f"The local CRM has no {KINDS[shape]} {record_id!r}. Check it, then press Resume.")
        return _read(shape, row)

    def _must_be(self, conn: sqlite3.Connection, record: RecordRef) -> None:
        if tables.found(conn, record.kind, record_id=record.id) is None:
            raise NotFound(f"The local CRM has no {record.kind} {record.id!r}. Check it, then press Resume.")


def _read(shape: type[R], row: Row) -> R:
    return shape.model_validate({**row.fields, "id": row.id, "external_id": row.external_id})


def _note(row: tuple[str, str, str]) -> Note:
    return Note(id=row[0], text=row[1], at=datetime.fromisoformat(row[2]))


def _pair(one: RecordRef, other: RecordRef) -> tuple[str, str]:
    first, second = sorted((one.id, other.id))
    return first, second
