"""Faults that can be switched on, each for a number of times or until it is switched off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass
class Fault:
    """Something that goes wrong in the next calls of a method; `left` is None when it goes on."""

    kind: str
    method: str
    left: int | None
    error: str = ""
    status: int = 200
    retry_after: int = 0


class Faults:
    """The switches. Methods are Slack's names; `*` and `chat.*` mean several."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._drop: Callable[[], None] = lambda: None
        self._refresh: Callable[[], None] = lambda: None
        self._counts = {"duplicate": 0, "reorder": 0, "sign_wrongly": 0, "sign_late": 0}
        self._late = 0
        self._slow = 0.0
        self._slow_left: int | None = None
        self._down = ""

    def connect(self, drop: Callable[[], None], refresh: Callable[[], None]) -> None:
        """Who cuts sockets and who announces it first."""
        self._drop, self._refresh = drop, refresh

    # ---- switches

    def rate_limit(self, method: str = "*", retry_after: int = 30, times: int | None = 1) -> None:
        """Answer 429 with `Retry-After`."""
        self._add(Fault("limit", method, times, "ratelimited", 429, retry_after))

    def fail(
        self, method: str = "*", error: str = "internal_error", *, status: int = 200, times: int | None = 1
    ) -> None:
        """Answer with this error of Slack's, or with a bare HTTP status such as 503; nothing takes effect."""
        self._add(Fault("fail", method, times, error, status))

    def lose_answer(self, method: str = "*", times: int | None = 1) -> None:
        """Let calls take effect and cut the connection before the answer."""
        self._add(Fault("lose", method, times))

    def slow(self, seconds: float, times: int | None = None) -> None:
        """Answer each call so much later; 0 switches it off."""
        with self._lock:
            self._slow, self._slow_left = seconds, times

    def down(self, how: str = "refuse") -> None:
        """Slack is away: `refuse` cuts every connection, `503` answers so. Sockets are cut and stay so until `up`."""
        if how not in {"refuse", "503"}:
            raise ValueError(f"Slack can be down in two ways, 'refuse' and '503', not {how!r}.")
        with self._lock:
            self._down = how
        self._drop()

    def up(self) -> None:
        """Slack is back."""
        with self._lock:
            self._down = ""

    def drop_socket(self) -> None:
        """Cut every Socket Mode connection without a word."""
        self._drop()

    def refresh_socket(self) -> None:
        """Announce to every Socket Mode connection that it ends soon, then end it, as Slack does every few hours."""
        self._refresh()

    def duplicate_deliveries(self, count: int = 1) -> None:
        """Deliver the next events twice."""
        self._set("duplicate", count)

    def reorder(self, count: int = 2) -> None:
        """Hold so many of the next events back, then deliver them the other way round."""
        self._set("reorder", count)

    def sign_wrongly(self, count: int = 1) -> None:
        """Sign the next HTTP deliveries with another secret."""
        self._set("sign_wrongly", count)

    def sign_late(self, count: int = 1, *, seconds: int = 400) -> None:
        """Sign the next HTTP deliveries as if they were so old."""
        with self._lock:
            self._late = seconds
            self._counts["sign_late"] = count

    def clear(self) -> None:
        """Switch everything off."""
        with self._lock:
            self._faults.clear()
            self._counts = dict.fromkeys(self._counts, 0)
            self._slow, self._slow_left, self._down = 0.0, None, ""

    # ---- what the server asks

    @property
    def is_down(self) -> str:
        """How Slack is down, or nothing."""
        return self._down

    @property
    def reordering(self) -> int:
        """How many events are still to be held back."""
        return self._counts["reorder"]

    def take(self, kind: str, method: str) -> Fault | None:
        """The fault that strikes this call, used up once."""
        with self._lock:
            for fault in self._faults:
                if fault.kind == kind and fnmatchcase(method, fault.method):
                    if fault.left is not None:
                        fault.left -= 1
                        if fault.left <= 0:
                            self._faults.remove(fault)
                    return fault
        return None

    def delay(self) -> float:
        """How much later this call is answered."""
        with self._lock:
            if self._slow_left is not None:
                if self._slow_left <= 0:
                    return 0.0
                self._slow_left -= 1
            return self._slow

    def strikes(self, what: str) -> bool:
        """Whether the next delivery is struck, used up once."""
        with self._lock:
            if self._counts[what] <= 0:
                return False
            self._counts[what] -= 1
            return True

    def age(self) -> int:
        """How old the signature of this delivery claims to be, in seconds."""
        return self._late if self.strikes("sign_late") else 0

    def told(self) -> dict[str, Any]:
        """What is switched on, for the page."""
        with self._lock:
            listed = [f"{one.kind} {one.method} {one.error}".strip() for one in self._faults]
            return {"down": self._down, "slow": self._slow, "methods": listed, **self._counts}

    def _add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def _set(self, what: str, count: int) -> None:
        with self._lock:
            self._counts[what] = count
