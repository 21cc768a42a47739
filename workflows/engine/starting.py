"""What is said with a start beside the input: labels, and when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from workflows.engine.definition import Workflow
from workflows.engine.endings import Waiting
from workflows.engine.errors import InvalidInput, NotAllowed

MOST_LABELS = 20
LONGEST = 100
FURTHEST = timedelta(days=3660)


def checked_labels(labels: Mapping[str, str]) -> str:
    """Labels as they are kept; raises InvalidInput for those that nobody could search for."""
    if len(labels) > MOST_LABELS:
        raise InvalidInput(f"{len(labels)} labels are too many: a run carries {MOST_LABELS} at most.")
    for name, value in labels.items():
        if not name.strip() or not isinstance(value, str):
            raise InvalidInput(f"The label {name!r} needs a name and a text: write name=text.")
        if len(name) > LONGEST or len(value) > LONGEST:
            raise InvalidInput(f"The label {name[:LONGEST]} is too long: {LONGEST} characters at most.")
    return json.dumps(dict(labels), sort_keys=True)


def checked_time(at: datetime | None, now: datetime) -> datetime | None:
    """When a run is to start; None for at once. Raises InvalidInput for a time that can't be meant."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise InvalidInput(f"{at:%Y-%m-%d %H:%M} says no time zone, so it is not clear when the run is to start.")
    if at - now > FURTHEST:
        raise InvalidInput(f"{at:%Y-%m-%d} is more than ten years away: give an earlier time to start.")
    return at.astimezone(UTC) if at > now else None


def until(later: datetime | None) -> str | None:
    """What a run waits for that is to start later."""
    return json.dumps([asdict(Waiting("start", "start", "", later.isoformat()))]) if later else None


def refuse_internal(workflow: Workflow[Any, Any]) -> None:
    """Raise NotAllowed for a workflow that only Baton itself starts."""
    if workflow.internal:
        raise NotAllowed(f"{workflow.name} belongs to Baton itself, and nobody starts it by hand.")


class Named(Protocol):
    """What is installed."""

    def get(self, name: str) -> Workflow[Any, Any]: ...
    def names(self) -> frozenset[str]: ...


def is_internal(installed: Named, name: str) -> bool:
    """Whether a workflow belongs to Baton itself."""
    return name in installed.names() and installed.get(name).internal
