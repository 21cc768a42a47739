"""What orders and bills have in common in Tryton: an address, a currency."""

from __future__ import annotations

from integrations.errors import InvalidRequest
from integrations.tryton.api import TrytonApi
from integrations.tryton.models import Coded, Party


def address_of(party: Party) -> int:
    """The address a document is for; raises InvalidRequest where a party has none."""
    if not party.addresses:
        raise InvalidRequest(f"{party.name} has no address in Tryton, and needs one. Add it there, then start again.")
    return party.addresses[0].id


def currency_named(api: TrytonApi, code: str) -> Coded:
    """The currency with this code; raises InvalidRequest."""
    found = api.search(Coded, "currency.currency", [["code", "=", code]], ("code",), what=f"the currency {code}")
    if not found:
        raise InvalidRequest(f"Tryton has no currency {code}. Add it there, then start again.")
    return found[0]
