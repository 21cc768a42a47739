"""What a message has to offer to the form of a workflow: its text, its link, its files, each to the field that fits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bot.slack.fields import Field, FieldKind

TEXTS = (
    "text",
    "message",
    "body",
    "content",
    "description",
    "details",
    "note",
    "notes",
    "request",
    "question",
    "topic",
)
LINKS = ("permalink", "message_link", "message_url", "link", "source", "source_url", "url", "reference")
_WRITTEN = (FieldKind.LONG, FieldKind.TEXT)
_FILES = (FieldKind.FILES, FieldKind.FILE)


@dataclass(frozen=True)
class Offer:
    """What a message has."""

    text: str = ""
    link: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Offered:
    """By field: the values to fill its form with, and the files that count where nobody chooses others."""

    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)


def offered(fields: Iterable[Field], offer: Offer) -> Offered:
    """Where what a message has goes: to the field whose name says so, else to the first one of its kind that is needed.

    A link goes only where a field is for one: its name says so, and it takes an address or a line of text.
    """
    known = list(fields)
    values: dict[str, Any] = {}
    link = _named(known, LINKS, (FieldKind.URL, FieldKind.TEXT))
    if offer.link and link is not None:
        values[link.name] = offer.link
    text = _named(known, TEXTS, _WRITTEN) or _needed(known, _WRITTEN)
    if offer.text.strip() and text is not None and text is not link:
        most = text.max_length
        values[text.name] = offer.text[:most] if most else offer.text
    files: dict[str, Any] = {}
    place = _needed(known, _FILES) or next((one for one in known if one.kind in _FILES), None)
    if offer.files and place is not None:
        files[place.name] = list(offer.files) if place.kind is FieldKind.FILES else offer.files[0]
    return Offered(values, files)


def _named(known: list[Field], names: tuple[str, ...], kinds: tuple[FieldKind, ...]) -> Field | None:
    """The field with the first of these names."""
    by_name = {one.name.lower(): one for one in known if one.kind in kinds}
    return next((by_name[name] for name in names if name in by_name), None)


def _needed(known: list[Field], kinds: tuple[FieldKind, ...]) -> Field | None:
    return next((one for kind in kinds for one in known if one.required and one.kind is kind), None)
