"""What Tryton speaks: its settings, its answers, and how it writes numbers and days."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

EXTERNAL = "external:"
"""Begins the identifier of a party that holds another system's id."""


class TrytonSettings(BaseModel):
    """Where Tryton is, who Baton is there, and whose books are kept."""

    model_config = ConfigDict(frozen=True)

    url: str
    """With the database's name at its end, such as https://tryton.example.org/books."""
    key: SecretStr
    """A user application's key, for the REST interface."""
    user: str = ""
    """The same user's login, for payments; "" when none are to be made."""
    password: SecretStr | None = None
    company: int = Field(default=1, gt=0)
    """The company's id."""
    payment_method: str = ""
    """The name of the method that payments go by; "" for the company's only one."""

    @field_validator("url")
    @classmethod
    def _secure(cls, url: str) -> str:
        if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise ValueError("the address must begin with https://, since the key is sent there")
        if len(url.rstrip("/").split("/")) < 4:
            raise ValueError("the address must end with the database's name, as in https://tryton.example.org/books")
        return url.rstrip("/")

    @field_validator("key")
    @classmethod
    def _there(cls, key: SecretStr) -> SecretStr:
        if not key.get_secret_value().strip():
            raise ValueError("the key is empty")
        return key

    @model_validator(mode="after")
    def _both(self) -> TrytonSettings:
        if bool(self.user) is not bool(self.password and self.password.get_secret_value()):
            raise ValueError("the user and the password go together: give both, or neither")
        return self


# numbers, days and references ----------------------------------------------------------------------------


def decimal_out(amount: Decimal) -> dict[str, str]:
    """A decimal as Tryton reads it."""
    return {"__class__": "Decimal", "decimal": f"{amount:f}"}


def day_out(day: date) -> dict[str, Any]:
    """A day as Tryton reads it."""
    return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}


def _decimal_in(value: Any) -> Any:
    if isinstance(value, dict):
        return value.get("decimal")
    return repr(value) if isinstance(value, float) else value


def _day_in(value: Any) -> Any:
    if isinstance(value, dict):
        return date(value["year"], value["month"], value["day"])
    return value


def _text_in(value: Any) -> Any:
    return "" if value is None else value


Number = Annotated[Decimal, BeforeValidator(_decimal_in)]
Day = Annotated[date, BeforeValidator(_day_in)]
Text = Annotated[str, BeforeValidator(_text_in)]


# answers -------------------------------------------------------------------------------------------------


class Record(BaseModel):
    """What Tryton answers; fields that nobody asked for are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: int


class Coded(Record):
    """A currency or an account, by its code."""

    code: Text = ""


class Named(Record):
    """Something with a name."""

    name: Text = ""


class Identifier(Record):
    type: Text = ""
    code: Text = ""


class Address(Record):
    street: Text = ""
    postal_code: Text = ""
    city: Text = ""


class Mechanism(Record):
    type: Text = ""
    value: Text = ""


class Party(Named):
    """A party with what a partner is made of."""

    identifiers: tuple[Identifier, ...] = ()
    addresses: tuple[Address, ...] = ()
    contact_mechanisms: tuple[Mechanism, ...] = ()
    account_payable: int | None = None


class AccountType(Record):
    expense: bool | None = None
    debt: bool | None = None


class Account(Coded):
    """An account; one without a type only sums others up."""

    type: AccountType | None = None

    @property
    def takes_lines(self) -> bool:
        """Whether Tryton lets a bill's line be on it; a tax may be on any."""
        return self.type is not None and bool(self.type.expense or self.type.debt)


class DocumentLine(Record):
    type: str = "line"
    description: Text = ""
    quantity: Number | None = None
    unit_price: Number | None = None
    account: Coded | None = None
    origin: Text = ""


class Tax(Record):
    description: Text = ""
    amount: Number
    account: Coded | None = None


class Order(Record):
    """A purchase."""

    number: Text = ""
    state: str
    shipment_state: str = "none"
    party: int
    currency: Coded
    reference: Text = ""
    lines: tuple[DocumentLine, ...] = ()


class Numbered(Record):
    number: Text = ""


class Bill(Record):
    """A supplier's invoice."""

    type: str
    number: Text = ""
    state: str
    party: int
    currency: Coded
    account: int
    reference: Text = ""
    invoice_date: Day | None = None
    total_amount: Number
    amount_to_pay: Number
    move: int | None = None
    cancel_move: Numbered | None = None
    lines: tuple[DocumentLine, ...] = ()
    taxes: tuple[Tax, ...] = ()


class MoveLine(Record):
    account: int
    debit: Number
    credit: Number
    amount_second_currency: Number | None = None
    second_currency: Coded | None = None
    reconciliation: int | None = None


class Move(Record):
    """An entry in a journal."""

    date: Day
    description: Text = ""
    origin: Text = ""
    lines: tuple[MoveLine, ...] = ()


class Company(Record):
    """Whose books they are."""

    party: int
    currency: Coded


class OfLine(Record):
    """Which purchase a line is of."""

    purchase: int


class Configuration(Record):
    """What Tryton takes where nothing is said."""

    default_account_payable: int | None = None
    default_category_account_expense: int | None = None


class RpcAnswer(BaseModel):
    """What a call of JSON-RPC gave, or why not."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    result: Any = None
    error: tuple[Any, ...] | None = None
