"""Runs that fail alike, and what moves a group of them, in a test's hands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from workflows import Effect, Retry, Run, StepContext, step, workflow
from workflows.engine.bulks.desk import BulkDesk
from workflows.engine.bulks.model import Move, Standing
from workflows.engine.bulks.moving import Mover
from workflows.engine.bulks.ports import Bulks
from workflows.engine.desk import LetterDesk
from workflows.engine.directory import LocalDirectory
from workflows.engine.letters.model import Counted, GroupQuery
from workflows.engine.letters.ports import Letters
from workflows.engine.model import RunState
from workflows.engine.outbox import Outbox
from workflows.engine.ports import Standing as Known
from workflows.engine.ports import Store
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness

ANA, BEN, OPS = "cli:ana", "test:ben", "test:ops"
shut: set[str] = set()
"""The shops that refuse."""


class Refusing(Exception):
    retryable = False
    effect = Effect.NONE


@step(idempotent=True)
def look(ctx: StepContext, name: str) -> str:
    return name


@step(idempotent=True, retry=Retry(attempts=1))
def buy(ctx: StepContext, name: str) -> str:
    if name in shut:
        raise Refusing("the shop is shut")
    return f"bought at {name}"


@workflow("buying")
def buying(run: Run, name: str) -> str:
    run.step(look, name)
    return run.step(buy, name)


@dataclass(frozen=True)
class People(LocalDirectory):
    """Who is who, which a test may change."""

    unheard: set[str] = field(default_factory=set)
    """Of whom nobody can say who they are."""

    def standing(self, actor: str) -> Known:
        return Known.UNKNOWN if actor in self.unheard else super().standing(actor)


class Died(BaseException):
    """The process ended here."""


class Stage:
    """One store with groups of dead letters, people, and movers."""

    def __init__(self, store: Store, letters: Letters, bulks: Bulks, outbox: Outbox, clock: ManualClock) -> None:
        shut.clear()
        self.admins = [OPS]
        self.people = People({"ops": self.admins})
        self.harness = Harness(
            buying, store=store, clock=clock, admins=("role:ops",), directory=self.people, approvers=(ANA,)
        )
        self.store, self.letters, self.bulks, self.outbox, self.clock = store, letters, bulks, outbox, clock
        self.desk = BulkDesk(LetterDesk(self.harness.service, letters), bulks)
        self.mover = Mover(self.harness.service, bulks)

    def fail(self, *names: str, by: str = BEN) -> list[str]:
        """Runs that fail, each at a shop of its own; their ids."""
        shut.update(names)
        made = [self.harness.start("buying", name, by=by) for name in names]
        self.harness.work()
        self.clock.advance(timedelta(seconds=1))
        return made

    def open(self) -> None:
        """Every shop sells again."""
        shut.clear()

    def group(self) -> Counted:
        [found] = self.letters.groups(GroupQuery(open=False))
        return found

    def ask(self, move: Move = Move.RESUME, *, by: str = ANA, **more: object) -> str:
        """Ask for a move of the group, and confirm it; the bulk's id."""
        asked = self.desk.ask(self.group().group.id, move, by=by)
        return self.desk.confirm(asked.bulk.id, by=by, **more).bulk.id  # type: ignore[arg-type]

    def move(self, mover: Mover | None = None) -> None:
        """Carry out what there is to carry out."""
        while (mover or self.mover).carry_on() is not None:
            pass

    def standing(self, bulk_id: str) -> Standing:
        found = self.bulks.look(bulk_id)
        assert found is not None
        return found

    def states(self, runs: Iterable[str]) -> list[RunState]:
        return [self.store.run(run_id).state for run_id in runs]

    def times(self, run_id: str, verb: str) -> int:
        """How often something was done to a run."""
        return sum(entry.verb == verb for entry in self.store.audit(run_id))

    def cards(self, name: str) -> int:
        """Which version of a card is wanted."""
        card = self.outbox.card(name)
        assert card is not None
        return card.wanted

    def dying(self, after: Callable[[str], bool]) -> Mover:
        """A mover whose process ends just after it moved a run, before it notes anything more."""
        service = self.harness.service

        class Dying(type(service)):  # type: ignore[misc]
            def change(self, run_id: str, *args: object, **more: object) -> object:
                made = service.change(run_id, *args, **more)  # type: ignore[arg-type]
                if after(run_id):
                    raise Died
                return made

        mortal = Dying(service.store, service._queue, service._clock, service.catalogue, service.access)
        bulks = self.bulks

        class Unended:
            """The store, to a process that dies without ending anything."""

            def __getattr__(self, name: str) -> object:
                return getattr(bulks, name)

            def rest(self, bulk_id: str, owner: str) -> bool:
                return False

        return Mover(mortal, Unended())  # type: ignore[arg-type]
