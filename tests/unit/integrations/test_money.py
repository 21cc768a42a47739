"""Money is exact, and has the decimal places of its currency."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from integrations.money import Money, from_minor_units, in_minor_units, rounded


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (12.5, "EUR", "never a float"),
        ("12.505", "EUR", "more decimal places"),
        ("12.5", "JPY", "more decimal places"),
        ("NaN", "EUR", "finite"),
        ("12", "eur", "pattern"),
        ("12345678901234567890", "EUR", "digits"),
    ],
)
def test_what_is_no_money_is_refused(amount: object, currency: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Money.model_validate({"amount": amount, "currency": currency})


@pytest.mark.parametrize(
    ("amount", "currency", "units", "shown"),
    [
        ("1234.5", "EUR", 123450, "1,234.50 EUR"),
        ("-0.01", "EUR", -1, "-0.01 EUR"),
        ("1234", "JPY", 1234, "1,234 JPY"),
        ("1.234", "KWD", 1234, "1.234 KWD"),
    ],
)
def test_money_has_the_places_of_its_currency(amount: str, currency: str, units: int, shown: str) -> None:
    money = Money(amount=Decimal(amount), currency=currency)
    assert in_minor_units(money.amount, currency) == units
    assert from_minor_units(units, currency) == money.amount
    assert str(money) == shown
    assert Money.model_validate_json(money.model_dump_json()) == money


def test_halves_are_rounded_away_from_nothing() -> None:
    assert [rounded(Decimal(text), "EUR") for text in ("0.125", "-0.125", "0.1249")] == [
        Decimal("0.13"),
        Decimal("-0.13"),
        Decimal("0.12"),
    ]
