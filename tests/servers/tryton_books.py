"""A local Tryton: REST, JSON-RPC, and as much of its bookkeeping as bills, orders and payments need.

The suite of all ERPs runs over this one and over a real Tryton, which is how it is known to behave alike.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from pydantic import SecretStr

from integrations.tryton.models import TrytonSettings
from tests.servers.http import Answer, Asked, CannedServer, as_json
from tests.servers.tryton_records import Records, Values, amount, number

KEY = "made-up-key-4711"
USER, PASSWORD = "baton", "made-up-password-4712"
TODAY = {"__class__": "date", "year": 2026, "month": 12, "day": 1}
BUTTONS = {
    ("account.invoice", "post"): ("draft",),
    ("account.invoice", "cancel"): ("draft", "posted"),
    ("purchase.purchase", "quote"): ("draft",),
    ("purchase.purchase", "confirm"): ("quotation",),
    ("purchase.purchase", "cancel"): ("draft", "quotation"),
}
NO_PAGE = Answer(404, b"<!doctype html><title>404 Not Found</title>", {"Content-Type": "text/html; charset=utf-8"})
NO_ACCESS = Answer(401, b"<!doctype html><title>401 Unauthorized</title>", {"Content-Type": "text/html"})


class Refusal(Exception):
    """Tryton's own words of why not, and the warning's name where it only warns."""

    def __init__(self, words: str, warning: str = "") -> None:
        super().__init__(words)
        self.words, self.warning = words, warning


class BooksServer(CannedServer):
    """One company's books, and which requests took effect."""

    def __init__(self) -> None:
        super().__init__()
        self.records = Records()
        self.writes: list[str] = []
        self.key, self.password = KEY, PASSWORD
        self.refuse: list[Answer] = []
        """What the next writes are answered instead of being done."""
        self.after: list[Callable[[Answer], Answer]] = []
        """What the next writes' answers become, after they took effect."""
        self._answered: set[str] = set()
        self._lock = threading.Lock()
        self._furnish()

    def answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            path = asked.path.removeprefix("/books/")
            if not self._knows(asked, path):
                return NO_ACCESS
            changes = asked.method != "GET" and (path != "rpc/" or ".execute" in asked.json["method"])
            if changes and self.refuse:
                return self.refuse.pop(0)
            done = len(self.writes)
            try:
                good = self._called(asked.json) if path == "rpc/" else self._rest(asked, path.split("/")[2:])
            except Refusal as refusal:
                return _refused(refusal, rpc=path == "rpc/")
            return self.after.pop(0)(good) if self.after and len(self.writes) > done else good

    # -----------------------------------------------------------------------------------------------------

    def _furnish(self) -> None:
        add = self.records.add
        for code in ("EUR", "USD"):
            add("currency.currency", {"code": code})
        for code, expense in (("2.1.1", False), ("5.1.1", True), ("6.3.6", False)):
            kind = {"id": 1, "expense": expense, "debt": False}
            add("account.account", {"code": code, "type": kind, "company": 1, "closed": False})
        owed, expenses, _ = self.records.tables["account.account"]
        defaults = {"default_account_payable": owed, "default_category_account_expense": expenses}
        self.records.tables["account.configuration"] = {1: {"id": 1, **defaults}}
        add("account.journal", {"name": "Expense", "type": "expense"})
        add("account.invoice.payment.method", {"name": "Bank", "company": 1})

    def _knows(self, asked: Asked, path: str) -> bool:
        login = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        wanted = f"Basic {login}" if path == "rpc/" else f"Bearer {self.key}"
        return asked.headers.get("authorization") == wanted

    # REST

    def _rest(self, asked: Asked, place: list[str]) -> Answer:
        model, fields = place[0], asked.query.get("f", [])
        if len(place) == 1:
            if asked.method == "POST":
                made = self._created(model, asked.json)
                self.writes.append(f"create {model}")
                return as_json(self._shown(model, made, fields))
            domain = json.loads(base64.urlsafe_b64decode(asked.query["d"][0]))
            found = self.records.search(model, domain)[: int(asked.query["s"][0])]
            return as_json([self._shown(model, one, fields) for one in found])
        record = self.records.find(model, int(place[1]))
        if record is None:
            return NO_PAGE
        if len(place) == 3:
            self._pressed(model, record, place[2])
            self.writes.append(f"{place[2]} {model}")
        elif asked.method == "PUT":
            self.records.change(model, record, asked.json)
            self.writes.append(f"write {model}")
        return as_json(self._shown(model, record, fields))

    def _created(self, model: str, values: Values) -> Values:
        if model == "party.party" and any(one["type"] == "eu_vat" for _, made in values["identifiers"] for one in made):
            raise Refusal(f'The European VAT Number for party "{values["name"]}" is not valid.')
        more = {"shipment_state": "none"} if model == "purchase.purchase" else {}
        return self.records.add(model, values, **({"state": "draft"} if model != "party.party" else {}), **more)

    def _pressed(self, model: str, record: Values, button: str) -> None:
        if record["state"] not in BUTTONS[model, button]:
            raise Refusal(f'You can not call "{button}" on "{record["id"]}" of "{model}".')
        if button == "post":
            self._warn_of_similar(record)
            record.update(state="posted", number=str(record["id"]), move=self._entry(record, record)["id"])
        elif button == "cancel":
            if record["state"] == "posted":
                move = self.records.tables["account.move"][record["move"]]
                record["cancel_move"] = self._opposite(move)["id"]
            record["state"] = "cancelled"
        else:
            record.update(state={"quote": "quotation", "confirm": "confirmed"}[button], number=str(record["id"]))

    def _warn_of_similar(self, bill: Values) -> None:
        alike = [["party", "=", bill["party"]], ["reference", "=", bill["reference"]], ["id", "!=", bill["id"]]]
        if self.records.search("account.invoice", alike) and not self._is_answered("invoice_similar"):
            raise Refusal("The invoice is similar to another one.")

    # JSON-RPC

    def _called(self, asked: Values) -> Answer:
        kind, _, name = asked["method"].partition(".")
        name, _, verb = name.rpartition(".")
        result: Any = None
        if kind == "wizard" and verb == "create":
            result = [1, "start", "end"]
        elif kind == "wizard" and verb == "execute":
            _, data, _, context = asked["params"]
            self._stepped(name, context["active_id"], data)
            self.writes.append(name)
            result = {}
        elif verb == "skip":
            self._answered.add(asked["params"][0].partition(".")[2])
        return as_json({"id": asked["id"], "result": result})

    def _stepped(self, name: str, record_id: int, data: Values) -> None:
        if name == "account.invoice.pay":
            self._paid(self.records.tables["account.invoice"][record_id], data["start"])
        elif name == "account.move.unreconcile_lines":
            line = self.records.tables["account.move.line"][record_id]
            gone, line["reconciliation"] = line["reconciliation"], None
            bill_id = gone
            self.records.tables["account.invoice"][bill_id]["state"] = "posted"
        else:
            assert name == "account.move.cancel", name
            move = self.records.tables["account.move"][record_id]
            if any(self.records.tables["account.move.line"][one]["reconciliation"] for one in move["lines"]):
                raise Refusal("You cannot reconcile already reconciled line.")
            if not self._is_answered("cancel_invoice_move"):
                raise Refusal("The moves have posted invoices as origin.", "0a1b.cancel_invoice_move")
            self._opposite(move)
            for one in move["lines"]:
                self.records.tables["account.move.line"][one]["reconciliation"] = -1

    def _is_answered(self, warning: str) -> bool:
        there = warning in self._answered
        self._answered.discard(warning)
        return there

    # the books

    def _paid(self, bill: Values, start: Values) -> None:
        due, paying = self._due(bill), amount(start["amount"])
        if bill["state"] != "posted" or paying > due:
            raise Refusal("You cannot add a partial payment with an amount greater than the amount to pay.")
        move = self._entry(bill, {"description": start["description"], "date": start.get("date", TODAY)}, paying)
        if paying == due:
            bill["state"] = "paid"
            for one in move["lines"]:
                self.records.tables["account.move.line"][one]["reconciliation"] = bill["id"]

    def _entry(self, bill: Values, said: Values, paying: Decimal | None = None) -> Values:
        debit, credit = (paying, Decimal(0)) if paying is not None else (Decimal(0), self._total(bill))
        line = {"account": bill["account"], "debit": number(debit), "credit": number(credit), "reconciliation": None}
        values = {
            "description": said.get("description"),
            "date": said.get("date", TODAY),
            "lines": [["create", [line]]],
        }
        return self.records.add("account.move", {**values, "origin": f"account.invoice,{bill['id']}"})

    def _opposite(self, move: Values) -> Values:
        lines = [self.records.tables["account.move.line"][one] for one in move["lines"]]
        turned = [{**one, "debit": one["credit"], "credit": one["debit"], "reconciliation": -1} for one in lines]
        values = {"date": TODAY, "origin": f"account.move,{move['id']}", "number": str(move["id"])}
        for one in turned:
            del one["id"]
        return self.records.add("account.move", {**values, "lines": [["create", turned]]})

    def _total(self, bill: Values) -> Decimal:
        lines = [self.records.tables["account.invoice.line"][one] for one in bill.get("lines", [])]
        taxes = [self.records.tables["account.invoice.tax"][one] for one in bill.get("taxes", [])]
        rounded = [
            (Decimal(str(one["quantity"])) * amount(one["unit_price"])).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
            for one in lines
        ]
        return sum(rounded, Decimal(0)) + sum((amount(one["amount"]) for one in taxes), Decimal(0))

    def _due(self, bill: Values) -> Decimal:
        if bill["state"] != "posted":
            return Decimal(0)
        due = self._total(bill)
        for move in self.records.search("account.move", [["origin", "=", f"account.invoice,{bill['id']}"]]):
            if move["id"] == bill["move"] or self.records.search(
                "account.move", [["origin", "=", f"account.move,{move['id']}"]]
            ):
                continue
            due -= sum(
                (amount(self.records.tables["account.move.line"][one]["debit"]) for one in move["lines"]), Decimal(0)
            )
        return due

    def _shown(self, model: str, record: Values, fields: list[str]) -> Values:
        if model == "account.invoice":
            record = {**record, "total_amount": number(self._total(record)), "amount_to_pay": number(self._due(record))}
        if model == "purchase.line":
            record = {**record, "purchase": record["parent"]}
        return self.records.shown(model, record, fields)


def _refused(refusal: Refusal, *, rpc: bool) -> Answer:
    if not rpc:
        return as_json({"status": 400, "message": refusal.words, "description": ""}, 400)
    error = ["UserWarning", [refusal.warning, refusal.words, ""]]
    return as_json({"id": 1, "error": error if refusal.warning else ["UserError", [refusal.words, "", None]]})


@contextmanager
def running_books() -> Iterator[BooksServer]:
    """A local Tryton for the block."""
    server = BooksServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def books_settings(server: BooksServer) -> TrytonSettings:
    """How a connector reaches it."""
    url = f"{server.url}/books"
    return TrytonSettings(url=url, key=SecretStr(KEY), user=USER, password=SecretStr(PASSWORD))
