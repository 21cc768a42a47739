"""A recorded run as one JSON document: what an advance of it would begin with, for tests and for other places.

The form has a version, and a document of an older version is read for ever. Values are JSON values, not texts of JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from workflows.engine.errors import BatonError
from workflows.engine.model import Attempt, Message, Record, Run, RunState
from workflows.engine.ports import Inbox, Recorded

FORMAT = "baton-run"
VERSION = 1
Mask = Callable[[Any], tuple[Any, Sequence[str]]]
"""Takes secrets out of a JSON value; the places in it where there were some."""

R = TypeVar("R", Run, Record, Attempt, Message)

VALUES: Mapping[type[Any], tuple[str, ...]] = {
    Run: ("input", "output", "error", "waiting", "labels"),
    Record: ("input", "output", "error", "detail"),
    Attempt: ("error",),
    Message: ("payload",),
}
"""Columns that hold JSON."""
HERE = {
    Run: ("lease_owner", "lease_until", "token", "wake_at", "crashes", "revision", "dead_at", "carded", "dedupe",
          "limit_key", "limit_runs", "admitted"),
    Record: ("run_id", "superseded"),
    Attempt: ("run_id", "worker"),
    Message: ("run_id", "taken_by"),
}  # fmt: skip
"""Columns that mean something in their own database alone, or follow from the rest."""


@dataclass(frozen=True)
class Redacted:
    """A value that was masked, at least in part."""

    record: str
    """The record's key, `run`, or `message ID`."""
    column: str
    place: str
    """Such as `headers.token`; "" for the whole value."""


@dataclass(frozen=True)
class Export:
    """A run that was exported."""

    seen: Recorded
    baton: str = ""
    """The version of Baton that wrote it."""
    redacted: tuple[Redacted, ...] = ()


class _Document(BaseModel):
    format: str
    version: int
    baton: str = ""
    exported_at: str
    run: dict[str, Any]
    records: list[dict[str, Any]]
    attempts: list[dict[str, Any]] = []
    messages: list[dict[str, Any]] = []
    redacted: list[Redacted] = []


# writing ---------------------------------------------------------------------------------------------------


def exported(seen: Recorded, *, baton: str = "", mask: Mask = lambda value: (value, ())) -> dict[str, Any]:
    """The document of a run; `mask` takes secrets out of its values."""
    found: list[Redacted] = []

    def plain(row: Run | Record | Attempt | Message, name: str) -> dict[str, Any]:
        columns = {key: value for key, value in asdict(row).items() if key not in HERE[type(row)]}
        for column in VALUES[type(row)]:
            value, places = mask(json.loads(columns[column])) if columns[column] is not None else (None, ())
            columns[column] = value
            found.extend(Redacted(name, column, place) for place in places)
        shown: dict[str, Any] = TypeAdapter(dict[str, Any]).dump_python(columns, mode="json")
        return {key: value for key, value in shown.items() if value not in (None, "", False, {}) or key in KEPT}

    document = {
        "format": FORMAT,
        "version": VERSION,
        "baton": baton,
        "exported_at": seen.now.isoformat(),
        "run": plain(seen.run, "run"),
        "records": [plain(record, record.key) for record in seen.records],
        "attempts": [plain(attempt, attempt.key) for attempt in seen.attempts],
        "messages": [plain(message, f"message {message.id}") for message in seen.inbox.messages],
    }
    return {**document, "redacted": [asdict(one) for one in found]}


KEPT = ("input", "output", "scope", "generation", "ordinal", "payload")
"""Columns that stand in the document even when they are empty."""


# reading ---------------------------------------------------------------------------------------------------


def read_export(path: Path | str) -> Export:
    """Read a document from a file; raises BatonError with words for what is none, or newer than this release."""
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise BatonError(f"{file} can't be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise BatonError(f"{file} is no text: give a file that `baton export` wrote.") from None
    return export_of(text, str(file))


def export_of(text: str, name: str = "This") -> Export:
    """The same from its text."""
    try:
        told = json.loads(text)
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise BatonError(f"{name} is no exported run: `baton export RUN` writes them.")
        if told.get("version") != VERSION:
            raise BatonError(
                f"{name} has version {told.get('version')} of the form, and this release reads {VERSION}: "
                "use the release that wrote it, or a newer one."
            )
        return _read(_Document.model_validate(told))
    except json.JSONDecodeError as error:
        raise BatonError(f"{name} is no JSON: {error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BatonError(f"{name} is no whole export: {place}: {first['msg']}.") from None


def _read(document: _Document) -> Export:
    run_id = document.run.get("id", "")
    run = _row(Run, document.run)
    if run.state is RunState.SUCCEEDED and run.output is None:
        run = replace(run, output="null")
    seen = Recorded(
        run,
        tuple(_row(Record, one | {"run_id": run_id}) for one in document.records),
        tuple(_row(Attempt, one | {"run_id": run_id}) for one in document.attempts),
        Inbox(run.inbox, tuple(_row(Message, one | {"run_id": run_id}) for one in document.messages), run.cancel),
        TypeAdapter(Run).validate_python(asdict(run) | {"created_at": document.exported_at}).created_at,
    )
    return Export(seen, document.baton, tuple(document.redacted))


def _row(kind: type[R], columns: Mapping[str, Any]) -> R:
    told = dict(columns)
    for column in VALUES[kind]:
        if told.get(column) is not None:
            told[column] = json.dumps(told[column], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    made: R = TypeAdapter(kind).validate_python(told)
    return made
