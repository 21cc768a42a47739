"""What the local ledger does of its own: the database holds it in balance, and what is booked stays."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from integrations.erp import ERP, Line, Partner, VendorBill
from integrations.errors import InvalidRequest, Unavailable
from integrations.local_ledger import tables
from integrations.local_ledger.connector import LocalLedger, LocalLedgerSettings
from integrations.local_ledger.tables import Amount
from integrations.sqlite_file import SqliteFile
from workflows import Run, workflow
from workflows.engine.model import RunState
from workflows.engine.testing.harness import Harness

LINES = (
    Line(description="Licences", unit_price=Decimal("100.00"), account="6100"),
    Line(description="VAT", unit_price=Decimal("20.00"), account="1400"),
)
DAY = date(2026, 11, 30)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> LocalLedger:
    return LocalLedger(LocalLedgerSettings(path=path), now=lambda: datetime(2026, 12, 1, tzinfo=UTC))


@pytest.fixture
def raw(ledger: LocalLedger, path: Path) -> Iterator[sqlite3.Connection]:
    """The file as any program may open it, with one posted bill."""
    post_a_bill(ledger)
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        yield conn


def post_a_bill(ledger: LocalLedger, currency: str = "EUR") -> VendorBill:
    partner = ledger.save_partner(Partner(tax_id="FR1", name="Acme"))
    bill = VendorBill(partner=partner.id, currency=currency, lines=LINES, reference=currency, billed_on=DAY)
    return ledger.post_bill(ledger.create_bill(bill).id)


def balances(ledger: LocalLedger) -> dict[str, str]:
    return {f"{one.account} {one.name}": str(one.amount) for one in ledger.balances()}


def test_a_bill_and_its_payment_are_booked_twice(ledger: LocalLedger) -> None:
    bill = post_a_bill(ledger)
    assert balances(ledger) == {
        "1400 Input tax": "20.00 EUR", "2000 Payables": "-120.00 EUR", "6100 Software": "100.00 EUR",
    }  # fmt: skip
    payment = ledger.pay_bill(bill.id)
    assert payment.paid_on == date(2026, 12, 1)
    assert balances(ledger)["1000 Bank"] == "-120.00 EUR"
    assert balances(ledger)["2000 Payables"] == "0.00 EUR"
    ledger.cancel_payment(payment.id)
    ledger.cancel_bill(bill.id)
    assert set(balances(ledger).values()) == {"0.00 EUR"}


def test_currencies_are_kept_apart(ledger: LocalLedger) -> None:
    post_a_bill(ledger, "EUR")
    post_a_bill(ledger, "JPY")
    owed = {str(one.amount) for one in ledger.balances() if one.name == "Payables"}
    assert owed == {"-120.00 EUR", "-120 JPY"}
    for currency in ("EUR", "JPY"):
        assert sum(one.amount.amount for one in ledger.balances() if one.amount.currency == currency) == 0


@pytest.mark.parametrize(
    "amounts",
    [
        (Amount("6000", "EUR", 100), Amount("2000", "EUR", -99)),
        (Amount("6000", "EUR", 100), Amount("2000", "USD", -100)),
        (Amount("6000", "EUR", 0),),
        (),
    ],
)
def test_the_database_refuses_what_is_not_balanced(
    ledger: LocalLedger, path: Path, amounts: tuple[Amount, ...]
) -> None:
    file = SqliteFile("local ledger", path, tables.TABLES)
    with pytest.raises(Unavailable, match="not balanced"), file.transaction(writes=True) as conn:
        tables.post(conn, "a bill", "bill", "2026-12-01", amounts)
    assert ledger.balances() == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE line SET units = 1",
        "DELETE FROM line",
        "INSERT INTO line SELECT entry, account, currency, units FROM line",
        "UPDATE entry SET posted = 0",
        "UPDATE entry SET day = '2020-01-01'",
        "DELETE FROM entry",
        "INSERT INTO entry (source, purpose, day, posted) VALUES ('a', 'b', 'c', 1)",
    ],
)
def test_the_database_keeps_what_was_posted(raw: sqlite3.Connection, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        raw.execute(statement)


def test_of_many_who_take_a_bill_in_at_once_one_does(ledger: LocalLedger) -> None:
    partner = ledger.save_partner(Partner(tax_id="FR1", name="Acme"))
    bill = VendorBill(partner=partner.id, currency="EUR", lines=LINES, reference="M-1", billed_on=DAY)

    def take_in(_number: int) -> str:
        try:
            return ledger.post_bill(ledger.create_bill(bill).id).state
        except InvalidRequest as error:
            return "refused" if "is there already" in str(error) else str(error)

    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(take_in, range(4)))
    assert sorted(outcomes) == ["posted", *["refused"] * 3]
    assert balances(ledger)["2000 Payables"] == "-120.00 EUR"


def test_who_reads_does_not_wait_for_who_writes(ledger: LocalLedger, raw: sqlite3.Connection) -> None:
    raw.execute("BEGIN IMMEDIATE")
    raw.execute("UPDATE partner SET name = 'Other'")
    found = ledger.find_partner("FR1")
    raw.execute("ROLLBACK")
    assert found is not None
    assert found.name == "Acme"


@workflow("settle_a_bill")
def settle_a_bill(run: Run, partner: str) -> str:
    """Book a bill and pay it; undo both when it fails."""
    with run.saga() as saga:
        bill = VendorBill(partner=partner, currency="EUR", lines=LINES, reference="S-1", billed_on=DAY)
        bill = run.step(ERP.create_bill, bill)
        saga.on_failure(ERP.cancel_bill, bill.id)
        run.step(ERP.post_bill, bill.id)
        payment = run.step(ERP.pay_bill, bill.id)
        saga.on_failure(ERP.cancel_payment, payment.id)
        run.step(ERP.confirm_order, "none")
    return payment.id


def test_a_saga_takes_everything_back(ledger: LocalLedger) -> None:
    partner = ledger.save_partner(Partner(tax_id="FR1", name="Acme"))
    harness = Harness(settle_a_bill, tools={ERP: ledger})
    run_id = harness.start("settle_a_bill", partner.id)
    assert harness.state(run_id) is RunState.FAILED
    assert "no purchase order 'none'" in harness.error(run_id)
    assert set(balances(ledger).values()) == {"0.00 EUR"}
    assert len(balances(ledger)) == 4


@pytest.mark.parametrize("step", ["erp.create_bill#1", "erp.post_bill#1", "erp.pay_bill#1"])
def test_a_worker_that_dies_after_a_write_writes_it_once(
    ledger: LocalLedger, raw: sqlite3.Connection, step: str
) -> None:
    partner = ledger.save_partner(Partner(tax_id="FR1", name="Acme"))
    harness = Harness(settle_a_bill, tools={ERP: ledger}).crash_at("after_effect", step)
    run_id = harness.start("settle_a_bill", partner.id)
    assert harness.crashes == 1
    assert harness.state(run_id) is RunState.FAILED
    counts = [raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("document", "payment", "entry")]
    assert counts == [2, 1, 5]
