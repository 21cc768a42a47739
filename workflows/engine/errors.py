"""What can go wrong, by who has to know.

`BatonError` is for the person at a command: one line that says what happened, to which thing, and what to
do next. The errors of a body are what an author catches. Interruptions are no failures: they leave the
body so that the run can go on later, and `except Exception` does not see them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from workflows.engine.policy import Effect

if TYPE_CHECKING:
    from workflows.engine.model import Approval


class BatonError(Exception):
    """A command or declaration that can't be carried out; its text is for the person who gave it."""


class DefinitionError(BatonError):
    """A workflow or step is declared wrongly."""


class PlanError(BatonError):
    """The plan can't be read from a workflow's source; the text names file and line."""


class UnknownRun(BatonError):
    """There is no run with this id."""


class UnknownWorkflow(BatonError):
    """The catalogue has no workflow with this name."""


class InvalidInput(BatonError):
    """The fields given to a workflow or an approval do not fit their model."""

    def __init__(self, words: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(words)
        self.fields: Mapping[str, str] = fields or {}
        """What is wrong with each field, by its name; "" for the whole."""


class Refused(BatonError):
    """The command is clear, but this person may not give it or the run's state forbids it."""


class NotAllowed(Refused):
    """This person may not do it; the text says who may."""


class Decided(Refused):
    """The approval is open no longer: decided, expired or no longer asked for. The text says by whom."""

    def __init__(self, words: str, approval: Approval) -> None:
        super().__init__(words)
        self.approval = approval


class Changed(Refused):
    """What is to be approved changed after this person looked at it; it has to be looked at again."""

    def __init__(self, words: str, approval: Approval) -> None:
        super().__init__(words)
        self.approval = approval


class StoreUnavailable(BatonError):
    """The database can't be reached or can't take writes; nothing was recorded."""


class OutcomeUnknown(StoreUnavailable):
    """The connection broke while the database wrote: what was asked for may be recorded, or not."""


# What a body sees ----------------------------------------------------------------------------------------


class BodyError(Exception):
    """The family that an author may catch."""


class StepFailed(BodyError):
    """A step failed for good: its retries are spent, or its error can't be helped by trying again."""

    def __init__(
        self, step: str, reason: str, *, attempts: int = 1, effect: Effect = Effect.NONE, kind: str = ""
    ) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason
        self.attempts = attempts
        self.effect = effect
        self.kind = kind
        """The class name of the last attempt's error."""


class ChildFailed(BodyError):
    """A child run failed or was cancelled."""

    def __init__(self, child: str, reason: str, *, state: str = "failed") -> None:
        super().__init__(f"{child}: {reason}")
        self.child = child
        self.reason = reason
        self.state = state


class WaitTimeout(BodyError):
    """A signal did not arrive in time."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} did not arrive in time")
        self.name = name


def decided(outcome: str) -> str:
    """What a decision against it did, in words that follow a name."""
    return {"changes": "was sent back for changes", "expired": "expired"}.get(outcome, f"was {outcome}")


class Rejected(BodyError):
    """A person decided against it, or nobody decided in time; the run ends by decision."""

    def __init__(self, name: str, outcome: str, comment: str = "", by: str = "") -> None:
        said = f": {comment}" if comment else ""
        super().__init__(f"{name} {decided(outcome)}{' by ' + by if by else ''}{said}")
        self.name = name
        self.outcome = outcome
        self.comment = comment
        self.by = by


class Failed(BodyError):
    """Raised by a body to end the run as failed, with the reason in words."""


# Interruptions -------------------------------------------------------------------------------------------


class Interruption(BaseException):
    """Leaves the body without being a failure of the run."""


class Suspended(Interruption):
    """The run waits; the worker is free."""


class Draining(Interruption):
    """This worker stops; the run goes on at another."""


class LeaseLost(Interruption):
    """Another worker holds the run, or the lease ran out: nothing more may be recorded here."""


class StoreAway(Interruption):
    """The database is away; the run goes on when its lease has run out and the database is back."""


class Ended(Interruption):
    """The run ends from outside: its sagas are compensated."""


class Cancelled(Ended):
    """A recorded cancellation."""


class RunTimedOut(Ended):
    """A recorded run time-out."""


class Parked(Interruption):
    """The engine can't go on without a person; the text says why and what to do."""


class NonDeterminism(Parked):
    """The code asked for something else than history has."""


class CodecError(Parked):
    """A value can't be written as JSON, or a record no longer fits its type."""


class VerbMisuse(Parked):
    """A verb was called where it must not be: inside a step, or on the outer run inside a branch."""


class BranchStopped(Interruption):
    """A sibling branch failed: this one goes no further."""
