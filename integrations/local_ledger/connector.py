"""A ledger with double entry in a SQLite file of this computer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from integrations.base import Health, action
from integrations.erp import ERP, MOST_FOUND, OrderState, Partner, Payment, PurchaseOrder, VendorBill
from integrations.errors import InvalidRequest, NotFound
from integrations.files import folder_health, id_for
from integrations.local_ledger import checks, partners, tables
from integrations.money import Money, from_minor_units
from integrations.payable import must_be_due, must_not_be_paid
from integrations.protocols import Shape
from integrations.sqlite_file import SqliteFile


class LocalLedgerSettings(BaseModel):
    """Where the file is."""

    model_config = ConfigDict(frozen=True)

    path: Path


class Balance(Shape):
    """What an account comes to in a currency; a positive amount is a debit."""

    account: str
    name: str
    amount: Money


class LocalLedger(ERP):
    """Partners, purchase orders, vendor bills and payments in a SQLite file, booked with double entry."""

    def __init__(self, settings: LocalLedgerSettings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file = SqliteFile("local ledger", settings.path, tables.TABLES)
        self._now = now

    # partners

    @action(idempotent=True)
    def find_partner(self, tax_id: str) -> Partner | None:
        """Find a partner in the local ledger by tax id."""
        known = Partner(tax_id=tax_id).tax_id
        with self._file.transaction() as conn:
            return partners.found(conn, "tax_id", known)

    @action(idempotent=True)
    def search_partners(self, words: str, limit: int = 10) -> tuple[Partner, ...]:
        """Search the local ledger's partners by name."""
        with self._file.transaction() as conn:
            return partners.search(conn, words, min(limit, MOST_FOUND))

    @action(idempotent=True, writes=True)
    def save_partner(self, partner: Partner) -> Partner:
        """Save a partner in the local ledger."""
        with self._file.transaction(writes=True) as conn:
            return partners.save(conn, partner, self._new("partner"))

    # purchase orders

    @action(idempotent=True, writes=True)
    def create_order(self, order: PurchaseOrder) -> PurchaseOrder:
        """Draft a purchase order in the local ledger."""
        order_id = self._new("order")
        with self._file.transaction(writes=True) as conn:
            if tables.order(conn, order_id) is None:
                checks.an_order(conn, order)
                tables.add(conn, order_id, order)
            return checks.the_order(conn, order_id)

    @action(idempotent=True)
    def get_order(self, order_id: str) -> PurchaseOrder:
        """Read a purchase order from the local ledger."""
        with self._file.transaction() as conn:
            return checks.the_order(conn, order_id)

    @action(idempotent=True, writes=True)
    def confirm_order(self, order_id: str) -> PurchaseOrder:
        """Confirm a purchase order in the local ledger."""
        return self._move_order(order_id, "confirmed", allowed=("draft",), fine=("confirmed", "received"))

    @action(idempotent=True, writes=True)
    def receive_order(self, order_id: str) -> PurchaseOrder:
        """Book a confirmed order of the local ledger as received."""
        return self._move_order(order_id, "received", allowed=("confirmed",), fine=("received",))

    @action(idempotent=True, writes=True)
    def cancel_order(self, order_id: str) -> PurchaseOrder:
        """Cancel a purchase order of the local ledger."""
        return self._move_order(order_id, "cancelled", allowed=("draft", "confirmed"), fine=("cancelled",))

    # bills

    @action(idempotent=True, writes=True)
    def create_bill(self, bill: VendorBill) -> VendorBill:
        """Draft a vendor bill in the local ledger."""
        bill_id = self._new("bill")
        with self._file.transaction(writes=True) as conn:
            if tables.bill(conn, bill_id) is None:
                checks.a_bill(conn, bill)
                tables.add(conn, bill_id, bill)
            return checks.the_bill(conn, bill_id)

    @action(idempotent=True)
    def get_bill(self, bill_id: str) -> VendorBill:
        """Read a vendor bill from the local ledger."""
        with self._file.transaction() as conn:
            return checks.the_bill(conn, bill_id)

    @action(idempotent=True, writes=True)
    def post_bill(self, bill_id: str) -> VendorBill:
        """Post a vendor bill to the local ledger."""
        with self._file.transaction(writes=True) as conn:
            bill = checks.the_bill(conn, bill_id)
            if bill.state in {"cancelled", "credited"}:
                raise InvalidRequest(f"The bill {bill.reference!r} is {bill.state}. Enter it anew to post it.")
            if bill.state == "draft":
                tables.give_number(conn, bill_id)
                tables.post(conn, bill_id, "bill", bill.billed_on.isoformat(), tables.amounts_of(bill))
                tables.move(conn, bill_id, "posted")
            return checks.the_bill(conn, bill_id)

    @action(idempotent=True, writes=True)
    def cancel_bill(self, bill_id: str) -> VendorBill:
        """Cancel a vendor bill of the local ledger: a draft as such, a posted one by a credit note."""
        with self._file.transaction(writes=True) as conn:
            bill = checks.the_bill(conn, bill_id)
            must_not_be_paid(bill)
            if bill.state == "draft":
                tables.move(conn, bill_id, "cancelled")
            elif bill.state == "posted":
                tables.take_back(conn, bill_id, "bill", self._today().isoformat())
                tables.move(conn, bill_id, "credited")
            return checks.the_bill(conn, bill_id)

    # payments

    @action(idempotent=True, writes=True)
    def pay_bill(
        self, bill_id: str, amount: Money | None = None, paid_on: date | None = None, reference: str = ""
    ) -> Payment:
        """Record the payment of a posted bill in the local ledger."""
        payment_id = self._new("payment")
        with self._file.transaction(writes=True) as conn:
            there = tables.payment(conn, payment_id)
            if there is not None:
                return there
            bill = checks.the_bill(conn, bill_id)
            paying = amount or bill.due
            must_be_due(bill, paying)
            made = Payment(
                id=payment_id, bill=bill_id, amount=paying, paid_on=paid_on or self._today(), reference=reference
            )
            tables.pay(conn, made)
            if paying.amount == bill.due.amount:
                tables.move(conn, bill_id, "paid")
            return made

    @action(idempotent=True)
    def payments(self, bill_id: str) -> tuple[Payment, ...]:
        """Read the payments of a bill of the local ledger, the oldest first."""
        with self._file.transaction() as conn:
            checks.the_bill(conn, bill_id)
            return tables.payments(conn, bill_id)

    @action(idempotent=True, writes=True)
    def cancel_payment(self, payment_id: str) -> Payment:
        """Take a payment of the local ledger back."""
        with self._file.transaction(writes=True) as conn:
            made = tables.payment(conn, payment_id)
            if made is None:
                raise NotFound(f"The local ledger has no payment {payment_id!r}. Check it, then press Resume.")
            if made.state == "paid":
                tables.take_back(conn, payment_id, "payment", self._today().isoformat())
                tables.move_payment(conn, payment_id, "cancelled")
                tables.move(conn, made.bill, "posted")
            return made.model_copy(update={"state": "cancelled"})

    @action(idempotent=True)
    def balances(self) -> tuple[Balance, ...]:
        """Read the balance of each account of the local ledger; in each currency they come to nothing."""
        asked = (
            "SELECT code, name, currency, sum(units) FROM line JOIN account ON account.code = line.account "
            "GROUP BY code, currency ORDER BY code, currency"
        )
        with self._file.transaction() as conn:
            rows = conn.execute(asked).fetchall()
        return tuple(
            Balance(account=code, name=name, amount=Money(amount=from_minor_units(units, currency), currency=currency))
            for code, name, currency, units in rows
        )

    def health(self) -> Health:
        """Whether the file can be used."""
        folder = folder_health(self._file.path.parent, "Books", must_exist=False)
        if not folder.ok or not self._file.path.exists():
            return folder
        with self._file.transaction() as conn:
            count = conn.execute("SELECT count(*) FROM entry WHERE posted = 1").fetchone()[0]
        return Health(True, f"{count} entries in {self._file.path}")

    # -----------------------------------------------------------------------------------------------------

    def _new(self, kind: str) -> str:
        """The id of what this step makes: the same for each of its attempts."""
        return id_for(f"{kind}:{self.key}" if self.key else None)

    def _today(self) -> date:
        return self._now().date()

    def _move_order(
        self, order_id: str, to: OrderState, *, allowed: tuple[OrderState, ...], fine: tuple[OrderState, ...]
    ) -> PurchaseOrder:
        with self._file.transaction(writes=True) as conn:
            order = checks.the_order(conn, order_id)
            if order.state in allowed:
                tables.move(conn, order_id, to)
            elif order.state not in fine:
                raise InvalidRequest(f"The order {order.number} is {order.state} and can't become {to}. Look at it.")
            return checks.the_order(conn, order_id)
