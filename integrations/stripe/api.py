"""Stripe over HTTP: its key, its pace, its idempotency keys, and what its refusals mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from integrations.errors import ConnectorError, InvalidRequest, Unavailable
from integrations.http import EndpointClass, Fault, Gate, Http, Limits, Rate
from integrations.stripe.models import VERSION, Answer, Problem, ProblemAnswer, StripeSettings

PACE = Limits(Rate(20, burst=20), (EndpointClass("search", "GET .*/search$", Rate(15)),))
"""Below what Stripe allows in a sandbox, and for each endpoint: 25 requests a second."""
T = TypeVar("T", bound=Answer)


class Declined(InvalidRequest):
    """The bank or Stripe declined the payment: nothing was taken, and trying again at once changes nothing."""


class NotInThisState(InvalidRequest):
    """What was asked does not go with the state that the payment is in."""


class StripeFault(Fault):
    """Stripe's own meanings: a decline is the customer's business, and a conflict leaves it open what happened."""

    def answer(self, response: httpx.Response) -> ConnectorError:
        """The error for a response whose body was read."""
        problem = _problem(response)
        told = self.clean(problem.message or str(response.status_code))
        if response.status_code == 402:
            why = problem.decline_code or problem.code
            told = f"{told} ({self.clean(why)})" if why else told
            return Declined(
                f"{self.service} says that {self.what} was declined: {told} Ask the customer for another way to pay, "
                "then start again."
            )
        if response.status_code == 409:
            return Unavailable(
                f"{self.service} is still busy with an earlier request for {self.what} ({told}). Baton finds out what "
                "happened, then tries again.",
                effect=self._effect(),
            )
        if response.status_code == 400 and problem.code == "payment_intent_unexpected_state":
            return NotInThisState(
                f"{self.service} can't do that with {self.what} as it stands ({told}). Look at it in Stripe, then "
                "start again with what is still possible."
            )
        return super().answer(response)


def _problem(response: httpx.Response) -> Problem:
    try:
        return ProblemAnswer.model_validate_json(response.content).error
    except ValidationError:
        return Problem()


class StripeHttp(Http):
    """HTTP with Stripe's own errors."""

    def __init__(self, settings: StripeSettings, gate: Gate | None, transport: httpx.BaseTransport | None) -> None:
        key = settings.api_key.get_secret_value()
        headers = {"Authorization": f"Bearer {key}", "Stripe-Version": VERSION}
        super().__init__("Stripe", settings.url, headers=headers, limits=PACE, gate=gate, transport=transport)

    def fault(self, what: str, *, write: bool) -> Fault:
        """What to say when a request for `what` fails."""
        return StripeFault(self.service, what, write, self.redact)

    def post(self, shape: type[T], path: str, form: Mapping[str, str], *, what: str, key: str | None = None) -> T:
        """Send a form, with the idempotency key that makes a repeat harmless for a day."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.ask(shape, "POST", path, what=what, data=dict(form), headers=headers)


def safe(identifier: str) -> str:
    """An id for a path; raises InvalidRequest for what can't be one."""
    if not re.fullmatch(r"[A-Za-z0-9_]{1,255}", identifier):
        raise InvalidRequest(f"{identifier[:40]!r} is no id of Stripe. Give one as Stripe shows it, such as pi_3Mt….")
    return quote(identifier, safe="")
