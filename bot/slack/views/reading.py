"""From a run's rows to what the views are given."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.slack.views.content import value_of
from bot.slack.views.snapshot import AlertSnapshot, ApprovalSnapshot, Edit, Handover, RunSnapshot
from workflows.engine.model import DONE, Approval, Decision, Event, Record, Run
from workflows.engine.plan import Plan
from workflows.engine.progress import progress

_MOVES = {"run.discarded": "discard", "run.forked": "fork", "run.cancel_requested": "cancel"}


def snapshot_of(
    run: Run,
    plan: Plan | None,
    records: Sequence[Record],
    approvals: Iterable[tuple[Approval, Sequence[Decision]]],
    events: Sequence[Event],
    *,
    now: datetime,
    summary: str = "",
    link: str = "",
    paused: str = "",
) -> RunSnapshot:
    """A run with everything that its messages show. `plan` is None when its workflow is not installed here."""
    shown = sorted(approvals, key=lambda pair: (pair[0].opened_at, pair[0].id))
    told = _by_approval(events)
    return RunSnapshot(
        run, progress(plan, records, run), now, tuple(records),
        tuple(approval_of(approval, decisions, told.get(approval.id, ())) for approval, decisions in shown),
        alerts_of(run, events), summary, link, paused, _progressing(records, events),
    )  # fmt: skip


def approval_of(approval: Approval, decisions: Sequence[Decision], events: Iterable[Event] = ()) -> ApprovalSnapshot:
    """An approval with its votes, edits, handovers and reminders."""
    own = [(event, _data(event)) for event in _by_approval(events).get(approval.id, ())]
    votes = tuple(sorted(decisions, key=lambda vote: vote.at))
    handovers = tuple(
        Handover(event.actor, event.at, tuple(map(str, _list(data.get("to")))), str(data.get("reason") or ""))
        for event, data in own
        if event.kind == "approval.reassigned"
    )
    reminders = sum(event.kind == "approval.reminded" for event, _ in own)
    escalations = tuple(
        tuple(map(str, _list(data.get("to")))) for event, data in own if event.kind == "approval.escalated"
    )
    lacking = [str(data.get("reason") or "") for event, data in own if event.kind == "approval.impossible"]
    impossible = lacking[-1] if lacking and not handovers else ""
    edits = _edits(approval, votes, own)
    return ApprovalSnapshot(approval, votes, edits, handovers, reminders, escalations, impossible)


def _by_approval(events: Iterable[Event]) -> dict[str, list[Event]]:
    """What happened to each approval: a run may have hundreds, among thousands of other events."""
    found: dict[str, list[Event]] = {}
    for event in events:
        if event.kind.startswith("approval."):
            found.setdefault(str(_data(event).get("approval")), []).append(event)
    return found


def alerts_of(run: Run, events: Iterable[Event]) -> tuple[AlertSnapshot, ...]:
    """Each time that the run became a dead letter, and what was done about it."""
    found: list[AlertSnapshot] = []
    for event in events:
        if not event.kind.startswith("run."):
            continue
        data = _data(event)
        if event.kind == "run.dead_letter":
            found.append(AlertSnapshot(len(found) + 1, event.at, "", str(data.get("error") or "")))
            continue
        verb = str(data.get("verb") or "resume") if event.kind == "run.resumed" else _MOVES.get(event.kind, "")
        if verb and found and not found[-1].verb:
            detail = str(data.get("detail") or data.get("reason") or data.get("run") or "")
            last = found[-1]
            found[-1] = AlertSnapshot(
                last.number, last.at, last.error, last.reason, verb, event.actor, event.at, detail
            )
    if run.dead_at is not None and not (found and not found[-1].verb):
        found.append(AlertSnapshot(len(found) + 1, run.dead_at, run.error or ""))
    if found and run.error and run.dead_at is not None:
        last = found[-1]
        found[-1] = AlertSnapshot(last.number, last.at, run.error, last.reason)
    return tuple(found)


def _edits(
    approval: Approval, votes: Iterable[Decision], events: Iterable[tuple[Event, Mapping[str, Any]]]
) -> tuple[Edit, ...]:
    told = [(event, data["change"]) for event, data in events if isinstance(data.get("change"), Mapping)]
    if told:
        return tuple(
            Edit(event.actor, event.at, _text(change.get("before")), _text(change.get("after")))
            for event, change in told
        )
    current = value_of(approval.editable)
    former = current.get("values") if isinstance(current, Mapping) and not current.get("edited") else {}
    return tuple(Edit(vote.by, vote.at, _text(former), vote.edited) for vote in votes if vote.edited)


def _text(value: object) -> str:
    return json.dumps(value if isinstance(value, Mapping) else {}, ensure_ascii=False)


def _progressing(records: Iterable[Record], events: Iterable[Event]) -> dict[str, str]:
    going = {record.key for record in records if record.state not in DONE and not record.superseded}
    found: dict[str, str] = {}
    for event in events:
        if event.kind == "step.progress":
            data = _data(event)
            key = str(data.get("key") or data.get("step") or "")
            if key in going:
                found[key] = progress_words(data)
    return found


def progress_words(data: Mapping[str, Any]) -> str:
    """What a long step says of itself: 3 of 10, fetching pages."""
    done, total, text = data.get("done"), data.get("total"), str(data.get("text") or "")
    counted = f"{done} of {total}" if done is not None and total else (str(done) if done is not None else "")
    return ", ".join(part for part in (counted, text) if part)


def _data(event: Event) -> Mapping[str, Any]:
    value = value_of(event.data)
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
