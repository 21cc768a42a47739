"""App Home is kept up to date: one writer at a time, at a pace that Slack bears, for those who looked lately."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from slack_sdk import WebClient

from bot.slack.calling import NoAnswer
from bot.slack.commands.looking import may_decide
from bot.slack.delivery.poster import Denied, SlackTrouble, TooOften
from bot.slack.delivery.slack_poster import trouble
from bot.slack.homes import home_of, may_steer
from bot.slack.incoming import Caller
from bot.slack.parts import Parts
from bot.slack.views.messages import Priority, View
from workflows.engine.errors import LeaseLost, Refused, UnknownRun
from workflows.engine.homes import Home, HomeBook, home_id, whose
from workflows.engine.model import Approval, Run
from workflows.engine.outbox import Budget, CardClaim, Left
from workflows.engine.schedules.ports import UnknownSchedule

LEASE = timedelta(seconds=15)
RECENT = timedelta(hours=12)
"""Whoever looked longer ago is shown everything anew when they look again."""
COALESCE = timedelta(seconds=3)
"""What changes faster than this is shown in one go."""
PUBLISH = Budget("slack/home", timedelta(seconds=0.75), 10, int(Priority.APPROVAL))
"""Slack lets an app publish some 100 views a minute; the rest is for modals."""
GONE = frozenset({"user_not_found", "user_disabled", "not_enabled", "user_not_visible", "invalid_user_id"})
"""Nobody can look at this page any more."""
MOST_BACKOFF = 60.0
SHUT_OUT_FOR = timedelta(minutes=5)

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class HomeBoard:
    """Shows App Home in one process. Safe across threads: each page is held by one of them."""

    parts: Parts
    book: HomeBook
    client: WebClient
    owner: str

    def opened(self, caller: Caller) -> None:
        """Somebody looks at App Home, or did something in it: show it as things stand now."""
        page = home_id(caller.team, caller.user)
        self.book.open(page)
        self.deliver(page)

    def changed(self, run_id: str) -> None:
        """Have it shown anew to those whom a run concerns and who looked lately."""
        pages = self.book.opened(RECENT)
        if not pages:
            return
        try:
            run = self.parts.store.run(run_id)
        except UnknownRun:
            return
        asked = self.parts.store.approvals(run_id=run_id, state=None, limit=1000)
        claimer = self._claimer(run_id)
        concerned = [page for page in pages if self._concerns(page, run, asked, claimer)]
        for page in concerned:
            self.book.touch(page)
        if concerned:
            self.parts.bell.ring_delivery(*concerned)

    def deliver(self, page: str) -> None:
        """Bring one page up to date, as far as Slack lets us now. Raises StoreUnavailable."""
        claim = self.parts.outbox.claim(page, self.owner, LEASE)
        person = whose(page)
        if claim is None or person is None:
            return
        try:
            left = self._left(claim, Caller(*person))
            if left is None:
                self.book.close(page)
            else:
                self.parts.outbox.leave(claim.lease, left)
        except LeaseLost:
            log.info("a page was taken over by another", page=page)

    # -----------------------------------------------------------------------------------------------------

    def _left(self, claim: CardClaim, caller: Caller) -> Left | None:
        """Show it; how its card is left, None when there is nobody to look at it."""
        card, outbox = claim.card, self.parts.outbox
        view = home_of(self.parts, caller)
        known = self.book.find(card.run_id) or Home(card.run_id)
        digest = _digest(view)
        if digest == known.digest:
            return Left(card.wanted, card.wanted, COALESCE)
        turn = outbox.reserve(PUBLISH)
        if not turn.granted:
            return Left(card.shown, card.wanted, turn.wait, urgency=PUBLISH.urgency)
        try:
            mark = self._published(caller.user, view, known.mark)
            self.book.keep(claim.lease, Home(card.run_id, digest, mark))
        except TooOften as error:
            outbox.hold(PUBLISH.name, error.pause)
            return Left(card.shown, card.wanted, error.pause, failures=card.failures)
        except Denied as error:
            if error.code in GONE:
                return None
            log.warning("slack did not take an app home", error=error.code, user=caller.user)
            return Left(card.wanted, card.wanted, SHUT_OUT_FOR)
        except SlackTrouble:
            failures = card.failures + 1
            pause = min(2.0 ** min(failures - 1, 10), MOST_BACKOFF) * random.uniform(0.8, 1.0)
            return Left(card.shown, card.wanted, timedelta(seconds=pause), failures=failures)
        return Left(card.wanted, card.wanted, COALESCE)

    def _published(self, user: str, view: View, mark: str) -> str:
        """What Slack calls the state that is shown now. Raises SlackTrouble.

        A conflict means that somebody published without telling the book, such as a process that died right after.
        The page is ours while its card is held, and what it is to show was read after that, so it goes over the other.
        """
        try:
            return self._publish(user, view, mark)
        except Denied as error:
            if error.code != "hash_conflict":
                raise
            return self._publish(user, view, "")

    def _publish(self, user: str, view: View, mark: str) -> str:
        given: dict[str, Any] = {"user_id": user, "view": view, **({"hash": mark} if mark else {})}
        try:
            said = self.client.api_call("views.publish", json=given)
        except NoAnswer as error:
            raise trouble(error) from None
        return str((said.get("view") or {}).get("hash") or "")

    def _claimer(self, run_id: str) -> str:
        """Who claimed the failures that are like this run's; "" for nobody."""
        letters = self.parts.desk.letters
        member = letters.of_run(run_id)
        group = letters.group(member.group_id) if member is not None else None
        return group.group.owner if group is not None else ""

    def _concerns(self, page: str, run: Run, asked: Sequence[Approval], claimer: str) -> bool:
        person = whose(page)
        if person is None:
            return False
        actor = Caller(*person).actor
        if actor in (run.started_by, claimer, self._scheduler(run, actor)):
            return True
        if any(may_decide(self.parts, approval, actor) for approval in asked):
            return True
        return may_steer(self.parts, run, actor) and (run.dead_at is not None or self._was_dead(run))

    def _scheduler(self, run: Run, actor: str) -> str:
        """Who made the schedule of a run, if this person may know: its next tick is another by now."""
        realm, _, name = run.started_by.partition(":")
        if realm != "schedule":
            return ""
        try:
            return self.parts.schedules.look(name, by=actor).schedule.created_by
        except (UnknownSchedule, Refused):
            return ""

    def _was_dead(self, run: Run) -> bool:
        return any(row.key.startswith("alert/") for row in self.parts.outbox.deliveries(run.id))


def _digest(view: View) -> str:
    shown = json.dumps(view, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(shown.encode("utf-8", "surrogatepass")).hexdigest()
