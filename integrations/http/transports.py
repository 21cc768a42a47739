"""What happens around every outbound request: small layers over an httpx transport.

They sit below the client, so a client library that takes an `httpx.Client` gets them too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx

from integrations.errors import RateLimited, Unavailable
from integrations.http.faults import retry_after
from integrations.http.rate import RateLimit
from workflows.engine.policy import Effect, current_call

RUN_HEADER = "X-Baton-Run"
READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Checked(httpx.BaseTransport):
    """Asks just before sending whether this worker still holds the run, and names the run to the service.

    With `named=False` the run is not named: strangers need not know it.
    """

    def __init__(self, inner: httpx.BaseTransport, *, named: bool = True) -> None:
        self._inner = inner
        self._named = named

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` unless the run was lost or the attempt is past its deadline."""
        call = current_call()
        if call is not None:
            if self._named:
                request.headers[RUN_HEADER] = call.run_id
            call.check()
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the connections below."""
        self._inner.close()


class Paced(httpx.BaseTransport):
    """Keeps to a rate limit: a short wait is waited out here, a longer one goes back to the engine."""

    def __init__(
        self,
        inner: httpx.BaseTransport,
        limit: RateLimit,
        service: str,
        patience: timedelta = timedelta(seconds=2),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._inner = inner
        self._limit = limit
        self._service = service
        self._patience = patience
        self._sleep = sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` when its turn comes; a 429 holds everybody for as long as the service says."""
        wait = self._limit.take(self._patience)
        if wait > self._patience:
            words = f"Baton already asks {self._service} as often as its limit allows"
            raise RateLimited(f"{words}. It goes on in {wait.total_seconds():.0f} s.", retry_after=wait)
        if wait:
            self._sleep(wait.total_seconds())
        response = self._inner.handle_request(request)
        if response.status_code == 429:
            self._limit.hold(retry_after(response.headers, datetime.now(UTC)) or timedelta(0))
        return response

    def close(self) -> None:
        """Close the connections below."""
        self._inner.close()


class Bounded(httpx.BaseTransport):
    """Breaks off an answer of more than `limit` bytes on the wire."""

    def __init__(self, inner: httpx.BaseTransport, limit: int, service: str) -> None:
        self._inner = inner
        self._limit = limit
        self._service = service

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`; reading its answer raises Unavailable once it is too large."""
        response = self._inner.handle_request(request)
        effect = Effect.NONE if request.method in READS else Effect.UNKNOWN
        if isinstance(response.stream, httpx.SyncByteStream):
            response.stream = _Measured(response.stream, self._limit, self._service, effect)
        return response

    def close(self) -> None:
        """Close the connections below."""
        self._inner.close()


class _Measured(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, limit: int, service: str, effect: Effect) -> None:
        self._stream = stream
        self._limit = limit
        self._service = service
        self._effect = effect

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for part in self._stream:
            size += len(part)
            if size > self._limit:
                raise too_large(self._service, self._limit, self._effect)
            yield part

    def close(self) -> None:
        self._stream.close()


def too_large(service: str, limit: int, effect: Effect) -> Unavailable:
    """The error for an answer over `limit` bytes."""
    words = f"{service} answered with more than {limit:,} bytes, which is over the limit. Ask for less."
    return Unavailable(words, effect=effect, retryable=False)
