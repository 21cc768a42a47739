"""Random interleavings of all that happens to runs, from the side of the store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.contract.store.leases.acts import Acts
from tests.contract.store.leases.grounds import Fresh
from tests.contract.store.leases.model import Hand, Modelled
from tests.contract.store.opened import GRACE, TTL
from workflows.engine.model import OPEN, OVER, Message, RunState

WORKERS = st.sampled_from("abc")
RECENT = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5])
"""Which of several, those that come first most often."""
WORD = st.one_of(st.none(), RECENT)
"""To which run a word is sent, if to any."""
DELAYS = st.sampled_from([None, None, timedelta(seconds=3), timedelta(seconds=45)])
MOST_OPEN = 4


class LeaseMachine(RuleBasedStateMachine):
    """Workers a, b and c, people, clocks and accidents, on the ground that a subclass names."""

    fresh: Fresh

    def __init__(self) -> None:
        super().__init__()
        self.acts = Acts(type(self).fresh())

    # which -----------------------------------------------------------------------------------------------

    def pick(self, place: int, first: Callable[[Modelled], bool] = lambda _run: False) -> Modelled:
        """One of the runs, mostly one of those that come first."""
        runs = list(self.acts.model.runs.values())[::-1]
        return sorted(runs, key=lambda run: not first(run))[place % len(runs)]

    def hand(self, place: int) -> Hand:
        """Mostly one that still holds its run; a run is claimed for it if there is none."""
        acts = self.acts
        if not acts.working():
            assert acts.claim(self.pick(0, acts.model.goes_on), "a") is not None
            acts.check()
        hands = sorted(acts.hands, key=lambda hand: not acts.model.holds(hand))
        return hands[place % len(hands)]

    def word(self, place: int | None) -> tuple[Message, ...]:
        return () if place is None else (self.acts.message_to(self.pick(place).id),)

    def some_work(self) -> bool:
        return bool(self.acts.working() or self.acts.going())

    def some_room(self) -> bool:
        runs = self.acts.model.runs.values()
        return len(runs) > 0 and sum(run.state in OPEN for run in runs) < MOST_OPEN

    def some_stale(self) -> bool:
        return not all(map(self.acts.model.holds, self.acts.hands))

    # runs begin ------------------------------------------------------------------------------------------

    @initialize(limited=st.lists(st.booleans(), min_size=2, max_size=3))
    def begin(self, limited: list[bool]) -> None:
        for each in limited:
            self.acts.start(None, limited=each)

    @precondition(some_room)
    @rule(later=DELAYS, limited=st.sampled_from([False, False, True]))
    def start(self, later: timedelta | None, limited: bool) -> None:
        self.acts.start(later, limited=limited)

    # workers ---------------------------------------------------------------------------------------------

    @precondition(lambda self: self.acts.model.runs)
    @rule(place=RECENT, owner=WORKERS, hopeless=st.booleans())
    def claim(self, place: int, owner: str, hopeless: bool) -> None:
        model = self.acts.model
        self.acts.claim(self.pick(place, lambda run: model.goes_on(run) is not hopeless), owner)

    @precondition(some_work)
    @rule(place=RECENT, undoing=st.booleans())
    def record(self, place: int, undoing: bool) -> None:
        self.acts.record(self.hand(place), state=RunState.COMPENSATING if undoing else None)

    @precondition(some_work)
    @rule(place=RECENT)
    def look(self, place: int) -> None:
        self.acts.look(self.hand(place))

    @precondition(some_work)
    @rule(place=RECENT)
    def take_a_message(self, place: int) -> None:
        self.acts.take_oldest(self.hand(place))

    @precondition(some_work)
    @rule(place=RECENT, delay=DELAYS, tells=WORD, meanwhile=st.sampled_from([False, False, True]))
    def suspend(self, place: int, delay: timedelta | None, tells: int | None, meanwhile: bool) -> None:
        """A worker lets its run wait; `meanwhile`, a message comes that it has not seen."""
        hand = self.hand(place)
        if meanwhile:
            self.acts.signal(self.acts.message_to(hand.run_id))
            self.acts.check()
        due = self.acts.model.now + delay if delay else None
        self.acts.suspend(hand, due, self.word(tells))

    @precondition(some_work)
    @rule(place=RECENT)
    def give_back(self, place: int) -> None:
        self.acts.give_back(self.hand(place))

    @precondition(some_work)
    @rule(place=RECENT, state=st.sampled_from([*sorted(OVER), RunState.PARKED]), tells=WORD)
    def finish(self, place: int, state: RunState, tells: int | None) -> None:
        self.acts.finish(self.hand(place), state, self.word(tells))

    @precondition(lambda self: len(self.acts.hands) > 1 and self.acts.working())
    @rule(places=st.lists(RECENT, min_size=2, max_size=3))
    def write_at_once(self, places: list[int]) -> None:
        hands = {hand.run_id: hand for hand in map(self.hand, places)}
        self.acts.record_at_once(list(hands.values()))

    # accidents -------------------------------------------------------------------------------------------

    @precondition(some_stale)
    @rule(place=RECENT, what=st.sampled_from(["record", "suspend", "give back", "finish"]), tells=WORD)
    def come_late(self, place: int, what: str, tells: int | None) -> None:
        """A worker that lost a run, and does not know it, goes on."""
        stale = [hand for hand in self.acts.hands if not self.acts.model.holds(hand)]
        hand = stale[place % len(stale)]
        if what == "record":
            self.acts.take_oldest(hand)
        elif what == "suspend":
            self.acts.suspend(hand, sends=self.word(tells))
        elif what == "give back":
            self.acts.give_back(hand)
        else:
            self.acts.finish(hand, RunState.SUCCEEDED, self.word(tells))

    @precondition(lambda self: self.acts.working())
    @rule(owner=WORKERS, crashed=st.booleans())
    def release(self, owner: str, crashed: bool) -> None:
        self.acts.release(owner, crashed=crashed)

    @precondition(lambda self: self.acts.hands)
    @rule(place=RECENT, ttl=st.sampled_from([TTL, TTL / 4]))
    def renew(self, place: int, ttl: timedelta) -> None:
        """Mostly by a worker that was given a run lately, whether or not it still holds it."""
        self.acts.renew(self.acts.hands[place % len(self.acts.hands)].owner, ttl)

    # from outside ----------------------------------------------------------------------------------------

    @precondition(lambda self: self.acts.model.runs)
    @rule(place=RECENT, again=st.sampled_from([False, False, False, True]))
    def signal(self, place: int, again: bool) -> None:
        """Mostly to a run that is held, so that it comes between a claim and a suspend."""
        held = self.pick(place, self.acts.model.held)
        self.acts.signal(self.acts.sent[-1] if again and self.acts.sent else self.acts.message_to(held.id))

    @precondition(lambda self: self.acts.model.runs)
    @rule(place=RECENT, what=st.sampled_from(["pause", "unpause", "unpause", "cancel", "end", "resume"]))
    def people(self, place: int, what: str) -> None:
        """What a person does to runs, now and then."""
        if what == "pause":
            self.acts.pause()
        elif what == "unpause":
            self.acts.unpause()
        elif what == "cancel":
            self.acts.cancel(self.pick(place))
        elif what == "end":
            self.acts.end_from_outside(self.pick(place))
        else:
            self.acts.resume(self.pick(place, lambda run: run.state is RunState.PARKED))

    # time ------------------------------------------------------------------------------------------------

    @rule(delay=st.sampled_from([timedelta(seconds=1), GRACE, TTL / 2, TTL, TTL * 3]))
    def time_passes(self, delay: timedelta) -> None:
        """Leases run out, and timers come."""
        self.acts.pass_time(delay)

    @rule(limit=st.sampled_from([1, 10]))
    def rescue(self, limit: int) -> None:
        self.acts.rescue(limit)

    # -----------------------------------------------------------------------------------------------------

    @invariant()
    def promises(self) -> None:
        self.acts.check()

    def teardown(self) -> None:
        """However it went, it comes to rest."""
        if self.acts.sound:
            self.acts.come_to_rest()
