"""What people may ask of alerts: which there are, and to keep some quiet for a while."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from workflows.engine.access import Access
from workflows.engine.alerts.model import Alert, Mute
from workflows.engine.alerts.ports import AlertBook
from workflows.engine.beats.judging import Standing
from workflows.engine.beats.ports import Beats
from workflows.engine.beats.watching import standing_of
from workflows.engine.errors import InvalidInput, NotAllowed, Refused
from workflows.engine.model import Audit

LONGEST = timedelta(days=31)
"""A mute ends by then: one for ever would be forgotten."""
RECENT = 20


class AlertKeeping:
    """The alerts of an installation, as people see them. Every method says in words why it refuses."""

    def __init__(self, book: AlertBook, access: Callable[[], Access], beats: Beats) -> None:
        self._book = book
        self._beats = beats
        self._access = access

    def listed(self, *, by: str, past: bool = False) -> list[Alert]:
        """Those that go on; with `past` also those that are over, the newest first."""
        self._check_member(by)
        return list(self._book.recent(limit=RECENT) if past else self._book.open())

    def parts(self, *, by: str) -> Standing:
        """Which of Baton's own parts live."""
        self._check_member(by)
        return standing_of(self._beats)

    def mutes(self, *, by: str) -> list[Mute]:
        """What is kept quiet now."""
        self._check_member(by)
        return list(self._book.mutes())

    def mute(self, what: str, until: datetime, *, by: str, reason: str = "") -> Mute:
        """Keep alerts quiet: `everything`, a kind, or what they are about."""
        self._access().administer(by, f"mute {what}")
        now = self._book.now()
        if not what.strip():
            raise InvalidInput("What is to be muted? A workflow, a connector, a kind of alert, or everything.")
        if not now < until <= now + LONGEST:
            raise InvalidInput(f"A mute ends at a time to come, within {LONGEST.days} days.")
        made = Mute(what, until, by, now, reason)
        self._book.mute(made, Audit(now, by, "mute", detail=f"{what} until {until.isoformat()}"))
        return made

    def unmute(self, what: str, *, by: str) -> None:
        """Let them be told again; one that began meanwhile and goes on is told now."""
        self._access().administer(by, f"unmute {what}")
        if not self._book.unmute(what, Audit(self._book.now(), by, "unmute", detail=what)):
            others = ", ".join(mute.what for mute in self._book.mutes())
            raise Refused(f"{what} is not muted.{f' Muted: {others}.' if others else ''}")

    def _check_member(self, by: str) -> None:
        if not self._access().browse(by):
            raise NotAllowed(f"{by} may not see alerts. Members may.")
