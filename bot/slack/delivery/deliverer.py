"""One run's messages are brought up to date: the job behind a ring on the queue `slack`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from bot.outage import Outage
from bot.slack import ids
from bot.slack.delivery.destinations import Destinations, Target
from bot.slack.delivery.groups import Groups
from bot.slack.delivery.handing_back import answers
from bot.slack.delivery.poster import Denied, TooOften, Unreachable
from bot.slack.delivery.posts import KIND, wanted_posts
from bot.slack.delivery.refusals import CLOSED, reason
from bot.slack.delivery.rows import Rows
from bot.slack.delivery.sending import Sending, Tools
from bot.slack.delivery.snapshots import Snapshots
from bot.slack.views.group import group_messages
from bot.slack.views.messages import Places, Priority, Wanted
from bot.slack.views.snapshot import RunSnapshot
from bot.slack.views.wanted import messages_for
from workflows.engine.errors import LeaseLost, UnknownRun
from workflows.engine.letters.ports import group_of
from workflows.engine.model import OVER, Run
from workflows.engine.outbox import POSTS, CardClaim, DeliveryState, Left

LEASE = timedelta(seconds=15)
"""How long a deliverer may be silent; when its whole machine dies, others go on after so long."""
TURN = timedelta(seconds=4)
"""How long one job begins calls; the last of them, of ten seconds at most, ends within the lease."""
SLOW = timedelta(seconds=3)
"""Reading that takes longer gets its lease renewed."""
COALESCE = timedelta(seconds=1.5)
"""What changes faster than this is shown in one go."""
STORM = timedelta(seconds=4)
"""The same for a group of several dead letters."""
MOST_BACKOFF = 60.0
SHUT_OUT_FOR = timedelta(seconds=60)
NOWHERE_FOR = timedelta(minutes=5)
STUCK_FOR = timedelta(seconds=30)
STALE = timedelta(days=1)
"""A run that ended this long ago, and of which Slack has nothing, is not shown any more."""
SHUT_OUT = "Slack does not let the bot in: "

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Deliverer:
    """Delivers for one process. Safe across threads: each card is held by one of them."""

    tools: Tools
    snapshots: Snapshots
    destinations: Destinations
    owner: str
    seconds: Callable[[], float]
    outage: Outage
    groups: Groups

    def deliver(self, run_id: str) -> None:
        """Bring a run's messages up to date, as far as Slack lets us now. Raises StoreUnavailable."""
        claim = self.tools.outbox.claim(run_id, self.owner, LEASE)
        if claim is None:
            return
        rows = Rows(self.tools.outbox, claim.lease, claim.deliveries, self.tools.now)
        try:
            left = self._left(claim, rows)
            self.tools.outbox.leave(claim.lease, left, *rows.unwritten)
        except LeaseLost:
            log.info("a card was taken over by another deliverer", run_id=run_id)
        except UnknownRun:
            log.info("a run was deleted while it was being shown", run_id=run_id)

    def _left(self, claim: CardClaim, rows: Rows) -> Left:
        turn = CardTurn(self, claim, rows)
        try:
            left = turn.run()
        except TooOften as error:  # of a method that has no budget of its own
            return turn.later(error.pause)
        except Unreachable as error:
            self.outage.failed(error)
            failures = claim.card.failures + 1
            seconds = min(2.0 ** min(failures - 1, 10), MOST_BACKOFF) * random.uniform(0.8, 1.0)
            return turn.later(timedelta(seconds=seconds), failures=failures)
        except Denied as error:
            if error.code in CLOSED:  # there is no other place
                return turn.later(NOWHERE_FOR)
            # the bot itself is shut out, or Slack says what we do not know
            self.outage.failed(error)
            return turn.later(SHUT_OUT_FOR, failures=claim.card.failures + 1, error=SHUT_OUT + reason(error.code))
        if turn.sending.reached:
            self.outage.worked()
        return left


