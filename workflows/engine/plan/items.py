"""What is in the tuples, lists and dicts of a body."""

from __future__ import annotations

import ast

from workflows.engine.plan.scope import Frame
from workflows.engine.plan.values import MANY, Known, Maybe, Repeated, Series, Several, Table, Unknown, Value, one_of


def item_of(value: Value) -> Value:
    """What one item of a collection stands for."""
    if isinstance(value, Known) and isinstance(value.obj, tuple | list | dict) and 0 < len(value.obj) <= MANY:
        return one_of(Known(item) for item in value.obj)
    if isinstance(value, Series) and 0 < len(value.items) <= MANY:
        return one_of(item.item if isinstance(item, Repeated | Maybe) else item for item in value.items)
    if isinstance(value, Repeated):
        return value.item
    return Unknown("an item of a collection is known at run time only")


def bind(target: ast.expr, value: Value, frame: Frame) -> None:
    """Give the names of an assignment's target their meaning."""
    if isinstance(target, ast.Name):
        frame.names[target.id] = value
    elif isinstance(target, ast.Starred):
        bind(target.value, Unknown("a rest of items is known at run time only"), frame)
    elif isinstance(target, ast.Tuple | ast.List):
        for inner, item in zip(target.elts, _items(value, len(target.elts)), strict=True):
            bind(inner, item, frame)


def _items(value: Value, count: int) -> tuple[Value, ...]:
    if isinstance(value, Series) and len(value.items) == count and _fixed(value):
        return value.items
    if isinstance(value, Known) and isinstance(value.obj, tuple | list) and len(value.obj) == count:
        return tuple(Known(item) for item in value.obj)
    if isinstance(value, Several):
        each = [_items(one, count) for one in value.values]
        return tuple(one_of(column) for column in zip(*each, strict=True))
    return (Unknown("an item of a collection is known at run time only"),) * count


def picked(value: Value, key: Value, text: str, default: Value | None = None) -> Value:
    """What `value[key]` stands for: the entry, or the choice between all entries."""
    entries = entries_of(value)
    if isinstance(value, Unknown):
        return Unknown(value.reason, text)
    if not 0 < len(entries) <= MANY:
        return Unknown(f"`{text}` is picked at run time", text)
    if isinstance(key, Known):
        for known, entry in entries:
            if isinstance(known, Known) and known.obj == key.obj:
                return entry
    values = [entry for _, entry in entries]
    titles = [f"when {known.obj!r}" if isinstance(known, Known) else "" for known, _ in entries]
    if default is not None:
        values, titles = [*values, default], [*titles, "else"]
    return one_of(values, titles)


def entries_of(value: Value) -> tuple[tuple[Value, Value], ...]:
    match value:
        case Table(entries=entries):
            return entries
        case Series(items=items) if _fixed(value):
            return tuple((Known(index), item) for index, item in enumerate(items))
        case Known(obj=dict() as table):
            return tuple((Known(key), Known(item)) for key, item in table.items())
        case Known(obj=tuple() | list() as items):
            return tuple((Known(index), Known(item)) for index, item in enumerate(items))
    return ()


def _fixed(value: Series) -> bool:
    """Whether the places of the items are told."""
    return not any(isinstance(item, Repeated | Maybe) for item in value.items)
