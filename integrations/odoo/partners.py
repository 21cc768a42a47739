"""Partners as Odoo's contacts: known by their tax id, and by their reference for another system's id."""

from __future__ import annotations

from typing import Any

from integrations.erp import Partner
from integrations.errors import InvalidRequest
from integrations.odoo.api import OdooApi, like, number_of
from integrations.odoo.models import Contact

MODEL = "res.partner"
FIELDS = {
    "external_id": "ref", "tax_id": "vat", "name": "name", "email": "email", "street": "street", "postal_code": "zip",
    "city": "city",
}  # fmt: skip
"""Which of Odoo's fields each of ours is."""
ASKED = tuple(FIELDS.values())


def get(api: OdooApi, partner_id: str) -> Contact:
    """The contact with this id; raises NotFound."""
    return api.get(Contact, MODEL, number_of(partner_id, "partner"), ASKED, what=f"partner {partner_id}")


def alike(api: OdooApi, external_id: str, tax_id: str) -> tuple[Contact, ...]:
    """The contacts with this reference, then those with this tax id."""
    wanted = [["ref", "=", external_id]] * bool(external_id) + [["vat", "=", tax_id]] * bool(tax_id)
    if not wanted:
        return ()
    domain = ["|", *wanted] if len(wanted) == 2 else wanted
    found = api.search(Contact, MODEL, domain, ASKED, what=f"partner {external_id or tax_id}")
    return tuple(sorted(found, key=lambda one: (not external_id or one.ref != external_id, one.id)))


def search(api: OdooApi, words: str, limit: int) -> tuple[Contact, ...]:
    """The contacts whose name has every word, by name."""
    domain = [["name", "ilike", like(word)] for word in words.split()]
    if not domain or limit < 1:
        return ()
    return api.search(Contact, MODEL, domain, ASKED, what="partners by name", limit=limit, order="name, id")


def saved(api: OdooApi, partner: Partner, new_id: str) -> Contact:
    """Save a contact; one without any id gets `new_id` for a reference."""
    known = _known(partner, new_id)
    others = alike(api, known.external_id, known.tax_id)
    before = get(api, partner.id) if partner.id else next(iter(others), None)
    other = next((one for one in others if before is not None and one.id != before.id), None)
    if other is not None:
        raise InvalidRequest(f"{other.name} ({other.id}) has one of these ids too. Change one of them.")
    what = f"partner {partner.name or known.tax_id or known.external_id}"
    if before is None:
        if not known.name:
            raise InvalidRequest("A new partner needs a name. Give it, then start again.")
        made = api.create(MODEL, {**_values(known), "company_type": "company", "supplier_rank": 1}, what=what)
        return get(api, str(made))
    changes = _changes(before, known)
    if changes:
        api.write(MODEL, before.id, changes, what=what)
        return get(api, str(before.id))
    return before


def found_saved(api: OdooApi, partner: Partner, new_id: str) -> Contact | None:
    """The contact, where it is already as it was to be saved."""
    known = _known(partner, new_id)
    others = alike(api, known.external_id, known.tax_id)
    there = get(api, partner.id) if partner.id else next(iter(others), None)
    return there if there is not None and not _changes(there, known) else None


def partner_of(contact: Contact) -> Partner:
    """A contact as workflows see it."""
    ours = {name: getattr(contact, theirs) for name, theirs in FIELDS.items()}
    return Partner(id=str(contact.id), **ours)


# ---------------------------------------------------------------------------------------------------------


def _known(partner: Partner, new_id: str) -> Partner:
    named = partner.id or partner.external_id or partner.tax_id
    return partner if named else partner.model_copy(update={"external_id": new_id})


def _values(partner: Partner) -> dict[str, Any]:
    given = partner.model_dump(exclude={"id"}, exclude_defaults=True)
    return {FIELDS[name]: value for name, value in given.items()}


def _changes(before: Contact, partner: Partner) -> dict[str, Any]:
    """What to write so that a contact becomes what the partner says; fields that are empty stay."""
    return {name: value for name, value in _values(partner).items() if value != getattr(before, name)}
