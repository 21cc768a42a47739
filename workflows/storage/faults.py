"""What the databases' errors mean, in words."""

from __future__ import annotations

import enum

from psycopg import Error as PostgresError
from psycopg import InterfaceError as PostgresInterfaceError
from psycopg import OperationalError as PostgresOperationalError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from workflows.engine.errors import InvalidInput, OutcomeUnknown, StoreUnavailable


class Fault(enum.Enum):
    """Who can help."""

    AGAIN = enum.auto()
    """Another transaction was in the way: the same one again may pass."""
    GONE = enum.auto()
    """The connection died: a new one may do."""
    AWAY = enum.auto()
    """The database can't be reached or takes no writes."""
    REFUSED = enum.auto()
    """The database will never take this write."""


AGAIN_STATES = frozenset({"40001", "40P01", "55P03"})
ENDED_STATES = frozenset({"57P01", "57P02", "57P05", "25P03"})
"""The server ended this connection: an administrator, a crash of another one, too long a silence."""
AWAY_CLASSES = frozenset({"08", "28", "3D", "3F", "42", "53", "54", "55", "57", "58", "F0", "XX"})
AWAY_STATES = frozenset({"25006", "25P02", "25P04"})
SQLITE_REFUSED = ("constraint failed", "too big", "datatype mismatch")

FILE_ADVICE = {
    "locked": "Another program kept it locked for too long: close tools that have it open, or use PostgreSQL.",
    "busy": "Another program kept it locked for too long: close tools that have it open, or use PostgreSQL.",
    "full": "There is no room left: free some space on its disk; work goes on by itself.",
    "readonly": "It can't be written: give this user the right to write the file and its folder.",
    "unable to open": "It can't be opened: look whether the folder exists and belongs to this user.",
    "disk i/o": "Its disk fails: look at the system's log.",
    "malformed": "Its file is damaged: restore it from a backup.",
    "not a database": "Its file is no SQLite database: set DATABASE_URL to another one.",
    "no such table": "Its tables are missing: run `baton migrate`.",
    "no such column": "Its tables are of an older release: run `baton migrate`.",
}
"""By a word of SQLite's message."""
SERVER_ADVICE = {
    "3D000": "There is no such database on the server: create it, or correct DATABASE_URL.",
    "28P01": "The server refused the password: correct DATABASE_URL.",
    "28000": "The server refused this user: correct DATABASE_URL, or the server's pg_hba.conf.",
    "42P01": "Its tables are missing: run `baton migrate`.",
    "42703": "Its tables are of an older release: run `baton migrate`.",
    "42501": "This user may not write its tables: grant the right, or connect as their owner.",
    "53100": "There is no room left: free some space on the server's disk; work goes on by itself.",
    "53300": "The server takes no more connections: raise max_connections, or run fewer workers.",
    "25006": "The server takes no writes now: set DATABASE_URL to the primary server.",
    "57P03": "The server is starting or stopping; work goes on by itself.",
}
"""By PostgreSQL's state."""
GREETINGS = {
    "password authentication failed": "28P01",
    "no pg_hba.conf entry": "28000",
    "too many clients": "53300",
    "connection slots": "53300",
    "starting up": "57P03",
    "shutting down": "57P03",
    "recovery": "57P03",
    "role": "28000",
    "database": "3D000",
}
"""What a server says, and its state, when it ends a connection at once: the driver hands on the words alone."""


def fault(error: BaseException) -> Fault | None:
    """What kind of trouble an error is; None when it is none of the database's."""
    if isinstance(error, PoolTimeout):
        return Fault.AWAY
    if isinstance(error, UnicodeEncodeError):
        return Fault.REFUSED
    if isinstance(error, PostgresError):
        return _of_driver(error)
    if not isinstance(error, DBAPIError):
        return None
    state = sqlstate(error)
    if state is None and not isinstance(error.orig, PostgresOperationalError) and not error.connection_invalidated:
        text = str(error.orig).lower()
        away = isinstance(error, OperationalError | InterfaceError) or "malformed" in text or "not a database" in text
        return Fault.REFUSED if any(word in text for word in SQLITE_REFUSED) or not away else Fault.AWAY
    if state in AGAIN_STATES:
        return Fault.AGAIN
    if error.connection_invalidated or state in ENDED_STATES:
        return Fault.GONE
    if state is None or state[:2] in AWAY_CLASSES or state in AWAY_STATES:
        return Fault.AWAY
    return Fault.REFUSED


def _of_driver(error: PostgresError) -> Fault | None:
    """The same of an error that SQLAlchemy did not see, such as one of a pipeline's end.

    It concerns a connection that was open, since SQLAlchemy opens them all.
    """
    if error.sqlstate in AGAIN_STATES:
        return Fault.AGAIN
    if error.sqlstate in ENDED_STATES:
        return Fault.GONE
    if not isinstance(error, PostgresOperationalError | PostgresInterfaceError):
        return None
    return Fault.GONE if error.sqlstate is None else Fault.AWAY


def unknown(place: str) -> OutcomeUnknown:
    """The connection broke after COMMIT was sent, before its answer came."""
    return OutcomeUnknown(
        f"The connection to the database {place} broke while it wrote: whether this was recorded is not known. "
        "Look before you repeat it."
    )


def away(error: BaseException, place: str) -> StoreUnavailable:
    """One line that says what happened and what to do."""
    if isinstance(error, PoolTimeout):
        return StoreUnavailable(
            f"The database {place} has no connection free: raise the pool's size, or run fewer lanes."
        )
    advice = _advice(error)
    if advice:
        return StoreUnavailable(f"The database {place} is not available. {advice}")
    if sqlstate(error) not in {None, "57P01", "57P02"} or not isinstance(getattr(error, "orig", None), PostgresError):
        return StoreUnavailable(f"The database {place} is not available: {_first_line(error)}.")
    return StoreUnavailable(
        f"The database {place} can't be reached. Look whether the server runs and DATABASE_URL is right; "
        "work goes on by itself."
    )


def _advice(error: BaseException) -> str | None:
    said = str(getattr(error, "orig", None) or error)
    if not isinstance(getattr(error, "orig", None), PostgresError):
        return next((advice for sign, advice in FILE_ADVICE.items() if sign in said.lower()), None)
    state = sqlstate(error)
    if state is None and "FATAL:" in said:
        fatal = said.partition("FATAL:")[2]
        state = next((state for sign, state in GREETINGS.items() if sign in fatal), None)
    return SERVER_ADVICE.get(state or "")


def refused(error: BaseException, place: str) -> InvalidInput:
    """The database will never hold this; nothing was written."""
    return InvalidInput(f"The database {place} can't hold a value: {_first_line(error)}")


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's five letters, if the server sent them."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state if isinstance(state, str) else None
