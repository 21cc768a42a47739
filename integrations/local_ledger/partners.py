"""The local ledger's partners."""

from __future__ import annotations

import json
import sqlite3
from typing import Literal

from integrations.erp import Partner
from integrations.errors import InvalidRequest, NotFound

Known = Literal["id", "external_id", "tax_id"]
ASKED = "SELECT id, coalesce(external_id, ''), coalesce(tax_id, ''), name, fields FROM partner"
UNIQUE: dict[Known, str] = {"external_id": "external id", "tax_id": "tax id"}


def found(conn: sqlite3.Connection, by: Known, value: str) -> Partner | None:
    """The partner with this value in a column that is unique; "" is nobody's."""
    row = conn.execute(f"{ASKED} WHERE {by} = ?", (value,)).fetchone() if value else None
    return _partner(row) if row else None


def search(conn: sqlite3.Connection, words: str, limit: int) -> tuple[Partner, ...]:
    """The partners whose name has every word, by name."""
    asked = [word.casefold() for word in words.split()]
    everybody = (_partner(row) for row in conn.execute(f"{ASKED} ORDER BY name, id"))
    fitting = [one for one in everybody if asked and all(word in one.name.casefold() for word in asked)]
    return tuple(fitting[:limit])


def save(conn: sqlite3.Connection, partner: Partner, new_id: str) -> Partner:
    """Save a partner; a new one gets `new_id`."""
    before = _before(conn, partner, new_id) or Partner(id=new_id)
    saved = before.model_copy(update=partner.model_dump(exclude={"id"}, exclude_defaults=True))
    if not saved.name:
        raise InvalidRequest("A new partner needs a name. Give it, then start again.")
    for column, words in UNIQUE.items():
        value = getattr(saved, column)
        other = found(conn, column, value)
        if other is not None and other.id != saved.id:
            raise InvalidRequest(f"{other.name} ({other.id}) has the {words} {value!r} too. Change one of them.")
    fields = saved.model_dump_json(include={"email", "street", "postal_code", "city"})
    conn.execute(
        "INSERT INTO partner VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
        "external_id = excluded.external_id, tax_id = excluded.tax_id, fields = excluded.fields",
        (saved.id, saved.external_id or None, saved.tax_id or None, saved.name, fields),
    )
    return saved


def must_be(conn: sqlite3.Connection, partner_id: str) -> Partner:
    """The partner with this id; raises NotFound."""
    there = found(conn, "id", partner_id)
    if there is None:
        raise NotFound(f"The local ledger has no partner {partner_id!r}. Check it, then press Resume.")
    return there


def _before(conn: sqlite3.Connection, partner: Partner, new_id: str) -> Partner | None:
    if partner.id:
        return must_be(conn, partner.id)
    if partner.external_id or partner.tax_id:
        return found(conn, "external_id", partner.external_id) or found(conn, "tax_id", partner.tax_id)
    return found(conn, "id", new_id)


def _partner(row: tuple[str, str, str, str, str]) -> Partner:
    partner_id, external_id, tax_id, name, fields = row
    return Partner(id=partner_id, external_id=external_id, tax_id=tax_id, name=name, **json.loads(fields))
