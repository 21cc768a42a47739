"""What a connector may raise: one tree, and the class says who acts.

The engine reads `retryable`, `retry_after` and `effect` by structure. A message says what happened, to
which thing, and what to do next, and never holds a secret.
"""

from __future__ import annotations

import enum
from datetime import timedelta
from typing import ClassVar

from workflows.engine.policy import Effect


class Acts(enum.StrEnum):
    """Who can do something about an error."""

    ENGINE = "engine"
    ADMIN = "admin"
    USER = "user"


class ConnectorError(Exception):
    """A call to another system failed."""

    acts: ClassVar[Acts] = Acts.ENGINE

    def __init__(
        self,
        message: str,
        *,
        effect: Effect = Effect.UNKNOWN,
        retryable: bool = True,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.effect = effect
        self.retryable = retryable
        self.retry_after = retry_after


class Unavailable(ConnectorError):
    """The service did not answer, or not in a way that can be used; trying again may help.

    The effect is unknown unless the raiser knows better: give `Effect.NONE` for reads, and for requests
    that never left.
    """


class RateLimited(ConnectorError):
    """The service, or our own limit for it, asks for a pause; nothing was done.

    `untried`: our own limit spoke before anything was sent, so the pause counts as no attempt.
    """

    def __init__(self, message: str, *, retry_after: timedelta | None = None, untried: bool = False) -> None:
        super().__init__(message, effect=Effect.NONE, retryable=True, retry_after=retry_after)
        self.untried = untried


class Refused(ConnectorError):
    """The service refused the call as it stands: nothing was done, and the same call is refused again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, effect=Effect.NONE, retryable=False)


class Unauthorized(Refused):
    """The credential is missing, wrong or lacks a right: an admin mends it."""

    acts = Acts.ADMIN


class NotConnected(Refused, LookupError):
    """No connector is set for what was asked, or its settings are incomplete: an admin sets it.

    Also a LookupError, which is how the engine is told that nothing is bound.
    """

    acts = Acts.ADMIN


class InvalidRequest(Refused):
    """The service does not accept what it was given: the user changes it."""

    acts = Acts.USER


class NotFound(Refused):
    """The thing does not exist, or is not shared with us: the user checks it."""

    acts = Acts.USER
