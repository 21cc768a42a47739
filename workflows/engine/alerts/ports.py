"""Where alerts and mutes are kept. The twin is `workflows.engine.testing.memory_alerts`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from workflows.engine.alerts.model import Alert, Mute, Told
from workflows.engine.model import Audit


class AlertBook(Protocol):
    """The alerts of an installation. Methods raise StoreUnavailable; the store's clock gives the times."""

    def now(self) -> datetime: ...
    def begin(self, alert: Alert) -> bool:
        """Open it, unless one of its kind and subject is open: that one is seen again. Whether it is new."""

    def over(self, kind: str, subject: str) -> bool:
        """End the open one; False when there was none."""

    def open(self, kind: str = "") -> Sequence[Alert]:
        """Those that go on, the oldest first."""

    def recent(self, *, limit: int) -> Sequence[Alert]:
        """Those that began last, the newest first."""

    def untold(self, *, limit: int) -> Sequence[Alert]:
        """Those of which people were not told all that there is to tell so far, the oldest first."""

    def tell(self, alert_id: str, told: Told) -> None:
        """People were told so much. What was told once stays told."""

    def mute(self, mute: Mute, audit: Audit) -> None:
        """Keep quiet; a mute of the same is replaced."""

    def unmute(self, what: str, audit: Audit) -> bool:
        """False when there was none that holds."""

    def mutes(self) -> Sequence[Mute]:
        """Those that hold now, by what they keep quiet."""

    def forget(self, before: datetime) -> int:
        """Delete alerts that were over before a moment, and mutes that ended; how many alerts."""
