"""Notion's client library over our own HTTP: our pace, bounds and checks below it, our errors above it."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
from notion_client import Client
from notion_client.client import ClientOptions
from notion_client.errors import HTTPResponseError, NotionClientErrorBase, RequestTimeoutError

from integrations.errors import ConnectorError, NotFound, Unauthorized
from integrations.http import Fault, Gate, Http, Rate
from integrations.http.client import USER_AGENT
from integrations.notion.models import NotionSettings

VERSION = "2025-09-03"
PACE = Rate(3, burst=6)
"""Notion's average for one integration; short bursts are allowed."""
PAGE_SIZE = 100

Json = dict[str, Any]
Call = Callable[[Client], Any]


class NotionApi:
    """Calls to Notion, with errors of our tree.

    The library would set its own address, time-out and headers on the client it is given, retry by itself
    and log to the console: the engine retries, and logs have one place.
    """

    def __init__(
        self, settings: NotionSettings, gate: Gate | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._settings = settings
        self._http = Http(
            "Notion",
            f"{settings.api_url}/v1/",
            secrets=(settings.token,),
            limits=PACE,
            gate=gate,
            transport=transport,
        )
        self._library: Client | None = None
        self._lock = threading.Lock()

    def ask(self, what: str, call: Call, *, write: bool = False) -> Json:
        """The answer to `call`; `what` names the thing for people ("page 1a2b3c4d")."""
        fault = self._http.fault(what, write=write)
        with fault.mapped():
            try:
                answer = call(self._client())
            except HTTPResponseError as error:
                raise _refusal(fault, error) from None
            except RequestTimeoutError as error:
                late = error.__context__
                raise fault.transport(
                    late if isinstance(late, httpx.TransportError) else httpx.ReadTimeout("")
                ) from None
            except NotionClientErrorBase as error:
                raise fault.nonsense(str(error)) from None
            except (json.JSONDecodeError, UnicodeDecodeError):
                raise fault.nonsense("it is no JSON") from None
        if not isinstance(answer, dict):
            raise fault.nonsense("it is no object")
        return answer

    def every(self, what: str, call: Callable[[Client, Json], Any]) -> Iterator[Json]:
        """The items of all pages of a list; `call` passes on the arguments that turn the pages."""
        turn: Json = {"page_size": PAGE_SIZE}
        while True:
            answer = self.ask(what, lambda client, turn=turn: call(client, turn))  # type: ignore[misc]
            yield from answer.get("results") or ()
            if not answer.get("has_more") or not answer.get("next_cursor"):
                return
            turn = {**turn, "start_cursor": answer["next_cursor"]}

    def _client(self) -> Client:
        with self._lock:
            if self._library is None:
                self._library = self._open()
            return self._library

    def _open(self) -> Client:
        ours = self._http.client
        patience = ours.timeout
        quiet = logging.getLogger("integrations.notion.library")
        options = ClientOptions(
            auth=self._settings.token.get_secret_value(),
            base_url=self._settings.api_url,
            notion_version=VERSION,
            retry=False,
            logger=quiet,
            log_level=logging.CRITICAL,
        )
        library = Client(options, client=ours)
        ours.timeout = patience
        ours.headers["User-Agent"] = USER_AGENT
        return library


def _refusal(fault: Fault, error: HTTPResponseError) -> ConnectorError:
    message = str(error) if error.body.lstrip().startswith("{") else ""
    told = f"({error.status}{f': {fault.clean(message)}' if message else ''})"
    if error.status == 404:
        words = f"Notion {fault.what} is not shared with the bot, or does not exist {told}"
        return NotFound(f"{words}. Share it, then press Resume.")
    if error.status == 401:
        words = f"Notion did not accept the token for {fault.what} {told}"
        return Unauthorized(f"{words}. Set NOTION_TOKEN to the integration's secret, then press Resume.")
    if error.status == 403:
        words = f"The Notion integration may not do this with {fault.what} {told}"
        return Unauthorized(f"{words}. Give it the capability in its settings at Notion, then press Resume.")
    return fault.status(error.status, error.headers, message)
