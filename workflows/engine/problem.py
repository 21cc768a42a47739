"""An error as it is recorded, and back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from workflows.engine.errors import BodyError, ChildFailed, Failed, Rejected, StepFailed, WaitTimeout, decided
from workflows.engine.policy import Effect


@dataclass(frozen=True)
class Problem:
    """What went wrong: `kind` is the error's class, `step` where, `message` for people."""

    kind: str
    message: str = ""
    step: str = ""
    key: str = ""
    """The key of the record that failed, where it is known."""
    attempts: int = 0
    effect: str = ""
    outcome: str = ""
    by: str = ""
    cause: str = ""
    """The class of the error behind a StepFailed."""

    def text(self) -> str:
        """The problem as JSON."""
        return json.dumps({name: value for name, value in asdict(self).items() if value not in ("", 0)}, sort_keys=True)


def problem_from(text: str | None) -> Problem | None:
    """Read a recorded problem."""
    return Problem(**json.loads(text)) if text else None


def problem_of(error: BaseException, key: str = "") -> Problem:
    """Write an error down."""
    match error:
        case StepFailed():
            return Problem(
                "StepFailed", error.reason, error.step, key, error.attempts, error.effect.value, cause=error.kind
            )
        case ChildFailed():
            return Problem("ChildFailed", error.reason, error.child, key, outcome=error.state)
        case WaitTimeout():
            return Problem("WaitTimeout", str(error), error.name, key)
        case Rejected():
            return Problem("Rejected", error.comment, error.name, key, outcome=error.outcome, by=error.by)
        case _:
            return Problem(type(error).__name__, one_line(error), key=key)


def error_from(problem: Problem) -> BodyError:
    """The error that a body sees again at replay."""
    match problem.kind:
        case "StepFailed":
            effect = Effect(problem.effect or "none")
            return StepFailed(
                problem.step, problem.message, attempts=problem.attempts, effect=effect, kind=problem.cause
            )
        case "ChildFailed":
            return ChildFailed(problem.step, problem.message, state=problem.outcome)
        case "WaitTimeout":
            return WaitTimeout(problem.step)
        case "Rejected":
            return Rejected(problem.step, problem.outcome, problem.message, problem.by)
        case _:
            return Failed(problem.message)


def one_line(error: BaseException) -> str:
    """The first line of an error's text, or its class where it has none."""
    try:
        text = str(error).strip().split("\n", 1)[0]
    except Exception:  # noqa: BLE001 - an error that can't say what it is
        text = ""
    return text[:500] or type(error).__name__


def describe(problem: Problem) -> str:
    """The problem in one line for a person."""
    match problem.kind:
        case "StepFailed":
            tries = f" after {problem.attempts} attempts" if problem.attempts > 1 else ""
            return f"{problem.step} failed{tries}: {problem.message}"
        case "ChildFailed":
            return f"Child run {problem.step} {problem.outcome or 'failed'}: {problem.message}"
        case "Rejected":
            by = f" by {problem.by}" if problem.by else ""
            said = f": {problem.message}" if problem.message else ""
            return f"{problem.step} {decided(problem.outcome)}{by}{said}"
        case _:
            return problem.message
