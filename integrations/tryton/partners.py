"""Partners as Tryton's parties: known by the codes of their identifiers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from integrations.erp import Partner
from integrations.errors import InvalidRequest
from integrations.tryton.api import TrytonApi, like, number_of
from integrations.tryton.models import EXTERNAL, Identifier, Party

PARTY = "party.party"
FIELDS = (
    "name", "identifiers.type", "identifiers.code", "addresses.street", "addresses.postal_code", "addresses.city",
    "contact_mechanisms.type", "contact_mechanisms.value", "account_payable",
)  # fmt: skip
EU_VAT = re.compile(
    r"(AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|XI)[0-9A-Z+*]{2,12}"
)
Values = dict[str, Any]


def get(api: TrytonApi, partner_id: str) -> Party:
    """The party with this id; raises NotFound."""
    return api.get(Party, PARTY, number_of(partner_id, "partner"), FIELDS, what=f"partner {partner_id}")


def with_codes(api: TrytonApi, codes: Iterable[str], what: str) -> tuple[Party, ...]:
    """The parties that have any of these identifiers, the oldest first."""
    wanted = sorted(filter(None, codes))
    return api.search(Party, PARTY, [["identifiers.code", "in", wanted]], FIELDS, what=what) if wanted else ()


def search(api: TrytonApi, words: str, limit: int) -> tuple[Party, ...]:
    """The parties whose name has every word, by name."""
    domain = [["name", "ilike", f"%{like(word)}%"] for word in words.split()]
    if not domain or limit < 1:
        return ()
    order = (("name", "ASC"), ("id", "ASC"))
    return api.search(Party, PARTY, domain, FIELDS, what="partners by name", limit=limit, order=order)


def saved(api: TrytonApi, partner: Partner, mark: str) -> Party:
    """Save a partner; one without any id gets `mark` for one."""
    known = partner if _ids(partner) else partner.model_copy(update={"external_id": mark})
    alike = with_codes(api, _codes(known), _named(partner))
    before = get(api, partner.id) if partner.id else _best(alike, known)
    other = next((one for one in alike if before is not None and one.id != before.id), None)
    if other is not None:
        raise InvalidRequest(f"{other.name} ({other.id}) has one of these ids too. Change one of them.")
    if before is not None:
        changes = _changes(before, known)
        return api.write(Party, PARTY, before.id, changes, FIELDS, what=_named(partner)) if changes else before
    if not known.name:
        raise InvalidRequest("A new partner needs a name. Give it, then start again.")
    return _created(api, known)


def found_saved(api: TrytonApi, partner: Partner, mark: str) -> Party | None:
    """The party, where it is already as it was to be saved."""
    known = partner if _ids(partner) else partner.model_copy(update={"external_id": mark})
    alike = with_codes(api, _codes(known), _named(partner))
    there = get(api, partner.id) if partner.id else _best(alike, known)
    return there if there is not None and not _changes(there, known) else None


def partner_of(party: Party) -> Partner:
    """A party as workflows see it."""
    tax, external = tax_identifier(party), external_identifier(party)
    address = party.addresses[0] if party.addresses else None
    return Partner(
        id=str(party.id),
        external_id=external.code.removeprefix(EXTERNAL) if external else "",
        tax_id=tax.code if tax else "",
        name=party.name,
        email=next((one.value for one in party.contact_mechanisms if one.type == "email"), ""),
        street=address.street if address else "",
        postal_code=address.postal_code if address else "",
        city=address.city if address else "",
    )


def tax_identifier(party: Party) -> Identifier | None:
    """The identifier that is a tax id: one of a kind that Tryton knows, else any that is not ours."""
    theirs = [one for one in party.identifiers if not one.code.startswith(EXTERNAL)]
    return next((one for one in theirs if one.type), theirs[0] if theirs else None)


def external_identifier(party: Party) -> Identifier | None:
    """The identifier that holds another system's id."""
    return next((one for one in party.identifiers if one.code.startswith(EXTERNAL)), None)


# ---------------------------------------------------------------------------------------------------------


def _ids(partner: Partner) -> bool:
    return bool(partner.id or partner.external_id or partner.tax_id)


def _codes(partner: Partner) -> tuple[str, ...]:
    return (f"{EXTERNAL}{partner.external_id}" if partner.external_id else "", partner.tax_id)


def _named(partner: Partner) -> str:
    return f"partner {partner.name or partner.tax_id or partner.external_id or partner.id!r}"


def _best(alike: tuple[Party, ...], partner: Partner) -> Party | None:
    for code in filter(None, _codes(partner)):
        for one in alike:
            if any(identifier.code == code for identifier in one.identifiers):
                return one
    return None


def _created(api: TrytonApi, partner: Partner) -> Party:
    """Make a party; Tryton checks a European VAT number, and one that it does not accept is kept as another code."""
    kinds = ("eu_vat", None) if EU_VAT.fullmatch(partner.tax_id) else (None,)
    external = f"{EXTERNAL}{partner.external_id}" if partner.external_id else ""
    address = {name: value for name, value in _address(partner).items() if value}
    for kind in kinds:
        codes = [{"type": kind, "code": partner.tax_id}, {"type": None, "code": external}]
        values: Values = {
            "name": partner.name,
            "identifiers": [["create", [one for one in codes if one["code"]]]],
            "addresses": [["create", [address]]],
        }
        if partner.email:
            values["contact_mechanisms"] = [["create", [{"type": "email", "value": partner.email}]]]
        try:
            return api.create(Party, PARTY, values, FIELDS, what=_named(partner))
        except InvalidRequest:
            if kind == kinds[-1]:
                raise
    raise AssertionError("unreachable")


def _changes(before: Party, partner: Partner) -> Values:
    """What to write so that a party becomes what the partner says; fields that are empty stay."""
    there = partner_of(before)
    new = {
        name: value
        for name, value in partner.model_dump(exclude={"id"}, exclude_defaults=True).items()
        if value != getattr(there, name)
    }
    changes: Values = {"name": new["name"]} if "name" in new else {}
    identifiers = [
        *_put(tax_identifier(before), "code", new.get("tax_id", "")),
        *_put(external_identifier(before), "code", f"{EXTERNAL}{new['external_id']}" if "external_id" in new else ""),
    ]
    if identifiers:
        changes["identifiers"] = identifiers
    address = {name: value for name, value in _address(partner).items() if name in new}
    if address:
        first = before.addresses[0] if before.addresses else None
        changes["addresses"] = [["write", [first.id], address]] if first else [["create", [address]]]
    if "email" in new:
        email = next((one for one in before.contact_mechanisms if one.type == "email"), None)
        put = {"value": new["email"]}
        changes["contact_mechanisms"] = (
            [["write", [email.id], put]] if email else [["create", [{"type": "email", **put}]]]
        )
    return changes


def _put(there: Identifier | None, field: str, value: str) -> list[Any]:
    if not value:
        return []
    return [["write", [there.id], {field: value}]] if there else [["create", [{"type": None, field: value}]]]


def _address(partner: Partner) -> Mapping[str, str]:
    return {"street": partner.street, "postal_code": partner.postal_code, "city": partner.city}
