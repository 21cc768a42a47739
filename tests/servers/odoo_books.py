"""A local Odoo: its JSON-2 interface, and as much of its bookkeeping as bills, orders and payments need.

Written from Odoo's documentation of version 19 (JSON-2 and its models); it has never been held to a real one.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pydantic import SecretStr

from integrations.odoo.models import OdooSettings
from tests.servers.http import Answer, Asked, CannedServer, as_json

KEY = "made-up-odoo-key-4711"
PRODUCT = "BATON"
TODAY = "2026-12-01"
LINKS = {
    "partner_id", "currency_id", "account_id", "order_id", "purchase_line_id", "move_id", "journal_id", "reversed",
}  # fmt: skip
LINES = {"invoice_line_ids": ("account.move.line", "move_id"), "order_line": ("purchase.order.line", "order_id")}
WIZARDS = ("account.move.reversal", "account.payment.register")
DIGITS = 3
Values = dict[str, Any]


class Refusal(Exception):
    """An exception of Odoo's, with the status that it is answered with."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        debug = "Traceback (most recent call last):\n  File ..."
        body = {"name": name, "message": message, "arguments": [message], "context": {}, "debug": debug}
        self.answer = as_json(body, status)


class OdooServer(CannedServer):
    """One company's books, and which calls took effect."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, dict[int, Values]] = {}
        self.writes: list[str] = []
        self.key = KEY
        self.refuse: list[Answer] = []
        """What the next writes are answered instead of being done."""
        self.after: list[Callable[[Answer], Answer]] = []
        """What the next writes' answers become, after they took effect."""
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        for code in ("EUR", "USD"):
            self._add("res.currency", {"name": code})
        for code in ("2000", "5000", "6000"):
            self._add("account.account", {"code": code})
        self._add("res.company", {"name": "Baton Co"})
        self._add("decimal.precision", {"name": "Product Price", "digits": DIGITS})
        self._add("product.product", {"name": "Bought", "default_code": PRODUCT})
        self._add("account.journal", {"name": "Bank", "code": "BNK1", "type": "bank"})

    def answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            if asked.headers.get("authorization") != f"bearer {self.key}":
                return Refusal(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey").answer
            model, method = asked.path.removeprefix("/json/2/").split("/")
            changes = method != "search_read" and not (method == "create" and model in WIZARDS)
            if changes and self.refuse:
                return self.refuse.pop(0)
            try:
                good = as_json(self._called(model, method, asked.json))
            except Refusal as refusal:
                return refusal.answer
            if changes:
                self.writes.append(f"{method} {model}")
                return self.after.pop(0)(good) if self.after else good
            return good

    # -----------------------------------------------------------------------------------------------------

    def _called(self, model: str, method: str, body: Values) -> Any:
        if method == "search_read":
            fitting = [one for one in self._all(model) if self._fits(one, body["domain"])][: body["limit"]]
            return [self._shown(one, body["fields"]) for one in fitting]
        if method == "create":
            return [self._created(model, one, body["context"])["id"] for one in body["vals_list"]]
        for record_id in body["ids"]:
            record = self.tables.get(model, {}).get(record_id)
            if record is None:
                raise Refusal(404, "odoo.exceptions.MissingError", "Record does not exist or has been deleted.")
            if method == "write":
                self._write(record, body["vals"])
            else:
                getattr(self, f"_{method}")(record)
        return True

    def _all(self, model: str) -> list[Values]:
        return list(self.tables.get(model, {}).values())

    def _add(self, model: str, values: Values) -> Values:
        made = {"id": next(self._ids), **values}
        self.tables.setdefault(model, {})[made["id"]] = made
        return made

    def _created(self, model: str, values: Values, context: Values) -> Values:
        lines = {name: values.pop(name) for name in LINES if name in values}
        defaults: Values = {}
        if model == "account.move":
            defaults = {"name": "/", "state": "draft", "payment_state": "not_paid", "reversal_move_ids": [], "paid": []}
        elif model == "purchase.order":
            defaults = {"state": "draft"}
        elif model == "account.payment.register":
            defaults = {"payment_date": TODAY, "bill": context["active_ids"][0]}
        made = self._add(model, {**defaults, **values})
        if model == "purchase.order":
            made["name"] = f"P{made['id']:05}"
        for name, commands in lines.items():
            target, back = LINES[name]
            for _, _, line in commands:
                more = {
                    "display_type": False if back == "order_id" else "product",
                    "qty_received": 0.0,
                    "amount_currency": 0.0,
                    back: made["id"],
                }
                self._add(target, {**line, **more})
        return made

    def _write(self, record: Values, values: Values) -> None:
        for _, line_id, line in values.pop("order_line", []):
            self.tables["purchase.order.line"][line_id].update(line)
        record.update(values)

    # buttons

    def _button_confirm(self, order: Values) -> None:
        if order["state"] not in {"draft", "sent"}:
            raise Refusal(422, "odoo.exceptions.UserError", "Some orders are not in a state requiring confirmation.")
        order["state"] = "purchase"

    def _button_cancel(self, record: Values) -> None:
        record["state"] = "cancel"

    def _action_post(self, bill: Values) -> None:
        if bill["state"] != "draft":
            raise Refusal(422, "odoo.exceptions.UserError", "The entry must be in draft.")
        bill.update(state="posted", name=f"BILL/2026/{bill['id']:04}")
        if bill.get("reversed"):
            self.tables["account.move"][bill["reversed"]]["payment_state"] = "reversed"

    def _refund_moves(self, wizard: Values) -> None:
        [[_, _, [bill_id]]] = wizard["move_ids"]
        bill = self.tables["account.move"][bill_id]
        more = {"move_type": "in_refund", "state": "draft", "name": "/", "reversed": bill_id, "reversal_move_ids": []}
        note = self._add("account.move", {**{k: v for k, v in bill.items() if k != "id"}, **more})
        bill["reversal_move_ids"].append(note["id"])

    def _action_create_payments(self, wizard: Values) -> None:
        bill = self.tables["account.move"][wizard["bill"]]
        made = self._add(
            "account.payment",
            {
                "amount": wizard["amount"], "currency_id": wizard["currency_id"], "date": wizard["payment_date"],
                "memo": wizard["communication"], "state": "paid", "reconciled_bill_ids": [bill["id"]],
            },
        )  # fmt: skip
        bill["paid"].append(made["id"])
        self._settle(bill)

    def _action_draft(self, payment: Values) -> None:
        for bill_id in payment["reconciled_bill_ids"]:
            bill = self.tables["account.move"][bill_id]
            bill["paid"].remove(payment["id"])
            self._settle(bill)
        payment.update(state="draft", reconciled_bill_ids=[])

    def _action_cancel(self, payment: Values) -> None:
        payment["state"] = "canceled"

    # the books

    def _settle(self, bill: Values) -> None:
        left = self._total(bill) - self._paid(bill)
        bill["payment_state"] = "paid" if not left else "partial" if bill["paid"] else "not_paid"

    def _paid(self, bill: Values) -> Decimal:
        payments = self.tables.get("account.payment", {})
        return sum((Decimal(str(payments[one]["amount"])) for one in bill["paid"]), Decimal(0))

    def _total(self, bill: Values) -> Decimal:
        lines = [one for one in self._all("account.move.line") if one["move_id"] == bill["id"]]
        return sum(
            (
                (Decimal(str(one["quantity"])) * Decimal(str(one["price_unit"]))).quantize(
                    Decimal("0.01"), ROUND_HALF_UP
                )
                for one in lines
            ),
            Decimal(0),
        )

    def _shown(self, record: Values, fields: list[str]) -> Values:
        if "move_type" in record:
            total = self._total(record)
            record = {**record, "amount_total": float(total), "amount_residual": float(total - self._paid(record))}
        shown: Values = {"id": record["id"]}
        for name in fields:
            value = record.get(name, False)
            shown[name] = [value, f"{name} {value}"] if name in LINKS and value else value
        return shown

    def _fits(self, record: Values, domain: list[Any]) -> bool:
        if domain and domain[0] == "|":
            return any(self._holds(record, *one) for one in domain[1:])
        return all(self._holds(record, *one) for one in domain)

    def _holds(self, record: Values, name: str, operator: str, wanted: Any) -> bool:
        value = record.get(name, False)
        if operator in {"=", "!="}:
            return (value == wanted) is (operator == "=")
        if operator == "in":
            return bool(set(value if isinstance(value, list) else [value]) & set(wanted))
        text, pattern = str(value or "").casefold(), wanted.replace("\\", "").casefold()
        if operator == "=ilike":
            parts = pattern.split("%")
            return text == pattern if len(parts) == 1 else text.endswith(parts[-1]) and parts[1] in text
        assert operator == "ilike", operator
        return pattern in text


@contextmanager
def running_odoo() -> Iterator[OdooServer]:
    """A local Odoo for the block."""
    server = OdooServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def odoo_settings(server: OdooServer) -> OdooSettings:
    """How a connector reaches it."""
    return OdooSettings(url=server.url, api_key=SecretStr(KEY), product=PRODUCT, journal="BNK1")
