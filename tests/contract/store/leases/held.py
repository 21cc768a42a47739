"""A store and the model side by side: each answer of the one is held against the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from tests.contract.store.leases.grounds import Ground
from tests.contract.store.leases.model import Answer, Hand, Model, Modelled
from tests.contract.store.opened import GRACE
from workflows.engine.errors import LeaseLost
from workflows.engine.model import OVER, Run, RunState, Writes
from workflows.engine.ports import LINE_GRACE, Lease, Ring, RunQuery, Store

T = TypeVar("T")


class Held:
    """What a step asks of the store, and what must be true after it."""

    def __init__(self, ground: Ground) -> None:
        self.stores = ground.stores
        self.clock = ground.clock
        self.model = Model(ground.clock.now())
        self.hands: list[Hand] = []
        """Every one that was ever given, the newest first."""
        self.rows: dict[str, Run] = {}
        """As they were after the last step."""
        self.sound = True
        """Whether everything was in order at the last look, and nothing happened since."""
        self.touched: set[str] = set()
        self._looks = 0

    # asking ----------------------------------------------------------------------------------------------

    def store(self, owner: str = "c") -> Store:
        """The store that a worker's process has; what comes from outside comes through the last one's."""
        return self.stores["abc".index(owner) % len(self.stores)]

    def asked(self, ask: Callable[[], T]) -> T:
        """The store's answer."""
        self.sound = False
        return ask()

    def write(
        self, hand: Hand, writes: Writes, *, leave: bool = False, expected: int | None = None
    ) -> tuple[Answer, tuple[Ring, ...]]:
        """Write under a lease: the answer is the foretold one, and where it is a refusal, nothing has changed."""
        foretold = self.model.answer(hand, expected)
        given, rings, inbox = self.told(hand, writes, leave=leave, expected=expected)
        assert given is foretold, f"{hand} was told: {given.value}; it had to be: {foretold.value}"
        self.touched.update([hand.run_id, *(sent.run_id for sent in writes.messages)])
        if given is not Answer.DONE:
            assert rings == ()
            assert self.read() == self.rows, f"{hand} was told: {given.value}, and something was written"
        elif not writes.messages:
            assert inbox == self.model.runs[hand.run_id].inbox
        return given, rings

    def told(
        self, hand: Hand, writes: Writes, *, leave: bool = False, expected: int | None = None
    ) -> tuple[Answer, tuple[Ring, ...], int]:
        lease = Lease(hand.run_id, hand.token, hand.owner)
        store = self.store(hand.owner)
        try:
            done = self.asked(lambda: store.commit(lease, writes, leave=leave, expect_inbox=expected))
        except LeaseLost:
            return Answer.LOST, (), 0
        return (Answer.DONE if done.applied else Answer.NEWS), done.rings, done.inbox

    def change(self, run_id: str, writes: Writes) -> tuple[Ring, ...]:
        """As from outside: in a transaction over the run."""
        self.touched.add(run_id)
        return self.asked(lambda: self.store().transact(run_id, lambda _view: writes)).rings

    def read(self) -> dict[str, Run]:
        """All rows, as each process sees them in turn."""
        self._looks += 1
        store = self.stores[self._looks % len(self.stores)]
        return {each.id: each for each in store.runs(RunQuery(limit=100))}

    # who goes on -----------------------------------------------------------------------------------------

    def going(self) -> set[str]:
        return {each.id for each in self.model.runs.values() if self.model.goes_on(each)}

    def working(self) -> bool:
        return any(map(self.model.holds, self.hands))

    def rung(self, rings: Iterable[Ring], before: set[str], *, ended: Modelled | None = None) -> None:
        """Whoever can go on since this step was rung, and nobody whose run is over.

        A limited run is rung when another one's end leaves a place; else its turn comes with the rescue tick.
        """
        rung = {ring.run_id for ring in rings}
        for run_id in self.going() - before:
            each = self.model.runs[run_id]
            if not each.limited or each.cancel is not None or (ended is not None and ended.limited):
                assert run_id in rung, f"{run_id} can go on, and nobody was rung"
        for ring in rings:
            each = self.model.runs[ring.run_id]
            assert each.state not in OVER
            assert ring.inbox == each.inbox

    # what always holds -----------------------------------------------------------------------------------

    def check(self) -> None:
        """Rows, wake-ups, holders, histories and inboxes are as the promises have them."""
        rows = self.read()
        assert rows.keys() == self.model.runs.keys()
        for each in self.model.runs.values():
            self._check_row(each, rows[each.id])
            self._check_wake_up(each, rows[each.id])
            before = self.rows.get(each.id)
            assert before is None or rows[each.id].token >= before.token, f"{each.id}: the token went back"
            assert before is None or rows[each.id].revision >= before.revision, f"{each.id}: the revision went back"
        self._check_holders()
        for run_id in sorted(self.touched):
            self._check_rest(self.model.runs[run_id])
        self.rows = rows
        self.touched.clear()
        self.sound = True

    def _check_row(self, each: Modelled, row: Run) -> None:
        expected: tuple[Any, ...] = (
            each.state, each.token, each.owner, each.until, each.inbox, each.cancel, each.crashes, each.admitted,
        )  # fmt: skip
        assert expected == (
            row.state, row.token, row.lease_owner, row.lease_until, row.inbox, row.cancel, row.crashes, row.admitted,
        ), each.id  # fmt: skip

    def _check_wake_up(self, each: Modelled, row: Run) -> None:
        """No run without a way to go on, and none that is woken for nothing. A parked run is a person's."""
        if each.state in OVER:
            assert row.wake_at is None, f"{each.id} is over, and will be woken"
        elif self.model.held(each):
            assert row.wake_at == each.until, f"{each.id} is held, and its moment is not the end of the lease"
        elif self.model.ready(each):
            latest = self.model.now + (LINE_GRACE if each.limited else GRACE)
            assert row.wake_at is not None, f"{each.id} can go on, and has no moment"
            assert row.wake_at <= latest, f"{each.id} can go on, and its moment is far away"
        elif each.state is not RunState.PARKED:
            assert row.wake_at == each.due, f"{each.id} waits, and its moment is not its timer's"

    def _check_holders(self) -> None:
        """One holder at a time, and no token twice."""
        holding = [hand.run_id for hand in self.hands if self.model.holds(hand)]
        assert len(holding) == len(set(holding))
        tokens = [(hand.run_id, hand.token) for hand in self.hands]
        assert len(tokens) == len(set(tokens))

    def _check_rest(self, each: Modelled) -> None:
        """History and inbox hold what was written by those who held the run, each message taken once at most."""
        assert {r.key: r.output for r in self.store().records(each.id)} == each.records, each.id
        inbox = self.store().inbox(each.id)
        assert (inbox.counter, [m.id for m in inbox.messages]) == (each.inbox, each.untaken), each.id
