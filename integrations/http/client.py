"""The one way connectors speak HTTP: authentication, timeouts, bounds, pace, and errors in one tree."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import httpx
from pydantic import SecretStr, TypeAdapter, ValidationError

from integrations.http.faults import Fault
from integrations.http.gate import Gate, governing
from integrations.http.redaction import Redactor, plain, secrets_in
from integrations.http.transports import READS, Bounded, Checked, Gated, too_large
from integrations.rates import UNLIMITED, Limits, Rate
from workflows.engine.policy import Effect

USER_AGENT = "Baton (durable workflows)"
TIMEOUT = timedelta(seconds=30)
CONNECT_TIMEOUT = timedelta(seconds=5)
MAX_BYTES = 16_000_000

T = TypeVar("T")


class Http:
    """A service's HTTP interface, for one connector and all its threads.

    It never retries: the engine does, which knows the run. It follows no redirect. `secrets` are values
    that no error or log may show; the values of authorising headers count as such anyway. `base_url` may
    have a path; request paths are relative to it. `limits` are what the service allows one credential; they are
    kept together with all workers by the registry's gate, unless another `gate` is given.
    """

    def __init__(
        self,
        service: str,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | httpx.Auth | None = None,
        secrets: Iterable[str | SecretStr] = (),
        timeout: timedelta = TIMEOUT,
        max_bytes: int = MAX_BYTES,
        limits: Limits | Rate = UNLIMITED,
        gate: Gate | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.service = service
        self.base_url = base_url
        self.max_bytes = max_bytes
        self._headers = {"User-Agent": USER_AGENT, "Accept": "application/json", **(headers or {})}
        self._auth = auth
        passwords = auth if isinstance(auth, tuple) else ()
        known = [*secrets, *passwords[1:], *secrets_in(self._headers.items())]
        self.redact = Redactor(known)
        self._timeout = timeout
        self._way = (gate or governing()).way(
            service, base_url, Limits(limits) if isinstance(limits, Rate) else limits, plain(known)
        )
        self._transport = transport
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()

    @property
    def client(self) -> httpx.Client:
        """The client below, for libraries that take one; made at first use.

        Its requests are checked, paced and bounded like ours; map its errors with `fault(…).mapped()`.
        """
        with self._lock:
            if self._client is None:
                self._client = self._open()
            return self._client

    def layered(self) -> httpx.BaseTransport:
        """The transport with all layers, for a client that some library insists on making itself."""
        wire = self._transport or httpx.HTTPTransport()
        return Gated(Checked(Bounded(wire, self.max_bytes, self.service)), self._way)

    def fault(self, what: str, *, write: bool) -> Fault:
        """What to say when a request for `what` fails; `write` when it may change something there."""
        return Fault(self.service, what, write, self.redact)

    def request(
        self, method: str, path: str, *, what: str, write: bool | None = None, **options: Any
    ) -> httpx.Response:
        """Send a request and return the answer with its body read; anything but 2xx is an error of the tree.

        `what` names the thing for people ("page 1a2b"). `write=False` marks a POST that only asks.
        `options` are httpx's: `params`, `json`, `data`, `files`, `content`, `headers`, `timeout`.
        """
        changes = method.upper() not in READS if write is None else write
        fault = self.fault(what, write=changes)
        with fault.mapped(), self.client.stream(method, path, **options) as stream:
            response = self._whole(stream, Effect.UNKNOWN if changes else Effect.NONE)
        if not response.is_success:
            raise fault.answer(response)
        return response

    def ask(self, shape: type[T], method: str, path: str, *, what: str, write: bool | None = None, **options: Any) -> T:
        """Send a request and return its JSON answer as `shape`, a pydantic model or any type pydantic knows."""
        response = self.request(method, path, what=what, write=write, **options)
        changes = method.upper() not in READS if write is None else write
        try:
            return TypeAdapter(shape).validate_json(response.content)
        except ValidationError as error:
            raise self.fault(what, write=changes).nonsense(_places(error)) from None

    def json(self, method: str, path: str, *, what: str, write: bool | None = None, **options: Any) -> Any:
        """Send a request and return its JSON answer as it is; `ask` is better where a model exists."""
        return self.ask(object, method, path, what=what, write=write, **options)

    def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None

    def _open(self) -> httpx.Client:
        for name in ("httpx", "httpcore"):  # they log whole addresses, and those may hold tokens
            logging.getLogger(name).setLevel(logging.WARNING)
        return httpx.Client(
            base_url=self.base_url,
            headers=self._headers,
            auth=self._auth,
            timeout=httpx.Timeout(self._timeout.total_seconds(), connect=CONNECT_TIMEOUT.total_seconds()),
            transport=self.layered(),
            follow_redirects=False,
        )

    def _whole(self, stream: httpx.Response, effect: Effect) -> httpx.Response:
        """The answer with its body, bounded after decompression too."""
        parts: list[bytes] = []
        size = 0
        for part in stream.iter_bytes():
            size += len(part)
            if size > self.max_bytes:
                raise too_large(self.service, self.max_bytes, effect)
            parts.append(part)
        headers = stream.headers.copy()
        for name in ("content-encoding", "content-length", "transfer-encoding"):
            headers.pop(name, None)
        return httpx.Response(stream.status_code, headers=headers, content=b"".join(parts), request=stream.request)


def _places(error: ValidationError) -> str:
    """Where an answer does not fit, without its values: they may be secret."""
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
