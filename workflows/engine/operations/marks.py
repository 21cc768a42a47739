"""now, uuid, random, note, patched: recorded without a commit of their own."""

from __future__ import annotations

import json
import random as chances
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from workflows.engine import codec
from workflows.engine.cursor import Cursor, Place
from workflows.engine.ids import chance
from workflows.engine.model import Kind, StepState


def _mark(cursor: Cursor, place: Place, output: str) -> None:
    now = cursor.turn.now()
    cursor.keep(replace(cursor.new(place, StepState.SUCCEEDED, at=now), output=output, ended_at=now))


def now(cursor: Cursor) -> datetime:
    """The time at which the body first came here."""
    place = cursor.begin(Kind.NOW, "now")
    if place.found is not None:
        recorded: datetime = codec.decode(place.found.output, datetime, place.key)
        return recorded
    cursor.go_on()
    moment = cursor.turn.now()
    _mark(cursor, place, codec.encode(moment, place.key))
    return moment


def uuid(cursor: Cursor) -> UUID:
    """A random id, derived from run and key."""
    place = cursor.begin(Kind.UUID, "uuid")
    generation = place.found.generation if place.found else cursor.turn.run.generation
    value = UUID(bytes=chance(cursor.turn.run.id, generation, place.key, "uuid")[:16], version=4)
    if place.found is None:
        cursor.go_on()
        _mark(cursor, place, json.dumps(str(value)))
    return value


def random(cursor: Cursor) -> chances.Random:
    """A generator whose seed is derived from run and key."""
    place = cursor.begin(Kind.RANDOM, "random")
    generation = place.found.generation if place.found else cursor.turn.run.generation
    if place.found is None:
        cursor.go_on()
        _mark(cursor, place, "null")
    return chances.Random(chance(cursor.turn.run.id, generation, place.key, "random"))


def note(cursor: Cursor, text: str) -> None:
    """A line for people in the run's history."""
    place = cursor.begin(Kind.NOTE, "note")
    if place.found is None:
        cursor.go_on()
        _mark(cursor, place, json.dumps(text, ensure_ascii=False))


def patched(cursor: Cursor, name: str) -> bool:
    """True for runs that come here with the changed code for the first time; False for runs that passed here before it.

    A run that was past this place before the change has other records here, or later ones in this branch.
    """
    found = cursor.peek()
    if found is not None and (found.kind is not Kind.PATCHED or found.name != name):
        return False
    place = cursor.begin(Kind.PATCHED, name)
    if place.found is None:
        cursor.go_on()
        _mark(cursor, place, "true")
    return True
