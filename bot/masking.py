"""Secrets out of what leaves a history: the settings' own, what looks like one, and what is called like one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from bot.logs import SECRET_NAME
from bot.settings import Settings, secrets_of
from integrations.http.redaction import MASK, Redactor


@dataclass
class Masked:
    """A JSON value without secrets, and where there were some."""

    value: Any
    places: list[str] = field(default_factory=list)
    """Such as `headers.token` or `items[2]`; "" for the value itself."""


class Masks:
    """Masks texts within JSON values. Numbers and switches stay, so that the value keeps its form."""

    def __init__(self, settings: Settings, more: Iterable[SecretStr] = ()) -> None:
        self._redact = Redactor([*secrets_of(settings), *more])

    def __call__(self, value: Any) -> Masked:
        """The same value with three stars for each secret."""
        masked = Masked(None)
        masked.value = self._walk(value, "", masked.places, named=False)
        return masked

    def text(self, text: str) -> str:
        """A text for people."""
        return self._redact(text)

    def _walk(self, value: Any, place: str, found: list[str], *, named: bool) -> Any:
        match value:
            case str():
                shown = MASK if named and value else self._redact(value)
                if shown != value:
                    found.append(place)
                return shown
            case dict():
                return {
                    name: self._walk(
                        item, f"{place}.{name}".lstrip("."), found, named=named or bool(SECRET_NAME.search(name))
                    )
                    for name, item in value.items()
                }
            case list():
                return [self._walk(item, f"{place}[{number}]", found, named=named) for number, item in enumerate(value)]
        return value
