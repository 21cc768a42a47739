"""What posts digests asks of Baton itself: who reads one and since when, what happened, and to have it posted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from integrations.base import Connector, action
from workflows import Page

EVERYONE = "everyone"
"""The place of a personal digest that each person gets for whom something waits."""


class Order(BaseModel):
    """Which digest goes where."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str = Field(min_length=1, title="Digest")
    place: str = Field(min_length=1, title="Place", description="A channel, a person, or everyone")
    rule: str = Field(default="", title="Rule", description="For everyone: when, by the clock where each person is")


@dataclass(frozen=True)
class Task:
    """One digest for one reader."""

    digest: str
    place: str
    since: datetime
    until: datetime
    zone: str
    key: str
    """Equal for the same window, place and schedule."""
    mark: str = ""
    """Where it is kept until when this reader was told; "" when that does not change."""
    wait: float = 0.0
    """Seconds until the reader may be written to."""
    before: datetime | None = None
    """Until when the reader was told before, if ever."""


class DigestDesk(Connector, protocol=True):
    """Baton's own part in digests."""

    slug = "digests"

    @action(idempotent=True)
    def readers(self, order: Order) -> list[Task]:
        """See who is to read it, and since when."""
        raise NotImplementedError

    @action(idempotent=True)
    def write(self, task: Task) -> Page:
        """Collect what happened."""
        raise NotImplementedError

    @action(idempotent=True)
    def post(self, task: Task, page: Page) -> bool:
        """Post it; False where there was nothing to tell a person."""
        raise NotImplementedError
