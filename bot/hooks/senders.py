"""The services whose calls Baton can check and read by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from bot.hooks.standard import StandardSender
from integrations.errors import InvalidRequest, Unauthorized
from integrations.hubspot import webhooks as hubspot
from integrations.stripe import webhooks as stripe
from workflows.engine.hooks.definition import Hook, HookCall, HookEvent, Sender, Unreadable, Unsigned


class StripeSender:
    """Stripe's calls: each tells of one event."""

    def check(self, call: HookCall, secrets: Sequence[SecretStr]) -> None:
        try:
            stripe.check_signature(secrets, body=call.body, headers=call.headers, now=call.at)
        except Unauthorized as error:
            raise Unsigned(str(error)) from None

    def events(self, call: HookCall) -> Sequence[HookEvent]:
        try:
            event = stripe.event_in(call.body)
        except InvalidRequest as error:
            raise Unreadable(str(error)) from None
        return (HookEvent(event.id, event.type, json.loads(call.body), event.thing.run),)


class HubSpotSender:
    """HubSpot's calls: each tells of up to a hundred events."""

    def check(self, call: HookCall, secrets: Sequence[SecretStr]) -> None:
        wrong = "A call to the hook of HubSpot can't be checked without the app's client secret."
        for secret in secrets:
            try:
                hubspot.check_signature(
                    secret, method=call.method, uri=call.uri, body=call.body, headers=call.headers, now=call.at
                )
            except Unauthorized as error:
                wrong = str(error)
            else:
                return
        raise Unsigned(wrong)

    def events(self, call: HookCall) -> Sequence[HookEvent]:
        try:
            found = hubspot.events_in(call.body)
        except InvalidRequest as error:
            raise Unreadable(str(error)) from None
        told: list[Any] = json.loads(call.body)
        return [HookEvent(event.id, event.kind, data) for event, data in zip(found, told, strict=True)]


KNOWN: Mapping[str, Sender] = {
    "stripe": StripeSender(),
    "hubspot": HubSpotSender(),
    "standard": StandardSender(),
}


def sender_of(hook: Hook) -> Sender | None:
    """How the calls of a hook are checked and read; None for a name that Baton does not know."""
    return KNOWN.get(hook.sender) if isinstance(hook.sender, str) else hook.sender


def sender_name(hook: Hook) -> str:
    """The sender as people read it."""
    return hook.sender if isinstance(hook.sender, str) else type(hook.sender).__name__
