"""Turning what a test or person gives for a field into the state that Slack sends for it."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time
from pathlib import Path
from typing import Any

from bot.sandbox import forms, reading
from bot.sandbox.api.files import keep
from bot.sandbox.model import File
from bot.sandbox.world import World

Json = dict[str, Any]
Element = Mapping[str, Any]


def state(world: World, element: Element, value: Any, user: str) -> Json:
    """The state of an element that was given this value; None empties it."""
    kind, field = element["type"], forms.FIELDS[element["type"]]
    if value is None:
        return {"type": kind, field: [] if field in forms.MANY else None}
    return {"type": kind, field: _MAKERS[field](world, element, value, user)}


def options(element: Element) -> list[Json]:
    """The options of a menu, groups opened."""
    grouped = [one for group in element.get("option_groups") or () for one in group.get("options") or ()]
    return [*(element.get("options") or ()), *grouped]


def option(element: Element, wanted: Any) -> Json:
    """The option with this text or value; an external menu's may be given whole."""
    if isinstance(wanted, Mapping):
        return dict(wanted)
    found = options(element)
    for one in found:
        if str(wanted) in {reading.text_of(one.get("text")), one.get("value")}:
            return one
    listed = ", ".join(reading.text_of(one.get("text")) for one in found) or "none"
    raise AssertionError(f"There is no option {wanted!r}. There are: {listed}.")


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, (list, tuple, set, frozenset)) else (value,)


def _text(_world: World, _element: Element, value: Any, _user: str) -> str:
    return str(value)


def _date(_world: World, _element: Element, value: Any, _user: str) -> str:
    return value.date().isoformat() if isinstance(value, datetime) else str(value)


def _time(_world: World, _element: Element, value: Any, _user: str) -> str:
    return value.strftime("%H:%M") if isinstance(value, time) else str(value)


def _moment(_world: World, _element: Element, value: Any, _user: str) -> int:
    return int(value.timestamp()) if isinstance(value, datetime) else int(value)


def _option(_world: World, element: Element, value: Any, _user: str) -> Json:
    return option(element, value)


def _options(_world: World, element: Element, value: Any, _user: str) -> list[Json]:
    return [option(element, one) for one in _listed(value)]


def _person(world: World, _element: Element, value: Any, _user: str) -> str:
    return str(getattr(value, "id", None) or world.person(str(value)).id)


def _people(world: World, element: Element, value: Any, user: str) -> list[str]:
    return [_person(world, element, one, user) for one in _listed(value)]


def _channel(world: World, _element: Element, value: Any, _user: str) -> str:
    return str(getattr(value, "id", None) or world.channel(str(value)).id)


def _channels(world: World, element: Element, value: Any, user: str) -> list[str]:
    return [_channel(world, element, one, user) for one in _listed(value)]


def _files(world: World, _element: Element, value: Any, user: str) -> list[Json]:
    return [_file(world, one, user) for one in _listed(value)]


def _file(world: World, given: Any, user: str) -> Json:
    if isinstance(given, Mapping):
        return dict(given)
    if isinstance(given, File):
        file = given
    else:
        path = Path(given)
        file = keep(world, world.new_id("F"), path.name, path.name, path.read_bytes(), user)
    kind = mimetypes.guess_type(file.name)[0] or file.mimetype
    address = f"{world.address}/files-pri/{world.team_id}-{file.id}/{file.name}"
    return {"id": file.id, "name": file.name, "mimetype": kind, "size": len(file.content), "user": user,
            "title": file.title, "url_private": address, "url_private_download": address}  # fmt: skip


def _rich(_world: World, _element: Element, value: Any, _user: str) -> Json:
    if isinstance(value, Mapping):
        return dict(value)
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": str(value)}]}
    return {"type": "rich_text", "elements": [section]}


_MAKERS: Mapping[str, Callable[[World, Element, Any, str], Any]] = {
    "value": _text,
    "selected_date": _date,
    "selected_time": _time,
    "selected_date_time": _moment,
    "selected_option": _option,
    "selected_options": _options,
    "selected_user": _person,
    "selected_users": _people,
    "selected_conversation": _channel,
    "selected_conversations": _channels,
    "selected_channel": _channel,
    "selected_channels": _channels,
    "files": _files,
    "rich_text_value": _rich,
}
