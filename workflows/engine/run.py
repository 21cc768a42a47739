"""The author's handle: every durable verb."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, Unpack, overload
from uuid import UUID

from pydantic import BaseModel

from workflows.engine import codec
from workflows.engine.approving.policy import Policy
from workflows.engine.calls import Call
from workflows.engine.cursor import Cursor
from workflows.engine.definition import Workflow
from workflows.engine.errors import BodyError, Interruption, VerbMisuse
from workflows.engine.model import Outcome
from workflows.engine.operations import marks
from workflows.engine.operations.approval import Answer, ApprovalWait, DecisionMade, Terms
from workflows.engine.operations.asking import Approvers, Request
from workflows.engine.operations.child import ChildWait
from workflows.engine.operations.first import Won, first
from workflows.engine.operations.parallel import map_items, parallel
from workflows.engine.operations.saga import Saga
from workflows.engine.operations.signal import SignalWait
from workflows.engine.operations.sleep import SleepWait
from workflows.engine.operations.step import step
from workflows.engine.operations.wait import Wait, await_one

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
D = TypeVar("D")
E = TypeVar("E")
I = TypeVar("I")  # noqa: E741 - the input of a child
F = TypeVar("F", bound=BaseModel)
X = TypeVar("X", bound=BaseModel)


class ContinueAsNew(Interruption):
    """The run starts over with another input and an empty history."""

    def __init__(self, given: str) -> None:
        super().__init__("continued as new")
        self.given = given
        """The new input, as JSON text."""


class Run:
    """One run, as its workflow holds it. The verbs are durable: what they did is recorded, and read back at replay."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    @property
    def id(self) -> str:
        return self._cursor.turn.run.id

    @property
    def started_by(self) -> str:
        return self._cursor.turn.run.started_by

    # work ------------------------------------------------------------------------------------------------

    def step(self, fn: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Take a step or call a connector's action; raises StepFailed when its retries are spent."""
        with self._cursor.closing():
            result: T = step(self._cursor, fn, args, kwargs)
        return result

    def call(self, fn: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs) -> Call[T]:
        """A call for `parallel` or `first`, made there. `fn` is a step, an action, or a function that takes `run`."""
        return Call(fn, args, kwargs)

    @overload
    def parallel(self, a: Call[A], /) -> tuple[A]: ...
    @overload
    def parallel(self, a: Call[A], b: Call[B], /) -> tuple[A, B]: ...
    @overload
    def parallel(self, a: Call[A], b: Call[B], d: Call[D], /) -> tuple[A, B, D]: ...
    @overload
    def parallel(self, a: Call[A], b: Call[B], d: Call[D], e: Call[E], /) -> tuple[A, B, D, E]: ...
    @overload
    def parallel(self, *calls: Call[T]) -> tuple[T, ...]: ...
    def parallel(self, *calls: Call[Any]) -> tuple[Any, ...]:
        """Make the calls side by side and wait for all; raises the first failure after those in flight have ended."""
        with self._cursor.closing():
            return tuple(parallel(self._cursor, list(calls), Run))

    @overload
    def map(self, fn: Callable[[Any, A], T], items: Sequence[A], *, concurrency: int = 8) -> list[T]: ...
    @overload
    def map(
        self, fn: Callable[[Any, A], T], items: Sequence[A], *, concurrency: int = 8, collect: Literal[True]
    ) -> list[T | BodyError]: ...
    def map(
        self, fn: Callable[..., Any], items: Sequence[Any], *, concurrency: int = 8, collect: bool = False
    ) -> list[Any]:
        """Call `fn` for each item, at most `concurrency` at a time; the results in the items' order.

        The first failure stops it and is raised. With `collect`, every item is worked on, and a failed one
        stands in the list as its error.
        """
        with self._cursor.closing():
            return map_items(self._cursor, fn, items, Run, concurrency=concurrency, collect=collect)

    def saga(self) -> Saga:
        """A block that is done whole or undone: register with `saga.on_failure` what undoes each step."""
        return Saga(self._cursor)

    # waiting ---------------------------------------------------------------------------------------------

    @overload
    def approval(self, name: str, **terms: Unpack[Terms]) -> DecisionMade: ...
    @overload
    def approval(self, name: str, *, fields: type[F], editable: type[X], **terms: Unpack[Terms]) -> Answer[F, X]: ...
    @overload
    def approval(self, name: str, *, fields: type[F], **terms: Unpack[Terms]) -> Answer[F, Any]: ...
    @overload
    def approval(self, name: str, *, editable: type[X], **terms: Unpack[Terms]) -> Answer[Any, X]: ...
    def approval(
        self,
        name: str,
        *,
        title: str = "",
        show: Any = None,
        approvers: Approvers = (),
        quorum: int = 1,
        allow_self: bool = False,
        fields: type[BaseModel] | None = None,
        editable: type[BaseModel] | None = None,
        timeout: timedelta | None = None,
        on_timeout: Outcome = Outcome.EXPIRED,
        remind: timedelta | None = None,
        policy: Policy | str | None = None,
    ) -> DecisionMade:
        """Ask people to decide on `show`, and wait for it without holding anything.

        `approvers` are people, roles and groups, or a function of the run's input that gives them; without
        them the setting BATON_APPROVERS decides who may. `quorum` approvals are needed; one rejection or
        change request is enough. Who started the run can't approve unless `allow_self`.

        `fields` is a model that an approver fills in when approving. `editable` is a model whose fields `show`
        has too: an approver may give them other values and approve those. The decision's `fields` and `edited`
        are instances of the two; `edited` is None while nobody changed anything.

        `policy` says all of that in one place, and by whom in which case: a `Policy`, or the name of one in the
        settings.

        After `timeout` the outcome is `on_timeout`; `remind` tells the approvers again each time it has passed.
        """
        wait = _approval(
            name, title=title, show=show, approvers=approvers, quorum=quorum, allow_self=allow_self,
            fields=fields, editable=editable, timeout=timeout, on_timeout=on_timeout, remind=remind,
            policy=policy,
        )  # fmt: skip
        made: DecisionMade = self._await(wait)
        return made

    def sleep(self, delay: timedelta) -> None:
        """Go on after `delay`, counted from when the body first came here."""
        self._await(SleepWait(delay))

    @overload
    def signal(self, name: str, payload: type[T], *, timeout: timedelta | None = None) -> T: ...
    @overload
    def signal(self, name: str, *, timeout: timedelta | None = None) -> Any: ...
    def signal(self, name: str, payload: Any = Any, *, timeout: timedelta | None = None) -> Any:
        """Wait for the signal `name`, sent before or after, with a payload of this type; raises WaitTimeout."""
        return self._await(SignalWait(name, payload, timeout))

    def child(self, workflow: Workflow[I, T], given: I, *, queue: str = "") -> T:
        """Start a run of another workflow and wait for its result; raises ChildFailed."""
        result: T = self._await(ChildWait(workflow, given, queue))
        return result

    @overload
    def first(self, a: Call[A], b: Call[B], /) -> Won[A | B]: ...
    @overload
    def first(self, a: Call[A], b: Call[B], d: Call[D], /) -> Won[A | B | D]: ...
    @overload
    def first(self, a: Call[A], b: Call[B], d: Call[D], e: Call[E], /) -> Won[A | B | D | E]: ...
    @overload
    def first(self, *calls: Call[T]) -> Won[T]: ...
    def first(self, *calls: Call[Any]) -> Won[Any]:
        """Wait for whichever comes first.

        `run.first(run.call(Run.signal, "paid", Paid), run.call(Run.sleep, timedelta(days=3)))`: the calls are of
        `Run.signal`, `Run.sleep`, `Run.approval` or `Run.child`; the losers are withdrawn.
        """
        if not calls:
            raise self._cursor.close(VerbMisuse("run.first needs at least one wait"))
        with self._cursor.closing():
            return first(self._cursor, [self._wait_of(call) for call in calls])

    # marks -----------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The time at which the run first came here; the same at every replay."""
        with self._cursor.closing():
            return marks.now(self._cursor)

    def uuid(self) -> UUID:
        """A random id; the same at every replay."""
        with self._cursor.closing():
            return marks.uuid(self._cursor)

    def random(self) -> random.Random:
        """A random generator; it gives the same numbers at every replay. Not for secrets."""
        with self._cursor.closing():
            return marks.random(self._cursor)

    def note(self, text: str) -> None:
        """A line for people in the run's history."""
        with self._cursor.closing():
            marks.note(self._cursor, text)

    def patched(self, name: str) -> bool:
        """Guard a change: False for runs that passed this place before it, True for all others."""
        with self._cursor.closing():
            return marks.patched(self._cursor, name)

    def continue_as_new(self, given: Any) -> None:
        """Start over with another input and an empty history, for runs that go on for ever."""
        self._cursor.check_thread("continue_as_new")
        if self._cursor.scope or self._cursor.turn.history.open_saga(""):
            raise self._cursor.close(
                VerbMisuse("run.continue_as_new must be called in the body itself, outside branches and sagas")
            )
        self._cursor.go_on()
        raise self._cursor.close(ContinueAsNew(codec.encode(given, "The input of continue_as_new")))

    # -----------------------------------------------------------------------------------------------------

    def _await(self, wait: Wait) -> Any:
        with self._cursor.closing():
            return await_one(self._cursor, wait, codec.digest(wait.input()))

    def _wait_of(self, call: Call[Any]) -> Wait:
        maker = _WAITS.get(getattr(call.fn, "__name__", ""))
        if maker is None or getattr(Run, call.fn.__name__, None) is not call.fn:
            shown = getattr(call.fn, "__qualname__", repr(call.fn))
            raise self._cursor.close(
                VerbMisuse(
                    f"run.first takes Run.signal, Run.sleep, Run.approval and Run.child, not {shown}. "
                    "Use run.parallel for work."
                )
            )
        return maker(*call.args, **call.kwargs)


def _approval(
    name: str,
    *,
    title: str = "",
    approvers: Approvers = (),
    show: Any = None,
    **asked: Any,
) -> ApprovalWait:
    shown = title or name.replace("_", " ").capitalize()
    given = approvers if callable(approvers) or isinstance(approvers, str) else tuple(approvers)
    return ApprovalWait(Request(name, shown, show, given, **asked))


def _signal(name: str, payload: Any = Any, *, timeout: timedelta | None = None) -> SignalWait:
    return SignalWait(name, payload, timeout)


def _child(workflow: Workflow[Any, Any], given: Any, *, queue: str = "") -> ChildWait:
    return ChildWait(workflow, given, queue)


_WAITS: dict[str, Callable[..., Wait]] = {"approval": _approval, "signal": _signal, "sleep": SleepWait, "child": _child}
