"""Fetch a page from an address that a user or a model supplied."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import httpx

from integrations.errors import InvalidRequest
from integrations.http.client import USER_AGENT
from integrations.http.faults import Fault
from integrations.http.guard import AddressGuard
from integrations.http.guarded import GuardedTransport
from integrations.http.transports import Checked, too_large
from workflows.engine.policy import Effect

TEXT_TYPES = ("text/html", "text/plain", "text/markdown", "application/xhtml+xml", "application/json")
MAX_REDIRECTS = 5
MAX_BYTES = 4_000_000
MAX_TIME = timedelta(seconds=20)


@dataclass(frozen=True)
class Page:
    """What was found at an address: data from strangers, never instructions."""

    url: str
    """Where the last redirect led."""
    content_type: str
    """In lower case, without parameters."""
    charset: str
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; what does not fit the character set is replaced."""
        try:
            return self.body.decode(self.charset, errors="replace")
        except LookupError:
            return self.body.decode("utf-8", errors="replace")


class PageReader:
    """Reads pages through the address guard, one request per redirect, each checked anew.

    `max_time` is for every request of the chain, `max_bytes` for the page. No cookies, no credentials, no
    compression (a small body that unpacks into a huge one is refused with it).
    """

    def __init__(self, guard: AddressGuard, *, max_bytes: int = MAX_BYTES, max_time: timedelta = MAX_TIME) -> None:
        self._transport = Checked(GuardedTransport(guard, max_time), named=False)
        self._max_bytes = max_bytes

    def fetch(self, url: str, accept: Iterable[str] = TEXT_TYPES) -> Page:
        """Read the page at `url`, which must be of one of the content types in `accept`."""
        wanted = tuple(accept)
        target = parsed(url)
        for _ in range(MAX_REDIRECTS + 1):
            found = self._fetch_one(target, wanted)
            if isinstance(found, Page):
                return found
            target = found
        words = f"{shown(parsed(url))} was redirected more than {MAX_REDIRECTS} times"
        raise InvalidRequest(f"{words}. Give the final address.")

    def _fetch_one(self, url: httpx.URL, accept: tuple[str, ...]) -> Page | httpx.URL:
        headers = {
            "User-Agent": USER_AGENT,
            "Accept": ", ".join(accept),
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        fault = Fault(url.host or "The address", shown(url), write=False)
        with fault.mapped():
            response = self._transport.handle_request(httpx.Request("GET", url, headers=headers))
            try:
                return self._read(url, response, accept, fault)
            finally:
                response.close()

    def _read(
        self, url: httpx.URL, response: httpx.Response, accept: tuple[str, ...], fault: Fault
    ) -> Page | httpx.URL:
        if response.has_redirect_location:
            return url.join(parsed(response.headers["location"]))
        if not response.is_success:
            raise fault.status(response.status_code, response.headers)
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in accept:
            words = f"{shown(url)} is of the type {kind[:60] or 'unknown'!r}, which Baton does not read"
            raise InvalidRequest(f"{words}. Give a page of text.")
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise fault.nonsense("it is compressed, although that was not asked for")
        return Page(str(url), kind, response.charset_encoding or "utf-8", self._body(response, fault))

    def _body(self, response: httpx.Response, fault: Fault) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in response.iter_raw():
            size += len(part)
            if size > self._max_bytes:
                raise too_large(fault.service, self._max_bytes, Effect.NONE)
            parts.append(part)
        return b"".join(parts)


def parsed(url: str) -> httpx.URL:
    """`url` as a URL; raises InvalidRequest for what is none."""
    try:
        return httpx.URL(url.strip())
    except httpx.InvalidURL:
        raise InvalidRequest("That is no web address. Give one that starts with https://.") from None


def shown(url: httpx.URL) -> str:
    """A URL as people may see it: without its query, which may hold tokens, and without credentials."""
    return f"{url.scheme}://{url.host}{url.path}"
