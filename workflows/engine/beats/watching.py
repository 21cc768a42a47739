"""One look at who lives. Every part may look: at most one alert of a kind and subject is open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.engine.alerts.model import AlertKind
from workflows.engine.alerts.ports import AlertBook
from workflows.engine.alerts.watching import Alerts
from workflows.engine.beats import telling
from workflows.engine.beats.judging import Standing
from workflows.engine.beats.model import BEAT_EVERY, KEPT, PartKind
from workflows.engine.beats.ports import Beats
from workflows.engine.beats.telling import Said
from workflows.engine.happenings import Happenings

MOST = 1_000
"""Parts that are looked at."""
SILENT = timedelta(seconds=90)
"""Who said nothing for so long does not live, where nothing else is set."""


def standing_of(beats: Beats, silent: timedelta = SILENT) -> Standing:
    """How the parts stand now."""
    return Standing(beats.heard(limit=MOST), beats.now(), silent)


@dataclass(frozen=True)
class Missed:
    """From when on a part is missed."""

    silent: timedelta = SILENT
    """After how long without a word; 0 for never."""
    crashes: int = 5
    """How many deaths within an hour are too many; 0 for no number."""


class PartWatch:
    """Who died, and that people hear of it once.

    A silence is believed only by who listened all along: after an outage of the database, or of the whole machine,
    everybody was silent and nobody died.
    """

    def __init__(
        self, beats: Beats, book: AlertBook, alerts: Alerts, happenings: Happenings, missed: Missed = Missed()
    ) -> None:
        self._beats = beats
        self._book = book
        self._alerts = alerts
        self._happenings = happenings
        self._missed = missed
        self._since: datetime | None = None
        self._last: datetime | None = None

    def look(self) -> Standing:
        """Find out who is missing and who is back, then tell it."""
        now = self._beats.now()
        if self._last is None or now - self._last > 3 * BEAT_EVERY:
            self._since = now
        self._last = now
        standing = Standing(self._beats.heard(limit=MOST), now, self._missed.silent or SILENT)
        if self._missed.silent:
            sure = self._since is not None and now - self._since > self._missed.silent
            self._judge(standing, sure=sure)
            self._alerts.tell()
        return standing

    def forget(self) -> None:
        """Delete the rows of parts that are long gone."""
        self._beats.forget(self._beats.now() - KEPT)

    # -----------------------------------------------------------------------------------------------------

    def _judge(self, standing: Standing, *, sure: bool) -> None:
        """Raise what is found to be wrong, and end what is not so any more."""
        open_ = {kind: {one.subject for one in self._book.open(kind)} for kind in WATCHED}
        found: dict[AlertKind, Mapping[str, Said]] = {
            AlertKind.PART: telling.missing(standing),
            AlertKind.CRASHES: self._crashes(standing, open_[AlertKind.CRASHES]),
            AlertKind.CLOCK: telling.no_clock(standing) if _absent(standing, PartKind.CLOCK) else {},
            AlertKind.WORKER: self._no_worker(standing, open_[AlertKind.WORKER]),
        }
        for kind, subjects in open_.items():
            for subject in subjects - found[kind].keys():
                self._alerts.over(kind, subject)
            for subject, said in found[kind].items() if sure else ():
                self._alerts.raise_(kind, subject, said.words, said.advice, said.severity)

    def _crashes(self, standing: Standing, open_: Iterable[str]) -> Mapping[str, Said]:
        """Parts that die again and again; it is over below half of what begins it."""
        most = self._missed.crashes
        deaths = standing.deaths().items() if most else ()
        many = {place: n for place, n in deaths if n >= most or (place in open_ and 2 * n >= most)}
        return {place: telling.dying(place, number) for place, number in many.items()}

    def _no_worker(self, standing: Standing, open_: Iterable[str]) -> Mapping[str, Said]:
        """Nobody works, and there is something to do."""
        if not _absent(standing, PartKind.WORKER):
            return {}
        oldest = self._happenings.queued_since()
        waits = oldest is not None and (bool(list(open_)) or standing.now - oldest > self._missed.silent)
        return telling.no_worker(standing) if waits else {}


WATCHED = (AlertKind.PART, AlertKind.CRASHES, AlertKind.CLOCK, AlertKind.WORKER)


def _absent(standing: Standing, kind: PartKind) -> bool:
    """Whether none of a kind was there for so long that no restart explains it."""
    last = standing.last(kind)
    return last is None or standing.now - last.seen_at > standing.silent
