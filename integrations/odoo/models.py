"""What Odoo speaks: its settings and its answers, in which nothing is `false` and a link is a pair."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator


class OdooSettings(BaseModel):
    """Where Odoo is, who Baton is there, and what it may take for granted."""

    model_config = ConfigDict(frozen=True)

    url: str
    api_key: SecretStr
    database: str = ""
    """The database's name, where the server has several."""
    company: int = Field(default=0, ge=0)
    """The company's id; 0 for the user's own."""
    product: str = ""
    """The internal reference of the product that lines of orders are for."""
    journal: str = ""
    """The code of the journal that bills are paid from; "" for Odoo's own choice."""

    @field_validator("url")
    @classmethod
    def _secure(cls, url: str) -> str:
        if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise ValueError("the address must begin with https://, since the key is sent there")
        return url.rstrip("/")

    @field_validator("api_key")
    @classmethod
    def _there(cls, api_key: SecretStr) -> SecretStr:
        if not api_key.get_secret_value().strip():
            raise ValueError("the key is empty")
        return api_key


def _nothing(value: Any) -> Any:
    return None if value is False else value


def _text(value: Any) -> Any:
    return "" if value in (False, None) else value


def _link(value: Any) -> Any:
    if isinstance(value, list):
        return value[0] if value else None
    return None if value is False else value


def _amount(value: Any) -> Any:
    if value is False:
        return 0
    return repr(value) if isinstance(value, float) else value


Text = Annotated[str, BeforeValidator(_text)]
Link = Annotated[int | None, BeforeValidator(_link)]
Day = Annotated[date | None, BeforeValidator(_nothing)]
Number = Annotated[Decimal, BeforeValidator(_amount)]


class Record(BaseModel):
    """What Odoo answers; fields that nobody asked for are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: int


class Named(Record):
    name: Text = ""


class Contact(Named):
    """A partner."""

    vat: Text = ""
    ref: Text = ""
    email: Text = ""
    street: Text = ""
    zip: Text = ""
    city: Text = ""


class Account(Record):
    code: Text = ""


class Precision(Record):
    """How many decimal places Odoo keeps of something."""

    digits: int


class Order(Named):
    """A purchase order."""

    state: str
    partner_id: Link
    currency_id: Link
    partner_ref: Text = ""


class OrderLine(Named):
    display_type: Text = ""
    product_qty: Number = Decimal(0)
    price_unit: Number = Decimal(0)
    qty_received: Number = Decimal(0)
    order_id: Link = None


class Bill(Named):
    """A vendor's bill."""

    move_type: str
    state: str
    payment_state: Text = ""
    partner_id: Link
    currency_id: Link
    ref: Text = ""
    invoice_date: Day = None
    amount_total: Number
    amount_residual: Number
    reversal_move_ids: tuple[int, ...] = ()


class BillLine(Named):
    display_type: Text = ""
    quantity: Number = Decimal(0)
    price_unit: Number = Decimal(0)
    amount_currency: Number = Decimal(0)
    account_id: Link = None
    purchase_line_id: Link = None


class OdooPayment(Record):
    amount: Number
    currency_id: Link
    date: date
    memo: Text = ""
    state: str
    reconciled_bill_ids: tuple[int, ...] = ()
