"""Amounts of money: exact, in a currency, never a float."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from integrations.protocols import Shape

WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
PLACES = {**dict.fromkeys(WHOLE.split(), 0), **dict.fromkeys(THOUSANDTHS.split(), 3), "CLF": 4, "UYW": 4}
"""Decimal places of the currencies that have not two, by ISO 4217."""
USUAL_PLACES = 2


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError("money is never a float: give it as text, such as 12.50")  # noqa: TRY004 - pydantic's way
    return value


Exact = Annotated[Decimal, BeforeValidator(_exact), Field(max_digits=18, decimal_places=6)]
"""A decimal number that was never a float."""
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""A code of ISO 4217, such as EUR."""


class Money(Shape):
    """An amount in a currency, with no more decimal places than the currency has."""

    amount: Exact
    currency: Currency

    @model_validator(mode="after")
    def _payable(self) -> Self:
        if self.amount != rounded(self.amount, self.currency):
            raise ValueError(f"{self.amount} {self.currency} has more decimal places than the currency")
        return self

    def __str__(self) -> str:
        return f"{rounded(self.amount, self.currency):,} {self.currency}"


def places(currency: str) -> int:
    """How many decimal places the currency has."""
    return PLACES.get(currency, USUAL_PLACES)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """`amount` to the currency's decimal places, halves away from zero, as invoices round."""
    return amount.quantize(Decimal(1).scaleb(-places(currency)), ROUND_HALF_UP)


def in_minor_units(amount: Decimal, currency: str) -> int:
    """`amount` rounded and counted in the currency's smallest unit: 12.50 EUR are 1250."""
    return int(rounded(amount, currency).scaleb(places(currency)))


def from_minor_units(units: int, currency: str) -> Decimal:
    """The amount that many of the currency's smallest unit are."""
    return Decimal(units).scaleb(-places(currency))
