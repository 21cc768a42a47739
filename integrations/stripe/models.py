"""What Stripe speaks: its settings and its answers."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from integrations.payments import CustomerPayment, PaymentStatus, Refund, RefundStatus

API_URL = "https://api.stripe.com"
VERSION = "2025-09-30.clover"
"""The version of the API that every request asks for."""
RUN = "baton_run"
"""The entry of Stripe's metadata that holds the run, for the events that Stripe tells of."""
KEY = "baton_key"
"""The entry of Stripe's metadata that holds the idempotency key."""
PAYMENT_STATUSES: Mapping[str, PaymentStatus] = {
    "requires_payment_method": "needs_method",
    "requires_confirmation": "needs_confirmation",
    "requires_action": "needs_customer",
    "processing": "processing",
    "requires_capture": "held",
    "succeeded": "paid",
    "canceled": "cancelled",
}
REFUND_STATUSES: Mapping[str, RefundStatus] = {
    "pending": "pending",
    "requires_action": "needs_customer",
    "succeeded": "done",
    "failed": "failed",
    "canceled": "cancelled",
}


class StripeSettings(BaseModel):
    """The account."""

    model_config = ConfigDict(frozen=True)

    api_key: SecretStr
    """A secret or restricted key."""
    url: str = API_URL

    @field_validator("api_key")
    @classmethod
    def _there(cls, api_key: SecretStr) -> SecretStr:
        if not api_key.get_secret_value().strip():
            raise ValueError("the key is empty")
        if api_key.get_secret_value().startswith("pk_"):
            raise ValueError("this is a publishable key, which may change nothing: give a secret or restricted one")
        return api_key

    @field_validator("url")
    @classmethod
    def _secure(cls, url: str) -> str:
        if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise ValueError("the address must begin with https://, since the key is sent there")
        return url.rstrip("/")


class Answer(BaseModel):
    """What Stripe answers; fields that nobody asked for are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class StripePayment(Answer):
    """A payment intent."""

    id: str
    status: str
    amount: int
    currency: str
    amount_received: int = 0
    description: str | None = None
    metadata: Mapping[str, str] = {}

    @property
    def confirmed(self) -> bool:
        """Whether somebody confirmed it, and no bank declined it since."""
        return self.status not in ("requires_payment_method", "requires_confirmation", "canceled")

    @property
    def ours(self) -> CustomerPayment | None:
        """As workflows see it; None for a status that is not known here."""
        status = PAYMENT_STATUSES.get(self.status)
        if status is None:
            return None
        return CustomerPayment(
            id=self.id, status=status, amount=self.amount, currency=self.currency.upper(),
            received=self.amount_received, description=self.description or "",
        )  # fmt: skip


class StripeRefund(Answer):
    """A refund of a payment intent."""

    id: str
    status: str | None = None
    amount: int
    currency: str
    payment_intent: str | None = None
    failure_reason: str | None = None
    metadata: Mapping[str, str] = {}

    @property
    def ours(self) -> Refund | None:
        """As workflows see it; None for a status that is not known here."""
        status = REFUND_STATUSES.get(self.status or "pending")
        if status is None:
            return None
        return Refund(
            id=self.id, payment_id=self.payment_intent or "", status=status, amount=self.amount,
            currency=self.currency.upper(), why_failed=self.failure_reason or "",
        )  # fmt: skip


class FoundPayments(Answer):
    """What a search found."""

    data: tuple[StripePayment, ...] = ()


class RefundPage(Answer):
    """Some refunds, the newest first."""

    data: tuple[StripeRefund, ...] = ()
    has_more: bool = False


class Balance(Answer):
    """The account's balance, as far as a health check reads it."""

    livemode: bool


class Problem(Answer):
    """Why Stripe refused."""

    type: str = ""
    code: str | None = None
    decline_code: str | None = None
    message: str | None = None


class ProblemAnswer(Answer):
    """The body of an answer that is no success."""

    error: Problem = Field(default_factory=Problem)
