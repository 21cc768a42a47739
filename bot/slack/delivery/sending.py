"""One message is brought to Slack: the call, what is written around it, and what a refusal leads to."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.slack.delivery.budgets import UPDATE_AHEAD, post_budget, update_budget
from bot.slack.delivery.destinations import Addresses
from bot.slack.delivery.handing_back import ANSWER, OVER_THERE, StepAnswer
from bot.slack.delivery.looking import look
from bot.slack.delivery.poster import Denied, Poster, Sent, TooOften, Unreachable
from bot.slack.delivery.refusals import CLOSED, GONE, SHUT_OUT, UNFIT
from bot.slack.delivery.rows import Rows
from bot.slack.mrkdwn import cut
from bot.slack.views.messages import Message, Wanted
from workflows.engine.outbox import Budget, Delivery, DeliveryState, Outbox

SETTLE = timedelta(seconds=15)
"""How long after a call whose answer was lost its message may still appear."""
FILE_SETTLE = timedelta(seconds=45)
"""The same for a file, which takes three calls."""
PLAIN = 3_500
PLAIN_NOTE = "\n_(Slack did not take the full view of this message. `baton show {run}` has everything.)_"
NOT_FULL = "Slack did not take its blocks"


@dataclass(frozen=True)
class Tools:
    """What is used to send."""

    outbox: Outbox
    poster: Poster
    addresses: Addresses
    now: Callable[[], datetime]
    checkpoint: Callable[[str, str], None] = lambda _name, _key: None


@dataclass
class Pauses:
    """Why not everything could be sent, and when to come back.

    Cards that wait for the same turns come back spread over the time that the turns of all of them take: at one
    moment, all but a few would have come in vain.
    """

    waits: list[timedelta] = field(default_factory=list)
    urgency: int = 9

    def add(self, wait: timedelta, behind: int = 0, budget: Budget | None = None) -> None:
        if budget is not None:
            wait += random.uniform(0, 0.7) * max(behind - 1, 0) * budget.every
            self.urgency = min(self.urgency, budget.urgency)
        self.waits.append(wait)


class Sending:
    """Sends the messages of one card. Raises Unreachable, and Denied for what only another place helps."""

    def __init__(self, tools: Tools, rows: Rows) -> None:
        self._outbox = tools.outbox
        self._poster = tools.poster
        self._addresses = tools.addresses
        self._now = tools.now
        self._checkpoint = tools.checkpoint
        self._rows = rows
        self.pauses = Pauses()
        self._refused: dict[str, int] = {}
        self.reached = False
        """Whether Slack did something that it was asked to."""

    def bring(self, wanted: Wanted, place: str) -> bool:
        """Bring one message up to date, or find out that it can't be; False when it has to wait."""
        if self._rows.is_posted(wanted.key):
            return self._update(wanted, self._rows.found(wanted))
        return self._post(wanted, place)

    def hand_back(self, row: Delivery, answer: StepAnswer) -> bool:
        """Tell a custom step what came of it; False when that has to wait."""
        if not self._granted(ANSWER):
            return False
        self._checkpoint("before_post", row.key)
        try:
            self._poster.answer_step(answer.execution, answer.outputs, answer.error)
        except TooOften as error:
            return self._held(ANSWER, error)
        except Denied as error:
            return self._not_handed(row, answer, error)
        self.reached = True
        self._checkpoint("after_post", row.key)
        self._rows.write(replace(row, state=DeliveryState.POSTED, posted_at=self._now(), attempts=row.attempts + 1))
        return True

    def _not_handed(self, row: Delivery, answer: StepAnswer, error: Denied) -> bool:
        if error.code == "parameter_validation_failed" and answer.outputs is not None:
            words = "The result does not fit the outputs of this step: install the app again with its manifest."
            return self.hand_back(row, StepAnswer(answer.execution, error=words))
        if error.code in SHUT_OUT and error.code != "access_denied":
            raise error
        over = error.code in OVER_THERE
        state = DeliveryState.GONE if over else DeliveryState.FAILED
        self._rows.write(replace(row, state=state, error=error.code))
        return True

    # changing --------------------------------------------------------------------------------------------

    def _update(self, wanted: Wanted, row: Delivery) -> bool:
        if row.reply_url:
            url, until = row.reply_url, row.reply_until
            row = self._rows.keep(replace(row, reply_url="", reply_until=None))
            if (until is None or until > self._now()) and self._poster.reply(url, wanted.message):
                self._rows.keep(replace(row, digest=wanted.message.digest, error=""))
                self.reached = True
                return True
            self._rows.write(row)  # that took its time: only who still holds the card changes the message
        if not self._granted(update_budget(wanted.priority)):
            return False
        try:
            self._poster.update(row.channel, row.ts, wanted.message)
        except TooOften as error:
            return self._held(update_budget(wanted.priority), error)
        except Denied as error:
            return self._not_updated(row, wanted, error)
        self.reached = True
        self._rows.keep(replace(row, digest=wanted.message.digest, error=""))
        return True

    def _not_updated(self, row: Delivery, wanted: Wanted, error: Denied) -> bool:
        if error.code in UNFIT:
            return self._updated_plainly(row, wanted)
        if error.code in GONE:
            self._rows.lose(row, error.code)
            return True
        if error.code in CLOSED or error.code in SHUT_OUT:
            raise error
        self._rows.keep(replace(row, digest=wanted.message.digest, error=error.code))
        return True

    def _updated_plainly(self, row: Delivery, wanted: Wanted) -> bool:
        said = NOT_FULL
        try:
            self._poster.update(row.channel, row.ts, self._plain(wanted.message))
        except Denied as error:
            if error.code not in UNFIT:
                raise
            said = error.code  # it keeps what it shows until there is something else to show
        self._rows.keep(replace(row, digest=wanted.message.digest, error=said))
        return True

    # posting ---------------------------------------------------------------------------------------------

    def _post(self, wanted: Wanted, place: str) -> bool:
        row, parent = self._rows.found(wanted), self._rows.get(wanted.message.thread)
        if wanted.message.thread and (parent is None or parent.state is not DeliveryState.POSTED):
            return False
        channel = parent.channel if parent else self._channel(row, wanted, place)
        if not channel:
            return True
        row = replace(row, channel=channel, thread_ts=parent.ts if parent else "")
        if row.unclear is not None and not self._is_clear(row, wanted.message):
            return self._rows.is_posted(wanted.key)
        return self._send(row, wanted, wanted.message)

    def _channel(self, row: Delivery, wanted: Wanted, place: str) -> str:
        """The channel to post to; "" when there is none, and the row says why."""
        asked = self._addresses.channel(wanted.channel) if wanted.channel else place
        if not asked:
            self._rows.fail(row, wanted.message, "channel_not_found")
            return ""
        try:
            return self._addresses.postable(asked)
        except Denied as error:
            if not wanted.channel:
                raise
            self._rows.fail(row, wanted.message, error.code)
            return ""

    def _send(self, row: Delivery, wanted: Wanted, message: Message) -> bool:
        """Post, with a row before that says so and one after: a death in between is looked into."""
        if not self._granted(post_budget(row.channel)):
            return False
        row = replace(row, unclear=self._now(), attempts=row.attempts + 1, state=DeliveryState.PENDING)
        self._rows.write(row)
        self._checkpoint("before_post", row.key)
        try:
            sent = self._sent(row, message)
        except TooOften as error:
            self._rows.keep(replace(row, unclear=None))
            return self._held(post_budget(row.channel), error)
        except Unreachable as error:
            if not error.unclear:
                self._rows.keep(replace(row, unclear=None))
            raise
        except Denied as error:
            return self._not_posted(self._rows.keep(replace(row, unclear=None)), wanted, message, error)
        self.reached = True
        self._checkpoint("after_post", row.key)
        self._rows.stands(row, sent, wanted.message.digest, "" if message is wanted.message else NOT_FULL)
        return True

    def _sent(self, row: Delivery, message: Message) -> Sent:
        if message.file is None:
            return self._poster.post(row.channel, message, mark=row.id, thread_ts=row.thread_ts)
        return Sent(row.channel, self._poster.upload(row.channel, message, thread_ts=row.thread_ts))

    def _not_posted(self, row: Delivery, wanted: Wanted, message: Message, error: Denied) -> bool:
        parent = self._rows.get(wanted.message.thread)
        if error.code in UNFIT and message.blocks:
            return self._send(row, wanted, self._plain(message))
        if error.code in GONE and parent is not None:
            self._rows.lose(parent, error.code)
            return True
        if error.code in SHUT_OUT or (error.code in CLOSED and not wanted.channel):
            raise error
        self._rows.fail(row, wanted.message, error.code)
        return True

    def _is_clear(self, row: Delivery, message: Message) -> bool:
        """Whether it is certain that a message whose post went unanswered is not there; one that is, is taken over."""
        found = look(self._poster, row, message)
        if found is None:
            return True
        if found:
            # What it shows may be older than what is wanted now: the next change brings it up to date.
            self._rows.stands(row, Sent(row.channel, found[0]), message.digest if message.file else "")
            for ts in found[1:]:
                self._poster.delete(row.channel, ts)
            return False
        settle = SETTLE if message.file is None else FILE_SETTLE
        rest = (row.unclear or self._now()) + settle - self._now()
        if rest > timedelta(0):
            self.pauses.add(rest)
        return rest <= timedelta(0)

    # -----------------------------------------------------------------------------------------------------

    def _plain(self, message: Message) -> Message:
        """A message in plain words: better than nothing, and not tried for ever."""
        text = cut(message.text, PLAIN) + PLAIN_NOTE.format(run=self._rows.run_id)
        return replace(message, text=text, blocks=())

    def _granted(self, budget: Budget) -> bool:
        """Whether there is a turn; one that was refused is not asked for again on behalf of the next message."""
        if budget.burst <= self._refused.get(budget.name, -1):
            return False
        turn = self._outbox.reserve(budget)
        if not turn.granted:
            self._refused[budget.name] = budget.burst
            self.pauses.add(turn.wait, turn.behind, budget)
        return turn.granted

    def _held(self, budget: Budget, error: TooOften) -> bool:
        self._outbox.hold(budget.name, error.pause)
        self._refused[budget.name] = max(*UPDATE_AHEAD.values(), budget.burst)
        self.pauses.add(error.pause, budget=budget)
        return False
