"""The local ledger's SQLite file: partners, documents, payments, and entries that the database holds in balance."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from integrations.erp import BillState, Line, OrderState, Payment, PaymentState, PurchaseOrder, VendorBill
from integrations.money import Money, from_minor_units, in_minor_units

BANK, PAYABLES, EXPENSES = "1000", "2000", "6000"
TABLES = """
CREATE TABLE IF NOT EXISTS account (code TEXT PRIMARY KEY, name TEXT NOT NULL);
INSERT OR IGNORE INTO account VALUES
    ('1000', 'Bank'), ('1400', 'Input tax'), ('2000', 'Payables'), ('5000', 'Goods and materials'),
    ('6000', 'Services'), ('6100', 'Software'), ('6200', 'Travel'), ('6300', 'Office');
CREATE TABLE IF NOT EXISTS partner (
    id TEXT PRIMARY KEY, external_id TEXT UNIQUE, tax_id TEXT UNIQUE, name TEXT NOT NULL, fields TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS document (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('order', 'bill')), number INTEGER,
    partner TEXT NOT NULL REFERENCES partner, reference TEXT NOT NULL, state TEXT NOT NULL, fields TEXT NOT NULL,
    UNIQUE (kind, number)
);
CREATE UNIQUE INDEX IF NOT EXISTS bill_once ON document (partner, reference COLLATE NOCASE)
    WHERE kind = 'bill' AND state NOT IN ('cancelled', 'credited');
