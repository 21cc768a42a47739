"""Calls as the specification Standard Webhooks has them: for services that keep to it, and for systems of your own."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from workflows.engine.hooks.definition import HookCall, HookEvent, Unreadable, Unsigned

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE = timedelta(minutes=5)
"""A call that was signed longer ago may be one that somebody recorded."""
PREFIX = "whsec_"
"""How a secret may begin; the rest is base64."""
MOST_SIGNATURES = 20


class StandardSender:
    """Signed with HMAC-SHA256 over id, time and body; the body is JSON and its `type` says what happened."""

    def check(self, call: HookCall, secrets: Sequence[SecretStr]) -> None:
        message_id, sent = call.headers.get(ID, ""), call.headers.get(TIMESTAMP, "")
        given = [part.removeprefix("v1,") for part in call.headers.get(SIGNATURE, "").split() if part.startswith("v1,")]
        if not (message_id and given and sent.isascii() and sent.isdigit() and len(sent) <= 11):
            raise Unsigned("The call was not signed.")
        if abs(call.at - datetime.fromtimestamp(int(sent), UTC)) > TOLERANCE:
            raise Unsigned("The call was signed too long ago.")
        source = f"{message_id}.{sent}.".encode() + call.body
        wanted = [base64.b64encode(hmac.digest(key, source, hashlib.sha256)) for key in _keys(secrets)]
        signed = [one.encode("utf-8", "replace") for one in given[:MOST_SIGNATURES]]
        if not any(hmac.compare_digest(one, other) for one in wanted for other in signed):
            raise Unsigned("The call was signed with another secret.")

    def events(self, call: HookCall) -> Sequence[HookEvent]:
        try:
            data = json.loads(call.body)
        except ValueError:
            raise Unreadable("The body is no JSON.") from None
        told = data.get("type") if isinstance(data, dict) else None
        return (HookEvent(call.headers[ID], str(told or ""), data),)


def _keys(secrets: Sequence[SecretStr]) -> Iterator[bytes]:
    """What the secrets mean; one that is no base64 is taken as it is, and an empty one not at all."""
    for secret in secrets:
        text = secret.get_secret_value()
        try:
            key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            key = text.encode()
        if key:
            yield key
