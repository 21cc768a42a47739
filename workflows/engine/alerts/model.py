"""An alert as its row stands, and what keeps it quiet."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

EVERYTHING = "everything"
"""What a mute names that holds for all alerts."""


class Severity(enum.StrEnum):
    """How bad it is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """The higher the worse."""
        return tuple(Severity).index(self)


class AlertKind(enum.StrEnum):
    """What an alert is about. The words are stored."""

    ERRORS = "errors"
    """Unusually many failures of a workflow or connector."""
    QUEUE = "queue"
    """Runs wait although nothing holds them."""
    CIRCUIT = "circuit"
    """A service is left alone for a while."""
    PART = "part"
    """A part of Baton died, or is stuck."""
    CRASHES = "crashes"
    """Parts of Baton die again and again on a machine."""
    CLOCK = "clock"
    """No clock runs."""
    WORKER = "worker"
    """Runs wait, and no worker runs."""
    SCHEDULE = "schedule"
    """A schedule's ticks start nothing."""


class Told(enum.IntEnum):
    """How much of an alert people were told."""

    NOTHING = 0
    BEGIN = 1
    ALL = 2


@dataclass(frozen=True)
class Alert:
    """Something that is wrong, from when it began until it is over. At most one of a kind and subject is open."""

    id: str
    kind: str
    subject: str
    """What it is about, such as `workflow:content_pipeline` or `connector:notion`."""
    severity: Severity
    words: str
    """What happened, in a sentence."""
    advice: str
    """What to do next."""
    began_at: datetime
    seen_at: datetime
    """When it was last found to be so."""
    over_at: datetime | None = None
    told: Told = Told.NOTHING

    @property
    def name(self) -> str:
        """The subject without its sort."""
        return self.subject.partition(":")[2] or self.subject

    @property
    def workflow(self) -> str:
        """The workflow that it is about; "" for other subjects."""
        return self.name if self.subject.startswith("workflow:") else ""


@dataclass(frozen=True)
class Mute:
    """Keeps alerts quiet until a moment: all, those of a kind, or those about something."""

    what: str
    until: datetime
    by: str
    at: datetime
    reason: str = ""

    def holds(self, alert: Alert) -> bool:
        """Whether it keeps this alert quiet."""
        return self.what in (EVERYTHING, alert.kind, alert.subject, alert.name)