class CardTurn:
    """One turn over one card."""

    def __init__(self, deliverer: Deliverer, claim: CardClaim, rows: Rows) -> None:
        self._destinations = deliverer.destinations
        self._snapshots = deliverer.snapshots
        self._groups = deliverer.groups
        self._seconds = deliverer.seconds
        self._claim = claim
        self._rows = rows
        self._until = deliverer.seconds() + TURN.total_seconds()
        said = claim.card.error
        self._target = Target(claim.card.place, "" if said.startswith(SHUT_OUT) else said)
        self.sending = Sending(deliverer.tools, rows)

    def run(self) -> Left:
        """Send what is missing; how the card is left. Raises SlackTrouble, LeaseLost."""
        if self._claim.lease.run_id == POSTS:
            handed = self._hand_back(None)
            return (
                self._finished(self._claim.card.wanted) if self._bring(self._posts) and handed else self._unfinished()
            )
        if group := group_of(self._claim.lease.run_id):
            return self._of_group(group)
        snapshot = self._snapshots.load(self._claim.lease.run_id)
        handed = self._hand_back(snapshot)
        if self._is_stale(snapshot):
            return self._finished(snapshot.run.revision) if handed else self._unfinished()
        ops = self._destinations.alerts()
        self._find_place(snapshot.run)
        self._begin()
        direct: dict[Target, dict[str, tuple[str, ...]]] = {}

        def wanted() -> list[Wanted]:
            target = self._target
            details = self._rows.get(ids.DETAILS) is not None
            if target not in direct:
                direct[target] = self._direct(snapshot)
            places = Places(target.place, ops, direct[target], self._rows.posted(), details, target.trouble)
            return [*messages_for(snapshot, places), *self._posts()]

        if not self._bring_somewhere(wanted, snapshot.run) or not handed:
            return self._unfinished()
        return self._finished(snapshot.run.revision, over=snapshot.run.state in OVER)

    def _of_group(self, group_id: str) -> Left:
        """The same for a group of dead letters, whose messages go where its newest run's do."""
        card, found = self._claim.card, self._groups.load(group_id)
        if found is None:
            return self._finished(card.wanted)
        snapshot = replace(found, private=not self._destinations.is_public(found.run))
        ops = self._destinations.alerts()
        self._find_place(snapshot.run)
        self._begin()

        def wanted() -> list[Wanted]:
            return list(group_messages(snapshot, Places(self._target.place, ops, {}, self._rows.posted())))

        if not self._bring_somewhere(wanted, snapshot.run):
            return self._unfinished()
        return self._finished(card.wanted, over=snapshot.counted.runs == 1, wait=STORM)

    def _bring_somewhere(self, wanted: Callable[[], list[Wanted]], run: Run) -> bool:
        """Send until nothing is missing, in the next place where one is closed; False when the rest has to wait."""
        while True:
            try:
                return self._bring(wanted)
            except Denied as error:
                if error.code not in CLOSED or not self._move(run, error):
                    raise

    def _find_place(self, run: Run) -> None:
        """Begin where the run wants to be seen; stay at a later place once there was a reason to go there."""
        if not self._target.place or self._target.trouble:
            first = self._destinations.first(run)
            if self._target.place in ("", first.place):
                self._target = first

    def _direct(self, snapshot: RunSnapshot) -> dict[str, tuple[str, ...]]:
        asked = [shown.asked for shown in snapshot.approvals if shown.open]
        return {one.id: self._destinations.direct(snapshot.run, one, self._target) for one in asked}

    def _hand_back(self, snapshot: RunSnapshot | None) -> bool:
        """Tell the custom steps that wait for it; False when one of them has to wait longer."""
        for row, answer in list(answers(self._rows.all(), snapshot)):
            if self._seconds() > self._until:
                self.sending.pauses.add(timedelta(0))
                return False
            if not self.sending.hand_back(row, answer):
                return False
        return True

    def _posts(self) -> list[Wanted]:
        return wanted_posts(self._rows.all())

    # sending ---------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Start the turn's time anew where reading and asking took much of it, or nothing would ever be sent."""
        begun = self._seconds() + TURN.total_seconds()
        if begun - self._until > SLOW.total_seconds():
            self._rows.renew()
            self._until = begun

    def _bring(self, wanted: Callable[[], list[Wanted]]) -> bool:
        """Send until nothing is missing; False when the rest has to wait."""
        while True:
            missing = [one for one in wanted() if not self._rows.is_done(one)]
            if not missing:
                return True
            moved = False
            for one in self._ordered(missing):
                if self._seconds() > self._until:
                    self.sending.pauses.add(timedelta(0))
                    return False
                moved = self._one(one) or moved
            if not moved:
                return False

    def _one(self, wanted: Wanted) -> bool:
        try:
            return self.sending.bring(wanted, self._target.place)
        except Denied as error:
            row = self._rows.get(wanted.key)
            if error.code in CLOSED and row is not None and row.channel:
                self._rows.close(row.channel, error.code)
                if wanted.channel or row.channel != self._destinations.addresses.postable(self._target.place):
                    return True  # it is posted anew, in the run's place or where it belongs
            raise

    def _ordered(self, missing: Iterable[Wanted]) -> list[Wanted]:
        """What shows a decision first, then what is new in its own order, then what else changed."""

        def place(one: Wanted) -> int:
            if not self._rows.is_posted(one.key):
                return 1
            return 0 if one.priority is Priority.DECISION else 2

        return sorted(missing, key=place)

    def _move(self, run: Run, error: Denied) -> bool:
        """Go to the next place; False when there is none."""
        target = self._destinations.instead(run, self._target.place, error.code)
        if not target.place:
            self._target = Target(self._target.place, target.trouble)
            return False
        log.warning("a run is shown elsewhere", run_id=run.id, place=target.place, reason=target.trouble)
        self._target = target
        return True

    # how the card is left --------------------------------------------------------------------------------

    def _is_stale(self, snapshot: RunSnapshot) -> bool:
        ended = snapshot.run.ended_at
        over = snapshot.run.state in OVER and ended is not None and snapshot.now - ended > STALE
        return over and not self._rows.all() and snapshot.run.dead_at is None

    def _finished(self, revision: int, *, over: bool = True, wait: timedelta = COALESCE) -> Left:
        """The messages are as old as the claim, the run may be newer: what came between them comes next time."""
        wanted, wait = self._claim.card.wanted, timedelta(0) if over else wait
        return Left(min(revision, wanted), wanted, wait, self._target.place, 0, self._error())

    def _unfinished(self) -> Left:
        """Something has to wait."""
        card, pauses = self._claim.card, self.sending.pauses
        wait = min(pauses.waits, default=STUCK_FOR)
        return Left(card.shown, card.wanted, wait, self._target.place, 0, self._error(), pauses.urgency)

    def later(self, wait: timedelta, *, failures: int = 0, error: str = "") -> Left:
        """Nothing more can be done now."""
        card = self._claim.card
        return Left(card.shown, card.wanted, wait, self._target.place, failures, error or self._error())

    def _error(self) -> str:
        failed = [row for row in self._rows.all() if row.state is DeliveryState.FAILED]
        if self._target.trouble or not failed:
            return self._target.trouble
        what = "A post" if failed[-1].kind == KIND else f"A message ({failed[-1].kind})"
        return f"{what} could not be made: {reason(failed[-1].error)}"
