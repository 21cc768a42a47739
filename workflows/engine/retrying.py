"""Carrying out one step: attempts, retries, and finding out what an unclear attempt left behind."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, NoReturn

from workflows.engine import codec
from workflows.engine.calls import StepContext, Target
from workflows.engine.copying import replace
from workflows.engine.cursor import Cursor
from workflows.engine.detail import detail_of
from workflows.engine.errors import BodyError, Parked, StepFailed
from workflows.engine.ids import idempotency_key
from workflows.engine.model import Attempt, AttemptState, Record, StepState, Writes
from workflows.engine.policy import CallInProgress, Effect, call_in_progress, effect_of, retry_after, untried
from workflows.engine.problem import Problem, error_from, one_line, problem_from
from workflows.engine.threads import Abandoned
from workflows.engine.turn import INLINE_WAIT, Buffer
from workflows.engine.unclear import PastTimeOut, StepTimedOut, UnclearOutcome

FIND_OUT_TRIES = 10
"""How often an unreachable service is asked what became of an attempt before a person is."""
PROGRESS_EVERY = 2.0
"""Seconds between two recorded progress notes of a step."""

_log = logging.getLogger("baton.step")


class Attempts:
    """Carries out one step or compensation from its record on."""

    def __init__(
        self, cursor: Cursor, record: Record, target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self._cursor = cursor
        self._turn = cursor.turn
        self._record = record
        self._target = target
        self._args = args
        self._kwargs = kwargs
        self._detail = detail_of(record)
        self._detail.writes = target.spec.is_write
        self._key = idempotency_key(record.run_id, record.generation, record.key)
        self._noted = 0.0

    def result(self) -> Any:
        """The step's result; raises StepFailed when it failed for good, or an interruption."""
        self._wait_for_retry()
        if self._open_question():
            found = self._find_out(UnclearOutcome("the worker stopped in mid-attempt"))
            if found is not None:
                return found[0]
        while True:
            self._cursor.go_on()
            self._begin()
            try:
                value = self._call()
            except (Exception, PastTimeOut) as error:  # noqa: BLE001 - every failure of an attempt is judged by policy
                found = self._failed(self._timed_out() if isinstance(error, Abandoned | PastTimeOut) else error)
                if found is not None:
                    return found[0]
                continue
            return self._succeeded(value)

    # one attempt -----------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._record = replace(
            self._record, attempts=self._record.attempts + 1, state=StepState.RUNNING, due_at=None,
            detail=self._detail.text(),
        )  # fmt: skip
        if self._target.spec.idempotent:
            return
        self._turn.means.checkpoint("before_attempt", self._record.key)
        now = self._turn.now()
        attempt = self._attempt(AttemptState.RUNNING, now)
        self._record = self._cursor.commit(self._record, attempt=attempt)
        self._turn.means.checkpoint("after_attempt", self._record.key)

    def _call(self) -> Any:
        monotonic = self._turn.means.clock.monotonic
        deadline = monotonic() + self._target.timeout.total_seconds()

        def check() -> None:
            self._turn.check_lease()
            if monotonic() > deadline:
                raise PastTimeOut(f"{self._record.key} is past its time-out: nothing more is sent for it")

        call = self._in_progress(self._key, check)
        names = {"run_id": call.run_id, "step": call.step, "attempt": call.attempt}
        context = StepContext(call, self._turn.means.tools, logging.LoggerAdapter(_log, names), self._progress)
        with call_in_progress(call):
            args, kwargs = self._own_arguments()
            seconds = self._target.timeout.total_seconds()

            def invoke() -> Any:
                check()  # the thread may come late, when the run is already somebody else's
                return self._target.invoke(context, args, kwargs)

            value = self._turn.means.threads.run(invoke, seconds)
        self._turn.means.checkpoint("after_effect", self._record.key)
        self._detail.usage.extend(asdict(usage) for usage in call.usage)
        return value

    def _in_progress(self, key: str, check: Callable[[], None]) -> CallInProgress:
        record = self._record
        return CallInProgress(
            record.run_id, self._target.spec.name, key, record.attempts, check, at=record.key,
            workflow=self._turn.run.workflow,
        )  # fmt: skip

    def _own_arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What an attempt changes stays its own."""
        if not self._kwargs and all(type(value) in codec.PLAIN for value in self._args):
            return self._args, {}
        return copy.deepcopy((self._args, self._kwargs))

    def _progress(self, done: int, total: int, text: str) -> None:
        now = self._turn.means.clock.monotonic()
        if now - self._noted >= PROGRESS_EVERY or done >= total:
            self._noted = now
            data = json.dumps({"key": self._record.key, "done": done, "total": total, "text": text})
            self._turn.commit(Buffer(), Writes(events=(self._cursor.event("step.progress", data),)))

    def _timed_out(self) -> StepTimedOut:
        return StepTimedOut(self._target.timeout)

    # how it ended ----------------------------------------------------------------------------------------

    def _succeeded(self, value: Any) -> Any:
        what = f"The result of {self._record.key}"
        text = codec.encode(value, what)
        self._finish(StepState.SUCCEEDED, output=text, error=None)
        return codec.decode(text, self._target.result, what)

    def _finish(self, state: StepState, *, output: str | None, error: str | None) -> None:
        now = self._turn.now()
        self._detail.unclear = False
        self._record = replace(
            self._record, state=state, output=output, error=error, ended_at=now, due_at=None, detail=self._detail.text()
        )
        ended = AttemptState.SUCCEEDED if state is StepState.SUCCEEDED else AttemptState.FAILED
        recorded = self._recorded_attempt()
        attempt = replace(recorded, state=ended, ended_at=now, error=error) if recorded else None
        events = () if state is StepState.SUCCEEDED else (self._event("step.failed"),)
        self._record = self._cursor.commit(self._record, attempt=attempt, events=events)
        self._turn.means.checkpoint("after_commit", self._record.key)

    def _failed(self, error: Exception) -> tuple[Any] | None:
        if isinstance(error, BodyError):
            error = StepFailed(self._target.spec.name, one_line(error), kind=type(error).__name__)
            error.retryable = False  # type: ignore[attr-defined]
        if effect_of(error) is Effect.UNKNOWN and not self._target.spec.idempotent:
            return self._find_out(error)
        if untried(error):
            self._wait_for_turn(error)
        else:
            self._retry_or_fail(error, effect_of(error))
        return None

    def _wait_for_turn(self, error: Exception) -> None:
        """Come back when the service's limit lets the step have its turn; nothing was sent, so nothing is counted."""
        due = self._turn.now() + (retry_after(error) or INLINE_WAIT)
        problem = self._problem(error, Effect.NONE)
        self._detail.unclear = False
        ended = self._ended_attempt(AttemptState.FAILED, problem) if self._recorded_attempt() else None
        self._record = replace(self._record, attempts=self._record.attempts - 1)
        self._put_off(due, problem, ended)

    def _retry_or_fail(self, error: Exception, effect: Effect) -> None:
        number = self._record.attempts
        problem = self._problem(error, effect)
        if not self._target.spec.retry.allows(error, number):
            self._finish(StepState.FAILED, output=None, error=problem.text())
            raise error_from(problem)
        due = self._turn.now() + self._target.spec.retry.delay(error, number)
        self._detail.unclear = False
        self._put_off(due, problem, self._ended_attempt(AttemptState.FAILED, problem))

    def _ended_attempt(self, state: AttemptState, problem: Problem) -> Attempt | None:
        if not self._record.attempts:
            return None
        now = self._turn.now()
        recorded = self._recorded_attempt() or self._attempt(state, self._record.started_at or now)
        return replace(recorded, state=state, ended_at=now, error=problem.text())

    def _put_off(self, due: datetime, problem: Problem, attempt: Attempt | None) -> None:
        self._record = replace(
            self._record, state=StepState.RETRYING, error=problem.text(), due_at=due, detail=self._detail.text()
        )
        self._record = self._cursor.commit(self._record, attempt=attempt, events=(self._event("step.retrying"),))
        self._wait_for_retry()

    def _wait_for_retry(self) -> None:
        if not self._open_question():
            self._cursor.go_on()
        if self._record.state is not StepState.RETRYING or self._record.due_at is None:
            return
        left = self._record.due_at - self._turn.now()
        if left > INLINE_WAIT:
            raise self._cursor.suspend(self._record)
        if left > timedelta(0):
            self._turn.means.clock.sleep(left)

    # an unclear outcome ----------------------------------------------------------------------------------

    def _restored(self) -> bool:
        """Whether a backup brought the run back: a step that it does not know of may have been taken."""
        return self._turn.run.restored_at is not None and not self._record.attempts and not self._target.spec.idempotent

    def _open_question(self) -> bool:
        """Whether the last attempt's outcome has to be found out first, also when the run is being cancelled."""
        interrupted = self._record.state is StepState.RUNNING and self._record.attempts > 0
        known = self._detail.origin_key or self._detail.unclear or self._restored()
        return bool(known) or (interrupted and not self._target.spec.idempotent)

    def _find_out(self, error: Exception) -> tuple[Any] | None:
        """Ask the service. A one-tuple holds the result that was found; None means the step may be tried again."""
        origin, self._detail.unclear = self._detail.origin_key, True
        if self._target.reconcile is None:
            if self._target.spec.idempotent or self._detail.again:
                self._detail.origin_key, self._detail.unclear, self._detail.again = "", False, False
                return None
            self._park(error)
        try:
            found = self._ask(origin or self._key)
        except (Exception, Abandoned) as trouble:  # noqa: BLE001 - the service can't be asked now: ask again later
            self._ask_later(self._timed_out() if isinstance(trouble, Abandoned) else trouble)
            return self._find_out(error)
        if found is not None:
            return (self._succeeded(found),)
        believed = self._believe_absent_from(origin)
        if self._turn.now() < believed:
            problem = self._problem(error, Effect.UNKNOWN)
            self._put_off(believed, problem, self._ended_attempt(AttemptState.UNKNOWN, problem))
            return self._find_out(error)
        self._detail.origin_key, self._detail.unclear, self._detail.again = "", False, False
        if self._record.attempts:
            self._retry_or_fail(error, Effect.NONE)
        return None

    def _ask(self, key: str) -> Any:
        finder = self._target.reconcile
        assert finder is not None
        with call_in_progress(self._in_progress(key, self._turn.check_lease)):
            return self._turn.means.threads.run(
                lambda: finder(key, self._args, self._kwargs), self._target.timeout.total_seconds()
            )

    def _ask_later(self, trouble: Exception) -> None:
        if untried(trouble):
            delay = retry_after(trouble) or INLINE_WAIT
        else:
            self._detail.finding += 1
            if self._detail.finding >= FIND_OUT_TRIES:
                self._park(trouble)
            delay = self._target.spec.retry.delay(trouble, self._detail.finding)
        problem = self._problem(trouble, Effect.UNKNOWN)
        self._put_off(self._turn.now() + delay, problem, self._ended_attempt(AttemptState.UNKNOWN, problem))

    def _believe_absent_from(self, origin: str) -> datetime:
        recorded = self._recorded_attempt()
        if recorded is None or origin:
            return self._turn.now()
        return recorded.deadline + self._target.spec.settle

    def _park(self, error: Exception) -> NoReturn:
        self._record = replace(
            self._record, error=self._problem(error, Effect.UNKNOWN).text(), detail=self._detail.text()
        )
        self._cursor.keep(self._record)
        self._cursor.flush()
        raise Parked(
            f"{self._target.spec.name}: {one_line(error)}. It may have taken effect, and there is no way to find out. "
            "Look there, then skip the step with its result, or resume with --again to repeat it."
        )

    # records ---------------------------------------------------------------------------------------------

    def _attempt(self, state: AttemptState, started: datetime) -> Attempt:
        record = self._record
        deadline = started + self._target.timeout
        return Attempt(
            record.run_id, record.generation, record.key, record.attempts, state, started, deadline,
            worker=self._turn.means.worker,
        )  # fmt: skip

    def _recorded_attempt(self) -> Attempt | None:
        return self._turn.attempt(self._record.generation, self._record.key, self._record.attempts)

    def _problem(self, error: Exception, effect: Effect) -> Problem:
        return Problem(
            "StepFailed", one_line(error), self._target.spec.name, self._record.key, self._record.attempts,
            effect.value, cause=type(error).__name__,
        )  # fmt: skip

    def _event(self, kind: str) -> Any:
        problem = problem_from(self._record.error)
        words = problem.message if problem else ""
        return self._cursor.event(
            kind, json.dumps({"key": self._record.key, "attempt": self._record.attempts, "error": words})
        )
