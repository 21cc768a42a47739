"""The twin of the bulks, on the rows of an in-memory store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from workflows.engine.bulks.model import ASKED_KEPT, ENDED_KEPT, Bulk, CameTo, EndedAs, Standing, Turn
from workflows.engine.letters.ports import card_of
from workflows.engine.model import Audit
from workflows.engine.outbox import Card
from workflows.engine.testing.memory import MemoryStore


class MemoryBulks:
    """Bulks; shares the rows and the lock of a MemoryStore."""

    def __init__(self, store: MemoryStore) -> None:
        self._rows, self._lock, self._clock = store.shared

    # asking

    def ask(self, bulk: Bulk) -> Bulk:
        with self._lock:
            frozen = self._waiting(bulk)
            kept = replace(bulk, asked_at=self._clock.now(), total=len(frozen))
            if frozen:
                self._rows.bulks[bulk.id] = kept
                self._rows.bulk_items |= {(bulk.id, run_id): (at, None, "") for run_id, at in frozen.items()}
            return kept

    def confirm(self, bulk_id: str, audit: Audit, *, detail: str = "") -> bool:
        with self._lock:
            bulk, now = self._rows.bulks.get(bulk_id), self._clock.now()
            if bulk is None or bulk.confirmed_at is not None or bulk.asked_at <= now - ASKED_KEPT:
                return False
            return self._tell(replace(bulk, confirmed_at=now, detail=detail), audit)

    def cancel(self, bulk_id: str, audit: Audit) -> bool:
        with self._lock:
            bulk = self._rows.bulks.get(bulk_id)
            if bulk is None or not _goes(bulk):
                return False
            for run_id, at in self._pending(bulk_id).items():
                self._rows.bulk_items[bulk_id, run_id] = (at, CameTo.LEFT, "")
            now = self._clock.now()
            return self._tell(replace(bulk, ended_at=now, ended_as=EndedAs.CANCELLED, ended_by=audit.actor), audit)

    def _tell(self, bulk: Bulk, audit: Audit) -> bool:
        self._rows.bulks[bulk.id] = bulk
        self._rows.audit.append(audit)
        self._show(bulk.group_id, at_once=True)
        return True

    # carrying out

    def claim(self, owner: str, ttl: timedelta, *, bulk_id: str = "") -> Bulk | None:
        with self._lock:
            now = self._clock.now()
            held = {key for key, (_, until) in self._rows.bulk_leases.items() if until > now}
            free = [bulk for bulk in self._rows.bulks.values() if _goes(bulk) and bulk.id not in held]
            found = min((one for one in free if bulk_id in ("", one.id)), key=lambda one: one.id, default=None)
            if found is not None:
                self._rows.bulk_leases[found.id] = (owner, now + ttl)
            return found

    def turns(self, bulk_id: str, *, limit: int) -> Sequence[Turn]:
        with self._lock:
            return [Turn(run_id, at) for run_id, at in sorted(self._pending(bulk_id).items())][:limit]

    def settle(self, bulk_id: str, run_id: str, came_to: CameTo, why: str = "") -> None:
        with self._lock:
            at = self._pending(bulk_id).get(run_id)
            if at is not None:
                self._rows.bulk_items[bulk_id, run_id] = (at, came_to, why)

    def rest(self, bulk_id: str, owner: str) -> bool:
        with self._lock:
            if self._rows.bulk_leases.get(bulk_id, ("",))[0] == owner:
                del self._rows.bulk_leases[bulk_id]
            bulk = self._rows.bulks.get(bulk_id)
            if bulk is None:
                return True
            if _goes(bulk) and not self._pending(bulk_id):
                bulk = replace(bulk, ended_at=self._clock.now(), ended_as=EndedAs.DONE)
                self._rows.bulks[bulk_id] = bulk
            self._show(bulk.group_id, at_once=bulk.ended_at is not None)
            return bulk.ended_at is not None

    # reading

    def look(self, bulk_id: str) -> Standing | None:
        with self._lock:
            bulk = self._rows.bulks.get(bulk_id)
            return self._standing(bulk) if bulk is not None else None

    def of_group(self, group_id: str) -> Standing | None:
        with self._lock:
            mine = [b for b in self._rows.bulks.values() if b.group_id == group_id and b.confirmed_at is not None]
            return self._standing(max(mine, key=lambda bulk: bulk.id)) if mine else None

    # keeping it small

    def forget(self, *, limit: int) -> int:
        with self._lock:
            now = self._clock.now()
            gone = [bulk.id for bulk in self._rows.bulks.values() if _is_old(bulk, now)][:limit]
            for bulk_id in gone:
                del self._rows.bulks[bulk_id]
            items = self._rows.bulk_items.items()
            self._rows.bulk_items = {key: item for key, item in items if key[0] not in gone}
            return len(gone)

    # -----------------------------------------------------------------------------------------------------

    def _waiting(self, bulk: Bulk) -> dict[str, datetime]:
        """The dead letters of its group that wait now."""
        letters = (one for one in self._rows.letters.values() if one.group_id == bulk.group_id)
        runs = [self._rows.runs[letter.run_id] for letter in letters if letter.settled_at is None]
        mine = [run for run in runs if bulk.only in ("", run.started_by)]
        return {run.id: run.dead_at for run in mine if run.dead_at is not None}

    def _pending(self, bulk_id: str) -> dict[str, datetime]:
        items = self._rows.bulk_items.items()
        return {key[1]: at for key, (at, came_to, _) in items if key[0] == bulk_id and came_to is None}

    def _standing(self, bulk: Bulk) -> Standing:
        mine = {key[1]: item for key, item in self._rows.bulk_items.items() if key[0] == bulk.id}
        counts = Counter(came_to for _, came_to, _ in mine.values())
        since = [run_id for run_id, at in self._waiting(bulk).items() if run_id not in mine or mine[run_id][0] != at]
        why = max((why for _, came_to, why in mine.values() if came_to is CameTo.REFUSED), default="")
        done, elsewhere, refused, left = (counts[one] for one in CameTo)
        return Standing(bulk, done, elsewhere, refused, left, len(since), why)

    def _show(self, group_id: str, *, at_once: bool) -> None:
        group, now = self._rows.groups.get(group_id), self._clock.now()
        if group is None:
            return
        card = self._rows.cards.get(card_of(group_id)) or Card(card_of(group_id), group.channel, 0, 0, now)
        due = min(card.due_at, now) if at_once else card.due_at
        self._rows.cards[card.run_id] = replace(card, wanted=card.wanted + 1, due_at=due)


def _goes(bulk: Bulk) -> bool:
    return bulk.confirmed_at is not None and bulk.ended_at is None


def _is_old(bulk: Bulk, now: datetime) -> bool:
    if bulk.confirmed_at is None:
        return bulk.asked_at <= now - ASKED_KEPT
    return bulk.ended_at is not None and bulk.ended_at <= now - ENDED_KEPT
