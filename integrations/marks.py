"""Marks, by which a connector finds what a step has made in a service that knows no idempotency keys.

They stay in people's records: how they look is compatibility data.
"""

from __future__ import annotations

from integrations.files import id_for


def mark_of(key: str | None) -> str:
    """What a record's text holds or ends with."""
    return f"[baton {id_for(key)}]"


def unmarked(text: str) -> str:
    """A text that may end with a mark, without it."""
    return text.partition("[baton ")[0].strip()


def external_id_of(key: str | None) -> str:
    """The external id of a record that has none of its own."""
    return f"baton-{id_for(key)}"
