"""How one step or action is to be treated: retries, deadline, effect, idempotency.

The one module of the engine that connectors import, so it needs the standard library alone.
Connectors attach a `CallSpec` to each action and raise errors with `retryable`, `retry_after` and
`effect`; the engine reads both by structure and never imports a connector.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

DEFAULT_TIMEOUT = timedelta(minutes=10)


class Effect(enum.StrEnum):
    """What a failed call left behind in the other system."""

    NONE = "none"
    """Nothing happened there: the call may be made again or given up."""
    UNKNOWN = "unknown"
    """It may have happened: find out before doing anything else."""


@dataclass(frozen=True)
class Retry:
    """How many attempts, how far apart, and for which errors.

    The delay before attempt n+1 is `first_delay * factor**(n-1)`, at most `max_delay`, and varied by
    `jitter` (a share of the delay, 0 to 1). A service's own `retry_after` is honoured when it is longer.
    `never` lists exception classes that are not tried again, beside those that say `retryable = False`.
    """

    attempts: int = 3
    first_delay: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    max_delay: timedelta = timedelta(minutes=10)
    jitter: float = 0.2
    never: tuple[type[Exception], ...] = ()

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"Retry.attempts is {self.attempts}: a step needs at least one attempt")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"Retry.jitter is {self.jitter}: give a share between 0 and 1")

    def allows(self, error: BaseException, attempt: int) -> bool:
        """Whether attempt `attempt` (counted from 1) that ended with `error` may be followed by another."""
        return attempt < self.attempts and retryable(error) and not isinstance(error, self.never)

    def delay(self, error: BaseException, attempt: int, chance: Callable[[], float] = random.random) -> timedelta:
        """The wait after attempt `attempt` (counted from 1) failed with `error`."""
        seconds = self.first_delay.total_seconds() * self.factor ** (attempt - 1)
        seconds = min(seconds, self.max_delay.total_seconds())
        seconds *= 1 + self.jitter * (2 * chance() - 1)
        told = retry_after(error)
        return max(timedelta(seconds=seconds), told) if told else timedelta(seconds=seconds)


ONCE = Retry(attempts=1)


def retryable(error: BaseException) -> bool:
    """Whether trying again can help; errors that do not say are tried again."""
    return bool(getattr(error, "retryable", True))


def retry_after(error: BaseException) -> timedelta | None:
    """The pause that the service asked for, if it did."""
    told = getattr(error, "retry_after", None)
    return told if isinstance(told, timedelta) else None


def untried(error: BaseException) -> bool:
    """Whether the attempt ended before it began: it only waits for its turn at a service, and counts as none."""
    return bool(getattr(error, "untried", False)) and effect_of(error) is Effect.NONE


def effect_of(error: BaseException) -> Effect:
    """What the failed call left behind; errors that do not say leave it unknown."""
    told = getattr(error, "effect", Effect.UNKNOWN)
    return Effect.NONE if told == Effect.NONE else Effect.UNKNOWN


@dataclass(frozen=True)
class CallSpec:
    """What the engine knows of one step or action; attached to the function as `baton_spec`.

    `name` is persisted in histories: renaming a step or action parks open runs that hold the old name.
    `reconcile` is, for an action, the name of a method of its class, and for a step a function. It is
    called with the idempotency key and then the call's own arguments, and returns the result when the
    effect is found there, else None. A *None* is believed only `settle` after the attempt's deadline.
    """

    name: str
    title: str
    idempotent: bool
    retry: Retry = Retry()
    timeout: timedelta = DEFAULT_TIMEOUT
    reconcile: str | Callable[..., Any] | None = None
    settle: timedelta = timedelta(0)
    writes: bool | None = None
    """Whether it changes something in another system; None: as a call that is not idempotent does."""
    owner: type[Any] | None = None
    """The connector class of an action; None for a step."""

    @property
    def is_write(self) -> bool:
        """Whether its effect belongs to what a run did in other systems."""
        return not self.idempotent if self.writes is None else self.writes


@dataclass(frozen=True)
class Usage:
    """What a call spent at a model provider; `cost` is in US dollars, None when the price is not known."""

    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None


@dataclass
class CallInProgress:
    """The attempt that the current thread is making, as connectors may see it."""

    run_id: str
    step: str
    key: str
    """The idempotency key: the same for every attempt of this step."""
    attempt: int
    check: Callable[[], None]
    """Raises an interruption when this worker has lost the run or the attempt is past its deadline."""
    usage: list[Usage] = field(default_factory=list)
    at: str = ""
    """The step's key in the run's history."""
    workflow: str = ""
    """The run's workflow; workflows that ask the same service have equal shares of its limit."""
    requests: int = 0
    """How many requests were sent to services so far."""

    def spend(self, usage: Usage) -> None:
        """Record what this call spent; it ends in the step's record."""
        self.usage.append(usage)


_current: ContextVar[CallInProgress | None] = ContextVar("baton_call", default=None)


def current_call() -> CallInProgress | None:
    """The attempt being made in this thread, or None outside a run (a doctor's check, a test)."""
    return _current.get()


@contextmanager
def call_in_progress(call: CallInProgress) -> Iterator[CallInProgress]:
    """Make `call` the current one for the block."""
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)
