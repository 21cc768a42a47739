"""What steps may use: Baton's own parts, and the connectors that the settings bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from workflows.engine.ports import Tools

C = TypeVar("C")


class OwnTools:
    """Gives a step one of our own parts, or else a connector."""

    def __init__(self, own: Mapping[type[Any], Callable[[], Any]], others: Callable[[], Tools]) -> None:
        self._own = own
        self._others = others

    def get(self, cls: type[C], /) -> C:
        if cls in self._own:
            made: C = self._own[cls]()
            return made
        return self._others().get(cls)
