"""The arguments of one Web API call, however they were sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.sandbox.errors import SlackError

_TRUE = frozenset({"1", "true", "True"})


class Arguments:
    """Reads arguments as Slack does: JSON or form, `1` or `true`, lists as JSON or with commas."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given

    def has(self, name: str) -> bool:
        """Whether it was sent at all."""
        return self.given.get(name) is not None

    def text(self, name: str) -> str:
        """A string, empty when it was not sent."""
        value = self.given.get(name)
        return "" if value is None else str(value)

    def need(self, name: str) -> str:
        """A string that must be there."""
        value = self.text(name)
        if not value:
            raise SlackError("invalid_arguments", messages=[f"missing required field: {name}"])
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self.given.get(name)
        return value is True or value == 1 or str(value) in _TRUE

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        value = self.given.get(name)
        if value is None or value == "":
            return default
        try:
            return int(value)
        except (TypeError, ValueError):
            raise SlackError("invalid_arguments", messages=[f"must be an integer: {name}"]) from None

    def json(self, name: str) -> Any:
        """An object or list, sent as it is or as a string of JSON."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            return value

    def names(self, name: str) -> tuple[str, ...]:
        """A list of ids, as JSON or with commas between."""
        value = self.json(name)
        if isinstance(value, list):
            return tuple(str(one) for one in value)
        return tuple(one.strip() for one in str(value or "").split(",") if one.strip())
