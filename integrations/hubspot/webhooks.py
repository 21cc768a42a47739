"""What HubSpot tells of by itself: signed requests, each with several events."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

from integrations.errors import InvalidRequest, Unauthorized

OLDEST = timedelta(minutes=5)
"""A request that was signed longer ago may be one that somebody recorded."""
MOST_EVENTS = 100
SIGNATURE = "x-hubspot-signature-v3"
TIMESTAMP = "x-hubspot-request-timestamp"
DECODED = re.compile(r"%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
"""The escapes that HubSpot decodes before it signs: : / ? @ ! $ ' ( ) * , ;"""


class HubSpotEvent(BaseModel):
    """One thing that happened in HubSpot."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, coerce_numbers_to_str=True)

    event_id: str = Field(alias="eventId")
    kind: str = Field(alias="subscriptionType")
    """Such as `contact.creation` or `deal.propertyChange`."""
    portal_id: str = Field(alias="portalId")
    object_id: str = Field(default="", alias="objectId")
    occurred_at: int = Field(alias="occurredAt")
    """Milliseconds since 1970."""
    property_name: str = Field(default="", alias="propertyName")
    property_value: str = Field(default="", alias="propertyValue")

    @property
    def id(self) -> str:
        """What is the same when HubSpot tells of it again: event ids alone are not unique."""
        parts = (self.portal_id, self.event_id, self.kind, self.object_id, str(self.occurred_at))
        return ":".join((*parts, self.property_name))


def check_signature(
    secret: SecretStr, *, method: str, uri: str, body: bytes, headers: Mapping[str, str], now: datetime
) -> None:
    """Raise Unauthorized unless HubSpot signed this request a moment ago; before anything of it is read.

    `uri` is the address that HubSpot called, whole; the names of `headers` are in lower case.
    """
    sent, given = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
    if not (sent.isascii() and sent.isdigit() and len(sent) <= 16) or not given:
        raise Unauthorized("A request to the hook of HubSpot was not signed. Nothing was done with it.")
    age = now - datetime.fromtimestamp(int(sent) / 1000, UTC)
    if abs(age) > OLDEST:
        raise Unauthorized("A request to the hook of HubSpot was signed too long ago. Nothing was done with it.")
    address = DECODED.sub(lambda escape: unquote(escape[0]), uri)
    source = method.upper().encode() + address.encode() + body + sent.encode()
    wanted = base64.b64encode(hmac.digest(secret.get_secret_value().encode(), source, hashlib.sha256))
    if not hmac.compare_digest(wanted, given.encode("utf-8", "replace")):
        raise Unauthorized(
            "A request to the hook of HubSpot had a wrong signature. Check the app's client secret, and that "
            "BATON_URL is the address that HubSpot calls."
        )


def events_in(body: bytes) -> tuple[HubSpotEvent, ...]:
    """The events of a request whose signature was checked; raises InvalidRequest."""
    try:
        found = TypeAdapter(tuple[HubSpotEvent, ...]).validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(f"HubSpot sent events that Baton does not understand ({place}: {first['msg']}).") from None
    if len(found) > MOST_EVENTS:
        raise InvalidRequest(f"HubSpot sent more than {MOST_EVENTS} events at once.")
    return found
