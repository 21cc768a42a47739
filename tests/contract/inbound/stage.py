"""A store with its book of what came in, and a hook whose function a test gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pydantic import BaseModel

from workflows import Act, Hook, HookEvent, SendSignal, StartRun, workflow
from workflows import Run as Handle
from workflows.engine.hooks.ports import InboundBook, Took
from workflows.engine.hooks.taking import Taking
from workflows.engine.model import Run
from workflows.engine.ports import RunQuery, Store
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness

ACTOR = "hook:shop"


class Order(BaseModel):
    number: int


class Paid(BaseModel):
    amount: int


@workflow("shipping")
def shipping(run: Handle, order: Order) -> int:
    """Waits until the order is paid."""
    return run.signal("paid", Paid).amount


@workflow("guarded", starters=("test:ana",))
def guarded(run: Handle, order: Order) -> int:
    return order.number


def starts(event: HookEvent) -> Act:
    return StartRun("shipping", event.data)


def pays(event: HookEvent) -> Act:
    return SendSignal(event.run, "paid", event.data)


SHOP = Hook("shop", "Shop", "standard", starts)


class Post:
    """One installation whose hook may start and signal `shipping`."""

    def __init__(self, store: Store, book: InboundBook, clock: ManualClock) -> None:
        self.harness = Harness(shipping, guarded, store=store, clock=clock)
        service = self.harness.service
        service.access = replace(service.access, hooks={"shop": ("shipping", "guarded", "lost")})
        self.store, self.book, self.clock = store, book, clock
        self.taking = Taking(service, book)

    def tell(
        self, act: Callable[[HookEvent], Act | None], event_id: str = "e1", data: object = None, run: str = ""
    ) -> Took:
        """Let the shop tell of something."""
        event = HookEvent(event_id, "order.placed", {"number": 7} if data is None else data, run)
        return self.taking.take(replace(SHOP, act=act), event)

    def runs(self) -> list[Run]:
        return list(self.store.runs(RunQuery(limit=100)))
