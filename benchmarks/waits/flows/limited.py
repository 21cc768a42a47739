"""The workflows that ask a service which allows little, and one which does not."""

from __future__ import annotations

from integrations.protocols import Search, Sources
from integrations.wordpress.connector import WordPress
from integrations.wordpress.models import PostDetails
from workflows import Run, workflow


@workflow("limited_search", title="Ask a service that allows little")
def limited_search(run: Run, words: str) -> Sources:
    """One search."""
    return run.step(Search.find, words)


@workflow("unlimited_read", title="Ask another service")
def unlimited_read(run: Run, post_id: str) -> PostDetails:
    """One post."""
    return run.step(WordPress.get_post, post_id)
