"""The lines of orders and bills: to and from Tryton's lines, taxes and accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from integrations.erp import Line, total_of
from integrations.errors import InvalidRequest
from integrations.money import places, rounded
from integrations.tryton.api import TrytonApi
from integrations.tryton.models import Account, Coded, Configuration, DocumentLine, Tax, decimal_out

ROUNDING = "Rounding"
"""Tryton rounds half a cent to the even one and Baton upwards: a line of this name makes up for it."""
CONFIGURATION = "account.configuration"
ACCOUNT_FIELDS = ("code", "type.expense", "type.debt")
Values = dict[str, Any]


def accounts_of(api: TrytonApi, lines: Iterable[Line]) -> Mapping[str, Account]:
    """The accounts that lines name, by code, and the one for those that name none; raises InvalidRequest."""
    codes = {line.account for line in lines}
    named = sorted(codes - {""})
    found: dict[str, Account] = {}
    if named:
        domain = [["code", "in", named], ["company", "=", api.company], ["closed", "!=", True]]
        there = api.search(Account, "account.account", domain, ACCOUNT_FIELDS, what="the accounts of the lines")
        found = {one.code: one for one in there if one.type is not None}
    unknown = [code for code in named if code not in found]
    if unknown:
        raise InvalidRequest(
            f"Tryton has no account {', '.join(unknown)} that can be booked on. Choose others from its chart of "
            "accounts, then start again."
        )
    if "" in codes:
        found[""] = _for_expenses(api)
    return found


def order_lines(lines: tuple[Line, ...]) -> list[Values]:
    """An order's lines for Tryton, which keeps no accounts with them."""
    return [_line(line) for line in lines]


def bill_lines(
    lines: tuple[Line, ...], currency: Coded, accounts: Mapping[str, Account], origins: tuple[str, ...] = ()
) -> tuple[list[Values], list[Values]]:
    """A bill's lines for Tryton: what was bought, and the taxes, which are those on other accounts than expenses.

    `origins` are the order's lines, in the same order.
    """
    bought: list[Values] = []
    taxes: list[Values] = []
    missing = Decimal(0)
    common = {"invoice_type": "in", "currency": currency.id}
    for number, line in enumerate(lines):
        account = accounts[line.account]
        exact = line.quantity * line.unit_price
        if account.takes_lines:
            origin = {"origin": origins[number]} if number < len(origins) else {}
            bought.append({**_line(line), **common, **origin, "account": account.id})
            missing += rounded(exact, currency.code) - _half_even(exact, currency.code)
        else:
            amount = decimal_out(rounded(exact, currency.code))
            taxes.append({"description": line.description, "account": account.id, "amount": amount, "manual": True})
    if missing:
        made_up = _line(Line(description=ROUNDING, unit_price=missing))
        bought.append({**made_up, **common, "account": bought[0]["account"]})
    return bought, taxes


def lines_of(
    lines: tuple[DocumentLine, ...], taxes: tuple[Tax, ...], total: Decimal, currency: str
) -> tuple[Line, ...]:
    """Tryton's lines and taxes as workflows see them; they come to Tryton's total."""
    found = [made for line in lines if line.description != ROUNDING and (made := plain_line(line)) is not None]
    for tax in taxes:
        if tax.amount:
            code = tax.account.code if tax.account else ""
            found.append(Line(description=tax.description or "Tax", unit_price=tax.amount, account=code))
    difference = total - total_of(tuple(found), currency).amount
    if difference:
        found.append(Line(description=ROUNDING, unit_price=difference))
    return tuple(found)


def plain_line(line: DocumentLine) -> Line | None:
    """One of Tryton's lines; None for a title, a comment, or nothing."""
    if line.type != "line" or not line.quantity or line.unit_price is None:
        return None
    turned = -1 if line.quantity < 0 else 1
    return Line(
        description=line.description or "Line",
        quantity=turned * line.quantity,
        unit_price=turned * line.unit_price,
        account=line.account.code if line.account else "",
    )


# ---------------------------------------------------------------------------------------------------------


def _line(line: Line) -> Values:
    return {
        "type": "line",
        "description": line.description,
        "quantity": float(line.quantity),
        "unit_price": decimal_out(line.unit_price),
    }


def _half_even(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-places(currency)), ROUND_HALF_EVEN)


def _for_expenses(api: TrytonApi) -> Account:
    what = "its accounts for what is not said"
    chosen = api.get(Configuration, CONFIGURATION, 1, ("default_category_account_expense",), what=what)
    if chosen.default_category_account_expense is None:
        raise InvalidRequest(
            "Tryton has no account for expenses that name none. Set a default one in its configuration of accounts, "
            "or name an account on each line, then start again."
        )
    account_id = chosen.default_category_account_expense
    return api.get(Account, "account.account", account_id, ACCOUNT_FIELDS, what=f"account {account_id}")
