"""Answering an approval, and handing it to others: each one transaction that compares what was seen with what is."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workflows.engine import codec
from workflows.engine.answers import current_values, edited_values, filled_in, newly_edited, sealed, with_edited
from workflows.engine.approving.agenda import without_escalation
from workflows.engine.approving.delegation import Say
from workflows.engine.approving.recorded import recorded, seats_of
from workflows.engine.approving.voting import behalf, says_text, taken
from workflows.engine.directory import is_among, is_group
from workflows.engine.errors import Changed, CodecError, Decided, InvalidInput, Refused
from workflows.engine.model import (
    Approval,
    ApprovalState,
    Audit,
    Decision,
    Event,
    Message,
    MessageKind,
    Outcome,
    Writes,
)
from workflows.engine.operations.approval import DecisionMade
from workflows.engine.ports import Standing, View
from workflows.engine.starters import starters_of

if TYPE_CHECKING:
    from workflows.engine.service import Service

SHORT = 16
"""So many characters of a digest are enough to say which one is meant."""
ANEW = 5
"""How often an answer is judged anew when the approval is changed by others at that moment."""


@dataclass(frozen=True)
class Given:
    """An answer as a person gave it."""

    approval_id: str
    outcome: Outcome
    by: str
    comment: str = ""
    digest: str = ""
    fields: Mapping[str, Any] | None = None
    edited: Mapping[str, Any] | None = None


class _ChangedMeanwhile(Exception):
    """Others changed the approval between its reading and the transaction."""


@dataclass
class _Left:
    """An approval as a transaction leaves it, so that nobody has to read it again."""

    approval: Approval

    def by(self, change: Callable[[View], Writes]) -> Callable[[View], Writes]:
        def noted(view: View) -> Writes:
            writes = change(view)
            written = [one for one in writes.approvals if one.id == self.approval.id]
            self.approval = written[-1] if written else view.approval(self.approval.id) or self.approval
            return writes

        return noted


def decide(service: Service, given: Given, seen: Approval | None = None) -> Approval:
    """Record an answer; who may is judged before the transaction, since the directory may be slow."""
    if given.outcome is Outcome.EXPIRED:
        raise InvalidInput("Nobody can decide that an approval expired: approve, reject, or ask for changes.")

    def attempt(asked: Approval) -> Callable[[View], Writes]:
        says = service.access.decide(given.by, asked, starters_of(service.store, asked.run_id))

        def change(view: View) -> Writes:
            approval = _same(view, asked)
            if any(say.until is not None and say.until <= view.now for say in says):
                raise _ChangedMeanwhile
            if _is_repeat(view, approval, given):
                return Writes()
            check_open(view, approval)
            _check_seen(approval, given.digest)
            return _answered(view, approval, given, says)

        return change

    return _carried_out(service, given.approval_id, attempt, seen)


def reassign(service: Service, approval_id: str, to: tuple[str, ...], by: str, reason: str) -> Approval:
    """Hand an open approval to others; the digest covers who may decide, so earlier votes count no more."""
    if not to or not all(one.strip() for one in to):
        raise InvalidInput("Say who is to decide instead: people, roles or groups.")

    def attempt(asked: Approval) -> Callable[[View], Writes]:
        service.access.reassign(by, asked)
        _check_people(service, asked, to)
        starters = starters_of(service.store, asked.run_id)

        def change(view: View) -> Writes:
            approval = _same(view, asked)
            check_open(view, approval)
            if approval.approvers == to:
                return Writes()
            _check_possible(approval, to, starters)
            data = json.dumps({
                "approval": approval.id, "name": approval.name, "from": approval.approvers, "to": to, "reason": reason,
            })  # fmt: skip
            terms = recorded(approval)
            policy, agenda = (
                (terms.handed(to).text(), without_escalation(approval.agenda)) if terms else ("", approval.agenda)
            )
            words = f"{approval.name}: {', '.join(approval.approvers)} -> {', '.join(to)}"
            return Writes(
                approvals=(sealed(replace(approval, approvers=to, policy=policy, agenda=agenda)),),
                decisions=_stamped(view, approval),
                events=(Event(approval.run_id, "approval.reassigned", view.now, data, by),),
                audit=(Audit(view.now, by, "reassign", approval.run_id, f"{words}: {reason}" if reason else words),),
            )

        return change

    return _carried_out(service, approval_id, attempt)


def check_open(view: View, approval: Approval) -> None:
    """Raise Decided, with words that say who decided, unless the approval is open."""
    if approval.state is ApprovalState.OPEN and (approval.due_at is None or view.now < approval.due_at):
        return
    made = view.decisions(approval.id)
    if approval.state is ApprovalState.DECIDED and made:
        raise Decided(f"{approval.title} was already {approval.outcome} by {made[-1].by}.", approval)
    if approval.state is ApprovalState.VOID:
        raise Decided(f"{approval.title} is no longer asked for.", approval)
    raise Decided(f"{approval.title} expired before anybody decided.", approval)


# -----------------------------------------------------------------------------------------------------------


def _carried_out(
    service: Service,
    approval_id: str,
    attempt: Callable[[Approval], Callable[[View], Writes]],
    seen: Approval | None = None,
) -> Approval:
    for _ in range(ANEW):
        asked, seen = seen or _found(service, approval_id), None
        left = _Left(asked)
        try:
            service.change(asked.run_id, left.by(attempt(asked)), about=approval_id)
        except _ChangedMeanwhile:
            continue
        except CodecError as error:
            raise InvalidInput(str(error)) from None
        return left.approval
    raise Refused(f"Approval {approval_id} is being changed by others just now. Look at it, then answer again.")


def _found(service: Service, approval_id: str) -> Approval:
    asked = service.store.approval(approval_id)
    if asked is None:
        raise Refused(f"There is no approval {approval_id}. `baton approvals` lists those that are open.")
    return asked


def _same(view: View, asked: Approval) -> Approval:
    """The approval as it is now, if those are still its approvers who were asked about."""
    approval = view.approval(asked.id) or asked
    if approval.approvers != asked.approvers:
        raise _ChangedMeanwhile
    return approval


def _check_seen(approval: Approval, digest: str) -> None:
    if digest and not (len(digest) >= SHORT and approval.digest.startswith(digest)) and digest != approval.digest:
        raise Changed(f"{approval.title} changed since you looked; look at it again.", approval)


def _check_bound(approval: Approval, edited: Mapping[str, Any] | None) -> None:
    """What a policy chose its rule by is not edited past the people it chose."""
    terms, before = recorded(approval), current_values(approval)
    changed = [name for name, value in (edited or {}).items() if value != before.get(name)]
    if terms is not None and (bound := terms.decided_by(changed)):
        raise InvalidInput(
            f"{', '.join(bound)} decides who may approve {approval.title}, so it can't be edited here: ask for changes."
        )


def _check_people(service: Service, approval: Approval, to: Sequence[str]) -> None:
    """Nobody is asked who could never answer."""
    never = {Standing.GONE: "is deactivated", Standing.STRANGER: "is a bot, or of another workspace"}
    for one in to:
        why = "" if is_group(one) else never.get(service.access.directory.standing(one))
        if why:
            raise Refused(f"{one} {why}, so {approval.title} can't be handed to them. Choose somebody else.")


def _check_possible(approval: Approval, to: Sequence[str], starters: Collection[str]) -> None:
    able = [one for one in to if approval.allow_self or not is_among(one, starters)]
    if not able:
        raise Refused(f"{to[0]} started this run, so {approval.title} has to be decided by somebody else.")
    if len(able) < approval.quorum and not any(is_group(one) for one in able):
        raise Refused(f"{approval.title} needs {approval.quorum} approvals: name at least as many who may decide it.")


def _is_repeat(view: View, approval: Approval, given: Given) -> bool:
    """Whether this person gave this very answer before, and it counts."""
    made = next((d for d in view.decisions(approval.id) if d.by == given.by), None)
    if made is None or made.outcome is not given.outcome or made.digest not in ("", approval.digest):
        return False
    if approval.state is ApprovalState.DECIDED:
        return approval.outcome is given.outcome and not given.edited
    return (
        approval.state is ApprovalState.OPEN
        and not given.edited
        and made.fields == _text(filled_in(approval, given.fields) if given.outcome is Outcome.APPROVED else None)
    )


def _answered(view: View, approval: Approval, given: Given, says: Sequence[Say]) -> Writes:
    approves = given.outcome is Outcome.APPROVED
    if not approves and (given.fields or given.edited):
        raise InvalidInput(f"Values are filled in or edited only when {approval.title} is approved.")
    fields = filled_in(approval, given.fields) if approves else None
    edited = newly_edited(approval, given.edited) if approves else None
    _check_bound(approval, edited)
    stamped: tuple[Decision, ...] = ()
    if edited is not None and approval.quorum > 1:  # the others have to agree to what it says now
        stamped, approval = _stamped(view, approval), with_edited(approval, edited)
    decision = Decision(
        approval.id, given.by, given.outcome, view.now, given.comment, approval.digest, _text(fields), _text(edited),
        says_text(given.by, says),
    )  # fmt: skip
    return _counted(view, approval, decision, stamped)


def _counted(view: View, approval: Approval, decision: Decision, stamped: tuple[Decision, ...]) -> Writes:
    voided = {made.by for made in stamped}
    votes = [d for d in view.decisions(approval.id) if d.by not in voided | {decision.by}]
    valid = [d for d in votes if d.digest in ("", approval.digest) and d.outcome is Outcome.APPROVED]
    approves = decision.outcome is Outcome.APPROVED
    seats = taken(approval, (*valid, decision)) if approves else {}
    decision = replace(decision, behalf=behalf(decision, seats))
    data: dict[str, Any] = {
        "approval": approval.id, "name": approval.name, "outcome": decision.outcome, "comment": decision.comment,
    }  # fmt: skip
    if decision.behalf:
        data["behalf"] = decision.behalf
    if decision.edited is not None:
        former = current_values(view.approval(approval.id) or approval)
        data |= {"edited": "yes", "change": {"before": former, "after": json.loads(decision.edited)}}
    for_whom = f"for {decision.behalf}: " * bool(decision.behalf)
    audit = (Audit(view.now, decision.by, f"decide {decision.outcome}", approval.run_id, f"{for_whom}{approval.name}"),)
    kept = (*(d for d in stamped if d.by != decision.by), decision)
    if approves and len(seats) < len(seats_of(approval)):
        voted = Event(approval.run_id, "approval.voted", view.now, json.dumps(data), decision.by)
        changed = (approval,) if stamped or decision.edited is not None else ()
        return Writes(decisions=kept, approvals=changed, events=(voted,), audit=audit)
    closed = replace(
        approval, state=ApprovalState.DECIDED, outcome=decision.outcome, closed_at=view.now, remind_at=None
    )
    told = Event(approval.run_id, "approval.decided", view.now, json.dumps(data), decision.by)
    message = _message(view, approval, decision, valid)
    return Writes(decisions=kept, approvals=(closed,), messages=(message,), events=(told,), audit=audit)


def _message(view: View, approval: Approval, decision: Decision, valid: Sequence[Decision]) -> Message:
    """What the run is told: the last answer, with what was filled in and edited on the way."""
    filled = [d.fields for d in (*valid, decision) if d.fields is not None]
    fields = json.loads(filled[-1]) if filled and decision.outcome is Outcome.APPROVED else None
    edited = json.loads(decision.edited) if decision.edited else edited_values(approval)
    made = DecisionMade(approval.name, decision.outcome, decision.comment, decision.by, fields, edited)
    return Message(
        f"decision-{approval.id}", approval.run_id, MessageKind.DECISION, approval.id,
        codec.encode(made, "The decision"), view.now, decision.by,
    )  # fmt: skip


def _stamped(view: View, approval: Approval) -> tuple[Decision, ...]:
    """Votes of before digests were kept get the digest they were given for, since it changes now."""
    return tuple(replace(d, digest=approval.digest) for d in view.decisions(approval.id) if not d.digest)


def _text(values: Mapping[str, Any] | None) -> str | None:
    return codec.encode(values, "The values") if values is not None else None
