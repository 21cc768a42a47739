"""Marks that a call leaves, and looking for what carries them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from integrations.openapi.rules import LookUp
from integrations.openapi.wire import text_of


class Finding:
    """One look-up for one call."""

    def __init__(self, look_up: LookUp, key: str, arguments: Mapping[str, Any]) -> None:
        self._look_up = look_up
        self._values = {**arguments, "key": key}

    def arguments(self) -> dict[str, Any]:
        """What the look-up's operation is given."""
        return {name: filled(value, self._values) for name, value in self._look_up.arguments.items()}

    def among(self, answer: Any) -> Any:
        """The first item of the answer that holds everything that must match; None when there is none."""
        items = at(answer, self._look_up.items)
        listed = items if isinstance(items, list) else [items]
        wanted = {pointer: filled(text, self._values) for pointer, text in self._look_up.match.items()}
        for one in listed:
            if all(text_of(at(one, pointer)) == text_of(value) for pointer, value in wanted.items()):
                return one
        return None


def marked(body: Any, mark: Mapping[str, str], key: str | None, arguments: Mapping[str, Any]) -> Any:
    """A body with the marks in it by which a look-up finds what it made; outside a run there are none."""
    if not mark or key is None or not isinstance(body, Mapping):
        return body
    made = copy.deepcopy(dict(body))
    for pointer, text in mark.items():
        place = made
        *above, last = pointer.strip("/").split("/")
        for part in above:
            if not isinstance(place.get(part), dict):
                place[part] = {}
            place = place[part]
        place[last] = filled(text, {**arguments, "key": key})
    return made


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """A text with `{name}` replaced; one that is nothing but `{name}` keeps the value's type."""
    if not isinstance(value, str):
        return value
    for name, one in values.items():
        if value == f"{{{name}}}":
            return one
    for name, one in values.items():
        value = value.replace(f"{{{name}}}", text_of(one))
    return value


def at(value: Any, pointer: str) -> Any:
    """What a JSON pointer leads to; None for nothing."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
