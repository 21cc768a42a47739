"""Column types that read and write the engine's own values."""

from __future__ import annotations

import enum
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, DateTime, Dialect, Float, String, Text, func, type_coerce
from sqlalchemy.types import TypeDecorator

W = TypeVar("W", bound=enum.StrEnum)


class Utc(TypeDecorator[datetime]):
    """A time in UTC, with time zone on PostgreSQL; SQLite keeps sortable text."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone: times are kept in UTC")
        there = value if value.tzinfo is UTC else value.astimezone(UTC)
        return there.replace(tzinfo=None) if dialect.name == "sqlite" else there

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Word(TypeDecorator[W], Generic[W]):
    """A member of an enumeration, kept as its word."""

    impl = String(16)
    cache_ok = True

    def __init__(self, words: type[W]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: W | str | None, dialect: Dialect) -> str | None:
        del dialect
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> W | None:
        del dialect
        return None if value is None else self.words(value)


class Span(TypeDecorator[timedelta]):
    """A length of time, kept as seconds."""

    impl = Float(53)
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> float | None:
        del dialect
        return None if value is None else value.total_seconds()

    def process_result_value(self, value: Any, dialect: Dialect) -> timedelta | None:
        del dialect
        return None if value is None else timedelta(seconds=value)


def aside(column: ColumnElement[W]) -> ColumnElement[W]:
    """A column whose own index is not to be used, since another narrows it down further.

    SQLite, which keeps no statistics here, prefers any `=` and `IN` to a range, however many rows they fit.
    """
    return type_coerce(func.coalesce(column, ""), column.type)


Id = Text().with_variant(Text(collation="C"), "postgresql")
"""Ids sort by their bytes on every database, whatever its locale."""
