"""How an approval is opened: whom it asks, by its own terms or by a policy, and whether they are enough."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from workflows.engine import codec
from workflows.engine.access import Access
from workflows.engine.answers import editable_text, schema_text, sealed
from workflows.engine.approving import agenda
from workflows.engine.approving.policy import Policy, PolicyError
from workflows.engine.cursor import Cursor
from workflows.engine.errors import BatonError, Parked
from workflows.engine.explaining import circle_of
from workflows.engine.ids import new_id
from workflows.engine.model import Approval, Event, Outcome, Record
from workflows.engine.starters import starters_of

Approvers = Sequence[str] | Callable[[Any], Sequence[str]]
"""People, roles and groups, or a function of the run's input that gives them."""


@dataclass(frozen=True)
class Request:
    """What is asked of whom."""

    name: str
    title: str
    show: Any
    approvers: Approvers
    quorum: int = 1
    allow_self: bool = False
    timeout: timedelta | None = None
    remind: timedelta | None = None
    fields: type[BaseModel] | None = None
    editable: type[BaseModel] | None = None
    on_timeout: Outcome = Outcome.EXPIRED
    policy: Policy | str | None = None

    def check(self) -> None:
        """Raise TypeError for what makes no sense together."""
        for word, model in (("fields", self.fields), ("editable", self.editable)):
            if model is not None and not isinstance(model, type):
                raise TypeError(
                    f"the approval {self.name} takes a model class as {word}, not {type(model).__name__}(…)"
                )
        plain = Request(self.name, self.title, self.show, ())
        terms = ("approvers", "quorum", "allow_self", "timeout", "remind", "on_timeout")
        both = [term for term in terms if getattr(self, term) != getattr(plain, term)]
        if self.policy is not None and both:
            raise TypeError(
                f"the approval {self.name} has a policy, which says its {', '.join(both)} too: say it there"
            )


def asked(cursor: Cursor, record: Record, request: Request, show: str) -> tuple[Approval, tuple[Event, ...]]:
    """The approval as it opens, and what there is to tell of it; parks the run where nobody could decide."""
    try:
        approval = _filled(request, _terms(cursor, record, request, show))
    except PolicyError as error:
        raise cursor.close(Parked(f"{request.name} can't be asked for. {error} Put it right, then resume.")) from None
    except BatonError as error:
        raise cursor.close(Parked(str(error))) from None
    data: dict[str, Any] = {"approval": approval.id, "name": approval.name, "key": record.key}
    events = [cursor.event("approval.requested", json.dumps(data))]
    if lacking := _lacking(cursor, approval):
        events.append(cursor.event("approval.impossible", json.dumps({**data, "reason": lacking}, ensure_ascii=False)))
    return approval, tuple(events)


def _terms(cursor: Cursor, record: Record, request: Request, show: str) -> Approval:
    now, run, book = record.started_at, cursor.turn.run, cursor.turn.means.book
    assert now is not None
    approval = Approval(new_id(), run.id, record.generation, record.key, request.name, request.title, show, "", (), now)
    if request.policy is not None:
        return _by_policy(cursor, request.policy, approval)
    due_at = now + request.timeout if request.timeout is not None else None
    planned = agenda.agenda(now, due_at, request.remind, quiet=book.quiet) if book.quiet is not None else ()
    first = planned[0].at if planned else now + request.remind if request.remind and book.quiet is None else None
    return replace(
        approval, approvers=_approvers(cursor, request), quorum=request.quorum, allow_self=request.allow_self,
        due_at=due_at, on_timeout=request.on_timeout, remind_every=request.remind, remind_at=first,
        agenda=agenda.text_of(planned),
    )  # fmt: skip


def _by_policy(cursor: Cursor, policy: Policy | str, approval: Approval) -> Approval:
    turn = cursor.turn
    values = {"show": json.loads(approval.show), "input": json.loads(codec.encode(turn.given, "The input"))}
    book = turn.means.book
    opening = book.opening(book.policy(policy), values, approval.opened_at)
    terms = opening.recorded
    return replace(
        approval, approvers=terms.approvers, quorum=len(terms.seats), allow_self=opening.allow_self,
        due_at=opening.due_at, on_timeout=opening.on_timeout, remind_at=opening.remind_at, agenda=opening.agenda,
        policy=terms.text(),
    )  # fmt: skip


def _filled(request: Request, approval: Approval) -> Approval:
    """The approval with what is filled in and edited, under its digest."""
    fields = schema_text(request.fields) if request.fields else ""
    editable = editable_text(request.editable, approval.show, request.name) if request.editable else ""
    return sealed(replace(approval, fields=fields, editable=editable))


def _approvers(cursor: Cursor, request: Request) -> tuple[str, ...]:
    told = request.approvers
    named = told(cursor.turn.given) if callable(told) else told
    if isinstance(named, str):
        raise BatonError(f"The approvers of {request.name} are one text, {named!r}: give a list of them, then resume.")
    approvers = tuple(dict.fromkeys(named)) or cursor.turn.means.approvers
    if not approvers:
        raise BatonError(
            f"Nobody may approve {request.name}: name approvers in the workflow or set BATON_APPROVERS, then resume."
        )
    return approvers


def _lacking(cursor: Cursor, approval: Approval) -> str:
    """Why nobody can decide it as it stands, where somebody can say; "" otherwise. One approver is not counted."""
    directory, run_id = cursor.turn.means.directory, approval.run_id
    if directory is None or (not approval.policy and approval.quorum == 1):
        return ""
    starters = cursor.turn.read(lambda store: starters_of(store, run_id))
    return circle_of(Access(directory=directory), directory, approval, starters).impossible
