"""Odoo's JSON-2 interface: one address for each method of a model, each call a transaction of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import httpx

from integrations.errors import InvalidRequest, NotFound
from integrations.http import Gate, Http, Rate
from integrations.odoo.models import Named, OdooSettings, Record

PACE = Rate(5, burst=10)
"""Odoo's own hosting slows down those who ask more often; a server of one's own may allow more."""
R = TypeVar("R", bound=Record)


class OdooApi:
    """The requests, none of which is made twice."""

    def __init__(self, settings: OdooSettings, gate: Gate | None, transport: httpx.BaseTransport | None) -> None:
        headers = {"Authorization": f"bearer {settings.api_key.get_secret_value()}"}
        if settings.database:
            headers["X-Odoo-Database"] = settings.database
        self._context: dict[str, Any] = {"lang": "en_US"}
        if settings.company:
            self._context["allowed_company_ids"] = [settings.company]
        self._http = Http(
            "Odoo", f"{settings.url}/json/2", headers=headers, limits=PACE, gate=gate, transport=transport
        )

    def search(
        self,
        shape: type[R],
        model: str,
        domain: Sequence[Any],
        fields: Sequence[str],
        *,
        what: str,
        limit: int = 200,
        order: str = "id",
    ) -> tuple[R, ...]:
        """The records that fit a domain, as Odoo calls its conditions."""
        asked = self._body({"domain": list(domain), "fields": list(fields), "limit": limit, "order": order})
        path = f"/{model}/search_read"
        return self._http.ask(tuple[shape, ...], "POST", path, what=what, write=False, json=asked)  # type: ignore[valid-type] # the shape is an argument

    def get(self, shape: type[R], model: str, record_id: int, fields: Sequence[str], *, what: str) -> R:
        """One record; raises NotFound."""
        found = self.search(shape, model, [["id", "=", record_id]], fields, what=what, limit=1)
        if not found:
            raise NotFound(f"Odoo has no {what}, or does not show it to Baton's user. Check it, then press Resume.")
        return found[0]

    def create(
        self,
        model: str,
        values: Mapping[str, Any],
        *,
        what: str,
        write: bool = True,
        context: Mapping[str, Any] | None = None,
    ) -> int:
        """Make a record; its id. `write=False` for a wizard's, which means nothing by itself."""
        asked = self._body({"vals_list": [dict(values)]}, context)
        made = self._http.ask(list[int], "POST", f"/{model}/create", what=what, write=write, json=asked)
        if len(made) != 1:
            raise self._http.fault(what, write=write).nonsense(f"{len(made)} new records")
        return made[0]

    def write(self, model: str, record_id: int, values: Mapping[str, Any], *, what: str) -> None:
        """Change a record."""
        self.press(model, record_id, "write", what=what, vals=dict(values))

    def press(self, model: str, record_id: int, method: str, *, what: str, **arguments: Any) -> None:
        """Call a method of a record, such as one that a button stands for."""
        asked = self._body({"ids": [record_id], **arguments})
        self._http.request("POST", f"/{model}/{method}", what=what, json=asked)

    def currency(self, code: str) -> int:
        """The id of a currency; raises InvalidRequest."""
        found = self.search(Named, "res.currency", [["name", "=", code]], ("name",), what=f"currency {code}", limit=1)
        if not found:
            raise InvalidRequest(f"Odoo has no active currency {code}. Activate it there, then start again.")
        return found[0].id

    def currency_code(self, currency_id: int | None) -> str:
        """The code of a currency."""
        return self.get(Named, "res.currency", currency_id or 0, ("name",), what=f"currency {currency_id}").name

    def _body(self, asked: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return {**asked, "context": {**self._context, **(more or {})}}


def number_of(record_id: str, what: str) -> int:
    """The id as Odoo counts; raises NotFound for what can't be one."""
    if not (record_id.isascii() and record_id.isdigit() and len(record_id) < 10):
        raise NotFound(f"Odoo has no {what} {record_id[:40]!r}. Check it, then press Resume.")
    return int(record_id)


def like(text: str) -> str:
    """`text` for Odoo's ilike, in which it means itself."""
    return "".join(f"\\{one}" if one in "%_\\" else one for one in text)
