"""Signed HTTP: events, commands and interactions are POSTed to the app's address, with Slack's signature."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import httpx

from bot.sandbox.courier import NOT_CONNECTED, TIMEOUT, Ack, Delivery
from bot.sandbox.faults import Faults

_FORM = "application/x-www-form-urlencoded"


class SignedHttp:
    """POSTs to one address. The signature's time is the computer's own, since the app compares it with its own."""

    def __init__(self, url: str, secret: str, faults: Faults, ack_seconds: float) -> None:
        self.url = url
        self._secret = secret
        self._faults = faults
        self._client = httpx.AsyncClient(
            timeout=ack_seconds, limits=httpx.Limits(max_connections=None), trust_env=False, follow_redirects=False
        )

    async def send(self, delivery: Delivery, attempt: int, reason: str) -> Ack:
        """POST and read the answer."""
        retry = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": _spoken(reason)} if attempt else {}
        kind, body = _encoded(delivery)
        try:
            answer = await self._post(body, kind, retry)
        except httpx.TimeoutException:
            return Ack(TIMEOUT)
        except httpx.HTTPError:
            return Ack(NOT_CONNECTED)
        if answer.status_code >= 300:
            problem = "http_client_error" if answer.status_code < 500 else "http_service_error"
            return Ack(problem, no_retry=answer.headers.get("X-Slack-No-Retry") == "1")
        return Ack(body=_decoded(answer))

    async def verify(self, challenge: str) -> bool:
        """Whether the address answers Slack's challenge, as Slack asks before it takes a request URL."""
        body = json.dumps({"token": "local", "challenge": challenge, "type": "url_verification"})
        try:
            answer = await self._post(body, "application/json", {})
        except httpx.HTTPError:
            return False
        return answer.status_code == 200 and challenge in answer.text

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()

    async def _post(self, body: str, kind: str, extra: dict[str, str]) -> httpx.Response:
        moment = str(int(time.time()) - self._faults.age())
        secret = "another-secret" if self._faults.strikes("sign_wrongly") else self._secret
        headers = {
            "Content-Type": kind,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": moment,
            "X-Slack-Signature": signature(secret, moment, body),
        }
        return await self._client.post(self.url, content=body.encode(), headers=headers | extra)


def signature(secret: str, moment: str, body: str) -> str:
    """Slack's signature v0 of a body."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{moment}:{body}".encode(), hashlib.sha256).hexdigest()


def _encoded(delivery: Delivery) -> tuple[str, str]:
    if delivery.kind == "events_api":
        return "application/json", json.dumps(delivery.payload)
    if delivery.kind == "slash_commands":
        return _FORM, urlencode(delivery.payload)
    return _FORM, urlencode({"payload": json.dumps(delivery.payload)})


def _decoded(answer: httpx.Response) -> Any:
    if "json" in answer.headers.get("content-type", "") or answer.text.startswith("{"):
        try:
            return answer.json()
        except ValueError:
            return answer.text
    return answer.text or None


def _spoken(reason: str) -> str:
    return {"timeout": "http_timeout"}.get(reason, reason)
