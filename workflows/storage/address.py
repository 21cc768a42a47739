"""Where the database is, from the text of `DATABASE_URL`."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from workflows.engine.errors import BatonError

POSTGRES = "postgresql+psycopg"


def parse(url: str) -> URL:
    """An SQLAlchemy address with the driver that Baton uses; raises BatonError for one that it can't use.

    `sqlite:///path`, `postgresql://…` and the older `postgres://…` are understood.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise BatonError(
            "DATABASE_URL is no database address: write sqlite:///path or postgresql://host/name"
        ) from None
    kind = parsed.drivername.partition("+")[0]
    if kind in {"postgresql", "postgres"}:
        return parsed.set(drivername=POSTGRES)
    if kind != "sqlite":
        raise BatonError(f"DATABASE_URL names {kind}: Baton keeps its runs in SQLite or PostgreSQL")
    if not parsed.database or parsed.database == ":memory:":
        raise BatonError("DATABASE_URL names no file: write sqlite:///path, for every process shares the database")
    return parsed.set(drivername="sqlite")


def place(url: URL) -> str:
    """The database in words for messages; never with a user or password."""
    if url.get_backend_name() == "sqlite":
        return _shown(url.database or "")
    asked = url.query.get("host")
    host = url.host or (asked if isinstance(asked, str) else "") or "localhost"
    port = f":{url.port}" if url.port else ""
    return f"{host}{port}/{url.database or ''}"


def identity(url: str) -> str:
    """Which database an address means, the same from every folder; never with a user or password."""
    parsed = parse(url)
    return str(Path(parsed.database or "").resolve()) if parsed.get_backend_name() == "sqlite" else place(parsed)


def _shown(path: str) -> str:
    file = Path(path)
    if file.is_absolute() and file.is_relative_to(Path.cwd()):
        return f"./{file.relative_to(Path.cwd())}"
    return path if file.is_absolute() else f"./{file}"
