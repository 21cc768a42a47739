"""The alerts' in-memory twin, on the rows of the in-memory store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from workflows.engine.alerts.model import Alert, Mute, Told
from workflows.engine.model import Audit
from workflows.engine.testing.memory import MemoryStore


class MemoryAlerts:
    """Alerts that share a store's rows."""

    def __init__(self, store: MemoryStore) -> None:
        self._rows, self._lock, self._clock = store.shared

    def now(self) -> datetime:
        return self._clock.now()

    def begin(self, alert: Alert) -> bool:
        with self._lock:
            there = self._find(alert.kind, alert.subject)
            if there is not None:
                seen = replace(there, seen_at=alert.seen_at, words=alert.words, advice=alert.advice)
                self._rows.alerts[there.id] = seen
                return False
            self._rows.alerts[alert.id] = alert
            return True

    def over(self, kind: str, subject: str) -> bool:
        with self._lock:
            there = self._find(kind, subject)
            if there is not None:
                self._rows.alerts[there.id] = replace(there, over_at=self._clock.now())
            return there is not None

    def open(self, kind: str = "") -> Sequence[Alert]:
        with self._lock:
            found = [one for one in self._rows.alerts.values() if one.over_at is None and kind in ("", one.kind)]
            return sorted(found, key=lambda one: (one.began_at, one.id))

    def recent(self, *, limit: int) -> Sequence[Alert]:
        with self._lock:
            found = sorted(self._rows.alerts.values(), key=lambda one: (one.began_at, one.id), reverse=True)
            return found[:limit]

    def untold(self, *, limit: int) -> Sequence[Alert]:
        with self._lock:
            found = [
                one
                for one in self._rows.alerts.values()
                if one.told is Told.NOTHING or (one.told is Told.BEGIN and one.over_at is not None)
            ]
            return sorted(found, key=lambda one: (one.began_at, one.id))[:limit]

    def tell(self, alert_id: str, told: Told) -> None:
        with self._lock:
            there = self._rows.alerts[alert_id]
            self._rows.alerts[alert_id] = replace(there, told=max(there.told, told))

    def mute(self, mute: Mute, audit: Audit) -> None:
        with self._lock:
            self._rows.mutes[mute.what] = mute
            self._rows.audit.append(audit)

    def unmute(self, what: str, audit: Audit) -> bool:
        with self._lock:
            there = self._rows.mutes.get(what)
            if there is None or there.until <= self._clock.now():
                return False
            del self._rows.mutes[what]
            self._rows.audit.append(audit)
            return True

    def mutes(self) -> Sequence[Mute]:
        with self._lock:
            now = self._clock.now()
            return sorted((one for one in self._rows.mutes.values() if one.until > now), key=lambda one: one.what)

    def forget(self, before: datetime) -> int:
        with self._lock:
            old = [one.id for one in self._rows.alerts.values() if one.over_at is not None and one.over_at < before]
            for alert_id in old:
                del self._rows.alerts[alert_id]
            now = self._clock.now()
            self._rows.mutes = {what: one for what, one in self._rows.mutes.items() if one.until > now}
            return len(old)

    def _find(self, kind: str, subject: str) -> Alert | None:
        alike = (one for one in self._rows.alerts.values() if (one.kind, one.subject) == (kind, subject))
        return next((one for one in alike if one.over_at is None), None)
