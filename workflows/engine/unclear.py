"""How an attempt may end that nobody saw to its end."""

from __future__ import annotations

from datetime import timedelta

from workflows.engine.errors import Interruption
from workflows.engine.policy import Effect


class StepTimedOut(Exception):
    """The attempt took longer than the step's time-out."""

    retryable = True
    effect = Effect.UNKNOWN

    def __init__(self, limit: timedelta) -> None:
        seconds = limit.total_seconds()
        super().__init__(f"no answer within {f'{seconds:g} s' if seconds < 120 else f'{seconds / 60:g} min'}")


class PastTimeOut(Interruption):
    """The attempt's own thread noticed first that its time is over."""


class UnclearOutcome(Exception):
    """The worker stopped in mid-attempt, so nobody saw how it ended."""

    retryable = True
    effect = Effect.UNKNOWN
