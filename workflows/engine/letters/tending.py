"""The clock's part in groups of dead letters: what happened is to be shown, and an error that is gone is over."""

from __future__ import annotations

from collections.abc import Callable

from workflows.engine.letters.ports import Letters

BATCH = 200
MEND_EVERY = 2.0
LOOK_EVERY = 10.0
"""Seconds between two looks whether errors are gone."""
PASSED = 20
"""So many runs in a row that pass say so."""


class LetterTick:
    """Looks after groups. Any number of clocks may do so: each step is decided by rows."""

    def __init__(self, letters: Letters, seconds: Callable[[], float]) -> None:
        self._letters = letters
        self._seconds = seconds
        self._mend_at = self._look_at = 0.0

    def tick(self) -> None:
        """Do what is due. Raises StoreUnavailable."""
        now = self._seconds()
        if now >= self._mend_at:
            self._mend_at = now + MEND_EVERY
            for run_id in self._letters.astray(limit=BATCH):
                self._letters.mend(run_id)
        self._letters.stir(limit=BATCH)
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            for group in self._letters.unclosed(limit=BATCH):
                self._letters.close_if_passed(group.id, runs=PASSED)
