"""Deleting old runs: in small batches, beside everything that goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from workflows.engine.expiry import Expiry, Place, Prunable
from workflows.engine.service import Service

BATCH = 200
"""Runs of one transaction at most."""
SWEEP = 1_000
"""Rows of each kind that one transaction deletes of those that belong to no run."""


@dataclass(frozen=True)
class Deleted:
    """What a whole round deleted."""

    runs: int = 0
    audit: int = 0
    whole: bool = True
    """Whether nothing is left to be deleted."""


class Retention:
    """Prunes step by step. Every step stands for itself: whoever stops halfway goes on with the next round."""

    def __init__(self, service: Service, monotonic: Callable[[], float], sleep: Callable[[timedelta], None]) -> None:
        self._service = service
        self._monotonic = monotonic
        self._sleep = sleep

    def prunable(self, old: Expiry, *, by: str) -> Prunable:
        """What there is to delete; nothing is written."""
        self._service.access.administer(by, "prune runs")
        return self._service.store.prunable(old)

    def prune(
        self, old: Expiry, *, by: str, most: int | None = None, tell: Callable[[int], None] | None = None
    ) -> Deleted:
        """Delete what is old, if this person may; `tell` hears how many are gone so far."""
        self._service.access.administer(by, "prune runs")
        return self.round(old, by=by, most=most, tell=tell)

    def round(
        self, old: Expiry, *, by: str, most: int | None = None, tell: Callable[[int], None] | None = None
    ) -> Deleted:
        """Delete what is old, at most so many runs, whoever asks.

        A child run goes after the run that started it, so passes are made until one finds nothing. Between two
        batches it rests as long as the last one took: the others get the database half of the time.
        """
        gone, found = 0, False
        place: Place | None = None
        while most is None or gone < most:
            limit = BATCH if most is None else min(BATCH, most - gone)
            count, place = self._batch(old, limit, place, by)
            gone, found = gone + count, found or count > 0
            if tell is not None and count:
                tell(gone)
            if place is None:  # the end of a pass
                if not found:
                    return Deleted(gone, self._sweep(old))
                found = False
        return Deleted(gone, self._sweep(old), whole=False)

    def _batch(self, old: Expiry, limit: int, after: Place | None, by: str) -> tuple[int, Place | None]:
        begun = self._monotonic()
        pruned = self._service.store.prune(old, limit=limit, after=after, by=by)
        self._rest(begun)
        return pruned.runs, pruned.place

    def _sweep(self, old: Expiry) -> int:
        audit = 0
        while True:
            begun = self._monotonic()
            swept = self._service.store.sweep(old, limit=SWEEP)
            audit += swept.audit
            if not swept.rows:
                return audit
            self._rest(begun)

    def _rest(self, begun: float) -> None:
        self._sleep(timedelta(seconds=self._monotonic() - begun))
