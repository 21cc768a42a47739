"""Digests over a store in a test's hands: places that are known, a calendar, and clocks that look."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, timedelta

from bot.digests.desk import Means, StoreDesk
from bot.digests.keeping import Ask, Digests
from bot.slack.digesting import SlackPosting
from bot.slack.directory import Person, Room, Self
from bot.walls import next_on_wall
from workflows import Run as Handle
from workflows import StepContext, step, workflow
from workflows.catalog import Catalogue, load
from workflows.digests.desk import DigestDesk
from workflows.digests.posting import post_digest
from workflows.engine.access import Access
from workflows.engine.digests.resting import Rest
from workflows.engine.drafts import Drafts
from workflows.engine.happenings import Happenings
from workflows.engine.outbox import POSTS, Delivery, Outbox
from workflows.engine.policy import Retry
from workflows.engine.ports import Standing, Store
from workflows.engine.schedules.calendar import Calendar
from workflows.engine.schedules.keeping import Schedules
from workflows.engine.schedules.passing import Passing
from workflows.engine.schedules.ports import ScheduleBook
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness

ANA, BEN, BOSS = "slack:T1:U0ANA", "slack:T1:U0BEN", "cli:boss"
OPS, SECRET = "slack:T1:C0OPS", "slack:T1:C0SECRET"
ZONES = {ANA: "Europe/Berlin", BEN: "America/New_York"}


@step(idempotent=True, retry=Retry(attempts=1))
def fetch(ctx: StepContext, what: str) -> str:
    """Fetch it."""
    if what == "nothing":
        raise RuntimeError("there is nothing")
    return what


@workflow("errand", title="Run an errand")
def errand(run: Handle, what: str) -> str:
    return run.step(fetch, what)


@workflow("asking", title="Ask somebody")
def asking(run: Handle, who: str) -> str:
    run.approval("boss", title="May it?", show=who, approvers=(who,)).require_approved()
    return who


@workflow("both", title="Run two errands")
def both(run: Handle, what: str) -> str:
    return run.child(errand, what)


@dataclass
class People:
    """Who is where: everybody is a member, and the secret channel is Ana's alone."""

    def belongs(self, actor: str, to: str) -> bool:
        return actor == to

    def standing(self, actor: str) -> Standing:
        return Standing.MEMBER

    def sees(self, actor: str, channel: str) -> bool:
        return channel == OPS or (channel == SECRET and actor == ANA)

    def room(self, channel: str) -> Room | None:
        rooms = {OPS: Room("C0OPS", "ops", private=False, archived=False),
                 SECRET: Room("C0SECRET", "secret", private=True, archived=False)}  # fmt: skip
        return rooms.get(channel)

    def person(self, actor: str) -> Person | None:
        name = actor.rpartition("U0")[2].lower()
        return Person(actor, name, Standing.MEMBER, ZONES[actor]) if actor in ZONES else None

    def members(self, to: str) -> tuple[str, ...]:
        return (to,)

    def myself(self) -> Self | None:
        return None


@dataclass
class Bell:
    """Nobody listens."""

    rung: list[str] = field(default_factory=list)

    def ring_delivery(self, *run_ids: str, again: bool = False) -> None:
        del again
        self.rung += run_ids


class House:
    """One installation, whose time passes when a test says so."""

    def __init__(
        self, store: Store, book: ScheduleBook, happenings: Happenings, drafts: Drafts, outbox: Outbox,
        clock: ManualClock,
    ) -> None:  # fmt: skip
        self.outbox = outbox
        self.book = book
        self.happenings = happenings
        self.drafts = drafts
        self.clock = clock
        self.free: dict[tuple[date, str], str] = {}
        people = People()
        access = Access(frozenset({ANA}), people)
        calendar = Calendar(next_on_wall)
        posting = SlackPosting(lambda: outbox, Bell, people, clock.now)
        rest = Rest(holiday=lambda day, zone: self.free.get((day, zone), ""))
        flows = (post_digest, errand, asking, both)
        catalogue = Catalogue({one.name: one for one in flows}, digests=load().digests)
        self.desk = StoreDesk(
            Means(
                store, happenings, book, calendar, catalogue, access, people, rest, posting, clock.now, has_rooms=True
            )
        )
        self.harness = Harness(*flows, store=store, clock=clock, tools={DigestDesk: self.desk})
        self.harness.service.access = access
        self.passing = self.clock_process()
        schedules = Schedules(self.harness.service, book, calendar, self.passing)
        self.digests = Digests(schedules, self.desk, drafts, self.desk.means)

    def clock_process(self) -> Passing:
        """One more clock."""
        return Passing(self.harness.service, self.book, self.desk.means.calendar, print)

    def start(self, name: str, given: str, *, channel: str = "", by: str = ANA) -> str:
        """Start a run and let it go as far as it can; its id."""
        run = self.harness.service.start(name, given, by=by, channel=channel)
        self.harness.work()
        return run.id

    def add(self, digest: str, place: str, words: str, by: str = ANA) -> str:
        """Have a digest posted; its name."""
        return self.digests.add(Ask(digest, place, tuple(words.split())), by=by).schedule.name

    def pass_(self, **delay: float) -> None:
        """Let time pass, with a clock that looks every half hour."""
        end = self.clock.now() + timedelta(**delay)
        while self.clock.now() < end:
            self.clock.advance(min(timedelta(minutes=30), end - self.clock.now()))
            self.look()

    def look(self) -> None:
        """Let a clock look, and workers work."""
        self.passing.look()
        self.harness.work()

    def posts(self, place: str = "") -> list[Delivery]:
        """What is to be posted, oldest first."""
        return [row for row in self.outbox.deliveries(POSTS) if place in ("", row.channel)]

    def texts(self, place: str = "") -> list[str]:
        """What stands in it, as JSON."""
        return [json.loads(row.payload).__str__() for row in self.posts(place)]
