"""Where too few of those who are asked are there, others are asked at once instead of hours later."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from workflows.engine.approving.agenda import entries_of, hastened, text_of
from workflows.engine.approving.delegation import Delegation
from workflows.engine.approving.recorded import recorded
from workflows.engine.deciding import check_open
from workflows.engine.directory import is_among
from workflows.engine.errors import BatonError, Decided
from workflows.engine.model import Approval, ApprovalState, Audit, Event, Writes
from workflows.engine.ports import Membership, View
from workflows.engine.service import Service
from workflows.engine.starters import starters_of

ACTOR = "clock"
MOST = 1_000


class Hastening:
    """Brings the first escalation of an approval forward while its people are away. It takes nobody's say.

    `away` tells who is out of office; it may ask a service, so it is never called within a transaction.
    """

    def __init__(self, service: Service, directory: Membership, away: Callable[[str], bool]) -> None:
        self._service = service
        self._directory = directory
        self._away = away

    def look(self) -> int:
        """Look at each open approval that may be escalated; how many are now."""
        store = self._service.store
        waiting = [one for one in store.approvals(state=ApprovalState.OPEN, limit=MOST) if _escalates(one)]
        given = store.delegations.all() if waiting else ()
        return sum(self._look_at(one, given) for one in waiting)

    def _look_at(self, approval: Approval, given: Sequence[Delegation]) -> bool:
        gone = self._missing(approval, given)
        if not gone:
            return False

        done = False

        def change(view: View) -> Writes:
            nonlocal done
            now = view.approval(approval.id) or approval
            check_open(view, now)
            same = now.approvers == approval.approvers and _escalates(now)
            writes = _hastened(view, now, gone, self._loud(view.now)) if same else Writes()
            done = bool(writes.approvals)
            return writes

        try:
            self._service.change(approval.run_id, change, about=approval.id)
        except Decided:
            return False
        return done

    def _loud(self, now: datetime) -> datetime:
        """Now, or the end of the quiet hours."""
        quiet = self._service.book.quiet
        return quiet.loud(now) if quiet else now

    def _missing(self, approval: Approval, given: Sequence[Delegation]) -> Sequence[str]:
        """Who is away without a deputy, where those who are left are too few; nobody while that can't be said."""
        people: dict[str, None] = {}
        for entry in approval.approvers:
            found = self._directory.people(entry)
            if found is None:
                return ()
            people |= dict.fromkeys(found)
        try:
            starters = () if approval.allow_self else starters_of(self._service.store, approval.run_id)
            workflow = self._service.store.run(approval.run_id).workflow
        except BatonError:  # it was deleted just now
            return ()
        terms = recorded(approval)
        name = terms.name if terms else ""
        deputies = {one.person: one.deputy for one in given if one.covers(name, workflow)}
        asked = [one for one in people if not is_among(one, starters)]
        gone = [one for one in asked if self._away(one) and not (one in deputies and not self._away(deputies[one]))]
        return gone if len(asked) - len(gone) < approval.quorum else ()


def _escalates(approval: Approval) -> bool:
    return any(entry.to for entry in entries_of(approval.agenda))


def _hastened(view: View, approval: Approval, gone: Sequence[str], at: datetime) -> Writes:
    entries = hastened(entries_of(approval.agenda), at)
    if entries == entries_of(approval.agenda):  # it comes no later already
        return Writes()
    who = ", ".join(gone)
    data = json.dumps({"approval": approval.id, "name": approval.name, "away": list(gone)})
    return Writes(
        approvals=(replace(approval, agenda=text_of(entries), remind_at=entries[0].at),),
        events=(Event(approval.run_id, "approval.hastened", view.now, data, ACTOR),),
        audit=(Audit(view.now, ACTOR, "hasten", approval.run_id, f"{approval.name}: away: {who}"),),
    )
