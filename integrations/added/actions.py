"""An operation or tool of an added service, as the engine calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from integrations.errors import InvalidRequest
from workflows.engine.policy import CallSpec


class BoundAction:
    """One operation or tool of one connector; it takes named arguments only."""

    def __init__(self, call: Callable[..., Any], spec: CallSpec) -> None:
        self._call = call
        self.baton_spec = spec

    def __call__(self, *unnamed: Any, **arguments: Any) -> Any:
        if unnamed:
            raise InvalidRequest(f"{self.baton_spec.name} takes named arguments only. Name them in the workflow.")
        return self._call(**arguments)
