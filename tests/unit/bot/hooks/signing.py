"""Calls as the services sign them."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import datetime
from typing import Any

STRIPE_SECRET, OLD_STRIPE_SECRET = "whsec_new_made_up", "whsec_old_made_up"
HUBSPOT_SECRET, OWN_SECRET = "client-secret-made-up", "own-secret-made-up"
URL = "https://baton.example.org"


def stripe_body(event_id: str, kind: str = "payment_intent.succeeded", **thing: Any) -> bytes:
    return json.dumps(
        {"id": event_id, "type": kind, "created": 1796090400, "livemode": False, "data": {"object": thing}}
    ).encode()


def stripe_signed(body: bytes, at: datetime, secret: str = STRIPE_SECRET) -> dict[str, str]:
    seconds = str(int(at.timestamp()))
    made = hmac.digest(secret.encode(), seconds.encode() + b"." + body, "sha256").hex()
    return {"Stripe-Signature": f"t={seconds},v1={made}"}


def hubspot_body(*event_ids: int, kind: str = "contact.creation") -> bytes:
    return json.dumps(
        [
            {
                "eventId": number, "subscriptionType": kind, "portalId": 1, "objectId": 100 + number,
                "occurredAt": 1796090400000,
            }
            for number in event_ids
        ]
    ).encode()  # fmt: skip


def hubspot_signed(body: bytes, at: datetime, path: str = "/hooks/hubspot") -> dict[str, str]:
    sent = str(int(at.timestamp() * 1000))
    source = b"POST" + f"{URL}{path}".encode() + body + sent.encode()
    made = base64.b64encode(hmac.digest(HUBSPOT_SECRET.encode(), source, "sha256")).decode()
    return {"X-HubSpot-Signature-v3": made, "X-HubSpot-Request-Timestamp": sent}


def own_signed(body: bytes, at: datetime, event_id: str, secret: bytes = OWN_SECRET.encode()) -> dict[str, str]:
    seconds = str(int(at.timestamp()))
    made = hmac.digest(secret, f"{event_id}.{seconds}.".encode() + body, "sha256")
    signature = f"v1,AAAA v1,{base64.b64encode(made).decode()} v1a,zzzz"
    return {"webhook-id": event_id, "webhook-timestamp": seconds, "webhook-signature": signature}
