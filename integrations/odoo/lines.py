"""What lines of orders and bills need of Odoo: accounts, and prices that it keeps whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from integrations.erp import Line
from integrations.errors import InvalidRequest
from integrations.odoo.api import OdooApi
from integrations.odoo.models import Account, Precision

USUAL_DIGITS = 2


def accounts_of(api: OdooApi, lines: Iterable[Line]) -> Mapping[str, int]:
    """The ids of the accounts that lines name, by code; raises InvalidRequest."""
    named = sorted({line.account for line in lines} - {""})
    if not named:
        return {}
    domain = [["code", "in", named]]
    there = api.search(Account, "account.account", domain, ("code",), what="the accounts of the lines")
    found = {one.code: one.id for one in there}
    unknown = [code for code in named if code not in found]
    if unknown:
        raise InvalidRequest(
            f"Odoo has no account {', '.join(unknown)}. Choose others from its chart of accounts, then start again."
        )
    return found


def codes_of(api: OdooApi, ids: Iterable[int]) -> Mapping[int, str]:
    """The codes of accounts, by id."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    there = api.search(Account, "account.account", [["id", "in", wanted]], ("code",), what="the accounts of the lines")
    return {one.id: one.code for one in there}


def must_keep_prices(api: OdooApi, lines: Iterable[Line]) -> None:
    """Whether Odoo keeps as many decimal places as the prices have; else it would round them before it counts."""
    most = max(_places(line) for line in lines)
    if most <= USUAL_DIGITS:
        return
    domain = [["name", "=", "Product Price"]]
    found = api.search(Precision, "decimal.precision", domain, ("digits",), what="its accuracy of prices", limit=1)
    digits = found[0].digits if found else USUAL_DIGITS
    if most > digits:
        raise InvalidRequest(
            f"A unit price has {most} decimal places, and Odoo keeps {digits}. Raise the accuracy of Product Price "
            "there, or change the price, then start again."
        )


def _places(line: Line) -> int:
    exponent = line.unit_price.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