CREATE TABLE IF NOT EXISTS payment (
    id TEXT PRIMARY KEY, bill TEXT NOT NULL REFERENCES document, units INTEGER NOT NULL CHECK (units > 0),
    currency TEXT NOT NULL, paid_on TEXT NOT NULL, reference TEXT NOT NULL, state TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS payment_bill ON payment (bill);
CREATE TABLE IF NOT EXISTS entry (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, purpose TEXT NOT NULL, day TEXT NOT NULL,
    posted INTEGER NOT NULL DEFAULT 0, UNIQUE (source, purpose)
);
CREATE TABLE IF NOT EXISTS line (
    entry INTEGER NOT NULL REFERENCES entry, account TEXT NOT NULL REFERENCES account, currency TEXT NOT NULL,
    units INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS line_entry ON line (entry);
CREATE TRIGGER IF NOT EXISTS entry_begins_open BEFORE INSERT ON entry WHEN NEW.posted <> 0
BEGIN SELECT RAISE(ABORT, 'an entry is posted after its lines are written'); END;
CREATE TRIGGER IF NOT EXISTS entry_is_balanced BEFORE UPDATE ON entry WHEN NEW.posted <> 0 AND (
    (SELECT count(*) FROM line WHERE entry = NEW.id) < 2
    OR EXISTS (SELECT 1 FROM line WHERE entry = NEW.id GROUP BY currency HAVING sum(units) <> 0))
BEGIN SELECT RAISE(ABORT, 'the entry is not balanced'); END;
CREATE TRIGGER IF NOT EXISTS entry_stays BEFORE UPDATE ON entry WHEN OLD.posted <> 0
BEGIN SELECT RAISE(ABORT, 'a posted entry stays as it is'); END;
CREATE TRIGGER IF NOT EXISTS entry_is_kept BEFORE DELETE ON entry WHEN OLD.posted <> 0
BEGIN SELECT RAISE(ABORT, 'a posted entry is kept'); END;
CREATE TRIGGER IF NOT EXISTS line_comes_before BEFORE INSERT ON line
    WHEN (SELECT posted FROM entry WHERE id = NEW.entry) <> 0
BEGIN SELECT RAISE(ABORT, 'a posted entry stays as it is'); END;
CREATE TRIGGER IF NOT EXISTS line_stays BEFORE UPDATE ON line
    WHEN (SELECT max(posted) FROM entry WHERE id IN (OLD.entry, NEW.entry)) <> 0
BEGIN SELECT RAISE(ABORT, 'a posted entry stays as it is'); END;
CREATE TRIGGER IF NOT EXISTS line_is_kept BEFORE DELETE ON line
    WHEN (SELECT posted FROM entry WHERE id = OLD.entry) <> 0
BEGIN SELECT RAISE(ABORT, 'a posted entry is kept'); END;
"""


@dataclass(frozen=True)
class Amount:
    """One line of an entry: what goes to an account (positive: a debit) in a currency's smallest unit."""

    account: str
    currency: str
    units: int


def post(conn: sqlite3.Connection, source: str, purpose: str, day: str, amounts: tuple[Amount, ...]) -> None:
    """Post an entry; the database refuses one that is not balanced."""
    entry = conn.execute("INSERT INTO entry (source, purpose, day) VALUES (?, ?, ?)", (source, purpose, day)).lastrowid
    rows = [(entry, one.account, one.currency, one.units) for one in amounts]
    conn.executemany("INSERT INTO line VALUES (?, ?, ?, ?)", rows)
    conn.execute("UPDATE entry SET posted = 1 WHERE id = ?", (entry,))


def take_back(conn: sqlite3.Connection, source: str, purpose: str, day: str) -> None:
    """Post the opposite of an entry."""
    asked = (
        "SELECT account, currency, -units FROM line JOIN entry ON entry.id = line.entry "
        "WHERE source = ? AND purpose = ?"
    )
    opposite = tuple(Amount(*row) for row in conn.execute(asked, (source, purpose)))
    post(conn, source, f"{purpose} taken back", day, opposite)


def amounts_of(bill: VendorBill) -> tuple[Amount, ...]:
    """What a bill costs, by account, and what is owed for it."""
    costs = tuple(Amount(account_of(line), bill.currency, _units(line, bill.currency)) for line in bill.lines)
    return (*costs, Amount(PAYABLES, bill.currency, -sum(one.units for one in costs)))


def account_of(line: Line) -> str:
    """The account a line is booked on."""
    return line.account or EXPENSES


def unknown_accounts(conn: sqlite3.Connection, lines: tuple[Line, ...]) -> tuple[str, ...]:
    """The accounts that lines name and the ledger lacks."""
    known = {code for (code,) in conn.execute("SELECT code FROM account")}
    return tuple(sorted({account_of(line) for line in lines} - known))


# documents and payments ----------------------------------------------------------------------------------


def order(conn: sqlite3.Connection, order_id: str) -> PurchaseOrder | None:
    """The order with this id."""
    row = _document(conn, "order", order_id)
    if row is None:
        return None
    number, state, fields = row
    found = PurchaseOrder.model_validate_json(fields)
    return found.model_copy(update={"id": order_id, "number": f"PO-{number:05}", "state": state})


def bill(conn: sqlite3.Connection, bill_id: str) -> VendorBill | None:
    """The bill with this id, and how much of it is paid."""
    row = _document(conn, "bill", bill_id)
    if row is None:
        return None
    number, state, fields = row
    found = VendorBill.model_validate_json(fields)
    asked = "SELECT coalesce(sum(units), 0) FROM payment WHERE bill = ? AND state = 'paid'"
    paid = from_minor_units(conn.execute(asked, (bill_id,)).fetchone()[0], found.currency)
    return found.model_copy(
        update={
            "id": bill_id,
            "number": f"BILL-{number:05}" if number else "",
            "state": state,
            "paid": paid,
            "credit_note": f"CN-{number:05}" if state == "credited" else "",
        }
    )


def add(conn: sqlite3.Connection, document_id: str, document: PurchaseOrder | VendorBill) -> None:
    """Write a new draft; an order has a number from the beginning."""
    kind = "order" if isinstance(document, PurchaseOrder) else "bill"
    number = _next_number(conn, kind) if kind == "order" else None
    fields = document.model_dump_json(exclude={"id", "number", "state", "paid", "credit_note"})
    row = (document_id, kind, number, document.partner, document.reference, "draft", fields)
    conn.execute("INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def move(conn: sqlite3.Connection, document_id: str, state: OrderState | BillState) -> None:
    """Bring a document into another state."""
    conn.execute("UPDATE document SET state = ? WHERE id = ?", (state, document_id))


def give_number(conn: sqlite3.Connection, bill_id: str) -> None:
    """Give a bill the next number."""
    conn.execute("UPDATE document SET number = ? WHERE id = ?", (_next_number(conn, "bill"), bill_id))


def bill_with(conn: sqlite3.Connection, partner: str, reference: str) -> str | None:
    """The id of the partner's bill with this reference that stands."""
    asked = (
        "SELECT id FROM document WHERE kind = 'bill' AND partner = ? AND reference = ? COLLATE NOCASE "
        "AND state NOT IN ('cancelled', 'credited')"
    )
    row = conn.execute(asked, (partner, reference)).fetchone()
    return str(row[0]) if row else None


def payment(conn: sqlite3.Connection, payment_id: str) -> Payment | None:
    """The payment with this id."""
    row = conn.execute("SELECT * FROM payment WHERE id = ?", (payment_id,)).fetchone()
    return _payment(row) if row else None


def payments(conn: sqlite3.Connection, bill_id: str) -> tuple[Payment, ...]:
    """All payments of a bill, in the order they were recorded."""
    return tuple(
        _payment(row) for row in conn.execute("SELECT * FROM payment WHERE bill = ? ORDER BY rowid", (bill_id,))
    )


def pay(conn: sqlite3.Connection, made: Payment) -> None:
    """Write a payment, and its entry."""
    currency = made.amount.currency
    units = in_minor_units(made.amount.amount, currency)
    day = made.paid_on.isoformat()
    row = (made.id, made.bill, units, currency, day, made.reference, made.state)
    conn.execute("INSERT INTO payment VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    post(conn, made.id, "payment", day, (Amount(PAYABLES, currency, units), Amount(BANK, currency, -units)))


def move_payment(conn: sqlite3.Connection, payment_id: str, state: PaymentState) -> None:
    """Bring a payment into another state."""
    conn.execute("UPDATE payment SET state = ? WHERE id = ?", (state, payment_id))


def _units(line: Line, currency: str) -> int:
    return in_minor_units(line.quantity * line.unit_price, currency)


def _next_number(conn: sqlite3.Connection, kind: str) -> int:
    asked = "SELECT coalesce(max(number), 0) + 1 FROM document WHERE kind = ?"
    return int(conn.execute(asked, (kind,)).fetchone()[0])


def _document(conn: sqlite3.Connection, kind: str, document_id: str) -> tuple[int | None, str, str] | None:
    asked = "SELECT number, state, fields FROM document WHERE kind = ? AND id = ?"
    row: tuple[int | None, str, str] | None = conn.execute(asked, (kind, document_id)).fetchone()
    return row


def _payment(row: tuple[str, str, int, str, str, str, str]) -> Payment:
    made, bill_id, units, currency, paid_on, reference, state = row
    amount = Money(amount=from_minor_units(units, currency), currency=currency)
    return Payment.model_validate(
        {"id": made, "bill": bill_id, "amount": amount, "paid_on": paid_on, "reference": reference, "state": state}
    )
