"""Purchase orders in Odoo: their lines are for one product, which is received by hand."""

from __future__ import annotations

from decimal import Decimal

from integrations.erp import Line, OrderState, PurchaseOrder
from integrations.errors import InvalidRequest
from integrations.odoo import lines, partners
from integrations.odoo.api import OdooApi, number_of
from integrations.odoo.models import Named, Order, OrderLine

MODEL = "purchase.order"
LINE = "purchase.order.line"
FIELDS = ("name", "state", "partner_id", "currency_id", "partner_ref")
LINE_FIELDS = ("name", "display_type", "product_qty", "price_unit", "qty_received", "order_id")
FROM: dict[OrderState, tuple[OrderState, ...]] = {
    "confirmed": ("draft",), "received": ("confirmed",), "cancelled": ("draft", "confirmed"),
}  # fmt: skip
FINE: dict[OrderState, tuple[OrderState, ...]] = {
    "confirmed": ("confirmed", "received"), "received": ("received",), "cancelled": ("cancelled",),
}  # fmt: skip


def get(api: OdooApi, order_id: str) -> Order:
    """The order with this id; raises NotFound."""
    return api.get(Order, MODEL, number_of(order_id, "purchase order"), FIELDS, what=f"purchase order {order_id}")


def lines_of(api: OdooApi, order: Order) -> tuple[OrderLine, ...]:
    """What was ordered, without headings and notes."""
    domain = [["order_id", "=", order.id], ["display_type", "=", False]]
    return api.search(OrderLine, LINE, domain, LINE_FIELDS, what=f"the lines of order {order.id}", order="sequence, id")


def made_with(api: OdooApi, mark: str) -> Order | None:
    """The order that has this mark for its source."""
    found = api.search(Order, MODEL, [["origin", "=", mark]], FIELDS, what="the purchase order", limit=1)
    return found[0] if found else None


def create(api: OdooApi, product: str, order: PurchaseOrder, mark: str) -> Order:
    """Draft an order."""
    partner = partners.get(api, order.partner)
    lines.accounts_of(api, order.lines)
    lines.must_keep_prices(api, order.lines)
    product_id = _product(api, product)
    values = {
        "partner_id": partner.id,
        "currency_id": api.currency(order.currency),
        "partner_ref": order.reference or False,
        "origin": mark,
        "order_line": [
            [0, 0, {
                "product_id": product_id, "name": line.description, "product_qty": float(line.quantity),
                "price_unit": float(line.unit_price), "tax_ids": [[6, 0, []]],
            }]
            for line in order.lines
        ],
    }  # fmt: skip
    return get(api, str(api.create(MODEL, values, what=f"a purchase order for {partner.name}")))


def move(api: OdooApi, order_id: str, to: OrderState) -> Order:
    """Bring an order into another state, unless it is there already."""
    order = get(api, order_id)
    state = state_of(order, lines_of(api, order))
    if state in FROM[to]:
        try:
            _press(api, order, to)
        except InvalidRequest:  # somebody may have been there first
            if state_of(get(api, order_id), lines_of(api, order)) not in FINE[to]:
                raise
        order = get(api, order_id)
        state = state_of(order, lines_of(api, order))
    if state not in FINE[to]:
        raise InvalidRequest(f"The order {order.name} is {state} and can't become {to}. Look at it in Odoo.")
    return order


def state_of(order: Order, ordered: tuple[OrderLine, ...]) -> OrderState:
    """What an order's state is to us; one that waits for approval in Odoo is a draft."""
    if order.state == "cancel":
        return "cancelled"
    if order.state not in {"purchase", "done"}:
        return "draft"
    return "received" if all(line.qty_received >= line.product_qty for line in ordered) else "confirmed"


def order_of(api: OdooApi, order: Order) -> PurchaseOrder:
    """An order as workflows see it."""
    ordered = lines_of(api, order)
    found = tuple(
        Line(description=line.name or "Line", quantity=line.product_qty, unit_price=line.price_unit)
        for line in ordered
        if line.product_qty > Decimal(0)
    )
    if not found:
        raise InvalidRequest(f"The order {order.name} has no lines. Look at it in Odoo.")
    return PurchaseOrder(
        id=str(order.id),
        number=order.name,
        partner=str(order.partner_id),
        currency=api.currency_code(order.currency_id),
        lines=found,
        reference=order.partner_ref,
        state=state_of(order, ordered),
    )


# ---------------------------------------------------------------------------------------------------------


def _press(api: OdooApi, order: Order, to: OrderState) -> None:
    what = f"purchase order {order.id}"
    if to == "received":
        received = [[1, line.id, {"qty_received": float(line.product_qty)}] for line in lines_of(api, order)]
        api.write(MODEL, order.id, {"order_line": received}, what=what)
    else:
        api.press(MODEL, order.id, "button_confirm" if to == "confirmed" else "button_cancel", what=what)


def _product(api: OdooApi, reference: str) -> int:
    if not reference:
        raise InvalidRequest(
            "Odoo orders products only. Make a service that can be purchased, and name its internal reference in "
            "ODOO_PRODUCT."
        )
    domain = [["default_code", "=", reference]]
    found = api.search(Named, "product.product", domain, ("name",), what=f"product {reference}", limit=1)
    if not found:
        raise InvalidRequest(f"Odoo has no product {reference!r}. Check ODOO_PRODUCT, then start again.")
    return found[0].id
