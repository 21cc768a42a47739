"""Holding a value against the table of limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.sandbox.limits import SHAPES, Chars, Flag, Free, OneOf, Part, Parts, Rule, Shape, Text, Whole

_TEXT_FIELDS = frozenset({"type", "text", "emoji", "verbatim"})


def problems(value: Mapping[str, Any], name: str, pointer: str, surface: str) -> Iterator[str]:
    """What is wrong with this object, each with the place of the fault as a JSON pointer."""
    shape = SHAPES[name]
    if surface not in shape.surfaces:
        yield f"{value.get('type')} is not allowed in a {surface} [json-pointer:{pointer}]"
        return
    yield from _fields(value, shape, pointer)
    for rule in shape.rules:
        if value.get(rule.field) is not None:
            yield from _value(value[rule.field], rule, f"{pointer}/{rule.field}", surface)


def _fields(value: Mapping[str, Any], shape: Shape, pointer: str) -> Iterator[str]:
    known = {rule.field for rule in shape.rules} | ({"type"} if shape.typed else set())
    for field in value:
        if field not in known:
            yield f"invalid additional property: {field} [json-pointer:{pointer}]"
    for rule in shape.rules:
        if getattr(rule, "required", False) and value.get(rule.field) is None:
            yield f"missing required field: {rule.field} [json-pointer:{pointer}]"
    if shape.either and all(value.get(field) is None for field in shape.either):
        yield f"missing required field: {' or '.join(shape.either)} [json-pointer:{pointer}]"


def _value(value: Any, rule: Rule, at: str, surface: str) -> Iterator[str]:
    if isinstance(rule, Text):
        yield from _text(value, rule.most, rule.kinds, at)
    elif isinstance(rule, Chars):
        yield from _chars(value, rule, at)
    elif isinstance(rule, Part):
        yield from _nested(value, rule.shapes, at, surface)
    elif isinstance(rule, Parts):
        yield from _list(value, rule, at, surface)
    elif not isinstance(rule, Free):
        yield from _plain(value, rule, at)


def _plain(value: Any, rule: Whole | OneOf | Flag, at: str) -> Iterator[str]:
    if isinstance(rule, Flag) and not isinstance(value, bool):
        yield f"must be a boolean [json-pointer:{at}]"
    elif isinstance(rule, OneOf) and value not in rule.words:
        yield f"must be one of: {', '.join(rule.words)} [json-pointer:{at}]"
    elif isinstance(rule, Whole) and (
        not isinstance(value, int) or isinstance(value, bool) or not rule.low <= value <= rule.high
    ):
        yield f"must be a whole number from {rule.low} to {rule.high} [json-pointer:{at}]"


def _chars(value: Any, rule: Chars, at: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"must be a string [json-pointer:{at}]"
    elif len(value) > rule.most:
        yield f"must be less than {rule.most + 1} characters [json-pointer:{at}]"
    elif len(value) < rule.least:
        yield f"must be more than {rule.least - 1} characters [json-pointer:{at}]"


def _text(value: Any, most: int, kinds: tuple[str, ...], at: str) -> Iterator[str]:
    if not isinstance(value, Mapping) or value.get("type") not in kinds:
        yield f"must be a text object of type {' or '.join(kinds)} [json-pointer:{at}]"
        return
    text = value.get("text")
    if not isinstance(text, str):
        yield f"must be a string [json-pointer:{at}/text]"
    elif not text:
        yield f"must be more than 0 characters [json-pointer:{at}/text]"
    elif len(text) > most:
        yield f"must be less than {most + 1} characters [json-pointer:{at}/text]"
    for field in value:
        if field not in _TEXT_FIELDS:
            yield f"invalid additional property: {field} [json-pointer:{at}]"
    if value["type"] == "mrkdwn" and "emoji" in value:
        yield f"invalid additional property: emoji [json-pointer:{at}]"


def _list(value: Any, rule: Parts, at: str, surface: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"must be an array [json-pointer:{at}]"
    elif not value:
        yield f"no fewer than 1 items allowed [json-pointer:{at}]"
    elif len(value) > rule.most:
        yield f"no more than {rule.most} items allowed [json-pointer:{at}]"
    else:
        for index, one in enumerate(value):
            yield from _nested(one, rule.shapes, f"{at}/{index}", surface)


def _nested(value: Any, shapes: tuple[str, ...], at: str, surface: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"must be an object [json-pointer:{at}]"
        return
    kind = value.get("type")
    limited = next((one for one in shapes if one.startswith("text:")), "")
    if limited and kind in {"plain_text", "mrkdwn"}:
        yield from _text(value, int(limited.partition(":")[2]), ("plain_text", "mrkdwn"), at)
    elif len(shapes) == 1 and not SHAPES.get(shapes[0], _TYPED).typed:
        yield from problems(value, shapes[0], at, surface)
    elif kind not in shapes:
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"
    else:
        yield from problems(value, kind if kind in SHAPES and kind not in _AMBIGUOUS else f"block:{kind}", at, surface)


_TYPED = Shape(())
_AMBIGUOUS = frozenset({"card", "task_card"})
