"""The door for calls of services: checked before anything is believed, and answered after it is written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime

import anyio
import anyio.to_thread
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.hooks.counting import HookCounts
from bot.hooks.senders import sender_of
from bot.hooks.standing import PATH, is_open
from bot.settings import Settings
from bot.web.bodies import TooLong, TooSlow, bounded_body
from workflows.catalog import Catalogue
from workflows.engine.errors import StoreUnavailable
from workflows.engine.hooks.definition import Hook, HookCall, HookEvent, Unreadable, Unsigned
from workflows.engine.hooks.model import InboundState
from workflows.engine.hooks.taking import Taking

MOST = 1024 * 1024
"""Bytes of a call that are read."""
SLOWEST = 10.0
"""Seconds that a call may take to arrive."""
PATIENCE = 20.0
"""Seconds for writing down what a call tells; after that the service is asked to tell it again."""
THREADS = 8
"""Calls that are dealt with at a time; others wait their turn."""
AGAIN = {"Retry-After": "30"}

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Failed(Exception):
    """Of a call's events some could not be dealt with: the service is to tell them again."""


class HookDoor:
    """Takes calls to `/hooks/NAME`. What is wrong with a call is counted and logged, and never told to the caller."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Callable[[], Catalogue],
        taking: Callable[[], Taking],
        now: Callable[[], datetime],
        counts: HookCounts,
        slowest: float = SLOWEST,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._taking = taking
        self._now = now
        self._counts = counts
        self._slowest = slowest
        self._threads = anyio.CapacityLimiter(THREADS)

    async def call(self, request: Request) -> Response:
        """Answer one call: 200 when all that it tells is written down, 503 when it is to be told again."""
        name = request.path_params["name"]
        hook = await anyio.to_thread.run_sync(
            lambda: is_open(name, self._settings, self._catalogue), limiter=self._threads
        )
        if hook is None:
            self._counts.count("", "unknown")
            return PlainTextResponse("There is no such hook.\n", 404)
        try:
            body = await bounded_body(request, MOST, self._slowest)
        except TooLong:
            return self._answer(hook, 413, "too long", "Too long.\n")
        except TooSlow:
            return self._answer(hook, 408, "too slow", "Too slow.\n")
        call = HookCall(self._uri(request), dict(request.headers), body, self._now(), request.method)
        with anyio.move_on_after(PATIENCE):
            return await anyio.to_thread.run_sync(
                lambda: self._dealt_with(hook, call), abandon_on_cancel=True, limiter=self._threads
            )
        return self._answer(hook, 503, "store away", "Not now.\n", f"nothing was written within {PATIENCE:.0f} seconds")

    def _dealt_with(self, hook: Hook, call: HookCall) -> Response:
        try:
            self._take(hook, self._events(hook, call))
        except Unsigned as error:
            return self._answer(hook, 401, "unsigned", "Not accepted.\n", str(error))
        except Unreadable as error:
            return self._answer(hook, 400, "unreadable", "Not accepted.\n", str(error))
        except StoreUnavailable as error:
            return self._answer(hook, 503, "store away", "Not now.\n", str(error))
        except Failed as error:
            return self._answer(hook, 500, "failed", "Not done.\n", str(error))
        return self._answer(hook, 200, "taken", "Thanks.\n")

    def _events(self, hook: Hook, call: HookCall) -> list[HookEvent]:
        """What a call tells of, once its signature is checked; an author's sender may raise anything."""
        sender = sender_of(hook)
        assert sender is not None, "an open hook has one"
        secrets = self._settings.baton_hook_secrets.get(hook.name, ())
        try:
            sender.check(call, secrets)
        except Unsigned:
            raise
        except Exception as error:  # noqa: BLE001 - what could not be checked is not believed
            raise Unsigned(f"The check raised {type(error).__name__}.") from None
        try:
            events = list(sender.events(call))
        except Unreadable:
            raise
        except Exception as error:  # noqa: BLE001 - so may it of reading
            raise Unreadable(f"Reading it raised {type(error).__name__}.") from None
        if not all(event.id for event in events):
            raise Unreadable("An event has no id.")
        return events

    def _take(self, hook: Hook, events: list[HookEvent]) -> None:
        """Deal with each event on its own: one that fails keeps none of the others from being written down."""
        taking, failed = self._taking(), Counter[str]()
        for event in events:
            took = taking.take(hook, event)
            inbound = took.inbound
            self._counts.count(hook.name, f"event {inbound.state if took.new else 'known'}")
            if inbound.state is InboundState.FAILED:
                failed[inbound.words] += 1
            if took.new:
                log.info(
                    "a hook told of something", hook=hook.name, event_id=inbound.event_id, type=inbound.type,
                    state=inbound.state.value, run_id=inbound.run_id, words=inbound.words,
                )  # fmt: skip
        if failed:
            raise Failed("; ".join(f"{words} ({number} times)" for words, number in failed.items()))

    def _answer(self, hook: Hook, status: int, outcome: str, told: str, why: str = "") -> Response:
        number = self._counts.count(hook.name, outcome)
        if status != 200 and (number & (number - 1)) == 0:  # the first, second, fourth, eighth …: a flood stays short
            log.warning("a call to a hook was not taken", hook=hook.name, outcome=outcome, why=why, number=number)
        return PlainTextResponse(told, status, headers=AGAIN if status == 503 else None)

    def _uri(self, request: Request) -> str:
        """The address as the service knows it: what signs it signs the public one."""
        query = f"?{request.url.query}" if request.url.query else ""
        return f"{self._settings.address}{PATH}{request.path_params['name']}{query}"
