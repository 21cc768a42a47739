"""Where a search for changed pages has come to.

Notion tells the time of a change to the minute, many pages may share one, and a query may show a change a
little late. So the cursor remembers, for the last minutes, which pages were listed with which time; the
next search starts again that much earlier and leaves those out. Nothing is missed, nothing comes twice.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from integrations.errors import InvalidRequest

WINDOW = timedelta(minutes=3)
Listed = tuple[datetime, str]
"""When a page changed, and its id."""


@dataclass(frozen=True)
class Cursor:
    """The pages that were listed with a time in the window, and so the latest time."""

    seen: Mapping[datetime, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> Cursor:
        """The cursor that `str` wrote; an empty text is the beginning."""
        try:
            groups = (group.split("=") for group in text.split("|")) if text else ()
            seen = {datetime.fromisoformat(moment): frozenset(marks.split(",")) for moment, marks in groups}
        except ValueError:
            seen = None
        if seen is None or any(moment.tzinfo is None for moment in seen):
            raise InvalidRequest(f"{text[:50]!r} is no cursor of Notion's topics. Start again without one.")
        return cls(seen)

    @property
    def since(self) -> datetime | None:
        """From when on to search; None for everything."""
        return max(self.seen) - WINDOW if self.seen else None

    def knows(self, page: Listed) -> bool:
        """Whether the page was listed, and has not changed since."""
        moment, page_id = page
        return _mark(page_id) in self.seen.get(moment, ())

    def past(self, pages: Iterable[Listed]) -> Cursor:
        """The cursor after `pages` were listed too."""
        seen = dict(self.seen)
        for moment, page_id in pages:
            seen[moment] = seen.get(moment, frozenset()) | {_mark(page_id)}
        kept = max(seen) - WINDOW if seen else None
        return Cursor({moment: marks for moment, marks in seen.items() if kept is None or moment >= kept})

    def __str__(self) -> str:
        return "|".join(
            f"{moment.isoformat()}={','.join(sorted(marks))}" for moment, marks in sorted(self.seen.items())
        )


def _mark(page_id: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(page_id.encode()).digest()[:9]).decode()
