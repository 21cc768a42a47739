"""A run's history as one advance holds it: looked up by place, checked for order."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

from workflows.engine.copying import replace
from workflows.engine.errors import NonDeterminism
from workflows.engine.length import Length, size_of
from workflows.engine.model import DONE, Kind, Record


class History:
    """The records that count today, kept true as the advance adds to them. Safe to use from several branches."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._lock = threading.Lock()
        self._by_place: dict[tuple[str, int], Record] = {}
        self._last: dict[str, int] = {}
        self._position = 0
        self._size = 0
        for record in records:
            self._keep(record)

    def at(self, scope: str, ordinal: int) -> Record | None:
        """The record at a place within a scope."""
        with self._lock:
            return self._by_place.get((scope, ordinal))

    def put(self, record: Record) -> Record:
        """Take a new or changed record; a finished one without a position gets the next."""
        with self._lock:
            if not record.position and (record.state in DONE or record.kind is Kind.COMPENSATION):
                record = replace(record, position=self._position + 1)
            self._keep(record)
            return record

    def expect(
        self, scope: str, ordinal: int, kind: Kind, key: str, digest: str, *, in_order: bool = True
    ) -> Record | None:
        """The record for what the code asks now, None when this is new; raises NonDeterminism when they differ.

        Branches side by side come to their places in any order, so a later one may be there first.
        """
        with self._lock:
            record = self._by_place.get((scope, ordinal))
            later = self._last.get(scope, -1)
        if record is None:
            if in_order and later > ordinal:
                raise NonDeterminism(_differs(scope, ordinal, "nothing", f"{kind} {key}"))
            return None
        if record.key != key or record.kind is not kind:
            raise NonDeterminism(_differs(scope, ordinal, f"{record.kind} {record.key}", f"{kind} {key}"))
        if record.digest != digest:
            raise NonDeterminism(
                f"{key} was recorded with other arguments than the code gives it now. "
                "Guard the change with run.patched(), or fork the run on today's code."
            )
        return record

    def check_all_used(self, scope: str, used: int) -> None:
        """Raise NonDeterminism when history has more in this scope than the code asked for."""
        with self._lock:
            last = self._last.get(scope, -1)
            record = self._by_place.get((scope, used)) or self._by_place.get((scope, last))
        if record is not None and last >= used:
            raise NonDeterminism(_differs(scope, used, f"{record.kind} {record.key}", "nothing more"))

    def within(self, scope: str, first: int) -> Iterator[Record]:
        """Records of a scope from an ordinal on, and all below them, by position."""
        with self._lock:
            records = list(self._by_place.values())
        heads = tuple(r.key + "/" for r in records if r.scope == scope and r.ordinal >= first)
        chosen = [
            r for r in records if (r.scope == scope and r.ordinal >= first) or (heads and r.scope.startswith(heads))
        ]
        return iter(sorted(chosen, key=lambda record: record.position))

    def open_saga(self, scope: str) -> bool:
        """Whether a saga within this scope was entered and neither completed nor undone."""
        with self._lock:
            records = list(self._by_place.values())
        return any(r.kind is Kind.SAGA and r.state not in DONE and r.scope.startswith(scope) for r in records)

    def unfinished(self) -> list[Record]:
        """Records that still wait or run."""
        with self._lock:
            return [record for record in self._by_place.values() if record.state not in DONE]

    @property
    def length(self) -> Length:
        """How much the next advance has to read."""
        return Length(len(self._by_place), self._size)

    def __len__(self) -> int:
        return len(self._by_place)

    def _keep(self, record: Record) -> None:
        place = (record.scope, record.ordinal)
        former = self._by_place.get(place)
        self._size += size_of(record) - (size_of(former) if former is not None else 0)
        self._by_place[place] = record
        self._last[record.scope] = max(self._last.get(record.scope, -1), record.ordinal)
        self._position = max(self._position, record.position)


def _differs(scope: str, ordinal: int, recorded: str, asked: str) -> str:
    place = f"At place {ordinal + 1}" + (f" of {scope.rstrip('/')}" if scope else "")
    return (
        f"{place} history has {recorded}, but the code asked for {asked}. "
        "Guard the change with run.patched(), or fork the run on today's code."
    )
