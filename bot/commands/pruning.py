"""Deleting old runs, and giving the room back to the disk."""

from __future__ import annotations

from typing import Annotated

import typer

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.documents import Document
from bot.commands.session import Session, opened
from bot.telling import count
from bot.times import age_of, moment_before
from workflows.engine.errors import BatonError
from workflows.engine.expiry import Expiry, Prunable
from workflows.engine.ports import Room
from workflows.engine.retention import Deleted

OLDER, AUDIT_OLDER = "--older-than", "--audit-older-than"
TELL_EVERY = 10_000


def prune(
    *,
    older_than: Annotated[
        str, typer.Option(OLDER, help="How long ago they ended: 48h, 90d, 12w or 7y.", show_default=False)
    ],
    include_failed: Annotated[
        bool, typer.Option("--include-failed", help="Failed runs too that are still on the list of dead letters.")
    ] = False,
    audit_older_than: Annotated[
        str,
        typer.Option(AUDIT_OLDER, help="Audit entries of deleted runs too that are so old.", show_default=False),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much there is to delete.")] = False,
    vacuum: Annotated[
        bool, typer.Option("--vacuum", help="SQLite: make the file smaller afterwards; others wait meanwhile.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete runs that ended long ago; dead letters and open runs stay.

    Who did what to them stays in the audit. It may be stopped at any time and given again. Example: baton prune
    --older-than 90d --dry-run
    """
    if dry_run and vacuum:
        raise BatonError("--dry-run changes nothing: give --vacuum without it.")
    with opened() as session:
        old = _expiry(session, older_than, audit_older_than, failed=include_failed)
        if dry_run:
            _foretell(session.runtime.retention.prunable(old, by=session.actor), old, as_json=as_json)
            return
        gone = session.runtime.retention.prune(old, by=session.actor, tell=None if as_json else _Teller())
        if vacuum:
            session.runtime.store.compact()
        room = session.runtime.store.room()
    if as_json:
        printing.document(_terms(old) | {"deleted": gone.runs, "audit_deleted": gone.audit, "database": _size(room)})
    else:
        _tell(gone, old, room, vacuum=vacuum)


def _expiry(session: Session, older_than: str, audit_older_than: str, *, failed: bool) -> Expiry:
    now = session.runtime.clock.now()
    before = moment_before(now, age_of(older_than, OLDER), OLDER)
    audit = moment_before(now, age_of(audit_older_than, AUDIT_OLDER), AUDIT_OLDER) if audit_older_than else None
    if audit is not None and audit > before:
        raise BatonError(
            f"{AUDIT_OLDER} {audit_older_than} is shorter than {OLDER} {older_than}: keep the audit as long as runs."
        )
    return Expiry(before, failed, audit)


class _Teller:
    """Says on stderr how far it is, now and then."""

    def __init__(self) -> None:
        self._next = TELL_EVERY

    def __call__(self, gone: int) -> None:
        if gone >= self._next:
            printing.tell(f"{gone:,} runs deleted so far.")
            self._next = gone + TELL_EVERY


# words and documents -------------------------------------------------------------------------------------


def _foretell(found: Prunable, old: Expiry, *, as_json: bool) -> None:
    if as_json:
        kept = {"dead_letters": found.dead, "held": found.held}
        printing.document(_terms(old) | {"would_delete": found.runs, "audit_would_delete": found.audit, "kept": kept})
        return
    printing.say(f"{count(found.runs, 'run')} would be deleted that ended before {_before(old)}.")
    if old.audit_before is not None:
        printing.say(f"So would {count(found.audit, 'audit entry', 'audit entries')}.")
    if found.dead:
        printing.say(f"{count(found.dead, 'dead letter')} would stay; --include-failed would delete them as well.")
    if found.held:
        printing.say(
            f"{count(found.held, 'run')} would stay: the one that started them stays, or their end is not shown yet."
        )


def _tell(gone: Deleted, old: Expiry, room: Room, *, vacuum: bool) -> None:
    printing.say(f"{count(gone.runs, 'run')} deleted that ended before {_before(old)}.")
    if old.audit_before is not None:
        printing.say(f"{count(gone.audit, 'audit entry', 'audit entries')} deleted.")
    if room.free is None or vacuum:
        printing.say(f"The database has {_mb(room.size)} now.")
    elif room.free > room.size // 10 and room.free > 2**20:
        printing.say(
            f"The database has {_mb(room.size)}, of which {_mb(room.free)} are free for what comes. "
            "Give --vacuum to make the file smaller; everything else waits meanwhile."
        )


def _terms(old: Expiry) -> Document:
    audit = old.audit_before.isoformat() if old.audit_before else None
    return {"before": old.before.isoformat(), "audit_before": audit}


def _size(room: Room) -> Document:
    return {"bytes": room.size, "free_bytes": room.free}


def _before(old: Expiry) -> str:
    return f"{old.before:%Y-%m-%d %H:%M} UTC"


def _mb(size: int) -> str:
    return f"{size / 1024**2:,.1f} MB"
