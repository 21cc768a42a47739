"""Something we depend on goes away and comes back: each is said once."""

from __future__ import annotations

import threading

import structlog


class Outage:
    """Logs the first failure of a row and the first success after it. Threads may share one."""

    def __init__(self, what: str, **context: object) -> None:
        self._what = what
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__).bind(**context)
        self._lock = threading.Lock()
        self._failures = 0

    @property
    def delay(self) -> float:
        """Seconds to wait before the next try: a tenth at first, two at most, 0 while all is well."""
        failures = self._failures
        return min(0.1 * 2 ** (failures - 1), 2.0) if failures else 0.0

    def failed(self, error: BaseException) -> None:
        """Count a failure."""
        with self._lock:
            self._failures = min(self._failures + 1, 16)
            first = self._failures == 1
        if first:
            self._log.warning(f"{self._what} is failing", error=f"{type(error).__name__}: {error}")

    def worked(self) -> bool:
        """Count a success; says whether it ended an outage."""
        if not self._failures:
            return False
        with self._lock:
            back, self._failures = self._failures > 0, 0
        if back:
            self._log.info(f"{self._what} is fine again")
        return back
