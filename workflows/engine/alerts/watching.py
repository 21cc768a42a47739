"""One look at what may be wrong. Any number of clocks may look: at most one alert of a kind and subject is open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from workflows.engine.alerts import rates
from workflows.engine.alerts.model import Alert, AlertKind, Severity, Told
from workflows.engine.alerts.ports import AlertBook
from workflows.engine.happenings import Happenings
from workflows.engine.ids import new_id
from workflows.engine.model import RunState
from workflows.engine.problem import problem_from

DAYS = 7
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_FAILED = 10_000
"""So many failures of an hour are counted."""
BATCH = 100
KEPT = timedelta(days=90)
"""How long an alert that is over is kept."""


@dataclass(frozen=True)
class Limits:
    """From when on something is wrong."""

    usual: rates.Usual = field(default_factory=rates.Usual)
    queued: timedelta = timedelta(minutes=5)
    """How long a run may wait for a worker although nothing holds it."""


Tell = Callable[[Alert, bool], None]
"""Has people told that an alert began, or (True) that it is over: a repeat must be harmless."""


class Alerts:
    """What is wrong, and that people hear of it once when it begins and once when it is over."""

    def __init__(self, book: AlertBook, happenings: Happenings, tell: Tell, limits: Limits = Limits()) -> None:
        self._book = book
        self._happenings = happenings
        self._tell = tell
        self._limits = limits

    def raise_(self, kind: str, subject: str, words: str, advice: str, severity: Severity = Severity.WARNING) -> bool:
        """Something is wrong; False when that was known."""
        now = self._book.now()
        return self._book.begin(Alert(new_id(), kind, subject, severity, words, advice, now, now))

    def over(self, kind: str, subject: str) -> bool:
        """It is over; False when nothing of the kind was wrong."""
        return self._book.over(kind, subject)

    def look(self) -> None:
        """Find out what is wrong and what is over, then tell it."""
        self.judge_failures()
        self.judge_queue()
        self.tell()

    def judge_failures(self) -> None:
        """Failures of workflows and connectors in the last hour, beside the same hour of the days before."""
        now = self._book.now()
        found = self._failures(now)
        open_ = {alert.subject for alert in self._book.open(AlertKind.ERRORS)}
        suspect = {subject for subject, count in found.items() if count >= self._limits.usual.failures} | open_
        if not suspect:
            return
        days = [self._failures(now - day * DAY) for day in range(1, DAYS + 1)]
        for subject in sorted(suspect):
            count, before = found[subject], [day[subject] for day in days]
            if subject in open_:
                if not rates.goes_on(count, before, self._limits.usual):
                    self._book.over(AlertKind.ERRORS, subject)
            elif rates.begins(count, before, self._limits.usual):
                self.raise_(AlertKind.ERRORS, subject, *_failing(subject, count, before), Severity.ERROR)

    def judge_queue(self) -> None:
        """Runs that wait although nothing holds them: nobody works, or too few do."""
        now, oldest = self._book.now(), self._happenings.queued_since()
        if oldest is not None and now - oldest > self._limits.queued:
            minutes = int((now - oldest).total_seconds() // 60)
            words = f"A run waits for a worker since {minutes} minutes, although nothing holds it"
            advice = "See with `baton doctor` whether workers run; start more of them if they are busy."
            self.raise_(AlertKind.QUEUE, "queue:runs", words, advice, Severity.ERROR)
        elif oldest is None or now - oldest < self._limits.queued / 2:
            self._book.over(AlertKind.QUEUE, "queue:runs")

    def tell(self) -> None:
        """Tell what is to be told. What is muted waits: when it is over by then, nobody hears of it."""
        untold = self._book.untold(limit=BATCH)
        mutes = self._book.mutes() if untold else ()
        for alert in untold:
            muted = any(mute.holds(alert) for mute in mutes)
            if alert.told is Told.NOTHING and alert.over_at is None:
                if not muted:
                    self._tell(alert, False)
                    self._book.tell(alert.id, Told.BEGIN)
                continue
            if alert.told is Told.BEGIN and not muted:
                self._tell(alert, True)
            self._book.tell(alert.id, Told.ALL)

    def forget(self) -> None:
        """Delete what was over long ago."""
        self._book.forget(self._book.now() - KEPT)

    # -----------------------------------------------------------------------------------------------------

    def _failures(self, until: datetime) -> Counter[str]:
        """Failures of the hour before a moment, by subject. A rejection is a decision, and no failure."""
        until += timedelta(microseconds=1)  # what fails at this moment counts
        since, failed = until - HOUR, frozenset({RunState.FAILED})
        runs = self._happenings.ended(since, until, states=failed, limit=MOST_FAILED)
        found = Counter(f"workflow:{run.workflow}" for run in runs if not _is_rejected(run.error))
        found.update(_by_connector(self._happenings.failed_attempts(since, until)))
        return found


def _is_rejected(error: str | None) -> bool:
    problem = problem_from(error)
    return problem is not None and problem.kind == "Rejected"


def _by_connector(attempts: Mapping[str, int]) -> Mapping[str, int]:
    """Failed attempts by connector: an action is called `connector.action`, a plain step has no dot."""
    found: Counter[str] = Counter()
    for name, count in attempts.items():
        connector, dot, _ = name.partition(".")
        if dot:
            found[f"connector:{connector}"] += count
    return found


def _failing(subject: str, count: int, before: Iterable[int]) -> tuple[str, str]:
    sort, _, name = subject.partition(":")
    what = "runs of" if sort == "workflow" else "calls of"
    usual: Sequence[int] = list(before)
    words = f"{count} {what} {name} failed within an hour; usual at this time are {rates.usually(usual):g}"
    if sort == "workflow":
        return words, f"Look with `baton runs --workflow {name} --state failed`, and at `baton dead-letters`."
    return words, f"See with `baton doctor` whether {name} answers, and what its service says of itself."
