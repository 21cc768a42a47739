"""What an HTTP answer or a broken connection means: from statuses and httpx errors to the error tree.

`Http` uses this for its own requests; connectors built on a client library use it for the library's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from integrations.errors import ConnectorError, InvalidRequest, NotFound, RateLimited, Unauthorized, Unavailable
from integrations.http.redaction import Redactor
from workflows.engine.policy import Effect

DETAIL_LENGTH = 200
LONGEST_PAUSE = timedelta(days=1)
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
NEVER_DONE = frozenset({409, 423, 425})
"""Conflict, Locked and Too Early: nothing was done, and a moment later it may be."""
TRY_AGAIN = NEVER_DONE | {408}


@dataclass(frozen=True)
class Fault:
    """Where something went wrong, for words that help: which service, which thing, by a write or a read.

    `what` reads well after "for": "page 1a2b", "the post 'Cats'".
    """

    service: str
    what: str
    write: bool
    redact: Redactor = field(default_factory=Redactor)

    def status(self, code: int, headers: Mapping[str, str], detail: str = "") -> ConnectorError:
        """The error for an answer with `code`; `headers` are searched for Retry-After."""
        told = f"{code}: {self.clean(detail)}" if detail else str(code)
        pause = retry_after(headers, datetime.now(UTC))
        name, what = self.service, self.what
        if code == 429:
            words = f"{name} asked for a pause at {what} ({told}). Baton waits and tries again."
            return RateLimited(words, retry_after=pause)
        if code in TRY_AGAIN or code >= 500:
            words = f"{name} could not do its work for {what} ({told}). Baton tries again; if it stays, look at {name}."
            return Unavailable(words, effect=Effect.NONE if code in NEVER_DONE else self._effect(), retry_after=pause)
        if code in (401, 407):
            words = f"{name} did not accept the credential for {what} ({told})"
            return Unauthorized(f"{words}. Set a valid one, then press Resume.")
        if code in (402, 403):
            words = f"{name} does not allow access to {what} ({told})"
            return Unauthorized(f"{words}. Give the account the right to it, then press Resume.")
        if code in (404, 410):
            words = f"{name} does not have {what}, or does not share it with Baton ({told})"
            return NotFound(f"{words}. Check it, then press Resume.")
        if code < 400:
            return InvalidRequest(f"{name} sent Baton elsewhere for {what} ({told}). Set the final address of {name}.")
        return InvalidRequest(f"{name} did not accept the request for {what} ({told}). Change it, then start again.")

    def transport(self, error: httpx.TransportError) -> Unavailable:
        """The error for a request that got no whole answer."""
        reason = self.clean(str(error)) or type(error).__name__
        told = f"for {self.what} ({reason})"
        if isinstance(error, NEVER_SENT):
            words = f"{self.service} could not be reached {told}. Baton tries again; if it stays, check its address."
            return Unavailable(words, effect=Effect.NONE, retryable=not isinstance(error, httpx.UnsupportedProtocol))
        words = f"{self.service} did not finish its answer {told}. Baton finds out what happened, then tries again."
        return Unavailable(words, effect=self._effect())

    def nonsense(self, detail: str) -> Unavailable:
        """The error for an answer that can't be used; asking again won't help."""
        told = f"for {self.what} ({self.clean(detail)})"
        words = (
            f"{self.service} gave an answer {told} that Baton does not understand. Check the address of {self.service}."
        )
        return Unavailable(words, effect=self._effect(), retryable=False)

    @contextmanager
    def mapped(self) -> Iterator[None]:
        """Turn httpx's errors in the block into the error tree, without their addresses and headers."""
        try:
            yield
        except httpx.HTTPStatusError as error:
            raise self.answer(error.response) from None
        except httpx.TransportError as error:
            raise self.transport(error) from None
        except (httpx.InvalidURL, httpx.DecodingError, httpx.TooManyRedirects) as error:
            raise self.nonsense(str(error)) from None

    def answer(self, response: httpx.Response) -> ConnectorError:
        """The error for a response whose body was read."""
        return self.status(response.status_code, response.headers, detail_of(response))

    def clean(self, text: str) -> str:
        """`text` on one line, without secrets, shortened."""
        line = self.redact(" ".join(text.split()))
        return line if len(line) <= DETAIL_LENGTH else line[: DETAIL_LENGTH - 1] + "…"

    def _effect(self) -> Effect:
        return Effect.UNKNOWN if self.write else Effect.NONE


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The pause of a Retry-After header, given in seconds or as an HTTP date; None when there is none."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if not text:
        return None
    try:
        seconds = float(text) if text[0].isdigit() else (_http_date(text) - now).total_seconds()
    except ValueError:
        return None
    return timedelta(seconds=max(0.0, min(seconds, LONGEST_PAUSE.total_seconds())))


def _http_date(text: str) -> datetime:
    moment = parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def detail_of(response: httpx.Response) -> str:
    """The service's own words for what went wrong: the message of a JSON body, else nothing.

    HTML error pages are left out: they say nothing that helps, at length.
    """
    try:
        return _message_in(response.json())
    except (json.JSONDecodeError, UnicodeDecodeError, httpx.ResponseNotRead):
        text_body = response.headers.get("content-type", "").startswith("text/plain") and response.is_stream_consumed
        return response.text if text_body else ""


def _message_in(body: Any) -> str:
    if isinstance(body, str):
        return body
    if isinstance(body, list):
        return _message_in(body[0]) if body else ""
    if not isinstance(body, dict):
        return ""
    for name in ("message", "error", "detail", "error_description", "title", "errors"):
        found = _message_in(body.get(name))
        if found:
            return found
    return ""
