"""Where beats are kept. The twin is `workflows.engine.testing.memory_beats`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from workflows.engine.beats.model import Beat, End


class Beats(Protocol):
    """Who lives in an installation. Methods raise StoreUnavailable; the store's clock gives the times."""

    def now(self) -> datetime: ...
    def beat(self, beats: Sequence[Beat]) -> None:
        """They live now. Their first time stays, and so does an end."""

    def end(self, beat: Beat, end: End) -> None:
        """It ended now, and with it the parts whose parent it is. The first end that was told stays."""

    def heard(self, *, limit: int) -> Sequence[Beat]:
        """Those that are known, the last heard first."""

    def forget(self, before: datetime) -> int:
        """Delete those that were last heard of before a moment; how many."""
