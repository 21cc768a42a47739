"""What Stripe tells of by itself: one signed event in each request."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from integrations.errors import InvalidRequest, Unauthorized
from integrations.stripe.models import RUN

TOLERANCE = timedelta(minutes=5)
"""A request that was signed longer ago may be one that somebody recorded."""
SIGNATURE = "stripe-signature"
MOST_SIGNATURES = 20


class Told(BaseModel):
    """The thing that an event is about."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = ""
    status: str | None = None
    payment_intent: str | None = None
    metadata: Mapping[str, str] = {}

    @property
    def run(self) -> str:
        """The run that made it, where one did."""
        return self.metadata.get(RUN, "")


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    thing: Told = Field(alias="object")


class StripeEvent(BaseModel):
    """One thing that happened in Stripe; its id is the same when Stripe tells of it again."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1)
    type: str
    """Such as `payment_intent.succeeded` or `refund.failed`."""
    created: int
    """Seconds since 1970."""
    livemode: bool
    data: _Data

    @property
    def thing(self) -> Told:
        """What it is about."""
        return self.data.thing


def check_signature(secrets: Sequence[SecretStr], *, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
    """Raise Unauthorized unless Stripe signed this request a moment ago; before anything of it is read.

    Any of `secrets` will do, so that one can be rolled; the names of `headers` are in lower case.
    """
    parts = [part.strip().partition("=") for part in headers.get(SIGNATURE, "").split(",")]
    times = [value for name, _, value in parts if name == "t"]
    given = [value for name, _, value in parts if name == "v1"][:MOST_SIGNATURES]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) <= 11) or not given:
        raise Unauthorized("A request to the hook of Stripe was not signed. Nothing was done with it.")
    if abs(now - datetime.fromtimestamp(int(times[0]), UTC)) > TOLERANCE:
        raise Unauthorized("A request to the hook of Stripe was signed too long ago. Nothing was done with it.")
    source = times[0].encode() + b"." + body
    keys = [text.encode() for secret in secrets if (text := secret.get_secret_value())]
    wanted = [hmac.digest(key, source, hashlib.sha256).hex().encode() for key in keys]
    if not any(hmac.compare_digest(one, other.encode()) for one in wanted for other in given):
        raise Unauthorized(
            "A request to the hook of Stripe was signed with another secret. Nothing was done with it; if it came from "
            "Stripe, set the signing secret of this endpoint."
        )


def event_in(body: bytes) -> StripeEvent:
    """The event of a request whose signature was checked; raises InvalidRequest."""
    try:
        return StripeEvent.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(
            f"Stripe sent an event that Baton does not understand ({place}: {first['msg']})."
        ) from None
