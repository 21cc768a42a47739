"""Drafts: what somebody was shown before it is saved. Nobody has to tidy up after those who change their mind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

KEPT = timedelta(days=1)
"""How long a draft waits to be saved."""


@dataclass(frozen=True)
class Draft:
    """Something that is saved when its maker says so."""

    id: str
    kind: str
    content: str
    """JSON of what is to be saved."""
    by: str
    at: datetime


class Drafts(Protocol):
    """The drafts of an installation. Methods raise StoreUnavailable."""

    def keep(self, draft: Draft) -> None: ...
    def find(self, draft_id: str) -> Draft | None:
        """A draft that is not too old by the store's clock."""

    def drop(self, draft_id: str) -> bool:
        """Delete one; False when it was gone. Of several who do, one is told True."""

    def forget(self, *, limit: int) -> int:
        """Delete those that are too old, so many at most; how many."""
