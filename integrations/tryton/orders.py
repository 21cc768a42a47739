"""Purchase orders as Tryton's purchases.

Tryton takes a confirmed purchase back no more, so that ours is confirmed when theirs is a quotation, which has its
number and can still be cancelled, and received when theirs is confirmed.
"""

from __future__ import annotations

from integrations.erp import OrderState, PurchaseOrder
from integrations.errors import InvalidRequest
from integrations.tryton import lines, partners
from integrations.tryton.api import TrytonApi, number_of
from integrations.tryton.documents import address_of, currency_named
from integrations.tryton.models import Order

PURCHASE = "purchase.purchase"
FIELDS = (
    "number", "state", "shipment_state", "party", "currency.code", "reference",
    "lines.type", "lines.description", "lines.quantity", "lines.unit_price",
)  # fmt: skip
WAYS: dict[OrderState, tuple[str, tuple[OrderState, ...], tuple[OrderState, ...]]] = {
    "confirmed": ("quote", ("draft",), ("confirmed", "received")),
    "received": ("confirm", ("confirmed",), ("received",)),
    "cancelled": ("cancel", ("draft", "confirmed"), ("cancelled",)),
}
"""To each state: the button, the states that it goes from, and those in which all is done."""


def get(api: TrytonApi, order_id: str) -> Order:
    """The purchase with this id; raises NotFound."""
    return api.get(Order, PURCHASE, number_of(order_id, "purchase order"), FIELDS, what=f"purchase order {order_id}")


def made_with(api: TrytonApi, mark: str) -> Order | None:
    """The purchase that has this mark for a description."""
    found = api.search(Order, PURCHASE, [["description", "=", mark]], FIELDS, what="the purchase order", limit=1)
    return found[0] if found else None


def create(api: TrytonApi, order: PurchaseOrder, mark: str) -> Order:
    """Draft a purchase."""
    party = partners.get(api, order.partner)
    lines.accounts_of(api, order.lines)
    values = {
        "company": api.company,
        "party": party.id,
        "invoice_address": address_of(party),
        "currency": currency_named(api, order.currency).id,
        "reference": order.reference or None,
        "description": mark,
        "invoice_method": "manual",
        "lines": [["create", lines.order_lines(order.lines)]],
    }
    return api.create(Order, PURCHASE, values, FIELDS, what=f"a purchase order for {party.name}")


def move(api: TrytonApi, order_id: str, to: OrderState) -> Order:
    """Bring a purchase into another state, unless it is there already."""
    button, allowed, fine = WAYS[to]
    order = get(api, order_id)
    if state_of(order) in allowed:
        try:
            api.press(PURCHASE, order.id, button, what=f"purchase order {order_id}")
        except InvalidRequest:  # somebody may have been there first
            if state_of(get(api, order_id)) not in fine:
                raise
        order = get(api, order_id)
    if state_of(order) not in fine:
        raise InvalidRequest(
            f"The order {order.number or order.id} is {state_of(order)} and can't become {to}. Look at it in Tryton."
        )
    return order


def state_of(order: Order) -> OrderState:
    """What a purchase's state is to us."""
    if order.state in {"draft", "cancelled"}:
        return "draft" if order.state == "draft" else "cancelled"
    booked = order.state in {"confirmed", "processing", "done"}
    return "received" if booked and order.shipment_state in {"none", "received"} else "confirmed"


def order_of(order: Order) -> PurchaseOrder:
    """A purchase as workflows see it."""
    found = tuple(made for line in order.lines if (made := lines.plain_line(line)) is not None)
    if not found:
        raise InvalidRequest(f"The order {order.number or order.id} has no lines. Look at it in Tryton.")
    return PurchaseOrder(
        id=str(order.id),
        number=order.number,
        partner=str(order.party),
        currency=order.currency.code,
        lines=found,
        reference=order.reference,
        state=state_of(order),
    )
