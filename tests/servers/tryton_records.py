"""Records as Tryton's REST interface shows them: nested fields, commands for lists, and domains."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Values = dict[str, Any]
ONE = {
    "currency": "currency.currency", "account": "account.account", "cancel_move": "account.move",
    "second_currency": "currency.currency",
}  # fmt: skip
"""Where fields lead that hold one record; those that nobody looks through are ids."""
MANY = {
    ("party.party", "identifiers"): "party.identifier",
    ("party.party", "addresses"): "party.address",
    ("party.party", "contact_mechanisms"): "party.contact_mechanism",
    ("account.invoice", "lines"): "account.invoice.line",
    ("account.invoice", "taxes"): "account.invoice.tax",
    ("purchase.purchase", "lines"): "purchase.line",
    ("account.move", "lines"): "account.move.line",
}


def number(amount: Decimal) -> Values:
    """A decimal as Tryton writes it."""
    return {"__class__": "Decimal", "decimal": str(amount)}


def amount(value: Values) -> Decimal:
    """A decimal that Tryton wrote."""
    assert value["__class__"] == "Decimal"
    return Decimal(value["decimal"])


@dataclass
class Records:
    """All records, by model and id."""

    tables: dict[str, dict[int, Values]] = field(default_factory=dict)
    _ids: Iterable[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, model: str, values: Values, **more: Any) -> Values:
        """A new record; commands for lists make the records in them."""
        made: Values = {"id": next(iter(self._ids)), **more}
        self.tables.setdefault(model, {})[made["id"]] = made
        self.change(model, made, values)
        return made

    def change(self, model: str, record: Values, values: Values) -> None:
        """Write values into a record."""
        for name, value in values.items():
            target = MANY.get((model, name))
            if target is None:
                record[name] = value
                continue
            for verb, *arguments in value:
                if verb == "create":
                    made = [self.add(target, one, parent=record["id"])["id"] for one in arguments[0]]
                    record[name] = [*record.get(name, []), *made]
                else:
                    for one in arguments[0]:
                        self.change(target, self.tables[target][one], arguments[1])

    def find(self, model: str, record_id: int) -> Values | None:
        """One record."""
        return self.tables.get(model, {}).get(record_id)

    def search(self, model: str, domain: Sequence[Any]) -> list[Values]:
        """The records that fit a domain."""
        return [one for one in self.tables.get(model, {}).values() if self._fits(model, one, domain)]

    def shown(self, model: str, record: Values, paths: Sequence[str]) -> Values:
        """A record with these fields, as Tryton answers it."""
        found: Values = {"id": record["id"], "__name__": model}
        nested: dict[str, list[str]] = {}
        for path in paths:
            name, dot, rest = path.partition(".")
            if dot:
                nested.setdefault(name, []).append(rest)
            else:
                found[name] = record.get(name)
        for name, inner in nested.items():
            target = MANY.get((model, name))
            if target:
                found[name] = [self.shown(target, self.tables[target][one], inner) for one in record.get(name, [])]
            elif isinstance(record.get(name), dict):
                found[name] = record[name]
            else:
                one = self.find(ONE[name], record.get(name) or 0)
                found[name] = self.shown(ONE[name], one, inner) if one else None
        return found

    def _fits(self, model: str, record: Values, domain: Sequence[Any]) -> bool:
        if domain and domain[0] == "OR":
            return any(self._fits(model, record, [one]) for one in domain[1:])
        return all(self._holds(model, record, *one) for one in domain)

    def _holds(self, model: str, record: Values, path: str, operator: str, wanted: Any) -> bool:
        values = self._values(model, record, path)
        if operator == "!=":
            return wanted not in values
        if operator == "in":
            return any(value in wanted for value in values)
        if operator == "ilike":
            return any(_like(str(value or ""), wanted) for value in values)
        assert operator == "=", operator
        return wanted in values

    def _values(self, model: str, record: Values, path: str) -> list[Any]:
        name, dot, rest = path.partition(".")
        if not dot:
            return [record.get(name)]
        target = MANY[model, name]
        return [value for one in record.get(name, []) for value in self._values(target, self.tables[target][one], rest)]


def _like(text: str, pattern: str) -> bool:
    """SQL's like without capitals, for patterns with % at their ends alone."""
    plain = pattern.strip("%").replace("\\", "").casefold()
    found = text.casefold()
    begins, ends = pattern.startswith("%"), pattern.endswith("%")
    if begins and ends:
        return plain in found
    if begins:
        return found.endswith(plain)
    return found == plain
