"""Socket Mode: the connection over which Slack sends everything, kept up by a watchdog."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from slack_bolt import BoltRequest, BoltResponse
from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.outage import Outage
from bot.slack.calling import NoAnswer

WORKERS = 32
"""Envelopes that are answered at a time."""
PING = 2
"""Seconds between two pings; a connection that does not answer four of them is dead."""
LOOK_EVERY = 1.0
"""Seconds between two looks of the watchdog."""
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class LineState:
    """How the connection is."""

    connected: bool
    since: datetime | None
    """When it last became so."""
    heard: datetime | None
    """When the last envelope came."""


class SocketLine:
    """One connection to Slack. `dispatch` answers what comes; it is called by several threads at once."""

    def __init__(
        self,
        dispatch: Callable[[BoltRequest], BoltResponse],
        client: WebClient,
        app_token: str,
        now: Callable[[], datetime],
    ) -> None:
        self._dispatch = dispatch
        self._web = client
        self._token = app_token
        self._now = now
        self._client: SocketModeClient | None = None
        self._stopped = threading.Event()
        self._up = threading.Event()
        self._watchdog = threading.Thread(target=self._watch, name="slack-line", daemon=True)
        self._outage = Outage("the connection to Slack")
        self._since: datetime | None = None
        self._heard: datetime | None = None

    def start(self) -> None:
        """Connect, now or as soon as Slack can be reached; returns at once."""
        self._watchdog.start()

    def connected(self, timeout: float) -> bool:
        """Wait until the connection is up; False when it takes longer."""
        return self._up.wait(timeout)

    def state(self) -> LineState:
        return LineState(self._is_alive(), self._since, self._heard)

    def close(self) -> None:
        """Take nothing more; what is being answered is finished."""
        self._stopped.set()
        if self._watchdog.is_alive():
            self._watchdog.join(timeout=15)
        if self._client is not None:
            self._client.close()

    # -----------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """The only one who reconnects: the library takes half a minute to notice a connection that was cut."""
        while not self._stopped.is_set():
            if self._is_alive():
                self._is_up()
            else:
                self._up.clear()
                self._connect()
            self._stopped.wait(self._outage.delay or LOOK_EVERY)

    def _is_alive(self) -> bool:
        client = self._client
        session = client.current_session if client is not None else None
        return session is not None and session.is_active() and not session.consecutive_check_state_error_count

    def _connect(self) -> None:
        try:
            client = self._client = self._client or self._made()
            client.connect_to_new_endpoint(force=True)
            if not client.is_connected():
                raise ConnectionError("Slack did not take the connection")
        except (*NoAnswer, RuntimeError) as error:
            self._outage.failed(error)
        else:
            self._is_up()

    def _is_up(self) -> None:
        self._outage.worked()
        if not self._up.is_set():
            self._since = self._now()
            self._up.set()

    def _made(self) -> SocketModeClient:
        logger = logging.getLogger("baton.slack.line")
        logger.setLevel(logging.CRITICAL)  # the watchdog tells of an outage, once
        client = SocketModeClient(
            self._token,
            logger=logger,
            web_client=self._web,
            ping_interval=PING,
            concurrency=WORKERS,
            auto_reconnect_enabled=False,
        )
        client.socket_mode_request_listeners.append(self._hear)
        return client

    def _hear(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        self._heard = self._now()
        try:
            answer = self._dispatch(BoltRequest(mode="socket_mode", body=request.payload, headers=_headers(request)))
        except Exception:
            log.exception("something from Slack could not be answered")
            return
        if answer.status != 200:
            return
        try:
            client.send_socket_mode_response(SocketModeResponse(request.envelope_id, _payload(answer)))
        except NoAnswer as error:
            log.warning("an answer did not reach Slack: the connection was replaced", error=str(error))


def _payload(answer: BoltResponse) -> dict[str, object] | None:
    if not answer.body:
        return None
    if answer.first_headers().get("content-type", "").startswith("application/json"):
        found: dict[str, object] = json.loads(answer.body)
        return found
    return {"text": answer.body}


def _headers(request: SocketModeRequest) -> dict[str, str | Sequence[str]]:
    """What Slack says of a repeat, as it says it over HTTP."""
    headers: dict[str, str | Sequence[str]] = {}
    if request.retry_attempt is not None:
        headers["x-slack-retry-num"] = str(request.retry_attempt)
    if request.retry_reason is not None:
        headers["x-slack-retry-reason"] = request.retry_reason
    return headers
