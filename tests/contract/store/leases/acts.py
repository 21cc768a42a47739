"""What workers, people and clocks do to runs, done to the store and told to the model."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from tests.contract.store.leases.grounds import Ground
from tests.contract.store.leases.held import Held
from tests.contract.store.leases.model import PLACES, Answer, Hand, Modelled
from tests.contract.store.opened import GRACE, TTL, claimant, message, record, run
from workflows.engine.model import OPEN, OVER, Message, NewRun, Pause, RunChange, RunState, Writes
from workflows.engine.ports import LINE_GRACE


class Acts(Held):
    """One method for each thing that can happen."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.known: dict[Hand, int] = {}
        """The inbox counter that a hand's worker has seen."""
        self.sent: list[Message] = []
        self._numbers = 0

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    # workers ---------------------------------------------------------------------------------------------

    def claim(self, run: Modelled, owner: str) -> Hand | None:
        """Ask for a run, and find that it is given, or refused, as it has to be."""
        given = self.model.goes_on(run)
        claim = self.asked(lambda: self.store(owner).claim(run.id, claimant(owner)))
        self.touched.add(run.id)
        assert (claim is not None) == given, f"{owner} {'did not get' if given else 'got'} {run.id}"
        if claim is None:
            return None
        hand = self.model.claim(run, owner)
        assert (claim.lease.token, claim.lease.owner, claim.now) == (hand.token, owner, self.model.now)
        assert (claim.inbox.counter, claim.inbox.cancel) == (run.inbox, run.cancel)
        assert [m.id for m in claim.inbox.messages] == run.untaken
        assert {r.key: r.output for r in claim.records} == run.records
        self.hands.insert(0, hand)
        self.known[hand] = run.inbox
        return hand

    def record(self, hand: Hand, *, state: RunState | None = None, taken: Sequence[str] = ()) -> None:
        """Record a step, with the messages that it took."""
        made = record(self.number(), run_id=hand.run_id, output=f'"{hand.owner}"')
        change: RunChange = {"state": state} if state else {}
        writes = Writes(records=(made,), taken=tuple((name, made.key) for name in taken), run=change)
        answer, rings = self.write(hand, writes)
        assert rings == ()
        if answer is Answer.DONE:
            each = self.model.runs[hand.run_id]
            self.model.record(each, made.key, f'"{hand.owner}"')
            each.messages.update(dict.fromkeys(taken, made.key))
            each.state = state or each.state

    def take_oldest(self, hand: Hand) -> None:
        """Record a step that takes the oldest message, if there is one."""
        self.record(hand, taken=self.model.runs[hand.run_id].untaken[:1])

    def look(self, hand: Hand) -> None:
        """Read the inbox anew, as a worker does that was told of news."""
        each = self.model.runs[hand.run_id]
        inbox = self.asked(lambda: self.store(hand.owner).inbox(hand.run_id))
        assert (inbox.counter, inbox.cancel) == (each.inbox, each.cancel)
        assert [m.id for m in inbox.messages] == each.untaken
        self.known[hand] = inbox.counter

    def suspend(self, hand: Hand, due: datetime | None = None, sends: tuple[Message, ...] = ()) -> Answer:
        """Let a run wait, unless something came that the worker has not seen; with a word to any run."""
        before = self.going()
        writes = Writes(run={"state": RunState.WAITING, "due_at": due}, messages=sends)
        answer, rings = self.write(hand, writes, leave=True, expected=self.known[hand])
        if answer is Answer.DONE:
            self.model.leave(self.model.runs[hand.run_id], RunState.WAITING, due=due)
            self._deliver(sends)
            self.rung(rings, before)
        return answer

    def give_back(self, hand: Hand) -> None:
        """Hand on what is begun, as a worker does that stops."""
        before = self.going()
        answer, rings = self.write(hand, Writes(), leave=True)
        if answer is Answer.DONE:
            each = self.model.runs[hand.run_id]
            self.model.leave(each, each.state)
            self.rung(rings, before)

    def finish(self, hand: Hand, state: RunState, sends: tuple[Message, ...] = ()) -> None:
        """End or park a run; with a word to any run, as a child tells its parent."""
        before = self.going()
        change: RunChange = {"state": state, "due_at": None}
        answer, rings = self.write(hand, Writes(run=change, messages=sends), leave=True)
        if answer is Answer.DONE:
            each = self.model.runs[hand.run_id]
            self.model.leave(each, state)
            self._deliver(sends)
            self.rung(rings, before, ended=each if state in OVER else None)

    def record_at_once(self, hands: Sequence[Hand]) -> None:
        """Write for several runs at the same time; what one is refused is nothing to the others."""
        made = [(hand, record(self.number(), run_id=hand.run_id)) for hand in hands]
        with ThreadPoolExecutor(len(made)) as pool:
            answers = list(pool.map(lambda each: self.told(each[0], Writes(records=(each[1],)))[0], made))
        for (hand, written), given in zip(made, answers, strict=True):
            assert given is self.model.answer(hand), f"{hand} was told: {given.value}"
            self.touched.add(hand.run_id)
            if given is Answer.DONE:
                self.model.record(self.model.runs[hand.run_id], written.key, written.output or "")

    def renew(self, owner: str, ttl: timedelta) -> None:
        self.asked(lambda: self.store(owner).renew(owner, ttl))
        self.model.renew(owner, ttl)

    def release(self, owner: str, *, crashed: bool) -> None:
        """A worker process ended, and its parent noticed."""
        before = self.going()
        rings = self.asked(lambda: self.store(owner).release(owner, crashed=crashed))
        assert {ring.run_id for ring in rings} == self.model.release(owner, crashed=crashed)
        self.rung(rings, before)

    # from outside ----------------------------------------------------------------------------------------

    def start(self, later: timedelta | None, *, limited: bool) -> None:
        due = self.model.now + later if later else None
        new = Modelled(f"r{len(self.model.runs)}", self.model.now, due, limited)
        columns: dict[str, Any] = {"limit_key": "k", "limit_runs": PLACES} if limited else {}
        made = run(new.id, created_at=new.created, due_at=due, **columns)
        created = self.asked(lambda: self.store().create(NewRun(made), Writes()))
        assert created.new
        self.model.runs[new.id] = new
        self.touched.add(new.id)
        assert {ring.run_id for ring in created.rings} == (set() if self.model.starts_later(new) else {new.id})

    def message_to(self, run_id: str) -> Message:
        return message(f"m{self.number()}", run_id=run_id, sent_at=self.model.now)

    def signal(self, sent: Message) -> None:
        """Send a message, or one that was sent before once more."""
        before = self.going()
        rings = self.change(sent.run_id, Writes(messages=(sent,)))
        to = self.model.runs[sent.run_id]
        wanted = self._deliver((sent,)) and to.state not in OVER and not self.model.starts_later(to)
        assert {ring.run_id for ring in rings} == ({to.id} if wanted else set())
        self.rung(rings, before)

    def _deliver(self, sends: Sequence[Message]) -> bool:
        self.sent += sends
        arrived = [self.model.send(self.model.runs[sent.run_id], sent.id) for sent in sends]
        return any(arrived)

    def cancel(self, each: Modelled) -> None:
        before = self.going()
        rings = self.change(each.id, Writes(cancels=((each.id, "by ada"),)))
        self.model.ask_to_cancel(each, "by ada")
        self.rung(rings, before)

    def end_from_outside(self, each: Modelled) -> None:
        """End a run as a fork ends the one it was made of, also under a worker's hands."""
        if each.state in OPEN:
            before = self.going()
            rings = self.change(each.id, Writes(run={"state": RunState.CANCELLED}))
            self.model.end(each, RunState.CANCELLED)
            self.rung(rings, before, ended=each)

    def resume(self, each: Modelled) -> None:
        """Let a parked run go on."""
        if each.state is RunState.PARKED:
            before = self.going()
            rings = self.change(each.id, Writes(run={"state": RunState.QUEUED, "due_at": None}, ring=True))
            each.state = RunState.QUEUED
            self.rung(rings, before)

    def pause(self) -> None:
        self.asked(lambda: self.store().pause(Pause("", "ada", self.model.now)))
        self.model.paused = True

    def unpause(self) -> None:
        self.asked(lambda: self.store().unpause("", "ada"))
        self.model.paused = False

    # time ------------------------------------------------------------------------------------------------

    def pass_time(self, delay: timedelta) -> None:
        self.asked(lambda: self.clock.advance(delay))
        self.model.now += delay

    def rescue(self, limit: int) -> list[str]:
        """Ring again, and find that it is for those whose moment has come, the longest overdue first."""
        rings = self.asked(lambda: self.store().rescue(limit=limit, grace=GRACE))
        now = self.model.now
        free = [r for r in self.model.runs.values() if r.state in OPEN and not self.model.held(r)]
        moments = [(self.rows[r.id].wake_at, r.id) for r in free if not self.model.stopped(r)]
        due = sorted((wake_at, run_id) for wake_at, run_id in moments if wake_at is not None and wake_at <= now)
        assert sorted(ring.run_id for ring in rings) == sorted(run_id for _, run_id in due[:limit])
        assert all(ring.again and ring.inbox == self.model.runs[ring.run_id].inbox for ring in rings)
        return [ring.run_id for ring in rings]

    def come_to_rest(self) -> None:
        """No more accidents: whatever can go on does, with nothing but the rescue tick to ring for it."""
        self.unpause()
        for _ in range(4 * (len(self.model.runs) + 1)):
            for run_id in self.rescue(100):
                hand = self.claim(self.model.runs[run_id], "a")
                if hand is not None:
                    self._advance(hand)
            self.check()
            if self._at_rest():
                break
            self.pass_time(max(TTL, LINE_GRACE))
            self.check()
        assert self.going() == set(), "these can go on, and nobody rings for them"
        for each in self.model.runs.values():
            missed = each.untaken[-1:] if each.state in OPEN and each.news and self.model.has_place(each) else []
            assert not missed, f"{each.id} never learnt of {missed}"
            assert self.claim(each, "b") is None

    def _at_rest(self) -> bool:
        """Whether nobody holds a run, or will."""
        unrest = [r for r in self.model.runs.values() if r.state in OPEN and (r.due or self.model.held(r))]
        return not unrest and not self.going()

    def _advance(self, hand: Hand) -> None:
        """Take what is there, then end or wait."""
        each = self.model.runs[hand.run_id]
        for name in each.untaken:
            self.record(hand, taken=[name])
            self.check()
        if each.cancel is not None:
            self.finish(hand, RunState.CANCELLED)
        elif each.limited:
            self.finish(hand, RunState.SUCCEEDED)
        else:
            assert self.suspend(hand) is Answer.DONE
        self.check()
