"""What waits for one person's decision."""

from __future__ import annotations

from datetime import timedelta

from workflows import Look, Page, digest
from workflows.digests.telling import waiting


@digest("my_approvals", title="Waiting for you", span=timedelta(days=1), personal=True)
def my_approvals(look: Look) -> Page:
    """What waits for your decision, the longest open first."""
    return look.page(waiting(look, yours_only=True))
