"""The file of BATON_ALERTS: from when on something is wrong, and which alert goes where."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from workflows.engine.alerts.model import Alert, Severity
from workflows.engine.alerts.rates import Usual
from workflows.engine.alerts.watching import Limits
from workflows.engine.beats.model import BEAT_EVERY
from workflows.engine.beats.watching import Missed
from workflows.engine.errors import BatonError


class Part(BaseModel):
    """A part of the file: what it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Errors(Part):
    """When failures are unusual."""

    failures: int = Field(default=5, ge=1)
    times: float = Field(default=3.0, ge=1)


class Queue(Part):
    """How long a run may wait for a worker."""

    minutes: float = Field(default=5.0, gt=0)


class Parts(Part):
    """When a part of Baton is missed."""

    seconds: float = Field(default=90.0, ge=0)
    """After so long without a word; 0 for never."""
    crashes: int = Field(default=5, ge=0)
    """So many deaths of one kind on one machine within an hour are too many; 0 for no number."""

    @field_validator("seconds")
    @classmethod
    def _patient(cls, value: float) -> float:
        least = 3 * BEAT_EVERY.total_seconds()
        if 0 < value < least:
            raise ValueError(f"must be 0, for never, or at least {least:g}: parts say only now and then that they live")
        return value


class Schedules(Part):
    """When a schedule is forgotten."""

    minutes: float = Field(default=5.0, ge=0)
    """So long after its time; 0: nothing is told of schedules."""


class Route(Part):
    """Which alerts go to a channel; what is not said fits all. The first route that fits counts."""

    channel: str
    """`#name` or an id; "" tells nobody but the log."""
    workflow: str = "*"
    """A workflow's name, with `*` for any part; other subjects fit `*` alone."""
    connector: str = "*"
    kind: str = "*"
    severity: Severity = Severity.INFO
    """So bad at least."""

    def fits(self, alert: Alert) -> bool:
        """Whether an alert goes this way."""
        connector = alert.name if alert.subject.startswith("connector:") else ""
        return (
            (self.workflow == "*" or fnmatchcase(alert.workflow, self.workflow))
            and (self.connector == "*" or fnmatchcase(connector, self.connector))
            and fnmatchcase(alert.kind, self.kind)
            and alert.severity.rank >= self.severity.rank
        )


class Rules(Part):
    """The whole file."""

    errors: Errors = Errors()
    queue: Queue = Queue()
    parts: Parts = Parts()
    schedules: Schedules = Schedules()
    route: tuple[Route, ...] = ()

    @property
    def limits(self) -> Limits:
        """From when on something is wrong."""
        usual = Usual(self.errors.failures, self.errors.times)
        return Limits(usual, timedelta(minutes=self.queue.minutes))

    @property
    def missed(self) -> Missed:
        """From when on a part of Baton is missed."""
        return Missed(timedelta(seconds=self.parts.seconds), self.parts.crashes)

    @property
    def forgotten(self) -> timedelta:
        """How long after its time a schedule is forgotten."""
        return timedelta(minutes=self.schedules.minutes)

    def channel(self, alert: Alert, otherwise: str) -> str:
        """Where an alert goes; "" for nowhere."""
        return next((route.channel for route in self.route if route.fits(alert)), otherwise)


def read_rules(path: Path | None) -> Rules:
    """The rules of a file; those that count without one. Raises BatonError that names the place that is wrong."""
    if path is None:
        return Rules()
    try:
        return Rules.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise BatonError(f"BATON_ALERTS: {path} can't be read ({error}). Correct the path, or unset it.") from None
    except tomllib.TOMLDecodeError as error:
        raise BatonError(f"BATON_ALERTS: {path} is no TOML: {error}.") from None
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors())
        raise BatonError(f"BATON_ALERTS: {path} can't be used. {said}.") from None
