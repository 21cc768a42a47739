"""Baton's part in digests: whose turn it is, what happened in their window, and that they are told once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.digests.readers import Places, is_person, reader_of
from integrations.base import Health, action
from integrations.errors import InvalidRequest
from workflows.catalog import Catalogue, UnknownDigest
from workflows.digests.desk import EVERYONE, DigestDesk, Order, Task
from workflows.engine.access import Access
from workflows.engine.digests.definition import Digest
from workflows.engine.digests.look import Look, Window
from workflows.engine.digests.page import Page
from workflows.engine.digests.resting import Rest
from workflows.engine.happenings import Happenings
from workflows.engine.model import Run
from workflows.engine.policy import current_call
from workflows.engine.ports import Standing, Store
from workflows.engine.schedules.calendar import Calendar
from workflows.engine.schedules.model import Schedule
from workflows.engine.schedules.passing import LABEL, MOMENT_LABEL
from workflows.engine.schedules.ports import ScheduleBook

LONGEST = timedelta(days=31)
"""A window is cut to so much, however long nobody was told."""
LATE = timedelta(hours=1)
"""For everyone: how far back a first tick looks for people whose time it was."""

Posting = Callable[[Task, Page], None]
"""Has a page posted under its task's key: a repeat is harmless."""


@dataclass(frozen=True)
class Means:
    """What the desk works with."""

    store: Store
    happenings: Happenings
    book: ScheduleBook
    calendar: Calendar
    catalogue: Catalogue
    access: Access
    places: Places
    rest: Rest
    posting: Posting
    now: Callable[[], datetime]
    has_rooms: bool = False
    """Whether channels are known here, so that one that is not known is none."""


class StoreDesk(DigestDesk):
    """Works on the store's rows. Every answer is recorded as a step, so a repeat after a crash is harmless."""

    def __init__(self, means: Means) -> None:
        self._means = means

    @property
    def means(self) -> Means:
        """What it works with."""
        return self._means

    @action(idempotent=True)
    def readers(self, order: Order) -> list[Task]:
        """See who is to read it, and since when."""
        run = self._run()
        labels = json.loads(run.labels)
        schedule = self._means.book.named(labels.get(LABEL, ""))
        tick = labels.get(MOMENT_LABEL, "")
        until = datetime.fromisoformat(tick) if tick else run.created_at
        digest = self.digest(order.digest)
        if order.place == EVERYONE:
            return list(self._everyone(order, digest, schedule, until, run))
        zone = self.zone_of(order.place, schedule.zone if schedule else "UTC")
        if tick and is_person(order.place) and self._means.rest.holiday(_day(until, zone), zone):
            return []
        return [self._task(order, digest, order.place, schedule, until, zone, run, ticked=bool(tick))]

    @action(idempotent=True)
    def write(self, task: Task) -> Page:
        """Collect what happened."""
        return self.page(self.digest(task.digest), task.place, Window(task.since, task.until, task.zone))

    @action(idempotent=True)
    def post(self, task: Task, page: Page) -> bool:
        """Post it; False where there was nothing to tell a person."""
        told = not (is_person(task.place) and (page.is_empty or self._is_stale(task, page)))
        if told:
            self._means.posting(task, page)
        if task.mark:
            self._means.store.set_cursor(task.mark, task.until.isoformat())
        return told

    def health(self) -> Health:
        """Whether there are digests to post."""
        return Health(True, f"Digests: {', '.join(self._means.catalogue.digests) or 'none installed'}")

    # what previews ask too -------------------------------------------------------------------------------

    def digest(self, name: str) -> Digest:
        """The digest of this name; raises InvalidRequest."""
        try:
            return self._means.catalogue.digest(name)
        except UnknownDigest as error:
            raise InvalidRequest(str(error)) from None

    def page(self, digest: Digest, place: str, window: Window) -> Page:
        """A digest as this place may read it."""
        means = self._means
        reader = reader_of(place, means.places, means.access, means.store)
        look = Look(digest.title, window, reader, means.store, means.happenings, means.catalogue.is_internal)
        return digest.make(look)

    def zone_of(self, place: str, otherwise: str) -> str:
        """The time zone where a person is; for a channel, and where nobody knows, the other one."""
        person = self._means.places.person(place) if is_person(place) else None
        return person.zone if person is not None and person.zone else otherwise

    def window(self, digest: Digest, place: str, mark: str, until: datetime, zone: str) -> Window:
        """From where the reader was told before, or last looked, until now."""
        store = self._means.store
        kept = store.cursor(looked_mark(place) if digest.since_look else mark) if mark or digest.since_look else ""
        since = datetime.fromisoformat(kept) if kept else until - digest.span
        return Window(max(min(since, until), until - LONGEST), until, zone)

    # -----------------------------------------------------------------------------------------------------

    def _run(self) -> Run:
        call = current_call()
        if call is None:
            raise InvalidRequest("A digest is posted by its workflow alone.")
        return self._means.store.run(call.run_id)

    def _everyone(
        self, order: Order, digest: Digest, schedule: Schedule | None, until: datetime, run: Run
    ) -> Iterator[Task]:
        """Those for whom something waits and whose time came since the tick before."""
        since = self._tick_before(schedule, until)
        asked = {one for approval in self._means.store.approvals(limit=1_000) for one in approval.approvers}
        people = dict.fromkeys(person for one in sorted(asked) for person in self._means.places.members(one))
        for person in people:
            if not is_person(person) or self._means.access.directory.standing(person) is Standing.GONE:
                continue
            zone = self.zone_of(person, schedule.zone if schedule else "UTC")
            due = self._means.calendar.after(order.rule, zone, since)
            if due is None or due > until or self._means.rest.holiday(_day(due, zone), zone):
                continue
            yield self._task(order, digest, person, schedule, due, zone, run, ticked=True)

    def _tick_before(self, schedule: Schedule | None, until: datetime) -> datetime:
        ticks = self._means.book.ticks(schedule.id, limit=50) if schedule else ()
        before = [tick.at for tick in ticks if tick.at < until and not tick.extra]
        return max(before[0] if before else until - LATE, until - timedelta(days=1))

    def _task(
        self, order: Order, digest: Digest, place: str, schedule: Schedule | None, until: datetime, zone: str,
        run: Run, *, ticked: bool,
    ) -> Task:  # fmt: skip
        own = f"digest/{schedule.id if schedule else run.id}/{place}"
        window = self.window(digest, place, own, until, zone)
        wait = 0.0
        if ticked and is_person(place):
            now = self._means.now()
            wait = (self._means.rest.next_awake(now, zone) - now).total_seconds()
        kept = self._means.store.cursor(own)
        before = datetime.fromisoformat(kept) if kept else None
        key = f"{own}/{until.isoformat()}" if ticked else f"digest/{run.id}/{place}"
        return Task(order.digest, place, window.since, until, zone, key, own if ticked else "", wait, before)

    def _is_stale(self, task: Task, page: Page) -> bool:
        """Whether a digest since the last look tells nothing that the one before did not."""
        if not self.digest(task.digest).since_look or task.before is None:
            return False
        moments = [item.at for group in page.groups for item in group.items]
        return all(at is not None and at < task.before for at in moments)


def looked_mark(actor: str) -> str:
    """Under which name it is kept when somebody last looked."""
    return f"looked/{actor}"


def _day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()
