"""What happens around every outbound request: small layers over an httpx transport.

They sit below the client, so a client library that takes an `httpx.Client` gets them too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx

from integrations.errors import Unavailable
from integrations.http.gate import Way
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


class Gated(httpx.BaseTransport):
    """Goes through the gate: a short wait is waited out here, a longer one goes back to the engine."""

    def __init__(self, inner: httpx.BaseTransport, way: Way) -> None:
        self._inner = inner
        self._way = way

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` when its turn comes, and take to heart what the answer says of limits."""
        path = request.url.path
        with self._way.entered(request.method, path):
            response = self._inner.handle_request(request)
            self._way.answered(request.method, path, response.status_code, response.headers)
            if isinstance(response.stream, httpx.SyncByteStream) and not response.is_closed:
                response.stream = _Leaving(response.stream, self._way.left)
            else:
                self._way.left()
        return response

    def close(self) -> None:
        """Close the connections below."""
        self._inner.close()


class _Leaving(httpx.SyncByteStream):
    """An answer's body; when it is closed, the service is left."""

    def __init__(self, stream: httpx.SyncByteStream, leave: Callable[[], None]) -> None:
        self._stream = stream
        self._leave: Callable[[], None] | None = leave

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        leave, self._leave = self._leave, None
        try:
            self._stream.close()
        finally:
            if leave is not None:
                leave()


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
