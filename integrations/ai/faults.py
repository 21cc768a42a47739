"""What pydantic-ai's errors mean in our tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from pydantic_ai.exceptions import (
    AgentRunError,
    ContentFilterError,
    ModelAPIError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    OutputTokenLimitExceeded,
    RunTimedOut,
    UserError,
)

from integrations.errors import ConnectorError, InvalidRequest, NotConnected, NotFound, Unavailable
from integrations.http import Fault, Redactor
from workflows.engine.policy import Effect, current_call

MISFITS = 3
"""An answer that does not fit is asked for anew until this attempt of the step; then a person has to look."""


@contextmanager
def mapped(service: str, what: str, redact: Redactor) -> Iterator[None]:
    """Turn pydantic-ai's errors in the block into the error tree; a question to a model changes nothing there."""
    fault = Fault(service, what, write=False, redact=redact)
    try:
        yield
    except ConnectorError:
        raise
    except (AgentRunError, UserError) as error:
        raise meaning(error, fault) from None
    except Exception as error:  # noqa: BLE001 - the libraries fail in many ways on an answer that is none
        raise misfit(fault, f"a {type(error).__name__} in its client") from None


def meaning(error: AgentRunError | UserError, fault: Fault) -> ConnectorError:
    """The error of our tree that `error` stands for."""
    for kind, translate in _MEANINGS:
        if isinstance(error, kind):
            return translate(error, fault)
    return misfit(fault, str(error))


def misfit(fault: Fault, detail: str) -> Unavailable:
    """The error for a model that answered with something else than was asked for."""
    call = current_call()
    words = f"{fault.service} gave an answer for {fault.what} that does not fit ({fault.clean(detail)})"
    again = call is None or call.attempt < MISFITS
    return Unavailable(
        f"{words}. If it stays, set another model, then press Resume.", effect=Effect.NONE, retryable=again
    )


def _quota(error: Any, fault: Fault) -> ConnectorError:
    return fault.status(402, {}, _detail(error) or "the account's quota or credit is used up")


def _unknown(error: Any, fault: Fault) -> ConnectorError:
    told = fault.clean(_detail(error)) or "404"
    words = f"{fault.service} is no model that its provider has for this key ({told})"
    return NotFound(f"{words}. Set another model or address, then press Resume.")


def _too_long(_error: Any, fault: Fault) -> ConnectorError:
    words = f"The material for {fault.what} is more than {fault.service} can read at once"
    return InvalidRequest(f"{words}. Give it less, or set a model that reads more.")


def _cut_off(_error: Any, fault: Fault) -> ConnectorError:
    words = f"{fault.service} reached its limit before {fault.what} was finished"
    return InvalidRequest(f"{words}. Ask for a shorter text, or set a model that writes more.")


def _filtered(_error: Any, fault: Fault) -> ConnectorError:
    return InvalidRequest(f"{fault.service} refused to write {fault.what} because of its content. Change the topic.")


def _status(error: ModelHTTPError, fault: Fault) -> ConnectorError:
    meant = fault.status(error.status_code, error.headers or {}, _detail(error))
    if meant.retryable and meant.retry_after is None and error.retry_after is not None:
        meant.retry_after = timedelta(seconds=error.retry_after)  # providers have headers of their own for it
    return meant


def _unreachable(error: Any, fault: Fault) -> ConnectorError:
    words = f"{fault.service} did not answer for {fault.what} ({fault.clean(str(error))})"
    return Unavailable(f"{words}. Baton tries again; if it stays, check its address.", effect=Effect.NONE)


def _misuse(error: Any, fault: Fault) -> ConnectorError:
    words = f"{fault.service} can't be asked for {fault.what} ({fault.clean(str(error))})"
    return NotConnected(f"{words}. Set another model, then press Resume.")


def _detail(error: ModelAPIError) -> str:
    """The provider's own words."""
    body = error.body
    for name in ("error", "message"):
        if isinstance(body, Mapping) and name in body:
            body = body[name]
    return body if isinstance(body, str) else ""


_MEANINGS: tuple[tuple[type[Exception], Callable[[Any, Fault], ConnectorError]], ...] = (
    (ModelQuotaExceededError, _quota),
    (ModelContextWindowExceededError, _too_long),
    (ModelNotFoundError, _unknown),
    (ModelHTTPError, _status),
    (ModelAPIError, _unreachable),
    (ContentFilterError, _filtered),
    (OutputTokenLimitExceeded, _cut_off),
    (RunTimedOut, _unreachable),
    (UserError, _misuse),
)
"""The first that fits counts; what is left are answers that can't be used."""
