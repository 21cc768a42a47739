"""A transport for addresses that users or models supply: checked, pinned, and bounded in time.

The host is resolved once, every address it has is checked, and the connection goes to a checked address:
a second answer of the name server changes nothing. TLS and the Host header keep the host's name.
Resolving is bounded by the system's resolver, everything after it by `max_time`.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpcore
import httpx

from integrations.http.guard import AddressGuard

CONNECT_SECONDS = 5.0
MEANING: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.WriteTimeout, httpx.WriteTimeout),
    (httpcore.TimeoutException, httpx.ReadTimeout),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.NetworkError, httpx.ReadError),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.ProtocolError, httpx.RemoteProtocolError),
)


class GuardedTransport(httpx.BaseTransport):
    """An httpx transport that connects to checked addresses only, one connection per request.

    `max_time` bounds the request from connecting to the answer's last byte, however slowly the other side
    drips. Proxies of the environment are not used.
    """

    def __init__(
        self,
        guard: AddressGuard,
        max_time: timedelta = timedelta(seconds=20),
        tls: ssl.SSLContext | None = None,
        wire: httpcore.NetworkBackend | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guard = guard
        self._max_time = max_time.total_seconds()
        self._tls = tls
        self._wire = wire or httpcore.SyncBackend()
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` to a checked address of its host."""
        self._guard.check_url(request.url)
        deadline = _Deadline(self._max_time, self._clock)
        backend = _Pinned(self._guard, self._wire, deadline)
        if request.url.scheme == "https" and self._tls is None:
            self._tls = httpx.create_ssl_context()
        connections = httpcore.ConnectionPool(ssl_context=self._tls, network_backend=backend)
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        sent = httpcore.Request(request.method, url, headers=request.headers.raw, content=request.stream)
        try:
            with _as_httpx():
                answer = connections.handle_request(sent)
        except BaseException:
            connections.close()
            raise
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer, connections))


class _Deadline:
    """How much time a request has left."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Seconds until the end; raises `httpcore.ReadTimeout` when there are none."""
        left = self._end - self._clock()
        if left <= 0:
            raise httpcore.ReadTimeout(f"took longer than {self._seconds:g} s")
        return left


class _Pinned(httpcore.NetworkBackend):
    """Connects by the guard's addresses, and puts the deadline under every read and write."""

    def __init__(self, guard: AddressGuard, wire: httpcore.NetworkBackend, deadline: _Deadline) -> None:
        self._guard = guard
        self._wire = wire
        self._deadline = deadline

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._guard.addresses(host, port):
            seconds = min(CONNECT_SECONDS, self._deadline.left())
            try:
                return _Timed(self._wire.connect_tcp(address, port, timeout=seconds), self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Timed(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the deadline is shorter
        return self._inner.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the deadline is shorter
        self._inner.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline is shorter
    ) -> httpcore.NetworkStream:
        return _Timed(self._inner.start_tls(ssl_context, server_hostname, self._deadline.left()), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response, connections: httpcore.ConnectionPool) -> None:
        self._answer = answer
        self._connections = connections

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
        self._connections.close()


@contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except tuple(source for source, _ in MEANING) as error:
        meaning = next(target for source, target in MEANING if isinstance(error, source))
        raise meaning(str(error)) from error
