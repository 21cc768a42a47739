"""Statements that are executed often: compiled once, and handed to the driver as they are.

SQLAlchemy's work around each execution costs several times what the driver's does, and a described result even more.
What is written here and how values look in the database is SQLAlchemy's all the same, and so are errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError

Row = tuple[Any, ...]
Values = Mapping[str, Any]
Processor = Callable[[Any], Any] | None
DOUBLE = 701
"""PostgreSQL's number of `double precision`: the one kind of number with a fraction in our tables, and the only kind of
column of which SQLAlchemy asks how it came."""


_made: WeakKeyDictionary[Dialect, dict[tuple[Any, tuple[str, ...] | None], Prepared]] = WeakKeyDictionary()
"""For each engine that is open."""


def prepared(conn: Connection, statement: Any, names: tuple[str, ...] | None = None) -> Prepared:
    """A statement that lives as long as the process, for the database of this connection."""
    known = _made.get(conn.dialect)
    if known is None:
        known = _made[conn.dialect] = {}
    found = known.get((statement, names))
    if found is None:
        found = known[statement, names] = Prepared(statement, conn.dialect, names)
    return found


def read_all(conn: Connection, asked: Sequence[tuple[Prepared, Values]]) -> list[list[Row]]:
    """Read with several statements; where the connection is in a pipeline they take one round trip."""
    pending = [statement.sent(conn, values) for statement, values in asked]
    return [answer() for answer in pending]


class Prepared:
    """One statement for one kind of database."""

    def __init__(self, statement: Any, dialect: Dialect, names: Iterable[str] | None = None) -> None:
        """`names` are the columns that an INSERT or UPDATE is given; all of the table's when it is None.

        An `in_` has no fixed number of parameters, so that it can't be prepared.
        """
        compiled = statement.compile(dialect=dialect, column_keys=None if names is None else list(names))
        self.text = str(compiled)
        self._dialect = dialect
        self._by_place = bool(compiled.positional)
        constants = compiled.construct_params(_check=False)
        order = list(compiled.positiontup) if self._by_place else list(constants)
        self._given = [self._parameter(name, compiled, constants) for name in order]
        self._read = _readers(statement, dialect)

    def _parameter(self, name: str, compiled: Any, constants: Values) -> tuple[str, bool, Any, Processor]:
        bind = compiled.binds[name]
        process = bind.type.dialect_impl(self._dialect).bind_processor(self._dialect)
        asked = bind.required or (bind.value is None and bind.callable is None)
        value = constants.get(name)
        return name, asked, process(value) if process and not asked else value, process

    def run(self, conn: Connection, values: Values) -> list[Row]:
        """Execute, and read what comes back; nothing does for a statement that returns no rows."""
        given = self._values(values)
        return self._execute(conn, given, many=False)

    def sent(self, conn: Connection, values: Values) -> Callable[[], list[Row]]:
        """Execute now, and read what comes back when the answer is called for."""
        cursor = self._begun(conn, self._values(values))
        return lambda: self._answered(conn, cursor)

    def run_each(self, conn: Connection, rows: Sequence[Values]) -> list[Row]:
        """Execute once for each of the rows, and read what comes back for all of them."""
        if len(rows) == 1 or self._by_place:
            return [found for row in rows for found in self.run(conn, row)]
        cursor = self._begun(conn, [self._values(row) for row in rows], many=True, returning=True)
        return self._answered(conn, cursor, lambda: [row for one in cursor.results() for row in one.fetchall()])

    def run_many(self, conn: Connection, rows: Sequence[Values]) -> None:
        """Execute once for each of the rows."""
        if len(rows) == 1:
            self._execute(conn, self._values(rows[0]), many=False)
        else:
            self._execute(conn, [self._values(row) for row in rows], many=True)

    def _values(self, values: Values) -> Any:
        if self._by_place:
            return [
                (process(values[name]) if process else values[name]) if asked else constant
                for name, asked, constant, process in self._given
            ]
        return {
            name: (process(values[name]) if process else values[name]) if asked else constant
            for name, asked, constant, process in self._given
        }

    def _execute(self, conn: Connection, given: Any, *, many: bool) -> list[Row]:
        cursor = self._begun(conn, given, many=many)
        return self._answered(conn, cursor, list if many or self._read is None else None)

    def _begun(self, conn: Connection, given: Any, *, many: bool = False, returning: bool = False) -> Any:
        driver: Any = conn.connection.dbapi_connection
        cursor = driver.cursor()
        for listener in conn.engine.dispatch.before_cursor_execute:
            listener(conn, cursor, self.text, given, None, many)
        try:
            if not many:
                cursor.execute(self.text, given)
            elif returning:
                cursor.executemany(self.text, given, returning=True)
            else:
                cursor.executemany(self.text, given)
        except self._dialect.loaded_dbapi.Error as error:
            cursor.close()
            raise self._told(conn, driver, cursor, error) from error
        return cursor

    def _answered(self, conn: Connection, cursor: Any, read: Callable[[], list[Row]] | None = None) -> list[Row]:
        driver: Any = conn.connection.dbapi_connection
        try:
            rows = read() if read is not None else cursor.fetchall()
        except self._dialect.loaded_dbapi.Error as error:
            raise self._told(conn, driver, cursor, error) from error
        finally:
            cursor.close()
        return [self._typed(row) for row in rows] if self._read else rows

    def _typed(self, row: Row) -> Row:
        changed = list(row)
        for place, process in self._read or ():
            changed[place] = process(changed[place])
        return tuple(changed)

    def _told(self, conn: Connection, driver: Any, cursor: Any, error: Exception) -> BaseException:
        """The error as SQLAlchemy raises it; a connection that died is not used again."""
        gone = self._dialect.is_disconnect(error, driver, cursor)  # type: ignore[arg-type]
        if gone:
            conn.invalidate(error)
        return DBAPIError.instance(
            self.text, None, error, self._dialect.loaded_dbapi.Error, hide_parameters=True,
            connection_invalidated=gone, dialect=self._dialect,
        )  # fmt: skip


def _readers(statement: Any, dialect: Dialect) -> list[tuple[int, Callable[[Any], Any]]] | None:
    """What makes the engine's values of a row's, by place; None for a statement that returns no rows."""
    columns = list(statement.exported_columns)
    if not columns:
        return None
    found = [column.type.dialect_impl(dialect).result_processor(dialect, DOUBLE) for column in columns]
    return [(place, process) for place, process in enumerate(found) if process]
